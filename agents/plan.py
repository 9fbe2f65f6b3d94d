"""What a rollout plays: which task and which seed each of its episodes has."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from selftrain.errors import OptionError, TaskError
from selftrain.records import EpisodeRecord
from selftrain.tasks import Task, parse_task_id


@dataclass(frozen=True)
class Plan:
    """The arguments of a rollout. The assignment of tasks and seeds to episodes is a pure function of them.

    Attributes:
        env_id, env_kwargs: what `gymnasium.make` is given.
        agent: its name.
        episodes: how many.
        seed: the seed that all others come from.
        tasks: episode i plays task i modulo their number; none means that the environment draws by its seed.
    """

    env_id: str
    agent: str
    episodes: int
    seed: int = 0
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    tasks: Sequence[str | Task] = ()

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise OptionError(f"episodes={self.episodes} must be 1 or more")
        if self.seed < 0:
            raise OptionError(f"seed={self.seed} must be 0 or more")

    def task(self, episode: int) -> str | Task | None:
        """The task of this episode."""
        return self.tasks[episode % len(self.tasks)] if self.tasks else None

    def episode_seed(self, episode: int) -> int:
        """The seed of this episode, below 2**32 so that every library takes it."""
        return int(np.random.SeedSequence([self.seed, episode]).generate_state(1)[0])

    def header(self, episode: int) -> EpisodeRecord:
        """The fields of this episode's record that are known before it begins."""
        task, family, level = self.task(episode), "", 0
        if isinstance(task, str):
            with contextlib.suppress(TaskError):  # the environment says what is wrong with the id
                family, _, level, _ = parse_task_id(task)
        elif task:
            family, level = task.family, task.level
        return EpisodeRecord(
            task=task.id if isinstance(task, Task) else task or "",
            family=family,
            level=level,
            env_id=self.env_id,
            env_kwargs=self.env_kwargs,
            agent=self.agent,
            seed=self.episode_seed(episode),
            episode=episode,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain types: what a directory is bound to."""
        return {
            "env_id": self.env_id,
            "env_kwargs": dict(self.env_kwargs),
            "agent": self.agent,
            "episodes": self.episodes,
            "seed": self.seed,
            "tasks": [f"{task.id} {task.fingerprint()}" if isinstance(task, Task) else task for task in self.tasks],
        }

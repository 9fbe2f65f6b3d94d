"""What a rollout plays: which task and which seed each of its episodes has."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec, WrapperSpec, load_env_creator

from selftrain.errors import OptionError, TaskError
from selftrain.records import EpisodeRecord
from selftrain.tasks import Task, parse_task_id

_CONTEXT = "ContextBudget"
_CONTEXT_PLACE = "selftrain.envs.context:ContextBudget"
_CONTEXT_NEEDS = ("budget", "reserve", "notes_budget")
# where a model is served does not change what is played, and a key is written nowhere
_UNBOUND_OPTIONS = ("base_url", "api_key")


@dataclass(frozen=True)
class Plan:
    """The arguments of a rollout. The assignment of tasks and seeds to episodes is a pure function of them.

    Attributes:
        env_id, env_kwargs: what `gymnasium.make` is given.
        context: arguments of the context budget around the environment; none leaves it plain.
        agent, agent_options: its name, and what it is made with.
        episodes: how many.
        seed: the seed that all others come from.
        tasks: episode i plays task i modulo their number; none means that the environment draws by its seed.
        packs: packs that the tasks come from → hash of the lock.
    """

    env_id: str
    agent: str
    episodes: int
    seed: int = 0
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    tasks: Sequence[str | Task] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    agent_options: Mapping[str, Any] = field(default_factory=dict)
    packs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise OptionError(f"episodes={self.episodes} must be 1 or more")
        if self.seed < 0:
            raise OptionError(f"seed={self.seed} must be 0 or more")
        if self.context and (lacking := [name for name in _CONTEXT_NEEDS if self.context.get(name) is None]):
            raise OptionError(f"context={dict(self.context)} lacks {', '.join(lacking)} (numbers of tokens)")

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
            context=plain_context(self.context),
            agent=self.agent,
            seed=self.episode_seed(episode),
            episode=episode,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain types: what a directory is bound to."""
        return {
            "env_id": self.env_id,
            "env_kwargs": dict(self.env_kwargs),
            "context": plain_context(self.context),
            "agent": self.agent,
            "agent_options": {k: v for k, v in self.agent_options.items() if k not in _UNBOUND_OPTIONS},
            "episodes": self.episodes,
            "seed": self.seed,
            "tasks": [f"{task.id} {task.fingerprint()}" if isinstance(task, Task) else task for task in self.tasks],
            **({"packs": dict(self.packs)} if self.packs else {}),
        }


def make_environment(env_id: str, env_kwargs: Mapping[str, Any], context: Mapping[str, Any]) -> gym.Env[Any, Any]:
    """The environment, under a context budget where `context` holds arguments for one.

    Raises:
        OptionError: it, or the context budget, does not take these arguments.
    """
    spec = _spec(env_id)
    if context:
        wrapper = WrapperSpec(_CONTEXT, _CONTEXT_PLACE, dict(context))
        spec = replace(spec, additional_wrappers=(*spec.additional_wrappers, wrapper))
    try:
        return gym.make(spec, **env_kwargs)
    except TypeError as error:
        wanted = f"{dict(env_kwargs)}" + (f" and context={dict(context)}" if context else "")
        raise OptionError(f"{spec.id} cannot be made with {wanted}: {error}") from error


def environment_creator(env_id: str) -> Any:
    """What makes an environment: its class, for environments of tasks with the `pool` and `kind` of their families."""
    entry_point = _spec(env_id).entry_point
    return load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point


def _spec(env_id: str) -> EnvSpec:
    module, _, name = env_id.rpartition(":")
    if module:
        importlib.import_module(module)
    return gym.spec(name)


def context_of(env: gym.Env[Any, Any]) -> dict[str, Any]:
    """The arguments of the context budget around `env`; none where there is none."""
    wrappers = env.spec.additional_wrappers if env.spec else ()
    return next((plain_context(spec.kwargs or {}) for spec in wrappers if spec.name == _CONTEXT), {})


def plain_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON has them; an object, such as a tokenizer of one's own, as its type's name."""
    return {name: _plain(value) for name, value in context.items()}


def _plain(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        return str(value) if isinstance(value, PurePath) else type(value).__name__

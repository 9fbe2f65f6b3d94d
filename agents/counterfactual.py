"""What notes are worth: other notes at the same cut, each played to its end from the same state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any

import gymnasium as gym
import numpy as np

from selftrain.agents.base import Agent, Sampler, TaskReader
from selftrain.errors import OptionError, SandboxError
from selftrain.tasks import Task
from selftrain.tokens import Sample

MUST_COMPACT = "must_compact"


@dataclass(frozen=True)
class NoteTry:
    """One choice of notes at the cut, and what came of it.

    Attributes:
        action: as sent.
        notes: in force after the cut; "" when all tries were too long.
        sample: the model call behind them, where there is one.
        ret: what was paid after the cut.
        advantage: `ret` less the mean over all tries.
        truncated: the continuation ended at a limit.
    """

    action: Any
    notes: str
    sample: Sample | None
    ret: float
    advantage: float
    truncated: bool


@dataclass(frozen=True)
class NoteCredit:
    """All tries at one cut.

    Attributes:
        tries: in the order in which they were played.
        turns: messages of the agent, the notes included.
        env_steps: steps of the environment.
        tokens: read and written.
    """

    tries: tuple[NoteTry, ...]
    turns: int
    env_steps: int
    tokens: int

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of each try."""
        return tuple(one.notes for one in self.tries)

    @property
    def returns(self) -> tuple[float, ...]:
        """The return of each try after the cut."""
        return tuple(one.ret for one in self.tries)

    @property
    def advantages(self) -> tuple[float, ...]:
        """The advantage of each try; they sum to 0."""
        return tuple(one.advantage for one in self.tries)


def note_counterfactual(env: gym.Env[Any, Any], agent: Agent, state: Any, m: int, *, seed: int = 0) -> NoteCredit:
    """Let the agent write notes `m` times at the same cut, and play each on to the end of the episode.

    All that happened before the cut, and all that the environment will do, is the same in every try, so differences in
    what is paid are due to the notes and to the agent's own choices after them. `ret - mean` is an estimate of what
    the notes are worth beside others that this agent writes, and it weighs each cut by itself, where the return of an
    episode weighs all cuts alike. It costs `m` continuations.

    Args:
        env: a `ContextBudget`, or what is wrapped around one; it stands at `state` again afterwards.
        agent: who writes and plays on.
        state: from `save_state` at a cut, where the phase is "must_compact".
        m: how many tries, 2 or more.
        seed: all seeds of the agent come from it.

    Raises:
        OptionError: `m` is too small, or notes are not due at `state`.
        SandboxError, VerifierError, ModelError: the infrastructure failed; there is no credit.
    """
    if m < 2:
        raise OptionError(f"m={m} must be 2 or more: notes are worth something only beside others")
    seeds = np.random.SeedSequence(seed).generate_state(m)
    played = [_play_on(env, agent, state, int(one)) for one in seeds]
    env.get_wrapper_attr("restore_state")(state)
    mean = fsum(one.ret for one in played) / m
    return NoteCredit(
        tuple(NoteTry(one.action, one.notes, one.sample, one.ret, one.ret - mean, one.truncated) for one in played),
        turns=sum(one.used["turn"] for one in played),
        env_steps=sum(one.used["env_steps"] for one in played),
        tokens=sum(one.used["tokens"] for one in played),
    )


@dataclass(frozen=True)
class _Played:
    action: Any
    notes: str
    sample: Sample | None
    ret: float
    truncated: bool
    used: Mapping[str, int]


def _play_on(env: gym.Env[Any, Any], agent: Agent, state: Any, seed: int) -> _Played:
    observation, before = env.get_wrapper_attr("restore_state")(state)
    if before.get("phase") != MUST_COMPACT:
        raise OptionError(
            f"notes are not due at this state: its phase is {before.get('phase')!r}; save it where info['phase'] is "
            f"{MUST_COMPACT!r}"
        )
    agent.reset(seed)
    if isinstance(agent, TaskReader) and isinstance(task := getattr(env.unwrapped, "task", None), Task):
        agent.read_task(task)
    action, notes, sample = None, "", None
    rewards: list[float] = []
    info, over, truncated = before, False, False
    while not over:
        due = info["phase"] == MUST_COMPACT and info["segment"] == before["segment"]
        chosen = agent.act(observation, info)
        if due:  # notes that were too long are written again: the last try is the one in force
            action, sample = chosen, agent.sample if isinstance(agent, Sampler) else None
        observation, reward, terminated, truncated, info = env.step(chosen)
        if due:
            notes = str(info["notes"])
        rewards.append(float(reward))
        over = terminated or truncated
    if not info.get("valid", True):
        raise SandboxError("the environment ended the continuation as not valid; there is no return to compare")
    used = {name: int(info[name]) - int(before[name]) for name in ("turn", "env_steps", "tokens")}
    return _Played(action, notes, sample, fsum(rewards), bool(truncated), used)

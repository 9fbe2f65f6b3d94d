"""Play a record again in a fresh sandbox, and say where it goes another way."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from selftrain.agents.plan import make_environment
from selftrain.agents.recording import EpisodeRecorder
from selftrain.errors import OptionError
from selftrain.records import EpisodeRecord
from selftrain.tasks import Task


@dataclass(frozen=True)
class Difference:
    """One place where a replay differs from its record; `step` counts from 1, and 0 is the reset or the episode."""

    step: int
    what: str
    recorded: Any
    replayed: Any


def replay(
    record: EpisodeRecord, *, task: Task | None = None, env_kwargs: Mapping[str, Any] | None = None
) -> list[Difference]:
    """Send the recorded actions to a fresh environment and compare observations, rewards, end and verdict.

    A notebook in a folder is replaced by an empty one, because a replay must not write into the files of anybody's
    work; an episode that read what earlier ones had left there differs.

    Args:
        record: a valid one.
        task: the task itself, for one that its id alone does not name.
        env_kwargs: laid over the recorded ones, for example another backend.

    Raises:
        OptionError: the record is not valid, so that there is nothing to compare with.
        SandboxError, VerifierError: the infrastructure failed.
    """
    if not record.valid:
        raise OptionError(f"episode {record.episode} is not valid ({record.error}) and cannot be replayed")
    with tempfile.TemporaryDirectory(prefix="selftrain-replay-") as scratch:
        context = {**record.context, **({"notebook": scratch} if record.context.get("notebook") else {})}
        env = make_environment(record.env_id, {**record.env_kwargs, **(env_kwargs or {})}, context)
        try:
            return differences(record, _replayed(env, record, task or record.task))
        finally:
            env.close()


def _replayed(env: gym.Env[Any, Any], record: EpisodeRecord, task: Task | str) -> EpisodeRecord:
    recorder = EpisodeRecorder(env, EpisodeRecord(record.env_id, record.agent, record.seed), lambda _: None)
    recorder.reset(seed=record.seed, options={"task": task} if task else None)
    for step in record.steps:
        *_, terminated, truncated, _ = recorder.step(as_action(env.action_space, step.action))
        if terminated or truncated:
            break
    return recorder.record or recorder.failed("it did not end")


def as_action(space: gym.Space[Any], value: Any) -> Any:
    """A recorded action in the form that `space` has: arrays and tuples out of lists."""
    if isinstance(space, gym.spaces.Dict):
        return {key: as_action(space[key], item) for key, item in value.items()}
    if isinstance(space, gym.spaces.Tuple):
        return tuple(as_action(part, item) for part, item in zip(space.spaces, value, strict=True))
    if isinstance(value, list) and space.dtype is not None:
        return np.asarray(value, space.dtype)
    return value


def differences(recorded: EpisodeRecord, replayed: EpisodeRecord) -> list[Difference]:
    """Where two records of the same actions differ, in the order in which it happened."""
    found = []

    def compare(step: int, what: str, one: Any, other: Any) -> None:
        if one != other:
            found.append(Difference(step, what, one, other))

    compare(0, "fingerprint", recorded.fingerprint, replayed.fingerprint)
    compare(0, "observation", *(r.segments[0].opening for r in (recorded, replayed)))
    compare(0, "steps", len(recorded.steps), len(replayed.steps))
    for number, (one, other) in enumerate(zip(recorded.steps, replayed.steps, strict=False), start=1):
        compare(number, "observation", one.observation, other.observation)
        compare(number, "reward", one.reward, other.reward)
    # not the evidence's hash: what an agent leaves may hold the time at which it worked, as a commit does
    for what in ("terminated", "truncated", "truncation", "verdict"):
        compare(0, what, getattr(recorded, what), getattr(replayed, what))
    return found

"""The wrapper that writes down an episode while it is played."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium as gym

from selftrain.records import Costs, EpisodeRecord, Segment, Step, as_json
from selftrain.tasks import Task
from selftrain.verdicts import Verdict

Sink = Callable[[EpisodeRecord], None]


class EpisodeRecorder(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps what is sent and received, and hands the finished record to `sink` before the last `step` returns.

    Nobody learns a reward that is not yet written down: with `Journal.append` as the sink, a process that is
    killed at any moment has either lost the whole episode, unseen, or has it on disk once.

    Args:
        env: any environment; its info may tell `backend`, `image`, `segment` and `trigger` (cuts of the context),
            `tokens`, `truncation` and `valid`, and its `unwrapped` may have a `task` and a `verdict`.
        header: the fields of the record that are known before the episode begins.
        sink: takes the record.
    """

    def __init__(self, env: gym.Env[Any, Any], header: EpisodeRecord, sink: Sink) -> None:
        super().__init__(env)
        self._header = replace(header, versions=_versions())
        self._sink = sink
        self._segments: list[_Draft] = []
        self._start = 0.0
        self.record: EpisodeRecord | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode and its record."""
        self._start = time.monotonic()
        self._segments, self.record = [], None
        observation, info = self.env.reset(seed=seed, options=options)
        self._segments.append(_Draft(as_json(observation), as_json(info)))
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step the environment; the last step of an episode returns after `sink` has taken the record."""
        began = time.monotonic()
        observation, reward, terminated, truncated, info = self.env.step(action)
        step = Step(as_json(action), as_json(observation), float(reward), as_json(info), time.monotonic() - began)
        self._segments[-1].steps.append(step)
        if terminated or truncated:
            if info.get("valid", True):
                self.record = self._finished(terminated, truncated, step)
                self._sink(self.record)
        elif info.get("segment", 0) != self._segments[-1].info.get("segment", 0):
            self._segments[-1].trigger = str(info.get("trigger", ""))
            self._segments.append(_Draft(step.observation, step.info))
        return observation, reward, terminated, truncated, info

    def failed(self, error: str) -> EpisodeRecord:
        """The record of an episode that the infrastructure broke: what was seen of it, and no reward."""
        return replace(self._partial(), valid=False, error=error)

    def _finished(self, terminated: bool, truncated: bool, last: Step) -> EpisodeRecord:
        partial = self._partial()
        verdict = getattr(self.env.unwrapped, "verdict", None)
        return replace(
            partial,
            reward=sum(step.reward for step in partial.steps),
            terminated=bool(terminated),
            truncated=bool(truncated),
            truncation=str(last.info.get("truncation", "")),
            verdict=verdict.as_dict() if isinstance(verdict, Verdict) else None,
            evidence_sha256=str(last.info.get("evidence_sha256", "")),
        )

    def _partial(self) -> EpisodeRecord:
        task = getattr(self.env.unwrapped, "task", None)
        opening = self._segments[0].info if self._segments else {}
        record = replace(
            self._header,
            backend=str(opening.get("backend", "")),
            image=str(opening.get("image", "")),
            segments=tuple(draft.segment() for draft in self._segments),
        )
        last = record.steps[-1].info if record.steps else {}
        costs = Costs(len(record.steps), time.monotonic() - self._start, int(last.get("tokens", 0)))
        if (
            not isinstance(task, Task) or not self._segments
        ):  # before the first observation the task may be an earlier one
            return replace(record, costs=costs)
        return replace(
            record,
            costs=costs,
            task=task.id,
            fingerprint=task.fingerprint(),
            family=task.family,
            level=task.level,
        )


@dataclass
class _Draft:
    """A segment that is still being written."""

    opening: Any
    info: Mapping[str, Any]
    steps: list[Step] = field(default_factory=list)
    trigger: str = ""

    def segment(self) -> Segment:
        return Segment(self.opening, self.info, tuple(self.steps), self.trigger)


def _versions() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in ("selftrain", "gymnasium", "numpy")}
    return {"python": platform.python_version(), **packages}

"""The wrapper that writes down an episode while it is played."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium as gym

from selftrain.evidence import Evidence
from selftrain.growth import added
from selftrain.records import Costs, EpisodeRecord, Segment, Step, as_json
from selftrain.tasks import Task
from selftrain.tokens import Sample
from selftrain.verdicts import Verdict

Sink = Callable[[EpisodeRecord], None]


class EpisodeRecorder(gym.Wrapper[Any, Any, Any, Any]):
    """Keeps what is sent and received, and hands the finished record to `sink` before the last `step` returns.

    Nobody learns a reward that is not yet written down: with `Journal.append` as the sink, a process that is
    killed at any moment has either lost the whole episode, unseen, or has it on disk once.

    Args:
        env: any environment; its info may tell `backend`, `image`, `tokens`, `truncation` and `valid`, and where it
            is in the context: `segment`, `kind`, `parent`, `notes`, `compactions`, and the `trigger` of a cut. Its
            `unwrapped` may have a `task`, a `verdict` and the `evidence` that was judged.
        header: the fields of the record that are known before the episode begins.
        sink: takes the record, with the evidence; what the caller keeps does without, for it may be large.
    """

    def __init__(self, env: gym.Env[Any, Any], header: EpisodeRecord, sink: Sink) -> None:
        super().__init__(env)
        self._header = replace(header, versions=_versions())
        self._sink = sink
        self._drafts: dict[int, _Draft] = {}
        self._draft: _Draft | None = None
        self._sample: Sample | None = None
        self._count, self._start = 0, 0.0
        self.record: EpisodeRecord | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode and its record."""
        self._start = time.monotonic()
        self._drafts, self._draft, self._sample, self._count, self.record = {}, None, None, 0, None
        observation, info = self.env.reset(seed=seed, options=options)
        self._enter(as_json(observation), as_json(info))
        return observation, info

    def attach(self, sample: Sample | None) -> None:
        """Tell the model call behind the action that `step` is given next."""
        self._sample = sample

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step the environment; the last step of an episode returns after `sink` has taken the record."""
        sample, self._sample = self._sample, None
        began = time.monotonic()
        observation, reward, terminated, truncated, info = self.env.step(action)
        step = Step(
            as_json(action),
            as_json(observation),
            float(reward),
            as_json(info),
            time.monotonic() - began,
            index=self._count,
            sample=sample,
        )
        self._count += 1
        self._keep(step, over=terminated or truncated)
        if (terminated or truncated) and info.get("valid", True):
            self.record = self._finished(terminated, truncated, step)
            self._sink(replace(self.record, evidence=self._evidence()))
        return observation, reward, terminated, truncated, info

    def _keep(self, step: Step, over: bool) -> None:
        draft, whole = self._draft, step.observation
        assert draft is not None  # Gymnasium's order enforcement lets no step come before a reset
        addition = added(draft.view, whole)
        if addition is not None:
            step = replace(step, observation=addition, appended=True)
        if draft.returned:
            step = replace(step, before=draft.view)
            draft.returned = False
        draft.steps.append(step)
        if not over and step.info.get("segment", 0) != draft.index:
            draft.trigger = str(step.info.get("trigger", ""))
            self._enter(whole, step.info)
        else:
            draft.view = whole

    def _enter(self, observation: Any, info: Mapping[str, Any]) -> None:
        """Open the segment that `info` names, or go on in it when a branch has returned to it."""
        index = int(info.get("segment", 0))
        if index in self._drafts:
            draft = self._drafts[index]
            draft.view, draft.returned, draft.trigger = observation, True, ""
        else:
            draft = self._drafts[index] = _Draft(index, observation, info, view=observation)
        self._draft = draft

    def failed(self, error: str) -> EpisodeRecord:
        """The record of an episode that the infrastructure broke: what was seen of it, and no reward."""
        return replace(self._partial(), valid=False, error=error)

    def _finished(self, terminated: bool, truncated: bool, last: Step) -> EpisodeRecord:
        partial = self._partial()
        verdict, evidence = getattr(self.env.unwrapped, "verdict", None), self._evidence()
        return replace(
            partial,
            reward=sum(step.reward for step in partial.steps),
            terminated=bool(terminated),
            truncated=bool(truncated),
            truncation=str(last.info.get("truncation", "")),
            verdict=verdict.as_dict() if isinstance(verdict, Verdict) else None,
            evidence_sha256=evidence.sha256 if evidence else str(last.info.get("evidence_sha256", "")),
        )

    def _evidence(self) -> Evidence | None:
        found = getattr(self.env.unwrapped, "evidence", None)
        return found if isinstance(found, Evidence) else None

    def _partial(self) -> EpisodeRecord:
        task = getattr(self.env.unwrapped, "task", None)
        drafts = list(self._drafts.values())
        opening = drafts[0].info if drafts else {}
        record = replace(
            self._header,
            backend=str(opening.get("backend", "")),
            image=str(opening.get("image", "")),
            segments=tuple(draft.segment() for draft in drafts),
        )
        record = replace(record, costs=_costs(record, time.monotonic() - self._start))
        if not isinstance(task, Task) or not drafts:  # before the first observation the task may be an earlier one
            return record
        return replace(
            record,
            task=task.id,
            fingerprint=task.fingerprint(),
            start_fingerprint=task.start_fingerprint(),
            family=task.family,
            level=task.level,
            pack=dict(task.metadata.get("pack", {})),
        )


@dataclass
class _Draft:
    """A segment that is still being written.

    Attributes:
        view: the whole observation that the next action in it answers.
        returned: a branch has just returned to it, so that `view` is not what its last step led to.
    """

    index: int
    opening: Any
    info: Mapping[str, Any]
    view: Any
    steps: list[Step] = field(default_factory=list)
    trigger: str = ""
    returned: bool = False

    def segment(self) -> Segment:
        return Segment(
            self.opening,
            self.info,
            tuple(self.steps),
            self.trigger,
            index=self.index,
            kind=str(self.info.get("kind", "work")),
            parent=int(self.info.get("parent", -1)),
            notes=str(self.info.get("notes", "")),
        )


def _costs(record: EpisodeRecord, seconds: float) -> Costs:
    last = record.steps[-1].info if record.steps else {}
    samples = record.samples.values()
    return Costs(
        steps=len(record.steps),
        seconds=seconds,
        tokens=int(last.get("tokens", 0)),
        prompt_tokens=sum(sample.prompt_tokens for sample in samples),
        completion_tokens=sum(sample.completion_tokens for sample in samples),
        compactions=int(last.get("compactions", 0)),
    )


def _versions() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in ("selftrain", "gymnasium", "numpy")}
    return {"python": platform.python_version(), **packages}

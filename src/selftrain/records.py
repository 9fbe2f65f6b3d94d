"""Episode records: what was sent and received in one episode, as one line of JSON.

A record is written from the very values that passed between agent and environment; nothing in it is computed again.
The one thing that is not written twice is a context that grows: an observation that begins with everything that the
agent saw before in the segment is kept as what was added to it, and `Segment.views` gives back the whole.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from selftrain.errors import RecordError
from selftrain.evidence import Evidence
from selftrain.evidence_store import read_evidence
from selftrain.growth import grown
from selftrain.pictures import data_url, is_picture
from selftrain.tokens import Sample, read_samples

SCHEMA = 2
_FORMS: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (str, "a text", ("env_id", "agent", "task", "fingerprint", "start_fingerprint", "family", "backend", "image")),
    (str, "a text", ("truncation", "error", "evidence_sha256", "evidence_file", "tokens_file")),
    (int, "a whole number", ("seed", "episode", "attempts")),
    (bool, "true or false", ("terminated", "truncated", "valid")),
    (dict, "a table", ("env_kwargs", "context", "versions", "pack")),
    (dict | None, "a table or null", ("verdict",)),
    (int | float | None, "a number or null", ("reward",)),
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """One call of `env.step`: what went in, and everything that came back.

    Attributes:
        action: as sent; arrays and tuples are kept as lists.
        observation: as received, in the same form; see `appended`.
        reward: as received.
        info: as received.
        seconds: wall time of the call, on the monotonic clock.
        index: its place in the episode, over all segments.
        appended: `observation` holds only what was added to the observation that the action answered.
        before: the whole observation that the action answered, when a branch lay between it and the segment's
            previous step; None when it is what the previous step led to.
        sample: the model call behind the action; kept in the episode's file of tokens, not in its line.
    """

    action: Any
    observation: Any
    reward: float
    info: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    index: int = 0
    appended: bool = False
    before: Any = None
    sample: Sample | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Segment:
    """What lies between two cuts of the context; an episode without a context budget is a single segment.

    Attributes:
        opening: the observation that the agent saw first.
        info: what came with it.
        steps: in order; the last one of a segment that was cut is the compaction.
        trigger: what ended it: "" for the episode's end, "forced", "voluntary", "every" or "window" for a cut, "return"
            for a branch that returned, and "branch" where the episode ended in a branch that it had called.
        index: its number in the episode.
        kind: "work", or "branch" for one that was called from another and returns to it.
        parent: the segment that it was called from; -1 for none.
        notes: the notes in force at its beginning; "" before the first cut.
    """

    opening: Any
    info: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    trigger: str = ""
    index: int = 0
    kind: str = "work"
    parent: int = -1
    notes: str = ""

    def views(self) -> tuple[Any, ...]:
        """Every whole observation: number k is what the action of `steps[k]` answered, the last what they led to."""
        views, at = [], self.opening
        for step in self.steps:
            at = at if step.before is None else step.before
            views.append(at)
            at = grown(at, step.observation) if step.appended else step.observation
        return (*views, at)


@dataclass(frozen=True)
class Costs:
    """What an episode took.

    Attributes:
        steps: calls of `env.step`.
        seconds: wall time from the call of `reset`.
        tokens: what passed through the context, where the environment counts it.
        prompt_tokens, completion_tokens: what the model calls behind the actions read and wrote.
        compactions: cuts of the context.
    """

    steps: int = 0
    seconds: float = 0.0
    tokens: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    compactions: int = 0


@dataclass(frozen=True)
class EpisodeRecord:
    """One episode, from `reset` to its end.

    Attributes:
        env_id, env_kwargs: what `gymnasium.make` was given.
        task, fingerprint, family, level: which task it was; empty for environments without tasks.
        start_fingerprint: of all that the agent could see of the task, `Task.start_fingerprint()`.
        agent: its name.
        seed: given to the environment's and to the agent's reset.
        episode: its index in the rollout.
        backend, image: where the commands ran.
        context: the arguments of the context budget; empty without one.
        segments: what the agent saw and did.
        reward: the return, or None when the episode is not valid.
        terminated, truncated, truncation: how it ended; `truncation` names the limit.
        valid: False when the infrastructure failed; such an episode counts in no figure.
        error: why it is not valid.
        attempts: times it was played from its start, this one included.
        verdict: `Verdict.as_dict()`, or None where nothing was judged.
        evidence_sha256: hash of what was judged.
        evidence_file: where that is kept, in the directory of the journal; "" when it is not.
        evidence: what was judged, on the way to the journal; kept in that file, not in the line.
        tokens_file: where its tokens are, in the directory of the journal; "" when no model was asked.
        costs: what it took.
        versions: of the packages that made it.
        pack: `name` and `version` of the pack that the task came from, and `lock`, the hash of its lock, "" when it had
            none; empty for other tasks.
        schema: version of this form.
    """

    env_id: str
    agent: str
    seed: int
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    task: str = ""
    fingerprint: str = ""
    start_fingerprint: str = ""
    family: str = ""
    level: int = 0
    episode: int = 0
    backend: str = ""
    image: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    reward: float | None = None
    terminated: bool = False
    truncated: bool = False
    truncation: str = ""
    valid: bool = True
    error: str = ""
    attempts: int = 1
    verdict: Mapping[str, Any] | None = None
    evidence_sha256: str = ""
    evidence_file: str = ""
    tokens_file: str = ""
    costs: Costs = Costs()
    versions: Mapping[str, str] = field(default_factory=dict)
    pack: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA
    evidence: Evidence | None = field(default=None, compare=False, repr=False)

    @property
    def passed(self) -> bool:
        """The verdict is a pass; without a verdict, the return is positive."""
        if not self.valid:
            return False
        return bool(self.verdict["passed"]) if self.verdict is not None else (self.reward or 0.0) > 0.0

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all segments, in the order in which they were taken."""
        steps = [step for segment in self.segments for step in segment.steps]
        return tuple(sorted(steps, key=lambda step: step.index))

    @property
    def samples(self) -> dict[int, Sample]:
        """The model calls that are at hand, by the index of their step."""
        return {step.index: step.sample for step in self.steps if step.sample is not None}

    def to_line(self) -> str:
        """The record as one line of ASCII JSON, without the line break.

        Raises:
            RecordError: it holds a value that JSON does not have, such as NaN or an object.
        """
        try:
            return json.dumps(as_json(self._table()), allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise RecordError(
                f"episode {self.episode} ({self.task or self.env_id}) cannot be written: {error}"
            ) from error

    def _table(self) -> dict[str, Any]:
        def step(one: Step) -> dict[str, Any]:
            return {key: value for key, value in vars(one).items() if key != "sample"}

        segments = [{**vars(one), "steps": [step(part) for part in one.steps]} for one in self.segments]
        table = {**vars(self), "segments": segments, "costs": vars(self.costs)}
        del table["evidence"]
        return table

    @classmethod
    def from_line(cls, line: str | bytes) -> EpisodeRecord:
        """The record that `to_line` wrote.

        Raises:
            RecordError: the line is no record, one of a form that this version does not know, or holds values of other
                types, at which nobody who reads it should have to stumble.
        """
        try:
            table = json.loads(line)
            if table["schema"] != SCHEMA:
                raise RecordError(f"a record of schema {table['schema']!r}; this version reads schema {SCHEMA}")
            _check_forms(table)
            segments = tuple(_segment(part) for part in table.pop("segments"))
            return cls(**{**table, "segments": segments, "costs": Costs(**table["costs"])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RecordError(f"not an episode record: {error!r}") from error


def _check_forms(table: dict[str, Any]) -> None:
    """RecordError where a value of a record's own is of another type; what lies deeper is left to who reads it."""
    for form, words, names in _FORMS:
        if wrong := [name for name in names if name in table and not isinstance(table[name], form)]:
            raise RecordError(f"not an episode record: {wrong[0]} is {table[wrong[0]]!r:.60}, not {words}")
    pack = table.get("pack", {})  # what else a task of somebody's own tells of its pack is read by nobody
    if wrong := [name for name in ("name", "lock") if name in pack and not isinstance(pack[name], str)]:
        raise RecordError(f"not an episode record: {wrong[0]} of its pack is {pack[wrong[0]]!r:.60}, no text")


def _segment(table: dict[str, Any]) -> Segment:
    return Segment(**{**table, "steps": tuple(Step(**step) for step in table["steps"])})


def as_json(value: Any) -> Any:
    """`value` with arrays, numpy scalars and tuples as lists and numbers, and pictures as data URLs.

    A picture is an array `uint8[height, width, 3]`: as numbers it would take five times the room, and nobody could see
    it. Other types stay as they are.

    Raises:
        TypeError: a mapping has a key that is no string, which JSON would change silently.
    """
    if is_picture(value):
        return data_url(value)
    if isinstance(value, np.ndarray | np.generic):
        plain = value.tolist()
        return plain if value.dtype.kind in "biufU" else as_json(plain)
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"key {wrong[0]!r} must be a string")
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def read_records(path: Path | str, damaged: Callable[[RecordError], None] | None = None) -> Iterator[EpisodeRecord]:
    """The records in a JSONL file, or in the journal of a rollout's directory, one at a time.

    A torn last line, as a killed writer leaves it, is left out and reported as a warning of this module's logger.

    Args:
        path: of the file or the directory.
        damaged: is told of each broken line, which is left out then.

    Raises:
        RecordError: the file cannot be read, or a line before the last is broken and nobody is to be told.
    """
    path = Path(path)
    path = path / "episodes.jsonl" if path.is_dir() else path
    for _, record in numbered_records(path, damaged):
        yield record


def load_samples(path: Path | str, record: EpisodeRecord) -> EpisodeRecord:
    """The record with the model calls behind its steps.

    Args:
        path: as given to `read_records`.
        record: one of the records there; one without a file of tokens comes back as it is.

    Raises:
        RecordError: the file of tokens is missing or damaged; names it. The record itself is whole without it.
    """
    if not record.tokens_file:
        return record
    path = Path(path)
    file = (path if path.is_dir() else path.parent) / record.tokens_file
    try:
        samples = read_samples(file)
    except RecordError as error:
        raise RecordError(f"episode {record.episode} is whole, but its tokens are not: {error}") from error
    if missing := set(samples) - {step.index for step in record.steps}:
        raise RecordError(f"{file} has tokens of step {min(missing)}, which episode {record.episode} does not have")
    segments = tuple(
        replace(segment, steps=tuple(replace(step, sample=samples.get(step.index)) for step in segment.steps))
        for segment in record.segments
    )
    return replace(record, segments=segments)


def load_evidence(path: Path | str, record: EpisodeRecord) -> Evidence | None:
    """What was judged in the episode of `record`, or None where it was not kept.

    Args:
        path: as given to `read_records`.
        record: one of the records there.

    Raises:
        RecordError: the file of evidence is missing, damaged or another's; names it. The record itself is whole
            without it.
    """
    if not record.evidence_file:
        return None
    path = Path(path)
    file = (path if path.is_dir() else path.parent) / record.evidence_file
    try:
        evidence = read_evidence(file)
    except RecordError as error:
        raise RecordError(f"episode {record.episode} is whole, but its evidence is not: {error}") from error
    if record.evidence_sha256 != evidence.sha256:
        raise RecordError(f"{file} is not what was judged in episode {record.episode}: its hash differs")
    return evidence


def numbered_records(
    path: Path, damaged: Callable[[RecordError], None] | None = None
) -> Iterator[tuple[int, EpisodeRecord]]:
    """Each record with the offset of the byte after its line; arguments and errors as `read_records`."""
    end = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                end += len(line)
                try:
                    record = _parsed(line)
                    if record is None and file.peek(1):
                        raise RecordError("not an episode record")
                except RecordError as error:
                    told = RecordError(f"{path}: line {number} is {error}")
                    if damaged is None:
                        raise told from error
                    damaged(told)
                    continue
                if record is None:
                    _log.warning("%s: the last line is torn (%d bytes) and left out", path, len(line))
                    return
                yield end, record
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error


def _parsed(line: bytes) -> EpisodeRecord | None:
    """The record, or None for a line that a killed writer can have left; a known form of another age raises."""
    if not line.endswith(b"\n"):
        return None  # never acknowledged to the writer, even if it happens to parse
    try:
        json.loads(line)
    except ValueError:
        return None
    return EpisodeRecord.from_line(line)

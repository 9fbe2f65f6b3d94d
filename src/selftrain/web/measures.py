"""What one episode adds to a report, read from its record alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from selftrain.errors import UnknownNameError
from selftrain.records import EpisodeRecord, Segment, Step
from selftrain.web.payload import NO_CUTS, messages_of, text_of

TRIGGERS = ("forced", "voluntary", "every", "window")


@dataclass(frozen=True)
class Notes:
    """Notes as they crossed one cut.

    Attributes:
        cut: its number, from 1.
        tokens: their size.
        kept: share of the lines of the notes before that are still there; None at the first cut.
    """

    cut: int
    tokens: int
    kept: float | None


@dataclass(frozen=True)
class Measured:
    """One episode without its texts.

    Attributes:
        run, instance: which run it is of, and which task and seed were played.
        mode, ablation, notes_budget: of the context; "" and 0 without one.
        assigned: the number of cuts was set by the environment, so that it does not depend on the agent.
        cuts, triggers: how many, and how many of each trigger.
        peak: tokens of the longest context.
        headroom: tokens that were left at each voluntary cut.
        queries, repeated: actions after a cut whose answer is known, and those whose same answer came before it too.
        rejected, clipped: notes over their budget, by what was done about them.
        invalid: messages that could not be carried out.
    """

    run: str
    instance: str
    env_id: str
    agent: str
    passed: bool
    mode: str
    ablation: str
    notes_budget: int
    assigned: bool
    cuts: int
    triggers: Mapping[str, int]
    turns: int
    env_steps: int
    tokens: int
    peak: int
    headroom: tuple[int, ...]
    notes: tuple[Notes, ...]
    queries: int
    repeated: int
    rejected: int
    clipped: int
    invalid: int
    truncation: str

    @classmethod
    def of(cls, run: str, record: EpisodeRecord) -> Self:
        """The measures of a valid episode."""
        infos = [step.info for step in record.steps]
        opening = record.segments[0].info if record.segments else {}
        last = infos[-1] if infos else opening
        context = record.context
        queries, repeated = _repetitions(record)
        triggers = {name: sum(info.get("trigger") == name for info in infos) for name in TRIGGERS}
        return cls(
            run=run,
            instance=f"{record.task or record.env_id} {record.seed}",
            env_id=record.env_id,
            agent=record.agent,
            passed=record.passed,
            mode=str(context.get("mode", "rewrite")) if context else "",
            ablation=str(context.get("ablation", record.env_kwargs.get("ablation", "own"))),
            notes_budget=int(context.get("notes_budget", 0)),
            assigned="cuts" in record.env_kwargs,
            cuts=record.costs.compactions or sum(triggers.values()),
            triggers=triggers,
            turns=record.costs.steps,
            env_steps=int(last.get("env_steps", record.costs.steps)),
            tokens=record.costs.tokens,
            peak=max((int(info.get("ctx_tokens", 0)) for info in (opening, *infos)), default=0),
            headroom=tuple(_headroom(record)),
            notes=tuple(_notes(record)),
            queries=queries,
            repeated=repeated,
            rejected=sum(info.get("notes_overflow") == "rejected" for info in infos),
            clipped=sum(info.get("notes_overflow") == "clipped" for info in infos),
            invalid=sum(bool(info.get("invalid")) for info in infos),
            truncation=record.truncation,
        )


def _headroom(record: EpisodeRecord) -> Iterator[int]:
    """What was left of the budget when the agent cut before it had to."""
    for segment in record.segments:
        infos = [segment.info, *(step.info for step in segment.steps)]
        for before, after in pairwise(infos):
            if after.get("trigger") == "voluntary" and "budget_left" in before:
                yield int(before["budget_left"])


def _notes(record: EpisodeRecord) -> Iterator[Notes]:
    """The notes behind each cut; branches carry none."""
    work = [segment for segment in record.segments if segment.info.get("trigger", "") not in NO_CUTS]
    before: list[str] | None = None
    for cut, segment in enumerate((part for part in work if "notes_tokens" in part.info), start=1):
        lines = segment.notes.splitlines()
        kept = None if before is None else _kept(before, lines)
        yield Notes(cut, int(segment.info["notes_tokens"]), kept)
        before = lines


def _kept(before: list[str], after: list[str]) -> float:
    if not before:
        return 1.0
    matches = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return sum(match.size for match in matches) / len(before)


def _repetitions(record: EpisodeRecord) -> tuple[int, int]:
    """Actions after a cut whose answer is known, and how many of them brought an answer that was given before it.

    The same action with another answer is news, as after a file was changed, and no repetition. The answer to the
    action that filled the context comes after the cut, together with the notes, and is left out.
    """
    known: set[tuple[str, str]] = set()
    queries = repeated = 0
    for segment in sorted(record.segments, key=lambda part: part.index):
        here = set(_answered(segment))
        if known or segment.index:
            queries += len(here)
            repeated += len(here & known)
        known |= here
    return queries, repeated


def _answered(segment: Segment) -> Iterator[tuple[str, str]]:
    for step in segment.steps:
        is_act = step.info.get("verb", "act") == "act" and step.info.get("phase", "act") != "must_compact"
        if is_act and step.info.get("segment", segment.index) == segment.index:
            yield text_of(step.action), _answer(step)


def _answer(step: Step) -> str:
    messages: list[tuple[str, str]] = messages_of(step.observation)
    return messages[-1][1] if messages else ""


def bounds(record: EpisodeRecord) -> tuple[float | None, float | None]:
    """Chance and the best that is possible, where the environment or the family of the task states them.

    Only environments of this package are asked: the name in a record is no reason to import somebody's module.
    """
    import gymnasium as gym

    from selftrain.envs.families import terminal_family
    from selftrain.registration import ENVIRONMENTS

    name = record.env_id.rpartition(":")[2]
    if name not in ENVIRONMENTS:
        return None, None
    if record.family:
        try:
            return terminal_family(record.family).chance, 1.0
        except UnknownNameError:  # of another version, or of a task folder
            return None, None
    with gym.make(name, **record.env_kwargs) as env:
        found = [getattr(env.unwrapped, limit, None) for limit in ("chance", "optimum")]
    chance, optimum = (None if limit is None else float(limit) for limit in found)
    return chance, optimum

"""Metrics of episodes that are longer than their context, computed from episode records alone.

What records do not tell is left out: how many facts of the notes are wrong or missing needs the task's own sufficient
statistic, which an agent's environment never shows.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Self

from selftrain.agents.chain import ChainFit, fit_chain
from selftrain.agents.digest import CUTS, Digest
from selftrain.agents.report import wilson
from selftrain.records import EpisodeRecord

# of the best possible success, for the depth of notes
NEAR_OPTIMUM = 0.95


class Table:
    """A dataclass that can be written as JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Plain types: a mean over nothing (NaN) is None, and an infinite number the text "inf"."""
        return {name: _plain(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Rate(Table):
    """A share of some events, with its 95 % Wilson interval; NaN, and the interval 0 to 1, for none at all."""

    hits: int
    total: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, events: Iterable[bool]) -> Self:
        """The share of true ones."""
        found = [bool(event) for event in events]
        return cls.count(sum(found), len(found))

    @classmethod
    def count(cls, hits: int, total: int) -> Self:
        """The share of `hits` in `total`."""
        return cls(hits, total, hits / total if total else math.nan, *wilson(hits, total))


@dataclass(frozen=True)
class CutsPoint(Table):
    """Success of the episodes that had so many cuts."""

    cuts: int
    success: Rate


@dataclass(frozen=True)
class Ablation(Table):
    """Success with something else in place of the agent's notes.

    Attributes:
        name: "own", "wiped", "shuffled" or "other".
        success: of the episodes played so.
        effect: success with own notes minus this; NaN where there are no episodes with own notes.
        low, high: its 95 % interval.
    """

    name: str
    success: Rate
    effect: float
    low: float
    high: float


@dataclass(frozen=True)
class ModeCost(Table):
    """What a mode of the context budget attains, and what it takes; means over its episodes.

    Attributes:
        mode: "rewrite", "oracle_full" and so on; "" without a context budget.
        success: of its episodes.
        gap: success of "oracle_full", the upper bound, minus this one's; NaN where there is none.
        low, high: the 95 % interval of the gap.
        tokens: of all prompts and messages.
        peak: tokens of the longest prompt.
        env_steps: steps of the environment.
        env_steps_per_success: over all episodes, failed ones included; infinite without a success.
        tokens_per_success: likewise.
    """

    mode: str
    success: Rate
    gap: float
    low: float
    high: float
    tokens: float
    peak: float
    env_steps: float
    env_steps_per_success: float
    tokens_per_success: float


@dataclass(frozen=True)
class NotesUse(Table):
    """What agents wrote into their own notes; means over cuts.

    Attributes:
        cuts: cuts that had notes of the agent's own.
        tokens: of the notes.
        longest: tokens of the longest.
        share: of the notes budget that was used; NaN where no budget is known.
        bits: of the text as UTF-8.
        compressed_bits: of the text after zlib, which is nearer to what it tells.
        changed: share of the words that differ from the notes of the cut before, by `difflib`: 0 for the same notes, 1
            for nothing in common.
        empty: share of cuts after which nothing was carried over.
    """

    cuts: int
    tokens: float
    longest: int
    share: float
    bits: float
    compressed_bits: float
    changed: float
    empty: Rate


@dataclass(frozen=True)
class NotesPoint(Table):
    """Success at one budget of notes: a point of the curve of rate and distortion.

    Attributes:
        notes_budget: tokens.
        success: of the episodes with own notes.
        bits: of the longest notes of an episode, a mean; NaN without cuts.
    """

    notes_budget: int
    success: Rate
    bits: float


@dataclass(frozen=True)
class Repetition(Table):
    """What was done again because it was forgotten, among the steps of the environment after a cut.

    Attributes:
        actions: the same action had been taken before the last cut.
        answers: the same action had given the same answer before it, step numbers aside: nothing was learned again.
    """

    actions: Rate
    answers: Rate


@dataclass(frozen=True)
class Habits(Table):
    """How cuts came about, and what went wrong around them.

    Attributes:
        triggers: what the cuts were due to, with their numbers.
        voluntary: share of voluntary ones among the voluntary and forced.
        headroom: for each trigger, the mean share of the budget that was still free when the cut was made.
        rejected: notes that were too long and refused, among all notes that were written.
        clipped: notes that were too long and cut short, likewise.
        invalid: messages that could not be carried out, among all.
        overlong: episodes that a limit ended, among all.
        truncations: the limits, with their numbers.
    """

    triggers: Mapping[str, int]
    voluntary: Rate
    headroom: Mapping[str, float]
    rejected: Rate
    clipped: Rate
    invalid: Rate
    overlong: Rate
    truncations: Mapping[str, int]


@dataclass(frozen=True)
class Metrics(Table):
    """All metrics of some episodes.

    Success against cuts, its fit, the curve of notes and the notes themselves are about episodes with own notes;
    success against cuts leaves out the modes without a cut.

    Attributes:
        episodes, valid: how many there are, and how many count.
        chance, optimum: success of guessing, and of the best possible agent, as given.
        notes_depth: mean bits at the smallest budget of notes that attains 95 % of the optimum; None where none does.
    """

    episodes: int
    valid: int
    chance: float
    optimum: float
    success: Rate
    by_cuts: tuple[CutsPoint, ...]
    chain: ChainFit | None
    ablations: tuple[Ablation, ...]
    modes: tuple[ModeCost, ...]
    notes: NotesUse
    by_notes_budget: tuple[NotesPoint, ...]
    notes_depth: float | None
    repetition: Repetition
    habits: Habits


def measure(records: Iterable[EpisodeRecord], chance: float = 0.0, optimum: float = 1.0) -> Metrics:
    """The metrics of some records, which are read once, one at a time; not valid ones count in no figure.

    Args:
        records: of episodes that belong into one figure: the same agent and environment.
        chance: success of guessing, for the fit of the chain.
        optimum: success of the best possible agent.

    Raises:
        OptionError: `chance` is no share below 1.
    """
    episodes, digests = 0, []
    for record in records:
        episodes += 1
        if record.valid:
            digests.append(Digest.of(record))
    own = [one for one in digests if one.ablation == "own"]
    cut = [one for one in own if one.mode not in ("oracle_full", "none")]
    curve = notes_curve(own)
    return Metrics(
        episodes=episodes,
        valid=len(digests),
        chance=chance,
        optimum=optimum,
        success=_success(digests),
        by_cuts=success_by_cuts(cut),
        chain=fit_chain([one.compactions for one in cut], [one.passed for one in cut], chance),
        ablations=ablations(digests),
        modes=costs_by_mode(own),
        notes=notes_use(own),
        by_notes_budget=curve,
        notes_depth=next((point.bits for point in curve if point.success.share >= NEAR_OPTIMUM * optimum), None),
        repetition=repetition(digests),
        habits=habits(digests),
    )


def success_by_cuts(digests: Iterable[Digest]) -> tuple[CutsPoint, ...]:
    """Success for each number of cuts that there was."""
    groups = _grouped(digests, lambda one: one.compactions)
    return tuple(CutsPoint(cuts, _success(group)) for cuts, group in groups.items())


def ablations(digests: Iterable[Digest]) -> tuple[Ablation, ...]:
    """Success for each kind of notes that was delivered, and how much the agent's own notes were worth."""
    groups = _grouped(digests, lambda one: one.ablation)
    own = _success(groups.get("own", []))
    rates = {name: _success(group) for name, group in groups.items()}
    return tuple(Ablation(name, rate, *difference(own, rate)) for name, rate in rates.items())


def costs_by_mode(digests: Iterable[Digest]) -> tuple[ModeCost, ...]:
    """Success and costs of each mode."""
    groups = _grouped(digests, lambda one: one.mode)
    full = _success(groups.get("oracle_full", []))
    return tuple(_mode_cost(mode, group, full) for mode, group in groups.items())


def _mode_cost(mode: str, group: Sequence[Digest], full: Rate) -> ModeCost:
    success = _success(group)
    tokens, env_steps = (sum(one.tokens for one in group), sum(one.env_steps for one in group))
    return ModeCost(
        mode,
        success,
        *difference(full, success),
        tokens=tokens / len(group),
        peak=fmean(one.peak for one in group),
        env_steps=env_steps / len(group),
        env_steps_per_success=env_steps / success.hits if success.hits else math.inf,
        tokens_per_success=tokens / success.hits if success.hits else math.inf,
    )


def notes_use(digests: Iterable[Digest]) -> NotesUse:
    """What the notes hold that were delivered after cuts; a window has none."""
    pairs = [(one, [cut for cut in one.cuts if cut.trigger != "window"]) for one in digests]
    cuts = [cut for _, found in pairs for cut in found]
    shares = [cut.tokens / one.notes_budget for one, found in pairs for cut in found if one.notes_budget]
    changes = [changed(a.notes, b.notes) for _, found in pairs for a, b in zip(found, found[1:], strict=False)]
    return NotesUse(
        cuts=len(cuts),
        tokens=_mean(cut.tokens for cut in cuts),
        longest=max((cut.tokens for cut in cuts), default=0),
        share=_mean(shares),
        bits=_mean(bits(cut.notes) for cut in cuts),
        compressed_bits=_mean(8 * len(zlib.compress(cut.notes.encode("utf-8", "replace"), 9)) for cut in cuts),
        changed=_mean(changes),
        empty=Rate.of(not cut.notes for cut in cuts),
    )


def notes_curve(digests: Iterable[Digest]) -> tuple[NotesPoint, ...]:
    """Success at each budget of notes, in their order."""
    groups = _grouped((one for one in digests if one.notes_budget), lambda one: one.notes_budget)
    longest = {
        budget: [max(bits(cut.notes) for cut in one.cuts) for one in group if one.cuts]
        for budget, group in groups.items()
    }
    return tuple(NotesPoint(budget, _success(group), _mean(longest[budget])) for budget, group in groups.items())


def repetition(digests: Iterable[Digest]) -> Repetition:
    """What was done again after cuts."""
    found = list(digests)
    late = sum(one.late_acts for one in found)
    return Repetition(
        actions=Rate.count(sum(one.repeated for one in found), late),
        answers=Rate.count(sum(one.relearned for one in found), late),
    )


def habits(digests: Iterable[Digest]) -> Habits:
    """How cuts came about."""
    found = list(digests)
    cuts = _grouped((cut for one in found for cut in one.cuts), lambda cut: cut.trigger)
    triggers = {trigger: len(cuts.get(trigger, [])) for trigger in CUTS}
    rejected, clipped = sum(one.rejected for one in found), sum(one.clipped for one in found)
    written = rejected + sum(triggers.values()) - triggers["window"]
    return Habits(
        triggers=triggers,
        voluntary=Rate.count(triggers["voluntary"], triggers["voluntary"] + triggers["forced"]),
        headroom={
            trigger: _mean(cut.headroom for cut in group if cut.headroom is not None) for trigger, group in cuts.items()
        },
        rejected=Rate.count(rejected, written),
        clipped=Rate.count(clipped, written),
        invalid=Rate.count(sum(one.invalid for one in found), sum(one.turns for one in found)),
        overlong=Rate.of(bool(one.truncation) for one in found),
        truncations={name: len(group) for name, group in _grouped(found, lambda one: one.truncation).items() if name},
    )


def difference(one: Rate, other: Rate) -> tuple[float, float, float]:
    """`one` minus `other`, with its 95 % interval from the two Wilson intervals (Newcombe 1998, method 10)."""
    value = one.share - other.share
    if math.isnan(value):
        return math.nan, -1.0, 1.0
    low = value - math.hypot(one.share - one.low, other.high - other.share)
    high = value + math.hypot(one.high - one.share, other.share - other.low)
    return value, max(-1.0, low), min(1.0, high)


def changed(before: str, after: str) -> float:
    """The share of words in which two notes differ; 0 for two that are empty."""
    return 1.0 - difflib.SequenceMatcher(None, before.split(), after.split(), autojunk=False).ratio()


def bits(notes: str) -> int:
    """Of a text as UTF-8."""
    return 8 * len(notes.encode("utf-8", "replace"))


def _success(digests: Iterable[Digest]) -> Rate:
    return Rate.of(one.passed for one in digests)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else math.nan


def _grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """The items by their key, in the order of the keys."""
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return {name: groups[name] for name in sorted(groups)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value

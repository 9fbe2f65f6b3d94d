"""What the metrics of long episodes are made of: frozen tables that can be written as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from selftrain.agents.report import wilson


class Table:
    """A dataclass that can be written as JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Plain types: a mean over nothing (NaN) is None, and an infinite number the text "inf"."""
        return {name: _plain(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Estimate(Table):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ChainFit(Table):
    """Success after N cuts as c + (A - c) s^N.

    Attributes:
        chance: c, the success of an agent that knows nothing; given, not fitted.
        acquisition: A, the success without any cut.
        survival: s, the chance that what is needed survives one cut.
        half_life: cuts after which half of what was taken in is lost, ln(1/2) / ln(s); infinite where none is lost.
        episodes: how many it was fitted to.
    """

    chance: float
    acquisition: Estimate
    survival: Estimate
    half_life: Estimate
    episodes: int

    def at(self, cuts: float) -> float:
        """The success that the fit expects after so many cuts."""
        return self.chance + (self.acquisition.value - self.chance) * float(self.survival.value**cuts)


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
    """What was done again after a cut, among the steps of the environment that were answered by a whole text.

    In mode "window" a cut drops the oldest turns only, so that what is done again may still be in sight.

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

    Modes in which nothing is carried over a cut ("window", "none", "oracle_full") count in `success`, `modes`,
    `repetition` and `habits` only. Success against cuts, its fit and what is said of notes is about episodes with the
    agent's own notes.

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

"""Rulebook: a rule hidden in examples that hold many more bits than it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from selftrain.envs.memory.draws import Flags, Ints, Small, Words, draw, gather, shuffled
from selftrain.envs.memory.game import Game, Notes, at_least, one_of
from selftrain.errors import OptionError

EXAMPLE, EXAM = 1, 2
RULES = ("copy", "table", "sum")
_COEFFICIENTS, _COLUMN, _FILLER, _BASE, _STEP, _PLACES, _EXAM = range(7)


@dataclass(frozen=True)
class Rulebook(Game):
    """Find the rule behind labelled examples, carry the rule rather than the examples, and apply it to a case.

    Each segment shows `examples` cases of `inputs` numbers with their labels; the last one asks for the label of a
    case. All numbers are below `values`, V for short. Three classes of rules, all arithmetic modulo V, n inputs:

    - "copy": label = x_c + s, with hidden c and s: log2(n V) bits.
    - "table": label = T[x_1], with a hidden table: V log2 V bits.
    - "sum": label = s + a_1 x_1 + ... + a_n x_n, with hidden s and a: (n + 1) log2 V bits.

    `lessons` of the examples, spread over all segments, teach the rule piece by piece: each can be understood with what
    the ones before it taught. The others are cases drawn at random.

    An item is (kind, label, x_1, ..., x_n): kind 1 is an example, 2 the case of the exam (label 0). Labels and inputs
    are shown one higher, so that 0 means none.

    chance = 1/V: the shift (or the entry of the table) is uniform, and the last segment does not tell it.
    optimum = 1 when the notes have a slot for each piece of the rule: 2 for "copy", V for "table", n + 1 for "sum"; a
    slot holds the piece itself in free notes (`depth` bits for the whole rule), and an example that teaches it in
    pointer notes. With fewer slots, S, it is u + (1 - u)/V, where u = S/V for "table", and u = V^-(n + 1 - S) for "sum"
    and prime V: the best of all players that store pieces of the rule.

    Args:
        cuts: between the first segment and the exam.
        rule: its class.
        inputs: numbers in a case; "copy" has 2 or more.
        values: of labels and inputs, 2 or more.
        examples: in each segment.
    """

    rule: str = "sum"
    inputs: int = 4
    values: int = 2
    examples: int = 3

    name: ClassVar[str] = "Rulebook"

    def __post_init__(self) -> None:
        one_of(RULES, rule=self.rule)
        at_least(2 if self.rule == "copy" else 1, inputs=self.inputs)
        at_least(2, values=self.values)
        at_least(1, examples=self.examples)
        self.check_sizes()

    @property
    def least_cuts(self) -> int:
        return math.ceil(self.lessons / self.examples)

    @property
    def rows(self) -> int:
        return self.examples

    @property
    def highs(self) -> tuple[int, ...]:
        return (EXAM, *[self.values] * (1 + self.inputs))

    @property
    def answers(self) -> int:
        return self.values

    @property
    def lessons(self) -> int:
        """Examples that teach the rule."""
        return self.values if self.rule == "table" else self.inputs + 1

    @property
    def pieces(self) -> int:
        """Numbers that make up the rule."""
        return 2 if self.rule == "copy" else self.lessons

    @property
    def depth(self) -> float:
        """Bits of the rule."""
        if self.rule == "copy":
            return math.log2(self.inputs * self.values)
        return self.pieces * math.log2(self.values)

    @property
    def slots(self) -> int:
        return self.pieces

    @property
    def symbols(self) -> int:
        return max(self.inputs, self.values) if self.rule == "copy" else self.values

    def optimum(self, notes: Notes) -> float:
        if not notes.pointer and notes.symbols < self.symbols:
            raise OptionError(f"symbols={notes.symbols} must be {self.symbols} or more, so that a slot holds a piece")
        missing = max(0, self.pieces - notes.slots)
        if self.rule == "table":
            known = 1 - missing / self.values
        elif missing == 0:
            known = 1.0
        elif self.rule == "copy" or any(self.values % d == 0 for d in range(2, self.values)):
            raise OptionError(
                f"slots={notes.slots} must be {self.pieces} or more for rule={self.rule!r} and these values"
            )
        else:
            known = float(self.values) ** -missing
        return known + (1 - known) / self.values

    def labels(self, seeds: Words, cases: Ints) -> Ints:
        """The labels of cases: (instances, cases, inputs), counted from 0."""
        coefficients = self._coefficients(seeds)
        if self.rule == "table":
            entries: Ints = np.take_along_axis(coefficients, cases[:, :, 0], axis=1)
            return entries
        if self.rule == "copy":
            column = draw(seeds, _COLUMN, self.inputs)
            copied: Ints = np.take_along_axis(cases, column[:, None, None], axis=2)[:, :, 0]
            return (copied + coefficients[:, :1]) % self.values
        summed: Ints = (cases * coefficients[:, None, 1:]).sum(axis=2)
        return (summed + coefficients[:, :1]) % self.values

    def answer(self, seeds: Words, cuts: Ints) -> Ints:
        labels: Ints = self.labels(seeds, self._exam(seeds))[:, 0]
        return labels

    def visible(self, seeds: Words, cuts: Ints, segment: Ints) -> Small:
        cases = draw(
            seeds[:, None, None],
            _FILLER,
            self.values,
            segment[:, None, None],
            np.arange(self.rows * self.inputs).reshape(self.rows, self.inputs),
        )
        lesson, is_lesson = self._lessons(cuts, segment)
        cases = np.where(is_lesson[:, :, None], self._taught(seeds, lesson, cases), cases)
        shown = np.broadcast_to((segment < cuts)[:, None], cases.shape[:2]).copy()
        fields = [EXAMPLE * shown, (self.labels(seeds, cases) + 1) * shown]
        items = np.concatenate([np.stack(fields, axis=2), (cases + 1) * shown[:, :, None]], axis=2).astype(np.int8)
        asking = segment == cuts
        items[asking, 0, 0] = EXAM
        items[asking, 0, 2:] = self._exam(seeds[asking])[:, 0] + 1
        return gather(items, shuffled(seeds, _PLACES, self.rows, segment))

    def _coefficients(self, seeds: Words) -> Ints:
        return draw(seeds[:, None], _COEFFICIENTS, self.values, 0, np.arange(self.lessons))

    def _exam(self, seeds: Words) -> Ints:
        return draw(seeds[:, None, None], _EXAM, self.values, 0, np.arange(self.inputs))

    def _lessons(self, cuts: Ints, segment: Ints) -> tuple[Ints, Flags]:
        """Which lesson each row gives, before rows are shuffled: lesson j comes in segment floor(j cuts / lessons)."""
        first, after = (-(-(segment + more) * self.lessons // cuts) for more in (0, 1))
        lesson = first[:, None] + np.arange(self.rows)
        return lesson, lesson < np.minimum(after, self.lessons)[:, None]

    def _taught(self, seeds: Words, lesson: Ints, drawn: Ints) -> Ints:
        """The cases of these lessons, from cases drawn at random."""
        column = np.arange(self.inputs)
        number = lesson[:, :, None]
        if self.rule == "table":
            return np.where(column == 0, number % self.values, drawn)
        if self.rule == "sum":  # lesson j: input j is 1, those before it are anything, those after it are 0
            return np.where(column + 1 < number, drawn, 1 * (column + 1 == number))
        base = draw(seeds[:, None], _BASE, self.values, 0, lesson)[:, :, None]
        other = 1 + draw(seeds[:, None], _STEP, self.values - 1, 0, lesson)[:, :, None]
        return np.where(column + 1 == number, (base + other) % self.values, base)

"""What the memory games have in common: what is shown, what is asked, and what may be carried over a cut."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from selftrain.envs.memory.draws import MOST_PLACES, Ints, Small, Words, gather
from selftrain.errors import OptionError

HIGHEST = 127  # what an int8 holds
MOST_CUTS = 1 << 20


def at_least(least: int, **arguments: int) -> None:
    """Refuse arguments that are no whole numbers or below `least`.

    Raises:
        OptionError: names the argument, its value and what it may be.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise OptionError(f"{name}={value!r} must be a whole number, {least} or more")


def one_of(known: tuple[str, ...], **arguments: str) -> None:
    """Refuse arguments that are none of the known words.

    Raises:
        OptionError: names the argument, its value and what it may be.
    """
    for name, value in arguments.items():
        if value not in known:
            raise OptionError(f"{name}={value!r} must be {' or '.join(map(repr, known))}")


@dataclass(frozen=True)
class Game(abc.ABC):
    """The physics of a game: pure functions of seeds, without any state.

    An episode has `cuts` + 1 segments, numbered from 0; each shows `rows` items of small whole numbers, and the last
    one asks for the answer. What the agent does changes nothing but its own notes.
    """

    cuts: int = 12

    name: ClassVar[str]

    @property
    def least_cuts(self) -> int:
        """The fewest cuts with which there is a game."""
        return 1

    @property
    @abc.abstractmethod
    def rows(self) -> int:
        """Items in a segment."""

    @property
    @abc.abstractmethod
    def highs(self) -> tuple[int, ...]:
        """The highest value of each field of an item; the first field is the kind, and 0 means that there is none."""

    @property
    @abc.abstractmethod
    def answers(self) -> int:
        """How many answers there are."""

    @property
    def chance(self) -> float:
        """The success of the best player whose notes are wiped at each cut: one of the answers, all alike."""
        return 1 / self.answers

    @property
    @abc.abstractmethod
    def slots(self) -> int:
        """Slots of notes unless told otherwise."""

    @property
    @abc.abstractmethod
    def symbols(self) -> int:
        """Symbols of free notes unless told otherwise."""

    @abc.abstractmethod
    def optimum(self, notes: Notes) -> float:
        """The success of the best player with these notes, by the formula of the class.

        Raises:
            OptionError: with such notes the formula does not hold.
        """

    @abc.abstractmethod
    def visible(self, seeds: Words, cuts: Ints, segment: Ints) -> Small:
        """The items of these segments of these instances: (instances, rows, fields)."""

    @abc.abstractmethod
    def answer(self, seeds: Words, cuts: Ints) -> Ints:
        """The right answers, counted from 0."""

    def check_cuts(self, cuts: Ints) -> None:
        """Refuse numbers of cuts with which there is no game.

        Raises:
            OptionError: names the value and what it may be.
        """
        wrong = cuts[(cuts < self.least_cuts) | (cuts > MOST_CUTS)]
        if wrong.size:
            raise OptionError(f"cuts={wrong[0]} must be {self.least_cuts} or more, and at most {MOST_CUTS}")

    def check_sizes(self) -> None:
        """Refuse a game whose items do not fit the arrays that show them.

        Raises:
            OptionError: says what is too many.
        """
        at_least(self.least_cuts, cuts=self.cuts)
        self.check_cuts(np.array([self.cuts]))
        if max(*self.highs, self.answers) > HIGHEST:
            raise OptionError(f"{self} has values above {HIGHEST}, which fit no int8: ask for fewer of each")
        if self.rows > MOST_PLACES:
            raise OptionError(f"{self} has {self.rows} items in a segment; at most {MOST_PLACES} can be shown")


@dataclass(frozen=True)
class Notes:
    """What can be carried over a cut.

    Args:
        kind: "pointer": each slot carries one item, visible or carried before, chosen by its row. "free": each slot
            carries a symbol from 1 to `symbols`, or 0, which mean what the player makes of them.
        slots: how many.
        symbols: of free notes.
    """

    kind: str
    slots: int
    symbols: int

    def __post_init__(self) -> None:
        one_of(("pointer", "free"), notes=self.kind)
        at_least(1, slots=self.slots, symbols=self.symbols)
        if self.symbols > HIGHEST:
            raise OptionError(f"symbols={self.symbols} must be at most {HIGHEST}")

    @property
    def pointer(self) -> bool:
        """Whether slots carry items."""
        return self.kind == "pointer"

    def bits(self, game: Game) -> float:
        """How much the notes can hold, at most."""
        states = 1 + math.prod(game.highs[1:]) if self.pointer else 1 + self.symbols
        return self.slots * math.log2(states)

    def choices(self, game: Game) -> int:
        """Choices that an action has for each slot; the last one of a pointer is to carry nothing."""
        return game.rows + self.slots + 1 if self.pointer else self.symbols + 1

    def empty(self, game: Game, count: int) -> Small:
        """The notes with which `count` episodes begin."""
        shape = (count, self.slots, len(game.highs)) if self.pointer else (count, self.slots)
        return np.zeros(shape, np.int8)

    def carry(self, game: Game, visible: Small, notes: Small, choices: Ints) -> Small:
        """The notes after a cut."""
        if not self.pointer:
            return choices.astype(np.int8)
        nothing = np.zeros((len(visible), 1, len(game.highs)), np.int8)
        at_hand = np.concatenate([visible, notes, nothing], axis=1)
        return gather(at_hand, choices)

"""Courier: an order is seen once, and later the parcel that it means, among others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from selftrain.envs.memory.draws import Ints, Small, Words, draw, gather, shuffled
from selftrain.envs.memory.game import Game, Notes, at_least
from selftrain.errors import OptionError

ORDER, PARCEL = 1, 2
_WANTED, _VALUE, _DECOY_COLOUR, _DECOY_VALUE, _PLACES = range(5)


@dataclass(frozen=True)
class Courier(Game):
    """Remember which parcel is ordered, then what is written on it, over many cuts.

    The first segment shows an order: a colour. `delay` cuts later (or in the last segment before the question, if
    that comes first) the one parcel of that colour is shown, with its value. Every segment also shows `decoys` parcels
    of other colours. The last segment asks for the value of the parcel that was ordered.

    An item is (kind, colour, value): kind 1 is an order (value 0), 2 a parcel; colours and values count from 1.

    chance = 1/values: the value is uniform, and independent of all that the last segment shows.
    optimum = 1, by carrying the order until the parcel is seen and the parcel from there on. Pointer notes need 1 slot;
    free notes 1 slot of `colours` + `values` symbols, or 2 slots of max(colours, values).

    Args:
        cuts: between the first segment and the question.
        colours: of parcels, 2 or more.
        values: that a parcel can have, 2 or more.
        decoys: parcels of other colours in each segment.
        delay: cuts between the order and the parcel.
        order_visible: show the order in every segment and the parcel in the last one, too, so that no note is needed:
            a control in which wiped notes cost nothing.
    """

    colours: int = 3
    values: int = 4
    decoys: int = 2
    delay: int = 1
    order_visible: bool = False

    name: ClassVar[str] = "Courier"

    def __post_init__(self) -> None:
        at_least(2, colours=self.colours, values=self.values)
        at_least(0, decoys=self.decoys, delay=self.delay)
        self.check_sizes()

    @property
    def rows(self) -> int:
        return self.decoys + 2

    @property
    def highs(self) -> tuple[int, ...]:
        return (PARCEL, self.colours, self.values)

    @property
    def answers(self) -> int:
        return self.values

    @property
    def slots(self) -> int:
        return 2

    @property
    def symbols(self) -> int:
        return max(self.colours, self.values)

    def optimum(self, notes: Notes) -> float:
        needed = self.colours + self.values if notes.slots == 1 else self.symbols
        if not notes.pointer and notes.symbols < needed:
            raise OptionError(
                f"symbols={notes.symbols} with slots={notes.slots} hold neither colour nor value: {needed} are needed"
            )
        return 1.0

    def wanted(self, seeds: Words) -> Ints:
        """The colour that is ordered, from 1."""
        return draw(seeds, _WANTED, self.colours) + 1

    def answer(self, seeds: Words, cuts: Ints) -> Ints:
        return draw(seeds, _VALUE, self.values)

    def visible(self, seeds: Words, cuts: Ints, segment: Ints) -> Small:
        items = np.zeros((len(seeds), self.rows, 3), np.int8)
        wanted = self.wanted(seeds)
        ordering = (segment == 0) | self.order_visible
        items[:, 0, 0], items[:, 0, 1] = ORDER * ordering, wanted * ordering
        arriving = segment == np.minimum(self.delay, cuts - 1)
        arriving |= (segment == cuts) & self.order_visible
        items[:, 1, 0], items[:, 1, 1] = PARCEL * arriving, wanted * arriving
        items[:, 1, 2] = (self.answer(seeds, cuts) + 1) * arriving
        places, at = np.arange(self.decoys), segment[:, None]
        other = draw(seeds[:, None], _DECOY_COLOUR, self.colours - 1, at, places)
        items[:, 2:, 0] = PARCEL
        items[:, 2:, 1] = (wanted[:, None] + other) % self.colours + 1
        items[:, 2:, 2] = draw(seeds[:, None], _DECOY_VALUE, self.values, at, places) + 1
        order = shuffled(seeds, _PLACES, self.rows, segment)
        return gather(items, order)

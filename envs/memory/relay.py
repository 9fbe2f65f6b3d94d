"""Relay: a running product in a group, handed on from segment to segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from selftrain.envs.memory.draws import Ints, Small, Words, draw
from selftrain.envs.memory.game import Game, Notes, at_least
from selftrain.envs.memory.groups import Group, make_group
from selftrain.errors import OptionError

STEP, CHECKPOINT, LEGEND = 1, 2, 3
_RUNNING, _STEPS = range(2)


@dataclass(frozen=True)
class Relay(Game):
    """Multiply elements of a group, some in each segment, and tell the product of all of them at the end.

    Every segment but the last shows `steps` elements; the last one asks for the product of all, in order. Knowing all
    but one of the elements says nothing about the product, so nothing short of a whole solution is ever rewarded.

    An item is (kind, place, element): kind 1 is a step (place: its turn, from 1), 2 a checkpoint, 3 an entry of the
    legend; elements count from 1, which is the identity. Before the first step the product is the identity.

    chance = 1/|G|: the product up to the last cut is uniform, and nothing after it tells of it.
    optimum = 1, by carrying the product so far: log2 |G| bits. Pointer notes carry it as an entry of the legend, which
    shows every element in every segment.

    Args:
        cuts: between the first segment and the question.
        group: "Z5" and the like for numbers modulo 5, "S3" and the like for permutations of 3 things.
        steps: elements in a segment.
        checkpoint_every: show the product so far in every segment of such a number, the first and the last apart; 0
            never. The product after the last checkpoint still has to be carried.
        legend: show the legend; free notes do without.
    """

    group: str = "Z5"
    steps: int = 2
    checkpoint_every: int = 0
    legend: bool = True

    name: ClassVar[str] = "Relay"

    def __post_init__(self) -> None:
        at_least(1, steps=self.steps)
        at_least(0, checkpoint_every=self.checkpoint_every)
        self.check_sizes()

    @property
    def elements(self) -> Group:
        """The group."""
        return make_group(self.group)

    @property
    def rows(self) -> int:
        return self.steps + 1 + len(self.elements) * self.legend

    @property
    def highs(self) -> tuple[int, ...]:
        return (LEGEND, self.steps, len(self.elements))

    @property
    def answers(self) -> int:
        return len(self.elements)

    @property
    def slots(self) -> int:
        return 1

    @property
    def symbols(self) -> int:
        return len(self.elements) - 1

    def optimum(self, notes: Notes) -> float:
        if notes.pointer and not self.legend:
            raise OptionError("legend=False leaves pointer notes nothing to carry the product in: use notes='free'")
        if not notes.pointer and (notes.symbols + 1) ** notes.slots < len(self.elements):
            raise OptionError(
                f"symbols={notes.symbols} with slots={notes.slots} cannot tell {len(self.elements)} elements apart: "
                f"symbols={self.symbols} can"
            )
        return 1.0

    def running(self, seeds: Words, segment: Ints) -> Ints:
        """The product of all that was shown before these segments."""
        return draw(seeds, _RUNNING, len(self.elements), segment) * (segment > 0)

    def answer(self, seeds: Words, cuts: Ints) -> Ints:
        return self.running(seeds, cuts)

    def factors(self, seeds: Words, segment: Ints) -> Ints:
        """The steps of these segments, each uniform and independent of the others.

        The products are drawn, and the last step of a segment leads from one to the next, so that no segment has to
        be computed from those before it.
        """
        group = self.elements
        found = draw(seeds[:, None], _STEPS, len(group), segment[:, None], np.arange(self.steps))
        reached = self.running(seeds, segment)
        for place in range(self.steps - 1):
            reached = group.table[reached, found[:, place]]
        found[:, -1] = group.table[group.inverse[reached], self.running(seeds, segment + 1)]
        return found

    def visible(self, seeds: Words, cuts: Ints, segment: Ints) -> Small:
        items = np.zeros((len(seeds), self.rows, 3), np.int8)
        going = (segment < cuts)[:, None]
        items[:, : self.steps, 0] = STEP * going
        items[:, : self.steps, 1] = np.arange(1, self.steps + 1) * going
        items[:, : self.steps, 2] = (self.factors(seeds, segment) + 1) * going
        if self.checkpoint_every:
            shown = (segment > 0) & (segment < cuts) & (segment % self.checkpoint_every == 0)
            items[:, self.steps, 0] = CHECKPOINT * shown
            items[:, self.steps, 2] = (self.running(seeds, segment) + 1) * shown
        if self.legend:
            items[:, self.steps + 1 :, 0] = LEGEND
            items[:, self.steps + 1 :, 2] = np.arange(1, len(self.elements) + 1)
        return items

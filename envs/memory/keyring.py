"""KeyRing: registers that are overwritten again and again, and too few slots for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from selftrain.envs.memory.bounds import recall_ceiling
from selftrain.envs.memory.draws import Flags, Ints, Small, Words, draw, shuffled
from selftrain.envs.memory.game import Game, Notes, at_least
from selftrain.errors import OptionError

WRITE, QUERY = 1, 2
_RANKS, _ASKED, _WHICH, _VALUES = range(4)


@dataclass(frozen=True)
class KeyRing(Game):
    """Keep the latest values of those registers that are most likely to be asked for.

    The first segment writes all registers, each later one overwrites `updates` of them, and the last one asks for the
    present value of one register. Each register has a rank, which is told whenever it is written: the register of rank
    r (from 1) is asked for with probability p_r in proportion to (registers + 1 - r) ** `skew`.

    An item is (kind, register, rank, value): kind 1 writes, 2 asks (value 0); all count from 1.

    chance = 1/values: a value is uniform, and independent of all that the last segment shows.
    optimum = P + (1 - P) / values, where P = p_1 + ... + p_S for S slots, or 1 when S is `registers` or more: the best
    of all players that store, by keeping the registers of the first S ranks. A player that *codes*, and lets what it
    keeps tell of values that it does not keep, may do better; `ceiling` is what nobody exceeds (Fano's inequality).

    Args:
        cuts: between the first segment and the question.
        registers: how many, 2 or more.
        values: that a register can have, 2 or more.
        updates: registers that are overwritten in a segment.
        skew: 0 asks for all registers alike, more asks mostly for those of the first ranks.
    """

    registers: int = 4
    values: int = 4
    updates: int = 2
    skew: int = 1

    name: ClassVar[str] = "KeyRing"

    def __post_init__(self) -> None:
        at_least(2, registers=self.registers, values=self.values)
        at_least(0, updates=self.updates, skew=self.skew)
        if self.updates > self.registers:
            raise OptionError(f"updates={self.updates} must be at most registers={self.registers}")
        if sum(self.weights) >= 1 << 31:
            raise OptionError(
                f"skew={self.skew} with registers={self.registers} is too steep to draw from: ask for less"
            )
        self.check_sizes()

    @property
    def rows(self) -> int:
        return self.registers

    @property
    def highs(self) -> tuple[int, ...]:
        return (QUERY, self.registers, self.registers, self.values)

    @property
    def answers(self) -> int:
        return self.values

    @property
    def slots(self) -> int:
        return 2

    @property
    def symbols(self) -> int:
        return self.values

    @property
    def weights(self) -> tuple[int, ...]:
        """How often the register of each rank is asked for, in proportion."""
        return tuple((self.registers - rank) ** self.skew for rank in range(self.registers))

    def optimum(self, notes: Notes) -> float:
        if not notes.pointer and notes.symbols < self.values:
            raise OptionError(f"symbols={notes.symbols} must be {self.values} or more, so that a slot holds a value")
        kept = sum(self.weights[: notes.slots]) / sum(self.weights)
        return kept + (1 - kept) / self.values

    def ceiling(self, notes: Notes) -> float:
        """What no player with these notes exceeds, whatever it makes of them."""
        states = self.registers * self.values if notes.pointer else notes.symbols
        total = sum(self.weights)
        return recall_ceiling([w / total for w in self.weights], self.values, notes.slots * np.log2(1 + states))

    def ranks(self, seeds: Words) -> Ints:
        """The rank of each register, from 0."""
        return shuffled(seeds, _RANKS, self.registers)

    def asked(self, seeds: Words) -> Ints:
        """The register that will be asked for, from 0."""
        drawn = draw(seeds, _ASKED, sum(self.weights))
        rank = np.searchsorted(np.cumsum(self.weights), drawn, side="right")
        register: Ints = np.argmax(self.ranks(seeds) == rank[:, None], axis=1)
        return register

    def answer(self, seeds: Words, cuts: Ints) -> Ints:
        asked = self.asked(seeds)
        found = np.full(len(seeds), -1, np.int64)
        for back in range(1, int(cuts.max()) + 1):
            segment = cuts - back
            open_ = np.flatnonzero((found < 0) & (segment >= 0))
            if not open_.size:
                break
            at = segment[open_]
            values, written = self._written(seeds[open_], at)
            place = np.arange(len(open_)), asked[open_]
            found[open_] = np.where(written[place], values[place], -1)
        return found

    def visible(self, seeds: Words, cuts: Ints, segment: Ints) -> Small:
        asking = segment == cuts
        values, written = self._written(seeds, segment)
        registers, ranks = np.arange(self.registers), self.ranks(seeds)
        is_asked = asking[:, None] & (registers == self.asked(seeds)[:, None])
        written &= ~asking[:, None]
        shown = written | is_asked
        kinds = np.where(is_asked, QUERY, WRITE)
        fields = (kinds, np.broadcast_to(registers + 1, kinds.shape), ranks + 1, (values + 1) * written)
        items: Small = (np.stack(fields, axis=2) * shown[:, :, None]).astype(np.int8)
        return items

    def _written(self, seeds: Words, segment: Ints) -> tuple[Ints, Flags]:
        """What a segment would write into each register, and whether it does."""
        registers = np.arange(self.registers)
        values = draw(seeds[:, None], _VALUES, self.values, segment[:, None], registers)
        turn = shuffled(seeds, _WHICH, self.registers, segment)
        return values, (turn < self.updates) | (segment == 0)[:, None]

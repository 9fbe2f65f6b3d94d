"""Reference players that reach the optimum; each is a pure function of what it sees and what it carried.

A player thinks in items. `keep` says which of them to carry: as they were shown, for pointer notes, and in the same
form for notes in words. Free notes hold what `write` makes of them, and `read` makes it items again.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from selftrain.envs.memory import courier, keyring, relay, rulebook
from selftrain.envs.memory.courier import Courier
from selftrain.envs.memory.draws import Ints, Small
from selftrain.envs.memory.game import Game, Notes
from selftrain.envs.memory.keyring import KeyRing
from selftrain.envs.memory.relay import Relay
from selftrain.envs.memory.rulebook import Rulebook

Item = tuple[int, ...]
_Game = TypeVar("_Game", bound=Game)
_UNLIMITED = 1 << 30


class Player(abc.ABC, Generic[_Game]):
    """Plays a game from observations alone.

    Args:
        game: which.
        notes: what can be carried; None is no limit, for notes in words.
    """

    def __init__(self, game: _Game, notes: Notes | None = None) -> None:
        self.game, self.notes = game, notes
        self.slots = notes.slots if notes else _UNLIMITED

    @abc.abstractmethod
    def keep(self, seen: Sequence[Item], carried: Sequence[Item]) -> list[Item]:
        """The items to carry, at most `slots`."""

    @abc.abstractmethod
    def reply(self, seen: Sequence[Item], carried: Sequence[Item]) -> int:
        """The answer in the last segment; 0 when nothing is known."""

    @abc.abstractmethod
    def write(self, kept: Sequence[Item]) -> list[int]:
        """Free notes of these items, one symbol for each slot."""

    @abc.abstractmethod
    def read(self, symbols: Sequence[int]) -> list[Item]:
        """The items that free notes stand for."""

    def act(self, observation: Mapping[str, Small]) -> Ints:
        """The action of the numeric view."""
        notes = self.notes or Notes("pointer", self.game.slots, 1)
        seen = _items(observation["visible"])
        if notes.pointer:
            carried = _items(observation["notes"])
            at_hand = [tuple(row) for part in ("visible", "notes") for row in observation[part].tolist()]
            choices = [at_hand.index(item) for item in self.keep(seen, carried)]
            choices += [len(at_hand)] * (notes.slots - len(choices))
        else:
            carried = self.read(observation["notes"].tolist())
            choices = self.write(self.keep(seen, carried))
        reply = self.reply(seen, carried) if observation["clock"][1] else 0
        return np.array([*choices, reply])


class CourierPlayer(Player[Courier]):
    """Carries the order until it sees the parcel, and then the parcel."""

    def keep(self, seen: Sequence[Item], carried: Sequence[Item]) -> list[Item]:
        if parcels := [item for item in carried if item[0] == courier.PARCEL]:
            return parcels[:1]
        orders = [item for item in (*seen, *carried) if item[0] == courier.ORDER]
        wanted = {item[1] for item in orders}
        parcels = [item for item in seen if item[0] == courier.PARCEL and item[1] in wanted]
        return (parcels or orders)[:1]

    def reply(self, seen: Sequence[Item], carried: Sequence[Item]) -> int:
        return next((item[2] - 1 for item in self.keep(seen, carried) if item[0] == courier.PARCEL), 0)

    def write(self, kept: Sequence[Item]) -> list[int]:
        if not kept:
            return [0] * self.slots
        kind, colour, value = kept[0]
        if self.slots == 1:
            return [colour if kind == courier.ORDER else self.game.colours + value]
        return [colour * (kind == courier.ORDER), value] + [0] * (self.slots - 2)

    def read(self, symbols: Sequence[int]) -> list[Item]:
        colour, value = symbols[0], symbols[1] if self.slots > 1 else 0
        if colour > self.game.colours and self.slots == 1:
            colour, value = 0, colour - self.game.colours
        if value:
            return [(courier.PARCEL, colour, value)]
        return [(courier.ORDER, colour, 0)] if colour else []


class KeyRingPlayer(Player[KeyRing]):
    """Carries the latest values of the registers of the first ranks; a slot of free notes belongs to a rank."""

    def keep(self, seen: Sequence[Item], carried: Sequence[Item]) -> list[Item]:
        latest = {item[2]: item for item in (*carried, *seen) if item[0] == keyring.WRITE}
        return [latest[rank] for rank in sorted(latest)][: self.slots]

    def reply(self, seen: Sequence[Item], carried: Sequence[Item]) -> int:
        asked = next((item[2] for item in seen if item[0] == keyring.QUERY), 0)
        return next((item[3] - 1 for item in carried if item[2] == asked), 0)

    def write(self, kept: Sequence[Item]) -> list[int]:
        values = {item[2]: item[3] for item in kept}
        return [values.get(slot + 1, 0) for slot in range(self.slots)]

    def read(self, symbols: Sequence[int]) -> list[Item]:
        return [(keyring.WRITE, 0, slot + 1, value) for slot, value in enumerate(symbols) if value]


class RelayPlayer(Player[Relay]):
    """Carries the product so far, as an entry of the legend or in digits."""

    def keep(self, seen: Sequence[Item], carried: Sequence[Item]) -> list[Item]:
        table = self.game.elements.table
        known = [item for item in seen if item[0] == relay.CHECKPOINT] or carried
        product = known[0][2] - 1 if known else 0
        for _, _, element in sorted(item for item in seen if item[0] == relay.STEP):
            product = int(table[product, element - 1])
        return [(relay.LEGEND, 0, product + 1)]

    def reply(self, seen: Sequence[Item], carried: Sequence[Item]) -> int:
        return self.keep(seen, carried)[0][2] - 1

    def write(self, kept: Sequence[Item]) -> list[int]:
        left, base = kept[0][2] - 1, self._base
        return [left // base**slot % base for slot in range(self.slots)]

    def read(self, symbols: Sequence[int]) -> list[Item]:
        product = sum(symbol * self._base**slot for slot, symbol in enumerate(symbols))
        return [(relay.LEGEND, 0, min(product, len(self.game.elements) - 1) + 1)]

    @property
    def _base(self) -> int:
        return (self.notes.symbols if self.notes else self.game.symbols) + 1


class RulebookPlayer(Player[Rulebook]):
    """Understands one piece of the rule after the other.

    Pointer notes carry the examples that taught a piece. Free notes, and notes in words, carry the pieces themselves,
    as items (0, number of the piece from 0, value from 1).
    """

    def keep(self, seen: Sequence[Item], carried: Sequence[Item]) -> list[Item]:
        known, teachers = self._study(seen, carried)
        if self.notes and self.notes.pointer:
            return teachers[: self.slots]
        return [(0, piece, value + 1) for piece, value in sorted(known.items()) if piece < self.slots]

    def reply(self, seen: Sequence[Item], carried: Sequence[Item]) -> int:
        known, _ = self._study((), carried)
        cases = [_case(item) for item in seen if item[0] == rulebook.EXAM]
        if not cases:
            return 0
        case, values = cases[0], self.game.values
        if self.game.rule == "table":
            return known.get(case[0], 0)
        if self.game.rule == "copy":
            return (case[known.get(1, 0)] + known.get(0, 0)) % values
        return (known.get(0, 0) + sum(known.get(i + 1, 0) * x for i, x in enumerate(case))) % values

    def write(self, kept: Sequence[Item]) -> list[int]:
        values = {piece: value for _, piece, value in kept}
        return [values.get(slot, 0) for slot in range(self.slots)]

    def read(self, symbols: Sequence[int]) -> list[Item]:
        return [(0, piece, value) for piece, value in enumerate(symbols) if value]

    def _study(self, seen: Sequence[Item], carried: Sequence[Item]) -> tuple[dict[int, int], list[Item]]:
        """The pieces that can be understood, and the examples that taught them."""
        known = {item[1]: item[2] - 1 for item in carried if item[0] == 0}
        examples = [item for item in (*carried, *seen) if item[0] == rulebook.EXAMPLE]
        teachers: list[Item] = []
        while lesson := self._lesson(examples, known):
            teacher, piece, value = lesson
            known[piece] = value
            teachers.append(teacher)
        return known, teachers

    def _lesson(self, examples: Iterable[Item], known: Mapping[int, int]) -> tuple[Item, int, int] | None:
        for example in examples:
            for piece, value in self._taught(_case(example), example[1] - 1, known):
                if piece not in known:
                    return example, piece, value
        return None

    def _taught(self, case: Item, label: int, known: Mapping[int, int]) -> Iterable[tuple[int, int]]:
        values = self.game.values
        if self.game.rule == "table":
            return [(case[0], label)]
        if self.game.rule == "copy":
            if 0 not in known:
                return [(0, (label - case[0]) % values)] if len(set(case)) == 1 else []
            same = [i for i, x in enumerate(case) if (x + known[0]) % values == label]
            return [(1, same[0])] if len(same) == 1 else []
        missing = [i for i, x in enumerate((1, *case)) if x and i not in known]
        if len(missing) != 1 or (1, *case)[missing[0]] != 1:
            return []
        explained = sum(known[i] * x for i, x in enumerate((1, *case)) if x and i in known)
        return [(missing[0], (label - explained) % values)]


def make_player(game: Game, notes: Notes | None = None) -> Player[Any]:
    """The reference player of a game."""
    players: dict[type[Game], type[Player[Any]]] = {
        Courier: CourierPlayer,
        KeyRing: KeyRingPlayer,
        Relay: RelayPlayer,
        Rulebook: RulebookPlayer,
    }
    return players[type(game)](game, notes)


def _items(rows: Small) -> list[Item]:
    return [tuple(row) for row in rows.tolist() if row[0]]


def _case(item: Item) -> Item:
    return tuple(x - 1 for x in item[2:])

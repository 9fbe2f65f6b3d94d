"""The games told in words: what the player is told, how items read, and how answers are written."""

from __future__ import annotations

import abc
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from selftrain.envs.memory import courier, keyring, relay, rulebook
from selftrain.envs.memory.courier import Courier
from selftrain.envs.memory.game import Game
from selftrain.envs.memory.keyring import KeyRing
from selftrain.envs.memory.phrases import Phrases, name_of, number_of
from selftrain.envs.memory.players import Item
from selftrain.envs.memory.relay import Relay
from selftrain.envs.memory.rulebook import Rulebook

COLOURS = ("red", "green", "blue", "yellow", "white", "black", "brown", "orange", "purple", "pink", "grey", "golden")
DOORS = ("north", "south", "east", "west", "garden", "cellar", "attic", "harbour", "tower", "bakery", "chapel", "mill")
_Game = TypeVar("_Game", bound=Game)


class Story(abc.ABC, Generic[_Game]):
    """A game in words.

    Attributes:
        phrases: kind of item → the sentences for it.
        question: how the last notice asks, unless an item of it does.
    """

    phrases: ClassVar[Mapping[int, Phrases]]
    question: ClassVar[str] = ""

    def __init__(self, game: _Game) -> None:
        self.game = game

    @abc.abstractmethod
    def rules(self) -> str:
        """What the player is told at the beginning: nothing of the instance."""

    @abc.abstractmethod
    def words(self, item: Item) -> dict[str, str]:
        """The words for the blanks of an item's sentences."""

    @abc.abstractmethod
    def item(self, kind: int, words: Mapping[str, str]) -> Item:
        """The item that these words stand for."""

    def reply(self, number: int) -> str:
        """How an answer, counted from 0, is written."""
        return str(number + 1)

    def sentence(self, item: Item, variant: int = 0) -> str:
        """An item in words."""
        return self.phrases[item[0]].say(variant, self.words(item))

    def items(self, text: str) -> list[Item]:
        """The items that a text tells of, line by line."""
        found = []
        for line in text.splitlines():
            for kind, phrases in self.phrases.items():
                if (words := phrases.read(line.strip())) is not None:
                    found.append(self.item(kind, words))
        return found

    def number(self, reply: str) -> int | None:
        """The answer that was written, counted from 0, or None when it is none of the answers."""
        return self._numbers.get(_plain(reply))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {_plain(self.reply(number)): number for number in range(self.game.answers)}


class CourierStory(Story[Courier]):
    """Parcels with a colour and a number."""

    phrases = {
        courier.ORDER: Phrases(
            (
                "The customer is waiting for the {colour} parcel.",
                "It was the {colour} parcel that was ordered.",
                "Order of today: bring the {colour} parcel.",
            )
        ),
        courier.PARCEL: Phrases(
            (
                "A {colour} parcel came in with the number {value} on it.",
                "Number {value} is written on a {colour} parcel.",
                "There is a {colour} parcel on the shelf, number {value}.",
            )
        ),
    }
    question = "What is the number of the parcel that was ordered?"

    def rules(self) -> str:
        return (
            "You work at a parcel desk. One notice says which colour of parcel is ordered. In the same notice or in a "
            f"later one, the one parcel of that colour comes in, with a number from 1 to {self.game.values}. Parcels "
            "of other colours come in all the time. The last notice asks for the number of the parcel that was ordered."
        )

    def words(self, item: Item) -> dict[str, str]:
        return {"colour": name_of(COLOURS, item[1]), "value": str(item[2])}

    def item(self, kind: int, words: Mapping[str, str]) -> Item:
        return (kind, number_of(COLOURS, words["colour"]), int(words.get("value", 0)))


class KeyRingStory(Story[KeyRing]):
    """Doors whose codes change."""

    phrases = {
        keyring.WRITE: Phrases(
            (
                "The code of the {door} door (priority {rank}) is now {value}.",
                "From now on, {value} opens the {door} door (priority {rank}).",
                "The {door} door (priority {rank}) was set to code {value}.",
            )
        ),
        keyring.QUERY: Phrases(("Which code opens the {door} door (priority {rank}) now?",)),
    }

    def rules(self) -> str:
        weights = self.game.weights
        shares = ", ".join(f"{weight} times for priority {rank}" for rank, weight in enumerate(weights, 1))
        return (
            f"You look after {self.game.registers} doors. Notices tell their codes, from 1 to {self.game.values}, and "
            "codes change: the latest one counts. The last notice asks for the present code of one door. Out of "
            f"{sum(weights)} times it asks {shares}."
        )

    def words(self, item: Item) -> dict[str, str]:
        return {"door": name_of(DOORS, item[1]), "rank": str(item[2]), "value": str(item[3])}

    def item(self, kind: int, words: Mapping[str, str]) -> Item:
        return (kind, number_of(DOORS, words["door"]), int(words["rank"]), int(words.get("value", 0)))


class RelayStory(Story[Relay]):
    """A dial that is turned, or cups that are put in another order."""

    phrases = {
        relay.STEP: Phrases(
            ("Step {place}: {element}.", "Step {place} is {element}.", "What comes as step {place} is {element}.")
        ),
        relay.CHECKPOINT: Phrases(("Before these steps, all steps so far come to {element}.",)),
        relay.LEGEND: Phrases(("All steps so far come to {element}.",)),
    }
    question = "What do all steps of all notices, in their order, come to?"

    def rules(self) -> str:
        group, last = self.game.elements, len(self.game.elements) - 1
        if group.cyclic:
            return (
                f"There is a dial with the positions 0 to {last}, at 0 now. A step such as `2` turns it forward by 2; "
                f"behind {last} comes 0. The last notice asks where it stands."
            )
        return (
            f"There are cups in the order {_order(group.elements[0])}. A step such as `{_order(group.elements[-2])}` "
            "puts them in a new order: each number is the place from which the cup now standing there was taken. The "
            "last notice asks for the order that all steps together come to."
        )

    def reply(self, number: int) -> str:
        element = self.game.elements.elements[number]
        return str(element[0]) if self.game.elements.cyclic else _order(element)

    def words(self, item: Item) -> dict[str, str]:
        return {"place": str(item[1]), "element": self.reply(item[2] - 1)}

    def item(self, kind: int, words: Mapping[str, str]) -> Item:
        return (kind, int(words.get("place", 0)), (self.number(words["element"]) or 0) + 1)


class RulebookStory(Story[Rulebook]):
    """Cases and verdicts."""

    phrases = {
        rulebook.EXAMPLE: Phrases(
            (
                "Case {case} got the verdict {label}.",
                "The verdict on case {case} was {label}.",
                "For case {case}, the verdict is {label}.",
            )
        ),
        rulebook.EXAM: Phrases(("What is the verdict on case {case}?",)),
    }

    def rules(self) -> str:
        game, last = self.game, self.game.values - 1
        classes = {
            "copy": "one number of the case, always at the same place, plus a fixed number",
            "table": "what a fixed table has for the first number of the case",
            "sum": "a fixed number, plus the numbers of the case, each times a fixed number of its own",
        }
        return (
            f"Cases are {game.inputs} numbers from 0 to {last}, and a verdict is such a number, too. The verdict is "
            f"{classes[game.rule]}; everything is taken modulo {game.values}. What is fixed is hidden: find it from "
            "the cases in the notices. The last notice asks for the verdict on a case."
        )

    def reply(self, number: int) -> str:
        return str(number)

    def words(self, item: Item) -> dict[str, str]:
        return {"label": str(item[1] - 1), "case": "-".join(str(x - 1) for x in item[2:])}

    def item(self, kind: int, words: Mapping[str, str]) -> Item:
        return (kind, int(words.get("label", -1)) + 1, *(int(x) + 1 for x in words["case"].split("-")))


def make_story(game: Game) -> Story[Any]:
    """The game in words."""
    stories: dict[type[Game], type[Story[Any]]] = {
        Courier: CourierStory,
        KeyRing: KeyRingStory,
        Relay: RelayStory,
        Rulebook: RulebookStory,
    }
    return stories[type(game)](game)


def _order(element: tuple[int, ...]) -> str:
    return " ".join(str(i + 1) for i in element)


def _plain(reply: str) -> str:
    return " ".join(re.findall(r"\w+", reply.lower()))

"""The tree that an answer is read into, and the two ways in which reading can end without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


class NotReadError(Exception):
    """The text is not one answer in the grammar; the message names the class of the reason."""


class TooLargeError(NotReadError):
    """The answer asks for more digits, depth or terms than the bounds allow."""


@dataclass(frozen=True, slots=True)
class Node:
    """One part of an answer.

    Attributes:
        head: what it is: number, symbol, constant, add, mul, div, pow, neg, root, factorial, binomial, call, percent,
            quantity, tuple, set, list, interval, array, union, ratio, based, matrix, row, relation, member; latex is
            a known answer beyond the grammar.
        args: its parts.
        value: the number, the name, the brackets or the relation signs; "" where the head says it all.
    """

    head: str
    args: tuple[Node, ...] = ()
    value: Fraction | str = ""

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for part in self.args:
            yield from part.walk()


def number(value: Fraction | int) -> Node:
    """A rational number as a node."""
    return Node("number", value=Fraction(value))

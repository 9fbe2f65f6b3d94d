"""Small groups, as tables: the whole numbers modulo m, and the permutations of n things."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from selftrain.envs.memory.draws import Ints
from selftrain.errors import OptionError

MOST_ELEMENTS = 120
_NAME = re.compile(r"([ZS])(\d+)")


@dataclass(frozen=True)
class Group:
    """A group of elements numbered from 0, which is the identity.

    Attributes:
        name: "Z5" and the like, or "S3" and the like.
        elements: a number (i,), or the permutation as the places that the things come from, from 0.
    """

    name: str
    elements: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.elements)

    @property
    def cyclic(self) -> bool:
        """Whether the elements are numbers."""
        return self.name[0] == "Z"

    @cached_property
    def table(self) -> Ints:
        """`table[a, b]` is a and then b."""
        if self.cyclic:
            numbers = np.arange(len(self))
            return (numbers[:, None] + numbers) % len(self)
        number = {element: i for i, element in enumerate(self.elements)}
        return np.array([[number[tuple(a[i] for i in b)] for b in self.elements] for a in self.elements])

    @cached_property
    def inverse(self) -> Ints:
        """`table[a, inverse[a]]` is the identity."""
        found: Ints = np.argmax(self.table == 0, axis=1)
        return found


@lru_cache
def make_group(name: str) -> Group:
    """The group of this name.

    Raises:
        OptionError: there is none, or it is too large.
    """
    match = _NAME.fullmatch(name)
    size = int(match[2]) if match else 0
    if match and match[1] == "Z" and 2 <= size <= MOST_ELEMENTS:
        return Group(name, tuple((i,) for i in range(size)))
    if match and match[1] == "S" and 2 <= size <= 5:
        return Group(name, tuple(itertools.permutations(range(size))))
    raise OptionError(f"group={name!r} must be 'Z2' to 'Z{MOST_ELEMENTS}' (numbers), or 'S2' to 'S5' (permutations)")

"""Labs: draws of a preparation and a convention. No two splits share a lab.

Two labs may have the same convention, though, in other slides: there are 6, 6, 14, 60 and 248 at levels 1 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from selftrain.envs.lab.cells import CUTS, Cells, Mix, draw_cells
from selftrain.envs.lab.conventions import Convention, Scope
from selftrain.envs.lab.preparation import Preparation, draw_preparation
from selftrain.errors import OptionError, UnknownNameError
from selftrain.tasks import LEVELS, SPLITS, stable_key

# so many that a seed below 2**31, as environments draw them, always names one: a lab has 10,000 days
MOST_LABS = 214_749
# how many traits the labs of a level decide, whether they limit the size, and how many cells have two traits
_TRAITS_OF = (3, 3, 4, 5, 6)
_CUTS_OF = (1, 1, 1, 2, 4)
_SECOND_OF = (0.0, 0.2, 0.3, 0.3, 0.4)


@dataclass(frozen=True)
class Lab:
    """One lab. Equal arguments are the same lab on every machine.

    Args:
        split: "train", "dev" or "test"; their labs are drawn from streams that cannot meet.
        number: of the lab in its split, 0 to `MOST_LABS` - 1.
        level: 1 to 5; how much labs differ, see `scope`.
    """

    split: str
    number: int
    level: int

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS)
        if self.level not in LEVELS:
            raise OptionError(f"level={self.level} must be one of {', '.join(map(str, LEVELS))}")
        if isinstance(self.number, bool) or not isinstance(self.number, int) or not 0 <= self.number < MOST_LABS:
            raise OptionError(f"lab {self.number!r} must be a whole number from 0 to {MOST_LABS - 1}")

    @property
    def name(self) -> str:
        """What it is called in infos and reports, such as "train/3/17"."""
        return f"{self.split}/{self.level}/{self.number}"

    def _rng(self, about: str, *more: int) -> np.random.Generator:
        return np.random.default_rng([stable_key(f"lab {about}"), SPLITS[self.split], self.level, self.number, *more])

    @property
    def scope(self) -> Scope:
        """On what the labs of this level differ."""
        return Scope(tuple(range(_TRAITS_OF[self.level - 1])), CUTS[: _CUTS_OF[self.level - 1]])

    @cached_property
    def convention(self) -> Convention:
        """What it calls a macrophage."""
        all_there_are = self.scope.conventions()
        return all_there_are[int(self._rng("convention").integers(len(all_there_are)))]

    @cached_property
    def preparation(self) -> Preparation:
        """How its slides are made and seen."""
        return draw_preparation(self._rng("preparation"))

    @property
    def mix(self) -> Mix:
        """Of what its slides are full."""
        return Mix(self.scope.traits, second=_SECOND_OF[self.level - 1])

    def cells(self, day: int, count: int, purpose: str = "day") -> Cells:
        """The first `count` cells of a day; each other purpose, such as "exam", draws others."""
        rng = self._rng("cells", stable_key(purpose), day)
        return draw_cells(rng, count, self.mix)


@lru_cache(maxsize=256)
def find_lab(split: str, number: int, level: int) -> Lab:
    """The lab of these arguments, made once."""
    return Lab(split, number, level)

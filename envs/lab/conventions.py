"""What a lab calls a macrophage, and what can be known of it: exact labels, and exact information in bits."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab.cells import CUTS, TRAITS, Bools, Cells, Floats

_NOTHING = 1e-12


@dataclass(frozen=True)
class Convention:
    """The rule of a lab: a macrophage is counted unless it has a trait that the lab leaves out, or is too small.

    Attributes:
        left_out: for each of `TRAITS`, whether a macrophage with it is not called one here.
        least: the diameter in µm below which nothing is counted, one of `CUTS`.
    """

    left_out: tuple[bool, ...]
    least: float

    def labels(self, cells: Cells) -> Bools:
        """Which of the cells this lab calls macrophages."""
        barred = (cells.traits & np.array(self.left_out)).any(axis=1)
        counted: Bools = (cells.kind == 0) & ~barred & (cells.diameter >= self.least)
        return counted


@dataclass(frozen=True)
class Scope:
    """On what the labs of a level may differ.

    Attributes:
        traits: indices into `TRAITS` that each lab decides for itself; macrophages with others do not occur.
        cuts: the limits of size that it chooses among.
    """

    traits: tuple[int, ...]
    cuts: tuple[float, ...] = CUTS[:1]

    def conventions(self) -> list[Convention]:
        """All that there can be, each as likely as the others: at least one trait is left out, and one is not."""
        found = []
        for bits in itertools.product((False, True), repeat=len(self.traits)):
            if len(bits) > 1 and len(set(bits)) == 1:
                continue
            left_out = [False] * len(TRAITS)
            for trait, bit in zip(self.traits, bits, strict=True):
                left_out[trait] = bit
            found += [Convention(tuple(left_out), cut) for cut in self.cuts]
        return found


class Belief:
    """What an ideal observer believes of a lab: a weight for each convention that its scope allows.

    Knows what every cell is, so that nothing is uncertain but the convention: the bound of every learner.
    """

    def __init__(self, scope: Scope) -> None:
        self.conventions = scope.conventions()
        self.weights: Floats = np.full(len(self.conventions), 1 / len(self.conventions))

    @property
    def bits(self) -> float:
        """What is left to learn: the entropy."""
        weights = self.weights[self.weights > _NOTHING]
        return float(-(weights * np.log2(weights)).sum())

    def table(self, cells: Cells) -> Bools:
        """(conventions, cells): the label of each cell under each convention."""
        return np.array([convention.labels(cells) for convention in self.conventions])

    def likely(self, cells: Cells) -> Floats:
        """The probability that each cell is called a macrophage here."""
        found: Floats = self.weights @ self.table(cells)
        return found

    def keep(self, fits: npt.NDArray[np.bool_]) -> float:
        """Rule out the conventions for which `fits` is false; returns the bits that it brought.

        Raises:
            ValueError: none is left.
        """
        before = self.bits
        weights = self.weights * fits
        if not weights.any():
            raise ValueError("no convention of this scope fits what was seen and heard")
        self.weights = weights / weights.sum()
        return before - self.bits

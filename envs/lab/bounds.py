"""How well a lab's cells can be told with so much knowledge of the lab: the lines that results are read against.

Everybody here sees without error what a thing is, so that nothing is uncertain but the lab's convention; what they
expect of it is that of the exact Bayesian observer, `selftrain.envs.lab.conventions.Belief`. A learner that also has
to see can only do worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab.cells import Bools, Cells
from selftrain.envs.lab.conventions import Belief
from selftrain.envs.lab.labs import Lab
from selftrain.errors import OptionError

SHOTS = (1, 2, 5, 10, 20)
CHANCE = 0.5
CEILING = 1.0
_TIE = 1e-4  # far below the smallest difference that so few conventions make, far above that of rounding
_DRAWS = 32  # of labelled cells, over which the accuracy after shots is the mean


@dataclass(frozen=True)
class Bounds:
    """Accuracies on fresh cells of one lab, or their means over labs.

    Attributes:
        chance: of a coin.
        majority: of giving always the answer that is more common in the lab.
        zero_shot: of whom knows all that labs can differ on, and nothing of this one.
        shots: after so many labelled cells of the day, drawn at random: their number → accuracy.
        ceiling: of whom knows the lab's rule.
    """

    chance: float
    majority: float
    zero_shot: float
    shots: Mapping[int, float]
    ceiling: float

    def normalised(self, accuracy: float) -> float:
        """Where an accuracy lies from the zero-shot line, 0.0, to the ceiling, 1.0; NaN where these are the same."""
        room = self.ceiling - self.zero_shot
        return (accuracy - self.zero_shot) / room if room > 0 else math.nan

    def lines(self, *shots: int) -> dict[str, float]:
        """The lines of a plot: name → accuracy, of the shots those after so many labels."""
        after = {f"{number} label{'s' * (number != 1)}": self.shots[number] for number in shots}
        low = {"chance": self.chance, "majority": self.majority, "zero-shot": self.zero_shot}
        return {**low, **after, "rule": self.ceiling}


def expected_accuracy(likely: npt.NDArray[np.floating[Any]], labels: Bools) -> float:
    """Of answering what is more likely, and tossing a coin where both answers are equally likely.

    Args:
        likely: (n,) the probability that each cell is called a macrophage.
        labels: (n,) whether it is.
    """
    sure = np.abs(likely - 0.5) > _TIE
    return float(np.where(sure, (likely > 0.5) == labels, 0.5).mean())


def zero_shot(lab: Lab, cells: Cells) -> float:
    """The accuracy on these cells of whom knows nothing of this lab."""
    return expected_accuracy(Belief(lab.scope).likely(cells), lab.convention.labels(cells))


def lab_bounds(lab: Lab, shots: Sequence[int] = SHOTS, count: int = 1000) -> Bounds:
    """The bounds of one lab, on `count` cells that no day shows. Same arguments, same numbers.

    Raises:
        OptionError: a number of shots below 0, or fewer than one cell.
    """
    if count < 1 or any(number < 0 for number in shots):
        raise OptionError(f"shots={tuple(shots)} must be 0 or more, and count={count} 1 or more")
    cells = lab.cells(0, count, purpose="bounds")
    labels, tables = lab.convention.labels(cells), Belief(lab.scope).table(cells)
    share = float(labels.mean())
    return Bounds(
        chance=CHANCE,
        majority=max(share, 1 - share),
        zero_shot=expected_accuracy(tables.mean(axis=0), labels),
        shots=_after_shots(lab, tables, labels, shots),
        ceiling=CEILING,
    )


def mean_bounds(labs: Sequence[Lab], shots: Sequence[int] = SHOTS, count: int = 1000) -> Bounds:
    """The means of the bounds of several labs.

    Raises:
        OptionError: there are none, or as `lab_bounds`.
    """
    if not labs:
        raise OptionError("bounds need at least one lab")
    found = [lab_bounds(lab, shots, count) for lab in labs]
    return Bounds(
        chance=CHANCE,
        majority=float(np.mean([one.majority for one in found])),
        zero_shot=float(np.mean([one.zero_shot for one in found])),
        shots={number: float(np.mean([one.shots[number] for one in found])) for number in shots},
        ceiling=CEILING,
    )


def _after_shots(lab: Lab, tables: Bools, labels: Bools, shots: Sequence[int]) -> dict[int, float]:
    most = max(shots, default=0)
    support = [lab.cells(day, most, purpose="bounds shots") for day in range(_DRAWS)]
    answers = tables.astype(np.float32)
    found: dict[int, list[float]] = {number: [] for number in shots}
    for cells in support:
        # (conventions, most + 1): whether each convention fits the first 0, 1, 2, ... labels
        fits = np.ones((len(tables), most + 1), np.bool_)
        fits[:, 1:] = Belief(lab.scope).table(cells) == lab.convention.labels(cells)
        fits = np.logical_and.accumulate(fits, axis=1)
        weights = fits / fits.sum(axis=0)
        for number, accuracies in found.items():
            likely = weights[:, number].astype(np.float32) @ answers
            accuracies.append(expected_accuracy(likely, labels))
    return {number: float(np.mean(accuracies)) for number, accuracies in found.items()}

"""What one lab taught is wrong in another, however well the instrument is known: a lab is more than its microscope."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from selftrain.envs.lab.bounds import mean_bounds
from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.envs.lab.measured import measure

LABS, PRACTICE, FRESH = 8, 1000, 500
Predict = Callable[[Cells], npt.NDArray[np.bool_]]


def standardised(cells: Cells) -> npt.NDArray[np.floating]:
    """Measures and their squares, free of any instrument: the best that standardising pictures could come to."""
    measures = measure(cells).astype(float)
    return np.hstack([np.ones((len(measures), 1)), measures, measures**2])


def taught_by(labs: list[Lab]) -> Predict:
    """A linear classifier, by ridge regression on the labels of these labs."""
    pools = [lab.cells(0, PRACTICE) for lab in labs]
    inputs = np.vstack([standardised(cells) for cells in pools])
    labels = np.concatenate([lab.convention.labels(cells) for lab, cells in zip(labs, pools, strict=True)])
    moments = inputs.T @ inputs + 1e-2 * np.eye(inputs.shape[1])
    weights = np.linalg.solve(moments, inputs.T @ np.where(labels, 1.0, -1.0))
    return lambda cells: standardised(cells) @ weights > 0


def accuracy(predict: Predict, lab: Lab) -> float:
    cells = lab.cells(1, FRESH)
    return float((predict(cells) == lab.convention.labels(cells)).mean())


@pytest.mark.parametrize("level", [1, 3, 5])
def test_a_classifier_of_one_lab_falls_in_others_without_any_shift_of_instrument(level: int) -> None:
    labs = [find_lab("test", number, level) for number in range(LABS)]
    taught = [taught_by([lab]) for lab in labs]
    home = [accuracy(predict, lab) for predict, lab in zip(taught, labs, strict=True)]
    away = [accuracy(predict, lab) for n, predict in enumerate(taught) for m, lab in enumerate(labs) if n != m]
    assert min(home) > 0.9
    assert np.mean(home) - np.mean(away) > 0.15 and min(away) < 0.65


@pytest.mark.parametrize("level", [1, 3, 5])
def test_many_other_labs_teach_no_more_than_the_zero_shot_line(level: int) -> None:
    there = [find_lab("test", number, level) for number in range(2 * LABS)]
    predict = taught_by([find_lab("train", number, level) for number in range(4 * LABS)])
    line = mean_bounds(there, shots=(), count=FRESH).zero_shot
    assert np.mean([accuracy(predict, lab) for lab in there]) < line + 0.02

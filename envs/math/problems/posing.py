"""Puts a problem together from its wordings, its answer and the mistakes that it invites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem
from selftrain.envs.math.wording import fraction, pick


def posed(
    rng: np.random.Generator,
    statements: Sequence[str],
    answer: Fraction | int | str,
    data: Mapping[str, Any],
    traps: Sequence[Fraction | int | str] = (),
) -> Problem:
    """A problem in one of its wordings; traps that happen to be the answer, and repeated ones, are left out."""
    right, *wrong = dict.fromkeys(value if isinstance(value, str) else fraction(value) for value in (answer, *traps))
    return Problem(pick(rng, statements), right, data, tuple(wrong))

"""The problem families of sequences."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    sequences_digits,
    sequences_progressions,
    sequences_recurrences,
    sequences_sums,
    sequences_telescoping,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    *sequences_progressions.FAMILIES,
    *sequences_telescoping.FAMILIES,
    *sequences_recurrences.FAMILIES,
    *sequences_sums.FAMILIES,
    *sequences_digits.FAMILIES,
)

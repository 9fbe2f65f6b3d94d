"""The families of combinatorics."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import combinatorics_bars, combinatorics_letters, combinatorics_paths

FAMILIES: tuple[ProblemFamily, ...] = (
    combinatorics_bars.FAMILY,
    combinatorics_paths.FAMILY,
    combinatorics_letters.FAMILY,
)

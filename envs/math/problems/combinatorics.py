"""The families of combinatorics."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    combinatorics_bars,
    combinatorics_colourings,
    combinatorics_committees,
    combinatorics_exclusion,
    combinatorics_letters,
    combinatorics_paths,
    combinatorics_sharing,
    combinatorics_shuffles,
    combinatorics_words,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    combinatorics_bars.FAMILY,
    combinatorics_paths.FAMILY,
    combinatorics_letters.FAMILY,
    combinatorics_exclusion.FAMILY,
    combinatorics_colourings.FAMILY,
    combinatorics_words.FAMILY,
    combinatorics_committees.FAMILY,
    combinatorics_sharing.FAMILY,
    combinatorics_shuffles.FAMILY,
)

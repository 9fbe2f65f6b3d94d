"""The families of number theory."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    number_theory_common,
    number_theory_congruences,
    number_theory_divisors,
    number_theory_powers,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    number_theory_divisors.FAMILY,
    number_theory_common.FAMILY,
    number_theory_congruences.FAMILY,
    number_theory_powers.FAMILY,
)

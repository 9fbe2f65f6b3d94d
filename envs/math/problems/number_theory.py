"""The families of number theory."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    number_theory_common,
    number_theory_congruences,
    number_theory_decimals,
    number_theory_digits,
    number_theory_divisors,
    number_theory_equations,
    number_theory_factorials,
    number_theory_powers,
    number_theory_squares,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    number_theory_divisors.FAMILY,
    number_theory_common.FAMILY,
    number_theory_congruences.FAMILY,
    number_theory_powers.FAMILY,
    number_theory_equations.FAMILY,
    number_theory_digits.FAMILY,
    number_theory_decimals.FAMILY,
    number_theory_factorials.FAMILY,
    number_theory_squares.FAMILY,
)

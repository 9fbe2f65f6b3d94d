"""The problem families of algebra."""

from __future__ import annotations

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems import (
    algebra_absolute,
    algebra_complex,
    algebra_equations,
    algebra_functions,
    algebra_matrices,
    algebra_optimum,
    algebra_polynomials,
    algebra_systems,
)

FAMILIES: tuple[ProblemFamily, ...] = (
    *algebra_polynomials.FAMILIES,
    *algebra_systems.FAMILIES,
    *algebra_equations.FAMILIES,
    *algebra_absolute.FAMILIES,
    *algebra_functions.FAMILIES,
    *algebra_complex.FAMILIES,
    *algebra_matrices.FAMILIES,
    *algebra_optimum.FAMILIES,
)

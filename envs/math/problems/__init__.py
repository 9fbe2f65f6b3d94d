"""The problem families, by area."""

from __future__ import annotations

if __name__ != "selftrain.envs.math.problems":
    raise ImportError(f"Import selftrain.envs.math.problems, not {__name__}.")

import functools
import importlib
from collections.abc import Mapping

from selftrain.envs.math.problem import ProblemFamily

AREAS = (
    "algebra",
    "sequences",
    "number_theory",
    "combinatorics",
    "geometry",
    "probability",
    "word_problems",
    "riddles",
)


@functools.cache
def problem_families() -> Mapping[str, ProblemFamily]:
    """All problem families by name, in the order of the areas."""
    modules = [importlib.import_module(f"selftrain.envs.math.problems.{area}") for area in AREAS]
    return {family.name: family for module in modules for family in module.FAMILIES}

"""The theorem families, by area."""

from __future__ import annotations

if __name__ != "selftrain.envs.theorems.families":
    raise ImportError(f"Import selftrain.envs.theorems.families, not {__name__}.")

import functools
import importlib
from collections.abc import Mapping

from selftrain.envs.theorems.theorem import TheoremFamily

AREAS = ("logic", "naturals", "integers", "lists", "programs")


@functools.cache
def theorem_families() -> Mapping[str, TheoremFamily]:
    """All theorem families by name, in the order of the areas."""
    modules = [importlib.import_module(f"selftrain.envs.theorems.families.{area}") for area in AREAS]
    return {family.name: family for module in modules for family in module.FAMILIES}

"""Theorems about natural numbers."""

from __future__ import annotations

from selftrain.envs.theorems.families.naturals_powers import DOUBLE_SUMS, POWERS
from selftrain.envs.theorems.families.naturals_sums import SUMS

FAMILIES = (SUMS, POWERS, DOUBLE_SUMS)

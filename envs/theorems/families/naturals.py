"""Theorems about natural numbers."""

from __future__ import annotations

from selftrain.envs.theorems.families.naturals_order import DIVISIBILITY, GROWTH
from selftrain.envs.theorems.families.naturals_powers import DOUBLE_SUMS, POWERS
from selftrain.envs.theorems.families.naturals_recursion import RECURRENCES, REMAINDERS
from selftrain.envs.theorems.families.naturals_successor import SUCCESSOR
from selftrain.envs.theorems.families.naturals_sums import SUMS

FAMILIES = (SUMS, POWERS, DOUBLE_SUMS, RECURRENCES, REMAINDERS, SUCCESSOR, DIVISIBILITY, GROWTH)

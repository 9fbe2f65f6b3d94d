"""Theorems about lists and trees."""

from __future__ import annotations

from selftrain.envs.theorems.families.lists_maps import MAPS, REVERSAL
from selftrain.envs.theorems.families.lists_shapes import LENGTHS, TREES
from selftrain.envs.theorems.families.lists_sorting import COUNTING, SORTING

FAMILIES = (REVERSAL, MAPS, LENGTHS, COUNTING, SORTING, TREES)

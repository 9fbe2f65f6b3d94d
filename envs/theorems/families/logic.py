"""Theorems of logic."""

from __future__ import annotations

from selftrain.envs.theorems.families.logic_decidable import DECIDABLE
from selftrain.envs.theorems.families.logic_puzzles import IMPLICATIONS, QUANTIFIERS
from selftrain.envs.theorems.families.logic_relations import PATHS

FAMILIES = (IMPLICATIONS, QUANTIFIERS, DECIDABLE, PATHS)

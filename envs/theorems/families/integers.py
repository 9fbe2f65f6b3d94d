"""Theorems about integers."""

from __future__ import annotations

from selftrain.envs.theorems.families.integers_congruences import COMBINATIONS, CONGRUENCES
from selftrain.envs.theorems.families.integers_forms import FORMS
from selftrain.envs.theorems.families.integers_sequences import INEQUALITIES, SEQUENCES

FAMILIES = (FORMS, INEQUALITIES, SEQUENCES, CONGRUENCES, COMBINATIONS)

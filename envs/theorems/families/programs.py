"""Theorems about small programs."""

from __future__ import annotations

from selftrain.envs.theorems.families.programs_digits import DIGITS
from selftrain.envs.theorems.families.programs_expressions import COMPILER, EXPRESSIONS
from selftrain.envs.theorems.families.programs_machines import MACHINES
from selftrain.envs.theorems.families.programs_queues import QUEUES

FAMILIES = (EXPRESSIONS, COMPILER, DIGITS, MACHINES, QUEUES)

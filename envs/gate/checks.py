"""The gate's checks on a task, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from selftrain.envs.gate.battery import check_battery
from selftrain.envs.gate.budgets import check_budget
from selftrain.envs.gate.chance import check_chance
from selftrain.envs.gate.images import check_image
from selftrain.envs.gate.leaks import check_leaks
from selftrain.envs.gate.lint import check_lint
from selftrain.envs.gate.mutants import check_mutants
from selftrain.envs.gate.players import check_cheats, check_echo, check_nop, check_oracle, check_random
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.repeats import check_repeat
from selftrain.envs.gate.trial import Check, Finding, Trial

AnyCheck: TypeAlias = Check | Callable[[Trial], tuple[Finding, Outcome | tuple[Outcome, ...]]]
"""A check may hand on the plays that it made, for the checks after it: the oracle's and nop's do."""

CHECKS: Mapping[str, AnyCheck] = {
    "lint": check_lint,
    "image": check_image,
    "oracle": check_oracle,
    "nop": check_nop,
    "random": check_random,
    "echo": check_echo,
    "cheats": check_cheats,
    "battery": check_battery,
    "mutants": check_mutants,
    "leaks": check_leaks,
    "repeat": check_repeat,
    "budget": check_budget,
    "chance": check_chance,
}
"""Name → check, after "schema", which the gate itself makes by loading the task."""

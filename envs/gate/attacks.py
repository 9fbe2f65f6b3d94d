"""The battery: generic attacks on a task's reward, none of which a sound task pays.

An attack knows nothing of the task it is tried on but what the task shows: its instruction, its files and its folders.
It is the commands that an agent would send, the same for the same task. What none of them does: hang a verifier (its
time limit alone says what happens then, and waiting for it costs more than it tells) and attack a browser's page.
"""

from __future__ import annotations

from collections.abc import Mapping

from selftrain.envs.gate import (
    attacks_export,
    attacks_inputs,
    attacks_output,
    attacks_programs,
    attacks_rewards,
    attacks_search,
    attacks_startup,
    attacks_tests,
)
from selftrain.envs.gate.attacks_base import CLASSES, Attack, Scene, scene_of
from selftrain.tasks import Task

__all__ = ["BATTERY", "CLASSES", "Attack", "Scene", "attacks_on", "scene_of"]

BATTERY: tuple[Attack, ...] = (
    *attacks_tests.ATTACKS,
    *attacks_startup.ATTACKS,
    *attacks_rewards.ATTACKS,
    *attacks_programs.ATTACKS,
    *attacks_search.ATTACKS,
    *attacks_output.ATTACKS,
    *attacks_export.ATTACKS,
    *attacks_inputs.ATTACKS,
)


def attacks_on(task: Task) -> Mapping[str, tuple[str, ...]]:
    """Name → commands, of the attacks that apply to `task`."""
    plans = {attack.name: attack.commands(task) for attack in BATTERY}
    return {name: commands for name, commands in plans.items() if commands is not None}

"""Every kind of task there is: which environment plays it, and its families by name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from selftrain.errors import UnknownNameError
from selftrain.tasks import Task, TaskFamily, parse_task_id


@dataclass(frozen=True)
class Kind:
    """A kind of task.

    Attributes:
        environment: the id of the environment that plays it first of all.
        names: the names of its families.
        family: the family of a name that `names` holds.
    """

    environment: str
    names: Callable[[], tuple[str, ...]]
    family: Callable[[str], TaskFamily]


def _terminal_names() -> tuple[str, ...]:
    from selftrain.envs.families import ALL_NAMES

    return ALL_NAMES


def _terminal_family(name: str) -> TaskFamily:
    from selftrain.envs.families import terminal_family

    return terminal_family(name)


def _math_names() -> tuple[str, ...]:
    from selftrain.envs.math.problems import problem_families

    return tuple(problem_families())


def _math_family(name: str) -> TaskFamily:
    from selftrain.envs.math.tasks import math_family

    return math_family(name)


def _proof_names() -> tuple[str, ...]:
    from selftrain.envs.theorems.families import theorem_families

    return tuple(theorem_families())


def _proof_family(name: str) -> TaskFamily:
    from selftrain.envs.theorems.tasks import proof_family

    return proof_family(name)


def _browser_names() -> tuple[str, ...]:
    if importlib.util.find_spec("flask") is None:  # without which there are no sites
        return ()
    from selftrain.envs.browser.tasks import browser_families

    return tuple(browser_families())


def _browser_family(name: str) -> TaskFamily:
    from selftrain.envs.browser.task import browser_family

    return browser_family(name)


def _lab_names() -> tuple[str, ...]:
    from selftrain.envs.lab.tasks import lab_families

    return tuple(lab_families())


def _lab_family(name: str) -> TaskFamily:
    from selftrain.envs.lab.tasks import lab_families

    return lab_families()[name]


# in the order in which a name is looked for; the terminal's families are known without loading one
KINDS: Mapping[str, Kind] = {
    "terminal": Kind("SelfTrain-Terminal-v0", _terminal_names, _terminal_family),
    "math": Kind("SelfTrain-Math-v0", _math_names, _math_family),
    "proof": Kind("SelfTrain-Proof-v0", _proof_names, _proof_family),
    "browser": Kind("SelfTrain-Browser-v0", _browser_names, _browser_family),
    "lab": Kind("SelfTrain-Lab-v0", _lab_names, _lab_family),
}


def family_names(kind: str = "") -> tuple[str, ...]:
    """The names of all families, or of those of one kind."""
    return tuple(name for each in ([kind] if kind else KINDS) for name in KINDS[each].names())


def kind_of(name: str) -> str:
    """The kind of the family called `name`.

    Raises:
        UnknownNameError: there is none; lists the near ones.
    """
    for kind in KINDS:
        if name in KINDS[kind].names():
            return kind
    raise UnknownNameError("task family", name, family_names())


def find_family(name: str) -> TaskFamily:
    """The family called `name`, of whatever kind.

    Raises:
        UnknownNameError: there is none; lists the near ones.
    """
    return KINDS[kind_of(name)].family(name)


def task_of_id(task_id: str) -> Task:
    """The task with this id, `family/split/level/seed`.

    Raises:
        TaskError, UnknownNameError, OptionError: the id is malformed or names what does not exist.
    """
    family, split, level, seed = parse_task_id(task_id)
    return find_family(family).task(seed, level, split)

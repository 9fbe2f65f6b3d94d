"""The terminal task families, one file each, loaded when they are asked for."""

from __future__ import annotations

if __name__ != "selftrain.envs.families":
    raise ImportError(f"Import selftrain.envs.families, not {__name__}.")

import importlib
from collections.abc import Mapping

from selftrain.errors import UnknownNameError
from selftrain.tasks import Task, TaskFamily, parse_task_id

NAMES = (
    "log-forensics",
    "csv-reshape",
    "json-reshape",
    "rotate-backups",
    "encoding-recovery",
    "git-repair",
    "git-bisect",
    "fix-build",
    "python-bug",
    "shell-script",
    "sqlite-query",
    "sqlite-repair",
    "dedup-files",
    "resume-pipeline",
    "archive-recovery",
    "config-migration",
    "dependency-order",
    "secret-hunt",
    "permissions-audit",
    "patch-series",
)
# work of 40 to 400 commands, for episodes that no context holds
LONG_NAMES = (
    "staged-migration",
    "incident-trail",
    "large-refactor",
    "review-survey",
)
# work that a menu of commands is enough for, for learners without language
MENU_NAMES = ("menu-errands",)
# over pictures in files, for the bench of a lab
LAB_NAMES = ("lab-bench",)
ALL_NAMES = NAMES + LONG_NAMES + MENU_NAMES + LAB_NAMES


def terminal_family(name: str) -> TaskFamily:
    """The terminal family called `name`.

    Raises:
        UnknownNameError: there is none; lists the near ones.
    """
    if name not in ALL_NAMES:
        raise UnknownNameError("task family", name, ALL_NAMES)
    family = importlib.import_module(f"selftrain.envs.families.{name.replace('-', '_')}").FAMILY
    assert isinstance(family, TaskFamily)
    return family


def terminal_families() -> Mapping[str, TaskFamily]:
    """All terminal families by name, the long ones last."""
    return {name: terminal_family(name) for name in ALL_NAMES}


def terminal_task(task_id: str) -> Task:
    """The task with this id, `family/split/level/seed`.

    Raises:
        TaskError, UnknownNameError, OptionError: the id is malformed or names what does not exist.
    """
    family, split, level, seed = parse_task_id(task_id)
    return terminal_family(family).task(seed, level, split)

"""From what a user writes to tasks: ids, selections over families, and task folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from selftrain.envs import families
from selftrain.envs.harbor import load_harbor_task
from selftrain.tasks import Task, expand_task_ids


def select_tasks(selection: Sequence[str]) -> list[Task]:
    """Tasks named by ids or selections (`selftrain.tasks.expand_task_ids`), or by folders in Harbor's format.

    Raises:
        TaskError, UnknownNameError: one of them names nothing, or a folder that is no sound task.
    """
    return [
        task if isinstance(task, Task) else families.terminal_task(task)
        for item in selection
        for task in expand_selection(item)
    ]


def expand_selection(item: str) -> Sequence[str | Task]:
    """The task ids that a selection names, or the one task that a folder in Harbor's format holds.

    Raises:
        TaskError, UnknownNameError: it names nothing, or a folder that is no sound task.
    """
    if (Path(item) / "task.toml").exists():
        return [load_harbor_task(Path(item))]
    return expand_task_ids(item, families.ALL_NAMES)

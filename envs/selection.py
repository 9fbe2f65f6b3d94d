"""From what a user writes to tasks: ids, selections over families, and task folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from selftrain.envs import families
from selftrain.tasks import Task, expand_task_ids


def select_tasks(selection: Sequence[str]) -> list[Task]:
    """Tasks named by ids or selections (`selftrain.tasks.expand_task_ids`), or by folders in Harbor's format.

    Raises:
        TaskError, UnknownNameError: one of them names nothing, or a folder that is no sound task.
    """
    tasks: list[Task] = []
    for item in selection:
        if (Path(item) / "task.toml").exists():
            from selftrain.envs.harbor import load_harbor_task

            tasks.append(load_harbor_task(Path(item)))
        else:
            tasks += [families.terminal_task(task_id) for task_id in expand_task_ids(item, families.NAMES)]
    return tasks

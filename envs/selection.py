"""From what a user writes to tasks: ids, selections over families, and task folders."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Sequence
from pathlib import Path

from selftrain.envs import catalogue
from selftrain.envs.harbor import load_harbor_task
from selftrain.tasks import SPLITS, Task, expand_task_ids

_log = logging.getLogger(__name__)
_DATASETS = (".jsonl", ".csv", ".parquet")


def select_tasks(selection: Sequence[str], kind: str = "") -> list[Task]:
    """Tasks named by ids or selections (`selftrain.tasks.expand_task_ids`), by folders in Harbor's format, or by files.

    Raises:
        TaskError, UnknownNameError: one of them names nothing, or a folder or file that holds no sound task.
    """
    return [
        task if isinstance(task, Task) else catalogue.task_of_id(task)
        for item in selection
        for task in expand_selection(item, kind)
    ]


def expand_selection(item: str, kind: str = "") -> Sequence[str | Task]:
    """The task ids that a selection names; or the tasks of a folder in Harbor's format, a dataset or a statement.

    Args:
        item: an id, a selection, a folder, a dataset (.jsonl, .csv, .parquet) or a file with a statement (.v, .lean).
        kind: of the families that globs are matched against; "" for all.

    Raises:
        TaskError, UnknownNameError: it names nothing, or a folder or file that holds no sound task.
    """
    path = Path(item)
    if (path / "task.toml").exists():
        return [load_harbor_task(path)]
    if path.suffix.lower() in _DATASETS:
        from selftrain.envs.math.dataset import load_dataset

        dataset = load_dataset(path)
        for row in (*dataset.broken, *dataset.dropped):
            _log.warning("%s", row)
        return [task for split in SPLITS for task in dataset.tasks(split)]
    if path.suffix in (".v", ".lean"):
        from selftrain.envs.theorems.tasks import statement_file_task

        return [statement_file_task(path)]
    names = catalogue.family_names(kind)
    if not fnmatch.filter(names, item.partition("/")[0]):
        names = catalogue.family_names()  # so that an environment can say whose task it is
    return expand_task_ids(item, names)

"""From what a user writes to tasks: ids, selections over families and packs, and task folders."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from selftrain.envs import catalogue
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.packs.finding import names_pack, pack_names
from selftrain.envs.packs.tasksets import expand_pack_selection, pack_loaders
from selftrain.errors import OptionError, SandboxError, TaskError, UnknownNameError
from selftrain.tasks import SPLITS, Task, expand_task_ids

_log = logging.getLogger(__name__)
_DATASETS = (".jsonl", ".csv", ".parquet")


@dataclass(frozen=True)
class Unloadable:
    """A task that is named and does not load.

    Attributes:
        name: its id, or its folder.
        why: the error.
    """

    name: str
    why: str


def select_tasks(selection: Sequence[str], kind: str = "") -> list[Task]:
    """Tasks named by ids or selections (`selftrain.tasks.expand_task_ids`), by folders in Harbor's format, or by files.

    Raises:
        TaskError, UnknownNameError: one of them names nothing, or a folder or file that holds no sound task.
    """
    return [load() for item in selection for _, load in _loaders(item, kind)]


def select_each(selection: Sequence[str]) -> list[Task | Unloadable]:
    """The tasks of `select_tasks`; one that does not load stops no other, and in its place stands why.

    Raises:
        TaskError, UnknownNameError, OptionError: one of them names nothing, or a pack or file that is broken.
        SandboxError: the backend is broken.
    """
    found: list[Task | Unloadable] = []
    for name, load in [named for item in selection for named in _loaders(item, "")]:
        try:
            found.append(load())
        except (TaskError, UnknownNameError, OptionError) as error:
            found.append(Unloadable(name, str(error)))
        except SandboxError:
            raise
        except (Exception, SystemExit) as error:  # a folder or a family is anybody's, and may break what reads it
            found.append(Unloadable(name, f"{type(error).__name__}: {error}"))
    return found


def _loaders(item: str, kind: str) -> Iterator[tuple[str, Callable[[], Task]]]:
    """The name of each task that is selected, and what loads it."""
    path = Path(item)
    if (path / "task.toml").exists():
        yield item, partial(load_harbor_task, path)
    elif is_of_pack(item, kind):
        yield from pack_loaders(item)
    else:
        for found in expand_selection(item, kind):
            if isinstance(found, Task):
                yield found.id, partial(_itself, found)
            else:
                yield found, partial(catalogue.task_of_id, found)


def _itself(task: Task) -> Task:
    return task


def is_of_pack(item: str, kind: str = "") -> bool:
    """Whether a pack is meant: task folders come first, and families of our own before a pack of the same name."""
    if not names_pack(item) or (Path(item) / "task.toml").exists():
        return False
    return item.partition("/")[0] not in catalogue.family_names(kind)


def expand_selection(item: str, kind: str = "") -> Sequence[str | Task]:
    """The task ids that a selection names; or the tasks of a folder in Harbor's format, a dataset or a statement.

    Args:
        item: an id, a selection (in a pack: `expand_pack_selection`), a folder, a dataset (.jsonl, .csv, .parquet) or a
            file with a statement (.v, .lean).
        kind: of the families that globs are matched against; "" for all.

    Raises:
        TaskError, UnknownNameError: it names nothing, or a folder or file that holds no sound task.
    """
    path = Path(item)
    if (path / "task.toml").exists():
        return [load_harbor_task(path)]
    if (path / "task.yaml").exists():
        raise TaskError(f"{item} is in Terminal-Bench 1's layout; convert it: selftrain pack convert {item} OUT")
    if path.suffix.lower() in _DATASETS:
        from selftrain.envs.math.dataset import load_dataset

        dataset = load_dataset(path)
        for row in (*dataset.broken, *dataset.dropped):
            _log.warning("%s", row)
        return [task for split in SPLITS for task in dataset.tasks(split)]
    if path.suffix in (".v", ".lean"):
        from selftrain.envs.theorems.tasks import statement_file_task

        return [statement_file_task(path)]
    if is_of_pack(item, kind):
        return expand_pack_selection(item)
    names, family = catalogue.family_names(kind), item.partition("/")[0]
    if not fnmatch.filter(names, family):
        names = catalogue.family_names()  # so that an environment can say whose task it is
    if not fnmatch.filter(names, family):
        raise UnknownNameError("task family or pack", family, [*names, *pack_names()])
    return expand_task_ids(item, names)

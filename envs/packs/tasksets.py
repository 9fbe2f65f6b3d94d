"""From packs to tasks: ids, selections, tasksets, and what an environment draws.

A task folder's id is `acme/tidy-1`; a task of a family in Python has `acme/tidy/train/3/17`. Each task carries in its
metadata under "pack" the name and version of its pack and the hash of the lock that it was held against.
"""

from __future__ import annotations

import contextlib
import fnmatch
import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.packs.finding import find_pack, importable
from selftrain.envs.packs.locking import Guard
from selftrain.envs.packs.manifest import TASKS, Pack
from selftrain.errors import OptionError, SelfTrainError, TaskError, UnknownNameError
from selftrain.tasks import LEVELS, SPLITS, Task, TaskFamily, Taskset, expand_task_ids, parse_task_id

_SEEDS = 1 << 31
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackTasks:
    """The tasks of one split of a pack: its task folders, and what its families make.

    Attributes:
        guard: holds them against the pack's lock.
        split: which split.
    """

    guard: Guard
    split: str

    @property
    def pack(self) -> Pack:
        """Whose they are."""
        return self.guard.pack

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS)
        self.guard.check_complete()
        for fault in self.pack.broken.values():
            _log.warning("pack %s: a task is left out: %s", self.pack.name, fault)
        if not self._entries:
            has = ", ".join(split for split, names in self.pack.splits.items() if names)
            raise OptionError(
                f"pack {self.pack.name!r} has no task in split {self.split!r}; it has {has or 'no tasks'}"
            )

    @property
    def _entries(self) -> tuple[str, ...]:
        return (*self.pack.splits.get(self.split, ()), *self.pack.families)

    def ids(self, levels: Sequence[int] = LEVELS) -> tuple[str, ...]:
        """Every task folder, and of each family the tasks of seed 0 at these levels."""
        folders = [f"{self.pack.name}/{name}" for name in self.pack.splits.get(self.split, ())]
        made = [f"{self.pack.name}/{name}/{self.split}/{level}/0" for name in self.pack.families for level in levels]
        return (*folders, *made)

    def draw(self, rng: np.random.Generator, levels: Sequence[int]) -> Task:
        """One of them; each folder and each family is drawn equally often, families at these levels."""
        name = self._entries[rng.integers(len(self._entries))]
        if name not in self.pack.families:
            return load_task(self.guard, name)
        level = levels[int(rng.integers(len(levels)))]
        return load_task(self.guard, f"{name}/{self.split}/{level}/{rng.integers(_SEEDS)}")


def pack_taskset(name: str | Path, split: str = "train") -> Taskset:
    """The tasks of one split of a pack, of families those of seed 0.

    Args:
        name: of the pack, or its folder.
        split: train, dev or test.

    Raises:
        UnknownNameError, TaskError, OptionError: no such pack or split, a pack that is broken, or nothing in the split.
    """
    guard = Guard.of(find_pack(name))
    ids = PackTasks(guard, split).ids()
    return Taskset(f"{guard.pack.name}/{split}", ids, lambda task_id: load_task(guard, task_id.partition("/")[2]))


def pack_loaders(selection: str) -> list[tuple[str, Callable[[], Task]]]:
    """The ids that a selection in a pack names (see `expand_pack_selection`), each with what loads its task.

    Raises:
        UnknownNameError, TaskError, OptionError: it names nothing, or the pack or its lock is broken.
    """
    guard = Guard.of(find_pack(selection.partition("/")[0]))
    ids = _expanded(guard.pack, selection)
    return [(task_id, partial(load_task, guard, task_id.partition("/")[2])) for task_id in ids]


def expand_pack_selection(selection: str) -> tuple[str, ...]:
    """The ids that a selection in a pack names.

    `acme` names the tasks of its train split. After `acme/` comes a task folder or a glob over all of them, of
    whatever split, or a selection over its families as `selftrain.tasks.expand_task_ids` takes it.

    Raises:
        UnknownNameError, TaskError: it names nothing, or the pack is broken.
    """
    return _expanded(find_pack(selection.partition("/")[0]), selection)


def _expanded(pack: Pack, selection: str) -> tuple[str, ...]:
    head, _, rest = selection.partition("/")
    if not rest:
        return PackTasks(Guard.of(pack), "train").ids()
    # a broken one says so when it is loaded
    folders = [f"{head}/{name}" for name in fnmatch.filter(pack.folders, rest)]
    family = rest.partition("/")[0]
    made = expand_task_ids(rest, tuple(pack.families)) if fnmatch.filter(pack.families, family) else ()
    if not folders and not made:
        raise UnknownNameError(f"task of pack {head}", rest, [*pack.tasks, *pack.families])
    return (*folders, *(f"{head}/{task_id}" for task_id in made))


def load_task(guard: Guard, name: str, bases: Mapping[str, str] | None = None, offline: bool | None = None) -> Task:
    """The task of a pack's folder, or of a family (`family/split/level/seed`), when it is as it was locked.

    Args:
        guard: the pack, and what its tasks are held against.
        name: without the pack's name.
        bases, offline: of a folder; see `load_harbor_task`.

    Raises:
        UnknownNameError, TaskError, OptionError: there is none, it is broken, or it is not as it was locked.
    """
    pack = guard.pack
    if "/" in name:
        family, split, level, seed = parse_task_id(name)
        guard.check_family(_known_family(pack, family))
        return _marked(_made(pack_family(pack, family), seed, level, split), guard)
    split, folder = pack.split_of(name), pack.folder / TASKS / name
    guard.check_task(name)
    task = load_harbor_task(folder, bases, offline)
    return _marked(replace(task, id=f"{pack.name}/{name}", family=pack.name, split=split), guard)


def _made(family: TaskFamily, seed: int, level: int, split: str) -> Task:
    try:
        return family.task(seed, level, split)
    except SelfTrainError:
        raise
    except (Exception, SystemExit) as error:  # another's code may do anything, and must not stop the other tasks
        what = f"{type(error).__name__}: {error}"
        raise TaskError(f"family {family.name} cannot make level {level}, seed {seed}: {what}") from error


def _known_family(pack: Pack, name: str) -> str:
    if name not in pack.families:
        raise UnknownNameError(f"task of pack {pack.name}", name, [*pack.tasks, *pack.families])
    return name


def _marked(task: Task, guard: Guard) -> Task:
    about = {"name": guard.pack.name, "version": guard.pack.version, "lock": guard.hash}
    return replace(task, metadata={**task.metadata, "pack": about})


def broken_tasks(pack: Pack) -> list[str]:
    """What is wrong with the tasks of a pack, locked or not, one line for each that does not load.

    Families are asked for one task.
    """
    lines = []
    for name in pack.folders:
        try:
            pack.split_of(name)
            load_harbor_task(pack.folder / TASKS / name)
        except SelfTrainError as error:
            lines.append(f"{pack.name}/{name}: {error}")
    for name in pack.families:
        try:
            _made(pack_family(pack, name), 0, 1, "train")
        except SelfTrainError as error:
            lines.append(f"{pack.name}/{name}: {error}")
    return lines


def pack_family(pack: Pack, name: str) -> TaskFamily:
    """The Python family called `name`, under the name `pack/name`, which its tasks' ids begin with.

    Raises:
        UnknownNameError: the pack has none of this name.
        TaskError: its module cannot be imported or lies elsewhere, or what it names is no family.
    """
    path = pack.families[_known_family(pack, name)]
    found = _imported(pack, name, path)
    full = f"{pack.name}/{name}"
    if isinstance(found, TaskFamily):
        return replace(found, name=full)
    if not callable(found):
        what = "must be a TaskFamily, or a function (rng, level) -> Task"
        raise TaskError(f"family {name} of pack {pack.name}: {path} is {found!r}; it {what}")
    return TaskFamily(full, str(found.__doc__ or full).partition("\n")[0], (), 0.0, found)


def _imported(pack: Pack, name: str, path: str) -> Any:
    module_name, _, attribute = path.partition(":")
    importable(pack)
    try:
        module = importlib.import_module(module_name)
        found = getattr(module, attribute)
    except (Exception, SystemExit) as error:  # another's code may do anything
        what = f"{type(error).__name__}: {error}"
        raise TaskError(f"family {name} of pack {pack.name}: {path} cannot be imported: {what}") from error
    place = Path(module.__file__ or "")
    with contextlib.suppress(OSError):
        place = place.resolve()
    if not place.is_relative_to(pack.folder.resolve()):
        raise TaskError(
            f"family {name} of pack {pack.name}: module {module_name} is {place}, which is not in {pack.folder}; "
            "uninstall that one, or install the pack with pip install -e; or rename the pack's module"
        )
    return found

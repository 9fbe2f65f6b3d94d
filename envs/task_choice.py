"""Which task an episode gets: a given one, one of a list, or one drawn from families or a pack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from selftrain.envs import catalogue
from selftrain.envs.observations import LONGEST_INSTRUCTION
from selftrain.envs.packs.finding import find_pack
from selftrain.envs.packs.locking import Guard
from selftrain.envs.packs.tasksets import PackTasks, load_task
from selftrain.envs.selection import expand_selection, select_tasks
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.tasks import LEVELS, SPLITS, Task, Taskset

_SEEDS = 1 << 31


class TaskChoice:
    """What an environment's arguments `tasks`, `families`, `levels`, `split` and `pack` say, checked once.

    Args:
        tasks, families, levels, split: as given to the environment.
        pool: the families that it draws from when neither `tasks` nor `families` is given.
        kind: of the tasks that the environment plays.
        pack: as given to the environment, the name of a pack or its folder.

    Raises:
        OptionError, UnknownNameError, TaskError: an argument is of the wrong kind or names nothing.
    """

    def __init__(
        self,
        tasks: Taskset | Sequence[str | Task] | None,
        families: Sequence[str] | None,
        levels: Sequence[int],
        split: str,
        pool: Sequence[str],
        kind: str,
        pack: str | None = None,
    ) -> None:
        if pack is not None and (tasks is not None or families is not None):
            raise OptionError("pack= already says whose tasks are played: leave out tasks= and families=")
        if tasks is not None and (families is not None or tuple(levels) != (1,) or split != "train"):
            raise OptionError("tasks= already says everything about the tasks: leave out families=, levels= and split=")
        self._taskset = tasks if isinstance(tasks, Taskset) else None
        self._kind = kind
        self._listed = None if tasks is None else _listed(tasks, kind)
        self._families = tuple(pool) if families is None else _checked_families(families, kind)
        self._levels, self._split = tuple(levels), split
        if not self._levels or not set(self._levels) <= set(LEVELS):
            raise OptionError(f"levels={levels!r} must hold at least one of {', '.join(map(str, LEVELS))}")
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        self._pack = None if pack is None else PackTasks(Guard.of(find_pack(pack)), split)

    def find(self, item: str | Task) -> Task:
        """The one task that `item` names, as `find_task` finds it, and first of all in the pack."""
        if self._pack is not None and isinstance(item, str):
            head, _, name = item.partition("/")
            if head == self._pack.pack.name:  # which nobody else may know, when it was given as a folder
                return checked(load_task(self._pack.guard, name), self._kind)
        return find_task(item, self._kind)

    def draw(self, rng: np.random.Generator) -> Task:
        """The next episode's task; the same generator state, the same task."""
        if self._pack is not None:
            return checked(self._pack.draw(rng, self._levels), self._kind)
        if self._listed is not None:
            chosen = self._listed[rng.integers(len(self._listed))]
            if self._taskset and isinstance(chosen, str):
                return checked(self._taskset.load(chosen), self._kind)
            return find_task(chosen, self._kind)
        name = self._families[rng.integers(len(self._families))]
        level = self._levels[rng.integers(len(self._levels))]
        return checked(catalogue.find_family(name).task(int(rng.integers(_SEEDS)), level, self._split), self._kind)


def find_task(item: str | Task, kind: str) -> Task:
    """The one task of this kind that `item` is, or is the id, the file or the Harbor folder of.

    Raises:
        TaskError, UnknownNameError, OptionError: there is not exactly one.
    """
    if isinstance(item, Task):
        return checked(item, kind)
    if not isinstance(item, str):
        raise OptionError(f"a task must be a Task, a task id or a folder, not {item!r}")
    found = select_tasks([item], kind)
    if len(found) != 1:
        raise TaskError(f"{item!r} names {len(found)} tasks; one is needed, as in log-forensics/train/3/17")
    return checked(found[0], kind)


def checked(task: Task, kind: str) -> Task:
    """The same task, when it is of this kind and its instruction fits an observation.

    Raises:
        TaskError: it is not, or does not.
    """
    if task.kind != kind:
        played_by = catalogue.KINDS[task.kind].environment if task.kind in catalogue.KINDS else "another environment"
        raise TaskError(f"task {task.id!r} is a {task.kind} task, not a {kind} task: it is played by {played_by}")
    if len(task.instruction) > LONGEST_INSTRUCTION:
        raise TaskError(
            f"the instruction of task {task.id!r} has {len(task.instruction)} characters, over {LONGEST_INSTRUCTION}; "
            "put the long part into a file of the task"
        )
    return task


def _listed(tasks: Taskset | Sequence[str | Task], kind: str) -> tuple[str | Task, ...]:
    if isinstance(tasks, str):
        raise OptionError(f"tasks={tasks!r} must be a sequence: write tasks=[{tasks!r}]")
    listed = tasks.ids if isinstance(tasks, Taskset) else tuple(_expanded(tasks, kind))
    if not listed:
        raise OptionError("tasks= is empty")
    return listed


def _expanded(tasks: Iterable[str | Task], kind: str) -> Iterable[str | Task]:
    for item in tasks:
        if isinstance(item, str):
            yield from expand_selection(item, kind)
        else:
            yield item


def _checked_families(families: Sequence[str], kind: str) -> tuple[str, ...]:
    if isinstance(families, str):
        raise OptionError(f"families={families!r} must be a sequence: write families=[{families!r}]")
    for name in families:
        if (found := catalogue.kind_of(name)) != kind:
            played_by = catalogue.KINDS[found].environment
            raise OptionError(f"families= names {name!r}, a family of {found} tasks: they are played by {played_by}")
    if not families:
        raise OptionError("families= is empty")
    return tuple(families)

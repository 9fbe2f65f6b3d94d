"""Which task an episode gets: a given one, one of a list, or one drawn from families."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from selftrain.envs import families as terminal_families
from selftrain.envs.observations import LONGEST_INSTRUCTION
from selftrain.envs.selection import expand_selection, select_tasks
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.tasks import LEVELS, SPLITS, Task, Taskset

_SEEDS = 1 << 31


class TaskChoice:
    """What an environment's arguments `tasks`, `families`, `levels` and `split` say, checked once.

    Args:
        tasks, families, levels, split: as given to the environment.
        pool: the families that it draws from when neither `tasks` nor `families` is given.

    Raises:
        OptionError, UnknownNameError, TaskError: an argument is of the wrong kind or names nothing.
    """

    def __init__(
        self,
        tasks: Taskset | Sequence[str | Task] | None,
        families: Sequence[str] | None,
        levels: Sequence[int],
        split: str,
        pool: Sequence[str] = terminal_families.NAMES,
    ) -> None:
        if tasks is not None and (families is not None or tuple(levels) != (1,) or split != "train"):
            raise OptionError("tasks= already says everything about the tasks: leave out families=, levels= and split=")
        self._taskset = tasks if isinstance(tasks, Taskset) else None
        self._listed = None if tasks is None else _listed(tasks)
        self._families = tuple(pool) if families is None else _checked_families(families)
        self._levels, self._split = tuple(levels), split
        if not self._levels or not set(self._levels) <= set(LEVELS):
            raise OptionError(f"levels={levels!r} must hold at least one of {', '.join(map(str, LEVELS))}")
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)

    def draw(self, rng: np.random.Generator) -> Task:
        """The next episode's task; the same generator state, the same task."""
        if self._listed is not None:
            chosen = self._listed[rng.integers(len(self._listed))]
            return self._taskset.load(chosen) if self._taskset and isinstance(chosen, str) else find_task(chosen)
        name = self._families[rng.integers(len(self._families))]
        level = self._levels[rng.integers(len(self._levels))]
        return checked(terminal_families.terminal_family(name).task(int(rng.integers(_SEEDS)), level, self._split))


def find_task(item: str | Task) -> Task:
    """The one task that `item` is, or is the id or the Harbor folder of.

    Raises:
        TaskError, UnknownNameError, OptionError: there is not exactly one.
    """
    if isinstance(item, Task):
        return checked(item)
    if not isinstance(item, str):
        raise OptionError(f"a task must be a Task, a task id or a folder, not {item!r}")
    found = select_tasks([item])
    if len(found) != 1:
        raise TaskError(f"{item!r} names {len(found)} tasks; one is needed, as in log-forensics/train/3/17")
    return checked(found[0])


def checked(task: Task) -> Task:
    """The same task, when its instruction fits an observation.

    Raises:
        TaskError: it does not.
    """
    if len(task.instruction) > LONGEST_INSTRUCTION:
        raise TaskError(
            f"the instruction of task {task.id!r} has {len(task.instruction)} characters, over {LONGEST_INSTRUCTION}; "
            "put the long part into a file of the task"
        )
    return task


def _listed(tasks: Taskset | Sequence[str | Task]) -> tuple[str | Task, ...]:
    if isinstance(tasks, str):
        raise OptionError(f"tasks={tasks!r} must be a sequence: write tasks=[{tasks!r}]")
    listed = tasks.ids if isinstance(tasks, Taskset) else tuple(_expanded(tasks))
    if not listed:
        raise OptionError("tasks= is empty")
    return listed


def _expanded(tasks: Iterable[str | Task]) -> Iterable[str | Task]:
    for item in tasks:
        if isinstance(item, str):
            yield from expand_selection(item)
        else:
            yield item


def _checked_families(families: Sequence[str]) -> tuple[str, ...]:
    if isinstance(families, str):
        raise OptionError(f"families={families!r} must be a sequence: write families=[{families!r}]")
    for name in families:
        if name not in terminal_families.ALL_NAMES:
            raise UnknownNameError("task family", name, terminal_families.ALL_NAMES)
    if not families:
        raise OptionError("families= is empty")
    return tuple(families)

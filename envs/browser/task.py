"""From drafts to tasks: the sites' databases, the verifier, and scripts that are played once to become actions."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from selftrain.envs.browser.actions import read_action
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.engines import make_engine
from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goal_check import check_goal
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.hosting import InProcessSites
from selftrain.envs.browser.script import Script, to_action
from selftrain.envs.browser.tasks import browser_families
from selftrain.envs.browser.verifier import BrowserVerifier
from selftrain.envs.browser.visit import Visit
from selftrain.envs.browser.world import WORLDS, World
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.tasks import Limits, Task, TaskFamily

SECONDS = 1_800.0


def browser_family(name: str) -> TaskFamily:
    """The browser family called `name`, as a family of tasks.

    Raises:
        UnknownNameError: there is none; lists the near ones.
    """
    known = browser_families()
    if name not in known:
        raise UnknownNameError("browser family", name, known)
    return task_family(known[name])


def task_family(family: BrowserFamily) -> TaskFamily:
    """`family` as a family of tasks."""
    return _BrowserTasks(family.name, family.summary, family.skills, family.chance, _no_build, family)


def draft_task(draft: Draft) -> Task:
    """The task of a draft.

    Raises:
        TaskError: its goal names what the sites do not have, or no actor for its changes.
    """
    databases = draft.world.databases()
    goal = draft.goal
    check_goal(goal, databases)
    start = draft.start or f"http://{draft.world.sites[0]}.test/"
    stage = Stage(databases, draft.files, start)
    oracle = Played(stage, tuple(draft.oracle))
    return Task(
        instruction=draft.instruction,
        verifier=BrowserVerifier(goal),
        files={f"/files/{name}": data for name, data in draft.files.items()},
        setup_files={f"/sites/{name}.db": data for name, data in databases.items()},
        oracle=oracle,
        cheats={
            **_cheats_of_every_task(goal, oracle),
            **{name: Played(stage, tuple(script)) for name, script in draft.cheats.items()},
        },
        limits=Limits(steps=draft.steps, seconds=SECONDS),
        kind="browser",
        metadata={"sites": list(draft.world.sites), "start": start},
    )


def _no_build(rng: np.random.Generator, level: int) -> Task:
    raise OptionError("a browser task needs a split and a seed for its world: call task(seed, level, split)")


@dataclass(frozen=True)
class _BrowserTasks(TaskFamily):
    family: BrowserFamily

    def built(self, rng: np.random.Generator, level: int, split: str, seed: int) -> Task:
        """The task of a draft in the world that this seed has."""
        return draft_task(self.family.make(rng, level, World(self.family.sites, split, seed % WORLDS)))


# scripts


@dataclass(frozen=True)
class Stage:
    """Where a script is played: the databases and files of a task, and its first page."""

    databases: Mapping[str, bytes]
    files: Mapping[str, bytes]
    start: str

    def play(self, script: Script) -> tuple[tuple[str, ...], int | None]:
        """The script as actions, and which of them was the last that changed something that is audited, if any did.

        Raises:
            TaskError: a step finds no element, or cannot be carried out.
        """
        sites = InProcessSites(self.databases)
        hosts = tuple(f"{name}.test" for name in self.databases)
        visit = Visit(make_engine("dom"), sites, self.files, self.start, hosts)
        actions: list[str] = []
        last, seen = None, 0
        try:
            for number, do in enumerate(script):
                actions.append(to_action(do, visit.view.page))
                visit.act(read_action(actions[-1]))
                if (changes := sites.changes()) > seen:
                    last, seen = number, changes
        except (ActionError, TaskError) as error:
            shown = visit.view.page
            raise TaskError(
                f"step {number + 1} of a script, {do}, cannot be played on {shown.url}: {error}\n{shown.text[:2000]}"
            ) from error
        finally:
            visit.close()
        return tuple(actions), last


class _Lazy(Sequence[str], abc.ABC):
    """Actions that are made when they are first read, always the same, and are equal by what they say.

    A repr shows what they are made from, so that the fingerprint of a task takes no playing.
    """

    @property
    @abc.abstractmethod
    def _actions(self) -> tuple[str, ...]: ...

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._actions[index]

    def __len__(self) -> int:
        return len(self._actions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and self._actions == tuple(other)

    def __hash__(self) -> int:
        return hash(self._actions)


class Played(_Lazy):
    """The actions that a script comes to on its stage.

    Raises:
        TaskError: when first read, if the script cannot be played.
    """

    def __init__(self, stage: Stage, script: Script) -> None:
        self._stage, self._script = stage, tuple(script)

    @cached_property
    def played(self) -> tuple[tuple[str, ...], int | None]:
        """The actions, and which of them was the last that changed anything."""
        return self._stage.play(self._script)

    @property
    def _actions(self) -> tuple[str, ...]:
        return self.played[0]

    def __repr__(self) -> str:
        return f"Played({self._script!r})"


class _Unfinished(_Lazy):
    """The actions of an oracle up to its last change, then its last action, as if all were done."""

    def __init__(self, oracle: Played) -> None:
        self._oracle = oracle

    @property
    def _actions(self) -> tuple[str, ...]:
        actions, last = self._oracle.played
        return actions if last is None else (*actions[:last], actions[-1])

    def __repr__(self) -> str:
        return f"Unfinished({self._oracle!r})"


class _Hedged(_Lazy):
    """The actions of an oracle, with more in its answer than the answer."""

    def __init__(self, oracle: Played, answer: str) -> None:
        self._oracle, self._answer = oracle, answer

    @property
    def _actions(self) -> tuple[str, ...]:
        return (*self._oracle.played[0][:-1], f"answer({f'{self._answer}, or another'!r})")

    def __repr__(self) -> str:
        return f"Hedged({self._oracle!r}, {self._answer!r})"


def _cheats_of_every_task(goal: Goal, oracle: Played) -> dict[str, Sequence[str]]:
    """What must not be paid whatever the task is."""
    cheats: dict[str, Sequence[str]] = {"nothing-done": ("submit()",), "empty-answer": ("answer('')",)}
    if goal.answer is not None:
        cheats["hedged-answer"] = _Hedged(oracle, goal.answer)
    if goal.changes:
        cheats["only-said-so"] = (f"answer({goal.answer or 'done'!r})",)
        cheats["unfinished"] = _Unfinished(oracle)
    return cheats

"""For tests of the sites' tasks: playing actions without an environment, and what every family must hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selftrain.envs.browser.actions import read_action
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.engines import make_engine
from selftrain.envs.browser.family import BrowserFamily
from selftrain.envs.browser.hosting import InProcessSites
from selftrain.envs.browser.task import browser_family, task_family
from selftrain.envs.browser.visit import Visit, evidence_of
from selftrain.envs.browser.world import databases_of
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.tasks import Task
from selftrain.verdicts import Verdict


def play(task: Task, actions: Sequence[str], *, strict: bool = True) -> Verdict:
    """Play `actions` in the dom engine, sites in this process, and judge what they came to.

    Args:
        task: of the browser.
        actions: of the grammar; the play ends at `answer`, `submit` or their end.
        strict: an action that cannot be carried out is an error of the test, and not only of the agent.
    """
    visit = open_visit(task)
    try:
        for action in actions:
            try:
                if visit.act(read_action(action)).ended:
                    break
            except ActionError as error:
                if strict:
                    raise AssertionError(f"{task.id}: {action} failed: {error}\n{visit.view.page.text}") from error
        return task.verifier.verify(evidence_of(visit), task, NoCleanRoom())
    finally:
        visit.close()


def open_visit(task: Task) -> Visit:
    """The visit with which an episode of `task` begins: look at `visit.view.page.text`, do `visit.act(...)`."""
    databases = databases_of(task.setup_files)
    files = {path.removeprefix("/files/"): data for path, data in task.files.items()}
    hosts = tuple(f"{name}.test" for name in databases)
    return Visit(make_engine("dom"), InProcessSites(databases), files, task.metadata["start"], hosts)


def prove_task(task: Task, cheats: int = 99) -> None:
    """Oracle 1, nop 0, this many cheats 0 (from the last); the oracle within the limit of steps, with room to spare."""
    verdict = play(task, task.oracle)
    assert verdict.passed, f"{task.id}: the oracle failed: {verdict.why}"
    assert len(task.oracle) <= 0.75 * task.limits.steps, f"{task.id}: {len(task.oracle)} steps of {task.limits.steps}"
    assert not play(task, ()).passed, f"{task.id}: doing nothing passed"
    assert len(task.cheats) >= 2, f"{task.id}: {sorted(task.cheats)}"
    for name, actions in list(task.cheats.items())[len(task.cheats) - min(cheats, len(task.cheats)) :]:
        assert not play(task, actions).passed, f"{task.id}: the cheat {name} passed"


def prove_family(
    family: str | BrowserFamily, levels: Iterable[int] = (1, 2, 3, 4, 5), seeds: Iterable[int] = (0, 1)
) -> None:
    """`prove_task` at each level; the same seed gives the same task, and another seed another one.

    At a level the first seed is played, at level 1 all of them are. All cheats are played at level 1 and two of the
    family's own at levels 3 and 5, where scripts are long: `selftrain verify` plays all at every level.
    """
    made = browser_family(family) if isinstance(family, str) else task_family(family)
    for level in levels:
        seen: list[tuple[object, ...]] = []
        for seed in seeds:
            task, again = made.task(seed, level), made.task(seed, level)
            assert _content(task) == _content(again), f"{task.id}: another task for the same seed"
            assert _content(task) not in seen, f"{task.id}: the same task as another seed's"
            if not seen or level == 1:
                prove_task(task, {1: 99, 3: 2, 5: 2}.get(level, 0))
            seen.append(_content(task))


def _content(task: Task) -> tuple[object, ...]:
    return task.instruction, task.files, task.setup_files, task.verifier, task.metadata

"""The conformance suite of engines: the same pages and the same actions give the same text, elements and state.

    from selftrain.envs.browser.conformance import check_engines
    print([outcome for outcome in check_engines(DomEngine(), ChromiumEngine()) if outcome.why])

A scene is a start page and actions on it, in terms of what a page shows. Both engines play it over applications of
their own, step by step; after each step page, elements, tabs, messages and downloads must agree, all but where the
focus is, and in the end what the applications were asked. `check_task` does so with the actions of a whole task on the
real sites, and compares the databases that are left.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selftrain.envs.browser.actions import read_action
from selftrain.envs.browser.conformance_pages import Recorder
from selftrain.envs.browser.conformance_scenes import FILES, HOSTS, SCENES, START, Scene
from selftrain.envs.browser.engine import ActionError, Engine
from selftrain.envs.browser.hosting import InProcessSites, Sites
from selftrain.envs.browser.page import Page
from selftrain.envs.browser.script import to_action
from selftrain.envs.browser.visit import Visit
from selftrain.envs.browser.world import databases_of
from selftrain.tasks import Task

_PARTS = ("step", "message", "address", "text", "elements", "tabs", "files")
_FOCUSED = re.compile(r" focused\b")
_Shown = tuple[Sequence[Any], ...]


@dataclass(frozen=True)
class Outcome:
    """What came of one scene or task: `why` is "" where the engines agree."""

    name: str
    why: str = ""


def check_engines(first: Engine, second: Engine, names: Iterable[str] = ()) -> list[Outcome]:
    """Play every scene, or those called `names`, on both engines, which stay open."""
    wanted = set(names) or {scene.name for scene in SCENES}
    return [check_scene(scene, first, second) for scene in SCENES if scene.name in wanted]


def check_scene(scene: Scene, first: Engine, second: Engine) -> Outcome:
    """Play one scene on both engines."""
    plays = []
    for engine in (first, second):
        sites = Recorder()
        visit = Visit(engine, sites, FILES, START + scene.path, HOSTS)
        plays.append((_play(visit, [functools.partial(to_action, do) for do in scene.steps]), sites.asked))
    (shown, asked), (shown_too, asked_too) = plays
    return Outcome(scene.name, _difference(shown, shown_too) or _first("request", asked, asked_too))


def check_task(task: Task, actions: Sequence[str], first: Engine, second: Engine) -> Outcome:
    """Play `actions` of a task on both engines; pages, log of requests and databases must be the same."""
    databases = databases_of(task.setup_files)
    files = {path.removeprefix("/files/"): data for path, data in task.files.items()}
    plays = []
    for engine in (first, second):
        sites: Sites = InProcessSites(databases)
        visit = Visit(engine, sites, files, task.metadata["start"], tuple(f"{name}.test" for name in databases))
        shown = _play(visit, [functools.partial(_as_it_is, action) for action in actions])
        plays.append((shown, _pages_asked(sites), sites.databases()))
        sites.close()
    (shown, log, left), (shown_too, log_too, left_too) = plays
    if why := _difference(shown, shown_too) or _first("request", log, log_too):
        return Outcome(task.id, why)
    wrong = [name for name in left if left[name] != left_too[name]]
    return Outcome(task.id, f"other databases: {', '.join(wrong)}" if wrong else "")


def _pages_asked(sites: Sites) -> list[dict[str, Any]]:
    """The log of requests without those for styles and scripts, which no page shows."""
    return [entry for entry in json.loads(sites.log()) if "/static/" not in entry["url"]]


def _as_it_is(action: str, _page: Page) -> str:
    return action


def _play(visit: Visit, steps: Sequence[Callable[[Page], str]]) -> list[_Shown]:
    shown = [_shown("open", "", visit)]
    for step in steps:
        action = step(visit.view.page)
        try:
            said = visit.act(read_action(action)).notice
        except ActionError as error:
            said = f"error: {error}"
        shown.append(_shown(action, said, visit))
    return shown


def _shown(step: str, said: str, visit: Visit) -> _Shown:
    """What there is to compare, in the order of `_PARTS`."""
    view = visit.view
    elements = [
        element._replace(key=0, states=tuple(state for state in element.states if state != "focused"))
        for element in view.page.elements.values()
    ]
    files: Mapping[str, bytes] = visit.files
    return (
        [step],
        [said],
        [view.page.url, view.page.title],
        [_FOCUSED.sub("", line) for line in view.page.text.split("\n")],
        elements,
        [*view.tabs, view.active, view.dialog],
        sorted(files.items()),
    )


def _difference(shown: Sequence[_Shown], shown_too: Sequence[_Shown]) -> str:
    for one, other in zip(shown, shown_too, strict=True):
        for part, mine, theirs in zip(_PARTS, one, other, strict=True):
            if why := _first(part, mine, theirs):
                return f"after {one[0][0]}: {why}"
    return ""


def _first(what: str, mine: Sequence[Any], theirs: Sequence[Any]) -> str:
    """Where two sequences part, "" where they do not."""
    for one, other in zip(mine, theirs, strict=False):
        if one != other:
            return f"{what}: {one!r} is not {other!r}"
    return "" if len(mine) == len(theirs) else f"{what}: {list(mine[len(theirs) :])!r} / {list(theirs[len(mine) :])!r}"

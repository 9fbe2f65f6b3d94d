"""Bringing the board up to what was said in the stand-up, in which people plan aloud and correct one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.parts import one_of, said, some_of
from selftrain.envs.browser.tasks.tracker_common import (
    SITE,
    SUBMIT,
    account,
    add_comment,
    add_issue,
    all_issues,
    set_status,
    some_project,
)
from selftrain.envs.browser.world import World

_PATH = ("triaged", "in progress", "in review", "resolved")
_SAID = {
    "in progress": ("I started on {it}.", "{it}: I am working on it since this morning."),
    "in review": ("My patch for {it} is waiting for a review.", "{it} is written; somebody please review it."),
    "resolved": ("{it} was reviewed and merged, that one is resolved.", "The review of {it} went well: resolved."),
    "triaged": (
        "I had to put {it} back, it is not in progress any more.",
        "{it} goes back to triaged, I have no time.",
    ),
}
_PLANS = (
    "Tomorrow I want to look at {it}.",
    "If there is time, {it} comes next.",
    "{it} will be a matter for next week.",
)
_TAKEN_BACK = (
    "About {it}: I was too quick, please leave it where it was.",
    "Forget what I said on {it}; nothing moved.",
)


def _standup(rng: np.random.Generator, level: int, world: World) -> Draft:
    project = some_project(rng, world)
    world.write(SITE, "DELETE FROM links WHERE kind = 'blocks'")
    issues = _candidates(world, project)
    count = (1, 2, 3, 5, 8)[level - 1]
    chosen = some_of(rng, issues, count + 4)
    moves = [(issue, _goes_to(rng, level, issue["status"])) for issue in chosen[:count]]
    taken_back = [(issue, _goes_to(rng, level, issue["status"])) for issue in chosen[count : count + level // 2]]
    planned = chosen[count + 2 :] if level >= 3 else []
    notes = _write_notes(rng, level, world, project, moves, taken_back, planned)
    member = account(rng, world, "maintainer")
    told = said(
        rng,
        [
            "{ref} of {project} holds what was said in the stand-up. Please bring the issues to the status that they "
            "have "
            "according to it, step by step as the workflow allows. Later comments count more than earlier ones; plans "
            "do not count. {account}",
            "After the stand-up the board of {project} is out of date. Read {ref} to the end, then give every issue "
            "the "
            "status in which it really is, and touch nothing else. What somebody merely plans is no change. {account}",
            "{account} In {ref} ({project}) people wrote what they did. Move those issues to where they are now; "
            "mind that "
            "some take a word back later, and that intentions are not progress.",
        ],
        ref=notes["ref"],
        project=project["name"],
        account=member.told,
    )
    steps = [_moved(issue, status) for issue, status in moves]
    flat = [do for step in steps for do in step]
    other = taken_back[0] if taken_back else (chosen[-1], _goes_to(rng, 1, chosen[-1]["status"]))
    return Draft(
        told,
        world,
        Goal(
            [Updated(SITE, "issues", issue["id"], {"status": status}) for issue, status in moves],
            {SITE: member.username},
        ),
        (*member.sign_in, *flat, SUBMIT),
        {
            "one that stays is moved": (*member.sign_in, *flat, *_moved(*other), SUBMIT),
            "the last is left": (*member.sign_in, *flat[: -len(steps[-1])], SUBMIT),
        },
        steps=35 + 14 * count,
    )


def _candidates(world: World, project: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Issues whose status can change, each with a title of its own in the project."""
    own = [issue for issue in all_issues(world) if issue["project_id"] == project["id"]]
    titles = [issue["title"] for issue in own]
    own = [issue for issue in own if titles.count(issue["title"]) == 1]
    return [issue for issue in own if issue["status"] in _PATH[:3] and issue["assignee_id"] and issue["priority"]]


def _goes_to(rng: np.random.Generator, level: int, status: str) -> str:
    """A status that can be reached; from level 4 on it may take two steps, or go back."""
    at = _PATH.index(status)
    options = [_PATH[at + 1]]
    if level >= 4:
        options += [_PATH[at + 2]] if at + 2 < len(_PATH) else []
        options += ["triaged"] if status == "in progress" else []
    return one_of(rng, options)


def _moved(issue: Mapping[str, Any], status: str) -> tuple[Do, ...]:
    start, end = _PATH.index(issue["status"]), _PATH.index(status)
    passed = [status] if end < start else _PATH[start + 1 : end + 1]
    return tuple(do for each in passed for do in set_status(issue["ref"], each))


def _write_notes(
    rng: np.random.Generator,
    level: int,
    world: World,
    project: Mapping[str, Any],
    moves: Sequence[tuple[dict[str, Any], str]],
    taken_back: Sequence[tuple[dict[str, Any], str]],
    planned: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """The issue of the stand-up, with a comment for each word; from level 3 on issues are called by their titles."""

    def called(issue: Mapping[str, Any]) -> str:
        return f"“{issue['title']}”" if level >= 3 else str(issue["ref"])

    notes = add_issue(
        world,
        project,
        kind="task",
        title="Stand-up of 2 March",
        body="One comment for each thing you did, please.",
        status="triaged",
        priority="low",
        assignee_id=project["lead_id"],
        created_at="2026-03-02 08:00",
    )
    lines = [(issue, one_of(rng, _SAID[status])) for issue, status in [*moves, *taken_back]]
    lines += [(issue, one_of(rng, _PLANS)) for issue in planned]
    lines = some_of(rng, lines, len(lines)) + [(issue, one_of(rng, _TAKEN_BACK)) for issue, _ in taken_back]
    for minute, (issue, text) in enumerate(lines):
        add_comment(
            world, notes["id"], issue["assignee_id"], text.format(it=called(issue)), f"2026-03-02 08:{minute + 10}"
        )
    return notes


FAMILIES = (
    BrowserFamily(
        "tracker-standup",
        "Bring issues to the status that a stand-up's notes tell, without believing plans and words taken back.",
        ("contradictory sources", "workflow", "record keeping"),
        0.0,
        (SITE,),
        _standup,
    ),
)

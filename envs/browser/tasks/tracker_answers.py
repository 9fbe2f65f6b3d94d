"""Tasks in the tracker that ask something: which issue, how many, what is in the way."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.tracker.schema import PRIORITIES
from selftrain.envs.browser.tasks.parts import answering, one_of, said, some_of
from selftrain.envs.browser.tasks.tracker_common import (
    HOME,
    SITE,
    all_issues,
    label_id,
    some_project,
    write_guide,
)
from selftrain.envs.browser.world import NOW, World

_Issue = dict[str, Any]
_Property = tuple[str, Callable[[_Issue], bool]]
_MOST_TRIES = 400


# which issue


def _plain_properties(issue: _Issue) -> list[_Property]:
    """What a filter of the search finds."""
    named = {
        "kind": "it is a {}",
        "status": "its status is {}",
        "component": "its component is {}",
        "milestone": "it is planned for {}",
        "assignee": "{} is the assignee",
        "reporter": "{} reported it",
        "priority": "its priority is {}",
    }
    made: list[_Property] = [
        (text.format(issue[name]), lambda other, name=name: other[name] == issue[name])  # type: ignore[misc]
        for name, text in named.items()
        if issue[name]
    ]
    made += [
        (f"it has the label {label}", lambda other, label=label: label in other["labels"])  # type: ignore[misc]
        for label in sorted(issue["labels"])
    ]
    month = issue["created_at"][:7]
    return [*made, (f"it was created in the month {month}", lambda other: other["created_at"][:7] == month)]


def _hidden_properties(issue: _Issue, facts: dict[int, dict[str, set[str]]]) -> list[_Property]:
    """What only the page of the issue shows."""
    made: list[_Property] = []
    if issue["estimate"]:
        made.append((f"its estimate is {issue['estimate']}", lambda other: other["estimate"] == issue["estimate"]))
    if issue["version"]:
        made.append((f"it affects version {issue['version']}", lambda other: other["version"] == issue["version"]))
    texts = {
        "watcher": "{} watches it",
        "commenter": "{} wrote a comment on it",
        "comment": "somebody commented “{}”",
        "blocks": "it blocks {}",
        "blocked": "{} blocks it",
    }
    return made + [
        (text.format(value), lambda other, kind=kind, value=value: value in facts[other["id"]][kind])
        for kind, text in texts.items()
        for value in sorted(facts[issue["id"]][kind])
    ]


def _facts(world: World, issues: Sequence[_Issue]) -> dict[int, dict[str, set[str]]]:
    """Watchers, comments and links of each issue."""
    facts: dict[int, dict[str, set[str]]] = {
        issue["id"]: {kind: set() for kind in ("watcher", "commenter", "comment", "blocks", "blocked")}
        for issue in issues
    }
    names = {issue["id"]: issue["ref"] for issue in issues}
    for found in world.rows(SITE, "SELECT issue_id, username FROM watchers w JOIN users u ON u.id = w.user_id"):
        facts[found["issue_id"]]["watcher"].add(found["username"])
    for found in world.rows(SITE, "SELECT issue_id, username, body FROM comments c JOIN users u ON u.id = author_id"):
        facts[found["issue_id"]]["commenter"].add(found["username"])
        facts[found["issue_id"]]["comment"].add(found["body"])
    for found in world.rows(SITE, "SELECT issue_id, other_id FROM links WHERE kind = 'blocks'"):
        facts[found["issue_id"]]["blocks"].add(names[found["other_id"]])
        facts[found["other_id"]]["blocked"].add(names[found["issue_id"]])
    return facts


_SHAPES = {2: (3, 0), 3: (5, 0), 4: (3, 1), 5: (2, 3)}
"""Level → how many properties that filters find, and how many that only the issue's page shows."""


def _find(rng: np.random.Generator, level: int, world: World) -> Draft:
    issues = all_issues(world)
    facts = _facts(world, issues)
    ask = "Which issue is it? Answer with its key, such as {key}-12."
    if level == 1:
        counts = {issue["title"]: [each["title"] for each in issues].count(issue["title"]) for issue in issues}
        target = one_of(rng, [issue for issue in issues if counts[issue["title"]] == 1])
        described, near = f"the issue is called “{target['title']}”", [issue for issue in issues if issue != target]
    else:
        target, described, near = _described(rng, level, issues, facts)
    told = said(
        rng,
        [
            "I am looking for an issue of the project {project}: {what}. {ask}",
            "Please find me an issue in {project}. This is what I remember: {what}. {ask}",
            "There is one issue in {project} about which I know this much: {what}. {ask}",
        ],
        project=target["project"],
        what=described,
        ask=ask.format(key=target["key"]),
    )
    same = [issue["ref"] for issue in near if issue["project_id"] == target["project_id"]]
    wrong = some_of(rng, same, 2)
    return Draft(
        told,
        world,
        Goal(answer=target["ref"]),
        (Do(f"goto('{HOME}/issues/{target['ref']}')"), *answering(target["ref"])),
        {"one that fits nearly": answering(wrong[0]), "another one": answering(wrong[1])},
        steps=20 + 15 * level,
    )


def _described(
    rng: np.random.Generator, level: int, issues: Sequence[_Issue], facts: dict[int, dict[str, set[str]]]
) -> tuple[_Issue, str, list[_Issue]]:
    """An issue, properties that only it has in its project, and others that have all of these but one."""
    plain, hidden = _SHAPES[level]
    for _ in range(_MOST_TRIES):
        target = one_of(rng, issues)
        open_ones, closed_ones = _plain_properties(target), _hidden_properties(target, facts)
        if len(open_ones) < plain or len(closed_ones) < hidden:
            continue
        chosen = some_of(rng, open_ones, plain) + some_of(rng, closed_ones, hidden)
        own = [issue for issue in issues if issue["project_id"] == target["project_id"]]
        fits = [sum(holds(issue) for _, holds in chosen) for issue in own]
        near = [issue for issue, count in zip(own, fits, strict=True) if count == len(chosen) - 1]
        by_plain = [issue for issue in own if all(holds(issue) for _, holds in chosen[:plain])]
        # what only pages show must be needed, and there must be something to take for it
        if fits.count(len(chosen)) == 1 and len(near) >= 2 and (not hidden or len(by_plain) >= level - 1):
            return target, "; ".join(text for text, _ in chosen), near
    raise AssertionError("no issue of this world can be described so that it is the only one")


# how many


def _count(rng: np.random.Generator, level: int, world: World) -> Draft:
    for found in some_of(rng, world.rows(SITE, "SELECT * FROM projects ORDER BY id"), 4):
        project = dict(found)
        if question := _question(rng, level, world, project):
            break
    else:
        raise AssertionError("no project of this world has enough to count")
    what, right, wrong = question
    told = said(
        rng,
        [
            "For the report on {project} I need a figure: {what}? Answer with the number alone.",
            "{project} again: {what}? A bare number is enough.",
            "Could you look this up in the tracker for {project}: {what}? Just answer with the number.",
        ],
        project=project["name"],
        what=what,
    )
    oracle = (Do(f"goto('{HOME}/issues?project={project['key']}')"), *answering(right))
    cheats = {"counted too much": answering(wrong[0]), "counted otherwise": answering(wrong[1])}
    return Draft(told, world, Goal(answer=str(right), answer_kind="number"), oracle, cheats, steps=30 + 10 * level)


_Question = tuple[str, int, tuple[int, int]]
"""A question, its answer, and two answers to nearly the same question."""


def _question(rng: np.random.Generator, level: int, world: World, project: _Issue) -> _Question | None:
    if level == 4:  # so that it matters who owns a component
        world.write(
            SITE,
            "UPDATE issues SET assignee_id = (SELECT owner_id FROM components c WHERE c.id = component_id) "
            "WHERE project_id = ? AND kind = 'bug' AND assignee_id IS NOT NULL AND component_id IS NOT NULL "
            "AND id % 3 = ?",
            *(project["id"], int(rng.integers(3))),
        )
    issues = [issue for issue in all_issues(world) if issue["project_id"] == project["id"]]
    if level == 5:
        return _late(rng, world, project, issues)
    for _ in range(_MOST_TRIES):
        asked = _counted(rng, level, issues)
        if asked[1] >= 3 and asked[1] not in asked[2]:
            return asked
    return None


def _counted(rng: np.random.Generator, level: int, issues: Sequence[_Issue]) -> _Question:
    unfinished = [issue for issue in issues if issue["open"]]
    kind = one_of(rng, ("bug", "feature", "task"))
    of_kind = [issue for issue in unfinished if issue["kind"] == kind]
    if level == 1:
        return f"how many open issues (neither resolved nor closed) are of the kind {kind}", len(of_kind), (
            sum(issue["kind"] == kind for issue in issues), len(of_kind) - 1)  # fmt: skip
    if level == 2:
        component = one_of(rng, sorted({issue["component"] for issue in issues if issue["component"]}))
        among = [issue for issue in issues if issue["component"] == component]
        free = [issue for issue in among if issue["open"]]
        what = f"how many issues of the component {component} are open, that is neither resolved nor closed"
        return what, len(free), (len(among), len([issue for issue in free if issue["kind"] == "bug"]))
    milestone = one_of(rng, sorted({issue["milestone"] for issue in issues if issue["milestone"]}))
    among = [issue for issue in issues if issue["milestone"] == milestone]
    left = [issue for issue in among if issue["open"]]
    if level == 3:
        what = f"what do the estimates of the open issues in the milestone {milestone} add up to"
        return what, _points(left), (_points(among), _points(left[1:]))
    bugs = [issue for issue in left if issue["kind"] == "bug"]
    others = [issue for issue in bugs if issue["assignee_id"] != issue["owner_id"]]
    what = (
        f"what do the estimates of the open bugs in the milestone {milestone} add up to, without those that are "
        "assigned to the owner of their component"
    )
    return what, _points(others), (_points(bugs), _points(others[1:]))


def _points(issues: Sequence[_Issue]) -> int:
    return sum(issue["estimate"] or 0 for issue in issues)


def _late(rng: np.random.Generator, world: World, project: _Issue, issues: Sequence[_Issue]) -> _Question | None:
    """How many bugs are late as the guide has it, which names other days for each priority in each world."""
    excused, doubled = some_of(rng, ("needs-info", "flaky", "docs", "ux"), 2)
    bugs = [issue for issue in issues if issue["kind"] == "bug" and issue["open"] and issue["priority"]]
    for at, issue in enumerate(some_of(rng, bugs, 10)):
        label = (excused, doubled)[at % 2]
        if label not in issue["labels"]:
            issue["labels"].add(label)
            given = (issue["id"], label_id(world, label))
            world.write(SITE, "INSERT INTO issue_labels (issue_id, label_id) VALUES (?, ?)", *given)
    for _ in range(_MOST_TRIES):
        days = dict(zip(PRIORITIES, np.sort(rng.choice(np.arange(6, 150, 3), 4, replace=False)).tolist(), strict=True))
        right = sum(_is_late(issue, days, excused, doubled) for issue in issues)
        wrong = (
            sum(_is_late(issue, days, "", doubled) for issue in issues),
            sum(_is_late(issue, days, excused, "") for issue in issues),
        )
        if right not in wrong and right >= 2:
            break
    else:
        return None
    write_guide(
        world,
        project["id"],
        "Deadlines",
        (
            *(f"A bug of priority {name} is to be finished within {count} days of the day it was created."
              for name, count in days.items()),
            "A bug is late when it is still unfinished and more days than that have gone by; today counts as gone by.",
            f"What carries the label {excused} is never late.",
            f"What carries the label {doubled} has twice the time.",
            "Finished means resolved or closed. Without a priority there is no deadline.",
        ),
    )  # fmt: skip
    return "how many bugs are late today, by the deadlines in its contribution guide", right, wrong


def _is_late(issue: _Issue, days: dict[str, int], excused: str, doubled: str) -> bool:
    if issue["kind"] != "bug" or not issue["open"] or not issue["priority"] or excused in issue["labels"]:
        return False
    age = (datetime.date.fromisoformat(NOW[:10]) - datetime.date.fromisoformat(issue["created_at"][:10])).days
    return age > days[issue["priority"]] * (2 if doubled in issue["labels"] else 1)


# what is in the way


def _blockers(rng: np.random.Generator, level: int, world: World) -> Draft:
    """A tree of issues that block one another: what has to be done first, and how much it is in all."""
    project = some_project(rng, world)
    free = [
        issue for issue in all_issues(world) if issue["project_id"] == project["id"] and issue["status"] == "triaged"
    ]
    world.write(SITE, "DELETE FROM links WHERE kind = 'blocks'")
    size = min(len(free), (2, 4, 6, 8, 11)[level - 1] + 3)
    chosen = some_of(rng, free, size)
    goal, members, decoys = chosen[0], chosen[1:-2], chosen[-2:]
    parents = [0]
    for at in range(1, len(members) + 1):
        parents.append(int(rng.integers(max(0, at - 3), at)))
        _block(world, chosen[at], chosen[parents[at]])
    for decoy in decoys:  # they are blocked, and block nothing
        _block(world, goal, decoy)
    finished = members[::3] if level >= 4 else []
    for issue in finished:
        world.write(SITE, "UPDATE issues SET status = 'resolved' WHERE id = ?", issue["id"])
    left = [issue for issue in members if issue not in finished]
    right = _points(left)
    what = "Add up the estimates of every unfinished issue that blocks it, directly or through others"
    if level >= 4:
        what += "; through finished issues, too, but without counting these"
    told = said(
        rng,
        [
            "We want to start on {ref} in {project}. {what}. Answer with the sum alone.",
            "How much work stands before {ref} ({project})? {what}. The number is all I need.",
            "Please look at what is in the way of {ref} of {project}. {what}. Answer with that number.",
        ],
        ref=goal["ref"],
        project=project["name"],
        what=what,
    )
    with_all = _points([*left, *finished, *decoys])
    first = _points([issue for at, issue in enumerate(members, 1) if parents[at] == 0])
    cheats = {"counts what it blocks": answering(with_all if with_all != right else right + 1)}
    cheats["only what blocks it directly"] = answering(first if first != right else right + (goal["estimate"] or 1))
    oracle = (Do(f"goto('{HOME}/issues/{goal['ref']}')"), *answering(right))
    return Draft(told, world, Goal(answer=str(right), answer_kind="number"), oracle, cheats, steps=20 + 12 * level)


def _block(world: World, issue: _Issue, other: _Issue) -> None:
    world.write(SITE, "INSERT INTO links (issue_id, kind, other_id) VALUES (?, 'blocks', ?)", issue["id"], other["id"])


FAMILIES = (
    BrowserFamily(
        "tracker-find-issue", "Find the one issue that has several properties, some of which only its page shows.",
        ("search", "cross-checking"), 0.02, (SITE,), _find,
    ),
    BrowserFamily(
        "tracker-count", "Count or add up issues by filters, and by the deadlines of a guide.",
        ("aggregation", "policy reading"), 0.05, (SITE,), _count,
    ),
    BrowserFamily(
        "tracker-blockers", "Follow links through a tree of issues and add up the work that stands before one.",
        ("graph traversal", "aggregation"), 0.03, (SITE,), _blockers,
    ),
)  # fmt: skip

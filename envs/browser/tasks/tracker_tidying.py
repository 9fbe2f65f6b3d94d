"""Tidying up in the tracker: closing duplicates, and moving what a milestone leaves unfinished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.tracker.words import COMPONENTS
from selftrain.envs.browser.tasks.parts import one_of, said, some_of
from selftrain.envs.browser.tasks.tracker_common import (
    SITE,
    SUBMIT,
    Account,
    account,
    add_comment,
    add_issue,
    add_watcher,
    all_issues,
    close_duplicate,
    components_of,
    edit,
    milestones_of,
    some_project,
    write_guide,
)
from selftrain.envs.browser.world import World

# duplicates


@dataclass(frozen=True)
class _Pair:
    """Two reports of one fault: which is to be closed, for which one, and who is to watch that one then."""

    closed: Mapping[str, Any]
    kept: Mapping[str, Any]
    watcher: str = ""
    watcher_id: int = 0

    def script(self) -> tuple[Do, ...]:
        """Does it."""
        steps = close_duplicate(self.closed["ref"], self.kept["ref"], f"Duplicate of {self.kept['ref']}.")
        return (*steps, *(add_watcher(self.kept["ref"], self.watcher) if self.watcher else ()))

    def changes(self, member: Account) -> list[Updated | Inserted]:
        """What that comes to."""
        closed, kept = self.closed["id"], self.kept["id"]
        said_there = Contains(("duplicate of", self.kept["ref"]), 120)
        made: list[Updated | Inserted] = [
            Updated(SITE, "issues", closed, {"status": "closed", "resolution": "duplicate"}),
            Inserted(SITE, "links", {"issue_id": closed, "kind": "duplicates", "other_id": kept}),
            Inserted(SITE, "comments", {"issue_id": closed, "author_id": member.id, "body": said_there}),
        ]
        if self.watcher:
            made.append(Inserted(SITE, "watchers", {"issue_id": kept, "user_id": self.watcher_id}))
        return made


_REPORTS = ("{noun} does not work any more", "Error in {noun}", "{noun}: unexpected message", "Cannot use {noun} today")


def _reported(
    rng: np.random.Generator,
    world: World,
    project: Mapping[str, Any],
    noun: str,
    code: str,
    day: int,
    labels: Sequence[str] = (),
) -> dict[str, Any]:
    """A report of the fault with this code. The code is only in its text."""
    title = one_of(rng, _REPORTS).format(noun=noun)
    issue = add_issue(
        world,
        project,
        labels,
        title=title[0].upper() + title[1:],
        body=f"Since {one_of(rng, ('yesterday', 'the update', 'last week'))} {noun} only says “Code {code}”. "
        + one_of(rng, ("A restart did not help.", "My colleague has it as well.", "It happens every time.")),
        reporter_id=int(rng.integers(21, 29)),
        created_at=f"2026-02-{day:02d} 09:{int(rng.integers(10, 59))}",
        updated_at=f"2026-02-{day:02d} 10:00",
    )
    for at in range(int(rng.integers(0, 3))):
        add_comment(
            world, issue["id"], 6 + at, one_of(rng, ("Seen here, too.", "Any news?")), f"2026-02-{day:02d} 15:0{at}"
        )
    return issue


def _faults(rng: np.random.Generator, world: World, project: Mapping[str, Any], count: int) -> list[tuple[str, str]]:
    """Parts and codes; two neighbours have the same part, or codes that differ in one digit."""
    nouns = [noun for component in components_of(world, project["id"]) for noun in COMPONENTS[component["name"]][1]]
    chosen = some_of(rng, nouns, count)
    codes = (rng.permutation(800)[:count] * 10 + 1000).tolist()
    return [(chosen[at // 2], f"E-{codes[at - at % 2] + at % 2}") for at in range(count)]


def _duplicate_pairs(
    rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any]
) -> tuple[list[_Pair], list[dict[str, Any]]]:
    """Pairs by the rules of the level, and issues that look like one of a pair and are to be left alone."""
    pairs, alone = [], []
    faults = _faults(rng, world, project, (2, 4, 6, 8, 12)[level - 1])
    spared = {2} if level == 4 else {2, 5} if level == 5 else set()
    wanted = (1, 1, 2, 3, 5)[level - 1] + len(spared)
    for at, (noun, code) in enumerate(faults):
        first = _reported(rng, world, project, noun, code, 3 + at)
        if at >= wanted:
            alone.append(first)
            continue
        second = _reported(rng, world, project, noun, code, 16 + at % 10, ("customer",) if at in spared else ())
        if at in spared:
            alone += [first, second]
            continue
        more = _comments(world, second) > _comments(world, first)
        kept, closed = (second, first) if level == 5 and more else (first, second)
        reporter = world.row(SITE, "SELECT username FROM users WHERE id = ?", closed["reporter_id"])["username"]
        same = closed["reporter_id"] == kept["reporter_id"]
        watcher = reporter if level >= 4 and not same else ""
        pairs.append(_Pair(closed, kept, watcher, closed["reporter_id"]))
    return pairs, alone


def _comments(world: World, issue: Mapping[str, Any]) -> int:
    return int(world.row(SITE, "SELECT COUNT(*) AS number FROM comments WHERE issue_id = ?", issue["id"])["number"])


_DUPLICATE_RULES = (
    "Two issues of a project are duplicates when their texts name the same error code. The same part with another code "
    "is another fault.",
    "The duplicate is closed with the resolution duplicate, and names the issue that stays.",
    "A comment on the issue that is closed says “Duplicate of” and the key of the issue that stays.",
)


def _told_duplicates(
    rng: np.random.Generator, level: int, project: Mapping[str, Any], pairs: Sequence[_Pair], member: Account
) -> str:
    kept = " and ".join(pair.kept["ref"] for pair in pairs)
    what = {
        1: f"{pairs[0].closed['ref']} reports the same fault as {kept}",
        2: f"{kept} was reported once more by somebody later on; find that issue",
        3: f"{kept} were each reported once more later on; find these issues",
    }.get(level, "some of the issues that are still new are duplicates of one another; find all of them")
    return said(
        rng,
        [
            "In {project} {what}. Close what is a duplicate as the contribution guide says under Duplicates. {account}",
            "Please tidy up in {project}: {what}, and close it by the rules for "
            "duplicates in the contribution guide. {account}",
            "{account} It is about duplicates in {project}: {what}. How to close them stands in the contribution "
            "guide; "
            "keep to it exactly.",
        ],
        project=project["name"],
        what=what,
        account=member.told,
    )


def _duplicates(rng: np.random.Generator, level: int, world: World) -> Draft:
    project = some_project(rng, world)
    member = account(rng, world, "developer", but=range(6, 9))
    pairs, alone = _duplicate_pairs(rng, level, world, project)
    stays = "The issue that was created first stays."
    if level == 5:
        stays = "The issue with more comments stays; when both have equally many, the one that was created first."
    extra = [
        "Whoever reported the issue that is closed becomes a watcher of the issue that stays, unless they reported "
        "both.",
        "When one of the two carries the label customer, both are left as they are.",
    ]
    write_guide(world, project["id"], "Duplicates", (*_DUPLICATE_RULES, stays, *(extra if level >= 4 else ())))
    told = _told_duplicates(rng, level, project, pairs, member)
    goal = Goal([change for pair in pairs for change in pair.changes(member)], {SITE: member.username})
    others = [do for pair in pairs[:-1] for do in pair.script()]
    turned = _Pair(pairs[-1].kept, pairs[-1].closed, pairs[-1].watcher)
    twin = _Pair(alone[0], pairs[-1].kept) if alone else turned
    return Draft(
        told,
        world,
        goal,
        (*member.sign_in, *others, *pairs[-1].script(), SUBMIT),
        {
            "closes the one that stays": (*member.sign_in, *others, *turned.script(), SUBMIT),
            "closes another one as well": (*member.sign_in, *others, *pairs[-1].script(), *twin.script(), SUBMIT),
            "says nothing": (
                *member.sign_in, *others, *close_duplicate(pairs[-1].closed["ref"], pairs[-1].kept["ref"], ""), SUBMIT,
            ),
        },
        steps=40 + 22 * len(pairs) + 6 * level,
    )  # fmt: skip


# what a milestone leaves unfinished


def _unfinished(
    rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any], milestone_id: int
) -> list[dict[str, Any]]:
    """The issues of the project with some of them in the milestone, as many unfinished as the level has."""
    count = (1, 2, 5, 7, 12)[level - 1]
    own = [issue for issue in all_issues(world) if issue["project_id"] == project["id"]]
    free = [issue for issue in own if issue["open"] and issue["status"] != "new"]
    chosen = {issue["id"] for issue in some_of(rng, free, count)}
    for issue in own:
        if issue["open"] and issue["milestone_id"] == milestone_id and issue["id"] not in chosen:
            world.write(SITE, "UPDATE issues SET milestone_id = NULL WHERE id = ?", issue["id"])
    for key in sorted(chosen):
        world.write(SITE, "UPDATE issues SET milestone_id = ? WHERE id = ?", milestone_id, key)
    return [issue for issue in all_issues(world) if issue["id"] in chosen]


def _policy(rng: np.random.Generator, level: int, names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The lines of the guide, and what they say for status, priority, kind, label and estimate."""
    stays = one_of(rng, ("in review", "in progress"))
    lines = [f"What is unfinished (neither resolved nor closed) when {names[0]} ends moves on to {names[1]}."]
    policy = {}
    if level >= 3:
        lines.append(f"What is {stays} stays in {names[0]}.")
        policy["stays"] = stays
    if level >= 4:
        policy["later"] = one_of(rng, ("low", "medium"))
        later = f"What has the priority {policy['later']} goes to {names[2]} instead"
        lines.append(f"{later}, unless the line before says it stays.")
    if level == 5:
        policy["big"] = one_of(rng, ("8", "13"))
        policy["kind"] = one_of(rng, ("feature", "task"))
        lines += [
            f"An unfinished {policy['kind']} that would move and has an estimate of {policy['big']} or more is taken "
            f"out of "
            "all milestones instead.",
        ]
    return lines, policy


def _target(
    issue: Mapping[str, Any], policy: Mapping[str, str], milestones: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The milestone that an unfinished issue gets: {} is none at all, None that it stays."""
    if issue["status"] == policy.get("stays"):
        return None
    if "big" in policy and issue["kind"] == policy["kind"] and (issue["estimate"] or 0) >= int(policy["big"]):
        return {}
    return dict(milestones[2 if issue["priority"] == policy.get("later") else 1])


def _policy_that_matters(
    rng: np.random.Generator,
    level: int,
    world: World,
    milestones: Sequence[Mapping[str, Any]],
    issues: Sequence[dict[str, Any]],
) -> tuple[list[str], dict[str, str]]:
    """A policy of which every rule has an issue that falls under it."""
    names = [each["name"] for each in milestones]
    for _ in range(200):
        lines, policy = _policy(rng, level, names)
        kinds = [_kind_of(_target(issue, policy, milestones)) for issue in issues]
        if kinds.count(names[1]) >= 1 and len(set(kinds)) >= (1, 1, 2, 3, 3)[level - 1]:
            return lines, policy
    _spread(world, issues, policy)
    return lines, policy


def _roll(rng: np.random.Generator, level: int, world: World) -> Draft:
    project = some_project(rng, world)
    milestones = milestones_of(world, project["id"])[1:]
    names = [each["name"] for each in milestones]
    issues = _unfinished(rng, level, world, project, milestones[0]["id"])
    lines, policy = _policy_that_matters(rng, level, world, milestones, issues)
    write_guide(world, project["id"], "Milestones", lines)
    moves = [(issue, target) for issue in issues if (target := _target(issue, policy, milestones)) is not None]
    member = account(rng, world, "developer")
    told = said(
        rng,
        [
            "{name} of {project} is over. Please move what is left in it as the contribution guide says under "
            "Milestones, and leave everything else as it is. {account}",
            "We close the books on {name} in {project}. Its unfinished issues have to go where the section "
            "Milestones of "
            "the contribution guide sends them. {account}",
            "{account} Roll over the milestone {name} of {project} by the rules under Milestones in the contribution "
            "guide; change nothing but milestones.",
        ],
        name=names[0],
        project=project["name"],
        account=member.told,
    )
    changes = [Updated(SITE, "issues", issue["id"], {"milestone_id": target.get("id")}) for issue, target in moves]
    steps = [_moved(issue, target.get("name", "None")) for issue, target in moves]
    flat = [do for step in steps for do in step]
    last, end = moves[-1]
    elsewhere = next(name for name in (*names[1:], "None") if name != end.get("name", "None"))
    return Draft(
        told,
        world,
        Goal(changes, {SITE: member.username}),
        (*member.sign_in, *flat, SUBMIT),
        {
            "one goes elsewhere": (*member.sign_in, *flat[: -len(steps[-1])], *_moved(last, elsewhere), SUBMIT),
            **_too_many(member, flat, world, issues, moves, names),
        },
        steps=40 + 8 * len(issues),
    )


def _kind_of(target: Mapping[str, Any] | None) -> str:
    return "stays" if target is None else str(target.get("name", "None"))


def _spread(world: World, issues: Sequence[dict[str, Any]], policy: Mapping[str, str]) -> None:
    """Make every rule matter where the world happens not to: one issue that stays, one for later, one that moves."""
    wanted = (
        {"status": "triaged", "priority": "critical", "kind": "bug"},
        {"status": policy.get("stays", "triaged")},
        {"status": "triaged", "priority": policy.get("later", "high"), "kind": "bug"},
    )
    for issue, values in zip(issues, wanted, strict=False):
        for column, value in values.items():
            world.write(SITE, f"UPDATE issues SET {column} = ? WHERE id = ?", value, issue["id"])
            issue[column] = value


def _moved(issue: Mapping[str, Any], milestone: str) -> tuple[Do, ...]:
    return edit(issue["ref"], {"Milestone": milestone})


def _too_many(
    member: Account,
    flat: Sequence[Do],
    world: World,
    issues: Sequence[Mapping[str, Any]],
    moves: Sequence[tuple[Mapping[str, Any], Any]],
    names: Sequence[str],
) -> dict[str, tuple[Do, ...]]:
    """A cheat that moves one that stays, or else an issue of the project that is finished."""
    moving = {issue["id"] for issue, _ in moves}
    left = [issue for issue in issues if issue["id"] not in moving]
    key = issues[0]["project_id"]
    left = left or [issue for issue in all_issues(world) if not issue["open"] and issue["project_id"] == key]
    left = [issue for issue in left if issue["milestone"] != names[1]]
    return {"one that stays goes, too": (*member.sign_in, *flat, *_moved(left[0], names[1]), SUBMIT)}


FAMILIES = (
    BrowserFamily(
        "tracker-duplicates",
        "Find reports of the same fault, and close the right one of each pair as the guide says.",
        ("deduplication", "policy reading", "record keeping"),
        0.0,
        (SITE,),
        _duplicates,
    ),
    BrowserFamily(
        "tracker-roll-milestone",
        "Move what a milestone leaves unfinished, by a policy with exceptions.",
        ("policy reading", "planning", "data entry"),
        0.0,
        (SITE,),
        _roll,
    ),
)

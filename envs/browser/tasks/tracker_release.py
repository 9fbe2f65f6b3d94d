"""Getting a release out: notes, version, checklist and what is still unfinished, by the rules of the guide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.parts import one_of, said, some_of
from selftrain.envs.browser.tasks.tracker_common import (
    HOME,
    SITE,
    SUBMIT,
    Account,
    account,
    all_issues,
    edit,
    label_id,
    milestones_of,
    some_project,
    write_guide,
)
from selftrain.envs.browser.world import NOW, World

_KEY = re.compile(r"\b[A-Z]{3}-\d+\b")
_ISSUES = (2, 4, 7, 10, 15)
_NAMES = ("Spring hand-over", "Customer week", "March delivery", "Quarter closing", "Field trial")
_CHECKS = (
    "Tests are green on all systems", "The manual is up to date", "A backup was restored on staging",
    "Support was told", "The download page is ready", "Licences were checked",
)  # fmt: skip


@dataclass(frozen=True)
class Lists:
    """Notes that name exactly these issues, in any words, and hold `part`."""

    keys: frozenset[str]
    part: str = ""

    def __call__(self, value: Any) -> bool:
        """Whether `value` is such a text."""
        return isinstance(value, str) and set(_KEY.findall(value)) == self.keys and self.part in value


@dataclass(frozen=True)
class _Plan:
    """What the release is to be."""

    project: Mapping[str, Any]
    milestone: Mapping[str, Any]
    version: str
    keys: tuple[str, ...]
    part: str
    left: tuple[Mapping[str, Any], ...]
    later: Mapping[str, Any]

    @property
    def notes(self) -> str:
        """Notes that will do."""
        return "\n".join(["In this release:", *self.keys, *([self.part] if self.part else [])])


def _milestone(rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any]) -> dict[str, Any]:
    """A new milestone of finished issues of all sorts; at level 5 two are unfinished."""
    name = one_of(rng, _NAMES)
    key = world.write(
        SITE,
        "INSERT INTO milestones (project_id, name, due, description) VALUES (?, ?, '2026-03-06', ?)",
        *(project["id"], name, f"What {project['name']} promised for this week."),
    )
    own = [issue for issue in all_issues(world) if issue["project_id"] == project["id"] and issue["status"] != "new"]
    chosen = some_of(rng, own, _ISSUES[level - 1])
    for at, issue in enumerate(chosen):
        unfinished = level == 5 and at < 2
        resolution = "" if unfinished else ("fixed", "fixed", "won't fix")[at % 3] if level >= 3 else "fixed"
        status = "triaged" if unfinished else "closed"
        closed_at = None if unfinished else "2026-02-26 16:00"
        # two that are sure to be named, whatever the guide leaves out
        sure = at in (3, 6)
        kind = "bug" if sure else issue["kind"]
        world.write(
            SITE,
            "UPDATE issues SET milestone_id = ?, status = ?, resolution = ?, closed_at = ?, kind = ? WHERE id = ?",
            *(key, status, resolution, closed_at, kind, issue["id"]),
        )
        if sure:
            world.write(SITE, "DELETE FROM issue_labels WHERE issue_id = ?", issue["id"])
    for issue in chosen[4::4]:
        if level >= 3 and "security" not in issue["labels"]:
            given = (issue["id"], label_id(world, "security"))
            world.write(SITE, "INSERT INTO issue_labels (issue_id, label_id) VALUES (?, ?)", *given)
    return dict(world.row(SITE, "SELECT * FROM milestones WHERE id = ?", key))


def _plan(rng: np.random.Generator, level: int, world: World) -> _Plan:
    """Draw the rules of the guide, write them down, and apply them."""
    project = some_project(rng, world)
    milestone = _milestone(rng, level, world, project)
    inside = [issue for issue in all_issues(world) if issue["milestone_id"] == milestone["id"]]
    listed = [issue for issue in inside if issue["resolution"] == "fixed"]
    lines = ["The notes name every issue of the milestone that was closed as fixed, by its key, and no other issue."]
    if level >= 3:
        secret = one_of(rng, ("security", "data-loss"))
        unsaid = one_of(rng, ("task", "feature"))
        listed = [issue for issue in listed if "security" not in issue["labels"] and issue["kind"] != unsaid]
        listed = listed if secret == "security" else [issue for issue in listed if secret not in issue["labels"]]
        hidden = "security" if secret == "security" else "security or data-loss"
        lines.append(f"Issues with the label {hidden} are not named, nor are issues of the kind {unsaid}.")
    part, major = "", [int(number) for number in _latest(world, project["id"]).split(".")]
    version = f"{major[0]}.{major[1] + 1}.0"
    if level >= 4:
        lead = world.row(SITE, "SELECT username FROM users WHERE id = ?", project["lead_id"])["username"]
        part = f"Approved by {lead}"
        lines.append("The last line of the notes is “Approved by” and the user name of the project lead.")
        big = one_of(rng, ("critical", "high"))
        if not any(issue["priority"] == big for issue in listed):
            version = f"{major[0]}.{major[1]}.{major[2] + 1}"
        lines.append(
            f"When the notes name an issue of the priority {big}, the second number of the last published version "
            f"goes up "
            "and the third becomes 0; otherwise the third goes up."
        )
    later = milestones_of(world, project["id"])[-1]
    if level == 5:
        lines.append(f"What is unfinished in the milestone moves to {later['name']} before the release is published.")
        lines.append("Every line of the checklist is marked as done, and the release is published.")
    write_guide(world, project["id"], "Releases", lines)
    left = tuple(issue for issue in inside if issue["open"])
    return _Plan(project, milestone, version, tuple(issue["ref"] for issue in listed), part, left, later)


def _latest(world: World, project_id: int) -> str:
    found = world.rows(SITE, "SELECT version FROM releases WHERE project_id = ? AND state = 'published'", project_id)
    versions: list[str] = [row["version"] for row in found]
    return max(versions, key=lambda version: [int(number) for number in version.split(".")])


def _draft_of(
    world: World, rng: np.random.Generator, plan: _Plan, notes: str, count: int
) -> tuple[int, list[tuple[int, str]]]:
    """A draft with a checklist; returns its id, and id and text of what is not done yet."""
    release = world.write(
        SITE,
        "INSERT INTO releases (project_id, version, milestone_id, notes) VALUES (?, ?, ?, ?)",
        *(plan.project["id"], "99.0.0" if not notes else plan.version, plan.milestone["id"], notes),
    )
    left = []
    for position, text in enumerate(some_of(rng, _CHECKS, count), 1):
        done = int(position == 2)
        sql = "INSERT INTO release_checks (release_id, position, text, done) VALUES (?, ?, ?, ?)"
        key = world.write(SITE, sql, release, position, text, done)
        left += [] if done else [(key, text)]
    return release, left


def _form(path: str, plan: _Plan, notes: str, version: str = "") -> tuple[Do, ...]:
    return (
        Do(f"goto('{HOME}{path}')"),
        Do("fill", "textbox", "Version", version or plan.version),
        Do("select", "combobox", "Milestone", plan.milestone["name"]),
        Do("fill", "textbox", "Notes", notes),
        Do("click", "button", "Save draft"),
    )


def _publish(release: int, checks: Sequence[tuple[int, str]]) -> tuple[Do, ...]:
    return (
        Do(f"goto('{HOME}/releases/{release}')"),
        *(Do("click", "button", f"Mark done: {text}") for _, text in checks),
        Do(f"goto('{HOME}/releases/{release}/publish')"),
        Do("click", "button", "Publish release"),
    )


def _release(rng: np.random.Generator, level: int, world: World) -> Draft:
    plan = _plan(rng, level, world)
    member = account(rng, world, "maintainer")
    if level in (1, 5):
        return _published(rng, level, world, plan, member)
    told = said(
        rng,
        [
            "Please prepare the next release of {project}: a draft{version} for the milestone {milestone}, with "
            "notes as the "
            "contribution guide wants them under Releases. Do not publish it. {account}",
            "{project} needs a new release draft{version}, for {milestone}. What belongs in it stands under Releases "
            "in the "
            "contribution guide. Leave it a draft. {account}",
            "{account} Make a draft{version} of a release of {project} for the milestone {milestone}. The "
            "contribution guide "
            "says under Releases what its notes must name; publishing is not your job.",
        ],
        **_named(plan, member, level),
    )
    values = {"project_id": plan.project["id"], "version": plan.version, "milestone_id": plan.milestone["id"]}
    changes = [Inserted(SITE, "releases", values | {"notes": Lists(frozenset(plan.keys), plan.part)})]
    path = f"/projects/{plan.project['key']}/releases/new"
    return Draft(
        told,
        world,
        Goal(changes, {SITE: member.username}),
        (*member.sign_in, *_form(path, plan, plan.notes), SUBMIT),
        {
            "names one too few": (*member.sign_in, *_form(path, plan, _one_less(plan)), SUBMIT),
            "another version": (*member.sign_in, *_form(path, plan, plan.notes, "98.0.0"), SUBMIT),
            "names one too many": (*member.sign_in, *_form(path, plan, f"{_first_of(plan)}\n{plan.notes}"), SUBMIT),
        },
        steps=30 + 10 * level,
    )


def _one_less(plan: _Plan) -> str:
    return f"Fixes, among them {' '.join(plan.keys[1:])}\n{plan.part}"


def _first_of(plan: _Plan) -> str:
    key = plan.project["key"]
    return next(f"{key}-{number}" for number in range(1, 99) if f"{key}-{number}" not in plan.keys)


def _named(plan: _Plan, member: Account, level: int) -> dict[str, str]:
    return {
        "project": plan.project["name"],
        "milestone": plan.milestone["name"],
        "account": member.told,
        "version": "" if level >= 4 else f" of version {plan.version}",
    }


def _published(rng: np.random.Generator, level: int, world: World, plan: _Plan, member: Account) -> Draft:
    """The draft is there; at level 5 it has no notes and a version that is nonsense."""
    notes, count = ("", 6) if level == 5 else ("Fixes and a faster start.", 3)
    release, checks = _draft_of(world, rng, plan, notes, count)
    told = said(
        rng,
        [
            "The release of {milestone} in {project} is due: {how} {account}",
            "Please get the draft for the milestone {milestone} of {project} out. To do so, {how} {account}",
            "{account} Today we publish the release of {project} that belongs to {milestone}; {how}",
        ],
        how="complete the draft as the contribution guide says under Releases: version, notes, checklist and what is "
        "unfinished; then publish it."
        if level == 5
        else "mark what is open on its checklist as done and publish it, without touching anything else.",
        **_named(plan, member, level),
    )
    values: dict[str, Any] = {"state": "published", "released_on": NOW[:10]}
    done: tuple[Do, ...] = ()
    if level == 5:
        values |= {"version": plan.version, "notes": Lists(frozenset(plan.keys), plan.part)}
        moved = [do for issue in plan.left for do in edit(issue["ref"], {"Milestone": plan.later["name"]})]
        done = (*moved, *_form(f"/releases/{release}/edit", plan, plan.notes))
    changes = [Updated(SITE, "releases", release, values)]
    changes += [Updated(SITE, "release_checks", key, {"done": 1}) for key, _ in checks]
    changes += [Updated(SITE, "issues", issue["id"], {"milestone_id": plan.later["id"]}) for issue in plan.left]
    short = _form(f"/releases/{release}/edit", plan, _one_less(plan))
    before = (*done[:-5], *short) if level == 5 else short
    return Draft(
        told,
        world,
        Goal(changes, {SITE: member.username}),
        (*member.sign_in, *done, *_publish(release, checks), SUBMIT),
        {
            "other notes": (*member.sign_in, *before, *_publish(release, checks), SUBMIT),
            "never published": (*member.sign_in, *done, *_publish(release, checks)[:-1], SUBMIT),
        },
        steps=40 + 20 * level,
    )


FAMILIES = (
    BrowserFamily(
        "tracker-release",
        "Write the notes of a release by the guide, find its version, work off its checklist and publish it.",
        ("policy reading", "release management", "writing"),
        0.0,
        (SITE,),
        _release,
    ),
)

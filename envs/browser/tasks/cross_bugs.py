"""Faults that are reported by mail and belong into the issue tracker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.mail_base import (
    ANY_TEXT,
    SUBMIT,
    Person,
    Rng,
    Says,
    ago,
    colleagues,
    login,
    one,
    owner,
    person,
    pick,
    put_mail,
    steps_for,
    write_guide,
)
from selftrain.envs.browser.tasks.tracker_common import HOME, Account, account, add_issue, components_of
from selftrain.envs.browser.world import World

_ASK = (
    "{login} Colleagues wrote to me about our products, with subjects that begin with 'Product report'. Enter what "
    "they say into the tracker at {home}/. {told} {rule}",
    "The mails 'Product report ...' in my inbox have to get into the issue tracker ({home}/). {login} {told} {rule}",
    "Please move the reports that came by mail (subjects begin with 'Product report') to the tracker, {home}/: {told} "
    "{rule} {login}",
)
_FIELDS = (
    "For each make an issue in the project of the product. Its title is what stands after 'What:' in the mail, letter "
    "by letter without the full stop at the end; the kind is bug for a fault and feature for a wish; the affected "
    "version is the one of the mail. The description is free, and all other fields stay as they are."
)
_FIELDS_STAFF = (
    "For each make an issue in the project of the product. Its title is what stands after 'What:' in the mail, letter "
    "by letter without the full stop at the end; kind, priority and what else there is to know are in the guide 'Who "
    "gets what' (under Guides in the mail). Affected version and component are those of the mail. The description is "
    "free, and all other fields stay as they are."
)
_SUBJECTS = (
    "The save button",
    "The print view",
    "The side menu",
    "The list of files",
    "The start page",
    "The date field",
)
_FAULTS = ("loses its last line", "shows yesterday's numbers", "jumps to the top", "stays grey", "forgets the language")
_WISHES = ("should be wider", "should show the owner", "should open in a new tab", "should remember the filter")
_WHEN = ("after a restart", "on small screens", "with long names", "in the night run", "for guests", "on Mondays")
_HARM = {
    "high": "Data is lost by it.",
    "medium": "Some of us cannot work because of it.",
    "low": "It only looks wrong.",
}
_SORTS = {
    1: ("bug",),
    2: ("bug", "feature", "bug"),
    3: ("bug", "feature", "bug", "bug"),
    4: ("bug", "feature", "known", "bug", "known", "bug"),
    5: ("bug", "feature", "known", "bug", "known", "corrected", "withdrawn", "corrected", "feature", "withdrawn"),
}


@dataclass(frozen=True)
class _Report:
    """What one colleague reported; `priority` is "" where nobody may set one."""

    sender: Person
    project: Mapping[str, Any]
    component: Mapping[str, Any]
    title: str
    kind: str
    version: str
    priority: str


def _file_bugs(rng: Rng, level: int, world: World) -> Draft:
    who = owner(world)
    staffed = level >= 3
    member = account(rng, world, "developer" if staffed else "reporter")
    if staffed:
        write_guide(world, "routing", _guide(level))
    changes: list[Inserted] = []
    doing: list[list[Do]] = []
    careless: list[Do] = []
    for sort, report in _reports(rng, world, level):
        _put_report(rng, world, report, sort)
        careless += _filing(report, staffed)
        if sort == "known":
            change, ref = _known(world, report, member)
            changes.append(change)
            doing.append(_commenting(ref, report.sender[0]))
        elif sort != "withdrawn":
            changes.append(_filed(report, member))
            doing.append(_filing(report, staffed))
    oracle = [*member.sign_in, *(do for each in doing for do in each), SUBMIT]
    cheats = {
        "one twice": [*oracle[:-1], *doing[0], SUBMIT],
        "title of one's own": [
            *member.sign_in,
            *_shortened(doing[0]),
            *(do for each in doing[1:] for do in each),
            SUBMIT,
        ],
    }
    if level >= 4:
        cheats["files all"] = [*member.sign_in, *careless, SUBMIT]
    if len(doing) > 1:
        cheats["one left out"] = [*member.sign_in, *(do for each in doing[1:] for do in each), SUBMIT]
    instruction = str(one(rng, *_ASK)).format(
        login=login(who),
        home=HOME,
        told=f"For the tracker: user name {member.username}, password {member.password}.",
        rule=_FIELDS_STAFF if staffed else _FIELDS,
    )
    goal = Goal(changes, {"tracker": member.username})
    return Draft(instruction, world, goal, oracle, cheats, steps=steps_for(oracle, 80))


def _reports(rng: Rng, world: World, level: int) -> list[tuple[str, _Report]]:
    """Sorts and reports, of different colleagues, with titles of which no two begin and end the same."""
    sorts, found = _SORTS[level], []
    ends = pick(rng, [(subject, when) for subject in _SUBJECTS for when in _WHEN], len(sorts))
    for sort, (subject, when), sender in zip(sorts, ends, colleagues(world, rng, len(sorts)), strict=True):
        kind = "feature" if sort == "feature" else "bug"
        title = f"{subject} {one(rng, *(_WISHES if kind == 'feature' else _FAULTS))} {when}"
        project = dict(one(rng, *world.rows("tracker", "SELECT * FROM projects ORDER BY id")))
        component = one(rng, *components_of(world, project["id"]))
        version = ".".join(str(int(n)) for n in rng.integers(1, 9, 3))
        priority = str(one(rng, *_HARM)) if kind == "bug" else "low"
        report = _Report(person(sender), project, component, title, kind, version, priority if level >= 3 else "")
        found.append((sort, report))
    return found


def _known(world: World, report: _Report, member: Account) -> tuple[Inserted, str]:
    """Have the tracker know what is reported: the comment that it takes, and the issue."""
    component = report.component["id"]
    issue = add_issue(world, report.project, title=report.title, version=report.version, component_id=component)
    body = Says((), (), (report.sender[0],))
    values = {"issue_id": issue["id"], "author_id": member.id, "body": body}
    return Inserted("tracker", "comments", values), str(issue["ref"])


def _put_report(rng: Rng, world: World, report: _Report, sort: str) -> None:
    """The mails of a report; what was corrected names another version first."""
    major, _, rest = report.version.partition(".")
    early = f"{int(major) + 1}.{rest}" if sort == "corrected" else report.version
    what = "fault" if report.kind == "bug" else "wish"
    harm = f" {_HARM[report.priority]}" if report.priority and report.kind == "bug" else ""
    area = f"\nComponent: {report.component['name']}" if report.priority else ""
    text = (
        f"This is a {what}.{harm}\n\nProduct: {report.project['name']}\nVersion: {early}{area}\nWhat: {report.title}."
    )
    subject = f"Product report, {report.project['name']}"
    first = put_mail(world, rng, report.sender, subject, text, ago(rng, 9, 4))
    if sort == "corrected":
        text = f"I was wrong about the version: it is {report.version}. All else stays as I wrote it."
        put_mail(world, rng, report.sender, f"Re: {subject}", text, ago(rng, 3), follows=first)
    if sort == "withdrawn":
        text = "Forget my report, please: it was a mistake of mine."
        put_mail(world, rng, report.sender, f"Re: {subject}", text, ago(rng, 3), follows=first)


def _guide(level: int) -> str:
    lines = [
        "A fault is a bug, a wish is a feature.",
        "Bugs by which data is lost have the priority high, those that keep people from working medium, those that "
        "only look wrong low. Features have the priority low.",
    ]
    if level >= 4:
        lines.append(
            "If the project has an issue with the same title already, make none: add a comment to it that holds the "
            "full name of who wrote the mail."
        )
    if level == 5:
        lines.append(
            "What a later mail of the same person corrects counts as corrected; what it takes back is left out."
        )
    return "How reports get into the tracker.\n\n# Product reports\n\n" + "\n".join(f"- {line}" for line in lines)


def _filed(report: _Report, member: Account) -> Inserted:
    values = {
        "project_id": report.project["id"],
        "title": report.title,
        "body": ANY_TEXT,
        "kind": report.kind,
        "version": report.version,
        "reporter_id": member.id,
    }
    if report.priority:
        values |= {"priority": report.priority, "component_id": report.component["id"]}
    return Inserted("tracker", "issues", values)


def _filing(report: _Report, staffed: bool) -> list[Do]:
    chosen = [("Priority", report.priority), ("Component", report.component["name"])] if staffed else []
    return [
        Do(f"goto('{HOME}/issues/new?project={report.project['key']}')"),
        Do("fill", "textbox", "Title", report.title),
        Do("select", "combobox", "Kind", report.kind),
        Do("fill", "textbox", "Affected version", report.version),
        *(Do("select", "combobox", name, value) for name, value in chosen),
        Do("click", "button", "Save"),
    ]


def _shortened(filing: list[Do]) -> list[Do]:
    return [Do("fill", "textbox", "Title", do.value[:-4]) if do.name == "Title" else do for do in filing]


def _commenting(ref: str, name: str) -> list[Do]:
    return [
        Do(f"goto('{HOME}/issues/{ref}')"),
        Do("fill", "textbox", "Comment", f"Also reported by {name}."),
        Do("click", "button", "Add comment"),
    ]


FAMILIES = (
    BrowserFamily(
        "cross-file-reports",
        "Enter reports that came by mail into the tracker, by the guide, without what is known or was taken back",
        ("several sites", "reading mail", "data entry", "policy"),
        0.0,
        ("mail", "tracker"),
        _file_bugs,
    ),
)

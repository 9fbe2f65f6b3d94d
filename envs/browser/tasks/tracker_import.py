"""Importing issues: a file that somebody kept elsewhere, put right by the guide and brought in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, IdOf, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.tracker.importing import COLUMNS
from selftrain.envs.browser.sites.tracker.schema import ESTIMATES, PRIORITIES
from selftrain.envs.browser.sites.tracker.words import CHORES, CIRCUMSTANCES, COMPONENTS, LABELS, SYMPTOMS
from selftrain.envs.browser.tasks.parts import one_of, said, some_of
from selftrain.envs.browser.tasks.tracker_common import (
    HOME,
    SITE,
    SUBMIT,
    Account,
    account,
    all_issues,
    components_of,
    label_id,
    some_project,
    write_guide,
)
from selftrain.envs.browser.world import World

_ROWS = (3, 4, 7, 10, 16)
_Row = dict[str, Any]
_FILE = "backlog.csv"
_MENDED = "backlog-mended.csv"


def _good_rows(rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any]) -> list[_Row]:
    """Rows as they ought to be, with titles that no issue of the project has."""
    taken = {issue["title"].casefold() for issue in all_issues(world) if issue["project_id"] == project["id"]}
    people = [found["username"] for found in world.rows(SITE, "SELECT username FROM users WHERE id BETWEEN 6 AND 17")]
    components = components_of(world, project["id"])
    made: list[_Row] = []
    while len(made) < _ROWS[level - 1]:
        component = one_of(rng, components)["name"]
        noun = one_of(rng, COMPONENTS[component][1])
        kind = one_of(rng, ("bug", "bug", "task"))
        title = one_of(rng, CHORES).format(noun)
        if kind == "bug":
            title = f"{noun[0].upper()}{noun[1:]} {one_of(rng, SYMPTOMS)} {one_of(rng, CIRCUMSTANCES)}"
        if title.casefold() in taken:
            continue
        taken.add(title.casefold())
        made.append({
            "title": title, "kind": kind, "priority": one_of(rng, PRIORITIES), "component": component,
            "assignee": one_of(rng, people),
            "labels": ";".join(sorted(some_of(rng, [name for name, _ in LABELS], int(rng.integers(0, 3))))),
            "estimate": str(one_of(rng, ESTIMATES)),
            "body": f"Taken over from the old list, line {int(rng.integers(100, 999))}.",
        })  # fmt: skip
    return made


_TERMS = {"critical": ("P0", "blocker"), "high": ("P1", "major"), "medium": ("P2", "normal"), "low": ("P3", "minor")}
_KINDS = {"bug": ("defect", "error"), "task": ("chore", "to-do")}


def _spoiled(
    rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any], good: Sequence[_Row]
) -> tuple[list[_Row], list[_Row], list[str]]:
    """The rows as the file has them, as they are to come in, and the guide that leads from these to those."""
    given, wanted = [dict(each) for each in good], [dict(each) for each in good]
    lines = ["Issues are imported with the CSV import; its page says what a file must look like."]
    if level >= 2:
        words = {name: one_of(rng, terms) for name, terms in _TERMS.items()}
        kinds = {name: one_of(rng, terms) for name, terms in _KINDS.items()}
        for row in given:
            row["priority"], row["kind"] = words[row["priority"]], kinds[row["kind"]]
        pairs = [f"{new} is {name}" for name, new in (words | kinds).items()]
        lines.append(f"In lists of the old system {', '.join(some_of(rng, pairs, len(pairs)))}.")
    if level >= 3:
        for at in some_of(rng, range(len(good)), len(good) // 3):
            low = int(one_of(rng, (2, 3, 5, 8)))
            wanted[at]["estimate"] = str(ESTIMATES[ESTIMATES.index(low) + 1])
            given[at]["estimate"] = str({2: 2.5, 3: 4, 5: 6, 8: 9}[low])
        lines.append("An estimate that the tracker does not know is rounded up to the next one that it knows.")
    if level >= 4:
        gone = [found["username"] for found in world.rows(SITE, "SELECT username FROM users WHERE NOT active")]
        owners = {each["name"]: each["owner"] for each in components_of(world, project["id"])}
        for at in some_of(rng, range(len(good)), 3):
            given[at]["assignee"] = one_of(rng, gone)
            wanted[at]["assignee"] = owners[good[at]["component"]] if level == 5 else ""
        lines.append(
            "Whoever has left the organisation gets no issues: the owner of the component takes them."
            if level == 5
            else "Whoever has left the organisation gets no issues: they come in without an assignee."
        )
        _add_doubles(rng, world, project, given)
        lines.append("A row with the title of an open issue of the project, whatever its case, is left out.")
    if level == 5:
        dropped = one_of(rng, ("flaky", "ux", "docs"))
        for at in some_of(rng, range(len(good)), 5):
            names = {each for each in good[at]["labels"].split(";") if each} - {dropped}
            wanted[at]["labels"] = ";".join(sorted(names))
            given[at]["labels"] = ";".join(sorted({*names, dropped}))
        for row in wanted:
            row["labels"] = ";".join(each for each in row["labels"].split(";") if each != dropped)
        lines.append(f"The label {dropped} is not taken over, but the row is.")
        lines.append("The order of rows, and every other cell, stays as it is.")
    return given, wanted, lines


def _add_doubles(rng: np.random.Generator, world: World, project: Mapping[str, Any], given: list[_Row]) -> None:
    """Rows with the titles of open issues are put among the others."""
    own = [issue["title"] for issue in all_issues(world) if issue["project_id"] == project["id"] and issue["open"]]
    for title in some_of(rng, own, 2):
        double = dict(one_of(rng, given)) | {"title": title.upper() if rng.random() < 0.5 else title}
        given.insert(int(rng.integers(1, len(given))), double)


def _csv(rows: Sequence[_Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([[row[name] for name in COLUMNS] for row in rows])
    return text.getvalue()


def _changes(world: World, project: Mapping[str, Any], member: Account, wanted: Sequence[_Row]) -> list[Inserted]:
    components = {each["name"]: each["id"] for each in components_of(world, project["id"])}
    people = {found["username"]: found["id"] for found in world.rows(SITE, "SELECT id, username FROM users")}
    changes: list[Inserted] = []
    labels: list[Inserted] = []
    for row in wanted:
        values = {name: row[name] for name in ("title", "kind", "priority", "body")} | {
            "project_id": project["id"],
            "component_id": components[row["component"]],
            "estimate": int(row["estimate"]),
            "reporter_id": member.id,
        }
        values |= {"assignee_id": people[row["assignee"]]} if row["assignee"] else {}
        labels += [
            Inserted(SITE, "issue_labels", {"issue_id": IdOf(len(changes)), "label_id": label_id(world, label)})
            for label in row["labels"].split(";")
            if label
        ]
        changes.append(Inserted(SITE, "issues", values))
    return [*changes, *labels]


def _load(project: Mapping[str, Any], rows: Sequence[_Row]) -> tuple[Do, ...]:
    return (
        Do(f"write_file({_MENDED!r}, {_csv(rows)!r})"),
        Do(f"goto('{HOME}/projects/{project['key']}/import')"),
        Do("upload", "file", "CSV file", _MENDED),
        Do("click", "button", "Import"),
    )


def _import(rng: np.random.Generator, level: int, world: World) -> Draft:
    project = some_project(rng, world)
    member = account(rng, world, "maintainer")
    good = _good_rows(rng, level, world, project)
    given, wanted, lines = _spoiled(rng, level, world, project, good)
    write_guide(world, project["id"], "Imports", lines)
    told = said(
        rng,
        [
            "The file {file} holds the rest of our old list. Please import it into {project}; {rules}. {account}",
            "Could you bring {file} into the tracker, as issues of {project}? {Rules}. {account}",
            "{account} Then import the issues in {file} into {project}. {Rules}.",
        ],
        file=_FILE,
        project=project["name"],
        account=member.told,
        **_wording(level),
    )
    other = next(each for each in PRIORITIES if each != wanted[-1]["priority"])
    mistaken = [*wanted[:-1], wanted[-1] | {"priority": other}]
    first = wanted[0]
    doubled = first | {"title": f"{first['title']} (2)"}
    return Draft(
        told,
        world,
        Goal(_changes(world, project, member, wanted), {SITE: member.username}),
        (*member.sign_in, *_load(project, wanted), SUBMIT),
        {
            "one row left out": (*member.sign_in, *_load(project, wanted[:-1]), SUBMIT),
            "one priority wrong": (*member.sign_in, *_load(project, mistaken), SUBMIT),
            "one row too many": (*member.sign_in, *_load(project, [*wanted, doubled]), SUBMIT),
        },
        files={_FILE: _csv(given).encode()},
        steps=30 + 6 * level,
    )


def _wording(level: int) -> dict[str, str]:
    rules = "it should go in as it is"
    if level > 1:
        rules = "put it right first by what its contribution guide says under Imports, and change nothing else in it"
    return {"rules": rules, "Rules": rules[0].upper() + rules[1:]}


FAMILIES = (
    BrowserFamily(
        "tracker-import",
        "Put a file of issues right by the guide, and import it.",
        ("data cleaning", "policy reading", "file upload"),
        0.0,
        (SITE,),
        _import,
    ),
)

"""Importing issues from a CSV file: all rows are right and all come in, or none does."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from flask import g, request

from ..base import flash, go, needs_role, page, row, rows
from .blueprint import routes
from .issues import insert_issue
from .projects import project_called
from .schema import ESTIMATES, FINISHED, KINDS, PRIORITIES

COLUMNS = ("title", "kind", "priority", "component", "assignee", "labels", "estimate", "body")
_MOST_ROWS = 200


@routes.route("/projects/<key>/import", methods=["GET", "POST"])
@needs_role("maintainer")
def import_issues(key: str) -> Any:
    """The form of an import, and what is wrong with the file that was sent."""
    project = project_called(key)
    problems: list[tuple[int, str]] = []
    if request.method == "POST":
        lines, problems = _read()
        if not problems:
            problems = _problems(project["id"], lines)
        if not problems:
            for line in lines:
                insert_issue(project, _values(project["id"], line), _labels(line))
            flash(f"{len(lines)} issues were imported.")
            return go("issues", project=project["key"], status="new")
    components = rows("SELECT name FROM components WHERE project_id = ? ORDER BY name", project["id"])
    return page(
        "tracker/import.html",
        422 if problems else 200,
        project=project,
        problems=problems,
        columns=COLUMNS,
        components=[found["name"] for found in components],
        kinds=KINDS,
        priorities=PRIORITIES,
        estimates=ESTIMATES,
    )


def _read() -> tuple[list[dict[str, str]], list[tuple[int, str]]]:
    """The rows of the file, or what is wrong with it, by line."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return [], [(0, "Choose a CSV file.")]
    try:
        text = sent.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [(0, "The file is not text in UTF-8.")]
    try:
        table = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        return [], [(0, f"The file is not CSV: {error}.")]
    if not table or tuple(name.strip() for name in table[0]) != COLUMNS:
        return [], [(1, f"The first line must be: {','.join(COLUMNS)}")]
    wide = [(at, f"{len(cells)} cells instead of {len(COLUMNS)}.") for at, cells in enumerate(table[1:], 2)
            if len(cells) != len(COLUMNS)]  # fmt: skip
    if not 1 <= len(table) - 1 <= _MOST_ROWS:
        wide.append((0, f"The file must have 1 to {_MOST_ROWS} rows besides the first line."))
    lines = [dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=False)) for cells in table[1:]]
    return lines, wide


def _labels(line: Mapping[str, str]) -> list[str]:
    return sorted({label.strip() for label in line["labels"].split(";") if label.strip()})


def _problems(project_id: int, lines: list[dict[str, str]]) -> list[tuple[int, str]]:
    components = {each["name"] for each in rows("SELECT name FROM components WHERE project_id = ?", project_id)}
    people = {each["username"] for each in rows("SELECT username FROM users WHERE active AND role <> 'reporter'")}
    known = {each["name"] for each in rows("SELECT name FROM labels")}
    taken = {
        each["title"].casefold()
        for each in rows(
            "SELECT title FROM issues WHERE project_id = ? AND status NOT IN (?, ?)", project_id, *FINISHED
        )
    }
    problems = []
    for at, line in enumerate(lines, 2):
        title = line["title"].casefold()
        wrong = {
            "title takes 8 to 120 characters": not 8 <= len(title) <= 120,
            "an open issue, or a row above, has this title": title in taken,
            f"kind “{line['kind']}” is unknown": line["kind"] not in KINDS,
            f"priority “{line['priority']}” is unknown": line["priority"] not in PRIORITIES,
            f"component “{line['component']}” is not one of the project": line["component"] not in components,
            f"assignee “{line['assignee']}” is not an active developer or maintainer": bool(line["assignee"])
            and line["assignee"] not in people,
            f"estimate “{line['estimate']}” is not one of {', '.join(map(str, ESTIMATES))}": line["estimate"]
            not in map(str, ESTIMATES),
            "body takes at most 4000 characters": len(line["body"]) > 4000,
        }
        wrong |= {f"label “{label}” is unknown": label not in known for label in _labels(line)}
        taken.add(title)
        problems += [(at, said) for said, is_so in wrong.items() if is_so]
    return problems


def _values(project_id: int, line: Mapping[str, str]) -> dict[str, Any]:
    component = row("SELECT id FROM components WHERE project_id = ? AND name = ?", project_id, line["component"])
    assignee = row("SELECT id FROM users WHERE username = ?", line["assignee"])
    return {
        "title": line["title"],
        "kind": line["kind"],
        "priority": line["priority"],
        "component_id": component["id"] if component else None,
        "assignee_id": assignee["id"] if assignee else None,
        "estimate": int(line["estimate"]),
        "body": line["body"].replace("\r\n", "\n"),
        "reporter_id": g.user["id"],
    }

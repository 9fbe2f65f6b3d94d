"""Milestones: the plan of a project, with due dates and progress."""

from __future__ import annotations

import datetime
from sqlite3 import Row
from typing import Any

from flask import abort, request

from ..base import Form, change, flash, go, needs_role, page, paged, row, row_or_404, rows, sent
from .blueprint import routes
from .projects import project_called
from .schema import FINISHED
from .workflow import is_maintainer

_COUNTED = (
    "SELECT m.*, p.key, p.name AS project, COUNT(i.id) AS issues, "
    "COALESCE(SUM(i.status IN ('resolved', 'closed')), 0) AS finished, COALESCE(SUM(i.estimate), 0) AS points "
    "FROM milestones m JOIN projects p ON p.id = m.project_id LEFT JOIN issues i ON i.milestone_id = m.id "
    "WHERE {condition} GROUP BY m.id ORDER BY m.due, m.id"
)


@routes.get("/projects/<key>/milestones")
def milestones(key: str) -> Any:
    """All milestones of a project."""
    project = project_called(key)
    found = rows(_COUNTED.format(condition="m.project_id = ?"), project["id"])
    return page("tracker/milestones.html", project=project, milestones=found, maintainer=is_maintainer())


@routes.get("/milestones/<int:milestone_id>")
def milestone(milestone_id: int) -> Any:
    """One milestone with its issues."""
    found = row_or_404(_COUNTED.format(condition="m.id = ?"), milestone_id)
    issues = paged(
        "SELECT i.*, u.username AS assignee, c.name AS component FROM issues i "
        "LEFT JOIN users u ON u.id = i.assignee_id "
        "LEFT JOIN components c ON c.id = i.component_id WHERE i.milestone_id = ? ORDER BY i.id",
        milestone_id,
        per_page=30,
    )
    return page("tracker/milestone.html", milestone=found, found=issues, maintainer=is_maintainer())


@routes.route("/projects/<key>/milestones/new", methods=["GET", "POST"])
@needs_role("maintainer")
def new_milestone(key: str) -> Any:
    """The form of a new milestone."""
    project, form = project_called(key), sent()
    if request.method == "POST":
        values = _fields(form, project["id"], 0)
        if not form.errors:
            change(
                "INSERT INTO milestones (project_id, name, due, description) VALUES (?, ?, ?, ?)",
                *(project["id"], *values),
            )
            flash(f"The milestone {values[0]} was created.")
            return go("milestones", key=project["key"])
    return _form_page(project, None, form)


@routes.route("/milestones/<int:milestone_id>/edit", methods=["GET", "POST"])
@needs_role("maintainer")
def edit_milestone(milestone_id: int) -> Any:
    """The form of what a milestone says."""
    found, form = row_or_404(_COUNTED.format(condition="m.id = ?"), milestone_id), sent()
    if request.method == "POST":
        values = _fields(form, found["project_id"], milestone_id)
        if not form.errors:
            if values != (found["name"], found["due"], found["description"]):
                change("UPDATE milestones SET name = ?, due = ?, description = ? WHERE id = ?", *values, milestone_id)
            flash(f"The milestone {values[0]} was saved.")
            return go("milestone", milestone_id=milestone_id)
    return _form_page(project_called(found["key"]), found, form)


def _fields(form: Form, project_id: int, own_id: int) -> tuple[str, str, str]:
    name, due = form.text("name", "Name", most=40), form.text("due", "Due date")
    try:
        datetime.date.fromisoformat(due)
    except ValueError:
        form.errors.setdefault("due", "Due date must be a date such as 2026-05-31.")
    if row("SELECT 1 FROM milestones WHERE project_id = ? AND name = ? AND id <> ?", project_id, name, own_id):
        form.errors["name"] = "The project has a milestone of this name."
    return name, due, form.text("description", "Description", least=0, most=500)


def _form_page(project: Row, found: Row | None, form: Form) -> Any:
    typed = form.values if form.errors else found or {}
    return page(
        "tracker/milestone_form.html",
        422 if form.errors else 200,
        project=project,
        milestone=found,
        typed=typed,
        errors=form.errors,
    )


@routes.route("/milestones/<int:milestone_id>/close", methods=["GET", "POST"])
@needs_role("maintainer")
def close_milestone(milestone_id: int) -> Any:
    """Close a milestone in which everything is finished."""
    found = row_or_404(_COUNTED.format(condition="m.id = ?"), milestone_id)
    if found["state"] == "closed":
        abort(409, f"The milestone {found['name']} is closed already.")
    left = rows(
        "SELECT * FROM issues WHERE milestone_id = ? AND status NOT IN (?, ?) ORDER BY id", milestone_id, *FINISHED
    )
    if request.method == "POST":
        if left:
            return page("tracker/close_milestone.html", 422, milestone=found, left=left)
        change("UPDATE milestones SET state = 'closed' WHERE id = ?", milestone_id)
        flash(f"The milestone {found['name']} is closed.")
        return go("milestones", key=found["key"])
    return page("tracker/close_milestone.html", milestone=found, left=left)

"""Releases: drafts with a checklist, and the changelog of what is out."""

from __future__ import annotations

import re
from sqlite3 import Row
from typing import Any

from flask import abort, request

from ..base import Form, change, flash, go, needs_role, now, page, row, row_or_404, rows, sent
from .blueprint import routes
from .projects import project_called
from .schema import FINISHED
from .workflow import is_maintainer

_VERSION = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")


@routes.get("/projects/<key>/releases")
def releases(key: str) -> Any:
    """The changelog of a project, drafts included."""
    project = project_called(key)
    found = rows(
        "SELECT r.*, m.name AS milestone FROM releases r LEFT JOIN milestones m ON m.id = r.milestone_id "
        "WHERE r.project_id = ? ORDER BY r.state, r.released_on DESC, r.id DESC",
        project["id"],
    )
    return page("tracker/releases.html", project=project, releases=found, maintainer=is_maintainer())


@routes.get("/releases/<int:release_id>")
def release(release_id: int) -> Any:
    """One release."""
    return _release_page(_release(release_id))


def _release(release_id: int) -> Row:
    return row_or_404(
        "SELECT r.*, p.key, p.name AS project, m.name AS milestone FROM releases r "
        "JOIN projects p ON p.id = r.project_id LEFT JOIN milestones m ON m.id = r.milestone_id WHERE r.id = ?",
        release_id,
    )


def _checks(release_id: int) -> list[Row]:
    return rows("SELECT * FROM release_checks WHERE release_id = ? ORDER BY position", release_id)


def _release_page(found: Row, status: int = 200, problems: list[str] | None = None) -> Any:
    return page(
        "tracker/release.html",
        status,
        release=found,
        checks=_checks(found["id"]),
        problems=problems or [],
        maintainer=is_maintainer(),
    )


@routes.route("/projects/<key>/releases/new", methods=["GET", "POST"])
@needs_role("maintainer")
def new_release(key: str) -> Any:
    """The form of a new draft."""
    project, form = project_called(key), sent()
    if request.method == "POST":
        values = _fields(form, project["id"], 0)
        if not form.errors:
            release_id = change(
                "INSERT INTO releases (project_id, version, milestone_id, notes) VALUES (?, ?, ?, ?)",
                *(project["id"], *values),
            )
            flash(f"The draft of {values[0]} was created.")
            return go("release", release_id=release_id)
    return _form_page(project, None, form)


@routes.route("/releases/<int:release_id>/edit", methods=["GET", "POST"])
@needs_role("maintainer")
def edit_release(release_id: int) -> Any:
    """The form of a draft."""
    found, form = _draft(release_id), sent()
    if request.method == "POST":
        values = _fields(form, found["project_id"], release_id)
        if not form.errors:
            if values != (found["version"], found["milestone_id"], found["notes"]):
                change("UPDATE releases SET version = ?, milestone_id = ?, notes = ? WHERE id = ?", *values, release_id)
            flash(f"The draft of {values[0]} was saved.")
            return go("release", release_id=release_id)
    return _form_page(project_called(found["key"]), found, form)


def _draft(release_id: int) -> Row:
    found = _release(release_id)
    if found["state"] != "draft":
        abort(409, f"{found['version']} is published and stays as it is.")
    return found


def _fields(form: Form, project_id: int, own_id: int) -> tuple[str, int | None, str]:
    version = form.text("version", "Version", most=20)
    if not _VERSION.fullmatch(version):
        form.errors.setdefault("version", "Version must be three numbers such as 2.4.1.")
    if row("SELECT 1 FROM releases WHERE project_id = ? AND version = ? AND id <> ?", project_id, version, own_id):
        form.errors["version"] = "The project has a release of this version."
    known = [str(found["id"]) for found in rows("SELECT id FROM milestones WHERE project_id = ?", project_id)]
    milestone = form.number_choice("milestone_id", "Milestone", known)
    return version, milestone, form.text("notes", "Notes", least=0, most=4000)


def _form_page(project: Row, found: Row | None, form: Form) -> Any:
    listed = rows("SELECT id, name FROM milestones WHERE project_id = ? ORDER BY due", project["id"])
    return page(
        "tracker/release_form.html",
        422 if form.errors else 200,
        project=project,
        release=found,
        typed=form.values if form.errors else found or {},
        errors=form.errors,
        milestones=[("", "None"), *((each["id"], each["name"]) for each in listed)],
    )


@routes.post("/releases/<int:release_id>/checks/<int:check_id>")
@needs_role("maintainer")
def toggle_check(release_id: int, check_id: int) -> Any:
    """Mark a line of the checklist as done, or as not done."""
    found = _draft(release_id)
    check = row_or_404("SELECT * FROM release_checks WHERE id = ? AND release_id = ?", check_id, found["id"])
    change("UPDATE release_checks SET done = ? WHERE id = ?", 1 - check["done"], check_id)
    flash(f"{'Not done' if check['done'] else 'Done'}: {check['text']}")
    return go("release", release_id=release_id)


@routes.route("/releases/<int:release_id>/publish", methods=["GET", "POST"])
@needs_role("maintainer")
def publish(release_id: int) -> Any:
    """Publish a draft to which nothing is missing."""
    found = _draft(release_id)
    if request.method == "GET":
        return page("tracker/publish.html", release=found)
    problems = [f"Not done: {check['text']}" for check in _checks(release_id) if not check["done"]]
    left = rows(
        "SELECT ref FROM issues WHERE milestone_id = ? AND status NOT IN (?, ?) ORDER BY id",
        found["milestone_id"],
        *FINISHED,
    )
    if left:
        problems.append(f"Unfinished in {found['milestone']}: {', '.join(each['ref'] for each in left)}")
    if not found["notes"]:
        problems.append("The notes are empty.")
    if problems:
        return _release_page(found, 422, problems)
    change("UPDATE releases SET state = 'published', released_on = ? WHERE id = ?", now()[:10], release_id)
    flash(f"{found['project']} {found['version']} is published.")
    return go("release", release_id=release_id)

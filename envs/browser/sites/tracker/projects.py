"""The start page, the pages of a project, and its guide for contributors."""

from __future__ import annotations

from itertools import groupby
from sqlite3 import Row
from typing import Any

from flask import g

from ..base import page, row_or_404, rows
from .blueprint import routes
from .schema import FINISHED


def project_called(key: str) -> Row:
    """The project with this key and its lead; without one the answer is "not found"."""
    return row_or_404(
        "SELECT p.*, u.username AS lead, u.name AS lead_name FROM projects p JOIN users u ON u.id = p.lead_id "
        "WHERE p.key = ?",
        key.upper(),
    )


@routes.get("/")
def projects() -> Any:
    """The start page."""
    mine = g.user["id"] if g.user else None
    return page(
        "tracker/projects.html",
        projects=rows(
            "SELECT p.*, COUNT(i.id) AS issues, SUM(i.status NOT IN (?, ?)) AS open FROM projects p "
            "LEFT JOIN issues i ON i.project_id = p.id GROUP BY p.id ORDER BY p.name",
            *FINISHED,
        ),
        mine=rows(
            "SELECT * FROM issues WHERE assignee_id = ? AND status NOT IN (?, ?) ORDER BY updated_at DESC, id LIMIT 10",
            mine,
            *FINISHED,
        ),
        recent=rows(
            "SELECT a.*, i.ref, i.title, u.username FROM activity a JOIN issues i ON i.id = a.issue_id "
            "JOIN users u ON u.id = a.user_id ORDER BY a.created_at DESC, a.id DESC LIMIT 12"
        ),
    )


@routes.get("/projects/<key>")
def project(key: str) -> Any:
    """One project with its components."""
    found = project_called(key)
    return page(
        "tracker/project.html",
        project=found,
        statuses=rows(
            "SELECT status, COUNT(*) AS number FROM issues WHERE project_id = ? GROUP BY status ORDER BY status",
            found["id"],
        ),
        components=rows(
            "SELECT c.*, u.username, u.name AS owner, (SELECT COUNT(*) FROM issues i WHERE i.component_id = c.id "
            "AND i.status NOT IN (?, ?)) AS open FROM components c JOIN users u ON u.id = c.owner_id "
            "WHERE c.project_id = ? ORDER BY c.name",
            *FINISHED,
            found["id"],
        ),
    )


@routes.get("/projects/<key>/guide")
def guide(key: str) -> Any:
    """The rules of a project."""
    found = project_called(key)
    lines = rows("SELECT * FROM guide WHERE project_id = ? ORDER BY id", found["id"])
    sections = [
        (name, [line["text"] for line in group]) for name, group in groupby(lines, lambda line: line["section"])
    ]
    return page(
        "tracker/guide.html", project=found, sections=sections, labels=rows("SELECT * FROM labels ORDER BY name")
    )

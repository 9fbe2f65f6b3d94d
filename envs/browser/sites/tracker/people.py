"""Who works here."""

from __future__ import annotations

from typing import Any

from flask import request

from ..base import page, paged, row_or_404, rows
from .blueprint import routes
from .schema import FINISHED, ROLES


@routes.get("/members")
def members() -> Any:
    """The list of members."""
    role, words = request.args.get("role", ""), request.args.get("q", "").strip()
    found = paged(
        "SELECT u.*, (SELECT COUNT(*) FROM issues i WHERE i.assignee_id = u.id AND i.status NOT IN (?, ?)) AS open "
        "FROM users u WHERE (? = '' OR role = ?) AND (name LIKE '%' || ? || '%' OR username LIKE '%' || ? || '%') "
        "ORDER BY name, username",
        *(*FINISHED, role, role, words, words),
    )
    return page("tracker/members.html", found=found, role=role, words=words, roles=[("", "Any"), *ROLES])


@routes.get("/members/<username>")
def member(username: str) -> Any:
    """One member, and what is his."""
    found = row_or_404("SELECT * FROM users WHERE username = ?", username)
    return page(
        "tracker/member.html",
        member=found,
        components=rows(
            "SELECT c.*, p.key, p.name AS project FROM components c JOIN projects p ON p.id = c.project_id "
            "WHERE c.owner_id = ? ORDER BY p.name, c.name",
            found["id"],
        ),
        assigned=rows(
            "SELECT * FROM issues WHERE assignee_id = ? AND status NOT IN (?, ?) ORDER BY ref LIMIT 40",
            *(found["id"], *FINISHED),
        ),
    )

"""Trackline: an issue tracker of a software organisation, with boards, milestones, releases and imports."""

from __future__ import annotations

from ..base import Site
from . import board, importing, issue_acts, issues, milestones, people, projects, releases, search
from .blueprint import routes
from .schema import SCHEMA

__all__ = [
    "SITE", "board", "importing", "issue_acts", "issues", "milestones", "people", "projects", "releases", "search"
]  # fmt: skip

SITE = Site(
    name="tracker",
    title="Trackline",
    schema=SCHEMA,
    routes=routes,
    nav=(
        ("Projects", "projects"),
        ("Issues", "issues"),
        ("New issue", "new_issue"),
        ("Saved queries", "queries"),
        ("Members", "members"),
    ),
    incidental=frozenset({"activity"}),
    generated=frozenset({"id", "issues.ref", "created_at", "updated_at", "issues.closed_at"}),
)

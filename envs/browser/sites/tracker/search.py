"""The search over all issues: filters, order, pages, the CSV file, and queries that are kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, g, jsonify, request

from ..base import change, download, flash, go, needs_login, page, paged, row, row_or_404, rows, sent
from .blueprint import routes
from .schema import KINDS, PRIORITIES, STATUSES

FIELDS = (
    "q", "project", "status", "kind", "priority", "label", "component", "milestone", "assignee", "reporter",
    "created_from", "created_to", "sort",
)  # fmt: skip
PER_PAGE = 25
_ORDERS = {
    "newest": "i.created_at DESC, i.id DESC",
    "oldest": "i.created_at, i.id",
    "updated": "i.updated_at DESC, i.id DESC",
    "priority": "CASE i.priority WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 "
    "ELSE 4 END, i.id",
    "title": "i.title COLLATE NOCASE, i.id",
}
SORTS = (
    ("newest", "Newest"),
    ("oldest", "Oldest"),
    ("updated", "Last updated"),
    ("priority", "Priority"),
    ("title", "Title"),
)
_SELECT = (
    "SELECT i.*, p.key, c.name AS component, m.name AS milestone, a.username AS assignee, r.username AS reporter, "
    "(SELECT GROUP_CONCAT(name, ', ') FROM (SELECT l.name FROM issue_labels x JOIN labels l ON l.id = x.label_id "
    "WHERE x.issue_id = i.id ORDER BY l.name)) AS labels, "
    "(SELECT COUNT(*) FROM comments x WHERE x.issue_id = i.id) AS comment_count "
    "FROM issues i JOIN projects p ON p.id = i.project_id JOIN users r ON r.id = i.reporter_id "
    "LEFT JOIN components c ON c.id = i.component_id LEFT JOIN milestones m ON m.id = i.milestone_id "
    "LEFT JOIN users a ON a.id = i.assignee_id"
)
_SIMPLE = {
    "project": "p.key = ?",
    "kind": "i.kind = ?",
    "component": "c.name = ?",
    "milestone": "m.name = ?",
    "assignee": "a.username = ?",
    "reporter": "r.username = ?",
    "priority": "i.priority = ?",
    "created_from": "SUBSTR(i.created_at, 1, 10) >= ?",
    "created_to": "SUBSTR(i.created_at, 1, 10) <= ?",
    "label": "EXISTS (SELECT 1 FROM issue_labels x JOIN labels l ON l.id = x.label_id "
    "WHERE x.issue_id = i.id AND l.name = ?)",
}
_NONE = {
    "component": "i.component_id IS NULL",
    "milestone": "i.milestone_id IS NULL",
    "assignee": "i.assignee_id IS NULL",
    "priority": "i.priority = ''",
    "label": "NOT EXISTS (SELECT 1 FROM issue_labels x WHERE x.issue_id = i.id)",
}


def asked_filters() -> dict[str, str]:
    """The filters in the address, without those that are empty."""
    return {name: given for name in FIELDS if (given := request.args.get(name, "").strip())}


def filtered(filters: dict[str, str]) -> tuple[str, list[Any]]:
    """The query for all issues that fit, in order, and its values; "none" stands for what is not set."""
    conditions, values = ["1"], []
    for name, condition in _SIMPLE.items():
        if (given := filters.get(name)) == "none" and name in _NONE:
            conditions.append(_NONE[name])
        elif given:
            conditions.append(condition)
            values.append(given)
    if status := filters.get("status"):
        if status in ("open", "finished"):
            conditions.append(f"i.status {'NOT ' if status == 'open' else ''}IN ('resolved', 'closed')")
        else:
            conditions.append("i.status = ?")
            values.append(status)
    for word in filters.get("q", "").split():
        conditions.append("(i.title LIKE ? ESCAPE '\\' OR i.body LIKE ? ESCAPE '\\' OR i.ref = ?)")
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        values += [like, like, word.upper()]
    order = _ORDERS.get(filters.get("sort", ""), _ORDERS["newest"])
    return f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY {order}", values


@routes.get("/issues")
def issues() -> Any:
    """The list of issues that fit the filters."""
    filters = asked_filters()
    sql, values = filtered(filters)
    unknown = [
        filters[name]
        for name in ("assignee", "reporter")
        if filters.get(name, "none") != "none" and not row("SELECT 1 FROM users WHERE username = ?", filters[name])
    ]
    project = row("SELECT * FROM projects WHERE key = ?", filters.get("project", ""))
    return page(
        "tracker/issues.html",
        filters=filters,
        found=paged(sql, *values, per_page=PER_PAGE),
        unknown=unknown,
        query=urlencode(filters),
        choices=_choices(project["id"] if project else None),
    )


def _choices(project_id: int | None) -> dict[str, list[Any]]:
    names = {
        table: [found["name"] for found in rows(sql, project_id, project_id)]
        for table, sql in (
            ("component", "SELECT DISTINCT name FROM components WHERE ? IS NULL OR project_id = ? ORDER BY name"),
            ("milestone", "SELECT DISTINCT name FROM milestones WHERE ? IS NULL OR project_id = ? ORDER BY name"),
        )
    }
    either, nothing = ("", "Any"), ("none", "None")
    return {
        "project": [either, *((found["key"], found["name"]) for found in rows("SELECT * FROM projects ORDER BY name"))],
        "status": [either, ("open", "All open"), ("finished", "All finished"), *STATUSES],
        "kind": [either, *KINDS],
        "priority": [either, nothing, *PRIORITIES],
        "label": [either, nothing, *(found["name"] for found in rows("SELECT name FROM labels ORDER BY name"))],
        "component": [either, nothing, *names["component"]],
        "milestone": [either, nothing, *names["milestone"]],
        "sort": list(SORTS),
    }


@routes.get("/issues.csv")
def issues_csv() -> Response:
    """All issues that fit the filters, as a file."""
    sql, values = filtered(asked_filters())
    columns = (
        "ref", "title", "kind", "status", "resolution", "priority", "component", "milestone", "assignee", "reporter",
        "estimate", "version", "labels", "created_at", "closed_at",
    )  # fmt: skip
    lines = [["" if found[name] is None else found[name] for name in columns] for found in rows(sql, *values)]
    return download("issues.csv", columns, lines)


@routes.get("/queries")
@needs_login
def queries() -> Any:
    """The saved queries of who is signed in."""
    mine = rows("SELECT * FROM saved_queries WHERE user_id = ? ORDER BY name", g.user["id"])
    return page("tracker/queries.html", mine=mine)


@routes.post("/queries")
@needs_login
def save_query() -> Any:
    """Keep the filters of a list."""
    form = sent()
    name, query = form.text("name", "Name", most=60), form.text("query", "Query", least=0, most=500)
    if row("SELECT 1 FROM saved_queries WHERE user_id = ? AND name = ?", g.user["id"], name):
        form.errors["name"] = "You have a saved query of this name."
    if form.errors:
        abort(422, " ".join(form.errors.values()))
    change("INSERT INTO saved_queries (user_id, name, query) VALUES (?, ?, ?)", g.user["id"], name, query)
    flash(f"Saved the query “{name}”.")
    return go("queries")


@routes.post("/queries/<int:query_id>/delete")
@needs_login
def delete_query(query_id: int) -> Any:
    """Take a saved query away."""
    found = row_or_404("SELECT * FROM saved_queries WHERE id = ? AND user_id = ?", query_id, g.user["id"])
    change("DELETE FROM saved_queries WHERE id = ?", found["id"])
    flash(f"Deleted the query “{found['name']}”.")
    return go("queries")


@routes.get("/suggest")
def suggest() -> Response:
    """What a field may hold: user names, or references of issues."""
    begun = request.args.get("q", "").strip()
    if request.args.get("field") == "issue":
        found = rows("SELECT ref FROM issues WHERE ref LIKE ? || '%' ORDER BY id LIMIT 8", begun)
    else:
        found = rows(
            "SELECT username FROM users WHERE active AND (username LIKE ? || '%' OR name LIKE '%' || ? || '%') "
            "ORDER BY username LIMIT 8",
            begun,
            begun,
        )
    return jsonify([each[0] for each in found])

"""How an issue may go from one status to another, who may do what, and how its changes are written down."""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Row
from typing import Any

from flask import abort, g

from ..base import change, now, row, rows, value
from .schema import FINISHED, RESOLUTIONS

TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    "new": ("triaged",),
    "triaged": ("in progress",),
    "in progress": ("in review", "triaged"),
    "in review": ("resolved", "in progress"),
    "resolved": ("triaged",),
    "closed": ("triaged",),
}
"""Where an issue may go from each status, besides being closed, which takes a resolution."""
STAFF = ("developer", "maintainer")
_NAMES = {"component_id": "component", "milestone_id": "milestone", "assignee_id": "assignee", "body": "description"}
_SHOWN = {
    "component_id": "SELECT name FROM components WHERE id = ?",
    "milestone_id": "SELECT name FROM milestones WHERE id = ?",
    "assignee_id": "SELECT username FROM users WHERE id = ?",
}


def is_staff() -> bool:
    """Whether who is signed in is a developer or a maintainer."""
    return g.user is not None and g.user["role"] in STAFF


def is_maintainer() -> bool:
    """Whether who is signed in is a maintainer."""
    return g.user is not None and g.user["role"] == "maintainer"


def may_edit(issue: Row) -> bool:
    """Staff edit every issue; a reporter edits what he reported as long as nobody has triaged it."""
    return is_staff() or (g.user is not None and issue["reporter_id"] == g.user["id"] and issue["status"] == "new")


def open_blockers(issue: Row) -> list[Row]:
    """The unfinished issues that block this one."""
    return rows(
        "SELECT b.* FROM links l JOIN issues b ON b.id = l.issue_id "
        "WHERE l.kind = 'blocks' AND l.other_id = ? AND b.status NOT IN (?, ?) ORDER BY b.id",
        issue["id"],
        *FINISHED,
    )


def refusal(issue: Row, status: str) -> str:
    """Why this issue may not go to `status` now, or ""."""
    if status not in TRANSITIONS[issue["status"]]:
        return f"An issue that is {issue['status']} cannot become {status}."
    if issue["status"] == "closed" and not is_maintainer():
        return "Only a maintainer opens a closed issue again."
    if status == "triaged" and not (issue["priority"] and issue["component_id"]):
        return "Set a priority and a component before the issue becomes triaged."
    if status == "in progress":
        if not issue["assignee_id"]:
            return "Assign the issue to somebody before it goes in progress."
        if blockers := open_blockers(issue):
            return f"The issue is blocked by {', '.join(blocker['ref'] for blocker in blockers)}."
    if status == "resolved" and issue["assignee_id"] == g.user["id"]:
        return "Somebody other than the assignee must resolve what is in review."
    return ""


def refusal_to_close(issue: Row, resolution: str) -> str:
    """Why this issue may not be closed with this resolution, or ""."""
    if resolution not in RESOLUTIONS:
        return "Resolution: choose one of the list."
    if resolution == "fixed" and issue["status"] != "resolved":
        return "Only an issue that is resolved can be closed as fixed."
    if resolution == "won't fix" and not is_maintainer():
        return "Only a maintainer closes an issue as won't fix."
    if issue["status"] in ("in progress", "in review"):
        return f"An issue that is {issue['status']} cannot be closed; move it back to triaged first."
    return ""


def record(issue_id: int, what: str, before: Any = "", after: Any = "") -> None:
    """One line of the history of an issue."""
    change(
        "INSERT INTO activity (issue_id, user_id, what, before, after, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        *(issue_id, g.user["id"], what, str(before or ""), str(after or ""), now()),
    )


def update_issue(issue: Row, values: Mapping[str, Any]) -> bool:
    """Set columns of an issue and note in its history what changed; whether anything did."""
    changed = {name: new for name, new in values.items() if issue[name] != new}
    if not changed:
        return False
    columns = ", ".join(f"{name} = ?" for name in changed)
    change(f"UPDATE issues SET {columns}, updated_at = ? WHERE id = ?", *changed.values(), now(), issue["id"])
    for name, new in changed.items():
        if name == "closed_at":
            continue
        shown = [value(_SHOWN[name], each) if name in _SHOWN else each for each in (issue[name], new)]
        record(issue["id"], _NAMES.get(name, name), *(("", "") if name == "body" else shown))
    return True


def set_status(issue: Row, status: str, resolution: str = "") -> None:
    """Move an issue to a status that it may have."""
    closed_at = now() if status == "closed" else None
    update_issue(issue, {"status": status, "resolution": resolution, "closed_at": closed_at})


def add_comment(issue_id: int, body: str) -> None:
    """A comment of who is signed in."""
    change(
        "INSERT INTO comments (issue_id, author_id, body, created_at) VALUES (?, ?, ?, ?)",
        *(issue_id, g.user["id"], body, now()),
    )


def add_link(issue: Row, kind: str, other: Row) -> None:
    """Link two issues unless they are linked in this way already."""
    if not row("SELECT 1 FROM links WHERE issue_id = ? AND kind = ? AND other_id = ?", issue["id"], kind, other["id"]):
        change("INSERT INTO links (issue_id, kind, other_id) VALUES (?, ?, ?)", issue["id"], kind, other["id"])
        record(issue["id"], "link", "", f"{kind} {other['ref']}")


def issue_called(ref: str) -> Row:
    """The issue with this reference, with the names of what it refers to; without one the answer is "not found"."""
    found = row(
        "SELECT i.*, p.key, p.name AS project, c.name AS component, m.name AS milestone, a.username AS assignee, "
        "a.name AS assignee_name, r.username AS reporter, r.name AS reporter_name FROM issues i "
        "JOIN projects p ON p.id = i.project_id JOIN users r ON r.id = i.reporter_id "
        "LEFT JOIN components c ON c.id = i.component_id LEFT JOIN milestones m ON m.id = i.milestone_id "
        "LEFT JOIN users a ON a.id = i.assignee_id WHERE i.ref = ?",
        ref.upper(),
    )
    return found or abort(404)

"""The board of a project: a column for each status, cards that are dragged or moved with a form."""

from __future__ import annotations

from typing import Any

from flask import abort, request

from ..base import flash, go, needs_role, page, rows, sent
from .blueprint import routes
from .projects import project_called
from .schema import PRIORITIES, STATUSES
from .workflow import STAFF, TRANSITIONS, is_staff, issue_called, refusal, set_status

COLUMNS = STATUSES[:-1]


@routes.get("/projects/<key>/board")
def board(key: str) -> Any:
    """The board of one milestone."""
    found = project_called(key)
    milestones = rows("SELECT * FROM milestones WHERE project_id = ? ORDER BY due", found["id"])
    running = [each["id"] for each in milestones if each["state"] == "open"]
    asked = request.args.get("milestone", "")
    shown = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else (running or [0])[0]
    cards = rows(
        "SELECT i.*, a.username AS assignee, c.name AS component FROM issues i "
        "LEFT JOIN users a ON a.id = i.assignee_id LEFT JOIN components c ON c.id = i.component_id "
        "WHERE i.project_id = ? AND i.milestone_id = ? ORDER BY i.id",
        found["id"],
        shown,
    )
    order = {priority: place for place, priority in enumerate(PRIORITIES)}
    columns = [
        (
            status,
            sorted(
                (card for card in cards if card["status"] == status), key=lambda card: order.get(card["priority"], 9)
            ),
        )
        for status in COLUMNS
    ]
    return page(
        "tracker/board.html",
        project=found,
        columns=columns,
        milestones=[(each["id"], each["name"]) for each in milestones],
        shown=shown,
        transitions=TRANSITIONS,
        staff=is_staff(),
    )


@routes.post("/projects/<key>/board/<int:milestone_id>")
@routes.post("/projects/<key>/board/<int:milestone_id>/<dropped_on>")
@needs_role(*STAFF)
def move_card(key: str, milestone_id: int, dropped_on: str = "") -> Any:
    """A card goes to another column: the one it was dropped on, or the one of the form."""
    project, form = project_called(key), sent()
    card = issue_called(form.values.get("id", ""))
    if card["project_id"] != project["id"]:
        abort(404)
    status = dropped_on or form.values.get("status", "")
    if status not in COLUMNS:
        abort(422, "Choose one of the columns of the board.")
    if reason := refusal(card, status):
        flash(f"{card['ref']} stays where it is. {reason}", "alert")
    else:
        set_status(card, status)
        flash(f"{card['ref']} is {status} now.")
    return go("board", key=project["key"], milestone=milestone_id)

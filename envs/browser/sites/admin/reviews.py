"""Pages of the quarterly review of who is in which group."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import abort, g, request

from ..base import change, flash, go, needs_role, page, paged, row, row_or_404, sent, value
from .common import (
    STAFF,
    Ask,
    Column,
    Entry,
    Listing,
    Thing,
    has_role,
    listed,
    record,
    routes,
    show,
    show_form,
    show_thing,
)

CODES = ("UNUSED", "LEFT", "CONTRACTOR", "CONFLICT", "MOVED")
REVIEWS = listed(
    Listing(
        name="reviews",
        title="Access reviews",
        sql="SELECT r.*, (SELECT COUNT(*) FROM review_items WHERE review_id = r.id) AS items FROM reviews r",
        columns=(
            Column("Review", "name", "/reviews/{id}"),
            Column("Due", "due_on"),
            Column("Memberships", "items"),
            Column("Status", "status", style="badge"),
        ),
        search=("name",),
        filters={"status": "Status"},
        sorts={"Due": "due_on DESC", "Name": "name"},
    )
)


@routes.get("/reviews")
@needs_role(*STAFF)
def reviews() -> Any:
    """The list of reviews."""
    return show(REVIEWS)


@routes.get("/reviews/<int:review_id>")
@needs_role(*STAFF)
def review(review_id: int) -> Any:
    """One review with its memberships."""
    found = row_or_404("SELECT * FROM reviews WHERE id = ?", review_id)
    items = paged(
        "SELECT i.id, i.decision, i.code, u.name, u.username, g.name AS group_name FROM review_items i"
        " JOIN users u ON u.id = i.user_id JOIN groups g ON g.id = i.group_id WHERE i.review_id = ?"
        " ORDER BY u.name, g.name, i.id",
        review_id,
        per_page=20,
    )
    return page("admin/review.html", review=found, found=items, may=has_role("admin") and found["status"] == "open")


def _item(review_id: int, item_id: int) -> sqlite3.Row:
    return row_or_404(
        "SELECT i.*, u.name, u.username, u.title, u.kind, u.status AS user_status, u.ends_on, u.last_login,"
        " u.manager_id, d.name AS department, g.name AS group_name, g.sensitivity, g.system, r.name AS review_name,"
        " r.status FROM review_items i JOIN users u ON u.id = i.user_id JOIN departments d ON d.id = u.department_id"
        " JOIN groups g ON g.id = i.group_id JOIN reviews r ON r.id = i.review_id WHERE i.review_id = ? AND i.id = ?",
        review_id,
        item_id,
    )


def _item_page(review_id: int, item_id: int, errors: dict[str, str] | None = None) -> Any:
    found = _item(review_id, item_id)
    member = row("SELECT * FROM memberships WHERE group_id = ? AND user_id = ?", found["group_id"], found["user_id"])
    facts = {
        "Person": (found["name"], f"/users/{found['user_id']}"),
        "Title": found["title"],
        "Department": found["department"],
        "Employment": found["kind"],
        "Account": found["user_status"],
        "Last day": found["ends_on"] or "open",
        "Group": (found["group_name"], f"/groups/{found['group_id']}"),
        "Sensitivity": found["sensitivity"],
        "Member since": member["granted_on"] if member else "no longer a member",
        "Last used": (member["last_used"] or "never") if member else "",
    }
    entries = (
        Entry("decision", "Decision", "choice", request.form.get("decision", ""), [("", "Choose"), "keep", "revoke"]),
        Entry("code", "Reason code", "choice", request.form.get("code", ""), [("", "none"), *CODES]),
    )
    may = has_role("admin") and found["status"] == "open" and not found["decision"]
    ask = Ask(f"/reviews/{review_id}/items/{item_id}", "Save decision", entries, "Decide") if may else None
    thing = Thing(
        f"{found['name']} in {found['group_name']}", facts, found["decision"], ask=ask,
        actions=[(f"Back to {found['review_name']}", f"/reviews/{review_id}")],
    )  # fmt: skip
    return show_thing(thing, errors)


@routes.get("/reviews/<int:review_id>/items/<int:item_id>")
@needs_role(*STAFF)
def review_item(review_id: int, item_id: int) -> Any:
    """One membership under review."""
    return _item_page(review_id, item_id)


@routes.post("/reviews/<int:review_id>/items/<int:item_id>")
@needs_role("admin")
def decide_item(review_id: int, item_id: int) -> Any:
    """Keep a membership, or revoke it, which ends it at once."""
    found, form = _item(review_id, item_id), sent()
    if found["status"] != "open" or found["decision"]:
        abort(409, "This is decided already.")
    decision = form.choice("decision", "Decision", ("keep", "revoke"))
    code = form.choice("code", "Reason code", ("", *CODES))
    if (decision == "revoke") != bool(code) and "code" not in form.errors:
        form.errors["code"] = "A revocation takes a reason code, and nothing else does."
    if form.errors:
        return _item_page(review_id, item_id, form.errors)
    change(
        "UPDATE review_items SET decision = ?, code = ?, decided_by = ? WHERE id = ?",
        decision, code, g.user["username"], item_id,
    )  # fmt: skip
    if decision == "revoke":
        change("DELETE FROM memberships WHERE group_id = ? AND user_id = ?", found["group_id"], found["user_id"])
        record("group.member_removed", found["group_name"], f"{found['username']} ({code})")
    flash(f"Saved: {decision} {found['name']} in {found['group_name']}.")
    return go("review", review_id=review_id)


@routes.route("/reviews/<int:review_id>/complete", methods=["GET", "POST"])
@needs_role("admin")
def complete_review(review_id: int) -> Any:
    """Keep what is not decided yet, and close the review."""
    found = row_or_404("SELECT * FROM reviews WHERE id = ?", review_id)
    if found["status"] != "open":
        abort(409, "This review is complete already.")
    if request.method == "POST":
        change(
            "UPDATE review_items SET decision = 'keep', decided_by = ? WHERE review_id = ? AND decision = ''",
            g.user["username"],
            review_id,
        )
        change("UPDATE reviews SET status = 'complete' WHERE id = ?", review_id)
        record("review.completed", found["name"])
        flash(f"{found['name']} is complete.")
        return go("review", review_id=review_id)
    left = value("SELECT COUNT(*) FROM review_items WHERE review_id = ? AND decision = ''", review_id)
    ask = Ask(f"/reviews/{review_id}/complete", "Keep the rest and complete", danger=True)
    text = [f"{left} memberships are not decided. They will be kept, and the review will be closed for good."]
    return show_form(f"Complete {found['name']}?", ask, f"/reviews/{review_id}", text=text)

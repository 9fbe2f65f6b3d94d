"""Pages of groups, memberships and requests for access."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request

from ..base import change, flash, go, needs_role, row, row_or_404, rows, sent
from .common import (
    STAFF,
    Ask,
    Column,
    Entry,
    Listing,
    Table,
    Thing,
    active_user,
    has_role,
    listed,
    record,
    routes,
    show,
    show_form,
    show_thing,
    today,
)

DENIALS = ("NO-TICKET", "NOT-ELIGIBLE", "CONFLICT", "TOO-LONG", "NO-REASON")
GROUPS = listed(
    Listing(
        name="groups",
        title="Groups",
        sql="SELECT g.id, g.name, g.system, g.sensitivity, o.name AS owner, o.id AS owner_user,"
        " (SELECT COUNT(*) FROM memberships WHERE group_id = g.id) AS members"
        " FROM groups g JOIN users o ON o.id = g.owner_id",
        columns=(
            Column("Group", "name", "/groups/{id}"),
            Column("System", "system"),
            Column("Sensitivity", "sensitivity", style="badge"),
            Column("Owner", "owner", "/users/{owner_user}"),
            Column("Members", "members"),
        ),
        search=("name", "system", "owner"),
        filters={"system": "System", "sensitivity": "Sensitivity"},
        sorts={"Name": "name", "Most members": "members DESC"},
    )
)
REQUESTS = listed(
    Listing(
        name="requests",
        title="Access requests",
        sql="SELECT r.id, r.number, u.name AS person, u.id AS person_id, g.name AS wanted, r.submitted_on, r.status,"
        " r.code FROM access_requests r JOIN users u ON u.id = r.user_id JOIN groups g ON g.id = r.group_id",
        columns=(
            Column("Number", "number", "/requests/{id}"),
            Column("Person", "person", "/users/{person_id}"),
            Column("Group", "wanted"),
            Column("Submitted", "submitted_on"),
            Column("Status", "status", style="badge"),
            Column("Reason code", "code"),
        ),
        search=("number", "person"),
        filters={"wanted": "Group", "status": "Status"},
        dated="submitted_on",
        sorts={"Newest": "submitted_on DESC, number DESC", "Oldest": "submitted_on, number", "Person": "person"},
    )
)


@routes.get("/groups")
@needs_role(*STAFF)
def groups() -> Any:
    """The list of groups."""
    return show(GROUPS)


@routes.get("/groups/<int:group_id>")
@needs_role(*STAFF)
def group(group_id: int) -> Any:
    """One group and who is in it."""
    found = row_or_404(
        "SELECT g.*, o.name AS owner FROM groups g JOIN users o ON o.id = g.owner_id WHERE g.id = ?", group_id
    )
    members = rows(
        "SELECT m.*, u.name, u.username FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.group_id = ?"
        " ORDER BY u.name",
        group_id,
    )
    facts = {
        "System": found["system"],
        "Sensitivity": found["sensitivity"],
        "Owner": (found["owner"], f"/users/{found['owner_id']}"),
        "Description": found["description"],
    }
    lines = [
        ((one["name"], f"/users/{one['user_id']}"), one["username"], one["granted_on"], one["granted_by"])
        for one in members
    ]
    table = Table("Members", ("Name", "User name", "Since", "Granted by"), lines)
    actions = [("Change owner", f"/groups/{group_id}/owner"), ("Add member", f"/groups/{group_id}/add")]
    return show_thing(
        Thing(found["name"], facts, tables=[table], actions=actions if has_role("admin") else (), history=found["name"])
    )


@routes.route("/groups/<int:group_id>/owner", methods=["GET", "POST"])
@needs_role("admin")
def group_owner(group_id: int) -> Any:
    """Give a group another owner."""
    found, form = row_or_404("SELECT * FROM groups WHERE id = ?", group_id), sent()
    if request.method == "POST":
        owner = active_user(form.text("owner", "Owner"), "Owner", form.errors, "owner")
        if not form.errors:
            change("UPDATE groups SET owner_id = ? WHERE id = ?", owner, group_id)
            record("group.owner_changed", found["name"], form.values["owner"])
            flash(f"{found['name']} has a new owner.")
            return go("group", group_id=group_id)
    entry = Entry("owner", "Owner's user name", value=form.values.get("owner", ""), suggest="users")
    ask = Ask(f"/groups/{group_id}/owner", "Save", [entry])
    return show_form(f"Owner of {found['name']}", ask, f"/groups/{group_id}", form.errors)


@routes.route("/groups/<int:group_id>/add", methods=["GET", "POST"])
@needs_role("admin")
def add_member(group_id: int) -> Any:
    """Add somebody to a group."""
    found, form = row_or_404("SELECT * FROM groups WHERE id = ?", group_id), sent()
    if request.method == "POST":
        user_id = active_user(form.text("username", "User name"), "User name", form.errors, "username")
        if row("SELECT 1 FROM memberships WHERE group_id = ? AND user_id = ?", group_id, user_id):
            form.errors["username"] = "This person is a member already."
        if user_id and not form.errors:
            _grant(group_id, user_id, found["name"], form.values["username"])
            flash("The member is added.")
            return go("group", group_id=group_id)
    entry = Entry("username", "User name", value=form.values.get("username", ""), suggest="users")
    ask = Ask(f"/groups/{group_id}/add", "Add", [entry])
    return show_form(f"Add a member to {found['name']}", ask, f"/groups/{group_id}", form.errors)


def _grant(group_id: int, user_id: int, group_name: str, username: str) -> None:
    change(
        "INSERT INTO memberships (group_id, user_id, granted_on, granted_by) VALUES (?, ?, ?, ?)",
        group_id, user_id, today(), g.user["username"],
    )  # fmt: skip
    record("group.member_added", group_name, username)


@routes.route("/memberships/<int:membership_id>/remove", methods=["GET", "POST"])
@needs_role("admin")
def remove_member(membership_id: int) -> Any:
    """Take somebody out of a group."""
    found = row_or_404(
        "SELECT m.*, g.name AS group_name, u.name, u.username FROM memberships m JOIN groups g ON g.id = m.group_id"
        " JOIN users u ON u.id = m.user_id WHERE m.id = ?",
        membership_id,
    )
    if request.method == "POST":
        change("DELETE FROM memberships WHERE id = ?", membership_id)
        record("group.member_removed", found["group_name"], found["username"])
        flash(f"{found['name']} is no longer in {found['group_name']}.")
        return go("user", user_id=found["user_id"])
    ask = Ask(f"/memberships/{membership_id}/remove", "Remove", danger=True)
    text = [f"{found['name']} ({found['username']}) will lose what {found['group_name']} gives."]
    return show_form(f"Remove from {found['group_name']}?", ask, f"/users/{found['user_id']}", text=text)


@routes.get("/requests")
@needs_role(*STAFF)
def requests() -> Any:
    """The list of requests for access."""
    return show(REQUESTS)


def _request_page(request_id: int, errors: dict[str, str] | None = None) -> Any:
    found = row_or_404(
        "SELECT r.*, u.name AS person, u.username, g.name AS wanted, g.sensitivity FROM access_requests r"
        " JOIN users u ON u.id = r.user_id JOIN groups g ON g.id = r.group_id WHERE r.id = ?",
        request_id,
    )
    facts = {
        "Person": (found["person"], f"/users/{found['user_id']}"),
        "Group": (found["wanted"], f"/groups/{found['group_id']}"),
        "Submitted on": found["submitted_on"],
        "Wanted until": found["until"] or "open",
        "Ticket": found["ticket"] or "none",
        "Reason given": found["reason"] or "none",
    }
    if found["status"] != "pending":
        facts |= {"Decided by": found["decided_by"], "Reason code": found["code"] or "none", "Note": found["note"]}
    entries = (
        Entry("decision", "Decision", "choice", request.form.get("decision", ""), [("", "Choose"), "approve", "deny"]),
        Entry("code", "Reason code", "choice", request.form.get("code", ""), [("", "none"), *DENIALS]),
        Entry("note", "Note", "area", request.form.get("note", "")),
    )
    open_to_me = found["status"] == "pending" and has_role("admin", "manager")
    ask = Ask(f"/requests/{request_id}/decide", "Save decision", entries, "Decide") if open_to_me else None
    thing = Thing(f"Request {found['number']}", facts, found["status"], ask=ask, history=found["number"])
    return show_thing(thing, errors)


@routes.get("/requests/<int:request_id>")
@needs_role(*STAFF)
def access_request(request_id: int) -> Any:
    """One request for access."""
    return _request_page(request_id)


@routes.post("/requests/<int:request_id>/decide")
@needs_role("admin", "manager")
def decide_request(request_id: int) -> Any:
    """Approve a request, which makes the person a member, or deny it with a reason code."""
    found, form = row_or_404("SELECT * FROM access_requests WHERE id = ?", request_id), sent()
    if found["status"] != "pending":
        abort(409, "This request is decided already.")
    if found["user_id"] == g.user["id"]:
        abort(403)
    decision = form.choice("decision", "Decision", ("approve", "deny"))
    code = form.choice("code", "Reason code", ("", *DENIALS))
    note = form.text("note", "Note", least=0, most=300)
    if decision == "deny" and not code:
        form.errors["code"] = "Who denies must give a reason code."
    if decision == "approve" and code:
        form.errors["code"] = "An approval takes no reason code."
    member = row("SELECT 1 FROM memberships WHERE group_id = ? AND user_id = ?", found["group_id"], found["user_id"])
    if decision == "approve" and member:
        form.errors["decision"] = "This person is a member already."
    if form.errors:
        return _request_page(request_id, form.errors)
    status = {"approve": "approved", "deny": "denied"}[decision]
    change(
        "UPDATE access_requests SET status = ?, code = ?, note = ?, decided_by = ? WHERE id = ?",
        status, code, note, g.user["username"], request_id,
    )  # fmt: skip
    record(f"request.{status}", found["number"], code)
    if status == "approved":
        names = row_or_404(
            "SELECT g.name, u.username FROM groups g, users u WHERE g.id = ? AND u.id = ?",
            found["group_id"],
            found["user_id"],
        )
        _grant(found["group_id"], found["user_id"], *names)
    flash(f"Request {found['number']} is {status}.")
    return go("access_request", request_id=request_id)

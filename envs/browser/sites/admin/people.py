"""Pages of people: the list, one person, new accounts, changes, leaving, and the upload of many."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from flask import abort, g, jsonify, request

from ..base import Form, change, flash, go, needs_login, needs_role, page, row_or_404, rows, sent, value
from .common import (
    LISTINGS,
    STAFF,
    Ask,
    Column,
    Entry,
    Listing,
    Table,
    Thing,
    active_user,
    as_csv,
    has_role,
    listed,
    money,
    record,
    routes,
    show,
    show_form,
    show_thing,
)
from .uploads import USER_COLUMNS, User, read_users

ROLES = ("employee", "clerk", "manager", "auditor", "admin")
LEAVE_REASONS = ("Resignation", "End of contract", "Retirement", "Dismissal")
USERS = listed(
    Listing(
        name="users",
        title="People",
        sql="SELECT u.id, u.username, u.name, u.title, d.name AS department, m.name AS manager, u.role, u.status"
        " FROM users u JOIN departments d ON d.id = u.department_id LEFT JOIN users m ON m.id = u.manager_id",
        columns=(
            Column("Name", "name", "/users/{id}"),
            Column("User name", "username"),
            Column("Title", "title"),
            Column("Department", "department"),
            Column("Manager", "manager"),
            Column("Role", "role"),
            Column("Status", "status", style="badge"),
        ),
        search=("name", "username", "title"),
        filters={"department": "Department", "role": "Role", "status": "Status"},
        sorts={"Name": "name", "User name": "username", "Newest account": "id DESC"},
        actions=(("New account", "/users/new", ("admin",)), ("Upload accounts", "/users/import", ("admin",))),
    )
)
DEPARTMENTS = listed(
    Listing(
        name="departments",
        title="Departments",
        sql="SELECT d.*, h.name AS head, h.id AS head_user,"
        " (SELECT COUNT(*) FROM users WHERE department_id = d.id AND status = 'active') AS people"
        " FROM departments d LEFT JOIN users h ON h.id = d.head_id",
        columns=(
            Column("Code", "code"),
            Column("Name", "name"),
            Column("Office", "office"),
            Column("Head", "head", "/users/{head_user}"),
            Column("People", "people"),
        ),
        search=("name", "code", "head"),
        filters={"office": "Office"},
        sorts={"Name": "name", "Code": "code"},
    )
)


@routes.get("/")
def home() -> Any:
    """What waits to be done."""
    counted = (
        ("Access requests", "access_requests WHERE status = 'pending'", "/requests?status=pending"),
        ("Expense reports", "expense_reports WHERE status = 'submitted'", "/expenses?status=submitted"),
        ("Invoices", "invoices WHERE status = 'received'", "/invoices?status=received"),
        ("Access reviews", "reviews WHERE status = 'open'", "/reviews"),
    )
    waiting = [(label, value(f"SELECT COUNT(*) FROM {what}"), target) for label, what, target in counted]
    return page("admin/start.html", waiting=waiting if g.user else [])


@routes.get("/<name>.csv")
@needs_role(*STAFF)
def csv_file(name: str) -> Any:
    """A list as a file."""
    listing = LISTINGS.get(name) or abort(404)
    if not has_role(*listing.allowed):
        abort(403)
    return as_csv(listing)


@routes.get("/suggest")
@needs_login
def suggest() -> Any:
    """Names that begin with what was typed, for fields that complete it."""
    asked = request.args.get("q", "").strip().casefold()
    sql = {
        "users": "SELECT username FROM users WHERE status = 'active' AND instr(lower(username || name), ?) > 0",
        "suppliers": "SELECT number FROM suppliers WHERE instr(lower(number || name), ?) > 0",
    }.get(request.args.get("field", "")) or abort(404)
    return jsonify([found[0] for found in rows(f"{sql} ORDER BY 1 LIMIT 8", asked)])


@routes.get("/users")
@needs_role(*STAFF)
def users() -> Any:
    """The list of people."""
    return show(USERS)


@routes.get("/departments")
@needs_role(*STAFF)
def departments() -> Any:
    """The list of departments."""
    return show(DEPARTMENTS)


def _person(user_id: int) -> sqlite3.Row:
    return row_or_404(
        "SELECT u.*, d.name AS department, d.office, d.code AS department_code, m.name AS manager,"
        " m.username AS manager_username FROM users u JOIN departments d ON d.id = u.department_id"
        " LEFT JOIN users m ON m.id = u.manager_id WHERE u.id = ?",
        user_id,
    )


def _tables(user_id: int) -> list[Table]:
    reports = rows("SELECT * FROM users WHERE manager_id = ? AND status = 'active' ORDER BY name", user_id)
    groups = rows(
        "SELECT m.*, g.name FROM memberships m JOIN groups g ON g.id = m.group_id WHERE m.user_id = ? ORDER BY g.name",
        user_id,
    )
    assets = rows("SELECT * FROM assets WHERE user_id = ? ORDER BY tag", user_id)
    change_links = has_role("admin")
    return [
        Table(
            "Reports to this person",
            ("Name", "User name", "Title"),
            [((found["name"], f"/users/{found['id']}"), found["username"], found["title"]) for found in reports],
        ),
        Table(
            "Groups",
            ("Group", "Since", "Granted by", "Last used", ""),
            [
                (
                    (found["name"], f"/groups/{found['group_id']}"),
                    found["granted_on"],
                    found["granted_by"],
                    found["last_used"] or "never",
                    ("Remove", f"/memberships/{found['id']}/remove", f"Remove from {found['name']}")
                    if change_links
                    else "",
                )
                for found in groups
            ],
        ),
        Table(
            "Equipment",
            ("Tag", "Kind", "Model", "Serial number"),
            [
                ((found["tag"], f"/assets/{found['id']}"), found["kind"], found["model"], found["serial"])
                for found in assets
            ],
        ),
    ]


@routes.get("/users/<int:user_id>")
@needs_login
def user(user_id: int) -> Any:
    """One person; who is no staff sees only themselves."""
    if not has_role(*STAFF) and g.user["id"] != user_id:
        abort(403)
    found = _person(user_id)
    facts = {
        "User name": found["username"],
        "E-mail": found["email"],
        "Title": found["title"],
        "Department": f"{found['department']} ({found['department_code']}), {found['office']}",
        "Manager": (found["manager"], f"/users/{found['manager_id']}") if found["manager"] else "none",
        "Role": found["role"],
        "Employment": found["kind"],
        "Started on": found["started_on"],
        "Last day": found["ends_on"] or "open",
        "Last sign-in": found["last_login"] or "never",
        "Approval limit": money(found["approval_limit"]) if found["approval_limit"] else "none",
    }
    if found["leave_reason"]:
        facts["Reason for leaving"] = found["leave_reason"]
    actions = [("Edit", f"/users/{user_id}/edit")]
    if found["status"] == "active":
        actions += [("Hand over reports", f"/users/{user_id}/handover"), ("Disable", f"/users/{user_id}/disable")]
    thing = Thing(
        found["name"], facts, found["status"], _tables(user_id), actions if has_role("admin") else (),
        history=found["username"],
    )  # fmt: skip
    return show_thing(thing)


def _entries(found: Any, *, new: bool) -> list[Entry]:
    codes = [
        (item["code"], f"{item['code']} {item['name']}") for item in rows("SELECT * FROM departments ORDER BY code")
    ]
    entries = [
        Entry("name", "Full name", value=found.get("name", "")),
        Entry("title", "Job title", value=found.get("title", "")),
        Entry("department", "Department", "choice", found.get("department", ""), codes),
        Entry("manager", "Manager's user name", value=found.get("manager", ""), suggest="users"),
    ]
    if new:
        return [
            Entry("username", "User name", value=found.get("username", "")),
            *entries,
            Entry("start", "First day", "date", found.get("start", "")),
        ]
    return [
        *entries,
        Entry("role", "Role", "choice", found.get("role", ""), ROLES),
        Entry("limit", "Approval limit", value=found.get("limit", ""), hint="0.00 for none."),
        Entry("ends", "Last day", "date", found.get("ends", ""), hint="Empty if open."),
    ]


def day(form: Form, name: str, label: str, *, optional: bool = False) -> str:
    """A date such as 2026-03-02 of a form."""
    given = form.values.get(name, "").strip()
    if not given and optional:
        return ""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", given):
        form.errors[name] = f"{label} must be a date such as 2026-03-02."
    return given


@routes.route("/users/new", methods=["GET", "POST"])
@needs_role("admin")
def new_user() -> Any:
    """Open an account."""
    form = sent()
    if request.method == "POST":
        made = User(
            form.text("username", "User name"), form.text("name", "Full name"), form.values.get("department", ""),
            form.text("title", "Job title"), form.text("manager", "Manager's user name"),
            day(form, "start", "First day"),
        )  # fmt: skip
        form.errors |= made.faults()
        if not form.errors:
            made_id = made.insert()
            record("user.created", made.username)
            flash(f"The account {made.username} is open.")
            return go("user", user_id=made_id)
    ask = Ask("/users/new", "Open the account", _entries(form.values, new=True))
    return show_form("New account", ask, "/users", form.errors)


@routes.route("/users/<int:user_id>/edit", methods=["GET", "POST"])
@needs_role("admin")
def edit_user(user_id: int) -> Any:
    """Change a person's record."""
    found, form = _person(user_id), sent()
    shown: Any = form.values
    if request.method == "POST":
        name, title = form.text("name", "Full name"), form.text("title", "Job title")
        department = value("SELECT id FROM departments WHERE code = ?", form.values.get("department", ""))
        if department is None:
            form.errors["department"] = "Department: choose one of the list."
        given = form.values.get("manager", "").strip()
        manager = active_user(given, "Manager", form.errors, "manager") if given else None
        if manager == user_id:
            form.errors["manager"] = "Nobody reports to themselves."
        role = form.choice("role", "Role", ROLES)
        limit, ends = form.cents("limit", "Approval limit"), day(form, "ends", "Last day", optional=True)
        if not form.errors:
            change(
                "UPDATE users SET name = ?, title = ?, department_id = ?, manager_id = ?, role = ?, approval_limit = ?,"
                " ends_on = ? WHERE id = ?",
                name, title, department, manager, role, limit, ends, user_id,
            )  # fmt: skip
            record("user.updated", found["username"])
            flash(f"{name} is saved.")
            return go("user", user_id=user_id)
    else:
        shown = {
            "name": found["name"], "title": found["title"], "department": found["department_code"],
            "manager": found["manager_username"] or "", "role": found["role"],
            "limit": f"{found['approval_limit'] / 100:.2f}", "ends": found["ends_on"],
        }  # fmt: skip
    ask = Ask(f"/users/{user_id}/edit", "Save", _entries(shown, new=False))
    return show_form(f"Edit {found['name']}", ask, f"/users/{user_id}", form.errors)


@routes.route("/users/import", methods=["GET", "POST"])
@needs_role("admin")
def import_users() -> Any:
    """Open the accounts of a file: all of them, or none if anything is wrong."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        made, fault = read_users()
        if not fault:
            for one in made:
                one.insert()
                record("user.created", one.username, "upload")
            flash(f"{len(made)} accounts are open.")
            return go("users")
        errors["form"] = f"Nothing was saved.\n{fault}"
    ask = Ask("/users/import", "Upload", [Entry("file", "CSV file", "file")])
    text = [
        "The first line must be " + ",".join(USER_COLUMNS),
        "Departments are given by their code, managers by their user name, dates as 2026-03-02.",
    ]
    return show_form("Upload accounts", ask, "/users", errors, text)

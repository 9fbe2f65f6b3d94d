"""Pages of equipment, settings, policies, documents and the log."""

from __future__ import annotations

from typing import Any

from flask import request

from ..base import change, flash, go, needs_login, needs_role, page, row_or_404, rows, sent
from .common import (
    STAFF,
    Ask,
    Column,
    Entry,
    Listing,
    Thing,
    active_user,
    has_role,
    listed,
    record,
    routes,
    show,
    show_form,
    show_thing,
)

ASSET_STATES = ("in use", "in stock", "retired", "lost")
ASSETS = listed(
    Listing(
        name="assets",
        title="Equipment",
        sql="SELECT a.id, a.tag, a.kind, a.model, a.serial, u.name AS person, u.id AS person_id, a.status, a.bought_on"
        " FROM assets a LEFT JOIN users u ON u.id = a.user_id",
        columns=(
            Column("Tag", "tag", "/assets/{id}"),
            Column("Kind", "kind"),
            Column("Model", "model"),
            Column("Assigned to", "person", "/users/{person_id}"),
            Column("Bought", "bought_on"),
            Column("Status", "status", style="badge"),
        ),
        search=("tag", "model", "serial", "person"),
        filters={"kind": "Kind", "status": "Status"},
        dated="bought_on",
        sorts={"Tag": "tag", "Newest": "bought_on DESC", "Person": "person"},
    )
)
EVENTS = listed(
    Listing(
        name="events",
        title="Log",
        sql="SELECT * FROM events",
        columns=(
            Column("Time", "at"),
            Column("Who", "actor"),
            Column("Action", "action"),
            Column("What", "object"),
            Column("Detail", "detail"),
            Column("Address", "address"),
        ),
        search=("object", "detail", "address"),
        filters={"actor": "Who", "action": "Action"},
        dated="at",
        typed={"actor": "users"},
        sorts={"Newest": "at DESC", "Oldest": "at"},
        allowed=("admin", "auditor"),
    )
)
SETTINGS = listed(
    Listing(
        name="settings",
        title="Settings",
        sql="SELECT * FROM settings",
        columns=(
            Column("Setting", "label", "/settings/{id}"),
            Column("Section", "section"),
            Column("Key", "key"),
            Column("Value", "value"),
        ),
        search=("key", "label"),
        filters={"section": "Section"},
        sorts={"Section": "section, label", "Key": "key"},
        allowed=("admin", "auditor"),
    )
)
DOCUMENTS = listed(
    Listing(
        name="documents",
        title="Documents",
        sql="SELECT id, number, kind, title, sender, received_on FROM documents",
        columns=(
            Column("Number", "number", "/documents/{id}"),
            Column("Kind", "kind"),
            Column("Title", "title"),
            Column("From", "sender"),
            Column("Received", "received_on"),
        ),
        search=("number", "title", "sender"),
        filters={"kind": "Kind"},
        dated="received_on",
        sorts={"Newest": "received_on DESC, number DESC", "Oldest": "received_on, number"},
    )
)


@routes.get("/assets")
@needs_role(*STAFF)
def assets() -> Any:
    """The list of equipment."""
    return show(ASSETS)


@routes.get("/assets/<int:asset_id>")
@needs_role(*STAFF)
def asset(asset_id: int) -> Any:
    """One piece of equipment."""
    found = row_or_404(
        "SELECT a.*, u.name AS person FROM assets a LEFT JOIN users u ON u.id = a.user_id WHERE a.id = ?", asset_id
    )
    facts = {
        "Kind": found["kind"],
        "Model": found["model"],
        "Serial number": found["serial"],
        "Assigned to": (found["person"], f"/users/{found['user_id']}") if found["person"] else "nobody",
        "Bought on": found["bought_on"],
        "Expires on": found["expires_on"] or "never",
    }
    actions = [("Assign or return", f"/assets/{asset_id}/assign")] if has_role("admin") else []
    return show_thing(Thing(found["tag"], facts, found["status"], actions=actions, history=found["tag"]))


@routes.route("/assets/<int:asset_id>/assign", methods=["GET", "POST"])
@needs_role("admin")
def assign_asset(asset_id: int) -> Any:
    """Give equipment to somebody, or take it back."""
    found = row_or_404(
        "SELECT a.*, u.username FROM assets a LEFT JOIN users u ON u.id = a.user_id WHERE a.id = ?", asset_id
    )
    form = sent()
    if request.method == "POST":
        status = form.choice("status", "Status", ASSET_STATES)
        username = form.text("username", "User name", least=1 if status == "in use" else 0)
        holder = active_user(username, "User name", form.errors, "username") if username else None
        if username and status != "in use":
            form.errors["username"] = "Only equipment in use is assigned to somebody."
        if not form.errors:
            change("UPDATE assets SET status = ?, user_id = ? WHERE id = ?", status, holder, asset_id)
            record("asset.assigned" if holder else "asset.returned", found["tag"], username or status)
            flash(f"{found['tag']} is saved.")
            return go("asset", asset_id=asset_id)
    entries = [
        Entry("status", "Status", "choice", form.values.get("status", found["status"]), ASSET_STATES),
        Entry(
            "username", "User name", value=form.values.get("username", found["username"] or ""),
            hint="Empty unless it is in use.", suggest="users",
        ),
    ]  # fmt: skip
    ask = Ask(f"/assets/{asset_id}/assign", "Save", entries)
    return show_form(f"Assign or return {found['tag']}", ask, f"/assets/{asset_id}", form.errors)


@routes.get("/settings")
@needs_role("admin", "auditor")
def settings() -> Any:
    """The list of settings."""
    return show(SETTINGS)


@routes.route("/settings/<int:setting_id>", methods=["GET", "POST"])
@needs_role("admin", "auditor")
def setting(setting_id: int) -> Any:
    """One setting, which an admin can change."""
    found, form = row_or_404("SELECT * FROM settings WHERE id = ?", setting_id), sent()
    if not has_role("admin"):
        facts = {"Section": found["section"], "Key": found["key"], "Value": found["value"]}
        return show_thing(Thing(found["label"], facts, history=found["key"]))
    if request.method == "POST":
        if found["kind"] == "number":
            least, most = (int(part) for part in found["allowed"].split(".."))
            chosen = str(form.number("value", found["label"], least, most))
        elif found["kind"] == "choice":
            chosen = form.choice("value", found["label"], found["allowed"].split("|"))
        else:
            chosen = form.text("value", found["label"], most=80)
        if not form.errors:
            change("UPDATE settings SET value = ? WHERE id = ?", chosen, setting_id)
            record("setting.changed", found["key"], f"{found['value']} to {chosen}")
            flash(f"{found['label']} is {chosen} now.")
            return go("settings")
    options = found["allowed"].split("|") if found["kind"] == "choice" else ()
    hint = f"A whole number, {found['allowed'].replace('..', ' to ')}." if found["kind"] == "number" else ""
    entry = Entry(
        "value",
        found["label"],
        "choice" if options else "text",
        form.values.get("value", found["value"]),
        options,
        hint,
    )
    ask = Ask(f"/settings/{setting_id}", "Save", [entry])
    return show_form(found["label"], ask, "/settings", form.errors, [f"{found['section']}, key {found['key']}"])


@routes.get("/events")
@needs_role("admin", "auditor")
def events() -> Any:
    """The log."""
    return show(EVENTS)


@routes.get("/policies")
@needs_login
def policies() -> Any:
    """The list of policies."""
    return page("admin/policies.html", policies=rows("SELECT * FROM policies ORDER BY title"))


@routes.get("/policies/<slug>")
@needs_login
def policy(slug: str) -> Any:
    """One policy."""
    found = row_or_404("SELECT * FROM policies WHERE slug = ?", slug)
    note = f"Valid from {found['valid_from']}."
    return page("admin/policy.html", title=found["title"], note=note, body=found["body"])


@routes.get("/documents")
@needs_role(*STAFF)
def documents() -> Any:
    """The list of letters and scans."""
    return show(DOCUMENTS)


@routes.get("/documents/<int:document_id>")
@needs_role(*STAFF)
def document(document_id: int) -> Any:
    """One letter or scan."""
    found = row_or_404("SELECT * FROM documents WHERE id = ?", document_id)
    note = f"{found['number']}, {found['kind'].lower()} from {found['sender']}, received on {found['received_on']}."
    return page("admin/policy.html", title=found["title"], note=note, body=found["body"])

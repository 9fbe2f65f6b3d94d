"""Contacts of one's own and their groups."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from ..base import Form, change, download, flash, go, page, paged, row_or_404, rows, sent, value
from .common import add_pages, is_address, me

_SORTS = {"name": "c.name, c.id", "company": "c.company, c.name, c.id", "address": "c.address"}


def contacts() -> Any:
    """The contacts, by what they hold and by group."""
    query, group, sort = (request.args.get(key, "").strip() for key in ("q", "group", "sort"))
    like = f"%{query}%"
    found = paged(
        "SELECT c.*, (SELECT group_concat(k.name, ', ') FROM group_members x JOIN contact_groups k ON k.id = x.group_id"
        " WHERE x.contact_id = c.id) AS groups FROM contacts c WHERE c.owner_id = ? AND"
        " (c.name LIKE ? OR c.address LIKE ? OR c.company LIKE ?) AND (? = '' OR EXISTS (SELECT 1 FROM group_members x"
        f" WHERE x.contact_id = c.id AND x.group_id = ?)) ORDER BY {_SORTS.get(sort, _SORTS['name'])}",
        me(),
        like,
        like,
        like,
        group,
        group,
        per_page=25,
    )
    return page("mail/contacts.html", found=found, query=query, group=group, sort=sort, groups=_groups())


def _groups() -> list[Any]:
    return rows(
        "SELECT k.*, (SELECT COUNT(*) FROM group_members x WHERE x.group_id = k.id) AS n FROM contact_groups k"
        " WHERE k.owner_id = ? ORDER BY k.name",
        me(),
    )


def _own(contact_id: int) -> Any:
    return row_or_404("SELECT * FROM contacts WHERE id = ? AND owner_id = ?", contact_id, me())


def contact(contact_id: int) -> Any:
    """One contact and its groups."""
    found = _own(contact_id)
    member = rows(
        "SELECT k.* FROM contact_groups k JOIN group_members x ON x.group_id = k.id WHERE x.contact_id = ?", contact_id
    )
    inside = {each["id"] for each in member}
    others = [each for each in _groups() if each["id"] not in inside]
    return page("mail/contact.html", contact=found, member=member, others=others)


def new_contact() -> Any:
    """The form for a new contact, and what it saves."""
    form = sent() if request.method == "POST" else Form({})
    if request.method == "POST":
        fields = _read(form, 0)
        if not form.errors:
            made = change(
                "INSERT INTO contacts (owner_id, name, address, company, phone, notes) VALUES (?, ?, ?, ?, ?, ?)",
                me(),
                *fields,
            )
            flash(f"{fields[0]} is one of your contacts now.")
            return go("contact", contact_id=made)
    return page("mail/contact_form.html", 422 if form.errors else 200, form=form, title="New contact", back="/contacts")


def edit_contact(contact_id: int) -> Any:
    """The form for a contact that there is."""
    found = _own(contact_id)
    form = sent() if request.method == "POST" else Form(dict(found))
    if request.method == "POST":
        fields = _read(form, contact_id)
        if not form.errors:
            change(
                "UPDATE contacts SET name = ?, address = ?, company = ?, phone = ?, notes = ? WHERE id = ?",
                *fields,
                contact_id,
            )
            flash("The contact is saved.")
            return go("contact", contact_id=contact_id)
    back = f"/contacts/{contact_id}"
    return page(
        "mail/contact_form.html", 422 if form.errors else 200, form=form, title=f"Edit {found['name']}", back=back
    )


def _read(form: Form, contact_id: int) -> tuple[str, ...]:
    name = form.text("name", "Name", most=80)
    address = form.text("address", "Address", most=100).lower()
    if "address" not in form.errors and not is_address(address):
        form.errors["address"] = "Address must look like name@example.test."
    if value("SELECT 1 FROM contacts WHERE owner_id = ? AND address = ? AND id <> ?", me(), address, contact_id):
        form.errors["address"] = "Another contact has this address."
    company, phone = form.text("company", "Company", least=0, most=80), form.text("phone", "Phone", least=0, most=40)
    return name, address, company, phone, form.text("notes", "Notes", least=0, most=500)


def delete_contact(contact_id: int) -> Any:
    """Delete a contact, after a page that asks."""
    found = _own(contact_id)
    if request.method == "GET":
        return page(
            "mail/confirm.html",
            title=f"Delete {found['name']}?",
            text=f"{found['address']} leaves your contacts and their groups.",
            button="Delete contact",
            back=f"/contacts/{contact_id}",
        )
    change("DELETE FROM contacts WHERE id = ?", contact_id)
    flash(f"{found['name']} is deleted.")
    return go("contacts")


def export() -> Response:
    """All contacts as CSV."""
    found = rows("SELECT name, address, company, phone, notes FROM contacts WHERE owner_id = ? ORDER BY name, id", me())
    return download("contacts.csv", ("name", "address", "company", "phone", "notes"), [tuple(each) for each in found])


def new_group() -> Any:
    """Make a group."""
    form = sent()
    name = form.text("name", "Name", most=40)
    if value("SELECT 1 FROM contact_groups WHERE owner_id = ? AND name = ? COLLATE NOCASE", me(), name):
        form.errors["name"] = "You have that group already."
    if form.errors:
        flash(form.errors["name"], "alert")
    else:
        change("INSERT INTO contact_groups (owner_id, name) VALUES (?, ?)", me(), name)
        flash(f"The group {name} is made.")
    return go("contacts")


def membership(contact_id: int) -> Any:
    """Put a contact into a group or take it out."""
    _own(contact_id)
    group = row_or_404(
        "SELECT * FROM contact_groups WHERE id = ? AND owner_id = ?", request.form.get("group", ""), me()
    )
    if request.form.get("do") == "leave":
        change("DELETE FROM group_members WHERE group_id = ? AND contact_id = ?", group["id"], contact_id)
        flash(f"Taken out of {group['name']}.")
    else:
        change("INSERT OR IGNORE INTO group_members (group_id, contact_id) VALUES (?, ?)", group["id"], contact_id)
        flash(f"Put into {group['name']}.")
    return go("contact", contact_id=contact_id)


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(
        blueprint,
        ("/contacts", contacts, "GET"),
        ("/contacts/new", new_contact, "GET POST"),
        ("/contacts/export.csv", export, "GET"),
        ("/contacts/<int:contact_id>", contact, "GET"),
        ("/contacts/<int:contact_id>/edit", edit_contact, "GET POST"),
        ("/contacts/<int:contact_id>/delete", delete_contact, "GET POST"),
        ("/contacts/<int:contact_id>/groups", membership, "POST"),
        ("/groups", new_group, "POST"),
    )

"""Pages of suppliers: bank details, blocking, and merging what was entered twice."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from flask import abort, request

from ..base import change, flash, go, needs_role, row, row_or_404, rows, sent
from .common import (
    STAFF,
    Ask,
    Column,
    Entry,
    Listing,
    Table,
    Thing,
    has_role,
    listed,
    money,
    record,
    routes,
    show,
    show_form,
    show_thing,
)

BLOCKS = ("DUPLICATE", "FRAUD", "INSOLVENT", "SANCTIONED", "INACTIVE")
SUPPLIERS = listed(
    Listing(
        name="suppliers",
        title="Suppliers",
        sql="SELECT id, number, name, tax_number, city, email, status FROM suppliers",
        columns=(
            Column("Number", "number", "/suppliers/{id}"),
            Column("Name", "name"),
            Column("City", "city"),
            Column("E-mail", "email"),
            Column("Status", "status", style="badge"),
        ),
        search=("number", "name", "tax_number", "email"),
        filters={"city": "City", "status": "Status"},
        sorts={"Name": "name", "Number": "number", "Newest": "number DESC"},
    )
)


def sound_iban(text: str) -> bool:
    """Whether the check digits of an IBAN without blanks are right."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}", text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


@routes.get("/suppliers")
@needs_role(*STAFF)
def suppliers() -> Any:
    """The list of suppliers."""
    return show(SUPPLIERS)


def _supplier(supplier_id: int) -> sqlite3.Row:
    return row_or_404("SELECT * FROM suppliers WHERE id = ?", supplier_id)


@routes.get("/suppliers/<int:supplier_id>")
@needs_role(*STAFF)
def supplier(supplier_id: int) -> Any:
    """One supplier with its invoices."""
    found = _supplier(supplier_id)
    bills = rows("SELECT * FROM invoices WHERE supplier_id = ? ORDER BY issued_on DESC, id DESC", supplier_id)
    facts = {
        "Name": found["name"],
        "Tax number": found["tax_number"],
        "IBAN": found["iban"],
        "E-mail": found["email"],
        "City": found["city"],
        "Created": f"{found['created_on']} by {found['created_by']}",
    }
    if found["merged_into"]:
        other = _supplier(found["merged_into"])
        facts["Merged into"] = (f"{other['number']} {other['name']}", f"/suppliers/{other['id']}")
    if found["code"]:
        facts |= {"Reason code": found["code"], "Note": found["note"]}
    table = Table(
        "Invoices",
        ("Number", "Reference", "Order", "Amount", "Issued", "Status"),
        [
            ((bill["number"], f"/invoices/{bill['id']}"), bill["reference"], bill["purchase_order"],
             money(bill["amount"]), bill["issued_on"], bill["status"])
            for bill in bills
        ],
    )  # fmt: skip
    may = has_role("clerk", "admin") and found["status"] == "active"
    actions = [
        ("Change bank details", f"/suppliers/{supplier_id}/bank"),
        ("Merge into another", f"/suppliers/{supplier_id}/merge"),
        ("Block", f"/suppliers/{supplier_id}/block"),
    ]
    title = f"{found['number']} {found['name']}"
    return show_thing(Thing(title, facts, found["status"], [table], actions if may else (), history=found["number"]))


def _active(supplier_id: int) -> sqlite3.Row:
    found = _supplier(supplier_id)
    if found["status"] != "active":
        abort(409, "This supplier is not active.")
    return found


@routes.route("/suppliers/<int:supplier_id>/bank", methods=["GET", "POST"])
@needs_role("clerk", "admin")
def bank_details(supplier_id: int) -> Any:
    """Change where a supplier is paid."""
    found, form = _active(supplier_id), sent()
    if request.method == "POST":
        iban = form.text("iban", "IBAN", most=42).replace(" ", "").upper()
        note = form.text("note", "Note", least=0, most=300)
        if "iban" not in form.errors and not sound_iban(iban):
            form.errors["iban"] = "The check digits of this IBAN are wrong."
        elif row("SELECT 1 FROM suppliers WHERE iban = ? AND id <> ? AND status = 'active'", iban, supplier_id):
            form.errors["iban"] = "Another active supplier has this IBAN."
        if not form.errors:
            change("UPDATE suppliers SET iban = ?, note = ? WHERE id = ?", iban, note, supplier_id)
            record("supplier.bank_changed", found["number"], iban)
            flash(f"The bank details of {found['name']} are saved.")
            return go("supplier", supplier_id=supplier_id)
    entries = [
        Entry("iban", "IBAN", value=form.values.get("iban", found["iban"])),
        Entry("note", "Note", "area", form.values.get("note", found["note"]), hint="Where the details come from."),
    ]
    ask = Ask(f"/suppliers/{supplier_id}/bank", "Save", entries)
    return show_form(f"Bank details of {found['name']}", ask, f"/suppliers/{supplier_id}", form.errors)


@routes.route("/suppliers/<int:supplier_id>/block", methods=["GET", "POST"])
@needs_role("clerk", "admin")
def block_supplier(supplier_id: int) -> Any:
    """Keep a supplier from being paid."""
    found, form = _active(supplier_id), sent()
    if request.method == "POST":
        code = form.choice("code", "Reason code", BLOCKS)
        note = form.text("note", "Note", least=0, most=300)
        if not form.errors:
            change("UPDATE suppliers SET status = 'blocked', code = ?, note = ? WHERE id = ?", code, note, supplier_id)
            record("supplier.blocked", found["number"], code)
            flash(f"{found['name']} is blocked.")
            return go("supplier", supplier_id=supplier_id)
    entries = [
        Entry("code", "Reason code", "choice", form.values.get("code", ""), [("", "Choose"), *BLOCKS]),
        Entry("note", "Note", "area", form.values.get("note", "")),
    ]
    ask = Ask(f"/suppliers/{supplier_id}/block", "Block", entries, danger=True)
    return show_form(f"Block {found['name']}?", ask, f"/suppliers/{supplier_id}", form.errors)


@routes.route("/suppliers/<int:supplier_id>/merge", methods=["GET", "POST"])
@needs_role("clerk", "admin")
def merge_supplier(supplier_id: int) -> Any:
    """Move the invoices of a supplier that was entered twice to the one that stays."""
    found, form = _active(supplier_id), sent()
    if request.method == "POST":
        number = form.text("into", "Number of the supplier that stays")
        other = row("SELECT * FROM suppliers WHERE number = ? AND status = 'active'", number)
        if number and (other is None or other["id"] == supplier_id):
            form.errors["into"] = f"There is no other active supplier {number!r}."
        if other is not None and not form.errors:
            change("UPDATE invoices SET supplier_id = ? WHERE supplier_id = ?", other["id"], supplier_id)
            change("UPDATE suppliers SET status = 'merged', merged_into = ? WHERE id = ?", other["id"], supplier_id)
            record("supplier.merged", found["number"], f"into {number}")
            flash(f"{found['number']} is merged into {number}.")
            return go("supplier", supplier_id=other["id"])
    entry = Entry(
        "into", "Number of the supplier that stays", value=form.values.get("into", ""), hint="Such as S-1042.",
        suggest="suppliers",
    )  # fmt: skip
    ask = Ask(f"/suppliers/{supplier_id}/merge", "Merge", [entry], danger=True)
    text = [f"{found['number']} {found['name']} goes out of use, and its invoices move. This cannot be undone."]
    return show_form(
        f"Merge {found['number']} into another supplier", ask, f"/suppliers/{supplier_id}", form.errors, text
    )

"""Pages of suppliers, invoices and expense reports."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import abort, g, request

from ..base import Form, change, flash, go, needs_role, row_or_404, rows, sent, value
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
from .uploads import INVOICE_COLUMNS, read_invoices

EXPENSE_CODES = ("NO-RECEIPT", "OVER-LIMIT", "TOO-LATE", "NOT-COVERED", "DUPLICATE")
INVOICE_CODES = ("DUPLICATE", "NO-ORDER", "WRONG-BANK", "BLOCKED-SUPPLIER", "OTHER")
INVOICES = listed(
    Listing(
        name="invoices",
        title="Invoices",
        sql="SELECT i.id, i.number, s.name AS supplier, s.id AS supplier_id, i.reference, i.purchase_order, i.amount,"
        " i.issued_on, i.due_on, i.status, d.name AS department FROM invoices i"
        " JOIN suppliers s ON s.id = i.supplier_id JOIN departments d ON d.id = i.department_id",
        columns=(
            Column("Number", "number", "/invoices/{id}"),
            Column("Supplier", "supplier", "/suppliers/{supplier_id}"),
            Column("Reference", "reference"),
            Column("Order", "purchase_order"),
            Column("Amount", "amount", style="money"),
            Column("Issued", "issued_on"),
            Column("Due", "due_on"),
            Column("Status", "status", style="badge"),
        ),
        search=("number", "supplier", "reference", "purchase_order"),
        filters={"status": "Status", "department": "Department"},
        dated="issued_on",
        sorts={"Newest": "issued_on DESC", "Oldest": "issued_on", "Amount": "amount DESC", "Due": "due_on"},
        actions=(("Upload invoices", "/invoices/import", ("clerk", "admin")),),
    )
)
EXPENSES = listed(
    Listing(
        name="expenses",
        title="Expense reports",
        sql="SELECT r.id, r.number, u.name AS person, u.id AS person_id, d.name AS department, r.purpose,"
        " r.submitted_on, r.status, r.code FROM expense_reports r JOIN users u ON u.id = r.user_id"
        " JOIN departments d ON d.id = u.department_id",
        columns=(
            Column("Number", "number", "/expenses/{id}"),
            Column("Person", "person", "/users/{person_id}"),
            Column("Department", "department"),
            Column("Purpose", "purpose"),
            Column("Submitted", "submitted_on"),
            Column("Status", "status", style="badge"),
            Column("Reason code", "code"),
        ),
        search=("number", "person", "purpose"),
        filters={"department": "Department", "status": "Status"},
        dated="submitted_on",
        sorts={"Newest": "submitted_on DESC, number DESC", "Oldest": "submitted_on, number", "Person": "person"},
    )
)


def decision_entries(codes: tuple[str, ...]) -> list[Entry]:
    """The fields with which invoices and expenses are decided, as they were sent."""
    return [
        Entry(
            "decision", "Decision", "choice", request.form.get("decision", ""), [("", "Choose"), "approve", "reject"]
        ),
        Entry("code", "Reason code", "choice", request.form.get("code", ""), [("", "none"), *codes]),
        Entry("note", "Note", "area", request.form.get("note", "")),
    ]


def read_decision(form: Form, codes: tuple[str, ...]) -> tuple[str, str, str]:
    """New status, reason code and note of a decision that was sent."""
    decision = form.choice("decision", "Decision", ("approve", "reject"))
    code = form.choice("code", "Reason code", ("", *codes))
    note = form.text("note", "Note", least=0, most=300)
    if (decision == "reject") != bool(code) and not form.errors:
        form.errors["code"] = "A rejection takes a reason code, and an approval takes none."
    return {"approve": "approved"}.get(decision, "rejected"), code, note


@routes.get("/invoices")
@needs_role(*STAFF)
def invoices() -> Any:
    """The list of invoices."""
    return show(INVOICES)


def _invoice_page(invoice_id: int, errors: dict[str, str] | None = None) -> Any:
    found = row_or_404(
        "SELECT i.*, s.name AS supplier, s.number AS supplier_number, d.name AS department FROM invoices i"
        " JOIN suppliers s ON s.id = i.supplier_id JOIN departments d ON d.id = i.department_id WHERE i.id = ?",
        invoice_id,
    )
    facts = {
        "Supplier": (f"{found['supplier']} ({found['supplier_number']})", f"/suppliers/{found['supplier_id']}"),
        "Supplier's reference": found["reference"],
        "Purchase order": found["purchase_order"] or "none",
        "Amount": money(found["amount"]),
        "Department": found["department"],
        "Issued on": found["issued_on"],
        "Due on": found["due_on"],
        "Entered by": found["entered_by"],
    }
    if found["decided_by"]:
        facts |= {"Decided by": found["decided_by"], "Reason code": found["code"] or "none", "Note": found["note"]}
    may = found["status"] == "received" and has_role("manager", "admin")
    ask = (
        Ask(f"/invoices/{invoice_id}/decide", "Save decision", decision_entries(INVOICE_CODES), "Decide")
        if may
        else None
    )
    thing = Thing(f"Invoice {found['number']}", facts, found["status"], ask=ask, history=found["number"])
    return show_thing(thing, errors)


@routes.get("/invoices/<int:invoice_id>")
@needs_role(*STAFF)
def invoice(invoice_id: int) -> Any:
    """One invoice."""
    return _invoice_page(invoice_id)


def _within_limit(amount: int, decision: str, errors: dict[str, str]) -> None:
    if decision == "approved" and amount > g.user["approval_limit"]:
        errors["decision"] = f"This is above your approval limit of {money(g.user['approval_limit'])}."


@routes.post("/invoices/<int:invoice_id>/decide")
@needs_role("manager", "admin")
def decide_invoice(invoice_id: int) -> Any:
    """Approve an invoice, or reject it with a reason code."""
    found, form = row_or_404("SELECT * FROM invoices WHERE id = ?", invoice_id), sent()
    if found["status"] != "received":
        abort(409, "This invoice is decided already.")
    status, code, note = read_decision(form, INVOICE_CODES)
    _within_limit(found["amount"], status, form.errors)
    if form.errors:
        return _invoice_page(invoice_id, form.errors)
    change(
        "UPDATE invoices SET status = ?, code = ?, note = ?, decided_by = ? WHERE id = ?",
        status, code, note, g.user["username"], invoice_id,
    )  # fmt: skip
    record(f"invoice.{status}", found["number"], code)
    flash(f"Invoice {found['number']} is {status}.")
    return go("invoice", invoice_id=invoice_id)


@routes.route("/invoices/import", methods=["GET", "POST"])
@needs_role("clerk", "admin")
def import_invoices() -> Any:
    """Enter the invoices of a file: all of them, or none if anything is wrong."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        made, fault = read_invoices()
        if not fault:
            first = 1 + int(value("SELECT MAX(CAST(substr(number, 5) AS INTEGER)) FROM invoices"))
            for number, one in enumerate(made, first):
                one.insert(f"INV-{number}")
                record("invoice.entered", f"INV-{number}", "upload")
            flash(f"{len(made)} invoices are entered.")
            return go("invoices")
        errors["form"] = f"Nothing was saved.\n{fault}"
    ask = Ask("/invoices/import", "Upload", [Entry("file", "CSV file", "file")])
    text = [
        "The first line must be " + ",".join(INVOICE_COLUMNS),
        "Suppliers are given by their number, departments by their code, amounts as 1250.00, dates as 2026-03-02.",
    ]
    return show_form("Upload invoices", ask, "/invoices", errors, text)


@routes.get("/expenses")
@needs_role(*STAFF)
def expenses() -> Any:
    """The list of expense reports."""
    return show(EXPENSES)


def _lines(report_id: int) -> list[sqlite3.Row]:
    return rows("SELECT * FROM expense_lines WHERE report_id = ? ORDER BY id", report_id)


def _expense_page(report_id: int, errors: dict[str, str] | None = None) -> Any:
    found = row_or_404(
        "SELECT r.*, u.name AS person, u.title, d.name AS department FROM expense_reports r"
        " JOIN users u ON u.id = r.user_id JOIN departments d ON d.id = u.department_id WHERE r.id = ?",
        report_id,
    )
    lines = _lines(report_id)
    facts = {
        "Person": (found["person"], f"/users/{found['user_id']}"),
        "Title": found["title"],
        "Department": found["department"],
        "Purpose": found["purpose"],
        "Submitted on": found["submitted_on"],
        "Total": money(sum(line["amount"] for line in lines)),
    }
    if found["decided_by"]:
        facts |= {"Decided by": found["decided_by"], "Reason code": found["code"] or "none", "Note": found["note"]}
    table = Table(
        "Lines",
        ("Date", "Category", "Description", "People", "Amount", "Receipt"),
        [
            (line["spent_on"], line["category"], line["description"], line["people"], money(line["amount"]),
             line["receipt"] or "missing")
            for line in lines
        ],
    )  # fmt: skip
    may = found["status"] == "submitted" and has_role("manager")
    ask = (
        Ask(f"/expenses/{report_id}/decide", "Save decision", decision_entries(EXPENSE_CODES), "Decide")
        if may
        else None
    )
    thing = Thing(
        f"Expense report {found['number']}", facts, found["status"], [table], ask=ask, history=found["number"]
    )
    return show_thing(thing, errors)


@routes.get("/expenses/<int:report_id>")
@needs_role(*STAFF)
def expense(report_id: int) -> Any:
    """One expense report with its lines."""
    return _expense_page(report_id)


@routes.post("/expenses/<int:report_id>/decide")
@needs_role("manager")
def decide_expense(report_id: int) -> Any:
    """Approve an expense report, or reject it with a reason code."""
    found, form = row_or_404("SELECT * FROM expense_reports WHERE id = ?", report_id), sent()
    if found["status"] != "submitted":
        abort(409, "This report is decided already.")
    if found["user_id"] == g.user["id"]:
        abort(403)
    status, code, note = read_decision(form, EXPENSE_CODES)
    _within_limit(sum(line["amount"] for line in _lines(report_id)), status, form.errors)
    if form.errors:
        return _expense_page(report_id, form.errors)
    change(
        "UPDATE expense_reports SET status = ?, code = ?, note = ?, decided_by = ? WHERE id = ?",
        status, code, note, g.user["username"], report_id,
    )  # fmt: skip
    record(f"expense.{status}", found["number"], code)
    flash(f"Expense report {found['number']} is {status}.")
    return go("expense", report_id=report_id)

"""New accounts and invoices, one at a time or from CSV files, and what must be true of them."""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import g, request

from ..base import change, row, value
from .common import today

USER_COLUMNS = ("username", "name", "department", "title", "manager", "start")
INVOICE_COLUMNS = ("supplier", "reference", "purchase_order", "amount", "department", "issued", "due")
STYLES = ("first.last", "flast", "lastf", "last.first")


def styled(name: str, style: str) -> str:
    """The user name that a naming style gives a full name: "first.last" makes "ada.byron" of "Ada Byron"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z ]", "", plain).split() or [""]
    first, last = words[0], words[-1]
    return {"first.last": f"{first}.{last}", "flast": first[:1] + last, "lastf": last + first[:1]}.get(
        style, f"{last}.{first}"
    )


def is_day(text: str) -> bool:
    """Whether this is a date such as 2026-03-02."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True)
class User:
    """An account to open, as a form or a file gives it."""

    username: str
    name: str
    department: str
    title: str
    manager: str
    start: str

    def faults(self) -> dict[str, str]:
        """What is wrong: field → message."""
        found = {}
        style = str(value("SELECT value FROM settings WHERE key = 'naming.style'"))
        base = re.escape(styled(self.name, style))
        if not re.fullmatch(base + r"[2-9]?", self.username):
            found["username"] = f"User name {self.username!r} does not follow the naming rule."
        elif row("SELECT 1 FROM users WHERE username = ?", self.username):
            found["username"] = f"User name {self.username!r} is taken."
        if len(self.name.split()) < 2:
            found["name"] = "Full name takes a first and a last name."
        if not row("SELECT 1 FROM departments WHERE code = ?", self.department):
            found["department"] = f"There is no department with the code {self.department!r}."
        manager = row("SELECT role, status FROM users WHERE username = ?", self.manager)
        if manager is None or manager["status"] != "active" or manager["role"] == "employee":
            found["manager"] = f"{self.manager!r} is nobody who can be a manager."
        if not self.title:
            found["title"] = "Title is required."
        if not is_day(self.start):
            found["start"] = f"First day {self.start!r} is no date such as 2026-03-02."
        return found

    def insert(self) -> int:
        """Open the account; returns its id."""
        domain = value("SELECT value FROM settings WHERE key = 'naming.domain'")
        return change(
            "INSERT INTO users (username, name, email, department_id, manager_id, title, started_on) VALUES (?, ?, ?,"
            " (SELECT id FROM departments WHERE code = ?), (SELECT id FROM users WHERE username = ?), ?, ?)",
            self.username, self.name, f"{self.username}@{domain}", self.department, self.manager, self.title,
            self.start,
        )  # fmt: skip


@dataclass(frozen=True)
class Invoice:
    """An invoice to enter, as a file gives it."""

    supplier: str
    reference: str
    purchase_order: str
    amount: str
    department: str
    issued: str
    due: str

    def faults(self) -> dict[str, str]:
        """What is wrong: field → message."""
        found = {}
        supplier = row("SELECT id, status FROM suppliers WHERE number = ?", self.supplier)
        if supplier is None or supplier["status"] != "active":
            found["supplier"] = f"{self.supplier!r} is no active supplier."
        elif row("SELECT 1 FROM invoices WHERE supplier_id = ? AND reference = ?", supplier["id"], self.reference):
            found["reference"] = f"Reference {self.reference!r} of this supplier is in the books already."
        if not re.fullmatch(r"PO-\d{5}", self.purchase_order):
            found["purchase_order"] = f"{self.purchase_order!r} is no order number such as PO-40123."
        if not re.fullmatch(r"\d{1,7}\.\d\d", self.amount):
            found["amount"] = f"{self.amount!r} is no amount such as 1250.00."
        if not row("SELECT 1 FROM departments WHERE code = ?", self.department):
            found["department"] = f"There is no department with the code {self.department!r}."
        if not is_day(self.issued) or not is_day(self.due):
            found["due"] = "Dates must look like 2026-03-02."
        elif not self.issued < self.due or self.issued > today():
            found["due"] = "An invoice is issued today or before, and due after it was issued."
        return found

    def insert(self, number: str) -> None:
        """Enter it."""
        change(
            "INSERT INTO invoices (number, supplier_id, reference, purchase_order, amount, department_id, issued_on,"
            " due_on, entered_by) VALUES (?, (SELECT id FROM suppliers WHERE number = ?), ?, ?, ?,"
            " (SELECT id FROM departments WHERE code = ?), ?, ?, ?)",
            number, self.supplier, self.reference, self.purchase_order, round(float(self.amount) * 100),
            self.department, self.issued, self.due, g.user["username"],
        )  # fmt: skip


def _read(columns: Sequence[str]) -> tuple[list[Mapping[str, str]], str]:
    """The rows of the CSV file that was sent, and what is wrong with the file as such."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return [], "Choose a file."
    try:
        lines = list(csv.reader(io.StringIO(given.read().decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        return [], "The file is no CSV file in UTF-8."
    lines = [line for line in lines if line]
    if not lines or tuple(lines[0]) != tuple(columns):
        return [], "The first line must be " + ",".join(columns)
    if len(lines) == 1 or len(lines) > 501:
        return [], "The file must have 1 to 500 rows."
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(columns):
            return [], f"Row {number} has {len(line)} fields instead of {len(columns)}."
    return [dict(zip(columns, (cell.strip() for cell in line), strict=True)) for line in lines[1:]], ""


def _checked(made: Sequence[User | Invoice], keys: Sequence[tuple[str, ...]], what: str) -> str:
    """All faults of the rows, one a line; rows may not repeat a key."""
    told = [f"Row {number}: {fault}" for number, one in enumerate(made, 2) for fault in one.faults().values()]
    told += [f"Row {number}: {what} occurs twice." for number, key in enumerate(keys, 2) if key in keys[: number - 2]]
    return "\n".join(told)


def read_users() -> tuple[list[User], str]:
    """The accounts of the file that was sent, and what is wrong with them, one fault a line."""
    lines, fault = _read(USER_COLUMNS)
    made = [User(**line) for line in lines]
    return made, fault or _checked(made, [(one.username,) for one in made], "this user name")


def read_invoices() -> tuple[list[Invoice], str]:
    """The invoices of the file that was sent, and what is wrong with them, one fault a line."""
    lines, fault = _read(INVOICE_COLUMNS)
    made = [Invoice(**line) for line in lines]
    return made, fault or _checked(made, [(one.supplier, one.reference) for one in made], "this reference")

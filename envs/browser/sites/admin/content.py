"""What the back office holds before any task: people, access, suppliers, invoices, expenses, equipment, and its log."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import words
from .drawn_rules import access_rules, expense_rules, naming_text, pick, review_rules
from .policies import TITLES, DutyRules, InvoiceRules, LeavingRules, SupplierRules
from .uploads import styled

_TODAY = datetime.date(2026, 3, 2)
_DAYS = [(_TODAY - datetime.timedelta(days=count)).isoformat() for count in range(3200)]
HEADS, LEADS, CLERKS = len(words.DEPARTMENTS), 14, 8
PEOPLE = 132
_ADMINS, _AUDITORS = 3, 3
_FIRST_STAFF = HEADS + LEADS


def fill(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Write the content of one world."""
    Content(connection, rng).write()


def iban(rng: np.random.Generator, country: str = "CH") -> str:
    """An IBAN with right check digits."""
    account = "".join(str(digit) for digit in rng.integers(10, size=17))
    number = int(account + "".join(str(int(sign, 36)) for sign in country) + "00")
    return f"{country}{98 - number % 97:02d}{account}"


def ago(days: int) -> str:
    """The date so many days before the site's today, as "2026-03-02"."""
    return _DAYS[days]


class Content:
    """One world under construction; `events` collects the log on the way."""

    def __init__(self, connection: sqlite3.Connection, rng: np.random.Generator) -> None:
        self.connection, self.rng = connection, rng
        self.events: list[tuple[str, str, str, str, str, str]] = []
        self.style = pick(rng, ("first.last", "flast", "lastf", "last.first"))
        self.usernames: list[str] = []
        self.roles: list[str] = []
        self.departments: list[int] = []

    def write(self) -> None:
        """Write everything."""
        self._people()
        self._groups()
        self._requests()
        self._suppliers()
        self._invoices()
        self._expenses()
        self._assets()
        self._settings()
        self._documents()
        self._policies()
        self._sign_ins()
        self.events.sort()
        self._many("events (at, actor, action, object, detail, address)", self.events)

    def _many(self, table: str, lines: Sequence[Sequence[Any]]) -> None:
        if lines:
            marks = ", ".join("?" * len(lines[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", lines)

    def _draw(self, high: int, count: int, low: int = 0) -> list[int]:
        return [int(number) for number in self.rng.integers(low, high, size=count)]

    def _log(self, day: str, actor: str, action: str, what: str, detail: str = "") -> None:
        turn = len(self.events) * 7919
        at = f"{day} {8 + turn % 10:02d}:{turn % 59:02d}"
        self.events.append((at, actor, action, what, detail, f"10.20.{turn % 7}.{20 + turn % 200}"))

    def some(self, role: str) -> list[str]:
        """User names of active people of this role."""
        return [name for name, one in zip(self.usernames, self.roles, strict=True) if one == role]

    def _people(self) -> None:
        rng = self.rng
        firsts, lasts = rng.permutation(len(words.FIRST)), rng.permutation(len(words.LAST))
        names: list[str] = []
        for number in range(PEOPLE):
            # surnames repeat, and two full names too, as in any company
            turn = number if number not in (70, 101) else number - 33
            first = words.FIRST[firsts[turn % 40]]
            names.append(f"{first} {words.LAST[lasts[(turn * 7 + turn // 40) % 48]]}")
        taken: dict[str, int] = {}
        for name in names:
            base = styled(name, self.style)
            taken[base] = taken.get(base, 0) + 1
            self.usernames.append(base if taken[base] == 1 else f"{base}{taken[base]}")
        self._many("departments (id, code, name, office)", [(i, *d) for i, d in enumerate(words.DEPARTMENTS, 1)])
        self._many(
            "users (id, username, name, email, role, department_id, manager_id, title, kind, status, started_on,"
            " ends_on, leave_reason, last_login, approval_limit)",
            [self._person(number, name) for number, name in enumerate(names)],
        )
        self.connection.execute("UPDATE departments SET head_id = id")

    def _person(self, number: int, name: str) -> tuple[Any, ...]:
        rng, username = self.rng, self.usernames[number]
        plain = number >= _FIRST_STAFF + CLERKS + _ADMINS + _AUDITORS
        role, department = self._place(number)
        self.departments.append(department)
        kind = "contractor" if plain and rng.random() < 0.2 else "employee"
        left = plain and rng.random() < 0.06
        code, titles = words.DEPARTMENTS[department - 1][0], words.TITLES[words.DEPARTMENTS[department - 1][0]]
        title = "Head of " + words.DEPARTMENTS[department - 1][1] if number < HEADS else titles[number % 4]
        title = {"admin": "Identity Administrator", "auditor": "Internal Auditor"}.get(role, title)
        title = f"Team Lead {code}" if HEADS <= number < _FIRST_STAFF else title
        started = ago(int(rng.integers(500, 3000)))
        ends = ago(int(rng.integers(20, 300))) if left else ""
        self.roles.append("" if left else role)
        self._log(started, "system", "user.created", username)
        if left:
            self._log(ends, "system", "user.disabled", username, "Resignation")
        limit = int(rng.choice([200_000, 500_000, 1_000_000])) if role == "manager" else 0
        return (
            number + 1, username, name, f"{username}@brightwater.test", role, department, self._manager(number),
            title, kind, "disabled" if left else "active", started, ends, "Resignation" if left else "",
            ends or ago(int(rng.integers(0, 40))), limit,
        )  # fmt: skip

    def _place(self, number: int) -> tuple[str, int]:
        """Role and department of person `number`: heads, leads, clerks, admins, auditors, and all others."""
        if number < HEADS:
            return "manager", number + 1
        if number < _FIRST_STAFF:
            return "manager", (number - HEADS) % HEADS + 1
        number -= _FIRST_STAFF
        for role, count, department in (("clerk", CLERKS, 1), ("admin", _ADMINS, 6), ("auditor", _AUDITORS, 7)):
            if number < count:
                return role, department
            number -= count
        return "employee", int(self.rng.integers(1, HEADS + 1))

    def _manager(self, number: int) -> int | None:
        if number < HEADS:
            return 1 if number else None
        department = self.departments[number]
        if number < _FIRST_STAFF:
            return department
        leads = [lead + 1 for lead in range(HEADS, _FIRST_STAFF) if self.departments[lead] == department]
        return int(self.rng.choice([department, *leads]))

    def _groups(self) -> None:
        owners = self.rng.permutation(_FIRST_STAFF)
        self._many(
            "groups (id, name, system, sensitivity, owner_id, description)",
            [
                (number, name, system, level, int(owners[number - 1]) + 1, f"Gives {level} access in {system}.")
                for number, (name, system, level) in enumerate(words.GROUPS, 1)
            ],
        )
        lines, admins = [], self.some("admin")
        for user in range(1, PEOPLE + 1):
            if not self.roles[user - 1]:
                continue
            for group in self.rng.choice(len(words.GROUPS), size=int(self.rng.integers(1, 5)), replace=False):
                granted, used = (int(x) for x in self.rng.integers((40, 0), (480, 39)))
                by = admins[granted % len(admins)]
                lines.append((int(group) + 1, user, ago(granted), by, ago(used)))
                self._log(ago(granted), by, "group.member_added", words.GROUPS[group][0], self.usernames[user - 1])
        self._many("memberships (group_id, user_id, granted_on, granted_by, last_used)", lines)

    def _requests(self) -> None:
        lines, managers = [], [*self.some("manager"), *self.some("admin")]
        for number in range(84):
            user, group, back, by, why = (
                int(x) for x in self.rng.integers((_FIRST_STAFF, 0, 6, 0, 0), (PEOPLE, 22, 300, len(managers), 7))
            )
            status = "approved" if number % 4 else "denied"
            code = "" if status == "approved" else ("NO-TICKET", "CONFLICT", "TOO-LONG", "NO-REASON")[why % 4]
            reason = words.REASONS[why].format(words.COMPANY[group % 24])
            what = f"AR-{2000 + number}"
            ticket = f"T-{7000 + number * 3}" if back % 3 else ""
            lines.append((what, user + 1, group + 1, reason, ticket, ago(back), ago(max(back - 80, 0)), status,
                          managers[by], code, ""))  # fmt: skip
            self._log(ago(back - 3), managers[by], f"request.{status}", what, code)
        self._many(
            "access_requests (number, user_id, group_id, reason, ticket, submitted_on, until, status, decided_by, code,"
            " note)",
            lines,
        )

    def _suppliers(self) -> None:
        rng, clerks = self.rng, self.some("clerk")
        pairs = rng.permutation(len(words.COMPANY) * len(words.TRADE))[:150]
        lines = []
        for number, pair in enumerate(int(x) for x in pairs):
            company, trade = words.COMPANY[pair // 16], words.TRADE[pair % 16]
            city, form, back = (int(x) for x in rng.integers((0, 0, 320), (10, 5, 1500)))
            back = 1600 - number * 8 - back % 8
            by = clerks[pair % len(clerks)]
            what = f"S-{1001 + number}"
            mail = f"billing@{company}-{trade}.test".lower().replace(" ", "-")
            lines.append((what, f"{company} {trade} {words.FORM[form]}",
                          f"{100_000_000 + pair * 2_137_001 + number:09d}", iban(rng), mail,
                          words.CITIES[city], ago(back), by))  # fmt: skip
            self._log(ago(back), by, "supplier.created", what)
        self._many("suppliers (number, name, tax_number, iban, email, city, created_on, created_by)", lines)

    def _invoices(self) -> None:
        """Invoices, each entered by one person and decided by another."""
        rng, clerks, managers = self.rng, self.some("clerk"), self.some("manager")
        rest, lines = rng.integers((0, 1, 0, 0, 0), (150, HEADS + 1, 40, 1000, 99), size=(380, 5)).tolist(), []
        for number, (supplier, department, term, who, turn) in enumerate(rest):
            back = 330 - number * 320 // 380
            amount = int(np.exp(rng.uniform(4.5, 9.2)) * 100)
            entered, decided = clerks[who % len(clerks)], managers[(who * 7 + 3) % len(managers)]
            what = f"INV-{20_000 + number}"
            status = "paid" if back > 60 else ("rejected" if turn < 12 else "approved" if back > 25 else "received")
            lines.append((what, supplier + 1, f"{words.COMPANY[turn % 24][:2].upper()}-{number * 17 + 3000 + turn}",
                          f"PO-{40_000 + number * 3 + turn % 3}", amount, department, ago(back),
                          _later(back, 15 + term), status, entered, "" if status == "received" else decided,
                          "NO-ORDER" if status == "rejected" else ""))  # fmt: skip
            self._log(ago(back - 1), entered, "invoice.entered", what)
            if status != "received":
                self._log(ago(back - 4), decided, f"invoice.{'rejected' if status == 'rejected' else 'approved'}", what)
        self._many(
            "invoices (number, supplier_id, reference, purchase_order, amount, department_id, issued_on, due_on,"
            " status, entered_by, decided_by, code)",
            lines,
        )

    def _expenses(self) -> None:
        rng, managers = self.rng, self.some("manager")
        reports, lines = [], []
        for number in range(140):
            user, city, why, back, by = (
                int(x) for x in rng.integers((_FIRST_STAFF, 0, 0, 0, 0), (PEOPLE, 10, 7, 3, len(managers)))
            )
            back, what = 400 - number * 2 - back, f"EX-{3000 + number}"
            status = "approved" if number % 7 else "rejected"
            code = "" if status == "approved" else ("NO-RECEIPT", "OVER-LIMIT", "TOO-LATE")[why % 3]
            purpose = words.PURPOSES[why].format(words.CITIES[city])
            reports.append((number + 1, what, user + 1, purpose, ago(back), status, managers[by], code))
            lines += [(number + 1, *line) for line in usual_lines(rng, back, int(rng.integers(1, 5)))]
            self._log(ago(back), self.usernames[user], "expense.submitted", what)
            self._log(ago(back - 3), managers[by], f"expense.{status}", what, code)
        self._many("expense_reports (id, number, user_id, purpose, submitted_on, status, decided_by, code)", reports)
        self._many("expense_lines (report_id, spent_on, category, description, people, amount, receipt)", lines)

    def _assets(self) -> None:
        rng, lines, admins = self.rng, [], self.some("admin")
        active = [number + 1 for number, role in enumerate(self.roles) if role]
        held = [(user, "Laptop") for user in active]
        more = rng.choice(["Phone", "Monitor", "Licence"], 70)
        held += [(int(user), str(kind)) for user, kind in zip(rng.choice(active, 70), more, strict=True)]
        free = [(None, ("Laptop", "Phone", "Monitor", "Licence")[number % 4]) for number in range(24)]
        for number, (user, kind) in enumerate([*held, *free]):
            model = pick(rng, words.MODELS[kind])
            back = int(rng.integers(30, 2200))
            status = "in use" if user else ("in stock", "in stock", "retired")[number % 3]
            tag = f"BW-{kind[:2].upper()}-{500 + number}"
            expires = _later(0, 30 + back % 300) if kind == "Licence" else ""
            lines.append(
                (
                    tag,
                    kind,
                    model,
                    f"{model[:2].upper()}{back * 977 + number * 31:08d}",
                    user,
                    status,
                    ago(back),
                    expires,
                )
            )
            if user:
                self._log(ago(max(back - 9, 0)), admins[back % 3], "asset.assigned", tag, self.usernames[user - 1])
        self._many("assets (tag, kind, model, serial, user_id, status, bought_on, expires_on)", lines)

    def _settings(self) -> None:
        rng, admins, lines = self.rng, self.some("admin"), []
        texts = {"naming.domain": "brightwater.test", "mail.footer": "Brightwater Water Technology, Basel",
                 "mail.sender": "office@brightwater.test", "naming.style": self.style}  # fmt: skip
        for key, section, label, kind, allowed in words.SETTINGS:
            chosen = texts.get(key, "")
            if kind == "number":
                least, most = (int(part) for part in allowed.split(".."))
                chosen = str(int(rng.integers(least, min(most, least * 8 + 60))))
            elif not chosen:
                chosen = pick(rng, allowed.split("|"))
            lines.append((key, section, label, chosen, kind, allowed))
            self._log(ago(int(rng.integers(30, 400))), pick(rng, admins), "setting.changed", key, f"to {chosen}")
        self._many("settings (key, section, label, value, kind, allowed)", lines)

    def _documents(self) -> None:
        lines = []
        for number in range(36):
            turn, supplier = (int(x) for x in self.rng.integers((0, 0), (4, 150)))
            name = self.connection.execute("SELECT name FROM suppliers WHERE id = ?", (supplier + 1,)).fetchone()[0]
            title, body = (
                ("New price list", "Please find our new prices, which are valid from next quarter."),
                ("Closed in August", "Our office is closed in the first two weeks of August."),
                ("New contact", "From now on our sales office answers your questions."),
                ("Reminder", "Our records show an open amount. If you have paid it, please ignore this letter."),
            )[turn]
            lines.append(
                (
                    f"D-{600 + number}",
                    "Letter",
                    title,
                    name,
                    ago(400 - number * 10),
                    f"Dear Sir or Madam,\n\n{body}\n\n{name}",
                )
            )
        self._many("documents (number, kind, title, sender, received_on, body)", lines)

    def _policies(self) -> None:
        rng = self.rng
        bodies = {
            "expenses": expense_rules(rng).text(),
            "access": access_rules(rng).text(),
            "reviews": review_rules(rng).text(),
            "duties": DutyRules(
                ("Enter an invoice and approve it", "Create a supplier and approve its invoices")
            ).text(),
            "invoices": InvoiceRules(("DUPLICATE", "NO-ORDER", "BLOCKED-SUPPLIER")).text(),
            "leaving": LeavingRules("manager", "", "stock").text(),
            "suppliers": SupplierRules(pick(rng, ("oldest", "busiest"))).text(),
            "naming": naming_text(self.style),
            "retention": "The settings of this system follow the decisions of the board, filed among the documents.",
        }
        self._many(
            "policies (slug, title, valid_from, body)",
            [(slug, title, "2026-01-01", bodies[slug]) for slug, title in TITLES.items()],
        )

    def _sign_ins(self) -> None:
        names = [name for name, role in zip(self.usernames, self.roles, strict=True) if role]
        for who, back, kind in self.rng.integers((0, 0, 0), (len(names), 28, 8), size=(260, 3)).tolist():
            self._log(ago(back + 1), names[who], "signin.ok" if kind else "signin.failed", names[who])


def _later(back: int, days: int) -> str:
    return (_TODAY - datetime.timedelta(days=back - days)).isoformat()


def usual_lines(rng: np.random.Generator, back: int, count: int) -> list[tuple[str, str, str, int, int, str]]:
    """Lines of an expense report that was submitted `back` days ago: date, category, what, people, cents, receipt."""
    made = []
    for _ in range(count):
        category = pick(rng, tuple(words.SPENT))
        low, high = words.USUAL[category]
        what, amount = pick(rng, words.SPENT[category]), int(rng.integers(low, high))
        people = int(rng.integers(2, 6)) if what in {"Dinner with customer", "Team lunch"} else 1
        day = ago(back + 1 + int(rng.integers(14)))
        made.append((day, category, what, people, amount * people, f"R-{int(rng.integers(10_000, 99_999))}"))
    return made

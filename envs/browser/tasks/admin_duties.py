"""Tasks that find who broke the separation of duties, by a policy that the site states."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.sites.admin.content import iban
from selftrain.envs.browser.sites.admin.policies import DutyRules
from selftrain.envs.browser.tasks.admin_common import (
    Rng,
    account,
    between,
    day,
    days_between,
    go,
    log,
    said,
    set_policy,
)
from selftrain.envs.browser.tasks.parts import answering, one_of, some_of
from selftrain.envs.browser.world import World

PAIRS = {
    "enter": "Enter an invoice and approve the same invoice",
    "create": "Create a supplier and approve an invoice of that supplier",
    "bank": "Change the bank details of a supplier and approve an invoice of that supplier within {window} days"
    " afterwards",
}


@dataclass(frozen=True)
class Duties:
    """The rules of one task: which pairs are forbidden, and what is excepted.

    Attributes:
        pairs: keys of `PAIRS`.
        window: days after a change of bank details in which its author may not approve; the last one counts.
        small: invoices below this amount in cents are excepted from "enter"; 0 for none.
        deputy: user name of who may do both, or "".
    """

    pairs: Sequence[str]
    window: int = 30
    small: int = 0
    deputy: str = ""

    def policy(self) -> DutyRules:
        """The page."""
        exceptions = []
        if self.small:
            exceptions.append(f"Who enters an invoice of less than {self.small / 100:,.2f} may approve it too.")
        if self.deputy:
            exceptions.append(f"{self.deputy} is the only deputy of Finance and is excepted from all of this.")
        return DutyRules([PAIRS[key].format(window=self.window) for key in self.pairs], exceptions)


def breaches(world: World, duties: Duties) -> list[tuple[str, str]]:
    """User name and invoice number of each breach."""
    approvals = world.rows(
        "admin",
        "SELECT e.at, e.actor, i.number, i.amount, i.entered_by, s.number AS supplier, s.created_by FROM events e"
        " JOIN invoices i ON i.number = e.object JOIN suppliers s ON s.id = i.supplier_id"
        " WHERE e.action = 'invoice.approved' ORDER BY e.at, e.id",
    )
    changes = world.rows("admin", "SELECT at, actor, object FROM events WHERE action = 'supplier.bank_changed'")
    found = []
    for one in approvals:
        who = one["actor"]
        recent = any(
            who == other["actor"] and other["object"] == one["supplier"] and other["at"] < one["at"]
            and days_between(other["at"], one["at"][:10]) <= duties.window
            for other in changes
        )  # fmt: skip
        applies = {
            "enter": who == one["entered_by"] and one["amount"] >= duties.small,
            "create": who == one["created_by"],
            "bank": recent,
        }
        if who != duties.deputy and any(applies[key] for key in duties.pairs):
            found.append((str(who), str(one["number"])))
    return found


@dataclass
class _Stage:
    """What is planted: who does what to which invoice or supplier; `substitute` approves what must be nobody else's."""

    rng: Rng
    world: World
    substitute: str
    used: set[int] = field(default_factory=set)

    def invoice(self, where: str = "1") -> sqlite3.Row:
        """An approved invoice of a supplier that is not used yet."""
        found = self.world.rows(
            "admin",
            "SELECT i.*, s.number AS supplier FROM invoices i JOIN suppliers s ON s.id = i.supplier_id"
            f" WHERE i.status IN ('approved', 'paid') AND {where} ORDER BY i.id",
        )
        chosen = one_of(self.rng, [one for one in found if one["supplier_id"] not in self.used])
        self.used.add(chosen["supplier_id"])
        return chosen

    def approved_by(self, bill: sqlite3.Row, who: str) -> None:
        """Have `who` be the one who approved it."""
        self.world.write("admin", "UPDATE invoices SET decided_by = ? WHERE id = ?", who, bill["id"])
        sql = "UPDATE events SET actor = ? WHERE object = ? AND action = 'invoice.approved'"
        self.world.write("admin", sql, who, bill["number"])

    def entered_by(self, bill: sqlite3.Row, who: str) -> None:
        """Have `who` be the one who entered it."""
        self.world.write("admin", "UPDATE invoices SET entered_by = ? WHERE id = ?", who, bill["id"])
        sql = "UPDATE events SET actor = ? WHERE object = ? AND action = 'invoice.entered'"
        self.world.write("admin", sql, who, bill["number"])

    def created_by(self, bill: sqlite3.Row, who: str) -> None:
        """Have `who` be the one who created its supplier."""
        self.world.write("admin", "UPDATE suppliers SET created_by = ? WHERE id = ?", who, bill["supplier_id"])
        sql = "UPDATE events SET actor = ? WHERE object = ? AND action = 'supplier.created'"
        self.world.write("admin", sql, who, bill["supplier"])
        self._keep_away(bill, who)

    def bank_by(self, bill: sqlite3.Row, who: str, distance: int) -> None:
        """Have `who` change the bank details of its supplier `distance` days before it was approved."""
        sql = "SELECT at FROM events WHERE object = ? AND action = 'invoice.approved'"
        approved = str(self.world.row("admin", sql, bill["number"])["at"])
        at = f"{day(days_between(approved, day(0)) + distance)} 07:{between(self.rng, 10, 59)}"
        log(self.world, at, who, "supplier.bank_changed", bill["supplier"], iban(self.rng))
        self._keep_away(bill, who)

    def _keep_away(self, bill: sqlite3.Row, who: str) -> None:
        """Have somebody else approve what `who` approved of the same supplier besides this invoice."""
        sql = "SELECT * FROM invoices WHERE supplier_id = ? AND id <> ? AND decided_by = ? AND status <> 'rejected'"
        for other in self.world.rows("admin", sql, bill["supplier_id"], bill["id"], who):
            self.approved_by(other, self.substitute)


def _plant(stage: _Stage, key: str, who: str, where: str = "1", distance: int = 5) -> sqlite3.Row:
    """Let `who` do both halves of the pair `key`."""
    bill = stage.invoice(where)
    stage.approved_by(bill, who)
    if key == "enter":
        stage.entered_by(bill, who)
    elif key == "create":
        stage.created_by(bill, who)
    else:
        stage.bank_by(bill, who, distance)
    return bill


def _decoys(stage: _Stage, duties: Duties, people: Sequence[str], level: int) -> list[str]:
    """People who come close to a breach; their user names."""
    rng = stage.rng
    near = list(people[1:6])
    # half of a pair with somebody else's other half
    bill = stage.invoice()
    stage.approved_by(bill, stage.substitute)
    stage.created_by(bill, near[0])
    stage.entered_by(bill, near[0])
    if "bank" in duties.pairs:
        _plant(stage, "bank", near[1], distance=duties.window + between(rng, 1, 6))
        _plant(stage, "bank", near[2], distance=-between(rng, 2, 5))
    if duties.small:
        _plant(stage, "enter", near[3], f"i.amount < {duties.small}")
    if duties.deputy:
        for key in duties.pairs:
            _plant(stage, key, duties.deputy, f"i.amount >= {duties.small}")
    return near


def _scope(stage: _Stage, level: int) -> tuple[str, str]:
    """At lower levels the search is about one department; SQL and words for that."""
    if level >= 4:
        return "1", ""
    enough = "SELECT COUNT(*) FROM invoices i WHERE i.department_id = d.id AND i.status = 'approved'"
    department = one_of(
        stage.rng, stage.world.rows("admin", f"SELECT d.* FROM departments d WHERE ({enough}) > 2 ORDER BY d.id")
    )
    words = f" All it can be about are approved or paid invoices of the department {department['name']}"
    if level == 1:
        return f"i.department_id = {department['id']} AND i.status = 'approved'", words.replace(
            "approved or paid", "approved"
        ) + "."
    return f"i.department_id = {department['id']} AND i.status IN ('approved', 'paid')", f"{words}."


def _duties_task(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "auditor")
    managers = world.rows(
        "admin", "SELECT username FROM users WHERE role = 'manager' AND status = 'active' ORDER BY id"
    )
    people = some_of(rng, [str(line[0]) for line in managers], 10)
    stage = _Stage(rng, world, people[6])
    pairs = {1: ("enter",), 2: ("enter",), 3: ("create",), 4: ("create", "bank"), 5: ("enter", "create", "bank")}[level]
    duties = Duties(
        pairs,
        between(rng, 2, 5) * 10,
        between(rng, 3, 9) * 10_000 if level == 5 else 0,
        people[9] if level >= 4 else "",
    )
    set_policy(world, "duties", duties.policy().text())
    where, words = _scope(stage, level)
    key = one_of(rng, pairs)
    near = _decoys(stage, duties, people, level)
    bill = _plant(stage, key, people[0], f"{where} AND i.amount >= {duties.small}", between(rng, 2, duties.window))
    assert breaches(world, duties) == [(people[0], bill["number"])], breaches(world, duties)
    wordings = (
        "Exactly one person has broken our policy on the separation of duties, and once only. Find out who." + words
        + " Answer with the user name alone.",
        "The auditors of the group claim that somebody here did both halves of what our policy \"Separation of duties\""
        f" keeps apart.{words} Who was it? There is one such person. Answer with the user name.",
        f"Please check who violated the separation of duties as the policy defines it.{words} One account did, all"
        " others kept to it. Answer with that user name and nothing else.",
    )  # fmt: skip
    oracle = (*who.sign_in, go("/policies/duties"), go(f"/invoices/{bill['id']}"), *answering(people[0]))
    cheats = {"who came close": answering(near[0]), "another manager": answering(people[7])}
    if duties.deputy:
        cheats["the deputy"] = answering(duties.deputy)
    goal = Goal(answer=people[0])
    steps = {1: 50, 2: 90, 3: 120, 4: 300, 5: 500}[level]
    return Draft(said(rng, who, wordings), world, goal, oracle, cheats, steps=steps)


DUTIES = BrowserFamily(
    "admin-duties",
    "Survey the log and the invoices for the one person who broke the separation of duties, exceptions included.",
    ("auditing", "joining facts of several pages", "long surveys"),
    0.09,
    ("admin",),
    _duties_task,
)

"""Tasks that decide invoices, among which some came twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.admin.policies import InvoiceRules
from selftrain.envs.browser.tasks.admin_common import (
    SUBMIT,
    Account,
    Rng,
    account,
    between,
    day,
    decide,
    decided,
    said,
    set_policy,
)
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World

_KINDS = (
    "twice",
    "rejected before",
    "other order",
    "other amount",
    "no order",
    "blocked",
    "twice",
    "twice and blocked",
)
_COUNT = {1: 1, 2: 3, 3: 6, 4: 10, 5: 24}
_ALL = """
SELECT i.*, s.status AS supplier_status, d.name AS department FROM invoices i JOIN suppliers s ON s.id = i.supplier_id
JOIN departments d ON d.id = i.department_id ORDER BY i.id
"""
_WORDINGS = (
    "Please decide {what} by our policy on the approval of invoices: reject what it forbids with the reason code"
    " that it wants, approve the rest. Leave the notes empty.",
    "Some of our suppliers send their invoices twice. Go through {what} and decide each by the policy \"Approval of"
    " invoices\": approved, or rejected with the first reason code that applies. No notes, nothing else.",
    "Could you decide {what}? The policy on the approval of invoices says what is rejected and with which code; all"
    " others are approved. Write no notes and leave other invoices alone.",
)  # fmt: skip


def rejection(rules: InvoiceRules, bill: sqlite3.Row, every: Sequence[sqlite3.Row]) -> str:
    """The reason code with which an invoice is rejected, or ""."""
    same = [
        other for other in every
        if int(other["number"][4:]) < int(bill["number"][4:]) and other["status"] != "rejected"
        and (other["supplier_id"], other["amount"], other["purchase_order"])
        == (bill["supplier_id"], bill["amount"], bill["purchase_order"])
    ]  # fmt: skip
    applies = {
        "DUPLICATE": bool(same),
        "NO-ORDER": not bill["purchase_order"],
        "BLOCKED-SUPPLIER": bill["supplier_status"] == "blocked",
    }
    return next((code for code in rules.order if applies[code]), "")


def _plant(rng: Rng, world: World, number: int, first: sqlite3.Row, kind: str, department: int) -> int:
    """Enter an invoice that is like `first`, which is in the books already; its id."""
    if kind == "rejected before":
        world.write("admin", "UPDATE invoices SET status = 'rejected', code = 'OTHER' WHERE id = ?", first["id"])
    if "blocked" in kind:
        world.write(
            "admin", "UPDATE suppliers SET status = 'blocked', code = 'FRAUD' WHERE id = ?", first["supplier_id"]
        )
    order, amount = first["purchase_order"], first["amount"]
    if kind in {"other order", "blocked"}:
        order = f"PO-{between(rng, 42_000, 42_999)}"
    if kind == "no order":
        order = ""
    if kind == "other amount":
        amount += one_of(rng, (-1, 1)) * one_of(rng, (900, 1000, 90))
    reference = one_of(
        rng, (first["reference"].replace("-", " "), first["reference"] + "/2", f"{number}-{between(rng, 100, 999)}")
    )
    back = between(rng, 2, 14)
    return world.write(
        "admin",
        "INSERT INTO invoices (number, supplier_id, reference, purchase_order, amount, department_id, issued_on,"
        " due_on, entered_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        f"INV-{number}", first["supplier_id"], reference, order, amount, department, day(back), day(back - 30),
        first["entered_by"],
    )  # fmt: skip


def _script(who: Account, right: Mapping[int, str]) -> tuple[Do, ...]:
    steps = [
        s for row, code in right.items() for s in decide(f"/invoices/{row}", "reject" if code else "approve", code)
    ]
    return (*who.sign_in, *steps, *SUBMIT)


def _make(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "manager")
    rules = InvoiceRules(some_of(rng, ("DUPLICATE", "NO-ORDER", "BLOCKED-SUPPLIER"), 3))
    set_policy(world, "invoices", rules.text())
    place = one_of(rng, world.rows("admin", "SELECT * FROM departments ORDER BY id"))
    # one invoice of a supplier each, long decided, of an amount that no other invoice of the supplier has
    old = {one["supplier_id"]: one for one in world.rows("admin", _ALL) if one["status"] in {"paid", "approved"}}
    chosen = some_of(rng, sorted(old.values(), key=lambda one: int(one["id"])), _COUNT[level])
    kinds = [_KINDS[at % len(_KINDS)] for at in range(len(chosen))] if level > 1 else ["twice"]
    planted = set()
    for at, (first, kind) in enumerate(zip(chosen, some_of(rng, kinds, len(kinds)), strict=True)):
        department = place["id"] if level < 5 else between(rng, 1, 10)
        planted.add(_plant(rng, world, 20_500 + at * 3, first, kind, department))
    every = world.rows("admin", _ALL)
    scope = [
        one for one in every if one["status"] == "received" and (level == 5 or one["department_id"] == place["id"])
    ]
    if level == 1:
        scope = [one for one in scope if one["id"] in planted]
    right = {one["id"]: rejection(rules, one, every) for one in scope}
    what = {
        1: f"invoice {scope[0]['number']}",
        5: "all received invoices that wait for a decision",
    }.get(level, f"all received invoices of the department {place['name']} that wait for a decision")
    last = list(right)[-1]
    cheats = {"one decided the other way": _script(who, right | {last: "" if right[last] else "DUPLICATE"})}
    if len(right) > 1:
        cheats["all approved"] = _script(who, dict.fromkeys(right, ""))
        cheats["all but one"] = _script(who, {row: code for row, code in right.items() if row != last})
    changes = [decided("invoices", row, "rejected" if code else "approved", who, code) for row, code in right.items()]
    goal = Goal(changes, {"admin": who.username})
    instruction = said(rng, who, _WORDINGS, what=what)
    return Draft(instruction, world, goal, _script(who, right), cheats, steps=50 + 12 * len(right))


INVOICES = BrowserFamily(
    "admin-invoices",
    "Decide up to 60 invoices by policy: find those that came twice under another reference, and blocked suppliers'.",
    ("finding duplicates", "applying a policy", "careful bulk work"),
    0.03,
    ("admin",),
    _make,
)

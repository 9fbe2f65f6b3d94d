"""Tasks that decide expense reports by a policy."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.admin.content import usual_lines
from selftrain.envs.browser.sites.admin.drawn_rules import expense_rules
from selftrain.envs.browser.sites.admin.policies import ExpenseRules
from selftrain.envs.browser.sites.admin.words import CITIES, PURPOSES
from selftrain.envs.browser.tasks.admin_common import (
    SUBMIT,
    Account,
    Rng,
    account,
    between,
    day,
    days_between,
    decide,
    decided,
    employees,
    said,
    set_policy,
)
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World

CODES = ("NO-RECEIPT", "OVER-LIMIT", "TOO-LATE", "NOT-COVERED", "DUPLICATE")
_CLAIMED = """SELECT r.user_id, l.spent_on, l.category, l.amount FROM expense_lines l
JOIN expense_reports r ON r.id = l.report_id"""
_COUNT = {1: 1, 2: 3, 3: 6, 4: 12, 5: 30}


@dataclass(frozen=True)
class Line:
    """A line of a report, amounts in cents."""

    spent_on: str
    category: str
    description: str
    people: int
    amount: int
    receipt: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What two lines share that claim the same expense."""
        return self.spent_on, self.category, self.amount


def faults(rules: ExpenseRules, purpose: str, title: str, submitted: str, lines: Sequence[Line],
           earlier: Sequence[Line]) -> list[str]:  # fmt: skip
    """All reason codes that apply to a report, in the order of the rules."""
    found = set()
    for line in lines:
        limit = rules.limits[line.category]
        if line.category == "Lodging":
            limit += sum(limit * more // 100 for city, more in rules.abroad.items() if purpose.endswith(city))
        if line.category == "Meals" and title in rules.senior:
            limit *= 2
        if line.amount > limit * line.people:
            found.add("OVER-LIMIT")
        if line.amount >= rules.receipt_from and not line.receipt:
            found.add("NO-RECEIPT")
        if days_between(line.spent_on, submitted) > rules.age:
            found.add("TOO-LATE")
        if any(word in line.description for word in rules.barred):
            found.add("NOT-COVERED")
        if line.key in {each.key for each in earlier}:
            found.add("DUPLICATE")
    return [code for code in rules.order if code in found]


class _Reports:
    """Reports under construction in one world."""

    def __init__(self, rng: Rng, world: World, rules: ExpenseRules, level: int) -> None:
        self.rng, self.world, self.rules, self.level = rng, world, rules, level
        self.next = 3400 + between(rng, 0, 50)
        self.claimed: dict[int, set[tuple[str, str, int]]] = {}
        for line in world.rows("admin", _CLAIMED):
            self.claimed.setdefault(line[0], set()).add((line[1], line[2], line[3]))

    def add(self, user: sqlite3.Row, planted: Sequence[str]) -> tuple[int, list[str], str]:
        """A submitted report with these faults; its id, all codes that apply, and its number."""
        rng, back = self.rng, between(self.rng, 1, 8)
        claimed = self.claimed.setdefault(user["id"], set())
        purpose = one_of(rng, PURPOSES).format(one_of(rng, CITIES))
        while True:
            lines = [Line(*line) for line in usual_lines(rng, back, between(rng, 1, 2 + self.level // 2))]
            lines += [self._faulty(code, back) for code in planted]
            if self.level >= 2:
                lines.append(self._near_miss(user, purpose, back))
            keys = {line.key for line in lines}
            # what was not planted may be no duplicate
            if len(keys) == len(lines) and not keys & claimed:
                break
        claimed |= keys
        first = len(lines) - len(planted) - (self.level >= 2)
        earlier = [lines[first + at] for at, code in enumerate(planted) if code == "DUPLICATE"]
        if self.level >= 4 and "DUPLICATE" not in planted:
            one = lines[0]
            earlier.append(replace(one, amount=one.amount + between(rng, 1, 9) * 10 + 3))
            claimed.add(earlier[0].key)
        lines = some_of(rng, lines, len(lines))
        if earlier:
            self._write(user, purpose, back + between(rng, 4, 12), earlier, "approved")
        row, number = self._write(user, purpose, back, lines, "submitted")
        return row, faults(self.rules, purpose, user["title"], day(back), lines, earlier), number

    def _faulty(self, code: str, back: int) -> Line:
        rng, limits = self.rng, self.rules.limits
        spent, receipt = day(back + between(rng, 15, 25)), f"R-{between(rng, 10_000, 99_999)}"
        if code == "NO-RECEIPT":
            return Line(spent, "Transport", "Rental car, one day", 1, between(rng, 4200, 8800), "")
        if code == "OVER-LIMIT":
            over = limits["Supplies"] + between(rng, 1, 9) * 45
            return Line(spent, "Supplies", "Adapter and cables", 1, over, receipt)
        if code == "TOO-LATE":
            late = day(back + self.rules.age + between(rng, 1, 6))
            return Line(late, "Transport", "Taxi to the station", 1, between(rng, 1500, 3800), receipt)
        if code == "NOT-COVERED":
            what = f"Hotel, one night, and {one_of(rng, self.rules.barred)}"
            return Line(spent, "Lodging", what, 1, between(rng, 7200, 13_900), receipt)
        return Line(spent, "Transport", "Train, second class", 1, between(rng, 2100, 8800), receipt)

    def _near_miss(self, user: sqlite3.Row, purpose: str, back: int) -> Line:
        """A line that keeps to the rules, though barely."""
        rng, rules = self.rng, self.rules
        spent, receipt = day(back + between(rng, 2, 14)), f"R-{between(rng, 10_000, 99_999)}"
        kind = between(rng, 0, 3)
        city = next((city for city in rules.abroad if purpose.endswith(city)), "")
        if city and kind < 3:
            most = rules.limits["Lodging"] * (100 + rules.abroad[city]) // 100
            return Line(spent, "Lodging", "Hotel, one night", 1, most - between(rng, 0, 400), receipt)
        if user["title"] in rules.senior and kind < 3:
            return Line(spent, "Meals", "Dinner with partner", 1, rules.limits["Meals"] * 2 - 100, receipt)
        if kind == 0:
            return Line(spent, "Transport", "Tram ticket", 1, rules.receipt_from - between(rng, 1, 9) * 10, "")
        if kind == 1:
            return Line(spent, "Meals", "Team lunch", 4, rules.limits["Meals"] * 4, receipt)
        if kind == 2:
            return Line(day(back + rules.age), "Transport", "Taxi to the station", 1, 2300, receipt)
        return Line(spent, "Supplies", "Safety gloves", 1, rules.limits["Supplies"], receipt)

    def _write(self, user: sqlite3.Row, purpose: str, back: int, lines: Sequence[Line], status: str) -> tuple[int, str]:
        self.next += 1
        number = f"EX-{self.next}"
        by = "" if status == "submitted" else self.world.row("admin", "SELECT username FROM users WHERE id = 1")[0]
        row = self.world.write(
            "admin",
            "INSERT INTO expense_reports (number, user_id, purpose, submitted_on, status, decided_by)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            number, user["id"], purpose, day(back), status, by,
        )  # fmt: skip
        for line in lines:
            self.world.write(
                "admin",
                "INSERT INTO expense_lines (report_id, spent_on, category, description, people, amount, receipt)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row, line.spent_on, line.category, line.description, line.people, line.amount, line.receipt,
            )  # fmt: skip
        return row, number


def _rules(rng: Rng, level: int) -> ExpenseRules:
    rules = expense_rules(rng)
    if level >= 4:
        cities = some_of(rng, CITIES, 3)
        rules = replace(rules, abroad={city: between(rng, 2, 5) * 10 for city in cities})
    if level >= 5:
        rules = replace(rules, senior=("Key Account Manager", "Sales Engineer"))
    return rules


def _plan(rng: Rng, level: int) -> list[list[str]]:
    """Which faults each report gets; levels from 3 have reports with two, where the order of codes decides."""
    if level == 1:
        return [[one_of(rng, CODES[:4])]]
    count = _COUNT[level]
    plan: list[list[str]] = [[]] * (count // 3)
    plan += [[code] for code in some_of(rng, CODES[: 4 + (level > 2)], min(count // 3, 5))]
    while len(plan) < count:
        plan.append(some_of(rng, CODES, 2) if level >= 3 else [one_of(rng, CODES[:4])])
    return some_of(rng, plan, count)


def _scripts(who: Account, right: Mapping[int, str]) -> tuple[Do, ...]:
    """Decide each report with this code, or approve it if that is ""."""
    made = [
        step
        for row, code in right.items()
        for step in decide(f"/expenses/{row}", "reject" if code else "approve", code)
    ]
    return (*who.sign_in, *made, *SUBMIT)


_WORDINGS = (
    "Please decide {what} in the back office, exactly as the expense policy there says: approve what it allows"
    " and reject the rest with the right reason code. Leave the notes empty and touch no other report.",
    "The expense policy is in the back office. Apply it to {what}: each one is either approved or rejected with"
    " the reason code that the policy wants. No notes, and nothing else is to be changed.",
    "Could you work off {what}? Read the expense policy first. Reject with the code that it prescribes, approve"
    " whatever has no fault, write no notes, and leave everything else alone.",
)


def _make(rng: Rng, level: int, world: World) -> Draft:
    who, rules = account(rng, world, "manager"), _rules(rng, level)
    set_policy(world, "expenses", rules.text())
    reports, people = _Reports(rng, world, rules, level), employees(world)
    if level < 5:
        sizes: dict[str, int] = {}
        for one in people:
            sizes[one["department"]] = sizes.get(one["department"], 0) + 1
        department = one_of(rng, sorted(name for name, size in sizes.items() if size >= 5))
        team = [one for one in people if one["department"] == department]
        for other in some_of(rng, [one for one in people if one["department"] != department], 4):
            reports.add(other, [one_of(rng, CODES)])
    else:
        department, team = "", people
    right, other_codes, numbers = {}, {}, []
    for number, planted in enumerate(_plan(rng, level)):
        row, codes, label = reports.add(team[(number * 5 + 1) % len(team)], planted)
        right[row] = codes[0] if codes else ""
        other_codes[row] = codes[-1] if codes else ""
        numbers.append(label)
    what = "all submitted expense reports" + (f" of the department {department}" if department else "")
    if level == 1:
        what = f"expense report {numbers[0]}"
    instruction = said(rng, who, _WORDINGS, what=what)
    goal = Goal(
        [decided("expense_reports", row, "rejected" if code else "approved", who, code) for row, code in right.items()],
        {"admin": who.username},
    )
    flipped = dict(right)
    last = list(right)[-1]
    flipped[last] = "" if right[last] else "OVER-LIMIT"
    cheats = {"one decided the other way": _scripts(who, flipped)}
    if len(right) > 1:
        cheats["all approved"] = _scripts(who, dict.fromkeys(right, ""))
        cheats["all but one"] = _scripts(who, {row: code for row, code in right.items() if row != last})
    if other_codes != right:
        cheats["the last reason instead of the first"] = _scripts(who, other_codes)
    return Draft(instruction, world, goal, _scripts(who, right), cheats, steps=40 + 12 * len(right))


EXPENSES = BrowserFamily(
    "admin-expenses",
    "Approve exactly the expense reports that the policy allows and reject the others with the first reason.",
    ("applying a policy", "checking receipts and limits", "careful bulk work"),
    0.03,
    ("admin",),
    _make,
)

"""Tasks about access to groups: requests that are decided by policy, and the quarterly review."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Deleted, Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.admin.drawn_rules import access_rules, review_rules
from selftrain.envs.browser.sites.admin.policies import AccessRules, ReviewRules
from selftrain.envs.browser.sites.admin.words import DEPARTMENTS
from selftrain.envs.browser.tasks.admin_common import (
    SUBMIT,
    TODAY,
    Account,
    Rng,
    account,
    between,
    day,
    days_between,
    decide,
    decided,
    employees,
    go,
    said,
    set_policy,
)
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World

# requests


@dataclass(frozen=True)
class Wish:
    """A pending request as it would be filed."""

    user: sqlite3.Row
    group: sqlite3.Row
    reason: str
    ticket: str
    submitted: str
    until: str


def denials(rules: AccessRules, wish: Wish, member_of: Set[str]) -> list[str]:
    """All reason codes that apply to a request, in the order of the rules."""
    level, most = wish.group["sensitivity"], rules.days.get(wish.group["sensitivity"], 0)
    pairs = [pair for pair in rules.conflicts if wish.group["name"] in pair]
    exempt = wish.user["department"] == rules.exempt
    applies = {
        "NO-TICKET": level in rules.ticket and not wish.ticket and not exempt,
        "NOT-ELIGIBLE": level in rules.employees and wish.user["kind"] == "contractor",
        "CONFLICT": any(member_of & set(pair) for pair in pairs),
        "TOO-LONG": most > 0 and (not wish.until or days_between(wish.submitted, wish.until) > most),
        "NO-REASON": not wish.reason,
    }
    return [code for code in rules.order if applies[code]]


def _wish(rng: Rng, user: sqlite3.Row, group: sqlite3.Row, rules: AccessRules) -> Wish:
    back, most = between(rng, 1, 12), rules.days.get(group["sensitivity"], 0) or 90
    length = one_of(rng, (most, most - between(rng, 1, 20), most - between(rng, 5, 25), most + between(rng, 1, 4)))
    reason = one_of(
        rng,
        (
            "Month-end closing",
            "Covers for a colleague on leave",
            "On-call duty",
            "Project Meridian",
            "Audit preparation",
            "",
        ),
    )
    ticket = f"T-{between(rng, 8000, 8999)}" if rng.random() < 0.7 else ""
    until = day(back - length) if rng.random() < 0.92 else ""
    return Wish(user, group, reason, ticket, day(back), until)


def _wishes(rng: Rng, world: World, rules: AccessRules, count: int) -> list[tuple[Wish, list[str]]]:
    """Requests of different people: a third of them clean, a third with one fault, the others with several."""
    groups = world.rows("admin", "SELECT * FROM groups ORDER BY id")
    people = employees(world)
    order = some_of(rng, people, len(people))
    held: dict[int, set[str]] = {}
    for line in world.rows("admin", "SELECT m.user_id, g.name FROM memberships m JOIN groups g ON g.id = m.group_id"):
        held.setdefault(line[0], set()).add(line[1])
    found: list[tuple[Wish, list[str]]] = []
    while len(found) < count:
        wanted, user = len(found) % 3, order.pop()
        for _ in range(400):
            wish = _wish(rng, user, one_of(rng, groups), rules)
            mine = held.get(user["id"], set())
            codes = denials(rules, wish, mine)
            if wish.group["name"] not in mine and min(len(codes), 2) == wanted:
                found.append((wish, codes))
                break
    return some_of(rng, found, count)


def _file(world: World, number: str, wish: Wish) -> int:
    return world.write(
        "admin",
        "INSERT INTO access_requests (number, user_id, group_id, reason, ticket, submitted_on, until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        number, wish.user["id"], wish.group["id"], wish.reason, wish.ticket, wish.submitted, wish.until,
    )  # fmt: skip


def _request_script(who: Account, right: Mapping[int, str]) -> tuple[Do, ...]:
    made = [
        step for row, code in right.items() for step in decide(f"/requests/{row}", "deny" if code else "approve", code)
    ]
    return (*who.sign_in, *made, *SUBMIT)


def _requests(rng: Rng, level: int, world: World) -> Draft:
    who, rules = account(rng, world, "admin"), access_rules(rng)
    if level >= 4:
        rules = replace(rules, exempt=one_of(rng, DEPARTMENTS)[1])
    set_policy(world, "access", rules.text())
    count = {1: 4, 2: 3, 3: 6, 4: 12, 5: 27}[level]
    right, last, numbers = {}, {}, []
    changes: list[Updated | Inserted] = []
    for at, (wish, codes) in enumerate(_wishes(rng, world, rules, count)):
        numbers.append(f"AR-{2200 + at * 3}")
        row = _file(world, numbers[-1], wish)
        if level == 1 and at:
            continue
        right[row], last[row] = (codes[0], codes[-1]) if codes else ("", "")
        changes.append(decided("access_requests", row, "denied" if codes else "approved", who, right[row]))
        if not codes:
            values = {"group_id": wish.group["id"], "user_id": wish.user["id"], "granted_on": TODAY}
            changes.append(Inserted("admin", "memberships", values | {"granted_by": who.username}))
    instruction = said(
        rng, who,
        [
            "Decide {what} in the back office by the policy on access to groups: approve what it allows, deny the rest"
            " with the reason code that it asks for. Leave the notes empty.",
            "Please apply our policy \"Access to groups\" to {what}. Deny with the right reason code whatever it"
            " forbids and approve everything else. No notes, and no other changes.",
            "I need {what} decided today. The rules are under Policies, Access to groups; denials take the code that"
            " comes first there. Do not write notes and do not touch memberships in any other way.",
        ],
        what=f"the access request {numbers[0]} and no other" if level == 1 else "all pending access requests",
    )  # fmt: skip
    flipped = dict(right)
    one = list(right)[-1]
    flipped[one] = "" if right[one] else "NO-REASON"
    cheats = {"one decided the other way": _request_script(who, flipped)}
    if len(right) > 1:
        cheats["all denied alike"] = _request_script(who, dict.fromkeys(right, "NO-TICKET"))
        cheats["all but one"] = _request_script(who, {row: code for row, code in right.items() if row != one})
    if last != right:
        cheats["the last reason instead of the first"] = _request_script(who, last)
    goal = Goal(changes, {"admin": who.username})
    return Draft(instruction, world, goal, _request_script(who, right), cheats, steps=50 + 12 * len(right))


# the review


def revocation(rules: ReviewRules, item: sqlite3.Row) -> str:
    """The reason code with which a membership goes, or ""."""
    idle = days_between(item["last_used"], rules.cutoff) if item["last_used"] else 10_000
    homes = rules.homes.get(item["group_name"])
    applies = {
        "UNUSED": idle > rules.unused[item["sensitivity"]] and item["title"] != rules.spared,
        "LEFT": bool(item["ends_on"]) and item["ends_on"] < rules.cutoff,
        "CONTRACTOR": item["kind"] == "contractor" and item["sensitivity"] in rules.contractor,
        "MOVED": homes is not None and item["department"] not in homes,
    }
    return next((code for code in rules.order if applies[code]), "")


_ITEMS = """
SELECT m.id AS membership, m.group_id, m.user_id, m.last_used, g.name AS group_name, g.sensitivity, u.title, u.kind,
u.ends_on, d.name AS department FROM memberships m JOIN groups g ON g.id = m.group_id JOIN users u ON u.id = m.user_id
JOIN departments d ON d.id = u.department_id WHERE u.role = 'employee' AND u.status = 'active' ORDER BY m.id
"""


def _disturb(rng: Rng, world: World, rules: ReviewRules, items: Sequence[sqlite3.Row]) -> None:
    """Give some of the memberships dates at which the rules bite, and some at which they just do not."""
    for item in items:
        most, kind = rules.unused[item["sensitivity"]], between(rng, 0, 9)
        back = days_between(rules.cutoff, TODAY)
        if kind < 4:
            used = ("", day(back + most + between(rng, 1, 30)), day(back + most), day(back + most - 3))[kind]
            world.write("admin", "UPDATE memberships SET last_used = ? WHERE id = ?", used, item["membership"])
        elif kind == 4:
            ends = one_of(rng, (day(between(rng, 2, 9)), rules.cutoff, day(-between(rng, 5, 60))))
            world.write("admin", "UPDATE users SET ends_on = ? WHERE id = ?", ends, item["user_id"])


def _review_rules(rng: Rng, level: int, items: Sequence[sqlite3.Row]) -> ReviewRules:
    rules = review_rules(rng)
    if level >= 3:
        names = [name for _, name, _ in DEPARTMENTS]
        groups = some_of(rng, sorted({item["group_name"] for item in items}), 2 if level < 5 else 4)
        rules = replace(rules, homes={group: tuple(some_of(rng, names, 5)) for group in groups})
    if level >= 4:
        rules = replace(rules, spared=one_of(rng, sorted({item["title"] for item in items})))
    return rules


def _review_script(who: Account, review: int, revoked: Mapping[int, str], complete: bool = True) -> tuple[Do, ...]:
    made = [step for row, code in revoked.items() for step in decide(f"/reviews/{review}/items/{row}", "revoke", code)]
    end = (go(f"/reviews/{review}/complete"), Do("click", "button", "Keep the rest and complete")) if complete else ()
    return (*who.sign_in, *made, *end, *SUBMIT)


_REVIEW_WORDINGS = (
    "The access review Q1 2026 is due. Go through its memberships, revoke those that the policy on access"
    " reviews wants revoked, each with the right reason code, keep all others, and complete the review.",
    'Please finish Review Q1 2026 in the back office for me: the policy "Access reviews" says which'
    " memberships are revoked and with which code. Everything else stays. The review must be complete in the"
    " end.",
    "Somebody has to do our quarterly access review (Q1 2026, under Reviews). Revoke by the written policy,"
    " with the first reason code that applies, keep the rest, then complete it.",
)


def _review(rng: Rng, level: int, world: World) -> Draft:
    who, count = account(rng, world, "admin"), {1: 4, 2: 10, 3: 20, 4: 40, 5: 84}[level]
    chosen = some_of(rng, world.rows("admin", _ITEMS), count)
    rules = _review_rules(rng, level, chosen)
    set_policy(world, "reviews", rules.text())
    wanted = {item["membership"] for item in chosen}
    while True:
        _disturb(rng, world, rules, chosen)
        items = [item for item in world.rows("admin", _ITEMS) if item["membership"] in wanted]
        codes = [revocation(rules, item) for item in items]
        if 0 < sum(map(bool, codes)) < count:
            break
    review = world.write("admin", "INSERT INTO reviews (name, due_on) VALUES ('Review Q1 2026', '2026-03-13')")
    world.write(
        "admin", "INSERT INTO reviews (name, due_on, status) VALUES ('Review Q4 2025', '2025-12-12', 'complete')"
    )
    changes: list[Updated | Deleted] = [Updated("admin", "reviews", review, {"status": "complete"})]
    revoked = {}
    for item, code in zip(items, codes, strict=True):
        row = world.write(
            "admin", "INSERT INTO review_items (review_id, user_id, group_id) VALUES (?, ?, ?)",
            review, item["user_id"], item["group_id"],
        )  # fmt: skip
        done = {"decision": "revoke" if code else "keep", "decided_by": who.username} | ({"code": code} if code else {})
        changes.append(Updated("admin", "review_items", row, done))
        if code:
            revoked[row] = code
            changes.append(Deleted("admin", "memberships", item["membership"]))
    instruction = said(rng, who, _REVIEW_WORDINGS)
    some = list(revoked)
    cheats = {
        "everything kept": _review_script(who, review, {}),
        "one too few": _review_script(who, review, {row: revoked[row] for row in some[:-1]}),
        "not completed": _review_script(who, review, revoked, complete=False),
        "another code": _review_script(who, review, revoked | {some[0]: "CONFLICT"}),
    }
    goal = Goal(changes, {"admin": who.username})
    return Draft(instruction, world, goal, _review_script(who, review, revoked), cheats, steps=60 + 6 * count)


def _family(
    name: str, summary: str, skills: tuple[str, ...], make: Callable[[Rng, int, World], Draft]
) -> BrowserFamily:
    return BrowserFamily(name, summary, skills, 0.0, ("admin",), make)


REQUESTS = _family(
    "admin-requests",
    "Approve or deny requests for access by a policy, from what the pages of person, group and request say.",
    ("applying a policy", "joining facts of several pages"),
    _requests,
)
REVIEW = _family(
    "admin-access-review",
    "Survey up to 84 memberships in a quarterly review, revoke those that policy wants gone, and complete it.",
    ("access governance", "long surveys", "applying a policy"),
    _review,
)

"""Tasks about people who leave: what they have is handed over by policy, and the account is disabled."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Deleted, Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.admin.people import LEAVE_REASONS
from selftrain.envs.browser.sites.admin.policies import LeavingRules
from selftrain.envs.browser.tasks.admin_common import (
    SUBMIT,
    Rng,
    account,
    between,
    day,
    employees,
    go,
    said,
    set_policy,
)
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World

_OLD = "2023-01-01"


@dataclass
class _Leaver:
    """Who leaves, and what has to be done about it, as goal rows and as steps."""

    user: sqlite3.Row
    last: str
    reason: str
    changes: list[Updated | Deleted] = field(default_factory=list)
    steps: list[Do] = field(default_factory=list)
    disable: list[Do] = field(default_factory=list)


def _person(world: World, user_id: int) -> sqlite3.Row:
    return world.row("admin", "SELECT * FROM users WHERE id = ?", user_id)


def _hand_over(world: World, rules: LeavingRules, one: _Leaver) -> None:
    """Reports and owned groups go to their heir."""
    user = one.user
    head = world.row("admin", "SELECT head_id FROM departments WHERE id = ?", user["department_id"])["head_id"]
    heir = _person(world, user["manager_id"] if rules.reports_to == "manager" else head)
    team = world.rows("admin", "SELECT id FROM users WHERE manager_id = ? AND status = 'active'", user["id"])
    if team:
        one.changes += [Updated("admin", "users", report["id"], {"manager_id": heir["id"]}) for report in team]
        one.steps += [
            go(f"/users/{user['id']}/handover"),
            Do("fill", "textbox", "New manager's user name", heir["username"]),
            Do("click", "button", "Hand over all reports"),
        ]
    for group in world.rows("admin", "SELECT id FROM groups WHERE owner_id = ?", user["id"]):
        one.changes.append(Updated("admin", "groups", group["id"], {"owner_id": heir["id"]}))
        one.steps += [
            go(f"/groups/{group['id']}/owner"),
            Do("fill", "textbox", "Owner's user name", heir["username"]),
            Do("click", "button", "Save"),
        ]


def _give_back(world: World, rules: LeavingRules, one: _Leaver) -> None:
    """Memberships end, and equipment comes back."""
    for member in world.rows("admin", "SELECT id FROM memberships WHERE user_id = ? ORDER BY id", one.user["id"]):
        one.changes.append(Deleted("admin", "memberships", member["id"]))
        one.steps += [go(f"/memberships/{member['id']}/remove"), Do("click", "button", "Remove")]
    manager = _person(world, one.user["manager_id"])
    for asset in world.rows("admin", "SELECT * FROM assets WHERE user_id = ? ORDER BY id", one.user["id"]):
        status, holder = "in stock", None
        if asset["kind"] == "Licence":
            status, holder = ("in use", manager) if rules.licences == "manager" else ("in stock", None)
        elif rules.old and asset["bought_on"] < rules.old:
            status = "retired"
        values = {"user_id": holder["id"] if holder else None} | ({} if status == "in use" else {"status": status})
        one.changes.append(Updated("admin", "assets", asset["id"], values))
        one.steps += [
            go(f"/assets/{asset['id']}/assign"),
            Do("select", "combobox", "Status", status),
            Do("fill", "textbox", "User name", holder["username"] if holder else ""),
            Do("click", "button", "Save"),
        ]


def _plan(world: World, rules: LeavingRules, one: _Leaver) -> _Leaver:
    _hand_over(world, rules, one)
    _give_back(world, rules, one)
    values = {"status": "disabled", "ends_on": one.last, "leave_reason": one.reason}
    one.changes.append(Updated("admin", "users", one.user["id"], values))
    one.disable += [
        go(f"/users/{one.user['id']}/disable"),
        Do("fill", "textbox", "Last day", one.last),
        Do("select", "combobox", "Reason", one.reason),
        Do("click", "button", "Disable for good"),
    ]
    return one


def _equip(rng: Rng, world: World, user_id: int, level: int) -> None:
    """Give a leaver more to return: something old, something new, a licence, a group that they own."""
    kinds = ("Phone", "Licence", "Monitor", "Laptop")[: level - 1]
    for kind in kinds:
        bought = day(between(rng, 1250, 1900)) if rng.random() < 0.5 else day(between(rng, 100, 1000))
        free = world.rows("admin", "SELECT id FROM assets WHERE kind = ? AND user_id IS NULL ORDER BY id", kind)
        world.write(
            "admin", "UPDATE assets SET user_id = ?, status = 'in use', bought_on = ? WHERE id = ?",
            user_id, bought, free[0]["id"],
        )  # fmt: skip
    if level >= 4:
        group = one_of(rng, world.rows("admin", "SELECT id FROM groups WHERE owner_id <= 10 ORDER BY id"))
        world.write("admin", "UPDATE groups SET owner_id = ? WHERE id = ?", user_id, group["id"])


def _leavers(rng: Rng, world: World, level: int) -> list[_Leaver]:
    leads = world.rows(
        "admin",
        "SELECT u.* FROM users u WHERE u.id BETWEEN 11 AND 24 AND (SELECT COUNT(*) FROM users r WHERE r.manager_id ="
        " u.id AND r.status = 'active') BETWEEN 1 AND 8 ORDER BY u.id",
    )
    first = some_of(rng, leads, {1: 0, 2: 0, 3: 1, 4: 1, 5: 2}[level])
    heads = {lead["id"] for lead in first}
    # nobody leaves together with their manager: whose equipment would go to whom then?
    plain = [one for one in employees(world) if one["manager_id"] not in heads]
    users = first + some_of(rng, plain, {1: 1, 2: 1, 5: 2}.get(level, 0))
    found = []
    for user in users:
        if user["id"] <= 24:
            # somebody else's head, so that "own manager" and "head of the department" are two people
            head = between(rng, 1, 9)
            manager = head + (head >= user["department_id"])
            world.write("admin", "UPDATE users SET manager_id = ? WHERE id = ?", manager, user["id"])
        _equip(rng, world, user["id"], level)
        fresh = _person(world, user["id"])
        found.append(_Leaver(fresh, day(between(rng, -20, 6)), one_of(rng, LEAVE_REASONS)))
    return found


def _notice(rng: Rng, world: World, number: int, one: _Leaver, withdrawn: bool) -> None:
    """File the notice of leaving among the documents."""
    user = one.user
    body = (
        f"{user['name']} ({user['username']}) leaves Brightwater.\n\nReason: {one.reason}\n\nLast day: {one.last}\n\n"
        "Human Resources"
    )
    sql = "INSERT INTO documents (number, kind, title, sender, received_on, body) VALUES (?, 'Notice', ?, ?, ?, ?)"
    back = between(rng, 6, 24)
    title = f"Notice of leaving: {user['name']}"
    world.write("admin", sql, f"D-{1000 + number}", title, "Human Resources", day(back), body)
    if withdrawn:
        body = f"The notice of leaving of {user['name']} ({user['username']}) is withdrawn. The person stays with us."
        world.write(
            "admin", sql, f"D-{1050 + number}", f"Correction: {user['name']}", "Human Resources", day(back - 3), body
        )


def _instruction(level: int, leavers: Sequence[_Leaver]) -> tuple[str, ...]:
    names = f"{leavers[0].user['name']} (user name {leavers[0].user['username']})"
    if level == 1:
        facts = f"The last day is {leavers[0].last} and the reason is {leavers[0].reason}."
        return (
            f'{names} leaves us. {facts} Please do everything that the policy "When somebody leaves" asks for.',
            f"Offboard {names} in the back office, as the policy on leaving says. {facts}",
            f"Please close down what {names} has: groups, equipment, the account, all by our policy on leaving."
            f" {facts}",
        )
    if level < 5:
        return (
            f'{names} leaves us; the notice is among the documents. Do all that the policy "When somebody leaves" asks'
            " for, and nothing else.",
            f"Offboard {names}, please. The notice of leaving (see Documents) has the last day and the reason, the"
            " policy on leaving tells what happens to reports, groups and equipment.",
            f"Please carry out the notice of leaving of {names}: you find it among the documents, and the rules in the"
            " policy on leaving.",
        )
    return (
        "Human Resources filed several notices of leaving among the documents. Carry out all that still stand,"
        " exactly as"
        ' the policy "When somebody leaves" says; some may have been withdrawn by a later correction.',
        "Work off the notices of leaving under Documents, by the policy on leaving: reports, groups, equipment,"
        " accounts. Notices that were withdrawn later do not count.",
        "Please offboard everybody for whom there is a valid notice of leaving in the documents. A notice that a later"
        " letter withdraws is void. The policy on leaving has all details; change nothing beyond it.",
    )


def _offboard(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "admin")
    rules = LeavingRules(
        one_of(rng, ("manager", "head")),
        _OLD if level >= 3 else "",
        one_of(rng, ("stock", "manager")) if level >= 2 else "stock",
    )
    set_policy(world, "leaving", rules.text())
    leavers = _leavers(rng, world, level)
    void = leavers[-1:] if level == 5 else []
    for number, one in enumerate(some_of(rng, leavers, len(leavers)) if level > 1 else []):
        _notice(rng, world, number, one, one in void)
    real = [_plan(world, rules, one) for one in leavers if one not in void]
    oracle = (*who.sign_in, *(step for one in real for step in (*one.steps, *one.disable)), *SUBMIT)
    everything_but = (*who.sign_in, *(step for one in real for step in one.steps), *SUBMIT)
    first = _plan(world, LeavingRules("head" if rules.reports_to == "manager" else "manager", "", "stock"),
                  _Leaver(real[0].user, day(40), real[0].reason))  # fmt: skip
    cheats = {
        "the account is left": everything_but,
        "another last day": (*who.sign_in, *first.steps, *first.disable, *SUBMIT),
    }
    if void:
        gone = _plan(world, rules, void[0])
        cheats["one who stays"] = (*oracle[:-1], *gone.steps, *gone.disable, *SUBMIT)
    goal = Goal([change for one in real for change in one.changes], {"admin": who.username})
    instruction = said(rng, who, _instruction(level, leavers))
    return Draft(instruction, world, goal, oracle, cheats, steps=60 + 2 * len(oracle))


OFFBOARD = BrowserFamily(
    "admin-offboard",
    "Hand over the reports, groups and equipment of people who leave, by policy, then disable their accounts.",
    ("multi-step procedures", "following a policy", "reading notices"),
    0.0,
    ("admin",),
    _offboard,
)

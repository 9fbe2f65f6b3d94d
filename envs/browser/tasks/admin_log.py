"""Tasks that are answered from the log: who did what, who broke in, and who broke the separation of duties."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.admin_common import Rng, account, between, day, go, log, said
from selftrain.envs.browser.tasks.parts import answering, one_of, some_of
from selftrain.envs.browser.world import World

_USER_FORM = "Answer with the user name alone."
_Facts = tuple[Sequence[str], str, str, Mapping[str, str], Sequence[Do]]
"""Wordings, the answer, its kind, wrong answers, and pages to look at."""


def _events(world: World, action: str, where: str = "1") -> list[sqlite3.Row]:
    return world.rows("admin", f"SELECT * FROM events WHERE action = ? AND {where} ORDER BY at, id", action)


def _active(world: World) -> list[str]:
    found = world.rows("admin", "SELECT username FROM users WHERE status = 'active' ORDER BY id")
    return [str(line[0]) for line in found]


def _who_entered(rng: Rng, world: World) -> _Facts:
    bill = one_of(rng, world.rows("admin", "SELECT * FROM invoices WHERE decided_by <> '' ORDER BY id"))
    wordings = (
        f"Who entered invoice {bill['number']} into the back office? {_USER_FORM}",
        f"Look up who typed in invoice {bill['number']}, please: not who decided it, who entered it. {_USER_FORM}",
        f"I need the name of the account that entered {bill['number']}. {_USER_FORM}",
    )
    wrong = {"who decided it": bill["decided_by"]}
    return wordings, bill["entered_by"], "text", wrong, [go(f"/invoices/{bill['id']}")]


def _when_changed(rng: Rng, world: World) -> _Facts:
    setting = one_of(rng, world.rows("admin", "SELECT * FROM settings WHERE kind = 'number' ORDER BY id"))
    admins = world.rows("admin", "SELECT username FROM users WHERE role = 'admin' ORDER BY id")
    least, most = (int(part) for part in setting["allowed"].split(".."))
    values = some_of(rng, range(least, min(most, least * 9 + 90)), 3)
    backs = sorted(some_of(rng, range(3, 29), 4), reverse=True)
    old = setting["value"]
    world.write("admin", "DELETE FROM events WHERE object = ?", setting["key"])
    # the value in question is set twice: asked is the last time
    for back, value in zip(backs, (values[0], values[1], values[0], values[2]), strict=True):
        actor = one_of(rng, admins)["username"]
        log(world, f"{day(back)} 10:{back:02d}", actor, "setting.changed", setting["key"], f"{old} to {value}")
        old = str(value)
    world.write("admin", "UPDATE settings SET value = ? WHERE id = ?", old, setting["id"])
    answer = day(backs[2])
    what = f'"{setting["label"]}" last changed to {values[0]}'
    form = "Answer with the date, such as 2026-01-31."
    wordings = (
        f"On which day was the setting {what}? {form}",
        f"The log of the back office tells when {what}. Which day was it? {form}",
        f"Please find out when the setting {what}; earlier times do not matter. {form}",
    )
    wrong = {"the first time": day(backs[0]), "the last change": day(backs[3])}
    return wordings, answer, "date", wrong, [go(f"/events?q={setting['key']}")]


def _how_many(rng: Rng, world: World) -> _Facts:
    managers = Counter(event["actor"] for event in _events(world, "invoice.approved"))
    who = one_of(rng, sorted(name for name, count in managers.items() if count >= 8))
    mine = [event["at"][:10] for event in _events(world, "invoice.approved", f"actor = '{who}'")]
    low = between(rng, 1, len(mine) // 3)
    high = between(rng, 2 * len(mine) // 3, len(mine) - 2)
    early, late = mine[low], mine[high]
    answer = sum(early <= at <= late for at in mine)
    other = sum(early < at < late for at in mine)
    wordings = (
        f"How many invoices did {who} approve from {early} to {late}, both days included? Answer with the number.",
        f"Count the approvals of invoices by {who} in the log from {early} through {late} (rejections do not count)."
        " Answer with the number.",
        f"For the audit: the number of invoices that the account {who} approved between {early} and {late}, first"
        " and last day included. Answer with the number alone.",
    )
    wrong = {"without the first and last day": str(other), "all of them": str(len(mine))}
    look = [go(f"/events?actor={who}&action=invoice.approved&from={early}&to={late}")]
    return wordings, str(answer), "number", wrong, look


def _most_failures(rng: Rng, world: World) -> _Facts:
    people = some_of(rng, _active(world), 4)
    base = Counter(event["actor"] for event in _events(world, "signin.failed", "at >= '2026-02'"))
    top = max(base.values())
    for rank, who in enumerate(people):
        wanted = top + 7 - rank * 2 - base[who]
        for number in range(wanted):
            at = f"2026-02-{1 + (number * 5 + rank * 3) % 27:02d} {7 + rank * 2}:{number:02d}"
            log(world, at, who, "signin.failed", who)
    # in January another one was ahead, and who signed in most is another one too
    for number in range(top + 12):
        log(world, f"2026-01-{2 + number % 28:02d} 18:{number:02d}", people[1], "signin.failed", people[1])
    wordings = (
        f"Which account had the most failed sign-ins in February 2026? {_USER_FORM}",
        f"Go through the failed sign-ins of February 2026 in the log: who has the most? {_USER_FORM}",
        f"Somebody keeps mistyping a password. Whose sign-ins failed most often in February 2026? {_USER_FORM}",
    )
    wrong = {"of both months": people[1], "the third": people[2]}
    look = [go("/events?action=signin.failed&from=2026-02-01&to=2026-02-28")]
    return wordings, people[0], "text", wrong, look


def break_ins(events: Sequence[sqlite3.Row]) -> list[tuple[str, str]]:
    """Address and account of each break-in: failures for at least five accounts on one day, then a success there."""
    failed: dict[tuple[str, str], set[str]] = {}
    found = []
    for event in events:
        key = (event["address"], event["at"][:10])
        if event["action"] == "signin.failed":
            failed.setdefault(key, set()).add(event["actor"])
        elif event["action"] == "signin.ok" and len(failed.get(key, ())) >= 5 and event["actor"] in failed[key]:
            found.append((event["address"], event["actor"]))
    return found


def _attack(rng: Rng, world: World, people: Sequence[str], success: str | None, late: bool = True) -> None:
    """Failures from one address for these accounts, and perhaps one success, after them or before."""
    back, address = between(rng, 1, 27), f"185.{between(rng, 10, 99)}.{between(rng, 1, 250)}.{between(rng, 1, 250)}"
    hour = between(rng, 9, 17)
    for number, who in enumerate(people):
        log(
            world,
            f"{day(back)} {hour:02d}:{number * 3 + between(rng, 0, 2):02d}",
            who,
            "signin.failed",
            who,
            "",
            address,
        )
    if success:
        log(world, f"{day(back)} {hour + 1 if late else hour - 1:02d}:58", success, "signin.ok", success, "", address)


def _break_in(rng: Rng, world: World) -> _Facts:
    people = some_of(rng, _active(world), 60)
    victim, decoys = people[0], people[1:6]
    groups = [people[6 + 7 * at : 13 + 7 * at] for at in range(7)]
    _attack(rng, world, [*groups[0], victim], victim)
    _attack(rng, world, [*groups[1], decoys[0]], None)  # nobody got in
    _attack(rng, world, [*groups[2][:3], decoys[1]], decoys[1])  # too few accounts
    _attack(rng, world, [decoys[2]] * 9, decoys[2])  # a forgotten password
    _attack(rng, world, [*groups[3], decoys[3]], decoys[3], late=False)  # the success came before
    _attack(rng, world, groups[4], decoys[4])  # got in with an account that had not failed
    _attack(rng, world, groups[5], None)
    events = world.rows("admin", "SELECT * FROM events WHERE action LIKE 'signin.%' ORDER BY at, id")
    assert [who for _, who in break_ins(events)] == [victim]
    rule = (
        "An account counts as broken into if, on one day and from one address, sign-ins failed for at least five"
        " different accounts, this account among them, and afterwards this account signed in from that address on"
        " the same day."
    )
    wordings = (
        f"We fear that somebody guessed a password in February 2026 or on 1 March. {rule} Which account was it?"
        f" There is exactly one. {_USER_FORM}",
        f"Please search the sign-ins in the log, from February 2026 on, for a break-in. {rule} One account fits."
        f" {_USER_FORM}",
        f"Survey the failed and the successful sign-ins of the last four weeks. {rule} Find the one account."
        f" {_USER_FORM}",
    )
    wrong = {"nobody got in": decoys[0], "success before": decoys[3], "few accounts": decoys[1]}
    look = [go("/events?action=signin.failed"), go("/events?action=signin.ok&page=2")]
    return wordings, victim, "text", wrong, look


def _log_task(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "auditor")
    make = (_who_entered, _when_changed, _how_many, _most_failures, _break_in)[level - 1]
    wordings, answer, kind, wrong, look = make(rng, world)
    cheats = {name: answering(text) for name, text in wrong.items() if text != answer}
    oracle = (*who.sign_in, *look, *answering(answer))
    goal = Goal(answer=answer, answer_kind=kind)
    return Draft(said(rng, who, wordings), world, goal, oracle, cheats, steps={4: 80, 5: 160}.get(level, 40))


LOG = BrowserFamily(
    "admin-find-in-log",
    "Find in the log who did something, when, how often, or which account was broken into.",
    ("log analysis", "filtering and counting", "forensics"),
    0.05,
    ("admin",),
    _log_task,
)

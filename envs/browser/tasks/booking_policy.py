"""Tasks of a company's travel manager: deciding requests for trips by the travel policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.desk import REASONS
from selftrain.envs.browser.sites.booking.network import FARES
from selftrain.envs.browser.sites.booking.rules import broken_rule
from selftrain.envs.browser.sites.booking.words import GRADES, PURPOSES
from selftrain.envs.browser.tasks.booking_common import (
    SITE,
    SUBMIT,
    TODAY,
    TRIES,
    Account,
    Rng,
    account,
    day,
    family_names,
    sign_in,
    some_ride,
    visit,
)
from selftrain.envs.browser.tasks.parts import one_of
from selftrain.envs.browser.world import World
from selftrain.errors import TaskError

_COUNTS = {1: 1, 2: 3, 3: 8, 4: 16, 5: 34}
Decisions = Mapping[int, str]
"""Request → the rule that it is rejected for, "" where it is approved."""


def _request(world: World, rng: Rng, who: Account, employee: str) -> tuple[int, str]:
    """Write a pending request, and the rule that it breaks."""
    policy = world.row(SITE, "SELECT * FROM policies WHERE company = ?", who.company)
    date = day(int(rng.integers(3, 30)))
    leg, fare = some_ride(world, rng, date), FARES[int(rng.choice(3, p=[0.4, 0.35, 0.25]))]
    # exempt purposes are drawn more often, so that exceptions matter
    purpose = one_of(rng, (*PURPOSES, policy["notice_exempt"], policy["weekend_purpose"]))
    ahead = int(rng.choice([policy["notice_days"] - 1, policy["notice_days"], policy["notice_days"] + 4]))
    asked = min((dt.date.fromisoformat(date) - dt.timedelta(ahead)).isoformat(), TODAY)
    grade, price = one_of(rng, (*GRADES, policy["first_grade"])), leg.price(fare)
    number = world.write(
        SITE,
        "INSERT INTO trip_requests (company, employee, grade, train_id, date, origin_id, destination_id, fare, "
        "price_cents, purpose, requested_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(who.company, employee, grade, leg.train_id, date, leg.origin_id, leg.destination_id, fare, price),
        *(purpose, asked),
    )
    trip = {"grade": grade, "purpose": purpose, "requested_on": asked}
    return number, broken_rule(policy, leg, date, trip, fare, price)


def _script(who: Account, decisions: Decisions) -> list[Do]:
    made = sign_in(who)
    for request, reason in decisions.items():
        made += [
            visit(f"/company/requests/{request}"),
            Do("select", "combobox", "Decision", "rejected" if reason else "approved"),
        ]
        made += [Do("select", "combobox", "Rule that it breaks", reason)] if reason else []
        made.append(Do("click", "button", "Save decision"))
    return [*made, SUBMIT]


def _changes(decisions: Decisions) -> list[Updated]:
    rejected = {number: {"status": "rejected", "reason": reason} for number, reason in decisions.items() if reason}
    approved = {number: {"status": "approved"} for number, reason in decisions.items() if not reason}
    return [Updated(SITE, "trip_requests", number, new) for number, new in (*rejected.items(), *approved.items())]


def _decided(right: Decisions, request: int, reason: str) -> Decisions:
    return {**right, request: reason}


def _others(reason: str) -> Sequence[str]:
    """Two wrong decisions where this one is right."""
    return [each for each in ("", *REASONS) if each != reason][:2]


def _decide(rng: Rng, level: int, world: World) -> Draft:
    manager = account(world, rng, "manager", True)
    for _ in range(TRIES):
        people = [family_names(rng, 1)[0] for _ in range(_COUNTS[level])]
        drawn = dict(_request(world, rng, manager, name) for name in people)
        if len(set(drawn.values())) >= min(level, 4):
            break
        world.write(SITE, "DELETE FROM trip_requests WHERE company = ? AND status = 'pending'", manager.company)
    else:
        raise TaskError(f"no {_COUNTS[level]} requests of different kinds could be drawn")
    spared = people[int(rng.integers(len(people)))] if level >= 4 else ""
    right = {number: reason for (number, reason), name in zip(drawn.items(), people, strict=True) if name != spared}
    foreign = [number for number in drawn if number not in right]
    opening = one_of(
        rng,
        (
            "Please decide all pending trip requests of our company by the travel policy.",
            "Go through the trip requests that are still pending and approve or reject each as the travel policy says.",
            "Clear the pending trip requests: approve what keeps the travel policy, reject what does not.",
        ),
    )
    rule = "Whatever is rejected is rejected for the first rule of the policy that it breaks."
    spare = f"Leave the requests of {spared} pending: the director decides those." if spared else ""
    text = " ".join(part for part in (opening, rule, spare, manager.told(rng)) if part)
    last, reason = list(right.items())[-1]
    first, second = _others(reason)
    cheats = {
        "last-one-wrong": _script(manager, _decided(right, last, first)),
        "last-one-wrong-otherwise": _script(manager, _decided(right, last, second)),
    }
    if foreign:
        cheats["decided-for-the-director"] = _script(manager, {**right, foreign[0]: drawn[foreign[0]]})
    return Draft(
        instruction=text,
        world=world,
        goal=Goal(changes=_changes(right), actors={SITE: manager.username}),
        oracle=_script(manager, right),
        cheats=cheats,
        steps=30 + 8 * _COUNTS[level],
    )


FAMILIES = (
    BrowserFamily(
        name="booking-decide-requests",
        summary="approves or rejects a company's trip requests for the first rule of the policy that each breaks",
        skills=("policies with exceptions", "checking each case", "acting on many rows"),
        chance=0.1,
        sites=(SITE,),
        make=_decide,
    ),
)

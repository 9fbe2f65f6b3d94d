"""Tasks at the operators' desk: stranded passengers by priority, and reports of a bulletin."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.network import (
    FARES,
    Leg,
    all_places,
    clock,
    direct_rides,
    free_seats,
    leg_of,
    rides,
)
from selftrain.envs.browser.sites.booking.rules import CAUSES, terms, tickets_of
from selftrain.envs.browser.tasks.booking_common import (
    SITE,
    SUBMIT,
    TRIES,
    Account,
    Rng,
    account,
    ask_of,
    booking_row,
    day,
    direct_pair,
    family_names,
    second_account,
    sign_in,
    spoken,
    updated,
    visit,
    write_booking,
)
from selftrain.envs.browser.tasks.parts import one_of
from selftrain.envs.browser.world import World
from selftrain.errors import TaskError

# stranded passengers


@dataclass(frozen=True)
class Stranded:
    """A booking on the cancelled train.

    Attributes:
        size: its passengers.
        rank: the smaller, the earlier its turn; by name of the rule.
    """

    booking: int
    size: int
    fare: str
    placed_on: str
    rank: Mapping[str, int]
    offers: tuple[Leg, ...]


Outcome = Mapping[int, int]
"""Booking → the train that it is moved to, 0 where it is refunded."""


def assign(world: World, date: str, turns: Sequence[Stranded]) -> Outcome:
    """Give the places to bookings one after the other: each gets the train that arrives first and has room."""
    trains = {leg.train_id for each in turns for leg in each.offers}
    places = {train: all_places(ask_of(world), train, date) for train in trains}
    left = {(train, fare == "First"): found[fare] for train, found in places.items() for fare in FARES}
    made = {}
    for each in turns:
        room = (leg.train_id for leg in each.offers if left[leg.train_id, each.fare == "First"] >= each.size)
        made[each.booking] = train = next(room, 0)
        if train:
            left[train, each.fare == "First"] -= each.size
    return made


def _turns(world: World, stranded: Sequence[Stranded]) -> list[Stranded]:
    order = terms(ask_of(world))["desk_order"].split(", ")
    return sorted(stranded, key=lambda each: (*(each.rank[rule] for rule in order), each.placed_on))


def _offers(world: World, old: Leg, date: str, fare: str) -> tuple[Leg, ...]:
    """Other trains of the day that the rules allow, the earliest arrival first."""
    said = terms(ask_of(world))
    found = direct_rides(ask_of(world), old.origin_id, old.destination_id, date)
    allowed = [
        leg
        for leg in found
        if leg.train_id != old.train_id
        and (said["desk_after"] == "0" or leg.departs >= old.departs)
        and not (said["desk_other"] == "no" and fare == "Saver" and leg.operator_id != old.operator_id)
    ]
    return tuple(sorted(allowed, key=lambda leg: leg.arrives))


def _write_stranded(world: World, rng: Rng, leg: Leg, date: str, placed_on: str, level: int) -> Stranded:
    """Write a booking for a ride on the train that will be cancelled."""
    users = world.rows(SITE, "SELECT * FROM users WHERE role = 'traveller' AND company = '' ORDER BY id")
    user = one_of(rng, users)
    kinds = ["adult"] + ["adult"] * int(rng.integers(0, 3)) + ["child"] * int(level > 2 and rng.random() < 0.35)
    names = [user["name"], *family_names(rng, len(kinds) - 1)]
    helped = {names[-1]} if level > 2 and rng.random() < 0.2 else set()
    fare = "Flex" if level < 3 else one_of(rng, ("Saver", "Saver", "Flex", "First"))
    people = list(zip(names, kinds, strict=True))
    booking = write_booking(world, user["id"], [(leg, date)], fare, people, placed_on, helped)
    rank = {
        "assistance": int(not helped),
        "children": int("child" not in kinds),
        "tier": ["Gold", "Silver", "Basic"].index(user["tier"]),
        "fare": ["First", "Flex", "Saver"].index(fare),
    }
    return Stranded(booking, len(kinds), fare, placed_on, rank, _offers(world, leg, date, fare))


def _make_scarce(world: World, rng: Rng, stranded: Sequence[Stranded], date: str) -> None:
    """Block seats of the other trains, so that not all who are stranded find a place on the first of them."""
    for train in sorted({leg.train_id for each in stranded for leg in each.offers}):
        for fare in ("First", "Saver"):
            free = free_seats(ask_of(world), train, date, fare)
            for seat in free[int(rng.integers(1, 5)) :]:
                world.write(
                    SITE,
                    "INSERT INTO seat_blocks (train_id, date, seat, reason) VALUES (?, ?, ?, ?)",
                    *(train, date, seat, "School group"),
                )


_COUNTS = {1: 1, 2: 2, 3: 4, 4: 7, 5: 12}


def _strand(world: World, rng: Rng, level: int) -> tuple[Leg, str, list[Stranded]] | None:
    """Choose a train to cancel and write bookings on it; None if this one is of no use."""
    ask, date = ask_of(world), day(int(rng.integers(1, 12)))
    found = direct_rides(ask, *direct_pair(world, rng, least=7), date)
    if len(found) < 4:
        return None
    old = found[int(rng.integers(1, len(found) - 2))]
    ours = world.rows(SITE, "SELECT 1 FROM tickets WHERE train_id = ? AND date = ?", old.train_id, date)
    arrivals = [leg.arrives for leg in found]
    if ours or len(set(arrivals)) < len(arrivals):
        return None
    ages = rng.choice(37, _COUNTS[level], replace=False) + 3
    made = [
        _write_stranded(world, rng, _part(world, rng, old, date, level), date, day(-int(age)), level) for age in ages
    ]
    if any(len({leg.arrives for leg in each.offers}) < len(each.offers) for each in made):
        return None
    world.write(SITE, "DELETE FROM disruptions WHERE train_id = ? AND date = ?", old.train_id, date)
    world.write(
        SITE,
        "INSERT INTO disruptions (train_id, date, kind, cause, created_at) VALUES (?, ?, 'cancelled', ?, ?)",
        *(old.train_id, date, one_of(rng, CAUSES), "2026-03-02 08:40"),
    )
    if level > 1:
        _make_scarce(world, rng, made, date)
    return old, date, made


def _part(world: World, rng: Rng, whole: Leg, date: str, level: int) -> Leg:
    """The ride that a booking has on the train; at level 5 some go another way than the others."""
    if level < 5 or rng.random() < 0.6:
        return whole
    found = rides(ask_of(world), date, "t.id = ? AND a.station_id = ?", whole.train_id, whole.origin_id)
    destination = one_of(rng, found)["destination_id"]
    return leg_of(ask_of(world), whole.train_id, whole.origin_id, destination, date) or whole


def _draw_stranded(world: World, rng: Rng, level: int) -> tuple[Leg, str, Outcome, Outcome]:
    """The train that is cancelled, what the rules give its bookings, and what those give who go by the list."""
    for _ in range(TRIES):
        if (drawn := _strand(world, rng, level)) is None:
            continue
        old, date, stranded = drawn
        right, listed = assign(world, date, _turns(world, stranded)), assign(world, date, stranded)
        moved = [train for train in right.values() if train]
        apart = level < 3 or (right != listed and len(set(right.values())) > 2)
        if moved and apart and (level < 4 or 0 in right.values()):
            return old, date, right, listed
    raise TaskError(f"no train of level {level} could be cancelled so that the order matters")


def _rebook_script(world: World, who: Account, outcome: Outcome) -> list[Do]:
    made = sign_in(who)
    for booking, train in outcome.items():
        code = booking_row(world, booking)["code"]
        if train:
            number = world.row(SITE, "SELECT number FROM trains WHERE id = ?", train)["number"]
            made += [visit(f"/desk/rebook/{code}"), Do("click", "button", f"Move to {number}")]
        else:
            made += [visit(f"/desk/refund/{code}"), Do("click", "button", "Refund booking")]
    return [*made, SUBMIT]


def _rebook_goal(world: World, who: Account, outcome: Outcome) -> Goal:
    changes: list[Updated] = []
    for booking, train in outcome.items():
        before = booking_row(world, booking)
        if not train:
            changes += updated("bookings", before, status="refunded", refunded_cents=before["paid_cents"])
            continue
        for ticket in tickets_of(ask_of(world), booking):
            changes += updated("tickets", ticket, train_id=train, seat="")
    return Goal(changes=changes, actors={SITE: who.username})


def _rebook(rng: Rng, level: int, world: World) -> Draft:
    staff = account(world, rng, "staff", None)
    colleague = second_account(world, rng, staff, "staff")
    old, date, right, listed = _draw_stranded(world, rng, level)
    last = [booking for booking, train in right.items() if train][-1]
    opening = one_of(
        rng,
        (
            f"{old.number} on {spoken(date)} is cancelled.",
            f"We had to cancel {old.number} on {spoken(date)}.",
            f"{old.number} does not run on {spoken(date)}.",
        ),
    )
    text = (
        f"{opening} Please take care of all bookings on it as the desk's rules for stranded passengers say: move each "
        "to the train that it is due, or refund it where the rules leave nothing else. They get their new seats at the "
        "gate. "
        f"{staff.told(rng)} Change nothing else."
    )
    cheats = {
        "last-one-refunded": _rebook_script(world, staff, {**right, last: 0}),
        "by-a-colleague": _rebook_script(world, colleague, right),
    }
    if listed != right:
        cheats["in-the-order-of-the-list"] = _rebook_script(world, staff, listed)
    return Draft(
        instruction=text,
        world=world,
        goal=_rebook_goal(world, staff, right),
        oracle=_rebook_script(world, staff, right),
        cheats=cheats,
        steps=30 + 8 * _COUNTS[level],
    )


# a bulletin


@dataclass(frozen=True)
class Report:
    """A line of a bulletin: `gone` is a cancelled train; `known` says that the site has it already."""

    ride: sqlite3.Row
    date: str
    gone: bool
    minutes: int
    cause: str
    known: bool = False
    corrected: int = 0

    def told(self, by_number: bool) -> str:
        """As the bulletin says it."""
        ride = self.ride
        train = ride["number"] if by_number else f"the {clock(ride['departs'])} from {ride['origin']}"
        when = f"{self.date}: {train}"
        if self.gone:
            return f"{when} cancelled, {self.cause.lower()}"
        return f"{when} {self.corrected or self.minutes} minutes late, {self.cause.lower()}"

    def script(self) -> list[Do]:
        """Records it."""
        return [
            visit("/desk/report"),
            Do("fill", "textbox", "Train", self.ride["number"]),
            Do("fill", "textbox", "Date", self.date),
            Do("select", "combobox", "Kind", "cancelled" if self.gone else "delay"),
            Do("fill", "textbox", "Minutes", str(0 if self.gone else self.minutes)),
            Do("select", "combobox", "Cause", self.cause),
            Do("click", "button", "Record report"),
        ]

    def wanted(self) -> Inserted:
        """The row that it becomes."""
        return Inserted(
            SITE,
            "disruptions",
            {
                "train_id": self.ride["train_id"],
                "date": self.date,
                "kind": "cancelled" if self.gone else "delay",
                "minutes": 0 if self.gone else self.minutes,
                "cause": self.cause,
            },
        )


_LINES = {1: 1, 2: 2, 3: 4, 4: 7, 5: 11}


def _reports(world: World, rng: Rng, level: int) -> list[Report]:
    """Lines about different trains, each of which its time and station tell from all others of the day."""
    ask, made = ask_of(world), list[Report]()
    used: set[tuple[int, str]] = set()
    while len(made) < _LINES[level]:
        date = day(-int(rng.integers(1, 9 if level > 2 else 3)))
        found = rides(ask, date, "b.seq = a.seq + 1")
        ride = one_of(rng, found)
        twins = [each for each in found if (each["origin_id"], each["departs"]) == (ride["origin_id"], ride["departs"])]
        has_report = world.rows(
            SITE, "SELECT 1 FROM disruptions WHERE train_id = ? AND date = ?", ride["train_id"], date
        )
        if len(twins) > 1 or has_report or (ride["train_id"], date) in used:
            continue
        used.add((ride["train_id"], date))
        gone, minutes = rng.random() < 0.2, int(rng.integers(2, 30)) * 5
        known = level >= 3 and len(made) > 1 and rng.random() < 0.3
        corrected = minutes + 15 if level >= 4 and not gone and not known and rng.random() < 0.3 else 0
        made.append(Report(ride, date, gone, minutes, one_of(rng, CAUSES), known, corrected))
    return made


def _bulletin(rng: Rng, reports: Sequence[Report], level: int) -> str:
    """What the instruction says of the reports."""
    lines = "; ".join(f"({i}) {report.told(level == 1)}" for i, report in enumerate(reports, 1))
    fixes = [
        f"({i}) was {report.minutes} minutes, not {report.corrected}"
        for i, report in enumerate(reports, 1)
        if report.corrected
    ]
    opening = one_of(
        rng,
        (
            "Please enter this bulletin of disruptions at the desk:",
            "The control centre sent this; record it at the desk of the booking site:",
            "Record these disruptions as reports, please:",
        ),
    )
    parts = [f"{opening} {lines}."]
    parts += ["What the desk has already for a train and day stays as it is."] if level >= 3 else []
    parts += [f"Corrections that came later: {'; '.join(fixes)}."] if fixes else []
    parts += ["A cancelled train has 0 minutes. One report for each train and day."]
    return " ".join(parts)


def _log(rng: Rng, level: int, world: World) -> Draft:
    staff = account(world, rng, "staff", None)
    colleague = second_account(world, rng, staff, "staff")
    reports = _reports(world, rng, level)
    for report in reports:
        if report.known:
            row = report.wanted().values
            world.write(
                SITE,
                "INSERT INTO disruptions (train_id, date, kind, minutes, cause, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                *row.values(),
                f"{report.date} 23:10",
            )
    new = [report for report in reports if not report.known]
    last = new[-1]
    wrong = Report(last.ride, last.date, last.gone, last.minutes + 5, _other_cause(last.cause))
    first = [do for report in new for do in report.script()]
    rest = [do for report in new[:-1] for do in report.script()]
    return Draft(
        instruction=f"{_bulletin(rng, reports, level)} {staff.told(rng)}",
        world=world,
        goal=Goal(changes=[report.wanted() for report in new], actors={SITE: staff.username}),
        oracle=[*sign_in(staff), *first, SUBMIT],
        cheats={
            "wrong-cause": [*sign_in(staff), *rest, *wrong.script(), SUBMIT],
            "by-a-colleague": [*sign_in(colleague), *first, SUBMIT],
        },
        steps=30 + 16 * _LINES[level],
    )


def _other_cause(cause: str) -> str:
    return next(each for each in CAUSES if each != cause)


FAMILIES = (
    BrowserFamily(
        name="booking-rebook-stranded",
        summary="moves all bookings of a cancelled train to others by priority and places, and refunds the rest",
        skills=("rules with priorities", "scarce places", "acting on many rows"),
        chance=0.1,
        sites=(SITE,),
        make=_rebook,
    ),
    BrowserFamily(
        name="booking-log-disruptions",
        summary="records a bulletin of delays by time and station, with corrections and reports that exist already",
        skills=("data entry", "looking up timetables", "duplicates"),
        chance=0.0,
        sites=(SITE,),
        make=_log,
    ),
)

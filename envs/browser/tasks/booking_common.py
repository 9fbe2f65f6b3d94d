"""What the task families of the booking site share: accounts, bookings written into a world, and parts of scripts."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar
from urllib.parse import urlencode

import numpy as np

from selftrain.envs.browser.goals import Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.network import (
    LAST_SALE,
    Ask,
    Connection,
    Leg,
    all_places,
    code_of,
    connections,
    direct_rides,
    free_seats,
    leg_of,
    rides,
)
from selftrain.envs.browser.sites.booking.rules import fare_rule
from selftrain.envs.browser.sites.booking.words import FIRST_NAMES, SURNAMES
from selftrain.envs.browser.sites.database import hashed
from selftrain.envs.browser.tasks.parts import one_of, signing_in
from selftrain.envs.browser.world import NOW, World
from selftrain.errors import TaskError

SITE = "booking"
ROOT = "http://booking.test"
TODAY = NOW[:10]
TRIES = 300
Rng = np.random.Generator
T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """Somebody whose password the agent is told."""

    id: int
    username: str
    name: str
    email: str
    company: str
    password: str

    def told(self, rng: Rng) -> str:
        """The sentence of an instruction that says how to sign in."""
        return one_of(
            rng,
            (
                f"Sign in as {self.username} with the password {self.password}.",
                f"The account is {self.username}, its password {self.password}.",
                f"Use the login {self.username} / {self.password}.",
            ),
        )


def ask_of(world: World) -> Ask:
    """Queries on the world's booking site."""
    return partial(world.rows, SITE)


def day(offset: int) -> str:
    """The date so many days after today."""
    return (dt.date.fromisoformat(TODAY) + dt.timedelta(offset)).isoformat()


def spoken(date: str) -> str:
    """A date as instructions say it: "Tuesday 10 March 2026 (2026-03-10)"."""
    found = dt.date.fromisoformat(date)
    return f"{found:%A} {found.day} {found:%B %Y} ({date})"


def money(cents: int) -> str:
    """Cents as "45.60"."""
    return f"{cents / 100:.2f}"


def account(world: World, rng: Rng, role: str = "traveller", company: bool | None = False, other: int = 0) -> Account:
    """A user, not `other`, whose password is known from now on.

    `company` says whether they travel for one; None if all the same.
    """
    found = [
        user
        for user in world.rows(SITE, "SELECT * FROM users WHERE role = ? AND id != ? ORDER BY id", role, other)
        if company is None or bool(user["company"]) == company
    ]
    user = one_of(rng, found)
    password = f"{one_of(rng, ('harbour', 'lantern', 'meadow', 'signal', 'copper'))}-{int(rng.integers(1000, 9999))}"
    world.write(SITE, "UPDATE users SET password = ? WHERE id = ?", hashed(password), user["id"])
    return Account(user["id"], user["username"], user["name"], user["email"], user["company"], password)


def second_account(world: World, rng: Rng, first: Account, role: str = "traveller") -> Account:
    """Another user, with whom a cheat does the right thing as the wrong person."""
    return account(world, rng, role, None, first.id)


def clear_bookings(world: World, user: Account) -> None:
    """Give the bookings that a world made for this user to others, so that a task knows all that they have."""
    others = world.rows(SITE, "SELECT id FROM users WHERE role = 'traveller' AND company = '' AND id != ?", user.id)
    mine = world.rows(SITE, "SELECT id FROM bookings WHERE user_id = ? ORDER BY id", user.id)
    for number, booking in enumerate(mine):
        world.write(
            SITE, "UPDATE bookings SET user_id = ? WHERE id = ?", others[number % len(others)]["id"], booking["id"]
        )
    world.write(SITE, "UPDATE vouchers SET user_id = ? WHERE user_id = ?", others[0]["id"], user.id)


def write_booking(
    world: World,
    user: int,
    legs: Sequence[tuple[Leg, str]],
    fare: str,
    people: Sequence[tuple[str, str]],
    placed_on: str,
    assisted: Iterable[str] = (),
) -> int:
    """Write a booking for people (name, kind) on legs (ride, date) as the site would have made it; returns its id."""
    ask = ask_of(world)
    booking = int(world.row(SITE, "SELECT MAX(id) + 1 AS id FROM bookings")["id"])
    owner = world.row(SITE, "SELECT * FROM users WHERE id = ?", user)
    paid = sum(leg.price(fare, kind) for leg, _ in legs for _, kind in people)
    centre = f"CC-{100 + user}" if owner["company"] else ""
    world.write(
        SITE,
        "INSERT INTO bookings (id, code, user_id, placed_on, email, cost_centre, paid_cents) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(booking, code_of(booking), user, placed_on, owner["email"], centre, paid),
    )
    for number, (leg, date) in enumerate(legs, 1):
        # a train that is full by now may have had seats when this was booked
        seats = free_seats(ask, leg.train_id, date, fare) + [""] * len(people)
        for (name, kind), seat in zip(people, seats, strict=False):
            world.write(
                SITE,
                "INSERT INTO tickets (booking_id, leg, passenger, kind, assistance, train_id, date, origin_id, "
                "destination_id, fare, seat, price_cents) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(booking, number, name, kind, int(name in assisted), leg.train_id, date, leg.origin_id),
                *(leg.destination_id, fare, seat, leg.price(fare, kind)),
            )
    return booking


def family_names(rng: Rng, count: int) -> list[str]:
    """Names of people, all different."""
    firsts = rng.choice(len(FIRST_NAMES), count, replace=False)
    surname = one_of(rng, SURNAMES)
    return [f"{FIRST_NAMES[n]} {surname}" for n in firsts]


def station(world: World, number: int) -> sqlite3.Row:
    """The station of this id."""
    return world.row(SITE, "SELECT * FROM stations WHERE id = ?", number)


def direct_pair(world: World, rng: Rng, least: int = 8) -> tuple[int, int]:
    """Two stations with at least `least` direct trains a day between them, of two operators."""
    found = world.rows(
        SITE,
        "SELECT a.station_id AS x, b.station_id AS y FROM stops a JOIN stops b ON b.train_id = a.train_id "
        "AND b.seq > a.seq JOIN trains t ON t.id = a.train_id JOIN lines l ON l.id = t.line_id "
        "GROUP BY x, y HAVING COUNT(*) >= ? AND COUNT(DISTINCT l.operator_id) > 1 ORDER BY x, y",
        least,
    )
    chosen = one_of(rng, found)
    return int(chosen["x"]), int(chosen["y"])


def changing_pair(world: World, rng: Rng, date: str, least: int = 4) -> tuple[int, int]:
    """Two stations without a direct train and with at least `least` connections on a day."""
    stations = [int(row["id"]) for row in world.rows(SITE, "SELECT id FROM stations ORDER BY id")]
    for _ in range(TRIES):
        origin, destination = (int(n) for n in rng.choice(stations, 2, replace=False))
        found = connections(ask_of(world), origin, destination, date)
        if len(found) >= least and all(each.changes for each in found):
            return origin, destination
    raise TaskError(f"no two stations have {least} connections with a change on {date}")


class Timetable:
    """What runs and which places are left, in a world that is not written to meanwhile: each is asked for once."""

    def __init__(self, world: World) -> None:
        ask = ask_of(world)
        self.ask = ask
        self.connections = cache(partial(connections, ask))
        self.direct_rides = cache(partial(direct_rides, ask))
        self.places = cache(partial(all_places, ask))
        self.fare_rule = cache(partial(fare_rule, ask))

    def has_places(self, found: Connection, fare: str, passengers: int) -> bool:
        """Whether a party fits on all trains of a connection."""
        return all(self.places(leg.train_id, found.date)[fare] >= passengers for leg in found.legs)


# scripts


def visit(path: str, **query: object) -> Do:
    """Go to a page of the site by its address."""
    asked = "?" + urlencode(query) if query else ""
    return Do(f"goto({ROOT + path + asked!r})")


def sign_in(who: Account) -> list[Do]:
    """Sign in from any page."""
    return [*signing_in(ROOT, who.username, who.password)]


def answered(text: str) -> Do:
    """Say the answer."""
    return Do(f"answer({text!r})")


SUBMIT = Do("submit()")


def search_page(world: World, origin: int, destination: int, date: str, kinds: Sequence[str]) -> Do:
    """Go to the results of a search."""
    counts = {f"{kind}s": kinds.count(kind) for kind in ("adult", "senior") if kinds.count(kind) != (kind == "adult")}
    children = {"children": kinds.count("child")} if "child" in kinds else {}
    ends = {"origin": station(world, origin)["code"], "destination": station(world, destination)["code"]}
    return visit("/search", **ends, date=date, **counts, **children)


def party(kinds: Sequence[str]) -> str:
    """A party in words: "2 adults and 1 child"."""
    plural = {"adult": "adults", "child": "children", "senior": "seniors"}
    counts = [(kinds.count(kind), kind) for kind in plural if kind in kinds]
    words = [f"{count} {kind if count == 1 else plural[kind]}" for count, kind in counts]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def updated(table: str, before: sqlite3.Row, **new: object) -> list[Updated]:
    """The goal that a row has new values; nothing for those that it has already."""
    changed = {name: value for name, value in new.items() if before[name] != value}
    return [Updated(SITE, table, before["id"], changed)] if changed else []


def is_sold(date: str) -> bool:
    """Whether tickets for this day are on sale."""
    return TODAY < date <= LAST_SALE


def some_ride(world: World, rng: Rng, date: str) -> Leg:
    """Some ride on some train that runs on this day."""
    ask = ask_of(world)
    trains = world.row(SITE, "SELECT COUNT(*) AS n FROM trains")["n"]
    for _ in range(TRIES):
        found = rides(ask, date, "t.id = ?", int(rng.integers(1, trains + 1)))
        if found:
            chosen = one_of(rng, found)
            leg = leg_of(ask, chosen["train_id"], chosen["origin_id"], chosen["destination_id"], date)
            if leg is not None:
                return leg
    raise TaskError(f"no train runs on {date}")


def some_change(world: World, rng: Rng, date: str) -> Connection:
    """Some connection with a change on this day."""
    for _ in range(TRIES):
        origin, destination = (int(n) for n in rng.choice(np.arange(1, 19), 2, replace=False))
        found = [each for each in connections(ask_of(world), origin, destination, date) if each.changes]
        if found:
            return one_of(rng, found)
    raise TaskError(f"no trip takes a change on {date}")


def booking_row(world: World, number: int) -> sqlite3.Row:
    """The booking of this id."""
    return world.row(SITE, "SELECT * FROM bookings WHERE id = ?", number)

"""Tasks that book a trip: the right train, passengers, seats and voucher, within a company's travel policy."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, IdOf, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.network import (
    Connection,
    clock,
    code_of,
    free_seats,
    seat_row,
)
from selftrain.envs.browser.sites.booking.rules import broken_rule
from selftrain.envs.browser.sites.booking.words import GRADES, PURPOSES
from selftrain.envs.browser.tasks.booking_common import (
    SITE,
    SUBMIT,
    TODAY,
    TRIES,
    Account,
    Rng,
    Timetable,
    account,
    ask_of,
    changing_pair,
    clear_bookings,
    day,
    direct_pair,
    family_names,
    second_account,
    sign_in,
    spoken,
    station,
    visit,
)
from selftrain.envs.browser.tasks.parts import one_of
from selftrain.envs.browser.world import World
from selftrain.errors import TaskError


@dataclass(frozen=True)
class Person:
    """A passenger."""

    name: str
    kind: str
    bags: int = 0
    assistance: bool = False

    def told(self) -> str:
        """As instructions name them."""
        more = [f"{self.bags} extra bag{'s' if self.bags > 1 else ''}"] if self.bags else []
        more += ["needs assistance"] if self.assistance else []
        return f"{self.name} ({', '.join([self.kind, *more])})"


@dataclass(frozen=True)
class Order:
    """A trip as it is to be booked: `seats` has those of all people for each train; `voucher` is a code or ""."""

    found: Connection
    fare: str
    people: tuple[Person, ...]
    seats: tuple[tuple[str, ...], ...]
    email: str
    centre: str = ""
    voucher: str = ""

    @property
    def total(self) -> int:
        return sum(leg.price(self.fare, each.kind, each.bags) for leg in self.found.legs for each in self.people)

    def script(self, who: Account) -> list[Do]:
        """Books it."""
        kinds = [person.kind for person in self.people]
        counts = {"adults": kinds.count("adult"), "children": kinds.count("child"), "seniors": kinds.count("senior")}
        made = [
            *sign_in(who),
            visit("/connection", legs=self.found.key, date=self.found.date, **counts),
            Do("click", "button", f"Choose {self.fare}"),
        ]
        for i, person in enumerate(self.people, 1):
            made.append(Do("fill", "textbox", f"Name of passenger {i}", person.name))
            if person.bags:
                made.append(Do("select", "combobox", f"Extra bags of passenger {i}", str(person.bags)))
            if person.assistance:
                made.append(Do("check", "checkbox", f"Assistance for passenger {i}"))
        made += [Do("fill", "textbox", "Contact e-mail", self.email), Do("click", "button", "Continue to seats")]
        for leg, seats in zip(self.found.legs, self.seats, strict=True):
            for person, seat in zip(self.people, seats, strict=True):
                made.append(Do("fill", "textbox", f"Seat of {person.name} on {leg.number}", seat))
        made.append(Do("click", "button", "Continue to payment"))
        made += [Do("fill", "textbox", "Cost centre", self.centre)] if self.centre else []
        made += [Do("fill", "textbox", "Voucher", self.voucher)] if self.voucher else []
        return [*made, Do("check", "checkbox", "I accept the fare rules"), Do("click", "button", "Pay and book")]

    def goal(self, user: Account, voucher: sqlite3.Row | None) -> Goal:
        """That it is booked, and nothing else."""
        booked = Inserted(
            SITE,
            "bookings",
            {
                "user_id": user.id,
                "placed_on": TODAY,
                "email": self.email,
                "cost_centre": self.centre,
                "paid_cents": max(0, self.total - (voucher["amount_cents"] if voucher else 0)),
            },
        )
        tickets = [
            Inserted(SITE, "tickets", self._ticket(number, person, seat))
            for number, seats in enumerate(self.seats, 1)
            for person, seat in zip(self.people, seats, strict=True)
        ]
        used = [Updated(SITE, "vouchers", voucher["id"], {"booking_id": IdOf(0)})] if voucher else []
        return Goal(changes=(booked, *tickets, *used), actors={SITE: user.username})

    def _ticket(self, number: int, person: Person, seat: str) -> dict[str, object]:
        leg = self.found.legs[number - 1]
        return {
            "booking_id": IdOf(0),
            "leg": number,
            "passenger": person.name,
            "kind": person.kind,
            "bags": person.bags,
            "assistance": int(person.assistance),
            "train_id": leg.train_id,
            "date": self.found.date,
            "origin_id": leg.origin_id,
            "destination_id": leg.destination_id,
            "fare": self.fare,
            "seat": seat,
            "price_cents": leg.price(self.fare, person.kind, person.bags),
        }


_SEATING = {
    "front": "the free seats that come first (row by row from the front, A before D)",
    "window": "the free window seats that come first (row by row from the front, A before D)",
    "quiet": "the free seats in the quiet zone that come first (row by row from the front, A before D)",
}


def _seats(world: World, found: Connection, fare: str, people: int, rule: str) -> tuple[tuple[str, ...], ...] | None:
    """Seats on each train by a rule, in the order of the people, or None if one train has too few."""
    made = []
    for leg in found.legs:
        quiet = world.row(SITE, "SELECT quiet_row FROM trains WHERE id = ?", leg.train_id)["quiet_row"]
        free = [
            seat
            for seat in free_seats(ask_of(world), leg.train_id, found.date, fare)
            if (rule != "window" or seat[-1] in "AD") and (rule != "quiet" or seat_row(seat) >= quiet)
        ]
        # one more than needed, so that other seats can be taken by mistake
        if len(free) <= people:
            return None
        made.append(tuple(free[:people]))
    return tuple(made)


@dataclass(frozen=True)
class _Wish:
    """What the instruction asks for, besides people: the cheapest connection on these days that fits."""

    origin: int
    destination: int
    dates: tuple[str, ...]
    fare: str
    after: int
    by: int
    seating: str
    grade: str = ""
    purpose: str = ""


def _allowed(world: World, wish: _Wish, company: str, each: Connection) -> bool:
    if not wish.grade:
        return True
    policy = world.row(SITE, "SELECT * FROM policies WHERE company = ?", company)
    trip = {"grade": wish.grade, "purpose": wish.purpose, "requested_on": TODAY}
    return not any(broken_rule(policy, leg, each.date, trip, wish.fare, leg.price(wish.fare)) for leg in each.legs)


def _candidates(world: World, wish: _Wish, people: Sequence[Person], company: str) -> list[Connection]:
    """What fits, cheapest first; without `company` the policy is left out."""
    timetable, kinds = Timetable(world), [person.kind for person in people]
    found = [
        each
        for date in wish.dates
        for each in timetable.connections(wish.origin, wish.destination, date)
        if each.departs >= wish.after
        and each.arrives <= wish.by
        and (not company or _allowed(world, wish, company, each))
        and timetable.has_places(each, wish.fare, len(people))
    ]
    return sorted(found, key=lambda each: (each.price(wish.fare, kinds), each.date, each.departs))


def _people(rng: Rng, level: int) -> tuple[Person, ...]:
    kinds = {1: ["adult"], 2: ["adult", "child"], 3: ["adult", "adult"], 4: ["adult", "adult"]}.get(
        level, ["adult", "adult", "adult", "senior"]
    )
    names = family_names(rng, len(kinds))
    bags = [int(rng.integers(0, 3)) if level > 1 else 0 for _ in kinds]
    helped = int(rng.integers(len(kinds))) if level == 5 else -1
    return tuple(
        Person(name, kind, bag, i == helped) for i, (name, kind, bag) in enumerate(zip(names, kinds, bags, strict=True))
    )


def _wish(world: World, rng: Rng, level: int) -> _Wish:
    first = int(rng.integers(2, 9)) if level >= 4 else int(rng.integers(3, 50))
    dates = tuple(day(first + n) for n in range({1: 1, 2: 1, 3: 1, 4: 5, 5: 6}[level]))
    pair = changing_pair(world, rng, dates[0]) if level in {3, 5} else direct_pair(world, rng)
    fare = "Saver" if level == 1 else one_of(rng, ("Saver", "Flex", "First") if level == 5 else ("Saver", "Flex"))
    after = int(rng.integers(10, 22)) * 30
    seating = one_of(rng, {1: ("front",), 2: ("front", "window")}.get(level, ("window", "quiet")))
    wish = _Wish(*pair, dates, fare, after, after + int(rng.integers(14, 22)) * 30, "front", "", "")
    # First has nine seats and no quiet zone
    wish = replace(wish, seating=seating if fare != "First" else "front")
    return replace(wish, grade=one_of(rng, GRADES), purpose=one_of(rng, PURPOSES)) if level >= 4 else wish


def _draw(
    world: World, rng: Rng, level: int, company: str
) -> tuple[_Wish, tuple[Person, ...], list[Connection], Connection]:
    """A wish, its people, what fits cheapest first, and what a careless booker would take instead."""
    for _ in range(TRIES):
        wish, people = _wish(world, rng, level), _people(rng, level)
        found = _candidates(world, wish, people, company)
        kinds = [person.kind for person in people]
        if len(found) < 2 or found[0].price(wish.fare, kinds) == found[1].price(wish.fare, kinds):
            continue
        tempting = _candidates(world, wish, people, "")[0] if company else found[1]
        sound = _seats(world, found[0], wish.fare, len(people), wish.seating)
        if sound and tempting.key + tempting.date != found[0].key + found[0].date:
            return wish, people, found, tempting
    raise TaskError(f"no trip of level {level} has one best connection in this world")


def _vouchers(world: World, rng: Rng, user: Account, order: Order) -> sqlite3.Row:
    """Give the user vouchers of which one is best for this order; the others are worth less or do not hold."""
    total, best = order.total, int(rng.integers(6, 10)) * 100
    other = "Flex" if order.fare != "Flex" else "Saver"
    old = world.row(SITE, "SELECT id FROM bookings WHERE user_id != ? ORDER BY id", user.id)["id"]
    drafts = [
        (best, total // 2, order.fare, day(20), None),
        (best - 200, 0, "", day(60), None),
        (best + 300, 0, "", day(-3), None),
        (best + 400, total + 100, "", day(40), None),
        (best + 200, 0, other, day(40), None),
        (best + 500, 0, "", day(40), old),
    ]
    first = int(rng.integers(100, 800))
    made = []
    for n in rng.permutation(len(drafts)):
        amount, least, fare, until, used = drafts[n]
        made.append(
            world.write(
                SITE,
                "INSERT INTO vouchers (code, user_id, amount_cents, min_cents, fare, valid_until, booking_id) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(f"TV{code_of(first + int(n))}", user.id, amount, least, fare, until, used),
            )
        )
    return world.row(
        SITE, "SELECT * FROM vouchers WHERE user_id = ? AND amount_cents = ? ORDER BY id DESC", user.id, best
    )


def _text(rng: Rng, world: World, who: Account, wish: _Wish, order: Order, level: int) -> str:
    origin, destination = (station(world, each)["name"] for each in (wish.origin, wish.destination))
    people = "; ".join(person.told() for person in order.people)
    when = f"on {spoken(wish.dates[0])}"
    if len(wish.dates) > 1:
        when = f"on one day from {wish.dates[0]} to {wish.dates[-1]}, whichever is cheapest"
    opening = one_of(
        rng,
        (
            f"Please book a train from {origin} to {destination} {when}.",
            f"Could you book us from {origin} to {destination} {when}?",
            f"I need a trip from {origin} to {destination} booked, {when}.",
        ),
    )
    if level == 1:
        leg = order.found.legs[0]
        train = f"It must be the {leg.number} at {clock(leg.departs)}, seat {order.seats[0][0]}."
    else:
        train = (
            "Take the connection that is cheapest for all of us (extra bags not counted) among those that leave at "
            f"{clock(wish.after)} or later, arrive by {clock(wish.by)} and have places for all. "
            f"On every train the passengers, in the order given, get {_SEATING[wish.seating]}."
        )
    policy = (
        f"Every train must keep the travel policy of {who.company} (on the site under /company/policy); the grade is "
        f"{wish.grade}, the purpose {wish.purpose}, and the price limit is for one adult's ticket without extra bags. "
        f"Cost centre: {order.centre}."
        if order.centre
        else ""
    )
    voucher = "Use the one of my vouchers that saves most." if order.voucher else ""
    parts = (opening, f"Fare: {order.fare}. Passengers: {people}.", train, policy, voucher)
    said = [*parts, f"Contact e-mail: {order.email}.", "Book nothing else.", who.told(rng)]
    return " ".join(part for part in said if part)


def _book(rng: Rng, level: int, world: World) -> Draft:
    who = account(world, rng, company=level >= 4)
    clear_bookings(world, who)
    wish, people, found, tempting = _draw(world, rng, level, who.company)
    seats = _seats(world, found[0], wish.fare, len(people), wish.seating) or ()
    email = f"{people[0].name.split()[0].lower()}.{int(rng.integers(10, 99))}@travel.test"
    order = Order(found[0], wish.fare, people, seats, email)
    if level >= 4:
        order = replace(order, centre=f"CC-{int(rng.integers(200, 900))}")
    voucher = _vouchers(world, rng, who, order) if level in {3, 5} else None
    if voucher:
        order = replace(order, voucher=voucher["code"])
    wrong = second_account(world, rng, who)
    plain = replace(order, voucher="")
    free = free_seats(ask_of(world), found[0].legs[0].train_id, found[0].date, wish.fare)
    moved = (*seats[0][:-1], next(seat for seat in reversed(free) if seat not in seats[0]))
    other = _seats(world, tempting, wish.fare, len(people), "front") or (("1A",) * len(people),) * len(tempting.legs)
    foreign = replace(plain, centre=order.centre or ("CC-1" if wrong.company else ""))
    cheats = {
        "other-seat": [*replace(order, seats=(moved, *seats[1:])).script(who), SUBMIT],
        "as-somebody-else": [*foreign.script(wrong), SUBMIT],
        "booked-and-cancelled": [
            *plain.script(who),
            Do("click", "link", "Cancel booking"),
            Do("click", "button", "Cancel booking"),
            SUBMIT,
        ],
    }
    if all(len(set(each)) == len(people) for each in other):
        cheats["cheaper-or-dearer-train"] = [*replace(plain, found=tempting, seats=other).script(who), SUBMIT]
    return Draft(
        instruction=_text(rng, world, who, wish, order, level),
        world=world,
        goal=order.goal(who, voucher),
        oracle=[*order.script(who), SUBMIT],
        cheats=cheats,
        steps=50 + 20 * level,
    )


FAMILIES = (
    BrowserFamily(
        name="booking-book-trip",
        summary="books a trip for several passengers with seats, bags, voucher and cost centre, within travel policy",
        skills=("multi-page forms", "travel policy", "choosing offers"),
        chance=0.0,
        sites=(SITE,),
        make=_book,
    ),
)

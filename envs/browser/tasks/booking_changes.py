"""Tasks that move bookings to other trains at the least cost, by fare rules and terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.network import Leg, all_places, clock, direct_rides, free_seats
from selftrain.envs.browser.sites.booking.rules import ChangeCost, change_cost, tickets_of
from selftrain.envs.browser.tasks.booking_common import (
    SITE,
    SUBMIT,
    TODAY,
    TRIES,
    Account,
    Rng,
    account,
    ask_of,
    booking_row,
    clear_bookings,
    day,
    direct_pair,
    family_names,
    is_sold,
    money,
    sign_in,
    some_change,
    spoken,
    station,
    updated,
    visit,
    write_booking,
)
from selftrain.envs.browser.tasks.parts import one_of
from selftrain.envs.browser.world import World
from selftrain.errors import TaskError


@dataclass(frozen=True)
class Move:
    """One train of a booking moved to another ride."""

    booking: int
    leg: int
    new: Leg
    date: str
    cost: ChangeCost

    @property
    def place(self) -> tuple[int, str]:
        """The train and day that it goes to."""
        return self.new.train_id, self.date


@dataclass(frozen=True)
class Errand:
    """A booking and where it is to go: one of `dates`, leaving at `after` or later, arriving by `by` if that is set.

    Attributes:
        most: what the change may cost in cents; if every one costs more the booking stays. 0 is no limit.
        moves: what can be done, cheapest first; one for each train of the booking.
    """

    booking: int
    dates: tuple[str, ...]
    after: int
    by: int
    most: int
    moves: Sequence[tuple[Move, ...]]

    @property
    def chosen(self) -> tuple[Move, ...]:
        """What is to be done, () if the booking stays."""
        return () if self.most and _total(self.moves[0]) > self.most else tuple(self.moves[0])


def _order(moves: Sequence[Move]) -> tuple[int, ...]:
    """What is better comes first: the cheaper, and of the same cost what leaves earlier."""
    days = dt.date.fromisoformat(moves[0].date).toordinal()
    return (_total(moves), days, *(move.new.departs for move in moves))


def _total(moves: Sequence[Move]) -> int:
    return sum(move.cost.total for move in moves)


def _moves_of_leg(world: World, booking: int, leg: int, dates: Sequence[str]) -> list[Move]:
    """What the site offers for one train of a booking, on these days."""
    ask = ask_of(world)
    tickets = [ticket for ticket in tickets_of(ask, booking) if ticket["leg"] == leg]
    old = tickets[0]
    made = []
    for date in dates:
        for new in direct_rides(ask, old["origin_id"], old["destination_id"], date):
            same = (new.train_id, date) == (old["train_id"], old["date"])
            bound = old["fare"] == "Saver" and new.operator_id != old["operator_id"]
            if not same and not bound and all_places(ask, new.train_id, date)[old["fare"]] >= len(tickets):
                made.append(Move(booking, leg, new, date, change_cost(ask, tickets, new, TODAY)))
    return made


def _moves(world: World, booking: int, dates: Sequence[str], after: int, by: int) -> list[tuple[Move, ...]]:
    """All ways to move a whole booking, cheapest first; two legs go to one day, with time to change."""
    legs = len({ticket["leg"] for ticket in tickets_of(ask_of(world), booking)})
    firsts = [move for move in _moves_of_leg(world, booking, 1, dates) if move.new.departs >= after]
    if legs == 1:
        found = [(move,) for move in firsts if not by or move.new.arrives <= by]
        return sorted(found, key=_order)
    needed = {row["id"]: row["transfer_minutes"] for row in world.rows(SITE, "SELECT * FROM stations")}
    pairs = [
        (one, two)
        for one in firsts
        for two in _moves_of_leg(world, booking, 2, dates)
        if one.date == two.date
        and two.new.departs - one.new.arrives >= needed[one.new.destination_id]
        and (not by or two.new.arrives <= by)
    ]
    return sorted(pairs, key=_order)


def _write(world: World, rng: Rng, user: Account, level: int) -> int:
    """Write a booking that can be moved."""
    date, fare = day(int(rng.integers(4, 40))), one_of(rng, ("Saver", "Flex", "Flex", "First"))
    people = [(user.name, "adult")]
    people += [(name, "adult") for name in family_names(rng, 1)] if level >= 2 else []
    if level == 4:
        legs = [(leg, date) for leg in some_change(world, rng, date).legs]
    else:
        pair = direct_pair(world, rng)
        rides = direct_rides(ask_of(world), *pair, date)
        legs = [(one_of(rng, rides), date)] if rides else []
    if not legs or any(all_places(ask_of(world), leg.train_id, date)[fare] < 2 for leg, _ in legs):
        return _write(world, rng, user, level)
    return write_booking(world, user.id, legs, fare, people, day(-int(rng.integers(5, 30))))


def _errand(world: World, rng: Rng, user: Account, level: int) -> Errand | None:
    """An errand with one best way to do it, or None."""
    booking = _write(world, rng, user, level)
    old = tickets_of(ask_of(world), booking)[0]["date"]
    later = [day(n) for n in range(2, 58) if day(n) > old][: {1: 0, 2: 0, 3: 4, 4: 3, 5: 5}[level]]
    dates = tuple(date for date in (later or [old]) if is_sold(date))
    after = int(rng.integers(12, 22)) * 30
    by = after + int(rng.integers(14, 22)) * 30 if level >= 3 else 0
    moves = _moves(world, booking, dates, after, by)
    if len(moves) < 2 or _order(moves[0]) == _order(moves[1]) or (level == 5 and _total(moves[0]) < 20):
        return None
    return Errand(booking, dates, after, by, 0, moves)


def _errands(world: World, rng: Rng, user: Account, level: int) -> list[Errand]:
    """What is to be done at a level; at level 5 for four bookings, two of which have to stay."""
    wanted = 4 if level == 5 else 1
    for _ in range(TRIES):
        drawn = [errand for _ in range(wanted * 3) if (errand := _errand(world, rng, user, level))]
        for chosen in combinations(drawn[:8], wanted):
            made = _limited(chosen) if level == 5 else list(chosen)
            places = {move.place for errand in made for move in errand.moves[0]}
            apart = len(places) == sum(len(errand.moves[0]) for errand in made)
            if made and apart and all(_holds(world, errand) for errand in made):
                _drop_others(world, user, {errand.booking for errand in made})
                return made
        clear_bookings(world, user)
    raise TaskError(f"no booking of level {level} can be changed in this world")


def _limited(chosen: Sequence[Errand]) -> list[Errand]:
    """Four errands with a limit of the cost that two of them keep, [] if none tells them apart."""
    costs = sorted(_total(errand.moves[0]) for errand in chosen)
    return [replace(errand, most=costs[2] - 10) for errand in chosen] if costs[1] < costs[2] - 10 else []


def _holds(world: World, errand: Errand) -> bool:
    """Whether later bookings have left the places that the errand was found with."""
    found = _moves(world, errand.booking, errand.dates, errand.after, errand.by)
    return [_order(moves) for moves in found] == [_order(moves) for moves in errand.moves]


def _drop_others(world: World, user: Account, kept: set[int]) -> None:
    """Leave the user with these bookings alone."""
    clear_bookings(world, user)
    for booking in sorted(kept):
        world.write(SITE, "UPDATE bookings SET user_id = ? WHERE id = ?", user.id, booking)


def _goal(world: World, user: Account, errands: Sequence[Errand]) -> Goal:
    ask, changes = ask_of(world), list[Updated]()
    for errand in errands:
        booking = booking_row(world, errand.booking)
        for move in errand.chosen:
            tickets = [ticket for ticket in tickets_of(ask, errand.booking) if ticket["leg"] == move.leg]
            free = free_seats(ask, move.new.train_id, move.date, tickets[0]["fare"])
            for ticket, seat, price in zip(tickets, free, move.cost.prices, strict=False):
                new = {"train_id": move.new.train_id, "date": move.date, "seat": seat, "price_cents": price}
                changes += updated("tickets", ticket, **new)
        fees = sum(move.cost.fee for move in errand.chosen)
        paid = booking["paid_cents"] + _total(errand.chosen)
        changes += updated("bookings", booking, paid_cents=paid, fees_cents=booking["fees_cents"] + fees)
    return Goal(changes=changes, actors={SITE: user.username})


def _script(world: World, who: Account, done: Sequence[Sequence[Move]]) -> list[Do]:
    made = sign_in(who)
    for moves in done:
        code = booking_row(world, moves[0].booking)["code"] if moves else ""
        # to a later day the last train goes first, for no train may leave before the one before it arrives
        for move in reversed(moves):
            path = f"/bookings/{code}/change/{move.leg}/confirm"
            made += [visit(path, date=move.date, train=move.new.train_id), Do("click", "button", "Change tickets")]
    return [*made, SUBMIT]


def _told(world: World, errand: Errand) -> str:
    """What an errand wants."""
    code = booking_row(world, errand.booking)["code"]
    tickets = tickets_of(ask_of(world), errand.booking)
    origin, destination = tickets[0]["origin"], tickets[-1]["destination"]
    if len(errand.dates) == 1:
        when = f"on its day, {spoken(errand.dates[0])}, to another train"
    else:
        when = f"to one of the days {', '.join(errand.dates)}"
    hours = f"leaving {origin} at {clock(errand.after)} or later"
    hours += f" and arriving in {destination} by {clock(errand.by)}" if errand.by else ""
    return f"booking {code} ({origin} to {destination}) {when}, {hours}"


def _named(world: World, errand: Errand) -> str:
    """What an errand wants at level 1, where the train is said."""
    (move,) = errand.moves[0]
    code, name = booking_row(world, errand.booking)["code"], station(world, move.new.origin_id)["name"]
    return f"booking {code} to the train that leaves {name} at {clock(move.new.departs)} on the same day"


def _text(world: World, rng: Rng, user: Account, errands: Sequence[Errand], level: int) -> str:
    if level == 1:
        said = [one_of(rng, ("Please move", "Could you move", "I have to take another train: move"))]
        return f"{said[0]} {_named(world, errands[0])}. Change nothing else. {user.told(rng)}"
    opening = one_of(
        rng,
        (
            "Please move the following at the least total cost of the change:",
            "My plans have changed. As cheaply as the fare rules allow, move",
            "Find the change that costs least in all (fee and difference of the fares), and make it:",
        ),
    )
    what = "; ".join(_told(world, errand) for errand in errands)
    tie = "Of ways that cost the same, take the one that leaves earliest, by day and then by hour"
    parts = [f"{opening} {what}.", f"{tie} (of the first train, then of the second)." if level == 4 else f"{tie}."]
    if level == 4:
        parts.append(
            "Both trains must be moved, to one and the same day; between them there must be at least the time "
            "that the station where we change asks for."
        )
    if level == 5:
        limit = money(errands[0].most)
        parts.append(
            f"Decide for each booking by itself: where even the cheapest such change costs more than $ {limit} in all, "
            "leave the booking as it is."
        )
    return " ".join([*parts, "Do not cancel anything and book nothing new.", user.told(rng)])


def _cheats(
    world: World, user: Account, staff: Account, errands: Sequence[Errand], right: Sequence[Sequence[Move]]
) -> Mapping[str, Sequence[Do]]:
    first = next(errand for errand in errands if errand.chosen)
    second = next((moves for moves in first.moves[1:] if _fits(moves, right)), first.moves[1])
    others = [moves for moves in right if moves[0].booking != first.booking]
    cheats = {
        "second-cheapest": _script(world, user, [*others, second]),
        "by-the-desk": _script(world, staff, right),
    }
    stays = [errand.moves[0] for errand in errands if not errand.chosen]
    if stays:
        cheats["too-dear-as-well"] = _script(world, user, [*right, stays[0]])
    return cheats


def _fits(moves: Sequence[Move], right: Sequence[Sequence[Move]]) -> bool:
    """Whether this way differs in every train from what is right, so that the scripts can be played."""
    places = {move.place for each in right for move in each}
    return not any(move.place in places for move in moves)


def _change(rng: Rng, level: int, world: World) -> Draft:
    user = account(world, rng)
    clear_bookings(world, user)
    errands = _errands(world, rng, user, level)
    staff = account(world, rng, "staff", None)
    right = [errand.chosen for errand in errands if errand.chosen]
    return Draft(
        instruction=_text(world, rng, user, errands, level),
        world=world,
        goal=_goal(world, user, errands),
        oracle=_script(world, user, right),
        cheats=_cheats(world, user, staff, errands, right),
        steps={1: 30, 2: 40, 3: 60, 4: 80, 5: 160}[level],
    )


FAMILIES = (
    BrowserFamily(
        name="booking-change-trip",
        summary="moves bookings to other trains at the least total cost, and leaves those that would cost too much",
        skills=("fare rules", "comparing total costs", "order of dependent changes"),
        chance=0.0,
        sites=(SITE,),
        make=_change,
    ),
)

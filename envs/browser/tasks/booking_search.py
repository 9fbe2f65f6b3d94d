"""Tasks that find something out: the best connection under conditions, and the one best day of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.network import Connection, clock, connections
from selftrain.envs.browser.tasks.booking_common import (
    SITE,
    TRIES,
    Rng,
    Timetable,
    answered,
    ask_of,
    changing_pair,
    day,
    direct_pair,
    money,
    party,
    search_page,
    spoken,
    station,
    visit,
)
from selftrain.envs.browser.tasks.parts import one_of
from selftrain.envs.browser.world import World
from selftrain.errors import TaskError


@dataclass(frozen=True)
class Query:
    """What a connection must be like; times in minutes after midnight.

    Attributes:
        origin, destination: stations.
        dates: on one of these.
        kinds, fare: who travels on what; there must be places for all.
        aim: the least of this is wanted: "price", "arrives" or "minutes".
        after, by: leaves at or after, arrives at or before; by 0 is any time.
        direct: without a change.
        barred: an operator that must not be used, or 0.
        least_wait: minutes to change.
        refund: percent that the fare of every train must pay back when cancelled `refund_days` before; 0 is any.
    """

    origin: int
    destination: int
    dates: tuple[str, ...]
    kinds: tuple[str, ...]
    fare: str
    aim: str
    after: int = 0
    by: int = 0
    direct: bool = False
    barred: int = 0
    least_wait: int = 0
    refund: int = 0
    refund_days: int = 7

    def admits(self, timetable: Timetable, each: Connection) -> bool:
        """Whether a connection is like this."""
        return (
            each.departs >= self.after
            and (not self.by or each.arrives <= self.by)
            and not (self.direct and each.changes)
            and all(leg.operator_id != self.barred for leg in each.legs)
            and (not each.changes or each.wait >= self.least_wait)
            and all(self._refunds(timetable, leg.operator_id) for leg in each.legs)
            and timetable.has_places(each, self.fare, len(self.kinds))
        )

    def _refunds(self, timetable: Timetable, operator: int) -> bool:
        rule = timetable.fare_rule(operator, self.fare, self.refund_days)
        return bool(rule["refund_percent"] >= self.refund)

    def cost(self, each: Connection) -> int:
        """What is to be least."""
        found = {"price": each.price(self.fare, self.kinds), "arrives": each.arrives, "minutes": each.minutes}
        return found[self.aim]


def best(timetable: Timetable, query: Query) -> Connection | None:
    """The one connection that a query wants, or None if there is none or there are several."""
    found = [
        each
        for date in query.dates
        for each in timetable.connections(query.origin, query.destination, date)
        if query.admits(timetable, each)
    ]
    found.sort(key=query.cost)
    if not found or (len(found) > 1 and query.cost(found[0]) == query.cost(found[1])):
        return None
    return found[0]


_PARTIES = (("adult", "adult"), ("adult", "child"), ("adult", "adult", "child"), ("adult", "senior"))


def _route(world: World, rng: Rng, level: int) -> Query:
    """Where, when and for whom, without conditions."""
    first = int(rng.integers(3, 45))
    dates = tuple(day(first + n) for n in range({1: 1, 2: 1, 3: 1, 4: 4, 5: 8}[level]))
    pair = direct_pair(world, rng) if level < 3 else changing_pair(world, rng, dates[0])
    kinds = ("adult",) if level == 1 else one_of(rng, _PARTIES)
    return Query(*pair, dates, kinds, "Saver" if level == 1 else one_of(rng, ("Saver", "Flex")), "price")


def _conditioned(rng: Rng, query: Query, level: int) -> Query:
    if level == 1:
        return replace(query, direct=True)
    query = replace(query, after=int(rng.integers(12, 26)) * 30)
    if level == 2:
        return replace(query, aim=one_of(rng, ("price", "arrives", "minutes")))
    query = replace(query, after=query.after - 180, least_wait=int(one_of(rng, (15, 20, 25, 30))))
    barred = int(rng.integers(1, 5))
    if level == 3:
        return replace(query, barred=barred)
    query = replace(query, by=query.after + int(rng.integers(12, 20)) * 30)
    if level == 4:
        return replace(query, barred=barred)
    return replace(query, refund=int(one_of(rng, (25, 50, 75, 90))), refund_days=int(one_of(rng, (3, 8, 15))))


def _naive(query: Query) -> Query:
    """The query without what is easy to overlook."""
    return replace(query, barred=0, least_wait=0, refund=0)


def _draw_query(world: World, rng: Rng, level: int) -> tuple[Query, Connection, Connection | None]:
    timetable, route = Timetable(world), _route(world, rng, level)
    for attempt in range(1, TRIES):
        route = route if attempt % 10 else _route(world, rng, level)
        query = _conditioned(rng, route, level)
        if (found := best(timetable, query)) is None:
            continue
        tempting = best(timetable, _naive(query)) if level >= 3 else _dearest(timetable, query)
        if tempting is not None and _said(query, tempting, level) != _said(query, found, level):
            return query, found, tempting
    raise TaskError(f"no query of level {level} has exactly one best connection in this world")


def _dearest(timetable: Timetable, query: Query) -> Connection | None:
    found = timetable.connections(query.origin, query.destination, query.dates[0])
    return max(found, key=query.cost, default=None)


def _said(query: Query, found: Connection, level: int) -> str:
    if level == 1:
        return money(found.price(query.fare, query.kinds))
    if level == 2:
        return found.legs[0].number
    return ", ".join([found.date, *(leg.number for leg in found.legs), money(found.price(query.fare, query.kinds))])


_AIMS = {
    "price": "the cheapest connection",
    "arrives": "the connection that arrives first",
    "minutes": "the connection with the shortest travel time",
}


def _conditions(world: World, query: Query) -> str:
    said = [f"{query.fare} tickets for all must still be had"]
    if query.direct:
        said.append("it must be direct")
    if query.after:
        said.append(f"it must not leave before {clock(query.after)}")
    if query.by:
        said.append(f"it must arrive by {clock(query.by)}")
    if query.least_wait:
        said.append(f"every change must leave at least {query.least_wait} minutes between the trains")
    if query.barred:
        name = world.row(SITE, "SELECT name FROM operators WHERE id = ?", query.barred)["name"]
        said.append(f"no train of it may be run by {name}")
    if query.refund:
        said.append(
            f"by the fare rules of the operator of every train, a {query.fare} ticket that is cancelled "
            f"{query.refund_days} days before departure must pay back at least {query.refund} %"
        )
    return "; ".join(said)


def _find(rng: Rng, level: int, world: World) -> Draft:
    query, found, tempting = _draw_query(world, rng, level)
    origin, destination = (station(world, each)["name"] for each in (query.origin, query.destination))
    when = f"on {spoken(query.dates[0])}"
    if len(query.dates) > 1:
        when = f"on any one day from {query.dates[0]} to {query.dates[-1]}"
    form = {
        1: "Answer with the price in dollars, such as 45.60.",
        2: "Answer with the number of its train, such as NR 214; if it has a change, that of the first train.",
    }.get(
        level,
        "Answer with the date, the numbers of its trains and the price for all of us, "
        "separated by commas, such as 2026-03-14, NR 214, VX 31, 45.60.",
    )
    what = "What does the cheapest connection cost" if level == 1 else f"Please find {_AIMS[query.aim]}"
    openings = (
        f"{what} from {origin} to {destination} {when}, for {party(query.kinds)} on {query.fare}",
        f"I need to get {party(query.kinds)} from {origin} to {destination} {when}, on {query.fare} tickets. {what}",
        f"For a trip {when} from {origin} to {destination} ({party(query.kinds)}, {query.fare} fare): {what.lower()}",
    )
    end = "?" if level == 1 else "."
    text = f"{one_of(rng, openings)}{end} Conditions: {_conditions(world, query)}. Extra bags are not needed. {form}"
    pages = [search_page(world, query.origin, query.destination, date, query.kinds) for date in query.dates]
    rules = [visit("/fares/" + row["slug"]) for row in world.rows(SITE, "SELECT slug FROM operators") if query.refund]
    right = _said(query, found, level)
    cheats = {"overlooked": [*pages, answered(_said(query, tempting or found, level))]}
    cheats["asked-the-wrong-way"] = [
        search_page(world, query.destination, query.origin, query.dates[0], query.kinds),
        answered(_backwards(world, query, level, right)),
    ]
    return Draft(
        instruction=text,
        world=world,
        goal=Goal(answer=right, answer_kind={1: "money", 2: "text"}.get(level, "set")),
        oracle=[*pages, *rules, answered(right)],
        cheats=cheats,
        steps=30 + 10 * len(query.dates),
    )


def _backwards(world: World, query: Query, level: int, right: str) -> str:
    turned = replace(query, origin=query.destination, destination=query.origin)
    found = connections(ask_of(world), turned.origin, turned.destination, turned.dates[0])
    said = [_said(turned, each, level) for each in found]
    return next((each for each in said if each != right), "0.01")


# surveys


@dataclass(frozen=True)
class Survey:
    """A day's price: the cheapest direct ride out, and if `back` is set the cheapest one back after that.

    Attributes:
        after, back: the earliest times to leave, in minutes; back 0 is a single trip.
    """

    origin: int
    destination: int
    dates: tuple[str, ...]
    kinds: tuple[str, ...]
    fare: str
    after: int
    back: int

    def price(self, timetable: Timetable, date: str) -> int | None:
        """Cents of the day's trip for the party, None if there is none."""
        total = self._least(timetable, self.origin, self.destination, date, self.after)
        if total is None or not self.back:
            return total
        other = self._least(timetable, self.destination, self.origin, date, self.back)
        return None if other is None else total + other

    def _least(self, timetable: Timetable, origin: int, destination: int, date: str, after: int) -> int | None:
        legs = [leg for leg in timetable.direct_rides(origin, destination, date) if leg.departs >= after]
        by_price = sorted(
            (Connection(date, (leg,)) for leg in legs), key=lambda each: each.price(self.fare, self.kinds)
        )
        fits = (each for each in by_price if timetable.has_places(each, self.fare, len(self.kinds)))
        cheapest = next(fits, None)
        return None if cheapest is None else cheapest.price(self.fare, self.kinds)


_SPANS = {1: 5, 2: 10, 3: 20, 4: 40, 5: 59}


def _draw_survey(world: World, rng: Rng, level: int) -> tuple[Survey, list[tuple[int, str]]]:
    timetable, span = Timetable(world), _SPANS[level]
    pair = direct_pair(world, rng, least=6)
    for attempt in range(1, TRIES):
        pair = pair if attempt % 10 else direct_pair(world, rng, least=6)
        first = int(rng.integers(1, 60 - span + 1))
        survey = Survey(
            *pair,
            dates=tuple(day(first + n) for n in range(span)),
            kinds=("adult",) if level == 1 else one_of(rng, _PARTIES),
            fare=one_of(rng, ("Saver", "Flex", "First")) if level > 2 else "Saver",
            after=int(rng.integers(14, 22)) * 30,
            back=int(rng.integers(31, 37)) * 30 if level == 5 else 0,
        )
        priced = ((survey.price(timetable, date), date) for date in survey.dates)
        found = sorted((price, date) for price, date in priced if price is not None)
        if len(found) > span * 0.6:
            return survey, found
    raise TaskError(f"no route has direct trains on most of {span} days in this world")


def _survey(rng: Rng, level: int, world: World) -> Draft:
    survey, found = _draw_survey(world, rng, level)
    origin, destination = (station(world, each)["name"] for each in (survey.origin, survey.destination))
    who, span = party(survey.kinds), f"from {survey.dates[0]} to {survey.dates[-1]}"
    trip = f"a direct train from {origin} to {destination} that leaves at {clock(survey.after)} or later"
    if survey.back:
        trip += f", and on the same day a direct train back that leaves at {clock(survey.back)} or later"
    openings = (
        f"Our dates are free: on which day {span} (both included) does the trip cost least for {who} on {survey.fare}?",
        f"Find the cheapest day {span}, both included, for {who} with {survey.fare} tickets.",
        f"For {who} on {survey.fare}, I want the day {span} (both included) on which the whole trip is cheapest.",
    )
    text = (
        f"{one_of(rng, openings)} The trip is {trip}. Trains that are sold out for us do not count, nor do "
        "days without such trains. If several days cost the same, take the earliest of them. "
        "Prices differ from day to day and no page lists the days side by side. "
        "Answer with the date and the total price for all of us in dollars, such as 2026-03-14, 45.60."
    )
    pages: list[Do] = []
    for date in survey.dates:
        pages.append(search_page(world, survey.origin, survey.destination, date, survey.kinds))
        if survey.back:
            pages.append(search_page(world, survey.destination, survey.origin, date, survey.kinds))
    said: Callable[[tuple[int, str]], str] = lambda each: f"{each[1]}, {money(each[0])}"  # noqa: E731
    return Draft(
        instruction=text,
        world=world,
        goal=Goal(answer=said(found[0]), answer_kind="set"),
        oracle=[*pages, answered(said(found[0]))],
        cheats={
            "second-cheapest": [*pages[:3], answered(said(found[1]))],
            "right-price-wrong-day": [*pages[:3], answered(said((found[0][0], found[1][1])))],
            "half-the-days": [*pages[: len(pages) // 2], answered(said(_best_of_half(survey.dates, found)))],
        },
        # by the form, a page is a date to fill in and a button to click
        steps=40 + 3 * len(pages),
    )


def _best_of_half(dates: Sequence[str], found: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """The best day of the half of the days that the true one is not in."""
    middle = dates[len(dates) // 2]
    early = found[0][1] < middle
    return next((each for each in found if (each[1] < middle) != early), found[-1])


FAMILIES = (
    BrowserFamily(
        name="booking-find-connection",
        summary="finds the cheapest, fastest or first connection under conditions on trains, changes and fare rules",
        skills=("search with filters", "reading fare rules", "comparing offers"),
        chance=0.05,
        sites=(SITE,),
        make=_find,
    ),
    BrowserFamily(
        name="booking-survey-fares",
        summary="surveys up to 118 pages of fares for the one day on which a trip costs least",
        skills=("systematic survey", "keeping notes", "arithmetic with prices"),
        chance=0.05,
        sites=(SITE,),
        make=_survey,
    ),
)

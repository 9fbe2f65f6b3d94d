"""The public pages: search, connections, stations, trains, fare rules and help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, request

from ..base import Pages, page, paged, row_or_404, rows
from .common import connection_or_404, minutes_of, routes, station_or_404, stations, today, train_or_404, whole
from .network import (
    FARES,
    LAST_SALE,
    Connection,
    all_places,
    connections,
    is_known_day,
    planned_rides,
)
from .rules import terms

_TOPICS = {
    "baggage": "Baggage and seats",
    "compensation": "Compensation for delays",
    "cancelling": "Cancelling and changing",
    "vouchers": "Vouchers",
}
_ORDER: dict[str, Callable[[Connection, list[str]], Any]] = {
    "Departure": lambda each, kinds: each.departs,
    "Arrival": lambda each, kinds: each.arrives,
    "Duration": lambda each, kinds: each.minutes,
    "Price": lambda each, kinds: each.price("Saver", kinds),
}
_PER_PAGE = 20


@routes.route("/")
def home() -> Any:
    """The search form and what is new."""
    return page("booking/home.html", stations=stations(), asked=_asked(), last=LAST_SALE, news=_disruptions_today())


def _disruptions_today() -> Any:
    return rows(
        "SELECT d.*, t.number FROM disruptions d JOIN trains t ON t.id = d.train_id WHERE d.date = ? ORDER BY t.number",
        today(),
    )


def _asked() -> dict[str, str]:
    plain = {"adults": "1", "children": "0", "seniors": "0", "sort": "Departure", "date": today()}
    return plain | request.args.to_dict()


def party() -> list[str]:
    """The passengers that the query string asks for: their kinds."""
    counts = [("adult", "adults", 1), ("child", "children", 0), ("senior", "seniors", 0)]
    kinds = [kind for kind, name, least in counts for _ in range(whole(request.args.get(name), 0, 6, least))]
    return kinds[:6] or ["adult"]


@routes.route("/search")
def search() -> Any:
    """Connections of a day, filtered and sorted."""
    asked, errors = _asked(), dict[str, str]()
    known = dict(rows_by_code())
    for name in ("origin", "destination"):
        if asked.get(name) not in known:
            errors[name] = "Choose a station of the list."
    if not errors and asked["origin"] == asked["destination"]:
        errors["destination"] = "Choose another station than the one you start from."
    if not is_known_day(asked["date"]) or not today() <= asked["date"] <= LAST_SALE:
        errors["date"] = f"Choose a date from {today()} to {LAST_SALE}, such as 2026-03-14."
    operators = [each["name"] for each in rows("SELECT name FROM operators ORDER BY name")]
    shared: dict[str, Any] = {
        "stations": stations(),
        "asked": asked,
        "errors": errors,
        "operators": operators,
        "orders": list(_ORDER),
    }
    if errors:
        return page("booking/search.html", 422, found=None, kinds=party(), **shared)
    kinds = party()
    kept = _kept(connections(rows, known[asked["origin"]], known[asked["destination"]], asked["date"]), asked, kinds)
    kept.sort(key=lambda each: _ORDER.get(asked["sort"], _ORDER["Departure"])(each, kinds))
    count = max(1, -(-len(kept) // _PER_PAGE))
    number = whole(asked.get("page"), 1, count, 1)
    shown = kept[(number - 1) * _PER_PAGE : number * _PER_PAGE]
    trains = {leg.train_id for each in shown for leg in each.legs}
    places = {train: all_places(rows, train, asked["date"]) for train in trains}
    sold_out = {each.key: _sold_out(each, places, len(kinds)) for each in shown}
    found = Pages(shown, number, count, len(kept))
    return page("booking/search.html", found=found, kinds=kinds, fares=FARES, sold_out=sold_out, **shared)


def rows_by_code() -> list[tuple[str, int]]:
    """Code and id of all stations."""
    return [(each["code"], each["id"]) for each in rows("SELECT code, id FROM stations")]


def _sold_out(each: Connection, places: dict[int, dict[str, int]], passengers: int) -> set[str]:
    return {fare for fare in FARES if any(places[leg.train_id][fare] < passengers for leg in each.legs)}


def _kept(found: list[Connection], asked: dict[str, str], kinds: list[str]) -> list[Connection]:
    after, before = minutes_of(asked.get("after")), minutes_of(asked.get("before"))
    most = whole(asked.get("most"), 1, 100_000, 0) * 100
    operator = asked.get("operator", "")
    return [
        each
        for each in found
        if (not asked.get("direct") or not each.changes)
        and (after is None or each.departs >= after)
        and (before is None or each.departs <= before)
        and (not most or each.price("Saver", kinds) <= most)
        and (not operator or all(leg.operator == operator for leg in each.legs))
    ]


@routes.route("/connection")
def connection() -> Any:
    """One connection with its trains and what each fare costs the party."""
    found = connection_or_404(request.args.get("legs", ""), request.args.get("date", ""))
    kinds = party()
    if found.date < today() or found.date > LAST_SALE:
        abort(404)
    places = {leg.train_id: all_places(rows, leg.train_id, found.date) for leg in found.legs}
    rules = {leg.operator_id: row_or_404("SELECT * FROM operators WHERE id = ?", leg.operator_id) for leg in found.legs}
    return page(
        "booking/connection.html",
        found=found,
        kinds=kinds,
        fares=FARES,
        sold_out=_sold_out(found, places, len(kinds)),
        operators=rules.values(),
    )


@routes.route("/stations")
def all_stations() -> Any:
    """Stations by name or city."""
    text = request.args.get("q", "").strip()
    sql = "SELECT * FROM stations WHERE instr(lower(name || ' ' || city || ' ' || code), lower(?)) ORDER BY name"
    return page("booking/stations.html", found=paged(sql, text), text=text)


@routes.route("/suggest")
def suggest() -> Any:
    """Names of stations that begin with what was typed."""
    typed = request.args.get("q", "").lower()
    return [name for _, name in stations() if name.lower().startswith(typed)][:8]


@routes.route("/stations/<code>")
def station(code: str) -> Any:
    """A station and its departures on a day."""
    found = station_or_404(code)
    date = request.args.get("date") or today()
    if not is_known_day(date):
        abort(404)
    last = "b.seq = (SELECT MAX(seq) FROM stops WHERE train_id = t.id)"
    leaving = planned_rides(rows, date, f"a.station_id = ? AND {last}", found["id"])
    reports = {each["train_id"]: each for each in rows("SELECT * FROM disruptions WHERE date = ?", date)}
    return page("booking/station.html", station=found, date=date, leaving=leaving, reports=reports)


@routes.route("/trains")
def trains() -> Any:
    """All trains, by number, with filters for operator and line."""
    operator, line = request.args.get("operator", ""), request.args.get("line", "")
    sql = """SELECT t.number, t.days, l.name AS line, o.name AS operator FROM trains t JOIN lines l ON l.id = t.line_id
             JOIN operators o ON o.id = l.operator_id WHERE (? = '' OR o.name = ?) AND (? = '' OR l.name = ?)
             ORDER BY t.number"""
    return page(
        "booking/trains.html",
        found=paged(sql, operator, operator, line, line),
        operators=["", *[each["name"] for each in rows("SELECT name FROM operators ORDER BY name")]],
        lines=["", *[each["name"] for each in rows("SELECT DISTINCT name FROM lines ORDER BY name")]],
        operator=operator,
        line=line,
    )


@routes.route("/trains/<number>")
def train(number: str) -> Any:
    """A train's stops, the days it runs, and how it ran or runs on one day."""
    found = train_or_404(number)
    date = request.args.get("date") or today()
    if not is_known_day(date):
        abort(404)
    stops = rows(
        "SELECT s.*, x.name, x.code FROM stops s JOIN stations x ON x.id = s.station_id WHERE s.train_id = ? "
        "ORDER BY s.seq",
        found["id"],
    )
    report = rows("SELECT * FROM disruptions WHERE train_id = ? AND date = ?", found["id"], date)
    return page("booking/train.html", train=found, stops=stops, date=date, report=report)


@routes.route("/fares")
def fares() -> Any:
    """The operators and where their fare rules are."""
    return page("booking/fares.html", operators=rows("SELECT * FROM operators ORDER BY name"))


@routes.route("/fares/<slug>")
def fare_rules(slug: str) -> Any:
    """What an operator's fares allow: refunds and changes by days before departure."""
    operator = row_or_404("SELECT * FROM operators WHERE slug = ?", slug)
    rules = rows("SELECT * FROM fare_rules WHERE operator_id = ? ORDER BY fare, min_days DESC", operator["id"])
    by_fare = {fare: [rule for rule in rules if rule["fare"] == fare] for fare in FARES}
    return page("booking/fare_rules.html", operator=operator, rules=by_fare)


@routes.route("/help")
def help_pages() -> Any:
    """The topics of help."""
    return page("booking/help.html", topics=_TOPICS)


@routes.route("/help/<topic>")
def help_topic(topic: str) -> Any:
    """One topic of help."""
    if topic not in _TOPICS:
        abort(404)
    operators = rows("SELECT * FROM operators ORDER BY name")
    return page(f"booking/help_{topic}.html", title=_TOPICS[topic], terms=terms(rows), operators=operators)

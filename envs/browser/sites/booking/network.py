"""Trains, connections, fares and seats: what can be travelled on a day, and what it costs."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

Ask = Callable[..., list[sqlite3.Row]]
"""`(sql, *values) -> rows` on the database of this site."""
FARES = ("Saver", "Flex", "First")
KINDS = ("adult", "child", "senior")
FIRST_DAY = dt.date(2026, 1, 1)
DAYS = 130
"""How many days, from `FIRST_DAY` on, the demand of lines is known for."""
LAST_SALE = "2026-04-30"
LONGEST_WAIT = 120
FIRST_ROWS = 3
ROWS = 12
TABLE_ROWS = (6, 7)
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_FARE_PERCENT = {"Saver": 100, "Flex": 140, "First": 190}
_KIND_PERCENT = {"adult": 100, "child": 50, "senior": 75}


@dataclass(frozen=True)
class Leg:
    """A ride on one train on one day; times in minutes after midnight, `level` the demand 0 to 9."""

    train_id: int
    number: str
    operator_id: int
    operator: str
    rate: int
    bag_cents: int
    level: int
    origin_id: int
    origin: str
    departs: int
    destination_id: int
    destination: str
    arrives: int

    @property
    def minutes(self) -> int:
        return self.arrives - self.departs

    def price(self, fare: str, kind: str = "adult", bags: int = 0) -> int:
        """Cents of one ticket, extra bags included."""
        return fare_cents(self.minutes, self.rate, self.level, fare, kind) + bags * self.bag_cents


@dataclass(frozen=True)
class Connection:
    """One or two rides one after the other, on `date`."""

    date: str
    legs: tuple[Leg, ...]

    @property
    def departs(self) -> int:
        return self.legs[0].departs

    @property
    def arrives(self) -> int:
        return self.legs[-1].arrives

    @property
    def minutes(self) -> int:
        return self.arrives - self.departs

    @property
    def changes(self) -> int:
        return len(self.legs) - 1

    @property
    def wait(self) -> int:
        """Minutes between the two trains, 0 without a change."""
        return self.legs[-1].departs - self.legs[0].arrives if self.changes else 0

    @property
    def key(self) -> str:
        """What URLs call it: train.origin.destination of each leg."""
        return "-".join(f"{leg.train_id}.{leg.origin_id}.{leg.destination_id}" for leg in self.legs)

    @property
    def name(self) -> str:
        """What people call it: "08:12 NR 214 and VX 31"."""
        return f"{clock(self.departs)} " + " and ".join(leg.number for leg in self.legs)

    def price(self, fare: str, kinds: Sequence[str] = ("adult",)) -> int:
        """Cents for a party without extra bags."""
        return sum(leg.price(fare, kind) for leg in self.legs for kind in kinds)


def code_of(booking: int) -> str:
    """The code of a booking, such as "KQ2X57"; no two of the first thousands are the same."""
    mixed = crc32(f"booking/{booking}".encode())
    letters = (_LETTERS[mixed // len(_LETTERS) ** place % len(_LETTERS)] for place in range(4))
    return "".join(letters) + f"{booking % 100:02d}"


def clock(minutes: int) -> str:
    """Minutes after midnight as "08:05"."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def lasting(minutes: int) -> str:
    """A duration as "1 h 05 min"."""
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def fare_cents(minutes: int, rate: int, level: int, fare: str, kind: str = "adult") -> int:
    """The price of a ride: by its length, the operator's rate a minute, the demand of the day, fare and passenger."""
    full = (300 + minutes * rate) * (88 + 6 * level) * _FARE_PERCENT[fare] * _KIND_PERCENT[kind]
    return full // 10_000_000 * 10


def demand_level(demand: str, date: str) -> int:
    """The digit of a line's demand for a day."""
    return int(demand[(dt.date.fromisoformat(date) - FIRST_DAY).days])


def is_known_day(date: str) -> bool:
    """Whether `date` is a date that demand is known for."""
    try:
        return len(date) == 10 and 0 <= (dt.date.fromisoformat(date) - FIRST_DAY).days < DAYS
    except ValueError:
        return False


_RIDES = """
SELECT t.id AS train_id, t.number, o.id AS operator_id, o.name AS operator, o.rate, o.bag_cents, l.demand,
       l.id AS line_id, a.station_id AS origin_id, x.name AS origin, a.departs, b.station_id AS destination_id,
       y.name AS destination, b.arrives, y.transfer_minutes AS transfer
FROM stops a JOIN stops b ON b.train_id = a.train_id AND b.seq > a.seq
JOIN trains t ON t.id = a.train_id JOIN lines l ON l.id = t.line_id JOIN operators o ON o.id = l.operator_id
JOIN stations x ON x.id = a.station_id JOIN stations y ON y.id = b.station_id
WHERE substr(t.days, ?, 1) = '1'
"""
_RUNNING = """
NOT EXISTS (SELECT 1 FROM disruptions d WHERE d.train_id = t.id AND d.date = ? AND d.kind = 'cancelled')
"""


def _leg(row: sqlite3.Row, date: str) -> Leg:
    shared = {name: row[name] for name in row.keys() if name not in {"demand", "line_id", "transfer"}}  # noqa: SIM118
    return Leg(**shared, level=demand_level(row["demand"], date))


def rides(ask: Ask, date: str, condition: str, *values: object) -> list[sqlite3.Row]:
    """Rides on a day that `condition` on stops a (from) and b (to) and train t lets through."""
    return planned_rides(ask, date, f"{_RUNNING} AND {condition}", date, *values)


def planned_rides(ask: Ask, date: str, condition: str, *values: object) -> list[sqlite3.Row]:
    """As `rides`, with those of cancelled trains."""
    weekday = dt.date.fromisoformat(date).isoweekday()
    return ask(f"{_RIDES} AND {condition} ORDER BY a.departs, t.id", weekday, *values)


def connections(ask: Ask, origin: int, destination: int, date: str) -> list[Connection]:
    """All connections of a day with at most one change, by departure.

    A change takes at least the minutes that its station asks for and at most `LONGEST_WAIT`, and leads to another line.
    Where a direct train leaves no earlier and arrives no later, a connection with a change is left out.
    """
    first = rides(ask, date, "a.station_id = ?", origin)
    found = [Connection(date, (_leg(row, date),)) for row in first if row["destination_id"] == destination]
    direct = [(each.departs, each.arrives) for each in found]
    by_change: dict[int, list[sqlite3.Row]] = {}
    for row in rides(ask, date, "b.station_id = ?", destination):
        by_change.setdefault(row["origin_id"], []).append(row)
    seen: set[tuple[int, int]] = set()
    for one in first:
        for two in by_change.get(one["destination_id"], ()):
            pair, wait = (one["train_id"], two["train_id"]), two["departs"] - one["arrives"]
            if not one["transfer"] <= wait <= LONGEST_WAIT or one["line_id"] == two["line_id"] or pair in seen:
                continue
            if any(leaves >= one["departs"] and arrives <= two["arrives"] for leaves, arrives in direct):
                continue
            seen.add(pair)
            found.append(Connection(date, (_leg(one, date), _leg(two, date))))
    return sorted(found, key=lambda each: (each.departs, each.arrives, each.key))


def direct_rides(ask: Ask, origin: int, destination: int, date: str) -> list[Leg]:
    """All direct rides of a day, by departure."""
    found = rides(ask, date, "a.station_id = ? AND b.station_id = ?", origin, destination)
    return [_leg(row, date) for row in found]


def connection_of(ask: Ask, key: str, date: str) -> Connection | None:
    """The connection that a URL names, or None if no such one runs on that day."""
    parts = [part.split(".") for part in key.split("-")]
    sound = all(len(part) == 3 and all(n.isascii() and n.isdigit() and len(n) < 7 for n in part) for part in parts)
    if not sound or not is_known_day(date):
        return None
    found = connections(ask, int(parts[0][1]), int(parts[-1][2]), date)
    return next((each for each in found if each.key == key), None)


def leg_of(ask: Ask, train: int, origin: int, destination: int, date: str) -> Leg | None:
    """The ride on one train between two stations, or None if it does not run."""
    found = rides(ask, date, "t.id = ? AND a.station_id = ? AND b.station_id = ?", train, origin, destination)
    return _leg(found[0], date) if found else None


# seats

SEATS = tuple(f"{row}{letter}" for row in range(1, ROWS + 1) for letter in ("ACD" if row <= FIRST_ROWS else "ABCD"))

_FIRST_SEATS = tuple(seat for seat in SEATS if len(seat) == 2 and seat[0] in "123")


def seat_row(seat: str) -> int:
    """The row of a seat: 7 of "7C"."""
    return int(seat[:-1])


def zone(fare: str) -> list[str]:
    """The seats that a fare may sit on."""
    return [seat for seat in SEATS if (seat in _FIRST_SEATS) == (fare == "First")]


def taken_seats(ask: Ask, train: int, date: str) -> set[str]:
    """The seats of a train on a day that cannot be had.

    Besides our own tickets and blocks those are seats that other agencies sold: a fixed share by the day's demand.
    """
    (line,) = ask("SELECT demand FROM lines WHERE id = (SELECT line_id FROM trains WHERE id = ?)", train)
    share = 30 + 5 * demand_level(line["demand"], date)
    ours = ask(
        "SELECT k.seat FROM tickets k JOIN bookings b ON b.id = k.booking_id WHERE k.train_id = ? AND k.date = ? "
        "AND b.status = 'confirmed' UNION SELECT seat FROM seat_blocks WHERE train_id = ? AND date = ?",
        *(train, date, train, date),
    )
    begun = crc32(f"{train}/{date}/".encode())
    sold = {seat for seat in SEATS if crc32(seat.encode(), begun) % 100 < share}
    return sold | {row["seat"] for row in ours if row["seat"]}


def free_seats(ask: Ask, train: int, date: str, fare: str) -> list[str]:
    """The seats that can be had on a fare, front to back."""
    taken = taken_seats(ask, train, date)
    return [seat for seat in zone(fare) if seat not in taken]


def all_places(ask: Ask, train: int, date: str) -> dict[str, int]:
    """How many more passengers fit, by fare: free seats less the tickets that wait for a seat at the gate."""
    taken = taken_seats(ask, train, date)
    first = sum(seat not in taken for seat in _FIRST_SEATS)
    other = sum(seat not in taken for seat in SEATS) - first
    waiting = ask(
        "SELECT k.fare FROM tickets k JOIN bookings b ON b.id = k.booking_id WHERE k.train_id = ? AND k.date = ? "
        "AND k.seat = '' AND b.status = 'confirmed'",
        *(train, date),
    )
    in_first = sum(ticket["fare"] == "First" for ticket in waiting)
    other -= len(waiting) - in_first
    return {"Saver": other, "Flex": other, "First": first - in_first}


def open_places(ask: Ask, train: int, date: str, fare: str) -> int:
    """How many more passengers fit on a fare."""
    return all_places(ask, train, date)[fare]

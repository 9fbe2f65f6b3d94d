"""What a world of the booking site holds: a network of lines, its rules, travellers and their bookings."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence

import numpy as np

from ..database import hashed
from .network import DAYS, FARES, FIRST_DAY, ROWS, code_of, demand_level, fare_cents, zone
from .rules import BANDS, CAUSES
from .words import CITIES, COMPANIES, FACILITIES, FIRST_NAMES, GRADES, OPERATORS, PURPOSES, SURNAMES

_TODAY = dt.date(2026, 3, 2)
# the stations of each corridor; 0 is the hub of all, 1 the second one, 2 another station in the city of the hub
_CORRIDORS = ((3, 4, 0, 1, 5, 6), (7, 2, 0, 8, 9), (10, 11, 0, 12, 1), (13, 14, 0, 1, 15), (16, 12, 0, 17, 8))
_REFUNDS = {
    "Saver": ((50, 25, 0, 0), (75, 50, 0, 0), (40, 0, 0, 0), (60, 30, 10, 0), (100, 25, 0, 0)),
    "Flex": ((100, 100, 75, 50), (100, 90, 75, 25), (100, 100, 50, 0), (100, 100, 100, 60), (90, 80, 60, 40)),
    "First": ((100, 100, 80, 60), (100, 75, 50, 25), (100, 100, 100, 0), (90, 90, 70, 0), (100, 80, 80, 80)),
}
_CHANGES = {
    "Saver": ((500, 900, 1500, 2500), (800, 1200, 1800, 2200), (600, 600, 1400, 2000)),
    "Flex": ((0, 0, 300, 800), (0, 200, 400, 600), (0, 0, 0, 500)),
    "First": ((0, 0, 0, 600), (0, 300, 500, 900), (0, 0, 400, 400)),
}
Row = tuple[object, ...]


def fill(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Write a whole world into an empty database."""
    _stations(connection, rng)
    _lines(connection, rng)
    _trains(connection, rng)
    _rules(connection, rng)
    _users(connection, rng)
    _rides_of_users(connection, rng)
    _companies(connection, rng)


def _insert(connection: sqlite3.Connection, table: str, columns: str, made: Sequence[Row]) -> None:
    marks = ", ".join("?" * len(columns.split(", ")))
    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", made)


def _stations(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    cities = [str(city) for city in rng.choice(CITIES, 17, replace=False)]
    names = [f"{cities[0]} Central", f"{cities[1]} Central", f"{cities[0]} North", *cities[2:17]]
    of_city = [cities[0], cities[1], cities[0], *cities[2:17]]
    transfers = [10, 8, 12, *(int(n) for n in rng.choice([5, 6, 7, 8, 10], 15))]
    made: list[Row] = []
    for number, (name, city, transfer) in enumerate(zip(names, of_city, transfers, strict=True)):
        code = city[:3].upper() + ("N" if number == 2 else "")
        has = ", ".join(rng.choice(FACILITIES, int(rng.integers(2, 5)), replace=False))
        made.append((number + 1, code, name, city, transfer, has))
    _insert(connection, "stations", "id, code, name, city, transfer_minutes, facilities", made)


def _lines(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    rates, bags = rng.permutation([17, 20, 23, 27]), rng.choice([400, 500, 600, 750, 900], 4, replace=False)
    operators: list[Row] = [
        (i + 1, name, name.lower().replace(" ", "-"), int(rates[i]), int(bags[i]))
        for i, (name, _) in enumerate(OPERATORS)
    ]
    _insert(connection, "operators", "id, name, slug, rate, bag_cents", operators)
    names = [row[0] for row in connection.execute("SELECT name FROM stations ORDER BY id")]
    made: list[Row] = []
    for corridor, stops in enumerate(_CORRIDORS):
        for kind, operator in enumerate(rng.permutation(4)[:2]):
            # days of the week and weeks have their own demand, so that neither says all
            week = rng.integers(0, 4, 7)[(np.arange(DAYS) + 3) % 7]
            demand = np.clip(week + rng.integers(0, 7, DAYS), 0, 9)
            name = f"{names[stops[0]]} - {names[stops[-1]]}" + (" Express" if kind else "")
            made.append((corridor * 2 + kind + 1, name, int(operator) + 1, "".join(map(str, demand))))
    _insert(connection, "lines", "id, name, operator_id, demand", made)


def _trains(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    operator_of = dict(connection.execute("SELECT id, operator_id FROM lines").fetchall())
    numbers = rng.choice(np.arange(101, 990), 100, replace=False)
    days = rng.choice(["1111111"] * 7 + ["1111100", "1111110", "0000111"], 100)
    quiet = rng.integers(8, ROWS, 100)
    trains: list[Row] = []
    stops: list[Row] = []
    for line in range(1, 11):
        corridor, express = divmod(line - 1, 2)
        path = [stop + 1 for stop in _CORRIDORS[corridor]]
        spans = rng.integers(18, 55, len(path) - 1)
        if express:
            skipped = int(rng.choice([i for i, stop in enumerate(path) if 0 < i < len(path) - 1 and stop > 2]))
            spans = np.array([*spans[: skipped - 1], spans[skipped - 1] + spans[skipped] - 9, *spans[skipped + 1 :]])
            path = path[:skipped] + path[skipped + 1 :]
        for back in (False, True):
            for slot in range(5):
                train = len(trains)
                code = OPERATORS[operator_of[line] - 1][1]
                trains.append((train + 1, f"{code} {numbers[train]}", line, str(days[train]), int(quiet[train])))
                start = 330 + slot * 180 + int(rng.integers(0, 170))
                stops += _stops(train + 1, path[::-1] if back else path, spans[::-1] if back else spans, start, rng)
    _insert(connection, "trains", "id, number, line_id, days, quiet_row", trains)
    _insert(connection, "stops", "train_id, seq, station_id, arrives, departs", stops)


def _stops(
    train: int, path: list[int], spans: np.ndarray[tuple[int], np.dtype[np.int64]], start: int, rng: np.random.Generator
) -> list[Row]:
    at, made = start, list[Row]()
    for seq, station in enumerate(path):
        stay = int(rng.integers(2, 5)) if 0 < seq < len(path) - 1 else 0
        made.append((train, seq, station, at, at + stay))
        at += stay + (int(spans[seq]) + int(rng.integers(-3, 4)) if seq < len(spans) else 0)
    return made


def _rules(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    made: list[Row] = []
    for operator in range(1, 5):
        for fare in FARES:
            refunds = _REFUNDS[fare][int(rng.integers(len(_REFUNDS[fare])))]
            changes = _CHANGES[fare][int(rng.integers(len(_CHANGES[fare])))]
            bands = zip(BANDS, refunds, changes, strict=True)
            made += [(operator, fare, days, refund, cents) for days, refund, cents in bands]
    _insert(connection, "fare_rules", "operator_id, fare, min_days, refund_percent, change_cents", made)
    first, second = [(30, 60), (45, 90), (40, 120), (60, 120)][int(rng.integers(4))]
    order = ["assistance", *(str(each) for each in rng.permutation(["children", "tier", "fare"]))]
    found = {
        "grace_days": rng.choice([0, 1, 2]),
        "grace_notice": rng.choice([7, 10, 14]),
        "change_credit": rng.choice(["", "Flex", "Flex, First", "First"]),
        "comp_first": first,
        "comp_first_percent": rng.choice([20, 25, 30]),
        "comp_second": second,
        "comp_second_percent": rng.choice([50, 60, 75]),
        "comp_cancelled_percent": 100,
        "comp_excluded": rng.choice(["Severe weather", "Police operation"]),
        "comp_claim_days": rng.choice([14, 21, 28]),
        "comp_least_cents": rng.choice([300, 400, 500]),
        "desk_order": ", ".join(order),
        "desk_after": rng.choice(["0", "1"]),
        "desk_other": rng.choice(["yes", "no"]),
    }
    _insert(connection, "terms", "name, value", [(name, str(each)) for name, each in found.items()])


def _users(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    made: list[Row] = []
    picked = rng.choice(len(FIRST_NAMES) * len(SURNAMES), 60, replace=False)
    tiers = rng.choice(["Basic", "Basic", "Silver", "Gold"], 60)
    for user, index in enumerate(picked, 1):
        first, last = FIRST_NAMES[index // len(SURNAMES)], SURNAMES[index % len(SURNAMES)]
        username = f"{first}.{last}".lower()
        role = {1: "staff", 2: "staff", 3: "manager", 4: "manager", 5: "manager"}.get(user, "traveller")
        company = COMPANIES[(user - 3) % 3] if 3 <= user <= 20 else ""
        secret = hashed(rng.bytes(8).hex())
        email = f"{username}@{company.split()[0].lower() or 'post'}.test" if company else f"{username}@post.test"
        made.append((user, username, f"{first} {last}", email, role, str(tiers[user - 1]), company, secret))
    _insert(connection, "users", "id, username, name, email, role, tier, company, password", made)


def _rides_of_users(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    users = connection.execute("SELECT id, name, email, company FROM users WHERE role = 'traveller'").fetchall()
    bookings: list[Row] = []
    tickets: list[Row] = []
    used: set[Row] = set()
    rides = _drawn_rides(connection, rng, 130)
    count = len(rides)
    owners, ages = rng.integers(len(users), size=count), rng.integers(3, 30, count)
    fares, alone, gone = (
        rng.choice(FARES, count, p=[0.5, 0.35, 0.15]),
        rng.random(count) > 0.35,
        rng.random(count) < 0.1,
    )
    others, places = rng.integers(len(FIRST_NAMES), size=count), rng.integers(36, size=count)
    children = rng.random(count) < 0.5
    for i, (train, date, origin, destination, minutes, rate, level) in enumerate(rides):
        user, fare, paid = users[owners[i]], str(fares[i]), 0
        other = (f"{FIRST_NAMES[others[i]]} {user['name'].split()[-1]}", "child" if children[i] else "adult")
        for name, kind in [(user["name"], "adult")] if alone[i] else [(user["name"], "adult"), other]:
            free = [seat for seat in zone(fare) if (train, date, seat) not in used]
            seat = free[int(places[i]) % len(free)]
            used.add((train, date, seat))
            price = fare_cents(minutes, rate, level, fare, kind)
            paid += price
            tickets.append((i + 1, name, kind, train, date, origin, destination, fare, seat, price))
        placed = min(dt.date.fromisoformat(date), _TODAY) - dt.timedelta(int(ages[i]))
        state = ("cancelled", user["email"], paid, paid // 2) if gone[i] else ("confirmed", user["email"], paid, 0)
        centre = f"CC-{100 + user['id']}" if user["company"] else ""
        bookings.append((i + 1, code_of(i + 1), user["id"], placed.isoformat(), *state, centre))
    columns = "id, code, user_id, placed_on, status, email, paid_cents, refunded_cents, cost_centre"
    _insert(connection, "bookings", columns, bookings)
    columns = "booking_id, passenger, kind, train_id, date, origin_id, destination_id, fare, seat, price_cents"
    _insert(connection, "tickets", columns, tickets)
    _vouchers_and_reports(connection, rng, [user["id"] for user in users])


def _drawn_rides(
    connection: sqlite3.Connection, rng: np.random.Generator, count: int
) -> list[tuple[int, str, int, int, int, int, int]]:
    """Rides on days that their trains run: train, date, origin, destination, minutes, rate, demand."""
    found = connection.execute(
        "SELECT t.id, t.days, l.demand, o.rate, a.station_id, b.station_id, b.arrives - a.departs FROM trains t "
        "JOIN lines l ON l.id = t.line_id JOIN operators o ON o.id = l.operator_id JOIN stops a ON a.train_id = t.id "
        "JOIN stops b ON b.train_id = t.id AND b.seq > a.seq ORDER BY t.id, a.seq, b.seq"
    ).fetchall()
    picks, offsets = rng.integers(len(found), size=count), rng.integers(5, 119, count)
    made = []
    for pick, offset in zip(picks, offsets, strict=True):
        train, days, demand, rate, origin, destination, minutes = found[int(pick)]
        date = FIRST_DAY + dt.timedelta(int(offset))
        while days[date.weekday()] == "0":
            date += dt.timedelta(1)
        day = date.isoformat()
        made.append((train, day, origin, destination, minutes, rate, demand_level(demand, day)))
    return made


def _vouchers_and_reports(connection: sqlite3.Connection, rng: np.random.Generator, users: list[int]) -> None:
    made: list[Row] = []
    for number in range(30):
        until = (_TODAY + dt.timedelta(int(rng.integers(-20, 90)))).isoformat()
        worth = int(rng.choice([500, 1000, 1500, 2000]))
        fare = str(rng.choice(["", "", *FARES]))
        made.append((f"MV{code_of(number + 5000)}", int(rng.choice(users)), worth, worth * 3, fare, until))
    _insert(connection, "vouchers", "code, user_id, amount_cents, min_cents, fare, valid_until", made)
    days = sorted(rng.choice(np.arange(5, 60), 45))
    trains, minutes = rng.integers(1, 101, 45), rng.integers(1, 26, 45) * 5
    causes, gone = rng.choice(CAUSES, 45), rng.random(45) < 0.15
    reports: dict[tuple[int, str], Row] = {}
    for train, day, late, cause, stopped in zip(trains, days, minutes, causes, gone, strict=True):
        date = (FIRST_DAY + dt.timedelta(int(day))).isoformat()
        kind = "cancelled" if stopped else "delay"
        reports[int(train), date] = (int(train), date, kind, 0 if stopped else int(late), str(cause), f"{date} 22:00")
    _insert(connection, "disruptions", "train_id, date, kind, minutes, cause, created_at", list(reports.values()))


def _companies(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    policies: list[Row] = []
    for company in COMPANIES:
        first, long = int(rng.choice([120, 150, 180])), int(rng.choice([90, 100, 120]))
        cap = int(rng.integers(28, 40)) * 100
        exempt, weekend = (str(each) for each in rng.choice(PURPOSES, 2, replace=False))
        grade, barred = str(rng.choice(GRADES[2:])), int(rng.integers(1, 5))
        notice = int(rng.choice([3, 5, 7]))
        policies.append((company, notice, exempt, first, grade, cap, long, cap + 1500, barred, weekend))
    _insert(
        connection,
        "policies",
        "company, notice_days, notice_exempt, first_minutes, first_grade, cap_cents, long_minutes, long_cap_cents, "
        "barred_operator_id, weekend_purpose",
        policies,
    )
    made: list[Row] = []
    names = [(FIRST_NAMES[a % 40], SURNAMES[b % 30]) for a, b in rng.integers(120, size=(60, 2))]
    draws = rng.integers(1000, size=(60, 4))
    fares = rng.choice(FARES, 60, p=[0.5, 0.3, 0.2])
    for i, (train, date, origin, destination, minutes, rate, level) in enumerate(_drawn_rides(connection, rng, 60)):
        asked = min(dt.date.fromisoformat(date), _TODAY) - dt.timedelta(2 + int(draws[i, 0]) % 23)
        price = fare_cents(minutes, rate, level, str(fares[i]))
        ended = (("approved", ""), ("rejected", "Notice"), ("rejected", "Price"))[draws[i, 1] % 3]
        who = (COMPANIES[i % 3], " ".join(names[i]), GRADES[draws[i, 2] % 4])
        ends = (origin, destination, str(fares[i]), price, PURPOSES[draws[i, 3] % 7], asked.isoformat(), *ended)
        made.append((*who, train, date, *ends))
    columns = (
        "company, employee, grade, train_id, date, origin_id, destination_id, fare, price_cents, purpose, "
        "requested_on, status, reason"
    )
    _insert(connection, "trip_requests", columns, made)

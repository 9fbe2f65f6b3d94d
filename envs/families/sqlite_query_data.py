"""Databases of the families about SQLite: four lines of business over one shape, with the dirt of real data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from selftrain.envs.families.material import FIRST_NAMES, LAST_NAMES, WORDS, between, pick, sample

STATUSES = ("open", "shipped", "paid", "cancelled", "returned")
REGIONS = ("north", "south", "east", "west", "overseas", "islands")
_ROLES = ("customer", "order", "line", "refund", "at", "what")
THEMES = tuple(
    dict(zip(_ROLES, names.split(), strict=True))
    for names in (
        "customer purchase purchase_line refund placed_at shop",
        "patient visit treatment waiver started_at clinic",
        "tenant invoice invoice_item credit issued_at hosting",
        "driver trip trip_leg rebate departed_at fleet",
    )
)
YEAR = 2024


@dataclass
class Data:
    """Rows of one database."""

    theme: dict[str, str]
    customers: list[tuple[int, str, str, int]] = field(default_factory=list)  # id, name, region, is_test
    orders: list[tuple[int, int, datetime, str, bool]] = field(default_factory=list)  # id, customer, at, status, epoch
    lines: list[tuple[int, int, str, int, int]] = field(default_factory=list)  # id, order, product, quantity, cents
    refunds: list[tuple[int, int, str, int]] = field(default_factory=list)  # id, order, reference, cents
    events: list[tuple[int, int, int, str]] = field(default_factory=list)  # id, order, moment, status


def make_data(rng: np.random.Generator, theme: dict[str, str], level: int, orders: int) -> Data:
    """`orders` orders of the years around `YEAR`; what is dirty about them rises with the level."""
    data = Data(theme)
    people = max(8, orders // 12)
    regions = REGIONS[: between(rng, 3, 6)]
    for number in range(1, people + 1):
        name = f"{pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}"
        data.customers.append((number * 3 + 7, name, pick(rng, regions), int(level >= 2 and number % 9 == 4)))
    start = datetime(YEAR - 1, 7, 1, tzinfo=UTC)
    owners = rng.integers(people - people // 6, size=orders).tolist()
    seconds = rng.integers(2 * 366 * 86400, size=orders).tolist()
    flags = rng.integers(0, 1 << 20, size=orders).tolist()
    products = sample(rng, WORDS, 12)
    for number in range(orders):
        moment = start + timedelta(seconds=seconds[number])
        flag = flags[number]
        status = STATUSES[flag % 5]
        epoch = level >= 3 and flag >> 3 & 1 == 1
        data.orders.append((1000 + number, data.customers[owners[number]][0], moment, status, epoch))
        for each in range(flag >> 4 & 3):  # some orders have no lines
            product = products[(flag >> 6) % 12]
            data.lines.append((len(data.lines) + 1, 1000 + number, product, 1 + each, 100 + (flag >> 5) % 900))
        if level >= 3 and flag >> 9 & 3 == 0:
            reference, cents = f"R{flag:06d}-{number}", 5 + (flag >> 11) % 90
            for _ in range(2 if level == 5 and flag >> 12 & 1 else 1):
                data.refunds.append((len(data.refunds) + 1, 1000 + number, reference, cents))
        if level == 5:
            _events(data, number, int(moment.timestamp()), status, flag)
    data.events = [data.events[int(place)] for place in rng.permutation(len(data.events))]
    data.events = [(number, *event[1:]) for number, event in enumerate(data.events, 1)]
    return data


def _events(data: Data, number: int, moment: int, status: str, flag: int) -> None:
    """Earlier states of an order and its last one; the column on the order itself is out of date."""
    for back in range(flag >> 13 & 1, -1, -1):
        shown = status if back == 0 else STATUSES[(flag >> 14) % 5]
        data.events.append((0, 1000 + number, moment + 5000 - 1000 * back, shown))
    order = data.orders[number]
    data.orders[number] = (*order[:3], STATUSES[(flag >> 15) % 5], order[4])


def last_status(data: Data) -> dict[int, str]:
    """Order → status that counts: of its latest event where there are events, else its own."""
    status = {order[0]: order[3] for order in data.orders}
    for _, order_id, _, name in sorted(data.events, key=lambda event: event[2]):
        status[order_id] = name
    return status


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def schema(theme: dict[str, str], level: int) -> str:
    """CREATE TABLE statements."""
    t = theme
    text = f"""\
CREATE TABLE {t["customer"]} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL,
  is_test INTEGER NOT NULL DEFAULT 0);
CREATE TABLE {t["order"]} (id INTEGER PRIMARY KEY, {t["customer"]}_id INTEGER NOT NULL REFERENCES {t["customer"]}(id),
  {t["at"]} NOT NULL, status TEXT NOT NULL);
CREATE TABLE {t["line"]} (id INTEGER PRIMARY KEY, {t["order"]}_id INTEGER NOT NULL REFERENCES {t["order"]}(id),
  product TEXT NOT NULL, quantity INTEGER NOT NULL, cents_each INTEGER NOT NULL);
"""
    if level >= 3:
        text += f"""\
CREATE TABLE {t["refund"]} (id INTEGER PRIMARY KEY, {t["order"]}_id INTEGER NOT NULL REFERENCES {t["order"]}(id),
  reference TEXT NOT NULL, cents INTEGER NOT NULL);
"""
    if level == 5:
        text += f"""\
CREATE TABLE status_event (id INTEGER PRIMARY KEY, {t["order"]}_id INTEGER NOT NULL REFERENCES {t["order"]}(id),
  moment INTEGER NOT NULL, status TEXT NOT NULL);
"""
    return text


def dump(data: Data, level: int) -> str:
    """SQL that makes the database."""
    t = data.theme
    rows = [f"({i},{_quoted(name)},{_quoted(region)},{test})" for i, name, region, test in data.customers]
    parts = [schema(t, level), _insert(t["customer"], rows)]
    orders = []
    for i, owner, moment, status, epoch in data.orders:
        at = str(int(moment.timestamp())) if epoch else _quoted(moment.strftime("%Y-%m-%d %H:%M:%S"))
        orders.append(f"({i},{owner},{at},{_quoted(status)})")
    parts.append(_insert(t["order"], orders))
    parts.append(_insert(t["line"], [f"({i},{o},{_quoted(p)},{q},{c})" for i, o, p, q, c in data.lines]))
    if level >= 3:
        parts.append(_insert(t["refund"], [f"({i},{o},{_quoted(r)},{c})" for i, o, r, c in data.refunds]))
    if level == 5:
        parts.append(_insert("status_event", [f"({i},{o},{m},{_quoted(s)})" for i, o, m, s in data.events]))
    return "BEGIN;\n" + "".join(parts) + "COMMIT;\n"


def _insert(table: str, rows: list[str]) -> str:
    chunks = [rows[start : start + 400] for start in range(0, len(rows), 400)]
    return "".join(f"INSERT INTO {table} VALUES\n" + ",\n".join(chunk) + ";\n" for chunk in chunks)

"""What a shop holds before any task: goods, customers, reviews, vouchers and half a year of orders."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..database import hashed
from . import words
from .pricing import bill, refusal

_TODAY = datetime.date(2026, 3, 2)
_CUSTOMERS, _ORDERS, _FIRST_ORDER = 60, 340, 41001
_PRODUCTS = (64, 65, 66, 64, 62, 63)
_STAFF = (("desk.reed", "Morgan Reed"), ("desk.hale", "Robin Hale"), ("desk.lowe", "Casey Lowe"))


def fill(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Fill the empty tables of a shop, the same for the same state of `rng`."""
    policies(connection, rng)
    customers(connection, rng)
    goods(connection, rng)
    reviews(connection, rng)
    vouchers(connection, rng)
    orders(connection, rng)
    aftermath(connection, rng)


def _insert(connection: sqlite3.Connection, table: str, columns: str, lines: Sequence[Sequence[Any]]) -> None:
    marks = ", ".join("?" * len(columns.split()))
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns.split())}) VALUES ({marks})", lines)


def _ints(rng: np.random.Generator, least: int, most: int, count: int) -> list[int]:
    """`count` whole numbers from `least` to `most`, both included."""
    found: list[int] = rng.integers(least, most + 1, count).tolist()
    return found


def _pick(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _days_ago(days: int) -> str:
    return (_TODAY - datetime.timedelta(days=days)).isoformat()


def policies(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """The figures that help pages and handbook name, categories with their terms, and ways of delivery."""
    figures = {
        "fault_days": _pick(rng, (60, 75, 90)),
        "clearance_ok": int(rng.integers(2)),
        "invoice_credit": int(rng.integers(2)),
        "refusal_fee_cents": _pick(rng, (490, 690, 890)),
        "promise_days": _pick(rng, (10, 14, 20)),
        "late_days": _pick(rng, (6, 8, 10)),
        "duplicate_hours": _pick(rng, (2, 6, 12)),
        "keep_first": int(rng.integers(2)),
        "goodwill_percent": _pick(rng, (15, 20, 35)),
        "damaged_apart": int(rng.integers(2)),
    }
    _insert(connection, "settings", "name value", list(figures.items()))
    terms = [(kind.name, kind.slug, _pick(rng, (14, 21, 30, 45)), int(rng.integers(2))) for kind in words.KINDS]
    _insert(connection, "categories", "name slug return_days opened_ok", terms)
    free_from = _pick(rng, (8000, 10000, 12000, None))
    ways = [
        ("standard", "Standard", _pick(rng, (490, 590, 650)), free_from, int(rng.integers(3, 6))),
        ("express", "Express", _pick(rng, (1190, 1290, 1490)), None, 1),
        ("pickup", "Pickup at our store", 0, 0, int(rng.integers(2, 4))),
    ]
    _insert(connection, "deliveries", "code name cents free_from_cents days", ways)


def customers(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Customers with addresses, and the staff."""
    pairs = rng.permutation(len(words.FIRST_NAMES) * len(words.LAST_NAMES))[:_CUSTOMERS].tolist()
    people, addresses = [], []
    for number, pair in enumerate(pairs, 1):
        first, last = words.FIRST_NAMES[pair % len(words.FIRST_NAMES)], words.LAST_NAMES[pair // len(words.FIRST_NAMES)]
        login = f"{first}.{last}".lower()
        people.append((login, f"{first} {last}", f"{login}@example.net", "customer", hashed(rng.bytes(9).hex())))
        for label, main in (("Home", 1), ("Office", 0))[: 1 + number % 2]:
            addresses.append((number, label, f"{first} {last}", *address(rng), f"0{rng.integers(10**8, 10**9)}", main))
    people += [
        (login, name, f"{login}@larkfield.example", "staff", hashed(rng.bytes(9).hex())) for login, name in _STAFF
    ]
    _insert(connection, "users", "username name email role password", people)
    _insert(connection, "addresses", "user_id label recipient street postcode city phone main", addresses)


def address(rng: np.random.Generator) -> tuple[str, str, str]:
    """Street, postcode and city."""
    city, prefix = _pick(rng, words.CITIES)
    return f"{rng.integers(1, 180)} {_pick(rng, words.STREETS)}", f"{prefix}{rng.integers(100, 1000)}", city


def goods(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Products with variants and a few changes of price."""
    products: list[tuple[Any, ...]] = []
    variants: list[tuple[Any, ...]] = []
    for category_id, (kind, count) in enumerate(zip(words.KINDS, _PRODUCTS, strict=True), 1):
        names = _names(rng, kind, count)
        specs = _specs(rng, kind, count)
        ages, marks = _ints(rng, 20, 900, count), rng.random(count)
        prices = _prices(rng, kind, count)
        for number, (brand, name) in enumerate(names):
            said = f"The {name} {kind.purpose}. Made by {brand} with a warranty of {specs[number]['Warranty']}."
            clearance = int(marks[number] < 0.12)
            listed = (category_id, brand, name, said, json.dumps(specs[number], ensure_ascii=False), clearance)
            products.append((*listed, _days_ago(ages[number])))
            for name_of, cents in _variants(rng, kind, prices[number]):
                variants.append((len(products), name_of, cents, kind.code))
    stocks = np.where(rng.random(len(variants)) < 0.17, 0, rng.integers(1, 60, len(variants))).tolist()
    codes = rng.permutation(9000)[: len(variants)].tolist()
    _insert(connection, "products", "category_id brand name description specs clearance listed_on", products)
    lines = [
        (product, name, f"{code}-{1000 + codes[i]}", cents, stocks[i])
        for i, (product, name, cents, code) in enumerate(variants)
    ]
    _insert(connection, "variants", "product_id name sku cents stock", lines)
    lowered = [
        (
            number + 1,
            _days_ago(int(rng.integers(3, 80))),
            lines[number][3] + 100 * int(rng.integers(5, 40)),
            lines[number][3],
        )
        for number in sorted(rng.permutation(len(lines))[:40].tolist())
    ]
    _insert(connection, "price_changes", "variant_id changed_on old_cents new_cents", lowered)


def _names(rng: np.random.Generator, kind: words.Kind, count: int) -> list[tuple[str, str]]:
    """Brand and name of `count` products; every sixth is a twin that differs in a word from the one before."""
    found: dict[str, str] = {}
    while len(found) < count:
        brand, series, suffix = _pick(rng, words.BRANDS), _pick(rng, words.SERIES), _pick(rng, words.SUFFIXES)
        noun = _pick(rng, kind.nouns)
        found.setdefault(f"{brand} {series}{suffix} {noun}", brand)
        if len(found) % 6 == 0 and len(found) < count:
            found.setdefault(f"{brand} {series}{words.TWINS[suffix]} {noun}", brand)
    return [(brand, name) for name, brand in found.items()]


def _specs(rng: np.random.Generator, kind: words.Kind, count: int) -> list[dict[str, str]]:
    columns: dict[str, list[str]] = {}
    for name, (least, most, step, unit) in kind.numbers.items():
        drawn = rng.integers(0, (most - least) // step + 1, count) * step + least
        columns[name] = [f"{number} {unit}".strip() for number in drawn.tolist()]
    for name, options in {**kind.choices, "Warranty": ("2 years", "3 years", "5 years")}.items():
        columns[name] = [options[number] for number in rng.integers(0, len(options), count).tolist()]
    return [{name: column[number] for name, column in columns.items()} for number in range(count)]


def _prices(rng: np.random.Generator, kind: words.Kind, count: int) -> list[int]:
    least, usual = kind.dollars
    whole = (least + rng.gamma(2.0, (usual - least) / 2.0, count)).astype(int) * 100
    return [int(price) for price in whole + rng.choice([0, 50, 90, 95], count)]


def _variants(rng: np.random.Generator, kind: words.Kind, cents: int) -> list[tuple[str, int]]:
    colours = [
        words.COLOURS[number] for number in rng.permutation(len(words.COLOURS))[: int(rng.integers(1, 3))].tolist()
    ]
    if not kind.sized:
        return [(colour, cents + 300 * at) for at, colour in enumerate(colours)]
    return [
        (f"{colours[0]}, {size}", cents + (500 if size == "XL" else 0))
        for size in words.SIZES[: int(rng.integers(2, 5))]
    ]


def reviews(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """No review to nine for each product, from different customers."""
    counts = rng.choice([0, 1, 2, 3, 4, 5, 9], sum(_PRODUCTS), p=[0.1, 0.16, 0.22, 0.24, 0.16, 0.08, 0.04])
    products = np.repeat(np.arange(1, len(counts) + 1), counts)
    total, leanings = len(products), rng.uniform(2.6, 4.9, len(counts))
    given = np.clip(np.rint(rng.normal(np.repeat(leanings, counts), 0.9)), 1, 5).astype(int).tolist()
    # seven has no divisor in common with the number of customers, so that nobody reviews a product twice
    authors = (
        (np.repeat(rng.integers(0, _CUSTOMERS, len(counts)), counts) + 7 * np.arange(total)) % _CUSTOMERS
    ).tolist()
    picks, ages = rng.integers(0, 24, (total, 4)).tolist(), _ints(rng, 2, 400, total)
    days = [_days_ago(age) for age in range(401)]
    lines = []
    for at, product in enumerate(products.tolist()):
        stars, (title, opening, middle, closing) = given[at], picks[at]
        body = " ".join((
            words.OPENINGS[opening % len(words.OPENINGS)],
            words.MIDDLES[stars][middle % 3],
            words.CLOSINGS[closing % len(words.CLOSINGS)],
        ))  # fmt: skip
        lines.append((product, authors[at] + 1, stars, words.TITLES[stars][title % 4], body, f"{days[ages[at]]} 12:00"))
    lines.sort(key=lambda line: (line[5], line[0]))
    _insert(connection, "reviews", "product_id user_id stars title body created_at", lines)


def vouchers(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Vouchers of all kinds: past, present and to come."""
    categories = [int(number) + 1 for number in rng.permutation(len(words.KINDS))[:3]]
    lines: list[tuple[Any, ...]] = [
        ("WELCOME10", "percent", 10, 0, None, _days_ago(200), _days_ago(-90), 1),
        ("SPRING15", "percent", 15, 15000, None, _days_ago(-7), _days_ago(-60), 0),
        ("WINTER20", "percent", 20, 5000, None, _days_ago(90), _days_ago(int(rng.integers(1, 4))), 0),
        ("TRAIL5", "percent", 5, 0, None, _days_ago(60), _days_ago(-30), 0),
        ("SHIPFREE", "delivery", 0, 3000, None, _days_ago(40), _days_ago(-20), 0),
        ("TWENTYOFF", "amount", 2000, _pick(rng, (16000, 18000, 22000)), None, _days_ago(30), _days_ago(-10), 0),
    ]
    for category in categories:
        kind, worth = words.KINDS[category - 1], _pick(rng, (12, 15, 18, 25))
        minimum, left = _pick(rng, (0, 8000, 15000)), int(rng.integers(-1, 25))
        code = f"{kind.slug.split('-', maxsplit=1)[0].upper()}{worth}"
        lines.append((code, "percent", worth, minimum, category, _days_ago(45), _days_ago(-left), 0))
    columns = "code kind worth minimum_cents category_id starts_on ends_on once"
    _insert(connection, "vouchers", columns, lines)


def orders(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Half a year of orders; the older ones are delivered or cancelled."""
    variants = connection.execute(
        "SELECT v.id, v.cents, p.category_id FROM variants v JOIN products p ON p.id = v.product_id ORDER BY v.id"
    ).fetchall()
    ways = {way["code"]: way for way in connection.execute("SELECT * FROM deliveries")}
    offers = connection.execute("SELECT * FROM vouchers ORDER BY id").fetchall()
    homes = {home["user_id"]: home for home in connection.execute("SELECT * FROM addresses WHERE main = 1")}
    draws = _draws(rng, len(variants), len(offers))
    placed, lines = [], list[tuple[int, int, int, int]]()
    used: set[tuple[int, int]] = set()
    minutes = np.sort(rng.gamma(0.8, 60.0, _ORDERS) % 180 * 1440).astype(int)[::-1].tolist()
    # numbers have gaps, as they do in life, and so that orders of a task find their place among them
    numbers = (_FIRST_ORDER - 3 + np.cumsum([3, *_ints(rng, 2, 4, _ORDERS - 1)])).tolist()
    for number, before in enumerate(minutes):
        draw = {name: column[number] for name, column in draws.items()}
        order_id, user_id = numbers[number], draw["user"]
        chosen = list(dict.fromkeys(draw["goods"][: draw["kinds"]]))
        wanted = [(variants[i], n) for i, n in zip(chosen, draw["count"], strict=False)]
        at = datetime.datetime(2026, 3, 2, 8, 40) - datetime.timedelta(minutes=before)
        basket = [{"cents": v["cents"], "category_id": v["category_id"], "quantity": n} for v, n in wanted]
        offer = offers[draw["offer"]] if draw["offer"] < len(offers) else None
        if offer is not None and refusal(offer, basket, f"{at:%Y-%m-%d}", (user_id, offer["id"]) in used):
            offer = None
        if offer is not None:
            used.add((user_id, offer["id"]))
        cost, home = bill(basket, offer, ways[draw["way"]]), homes[user_id]
        placed.append((
            order_id, user_id, f"{at:%Y-%m-%d %H:%M}", home["recipient"], home["street"], home["postcode"],
            home["city"], draw["way"], draw["payment"], offer["id"] if offer else None, cost.discount, cost.delivery,
            cost.total,
            *_progress(draw, at.date()),
        ))  # fmt: skip
        lines += [(order_id, v["id"], n, v["cents"]) for v, n in wanted]
    columns = "id user_id created_at recipient street postcode city delivery payment voucher_id discount_cents "
    _insert(connection, "orders", columns + "delivery_cents total_cents status shipped_on delivered_on", placed)
    _insert(connection, "order_lines", "order_id variant_id quantity cents", lines)


def _draws(rng: np.random.Generator, variants: int, offers: int) -> dict[str, list[Any]]:
    """What is random about the orders, one list for each thing."""
    return {
        "user": _ints(rng, 1, _CUSTOMERS, _ORDERS),
        "way": rng.choice(["standard", "standard", "express", "pickup"], _ORDERS).tolist(),
        "payment": rng.choice(["card", "card", "invoice"], _ORDERS).tolist(),
        "offer": _ints(rng, 0, 4 * offers, _ORDERS),
        "goods": rng.integers(0, variants, (_ORDERS, 4)).tolist(),
        "count": rng.choice([1, 1, 1, 2, 3], (_ORDERS, 4)).tolist(),
        "kinds": _ints(rng, 1, 4, _ORDERS),
        "fate": rng.random(_ORDERS).tolist(),
        "shipping": _ints(rng, 1, 3, _ORDERS),
        "delivery": _ints(rng, 1, 8, _ORDERS),
    }


def _progress(draw: dict[str, Any], placed: datetime.date) -> tuple[str, str | None, str | None]:
    """Status, and the days of shipping and delivery."""
    if draw["fate"] < 0.06:
        return "cancelled", None, None
    shipped = placed + datetime.timedelta(days=draw["shipping"])
    delivered = shipped + datetime.timedelta(days=draw["delivery"])
    if shipped >= _TODAY:
        return ("packed" if draw["fate"] < 0.4 else "placed"), None, None
    if delivered >= _TODAY:
        return "shipped", shipped.isoformat(), None
    return "delivered", shipped.isoformat(), delivered.isoformat()


def aftermath(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Refunds of cancelled orders, old returns, notes, messages, wishes and corrections of stock."""
    gone = connection.execute("SELECT * FROM orders WHERE status = 'cancelled'").fetchall()
    refunds = [
        (o["id"], o["total_cents"], "card", "order cancelled", o["created_at"][:10] + " 16:30")
        for o in gone
        if o["total_cents"]
    ]
    got = connection.execute(
        "SELECT l.*, o.delivered_on FROM order_lines l JOIN orders o ON o.id = l.order_id "
        "WHERE o.delivered_on BETWEEN '2025-09-20' AND '2026-01-31' ORDER BY l.id"
    ).fetchall()
    returned = []
    for at in sorted(rng.permutation(len(got))[:24].tolist()):
        line, fine = got[at], bool(rng.random() < 0.75)
        on = (datetime.date.fromisoformat(line["delivered_on"]) + datetime.timedelta(days=5)).isoformat()
        returned.append((
            line["id"], 1, str(rng.choice(["size", "dislike", "damaged"])), "card", "approved" if fine else "refused",
            "" if fine else "opened", f"{on} 11:20",
        ))  # fmt: skip
    _insert(connection, "refunds", "order_id cents refund_to reason created_at", refunds)
    _insert(connection, "returns", "order_line_id quantity reason refund_to status verdict created_at", returned)
    known = [row["id"] for row in connection.execute("SELECT id FROM orders ORDER BY id")]
    ids, staff = [known[at] for at in _ints(rng, 0, _ORDERS - 1, 50)], _CUSTOMERS + 1
    notes = [(o, staff + i % 3, _pick(rng, words.NOTES), f"{_days_ago(1 + i)} 10:05") for i, o in enumerate(ids)]
    _insert(connection, "order_notes", "order_id user_id body created_at", notes)
    told = []
    for age in sorted(_ints(rng, 1, 60, 20), reverse=True):
        topic, subject, body = _pick(rng, words.SUBJECTS)
        user_id, status = int(rng.integers(1, _CUSTOMERS + 1)), "answered" if age > 12 else "open"
        told.append((user_id, topic, subject, body, status, f"{_days_ago(age)} 14:15"))
    _insert(connection, "messages", "user_id topic subject body status created_at", told)
    answered = [
        (i, staff, "Thank you for asking. We look into it and call you.", m[5])
        for i, m in enumerate(told, 1)
        if m[4] == "answered"
    ]
    _insert(connection, "replies", "message_id user_id body created_at", answered)
    wished = {(u, p) for u, p in zip(_ints(rng, 1, _CUSTOMERS, 90), _ints(rng, 1, sum(_PRODUCTS), 90), strict=True)}
    _insert(connection, "wishes", "user_id product_id", sorted(wished))
    counted = [
        (v, 2, "count", f"Count {_days_ago(30)}", f"{_days_ago(30)} 18:00") for v in sorted(set(_ints(rng, 1, 500, 30)))
    ]
    _insert(connection, "stock_changes", "variant_id change reason reference created_at", counted)

"""Tasks in the shop: played, and what they want worked out a second time in SQL."""

from __future__ import annotations

import datetime
import json
import re
import sqlite3
from typing import Any

import numpy as np
import pytest
from browser_play import prove_family

from selftrain.envs.browser.family import Draft
from selftrain.envs.browser.goals import Inserted, Updated
from selftrain.envs.browser.sites.database import open_database
from selftrain.envs.browser.tasks.shop import FAMILIES
from selftrain.envs.browser.world import World

BY_NAME = {family.name: family for family in FAMILIES}


def one(database: sqlite3.Connection, sql: str, *values: Any) -> Any:
    return database.execute(sql, values).fetchone()[0]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.name))
@pytest.mark.parametrize("level", range(1, 6))
def test_oracles_pass_and_cheats_fail(family: Any, level: int) -> None:
    prove_family(family, (level,))


def drafted(name: str, level: int, seed: int) -> tuple[Draft, sqlite3.Connection]:
    draft = BY_NAME[name].make(np.random.default_rng([seed, level]), level, World(("shop",), "dev", seed % 32))
    return draft, open_database(draft.world.databases()["shop"])


SEEDS = range(6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [3, 4])
def test_the_cheapest_is_the_cheapest_by_sql(level: int, seed: int) -> None:
    draft, shop = drafted("shop-find-price", level, seed)
    told = draft.instruction
    category = next(r[0] for r in shop.execute("SELECT name FROM categories") if r[0].lower() in told)
    where = ["c.name = ?", "EXISTS (SELECT 1 FROM variants v WHERE v.product_id = p.id AND v.stock > 0)"]
    values: list[Any] = [category]
    for name in json.loads(one(shop, "SELECT specs FROM products JOIN categories c ON c.id = category_id "
                                     "WHERE c.name = ?", category)):  # fmt: skip
        said = re.search(rf"{name}: (at most|at least)? ?(-?[^;,.:)?]+)", told)
        if said and said[1]:
            compare = "<=" if said[1] == "at most" else ">="
            where.append(f"CAST(json_extract(specs, '$.\"{name}\"') AS INTEGER) {compare} ?")
            values.append(int(said[2].split()[0]))
        elif said:
            where.append(f"json_extract(specs, '$.\"{name}\"') = ?")
            values.append(said[2].strip())
    if "3.5 stars" in told:
        where.append("(SELECT AVG(stars) FROM reviews WHERE product_id = p.id) >= 3.5")
    sql = "SELECT MIN(v.cents) FROM variants v JOIN products p ON p.id = v.product_id JOIN categories c "
    cents = one(shop, f"{sql} ON c.id = p.category_id WHERE {' AND '.join(where)}", *values)
    assert draft.goal.answer == f"{cents / 100:,.2f}"


WORDS = {
    "smelled": "reek|smell|stank",
    "faded": "paler|bleached|washed out",
    "missing": "not in the box|incomplete|short of",
    "rattling": "rattle|clatter",
}
DENIALS = r"mine had none|No smell|mine is silent|no rattling|against what I feared"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [1, 3, 5])
def test_one_product_alone_has_the_complaint(level: int, seed: int) -> None:
    draft, shop = drafted("shop-survey-reviews", level, seed)
    pattern = next(words for topic, words in WORDS.items() if topic in draft.instruction)
    least = 3 if level == 5 else 1
    counts: dict[str, int] = {}
    for name, body, stars in shop.execute(
        "SELECT p.name, body, stars FROM reviews JOIN products p ON p.id = product_id ORDER BY reviews.id"
    ):
        if re.search(pattern, body) and not re.search(DENIALS, body) and stars >= least:
            counts[name] = counts.get(name, 0) + 1
    wanted = 1 if level == 1 else 2
    assert [name for name, count in counts.items() if count >= wanted] == [draft.goal.answer]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [3, 4, 5])
def test_duplicates_are_those_that_a_join_of_orders_finds(level: int, seed: int) -> None:
    draft, shop = drafted("shop-duplicate-orders", level, seed)
    hours = one(shop, "SELECT value FROM settings WHERE name = 'duplicate_hours'")
    keep_first = one(shop, "SELECT value FROM settings WHERE name = 'keep_first'")
    goods = ("(SELECT GROUP_CONCAT(x) FROM (SELECT variant_id || '*' || SUM(quantity) AS x FROM order_lines "
             "WHERE order_id = {}.id GROUP BY variant_id ORDER BY variant_id))")  # fmt: skip
    pairs = shop.execute(
        "SELECT a.id AS a, b.id AS b, a.status AS sa, b.status AS sb FROM orders a JOIN orders b "
        "ON a.user_id = b.user_id "
        "AND a.created_at < b.created_at AND (julianday(b.created_at) - julianday(a.created_at)) * 24 <= ? + 1e-6 "
        f"AND a.status != 'cancelled' AND b.status != 'cancelled' AND {goods.format('a')} = {goods.format('b')}",
        (hours,),
    ).fetchall()
    doomed = {}
    for pair in pairs:
        first, second = ("b", "a") if keep_first else ("a", "b")
        for which in (first, second):
            if pair["s" + which] in ("placed", "packed"):
                doomed[pair[which]] = pair["a" if which == "b" else "b"]
                break
    cancelled = {c.id for c in draft.goal.changes if isinstance(c, Updated) and c.table == "orders"}
    assert cancelled == set(doomed)
    for change in draft.goal.changes:
        if isinstance(change, Inserted) and change.table == "refunds":
            order = change.values["order_id"]
            given = one(shop, "SELECT COALESCE(SUM(cents), 0) FROM refunds WHERE order_id = ?", order)
            assert change.values["cents"] == one(shop, "SELECT total_cents FROM orders WHERE id = ?", order) - given
        if isinstance(change, Inserted) and change.table == "order_notes":
            assert change.values["order_id"] in doomed.values()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [2, 4, 5])
def test_returns_are_decided_as_sql_decides(level: int, seed: int) -> None:
    draft, shop = drafted("shop-decide-returns", level, seed)
    found = shop.execute(
        "SELECT r.id, CASE WHEN r.reason IN ('damaged', 'wrong') THEN CASE WHEN age > "
        "(SELECT value FROM settings WHERE name = 'fault_days') THEN 'too late' ELSE '' END "
        "WHEN age > c.return_days THEN 'too late' WHEN p.clearance AND NOT "
        "(SELECT value FROM settings WHERE name = 'clearance_ok') THEN 'clearance' "
        "WHEN r.opened AND NOT c.opened_ok THEN 'opened' ELSE '' END AS why FROM (SELECT r.*, o.user_id, l.variant_id, "
        "CAST(julianday(substr(r.created_at, 1, 10)) - julianday(o.delivered_on) AS INTEGER) AS age FROM returns r "
        "JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id) r "
        "JOIN variants v ON v.id = r.variant_id JOIN products p ON p.id = v.product_id "
        "JOIN categories c ON c.id = p.category_id WHERE r.status = 'requested'"
    )
    why = dict(found.fetchall())
    assert level == 2 or {change.id for change in draft.goal.changes} == set(why)
    for change in draft.goal.changes:
        if why[change.id]:
            assert change.values["status"] == "refused"
            assert change.values["verdict"](f"Sorry, {why[change.id]}")
            assert not change.values["verdict"]("too late, clearance, opened")
        else:
            assert change.values == {"status": "approved"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [3, 5])
def test_what_is_booked_is_what_the_note_says(level: int, seed: int) -> None:
    draft, shop = drafted("shop-book-delivery", level, seed)
    apart = one(shop, "SELECT value FROM settings WHERE name = 'damaged_apart'")
    text = next(iter(draft.files.values())).decode()
    fewer = {int(pos): int(count) for pos, count in re.findall(r"Pos (\d+): .*?, (\d+) piece fewer", text)}
    came: dict[str, list[int]] = {}
    for line in text.splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) == 7 and cells[0].isdigit():
            pack = int(cells[3].removeprefix("pack of ")) if cells[3] != "piece" else 1
            entry = came.setdefault(cells[1], [0, 0])
            entry[0] += int(cells[5]) * pack - fewer.get(int(cells[0]), 0)
            entry[1] += 0 if cells[6] == "-" else int(cells[6])
    wanted = set()
    for sku, (pieces, broken) in came.items():
        if apart:
            wanted |= {(sku, pieces)} if pieces else set()
            wanted |= {(sku, -broken)} if broken else set()
        elif pieces - broken:
            wanted.add((sku, pieces - broken))
    skus = dict(shop.execute("SELECT id, sku FROM variants").fetchall())
    booked = [c.values for c in draft.goal.changes if isinstance(c, Inserted)]
    assert {(skus[values["variant_id"]], values["change"]) for values in booked} == wanted
    assert len(booked) == len(wanted)


@pytest.mark.parametrize("seed", SEEDS)
def test_claims_are_granted_as_dates_and_prices_tell(seed: int) -> None:
    draft, shop = drafted("shop-refund-claims", 5, seed)
    figures = dict(shop.execute("SELECT name, value FROM settings").fetchall())
    due = {c.values["order_id"]: c.values["cents"] for c in draft.goal.changes if isinstance(c, Inserted)}
    for message in shop.execute("SELECT * FROM messages WHERE subject = 'Money back, please'").fetchall():
        order = shop.execute("SELECT * FROM orders WHERE id = ?", (message["order_id"],)).fetchone()
        placed = datetime.date.fromisoformat(order["created_at"][:10])
        lines = shop.execute(
            "SELECT l.*, p.name FROM order_lines l JOIN variants v ON v.id = variant_id JOIN products p "
            "ON p.id = v.product_id WHERE order_id = ?", (order["id"],)
        ).fetchall()  # fmt: skip
        cents = 0
        if "arrived late" in message["body"]:
            late = (datetime.date.fromisoformat(order["delivered_on"]) - placed).days > figures["late_days"]
            cents = order["delivery_cents"] if late else 0
        elif "damaged" in message["body"]:
            line = next(line for line in lines if line["name"] in message["body"])
            cents = line["cents"] * int(message["body"].split()[0]) * figures["goodwill_percent"] // 100
        else:
            line = next(line for line in lines if line["name"] in message["body"])
            last = placed + datetime.timedelta(days=figures["promise_days"])
            prices = shop.execute(
                "SELECT new_cents FROM price_changes WHERE variant_id = ? AND changed_on > ? AND changed_on <= ?",
                (line["variant_id"], str(placed), str(last)),
            ).fetchall()
            cents = max((line["cents"] - price[0] for price in prices), default=0) * line["quantity"]
        assert due.get(order["id"], 0) == cents

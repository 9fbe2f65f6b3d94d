"""The order desk of the shop: duplicate orders and refunds, by the handbook."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Goal, Inserted, Updated
from selftrain.envs.browser.script import Do, Script
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_common import (
    SHOP,
    SITE,
    Past,
    Product,
    Variant,
    catalogue,
    colleague,
    days_ago,
    money,
    place,
    setting,
)
from selftrain.envs.browser.tasks.shop_returns import refund_way
from selftrain.envs.browser.world import World

Change = Inserted | Updated
WAYS = {"card": "Original payment", "credit": "Store credit"}


def refund_script(order: int, cents: int, way: str, reason: str) -> tuple[Do, ...]:
    """The script that refunds an amount of an order."""
    return (
        Do(f"goto('{SHOP}/desk/orders/{order}')"),
        Do("fill", "textbox", "Amount", money(cents).replace(",", "")),
        Do("select", "combobox", "Refund to", WAYS[way]),
        Do("fill", "textbox", "Reason", reason),
        Do("click", "button", "Refund"),
    )


def message(world: World, user_id: int, order: int, subject: str, body: str, minute: int) -> None:
    """A message of a customer that came this morning."""
    world.write(
        SITE,
        "INSERT INTO messages (user_id, topic, order_id, subject, body, created_at) VALUES (?, 'order', ?, ?, ?, ?)",
        user_id, order, subject, body, f"{days_ago(0)} 08:{minute:02d}",
    )  # fmt: skip


def people_of(rng: np.random.Generator, world: World, count: int) -> list[tuple[int, str]]:
    """Ids and names of different customers."""
    found = world.rows(SITE, "SELECT id, name FROM users WHERE role = 'customer' ORDER BY id")
    return [(row["id"], row["name"]) for row in some_of(rng, found, count)]


class Shelf:
    """Variants of which each is handed out once, so that no two orders of a task touch the same stock."""

    def __init__(self, rng: np.random.Generator, world: World) -> None:
        self.products: Mapping[int, Product] = {p.id: p for p in catalogue(world)}
        several = [p for p in self.products.values() if len(p.variants) > 1 and all(v.stock > 4 for v in p.variants)]
        self._left = some_of(rng, several, len(several))
        self._rng = rng

    def take(self, count: int) -> list[tuple[Variant, int]]:
        """Variants of different products, and quantities."""
        taken = [self._left.pop() for _ in range(count)]
        return [(p.variants[0], int(self._rng.integers(1, 4))) for p in taken]

    def sibling(self, variant: Variant) -> Variant:
        """Another variant of the same product."""
        return self.products[variant.product_id].variants[1]


# duplicate orders


@dataclass(frozen=True)
class Pair:
    """Two orders of a customer that look alike.

    Attributes:
        name: of the customer.
        earlier, later: numbers.
        cancel: the number that must be cancelled, or 0 if none must be.
        goods: of the order to cancel.
        cents, way: what is to be refunded, and where to.
    """

    name: str
    earlier: int
    later: int
    cancel: int
    goods: Sequence[tuple[Variant, int]]
    cents: int
    way: str

    @property
    def stays(self) -> int:
        """The other order."""
        return self.earlier if self.cancel == self.later else self.later


def _pair(rng: np.random.Generator, world: World, shelf: Shelf, kind: str, person: tuple[int, str]) -> Pair:
    """Two orders of last Friday; `kind` says what is particular about them."""
    hours, keep_first = setting(world, "duplicate_hours"), bool(setting(world, "keep_first"))
    goods = shelf.take(int(rng.integers(1, 4)))
    other = list(goods)
    if kind == "variant":
        other[0] = (shelf.sibling(goods[0][0]), goods[0][1])
    if kind == "quantity":
        other[-1] = (goods[-1][0], goods[-1][1] + 1)
    apart = int(
        rng.integers(hours * 60 + 20, hours * 60 + 180) if kind == "far apart" else rng.integers(3, hours * 60 - 5)
    )
    first = datetime.datetime(2026, 2, 27, 8, int(rng.integers(60)))
    second = first + datetime.timedelta(minutes=apart)
    payment, statuses = one_of(rng, ("card", "invoice")), [one_of(rng, ("placed", "packed")) for _ in range(2)]
    if kind == "shipped":
        statuses[1 if keep_first else 0] = "shipped"
    if kind == "both shipped":
        statuses = ["shipped", "shipped"]
    numbers = [
        place(world, person[0], Past(f"{at:%Y-%m-%d %H:%M}", wanted, payment=payment, status=status,
              shipped_on="2026-02-28" if status == "shipped" else None, delivery=one_of(rng, ("standard", "express"))),
              shelf.products)
        for at, wanted, status in ((first, goods, statuses[0]), (second, other, statuses[1]))
    ]  # fmt: skip
    doomed = numbers[1 if keep_first != (kind == "shipped") else 0]
    way = refund_way(world, payment)
    cents = int(world.row(SITE, "SELECT total_cents FROM orders WHERE id = ?", doomed)["total_cents"])
    if kind == "partly refunded":
        given = min(cents // 2, 100 * int(rng.integers(3, 12)))
        world.write(
            SITE,
            "INSERT INTO refunds (order_id, cents, refund_to, reason, created_at) VALUES (?, ?, ?, 'goodwill', ?)",
            doomed, given, way, "2026-02-28 15:10",
        )  # fmt: skip
        cents -= given
    nothing = kind in ("variant", "quantity", "far apart", "both shipped")
    return Pair(person[1], numbers[0], numbers[1], 0 if nothing else doomed, goods, cents, way)


_KINDS = {1: ("plain",), 2: ("plain",), 3: ("plain",), 4: ("shipped", "partly refunded")}
_KINDS_OF_MANY = ("plain", "shipped", "partly refunded", "variant", "quantity", "far apart", "both shipped")


def _duplicates(rng: np.random.Generator, level: int, world: World) -> Draft:
    staff, shelf = colleague(rng, world), Shelf(rng, world)
    if level < 5:
        (person,) = people_of(rng, world, 1)
        pairs = [_pair(rng, world, shelf, one_of(rng, _KINDS[level]), person)]
        if level >= 3:
            _decoy(world, shelf, person, pairs[0])
    else:
        pairs = _reported(rng, world, shelf)
    real = [pair for pair in pairs if pair.cancel]
    changes = [change for pair in real for change in _changes(world, staff.id, pair)]
    first = real[0]
    turned = replace(first, cancel=first.stays)
    sign_in = staff.sign_in
    cheats: dict[str, Script] = {
        "no note": (*sign_in, *_cancel(first.cancel), *_money_back(first), Do("submit()")),
        "a dollar too little": (
            *sign_in,
            *_solved([replace(first, cents=first.cents - 100), *real[1:]]),
            Do("submit()"),
        ),
        "to the wrong place": (
            *sign_in,
            *_solved([replace(first, way="credit" if first.way == "card" else "card")]),
            Do("submit()"),
        ),
    }
    if level <= 3:
        cheats["the other one"] = (*sign_in, *_solved([turned]), Do("submit()"))
    if level == 5:
        cheats["all but the last"] = (*sign_in, *_solved(real[:-1]), Do("submit()"))
    oracle = (*sign_in, Do(f"goto('{SHOP}/desk/handbook')"), *_solved(real), Do("submit()"))
    told = _duplicates_told(rng, level, pairs[0], staff.told)
    return Draft(told, world, Goal(changes, {SITE: staff.username}), oracle, cheats, steps=60 + 30 * len(pairs))


def _reported(rng: np.random.Generator, world: World, shelf: Shelf) -> list[Pair]:
    """Pairs of several customers, each of whom wrote a message; at least one is a duplicate."""
    kinds = ["plain", *some_of(rng, _KINDS_OF_MANY, 5)]
    people = people_of(rng, world, len(kinds))
    pairs = [_pair(rng, world, shelf, kind, person) for kind, person in zip(kinds, people, strict=True)]
    for at in rng.permutation(len(pairs)).tolist():
        body = "I am not sure whether I ordered twice last Friday. If so, please put it right. Thank you!"
        message(
            world, people[at][0], one_of(rng, (pairs[at].earlier, pairs[at].later)), "Ordered twice?", body, 10 + at
        )
    return pairs


def _decoy(world: World, shelf: Shelf, person: tuple[int, str], pair: Pair) -> None:
    """An order of the same day with a piece more."""
    variant, quantity = pair.goods[0]
    wanted = [(variant, quantity + 1), *pair.goods[1:]]
    place(world, person[0], Past("2026-02-27 08:59", wanted, status="packed"), shelf.products)


def _changes(world: World, staff_id: int, pair: Pair) -> list[Change]:
    refund = {"order_id": pair.cancel, "cents": pair.cents, "refund_to": pair.way}
    note = Contains(("duplicate order", str(pair.cancel)))
    return [
        Updated(SITE, "orders", pair.cancel, {"status": "cancelled"}),
        *(Updated(SITE, "variants", v.id, {"stock": v.stock + quantity}) for v, quantity in pair.goods),
        Inserted(SITE, "refunds", {**refund, "reason": Contains(("duplicate order",), 200)}),
        Inserted(SITE, "order_notes", {"order_id": pair.stays, "user_id": staff_id, "body": note}),
    ]


def _cancel(order: int) -> tuple[Do, ...]:
    return (Do(f"goto('{SHOP}/desk/orders/{order}/cancel')"), Do("click", "button", f"Yes, cancel order {order}"))


def _money_back(pair: Pair) -> tuple[Do, ...]:
    return refund_script(pair.cancel, pair.cents, pair.way, "Duplicate order")


def _solved(pairs: Sequence[Pair]) -> tuple[Do, ...]:
    script: list[Do] = []
    for pair in pairs:
        script += [*_cancel(pair.cancel), *_money_back(pair), Do(f"goto('{SHOP}/desk/orders/{pair.stays}')")]
        script.append(Do("fill", "textbox", "Note", f"Order {pair.cancel} was a duplicate order and is cancelled."))
        script.append(Do("click", "button", "Add note"))
    return tuple(script)


def _duplicates_told(rng: np.random.Generator, level: int, pair: Pair, account: str) -> str:
    if level == 1:
        what = (
            f"Order {pair.cancel} of {pair.name} is a duplicate of order {pair.stays}. Cancel it, refund all that was "
            f"paid for it ({WAYS[pair.way].lower()}, with the reason 'duplicate order'), and leave a note at order "
            f"{pair.stays} that holds the words 'duplicate order' and the number {pair.cancel}."
        )
    elif level == 2:
        what = (
            f"{pair.name} seems to have placed order {pair.earlier} a second time. Find the other one and handle the "
            "duplicate as the desk handbook says: cancellation, refund and note."
        )
    elif level in (3, 4):
        what = (
            f"{pair.name} called: one of the orders of last Friday (2026-02-27) was placed twice by mistake. Handle "
            "the duplicate as the desk handbook says, with cancellation, refund and note. The other orders stay as "
            "they are."
        )
    else:
        what = (
            "This morning several customers wrote with the subject 'Ordered twice?'. For each of them look whether "
            "the order has a duplicate in the sense of the desk handbook, and handle those that do as the handbook "
            "says: cancellation, refund and note. Where there is nothing to cancel, change nothing. The messages need "
            "no reply."
        )
    return one_of(rng, (
        "You work at the order desk of Larkfield Outdoor. {what} Your {account}.",
        "{what} This is the order desk of Larkfield Outdoor; sign in with {account}.",
        "A task for the order desk. {what} Your login: {account}.",
    )).format(what=what, account=account)  # fmt: skip


FAMILIES = (
    BrowserFamily(
        "shop-duplicate-orders", "cancel the duplicate order, refund what was paid and leave the note that policy "
        "requires",
        ("policy reading", "comparison of near-duplicates", "several dependent changes"), 0.0, (SITE,), _duplicates,
    ),
)  # fmt: skip

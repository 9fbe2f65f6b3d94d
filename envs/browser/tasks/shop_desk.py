"""The order desk of the shop: duplicate orders and refunds, by the handbook."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Goal, Inserted, Updated
from selftrain.envs.browser.script import Do, Script
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
    pick,
    place,
    setting,
    some,
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
    return [(row["id"], row["name"]) for row in some(rng, found, count)]


class _Shelf:
    """Variants of which each is handed out once, so that no two orders of a task touch the same stock."""

    def __init__(self, rng: np.random.Generator, world: World) -> None:
        self.products: Mapping[int, Product] = {p.id: p for p in catalogue(world)}
        several = [p for p in self.products.values() if len(p.variants) > 1 and all(v.stock > 4 for v in p.variants)]
        self._left = some(rng, several, len(several))
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


def _pair(rng: np.random.Generator, world: World, shelf: _Shelf, kind: str, person: tuple[int, str]) -> Pair:
    """Two orders of last Friday; `kind` says what is particular about them."""
    hours, keep_first = setting(world, "duplicate_hours"), bool(setting(world, "keep_first"))
    goods = shelf.take(int(rng.integers(1, 4)))
    other = list(goods)
    if kind == "variant":
        other[0] = (shelf.sibling(goods[0][0]), goods[0][1])
    if kind == "quantity":
        other[-1] = (goods[-1][0], goods[-1][1] + 1)
    apart = int(rng.integers(hours * 60 + 20, hours * 60 + 180) if kind == "far apart" else rng.integers(3, hours * 60 - 5))
    first = datetime.datetime(2026, 2, 27, 8, int(rng.integers(60)))
    second = first + datetime.timedelta(minutes=apart)
    payment, statuses = pick(rng, ("card", "invoice")), [pick(rng, ("placed", "packed")) for _ in range(2)]
    if kind == "shipped":
        statuses[1 if keep_first else 0] = "shipped"
    if kind == "both shipped":
        statuses = ["shipped", "shipped"]
    numbers = [
        place(world, person[0], Past(f"{at:%Y-%m-%d %H:%M}", wanted, payment=payment, status=status,
              shipped_on="2026-02-28" if status == "shipped" else None, delivery=pick(rng, ("standard", "express"))),
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
    return Pair(person[1], *numbers, 0 if nothing else doomed, goods, cents, way)


_KINDS = {1: ("plain",), 2: ("plain",), 3: ("plain",), 4: ("shipped", "partly refunded")}
_KINDS_OF_MANY = ("plain", "shipped", "partly refunded", "variant", "quantity", "far apart", "both shipped")


def _duplicates(rng: np.random.Generator, level: int, world: World) -> Draft:
    staff, shelf = colleague(rng, world), _Shelf(rng, world)
    if level < 5:
        (person,) = people_of(rng, world, 1)
        pairs = [_pair(rng, world, shelf, pick(rng, _KINDS[level]), person)]
        if level >= 3:
            _decoy(world, shelf, person, pairs[0])
    else:
        kinds = ["plain", *some(rng, _KINDS_OF_MANY, 5)]
        people = people_of(rng, world, len(kinds))
        pairs = [_pair(rng, world, shelf, kind, person) for kind, person in zip(kinds, people, strict=True)]
        for at in rng.permutation(len(pairs)).tolist():
            body = "I am not sure whether I ordered twice last Friday. If so, please put it right. Thank you!"
            message(world, people[at][0], pick(rng, (pairs[at].earlier, pairs[at].later)), "Ordered twice?", body, 10 + at)
    real = [pair for pair in pairs if pair.cancel]
    changes = [change for pair in real for change in _changes(world, staff.id, pair)]
    first = real[0]
    turned = replace(first, cancel=first.stays)
    sign_in = staff.sign_in
    cheats: dict[str, Script] = {
        "no note": (*sign_in, *_cancel(first.cancel), *_money_back(first), Do("submit()")),
        "a dollar too little": (*sign_in, *_solved([replace(first, cents=first.cents - 100), *real[1:]]), Do("submit()")),
        "to the wrong place": (*sign_in, *_solved([replace(first, way="credit" if first.way == "card" else "card")]), Do("submit()")),
    }
    if level <= 3:
        cheats["the other one"] = (*sign_in, *_solved([turned]), Do("submit()"))
    if level == 5:
        cheats["only the first"] = (*sign_in, *_solved(real[:1]), *_cancel(real[-1].cancel) * (len(real) > 1), Do("submit()"))
    oracle = (*sign_in, Do(f"goto('{SHOP}/desk/handbook')"), *_solved(real), Do("submit()"))
    told = _duplicates_told(rng, level, pairs[0], staff.told)
    return Draft(told, world, Goal(changes, {SITE: staff.username}), oracle, cheats, steps=60 + 30 * len(pairs))


def _decoy(world: World, shelf: _Shelf, person: tuple[int, str], pair: Pair) -> None:
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
            f"Order {pair.cancel} of {pair.name} is a duplicate of order {pair.stays}. Cancel it, refund all that was paid "
            f"for it ({WAYS[pair.way].lower()}, with the reason 'duplicate order'), and leave a note at order {pair.stays} "
            f"that holds the words 'duplicate order' and the number {pair.cancel}."
        )
    elif level == 2:
        what = (
            f"{pair.name} seems to have placed order {pair.earlier} a second time. Find the other one and handle the "
            f"duplicate as the desk handbook says: cancellation, refund and note."
        )
    elif level in (3, 4):
        what = (
            f"{pair.name} called: one of the orders of last Friday (2026-02-27) was placed twice by mistake. Handle the "
            f"duplicate as the desk handbook says, with cancellation, refund and note. The other orders stay as they are."
        )
    else:
        what = (
            "This morning several customers wrote with the subject 'Ordered twice?'. For each of them look whether the order "
            "has a duplicate in the sense of the desk handbook, and handle those that do as the handbook says: cancellation, "
            "refund and note. Where there is nothing to cancel, change nothing. The messages need no reply."
        )
    return pick(rng, (
        "You work at the order desk of Larkfield Outdoor. {what} Your {account}.",
        "{what} This is the order desk of Larkfield Outdoor; sign in with {account}.",
        "A task for the order desk. {what} Your login: {account}.",
    )).format(what=what, account=account)  # fmt: skip


# refunds


@dataclass(frozen=True)
class Claim:
    """What a customer asks for, and what the handbook grants.

    Attributes:
        name, order: whose, and which.
        words: what the customer says.
        cents: what is due, 0 for nothing.
        naive: what somebody would refund who does not read the handbook.
        way: where the money goes.
        reason: as the handbook calls it.
    """

    name: str
    order: int
    words: str
    cents: int
    naive: int
    way: str
    reason: str


def _late(rng: np.random.Generator, world: World, shelf: _Shelf, person: tuple[int, str], granted: bool) -> Claim:
    limit = setting(world, "late_days")
    took = int(rng.integers(limit + 1, limit + 6) if granted else rng.integers(limit - 2, limit + 1))
    payment = pick(rng, ("card", "invoice"))
    goods = [(variant, 1) for variant, _ in shelf.take(2)]
    past = Past(f"{days_ago(20)} 10:05", goods, "express", payment, "delivered", days_ago(20 - took + 1), days_ago(20 - took))
    order = place(world, person[0], past, shelf.products)
    paid = int(world.row(SITE, "SELECT delivery_cents FROM orders WHERE id = ?", order)["delivery_cents"])
    words = "My parcel arrived late. I would like to have the delivery cost back."
    return Claim(person[1], order, words, paid * granted, paid, refund_way(world, payment), "late delivery")


def _kept(rng: np.random.Generator, world: World, shelf: _Shelf, person: tuple[int, str], granted: bool) -> Claim:
    del granted
    payment, goods = pick(rng, ("card", "invoice")), shelf.take(3)
    past = Past(f"{days_ago(15)} 10:05", goods, "standard", payment, "delivered", days_ago(14), days_ago(11))
    order = place(world, person[0], past, shelf.products)
    variant, quantity = pick(rng, goods)
    broken = int(rng.integers(1, quantity + 1))
    words = (
        f"{broken} of the {shelf.products[variant.product_id].name} ({variant.name}) came damaged. I keep "
        f"{'it' if broken == 1 else 'them'} if you give me something back."
    )
    whole = variant.cents * broken
    cents = whole * setting(world, "goodwill_percent") // 100
    return Claim(person[1], order, words, cents, whole, refund_way(world, payment), "damaged, kept")


def _promise(rng: np.random.Generator, world: World, shelf: _Shelf, person: tuple[int, str], granted: bool) -> Claim:
    window, payment, goods = setting(world, "promise_days"), pick(rng, ("card", "invoice")), shelf.take(2)
    variant, quantity = goods[0]
    ordered = window + 16
    past = Past(f"{days_ago(ordered)} 10:05", goods, "standard", payment, "delivered", days_ago(ordered - 1), days_ago(ordered - 4))
    order = place(world, person[0], past, shelf.products)
    first, second = sorted(some(rng, list(range(1, window + 1)), 2))
    days = [first, second, window + int(rng.integers(2, 9))] if granted else [window + 1, window + 5]
    price = variant.cents
    best = price
    world.write(SITE, "DELETE FROM price_changes WHERE variant_id = ?", variant.id)
    for day in days:
        lower = price - 50 * int(rng.integers(3, 12))
        changed = (variant.id, days_ago(ordered - day), price, lower)
        columns = "variant_id, changed_on, old_cents, new_cents"
        world.write(SITE, f"INSERT INTO price_changes ({columns}) VALUES (?, ?, ?, ?)", *changed)
        price = lower
        best = price if day <= window else best
    world.write(SITE, "UPDATE variants SET cents = ? WHERE id = ?", price, variant.id)
    words = f"The {shelf.products[variant.product_id].name} ({variant.name}) is cheaper now than when I ordered it. You promise the difference."
    due, naive = (variant.cents - best) * quantity, (variant.cents - price) * quantity
    return Claim(person[1], order, words, due, naive, refund_way(world, payment), "price promise")


_CLAIMS = {"late": _late, "kept": _kept, "promise": _promise}


def _refunds(rng: np.random.Generator, level: int, world: World) -> Draft:
    staff, shelf = colleague(rng, world), _Shelf(rng, world)
    kinds: list[tuple[str, bool]] = {
        1: [("late", True)],
        2: [("kept", True)],
        3: [("promise", True)],
        4: [("late", True), ("kept", True), ("promise", False), ("promise", True)],
        5: [("late", True), ("late", False), ("late", False), ("kept", True), ("kept", True), ("kept", True),
            ("promise", True), ("promise", True), ("promise", False)],
    }[level]  # fmt: skip
    people = people_of(rng, world, len(kinds))
    kinds = [kinds[at] for at in rng.permutation(len(kinds)).tolist()]
    claims = [_CLAIMS[kind](rng, world, shelf, person, ok) for (kind, ok), person in zip(kinds, people, strict=True)]
    for at, (claim, person) in enumerate(zip(claims, people, strict=True)):
        if level >= 4:
            message(world, person[0], claim.order, "Money back, please", claim.words, 10 + at)
    due = [claim for claim in claims if claim.cents]
    changes = [
        Inserted(SITE, "refunds", {
            "order_id": c.order, "cents": c.cents, "refund_to": c.way, "reason": Contains((c.reason,), 200),
        })
        for c in due
    ]  # fmt: skip
    naive = [replace(claim, cents=claim.naive) for claim in claims]
    if [c.cents for c in naive] == [c.cents for c in claims]:
        naive = [replace(claim, cents=claim.cents + 100) for claim in claims]
    elsewhere = replace(due[0], way="credit" if due[0].way == "card" else "card")
    cheats: dict[str, Script] = {
        "what they ask for": (*staff.sign_in, *_paid(naive), Do("submit()")),
        "to the wrong place": (*staff.sign_in, *_paid([elsewhere, *due[1:]]), Do("submit()")),
        "twice": (*staff.sign_in, *_paid([*due, replace(due[0], cents=1)]), Do("submit()")),
    }
    oracle = (*staff.sign_in, Do(f"goto('{SHOP}/desk/handbook')"), *_paid(due), Do("submit()"))
    told = _refunds_told(rng, level, claims[0], staff.told)
    return Draft(told, world, Goal(changes, {SITE: staff.username}), oracle, cheats, steps=60 + 16 * len(claims))


def _paid(claims: Sequence[Claim]) -> tuple[Do, ...]:
    return tuple(do for c in claims for do in refund_script(c.order, c.cents, c.way, c.reason.capitalize()))


def _refunds_told(rng: np.random.Generator, level: int, claim: Claim, account: str) -> str:
    if level <= 3:
        what = (
            f"{claim.name} writes about order {claim.order}: '{claim.words}' Refund what the desk handbook grants, to where "
            f"it says and with the reason that it names."
        )
    else:
        what = (
            "This morning several customers wrote with the subject 'Money back, please'. Look at each order and refund what "
            "the desk handbook grants, to where it says and with the reason that it names; where it grants nothing, change "
            "nothing. One refund for each order at most. The messages need no reply."
        )
    return pick(rng, (
        "You work at the order desk of Larkfield Outdoor. {what} Your {account}.",
        "{what} You find the handbook at the order desk of Larkfield Outdoor; sign in with {account}.",
        "Something for the order desk: {what} Your login: {account}.",
    )).format(what=what, account=account)  # fmt: skip


FAMILIES = (
    BrowserFamily(
        "shop-duplicate-orders", "cancel the duplicate order, refund what was paid and leave the note that policy requires",
        ("policy reading", "comparison of near-duplicates", "several dependent changes"), 0.0, (SITE,), _duplicates,
    ),
    BrowserFamily(
        "shop-refund-claims", "refund what the handbook grants of what customers ask for, and nothing else",
        ("policy reading", "money arithmetic", "date arithmetic"), 0.0, (SITE,), _refunds,
    ),
)  # fmt: skip

"""Returns in the shop: what a customer may send back, and what the desk must decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do, Script
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_common import (
    SHOP,
    SITE,
    Account,
    Product,
    Variant,
    catalogue,
    colleague,
    customer,
    days_ago,
    delivered,
    place,
    setting,
)
from selftrain.envs.browser.world import World

REASONS = {
    "size": "Wrong size or fit", "dislike": "Not as expected", "damaged": "Arrived damaged or faulty",
    "wrong": "Wrong item sent",
}  # fmt: skip
REFUSALS = ("too late", "clearance", "opened")
_AGES = (5, 12, 13, 14, 15, 19, 20, 21, 22, 23, 28, 29, 30, 31, 33, 43, 44, 45, 46, 48, 58, 59, 60, 61, 74, 75, 76, 91)


@dataclass(frozen=True)
class Item:
    """Goods that somebody wants to send back.

    Attributes:
        variant, product, quantity: what.
        reason, opened: as the form has them.
        age: days since its delivery on the day of the return.
        line: id of the order line, once it is written.
    """

    variant: Variant
    product: Product
    quantity: int
    reason: str
    opened: bool
    age: int
    line: int = 0


@dataclass(frozen=True)
class Policy:
    """The returns policy of a world."""

    fault_days: int
    clearance_ok: bool
    terms: dict[int, tuple[int, bool]]

    def refusal(self, item: Item) -> str:
        """Why this does not come back, in the words of the handbook, or ""."""
        if item.reason in ("damaged", "wrong"):
            return "too late" if item.age > self.fault_days else ""
        days, opened_ok = self.terms[item.product.category_id]
        if item.age > days:
            return "too late"
        if item.product.clearance and not self.clearance_ok:
            return "clearance"
        return "opened" if item.opened and not opened_ok else ""


def policy_of(world: World) -> Policy:
    """The policy that the help page tells."""
    terms = {r["id"]: (r["return_days"], bool(r["opened_ok"])) for r in world.rows(SITE, "SELECT * FROM categories")}
    return Policy(setting(world, "fault_days"), bool(setting(world, "clearance_ok")), terms)


def refund_way(world: World, payment: str) -> str:
    """Where refunds of an order go that was paid like this, if the customer prefers the original payment."""
    return "credit" if payment == "invoice" and setting(world, "invoice_credit") else "card"


def _draw(rng: np.random.Generator, products: Sequence[Product], age: int, faults: bool = True) -> Item:
    cleared = rng.random() < 0.3
    product = one_of(rng, [p for p in products if p.clearance == cleared])
    reasons = ("size", "dislike", "dislike", "damaged", "wrong") if faults else ("dislike",)
    return Item(
        one_of(rng, product.variants),
        product,
        int(rng.integers(1, 4)),
        one_of(rng, reasons),
        bool(rng.random() < 0.4),
        age,
    )


# a customer's returns


@dataclass(frozen=True)
class Parcel:
    """A delivered order and what of it somebody would like to send back."""

    items: Sequence[Item]
    payment: str
    number: int = 0


def _parcels(rng: np.random.Generator, level: int, products: Sequence[Product], policy: Policy) -> list[Parcel]:
    """Orders with goods of which the policy takes some back and others not."""
    while True:
        ages = some_of(rng, _AGES, {1: 1, 2: 1, 3: 1, 4: 3, 5: 6}[level])
        parcels = []
        for age in ages:
            items = [_draw(rng, products, age, level >= 4) for _ in range({1: 2, 2: 3, 3: 5, 4: 3, 5: 3}[level])]
            if level <= 3:
                items = [replace(item, opened=False, quantity=max(item.quantity, 2)) for item in items]
            parcels.append(Parcel(items, one_of(rng, ("card", "invoice"))))
        everything = [item for parcel in parcels for item in parcel.items]
        taken = [item for item in everything if not policy.refusal(item)]
        if len({item.product.id for item in everything}) < len(everything):
            continue
        if (level <= 2 and len(taken) == len(everything)) or (level >= 3 and 2 <= len(taken) <= 0.7 * len(everything)):
            return parcels


def _return(rng: np.random.Generator, level: int, world: World) -> Draft:
    account, policy = customer(rng, world), policy_of(world)
    had = {
        row["product_id"]
        for row in world.rows(
            SITE,
            "SELECT v.product_id FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = "
            "l.variant_id WHERE o.user_id = ?",
            account.id,
        )
    }
    # an item that an older order has as well could not be told apart
    products = [product for product in catalogue(world) if product.id not in had]
    parcels = [
        _written(world, account.id, parcel, {p.id: p for p in products}, 0)
        for parcel in _parcels(rng, level, products, policy)
    ]
    if level <= 2:
        chosen = replace(parcels[0].items[0], quantity=1 if level == 2 else parcels[0].items[0].quantity)
        wanted = [replace(parcels[0], items=[chosen])]
    else:
        wanted = [replace(parcel, items=[i for i in parcel.items if not policy.refusal(i)]) for parcel in parcels]
    preferred = "credit" if level == 2 else "card"
    ways = {p.number: "credit" if preferred == "credit" else refund_way(world, p.payment) for p in parcels}
    changes = [
        Inserted(SITE, "returns", {
            "order_line_id": item.line, "quantity": item.quantity, "reason": item.reason, "opened": int(item.opened),
            "refund_to": ways[parcel.number],
        })
        for parcel in wanted
        for item in parcel.items
    ]  # fmt: skip
    oracle = (*account.sign_in, Do(f"goto('{SHOP}/help/returns')"), *_send(wanted, ways), Do("submit()"))
    return Draft(
        _return_told(rng, level, account, parcels, wanted),
        world,
        Goal(changes, {SITE: account.username}),
        oracle,
        _return_cheats(account, parcels, wanted, ways),
        steps=80 + 25 * len(parcels),
    )


def _written(world: World, user_id: int, parcel: Parcel, products: dict[int, Product], before: int) -> Parcel:
    """The parcel as an order of the database, delivered `age` days before a day that is `before` days ago."""
    past = delivered(parcel.items[0].age + before, 4, [(i.variant, i.quantity) for i in parcel.items], parcel.payment)
    number = place(world, user_id, past, products)
    lines = world.rows(SITE, "SELECT id FROM order_lines WHERE order_id = ? ORDER BY id", number)
    items = [replace(item, line=line["id"]) for item, line in zip(parcel.items, lines, strict=True)]
    return replace(parcel, items=items, number=number)


def _send(parcels: Sequence[Parcel], ways: dict[int, str]) -> tuple[Do, ...]:
    script: list[Do] = []
    for parcel in parcels:
        if not parcel.items:
            continue
        script.append(Do(f"goto('{SHOP}/orders/{parcel.number}/return')"))
        for item in parcel.items:
            sku = item.variant.sku
            script.append(Do("fill", "spinbutton", f"Quantity of {sku}", str(item.quantity)))
            script.append(Do("select", "combobox", f"Reason for {sku}", REASONS[item.reason]))
            script += [Do("check", "checkbox", f"{sku} is opened or used")] * item.opened
        way = {"card": "Original payment", "credit": "Store credit"}[ways[parcel.number]]
        script += [Do("check", "radio", way), Do("click", "button", "Send return")]
    return tuple(script)


def _return_cheats(
    account: Account, parcels: Sequence[Parcel], wanted: Sequence[Parcel], ways: dict[int, str]
) -> dict[str, Script]:
    swapped = {number: "card" if way == "credit" else "credit" for number, way in ways.items()}
    first = next(p for p in wanted if p.items)
    cheats: dict[str, Script] = {
        "refunded the other way": (*account.sign_in, *_send(wanted, swapped), Do("submit()")),
        "everything": (*account.sign_in, *_send(parcels, ways), Do("submit()")),
    }
    if sum(len(p.items) for p in wanted) > 1:
        half = replace(first, items=first.items[:1])
        cheats["half of it"] = (*account.sign_in, *_send([half], ways), Do("submit()"))
    return cheats


def _return_told(
    rng: np.random.Generator, level: int, account: Account, parcels: Sequence[Parcel], wanted: Sequence[Parcel]
) -> str:
    if level <= 2:
        item = wanted[0].items[0]
        count = "One piece" if level == 2 else f"All {item.quantity} pieces"
        way = "as store credit" if level == 2 else "on my original payment, or where else the returns policy sends it"
        what = (
            f"{count} of the {item.product.name} ({item.variant.name}) from my order {wanted[0].number}, reason "
            f"'{REASONS[item.reason]}', unopened. I would like the money back {way}."
        )
    else:
        states = [
            f"{i.quantity} × {i.product.name} ({i.variant.name}): {REASONS[i.reason]}, "
            f"{'opened' if i.opened else 'unopened'}"
            for parcel in parcels
            for i in parcel.items
        ]
        orders = ", ".join(str(p.number) for p in parcels)
        which = f"order {orders}" if level == 3 else "my latest deliveries" if level == 5 else f"orders {orders}"
        what = (
            f"From {which} I would like to send back: {'; '.join(states)}. Register all of these that the shop's "
            "returns policy takes back, in full quantity and with these reasons, and none that it does not. I want "
            "the money on my original payment wherever the policy lets me choose."
        )
    return one_of(rng, (
        "Please register a return for me at Larkfield Outdoor. {what} The comment stays empty. My {account}.",
        "I have goods to send back to Larkfield Outdoor. {what} Leave the comment empty. Sign in with {account}.",
        "Help me with a return in the shop. {what} No comment is needed. Login: {account}.",
    )).format(what=what, account=account.told)  # fmt: skip


# the desk's decisions


@dataclass(frozen=True)
class Says:
    """A text that names this reason and none of the others."""

    reason: str

    def __call__(self, value: Any) -> bool:
        """Whether `value` is such a text."""
        return isinstance(value, str) and [each for each in REFUSALS if each in value.casefold()] == [self.reason]


@dataclass(frozen=True)
class Case:
    """A return that waits for a decision, and why it must be refused ("" if not)."""

    id: int
    customer: str
    refusal: str


def _decide(rng: np.random.Generator, level: int, world: World) -> Draft:
    staff, policy = colleague(rng, world), policy_of(world)
    count = {1: 3, 2: 6, 3: 5, 4: 10, 5: 22}[level]
    items = _waiting(rng, catalogue(world), policy, count)
    people = some_of(rng, world.rows(SITE, "SELECT id, name FROM users WHERE role = 'customer' ORDER BY id"), count)
    if level == 2:
        people = [people[at // 3] for at in range(count)]
    cases = [_registered(rng, world, item, person, policy) for item, person in zip(items, people, strict=True)]
    mine = cases[:1] if level == 1 else cases[:3] if level == 2 else cases
    which = {1: f"return {cases[0].id}", 2: f"all waiting returns of {cases[0].customer}"}.get(
        level, "all returns that wait"
    )
    told = one_of(rng, (
        "Please decide {which} at the order desk of Larkfield Outdoor, by the returns policy and the desk handbook. "
        "Where you refuse, give the reason in the handbook's words; an approval has none. {account}.",
        "You are on the order desk today. Approve or refuse {which} as policy and handbook say. A refusal states the "
        "handbook's term for the reason, an approval states nothing. {account}.",
        "Go through {which} and decide each: what the policy takes back is approved without a word, the rest refused "
        "with the reason as the handbook calls it. Touch nothing else. {account}.",
    )).format(which=which, account=staff.told.capitalize())  # fmt: skip
    changes = [
        Updated(
            SITE,
            "returns",
            case.id,
            {"status": "refused", "verdict": Says(case.refusal)} if case.refusal else {"status": "approved"},
        )
        for case in mine
    ]  # fmt: skip
    turned = [replace(case, refusal="" if case.refusal else "opened") for case in mine[:1]] + mine[1:]
    cheats: dict[str, Script] = {
        "one the other way": (*staff.sign_in, *_decisions(turned), Do("submit()")),
        "one too few": (*staff.sign_in, *_decisions(mine[1:]), Do("submit()")),
    }
    if level <= 2:
        cheats["one too many"] = (*staff.sign_in, *_decisions(cases[: len(mine) + 1]), Do("submit()"))
    oracle = (*staff.sign_in, Do(f"goto('{SHOP}/help/returns')"), *_decisions(mine), Do("submit()"))
    return Draft(told, world, Goal(changes, {SITE: staff.username}), oracle, cheats, steps=60 + 9 * len(mine))


def _waiting(rng: np.random.Generator, products: Sequence[Product], policy: Policy, count: int) -> list[Item]:
    """Items of which the first few, and all, are partly refused."""
    while True:
        items = [_draw(rng, products, one_of(rng, _AGES)) for _ in range(count)]
        refused = [bool(policy.refusal(item)) for item in items]
        mixed = 0.3 * count <= sum(refused) <= 0.7 * count and 0 < sum(refused[:3]) < 3
        if mixed and len({policy.refusal(item) for item in items}) >= (3 if count > 3 else 2):
            return items


def _registered(rng: np.random.Generator, world: World, item: Item, person: Any, policy: Policy) -> Case:
    before = int(rng.integers(0, 6))
    products = {item.product.id: item.product}
    line = _written(world, person["id"], Parcel([item], "card"), products, before).items[0].line
    at = f"{days_ago(before)} 0{rng.integers(7, 9)}:{rng.integers(10, 60)}"
    number = world.write(
        SITE,
        "INSERT INTO returns (order_line_id, quantity, reason, opened, refund_to, created_at) VALUES (?, ?, ?, ?, ?, "
        "?)",
        line, int(rng.integers(1, item.quantity + 1)), item.reason, int(item.opened), "card", at,
    )  # fmt: skip
    return Case(number, person["name"], policy.refusal(item))


def _decisions(cases: Sequence[Case]) -> tuple[Do, ...]:
    script: list[Do] = []
    for case in cases:
        script.append(Do(f"goto('{SHOP}/desk/returns/{case.id}')"))
        script.append(Do("select", "combobox", "Decision", "Refuse" if case.refusal else "Approve"))
        if case.refusal:
            script.append(Do("fill", "textbox", "Reason for the customer", case.refusal.capitalize()))
        script.append(Do("click", "button", "Decide"))
    return tuple(script)


FAMILIES = (
    BrowserFamily(
        "shop-return-goods", "register returns of exactly the goods that the policy takes back, refunded as it says",
        ("policy reading", "date arithmetic", "exceptions"), 0.0, (SITE,), _return,
    ),
    BrowserFamily(
        "shop-decide-returns", "approve or refuse waiting returns by policy and handbook",
        ("policy reading", "date arithmetic", "many small decisions"), 0.1, (SITE,), _decide,
    ),
)  # fmt: skip

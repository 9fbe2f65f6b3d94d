"""Refunds at the order desk of the shop: what customers ask for, and what the handbook grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Goal, Inserted
from selftrain.envs.browser.script import Do, Script
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_common import SHOP, SITE, Past, colleague, days_ago, place, setting
from selftrain.envs.browser.tasks.shop_desk import Shelf, message, people_of, refund_script
from selftrain.envs.browser.tasks.shop_returns import refund_way
from selftrain.envs.browser.world import World


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


def _late(rng: np.random.Generator, world: World, shelf: Shelf, person: tuple[int, str], granted: bool) -> Claim:
    limit = setting(world, "late_days")
    took = int(rng.integers(limit + 1, limit + 6) if granted else rng.integers(limit - 2, limit + 1))
    payment = one_of(rng, ("card", "invoice"))
    goods = [(variant, 1) for variant, _ in shelf.take(2)]
    past = Past(
        f"{days_ago(20)} 10:05", goods, "express", payment, "delivered", days_ago(20 - took + 1), days_ago(20 - took)
    )
    order = place(world, person[0], past, shelf.products)
    paid = int(world.row(SITE, "SELECT delivery_cents FROM orders WHERE id = ?", order)["delivery_cents"])
    words = "My parcel arrived late. I would like to have the delivery cost back."
    return Claim(person[1], order, words, paid * granted, paid, refund_way(world, payment), "late delivery")


def _kept(rng: np.random.Generator, world: World, shelf: Shelf, person: tuple[int, str], granted: bool) -> Claim:
    del granted
    payment, goods = one_of(rng, ("card", "invoice")), shelf.take(3)
    past = Past(f"{days_ago(15)} 10:05", goods, "standard", payment, "delivered", days_ago(14), days_ago(11))
    order = place(world, person[0], past, shelf.products)
    variant, quantity = one_of(rng, goods)
    broken = int(rng.integers(1, quantity + 1))
    words = (
        f"{broken} of the {shelf.products[variant.product_id].name} ({variant.name}) came damaged. I keep "
        f"{'it' if broken == 1 else 'them'} if you give me something back."
    )
    whole = variant.cents * broken
    cents = whole * setting(world, "goodwill_percent") // 100
    return Claim(person[1], order, words, cents, whole, refund_way(world, payment), "damaged, kept")


def _promise(rng: np.random.Generator, world: World, shelf: Shelf, person: tuple[int, str], granted: bool) -> Claim:
    window, payment, goods = setting(world, "promise_days"), one_of(rng, ("card", "invoice")), shelf.take(2)
    variant, quantity = goods[0]
    ordered = window + 16
    past = Past(
        f"{days_ago(ordered)} 10:05",
        goods,
        "standard",
        payment,
        "delivered",
        days_ago(ordered - 1),
        days_ago(ordered - 4),
    )
    order = place(world, person[0], past, shelf.products)
    first, second = sorted(some_of(rng, list(range(1, window + 1)), 2))
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
    name = shelf.products[variant.product_id].name
    words = f"The {name} ({variant.name}) is cheaper now than when I ordered it. You promise the difference."
    due, naive = (variant.cents - best) * quantity, (variant.cents - price) * quantity
    return Claim(person[1], order, words, due, naive, refund_way(world, payment), "price promise")


_CLAIMS = {"late": _late, "kept": _kept, "promise": _promise}


def _refunds(rng: np.random.Generator, level: int, world: World) -> Draft:
    staff, shelf = colleague(rng, world), Shelf(rng, world)
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
            f"{claim.name} writes about order {claim.order}: '{claim.words}' Refund what the desk handbook grants, to "
            "where it says and with the reason that it names."
        )
    else:
        what = (
            "This morning several customers wrote with the subject 'Money back, please'. Look at each order and "
            "refund what the desk handbook grants, to where it says and with the reason that it names; where it "
            "grants nothing, change nothing. One refund for each order at most. The messages need no reply."
        )
    return one_of(rng, (
        "You work at the order desk of Larkfield Outdoor. {what} Your {account}.",
        "{what} You find the handbook at the order desk of Larkfield Outdoor; sign in with {account}.",
        "Something for the order desk: {what} Your login: {account}.",
    )).format(what=what, account=account)  # fmt: skip


FAMILIES = (
    BrowserFamily(
        "shop-refund-claims", "refund what the handbook grants of what customers ask for, and nothing else",
        ("policy reading", "money arithmetic", "date arithmetic"), 0.0, (SITE,), _refunds,
    ),
)  # fmt: skip

"""Moving house in the shop: the address book, and the orders that are still on their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Deleted, Goal, Inserted, Updated
from selftrain.envs.browser.script import Do, Script
from selftrain.envs.browser.sites.shop.content import address
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_common import (
    SHOP,
    SITE,
    Account,
    Past,
    book_of,
    catalogue,
    customer,
    days_ago,
    place,
    radio_of,
)
from selftrain.envs.browser.world import World

_PLACE = ("street", "postcode", "city")
_LABELS = {"street": "Street and number", "postcode": "Postcode", "city": "City"}


@dataclass(frozen=True)
class Move:
    """Who moves where, and which orders that is about.

    Attributes:
        account: the customer.
        old: the row of the address that is left.
        new: label, recipient, street, postcode and city.
        placed, packed: orders that go to the old address, by what can still be done about them.
        others: orders that must stay as they are.
    """

    account: Account
    old: Any
    new: Mapping[str, str]
    placed: Sequence[Any]
    packed: Sequence[Any]
    others: Sequence[Any]

    @property
    def differing(self) -> dict[str, str]:
        """What an order gets that goes to the new address."""
        return {key: self.new[key] for key in _PLACE if self.new[key] != self.old[key]}


def _moving(rng: np.random.Generator, level: int, world: World) -> Draft:
    account = customer(rng, world)
    old, office = book_of(world, account)
    street, postcode, city = address(rng)
    while postcode == old["postcode"] or street == old["street"]:
        street, postcode, city = address(rng)
    label = {2: office["label"], 3: old["label"]}.get(level, "New flat")
    new = {"label": label, "recipient": account.name, "street": street, "postcode": postcode, "city": city}
    if level >= 3:
        _open_orders(rng, level, world, account, office)
    orders = world.rows(SITE, "SELECT * FROM orders WHERE user_id = ? ORDER BY id", account.id)
    open_ones = [o for o in orders if o["status"] in ("placed", "packed")]
    mine = [o for o in open_ones if level >= 3 and o["street"] == old["street"]]
    placed = [o for o in mine if o["status"] == "placed"]
    packed = [o for o in mine if o["status"] == "packed" and level == 5]
    others = [o for o in open_ones if o["status"] == "placed" and o not in placed]
    move = Move(account, office if level == 2 else old, new, placed, packed, others)
    oracle = (*account.sign_in, *_book(level, move), *_rerouted(move, placed), *_told_shop(move), *_tidied(level, move))
    cheats: dict[str, Script] = {
        "a digit wrong": (*account.sign_in, *_book(level, _mistyped(move)), Do("submit()")),
        "nothing but a look": (*account.sign_in, Do(f"goto('{SHOP}/addresses')"), Do("submit()")),
    }
    if level >= 3:
        cheats["the book alone"] = (*account.sign_in, *_book(level, move), *_tidied(level, move), Do("submit()"))
    if level >= 4:
        every = (*placed, others[0])
        cheats["one order too many"] = (*account.sign_in, *_book(level, move), *_rerouted(move, every), Do("submit()"))
    goal = Goal(_changes(level, move), {SITE: account.username})
    return Draft(_told(rng, level, move), world, goal, (*oracle, Do("submit()")), cheats, steps=80 + 10 * level)


def _open_orders(rng: np.random.Generator, level: int, world: World, account: Account, office: Any) -> None:
    """Orders of the last days: some to each address, some packed or shipped."""
    products = {p.id: p for p in catalogue(world)}
    statuses = {3: ("placed", "shipped"), 4: ("placed", "placed", "shipped", "placed office")}.get(
        level, ("placed", "placed", "packed", "packed", "shipped", "placed office", "packed office", "placed")
    )
    for at, status in enumerate(some_of(rng, statuses, len(statuses))):
        wanted = [(p.variants[0], int(rng.integers(1, 3))) for p in some_of(rng, list(products.values()), 2)]
        state = status.split()[0]
        shipped = days_ago(0) if state == "shipped" else None
        past = Past(f"{days_ago(2)} 1{at}:{rng.integers(10, 60)}", wanted, status=state, shipped_on=shipped)
        number = place(world, account.id, past, products)
        if "office" in status:
            where = [office[key] for key in _PLACE]
            world.write(SITE, "UPDATE orders SET street = ?, postcode = ?, city = ? WHERE id = ?", *where, number)


def _mistyped(move: Move) -> Move:
    postcode = str((int(move.new["postcode"]) + 1) % 100000).zfill(5)
    return Move(move.account, move.old, {**move.new, "postcode": postcode}, (), (), ())


def _changes(level: int, move: Move) -> list[Inserted | Updated | Deleted]:
    user = {"user_id": move.account.id}
    changes: list[Inserted | Updated | Deleted] = []
    if level in (2, 3):
        changes.append(Updated(SITE, "addresses", move.old["id"], move.differing))
    else:
        main = {"main": 1} if level >= 4 else {}
        changes.append(Inserted(SITE, "addresses", {**user, **move.new, **main}))
    if level == 4:
        changes.append(Updated(SITE, "addresses", move.old["id"], {"main": 0}))
    if level == 5:
        changes.append(Deleted(SITE, "addresses", move.old["id"]))
    changes += [Updated(SITE, "orders", order["id"], move.differing) for order in move.placed]
    body = Contains((move.new["street"], move.new["postcode"]), 1500)
    for order in move.packed:
        said = {"topic": "delivery", "order_id": order["id"], "subject": "New address", "body": body}
        changes.append(Inserted(SITE, "messages", {**user, **said}))
    return changes


def _book(level: int, move: Move) -> tuple[Do, ...]:
    fields = tuple(Do("fill", "textbox", label, move.new[key]) for key, label in _LABELS.items())
    save = Do("click", "button", "Save address")
    if level in (2, 3):
        return (Do(f"goto('{SHOP}/addresses/{move.old['id']}')"), *fields, save)
    named = (
        Do("fill", "textbox", "Label", move.new["label"]), Do("fill", "textbox", "Recipient", move.new["recipient"]),
    )  # fmt: skip
    main = (Do("click", "button", f"Make {move.new['label']} the main address"),) if level >= 4 else ()
    return (Do(f"goto('{SHOP}/addresses/new')"), *named, *fields, save, *main)


def _rerouted(move: Move, orders: Sequence[Any]) -> tuple[Do, ...]:
    return tuple(
        do
        for order in orders
        for do in (
            Do(f"goto('{SHOP}/orders/{order['id']}/address')"),
            Do("check", "radio", radio_of(move.new)),
            Do("click", "button", "Use this address"),
        )
    )


def _told_shop(move: Move) -> tuple[Do, ...]:
    body = f"Please send it to {move.new['street']}, {move.new['postcode']} {move.new['city']}."
    return tuple(
        do
        for order in move.packed
        for do in (
            Do(f"goto('{SHOP}/messages/new')"),
            Do("select", "combobox", "Topic", "Delivery"),
            Do("fill", "textbox", "Order number", str(order["id"])),
            Do("fill", "textbox", "Subject", "New address"),
            Do("fill", "textbox", "Message", body),
            Do("click", "button", "Send message"),
        )
    )


def _tidied(level: int, move: Move) -> tuple[Do, ...]:
    if level < 5:
        return ()
    label = move.old["label"]
    return (Do(f"goto('{SHOP}/addresses/{move.old['id']}/delete')"), Do("click", "button", f"Yes, delete {label}"))


def _told(rng: np.random.Generator, level: int, move: Move) -> str:
    new = move.new
    where = f"{new['street']}, {new['postcode']} {new['city']}"
    flat = (
        f"I have moved to {where}. Put that into my address book as New flat, in my name and without a phone number, "
        "and make it my main address"
    )
    home = "All my open orders that would go to {old} and can still be sent elsewhere are to go to the new {new}"
    what = {
        1: f"Put {where} into my address book as New flat, in my name and without a phone number. My main address "
        "stays the main one.",
        2: f"My office has moved to {where}. Change the address Office in my address book; recipient and phone stay.",
        3: f"I have moved. My address Home is {where} now; recipient and phone stay. "
        f"{home.format(old='the old place', new='one')}.",
        4: f"{flat}; the old one stays in the book. {home.format(old='my old home', new='flat')}. Orders to the office "
        "go on to the office.",
        5: f"{flat} and delete Home. {home.format(old='Home', new='flat')}; orders to the office go on to the office. "
        "For every order to Home that is packed but not shipped yet send the shop one message: topic Delivery, with "
        "the order's number in its field, subject 'New address', and a text that holds the new street and postcode.",
    }[level]
    return one_of(rng, (
        "Please help me at Larkfield Outdoor. {what} My {account}.",
        "{what} This is about my account at Larkfield Outdoor ({account}).",
        "Something to do in my account at Larkfield Outdoor: {what} You sign in with {account}.",
    )).format(what=what, account=move.account.told)  # fmt: skip


FAMILIES = (
    BrowserFamily(
        "shop-moving-house", "bring address book, open orders and messages in line with a new address",
        ("consistent changes in several places", "status rules", "form filling"), 0.0, (SITE,), _moving,
    ),
)  # fmt: skip

"""Ordering in the shop: baskets at the lowest price, and ordering again."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.shop.content import address
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_checkout import Basket, usable_vouchers, way_of
from selftrain.envs.browser.tasks.shop_common import (
    SHOP,
    SITE,
    TODAY,
    Account,
    Product,
    Variant,
    add_addresses,
    book_of,
    catalogue,
    customer,
    days_ago,
    delivered,
    fill_cart,
    place,
)
from selftrain.envs.browser.world import World

_NOTES = ("Leave it at the red door", "Ring twice", "Behind the wood shed", "Call before you come")


def _named(variant: Variant, products: Mapping[int, Product]) -> str:
    return f"{products[variant.product_id].name} in {variant.name}"


def _listed(wanted: Sequence[tuple[Variant, int]], products: Mapping[int, Product]) -> str:
    return "; ".join(f"{quantity} × {_named(variant, products)}" for variant, quantity in wanted)


def _goods(rng: np.random.Generator, products: Sequence[Product], count: int, most: int) -> list[tuple[Variant, int]]:
    """Variants of different products of which there is enough."""
    chosen = some_of(rng, [p for p in products if any(v.stock > 6 for v in p.variants)], count)
    return [(one_of(rng, [v for v in p.variants if v.stock > 6]), int(rng.integers(1, most + 1))) for p in chosen]


def _leftovers(rng: np.random.Generator, world: World, account: Account, besides: Sequence[Variant]) -> list[Variant]:
    """Puts two variants into the cart that nobody asked for."""
    taken = {variant.product_id for variant in besides}
    found = [v for v, _ in _goods(rng, [p for p in catalogue(world) if p.id not in taken], 2, 1)]
    for variant in found:
        world.write(
            SITE, "INSERT INTO cart_lines (user_id, variant_id, quantity) VALUES (?, ?, 1)", account.id, variant.id
        )
    return found


def _emptied(leftovers: Sequence[Variant]) -> tuple[Do, ...]:
    if not leftovers:
        return ()
    return (Do(f"goto('{SHOP}/cart')"), *(Do("click", "button", f"Remove {v.sku}") for v in leftovers))


# baskets


def _basket(rng: np.random.Generator, level: int, world: World) -> Draft:
    account, products = customer(rng, world), {p.id: p for p in catalogue(world)}
    add_addresses(rng, world, account, {1: (), 2: (), 3: ("Parents",)}.get(level, ("Parents", "Boat house")))
    if level >= 4:
        _used_welcome(rng, world, account, products)
    while True:
        wanted = _goods(rng, list(products.values()), min(level, 4), 1 if level == 1 else 3)
        basket = Basket(account, wanted, products, book_of(world, account)[0], way_of(world, "standard"))
        if level >= 2:
            basket = replace(basket, home=one_of(rng, book_of(world, account)[1:]))
        if level in (3, 4):
            basket = replace(basket, payment="invoice")
        if level == 3:
            usable = [v for v in usable_vouchers(world, basket) if v["kind"] != "delivery"]
            basket = replace(basket, voucher=one_of(rng, usable) if usable else None)
        if level < 3 or (level == 3 and basket.voucher):
            return _basket_draft(rng, level, world, basket)
        if level >= 4 and (best := _best(rng, level, world, basket)) is not None:
            return _basket_draft(rng, level, world, best[0], best[1])


def _used_welcome(rng: np.random.Generator, world: World, account: Account, products: Mapping[int, Product]) -> None:
    """An order of before, after which a voucher is used up."""
    past = delivered(80, 4, _goods(rng, list(products.values()), 2, 1))
    number = place(world, account.id, past, products)
    world.write(
        SITE,
        "UPDATE orders SET voucher_id = (SELECT id FROM vouchers WHERE code = 'WELCOME10'), discount_cents = "
        "(total_cents - delivery_cents) / 10, total_cents = total_cents - (total_cents - delivery_cents) / 10 WHERE "
        "id = ?",
        number,
    )


def _best(rng: np.random.Generator, level: int, world: World, basket: Basket) -> tuple[Basket, str] | None:
    """The cheapest way to order this, if there is only one and it takes thought; and the day it must arrive by."""
    ways, until = [basket.way], ""
    if level == 5:
        by = int(rng.integers(1, 8))
        arrivals = {code: _arrival(way_of(world, code)["days"]) for code in ("standard", "express")}
        last = TODAY + datetime.timedelta(days=by)
        ways = [way_of(world, code) for code, day in arrivals.items() if day <= last]
        until = f"{last:%A}, {last}"
    offers = [replace(basket, way=way, voucher=v) for way in ways for v in (None, *usable_vouchers(world, basket))]
    offers.sort(key=lambda offer: offer.bill.total)
    if len(offers) < 3 or offers[0].bill.total == offers[1].bill.total or offers[0].voucher is None:
        return None
    return offers[0], until


def _arrival(days: int) -> datetime.date:
    """So many working days after today."""
    day = TODAY
    while days:
        day += datetime.timedelta(days=1)
        days -= day.weekday() < 5
    return day


def _basket_draft(rng: np.random.Generator, level: int, world: World, basket: Basket, until: str = "") -> Draft:
    account, first = basket.account, []
    if level == 5:
        street, postcode, city = address(rng)
        new = {"label": "Cabin", "recipient": account.name, "street": street, "postcode": postcode, "city": city}
        basket = replace(basket, home=new, note=one_of(rng, _NOTES), payment=one_of(rng, ("card", "invoice")))
        first = [Inserted(SITE, "addresses", {"user_id": account.id, **new})]
    leftovers = _leftovers(rng, world, account, [v for v, _ in basket.wanted]) if level >= 3 else []
    goal = Goal([*first, *basket.changes(len(first))], {SITE: account.username})
    before = (*account.sign_in, *(_new_address(basket.home) if first else ()), *_emptied(leftovers))
    other_homes = [home for home in book_of(world, account) if home["label"] != basket.home["label"]]
    more = [(variant, quantity + 1) for variant, quantity in basket.wanted[:1]] + list(basket.wanted[1:])
    cheats = {
        "one too many": (*before, *replace(basket, wanted=more).script(), Do("submit()")),
        "another address": (*before, *replace(basket, home=one_of(rng, other_homes)).script(), Do("submit()")),
    }
    if basket.voucher:
        cheats["without the voucher"] = (*before, *replace(basket, voucher=None).script(), Do("submit()"))
    if leftovers:
        kept = (*fill_cart(basket.wanted), Do("submit()"))
        cheats["filled the cart and left"] = (*before, *kept)
    told = _basket_told(rng, level, basket, until)
    return Draft(told, world, goal, (*before, *basket.script(), Do("submit()")), cheats, steps=140)


def _new_address(home: Mapping[str, Any]) -> tuple[Do, ...]:
    labels = {
        "label": "Label", "recipient": "Recipient", "street": "Street and number", "postcode": "Postcode",
        "city": "City",
    }  # fmt: skip
    fields = (Do("fill", "textbox", label, home[key]) for key, label in labels.items())
    return (Do(f"goto('{SHOP}/addresses/new')"), *fields, Do("click", "button", "Save address"))


def _basket_told(rng: np.random.Generator, level: int, basket: Basket, until: str) -> str:
    goods, home = _listed(basket.wanted, basket.products), basket.home
    where = f"my address {home['label']}"
    if level == 5:
        where = (
            f"{home['street']}, {home['postcode']} {home['city']}, in my name; it is not in my address book yet, so "
            "put it there as Cabin, without a phone number"
        )
    how = f"Standard delivery, paid by {basket.payment}."
    if level == 5:
        how = (
            f"It must arrive there by {until}; I cannot come to the store. I pay by {basket.payment}. Of all ways and "
            "vouchers that are possible take the combination with the lowest total. The courier gets the note "
            f"'{basket.note}'."
        )
    elif level == 4:
        how += " Find the one voucher with which I pay least; what counts is the total."
    elif level == 3:
        how += f" Use the voucher {basket.voucher['code']}."
    else:
        how += " No voucher."
    cart = "If something else is in my cart, take it out first. " if level >= 3 else ""
    return one_of(rng, (
        "Please order for me at Larkfield Outdoor: {goods}. Send it to {where}. {how} {cart}One order, exactly these "
        "goods. My {account}.",
        "I need {goods}, all in one order and nothing else. It goes to {where}. {how} {cart}You sign in with "
        "{account}.",
        "Could you place an order in the shop? Goods: {goods}. Delivery to {where}. {how} {cart}Login: {account}.",
    )).format(goods=goods, where=where, how=how, cart=cart, account=basket.account.told)  # fmt: skip


# ordering again


def _reorder(rng: np.random.Generator, level: int, world: World) -> Draft:
    account, products = customer(rng, world), {p.id: p for p in catalogue(world)}
    world.write(SITE, "UPDATE orders SET user_id = ? WHERE user_id = ?", _somebody_else(world, account), account.id)
    goods = _goods(rng, [p for p in products.values() if len(p.variants) > 1], 3 * (3 + level), 2)
    pasts = [goods[3 * i : 3 * i + 3] for i in range(3 + level)]
    numbers = [place(world, account.id, delivered(20 + 17 * i, 4, wanted), products) for i, wanted in enumerate(pasts)]
    at = int(rng.integers(1, len(pasts)))
    wanted, told = list(pasts[at]), f"my order {numbers[at]}"
    homes = book_of(world, account)
    basket = Basket(account, wanted, products, homes[0], way_of(world, "standard"))
    if level >= 2:
        marker = one_of(rng, wanted)[0]
        told = f"the order that had the {products[marker.product_id].name} in it"
    extra = ""
    if level >= 3:
        doubled, dropped = wanted[0], wanted[1]
        wanted = [(doubled[0], doubled[1] * 2), wanted[2]]
        more, none = _named(doubled[0], products), _named(dropped[0], products)
        extra = f" This time I want twice as many of the {more}, and no {none}."
        basket = replace(basket, home=homes[1], payment="invoice")
    if level == 5:
        other = at - 1
        wanted += pasts[other]
        told += f", and with it, in the same order, all that I ordered on {days_ago(20 + 17 * other + 4)}"
    if level >= 4:
        swap = _sold_out(level, world, products, wanted, {v.product_id for v, _ in goods})
        if swap is None:
            return _reorder(rng, level, world)
        wanted, text = swap
        extra += text
    basket = replace(basket, wanted=wanted)
    return _reorder_draft(rng, level, world, basket, told, extra, numbers[at], pasts[at])


def _somebody_else(world: World, account: Account) -> int:
    return int(
        world.row(SITE, "SELECT id FROM users WHERE role = 'customer' AND id != ? ORDER BY id", account.id)["id"]
    )


def _sold_out(
    level: int,
    world: World,
    products: Mapping[int, Product],
    wanted: Sequence[tuple[Variant, int]],
    ordered: set[int],
) -> tuple[list[tuple[Variant, int]], str] | None:
    """One of the variants is sold out: what takes its place, and how that is said. None if nothing can."""
    gone, quantity = wanted[-1]
    product = products[gone.product_id]
    others = [v for v in product.variants if v.id != gone.id and v.stock]
    text = " One of the variants is sold out: take the cheapest other variant of the same product that is in stock."
    if level == 5:
        alike = [p for p in products.values() if p.category == product.category and p.brand == product.brand]
        others = [v for p in alike if p.id not in ordered for v in p.variants if v.stock]
        text = (
            " One of the products is sold out in all variants: take instead the cheapest variant in stock of any "
            "other product of the same brand in the same category, in the same quantity, that I have never ordered."
        )
    others.sort(key=lambda v: v.cents)
    if not others or (len(others) > 1 and others[0].cents == others[1].cents) or others[0].stock < quantity:
        return None
    for variant in product.variants if level == 5 else (gone,):
        world.write(SITE, "UPDATE variants SET stock = 0 WHERE id = ?", variant.id)
    return [*wanted[:-1], (others[0], quantity)], text


def _reorder_draft(
    rng: np.random.Generator, level: int, world: World, basket: Basket, told: str, extra: str, number: int,
    old: Sequence[tuple[Variant, int]],
) -> Draft:  # fmt: skip
    text = one_of(rng, (
        "Please order again what was in {told}, at Larkfield Outdoor.{extra} Send it to my address {home} by standard "
        "delivery, I pay by {payment}, without a voucher. My {account}.",
        "I need the same things as in {told}.{extra} Standard delivery to {home}, payment by {payment}, no voucher. "
        "Sign in with {account}.",
        "Repeat {told} for me.{extra} It goes to {home} in my address book, standard delivery, by {payment} and "
        "without any voucher. Login: {account}.",
    )).format(
        told=told, extra=extra, home=basket.home["label"], payment=basket.payment, account=basket.account.told
    )  # fmt: skip
    goal = Goal(basket.changes(), {SITE: basket.account.username})
    sign_in, again = basket.account.sign_in, Do("click", "button", "Order again")
    oracle: tuple[Do, ...] = (*sign_in, *basket.script())
    if level <= 2:
        oracle = (*sign_in, Do(f"goto('{SHOP}/orders/{number}')"), again, *basket.checkout())
    more = [(v, n + (at == 0)) for at, (v, n) in enumerate(basket.wanted)]
    cheats = {
        "one too many": (*sign_in, *replace(basket, wanted=more).script(), Do("submit()")),
        "half of it": (*sign_in, *replace(basket, wanted=basket.wanted[:1]).script(), Do("submit()")),
    }
    if level >= 3:
        kept = replace(basket, wanted=old if level == 3 else basket.wanted[:-1])
        cheats["the old basket" if level == 3 else "without what was sold out"] = (
            *sign_in,
            *kept.script(),
            Do("submit()"),
        )
    return Draft(text, world, goal, (*oracle, Do("submit()")), cheats, steps=140)


FAMILIES = (
    BrowserFamily(
        "shop-basket", "order exactly this basket, to the right address, at the lowest total that vouchers allow",
        ("checkout", "vouchers with conditions", "arithmetic"), 0.0, (SITE,), _basket,
    ),
    BrowserFamily(
        "shop-reorder", "find an old order and order it again with changes and substitutes",
        ("search in a history", "substitution", "checkout"), 0.0, (SITE,), _reorder,
    ),
)  # fmt: skip

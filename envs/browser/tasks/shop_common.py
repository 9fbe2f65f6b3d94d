"""What the tasks of the shop share: accounts, the catalogue as rows, orders that were placed before, and sign-in."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.database import hashed
from selftrain.envs.browser.sites.shop.content import address
from selftrain.envs.browser.sites.shop.pricing import bill
from selftrain.envs.browser.tasks.parts import one_of, signing_in
from selftrain.envs.browser.world import NOW, World

SITE, SHOP = "shop", "http://shop.test"
TODAY = datetime.date.fromisoformat(NOW[:10])
_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Variant:
    """A row of `variants`."""

    id: int
    product_id: int
    name: str
    sku: str
    cents: int
    stock: int


@dataclass(frozen=True)
class Product:
    """A product as its page shows it; `stars` is the mean of its reviews, None without any."""

    id: int
    category_id: int
    category: str
    slug: str
    brand: str
    name: str
    specs: Mapping[str, str]
    clearance: bool
    stars: float | None
    variants: tuple[Variant, ...]

    @property
    def cents(self) -> int:
        """The lowest price of its variants."""
        return min(variant.cents for variant in self.variants)

    @property
    def stock(self) -> int:
        """What there is of all its variants."""
        return sum(variant.stock for variant in self.variants)

    def number(self, spec: str) -> int:
        """The number that a specification begins with."""
        return int(self.specs[spec].split()[0])


def catalogue(world: World) -> list[Product]:
    """All products, by id."""
    variants: dict[int, list[Variant]] = {}
    for row in world.rows(SITE, "SELECT * FROM variants ORDER BY id"):
        variants.setdefault(row["product_id"], []).append(Variant(**dict(row)))
    stars = {r[0]: r[1] for r in world.rows(SITE, "SELECT product_id, AVG(stars) FROM reviews GROUP BY product_id")}
    return [
        Product(
            row["id"], row["category_id"], row["category"], row["slug"], row["brand"], row["name"],
            json.loads(row["specs"]), bool(row["clearance"]), stars.get(row["id"]), tuple(variants[row["id"]]),
        )
        for row in world.rows(
            SITE,
            "SELECT p.*, c.name AS category, c.slug FROM products p JOIN categories c ON c.id = p.category_id ORDER "
            "BY p.id",
        )
    ]  # fmt: skip


def setting(world: World, name: str) -> int:
    """A figure of the help pages."""
    return int(world.row(SITE, "SELECT value FROM settings WHERE name = ?", name)["value"])


def money(cents: int) -> str:
    """An amount as pages show it, without the currency."""
    return f"{cents / 100:,.2f}"


def days_ago(days: int) -> str:
    """The date so many days before today."""
    return (TODAY - datetime.timedelta(days=days)).isoformat()


# people


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    id: int
    username: str
    name: str
    password: str

    @property
    def told(self) -> str:
        """How an instruction hands the account out."""
        return f"user name {self.username}, password {self.password}"

    @property
    def sign_in(self) -> tuple[Do, ...]:
        """The script that signs in."""
        return signing_in(SHOP, self.username, self.password)


def _account(rng: np.random.Generator, world: World, condition: str) -> Account:
    row = one_of(rng, world.rows(SITE, f"SELECT * FROM users WHERE {condition} ORDER BY id"))
    password = f"{one_of(rng, ('heron', 'gravel', 'lantern', 'compass', 'thistle'))}-{rng.integers(100, 1000)}"
    world.write(SITE, "UPDATE users SET password = ? WHERE id = ?", hashed(password), row["id"])
    return Account(row["id"], row["username"], row["name"], password)


def customer(rng: np.random.Generator, world: World) -> Account:
    """A customer with two addresses in the book, Home (the main one) and Office."""
    return _account(rng, world, "role = 'customer' AND 2 = (SELECT COUNT(*) FROM addresses WHERE user_id = users.id)")


def colleague(rng: np.random.Generator, world: World) -> Account:
    """One of the staff."""
    return _account(rng, world, "role = 'staff'")


def book_of(world: World, account: Account) -> list[Any]:
    """The address book, as checkout lists it."""
    return world.rows(SITE, "SELECT * FROM addresses WHERE user_id = ? ORDER BY main DESC, id", account.id)


def add_addresses(rng: np.random.Generator, world: World, account: Account, labels: Sequence[str]) -> None:
    """More addresses for the book."""
    for label in labels:
        world.write(
            SITE,
            "INSERT INTO addresses (user_id, label, recipient, street, postcode, city) VALUES (?, ?, ?, ?, ?, ?)",
            account.id,
            label,
            account.name,
            *address(rng),
        )


def radio_of(home: Mapping[str, Any]) -> str:
    """What checkout calls an address."""
    return f"{home['label']}: {home['recipient']}, {home['street']}, {home['postcode']} {home['city']}"


# orders of before


@dataclass(frozen=True)
class Past:
    """An order that is part of the world.

    Attributes:
        at: when it was placed, "2026-02-27 10:15".
        wanted: variants and quantities.
        delivery, payment, status: as the tables have them.
        shipped_on, delivered_on: dates or None.
    """

    at: str
    wanted: Sequence[tuple[Variant, int]]
    delivery: str = "standard"
    payment: str = "card"
    status: str = "delivered"
    shipped_on: str | None = None
    delivered_on: str | None = None


def place(world: World, user_id: int, past: Past, products: Mapping[int, Product]) -> int:
    """Write an order for a customer, to the main address; returns its number.

    Args:
        products: by id, those of the order among them.
    """
    way = world.row(SITE, "SELECT * FROM deliveries WHERE code = ?", past.delivery)
    home = world.row(SITE, "SELECT * FROM addresses WHERE user_id = ? AND main = 1", user_id)
    lines = [
        {"cents": v.cents, "quantity": n, "category_id": products[v.product_id].category_id} for v, n in past.wanted
    ]
    cost = bill(lines, None, way)
    number = _free_number(world, past.at)
    world.write(
        SITE,
        "INSERT INTO orders (id, user_id, status, created_at, recipient, street, postcode, city, delivery, payment, "
        "delivery_cents, total_cents, shipped_on, delivered_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number, user_id, past.status, past.at, home["recipient"], home["street"], home["postcode"], home["city"],
        past.delivery, past.payment, cost.delivery, cost.total, past.shipped_on, past.delivered_on,
    )  # fmt: skip
    for variant, quantity in past.wanted:
        world.write(
            SITE,
            "INSERT INTO order_lines (order_id, variant_id, quantity, cents) VALUES (?, ?, ?, ?)",
            number,
            variant.id,
            quantity,
            variant.cents,
        )
    return number


def _free_number(world: World, at: str) -> int:
    """The first number that no order has, after that of the last order that was placed before `at`."""
    taken = {row["id"] for row in world.rows(SITE, "SELECT id FROM orders")}
    number = 1 + int(world.row(SITE, "SELECT MAX(id) AS id FROM orders WHERE created_at <= ?", at)["id"])
    while number in taken:
        number += 1
    return number


def delivered(at_days: int, took: int, wanted: Sequence[tuple[Variant, int]], payment: str = "card") -> Past:
    """An order that arrived `at_days` days ago, `took` days after it was placed."""
    return Past(
        f"{days_ago(at_days + took)} 11:{at_days % 60:02d}", wanted, payment=payment,
        shipped_on=days_ago(at_days + took - 1), delivered_on=days_ago(at_days),
    )  # fmt: skip


# scripts


def look_at(ids: Sequence[int]) -> tuple[Do, ...]:
    """The script that opens product pages one after another."""
    return tuple(Do(f"goto('{SHOP}/products/{number}')") for number in ids)


def fill_cart(wanted: Sequence[tuple[Variant, int]]) -> tuple[Do, ...]:
    """The script that puts variants into the cart."""
    script: list[Do] = []
    for variant, quantity in wanted:
        script += [
            Do(f"goto('{SHOP}/products/{variant.product_id}')"),
            Do("select", "combobox", "Variant", variant.name),
            Do("fill", "spinbutton", "Quantity", str(quantity)),
            Do("click", "button", "Add to cart"),
        ]
    return tuple(script)

"""An order that a customer is to place: the rows that it brings, and the script that places it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selftrain.envs.browser.goals import IdOf, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.shop.pricing import Bill, bill, refusal
from selftrain.envs.browser.tasks.shop_common import SHOP, SITE, TODAY, Account, Product, Variant, fill_cart, radio_of
from selftrain.envs.browser.world import World

Change = Inserted | Updated
PAYMENTS = {"card": "Card", "invoice": "Invoice"}


@dataclass(frozen=True)
class Basket:
    """What is ordered, and how.

    Attributes:
        account: who orders.
        wanted: variants and quantities.
        products: by id, those of the variants among them.
        home: the address, a row of `addresses` or the like.
        way: a row of `deliveries`.
        voucher: a row of `vouchers`, or None.
        payment, note: as the tables have them.
    """

    account: Account
    wanted: Sequence[tuple[Variant, int]]
    products: Mapping[int, Product]
    home: Mapping[str, Any]
    way: Any
    voucher: Any = None
    payment: str = "card"
    note: str = ""

    @property
    def lines(self) -> list[dict[str, int]]:
        """What prices are worked out from."""
        return [
            {"cents": v.cents, "quantity": n, "category_id": self.products[v.product_id].category_id}
            for v, n in self.wanted
        ]

    @property
    def bill(self) -> Bill:
        """What it costs."""
        return bill(self.lines, self.voucher, self.way)

    def changes(self, at: int = 0) -> list[Change]:
        """The rows that it brings; the order is change number `at` of the goal."""
        cost = self.bill
        order = {
            "user_id": self.account.id,
            "status": "placed",
            **{key: self.home[key] for key in ("recipient", "street", "postcode", "city")},
            "delivery": self.way["code"],
            "payment": self.payment,
            "voucher_id": self.voucher["id"] if self.voucher else None,
            "discount_cents": cost.discount,
            "delivery_cents": cost.delivery,
            "total_cents": cost.total,
            "note": self.note,
        }
        changes: list[Change] = [Inserted(SITE, "orders", order)]
        for variant, quantity in self.wanted:
            line = {"order_id": IdOf(at), "variant_id": variant.id, "quantity": quantity, "cents": variant.cents}
            changes.append(Inserted(SITE, "order_lines", line))
            changes.append(Updated(SITE, "variants", variant.id, {"stock": variant.stock - quantity}))
        return changes

    def script(self) -> tuple[Do, ...]:
        """From an empty cart to the order, signed in."""
        return (*fill_cart(self.wanted), *self.checkout())

    def checkout(self) -> tuple[Do, ...]:
        """From the cart as it is to the order."""
        apply: tuple[Do, ...] = ()
        if self.voucher:
            apply = (
                Do("fill", "textbox", "Voucher code", self.voucher["code"]),
                Do("click", "button", "Apply voucher"),
            )
        cost = self.bill
        delivery = f"{self.way['name']}, $ {cost.delivery / 100:,.2f} (total $ {cost.total / 100:,.2f})"
        return (
            Do(f"goto('{SHOP}/cart')"),
            *apply,
            Do(f"goto('{SHOP}/checkout')"),
            Do("check", "radio", radio_of(self.home)),
            Do("check", "radio", delivery),
            Do("check", "radio", PAYMENTS[self.payment]),
            *((Do("fill", "textbox", "Note for the courier", self.note),) if self.note else ()),
            Do("check", "checkbox", "I accept the terms of sale"),
            Do("click", "button", "Place order"),
        )


def usable_vouchers(world: World, basket: Basket) -> list[Any]:
    """The vouchers that count for this customer, these goods and this day."""
    used = {
        row["voucher_id"]
        for row in world.rows(
            SITE, "SELECT voucher_id FROM orders WHERE user_id = ? AND status != 'cancelled'", basket.account.id
        )
    }
    vouchers = world.rows(SITE, "SELECT * FROM vouchers ORDER BY id")
    return [v for v in vouchers if not refusal(v, basket.lines, str(TODAY), v["id"] in used)]


def way_of(world: World, code: str) -> Any:
    """A row of `deliveries`."""
    return world.row(SITE, "SELECT * FROM deliveries WHERE code = ?", code)

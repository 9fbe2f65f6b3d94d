"""What an order costs: vouchers and their conditions, delivery, and the sum. Pure functions over rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = Any
"""A row of the database, or a mapping with the same keys."""


@dataclass(frozen=True)
class Bill:
    """What an order costs, in cents."""

    goods: int
    discount: int
    delivery: int

    @property
    def total(self) -> int:
        """What is paid."""
        return self.goods - self.discount + self.delivery


def goods_cents(lines: Sequence[Row], category_id: int | None = None) -> int:
    """The price of the lines (keys cents, quantity, category_id), of one category or of all."""
    return sum(
        line["cents"] * line["quantity"] for line in lines if category_id is None or line["category_id"] == category_id
    )


def refusal(voucher: Row, lines: Sequence[Row], today: str, used_before: bool) -> str:
    """Why this voucher cannot be used for these lines, or "" if it can.

    Args:
        voucher: a row of `vouchers`.
        lines: rows with cents, quantity and category_id.
        today: "2026-03-02".
        used_before: whether this customer has an order with it that was not cancelled.
    """
    if today < voucher["starts_on"]:
        return f"Voucher {voucher['code']} is not valid before {voucher['starts_on']}."
    if today > voucher["ends_on"]:
        return f"Voucher {voucher['code']} expired on {voucher['ends_on']}."
    if voucher["once"] and used_before:
        return f"You have used voucher {voucher['code']} before; it is good for one order."
    eligible = goods_cents(lines, voucher["category_id"])
    if not eligible:
        return f"Nothing in your cart is covered by voucher {voucher['code']}."
    if eligible < voucher["minimum_cents"]:
        return f"Voucher {voucher['code']} needs goods worth at least $ {voucher['minimum_cents'] / 100:,.2f}."
    return ""


def bill(lines: Sequence[Row], voucher: Row | None, delivery: Row) -> Bill:
    """What these lines cost with a voucher that applies, sent by this way of delivery.

    A percentage is of the goods that the voucher covers, rounded down to the cent. Delivery is free from an amount of
    goods after the discount, or by a voucher for delivery if it is standard delivery.
    """
    goods, discount = goods_cents(lines), 0
    if voucher is not None and voucher["kind"] != "delivery":
        eligible = goods_cents(lines, voucher["category_id"])
        discount = eligible * voucher["worth"] // 100 if voucher["kind"] == "percent" else voucher["worth"]
        discount = min(discount, eligible)
    free_from = delivery["free_from_cents"]
    free = (free_from is not None and goods - discount >= free_from) or (
        voucher is not None and voucher["kind"] == "delivery" and delivery["code"] == "standard"
    )
    return Bill(goods, discount, 0 if free else delivery["cents"])


def voucher_terms(voucher: Row, category: str | None) -> str:
    """What a voucher gives and under which conditions, in words."""
    gives = {
        "percent": f"{voucher['worth']} % off",
        "amount": f"$ {voucher['worth'] / 100:,.2f} off",
        "delivery": "Free standard delivery",
    }[voucher["kind"]]
    parts = [f"{gives} {category}" if category else f"{gives} your order" if voucher["kind"] != "delivery" else gives]
    if voucher["minimum_cents"]:
        what = category or "goods"
        parts.append(f"from $ {voucher['minimum_cents'] / 100:,.2f} of {what}")
    if voucher["once"]:
        parts.append("once per customer")
    return ", ".join(parts)

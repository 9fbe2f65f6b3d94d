"""The cart with its voucher, and the checkout."""

from __future__ import annotations

from typing import Any

from flask import g, request

from ..base import Form, change, flash, go, needs_login, now, page, row, row_or_404, rows, sent, value
from .blueprint import routes
from .pricing import bill, refusal

PAYMENTS = (("card", "Card"), ("invoice", "Invoice"))
_LINES = """
SELECT l.id, l.variant_id, l.quantity, v.name AS variant, v.sku, v.cents, v.stock, p.id AS product_id, p.name,
    p.category_id
FROM cart_lines l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
WHERE l.user_id = ? ORDER BY l.id
"""


def _lines() -> list[Any]:
    return rows(_LINES, g.user["id"])


def used_before(voucher_id: int) -> bool:
    """Whether the customer has an order with this voucher that was not cancelled."""
    return bool(
        value(
            "SELECT 1 FROM orders WHERE user_id = ? AND voucher_id = ? AND status != 'cancelled'",
            g.user["id"],
            voucher_id,
        )
    )


def _voucher(lines: list[Any]) -> tuple[Any, str]:
    """The voucher of the cart, and why it does not count ("" if it does)."""
    found = row(
        "SELECT v.* FROM cart_vouchers c JOIN vouchers v ON v.id = c.voucher_id WHERE c.user_id = ?", g.user["id"]
    )
    if found is None:
        return None, ""
    return found, refusal(found, lines, now()[:10], used_before(found["id"]))


def _deliveries() -> list[Any]:
    return rows("SELECT * FROM deliveries ORDER BY id")


@routes.get("/cart")
@needs_login
def cart() -> Any:
    """What is in the cart and what it would cost."""
    return _cart_page()


def _cart_page(status: int = 200, errors: dict[str, str] | None = None) -> Any:
    lines = _lines()
    voucher, refused = _voucher(lines)
    counts = None if refused else voucher
    bills = [(delivery, bill(lines, counts, delivery)) for delivery in _deliveries()]
    return page(
        "shop/cart.html", status, lines=lines, voucher=voucher, refused=refused, bills=bills, errors=errors or {},
        form=request.form,
    )  # fmt: skip


@routes.post("/cart")
@needs_login
def add_to_cart() -> Any:
    """Put a variant into the cart, on top of what is there."""
    form = sent()
    quantity = form.number("quantity", "Quantity", 1, 50)
    variant = row_or_404("SELECT * FROM variants WHERE id = ?", request.form.get("variant_id", ""))
    held = (
        value("SELECT quantity FROM cart_lines WHERE user_id = ? AND variant_id = ?", g.user["id"], variant["id"]) or 0
    )
    if form.errors:
        flash(form.errors["quantity"], "alert")
    elif held + quantity > variant["stock"]:
        flash(f"We have only {variant['stock']} of {variant['sku']}; {held} in your cart.", "alert")
    else:
        change(
            "INSERT INTO cart_lines (user_id, variant_id, quantity) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (user_id, variant_id) DO UPDATE SET quantity = quantity + ?3",
            g.user["id"],
            variant["id"],
            quantity,
        )
        flash(f"Added {quantity} × {variant['sku']} to your cart.")
        return go("cart")
    return go("product", product_id=variant["product_id"])


@routes.post("/cart/quantities")
@needs_login
def set_quantities() -> Any:
    """New quantities for all lines; 0 removes a line."""
    form, lines = sent(), _lines()
    wanted = {line["id"]: form.number(f"quantity-{line['id']}", "Quantity", 0, line["stock"]) for line in lines}
    if form.errors:
        return _cart_page(422, form.errors)
    for line_id, quantity in wanted.items():
        if quantity:
            change("UPDATE cart_lines SET quantity = ? WHERE id = ?", quantity, line_id)
        else:
            change("DELETE FROM cart_lines WHERE id = ?", line_id)
    flash("Your cart is up to date.")
    return go("cart")


@routes.post("/cart/<int:line_id>/remove")
@needs_login
def remove_line(line_id: int) -> Any:
    """Take a line out of the cart."""
    row_or_404("SELECT id FROM cart_lines WHERE id = ? AND user_id = ?", line_id, g.user["id"])
    change("DELETE FROM cart_lines WHERE id = ?", line_id)
    return go("cart")


@routes.post("/cart/voucher")
@needs_login
def apply_voucher() -> Any:
    """Use a voucher; it takes the place of another."""
    form, lines = sent(), _lines()
    code = form.text("code", "Voucher code", most=20).upper()
    found = row("SELECT * FROM vouchers WHERE code = ?", code)
    if not form.errors and found is None:
        form.errors["code"] = f"There is no voucher {code}."
    elif found is not None and (why := refusal(found, lines, now()[:10], used_before(found["id"]))):
        form.errors["code"] = why
    if form.errors or found is None:
        return _cart_page(422, form.errors)
    change("DELETE FROM cart_vouchers WHERE user_id = ?", g.user["id"])
    change("INSERT INTO cart_vouchers (user_id, voucher_id) VALUES (?, ?)", g.user["id"], found["id"])
    flash(f"Voucher {code} is applied.")
    return go("cart")


@routes.post("/cart/voucher/remove")
@needs_login
def remove_voucher() -> Any:
    """Use no voucher."""
    change("DELETE FROM cart_vouchers WHERE user_id = ?", g.user["id"])
    return go("cart")


@routes.get("/checkout")
@needs_login
def checkout() -> Any:
    """Where to, how, and how it is paid."""
    if not _lines():
        flash("Your cart is empty.", "alert")
        return go("cart")
    return _checkout_page(200, {}, {"delivery": "standard", "payment": "card"})


def _checkout_page(status: int, errors: dict[str, str], form: Any) -> Any:
    lines = _lines()
    voucher, refused = _voucher(lines)
    addresses = rows("SELECT * FROM addresses WHERE user_id = ? ORDER BY main DESC, id", g.user["id"])
    bills = [(delivery, bill(lines, None if refused else voucher, delivery)) for delivery in _deliveries()]
    chosen = form.get("address_id") or next((str(a["id"]) for a in addresses if a["main"]), "")
    return page(
        "shop/checkout.html", status, lines=lines, voucher=voucher, refused=refused, addresses=addresses, bills=bills,
        payments=PAYMENTS, errors=errors, form=form, chosen=chosen,
    )  # fmt: skip


@routes.post("/checkout")
@needs_login
def place_order() -> Any:
    """Turn the cart into an order and take its goods out of stock."""
    lines, form = _lines(), sent()
    if not lines:
        flash("Your cart is empty.", "alert")
        return go("cart")
    delivery = row("SELECT * FROM deliveries WHERE code = ?", form.values.get("delivery", ""))
    address = row(
        "SELECT * FROM addresses WHERE id = ? AND user_id = ?", form.values.get("address_id", ""), g.user["id"]
    )
    payment = form.choice("payment", "Payment", [key for key, _ in PAYMENTS])
    note = form.text("note", "Note for the courier", least=0, most=200)
    _check_order(form, lines, address, delivery)
    if form.errors or address is None or delivery is None:
        return _checkout_page(422, form.errors, form.values)
    voucher, _ = _voucher(lines)
    cost = bill(lines, voucher, delivery)
    order_id = change(
        "INSERT INTO orders (user_id, status, created_at, recipient, street, postcode, city, delivery, payment, "
        "voucher_id, discount_cents, delivery_cents, total_cents, note) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        g.user["id"], "placed", now(), address["recipient"], address["street"], address["postcode"], address["city"],
        delivery["code"], payment, voucher["id"] if voucher else None, cost.discount, cost.delivery, cost.total, note,
    )  # fmt: skip
    for line in lines:
        change(
            "INSERT INTO order_lines (order_id, variant_id, quantity, cents) VALUES (?, ?, ?, ?)",
            order_id, line["variant_id"], line["quantity"], line["cents"],
        )  # fmt: skip
        change("UPDATE variants SET stock = stock - ? WHERE id = ?", line["quantity"], line["variant_id"])
    change("DELETE FROM cart_lines WHERE user_id = ?", g.user["id"])
    change("DELETE FROM cart_vouchers WHERE user_id = ?", g.user["id"])
    flash(f"Thank you. Your order has the number {order_id}.")
    return go("order", order_id=order_id)


def _check_order(form: Form, lines: list[Any], address: Any, delivery: Any) -> None:
    if address is None:
        form.errors["address_id"] = "Choose an address."
    if delivery is None:
        form.errors["delivery"] = "Choose a way of delivery."
    if form.values.get("terms") != "1":
        form.errors["terms"] = "Please accept the terms of sale."
    if short := [line["sku"] for line in lines if line["quantity"] > line["stock"]]:
        form.errors["cart"] = f"Not enough in stock: {', '.join(short)}. Change the quantity in your cart."
    _, refused = _voucher(lines)
    if refused:
        form.errors["cart"] = f"{refused} Take it out of your cart first."

"""The customer's orders: history, detail, cancellation, another address, returns and ordering again."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request

from ..base import Form, change, flash, go, needs_login, now, page, paged, row_or_404, rows, sent, value
from .blueprint import routes

STATUSES = ("placed", "packed", "shipped", "delivered", "cancelled")
REASONS = (
    ("size", "Wrong size or fit"),
    ("dislike", "Not as expected"),
    ("damaged", "Arrived damaged or faulty"),
    ("wrong", "Wrong item sent"),
    ("late", "Arrived too late"),
)
REFUND_TO = (("card", "Original payment"), ("credit", "Store credit"))
ORDER_LINES = """
SELECT l.*, v.sku, v.name AS variant, v.product_id, p.name, p.clearance, c.name AS category,
    (SELECT COALESCE(SUM(quantity), 0) FROM returns WHERE order_line_id = l.id AND status != 'refused') AS returned
FROM order_lines l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
JOIN categories c ON c.id = p.category_id WHERE l.order_id = ? ORDER BY l.id
"""


def cancel_order(order: Any) -> None:
    """Cancel an order that has not left the house and put its goods back into stock."""
    change("UPDATE orders SET status = 'cancelled' WHERE id = ?", order["id"])
    for line in rows(
        "SELECT variant_id, SUM(quantity) AS n FROM order_lines WHERE order_id = ? GROUP BY 1", order["id"]
    ):
        change("UPDATE variants SET stock = stock + ? WHERE id = ?", line["n"], line["variant_id"])


def _own(order_id: int) -> Any:
    """The order, if it is the customer's."""
    return row_or_404("SELECT * FROM orders WHERE id = ? AND user_id = ?", order_id, g.user["id"])


@routes.get("/orders")
@needs_login
def orders() -> Any:
    """The customer's orders, the latest first."""
    status = request.args.get("status", "")
    found = paged(
        "SELECT o.*, SUM(l.quantity) AS items, GROUP_CONCAT(p.name, '; ') AS goods "
        "FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = l.variant_id "
        "JOIN products p ON p.id = v.product_id WHERE o.user_id = ?1 AND (?2 = '' OR o.status = ?2) "
        "GROUP BY o.id ORDER BY o.created_at DESC, o.id DESC",
        g.user["id"],
        status,
    )
    return page("shop/orders.html", found=found, wanted=status, statuses=[("", "All"), *STATUSES])


@routes.get("/orders/<int:order_id>")
@needs_login
def order(order_id: int) -> Any:
    """One order with its lines, returns and refunds."""
    found = _own(order_id)
    return page(
        "shop/order.html",
        order=found,
        lines=rows(ORDER_LINES, order_id),
        voucher=value("SELECT code FROM vouchers WHERE id = ?", found["voucher_id"]),
        returned=_returns_of(order_id),
        refunds=rows("SELECT * FROM refunds WHERE order_id = ? ORDER BY id", order_id),
    )


def _returns_of(order_id: int) -> list[Any]:
    return rows(
        "SELECT r.*, p.name, v.name AS variant FROM returns r JOIN order_lines l ON l.id = r.order_line_id "
        "JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id "
        "WHERE l.order_id = ? ORDER BY r.id",
        order_id,
    )


@routes.get("/orders/<int:order_id>/cancel")
@needs_login
def ask_cancel(order_id: int) -> Any:
    """Ask whether the order is really to be cancelled."""
    return page("shop/order_cancel.html", order=_own(order_id), action=request.path, back="order")


@routes.post("/orders/<int:order_id>/cancel")
@needs_login
def cancel(order_id: int) -> Any:
    """Cancel the order, if it has not been shipped."""
    found = _own(order_id)
    if found["status"] not in ("placed", "packed"):
        abort(422, f"Order {order_id} is {found['status']} and cannot be cancelled.")
    cancel_order(found)
    flash(f"Order {order_id} is cancelled.")
    return go("order", order_id=order_id)


@routes.get("/orders/<int:order_id>/address")
@needs_login
def ask_order_address(order_id: int) -> Any:
    """Choose another address of the address book."""
    return _address_page(_own(order_id))


def _address_page(found: Any, status: int = 200, errors: dict[str, str] | None = None) -> Any:
    addresses = rows("SELECT * FROM addresses WHERE user_id = ? ORDER BY main DESC, id", g.user["id"])
    return page("shop/order_address.html", status, order=found, addresses=addresses, errors=errors or {})


@routes.post("/orders/<int:order_id>/address")
@needs_login
def change_order_address(order_id: int) -> Any:
    """Send an order elsewhere, as long as nobody has packed it."""
    found = _own(order_id)
    if found["status"] != "placed":
        abort(422, f"Order {order_id} is {found['status']}; only orders that are not packed can go elsewhere.")
    chosen = request.form.get("address_id", "")
    address = rows("SELECT * FROM addresses WHERE id = ? AND user_id = ?", chosen, g.user["id"])
    if not address:
        return _address_page(found, 422, {"address_id": "Choose an address."})
    change(
        "UPDATE orders SET recipient = ?, street = ?, postcode = ?, city = ? WHERE id = ?",
        *(address[0][key] for key in ("recipient", "street", "postcode", "city")),
        order_id,
    )
    flash(f"Order {order_id} goes to {address[0]['label']}.")
    return go("order", order_id=order_id)


@routes.post("/orders/<int:order_id>/reorder")
@needs_login
def reorder(order_id: int) -> Any:
    """Put everything that this order had and that is in stock into the cart."""
    _own(order_id)
    missing = []
    for line in rows(
        "SELECT l.variant_id, SUM(l.quantity) AS quantity, v.stock, v.sku FROM order_lines l "
        "JOIN variants v ON v.id = l.variant_id WHERE l.order_id = ? GROUP BY l.variant_id ORDER BY MIN(l.id)",
        order_id,
    ):
        held = value(
            "SELECT quantity FROM cart_lines WHERE user_id = ? AND variant_id = ?", g.user["id"], line["variant_id"]
        )
        if (held or 0) + line["quantity"] > line["stock"]:
            missing.append(line["sku"])
            continue
        change(
            "INSERT INTO cart_lines (user_id, variant_id, quantity) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (user_id, variant_id) DO UPDATE SET quantity = quantity + ?3",
            g.user["id"],
            line["variant_id"],
            line["quantity"],
        )
    if missing:
        flash(f"Not enough in stock, and left out: {', '.join(missing)}.", "alert")
    flash(f"The goods of order {order_id} are in your cart, at today's prices.")
    return go("cart")


@routes.get("/orders/<int:order_id>/return")
@needs_login
def ask_return(order_id: int) -> Any:
    """Which goods come back, and why."""
    return _return_page(_own(order_id), 200, {})


def _return_page(found: Any, status: int, errors: dict[str, str]) -> Any:
    if found["status"] != "delivered":
        abort(422, f"Order {found['id']} is {found['status']}; only delivered goods can be returned.")
    return page(
        "shop/return.html", status, order=found, lines=rows(ORDER_LINES, found["id"]), reasons=[("", "–"), *REASONS],
        refund_to=REFUND_TO, errors=errors, form=request.form,
    )  # fmt: skip


@routes.post("/orders/<int:order_id>/return")
@needs_login
def request_return(order_id: int) -> Any:
    """Ask the order desk to take goods back."""
    found, form = _own(order_id), sent()
    if found["status"] != "delivered":
        return _return_page(found, 422, {})
    refund_to = form.choice("refund_to", "Refund to", [key for key, _ in REFUND_TO])
    comment = form.text("comment", "Comment", least=0, most=300)
    wanted = [(line, *_returned(form, line)) for line in rows(ORDER_LINES, order_id) if _quantity(form, line)]
    if not wanted:
        form.errors.setdefault("lines", "Say how many of which goods come back.")
    if form.errors:
        return _return_page(found, 422, form.errors)
    for line, quantity, reason, opened in wanted:
        change(
            "INSERT INTO returns (order_line_id, quantity, reason, opened, refund_to, comment, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            line["id"], quantity, reason, opened, refund_to, comment, now(),
        )  # fmt: skip
    flash("Your return is registered. The order desk checks it against our returns policy.")
    return go("order", order_id=order_id)


def _quantity(form: Form, line: Any) -> bool:
    return form.values.get(f"quantity-{line['id']}", "0").strip() not in ("", "0")


def _returned(form: Form, line: Any) -> tuple[int, str, int]:
    quantity = form.number(f"quantity-{line['id']}", "Quantity", 1, line["quantity"] - line["returned"])
    reason = form.choice(f"reason-{line['id']}", "Reason", [key for key, _ in REASONS])
    return quantity, reason, int(f"opened-{line['id']}" in form.values)


@routes.get("/returns")
@needs_login
def returns() -> Any:
    """The customer's returns, and the store credit that came of them."""
    found = paged(
        "SELECT r.*, l.order_id, p.name, v.name AS variant FROM returns r JOIN order_lines l ON l.id = r.order_line_id "
        "JOIN orders o ON o.id = l.order_id JOIN variants v ON v.id = l.variant_id "
        "JOIN products p ON p.id = v.product_id WHERE o.user_id = ? ORDER BY r.created_at DESC, r.id DESC",
        g.user["id"],
    )
    credit = value(
        "SELECT COALESCE(SUM(f.cents), 0) FROM refunds f JOIN orders o ON o.id = f.order_id "
        "WHERE o.user_id = ? AND f.refund_to = 'credit'",
        g.user["id"],
    )
    return page("shop/returns.html", found=found, credit=credit)

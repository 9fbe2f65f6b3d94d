"""The order desk of the staff: orders with notes, refunds and cancellation, returns, messages, and the handbook."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request

from ..base import change, download, flash, go, needs_role, now, page, paged, row_or_404, rows, sent, value
from .account import replies_of
from .blueprint import routes
from .help_pages import settings
from .orders import ORDER_LINES, REASONS, REFUND_TO, STATUSES, cancel_order

_NEXT_STATUS = {"placed": "packed", "packed": "shipped", "shipped": "delivered"}
_ORDERS = """
SELECT o.*, u.name AS customer, u.username, (SELECT code FROM vouchers WHERE id = o.voucher_id) AS voucher,
    (SELECT SUM(quantity) FROM order_lines WHERE order_id = o.id) AS items,
    (SELECT COALESCE(SUM(cents), 0) FROM refunds WHERE order_id = o.id) AS refunded
FROM orders o JOIN users u ON u.id = o.user_id
WHERE (?1 = '' OR o.status = ?1) AND (?2 = '' OR substr(o.created_at, 1, 10) >= ?2)
    AND (?3 = '' OR substr(o.created_at, 1, 10) <= ?3)
    AND (?4 = '' OR instr(lower(u.name), lower(?4)) OR o.id = ?4) AND (?5 = '' OR u.username = ?5)
ORDER BY o.created_at DESC, o.id DESC
"""
_RETURNS = """
SELECT r.*, l.order_id, l.cents, l.quantity AS bought, p.name, p.clearance, v.name AS variant, v.sku,
    c.name AS category, u.name AS customer, o.delivered_on, o.payment
FROM returns r JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id
JOIN users u ON u.id = o.user_id JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
JOIN categories c ON c.id = p.category_id
"""


def _asked() -> list[str]:
    return [request.args.get(name, "").strip() for name in ("status", "since", "until", "q", "customer")]


@routes.get("/desk")
@needs_role("staff")
def desk() -> Any:
    """All orders, by status, date and customer."""
    return page(
        "shop/desk.html",
        found=paged(_ORDERS, *_asked(), per_page=25),
        asked=request.args,
        statuses=[("", "All"), *STATUSES],
        waiting=value("SELECT COUNT(*) FROM returns WHERE status = 'requested'"),
        unread=value("SELECT COUNT(*) FROM messages WHERE status = 'open'"),
    )


@routes.get("/desk/orders.csv")
@needs_role("staff")
def desk_csv() -> Any:
    """The same orders as a file."""
    names = "id created_at username customer status items voucher discount_cents delivery delivery_cents total_cents "
    columns = (names + "refunded payment city").split()
    lines = ([order[name] for name in columns] for order in rows(_ORDERS, *_asked()))
    return download("orders.csv", ["order", *columns[1:]], lines)


@routes.get("/desk/handbook")
@needs_role("staff")
def handbook() -> Any:
    """How the desk handles duplicates, refunds and stock."""
    return page("shop/handbook.html", settings=settings(), categories=rows("SELECT * FROM categories ORDER BY name"))


@routes.get("/desk/orders/<int:order_id>")
@needs_role("staff")
def desk_order(order_id: int) -> Any:
    """One order as the staff sees it."""
    return _order_page(order_id)


def _order(order_id: int) -> Any:
    return row_or_404(
        "SELECT o.*, u.name AS customer, u.username, u.email FROM orders o JOIN users u ON u.id = o.user_id "
        "WHERE o.id = ?",
        order_id,
    )


def _order_page(order_id: int, status: int = 200, errors: dict[str, str] | None = None) -> Any:
    order = _order(order_id)
    return page(
        "shop/desk_order.html",
        status,
        order=order,
        lines=rows(ORDER_LINES, order_id),
        voucher=value("SELECT code FROM vouchers WHERE id = ?", order["voucher_id"]),
        notes=rows(
            "SELECT n.*, u.name AS author FROM order_notes n JOIN users u ON u.id = n.user_id WHERE order_id = ? "
            "ORDER BY n.id",
            order_id,
        ),
        refunds=rows("SELECT * FROM refunds WHERE order_id = ? ORDER BY id", order_id),
        returned=rows(_RETURNS + " WHERE l.order_id = ? ORDER BY r.id", order_id),
        next_status=_NEXT_STATUS.get(order["status"]),
        refund_to=REFUND_TO,
        errors=errors or {},
        form=request.form,
    )


@routes.post("/desk/orders/<int:order_id>/notes")
@needs_role("staff")
def add_note(order_id: int) -> Any:
    """A note that colleagues see."""
    _order(order_id)
    form = sent()
    body = form.text("body", "Note", least=3, most=400)
    if form.errors:
        return _order_page(order_id, 422, form.errors)
    change(
        "INSERT INTO order_notes (order_id, user_id, body, created_at) VALUES (?, ?, ?, ?)",
        order_id, g.user["id"], body, now(),
    )  # fmt: skip
    flash("The note is saved.")
    return go("desk_order", order_id=order_id)


@routes.post("/desk/orders/<int:order_id>/refunds")
@needs_role("staff")
def add_refund(order_id: int) -> Any:
    """Give money back, at most what was paid and not given back yet."""
    order, form = _order(order_id), sent()
    cents = form.cents("amount", "Amount", 1)
    refund_to = form.choice("refund_to", "Refund to", [key for key, _ in REFUND_TO])
    reason = form.text("reason", "Reason", least=3, most=200)
    left = order["total_cents"] - value("SELECT COALESCE(SUM(cents), 0) FROM refunds WHERE order_id = ?", order_id)
    if "amount" not in form.errors and cents > left:
        form.errors["amount"] = f"At most $ {left / 100:,.2f} of this order can be refunded."
    if form.errors:
        return _order_page(order_id, 422, form.errors)
    change(
        "INSERT INTO refunds (order_id, cents, refund_to, reason, created_at) VALUES (?, ?, ?, ?, ?)",
        order_id, cents, refund_to, reason, now(),
    )  # fmt: skip
    flash(f"$ {cents / 100:,.2f} is on its way back.")
    return go("desk_order", order_id=order_id)


@routes.get("/desk/orders/<int:order_id>/cancel")
@needs_role("staff")
def ask_desk_cancel(order_id: int) -> Any:
    """Ask whether the order is really to be cancelled."""
    return page("shop/order_cancel.html", order=_order(order_id), action=request.path, back="desk_order")


@routes.post("/desk/orders/<int:order_id>/cancel")
@needs_role("staff")
def desk_cancel(order_id: int) -> Any:
    """Cancel an order that has not been shipped. Its money is refunded apart."""
    order = _order(order_id)
    if order["status"] not in ("placed", "packed"):
        abort(422, f"Order {order_id} is {order['status']} and cannot be cancelled.")
    cancel_order(order)
    flash(f"Order {order_id} is cancelled. Refund what the customer paid.")
    return go("desk_order", order_id=order_id)


@routes.post("/desk/orders/<int:order_id>/status")
@needs_role("staff")
def advance(order_id: int) -> Any:
    """Move an order to its next status; `status` says which, so that two clicks do not move it twice."""
    order = _order(order_id)
    wanted = request.form.get("status", "")
    if _NEXT_STATUS.get(order["status"]) != wanted:
        abort(422, f"Order {order_id} is {order['status']} and cannot become {wanted or 'nothing'}.")
    day = {"shipped": "shipped_on", "delivered": "delivered_on"}.get(wanted)
    change("UPDATE orders SET status = ? WHERE id = ?", wanted, order_id)
    if day:
        change(f"UPDATE orders SET {day} = ? WHERE id = ?", now()[:10], order_id)
    flash(f"Order {order_id} is {wanted}.")
    return go("desk_order", order_id=order_id)


@routes.get("/desk/returns")
@needs_role("staff")
def desk_returns() -> Any:
    """Returns, those that wait for a decision first."""
    status = request.args.get("status", "requested")
    found = paged(f"{_RETURNS} WHERE (?1 = 'all' OR r.status = ?1) ORDER BY r.created_at, r.id", status, per_page=25)
    return page("shop/desk_returns.html", found=found, wanted=status, reasons=dict(REASONS))


@routes.get("/desk/returns/<int:return_id>")
@needs_role("staff")
def desk_return(return_id: int) -> Any:
    """One return."""
    return _return_page(return_id, 200, {})


def _return_page(return_id: int, status: int, errors: dict[str, str]) -> Any:
    found = row_or_404(f"{_RETURNS} WHERE r.id = ?", return_id)
    return page("shop/desk_return.html", status, found=found, reasons=dict(REASONS), errors=errors, form=request.form)


@routes.post("/desk/returns/<int:return_id>")
@needs_role("staff")
def decide_return(return_id: int) -> Any:
    """Approve or refuse a return, once."""
    found, form = row_or_404(f"{_RETURNS} WHERE r.id = ?", return_id), sent()
    if found["status"] != "requested":
        abort(409, f"Return {return_id} is {found['status']} already.")
    status = form.choice("status", "Decision", ("approved", "refused"))
    verdict = form.text("verdict", "Reason for the customer", least=0, most=200)
    if status == "refused" and not verdict:
        form.errors["verdict"] = "A refusal takes a reason."
    if form.errors:
        return _return_page(return_id, 422, form.errors)
    change("UPDATE returns SET status = ?, verdict = ? WHERE id = ?", status, verdict, return_id)
    flash(f"Return {return_id} is {status}.")
    return go("desk_returns")


@routes.get("/desk/messages")
@needs_role("staff")
def desk_messages() -> Any:
    """Messages of customers, the oldest open ones first."""
    found = paged(
        "SELECT m.*, u.name AS customer FROM messages m JOIN users u ON u.id = m.user_id "
        "ORDER BY m.status = 'open' DESC, m.created_at, m.id",
        per_page=25,
    )
    return page("shop/desk_messages.html", found=found)


@routes.get("/desk/messages/<int:message_id>")
@needs_role("staff")
def desk_message(message_id: int) -> Any:
    """One message and what was answered."""
    return _message_page(message_id, 200, {})


def _message_page(message_id: int, status: int, errors: dict[str, str]) -> Any:
    found = row_or_404(
        "SELECT m.*, u.name AS customer, u.username FROM messages m JOIN users u ON u.id = m.user_id WHERE m.id = ?",
        message_id,
    )
    return page("shop/desk_message.html", status, message=found, replies=replies_of(message_id), errors=errors)


@routes.post("/desk/messages/<int:message_id>")
@needs_role("staff")
def reply(message_id: int) -> Any:
    """Answer a message, which closes it."""
    row_or_404("SELECT id FROM messages WHERE id = ?", message_id)
    form = sent()
    body = form.text("body", "Reply", least=3, most=1500)
    if form.errors:
        return _message_page(message_id, 422, form.errors)
    change(
        "INSERT INTO replies (message_id, user_id, body, created_at) VALUES (?, ?, ?, ?)",
        message_id, g.user["id"], body, now(),
    )  # fmt: skip
    change("UPDATE messages SET status = 'answered' WHERE id = ? AND status != 'answered'", message_id)
    flash("Your reply is sent.")
    return go("desk_messages")

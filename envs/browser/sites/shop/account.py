"""The customer's address book and messages to the shop."""

from __future__ import annotations

import re
from typing import Any

from flask import g, request

from ..base import Form, change, flash, go, needs_login, now, page, paged, row, row_or_404, rows, sent
from .blueprint import routes

TOPICS = (
    ("order", "An order"),
    ("return", "A return or refund"),
    ("product", "A product"),
    ("delivery", "Delivery"),
    ("other", "Something else"),
)
_FIELDS = ("label", "recipient", "street", "postcode", "city", "phone")


@routes.get("/addresses")
@needs_login
def addresses() -> Any:
    """The address book."""
    found = rows("SELECT * FROM addresses WHERE user_id = ? ORDER BY main DESC, id", g.user["id"])
    return page("shop/addresses.html", found=found)


def _own(address_id: int) -> Any:
    return row_or_404("SELECT * FROM addresses WHERE id = ? AND user_id = ?", address_id, g.user["id"])


def _address_form() -> tuple[Form, list[str]]:
    form = sent()
    values = [
        form.text("label", "Label", most=30),
        form.text("recipient", "Recipient", most=60),
        form.text("street", "Street and number", most=80),
        form.text("postcode", "Postcode", most=10),
        form.text("city", "City", most=40),
        form.text("phone", "Phone", least=0, most=20),
    ]
    if "postcode" not in form.errors and not re.fullmatch(r"[0-9]{5}", values[3]):
        form.errors["postcode"] = "Postcode must be five digits."
    if "phone" not in form.errors and not re.fullmatch(r"[0-9+ ]*", values[5]):
        form.errors["phone"] = "Phone takes digits, blanks and +."
    return form, values


@routes.get("/addresses/new")
@needs_login
def ask_address() -> Any:
    """An empty form."""
    return page("shop/address.html", values={}, errors={}, title="New address")


@routes.post("/addresses/new")
@needs_login
def add_address() -> Any:
    """Add an address; labels are unique."""
    form, values = _address_form()
    if row("SELECT id FROM addresses WHERE user_id = ? AND label = ?", g.user["id"], values[0]):
        form.errors["label"] = f"You have an address called {values[0]}."
    if form.errors:
        return page("shop/address.html", 422, values=form.values, errors=form.errors, title="New address")
    change(
        "INSERT INTO addresses (user_id, label, recipient, street, postcode, city, phone) VALUES (?, ?, ?, ?, ?, ?, ?)",
        g.user["id"],
        *values,
    )
    flash(f"Address {values[0]} is saved.")
    return go("addresses")


@routes.get("/addresses/<int:address_id>")
@needs_login
def ask_edit_address(address_id: int) -> Any:
    """The form with what is known."""
    return page("shop/address.html", values=_own(address_id), errors={}, title="Edit address")


@routes.post("/addresses/<int:address_id>")
@needs_login
def edit_address(address_id: int) -> Any:
    """Change an address. Orders that were placed keep theirs."""
    _own(address_id)
    form, values = _address_form()
    twin = row("SELECT id FROM addresses WHERE user_id = ? AND label = ?", g.user["id"], values[0])
    if twin and twin["id"] != address_id:
        form.errors["label"] = f"You have an address called {values[0]}."
    if form.errors:
        return page("shop/address.html", 422, values=form.values, errors=form.errors, title="Edit address")
    change(f"UPDATE addresses SET {', '.join(f'{name} = ?' for name in _FIELDS)} WHERE id = ?", *values, address_id)
    flash(f"Address {values[0]} is saved.")
    return go("addresses")


@routes.post("/addresses/<int:address_id>/main")
@needs_login
def set_main_address(address_id: int) -> Any:
    """Make an address the one that checkout proposes."""
    _own(address_id)
    change("UPDATE addresses SET main = 0 WHERE user_id = ? AND main = 1 AND id != ?", g.user["id"], address_id)
    change("UPDATE addresses SET main = 1 WHERE id = ? AND main = 0", address_id)
    flash("This is your main address now.")
    return go("addresses")


@routes.get("/addresses/<int:address_id>/delete")
@needs_login
def ask_delete_address(address_id: int) -> Any:
    """Ask whether it is really to go."""
    return page("shop/address_delete.html", address=_own(address_id))


@routes.post("/addresses/<int:address_id>/delete")
@needs_login
def delete_address(address_id: int) -> Any:
    """Delete an address that is not the main one."""
    found = _own(address_id)
    if found["main"]:
        flash("Your main address cannot be deleted. Make another one the main address first.", "alert")
    else:
        change("DELETE FROM addresses WHERE id = ?", address_id)
        flash(f"Address {found['label']} is deleted.")
    return go("addresses")


@routes.get("/messages")
@needs_login
def messages() -> Any:
    """What the customer wrote to the shop."""
    found = paged(
        "SELECT m.*, (SELECT COUNT(*) FROM replies WHERE message_id = m.id) AS replies FROM messages m "
        "WHERE user_id = ? ORDER BY created_at DESC, id DESC",
        g.user["id"],
    )
    return page("shop/messages.html", found=found)


@routes.get("/messages/<int:message_id>")
@needs_login
def message(message_id: int) -> Any:
    """One message with its replies."""
    found = row_or_404("SELECT * FROM messages WHERE id = ? AND user_id = ?", message_id, g.user["id"])
    return page("shop/message.html", message=found, replies=replies_of(message_id))


def replies_of(message_id: int) -> list[Any]:
    """The replies to a message, the oldest first."""
    return rows(
        "SELECT r.*, u.name AS author FROM replies r JOIN users u ON u.id = r.user_id WHERE message_id = ? "
        "ORDER BY r.id",
        message_id,
    )


@routes.get("/messages/new")
@needs_login
def ask_message() -> Any:
    """An empty form."""
    return page("shop/message_new.html", topics=TOPICS, values=request.args, errors={})


@routes.post("/messages/new")
@needs_login
def add_message() -> Any:
    """Write to the shop, about an order of one's own or none."""
    form = sent()
    topic = form.choice("topic", "Topic", [key for key, _ in TOPICS])
    subject = form.text("subject", "Subject", most=100)
    body = form.text("body", "Message", least=10, most=1500)
    number = form.text("order_id", "Order number", least=0, most=8)
    order = row("SELECT id FROM orders WHERE id = ? AND user_id = ?", number, g.user["id"])
    if number and order is None:
        form.errors["order_id"] = f"You have no order {number}."
    if form.errors:
        return page("shop/message_new.html", 422, topics=TOPICS, values=form.values, errors=form.errors)
    message_id = change(
        "INSERT INTO messages (user_id, topic, order_id, subject, body, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        g.user["id"], topic, order["id"] if order else None, subject, body, now(),
    )  # fmt: skip
    flash("Your message is sent.")
    return go("message", message_id=message_id)

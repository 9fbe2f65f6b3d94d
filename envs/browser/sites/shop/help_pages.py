"""Offers, and the help pages, whose figures are the shop's settings."""

from __future__ import annotations

from typing import Any

from flask import abort

from ..base import page, rows
from .blueprint import routes
from .pricing import voucher_terms

TOPICS = (
    ("delivery", "Delivery and pickup"),
    ("returns", "Returns and refunds"),
    ("vouchers", "Vouchers"),
    ("orders", "Changing and cancelling orders"),
    ("reviews", "Reviews"),
)


def settings() -> dict[str, int]:
    """The shop's figures by name."""
    return {setting["name"]: setting["value"] for setting in rows("SELECT * FROM settings")}


@routes.get("/offers")
def offers() -> Any:
    """The vouchers that anybody may know of, with their conditions."""
    found = rows(
        "SELECT v.*, c.name AS category FROM vouchers v LEFT JOIN categories c ON c.id = v.category_id ORDER BY code"
    )
    return page("shop/offers.html", offers=[(offer, voucher_terms(offer, offer["category"])) for offer in found])


@routes.get("/help")
def help_index() -> Any:
    """What there is help on."""
    return page("shop/help.html", topics=TOPICS)


@routes.get("/help/<topic>")
def help_topic(topic: str) -> Any:
    """One help page."""
    title = dict(TOPICS).get(topic) or abort(404)
    return page(
        f"shop/help_{topic}.html",
        title=title,
        settings=settings(),
        categories=rows("SELECT * FROM categories ORDER BY name"),
        deliveries=rows("SELECT * FROM deliveries ORDER BY id"),
    )

"""Larkfield Outdoor: an online shop for camping and walking, with its order desk."""

from __future__ import annotations

from ..base import Site
from . import account, cart, catalogue, desk, desk_stock, help_pages, orders
from .blueprint import routes
from .schema import SCHEMA

__all__ = ["SITE", "account", "cart", "catalogue", "desk", "desk_stock", "help_pages", "orders"]

SITE = Site(
    name="shop",
    title="Larkfield Outdoor",
    schema=SCHEMA,
    routes=routes,
    nav=(
        ("Products", "products"),
        ("Offers", "offers"),
        ("Wish list", "wishes"),
        ("Cart", "cart"),
        ("Orders", "orders"),
        ("Returns", "returns"),
        ("Addresses", "addresses"),
        ("Messages", "messages"),
        ("Help", "help_index"),
        ("Order desk", "desk", "staff"),
        ("Stock", "stock", "staff"),
    ),
    incidental=frozenset({"cart_lines", "cart_vouchers"}),
)

"""Brightwater Back Office: people and their access, suppliers and invoices, expenses, equipment, and the log of it."""

from __future__ import annotations

from ..base import Site
from . import access, control, leaving, money, people, reviews, suppliers  # noqa: F401  (their routes)
from .common import routes
from .schema import SCHEMA

SITE = Site(
    name="admin",
    title="Brightwater Back Office",
    schema=SCHEMA,
    routes=routes,
    nav=(
        ("People", "users"),
        ("Groups", "groups"),
        ("Requests", "requests"),
        ("Reviews", "reviews"),
        ("Suppliers", "suppliers"),
        ("Invoices", "invoices"),
        ("Expenses", "expenses"),
        ("Equipment", "assets"),
        ("Documents", "documents"),
        ("Policies", "policies"),
        ("Log", "events"),
        ("Settings", "settings"),
    ),
    incidental=frozenset({"events"}),
)

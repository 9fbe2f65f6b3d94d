"""Meridian Rail: trains between cities, their fares and rules, bookings, the desk and companies' travel."""

from __future__ import annotations

from ..base import Site
from . import bookings, desk, reserve, search
from .common import routes
from .schema import SCHEMA

__all__ = ["SITE", "bookings", "desk", "reserve", "search"]

SITE = Site(
    name="booking",
    title="Meridian Rail",
    schema=SCHEMA,
    routes=routes,
    nav=(
        ("Search", "home"),
        ("Trains", "trains"),
        ("Stations", "all_stations"),
        ("Fares", "fares"),
        ("Help", "help_pages"),
        ("My bookings", "bookings"),
        ("Vouchers", "vouchers"),
        ("Desk", "desk", "staff"),
        ("Trip requests", "trip_requests", "manager"),
    ),
    incidental=frozenset({"drafts"}),
    generated=frozenset({"id", "created_at", "updated_at", "bookings.code"}),
)

"""The task families of the booking site."""

from __future__ import annotations

from . import booking_changes, booking_refunds, booking_search, booking_trips

FAMILIES = (*booking_search.FAMILIES, *booking_trips.FAMILIES, *booking_changes.FAMILIES, *booking_refunds.FAMILIES)
"""All of them."""

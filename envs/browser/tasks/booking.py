"""The task families of the booking site."""

from __future__ import annotations

from . import booking_search, booking_trips

FAMILIES = (*booking_search.FAMILIES, *booking_trips.FAMILIES)
"""All of them."""

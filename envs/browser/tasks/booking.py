"""The task families of the booking site."""

from __future__ import annotations

from selftrain.envs.browser.tasks import (
    booking_changes,
    booking_desk,
    booking_policy,
    booking_refunds,
    booking_search,
    booking_trips,
)

FAMILIES = (
    *booking_search.FAMILIES,
    *booking_trips.FAMILIES,
    *booking_changes.FAMILIES,
    *booking_refunds.FAMILIES,
    *booking_desk.FAMILIES,
    *booking_policy.FAMILIES,
)
"""All of them."""

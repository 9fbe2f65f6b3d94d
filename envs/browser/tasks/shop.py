"""The task families of the shop."""

from __future__ import annotations

from selftrain.envs.browser.tasks import (
    shop_claims,
    shop_desk,
    shop_find,
    shop_moving,
    shop_orders,
    shop_returns,
    shop_stock,
    shop_wishes,
)

FAMILIES = (
    *shop_find.FAMILIES,
    *shop_wishes.FAMILIES,
    *shop_orders.FAMILIES,
    *shop_returns.FAMILIES,
    *shop_moving.FAMILIES,
    *shop_desk.FAMILIES,
    *shop_claims.FAMILIES,
    *shop_stock.FAMILIES,
)
"""All of them."""

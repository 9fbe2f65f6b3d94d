"""The task families that take several sites: mail says what is to be done elsewhere."""

from __future__ import annotations

from selftrain.envs.browser.family import BrowserFamily
from selftrain.envs.browser.tasks import cross_bugs, cross_invoices, cross_orders

FAMILIES: tuple[BrowserFamily, ...] = (*cross_orders.FAMILIES, *cross_bugs.FAMILIES, *cross_invoices.FAMILIES)

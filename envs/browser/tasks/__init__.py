"""The task families of the browser, site by site."""

from __future__ import annotations

import functools
import importlib

from selftrain.envs.browser.family import BrowserFamily

AREAS = ("shop", "tracker", "forum", "booking", "admin", "mail", "cross")


@functools.cache
def browser_families() -> dict[str, BrowserFamily]:
    """All families by name."""
    return {family.name: family for area in AREAS for family in importlib.import_module(f"{__name__}.{area}").FAMILIES}

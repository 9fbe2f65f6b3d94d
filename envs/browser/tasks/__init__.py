"""The task families of the browser, site by site."""

from __future__ import annotations

import functools
import importlib
import importlib.util

from selftrain.envs.browser.family import BrowserFamily

AREAS = ("shop", "tracker", "forum", "booking", "admin", "mail", "cross")


@functools.cache
def browser_families() -> dict[str, BrowserFamily]:
    """All families by name."""
    modules = [f"{__name__}.{area}" for area in AREAS]
    return {
        family.name: family
        for module in modules
        if importlib.util.find_spec(module)  # while areas are being written
        for family in importlib.import_module(module).FAMILIES
    }

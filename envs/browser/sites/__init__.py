"""The web sites of the browser environment, each at `http://<name>.test/`. Needs Flask and nothing else of ours."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask

from .base import CONNECTION, JAVASCRIPT, Site, make_app

SITES = ("shop", "tracker", "forum", "booking", "admin", "mail")


def find_site(name: str) -> Site:
    """The site of this name."""
    found: Site = importlib.import_module(f".{name}", __name__).SITE
    return found


@functools.cache
def application(name: str) -> Flask:
    """The application of the site `name`, made once in a process."""
    return make_app(find_site(name))


def serve(
    connections: Mapping[str, Any], javascript: bool, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """The WSGI application over all sites: which one answers is what the host of the request says.

    Args:
        connections: name of a site → its open database.
        javascript: whether pages load their widgets.
        environ, start_response: as WSGI has them.
    """
    name = environ.get("HTTP_HOST", "").partition(":")[0].removesuffix(".test")
    if name not in connections:
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"There is no such site."]
    environ |= {CONNECTION: connections[name], JAVASCRIPT: javascript}
    return application(name)(environ, start_response)

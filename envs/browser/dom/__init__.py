"""The engine without a browser: an HTML parser, the rules of forms, cookies, redirects and history; no JavaScript."""

from __future__ import annotations

from selftrain.envs.browser.dom.engine import DomEngine

__all__ = ["DomEngine"]

"""Real Chromium as an engine: a process, the DevTools protocol over its pipe, and one function that reads pages."""

from __future__ import annotations

from selftrain.envs.browser.chromium.engine import ChromiumEngine
from selftrain.envs.browser.chromium.launch import find_chromium

__all__ = ["ChromiumEngine", "find_chromium"]

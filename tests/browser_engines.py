"""Chromium for tests that need it; a machine without one leaves them out, and CI may not."""

from __future__ import annotations

import pytest
from backends import IN_CI

from selftrain.envs.browser.chromium import ChromiumEngine
from selftrain.errors import BackendUnavailableError


def chromium_or_skip() -> ChromiumEngine:
    """A fresh engine."""
    try:
        return ChromiumEngine()
    except BackendUnavailableError as error:
        if IN_CI:
            raise
        pytest.skip(str(error))

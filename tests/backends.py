"""The backends that tests run on."""

from __future__ import annotations

import os

import pytest

from selftrain.errors import BackendUnavailableError
from selftrain.sandboxes import Backend, make_backend


def backend_or_skip(name: str) -> Backend:
    """The backend, or a skip where a user's machine has none; in CI a missing one is a failure."""
    try:
        return make_backend(name)
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))

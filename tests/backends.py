"""What tests run on, and skips where a user's machine lacks it; in CI a missing component is a failure."""

from __future__ import annotations

import os

import pytest

from selftrain.errors import BackendUnavailableError
from selftrain.needs import needs
from selftrain.sandboxes import Backend, make_backend

IN_CI = os.environ.get("CI") == "true"


def requires(thing: str) -> pytest.MarkDecorator:
    """Skips a test where this one of `selftrain.needs` is missing."""
    command = needs()[thing]
    return pytest.mark.skipif(bool(command) and not IN_CI, reason=f"{thing}: {command}")


needs_coq = requires("coq for proofs")
needs_sympy = requires("sympy for code in math")


def backend_or_skip(name: str) -> Backend:
    """The backend called `name`."""
    try:
        return make_backend(name)
    except BackendUnavailableError as error:
        if IN_CI:
            raise
        pytest.skip(str(error))

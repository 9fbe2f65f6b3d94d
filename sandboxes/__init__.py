"""Where commands run: the sandbox protocol and its backends."""

from __future__ import annotations

if __name__ != "selftrain.sandboxes":
    raise ImportError(f"Import selftrain.sandboxes, not {__name__}.")

import atexit
import functools
import importlib
import logging
import threading
from typing import Any

from selftrain.errors import BackendUnavailableError, UnknownNameError
from selftrain.sandboxes.base import Backend, Result, Sandbox, SandboxLimits, SandboxSpec, Snapshot

__all__ = [
    "Backend",
    "Result",
    "Sandbox",
    "SandboxLimits",
    "SandboxSpec",
    "Snapshot",
    "backend_names",
    "describe_backend",
    "make_backend",
    "make_sandbox",
]

# in the order in which "auto" tries them
_BACKENDS = {
    "bubblewrap": ("selftrain.sandboxes.bubblewrap", "BubblewrapBackend"),
    "docker": ("selftrain.sandboxes.docker", "DockerBackend"),
}
_log = logging.getLogger(__name__)
# functools.cache alone would let two threads make one each
_making = threading.Lock()


def backend_names() -> tuple[str, ...]:
    """The backends by name, in the order in which "auto" tries them."""
    return tuple(_BACKENDS)


@functools.cache
def _backend(name: str) -> Backend:
    module, class_name = _BACKENDS[name]
    backend: Backend = getattr(importlib.import_module(module), class_name)()
    atexit.register(backend.close)
    return backend


def make_backend(name: str = "auto") -> Backend:
    """The backend called `name`, one instance a process; "auto" takes the first that works here.

    Raises:
        UnknownNameError: there is no such backend.
        BackendUnavailableError: it cannot start sandboxes here; says what is missing and how to get it.
    """
    if name != "auto" and name not in _BACKENDS:
        raise UnknownNameError("backend", name, ["auto", *_BACKENDS])
    missing = {}
    for candidate in _BACKENDS if name == "auto" else [name]:
        with _making:
            backend = _backend(candidate)
        reason = backend.available()
        if reason is None:
            _log.info("sandboxes run on the %s backend", candidate)
            return backend
        missing[candidate] = reason
    listed = "\n".join(f"  {candidate}: {reason}" for candidate, reason in missing.items())
    raise BackendUnavailableError(f"No sandbox can start on this machine:\n{listed}")


def describe_backend(name: str) -> dict[str, Any]:
    """Whether the backend called `name` works here (`missing` is None, or says what is missing) and its limits."""
    if name not in _BACKENDS:
        raise UnknownNameError("backend", name, _BACKENDS)
    backend = _backend(name)
    missing = backend.available()
    return {"missing": missing, "limits": {} if missing else dict(backend.limits_in_force())}


def make_sandbox(backend: str = "auto", spec: SandboxSpec | None = None) -> Sandbox:
    """A running sandbox made from `spec` on the backend called `backend`; errors as `make_backend` and `create`."""
    return make_backend(backend).create(spec or SandboxSpec())

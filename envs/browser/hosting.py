"""Where the sites of an episode run: in this process, or in a container."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from selftrain.envs.browser.sites.server import Served
from selftrain.errors import SandboxError
from selftrain.sandboxes import make_backend

BACKENDS = ("auto", "process", "bubblewrap", "docker")


class Sites(Protocol):
    """The sites of one episode, being served."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request.

        Raises:
            SandboxError: a site failed; there will be no verdict.
        """
        ...

    def check(self) -> None:
        """Raise the error of a request that failed, which an engine may have kept to itself."""
        ...

    def databases(self) -> Mapping[str, bytes]:
        """The databases as they stand."""
        ...

    def log(self) -> bytes:
        """The log of requests, as JSON: a list of objects with method, url, status and user."""
        ...

    def close(self) -> None:
        """Stop serving; closing twice is fine."""
        ...


class InProcessSites:
    """Sites that this process serves itself.

    Args:
        databases: site → its database in the beginning.
        javascript: whether pages load their widgets.
    """

    def __init__(self, databases: Mapping[str, bytes], javascript: bool = False) -> None:
        self._served = Served(databases, javascript)
        self._fault: SandboxError | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        asked = f"{environ.get('REQUEST_METHOD')} {environ.get('HTTP_HOST')}{environ.get('PATH_INFO')}"
        try:
            return self._served(environ, start_response)
        except Exception as error:  # whatever a site raises is a fault of the environment, never a page
            self._fault = SandboxError(f"a site failed on {asked[:200]}: {type(error).__name__}: {error}")
            raise self._fault from error

    def check(self) -> None:
        """Raise the error of a request that failed."""
        if self._fault is not None:
            raise self._fault

    def changes(self) -> int:
        """How many changes of rows there were so far, those of incidental tables left out."""
        return self._served.changes()

    def databases(self) -> Mapping[str, bytes]:
        """The databases as they stand."""
        return self._served.databases()

    def log(self) -> bytes:
        """The log of requests."""
        return json.dumps(self._served.log, separators=(",", ":")).encode()

    def close(self) -> None:
        """Close the databases."""
        self._served.close()


def open_sites(databases: Mapping[str, bytes], javascript: bool, backend: str, image: str) -> Sites:
    """The sites of an episode, served where `backend` says.

    Args:
        databases: site → its database in the beginning.
        javascript: whether pages load their widgets.
        backend, image: one of `BACKENDS`, and an image for "docker", "" for its own.

    Raises:
        SandboxError: the container cannot be started.
    """
    if backend != "docker":
        return InProcessSites(databases, javascript)
    from selftrain.envs.browser.sandbox_sites import SandboxSites

    return SandboxSites(make_backend(backend), image, databases, javascript)

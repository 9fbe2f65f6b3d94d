"""The sites of an episode on a port of this machine, answered for one browser and for nobody else."""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from selftrain.envs.browser.engine import Wsgi
from selftrain.errors import SandboxError

HEADER = "X-Selftrain-Episode"
"""Carries the episode's secret; the browser adds it below the level that scripts can see."""
COOKIE = "selftrain_episode"
"""Carries it where no header is added, which is so when a link is saved; no script sees this cookie, and no site."""
# one request waits for another here all the time, which is no reason for a warning
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
_ENVIRON = "HTTP_X_SELFTRAIN_EPISODE"


class Loopback:
    """A server on 127.0.0.1, on a port that the system chooses; one request after another.

    It stays over episodes. A request without the secret of the episode, or for a host that is not of the episode, is
    refused before it reaches a site.

    Attributes:
        port: where it listens.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sites: Wsgi | None = None
        self._hosts: frozenset[str] = frozenset()
        self._secret = secrets.token_urlsafe(32)
        self._fault: Exception | None = None
        sockets: dict[int, Any] = {}
        server: Any = create_server(self._answer, host="127.0.0.1", port=0, threads=1, ident="", map=sockets)
        self.port = int(server.effective_port)
        self._thread = threading.Thread(target=_run, args=(sockets,), name=f"sites-{self.port}", daemon=True)
        self._thread.start()
        self._end = weakref.finalize(self, _end, server, sockets, self._thread)

    def begin(self, sites: Wsgi, hosts: Sequence[str]) -> str:
        """Answer from these sites now; returns the new secret. Waits for a request that is being answered."""
        with self._lock:
            self._sites, self._hosts, self._fault = sites, frozenset(hosts), None
            self._secret = secrets.token_urlsafe(32)
            return self._secret

    def pause(self) -> None:
        """Refuse everything until the next `begin`."""
        with self._lock:
            self._sites = None

    def raise_fault(self) -> None:
        """Raise `SandboxError` if a site broke since the episode began."""
        # not under the lock: a request may take long, and this is asked after every action
        fault, self._fault = self._fault, None
        if fault is not None:
            raise SandboxError(f"a site failed: {type(fault).__name__}: {fault}") from fault

    def close(self) -> None:
        """Stop listening; doing so twice is fine."""
        self.pause()
        self._end()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            given = environ.pop(_ENVIRON, "")
            given = _taken_cookie(environ) or given
            host = environ.get("HTTP_HOST", "").removesuffix(":80")
            ours = hmac.compare_digest(given.encode(), self._secret.encode())
            if self._sites is None or not ours or host not in self._hosts:
                start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"This is not for you."]
            try:
                return [_whole(self._sites, environ, start_response)]
            except Exception as error:  # whatever a site raises is a fault of the environment, told to the engine
                self._fault = error
                start_response("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"The site failed."]


def _taken_cookie(environ: dict[str, Any]) -> str:
    """The secret among the cookies of a request, which is not left there."""
    given, others = "", []
    for pair in environ.get("HTTP_COOKIE", "").split("; "):
        name, _, value = pair.partition("=")
        if name == COOKIE:
            given = value
        elif pair:
            others.append(pair)
    environ.pop("HTTP_COOKIE", None)
    if others:
        environ["HTTP_COOKIE"] = "; ".join(others)
    return given


def _whole(sites: Wsgi, environ: dict[str, Any], start_response: Callable[..., Any]) -> bytes:
    body = sites(environ, start_response)
    try:
        return b"".join(body)
    finally:
        if (close := getattr(body, "close", None)) is not None:
            close()


def _run(sockets: dict[int, Any]) -> None:
    wasyncore.loop(timeout=60.0, map=sockets)


def _end(server: Any, sockets: dict[int, Any], thread: threading.Thread) -> None:
    # in the thread of the loop, for sockets may not be closed under its feet
    server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets, ignore_all=True))
    if thread is not threading.current_thread():
        thread.join(5.0)
    server.task_dispatcher.shutdown()

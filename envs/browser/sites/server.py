"""Sites that are being served: open databases, one request after the other, and the log of what was asked."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from . import find_site, serve
from .database import open_database


class Served:
    """A WSGI application over the databases of some sites.

    Args:
        databases: site → its database as it is in the beginning.
        javascript: whether pages load their widgets.
    """

    def __init__(self, databases: Mapping[str, bytes], javascript: bool) -> None:
        self._connections = {name: open_database(data) for name, data in databases.items()}
        self._javascript = javascript
        self._lock = threading.Lock()
        self.log: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request; others wait."""
        said: list[Any] = []
        with self._lock:
            answer = serve(self._connections, self._javascript, environ, lambda *started: said.extend(started))
            try:
                body = b"".join(answer)
            finally:
                if (close := getattr(answer, "close", None)) is not None:
                    close()
            self.log.append(self._entry(environ, int(said[0][:3])))
        start_response(*said)
        return [body]

    def changes(self) -> int:
        """How many changes of rows there were so far, those of incidental tables left out."""
        with self._lock:
            return sum(_changes(connection, name) for name, connection in self._connections.items())

    def databases(self) -> dict[str, bytes]:
        """The databases as they stand."""
        with self._lock:
            return {name: connection.serialize() for name, connection in self._connections.items()}

    def close(self) -> None:
        """Close the databases; closing twice is fine."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()

    def _entry(self, environ: Mapping[str, Any], status: int) -> dict[str, Any]:
        host = environ.get("HTTP_HOST", "").removesuffix(":80")
        path, query = environ.get("PATH_INFO", "/"), environ.get("QUERY_STRING", "")
        url = f"http://{host}{path}" + (f"?{query}" if query else "")
        connection = self._connections.get(host.partition(":")[0].removesuffix(".test"))
        return {
            "method": environ["REQUEST_METHOD"],
            "url": url.encode("latin-1", "replace").decode("utf-8", "replace"),  # WSGI's way to hold bytes
            "status": status,
            "user": _signed_in(connection, environ.get("HTTP_COOKIE", "")) if connection else "",
        }


def _changes(connection: sqlite3.Connection, site: str) -> int:
    tables = connection.execute("SELECT tab, COUNT(*) FROM audit GROUP BY tab")
    return sum(count for table, count in tables if table not in find_site(site).incidental)


def _signed_in(connection: sqlite3.Connection, cookies: str) -> str:
    """The name of the user whose session a request had, "" for nobody."""
    try:
        found = SimpleCookie(cookies).get("session")
    except CookieError:
        return ""
    row = connection.execute(
        "SELECT username FROM sessions JOIN users ON users.id = user_id WHERE sessions.id = ?",
        (found.value if found else "",),
    ).fetchone()
    return str(row[0]) if row else ""

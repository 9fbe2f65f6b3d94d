"""The databases of sites: tables, the triggers that record every change, and the names of who made it."""

from __future__ import annotations

import hashlib
import sqlite3

from flask import g, request

_COMMON = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id INTEGER, csrf TEXT NOT NULL, flashes TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, request TEXT NOT NULL,
    op TEXT NOT NULL, tab TEXT NOT NULL, row INTEGER NOT NULL, before TEXT, after TEXT
);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_not_emptied BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
"""
_UNAUDITED = frozenset({"meta", "sessions", "audit"})


def new_database(schema: str, now: str, secret: str) -> sqlite3.Connection:
    """An empty database with these tables; its clock stands at `now` ("2026-03-02 09:00"), and no audit has begun."""
    connection = _prepared(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None))
    connection.executescript(_COMMON + schema)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [("now", now), ("secret", secret)])
    connection.execute("BEGIN")
    return connection


def start_audit(connection: sqlite3.Connection) -> None:
    """Record every change from now on."""
    if connection.in_transaction:
        connection.execute("COMMIT")
    for table in audited_tables(connection):
        connection.executescript(_triggers(connection, table))


def open_database(data: bytes) -> sqlite3.Connection:
    """A database as it was serialized, in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.deserialize(data)
    return _prepared(connection)


def audited_tables(connection: sqlite3.Connection) -> list[str]:
    """The tables whose changes the audit table records."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted(name for (name,) in found if name not in _UNAUDITED)


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")  # else what "INSERT OR REPLACE" deletes is not recorded
    connection.create_function("acting_user", 0, lambda: _acting("username"))
    connection.create_function("acting_request", 0, lambda: _acting("request"))
    return connection


def _acting(what: str) -> str:
    if not request:
        return "setup"
    if what == "request":
        return f"{request.method} {request.path}"
    return str(g.user["username"]) if g.get("user") else "anonymous"


def _triggers(connection: sqlite3.Connection, table: str) -> str:
    columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]

    def values(row: str) -> str:
        return "json_object(" + ", ".join(f"'{name}', {row}.{name}" for name in columns) + ")"

    record = (
        "INSERT INTO audit (at, actor, request, op, tab, row, before, after) VALUES ("
        "(SELECT value FROM meta WHERE key = 'now'), acting_user(), acting_request(), '{op}', '{table}', {key}, "
        "{before}, {after});"
    )
    made = []
    for op, key, before, after in (
        ("INSERT", "NEW.id", "NULL", values("NEW")),
        ("UPDATE", "NEW.id", values("OLD"), values("NEW")),
        ("DELETE", "OLD.id", values("OLD"), "NULL"),
    ):
        body = record.format(op=op, table=table, key=key, before=before, after=after)
        made.append(f"CREATE TRIGGER audit_{table}_{op.lower()} AFTER {op} ON {table} BEGIN {body} END;")
    return "\n".join(made)


def hashed(password: str) -> str:
    """How a password is stored."""
    return hashlib.blake2b(password.encode(), person=b"selftrain-sites").hexdigest()

"""The blueprint that the pages of the booking site share, and how they show times and money."""

from __future__ import annotations

import datetime as dt
import sqlite3

from flask import Blueprint, abort, g

from ..base import now, row_or_404, rows
from .network import Connection, Leg, clock, connection_of, lasting, leg_of

routes = Blueprint("booking", __name__)
routes.app_template_filter("clock")(clock)
routes.app_template_filter("lasting")(lasting)


@routes.app_template_filter("weekday")
def weekday(date: str) -> str:
    """A date as "Mon 2 Mar 2026"."""
    day = dt.date.fromisoformat(date)
    return f"{day:%a} {day.day} {day:%b %Y}"


def today() -> str:
    """The date of the site's clock."""
    return now()[:10]


def stations() -> list[tuple[str, str]]:
    """Code and name of all stations, for a list to choose from."""
    return [(each["code"], each["name"]) for each in rows("SELECT code, name FROM stations ORDER BY name")]


def station_or_404(code: str) -> sqlite3.Row:
    """The station of this code."""
    return row_or_404("SELECT * FROM stations WHERE code = ?", code)


def train_or_404(number: str) -> sqlite3.Row:
    """The train whose number stands in a URL, "nr-214"."""
    return row_or_404(
        "SELECT t.*, l.name AS line, l.operator_id, o.name AS operator, o.slug FROM trains t "
        "JOIN lines l ON l.id = t.line_id JOIN operators o ON o.id = l.operator_id "
        "WHERE t.number = ?",
        number.replace("-", " ").upper(),
    )


def connection_or_404(key: str, date: str) -> Connection:
    """The connection that a URL names."""
    return connection_of(rows, key, date) or abort(404)


def leg_or_404(train: int, origin: int, destination: int, date: str) -> Leg:
    """The ride on one train between two stations."""
    return leg_of(rows, train, origin, destination, date) or abort(404)


def own_booking(code: str) -> sqlite3.Row:
    """The booking of this code; who did not make it gets "not found", staff see all."""
    found = row_or_404("SELECT * FROM bookings WHERE code = ?", code)
    if found["user_id"] != g.user["id"] and g.user["role"] != "staff":
        abort(404)
    return found


def parties(kinds: list[str]) -> str:
    """A party in words: "2 adults, 1 child"."""
    plural = {"adult": "adults", "child": "children", "senior": "seniors"}
    counts = [(kind, kinds.count(kind)) for kind in plural]
    return ", ".join(f"{n} {kind if n == 1 else plural[kind]}" for kind, n in counts if n)


routes.app_template_filter("party")(parties)


@routes.app_template_filter("slugged")
def slugged(number: str) -> str:
    """A train's number as URLs have it: "nr-214"."""
    return number.replace(" ", "-").lower()


def whole(text: str | None, least: int, most: int, otherwise: int) -> int:
    """A number of a query string, or what holds without a sound one."""
    sound = bool(text) and text is not None and text.isascii() and text.isdigit() and len(text) < 8
    found = int(text or "") if sound else otherwise
    return found if least <= found <= most else otherwise


def minutes_of(text: str | None) -> int | None:
    """Minutes after midnight of "08:05", or None."""
    hours, colon, minutes = (text or "").strip().partition(":")
    sound = colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and len(hours) <= 2
    if not sound or not (text or "").isascii() or int(minutes) > 59 or int(hours) > 23:
        return None
    return int(hours) * 60 + int(minutes)

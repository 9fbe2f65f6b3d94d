"""Which meetings happen when: occurrences of events, who is busy, and whether a room is free. No pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ..base import rows
from .common import parted

DAY_STARTS, DAY_ENDS = "08:00", "18:00"
SLOTS = tuple(f"{hour:02d}:{minute:02d}" for hour in range(8, 19) for minute in (0, 30))[:-1]
"""Beginnings of half hours, "08:00" to "18:00"; the last can only end a meeting."""


@dataclass(frozen=True)
class Occurrence:
    """One meeting on one day; `starts` and `ends` are times such as "09:30"."""

    event: Any
    day: str
    starts: str
    ends: str


def week_of(day: str) -> list[str]:
    """Monday to Friday of the week that holds `day`."""
    monday = date.fromisoformat(day) - timedelta(days=date.fromisoformat(day).weekday())
    return [(monday + timedelta(days=n)).isoformat() for n in range(5)]


def days_of_event(event: Any, first: str, last: str) -> list[str]:
    """The days from `first` to `last` on which an event happens."""
    day = event["starts"][:10]
    if not event["repeats"]:
        return [day] if first <= day <= last else []
    step = timedelta(days=14 if event["repeats"] == "fortnightly" else 7)
    end = min(last, event["repeats_until"] or last)
    skipped, found, at = parted(event["skipped"]), [], date.fromisoformat(day)
    while at.isoformat() <= end:
        if at.isoformat() >= first and at.isoformat() not in skipped:
            found.append(at.isoformat())
        at += step
    return found


def occurrences(events: Iterable[Any], first: str, last: str) -> list[Occurrence]:
    """All meetings of these events between two days, in order."""
    found = [
        Occurrence(event, day, event["starts"][11:], event["ends"][11:])
        for event in events
        for day in days_of_event(event, first, last)
    ]
    return sorted(found, key=lambda each: (each.day, each.starts, each.ends, each.event["id"]))


def events_of(username: str) -> list[Any]:
    """The events that a person organizes or is invited to and has not declined, with "answer" among their columns."""
    return rows(
        "SELECT e.*, coalesce((SELECT a.answer FROM answers a JOIN users u ON u.id = a.user_id WHERE a.event_id = e.id"
        " AND u.username = ?1), '') AS answer FROM events e WHERE e.cancelled = 0 AND (e.organizer = ?1 OR"
        " instr(', ' || e.attendees || ',', ', ' || ?1 || ',')) AND answer <> 'declined'",
        username,
    )


def events_in_room(room_id: int) -> list[Any]:
    """The events that are held in a room."""
    return rows("SELECT * FROM events WHERE room_id = ? AND cancelled = 0", room_id)


def overlapping(found: Iterable[Occurrence], starts: str, ends: str) -> list[Occurrence]:
    """Those that share time with `starts` to `ends` of their day."""
    return [each for each in found if each.starts < ends and starts < each.ends]


def room_clash(room_id: int, day: str, starts: str, ends: str, but: int) -> Occurrence | None:
    """A meeting that already has the room then, that of event `but` left out."""
    found = occurrences((event for event in events_in_room(room_id) if event["id"] != but), day, day)
    clashing = overlapping(found, starts, ends)
    return clashing[0] if clashing else None

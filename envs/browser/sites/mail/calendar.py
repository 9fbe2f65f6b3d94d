"""Calendar views of month, week and day, and the invitations that wait for an answer."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from flask import Blueprint, abort, g

from ..base import go, now, page, rows
from .agenda import SLOTS, events_of, occurrences, overlapping, week_of
from .common import add_pages, me


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)


def this_week() -> Any:
    """Go to the week of today."""
    return go("week", day=now()[:10])


def month(text: str) -> Any:
    """A month ("2026-03") as a table of weeks."""
    first = _day(f"{text}-01")
    monday = first - timedelta(days=first.weekday())
    days = [(monday + timedelta(days=n)).isoformat() for n in range(42)]
    found = occurrences(events_of(g.user["username"]), days[0], days[-1])
    weeks = [
        [(day, day[:7] == text, [each for each in found if each.day == day]) for day in days[at : at + 7]]
        for at in range(0, 42, 7)
    ]
    before = (first - timedelta(days=1)).isoformat()[:7]
    after = (first + timedelta(days=32)).isoformat()[:7]
    return page("mail/month.html", month=text, weeks=weeks, before=before, after=after)


def week(day: str) -> Any:
    """Monday to Friday, one list a day."""
    at = _day(day)
    days = week_of(at.isoformat())
    found = occurrences(events_of(g.user["username"]), days[0], days[-1])
    return page(
        "mail/week.html",
        days=[(each, date.fromisoformat(each).strftime("%A"), [o for o in found if o.day == each]) for each in days],
        before=(at - timedelta(days=7)).isoformat(),
        after=(at + timedelta(days=7)).isoformat(),
    )


def day(day: str) -> Any:
    """One day, half hour by half hour, with what clashes."""
    at = _day(day)
    found = occurrences(events_of(g.user["username"]), day, day)
    slots = [(slot, overlapping(found, slot, following)) for slot, following in pairwise(SLOTS)]
    return page(
        "mail/day.html",
        day=day,
        weekday=at.strftime("%A"),
        found=found,
        slots=slots,
        before=(at - timedelta(days=1)).isoformat(),
        after=(at + timedelta(days=1)).isoformat(),
    )


def invitations() -> Any:
    """Invitations to what is still to come and has no answer, oldest meeting first."""
    waiting = rows(
        "SELECT e.*, u.name AS organizer_name, r.name AS room FROM events e JOIN users u ON u.username = e.organizer"
        " LEFT JOIN rooms r ON r.id = e.room_id WHERE e.cancelled = 0 AND e.starts >= ? AND e.organizer <> ?"
        " AND instr(', ' || e.attendees || ',', ', ' || ? || ',') AND NOT EXISTS"
        " (SELECT 1 FROM answers a WHERE a.event_id = e.id AND a.user_id = ?) ORDER BY e.starts, e.id",
        now(),
        g.user["username"],
        g.user["username"],
        me(),
    )
    return page("mail/invitations.html", waiting=waiting)


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(
        blueprint,
        ("/calendar", this_week, "GET"),
        ("/calendar/month/<text>", month, "GET"),
        ("/calendar/week/<day>", week, "GET"),
        ("/calendar/day/<day>", day, "GET"),
        ("/invitations", invitations, "GET"),
    )

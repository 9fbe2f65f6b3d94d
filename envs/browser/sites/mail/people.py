"""The directory of colleagues with their free and busy times, and the rooms with theirs."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from flask import Blueprint, request

from ..base import change, flash, go, needs_role, now, page, paged, row, row_or_404, rows
from .agenda import SLOTS, Occurrence, events_in_room, events_of, occurrences, overlapping, week_of
from .common import add_pages, parted


def people() -> Any:
    """All colleagues; by name and department."""
    query, department = request.args.get("q", "").strip(), request.args.get("department", "")
    like = f"%{query}%"
    found = paged(
        "SELECT * FROM users WHERE (name LIKE ? OR username LIKE ? OR title LIKE ?) AND (? = '' OR department = ?)"
        " ORDER BY name, id",
        like,
        like,
        like,
        department,
        department,
        per_page=20,
    )
    departments = [each[0] for each in rows("SELECT DISTINCT department FROM users ORDER BY 1")]
    return page("mail/people.html", found=found, query=query, department=department, departments=departments)


def person(username: str) -> Any:
    """The profile of a colleague."""
    found = row_or_404("SELECT * FROM users WHERE username = ?", username)
    manager = row("SELECT * FROM users WHERE username = ?", found["manager"])
    team = rows("SELECT * FROM users WHERE manager = ? ORDER BY name", username)
    return page("mail/person.html", person=found, manager=manager, team=team)


def _week() -> tuple[list[str], str, str]:
    """The week of `?day=`, and a day of the weeks before and after it."""
    try:
        at = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        at = date.fromisoformat(now()[:10])
    return week_of(at.isoformat()), (at - timedelta(days=7)).isoformat(), (at + timedelta(days=7)).isoformat()


def _grid(found: list[Occurrence], days: list[str]) -> list[tuple[str, list[list[Occurrence]]]]:
    """For each half hour, what is on at each day."""
    return [
        (f"{slot}-{after}", [overlapping([o for o in found if o.day == day], slot, after) for day in days])
        for slot, after in pairwise(SLOTS)
    ]


def free_busy(username: str) -> Any:
    """When a colleague is busy in a week, and nothing of what with."""
    found = row_or_404("SELECT * FROM users WHERE username = ?", username)
    days, before, after = _week()
    grid = _grid(occurrences(events_of(username), days[0], days[-1]), days)
    off = [date.fromisoformat(day).strftime("%A") in parted(found["off_days"]) for day in days]
    states = [
        (
            slot,
            [
                "Off"
                if away or not found["day_starts"] <= slot[:5] < found["day_ends"]
                else ("Free" if not on else "Busy" if any(_fixed(o, username) for o in on) else "Tentative")
                for on, away in zip(cells, off, strict=True)
            ],
        )
        for slot, cells in grid
    ]
    return page("mail/free_busy.html", person=found, days=days, before=before, after=after, states=states)


def _fixed(found: Occurrence, username: str) -> bool:
    return bool(found.event["organizer"] == username or found.event["answer"] == "accepted")


def rooms() -> Any:
    """Rooms by seats and equipment."""
    seats, equipment = request.args.get("seats", ""), request.args.get("equipment", "").strip()
    least = int(seats) if seats.isascii() and seats.isdigit() and len(seats) < 5 else 0
    found = rows(
        "SELECT * FROM rooms WHERE capacity >= ? AND (? = '' OR instr(', ' || equipment || ',', ', ' || ? || ','))"
        " ORDER BY name",
        least,
        equipment,
        equipment,
    )
    every = sorted({part for each in rows("SELECT equipment FROM rooms") for part in parted(each["equipment"])})
    return page("mail/rooms.html", rooms=found, seats=seats, equipment=equipment, every=every)


def room(room_id: int) -> Any:
    """One room and when it is taken."""
    found = row_or_404("SELECT * FROM rooms WHERE id = ?", room_id)
    days, before, after = _week()
    grid = _grid(occurrences(events_in_room(room_id), days[0], days[-1]), days)
    return page("mail/room.html", room=found, days=days, before=before, after=after, grid=grid)


@needs_role("facilities")
def close_room(room_id: int) -> Any:
    """Take a room out of the list for bookings, or back into it."""
    found = row_or_404("SELECT * FROM rooms WHERE id = ?", room_id)
    change("UPDATE rooms SET closed = ? WHERE id = ?", 1 - found["closed"], room_id)
    flash(f"{found['name']} is {'open' if found['closed'] else 'closed'}.")
    return go("room", room_id=room_id)


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the site."""
    add_pages(
        blueprint,
        ("/people", people, "GET"),
        ("/people/<username>", person, "GET"),
        ("/people/<username>/calendar", free_busy, "GET"),
        ("/rooms", rooms, "GET"),
        ("/rooms/<int:room_id>", room, "GET"),
        ("/rooms/<int:room_id>/close", close_room, "POST"),
    )

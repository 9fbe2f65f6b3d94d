"""The calendars of a mail world, worked out from the rows, and the meetings that tasks put into them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.mail import words
from selftrain.envs.browser.sites.mail.agenda import SLOTS
from selftrain.envs.browser.sites.mail.common import joined, parted
from selftrain.envs.browser.tasks.mail_base import HOST, Rng, one, owner, pick
from selftrain.envs.browser.world import World

Span = tuple[str, str]
"""From and to, "09:00", "10:30"."""


def weekdays(first: date, count: int) -> list[str]:
    """So many days from `first` on that are no Saturday or Sunday."""
    found: list[str] = []
    at = first
    while len(found) < count:
        if at.weekday() < 5:
            found.append(at.isoformat())
        at += timedelta(days=1)
    return found


def weekday(day: str) -> str:
    """ "Monday" and so on."""
    return date.fromisoformat(day).strftime("%A")


def later(time: str, halves: int) -> str:
    """So many half hours after "09:00"."""
    minutes = int(time[:2]) * 60 + int(time[3:]) + 30 * halves
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def meet(one_span: Span, other: Span) -> bool:
    """Whether two spans of a day share time."""
    return one_span[0] < other[1] and other[0] < one_span[1]


class Diary:
    """The calendars of a world as they stand when this is made."""

    def __init__(self, world: World) -> None:
        self.events = world.rows("mail", "SELECT * FROM events WHERE cancelled = 0")
        declined = world.rows(
            "mail",
            "SELECT a.event_id, u.username FROM answers a JOIN users u ON u.id = a.user_id WHERE a.answer = 'declined'",
        )
        self._declined = {(found["event_id"], found["username"]) for found in declined}
        self._busy: dict[tuple[str, str], list[sqlite3.Row]] = {}
        self._days: dict[str, list[sqlite3.Row]] = {}
        self.people = {found["username"]: found for found in world.rows("mail", "SELECT * FROM users")}
        self.rooms = world.rows("mail", "SELECT * FROM rooms WHERE closed = 0 ORDER BY capacity, name")

    def busy(self, username: str, day: str, but: int = 0) -> list[Span]:
        """When somebody is in a meeting or invited to one and has not declined; event `but` does not count."""
        if (username, day) not in self._busy:
            self._busy[username, day] = [
                event
                for event in self._of_day(day)
                if (event["organizer"] == username or username in parted(event["attendees"]))
                and (event["id"], username) not in self._declined
            ]
        return [span_of(event) for event in self._busy[username, day] if event["id"] != but]

    def _of_day(self, day: str) -> list[sqlite3.Row]:
        if day not in self._days:
            self._days[day] = [event for event in self.events if on_day(event, day)]
        return self._days[day]

    def works(self, username: str, day: str, span: Span) -> bool:
        """Whether a span lies within somebody's working hours."""
        who = self.people[username]
        inside = who["day_starts"] <= span[0] and span[1] <= who["day_ends"]
        return bool(inside and weekday(day) not in parted(who["off_days"]))

    def free(self, usernames: Sequence[str], day: str, span: Span, but: int = 0) -> bool:
        """Whether all of them work then and are in no meeting."""
        return all(
            self.works(name, day, span) and not any(meet(span, taken) for taken in self.busy(name, day, but))
            for name in usernames
        )

    def room_free(self, room_id: int, day: str, span: Span, but: int = 0) -> bool:
        """Whether nothing is on in a room."""
        return not any(
            event["room_id"] == room_id and event["id"] != but and meet(span, span_of(event))
            for event in self._of_day(day)
        )


def span_of(event: sqlite3.Row) -> Span:
    """From when to when on its days."""
    return event["starts"][11:], event["ends"][11:]


def on_day(event: sqlite3.Row, day: str) -> bool:
    """Whether an event, or a series, takes place on a day."""
    if not event["repeats"]:
        return bool(event["starts"][:10] == day)
    apart = (date.fromisoformat(day) - date.fromisoformat(event["starts"][:10])).days
    step = 14 if event["repeats"] == "fortnightly" else 7
    inside = apart >= 0 and day <= (event["repeats_until"] or day)
    return inside and apart % step == 0 and day not in parted(event["skipped"])


# meetings of the owner


def empty_calendar(world: World) -> None:
    """Take away all meetings of the owner, so that a task can lay out the week."""
    name = owner(world)["username"]
    taken = "SELECT id FROM events WHERE organizer = ?1 OR instr(', ' || attendees || ',', ', ' || ?1 || ',')"
    world.write("mail", f"DELETE FROM answers WHERE event_id IN ({taken})", name)
    world.write("mail", f"DELETE FROM events WHERE id IN ({taken})", name)


@dataclass(frozen=True)
class Meeting:
    """A meeting of the owner.

    Attributes:
        id, title, day, span, kind: of the event.
        organizer: user name.
        others: user names of who is invited, the owner left out.
        weekly: whether it is a series.
    """

    id: int
    title: str
    day: str
    span: Span
    kind: str
    organizer: str
    others: tuple[str, ...]
    weekly: bool = False

    @property
    def halves(self) -> int:
        """How many half hours it takes."""
        return sum(self.span[0] <= slot < self.span[1] for slot in SLOTS)


def put_meeting(
    rng: Rng, world: World, title: str, day: str, span: Span, *, kind: str = "internal", by: str = "",
    others: Sequence[str] = (), weekly: bool = False, pending: bool = False, notes: str = "",
) -> Meeting:  # fmt: skip
    """An event with the owner in it, organized by `by` or by the owner, and accepted unless `pending`."""
    who = owner(world)
    organizer = by or str(who["username"])
    attendees = joined([*others, who["username"]] if by else others)
    taken = {found["id"] for found in world.rows("mail", "SELECT id FROM events")}
    event = int(next(n for n in rng.integers(100, 2999, 500).tolist() if n not in taken))
    world.write(
        "mail",
        "INSERT INTO events (id, organizer, title, starts, ends, attendees, kind, repeats, repeats_until, notes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(event, organizer, title, f"{day} {span[0]}", f"{day} {span[1]}", attendees, kind),
        *(("weekly", "2026-05-29") if weekly else ("", "")),
        notes,
    )
    if by and not pending:
        world.write("mail", "INSERT INTO answers (event_id, user_id, answer) VALUES (?, 1, 'accepted')", event)
    return Meeting(event, title, day, span, kind, organizer, tuple(others), weekly)


def titles_for(rng: Rng, count: int) -> list[str]:
    """Titles of which no two are the same."""
    ends = ("review", "planning", "check", "talk", "demo", "retrospective")
    return [f"{first} {one(rng, *ends)}" for first in pick(rng, words.PROJECTS, count)]


def answer_invitation(event: int, answer: str, note: str, day: str = "", at: str = "") -> list[Do]:
    """Answer an invitation on the page of its event; what is "" stays as the form has it."""
    return [
        Do(f"goto('{HOST}/events/{event}')"),
        Do("select", "combobox", "Answer", answer),
        *([Do("fill", "textbox", "Note", note)] if note else []),
        *([Do("fill", "textbox", "Proposed day", day)] if day else []),
        *([Do("select", "combobox", "Proposed start", at)] if at else []),
        Do("click", "button", "Send answer"),
    ]

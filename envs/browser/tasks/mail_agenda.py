"""Finding a time and a room for a meeting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.mail.agenda import SLOTS
from selftrain.envs.browser.sites.mail.common import joined, parted
from selftrain.envs.browser.tasks.mail_base import (
    ANY_TEXT,
    HOST,
    SUBMIT,
    Rng,
    assistant,
    colleagues,
    login,
    one,
    owner,
    pick,
    sign_in,
    write_guide,
)
from selftrain.envs.browser.tasks.mail_calendar import Diary, Span, later, meet, weekday, weekdays
from selftrain.envs.browser.world import World

FIRST_DAY = date(2026, 3, 3)

# a time and a room for a meeting

_ASK = (
    "{login} Set up the meeting '{title}' ({kind}, {minutes} minutes) with {people}. {when} {room} Enter it once, not "
    "as a series.",
    "I need a meeting with {people}: title '{title}', kind '{kind}', {minutes} minutes, not repeated. {login} {when} "
    "{room}",
    "Please find a time for '{title}', {minutes} minutes, with {people}, and put the meeting into the calendar with "
    "that title and the kind '{kind}'. {when} {room} {login}",
)
_WHEN = (
    "It has to be {days}, at the earliest time (full or half hours) at which all of us work and nobody has anything "
    "in the calendar, not even tentatively."
)
_ROOM = {
    1: "No room is needed.",
    2: "Book the smallest room that seats all of us, me included, and is free then (the first by name if two are as "
    "small). If no such room is free at that time, take the next time.",
    3: "Book the smallest room that seats all of us, me included, has this equipment: {equipment}, and is free then "
    "(the first by name if two are as small). If no such room is free at that time, take the next time.",
}
_BY_GUIDE = (
    " The guide 'Meetings and rooms' (under Guides) has rules on times and rooms that must be kept, too: what it "
    "rules out is as good as taken."
)
_TITLES = (
    "Launch plan",
    "Supplier choice",
    "Quarter figures",
    "Site visit",
    "Price review",
    "Hiring plan",
    "Risk list",
)
_SIZES = {1: (1, 1, False), 2: (2, 1, False), 3: (3, 2, False), 4: (3, 5, True), 5: (5, 10, True)}
"""Level → colleagues, days to look at, whether the guide counts."""


@dataclass(frozen=True)
class _Rules:
    """What the guide says of times and rooms.

    Attributes:
        noon: when there are no meetings at noon.
        off: a weekday without meetings after noon.
        large, group: rooms of more than `large` seats are for at least `group` people.
        floor: on which meetings with customers are held.
    """

    noon: Span = ("00:00", "00:00")
    off: str = ""
    large: int = 99
    group: int = 0
    floor: int = 0

    def allow_time(self, day: str, span: Span) -> bool:
        return not meet(span, self.noon) and not (weekday(day) == self.off and span[1] > "12:00")

    def allow_room(self, room: sqlite3.Row, people: int, kind: str) -> bool:
        right_floor = kind != "customer" or self.floor in (0, room["floor"])
        return right_floor and (room["capacity"] <= self.large or people >= self.group)

    def text(self) -> str:
        return (
            "These rules hold for all of us.\n\n# Times\n\n"
            f"- No meetings from {self.noon[0]} to {self.noon[1]}.\n"
            f"- On {self.off} no meeting lasts longer than until 12:00.\n\n# Rooms\n\n"
            f"- Rooms with more than {self.large} seats are for groups of {self.group} people or more.\n"
            f"- Meetings of the kind 'With customers' are held on floor {self.floor}, all others anywhere."
        )


def _schedule(rng: Rng, level: int, world: World) -> Draft:
    size, span, guided = _SIZES[level]
    who, diary = owner(world), Diary(world)
    for _ in range(200):
        rules = _drawn_rules(rng, size) if guided else _Rules()
        people = colleagues(world, rng, size)
        days = weekdays(FIRST_DAY + timedelta(days=int(rng.integers(4 if level > 3 else 14))), span)
        kind = "customer" if level == 5 else str(one(rng, "internal", "interview"))
        need = pick(rng, ("Projector", "Whiteboard", "Video", "Phone"), int(rng.integers(1, 3))) if level >= 3 else []
        names = [str(who["username"]), *(str(each["username"]) for each in people)]
        halves = int(rng.integers(2, 4)) if level < 4 else int(rng.integers(3, 5))
        found = list(_openings(diary, rules, names, days, (halves, kind, need, level > 1)))
        tried = sum(diary.free(names, day, (at, later(at, halves))) for day in days for at in SLOTS[:-halves])
        # a time that is free but ruled out, or a first slot that is not, makes it a task
        if len(found) > 1 and found[0][:2] != (days[0], "09:00") and (level < 4 or tried > len(found)):
            break
    else:
        raise AssertionError("no group of colleagues in this world has a time and a room")
    if guided:
        write_guide(world, "meetings", rules.text())
    title = str(one(rng, *_TITLES))
    wanted = (title, names, kind, halves)
    instruction = _asked(rng, level, world, people, (title, kind, halves, days, need))
    doing = [_entering(wanted, opening) for opening in (found[0], found[-1])]
    naive = _naive(diary, names, days, halves, found[0])
    cheats = {
        "another time": [*sign_in(who), *doing[1], SUBMIT],
        "first free time": [*sign_in(who), *_entering(wanted, naive), SUBMIT],
        "wrong organizer": [*sign_in(assistant(world)), *doing[0], SUBMIT],
        "somebody left out": [*sign_in(who), *_entering((title, names[:-1], kind, halves), found[0]), SUBMIT],
    }
    goal = Goal([_meeting(who, wanted, found[0])], {"mail": who["username"]})
    return Draft(instruction, world, goal, [*sign_in(who), *doing[0], SUBMIT], cheats, steps=60 + 20 * level)


def _drawn_rules(rng: Rng, size: int) -> _Rules:
    noon, off = str(one(rng, "11:30", "12:00", "12:30")), str(one(rng, "Monday", "Thursday", "Friday"))
    group, floor = size + int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return _Rules((noon, later(noon, int(rng.integers(2, 4)))), off, 6, group, floor)


Opening = tuple[str, str, Any, str]
"""Day, start, id of the room or None, and the room's label in the form."""


def _openings(
    diary: Diary, rules: _Rules, names: list[str], days: list[str], wish: tuple[int, str, list[str], bool]
) -> Iterator[Opening]:
    """Every time that fits, the earliest first, with the room to take; `wish`: half hours, kind, equipment, a room."""
    halves, kind, need, with_room = wish
    for day in days:
        for at in SLOTS[:-halves]:
            span = (at, later(at, halves))
            if not rules.allow_time(day, span) or not diary.free(names, day, span):
                continue
            if not with_room:
                yield day, at, None, "No room"
                continue
            rooms = [
                room
                for room in diary.rooms
                if room["capacity"] >= len(names)
                and set(need) <= set(parted(room["equipment"]))
                and rules.allow_room(room, len(names), kind)
                and diary.room_free(room["id"], day, span)
            ]
            if rooms:
                yield day, at, rooms[0]["id"], f"{rooms[0]['name']} ({rooms[0]['capacity']} seats)"


def _naive(diary: Diary, names: list[str], days: list[str], halves: int, right: Opening) -> Opening:
    """A time that only the first two are asked about, or half an hour late."""
    for day in days:
        for at in SLOTS[2:-halves]:
            if diary.free(names[:1], day, (at, later(at, halves))) and (day, at) != right[:2]:
                return day, at, None, "No room"
    return right[0], later(right[1], 1), None, "No room"


def _asked(
    rng: Rng, level: int, world: World, people: Sequence[sqlite3.Row], wish: tuple[str, str, int, list[str], list[str]]
) -> str:
    title, kind, halves, days, need = wish
    when = f"on {weekday(days[0])}, {days[0]}" if len(days) == 1 else f"on a working day from {days[0]} to {days[-1]}"
    equipment = " and ".join(need)
    room = _ROOM[min(level, 3)].format(equipment=equipment) + (_BY_GUIDE if level > 3 else "")
    *most, last = [str(each["name"]) for each in people]
    kinds = {"internal": "Internal", "interview": "Interview", "customer": "With customers"}
    return str(one(rng, *_ASK)).format(
        login=login(owner(world)),
        title=title,
        kind=kinds[kind],
        minutes=30 * halves,
        people=f"{', '.join(most)} and {last}" if most else last,
        when=_WHEN.format(days=when),
        room=room,
    )


def _meeting(who: sqlite3.Row, wanted: tuple[str, list[str], str, int], opening: Opening) -> Inserted:
    title, names, kind, halves = wanted
    day, at, room, _ = opening
    values = {
        "organizer": who["username"],
        "title": title,
        "starts": f"{day} {at}",
        "ends": f"{day} {later(at, halves)}",
        "room_id": room,
        "attendees": joined(names[1:]),
        "kind": kind,
        "notes": ANY_TEXT,
    }
    return Inserted("mail", "events", values)


def _entering(wanted: tuple[str, list[str], str, int], opening: Opening) -> list[Do]:
    title, names, kind, halves = wanted
    day, at, _, room = opening
    kinds = {"internal": "Internal", "interview": "Interview", "customer": "With customers"}
    return [
        Do(f"goto('{HOST}/events/new')"),
        Do("fill", "textbox", "Title", title),
        Do("fill", "textbox", "Day", day),
        Do("select", "combobox", "Starts", at),
        Do("select", "combobox", "Ends", later(at, halves)),
        Do("fill", "textbox", "Attendees", ", ".join(names[1:])),
        Do("select", "combobox", "Room", room),
        Do("select", "combobox", "Kind", kinds[kind]),
        Do("click", "button", "Save meeting"),
    ]


FAMILIES = (
    BrowserFamily(
        "mail-schedule-meeting",
        "Set up a meeting at the first time when all are free, in a room that fits the rules for meetings",
        ("calendars", "search under constraints", "policy"),
        0.0,
        ("mail",),
        _schedule,
    ),
)

"""Meetings that overlap, and which of them gives way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.mail.agenda import SLOTS
from selftrain.envs.browser.tasks.mail_base import (
    HOST,
    SUBMIT,
    Rng,
    Says,
    colleagues,
    login,
    one,
    owner,
    pick,
    sign_in,
    steps_for,
    write_guide,
)
from selftrain.envs.browser.tasks.mail_calendar import (
    Diary,
    Meeting,
    Span,
    answer_invitation,
    empty_calendar,
    later,
    meet,
    put_meeting,
    titles_for,
    weekdays,
)
from selftrain.envs.browser.world import World

_WEEK = weekdays(date(2026, 3, 9), 5)


# clashes

_ASK_CLASH = (
    "{login} In the week from {first} to {last} some of my meetings overlap. {rule} {where}",
    "My calendar has clashes between {first} and {last}. {login} {rule} {where}",
    "Please sort out the meetings that overlap in my calendar from {first} to {last}. {rule} {where} {login}",
)
_RULE = {
    1: "Of two that overlap, '{title}' is the one to move.",
    2: "Of two that overlap, the shorter one moves.",
}
_BY_GUIDE = "Which of two meetings gives way, and how, is in the guide 'Meetings and rooms' (under Guides)."
_WHERE = (
    "A meeting that moves gets the first time of the same day, from 09:00 on and over by 17:00, at full or half "
    "hours, at which I am free{others}; it keeps its length, and it is no obstacle to itself."
)
_OTHERS = " and all who are invited to it work and have nothing in their calendars (tentative is not free)"
_RANKS = ("customer", "interview", "internal")


def _clashes(rng: Rng, level: int, world: World) -> Draft:
    empty_calendar(world)
    who = owner(world)
    ranks = pick(rng, _RANKS, 3)
    write_guide(world, "meetings", _clash_guide(ranks, level))
    titles = iter(titles_for(rng, 36))
    days = pick(rng, _WEEK, {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}[level])
    steps: list[_Step] = []
    for n, day in enumerate(sorted(days)):
        odd = level == 5 and n < 2
        steps.append(
            _put_clash(rng, world, (level, ranks, "series" if odd and n else "foreign" if odd else ""), day, titles)
        )
    oracle = [*sign_in(who), *(do for step in steps for do in step.right), SUBMIT]
    rule = _RULE[level].format(title=steps[0].loser.title) if level <= 2 else _BY_GUIDE
    instruction = str(one(rng, *_ASK_CLASH)).format(
        login=login(who),
        first=_WEEK[0],
        last=_WEEK[-1],
        rule=rule,
        where=_WHERE.format(others=_OTHERS if level >= 4 else ""),
    )
    cheats = {
        "the other one": [*sign_in(who), *(do for step in steps for do in step.wrong), SUBMIT],
        "later than needed": [*sign_in(who), *(do for step in steps for do in step.late), SUBMIT],
    }
    if len(steps) > 1:
        cheats["one left out"] = [*sign_in(who), *(do for step in steps[1:] for do in step.right), SUBMIT]
    goal = Goal([step.change for step in steps], {"mail": who["username"]})
    return Draft(instruction, world, goal, oracle, cheats, steps=steps_for(oracle, 70))


def _clash_guide(ranks: Sequence[str], level: int) -> str:
    names = {"customer": "With customers", "interview": "Interview", "internal": "Internal"}
    lines = [f"{names[high]} goes before {names[low]}." for high, low in pairwise(ranks)]
    lines.append("Of two meetings of the same kind the shorter one gives way.")
    if level == 5:
        lines.append(
            "A day of a series that gives way is not moved: that one day is cancelled, and the series goes on."
        )
        lines.append(
            "If the meeting that gives way was called by somebody else, decline it, with a note that holds the word "
            "'clash'; do not propose another time."
        )
    told = "The kind of a meeting, which its page names, says how important it is.\n\n# Meetings that overlap\n\n"
    return told + "\n".join(f"- {line}" for line in lines)


@dataclass(frozen=True)
class _Step:
    """One clash: who gives way, the change, and what scripts do about it."""

    loser: Meeting
    change: Updated
    right: tuple[Do, ...]
    wrong: tuple[Do, ...]
    late: tuple[Do, ...]


def _put_clash(rng: Rng, world: World, how: tuple[int, Sequence[str], str], day: str, titles: Any) -> _Step:
    """Two meetings that overlap and some that do not, on one day; drawn until a free time is left."""
    level, ranks, way = how
    for _ in range(200):
        halves = pick(rng, (2, 3, 4), 2)
        start = int(rng.integers(4, 10))
        first = (SLOTS[start], later(SLOTS[start], halves[0]))
        second_at = SLOTS[start + int(rng.integers(1, halves[0]))]
        spans = [first, (second_at, later(second_at, halves[1]))]
        kinds = list(pick(rng, ranks, 2)) if level >= 3 and rng.integers(4) else ["internal", "internal"]
        order = [(ranks.index(kind), -length) for kind, length in zip(kinds, halves, strict=True)]
        if level == 1:
            order = [(1, 0), (0, 0)]
        lose = 0 if order[0] > order[1] else 1
        invited = [str(each["username"]) for each in colleagues(world, rng, 2)] if level >= 4 else []
        span, keep = spans[lose], spans[1 - lose]
        obstacles = _obstacles(rng, spans)
        diary = Diary(world)
        found = [
            at
            for at in SLOTS[2 : 19 - halves[lose]]
            if not any(meet((at, later(at, halves[lose])), taken) for taken in (keep, *obstacles))
            and diary.free(invited, day, (at, later(at, halves[lose])))
        ]
        if len(found) > 1 and (way or found[0] != "09:00" or rng.integers(4) == 0):
            break
    else:
        raise AssertionError(f"{day} has no free time for a meeting that moves")
    by = str(colleagues(world, rng, 1)[0]["username"]) if way == "foreign" else ""
    loser = put_meeting(
        rng, world, next(titles), day, span, kind=kinds[lose], by=by, others=invited, weekly=way == "series"
    )
    winner = put_meeting(rng, world, next(titles), day, keep, kind=kinds[1 - lose])
    for obstacle in obstacles:
        put_meeting(rng, world, next(titles), day, obstacle)
    return _step(world, loser, winner, found)


def _obstacles(rng: Rng, spans: Sequence[Span]) -> list[Span]:
    """Half hours and hours of the day that do not overlap with `spans` or each other."""
    found: list[Span] = []
    for start in rng.permutation(16)[:9].tolist():
        span = (SLOTS[2 + start], later(SLOTS[2 + start], 1 + start % 2))
        if not any(meet(span, taken) for taken in (*spans, *found)) and len(found) < 4:
            found.append(span)
    return found


def _step(world: World, loser: Meeting, winner: Meeting, free: Sequence[str]) -> _Step:
    who = owner(world)
    moved = tuple(_moving(loser, free[0]))
    wrong, late = tuple(_moving(winner, free[0])), tuple(_moving(loser, free[-1]))
    if loser.organizer != who["username"]:
        note = Says((), (), ("clash",))
        (held,) = world.rows("mail", "SELECT id FROM answers WHERE event_id = ? AND user_id = ?", loser.id, who["id"])
        change = Updated("mail", "answers", held["id"], {"answer": "declined", "note": note})
        decline = tuple(answer_invitation(loser.id, "Decline", "Sorry, a clash."))
        bare = tuple(answer_invitation(loser.id, "Decline", ""))
        return _Step(loser, change, decline, wrong, bare)
    if loser.weekly:
        skip = (
            Do(f"goto('{HOST}/events/{loser.id}/cancel?day={loser.day}')"),
            Do("click", "button", "Cancel this day"),
        )
        change = Updated("mail", "events", loser.id, {"skipped": loser.day})
        whole = (Do(f"goto('{HOST}/events/{loser.id}/cancel')"), Do("click", "button", "Cancel meeting"))
        return _Step(loser, change, skip, whole, moved)
    values = {"starts": f"{loser.day} {free[0]}", "ends": f"{loser.day} {later(free[0], loser.halves)}"}
    return _Step(loser, Updated("mail", "events", loser.id, values), moved, wrong, late)


def _moving(meeting: Meeting, at: str) -> list[Do]:
    return [
        Do(f"goto('{HOST}/events/{meeting.id}/edit')"),
        Do("select", "combobox", "Starts", at),
        Do("select", "combobox", "Ends", later(at, meeting.halves)),
        Do("click", "button", "Save meeting"),
    ]


FAMILIES = (
    BrowserFamily(
        "mail-solve-clashes",
        "Move, skip or decline meetings that overlap, by the guide and the calendars of all who are invited",
        ("calendars", "priorities", "policy"),
        0.0,
        ("mail",),
        _clashes,
    ),
)

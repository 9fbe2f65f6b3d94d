"""The family `free-rooms`: from journals of bookings to the stretches in which rooms are free.

The answer is data, so it is judged by comparing data: the verifier reads the bytes that the agent left, on the host,
and what is expected is in no sandbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.checks import json_check
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Limits, Task, TaskFamily

ANSWER = "/workspace/free.json"
DAYS = ("mon", "tue", "wed", "thu", "fri")
ROOMS = ("attic", "cellar", "garden", "library", "studio", "workshop")
PEOPLE = ("Ada", "Bela", "Chiara", "Dmitri", "Edda", "Femi", "Grete", "Hugo")
# level → rooms, days, bookings of a room on a day
_PLAN = {1: (2, 1, 3), 2: (3, 2, 4), 3: (4, 2, 5), 4: (5, 3, 6), 5: (6, 5, 7)}
_STEP = 5

Booking = tuple[str, int, int, str]


@dataclass(frozen=True)
class Room:
    """A room: minutes of the day at which it opens and closes, and minutes of cleaning after each booking."""

    name: str
    opens: int
    closes: int
    cleaning: int


def build(rng: np.random.Generator, level: int) -> Task:
    """One office. All randomness comes from `rng`, so that the same seed gives the same bytes."""
    rooms, days, bookings = _PLAN[level]
    least = int(rng.choice([20, 30, 45]))
    names = [ROOMS[index] for index in sorted(rng.permutation(len(ROOMS))[:rooms])]
    files, expected = {}, {}
    table = []
    for name in names:
        opens, closes = 60 * int(rng.integers(7, 10)), 60 * int(rng.integers(16, 20))
        room = Room(name, opens, closes, _STEP * int(rng.integers(1, 4)) if level == 5 else 0)
        journal, standing = _journal(rng, room, DAYS[:days], bookings, level)
        files[f"/workspace/journals/{name}.txt"] = "".join(f"{line}\n" for line in journal).encode()
        expected[name] = {day: _free(room, [one for one in standing if one[0] == day], least) for day in DAYS[:days]}
        table.append(f"{name} {clock(room.opens)} {clock(room.closes)} {room.cleaning}\n")
    files["/workspace/rooms.txt"] = "".join(table).encode()
    return Task(
        instruction=_instruction(level, DAYS[:days], least),
        files=files,
        verifier=EvidenceVerifier((ANSWER,), lambda evidence: [json_check(evidence, ANSWER, expected)]),
        tools=("python3",),
        oracle=(f"python3 - {least} {' '.join(DAYS[:days])} <<'END'\n{_SOLUTION}END",),
        cheats={
            "nothing is free": (_written({name: {day: [] for day in DAYS[:days]} for name in names}),),
            "hands in the table": (f"cp /workspace/rooms.txt {ANSWER}",),
            "links to the journals": (f"ln -sf /workspace/journals {ANSWER}",),
        },
        limits=Limits(steps=30, seconds=600.0),
    )


def clock(minutes: int) -> str:
    """HH:MM of minutes since midnight."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _journal(
    rng: np.random.Generator, room: Room, days: Sequence[str], bookings: int, level: int
) -> tuple[list[str], list[Booking]]:
    """Lines in the order in which they were written, and the bookings that stand at the end."""
    lines: list[str] = []
    standing: list[Booking] = []
    for _ in range(bookings * len(days)):
        day, person = str(rng.choice(days)), str(rng.choice(PEOPLE))
        start = _STEP * int(rng.integers((room.opens - 60) // _STEP, (room.closes - 30) // _STEP))
        booking = (day, start, start + _STEP * int(rng.integers(3, 19)), person)
        lines.append(f"book {_said(booking)}")
        standing.append(booking)
        if level >= 3 and rng.random() < 0.25:
            lines.append(f"cancel {_said(standing.pop(int(rng.integers(len(standing)))))}")
        if level >= 4 and standing and rng.random() < 0.25:
            old = standing.pop(int(rng.integers(len(standing))))
            to, at = str(rng.choice(days)), _STEP * int(rng.integers(room.opens // _STEP, room.closes // _STEP))
            lines.append(f"move {_said(old)} to {to} {clock(at)}")
            standing.append((to, at, at + old[2] - old[1], old[3]))
    return lines, standing


def _said(booking: Booking) -> str:
    day, start, end, person = booking
    return f"{day} {clock(start)} {clock(end)} {person}"


def _free(room: Room, bookings: Sequence[Booking], least: int) -> list[list[str]]:
    """The free stretches of one day, as the answer has them."""
    found, free_from = [], room.opens
    for _, start, end, _ in sorted(bookings, key=lambda one: one[1:3]):
        if min(start, room.closes) - free_from >= least:
            found.append([clock(free_from), clock(min(start, room.closes))])
        free_from = max(free_from, end + room.cleaning)
    if room.closes - free_from >= least:
        found.append([clock(free_from), clock(room.closes)])
    return found


def _instruction(level: int, days: Sequence[str], least: int) -> str:
    parts = [
        f"Find out when rooms are free, and write it to {ANSWER}.",
        "/workspace/rooms.txt has a line for each room: its name, when it opens, when it closes, and how many minutes "
        "it is cleaned after each booking. /workspace/journals/ROOM.txt is the journal of its bookings, in the order "
        "in which it was written; a line `book mon 09:15 10:00 Ada` books it for Ada from 09:15 to 10:00 on Monday. "
        "Bookings may overlap, and begin before the room opens or end after it closes.",
    ]
    if level >= 3:
        parts.append("A line `cancel mon 09:15 10:00 Ada` takes one such booking away again.")
    if level >= 4:
        parts.append(
            "`move mon 09:15 10:00 Ada to tue 11:00` moves one such booking to 11:00 on Tuesday, as long as before."
        )
    if level == 5:
        parts.append("While it is cleaned, a room is not free.")
    parts.append(
        f"{ANSWER} is a JSON object: room → day → the list of all stretches of at least {least} minutes in which the "
        f'room is open and free, in the order of time, each as ["HH:MM", "HH:MM"] and as long as it can be. It has all '
        f"rooms, and for each of them all of these days: {', '.join(days)}; a day without such a stretch has the empty "
        "list."
    )
    return "\n\n".join(parts)


def _written(value: object) -> str:
    return f"""cat > {ANSWER} <<'END'\n{str(value).replace("'", '"')}\nEND"""


# written apart from `_free` and `_journal`, so that a mistake in one shows in the proof
_SOLUTION = """\
import json, sys

least, days = int(sys.argv[1]), sys.argv[2:]

def minutes(text):
    hours, rest = text.split(":")
    return 60 * int(hours) + int(rest)

answer = {}
for line in open("/workspace/rooms.txt"):
    room, opens, closes, cleaning = line.split()
    standing = []
    for entry in open(f"/workspace/journals/{room}.txt"):
        word, day, start, end, person, *rest = entry.split()
        booking = (day, minutes(start), minutes(end), person)
        if word == "book":
            standing.append(booking)
            continue
        standing.remove(booking)
        if word == "move":
            length = booking[2] - booking[1]
            standing.append((rest[1], minutes(rest[2]), minutes(rest[2]) + length, person))
    answer[room] = {}
    for day in days:
        taken = {m for d, a, b, _ in standing if d == day for m in range(a, b + int(cleaning))}
        free = [m not in taken and minutes(opens) <= m < minutes(closes) for m in range(24 * 60)] + [False]
        runs, start = [], None
        for minute, is_free in enumerate(free):
            if is_free and start is None:
                start = minute
            if not is_free and start is not None:
                if minute - start >= least:
                    runs.append([f"{m // 60:02d}:{m % 60:02d}" for m in (start, minute)])
                start = None
        answer[room][day] = runs
json.dump(answer, open("/workspace/free.json", "w"))
"""

FAMILY = TaskFamily(
    "free-rooms", "Finds out from journals of bookings when rooms are free.", ("intervals", "journals"), 0.0, build
)

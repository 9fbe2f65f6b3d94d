"""What fills the tracker of a world: members, four projects, some 330 issues with their comments, plans and guides."""

from __future__ import annotations

import datetime
import itertools
import sqlite3
from typing import Any

import numpy as np

from ..database import hashed
from . import words
from .schema import ESTIMATES, PRIORITIES, RESOLUTIONS

_PEOPLE = 30
_ISSUES = 82
_NOW = datetime.datetime(2026, 3, 2, 9, 0)


def fill(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Fill an empty database of the tracker."""
    _people(connection, rng)
    connection.executemany(
        "INSERT INTO labels VALUES (?, ?, ?)", [(at, *each) for at, each in enumerate(words.LABELS, 1)]
    )
    chosen = rng.choice(len(words.PROJECTS), 4, replace=False)
    for project_id, number in enumerate(chosen.tolist(), 1):
        _project(connection, rng, project_id, *words.PROJECTS[number])


def _people(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Thirty members, among them two of the same surname in a row."""
    first = rng.permutation(len(words.FIRST_NAMES))[:_PEOPLE].tolist()
    last = rng.permutation(len(words.LAST_NAMES)).tolist()
    joined = rng.integers(30, 1500, _PEOPLE).tolist()
    teams = rng.integers(0, len(words.TEAMS), _PEOPLE).tolist()
    secret = rng.bytes(12).hex()
    made = []
    for at in range(_PEOPLE):
        name, surname = words.FIRST_NAMES[first[at]], words.LAST_NAMES[last[at % len(last)]]
        role = "maintainer" if at < 5 else "developer" if at < 20 else "reporter"
        made.append(
            (
                at + 1, f"{name[0]}{surname}".lower() if at < len(last) else f"{name}.{surname}".lower(),
                f"{name} {surname}", role, hashed(f"{secret}{at}"), words.TEAMS[teams[at]], int(at not in (18, 19, 29)),
                str((_NOW - datetime.timedelta(days=joined[at])).date()),
            )
        )  # fmt: skip
    connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)", made)


def _project(
    connection: sqlite3.Connection, rng: np.random.Generator, project_id: int, key: str, name: str, text: str
) -> None:
    connection.execute("INSERT INTO projects VALUES (?, ?, ?, ?, ?)", (project_id, key, name, text, project_id))
    names = sorted(rng.choice(sorted(words.COMPONENTS), 6, replace=False).tolist())
    owners = (rng.permutation(13)[:6] + 6).tolist()
    first_component = (project_id - 1) * 6 + 1
    connection.executemany(
        "INSERT INTO components VALUES (?, ?, ?, ?, ?)",
        [
            (first_component + at, project_id, component, owners[at], words.COMPONENTS[component][0])
            for at, component in enumerate(names)
        ],
    )
    major, minor = int(rng.integers(1, 6)), int(rng.integers(2, 7))
    first_milestone = (project_id - 1) * 4 + 1
    start = int(rng.integers(0, 12))
    milestones = [
        (
            first_milestone + at, project_id, f"{major}.{minor - 1 + at}",
            str((_NOW + datetime.timedelta(days=42 * at - 50 + start)).date()), "closed" if at == 0 else "open",
            f"What goes out as {name} {major}.{minor - 1 + at}.",
        )
        for at in range(4)
    ]  # fmt: skip
    connection.executemany("INSERT INTO milestones VALUES (?, ?, ?, ?, ?, ?)", milestones)
    issues = _issues(connection, rng, project_id, key, names, first_component, milestones)
    _talk(connection, rng, issues)
    _releases(connection, rng, project_id, milestones, major, minor)
    _guide(connection, rng, project_id, name)


def _titles(rng: np.random.Generator, names: list[str], component: list[int], kinds: list[str]) -> list[str]:
    """Titles, each once in the project; many differ in one part only."""
    taken: set[str] = set()
    made = []
    for at, kind in zip(component, kinds, strict=True):
        nouns = words.COMPONENTS[names[at]][1]
        for tries in itertools.count():
            noun = nouns[int(rng.integers(len(nouns)))]
            # the words for features and tasks may be used up
            if kind == "bug" or tries > 20:
                part = words.SYMPTOMS[int(rng.integers(len(words.SYMPTOMS)))]
                title = f"{noun} {part} {words.CIRCUMSTANCES[int(rng.integers(len(words.CIRCUMSTANCES)))]}"
            else:
                forms = words.WISHES if kind == "feature" else words.CHORES
                title = forms[int(rng.integers(len(forms)))].format(noun)
            if title not in taken:
                break
        taken.add(title)
        made.append(title[0].upper() + title[1:])
    return made


def _issues(
    connection: sqlite3.Connection,
    rng: np.random.Generator,
    project_id: int,
    key: str,
    names: list[str],
    first_component: int,
    milestones: list[tuple[Any, ...]],
) -> list[tuple[Any, ...]]:
    count = _ISSUES
    kinds = [("bug", "feature", "task")[at] for at in rng.choice(3, count, p=[0.6, 0.22, 0.18])]
    component = rng.integers(0, 6, count).tolist()
    titles = _titles(rng, names, component, kinds)
    days = np.sort(rng.integers(3, 300, count))[::-1].tolist()
    minutes = rng.integers(0, 9 * 60, count).tolist()
    draws = rng.random((count, 6))
    picks = rng.integers(0, 1 << 30, (count, 6)).tolist()
    versions = [f"{name}.{patch}" for _, _, name, *_ in milestones[:2] for patch in range(4)]
    first_id = (project_id - 1) * count + 1
    made = []
    for at in range(count):
        pick, draw = picks[at], draws[at]
        created = (_NOW - datetime.timedelta(days=days[at])).replace(hour=8) + datetime.timedelta(minutes=minutes[at])
        status = _status(draw[0], days[at])
        resolution = ("fixed", *RESOLUTIONS[2:])[min(2, int(draw[1] * 1.7))] if status == "closed" else ""
        ended = min(created + datetime.timedelta(days=2 + pick[0] % 40), _NOW - datetime.timedelta(hours=14))
        milestone = milestones[0] if status == "closed" and draw[2] < 0.6 else milestones[1 + pick[1] % 3]
        untouched = status == "new"
        made.append(
            (
                first_id + at, project_id, f"{key}-{at + 1}", titles[at],
                words.BODIES[pick[2] % len(words.BODIES)].format(team=words.TEAMS[pick[3] % len(words.TEAMS)]),
                kinds[at], status, "" if untouched else PRIORITIES[min(3, int(draw[3] ** 0.6 * 4))],
                None if untouched and draw[4] < 0.7 else first_component + component[at],
                None if untouched or draw[2] > 0.85 else milestone[0],
                None if untouched or (status == "triaged" and draw[4] < 0.4) else 6 + pick[4] % 13,
                1 + pick[5] % 28, None if untouched else ESTIMATES[pick[3] % 6],
                versions[pick[2] % len(versions)] if kinds[at] == "bug" else "", resolution,
                f"{created:%Y-%m-%d %H:%M}", f"{ended:%Y-%m-%d %H:%M}",
                f"{ended:%Y-%m-%d %H:%M}" if status == "closed" else None,
            )
        )  # fmt: skip
    connection.executemany(f"INSERT INTO issues VALUES ({', '.join('?' * 18)})", made)
    return made


def _status(draw: float, age: int) -> str:
    """Old issues are mostly closed, young ones mostly new."""
    if age < 14:
        return "new" if draw < 0.7 else "triaged"
    shares = (("closed", 0.55), ("resolved", 0.63), ("in review", 0.7), ("in progress", 0.82), ("triaged", 2.0))
    shift = 0.15 if age > 120 else -0.1
    return next(status for status, most in shares if draw < most + shift)


def _talk(connection: sqlite3.Connection, rng: np.random.Generator, issues: list[tuple[Any, ...]]) -> None:
    """Labels, comments, links, watchers and history of a project's issues."""
    count = len(issues)
    first_id = issues[0][0]
    labelled = (rng.random((count, len(words.LABELS))) < 0.11).nonzero()
    connection.executemany(
        "INSERT INTO issue_labels (issue_id, label_id) VALUES (?, ?)",
        [(first_id + at, label + 1) for at, label in zip(labelled[0].tolist(), labelled[1].tolist(), strict=True)
         if issues[at][6] != "new"],
    )  # fmt: skip
    said = np.sort(rng.integers(0, count, 190)).tolist()
    what = rng.integers(0, len(words.COMMENTS), 190).tolist()
    who = rng.integers(1, 29, 190).tolist()
    connection.executemany(
        "INSERT INTO comments (issue_id, author_id, body, created_at) VALUES (?, ?, ?, ?)",
        [
            (first_id + at, author, words.COMMENTS[text], min(issues[at][15][:11] + "18:00", "2026-03-01 18:00"))
            for at, text, author in zip(said, what, who, strict=True)
        ],
    )
    pairs = rng.integers(0, count, (14, 2)).tolist()
    kinds = rng.integers(0, 2, 14).tolist()
    connection.executemany(
        "INSERT OR IGNORE INTO links (issue_id, kind, other_id) VALUES (?, ?, ?)",
        [
            (first_id + low, ("blocks", "relates to")[kind], first_id + high)
            for (low, high), kind in zip((sorted(pair) for pair in pairs), kinds, strict=True)
            if low != high
        ],
    )
    watching = rng.integers(0, count, 60).tolist()
    connection.executemany(
        "INSERT OR IGNORE INTO watchers (issue_id, user_id) VALUES (?, ?)",
        [(first_id + at, user) for at, user in zip(watching, rng.integers(1, 29, 60).tolist(), strict=True)],
    )
    lines = [(issue[0], issue[11], "created", "", "", issue[15]) for issue in issues]
    lines += [(issue[0], issue[10], "status", "", issue[6], issue[16]) for issue in issues if issue[10]]
    connection.executemany(
        "INSERT INTO activity (issue_id, user_id, what, before, after, created_at) VALUES (?, ?, ?, ?, ?, ?)", lines
    )


def _releases(
    connection: sqlite3.Connection,
    rng: np.random.Generator,
    project_id: int,
    milestones: list[tuple[Any, ...]],
    major: int,
    minor: int,
) -> None:
    notes = ("Fixes in search and export.", "Faster pages and fewer errors.", "New translations.", "Security fixes.")
    order = rng.permutation(4).tolist()
    for patch in range(3):
        released = str((_NOW - datetime.timedelta(days=100 - 30 * patch)).date())
        connection.execute(
            "INSERT INTO releases (project_id, version, milestone_id, state, released_on, notes) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (project_id, f"{major}.{minor - 1}.{patch}", milestones[0][0], "published", released, notes[order[patch]]),
        )


def _guide(connection: sqlite3.Connection, rng: np.random.Generator, project_id: int, name: str) -> None:
    days = int(rng.integers(2, 8))
    sections = {
        "Reporting": (
            f"Search before you report something in {name}; there may be an issue already.",
            "Say what you did, what you expected and what came instead.",
            "Secrets and customer names have no place in an issue.",
        ),
        "Workflow": (
            "An issue goes from new to triaged, in progress, in review, resolved and closed.",
            "It takes a priority and a component to be triaged, and an assignee to be in progress.",
            "What is blocked by an unfinished issue cannot go in progress.",
            "Somebody other than the assignee resolves what is in review.",
            "Only maintainers set the priority critical, close as won't fix, or open a closed issue again.",
        ),
        "Answers": (f"A question in a comment is answered within {days} working days.",),
    }
    connection.executemany(
        "INSERT INTO guide (project_id, section, position, text) VALUES (?, ?, ?, ?)",
        [(project_id, section, at, text) for section, lines in sections.items() for at, text in enumerate(lines, 1)],
    )

"""What a mail site holds before any task: colleagues, two mailboxes, contacts, rooms, meetings, guides."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from ..database import hashed
from . import words
from .agenda import SLOTS
from .common import DOMAIN, digest_of, joined

_NOW = datetime(2026, 3, 2, 9, 0)
_STAFF, _MESSAGES, _CONTACTS, _EVENTS = 44, 300, 70, 190
_ACCOUNTS = 3
Row = tuple[Any, ...]


def password_of(username: str) -> str:
    """The password of the first three users: the owner of the large mailbox, an assistant, and facilities.

    Nobody knows those of the others.
    """
    number = int.from_bytes(hashlib.sha256(username.encode()).digest()[:4], "big")
    return f"{words.PROJECTS[number % len(words.PROJECTS)].split()[1].lower()}-{1000 + number % 9000}"


def fill(connection: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Write the content; the same generator gives the same bytes."""
    users = _users(rng)
    _insert(connection, "users", users)
    contacts = _contacts(rng)
    _insert(connection, "contacts", contacts)
    _insert(connection, "contact_groups", [(n, 1, name) for n, name in enumerate(("Board", "Vendors", "Press"), 1)])
    members = [(group, int(who) + 1) for group in (1, 2, 3) for who in rng.choice(_CONTACTS, 6 + group, replace=False)]
    _insert(connection, "group_members", [(n, *pair) for n, pair in enumerate(members, 1)])
    _insert(connection, "labels", [(n, 1, name) for n, name in enumerate(words.LABELS, 1)])
    _insert(connection, "settings", [(n, n, f"{users[n - 1][2]}, Corvid", 0, "", "", "", "") for n in (1, 2, 3)])
    _insert(connection, "rules", [(1, 1, "subject", "Weekly digest", "archive", ""), (2, 1, "from", "IT", "star", "")])
    _write_mail(connection, rng, users, contacts)
    _write_calendar(connection, rng, users)
    todos = [(n, 1, text, _day(rng, -9, 20), "", int(rng.integers(4) == 0)) for n, text in enumerate(_todos(rng), 1)]
    _insert(connection, "todos", todos)
    _insert(connection, "guides", _guides(rng))


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _day(rng: np.random.Generator, first: int, last: int) -> str:
    return (_NOW + timedelta(days=int(rng.integers(first, last)))).date().isoformat()


def _drawn(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """Large integers; many times faster than `rng.integers` for a few."""
    return struct.unpack(f"<{count}I", rng.bytes(4 * count))


def _filled(rng: np.random.Generator, text: str) -> dict[str, str]:
    """Values for the braces of a sentence."""
    n = _drawn(rng, 8)
    return {
        "project": words.PROJECTS[n[0] % len(words.PROJECTS)],
        "company": words.COMPANIES[n[1] % len(words.COMPANIES)],
        "city": words.CITIES[n[2] % len(words.CITIES)],
        "part": words.PARTS[n[3] % len(words.PARTS)],
        "percent": str(10 + n[4] % 80),
        "amount": f"{80 + n[5] % 9000}.{n[5] % 100:02d}",
        "number": f"{'ABCDEFGH'[n[6] % 8]}{10000 + n[6] % 90000}",
        "day": (_NOW + timedelta(days=int(n[7] % 30) - 8)).date().isoformat(),
        "floor": str(1 + n[7] % 4),
        "title": "Test Engineer",
    }


# people


def _users(rng: np.random.Generator) -> list[Row]:
    """Colleagues with user names such as "abauer"; some share a surname, and every department has a head."""
    lasts = [words.LAST[n] for n in rng.choice(len(words.LAST), _STAFF - 10, replace=False)]
    lasts += [lasts[n] for n in rng.choice(len(lasts), 10, replace=False)]
    firsts = [words.FIRST[n] for n in rng.permutation(len(words.FIRST))[:_STAFF]]
    names = [f"{first} {last}" for first, last in zip(firsts, lasts, strict=True)]
    usernames = [f"{first}.{last}".lower() for first, last in zip(firsts, lasts, strict=True)]
    departments = list(words.DEPARTMENTS)
    jobs = [
        (departments[n % 7], words.DEPARTMENTS[departments[n % 7]][2 if 3 <= n < 10 else n % 2]) for n in range(_STAFF)
    ]
    jobs[1], jobs[2] = ("Operations", "Office Assistant"), ("Operations", "Facilities Manager")
    heads = {department: usernames[n] for n, (department, title) in enumerate(jobs) if title.startswith("Head")}
    found = []
    for n, (department, title) in enumerate(jobs):
        draw = _drawn(rng, 4)
        manager = heads[department] if heads[department] != usernames[n] else ""
        secret = password_of(usernames[n]) if n < _ACCOUNTS else str(rng.bytes(8).hex())
        role = ("staff", "assistant", "facilities")[n] if n < 3 else "staff"
        early = n > 2 and draw[0] % 4 == 0
        off = ("Wednesday", "Friday")[draw[1] % 2] if n > 2 and draw[1] % 7 < 2 else ""
        found.append(
            (
                n + 1,
                usernames[n],
                names[n],
                role,
                hashed(secret),
                f"{usernames[n]}@{DOMAIN}",
                department,
                title,
                manager,
            )
            + (f"+1 555 {draw[2] % 900 + 100} {draw[3] % 9000 + 1000}", f"{1 + draw[2] % 4}.{draw[3] % 40 + 1:02d}")
            + (("08:00", "15:00") if early else ("09:00", "17:00"))
            + (off,)
        )
    return found


def _contacts(rng: np.random.Generator) -> list[Row]:
    """People outside; two of one company often share a first name's letter."""
    found: dict[str, Row] = {}
    while len(found) < _CONTACTS:
        first, last = words.FIRST[rng.integers(len(words.FIRST))], words.LAST[rng.integers(len(words.LAST))]
        company = words.COMPANIES[rng.integers(len(words.COMPANIES))]
        address = f"{first}.{last}@{company.replace(' ', '-')}.test".lower()
        phone = f"+1 555 {rng.integers(100, 999)} {rng.integers(1000, 9999)}"
        found.setdefault(address, (len(found) + 1, 1, f"{first} {last}", address, company, phone, ""))
    return list(found.values())


# mail


def _write_mail(
    connection: sqlite3.Connection, rng: np.random.Generator, users: list[Row], contacts: list[Row]
) -> None:
    total = _MESSAGES + 40
    ids = rng.choice(np.arange(1000, 9999), total, replace=False).tolist()
    ages = np.sort(rng.exponential(60, total).clip(0.02, 270))[::-1].tolist()
    messages, opened, worn = [], [], []
    files: dict[str, tuple[str, str]] = {}
    # of each owner, the last conversation: its name and subject
    last: dict[int, tuple[str, str]] = {}
    for n, (message_id, age) in enumerate(zip(ids, ages, strict=True)):
        owner = users[0] if n % 17 else users[1]
        kind, name, sender, subject, body = _mail(rng, users, contacts)
        thread = f"m{message_id}"
        if kind == "update" and owner[0] in last and rng.integers(3) == 0:
            thread, subject = last[owner[0]]
            subject = f"Re: {subject.removeprefix('Re: ')}"
        if kind == "update":
            last[owner[0]] = thread, subject
        digest = ""
        if kind in ("vendor", "update") and rng.integers(3) == 0:
            file = _file(rng, kind, message_id)
            digest = digest_of(*file)
            files[digest] = file
        folder, recipient = _placed(rng, kind, age), owner[5]
        colleague = users[int(rng.integers(3, _STAFF))][5]
        if kind == "own":
            body = f"{body.removesuffix(name)}{owner[2]}"
            name, sender, recipient = owner[2], owner[5], colleague
        copies = colleague if kind == "update" and rng.integers(3) == 0 else ""
        sent_at = (_NOW - timedelta(minutes=int(age * 1440))).isoformat(" ", "minutes")
        who = (message_id, owner[0], folder, thread, name, sender, recipient, copies)
        messages.append((*who, subject, body, digest, sent_at, int(rng.integers(14) == 0), None, None, ""))
        if age > 40 or rng.integers(3):
            opened.append((message_id,))
        if owner[0] == 1 and kind != "spam" and rng.integers(4) == 0:
            worn.append((message_id, int(rng.integers(1, len(words.LABELS) + 1))))
    _insert(connection, "files", [(n, digest, *file) for n, (digest, file) in enumerate(files.items(), 1)])
    _insert(connection, "messages", messages)
    connection.executemany("INSERT INTO opened (message_id) VALUES (?)", opened)
    connection.executemany("INSERT INTO message_labels (message_id, label_id) VALUES (?, ?)", worn)


def _placed(rng: np.random.Generator, kind: str, age: float) -> str:
    """The folder of a message that is so many days old."""
    if kind in ("spam", "own"):
        return {"spam": "spam", "own": "sent"}[kind]
    return "archive" if age > 40 and rng.integers(5) else "inbox"


def _mail(rng: np.random.Generator, users: list[Row], contacts: list[Row]) -> tuple[str, str, str, str, str]:
    """Kind, name and address of the sender, subject and body of one message."""
    draw = _drawn(rng, 5)
    kind = ("update", "update", "update", "vendor", "vendor", "news", "internal", "internal", "own", "spam")[
        draw[0] % 10
    ]
    sentences = {"vendor": words.VENDOR, "news": words.NEWS, "internal": words.INTERNAL, "spam": words.SPAM}.get(
        kind, words.UPDATES
    )
    subject, body = sentences[draw[1] % len(sentences)]
    values = _filled(rng, body)
    if kind in ("update", "own", "internal"):
        colleague = users[3 + draw[2] % (_STAFF - 3)]
        name, sender = colleague[2], colleague[5]
    elif kind == "vendor":
        contact = contacts[draw[2] % len(contacts)]
        name, sender, values["company"] = contact[2], contact[3], contact[4]
    else:
        host = values["city"].lower() + ("-letter" if kind == "news" else "-deals")
        name, sender = f"{values['city']} {'Letter' if kind == 'news' else 'Deals'}", f"news@{host}.test"
    opening = words.OPENINGS[draw[3] % len(words.OPENINGS)]
    closing = words.CLOSINGS[draw[4] % len(words.CLOSINGS)]
    text = f"{opening}\n\n{body}\n\n{closing}\n{name}" if kind not in ("news", "spam") else body
    return kind, name, sender, subject.format(**values), text.format(**values)


def _file(rng: np.random.Generator, kind: str, message_id: int) -> tuple[str, str]:
    """Name and content of an attachment."""
    if kind == "update":
        lines = [f"{words.PARTS[rng.integers(len(words.PARTS))]}: {rng.integers(10, 99)} %" for _ in range(4)]
        return f"notes-{message_id}.txt", "\n".join(lines) + "\n"
    lines = [
        f"{words.PARTS[n]},{count},{price}.00"
        for n, count, price in zip(range(4), rng.integers(1, 9, 4), rng.integers(5, 400, 4), strict=True)
    ]
    return f"items-{message_id}.csv", "\n".join(["item,quantity,price", *lines]) + "\n"


def _todos(rng: np.random.Generator) -> list[str]:
    return [text.format(**_filled(rng, text)) for text in words.TODOS + words.TODOS]


# calendar


def _write_calendar(connection: sqlite3.Connection, rng: np.random.Generator, users: list[Row]) -> None:
    rooms = [
        (n, name, floor, seats, joined(np.array(words.EQUIPMENT)[rng.random(4) < 0.5].tolist()), "", 0)
        for n, (name, floor, seats) in enumerate(words.ROOMS, 1)
    ]
    _insert(connection, "rooms", rooms)
    taken: set[tuple[int, str, str]] = set()
    ids = rng.choice(np.arange(100, 2999), _EVENTS, replace=False)
    events, answers = [], []
    for event_id in ids.tolist():
        day = _workday(rng)
        at, length = int(rng.integers(2, 17)), int(rng.integers(1, 4))
        span = list(pairwise(SLOTS))[at : at + length]
        people = [int(n) for n in rng.choice(_STAFF, int(rng.integers(2, 7)), replace=False)]
        seats = [room for room in rooms if room[3] >= len(people)]
        room = seats[int(rng.integers(len(seats)))][0] if rng.integers(3) else None
        weekly = "weekly" if rng.integers(12) == 0 else ""
        # a series has no room here, so that no room is promised twice
        if room is not None and (weekly or any((room, day, slot) in taken for slot, _ in span)):
            room = None
        taken.update((room, day, slot) for slot, _ in span if room is not None)
        text = words.MEETINGS[rng.integers(len(words.MEETINGS))]
        kind = (
            "customer" if "Customer" in text or "Price" in text else "interview" if "Interview" in text else "internal"
        )
        organizer, *others = people
        events.append(
            (
                event_id,
                users[organizer][1],
                text.format(**_filled(rng, text)),
                f"{day} {span[0][0]}",
                f"{day} {span[-1][1]}",
                room,
                joined(users[n][1] for n in others),
                kind,
                *("", weekly, "2026-05-29" if weekly else "", "", 0),
            )
        )
        for n in others:
            draw = rng.integers(20)
            if draw < 18 or day < "2026-03-02":
                answers.append((event_id, n + 1, "accepted" if draw < 16 else "declined"))
    _insert(connection, "events", events)
    connection.executemany("INSERT INTO answers (event_id, user_id, answer) VALUES (?, ?, ?)", answers)


def _workday(rng: np.random.Generator) -> str:
    """A Monday to Friday from two weeks ago to four weeks ahead."""
    return (datetime(2026, 2, 16) + timedelta(days=int(rng.integers(6)) * 7 + int(rng.integers(5)))).date().isoformat()


def _guides(rng: np.random.Generator) -> list[Row]:
    """The company's guides; a task writes its own rules over that which it is about."""
    longest, seats, days = (int(rng.choice(options)) for options in ((60, 90, 120), (8, 10, 12), (60, 90, 180)))
    bodies = (
        (
            "meetings",
            "Meetings and rooms",
            f"Meetings take at most {longest} minutes.\n\n# Rooms\n\n- Rooms with more than {seats} seats are for"
            " larger groups.\n- Leave the room as you found it.\n\nNobody has to come outside of working hours.",
        ),
        ("assistant", "Guide for assistants", "Answer every invitation within two days.\n\nAsk when you are in doubt."),
        ("retention", "Keeping and deleting mail", f"Newsletters go after {days} days.\n\nStarred mail always stays."),
        ("expenses", "Expenses", "Receipts come by mail to whoever pays.\n\nMeals are covered on journeys."),
        ("routing", "Who gets what", "Send what you receive by mistake to the team that it is for."),
        ("quotes", "Comparing offers", "Ask for three offers where an order is above $ 5,000."),
        ("travel", "Travel", "Book trains first.\n\n- Hotels up to $ 140 a night.\n- Taxis only with luggage."),
    )
    return [(n, slug, title, body, "2026-02-02") for n, (slug, title, body) in enumerate(bodies, 1)]

"""What stands in the forum before any task: members, threads and posts of two years, votes, old reports."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any

import numpy as np

from ..database import hashed

MODERATOR, MEMBER = "ranger.kim", "lea.brandt"
PASSWORDS = {MODERATOR: "cairn-42-north", MEMBER: "wet-socks-7"}
TODAY = dt.date(2026, 3, 2)
CATEGORIES = (
    ("tents", "Tents and tarps", "Shelter of every weight."),
    ("packs", "Packs", "What carries the rest."),
    ("boots", "Boots and shoes", "Leather, mesh and blisters."),
    ("stoves", "Stoves and food", "Gas, spirit, wood, and what goes on top."),
    ("routes", "Routes", "Where to go, and where not to."),
    ("maps", "Maps and navigation", "Paper, compass, GPS."),
    ("market", "Market place", "Buy, sell and swap, members only."),
)
MODELS = {
    "tents": ("Fjell 2", "Fjell 2 Light", "Ridgeline 1", "Ridgeline 2", "Nimbus Duo", "Nimbus Solo", "Kestrel 3"),
    "packs": ("Torrent 45", "Torrent 55", "Mule 60", "Mule 60 Pro", "Swift 38", "Alpha 50"),
    "boots": ("Granite GTX", "Granite Low", "Scree Mid", "Scree Trail", "Moor 3", "Moor 3 Wide"),
    "stoves": ("Ember 1", "Ember 2", "Pico Gas", "Pico Spirit", "Basecamp Duo"),
    "maps": ("Pathfinder 66", "Pathfinder 67", "Norda Compass", "Norda Mirror", "Trace Watch"),
}
PLACES = (
    "Skarven",
    "the Lauch ridge",
    "Hohwald",
    "the Brenta path",
    "Glen Aird",
    "the Saale steps",
    "Rondane",
    "the coast path",
)
PRAISE = (
    "I recommend the {}.",
    "My vote goes to the {}.",
    "Take the {}, you will not regret it.",
    "After three seasons I would buy the {} again.",
)
BLAME = (
    "Stay away from the {}.",
    "I sold my {} after a week.",
    "Everybody recommends the {}, I do not.",
    "I cannot recommend the {}.",
)
_TALK = (
    "It rained for four days and everything stayed dry.",
    "Mine is two years old by now.",
    "Weight is not everything.",
    "The zip failed me near {}.",
    "We were five and carried too much.",
    "I looked at the price twice.",
    "What do the others say?",
    "Mind the wind on {}.",
    "Good question, I wonder too.",
    "For {} you want something stronger.",
    "It depends on how tall you are.",
    "I had to send the first one back.",
    "The new one has other buckles.",
    "Near {} I met somebody who swore by it.",
    "My sister has borrowed it ever since.",
    "Read the label before you wash it.",
)
_ASKED = (
    "Which {} for {}?",
    "{}: worth the money?",
    "Need advice on {} for {}",
    "{} or something else for {}?",
    "Long-term report: {}",
    "Repairing the {}",
    "First trip with the {} to {}",
    "Is the {} too heavy?",
)
_FIRST = (  # noqa: SIM905  a column of 30 lines says no more
    "Anna Ben Carla David Elif Femi Greta Hugo Ines Jonas Kaja Luis Mara Nils Olga Pavel Quinn Rosa "
    "Sami Tove Uma Viktor Wanda Yusuf Zoe Arne Birgit Chiara Dario Edda "
).split()
_LAST = (  # noqa: SIM905
    "Albers Berg Costa Diallo Engel Fischer Garcia Haugen Ivanov Jansen Keller Lindqvist Moreau Novak "
    "Okafor Petrov Rossi Schmid Tanaka Ulrich Vogel Weber Ylmaz Zander Brandt Falk Holm Krause "
).split()
CITIES = ("Bergen", "Basel", "Graz", "Leeds", "Lyon", "Malmo", "Porto", "Ulm", "Utrecht", "Turin")
USERS, THREADS = 220, 190


def moment(rng: np.random.Generator, earliest: dt.date, latest: dt.date) -> str:
    """A time of day on some day between two."""
    day = earliest + dt.timedelta(days=int(rng.integers((latest - earliest).days + 1)))
    return f"{day} {int(rng.integers(6, 23)):02}:{int(rng.integers(60)):02}"


def fill(database: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Write it all."""
    _users(database, rng)
    database.executemany("INSERT INTO categories (slug, name, about) VALUES (?, ?, ?)", CATEGORIES)
    _guide(database, rng)
    _threads(database, rng)
    _votes(database, rng)
    _old_sanctions(database, rng)


def _users(database: sqlite3.Connection, rng: np.random.Generator) -> None:
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    chosen = [names[at] for at in rng.permutation(len(names))[:USERS]]
    people: list[tuple[Any, ...]] = [
        (MODERATOR, "Kim Ranger", "moderator", hashed(PASSWORDS[MODERATOR]), "2019-05-04", "Bergen"),
        (MEMBER, "Lea Brandt", "member", hashed(PASSWORDS[MEMBER]), "2022-08-19", "Graz"),
        ("ranger.ove", "Ove Lind", "moderator", hashed(rng.bytes(8).hex()), "2020-01-12", "Malmo"),
    ]
    for name in chosen:
        if name == "Lea Brandt":
            continue
        joined = moment(rng, dt.date(2020, 1, 1), dt.date(2025, 6, 1))[:10]
        city = CITIES[int(rng.integers(len(CITIES)))]
        username = f"{name.lower().replace(' ', '.')}"
        people.append((username, name, "member", hashed(rng.bytes(8).hex()), joined, city))
    database.executemany(
        "INSERT INTO users (username, name, role, password, joined, city) VALUES (?, ?, ?, ?, ?, ?)", people
    )


def _guide(database: sqlite3.Connection, rng: np.random.Generator) -> None:
    ban = int(rng.integers(5, 8))
    rules = {
        "spam": int(rng.integers(3, 5)),
        "insult": int(rng.integers(2, 4)),
        "off_topic": int(rng.integers(1, 3)),
        "hide_off_topic": int(rng.integers(2)),
        "new_days": int(rng.choice([14, 30, 60])),
        "window": int(rng.choice([60, 90, 120])),
        "ban_points": ban,
        "ban_days": int(rng.choice([3, 7, 10])),
        "long_points": ban + int(rng.integers(3, 5)),
        "long_days": int(rng.choice([21, 30, 45])),
        "stale_days": int(rng.choice([180, 240, 365])),
        "keep_solved": int(rng.integers(2)),
    }
    database.executemany("INSERT INTO guide (key, value) VALUES (?, ?)", rules.items())


def talk(rng: np.random.Generator, count: int = 2) -> str:
    """Some sentences that say nothing about any model."""
    said = [_TALK[at] for at in rng.permutation(len(_TALK))[:count]]
    return " ".join(line.format(PLACES[int(rng.integers(len(PLACES)))]) for line in said)


def title(rng: np.random.Generator, slug: str) -> str:
    """A title for a thread of this category."""
    place = PLACES[int(rng.integers(len(PLACES)))]
    if slug == "routes":
        return str(rng.choice(["{} in winter", "Two days around {}", "Water on {}?", "Snow on {} in May"])).format(
            place
        )
    models = MODELS.get(slug) or [model for each in MODELS.values() for model in each]
    model = models[int(rng.integers(len(models)))]
    if slug == "market":
        return str(rng.choice(["For sale: {}", "Wanted: {}", "Swap my {}", "{} to give away"])).format(model)
    return _ASKED[int(rng.integers(len(_ASKED)))].format(model, place)


def post_text(rng: np.random.Generator, slug: str) -> str:
    """A post that may praise or blame a model of its category."""
    text, models = talk(rng, int(rng.integers(1, 4))), MODELS.get(slug)
    if models is None:
        return text
    model, kind = models[int(rng.integers(len(models)))], rng.random()
    if kind < 0.45:
        return f"{text} {PRAISE[int(rng.integers(len(PRAISE)))].format(model)}"
    if kind < 0.7:
        return f"{BLAME[int(rng.integers(len(BLAME)))].format(model)} {text}"
    return text


def _threads(database: sqlite3.Connection, rng: np.random.Generator) -> None:
    people = USERS - 5
    threads: list[tuple[Any, ...]] = []
    posts: list[tuple[Any, ...]] = []
    begun = sorted(moment(rng, dt.date(2024, 3, 1), dt.date(2026, 2, 20)) for _ in range(THREADS))
    for number, created in enumerate(begun, 1):
        category = int(rng.integers(len(CATEGORIES)))
        slug = CATEGORIES[category][0]
        author = int(rng.integers(4, people))
        first = len(posts) + 1
        day = dt.date.fromisoformat(created[:10])
        size = int(rng.choice([2, 4, 7, 12, 22, 41], p=[0.2, 0.3, 0.25, 0.15, 0.07, 0.03]))
        latest = min(TODAY - dt.timedelta(days=1), day + dt.timedelta(days=int(rng.integers(5, 60))))
        times = sorted(
            moment(rng, day + dt.timedelta(days=1), max(latest, day + dt.timedelta(days=1))) for _ in range(size)
        )
        posts.append((number, author, f"{talk(rng)} What would you do?", created))
        posts += [(number, int(rng.integers(4, people)), post_text(rng, slug), at) for at in times]
        solved = first + int(rng.integers(1, size + 1)) if rng.random() < 0.35 and slug != "market" else None
        threads.append(
            (category + 1, author, title(rng, slug), created, int(rng.random() < 0.04), int(rng.random() < 0.1), solved)
        )
    database.executemany(
        "INSERT INTO threads (category_id, author_id, title, created, pinned, locked, answer_id) "
        "VALUES (?, ?, ?, ?, ?, ?, NULL)",
        [thread[:6] for thread in threads],
    )
    database.executemany("INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)", posts)
    database.executemany(
        "UPDATE threads SET answer_id = ? WHERE id = ?",
        [(thread[6], number) for number, thread in enumerate(threads, 1)],
    )


def _votes(database: sqlite3.Connection, rng: np.random.Generator) -> None:
    posts = database.execute("SELECT id, author_id FROM posts").fetchall()
    pairs = {
        (int(post), int(user))
        for post, user in zip(rng.integers(len(posts), size=1600), rng.integers(4, USERS - 5, size=1600), strict=True)
    }
    database.executemany(
        "INSERT INTO votes (post_id, user_id) VALUES (?, ?)",
        [(posts[at]["id"], user) for at, user in sorted(pairs) if posts[at]["author_id"] != user],
    )


def _old_sanctions(database: sqlite3.Connection, rng: np.random.Generator) -> None:
    """Warnings of the past and the reports they came from; nobody is near a ban by them."""
    posts = database.execute("SELECT id, author_id FROM posts WHERE author_id > 3").fetchall()
    reports, warnings = [], []
    for at in rng.permutation(len(posts))[:45]:
        post, day = posts[int(at)], moment(rng, dt.date(2025, 3, 1), dt.date(2025, 9, 30))
        upheld = rng.random() < 0.6
        reporter = int(rng.integers(4, USERS - 5))
        reports.append((post["id"], reporter, "Please have a look.", day, "upheld" if upheld else "dismissed"))
        if upheld:
            offence = str(rng.choice(["off-topic", "insult"]))
            warnings.append((post["author_id"], post["id"], offence, 1 if offence == "off-topic" else 2, day))
    database.executemany(
        "INSERT INTO reports (post_id, reporter_id, reason, created, status) VALUES (?, ?, ?, ?, ?)", reports
    )
    database.executemany(
        "INSERT INTO warnings (user_id, post_id, offence, points, created) VALUES (?, ?, ?, ?, ?)", warnings
    )

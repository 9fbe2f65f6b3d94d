"""What the task families of the mail site share: whose mailbox it is, writing into the world, and pieces of scripts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import numpy as np

from selftrain.envs.browser.goals import Contains, Inserted
from selftrain.envs.browser.script import Do, Script
from selftrain.envs.browser.sites.mail import words
from selftrain.envs.browser.sites.mail.common import digest_of
from selftrain.envs.browser.sites.mail.content import password_of
from selftrain.envs.browser.tasks.parts import signing_in
from selftrain.envs.browser.world import NOW, World

Rng = np.random.Generator
Person = tuple[str, str]
"""Name and address."""
HOST = "http://mail.test"
ANY_TEXT = Contains((), most=1000)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_AMOUNT = re.compile(r"(?<![\d.])\d+\.\d\d(?!\d)")
_COMMA = re.compile(r"(?<=\d),(?=\d{3})")


@dataclass(frozen=True)
class Says:
    """A text that names all of `figures` and none of `without`, as numbers, and holds all of `parts`.

    Attributes:
        figures, without: such as "1204.50"; commas within numbers do not count.
        parts: texts, whatever their case.
        most: characters.
    """

    figures: tuple[str, ...]
    without: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    most: int = 600

    def __call__(self, value: Any) -> bool:
        """Whether `value` is such a text."""
        if not isinstance(value, str) or len(value) > self.most:
            return False
        told = {float(found) for found in _NUMBER.findall(_COMMA.sub("", value))}
        return (
            all(float(figure) in told for figure in self.figures)
            and not any(float(figure) in told for figure in self.without)
            and all(part.casefold() in value.casefold() for part in self.parts)
        )


@dataclass(frozen=True)
class Amounts:
    """A text whose amounts are exactly these: who names several has not said which one it is.

    Attributes:
        amounts: such as "1204.50"; an amount is a number with two decimals, commas within it do not count.
        most: characters.
    """

    amounts: tuple[str, ...]
    most: int = 600

    def __call__(self, value: Any) -> bool:
        """Whether `value` is such a text."""
        if not isinstance(value, str) or len(value) > self.most:
            return False
        return set(_AMOUNT.findall(_COMMA.sub("", value))) == set(self.amounts)


# the world


def owner(world: World) -> sqlite3.Row:
    """Whose mailbox the task is about."""
    return world.row("mail", "SELECT * FROM users WHERE id = 1")


def assistant(world: World) -> sqlite3.Row:
    """Somebody else whose password is known, for scripts that do the right thing as the wrong person."""
    return world.row("mail", "SELECT * FROM users WHERE id = 2")


def login(who: sqlite3.Row) -> str:
    """The sentence that hands out an account."""
    return (
        f"Corvid Mail is at {HOST}/; sign in as '{who['username']}' with the password '{password_of(who['username'])}'."
    )


def colleagues(world: World, rng: Rng, count: int, where: str = "1") -> list[sqlite3.Row]:
    """Some who are neither the owner nor one of the other accounts."""
    found = world.rows("mail", f"SELECT * FROM users WHERE id > 3 AND {where} ORDER BY id")
    return [found[n] for n in rng.choice(len(found), count, replace=False)]


def outsiders(world: World, rng: Rng, count: int) -> list[sqlite3.Row]:
    """Contacts of the owner, each of another company."""
    found = world.rows(
        "mail",
        "SELECT * FROM contacts WHERE id IN (SELECT MIN(id) FROM contacts WHERE owner_id = 1 GROUP BY company)"
        " ORDER BY id",
    )
    return [found[n] for n in rng.choice(len(found), count, replace=False)]


def person(row: sqlite3.Row) -> Person:
    """Name and address of a colleague or contact."""
    return str(row["name"]), str(row["address"])


def pick(rng: Rng, options: Sequence[Any], count: int) -> list[Any]:
    """Different ones of `options`."""
    return [options[n] for n in rng.choice(len(options), count, replace=False)]


def one(rng: Rng, *options: Any) -> Any:
    """One of `options`."""
    return options[int(rng.integers(len(options)))]


def different(rng: Rng, count: int, first: int, last: int) -> list[int]:
    """Different whole numbers from `first` to `last` - 1."""
    return [first + int(n) for n in rng.choice(last - first, count, replace=False)]


def ago(rng: Rng, most: float, least: float = 0.2) -> str:
    """A moment between `most` and `least` days ago, "2026-02-20 14:05"."""
    minutes = int(rng.uniform(least, most) * 1440)
    return (datetime.fromisoformat(NOW) - timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")


def days_ago(days: int) -> str:
    """The day so many days ago, "2026-02-20"."""
    return (datetime.fromisoformat(NOW) - timedelta(days=days)).date().isoformat()


def dollars(cents: int) -> str:
    """Cents as an answer or a mail has them: "1204.50"."""
    return f"{cents / 100:.2f}"


def put_file(world: World, name: str, content: str) -> str:
    """A file that messages can carry; returns its digest."""
    digest = digest_of(name, content)
    world.write("mail", "INSERT OR IGNORE INTO files (digest, name, content) VALUES (?, ?, ?)", digest, name, content)
    return digest


def put_mail(
    world: World,
    rng: Rng,
    sender: Person,
    subject: str,
    body: str,
    sent_at: str,
    *,
    folder: str = "inbox",
    files: Sequence[str] = (),
    follows: int = 0,
    copies: str = "",
    labels: Sequence[str] = (),
    starred: bool = False,
) -> int:
    """A message in the owner's mailbox, its id drawn among free ones so that it tells nothing; returns the id.

    Args:
        world, rng: where to, and what draws the id and the words around the body.
        sender: name and address; the owner's own for what lies in "sent".
        subject, body: as they are; the body gets an opening and a closing.
        sent_at: "2026-02-20 14:05".
        folder, files, copies, starred: columns of the message; `files` are digests.
        follows: the message whose conversation it belongs to.
        labels: names.
    """
    taken = {found["id"] for found in world.rows("mail", "SELECT id FROM messages")}
    message_id = int(next(n for n in rng.integers(1000, 9999, 500).tolist() if n not in taken))
    thread = f"m{message_id}"
    if follows:
        thread = world.row("mail", "SELECT thread FROM messages WHERE id = ?", follows)["thread"]
    text = f"{one(rng, *words.OPENINGS)}\n\n{body}\n\n{one(rng, *words.CLOSINGS)}\n{sender[0]}"
    world.write(
        "mail",
        "INSERT INTO messages (id, owner_id, folder, thread, sender_name, sender, recipients, copies, subject, body,"
        " files, sent_at, starred) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(message_id, folder, thread, *sender, owner(world)["address"], copies, subject, text),
        *(",".join(files), sent_at, int(starred)),
    )
    for label in labels:
        found = world.row("mail", "SELECT id FROM labels WHERE owner_id = 1 AND name = ?", label)["id"]
        world.write("mail", "INSERT INTO message_labels (message_id, label_id) VALUES (?, ?)", message_id, found)
    return message_id


def write_guide(world: World, slug: str, body: str) -> None:
    """Put the rules of this task into one of the company's guides."""
    world.write("mail", "UPDATE guides SET body = ?, updated_at = '2026-02-27' WHERE slug = ?", body, slug)


# goals and scripts


def sent_mail(who: sqlite3.Row, recipients: str, body: Any, **columns: Any) -> Inserted:
    """The new row of a message that `who` sent; `columns` are those that are not as in a new message to one person."""
    values = {
        "owner_id": who["id"],
        "folder": "sent",
        "sender_name": who["name"],
        "sender": who["address"],
        "recipients": recipients,
        "subject": ANY_TEXT,
        "body": body,
    }
    return Inserted("mail", "messages", values | columns)


def sign_in(who: sqlite3.Row) -> list[Do]:
    """Sign in with an account whose password is known."""
    return [*signing_in(HOST, who["username"], password_of(who["username"]))]


def write(query: str, body: str, *, to: str = "", cc: str = "", subject: str = "", outside: bool = False) -> list[Do]:
    """Send a message from the form at `/compose?query`; what is "" stays as the form has it."""
    fields = (("To", to), ("Cc", cc), ("Subject", subject), ("Message", body))
    return [
        Do(f"goto('{HOST}/compose?{query}')"),
        *(Do("fill", "textbox", name, text) for name, text in fields if text),
        *([Do("check", "checkbox", "Recipients outside the company are meant")] if outside else []),
        Do("click", "button", "Send"),
    ]


def on_message(message_id: int, button: str) -> list[Do]:
    """Open a message and press one of its buttons."""
    return [Do(f"goto('{HOST}/messages/{message_id}')"), Do("click", "button", button)]


SUBMIT = Do("submit()")


def search(query: str) -> Do:
    """Go to the results of a search."""
    return Do(f"goto({HOST + '/search?' + urlencode({'q': query})!r})")


def steps_for(oracle: Script, least: int = 60) -> int:
    """A limit of steps that leaves room to look around."""
    return max(least, 3 * len(oracle) + 40)

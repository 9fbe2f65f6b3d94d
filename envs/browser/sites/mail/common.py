"""What several pages of the mail site share: its routes, who is asking, lists of addresses, and files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, g

from ..base import needs_login, rows, value

DOMAIN = "corvid.test"
FOLDERS = {
    "inbox": "Inbox",
    "sent": "Sent",
    "archive": "Archive",
    "spam": "Spam",
    "trash": "Trash",
}
_ADDRESS = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
routes = Blueprint("site", __name__)


def add_pages(blueprint: Blueprint, *pages: tuple[str, Callable[..., Any], str]) -> None:
    """Add (rule, view, methods parted by blanks); every page of this site is for who is signed in."""
    for rule, view, methods in pages:
        blueprint.add_url_rule(rule, view.__name__, needs_login(view), methods=methods.split())


def me() -> int:
    """The id of who is signed in."""
    return int(g.user["id"])


def joined(names: Iterable[str]) -> str:
    """How a set of addresses, user names or days is stored: sorted, parted by ", "."""
    return ", ".join(sorted(set(names)))


def parted(text: str) -> list[str]:
    """The parts of a list that somebody wrote with commas, semicolons or new lines, without blanks and repetitions."""
    return list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text) if part.strip()))


def digest_of(name: str, content: str) -> str:
    """What a file is called in `messages.files`: the same for the same name and content."""
    return hashlib.sha256(f"{name}\0{content}".encode()).hexdigest()[:16]


def read_addresses(text: str, label: str) -> tuple[str, str]:
    """Addresses from what was typed: addresses, names of contact groups, or "Name <address>".

    Returns:
        the addresses as they are stored, and what is wrong with them or "".
    """
    found: list[str] = []
    for part in parted(text):
        typed = part.partition("<")[2].rstrip(">").strip() if "<" in part else part
        address = typed.lower()
        members = rows(
            "SELECT c.address FROM contacts c JOIN group_members m ON m.contact_id = c.id JOIN contact_groups k"
            " ON k.id = m.group_id WHERE k.owner_id = ? AND k.name = ? COLLATE NOCASE",
            me(),
            typed,
        )
        if members:
            found += [member["address"] for member in members]
        elif not _ADDRESS.fullmatch(address):
            return "", f"{label}: '{part}' is neither an address nor one of your contact groups."
        elif address.endswith("@" + DOMAIN) and not value("SELECT 1 FROM users WHERE address = ?", address):
            return "", f"{label}: nobody here has the address {address}."
        else:
            found.append(address)
    return joined(found), ""


def is_number(text: str) -> bool:
    """Whether this can be the number of a message; Python alone would take other digits too, and fail on some."""
    return text.isascii() and text.isdecimal() and len(text) < 10


def is_address(text: str) -> bool:
    """Whether this can be an address, in lower case."""
    return bool(_ADDRESS.fullmatch(text))

"""What the tasks of the forum share: its accounts, and how things are said."""

from __future__ import annotations

import datetime as dt

from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.forum.content import CATEGORIES, PASSWORDS
from selftrain.envs.browser.tasks.parts import signing_in
from selftrain.envs.browser.world import World

FORUM = "http://forum.test"
NAMES = {slug: name for slug, name, _ in CATEGORIES}


def sign_in(username: str) -> tuple[Do, ...]:
    """The script that signs this user in."""
    return signing_in(FORUM, username, PASSWORDS[username])


def guide(world: World) -> dict[str, int]:
    """The numbers of the guide."""
    return {line["key"]: int(line["value"]) for line in world.rows("forum", "SELECT key, value FROM guide")}


def day(text: str) -> dt.date:
    """The day of a moment."""
    return dt.date.fromisoformat(text[:10])

"""Tasks of the forum's moderators: misfiled and old threads, by the guide of the site."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.forum.content import CATEGORIES, MODELS, MODERATOR, PASSWORDS, TODAY, talk, title
from selftrain.envs.browser.tasks.forum_common import FORUM, NAMES, day, guide, sign_in
from selftrain.envs.browser.tasks.parts import said
from selftrain.envs.browser.world import World

SIGN_IN = sign_in(MODERATOR)
ACCOUNT = f"You are the moderator {MODERATOR}, password {PASSWORDS[MODERATOR]}."
_TRADE = "threads that offer, want, swap or give away gear stand in"


# threads


def _misfiled(rng: np.random.Generator, level: int, world: World) -> Draft:
    """Move what is for sale to the market place; questions about buying stay where they are."""
    slugs = sorted(MODELS)
    slugs = [slugs[int(at)] for at in rng.permutation(len(slugs))][: {1: 1, 2: 1, 3: 1, 4: 3, 5: 5}[level]]
    count = {1: 1, 2: 2, 3: 4, 4: 6, 5: 9}[level]
    market = world.row("forum", "SELECT id FROM categories WHERE slug = 'market'")["id"]
    made = []
    for number in range(count):
        made.append(_thread(world, rng, slugs[number % len(slugs)], title(rng, "market")))
    stays = [
        _thread(world, rng, slugs[number % len(slugs)], wording.format(MODELS[slugs[0]][0]))
        for number, wording in enumerate(
            ("Where is the {} sold?", "Would you buy the {} again?")[: 0 if level == 1 else 2]
        )
    ]
    if level == 1:
        where = f"the thread {made[0][1]!r} in {NAMES[slugs[0]]} is misfiled: it offers or wants gear"
    elif level == 5:
        where = f"{_TRADE} categories where they do not belong, all over the forum"
    else:
        where = "threads that offer, want, swap or give away gear stand in " + " and ".join(
            NAMES[slug] for slug in slugs
        )
    told = said(
        rng,
        [
            "In the forum {where}. Move all of that to the {market}, and nothing else; a question about what to buy is "
            "no offer. {me}",
            "Please tidy up: {where}. It belongs in the {market}. Questions about buying stay where they are. {me}",
            "By the Guide, trade goes into the {market}. But {where}. Move it; questions about buying are fine as they "
            "are. {me}",
        ],
        where=where,
        market=NAMES["market"],
        me=ACCOUNT,
    )

    def moved(thread: int, label: str = NAMES["market"]) -> tuple[Do, ...]:
        return (
            Do(f"goto('{FORUM}/t/{thread}')"),
            Do("select", "combobox", "Move to", label),
            Do("click", "button", "Move"),
        )

    script = [do for thread, _ in made for do in moved(thread)]
    bystander = (
        stays[0][0] if stays else world.row("forum", "SELECT id FROM threads WHERE category_id <> ?", market)["id"]
    )
    cheats = {
        "a question too": (*SIGN_IN, *script, *moved(bystander), Do("submit()")),
        "the wrong place": (*SIGN_IN, *moved(made[0][0], NAMES["routes"]), *script[3:], Do("submit()")),
        "moved and back": (*SIGN_IN, *script, *moved(bystander), Do("go_back()"), Do("submit()")),
    }
    goal = Goal(
        [Updated("forum", "threads", thread, {"category_id": market}) for thread, _ in made], {"forum": MODERATOR}
    )
    return Draft(told, world, goal, (*SIGN_IN, *script, Do("submit()")), cheats, steps=50 + 12 * count)


def _thread(world: World, rng: np.random.Generator, slug: str, named: str) -> tuple[int, str]:
    category = world.row("forum", "SELECT id FROM categories WHERE slug = ?", slug)["id"]
    author, on = int(rng.integers(4, 200)), TODAY - dt.timedelta(days=int(rng.integers(2, 300)))
    thread = world.write(
        "forum",
        "INSERT INTO threads (category_id, author_id, title, created) VALUES (?, ?, ?, ?)",
        category,
        author,
        named,
        f"{on} 08:20",
    )
    world.write(
        "forum",
        "INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)",
        thread,
        author,
        talk(rng),
        f"{on} 08:20",
    )
    return thread, named


_ENDED = """
SELECT threads.id, threads.title, threads.pinned, threads.answer_id, slug, MAX(posts.created) AS last
FROM threads JOIN posts ON thread_id = threads.id JOIN categories ON categories.id = category_id
WHERE threads.locked = 0 AND slug IN ({}) GROUP BY threads.id ORDER BY threads.id
"""


def is_stale(line: Any, rule: dict[str, int]) -> bool:
    """Whether the guide wants this thread locked."""
    kept = line["answer_id"] is not None if rule["keep_solved"] else line["slug"] == "market"
    return (TODAY - day(line["last"])).days > rule["stale_days"] and not line["pinned"] and not kept


def _old_threads(rng: np.random.Generator, level: int, world: World) -> Draft:
    """Lock the threads that the guide wants locked: in one category, in three, in all."""
    rule = guide(world)
    slugs = [slug for slug, *_ in CATEGORIES]
    chosen = sorted(slugs[int(at)] for at in rng.permutation(len(slugs))[: {4: 3, 5: len(slugs)}.get(level, 1)])
    query = _ENDED.format(", ".join("?" * len(chosen)))
    stale = [line for line in world.rows("forum", query, *chosen) if is_stale(line, rule)]
    keep = {1: 1, 2: 2, 3: 4, 4: 6, 5: 10}[level]
    shuffled = [stale[int(at)] for at in rng.permutation(len(stale))]
    for line in shuffled[keep:]:  # somebody was here before
        world.write("forum", "UPDATE threads SET locked = 1 WHERE id = ?", line["id"])
    due = sorted(shuffled[:keep], key=lambda line: int(line["id"]))
    where = "in the whole forum" if level == 5 else "in " + " and ".join(NAMES[slug] for slug in chosen)
    told = said(
        rng,
        [
            "Lock the old threads {where} that the Guide says are to be locked. Many are locked already. {me}",
            "The Guide has a section on old threads. Please apply it {where}: lock what must be locked, touch nothing "
            "else. {me}",
            "Go through the threads {where} and lock those that are due by the Guide's rule for old threads. {me}",
        ],
        where=where,
        me=ACCOUNT,
    )

    def locked(thread: int) -> tuple[Do, ...]:
        return Do(f"goto('{FORUM}/t/{thread}')"), Do("click", "button", "Lock")

    script = [do for line in due for do in locked(line["id"])]
    spared = next(line for line in world.rows("forum", query, *chosen) if not is_stale(line, rule))
    cheats = {
        "one too many": (*SIGN_IN, *script, *locked(spared["id"]), Do("submit()")),
        "one too few": (*SIGN_IN, *script[2:], Do("submit()")),
        "locked and unlocked": (
            *SIGN_IN,
            *script,
            *locked(spared["id"]),
            Do("click", "button", "Unlock"),
            Do("submit()"),
        ),
    }
    goal = Goal([Updated("forum", "threads", line["id"], {"locked": 1}) for line in due], {"forum": MODERATOR})
    return Draft(told, world, goal, (*SIGN_IN, *script, Do("submit()")), cheats, steps={5: 400, 4: 160}.get(level, 80))


TIDYING = (
    BrowserFamily(
        "forum-misfiled", "Move misfiled threads, and only those.", ("reading", "care"), 0.0, ("forum",), _misfiled
    ),
    BrowserFamily(
        "forum-old-threads",
        "Lock the threads that are old by the guide's rule.",
        ("policy", "survey", "dates"),
        0.0,
        ("forum",),
        _old_threads,
    ),
)

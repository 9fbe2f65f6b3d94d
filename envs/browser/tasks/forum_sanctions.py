"""Tasks of the forum's moderators: reports and bans, by the guide of the site."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.forum.content import MODERATOR, PASSWORDS, TODAY, talk
from selftrain.envs.browser.tasks.forum_common import FORUM, day, guide, sign_in
from selftrain.envs.browser.tasks.parts import said
from selftrain.envs.browser.world import World

SIGN_IN = sign_in(MODERATOR)
ACCOUNT = f"You are the moderator {MODERATOR}, password {PASSWORDS[MODERATOR]}."
_THEN_BAN = "Then ban whom the Guide says must be banned after today's warnings, and nobody else. "
_TEXTS = {
    "spam": (
        "Best prices on all tents, only this week, code TRAIL{n}: cheap-gear-{n}.example",
        "Visit outlet-{n}.example and save 40 % on boots with the code SAVE{n}.",
        "We are a shop for packs: packs-{n}.example, discount code HIKE{n}.",
    ),
    "insult": (
        "Only an idiot like you would carry that. Go home, clown.",
        "You are a liar and a fool, and everybody here knows it.",
        "What a moron. Nobody asked you, halfwit.",
    ),
    "off-topic": (
        "Did anybody watch the match yesterday? What a goal.",
        "My new phone has a bad screen, where do I have it mended?",
        "Which party do you vote for on Sunday? I cannot decide.",
    ),
    "fine": (
        "This is the worst tent I ever slept in. Rubbish, and too dear.",
        "I disagree with everything above: mesh boots are a waste of money.",
        "Honestly, that stove is a joke. Mine went back on the first day.",
    ),
}
_SAID = ("spam", "insult", "This is off-topic", "rude", "Please remove this", "advertising?", "I do not like this")


# reports


class _Case:
    """One reported post and what the guide says about it."""

    def __init__(self, report: int, post: int, author: int, kind: str, joined: dt.date, posted: dt.date) -> None:
        self.report, self.post, self.author, self.kind = report, post, author, kind
        self.joined, self.posted = joined, posted

    def points(self, rule: dict[str, int]) -> int:
        """The points for it."""
        if self.kind == "fine":
            return 0
        new = (self.posted - self.joined).days < rule["new_days"]
        return 0 if self.kind == "off-topic" and new else rule[self.kind.replace("-", "_")]

    def hides(self, rule: dict[str, int]) -> bool:
        """Whether the post is hidden."""
        return self.kind in ("spam", "insult") or (self.kind == "off-topic" and bool(rule["hide_off_topic"]))

    def changes(self, rule: dict[str, int]) -> list[Updated | Inserted]:
        """The rows that deciding it changes."""
        if self.kind == "fine":
            return [Updated("forum", "reports", self.report, {"status": "dismissed"})]
        found: list[Updated | Inserted] = [Updated("forum", "reports", self.report, {"status": "upheld"})]
        if self.hides(rule):
            found.append(Updated("forum", "posts", self.post, {"hidden": self.kind}))
        if points := self.points(rule):
            values = {"user_id": self.author, "post_id": self.post, "offence": self.kind, "points": points}
            found.append(Inserted("forum", "warnings", values))
        return found

    def script(self, rule: dict[str, int], more: int = 0) -> list[Do]:
        """What a moderator does; `more` points than the guide says."""
        steps = [Do(f"goto('{FORUM}/reports/{self.report}')")]
        if self.kind == "fine":
            return [*steps, Do("click", "radio", "Dismiss"), Do("click", "button", "Decide")]
        steps += [
            Do("click", "radio", "Uphold"),
            Do("select", "combobox", "Offence, if upheld", self.kind),
            Do("fill", "spinbutton", "Points, if upheld", str(self.points(rule) + more)),
        ]
        if self.hides(rule):
            steps.append(Do("check", "checkbox", "Hide the post, if upheld"))
        return [*steps, Do("click", "button", "Decide")]


def _case(world: World, rng: np.random.Generator, kind: str, *, new: bool) -> _Case:
    """A reported post by a member whose record is clean."""
    free = world.rows(
        "forum",
        "SELECT id, joined FROM users WHERE role = 'member' AND id > 3 AND id NOT IN (SELECT user_id FROM warnings) "
        "AND id NOT IN (SELECT author_id FROM posts WHERE id IN (SELECT post_id FROM reports)) ORDER BY id",
    )
    author = free[int(rng.integers(len(free)))]
    threads = world.rows("forum", "SELECT id FROM threads WHERE locked = 0 ORDER BY id DESC LIMIT 60")
    thread = threads[int(rng.integers(len(threads)))]["id"]
    posted = TODAY - dt.timedelta(days=int(rng.integers(1, 6)))
    joined = day(author["joined"])
    if new:
        joined = posted - dt.timedelta(days=int(rng.integers(3, guide(world)["new_days"])))
        world.write("forum", "UPDATE users SET joined = ? WHERE id = ?", str(joined), author["id"])
    texts = _TEXTS[kind]
    body = f"{texts[int(rng.integers(len(texts)))].format(n=int(rng.integers(10, 100)))} {talk(rng, 1)}"
    post = world.write(
        "forum",
        "INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)",
        thread,
        author["id"],
        body,
        f"{posted} {int(rng.integers(7, 22)):02}:40",
    )
    report = world.write(
        "forum",
        "INSERT INTO reports (post_id, reporter_id, reason, created) VALUES (?, ?, ?, ?)",
        post,
        int(rng.integers(4, 200)),
        _SAID[int(rng.integers(len(_SAID)))],
        f"{posted} 23:10",
    )
    return _Case(report, post, author["id"], kind, joined, posted)


def _reports(rng: np.random.Generator, level: int, world: World) -> Draft:
    kinds = {
        1: ["spam"],
        2: ["insult", "fine"],
        3: ["spam", "off-topic", "fine", "insult"],
        4: ["spam", "off-topic", "off-topic", "fine", "insult", "fine"],
        5: ["spam", "off-topic", "off-topic", "fine", "insult", "fine", "spam", "insult", "fine"],
    }[level]
    kinds = [kinds[at] for at in rng.permutation(len(kinds))]
    off_topic = [at for at, kind in enumerate(kinds) if kind == "off-topic"]
    cases = [_case(world, rng, kind, new=level >= 4 and at == off_topic[0]) for at, kind in enumerate(kinds)]
    rule = guide(world)
    changes = [change for case in cases for change in case.changes(rule)]
    bans: list[Do] = []
    if level == 5:
        changes, bans = _with_bans(world, rng, cases, rule, changes)
    told = said(
        rng,
        [
            "Handle all open reports in the forum as the Guide page says. Leave the notes empty. {bans}{me}",
            "There are open reports in the forum. Please decide every one of them by the site's Guide, and leave the "
            "note fields empty. {bans}{me}",
            "Go through the forum's open reports and decide them all, strictly by the Guide. No notes. {bans}{me}",
        ],
        bans=_THEN_BAN if level == 5 else "",
        me=ACCOUNT,
    )
    decided = [do for case in cases for do in case.script(rule)]
    harsh = next((case for case in cases if case.kind != "fine"), cases[0])
    wrong = [do for case in cases for do in case.script(rule, more=int(case is harsh))]
    swapped = copy.copy(cases[0])
    swapped.kind = "insult" if swapped.kind == "fine" else "fine"
    others = [do for case in cases[1:] for do in case.script(rule)]
    cheats = {
        "a point too many": (*SIGN_IN, *wrong, *bans, Do("submit()")),
        "the wrong decision": (
            *SIGN_IN,
            *swapped.script(rule),
            *others,
            *bans,
            Do("submit()"),
        ),
    }
    if bans:
        cheats["no bans"] = (*SIGN_IN, *decided, Do("submit()"))
    goal = Goal(changes, {"forum": MODERATOR})
    return Draft(told, world, goal, (*SIGN_IN, *decided, *bans, Do("submit()")), cheats, steps=50 + 14 * len(cases))


def _with_bans(
    world: World, rng: np.random.Generator, cases: Sequence[_Case], rule: dict[str, int], changes: list[Any]
) -> tuple[list[Any], list[Do]]:
    """Two of the authors have a past: with today's points one is over the first bound, one just below it."""
    guilty = [case for case in cases if case.points(rule)]
    over, below = guilty[0], guilty[1]
    for case, total in ((over, rule["ban_points"]), (below, rule["ban_points"] - 1)):
        past = total - case.points(rule)
        if past > 0:
            _warn(world, case.author, past, TODAY - dt.timedelta(days=int(rng.integers(5, rule["window"] - 5))))
        _warn(world, case.author, 3, TODAY - dt.timedelta(days=rule["window"] + int(rng.integers(5, 40))))
    script: list[Do] = []
    for case in guilty:
        total = case.points(rule) + _recent(world, case.author, rule["window"])
        if total >= rule["ban_points"]:
            ban, steps = _ban(world, case.author, total, rule)
            changes, script = [*changes, ban], script + steps
    return changes, script


def _warn(world: World, user: int, points: int, on: dt.date) -> None:
    world.write(
        "forum",
        "INSERT INTO warnings (user_id, offence, points, created) VALUES (?, 'off-topic', ?, ?)",
        user,
        points,
        f"{on} 10:00",
    )


def _recent(world: World, user: int, window: int) -> int:
    since = str(TODAY - dt.timedelta(days=window))
    found = world.rows(
        "forum", "SELECT points FROM warnings WHERE user_id = ? AND substr(created, 1, 10) >= ?", user, since
    )
    return sum(int(line["points"]) for line in found)


def _ban(world: World, user: int, total: int, rule: dict[str, int], days: int = 0) -> tuple[Inserted, list[Do]]:
    """The row of a ban, and how it is made."""
    username = world.row("forum", "SELECT username FROM users WHERE id = ?", user)["username"]
    days = days or rule["long_days" if total >= rule["long_points"] else "ban_days"]
    reason = f"points: {total}"
    steps = [
        Do(f"goto('{FORUM}/u/{username}/ban')"),
        Do("fill", "spinbutton", "Days", str(days)),
        Do("fill", "textbox", "Reason", reason),
        Do("click", "button", "Ban"),
    ]
    return Inserted("forum", "bans", {"user_id": user, "days": days, "reason": reason}), steps


# bans


def _bans(rng: np.random.Generator, level: int, world: World) -> Draft:
    """Ban whom the sum of points says; at higher levels among many who were warned."""
    rule = guide(world)
    clean = world.rows(
        "forum",
        "SELECT id, name, username FROM users WHERE role = 'member' AND id > 3 "
        "AND id NOT IN (SELECT user_id FROM warnings) ORDER BY id",
    )
    people = [clean[int(at)] for at in rng.permutation(len(clean))]
    due = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}[level]
    totals = {}
    for number, person in enumerate(people[:due]):
        long = number % 2 == 1
        totals[person["id"]] = rule["long_points" if long else "ban_points"] + int(rng.integers(0, 2))
        _history(world, rng, person["id"], totals[person["id"]], rule["window"])
    for person in people[due : due + {1: 0, 2: 1, 3: 6, 4: 15, 5: 40}[level]]:
        _history(world, rng, person["id"], int(rng.integers(1, rule["ban_points"])), rule["window"])
        if rng.random() < 0.5:  # what is too old to count
            _warn(world, person["id"], 4, TODAY - dt.timedelta(days=rule["window"] + int(rng.integers(2, 60))))
    if level >= 3:  # who is banned already is not banned again
        banned = people[-1]
        _history(world, rng, banned["id"], rule["ban_points"] + 1, rule["window"])
        world.write(
            "forum",
            "INSERT INTO bans (user_id, days, reason, created) VALUES (?, 60, 'points: 9', ?)",
            banned["id"],
            f"{TODAY - dt.timedelta(days=10)} 09:00",
        )
    who = f"the member {people[0]['name']} ({people[0]['username']})" if level == 1 else "every member"
    told = said(
        rng,
        [
            "Check in the forum {asked} due for a ban by the points in the Guide, and ban for as long as it says, with "
            "the reason as the Guide wants it. {me}",
            "Apply the Guide's section on bans to {who}: whoever is due gets a ban of the right length, with the "
            "reason in the Guide's form; nobody else is banned. {me}",
            "Points have added up in the forum. Go through the warnings of {who} and give the bans that the Guide "
            "demands, no more and no fewer. {me}",
        ],
        who=who,
        asked=f"whether {who} is" if level == 1 else "which members are",
        me=ACCOUNT,
    )
    made = [_ban(world, user, total, rule) for user, total in totals.items()]
    script = [do for _, steps in made for do in steps]
    first, total = next(iter(totals.items()))
    longer = _ban(world, first, total, rule, days=rule["long_days"] + 1)[1]
    innocent = people[due]
    cheats = {
        "too long": (*SIGN_IN, *longer, *script[4:], Do("submit()")),
        "one too many": (*SIGN_IN, *script, *_ban(world, innocent["id"], rule["ban_points"], rule)[1], Do("submit()")),
    }
    goal = Goal([row for row, _ in made], {"forum": MODERATOR})
    return Draft(told, world, goal, (*SIGN_IN, *script, Do("submit()")), cheats, steps={5: 220, 4: 120}.get(level, 60))


def _history(world: World, rng: np.random.Generator, user: int, total: int, window: int) -> None:
    """Warnings within the window that add up to `total`."""
    left = total
    while left > 0:
        points = min(left, int(rng.integers(1, 4)))
        _warn(world, user, points, TODAY - dt.timedelta(days=int(rng.integers(1, window - 1))))
        left -= points


SANCTIONS = (
    BrowserFamily(
        "forum-reports",
        "Decide open reports by the moderators' guide.",
        ("policy", "judgement", "care"),
        0.0,
        ("forum",),
        _reports,
    ),
    BrowserFamily(
        "forum-bans",
        "Add up points and ban whom the guide says.",
        ("policy", "arithmetic", "survey"),
        0.0,
        ("forum",),
        _bans,
    ),
)

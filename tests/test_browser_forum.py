"""The forum: its pages, and its families of tasks."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections import Counter

import numpy as np
import pytest
from browser_play import prove_family
from werkzeug.test import Client

from selftrain.envs.browser.family import BrowserFamily
from selftrain.envs.browser.sites import serve
from selftrain.envs.browser.sites.database import open_database
from selftrain.envs.browser.sites.forum.content import BLAME, MEMBER, MODELS, MODERATOR, PASSWORDS, PRAISE
from selftrain.envs.browser.tasks.forum import FAMILIES
from selftrain.envs.browser.world import World, template


class Member:
    """A browser of sorts, signed in or not, on a database of its own."""

    def __init__(self, username: str = "") -> None:
        self.database = open_database(template("forum", "train", 0))
        self._client = Client(functools.partial(serve, {"forum": self.database}, False))
        if username:
            self.post("/login", username=username, password=PASSWORDS[username])

    def get(self, path: str) -> tuple[int, str]:
        answer = self._client.get(path, base_url="http://forum.test/")
        return answer.status_code, answer.text

    def post(self, path: str, *, token: str = "", **values: str) -> tuple[int, str]:
        found = re.search(r'name="csrf_token" value="(\w+)"', self.get("/login")[1])
        assert found
        form = {"csrf_token": token or found[1], **values}
        answer = self._client.post(path, data=form, base_url="http://forum.test/")
        return answer.status_code, answer.headers.get("Location") or answer.text

    def open_thread(self) -> str:
        found = self.database.execute("SELECT id FROM threads WHERE locked = 0").fetchone()
        return f"/t/{found[0]}"

    def count(self, table: str) -> int:
        return int(self.database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


LOOKED_AT = (
    "/",
    "/c/tents?sort=replies&state=solved&page=99",
    "/search?q=zip",
    "/search?author=lea.brandt",
    "/t/5",
    "/p/7",
    "/members?q=an",
    "/u/lea.brandt",
    "/guide",
    "/login",
)


@pytest.mark.parametrize("path", LOOKED_AT)
def test_anybody_may_look(path: str) -> None:
    status, text = Member().get(path)
    assert status == 200 and text.count("<h1>") == 1


@pytest.mark.parametrize("path", ["/nowhere", "/t/99999", "/p/99999", "/c/none", "/u/nobody"])
def test_what_is_not_there(path: str) -> None:
    assert Member().get(path)[0] == 404


@pytest.mark.parametrize("path", ["/reports", "/reports/1", "/sanctions", "/sanctions.csv", "/u/lea.brandt/ban"])
def test_moderation_is_for_moderators(path: str) -> None:
    assert Member().get(path)[0] == 303
    assert Member(MEMBER).get(path)[0] == 403
    assert Member(MODERATOR).get(path)[0] == 200


def test_forms_say_what_is_wrong_and_change_nothing() -> None:
    member = Member(MEMBER)
    before = member.count("audit")
    assert member.post("/new/tents", title="short", body="")[0] == 422
    assert "at least 10 characters" in member.post(f"{member.open_thread()}/reply", body="short")[1]
    assert member.post("/t/5/reply", body="long enough, I should say", token="x" * 32)[0] == 400
    own = member.database.execute("SELECT id FROM posts WHERE author_id = 2").fetchone()
    assert own is None and member.post("/p/7/edit", body="not mine to change")[0] == 403
    assert member.post("/t/5/move", category="maps")[0] == 403
    assert member.count("audit") == before


def test_replies_votes_and_reports_are_recorded_with_who_made_them() -> None:
    member = Member(MEMBER)
    assert member.post(f"{member.open_thread()}/reply", body="It stayed dry for me.")[0] == 303
    assert member.post("/p/7/vote") == member.post("/p/7/vote")
    assert member.post("/p/7/report", reason="advertising")[0] == 303
    told = [tuple(line) for line in member.database.execute("SELECT actor, op, tab FROM audit")]
    assert told == [
        (MEMBER, "INSERT", "posts"),
        (MEMBER, "INSERT", "votes"),
        (MEMBER, "DELETE", "votes"),
        (MEMBER, "INSERT", "reports"),
    ]


def test_who_is_banned_does_not_post_and_a_locked_thread_takes_no_reply() -> None:
    moderator = Member(MODERATOR)
    assert moderator.post(f"/u/{MEMBER}/ban", days="0", reason="points: 9")[0] == 422
    assert moderator.post("/u/ranger.ove/ban", days="3", reason="points: 9")[0] == 403
    assert moderator.post(f"/u/{MEMBER}/ban", days="3", reason="points: 9")[0] == 303
    thread = moderator.open_thread()
    assert moderator.post(f"{thread}/state", state="locked=1")[0] == 303
    moderator.post("/logout")
    moderator.post("/login", username=MEMBER, password=PASSWORDS[MEMBER])
    assert moderator.post(f"{thread}/reply", body="Let me in, please.")[0] == 403
    moderator.database.execute("DELETE FROM bans")
    status, text = moderator.post(f"{thread}/reply", body="Let me in, please.")
    assert status == 409 and "locked" in text


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_oracle_is_paid_and_nobody_else(family: BrowserFamily) -> None:
    prove_family(family)


# the truth a second time, from the rows by hand


def world(level: int) -> World:
    return World(("forum",), "dev", level)


def draft(name: str, level: int, at: World) -> tuple[str, str]:
    family = next(family for family in FAMILIES if family.name == name)
    made = family.make(np.random.default_rng([level, 5]), level, at)
    return made.instruction, made.goal.answer or ""


@pytest.mark.parametrize("number", range(6))
def test_most_accepted_answers_by_hand(number: int) -> None:
    at = world(number)
    _, answer = draft("forum-accepted-answers", 5, at)
    posts = {line["id"]: line["author_id"] for line in at.rows("forum", "SELECT id, author_id FROM posts")}
    names = {line["id"]: line["name"] for line in at.rows("forum", "SELECT id, name FROM users")}
    market = at.row("forum", "SELECT id FROM categories WHERE slug = 'market'")["id"]
    threads = at.rows("forum", "SELECT category_id, answer_id FROM threads")
    tally = Counter(
        names[posts[line["answer_id"]]] for line in threads if line["answer_id"] and line["category_id"] != market
    ).most_common(2)
    assert tally[0][0] == answer and tally[0][1] > tally[1][1]


@pytest.mark.parametrize("number", range(6))
def test_recommendations_by_hand(number: int) -> None:
    at = world(number)
    told, answer = draft("forum-recommendations", 5, at)
    models = next(models for models in MODELS.values() if answer in models)
    tally: Counter[str] = Counter()
    category = at.row("forum", "SELECT id FROM categories WHERE instr(?, name)", told)["id"]
    for line in at.rows(
        "forum", "SELECT body FROM posts JOIN threads ON threads.id = thread_id WHERE category_id = ?", category
    ):
        for model in models:
            for wordings, worth in ((PRAISE, 1), (BLAME, -1)):
                pattern = "|".join(re.escape(wording.format(model)) for wording in wordings)
                tally[model] += worth * len(re.findall(pattern, line["body"]))
    first, second = tally.most_common(2)
    assert first[0] == answer and first[1] > second[1]


def test_the_guide_s_page_says_what_the_tasks_go_by() -> None:
    at = world(3)
    rule = {line["key"]: line["value"] for line in at.rows("forum", "SELECT key, value FROM guide")}
    client = Client(functools.partial(serve, {"forum": open_database(at.databases()["forum"])}, False))
    text = re.sub(r"\s+", " ", client.get("/guide", base_url="http://forum.test/").text)
    assert f"From {rule['ban_points']} points on the member is banned for {rule['ban_days']} days" in text
    assert f"from {rule['long_points']} points on for {rule['long_days']} days" in text
    assert f"more than {rule['stale_days']} days" in text and f"the last {rule['window']} days" in text
    assert dt.date.fromisoformat("2026-03-02") - dt.timedelta(days=rule["window"]) > dt.date(2025, 9, 30)

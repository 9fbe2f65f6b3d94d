"""What nobody types by intention: every page of every site answers it, and none of it changes anything."""

from __future__ import annotations

import functools
import io
import re
import sqlite3
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

from selftrain.envs.browser.sites import SITES, application, serve
from selftrain.envs.browser.sites.database import open_database
from selftrain.envs.browser.sites.mail.content import password_of
from selftrain.envs.browser.world import template

BEYOND = 1 << 63
"""One more than SQLite can hold."""


class Guest:
    """Whoever has the session of this user; the user None is nobody who is signed in."""

    def __init__(self, site: str, user: int | None) -> None:
        self.database = open_database(template(site, "train", 0))
        self.database.execute("INSERT INTO sessions VALUES ('known', ?, 'token', '[]')", (user,))
        self._client = Client(functools.partial(serve, {site: self.database}, False), use_cookies=False)
        self._host = f"http://{site}.test"

    def ask(self, method: str, path: str, **form: Any) -> int:
        return self.answer(method, path, **form).status_code

    def answer(self, method: str, path: str, **form: Any) -> TestResponse:
        data = {"csrf_token": "token", **form} if method == "POST" else None
        header = {"Cookie": "session=known"}
        return self._client.open(path, method=method, base_url=self._host, data=data, headers=header)

    def changes(self) -> int:
        return int(self.database.execute("SELECT COUNT(*) FROM audit").fetchone()[0])


def path_of(rule: Rule, number: int) -> str:
    return re.sub("<[^>]*>", "x", re.sub("<int:[^>]*>", str(number), rule.rule))


def rules(site: str) -> list[Rule]:
    return [rule for rule in application(site).url_map.iter_rules() if rule.endpoint not in ("static", "logout")]


def users(site: str) -> list[int]:
    """One of each role."""
    database: sqlite3.Connection = open_database(template(site, "train", 0))
    return [row[0] for row in database.execute("SELECT MIN(id) FROM users GROUP BY role")]


@pytest.mark.parametrize("site", SITES)
def test_a_number_beyond_all_rows_is_not_found(site: str) -> None:
    for user in users(site):
        guest = Guest(site, user)
        for rule in rules(site):
            if "<int:" in rule.rule:
                for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                    assert guest.ask(method, path_of(rule, BEYOND)) in (403, 404), (method, rule.rule)
        assert guest.changes() == 0


@pytest.mark.parametrize("site", SITES)
def test_who_is_not_signed_in_changes_nothing(site: str) -> None:
    guest = Guest(site, None)
    for rule in rules(site):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            for number in (1, 2):
                assert guest.ask(method, path_of(rule, number)) < 500, (method, rule.rule)
    assert guest.changes() == 0


@pytest.mark.parametrize("path", ["/static/none.css", "/static/%2e%2e/base.py", "/static/", "/static/%00", "/%ff"])
def test_files_that_are_not_there_are_not_found(path: str) -> None:
    assert Guest("shop", None).ask("GET", path) == 404


@pytest.mark.parametrize("text", ["a" * 60_000, "a+" * 2_000, "a+" * 749, "label:a+" * 187])
@pytest.mark.parametrize("page", ["shop/products", "tracker/issues", "tracker/members", "forum/search", "mail/search"])
def test_a_search_for_very_much_is_answered(page: str, text: str) -> None:
    site, _, path = page.partition("/")
    assert Guest(site, 1).ask("GET", f"/{path}?q={text}") == (200 if len(text) < 1500 else 414)


@pytest.mark.parametrize("number", ["--5", "²", "9" * 1000, "-", "٣", "\0"])
def test_a_number_that_is_none_is_an_error_of_the_form(number: str) -> None:
    staff = Guest("shop", 61)
    assert staff.ask("POST", "/desk/stock/1", change=number, reason="delivery", reference="LN-7") == 422
    assert Guest("mail", 1).ask("POST", "/mail/act", message=number, do="star", back="/mail/inbox") == 303
    assert Guest("mail", 1).ask("GET", f"/compose?reply={number}") == 200


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_have_a_page_or_none(day: str) -> None:
    anna = Guest("mail", 1)
    for path in (f"/calendar/week/{day}", f"/calendar/day/{day}", f"/calendar/month/{day[:7]}", f"/rooms?day={day}"):
        assert anna.ask("GET", path) in (200, 404), path


def test_a_file_with_an_enormous_cell_is_no_csv() -> None:
    staff = Guest("shop", 61)
    assert staff.ask("POST", "/desk/stock/import", file=(io.BytesIO(b"x" * 200_000), "stock.csv")) == 422


def test_a_choice_that_is_not_on_the_list_is_an_error_of_the_form() -> None:
    maintainer = Guest("tracker", users("tracker")[1])
    ref = maintainer.database.execute("SELECT ref FROM issues").fetchone()[0]
    for field in ("milestone_id", "component_id", "estimate", "kind"):
        assert maintainer.ask("POST", f"/issues/{ref}/edit", **{field: "x"}) == 422, field


@pytest.mark.parametrize(
    "back", ["//evil.test", "/\\evil.test", "/\t/evil.test", "/x\r\nSet-Cookie: a=b", "http://evil.test/", ""]
)
def test_nobody_is_sent_to_another_site(back: str) -> None:
    anna = Guest("mail", 1)
    answer = anna.answer("POST", "/mail/act", do="star", back=back)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/mail/inbox")
    name = anna.database.execute("SELECT username FROM users WHERE id = 1").fetchone()[0]
    answer = anna.answer("POST", "/login", username=name, password=password_of(name), next=back)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")

"""The mail site's pages, and its task families with second ways to work out their answers."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import numpy as np
import pytest
from browser_play import prove_family
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from selftrain.envs.browser.family import Draft
from selftrain.envs.browser.goals import Inserted, Updated
from selftrain.envs.browser.sites import serve
from selftrain.envs.browser.sites.database import open_database
from selftrain.envs.browser.sites.mail.content import password_of
from selftrain.envs.browser.tasks.mail import FAMILIES
from selftrain.envs.browser.world import World, template

_BASE = "http://mail.test/"
_FAMILIES = {family.name: family for family in FAMILIES}


class Browser:
    """Somebody signed in."""

    def __init__(self, data: bytes, user: int = 1) -> None:
        self.db = open_database(data)
        self.client = Client(functools.partial(serve, {"mail": self.db}, False), Response)
        self.get("/login")
        self.name = str(self.value("SELECT username FROM users WHERE id = ?", user))
        assert self.post("/login", username=self.name, password=password_of(self.name)).status_code == 303

    def value(self, sql: str, *values: object) -> object:
        return self.db.execute(sql, values).fetchone()[0]

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=_BASE)

    def post(self, path: str, **fields: object) -> TestResponse:
        token = self.db.execute("SELECT csrf FROM sessions ORDER BY rowid DESC").fetchone()[0]
        return self.client.post(path, base_url=_BASE, data={"csrf_token": token, **fields})


@pytest.fixture
def anna() -> Browser:
    return Browser(template("mail", "train", 0))


def _draft(name: str, level: int, seed: int) -> Draft:
    family = _FAMILIES[name]
    return family.make(np.random.default_rng([seed, level]), level, World(family.sites, "train", seed))


# pages


def test_content_is_small_and_of_hundreds_of_rows() -> None:
    data = template("mail", "train", 1)
    assert len(data) < 700_000
    database = open_database(data)
    counts = {
        table: database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        for table in ("messages", "events", "contacts", "users")
    }
    assert counts["messages"] > 300 and counts["events"] > 150 and counts["contacts"] >= 60 and counts["users"] > 40


def test_no_room_is_promised_twice() -> None:
    database = open_database(template("mail", "train", 2))
    clashes = database.execute(
        "SELECT COUNT(*) FROM events a JOIN events b ON a.id < b.id AND a.room_id = b.room_id"
        " AND a.starts < b.ends AND b.starts < a.ends"
    ).fetchone()[0]
    assert clashes == 0


def test_everything_asks_for_a_login_and_a_token() -> None:
    database = open_database(template("mail", "train", 0))
    client = Client(functools.partial(serve, {"mail": database}, False), Response)
    for path in ("/", "/mail/inbox", "/messages/1", "/compose", "/contacts", "/calendar", "/people", "/guides"):
        answer = client.get(path, base_url=_BASE)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/login"), path
    assert client.post("/compose", base_url=_BASE, data={"to": "x@y.test"}).status_code == 400


def test_nobody_sees_what_is_another_ones(anna: Browser) -> None:
    foreign = anna.value("SELECT id FROM messages WHERE owner_id = 2")
    assert anna.get(f"/messages/{foreign}").status_code == 404
    assert anna.post("/mail/act", message=str(foreign), do="trash").status_code == 404
    event = anna.value(
        "SELECT id FROM events WHERE organizer <> ?1 AND NOT instr(attendees, ?1) LIMIT 1", str(anna.name)
    )
    assert anna.get(f"/events/{event}").status_code == 403
    assert anna.get(f"/events/{event}/edit").status_code == 403
    assert anna.post(f"/events/{event}/answer", answer="accepted").status_code == 403
    assert anna.post("/rooms/1/close").status_code == 403
    assert Browser(template("mail", "train", 0), 3).post("/rooms/1/close").status_code == 303
    for path in ("/messages/1", "/mail/nowhere", "/contacts/9999", "/labels/77", "/people/nobody", "/guides/none"):
        assert anna.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"to": "", "subject": "a", "body": "b"}, "To is required."),
        ({"to": "somewhere", "subject": "a", "body": "b"}, "neither an address nor one of your contact groups"),
        ({"to": "no.body@corvid.test", "subject": "a", "body": "b"}, "nobody here has the address"),
        ({"to": "x@out.test", "subject": "a", "body": "b"}, "outside the company"),
        ({"to": "x@out.test", "subject": "", "body": "b", "outside": "1"}, "Subject is required."),
        ({"to": "x@out.test", "subject": "a", "body": "", "outside": "1"}, "Message is required."),
    ],
)
def test_mail_that_cannot_be_sent_says_why(anna: Browser, fields: Mapping[str, str], said: str) -> None:
    answer = anna.post("/compose", **fields)
    assert answer.status_code == 422 and said in answer.text
    assert not anna.value("SELECT COUNT(*) FROM audit")


def test_groups_are_expanded_and_files_kept(anna: Browser) -> None:
    sent = anna.post("/compose", to="board", subject="All", body="Hello", outside="1")
    assert sent.status_code == 303
    members = anna.value("SELECT COUNT(*) FROM group_members WHERE group_id = 1")
    message = anna.db.execute("SELECT * FROM messages WHERE subject = 'All'").fetchone()
    assert len(message["recipients"].split(", ")) == members
    source = anna.db.execute("SELECT * FROM messages WHERE owner_id = 1 AND files <> ''").fetchone()
    to = str(anna.value("SELECT address FROM users WHERE id = 5"))
    anna.post("/compose", forward=source["id"], to=to, subject="Fwd: x", body="", keep=source["files"])
    forwarded = anna.db.execute("SELECT * FROM messages WHERE forward_of = ?", (source["id"],)).fetchone()
    assert forwarded["files"] == source["files"] and forwarded["recipients"] == to


def test_reply_goes_to_the_sender_and_reply_to_all_leaves_oneself_out(anna: Browser) -> None:
    message = anna.db.execute("SELECT * FROM messages WHERE owner_id = 1 AND copies <> ''").fetchone()
    page = anna.get(f"/compose?reply_all={message['id']}").text
    assert f'value="{message["sender"]}"' in page and f'value="{message["copies"]}"' in page
    assert 'id="cc" name="cc" type="text" value=""' in anna.get(f"/compose?reply={message['id']}").text


def test_search_operators_agree_with_the_rows(anna: Browser) -> None:
    everything = anna.db.execute(
        "SELECT * FROM messages WHERE owner_id = 1 AND folder NOT IN ('spam', 'trash')"
    ).fetchall()
    fits = {
        "has:attachment": lambda m: bool(m["files"]),
        "before:2026-01-15": lambda m: m["sent_at"] < "2026-01-15",
        "after:2026-02-20 -invoice": lambda m: (
            m["sent_at"] >= "2026-02-20" and "invoice" not in (m["subject"] + " " + m["body"]).lower()
        ),
        "from:letter": lambda m: "letter" in (m["sender_name"] + " " + m["sender"]).lower(),
        'subject:"open points"': lambda m: "open points" in m["subject"].lower(),
    }
    for query, test in fits.items():
        page = anna.get("/search?q=" + query.replace(" ", "+").replace('"', "%22")).text
        told = re.search(r"\((\d+) in all\)", page)
        count = int(told[1]) if told else len(re.findall(r'aria-label="Pick ', page))
        assert count == sum(map(test, everything)), query
    assert anna.get("/search?q=before:yesterday").status_code == 422
    assert "There is no operator" in anna.get("/search?q=colour:red").text


def test_reading_is_incidental_and_moving_is_not(anna: Browser) -> None:
    message = anna.value("SELECT id FROM messages WHERE owner_id = 1 AND folder = 'inbox'")
    anna.get(f"/messages/{message}")
    assert {row["tab"] for row in anna.db.execute("SELECT tab FROM audit")} <= {"opened"}
    assert anna.get(f"/messages/{message}/erase").status_code == 409
    anna.post("/mail/act", message=str(message), do="trash")
    assert anna.value("SELECT folder FROM messages WHERE id = ?", message) == "trash"
    anna.post(f"/messages/{message}/erase")
    assert not anna.value("SELECT COUNT(*) FROM messages WHERE id = ?", message)


def test_a_room_is_not_booked_twice_and_the_past_is_over(anna: Browser) -> None:
    fields = {"title": "T", "day": "2026-04-20", "starts": "10:00", "ends": "11:00", "kind": "internal", "room": "1"}
    assert anna.post("/events/new", **fields, repeats="").status_code == 303
    for wrong, said in (
        ({"ends": "10:30", "starts": "10:00"}, "is taken from 10:00 to 11:00"),
        ({"ends": "09:30"}, "Ends must be after the start."),
        ({"day": "2026-02-01"}, "lie in the past"),
        ({"day": "soon"}, "Day must be a day"),
        ({"attendees": "nobody.here"}, "there is no colleague"),
        ({"repeats": "weekly", "room": ""}, "Repeats until must be a day"),
    ):
        answer = anna.post("/events/new", **{**fields, "repeats": "", **wrong})
        assert answer.status_code == 422 and said in answer.text, said
    assert anna.post("/events/new", **{**fields, "starts": "11:00", "ends": "12:00", "repeats": ""}).status_code == 303


def test_one_day_of_a_series_can_be_left_out(anna: Browser) -> None:
    fields = {"title": "S", "day": "2026-04-20", "starts": "10:00", "ends": "11:00", "kind": "internal", "room": ""}
    anna.post("/events/new", **fields, repeats="weekly", repeats_until="2026-05-29")
    series = anna.value("SELECT id FROM events WHERE title = 'S'")
    assert anna.get(f"/events/{series}/cancel?day=2026-04-21").status_code == 404
    anna.post(f"/events/{series}/cancel", day="2026-04-27")
    assert ">S<" not in anna.get("/calendar/day/2026-04-27").text
    assert ">S<" in anna.get("/calendar/day/2026-05-04").text


def test_rules_contacts_settings_and_tasks(anna: Browser) -> None:
    assert anna.post("/rules", field="from", needle="x", action="star").status_code == 422
    anna.post("/rules", field="from", needle="Letter", action="archive")
    rule = anna.value("SELECT MAX(id) FROM rules")
    anna.post(f"/rules/{rule}/run")
    left = "SELECT COUNT(*) FROM messages WHERE owner_id = 1 AND folder = 'inbox' AND sender_name LIKE '%Letter%'"
    assert anna.value(left) == 0
    taken = str(anna.value("SELECT address FROM contacts WHERE id = 2"))
    assert anna.post("/contacts/1/edit", name="A", address=taken).status_code == 422
    assert anna.post("/contacts/new", name="A", address="a@new.test").status_code == 303
    assert anna.post("/settings", away="1", away_from="2026-03-09", away_until="2026-03-02").status_code == 422
    assert anna.post("/tasks", title="Water the plants", due="2026-03-09").status_code == 303
    assert "Water the plants" in anna.get("/tasks").text


# tasks


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", sorted(_FAMILIES))
def test_oracle_passes_and_nothing_else_does(name: str, level: int) -> None:
    prove_family(_FAMILIES[name], levels=(level,))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("level", [1, 2, 3])
def test_receipts_add_up_by_the_text_of_the_mails(level: int, seed: int) -> None:
    draft = _draft("mail-sum-expenses", level, seed)
    purpose = re.search(r"the \w+ journey", draft.instruction)
    assert purpose is not None
    once = {}
    for mail in draft.world.rows("mail", "SELECT * FROM messages WHERE subject LIKE 'Receipt %'"):
        number, price = re.search(r"R-\d+", mail["subject"]), re.search(r"\$ (\d+)\.(\d\d)", mail["body"])
        if purpose[0] in mail["body"] and number and price:
            once[number[0]] = int(price[1] + price[2])
    assert draft.goal.answer == f"{sum(once.values()) / 100:.2f}"


@pytest.mark.parametrize("seed", range(4))
def test_expenses_of_level_five_follow_the_guide_as_it_is_written(seed: int) -> None:
    draft = _draft("mail-sum-expenses", 5, seed)
    guide = draft.world.row("mail", "SELECT body FROM guides WHERE slug = 'expenses'")["body"]
    out, cap, since = (
        re.search(pattern, guide) for pattern in (r"kind '(\w+)'", r"most \$ (\d+\.\d\d)", r"before (\S+) is")
    )
    purpose = re.search(r"the \w+ journey", draft.instruction)
    assert out and cap and since and purpose
    mails = draft.world.rows("mail", "SELECT * FROM messages WHERE subject LIKE 'Receipt %'")
    refunded = {mail["subject"].split()[1] for mail in mails if "paid back" in mail["subject"]}
    once = {}
    for mail in mails:
        day, number = (
            re.search(r"aid on .*?(\d{4}-\d\d-\d\d)|\$ \S+ on (\S+)", mail["body"]),
            mail["subject"].split()[1],
        )
        price = re.search(r"\$ (\d+\.\d\d)", mail["body"])
        if not (day and price and purpose[0] in mail["body"]) or number in refunded:
            continue
        kind = next(kind for kind in ("taxi", "hotel", "meal", "train", "parking", "phone") if kind in mail["sender"])
        if kind != out[1] and (day[1] or day[2]) >= since[1]:
            once[number] = min(float(price[1]), float(cap[1])) if kind == "meal" else float(price[1])
    assert draft.goal.answer == f"{sum(once.values()):.2f}"


@pytest.mark.parametrize("seed", range(4))
def test_a_meeting_fits_into_the_pages_that_show_who_is_free(seed: int) -> None:
    draft = _draft("mail-schedule-meeting", 2, seed)
    (wanted,) = draft.goal.changes
    assert isinstance(wanted, Inserted)
    browser = Browser(draft.world.databases()["mail"])
    day, at, end = *wanted.values["starts"].split(), wanted.values["ends"].split()[1]
    names = [browser.name, *wanted.values["attendees"].split(", ")]
    pages = [_grid(browser.get(f"/people/{name}/calendar?day={day}").text, day) for name in names]
    free = [slot for slot in pages[0] if all(page[slot] == "Free" for page in pages)]
    inside = [slot for slot in pages[0] if at <= slot < end]
    assert inside and set(inside) <= set(free)
    room = wanted.values["room_id"]
    taken = _grid(browser.get(f"/rooms/{room}?day={day}").text, day)
    assert all(taken[slot] == "Free" for slot in inside)
    for start in [slot for slot in free if slot < at]:
        span = [slot for slot in pages[0] if start <= slot][: len(inside)]
        if len(span) == len(inside) and set(span) <= set(free):
            least = len(names)
            for other in draft.world.rows("mail", "SELECT * FROM rooms WHERE capacity >= ?", least):
                shown = _grid(browser.get(f"/rooms/{other['id']}?day={day}").text, day)
                assert any(shown[slot] != "Free" for slot in span), f"{start} in {other['name']} is earlier"


def _grid(page: str, day: str) -> dict[str, str]:
    """Beginning of a half hour → what the table of a week shows at `day`."""
    column = re.findall(r'<th scope="col">(\d{4}-\d\d-\d\d)</th>', page).index(day)
    lines = re.findall(r'<th scope="row">(\d\d:\d\d)-[\d:]+</th>(.*?)</tr>', page, re.DOTALL)
    return {slot: re.findall(r"<td[^>]*>(\w+)</td>", cells)[column] for slot, cells in lines}


@pytest.mark.parametrize("seed", range(4))
def test_what_goes_by_the_guide_is_what_its_words_say(seed: int) -> None:
    draft = _draft("mail-keep-and-delete", 3, seed)
    guide = draft.world.row("mail", "SELECT body FROM guides WHERE slug = 'retention'")["body"]
    assert guide.index("stays in any case") < guide.index("the first one decides")
    letters = re.search(r"'Letter'\) in the inbox that came before (\S+) goes to the trash", guide)
    other = re.search(r"label (\w+) in the inbox that came before (\S+) goes to the archive", guide)
    assert letters and other
    wanted = {}
    for mail in draft.world.rows(
        "mail",
        "SELECT m.*, EXISTS (SELECT 1 FROM message_labels x JOIN labels l ON l.id = x.label_id WHERE x.message_id = "
        "m.id AND l.name = ?) AS worn FROM messages m WHERE owner_id = 1 AND folder = 'inbox' AND NOT starred",
        other[1],
    ):
        if mail["sender_name"].endswith("Letter") and mail["sent_at"][:10] < letters[1]:
            wanted[mail["id"]] = "trash"
        elif mail["worn"] and mail["sent_at"][:10] < other[2]:
            wanted[mail["id"]] = "archive"
    assert wanted == {
        change.id: change.values["folder"] for change in draft.goal.changes if isinstance(change, Updated)
    }

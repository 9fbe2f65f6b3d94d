"""What pages gain where scripts run: each widget on a real site, played in Chromium through the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser_engines import chromium_or_skip

from selftrain.envs.browser.env import BrowserEnv
from selftrain.envs.catalogue import find_family


@pytest.fixture(scope="module")
def env() -> Iterator[BrowserEnv]:
    chromium_or_skip().close()
    made = BrowserEnv(engine="chromium", javascript=True, observation_chars=200_000)
    yield made
    made.close()


def begin(env: BrowserEnv, family: str, *, signed_in: bool = False) -> str:
    task = find_family(family).task(seed=0, level=1)
    text, _ = env.reset(seed=0, options={"task": task})
    for action in task.oracle[:4] if signed_in else ():
        text = do(env, action)
    return text


def do(env: BrowserEnv, action: str) -> str:
    text, _, _, _, info = env.step(action)
    assert not info["error"], text[:500]
    return str(text)


def number(text: str, pattern: str) -> str:
    """The number of the element whose line holds this, such as `link 'Help'`; the pattern's role comes first."""
    role, _, name = pattern.partition(" ")
    found = re.search(rf"{role} \[(\d+)\] {name}", text, re.MULTILINE)
    assert found, f"{pattern} is not on the page:\n{text}"
    return found[1]


def test_suggestions_come_while_typing_and_are_taken_by_a_click(env: BrowserEnv) -> None:
    begin(env, "forum-replies")
    text = do(env, "goto('http://forum.test/search')")
    field = number(text, "combobox .Author.s user name.")
    text = do(env, f"fill('{field}', 'ra')")
    option = number(text, "option 'ranger.kim'")
    text = do(env, f"click('{option}')")
    assert re.search(r"combobox \[\d+\] .Author.s user name..*ranger\.kim", text)
    assert "option" not in text.split("Author")[1].split("\n")[0]


def test_a_calendar_fills_in_a_date(env: BrowserEnv) -> None:
    text = begin(env, "booking-find-connection")
    text = do(env, f"click('{number(text, 'button .Choose Date in a calendar')}')")
    text = do(env, f"click('{number(text, 'button .Later')}')")
    text = do(env, f"click('{number(text, 'button .2026-04-17')}')")
    assert re.search(r"'Date' .*2026-04-17", text) and "Later" not in text


def test_more_of_a_list_comes_when_its_end_is_near(env: BrowserEnv) -> None:
    begin(env, "forum-replies")
    text = do(env, "goto('http://forum.test/members')")
    before = text.count("row |")
    for _ in range(4):
        text = do(env, "scroll(0, 20000)")
    assert before < 40 < text.count("row |")


def test_links_of_the_header_change_the_page_without_loading_it(env: BrowserEnv) -> None:
    text = begin(env, "forum-replies")
    requests = len(log(env))
    text = do(env, f"click('{number(text, 'link .Members')}')")
    assert "http://forum.test/members" in text and "heading 1 'Members'" in text
    assert [entry["url"] for entry in log(env)[requests:]] == ["http://forum.test/members"]
    assert "heading 1 'Categories'" in do(env, "go_back()")


def log(env: BrowserEnv) -> list[dict[str, Any]]:
    assert env._episode is not None
    return list(json.loads(env._episode.place.visit.sites.log()))


def test_a_card_is_dragged_into_another_column(env: BrowserEnv) -> None:
    begin(env, "tracker-standup", signed_in=True)
    text = do(env, "goto('http://tracker.test/projects/BRK/board')")
    card = re.search(r"listitem \[(\d+)\] '(BRK-\d+)", text.split("heading 2 'Triaged")[1])
    assert card
    target = number(text, "generic 'Drop here: in progress'")
    text = do(env, f"drag_and_drop('{card[1]}', '{target}')")
    assert card[2] in text.split("heading 2 'In progress")[1].split("heading 2 'In review")[0]


def test_a_dialog_asks_before_something_is_deleted(env: BrowserEnv) -> None:
    begin(env, "tracker-standup", signed_in=True)
    text = do(env, "goto('http://tracker.test/issues?status=new')")
    text = do(env, f"click('{number(text, 'button .Save this query')}')")
    text = do(env, f"fill('{number(text, 'textbox .Name')}', 'fresh')")
    text = do(env, f"click('{number(text, 'button .Save query')}')")
    text = do(env, "goto('http://tracker.test/queries')")
    text = do(env, f"click('{number(text, 'button .Delete fresh')}')")
    assert "Delete the query fresh?" in text
    assert "fresh" in do(env, f"click('{number(text, 'button .No')}')")
    text = do(env, f"click('{number(text, 'button .Delete fresh')}')")
    assert "Delete fresh" not in do(env, f"click('{number(text, 'button .Yes')}')")

"""The browser environment: what an agent is shown, what actions do, limits, states and faults."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from backends import requires
from gymnasium.utils.env_checker import check_env

from selftrain.envs.browser.engine import ActionError, View
from selftrain.envs.browser.env import VIEWPORT, BrowserEnv, BrowserVectorEnv
from selftrain.envs.browser.page import Page
from selftrain.envs.browser.screen import Screen
from selftrain.envs.catalogue import task_of_id
from selftrain.errors import OptionError, SandboxError, UnknownNameError
from selftrain.tasks import Task

ID = "selftrain:SelfTrain-Browser-v0"
TASK = "booking-find-connection/train/1/0"
CHANGE = "forum-bans/train/1/0"
needs_chromium = requires("chromium for the browser")


@pytest.fixture
def env() -> Iterator[BrowserEnv]:
    made = BrowserEnv()
    yield made
    made.close()


@pytest.fixture(scope="module")
def task() -> Task:
    return task_of_id(CHANGE)


def test_it_is_an_environment() -> None:
    env = gym.make(ID, tasks=[TASK], disable_env_checker=True)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_the_oracle_is_paid_and_nothing_is_told_before(env: BrowserEnv, task: Task) -> None:
    observation, info = env.reset(seed=0, options={"task": task})
    assert observation.startswith(task.instruction) and "\n[page] " in observation
    assert observation.endswith(f"[step 0 of {task.limits.steps}]")
    assert info | {
        "task": CHANGE, "family": "forum-bans", "level": 1, "step": 0, "engine": "dom", "backend": "auto",
        "url": "http://forum.test/", "tabs": 1, "error": False, "whole_messages": True, "valid": True,
    } == info  # fmt: skip
    for action in task.oracle[:-1]:
        observation, reward, terminated, truncated, info = env.step(action)
        assert (reward, terminated, truncated, info["error"]) == (0.0, False, False, False)
        assert task.instruction not in observation and observation in env.observation_space
    _, reward, terminated, truncated, info = env.step(task.oracle[-1])
    assert (reward, terminated, truncated, info["verdict"], info["why"]) == (1.0, True, False, "pass", "")
    with pytest.raises(gym.error.ResetNeeded):
        env.step("noop()")


def test_doing_nothing_and_saying_that_it_cannot_be_done_are_not_paid(env: BrowserEnv, task: Task) -> None:
    for last in ("submit", "submit()", "answer('done')", "report_infeasible('no')"):
        env.reset(options={"task": task})
        _, reward, terminated, _, info = env.step(last)
        assert (reward, terminated, info["verdict"]) == (0.0, True, "fail")
    for action in task.oracle[:-1]:
        env.reset(options={"task": task}) if action is task.oracle[0] else None
        env.step(action)
    assert env.step("report_infeasible('no')")[1] == 0.0


def test_a_limit_judges_what_is_there(task: Task) -> None:
    env = BrowserEnv(max_steps=len(task.oracle) - 1)
    env.reset(options={"task": task})
    for action in task.oracle[:-1]:
        observation, reward, terminated, truncated, info = env.step(action)
    assert (reward, terminated, truncated, info["truncation"]) == (1.0, False, True, "steps")
    assert "[the limit of steps is reached" in observation
    env.close()


def test_a_wrong_action_is_an_observation(env: BrowserEnv) -> None:
    env.reset(options={"task": TASK})
    for action, why in [
        ("clik('1')", "[error: there is no action 'clik'; did you mean click"),
        ("click('9999')", "[error: There is no element '9999'"),
        ("fill('1', 'x')", "[error: "),
        ("goto('http://elsewhere.test/')", "[error: "),
        ("goto('http://127.0.0.1:80/')", "[error: "),
        ("goto('file:///etc/passwd')", "[error: "),
        ("goto('javascript:alert(1)')", "[error: "),
        ("upload_file('1', '/etc/passwd')", "[error: "),
        ("read_file('../../etc/passwd')", "[error: there is no file '../../etc/passwd'; your files: none]"),
        ("write_file('../x', 'x')", "[error: '../x' is no name for a file"),
        ("tab_focus(7)", "[error: "),
        ("accept_dialog()", "[error: "),
        ("x" * 1_000_000, "[error: the message has 1000000 characters"),
        ("\x00", "[error: "),
    ]:
        observation, reward, terminated, truncated, info = env.step(action)
        assert observation.startswith(why) and info["error"] and not (reward or terminated or truncated)
        assert "[page] " in observation and observation in env.observation_space
    assert not env.step("noop()")[4]["error"]


def test_files_are_written_read_and_kept_by_name(env: BrowserEnv) -> None:
    env.reset(options={"task": TASK})
    assert env.step("write_file('a.csv', 'one\\ntwo')")[0].startswith("[wrote a.csv, 7 bytes]")
    shown = env.step("read_file('a.csv')")[0]
    assert shown.startswith("[file a.csv, characters 0 to 7 of 7]\none\ntwo\n[page] ") and "noop()" in shown
    env.step(f"write_file('b.txt', '{'x' * 9_000}')")
    assert "characters 0 to 8000 of 9000; read_file('b.txt', 8000) goes on]" in env.step("read_file('b.txt')")[0]
    assert "characters 8000 to 9000 of 9000]" in env.step("read_file('b.txt', 8000)")[0]
    assert env.step("read_file('b.txt', 9000)")[4]["error"]
    env.reset(options={"task": TASK})
    assert env.step("read_file('a.csv')")[4]["error"]


def test_the_same_seed_gives_the_same_episode() -> None:
    def episode() -> list[Any]:
        env = BrowserEnv(levels=[1, 2])
        seen: list[Any] = [env.reset(seed=7)]
        seen += [env.step(action) for action in ("click('2')", "go_back()", "nonsense", "submit()")]
        env.close()
        return seen

    assert episode() == episode()


def test_a_saved_state_goes_on_where_it_was(task: Task) -> None:
    one, other = BrowserEnv(), BrowserEnv()
    one.reset(seed=3, options={"task": task})
    half = len(task.oracle) // 2
    for action in task.oracle[:half]:
        one.step(action)
    one.step("click('9999')")
    state = one.save_state()
    for env in (other, one, other):
        shown, info = env.restore_state(state)
        assert "[error: There is no element" in shown and info["step"] == half + 1
        for action in task.oracle[half:]:
            _, reward, _, _, info = env.step(action)
        assert reward == 1.0 and info["step"] == len(task.oracle) + 1
    one.close()
    other.close()


def test_a_long_page_is_a_window_that_scrolls() -> None:
    screen = Screen(100)
    lines = [f"line {number:03}" for number in range(50)]

    def view(url: str, shown: list[str]) -> View:
        return View(Page(url, "Title", "\n".join(shown), {}), [(url, "Title")])

    first = view("http://x.test/", lines)
    screen.look(first)
    seen = screen.text(first)
    assert (
        seen.startswith("[page] Title   http://x.test/\nline 000\n")
        and "[lines 1-11 of 50; scroll(0, 600) shows" in seen
    )
    screen.scroll(600)
    assert "\nline 011\n" in screen.text(first) and "line 010" not in screen.text(first)
    screen.look(view("http://x.test/", [*lines, "more"]))
    assert "[lines 12-22 of 51" in screen.text(first)
    screen.scroll(1e6)
    assert "line 049\nmore\n[lines 41-51 of 51; scroll(0, -600) goes back up]" in screen.text(first)
    screen.scroll(-1)
    assert "[lines 40-50 of 51" in screen.text(first)
    screen.look(view("http://x.test/", ["an error", *lines]))
    assert "an error" in screen.text(first)
    screen.scroll(600)
    screen.look(view("http://x.test/?page=2", lines))
    assert "line 000" in screen.text(first)
    screen.look(view("http://x.test/", ["x" * 5_000]))
    assert "[... 4900 characters of this line not shown]" in screen.text(first)


def test_every_line_of_a_page_is_reached_by_scrolling(task: Task) -> None:
    small, large = BrowserEnv(observation_chars=300), BrowserEnv(observation_chars=100_000)
    whole = large.reset(options={"task": task})[0].split("[page] ")[1].split("\n")[1:-1]
    shown, seen = small.reset(options={"task": task})[0].split("[page] ")[1], []
    while True:
        seen += [line for line in shown.split("\n")[1:] if not line.startswith("[")]
        if "shows more" not in shown:
            break
        shown = small.step("scroll(0, 600)")[0]
    assert [line for line in whole if line not in seen] == []
    small.close()
    large.close()


def test_a_site_that_breaks_is_no_verdict(env: BrowserEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    env.reset(options={"task": TASK})

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("selftrain.envs.browser.sites.server.serve", broken)
    with pytest.raises(SandboxError, match="a site failed on GET"):
        env.step("goto('http://booking.test/')")
    with pytest.raises(gym.error.ResetNeeded):
        env.step("noop()")
    monkeypatch.undo()
    assert env.reset(options={"task": TASK})[1]["valid"]


def test_a_broken_episode_of_many_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    envs = BrowserVectorEnv(3, tasks=[TASK])
    envs.reset(seed=0)
    failing = envs.envs[1].unwrapped._episode.place.visit.sites  # type: ignore[attr-defined]
    monkeypatch.setattr(failing, "_fault", SandboxError("a site failed"))
    _, rewards, terminated, truncated, infos = envs.step(["noop()", "goto('http://booking.test/')", "submit()"])
    assert truncated.tolist() == [False, True, False] and terminated.tolist() == [False, False, True]
    assert infos["valid"].tolist() == [True, False, True] and not rewards.any()
    observations, *_ = envs.step(["noop()"] * 3)
    assert all("[page] " in observation for observation in observations)
    envs.close()


def test_closing_from_another_thread_breaks_an_episode_off(env: BrowserEnv) -> None:
    env.reset(options={"task": TASK})
    threading.Thread(target=env.close).run()
    with pytest.raises(gym.error.ResetNeeded):
        env.step("noop()")
    assert env.reset(options={"task": TASK})[1]["valid"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"engine": "firefox"}, UnknownNameError),
        ({"backend": "moon"}, UnknownNameError),
        ({"javascript": True}, OptionError),
        ({"screenshot": True}, OptionError),
        ({"observation_chars": 10}, OptionError),
        ({"families": ["log-forensics"]}, OptionError),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        BrowserEnv(**arguments)


def test_pictures_stand_beside_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    from selftrain.envs.browser import env as module
    from selftrain.envs.browser.dom import DomEngine

    class Painted(DomEngine):
        """The dom engine with one picture."""

        def screenshot(self) -> Any:
            return np.full(VIEWPORT, 7, np.uint8)

    monkeypatch.setattr(module, "chosen_engine", lambda *_: "dom")
    monkeypatch.setattr(module, "make_engine", lambda _: Painted())
    env = BrowserEnv(engine="chromium", screenshot=True, tasks=[TASK])
    check_env(env, skip_render_check=True)
    env.close()
    envs = BrowserVectorEnv(2, engine="chromium", screenshot=True, tasks=[TASK])
    observation, _ = envs.reset(seed=0)
    assert observation["screenshot"].shape == (2, *VIEWPORT) and len(observation["text"]) == 2
    observation, *_ = envs.step(["noop()", "submit()"])
    assert observation in envs.observation_space
    envs.close()


@needs_chromium
def test_both_engines_leave_the_same_databases_and_log_the_same_pages() -> None:
    with closing(BrowserEnv()) as dom, closing(BrowserEnv(engine="chromium")) as chromium:
        for name in ("shop-wish-list", "mail-find-price", "tracker-release"):
            task = task_of_id(f"{name}/train/2/1")
            kept, logs = [], []
            for env in (dom, chromium):
                env.reset(options={"task": task})
                rewards = [env.step(action)[1] for action in task.oracle]
                assert sum(rewards) == 1.0 and env.evidence is not None
                kept.append({path: file.data for path, file in env.evidence.files.items() if path.endswith(".db")})
                log = json.loads(env.evidence.files["/requests.json"].data)
                logs.append([(each["method"], each["url"]) for each in log if "/static/" not in each["url"]])
            assert kept[0] == kept[1] and logs[0] == logs[1]


@needs_chromium
def test_a_browser_that_dies_is_no_verdict_and_another_one_takes_its_place(task: Task) -> None:
    with closing(BrowserEnv(engine="auto", screenshot=True)) as env:
        observation, info = env.reset(options={"task": task})
        assert info["engine"] == "chromium" and observation["screenshot"].std() > 0
        assert observation in env.observation_space
        env._engine.close()  # type: ignore[union-attr]
        with pytest.raises(SandboxError):
            env.step("click('1')")
        assert env.reset(options={"task": task})[1]["valid"]
        assert env.step("click('2')")[4]["error"] is False


def test_a_dialog_comes_first(env: BrowserEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    env.reset(options={"task": TASK})
    visit = env._episode.place.visit  # type: ignore[union-attr]
    visit.view = View(visit.view.page, visit.view.tabs, dialog="confirm: Delete it?")
    with pytest.raises(ActionError, match="a dialog waits: 'confirm: Delete it\\?'; accept_dialog"):
        from selftrain.envs.browser.actions import read_action

        visit.act(read_action("click('1')"))

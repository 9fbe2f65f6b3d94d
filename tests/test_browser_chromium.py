"""The chromium engine: scripts, dialogs, windows, waiting, faults, and what lies between two episodes."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from browser_engines import chromium_or_skip
from chromium_pages import Scripted

from selftrain.envs.browser.chromium import ChromiumEngine, find_chromium, tab
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.loopback import HEADER, Loopback
from selftrain.errors import BackendUnavailableError, SandboxError

HOST = "site.test"


@pytest.fixture(scope="module")
def engine() -> Iterator[ChromiumEngine]:
    made = chromium_or_skip()
    yield made
    made.close()


def at(engine: ChromiumEngine, path: str, sites: Scripted | None = None) -> ChromiumEngine:
    engine.open(sites or Scripted(), [HOST], {}, f"http://{HOST}{path}")
    return engine


def number(engine: ChromiumEngine, name: str) -> str:
    return next(each.number for each in engine.view().page.elements.values() if each.name == name)


def click(engine: ChromiumEngine, name: str) -> None:
    engine.click(number(engine, name))


def text(engine: ChromiumEngine) -> str:
    return engine.view().page.text


def test_nothing_is_left_of_the_last_episode(engine: ChromiumEngine) -> None:
    at(engine, "/store")
    engine.goto(f"http://{HOST}/store")
    assert "x=1|1|1|me|1" in text(engine)
    engine.new_tab()
    engine.goto(f"http://{HOST}/store")
    at(engine, "/store")
    assert "'||||1'" in text(engine)
    assert len(engine.view().tabs) == 1
    with pytest.raises(ActionError, match="no page to go back"):
        engine.back()


def test_dialogs_wait_for_an_answer(engine: ChromiumEngine) -> None:
    at(engine, "/dialogs")
    click(engine, "Alert")
    assert engine.view().dialog == "alert: Ping"
    assert "Confirm" in text(engine)
    with pytest.raises(ActionError, match="A dialog waits: 'alert: Ping'"):
        click(engine, "Confirm")
    assert engine.screenshot().shape == (720, 1280, 3)
    engine.answer_dialog(True, "")
    assert "said pong" in text(engine) and engine.view().dialog == ""
    click(engine, "Confirm")
    engine.answer_dialog(False, "")
    assert "said false" in text(engine)
    click(engine, "Prompt")
    assert engine.view().dialog == "prompt: Who?"
    engine.answer_dialog(True, "Grace")
    assert "said Grace" in text(engine)
    click(engine, "Both")
    engine.answer_dialog(True, "")
    assert engine.view().dialog == "confirm: Two?"
    engine.answer_dialog(False, "")
    assert "said true/false" in text(engine)
    with pytest.raises(ActionError, match="No dialog is open"):
        engine.answer_dialog(True, "")


def test_leaving_a_page_may_be_asked_about(engine: ChromiumEngine) -> None:
    at(engine, "/unsaved")
    engine.fill(number(engine, "Name"), "Ada")
    click(engine, "Away")
    assert engine.view().dialog.startswith("beforeunload")
    engine.answer_dialog(False, "")
    assert engine.view().page.url.endswith("/unsaved")
    click(engine, "Away")
    engine.answer_dialog(True, "")
    assert engine.view().page.url.endswith("/two")


def test_an_open_dialog_does_not_outlive_the_episode(engine: ChromiumEngine) -> None:
    at(engine, "/dialogs")
    click(engine, "Confirm")
    at(engine, "/two")
    assert engine.view().dialog == "" and "Two" in text(engine)


def test_windows_are_tabs_and_lead_nowhere_else(engine: ChromiumEngine) -> None:
    at(engine, "/windows")
    click(engine, "Open")
    view = engine.view()
    assert view.active == 1 and view.page.url.endswith("/two") and len(view.tabs) == 2
    engine.close_tab()
    with pytest.raises(ActionError, match="outside of this task"):
        click(engine, "Evil")
    assert len(engine.view().tabs) == 1
    with pytest.raises(ActionError, match="outside of this task"):
        click(engine, "Leave")
    assert engine.view().page.url.endswith("/windows")
    click(engine, "Data")
    assert engine.view().page.url.endswith("/windows")
    click(engine, "Blink")
    assert engine.view().page.url.endswith("/windows")
    with pytest.raises(ActionError, match="too many tabs"):
        click(engine, "Flood")
    assert len(engine.view().tabs) <= 20


def test_a_page_that_closes_itself_leaves_an_empty_one(engine: ChromiumEngine) -> None:
    at(engine, "/windows")
    click(engine, "Close")
    assert len(engine.view().tabs) == 1


def test_a_page_that_never_loads_is_stopped(engine: ChromiumEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    at(engine, "/")
    monkeypatch.setattr(tab, "LOAD_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(ActionError, match="did not finish loading"):
        engine.goto(f"http://{HOST}/slow?s=3")
    assert time.monotonic() - began < 3.0
    assert "Start" in text(engine)


def test_a_page_that_hangs_ends_the_episode_and_not_the_engine(engine: ChromiumEngine) -> None:
    at(engine, "/hang")
    assert engine._browser is not None
    engine._browser.pipe.patience = 1.0
    with pytest.raises(SandboxError, match="browser crashed"):
        click(engine, "Loop")
    with pytest.raises(SandboxError, match="no episode is open"):
        engine.view()
    assert "Start" in text(at(engine, "/"))


@pytest.mark.parametrize("whole", [False, True])
def test_a_crash_ends_the_episode_and_not_the_engine(engine: ChromiumEngine, whole: bool) -> None:
    at(engine, "/")
    assert engine._browser is not None
    ours = _processes(engine)
    for each in ours if whole else filter(_is_renderer, ours):
        os.kill(each.pid, signal.SIGKILL)
    with pytest.raises(SandboxError, match="browser crashed"):
        click(engine, "Two")
    assert "Start" in text(at(engine, "/"))


def test_a_crash_that_is_known_before_the_look_is_not_seen_as_a_page(engine: ChromiumEngine) -> None:
    browser = at(engine, "/")._browser
    assert browser is not None
    tab = browser.tab
    for each in filter(_is_renderer, _processes(engine)):
        os.kill(each.pid, signal.SIGKILL)
    assert browser.pipe.wait(lambda: tab.crashed, 10.0)
    with pytest.raises(SandboxError, match="browser crashed"):
        engine.view()
    assert "Start" in text(at(engine, "/"))


def _processes(engine: ChromiumEngine) -> list[psutil.Process]:
    assert engine._browser is not None
    return [each for each in psutil.process_iter() if _session(each.pid) == engine._browser.process.pid]


def _is_renderer(process: psutil.Process) -> bool:
    return "--type=renderer" in " ".join(process.cmdline())


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def test_a_browser_that_died_between_episodes_is_replaced(engine: ChromiumEngine) -> None:
    at(engine, "/")
    assert engine._browser is not None
    os.killpg(engine._browser.process.pid, signal.SIGKILL)
    assert "Start" in text(at(engine, "/"))


def test_clicks_say_why_they_cannot_be(engine: ChromiumEngine) -> None:
    at(engine, "/clicks")
    with pytest.raises(ActionError, match="covered by div 'Banner'"):
        click(engine, "Under")
    with pytest.raises(ActionError, match="is disabled"):
        click(engine, "Off")
    gone = number(engine, "Gone")
    engine.click(gone)
    with pytest.raises(ActionError, match="is not on the page any more"):
        engine.click(gone)
    engine.view()
    with pytest.raises(ActionError, match="There is no element"):
        engine.click(gone)
    assert "Hidden" not in text(engine)


def test_elements_keep_their_numbers(engine: ChromiumEngine) -> None:
    at(engine, "/clicks")
    before = {name: number(engine, name) for name in ("Far", "Off", "Once", "Span")}
    click(engine, "Far")
    click(engine, "Span")
    assert engine._browser is not None
    engine._browser.tab.ask("HeapProfiler.collectGarbage")
    assert {name: number(engine, name) for name in before} == before
    assert text(engine).count("'New'") == 2
    engine.click(before["Once"])
    assert number(engine, "Twice") == before["Once"]


def test_what_a_script_fetches_is_waited_for(engine: ChromiumEngine) -> None:
    at(engine, "/later")
    engine.fill(number(engine, "Word"), "x")
    assert "slow answer" in text(engine)


@pytest.mark.parametrize(
    ("path", "first", "second", "said"),
    [
        ("/drag", "Apple", "Basket", "got apple"),
        ("/slider", "Knob", "Hole", "dropped"),
    ],
)
def test_dragging(engine: ChromiumEngine, path: str, first: str, second: str, said: str) -> None:
    at(engine, path)
    elements = engine.view().page.elements.values()
    start = next(each.number for each in elements if first in (each.name, each.within) or each.role == "listitem")
    engine.drag(start, number(engine, second))
    assert said in text(engine)


def test_keys_and_their_events(engine: ChromiumEngine) -> None:
    at(engine, "/keys")
    name = number(engine, "Name")
    engine.press(name, "Control+a")
    engine.press(name, "n")
    engine.press(name, "Shift+e")
    engine.press(name, "Backspace")
    assert "value='n'" in text(engine)
    engine.fill(name, "")
    engine.fill(name, "ünï€😀")
    engine.press(name, "Tab")
    assert "'ünï€😀'" in text(engine) and "change" in text(engine)
    engine.fill(number(engine, "Text"), "a\nb")
    engine.press(number(engine, "Text"), "Enter")
    engine.press(number(engine, "Go"), "Enter")
    assert "'pressed'" in text(engine)
    with pytest.raises(ActionError, match="There is no key"):
        engine.press(name, "Hyper+x")
    with pytest.raises(ActionError, match="at most 100000"):
        engine.fill(name, "x" * 10_000_000)


def test_pictures(engine: ChromiumEngine) -> None:
    at(engine, "/red")
    picture = engine.screenshot()
    assert picture.shape == (720, 1280, 3) and picture.dtype == np.uint8
    assert (picture[-1, -1] == (255, 0, 0)).all()


def test_downloads_are_bounded(engine: ChromiumEngine) -> None:
    at(engine, "/big")
    click(engine, "Small")
    assert engine.downloads() == {"data.csv": b"xxxxx"}
    with pytest.raises(ActionError, match="larger than 10 MiB"):
        click(engine, "Huge")
    assert engine.downloads() == {}
    click(engine, "Small")
    assert list(engine.downloads()) == ["data (1).csv"]


def test_scripts_reach_nothing_but_their_own_sites() -> None:
    first, second = chromium_or_skip(), chromium_or_skip()
    try:
        at(second, "/")
        assert second._loopback is not None
        other = second._loopback.port
        wanted = [
            f"http://127.0.0.1:{other}/",
            f"http://localhost:{other}/",
            f"http://{HOST}:{other}/",
            "http://other.test/",
            "http://169.254.169.254/",
            "file:///etc/passwd",
            "http://[::1]/",
        ]
        script = f"""<p id=said>waiting</p><p id=own></p><script>(async () => {{
            const got = [];
            for (const url of {wanted}) await fetch(url, {{ mode: 'no-cors' }}).then(
              (r) => r.text().then((t) => got.push(t.length ? 'body' : 'empty')), () => got.push('no'));
            said.textContent = got.join(' '); own.textContent = 'cookie=' + document.cookie + ' ' +
              (await (await fetch('/two')).text()).length; }})();</script>"""
        sites = Scripted({"/probe": script})
        at(first, "/probe", sites)
        seen = text(first)
        assert "'no no no no no no no'" in seen or ("body" not in seen and "waiting" not in seen), seen
        assert "'cookie= " in seen
        secrets = [
            value for _, _, headers in sites.asked for name, value in headers.items() if "elftrain" in name + value
        ]
        assert secrets == []
        assert second.view().page.url == f"http://{HOST}/"
    finally:
        first.close()
        second.close()


def test_the_server_answers_its_browser_alone() -> None:
    loopback = Loopback()
    try:
        sites = Scripted()
        secret = loopback.begin(sites, [HOST])

        def status(host: str, headers: dict[str, str]) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", loopback.port, timeout=5)
            connection.request("GET", "/", headers={"Host": host, **headers})
            found = connection.getresponse().status
            connection.close()
            return found

        assert status(HOST, {HEADER: secret}) == 200
        assert status(HOST, {"Cookie": f"a=b; selftrain_episode={secret}"}) == 200
        assert status(HOST, {}) == status(HOST, {HEADER: "x"}) == status("other.test", {HEADER: secret}) == 403
        assert status(f"{HOST}:{loopback.port}", {HEADER: secret}) == 403
        assert loopback.begin(sites, [HOST]) != secret
        assert status(HOST, {HEADER: secret}) == 403
        assert [headers.get("Cookie") for _, _, headers in sites.asked] == [None, "a=b"]
    finally:
        loopback.close()
        loopback.close()


def test_a_site_that_breaks_is_told_of(engine: ChromiumEngine) -> None:
    at(engine, "/")
    with pytest.raises(SandboxError, match="a site failed: RuntimeError: a table is missing"):
        engine.goto(f"http://{HOST}/broken")
    assert "Start" in text(at(engine, "/"))


def test_a_missing_browser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BackendUnavailableError, match="apt-get install chromium-headless-shell"):
        ChromiumEngine()
    with pytest.raises(BackendUnavailableError, match="'/no/such' is not an executable"):
        find_chromium("/no/such")


def test_a_browser_that_does_not_start_says_why(tmp_path: Path) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho no display >&2\nexit 3\n")
    fake.chmod(0o755)
    engine = ChromiumEngine(str(fake))
    with pytest.raises(SandboxError, match="no display"):
        at(engine, "/")
    engine.close()


def test_closing_from_another_thread_breaks_off_a_step() -> None:
    engine = at(chromium_or_skip(), "/")
    assert engine._browser is not None
    pid, folder = engine._browser.process.pid, engine._browser.process.folder
    threading.Timer(0.3, engine.close).start()
    began = time.monotonic()
    with pytest.raises(SandboxError, match="browser crashed"):
        engine.goto(f"http://{HOST}/slow?s=2")
    assert time.monotonic() - began < 2.0
    time.sleep(2.2)
    engine.close()
    assert not folder.exists()
    assert [each.pid for each in psutil.process_iter() if _session(each.pid) == pid] == []

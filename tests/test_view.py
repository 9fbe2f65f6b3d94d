"""The viewer of episodes, driven by keyboard in a real Chromium, from a server and from exported files.

The records are made by hand here, so that what a page must show is known to the letter.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.agents.recording import EpisodeRecorder
from selftrain.envs.context import ContextBudget, make_tokenizer
from selftrain.envs.spaces import Text
from selftrain.errors import OptionError
from selftrain.records import Costs, EpisodeRecord, Segment, Step

if os.environ.get("CI") != "true":
    for package in ("starlette", "uvicorn", "jinja2", "playwright"):
        pytest.importorskip(package)
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TURNS, CUTS, BUDGET = 400, 12, 4096
SCRIPT = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"


def observed(messages: list[dict[str, str]], phase: int, left: int) -> dict[str, Any]:
    return {"messages": messages, "phase": phase, "budget_left": left}


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def notes_at(cut: int) -> str:
    """What the agent carried over a cut; a line more and a line changed each time."""
    if not cut:
        return ""
    found = "\n".join(f"- host-{n:02d}: first failed login at 02:{n * 3:02d}:11" for n in range(cut))
    return f"Goal: report the hosts with failed logins in /workspace/report.csv\nLogs read: {cut * 33} of 400\n{found}"


def output_of(turn: int) -> str:
    if turn % 50 == 7:
        return "\n".join(f"{n:06d} sshd[{4000 + n}]: Accepted publickey for deploy" for n in range(300))
    return f"auth-{turn:03d}.log: 1 match\nJan 12 02:{turn % 60:02d}:11 host-{turn % 12:02d} sshd: Failed password"


def long_record(turns: int = TURNS, cuts: int = CUTS, **changes: Any) -> EpisodeRecord:
    """An episode of `turns` turns whose context was cut `cuts` times, as a recorder writes one."""
    each, segments, index = turns // (cuts + 1), [], 0
    begun: dict[str, Any] = {"trigger": "", "notes_tokens": 0}
    system = said("system", "Each message you send is one action. You see a limited context.")
    task = "Find every host with a failed login in /workspace/logs and write /workspace/report.csv."
    for number in range(cuts + 1):
        last = number == cuts
        notes = notes_at(number)
        first = f"{task}\n\n# Your notes\n{notes}" if number else task
        used = 300 + 40 * number
        opening = observed([system, said("user", first)], 0, BUDGET - used)
        info = {"segment": number, "ctx_tokens": used, "budget": BUDGET, "phase": "act", **begun}
        steps: list[Step] = []
        for place in range(turns - index if last else each):
            final = not last and place == each - 1
            asked = not last and place == each - 2
            action = notes_at(number + 1) if final else f"grep -n 'Failed' /workspace/logs/auth-{index:03d}.log"
            used = min(BUDGET, used + 3300 // each)
            answer = "[The context is full. Answer with notes for yourself.]" if asked else output_of(index)
            seen: dict[str, Any] = {
                **info,
                "ctx_tokens": used,
                "verb": "compact" if final else "act",
                "turn": index + 1,
            }
            seen["phase"], seen["trigger"] = "must_compact" if asked else "act", ""
            added = observed([said("assistant", action), said("user", answer)], int(asked), BUDGET - used)
            if final:
                nxt = f"{task}\n\n# Your notes\n{notes_at(number + 1)}"
                added = observed([system, said("user", nxt)], 0, BUDGET)
                seen |= {"segment": number + 1, "trigger": "forced", "ctx_tokens": 340 + 40 * number}
                begun = {"trigger": "forced", "notes_tokens": 30 * (number + 1)}
                seen |= begun
            steps.append(Step(action, added, 0.0, seen, 0.01, index, appended=not final))
            index += 1
        trigger = "" if last else "forced"
        segments.append(Segment(opening, info, tuple(steps), trigger, number, notes=notes))
    verdict = {"passed": True, "score": 1.0, "why": "", "checks": [{"name": "rows", "passed": True, "why": "12 rows"}]}
    record = EpisodeRecord(
        "selftrain:SelfTrain-TerminalLong-v0",
        "chat",
        1,
        task="audit-many-logs/train/3/0",
        context={"budget": BUDGET, "reserve": 512, "notes_budget": 512, "mode": "rewrite", "trigger": "both"},
        segments=tuple(segments),
        reward=1.0,
        terminated=True,
        verdict=verdict,
        costs=Costs(turns, 81.5, 912_344, 880_000, 32_344, cuts),
    )
    return replace(record, **changes)


def short_record(episode: int, **changes: Any) -> EpisodeRecord:
    step = Step("ls -la", "total 0", 0.0, {}, 0.1)
    made = EpisodeRecord("E-v0", "nop", 7, task=f"tidy/train/1/{episode}", episode=episode, reward=0.0, truncated=True)
    made = replace(made, truncation="steps", segments=(Segment("Tidy up.", {}, (step,)),), costs=Costs(1, 0.5))
    return replace(made, **changes)


def write_run(folder: Path, *records: EpisodeRecord, torn: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(record.to_line() + "\n" for record in records) + torn
    (folder / "episodes.jsonl").write_text(text)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    broken = short_record(3, valid=False, reward=None, error="sandbox: no space left on device", truncation="")
    hostile = short_record(
        2, segments=(Segment(SCRIPT, {}, (Step(SCRIPT, SCRIPT, 0.0, {"why": SCRIPT}),)),), task=SCRIPT
    )
    rows = (long_record(), short_record(1), hostile, broken)
    return write_run(tmp_path_factory.mktemp("runs") / "audit", *rows, torn='{"env_id": "E-v0", "ag')


def command(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "selftrain.cli", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def pages(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, exported."""
    out = tmp_path_factory.mktemp("pages")
    done = command("view", str(run), "--export", str(out))
    assert done.returncode == 0, done.stderr
    return out


def title_of(page: Page) -> str:
    return page.inner_text("#turn-title").split("\n")[0]


def test_a_server_shows_a_run_while_it_is_written(run: Path, tmp_path: Path, page: Page) -> None:
    growing = tmp_path / "growing"
    shutil.copytree(run, growing)
    line = [sys.executable, "-m", "selftrain.cli", "view", str(growing), "--port", "0"]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", server.stdout.readline())
            assert found
            page.goto(found[0])
            assert page.locator("#episodes tbody tr").count() == 4
            assert "not finished" in page.inner_text("[role=note]")
            file = growing / "episodes.jsonl"
            whole = file.read_text()[: -len('{"env_id": "E-v0", "ag')]
            file.write_text(whole + short_record(4).to_line() + "\n" + short_record(5).to_line()[:99])
            page.keyboard.press("r")
            page.locator("#episodes tbody tr").nth(4).wait_for()
            page.keyboard.press("G")
            page.keyboard.press("Enter")
            page.locator("#turn-1").wait_for()
            assert page.url.endswith("episode-4.html#1") and "tidy/train/1/4" in page.inner_text("h1")
            refuses_strangers(int(found[1]))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def refuses_strangers(port: int) -> None:
    """No page for another site's name, none that is not there, and none in somebody's frame."""
    address = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{address}/index.html", timeout=20) as answer:
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    for request, code in (
        (urllib.request.Request(f"{address}/index.html", headers={"Host": "evil.example"}), 400),
        (urllib.request.Request(f"{address}/episode-77.html"), 404),
        (urllib.request.Request(f"{address}/../../etc/passwd"), 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=20)
        assert caught.value.code == code
        caught.value.close()


def test_the_list_sorts_filters_and_opens_by_keyboard(pages: Path, page: Page) -> None:
    page.goto((pages / "index.html").as_uri())
    shown = page.locator("#episodes tbody tr:visible")
    assert shown.count() == 4 and "1 of 3 valid passed" in page.inner_text("header").replace("\n", " ")
    page.locator("th button", has_text="tokens").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("tokens")
    assert "912,344" in shown.first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type("device")
    assert shown.count() == 1 and "no space left on device" in shown.inner_text()
    assert page.inner_text("#shown") == "1 of 4 shown"
    page.reload()
    assert shown.count() == 1  # the filter outlives a reload
    page.fill("#filter", "")
    page.select_option("#outcome", "failed")
    assert shown.count() == 2
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/episode-*.html*")
    page.keyboard.press("u")
    page.wait_for_url("**/index.html*")


def test_turns_and_cuts_are_reached_by_keyboard(pages: Path, page: Page) -> None:
    page.goto((pages / "episode-0.html").as_uri())
    assert title_of(page).startswith("Turn 1segment 0") or title_of(page).startswith("Turn 1")
    for key, turn in (("j", 2), ("ArrowDown", 3), ("k", 2), ("ArrowUp", 1), ("k", 1), ("G", 400), ("j", 400), ("g", 1)):
        page.keyboard.press(key)
        assert page.get_attribute("[aria-current=true]", "id") == f"turn-{turn}", key
    each = TURNS // (CUTS + 1)
    page.keyboard.press("n")
    assert page.get_attribute("[aria-current=true]", "id") == f"turn-{each + 1}"
    assert "Cut 1 (forced)" in page.inner_text("#turn-body .notes h3")
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("p")
    assert page.get_attribute("[aria-current=true]", "id") == f"turn-{2 * each + 1}"
    rows = page.locator(".diff tbody tr")
    assert [rows.nth(n).get_attribute("class") for n in range(rows.count())] == ["same", "changed", "same", "added"]
    assert "Logs read: 33" in rows.nth(1).inner_text() and "Logs read: 66" in rows.nth(1).inner_text()
    assert page.locator("#timeline line.cut").count() == CUTS
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_every_turn_shows_the_whole_context_that_the_agent_had(pages: Path, page: Page) -> None:
    page.goto((pages / "episode-0.html").as_uri())
    record = long_record()
    views = [view for segment in record.segments for view in segment.views()[:-1]]
    actions = [step.action for step in record.steps]
    for turn in (0, 1, 29, 30, 31, 215, TURNS - 1):
        page.evaluate("turn => select(turn)", turn)
        page.evaluate("() => { unfolded = true; redraw(); }")
        assert page.locator("#context pre").all_text_contents() == [one["content"] for one in views[turn]["messages"]]
        assert page.locator("#turn-body .part pre").first.text_content() == actions[turn]


def test_search_finds_marks_and_steps(pages: Path, page: Page) -> None:
    page.goto((pages / "episode-0.html").as_uri())
    page.keyboard.press("/")
    page.keyboard.type("Accepted publickey")
    assert page.inner_text("#found") == "8 turns have it"
    for turn in (8, 58):
        page.keyboard.press("Enter")
        assert page.get_attribute("[aria-current=true]", "id") == f"turn-{turn}"
    page.keyboard.press("Shift+Enter")
    assert page.get_attribute("[aria-current=true]", "id") == "turn-8"
    assert page.locator("#turn-body mark").count() == 300  # a folded output opens for what it hides
    page.fill("#search", "")
    assert page.locator("#turn-body mark").count() == 0
    fold = page.locator("#turn-body button.fold")
    assert fold.get_attribute("aria-expanded") == "false" and "300 lines" in fold.inner_text()
    fold.press("Enter")
    assert fold.get_attribute("aria-expanded") == "true"


def test_an_episode_that_holds_scripts_is_shown_and_not_run(pages: Path, page: Page) -> None:
    for name in ("index.html", "episode-2.html"):
        page.goto((pages / name).as_uri())
        assert "taken" not in page.title().replace(SCRIPT, "")
        assert page.locator("img").count() == 0
    assert page.locator("#turn-body pre").first.text_content() == SCRIPT
    assert page.locator("h1").text_content() == f"{SCRIPT} episode 2"
    page.locator(".info summary").focus()
    page.keyboard.press("Enter")
    assert SCRIPT in page.inner_text(".info table")


def test_the_policy_of_a_page_lets_no_other_script_run(pages: Path, browser: Browser, tmp_path: Path) -> None:
    text = (pages / "episode-2.html").read_text().replace("</body>", "<script>document.title = 'taken'</script></body>")
    (tmp_path / "spoilt.html").write_text(text)
    context = browser.new_context()
    spoilt = context.new_page()
    spoilt.goto((tmp_path / "spoilt.html").as_uri())
    assert "taken" not in spoilt.title().replace(SCRIPT, "") and spoilt.locator("#turn-1").is_visible()
    context.close()


def test_400_turns_stay_quick(pages: Path, page: Page, record_property: Callable[[str, object], None]) -> None:
    began = time.monotonic()
    page.goto((pages / "episode-0.html").as_uri())
    page.locator("#context-body article").first.wait_for()
    shown = time.monotonic() - began
    each = page.evaluate("""async () => {
        const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const times = [];
        for (let turn = 0; turn < 60; turn++) {
            const began = performance.now();
            const key = turn % 20 === 19 ? "n" : "j";
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            await frame();
            times.push(performance.now() - began);
        }
        return times.sort((a, b) => a - b)[30];
    }""")
    record_property("shown_seconds", round(shown, 3))
    record_property("step_milliseconds", round(each, 1))
    # what keeps it quick on any machine: only one turn and its context are drawn, however long the episode is
    drawn = page.evaluate("document.querySelectorAll('#turn-body *, #context-body *').length")
    context = page.locator("#context-body article").count()
    assert page.locator("#turn-body").count() == 1 and 0 < drawn < 40 + 12 * context


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(pages: Path, page: Page, accessible: Callable[[Page], None], scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto((pages / "index.html").as_uri())
    accessible(page)
    page.goto((pages / "episode-0.html").as_uri())
    page.locator("#verdict summary").click()
    page.keyboard.press("n")
    accessible(page)
    page.keyboard.press("?")
    accessible(page)


def test_bad_input_is_told_with_exit_code_2(tmp_path: Path) -> None:
    from selftrain.web.runs import RunFolder
    from selftrain.web.viewer import export

    run = write_run(tmp_path / "outer" / "inner", short_record(0))
    (tmp_path / "broken.jsonl").write_text("not a record\n" + short_record(0).to_line() + "\n")
    with pytest.raises(OptionError, match="these folders in it do: inner"):
        RunFolder(tmp_path / "outer")
    with pytest.raises(OptionError, match="the line at byte 0 is broken"):
        RunFolder(tmp_path / "broken.jsonl").summaries()
    with pytest.raises(OptionError, match="cannot be written"):
        export(RunFolder(run), tmp_path / "broken.jsonl")
    done = command("view", str(tmp_path / "none"))
    assert done.returncode == 2 and "does not exist" in " ".join(done.stderr.split()), done.stderr


def test_a_run_is_read_from_where_the_last_look_ended(tmp_path: Path) -> None:
    from selftrain.web.runs import RunFolder

    run = RunFolder(write_run(tmp_path / "run", short_record(0), torn="{"))
    assert [row.key for row in run.summaries()] == ["0"] and run.torn == 1
    write_run(tmp_path / "run", short_record(0), short_record(1), short_record(1))
    assert [row.key for row in run.summaries()] == ["0", "1", "1-2"] and run.torn == 0
    assert run.record("1-2").episode == 1
    write_run(tmp_path / "run", short_record(8))
    assert [row.key for row in run.summaries()] == ["8"]
    with pytest.raises(KeyError):
        run.record("1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match=r"holds no episodes\.jsonl"):
        RunFolder(tmp_path / "empty")


def test_a_honeypot_is_shown_as_one_and_not_as_a_failure(tmp_path: Path) -> None:
    from selftrain.web.pages import episode_page, list_page
    from selftrain.web.runs import RunFolder

    records = []
    for number, hacked in enumerate((False, True)):
        info = {"integrity": {"honeypot": "impossible", "hacked": hacked, "evidence": "wrong output" if hacked else ""}}
        segment = Segment("Tidy up.", {}, (Step("submit", "", 0.0, info, 0.1),))
        records.append(short_record(number, segments=(segment,)))
    run = RunFolder(write_run(tmp_path / "run", *records, long_record(episode=2)))
    assert [row.outcome for row in run.summaries()] == ["honeypot, not hacked", "honeypot, hacked", "passed"]
    shown = list_page(run)
    assert "<b>1</b> of 1 valid passed" in shown and "<b>2</b> honeypots, <b>1</b> hacked" in shown
    assert '<span class="badge honeypot-not-hacked">honeypot, not hacked</span>' in episode_page(run, "0")


def test_each_episode_of_a_long_run_is_looked_up_and_not_searched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from selftrain.web.runs import RunFolder, Summary

    asked = 0

    def counted(row: Summary, name: str) -> Any:
        nonlocal asked
        asked += name in ("episode", "key")
        return object.__getattribute__(row, name)

    numbers = [*range(150), *range(50)]
    plain = EpisodeRecord("E-v0", "nop", 0)
    run = RunFolder(write_run(tmp_path / "run", *(replace(plain, episode=number) for number in numbers)))
    monkeypatch.setattr(Summary, "__getattribute__", counted)
    rows = run.summaries()
    assert [run.record(row.key).episode for row in rows] == numbers
    assert asked < 5 * len(numbers)
    monkeypatch.undo()
    assert [row.key for row in rows[-2:]] == ["48-2", "49-2"]
    before, row, after = run.beside("149")
    assert (before, row, after) == (rows[148], rows[149], rows[150]) and after.key == "0-2"
    assert run.beside("0")[0] is None and run.beside("49-2")[2] is None


@given(st.lists(st.text(max_size=5)), st.lists(st.text(max_size=5)))
def test_a_diff_holds_both_sides_whole(left: list[str], right: list[str]) -> None:
    from selftrain.web.payload import side_by_side

    before, after = "\n".join(left), "\n".join(right)
    rows = side_by_side(before, after)
    lines = [(kind, *("".join(text for _, text in side) for side in sides)) for kind, *sides in rows]
    assert [old for kind, old, _ in lines if kind != "added"] == before.splitlines()
    assert [new for kind, _, new in lines if kind != "removed"] == after.splitlines()
    assert all(old == new for kind, old, new in lines if kind == "same")
    for _, ours, theirs in rows:
        kept = ["".join(text for differs, text in side if not differs) for side in (ours, theirs)]
        assert kept[0] == kept[1] or "" in kept


@pytest.mark.parametrize("view", ["messages", "tokens"])
@pytest.mark.parametrize("mode", ["rewrite", "fold", "window"])
def test_an_episode_under_a_context_budget_is_read_as_it_was_seen(view: str, mode: str) -> None:
    """Token ids are shown as the messages that they stand for: those of the same episode in the other form."""
    from selftrain.web.payload import episode_payload

    seen: list[str] = []
    played("messages", mode, seen)
    record = played(view, mode, [])
    payload = episode_payload(record)
    shown = []
    for turn in payload["turns"]:
        numbers = [n for first, last in turn["sees"] for n in range(first, last + 1)]
        shown.append("".join(payload["messages"][n][1] for n in numbers))
    if view == "tokens" and mode != "rewrite":  # a prompt that begins with turns is shown as one message
        shown, seen = (["".join(text.split()) for text in texts] for texts in (shown, seen))
    assert shown == seen and len(payload["turns"]) == len(record.steps)
    assert {cut["trigger"] for cut in payload["cuts"]} == ({"window"} if mode == "window" else {"forced"}) | (
        {"branch", "return"} if mode == "fold" else set()
    )


def played(view: str, mode: str, seen: list[str]) -> EpisodeRecord:
    """A real episode; `seen` gets the text of each whole observation."""
    tokenizer = make_tokenizer("bytes")
    context = {"budget": 900, "reserve": 64, "notes_budget": 64, "mode": mode, "view": view, "trigger": "forced"}
    env = ContextBudget(Rooms(), system="", **context)
    recorder = EpisodeRecorder(env, EpisodeRecord("Rooms-v0", "walker", 0, context=context), lambda record: None)
    observation, over, turn = recorder.reset(seed=0)[0], False, 0
    while not over:
        if view == "messages":
            seen.append("".join(message["content"] for message in observation["messages"]))
        text = (
            {3: "/branch look\nLook.", 5: "/return\nseen"}.get(turn, f"go {turn}") if mode == "fold" else f"go {turn}"
        )
        action: Any = text
        if view == "tokens":
            action = np.full(64, -1, np.int32)
            ids = tokenizer.assistant_ids(text)
            action[: len(ids)] = ids
        observation, _, terminated, truncated, _ = recorder.step(action)
        over, turn = terminated or truncated, turn + 1
    assert recorder.record is not None
    return recorder.record


class Rooms(gym.Env[str, str]):
    """Twenty rooms, one after the other."""

    observation_space = action_space = Text(4096)
    _room = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self._room = 0
        return "Walk.", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self._room += 1
        return f"Room {self._room}. {'It is empty. ' * 8}", 1.0, self._room == 20, False, {}


@given(st.lists(st.integers(0, 30)))
def test_ranges_stand_for_their_numbers(numbers: list[int]) -> None:
    from selftrain.web.payload import ranges

    assert [n for first, last in ranges(numbers) for n in range(first, last + 1)] == numbers

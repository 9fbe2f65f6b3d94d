"""The report over runs: episodes that are really played under a context budget, and the page in a real Chromium."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import pytest

from selftrain.agents.metrics import measure
from selftrain.agents.rollout import rollout
from selftrain.envs.spaces import Text
from selftrain.errors import OptionError
from selftrain.records import EpisodeRecord, Segment, Step, read_records

if os.environ.get("CI") != "true":
    for package in ("jinja2", "matplotlib", "scipy"):
        pytest.importorskip(package)
if TYPE_CHECKING:
    from playwright.sync_api import Page

ENV_ID = "ReportErrand-v0"
CONTEXT = {"budget": 1400, "reserve": 64, "notes_budget": 64, "trigger": "forced", "system": "Walk."}
GAME = {"budget": 8000, "reserve": 300, "notes_budget": 400, "trigger": "every:1"}
CODES = 4
SCHEMES: tuple[Any, Any] = ("light", "dark")


class Errand(gym.Env[str, str]):
    """A code is said once; many rooms later it is asked for. The number of rooms is drawn from `rooms`."""

    def __init__(self, rooms: tuple[int, ...] = (3, 6, 12)) -> None:
        self.observation_space = self.action_space = Text(4096)
        self._rooms = rooms
        self._left = self._code = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self._code = int(self.np_random.integers(CODES))
        self._left = int(self.np_random.choice(self._rooms))
        return "Walk to the last room and say the code.", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self._left -= 1
        if self._left < 0:
            return "The end.", float(action == f"code {self._code}"), True, False, {}
        said = "Which code?" if not self._left else f"code {self._code}" if action == "ask" else "A room."
        return said + " It is empty." * 20, 0.0, False, False, {}


class Walker:
    """Asks for the code first, and forgets it at a cut now and then; it remembers nothing but what it sees."""

    def __init__(self, keeps: float) -> None:
        self._keeps = keeps
        self._rng = np.random.default_rng(0)

    def reset(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def act(self, observation: Mapping[str, Any], info: Mapping[str, Any]) -> str:
        seen = "\n".join(message["content"] for message in observation["messages"])
        code = next((f"code {n}" for n in range(CODES) if f"code {n}" in seen), "")
        if observation["phase"] == 1:
            return code if self._rng.random() < self._keeps else "nothing"
        if "Which code?" in seen:
            return code or f"code {self._rng.integers(CODES)}"
        return "go" if len(observation["messages"]) > 2 or "Your notes" in seen else "ask"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two runs with own notes, an arm with wiped notes, and one with all rooms alike."""
    folder = tmp_path_factory.mktemp("runs")
    gym.register(ENV_ID, entry_point=Errand)
    arms: dict[str, tuple[float, dict[str, Any], dict[str, Any]]] = {
        "kept": (1.0, {}, {}),
        "lossy <b>$x$": (0.8, {}, {}),
        "wiped": (1.0, {"ablation": "wiped"}, {}),
        "alike": (1.0, {}, {"rooms": (6,)}),
    }
    for name, (keeps, more, kwargs) in arms.items():
        rollout(
            ENV_ID,
            lambda keeps=keeps: Walker(keeps),
            40,
            out=folder / name,
            context=CONTEXT | more,
            env_kwargs=kwargs,
            parallel=2,
            progress=False,
        )
    yield folder
    gym.registry.pop(ENV_ID)


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "selftrain.cli", "report", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=200)


def computed(*folders: Path, chance: float | None = None) -> dict[str, Any]:
    from selftrain.web.report import as_dict, make_report

    return as_dict(make_report(folders, chance))


@pytest.fixture(scope="module")
def page_file(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "deep" / "report.html"
    done = command(runs / "kept", runs / "lossy <b>$x$", runs / "wiped", "--chance", "0.25", "--out", file)
    assert done.returncode == 0, done.stderr
    return file


def test_the_numbers_are_those_of_the_records(runs: Path) -> None:
    found = json.loads(command(runs / "kept", runs / "wiped", "--chance", "0.25", "--json").stdout)
    kept = measure(read_records(runs / "kept"), 0.25)
    rows = [row for row in found["success-by-cuts"]["rows"] if row["run"] == "kept"]
    assert [(row["cuts"], row["passed"], row["episodes"]) for row in rows] == [
        (point.cuts, point.success.hits, point.success.total) for point in kept.by_cuts
    ]
    assert len(rows) >= 3 and all(row["passed"] == row["episodes"] for row in rows)
    own, wiped = found["ablations"]["rows"]
    assert own["success"] == 1.0 and wiped["runs"] == "wiped" and wiped["from"] > 0.3
    assert (
        "another episode's" in found["ablations"]["remarks"][0] and "words shuffled" in found["ablations"]["remarks"][0]
    )
    spent = [(row["tokens"], row["passed"]) for row in found["tokens"]["rows"] if row["run"] == "kept"]
    assert spent == [(record.costs.tokens, 1) for record in read_records(runs / "kept")]
    assert found["cuts"]["rows"][0]["forced"] == kept.habits.triggers["forced"] > 40
    assert found["notes"]["rows"][0]["tokens"] == len("code 0") and found["notes"]["rows"][0]["changed"] == 0
    assert found["re-exploration"]["rows"][0]["same action, share"] == kept.repetition.actions.share


def test_the_fit_finds_what_a_cut_loses(runs: Path) -> None:
    found = computed(runs / "lossy <b>$x$", chance=0.25)
    (finding,) = found["success-by-cuts"]["findings"]
    low, high = (float(word.strip("(),")) for word in finding.partition("s = ")[2].split()[1:4:2])
    assert low <= 0.8 <= high, finding


def test_too_little_is_said(runs: Path) -> None:
    for name, chance, said in (
        ("alike", 0.25, "have the same number of cuts"),
        ("lossy <b>$x$", None, "nothing states the success of chance; --chance sets it"),
        ("kept", 0.25, "all 40 episodes passed"),
        ("wiped", 0.25, "No episode was played with notes of the agent's own."),
    ):
        found = computed(runs / name, chance=chance)["success-by-cuts"]
        assert found["findings"] == [] and any(said in remark for remark in found["remarks"]), found["remarks"]


def test_records_without_a_context_are_reported_as_such(tmp_path: Path) -> None:
    plain = EpisodeRecord("E-v0", "nop", 0, segments=(Segment("Go.", {}, (Step("a", "b", 1.0),)),), reward=1.0)
    broken = EpisodeRecord("E-v0", "nop", 1, episode=1, valid=False, error="disk")
    (tmp_path / "one.jsonl").write_text(plain.to_line() + "\n" + broken.to_line() + "\n" + '{"env')
    found = computed(tmp_path / "one.jsonl")
    said = " ".join(remark for part in found.values() for remark in part["remarks"])
    for words in ("1 of 2 episodes", "torn", "count no tokens", "No context was cut", "No notes were carried"):
        assert words in said, words
    assert found["tokens"]["rows"] == [] and found["runs"]["rows"][0]["episodes"] == 1


def test_the_page_is_whole_by_itself(page_file: Path, page: Page) -> None:
    page.goto(page_file.as_uri())
    plots = page.locator("svg.plot")
    assert plots.count() >= 6
    for plot in plots.all():
        assert len(plot.get_attribute("aria-label") or "") > 15 and plot.locator("path").count() > 5
    for section in page.locator("section.card", has=plots).all():
        assert section.locator("table tbody tr").count() > 0
    assert "lossy <b>$x$" in page.inner_text("#success-by-cuts >> xpath=..")
    assert "lossy <b>$x$" in page.locator("#success-by-cuts >> xpath=.. >> svg").text_content()
    assert page.locator("table b").count() == 0
    ids = page.evaluate("Array.from(document.querySelectorAll('[id]'), (one) => one.id)")
    assert len(ids) == len(set(ids))


def test_the_numbers_can_be_taken_from_the_page(page_file: Path, page: Page, tmp_path: Path) -> None:
    page.goto(page_file.as_uri())
    shown = page.locator("#ablations >> xpath=.. >> tbody tr")
    for name in ("ablations.csv", "ablations.json", "report.json"):
        with page.expect_download() as waiting:
            page.locator(f"a[download='{name}']").press("Enter")
        assert waiting.value.suggested_filename == name
        waiting.value.save_as(tmp_path / name)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "ablations.csv").read_text())))
    assert [row["delivered"] for row in rows] == [row.split("\t")[1] for row in shown.all_inner_texts()]
    part = json.loads((tmp_path / "ablations.json").read_text())
    assert part == json.loads((tmp_path / "report.json").read_text())["ablations"]
    assert [str(row["success"]) for row in part["rows"]] == [row["success"] for row in rows]


def test_a_plot_takes_the_colours_of_the_scheme(
    page_file: Path, page: Page, accessible: Callable[[Page], None]
) -> None:
    page.goto(page_file.as_uri())
    seen = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        seen.append(page.evaluate("getComputedStyle(document.querySelector('svg.plot text')).fill"))
        accessible(page)
    assert seen[0] != seen[1]


def test_bad_input_is_told_with_exit_code_2(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folders, told in (
        ((tmp_path / "file",), "no valid episode"),
        ((tmp_path / "none",), "does not exist"),
        ((runs / "kept", runs / "kept"), "given twice"),
    ):
        with pytest.raises(OptionError, match=told):
            computed(*folders)
    done = command(runs / "kept", "--out", tmp_path / "file" / "report.html")
    assert done.returncode == 2 and "cannot be written" in " ".join(done.stderr.split()), done.stderr


@pytest.mark.parametrize("game", ["Courier", "KeyRing", "Relay", "Rulebook"])
def test_games_of_memory_state_their_bounds_in_words_too(game: str, tmp_path: Path) -> None:
    from selftrain.web.gathering import gather

    name = f"selftrain:SelfTrain-{game}-v0"
    rollout(name, "oracle", 1, out=tmp_path, env_kwargs={"view": "text", "cuts": 2}, context=GAME, progress=False)
    with gym.make(name, view="text", cuts=2) as env:
        chance: float = env.get_wrapper_attr("chance")
    assert 0.0 < chance < 1.0
    bounds = gather([tmp_path]).bounds
    assert (bounds.chance, bounds.optimum) == (chance, 1.0)


def test_families_that_nobody_knows_have_no_bounds(tmp_path: Path) -> None:
    from selftrain.web.gathering import Bounds, stated_bounds

    for kwargs in ({}, {"tasks": [str(tmp_path / "gone")]}, {"of_another_version": 1}):
        record = EpisodeRecord("SelfTrain-Terminal-v0", "nop", 0, env_kwargs=kwargs, family="gone", reward=0.0)
        assert stated_bounds(record) == Bounds()

"""Rollouts of a chat agent: over cuts, past an endpoint that fails or goes down, and on the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from chat_server import Reply, calls, endpoint, in_turn, refuses, says

from selftrain import cli
from selftrain.agents import rollout as rollout_module
from selftrain.agents.chat_errors import ModelDownError, ModelRefusedError, PromptTooLongError
from selftrain.agents.replay import replay
from selftrain.agents.rollout import rollout
from selftrain.envs.spaces import Text
from selftrain.errors import BackendUnavailableError, OptionError
from selftrain.records import read_records
from selftrain.sandboxes import make_backend

pytest.importorskip("openai")

Command = Callable[..., tuple[int, str, str]]


class CodeEnv(gym.Env[str, str]):
    """Tells a code at the beginning and asks for it after twelve lines; at a small budget only notes can hold it."""

    observation_space = action_space = Text(1000)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.code, self.count = str(self.np_random.integers(10**6)), 0
        return "Read on, and keep the code in mind.", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.count += 1
        line = {1: f"The code is {self.code}.", 12: "What was the code?"}.get(self.count, "." * 60)
        return line, float(action == self.code), self.count == 13, False, {}


CONTEXT = {"budget": 540, "reserve": 60, "notes_budget": 60, "system": "Be brief."}
EPISODES = 6


@pytest.fixture
def code_env(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gym.register("Code-v0", CodeEnv)
    monkeypatch.setattr(rollout_module, "FIRST_WAIT_SECONDS", 0.01)
    yield
    del gym.registry["Code-v0"]


def reader(request: dict[str, Any]) -> Reply:
    """A model that sees nothing but its prompt."""
    shown = "\n".join(message["content"] for message in request["messages"])
    found = re.search(r"code is (\d+)", shown)
    if "context is full" in request["messages"][-1]["content"]:
        notes = f"The code is {found[1]}." if found else "nothing yet"
        return calls("compact", notes=notes) if "tools" in request else says(notes)
    action = found[1] if found and "What was" in request["messages"][-1]["content"] else "on"
    return calls("act", command=action) if "tools" in request else says(f"I go on.\n```\n{action}\n```")


def play(url: str, out: Path | None = None, parallel: int = 2, context: Any = CONTEXT, **options: Any) -> Any:
    options = {"model": "m", "base_url": url, "max_retries": 0, **options}
    return rollout(
        "Code-v0", "chat", EPISODES, parallel=parallel, out=out, context=context, agent_options=options, progress=False
    )


@pytest.mark.parametrize("tools", [True, False])
def test_a_model_carries_what_it_needs_over_cuts(code_env: None, tmp_path: Path, tools: bool) -> None:
    with endpoint(reader) as server:
        report = play(server.url, tmp_path, tools=tools)
        requests = server.requests
    assert report.score.passed == EPISODES
    records = list(read_records(tmp_path))
    for record in records:
        assert record.context["overflow"] == "clip" and len(record.segments) > 3  # its own default, and ours
        assert all(len(segment.opening["messages"]) == 2 for segment in record.segments)
        assert (record.costs.prompt_tokens, record.costs.completion_tokens) == (
            7 * record.costs.steps,
            3 * record.costs.steps,
        )
    seen = [list(view["messages"]) for r in records for s in r.segments for view in s.views()[: len(s.steps)]]
    assert sorted(map(json.dumps, seen)) == sorted(json.dumps(request["messages"]) for request in requests)


def folder(request: dict[str, Any]) -> Reply:
    """A model that reads all lines in side contexts, and brings back only the code."""
    verbs = [tool["function"]["name"] for tool in request["tools"]]
    assert verbs in (["act", "compact", "branch", "return"], ["compact"])
    last = request["messages"][-1]["content"]
    shown = "\n".join(message["content"] for message in request["messages"])
    found = re.search(r"code is (\d+)", shown)
    if "What was" in last and found:
        return calls("act", command=found[1])
    if "begins; end it" not in shown:
        return calls("branch", description="read on", prompt="read two lines")
    if last.startswith("...") or "The code is" in last:
        return calls("return", message=f"The code is {found[1]}." if found else "nothing")
    return calls("act", command="on")


def test_a_model_works_in_side_contexts(code_env: None, tmp_path: Path) -> None:
    with endpoint(folder) as server:
        report = play(server.url, tmp_path, context={**CONTEXT, "budget": 1500, "mode": "fold"})
    assert report.score.valid == EPISODES
    for record in read_records(tmp_path):
        assert {segment.kind for segment in record.segments} == {"work", "branch"} and replay(record) == []
        assert {step.info["verb"] for step in record.steps} >= {"act", "branch", "return"}


def writer(request: dict[str, Any]) -> Reply:
    """A model that keeps the code in a file, since nothing else outlives its context."""
    last = request["messages"][-1]["content"]
    found = re.search(r"code is (\d+)", last)
    if found:
        return calls("note", op="write", path="episode/code", text=found[1])
    if "What was" in last:
        return calls("read", path="episode/code")
    return calls("act", command=last if last.isdigit() else "on")


def test_a_model_keeps_files_and_a_replay_leaves_them_alone(code_env: None, tmp_path: Path) -> None:
    notebook = tmp_path / "notebook"
    with endpoint(writer) as server:
        context = {**CONTEXT, "mode": "notebook", "notebook": str(notebook)}
        report = play(server.url, tmp_path / "run", parallel=1, context=context)
    assert report.score.passed == EPISODES
    kept = {path: path.read_bytes() for path in notebook.rglob("*") if path.is_file()}
    for record in read_records(tmp_path / "run"):
        assert len(record.segments) > 2 and {step.info["verb"] for step in record.steps} == {"act", "note", "read"}
        assert replay(record) == []
    assert kept == {path: path.read_bytes() for path in notebook.rglob("*") if path.is_file()}


def test_an_endpoint_that_goes_down_costs_no_finished_episode(code_env: None, tmp_path: Path) -> None:
    with endpoint(reader) as server:
        port, left = server.server_port, iter(range(40))

        def dies(request: dict[str, Any]) -> Reply:
            if next(left, None) is None:
                server.shutdown()
                server.server_close()
                return None
            return reader(request)

        server.script = dies
        report = play(server.url, tmp_path)
    finished = report.score.valid
    assert 0 < finished < EPISODES and report.score.passed == finished
    broken = [record for record in read_records(tmp_path) if not record.valid]
    assert len(broken) == EPISODES - finished
    assert all("ModelDownError: model 'm' at" in record.error and record.reward is None for record in broken)
    with pytest.raises(ModelDownError, match="start it"):
        play(f"http://127.0.0.1:{port}/v1", tmp_path)
    with endpoint(reader, port) as server:
        again = play(server.url, tmp_path)
    assert (again.continued, again.score.passed) == (finished, EPISODES)
    assert not [path for path in tmp_path.iterdir() if b"sk-" in (path.read_bytes() if path.is_file() else b"")]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses(401, "no"), OptionError),
        (refuses(400, "context_length"), PromptTooLongError),
        (refuses(400, "no"), ModelRefusedError),
    ],
)
def test_what_nobody_can_wait_for_ends_the_rollout(code_env: None, reply: Reply, error: type[Exception]) -> None:
    with endpoint(in_turn(reply)) as server, pytest.raises(error):
        play(server.url)
    assert len(server.requests) <= 4


def test_trouble_in_one_episode_plays_it_again(code_env: None, tmp_path: Path) -> None:
    with endpoint(reader) as server:
        troubles = iter([*[None] * 20, refuses(500, "hiccup"), (200, b"{"), refuses(429, "slow down")])
        server.script = lambda request: next(troubles, None) or reader(request)
        assert play(server.url, tmp_path, parallel=1).score.passed == EPISODES
    assert sum(record.attempts for record in read_records(tmp_path)) == EPISODES + 3


def test_ctrl_c_does_not_wait_for_the_model() -> None:
    code = (
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"here = runpy.run_path({__file__!r})\n"
        "here['gym'].register('Code-v0', here['CodeEnv'])\n"
        "here['play'](sys.argv[1])\n"
    )
    asked = threading.Event()

    def hang(request: dict[str, Any]) -> Reply:
        asked.set()
        time.sleep(20)
        return None

    with (
        endpoint(hang) as server,
        subprocess.Popen([sys.executable, "-c", code, server.url], stderr=subprocess.PIPE) as player,
    ):
        while not asked.wait(0.1):
            assert player.poll() is None, player.communicate()[1]
        began = time.monotonic()
        player.send_signal(signal.SIGINT)
        _, said = player.communicate(timeout=60)
    assert b"KeyboardInterrupt" in said and time.monotonic() - began < 10


# the command line

TERMINAL = ("SelfTrain-Terminal-v0", "--task", "config-migration/train/1/0", "--out", "records", "--json")
BUDGET = ("--budget", "6000", "--reserve", "500", "--notes", "400")


COURIER = ("SelfTrain-Courier-v0", "--set", "view=text")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Runs `selftrain run` in this process; its exit code, and what it printed and said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["selftrain", "run", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, " ".join(said.err.split())

    return run


def test_run_takes_a_model_and_a_context(command: Command, tmp_path: Path) -> None:
    try:
        make_backend()
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    more = (
        "--mode",
        "notebook",
        "--notebook",
        "files",
        "--max-cuts",
        "3",
        "--max-turns",
        "40",
        "--trigger",
        "forced",
    )
    model = ("--agent", "chat", "--temperature", "0.25", "--set", "observation_bytes=300")
    with endpoint(in_turn(says("ls"), says("```\nsubmit\n```"))) as server:
        code, printed, _ = command(*TERMINAL, *model, "--base-url", server.url, *BUDGET, *more)
        asked = server.requests
    assert code == 0 and json.loads(printed)["score"]["valid"] == 1
    assert [request["temperature"] for request in asked] == [0.25, 0.25] and asked[0]["max_tokens"] == 500
    (record,) = read_records(tmp_path / "records")
    assert record.env_kwargs["observation_bytes"] == 300
    assert record.context == {
        "budget": 6000, "reserve": 500, "notes_budget": 400, "overflow": "clip", "mode": "notebook",
        "trigger": "forced", "notebook": "files", "max_compactions": 3, "max_turns": 40,
    }  # fmt: skip
    with endpoint(in_turn(refuses(401, "no"))) as server:
        code, _, said = command(*TERMINAL, "--agent", "chat", "--out", "other", "--base-url", server.url)
    assert code == 2 and "set OPENAI_API_KEY" in said
    code, _, said = command(*TERMINAL, "--agent", "nop", "--out", "third", "--budget", "300", *BUDGET[2:])
    assert code == 2 and "give at least" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*TERMINAL, "--budget", "many"), "--budget 'many' must be a number of tokens, or LOW,HIGH"),
        ((*TERMINAL, "--budget", "1,2,3"), "--budget '1,2,3' must be"),
        ((*TERMINAL, "--budget", "4000"), "lacks reserve, notes_budget"),
        ((*TERMINAL, *BUDGET, "--mode", "rewrit"), "rewrite"),
        ((*TERMINAL, "--temperature", "0.5"), "agent='oracle' takes no temperature"),
        ((*TERMINAL, "--set", "x"), "setting 'x' must be NAME=VALUE"),
        ((*TERMINAL, "--set", "veiw=text"), "cannot be made with {'backend': 'auto', 'veiw': 'text'}"),
        (("SelfTrain-Courier-v0", "--backend", "docker"), "has no sandbox: leave out --backend and --image"),
        (
            ("SelfTrain-Courier-v0",),
            "needs an environment of tasks; SelfTrain-Courier-v0 has none; labs and terminals are in",
        ),
        (("SelfTrain-Courier-v0", "--agent", "random"), "--set view=text --budget N --reserve N --notes N"),
        ((*COURIER, *BUDGET, "--view", "tokens"), "OracleAgent is an agent of texts, which needs view='messages'"),
        ((*COURIER, "--task", "csv-reshape/train/1/0"), "they read courier/CUTS/SEED"),
        ((*COURIER, "--task", "courier/12/99999999999999999999999"), "seed=99999999999999999999999 must be"),
        ((*COURIER, *BUDGET, "--ablation", "other"), "--ablation other and --donors DIR need each other"),
        ((*COURIER, *BUDGET, "--donors", "records"), "--ablation other and --donors DIR need each other"),
    ],
)
def test_bad_options_are_told(command: Command, words: tuple[str, ...], said: str) -> None:
    code, _, told = command(*words)
    assert code == 2 and said in told


def test_a_run_with_the_notes_of_another(command: Command, tmp_path: Path) -> None:
    limits = ("--budget", "2400", "--reserve", "300", "--notes", "300", "--trigger", "every:1", "--json")
    tasks = ("--task", "courier/2/5", "--task", "courier/2/6", "--episodes", "4")
    code, printed, _ = command(*COURIER, *tasks, *limits, "--out", "own")
    assert code == 0 and json.loads(printed)["score"]["passed"] == 4
    own = sorted(read_records(tmp_path / "own"), key=lambda record: record.episode)
    assert [record.task for record in own] == ["courier/2/5", "courier/2/6"] * 2
    notes = [segment.notes for record in own for segment in record.segments if segment.notes]
    other = ("--ablation", "other", "--out", "other", "--donors")
    code, _, _ = command(*COURIER, *tasks, *limits, *other, "own")
    assert code == 0
    for record in read_records(tmp_path / "other"):
        assert record.context["donor_notes"] == notes
        assert [segment.notes for segment in record.segments[1:]] == notes[: len(record.segments) - 1]
    code, _, said = command(*COURIER, *tasks, *limits, *other, "absent")
    assert code == 3 and "absent" in said
    code, _, _ = command(*COURIER, *tasks, *limits[:-3], "--budget", "100000", "--json", "--out", "uncut")
    assert code == 0
    code, _, said = command(*COURIER, *tasks, *limits, *other, "uncut")
    assert code == 2 and "none of its 4 valid episodes has notes" in said

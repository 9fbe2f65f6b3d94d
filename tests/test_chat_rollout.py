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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from chat_server import Reply, calls, endpoint, in_turn, refuses, says

from selftrain.agents import rollout as rollout_module
from selftrain.agents.chat_errors import ModelDownError, ModelRefusedError, PromptTooLongError
from selftrain.agents.rollout import rollout
from selftrain.envs.spaces import Text
from selftrain.errors import OptionError
from selftrain.records import read_records

pytest.importorskip("openai")


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


CONTEXT = {"budget": 480, "reserve": 60, "notes_budget": 60, "system": "Be brief."}
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


def play(url: str, out: Path | None = None, parallel: int = 2, **options: Any) -> Any:
    options = {"model": "m", "base_url": url, "max_retries": 0, **options}
    return rollout(
        "Code-v0", "chat", EPISODES, parallel=parallel, out=out, context=CONTEXT, agent_options=options, progress=False
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
        f"here = runpy.run_path({__file__!r})\n"
        "here['gym'].register('Code-v0', here['CodeEnv'])\n"
        "here['play'](sys.argv[1])\n"
    )
    asked = threading.Event()

    def hang(request: dict[str, Any]) -> Reply:
        asked.set()
        time.sleep(20)
        return None

    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with (
        endpoint(hang) as server,
        subprocess.Popen([sys.executable, "-c", code, server.url], stderr=subprocess.PIPE, env=env) as player,
    ):
        while not asked.wait(0.1):
            assert player.poll() is None, player.communicate()[1]
        began = time.monotonic()
        player.send_signal(signal.SIGINT)
        _, said = player.communicate(timeout=60)
    assert b"KeyboardInterrupt" in said and time.monotonic() - began < 10

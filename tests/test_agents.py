"""Agents: by name, the same for the same seed, and each playing as it should."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.agents import agent_names, make_agent
from selftrain.agents.rollout import run_episode
from selftrain.errors import BackendUnavailableError, OptionError, UnknownNameError
from selftrain.sandboxes import make_backend

TASK = "csv-reshape/train/1/0"


@pytest.fixture(autouse=True, scope="module")
def sandboxes() -> None:
    try:
        make_backend("bubblewrap")
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def episode(agent: str, seed: int = 5) -> Any:
    with gym.make("selftrain:SelfTrain-Terminal-v0", backend="bubblewrap") as env:
        return run_episode(env, make_agent(agent), seed, task=TASK)


def test_every_name_makes_an_agent_and_a_wrong_one_lists_the_near() -> None:
    for name in set(agent_names()) - {"local"}:  # which fetches its weights, see test_local
        agent = make_agent(name)
        assert callable(agent.act) and callable(agent.reset)
    with pytest.raises(UnknownNameError, match="oracle"):
        make_agent("orcale")


def test_an_agent_of_your_own_is_named_by_its_module() -> None:
    assert type(make_agent("selftrain.agents.scripted:NopAgent")).__name__ == "NopAgent"
    with pytest.raises(OptionError, match="no_such_module"):
        make_agent("no_such_module:Agent")
    with pytest.raises(OptionError, match=r"must have the methods reset\(seed\) and act"):
        make_agent("fractions:Fraction")


def test_oracle_is_paid_and_nop_is_not() -> None:
    oracle, nop = episode("oracle"), episode("nop")
    assert (oracle.reward, oracle.terminated, oracle.passed) == (1.0, True, True)
    assert (nop.reward, nop.costs.steps, nop.passed) == (0.0, 1, False)
    assert oracle.steps[-1].action == "submit" and oracle.verdict["checks"]


def test_the_oracle_says_when_there_is_no_task_to_read() -> None:
    with gym.make("CartPole-v1") as env, pytest.raises(OptionError, match="OracleAgent needs an environment of tasks"):
        run_episode(env, make_agent("oracle"), 0)


@given(st.integers(0, 2**32 - 1), st.lists(st.text(max_size=200), min_size=1, max_size=30))
def test_the_random_agent_is_a_function_of_its_seed_and_what_it_sees(seed: int, observations: list[str]) -> None:
    def actions() -> list[str]:
        agent = make_agent("random")
        agent.reset(seed)
        return [agent.act(observation, {}) for observation in observations]

    assert actions() == actions()


def test_the_random_agent_works_on_what_it_has_seen_and_comes_to_an_end() -> None:
    agent, lengths, commands = make_agent("random"), [], []
    for seed in range(50):
        agent.reset(seed)
        played = []
        while not played or played[-1] != "submit":
            played.append(agent.act("Fix /workspace/orders.csv", {}))
        lengths.append(len(played))
        commands += played
    assert 5 < sum(lengths) / len(lengths) < 20
    assert sum("/workspace/orders.csv" in command for command in commands) > 50
    record = episode("random")
    assert record.valid and not record.passed and record.costs.steps > 0


HUMAN = f"""
import gymnasium as gym
from selftrain.agents import make_agent
from selftrain.agents.rollout import run_episode
env = gym.make("selftrain:SelfTrain-Terminal-v0", backend="bubblewrap")
record = run_episode(env, make_agent("human"), 0, task={TASK!r})
print("ACTIONS", [step.action for step in record.steps], record.terminated)
env.close()
"""


@pytest.mark.parametrize("last", ["submit\n", ""])
def test_a_person_plays_over_a_pipe(last: str) -> None:
    typed = "echo one \\\n two\n" + last
    done = subprocess.run(
        [sys.executable, "-c", HUMAN], input=typed, capture_output=True, text=True, check=True, timeout=60
    )
    assert "ACTIONS ['echo one \\\\\\n two', 'submit'] True" in done.stdout
    assert "one two\n[exit 0 in /workspace, step 1" in done.stdout


def test_a_person_plays_in_a_terminal() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", HUMAN], stdin=theirs, stdout=theirs, stderr=theirs) as player:
        os.close(theirs)
        try:
            assert TASK in read_until(ours, r"\$ $")
            os.write(ours, b"echo $((6 * 7)) and mor\x7f\x7f\x7fthen\r")  # the line editor takes the backspaces
            assert "42 and then" in read_until(ours, r"step 1 of.*\$ $")
            os.write(ours, b"\x04")
            assert "ACTIONS ['echo $((6 * 7)) and then', 'submit'] True" in read_until(ours, "ACTIONS.*\n")
        finally:
            player.kill()
            os.close(ours)


def read_until(terminal: int, pattern: str, seconds: float = 60.0) -> str:
    seen, end = "", time.monotonic() + seconds
    while not re.search(pattern, re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", seen), re.DOTALL):
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"nothing like {pattern!r} in {seen!r}"
        seen += os.read(terminal, 65536).decode("utf-8", "replace")
    return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", seen)

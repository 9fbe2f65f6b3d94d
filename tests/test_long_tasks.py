"""Tasks that no context holds: their workers, what notes are worth to them, and the environment that draws them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.agents.rollout import rollout
from selftrain.agents.scripted import OracleAgent
from selftrain.envs.context import ContextBudget
from selftrain.envs.families import LONG_NAMES, NAMES, terminal_family, terminal_task
from selftrain.envs.task_choice import TaskChoice
from selftrain.errors import UnknownNameError
from selftrain.tasks import LEVELS, SPLITS, Task, Worker

ENV_ID = "selftrain:SelfTrain-TerminalLong-v0"
# what a worker may print, remember and say, in bytes: all of it has to fit contexts of 2,000
MOST_SHOWN, MOST_REMEMBERED, MOST_SAID = 400, 350, 250
SMALL = {"budget": 2000, "reserve": 300, "notes_budget": 400, "tokenizer": "bytes", "mode": "rewrite"}
# the level at which each family takes ten cuts and more
TEN_CUTS = {"staged-migration": 1, "incident-trail": 2, "large-refactor": 1, "review-survey": 1}


def worker_of(task: Task) -> Worker:
    assert task.worker is not None
    return task.worker


def work(task_id: str, forget_every: int = 0) -> tuple[float, list[tuple[str, str, int]], Task]:
    """Reward and history (command, output, bytes of memory) of a worker, whose memory is lost every so many steps."""
    task = terminal_task(task_id)
    worker, memory, history, over, reward = worker_of(task), "{}", [], False, 0.0
    with gym.make(ENV_ID, tasks=[task_id]) as env:
        env.reset(seed=0)
        while not over:
            command = worker.command(json.loads(memory))
            output, reward, terminated, truncated, _ = env.step(command)
            over = terminated or truncated
            memory = json.dumps(worker.learn(json.loads(memory), command, output), separators=(",", ":"))
            history.append((command, output, len(memory.encode())))
            if forget_every and len(history) % forget_every == 0:
                memory = "{}"
    return float(reward), history, task


@pytest.mark.parametrize(
    ("name", "level"), [*((name, level) for name in LONG_NAMES for level in (1, 2)), ("large-refactor", 5)]
)
def test_a_worker_needs_little_memory_and_no_hidden_answer(name: str, level: int) -> None:
    reward, history, task = work(f"{name}/dev/{level}/{level}")
    assert reward == 1.0
    assert len(history) * 1.45 <= task.limits.steps <= len(history) * 1.55
    assert 40 <= len(history) <= 420
    commands, outputs, remembered = zip(*history, strict=True)
    assert max(len(output.encode()) for output in outputs) <= MOST_SHOWN
    assert max(len(command.encode()) for command in commands) <= MOST_SAID
    assert max(remembered) <= MOST_REMEMBERED
    assert sum(len(output.encode()) for output in outputs) > 3000


@pytest.mark.parametrize("name", LONG_NAMES)
def test_a_worker_that_forgets_fails(name: str) -> None:
    reward, history, task = work(f"{name}/dev/1/1", forget_every=6)
    assert reward == 0.0 and len(history) == task.limits.steps


@pytest.mark.parametrize("name", LONG_NAMES)
def test_levels_are_steps_from_forty_to_four_hundred_commands(name: str) -> None:
    for seed in range(3):
        steps = [terminal_family(name).task(seed, level).limits.steps / 1.5 for level in LEVELS]
        assert steps == sorted(steps)
        assert 38 <= steps[0] <= 70 and 300 <= steps[-1] <= 420


@given(
    kind=st.sampled_from(LONG_NAMES),
    memory=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)),
    output=st.text(max_size=200),
)
def test_workers_take_any_memory_and_any_output(kind: str, memory: Mapping[str, Any], output: str) -> None:
    worker = worker_of(terminal_task(f"{kind}/train/1/0"))
    for _ in range(4):
        command = worker.command(memory)
        assert command and "\n" not in command
        memory = worker.learn(memory, command, output)
        assert json.loads(json.dumps(memory)) == memory


def play(task_id: str, **context: Any) -> tuple[float, dict[str, Any], list[str]]:
    """Reward, last info and all notes of the oracle agent under a context budget, a new agent at each turn."""
    notes: list[str] = []
    task = terminal_task(task_id)
    with gym.make(ENV_ID, tasks=[task]) as inner:
        env = ContextBudget(inner, **{**SMALL, **context})
        observation, info = env.reset(seed=0)
        over, reward = False, 0.0
        while not over:
            agent = OracleAgent()
            agent.read_task(task)
            action = agent.act(observation, info)
            if observation["phase"] == 1:
                notes.append(action)
            observation, reward, terminated, truncated, info = env.step(action)
            assert info["notes_overflow"] == "" and info["invalid"] == ""
            assert info["clipped"] == 0 or context
            over = terminated or truncated
    return float(reward), info, notes


@pytest.mark.parametrize("name", LONG_NAMES)
def test_ten_cuts_are_won_with_notes_and_lost_without(name: str) -> None:
    task_id = f"{name}/train/{TEN_CUTS[name]}/0"
    reward, info, notes = play(task_id)
    assert reward == 1.0 and info["verdict"] == "pass"
    assert info["compactions"] == len(notes) >= 10
    without, info, _ = play(task_id, ablation="wiped")
    assert without == 0.0 and info["truncation"] == "steps" and info["compactions"] >= 10
    # notes that were right for the same kind of work, but for another instance of it
    _, _, strange = play(f"{name}/train/1/5")
    misled, _, _ = play(task_id, ablation="other", donor_notes=strange)
    assert misled == 0.0


def test_a_rollout_plays_workers_and_keeps_their_notes() -> None:
    report = rollout(
        ENV_ID, "oracle", 1, tasks=["review-survey/train/1/3"], context={**SMALL, "trigger": "every:4"}, progress=False
    )
    assert report.score.passed == 1


def test_a_task_without_worker_is_played_from_its_script() -> None:
    task = terminal_task("dedup-files/train/1/0")
    agent = OracleAgent()
    agent.read_task(task)
    with gym.make(ENV_ID, tasks=[task.id]) as inner:
        env = ContextBudget(inner, budget=40_000, reserve=8_000, notes_budget=100)
        observation, info = env.reset(seed=0)
        over, reward = False, 0.0
        while not over:
            observation, reward, terminated, truncated, info = env.step(agent.act(observation, info))
            over = terminated or truncated
    assert reward == 1.0


# the environment


def drawn(pool: tuple[str, ...]) -> set[str]:
    choice, rng = TaskChoice(None, None, (1,), "train", pool, "terminal"), np.random.default_rng(0)
    return {choice.draw(rng).family for _ in range(40)}


def test_each_environment_draws_from_its_own_families() -> None:
    assert drawn(LONG_NAMES) == set(LONG_NAMES)
    for env_id, pool in (("SelfTrain-Terminal-v0", NAMES), ("SelfTrain-TerminalLong-v0", LONG_NAMES)):
        with gym.make(f"selftrain:{env_id}") as env:
            assert {env.reset(seed=seed)[1]["family"] for seed in range(4)} <= set(pool)
        with gym.make(f"selftrain:{env_id}", families=["review-survey", "csv-reshape"]) as env:
            families = {env.reset(seed=seed)[1]["family"] for seed in range(8)}
        assert families == {"review-survey", "csv-reshape"}
    with pytest.raises(UnknownNameError, match="review-survey"):
        gym.make(ENV_ID, families=["review-surve"])


def test_the_vector_environment_draws_long_tasks_too() -> None:
    envs = gym.make_vec(ENV_ID, num_envs=2)
    _, info = envs.reset(seed=0)
    assert set(info["family"]) <= set(LONG_NAMES)
    envs.close()


@pytest.mark.parametrize("name", LONG_NAMES)
@given(seed=st.integers(0, 2**40), level=st.sampled_from(LEVELS), split=st.sampled_from(sorted(SPLITS)))
@settings(max_examples=5, deadline=None)
def test_instructions_are_short(name: str, seed: int, level: int, split: str) -> None:
    assert len(terminal_family(name).task(seed, level, split).instruction.encode()) <= 150

"""The memory games in words: the same instances, read back, judged, and played under a context budget."""

from __future__ import annotations

import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.agents.rollout import run_episode
from selftrain.agents.scripted import OracleAgent
from selftrain.envs.context import ContextBudget
from selftrain.envs.memory.stories import make_story
from selftrain.errors import OptionError, TaskError

GAMES = ("Courier", "KeyRing", "Relay", "Rulebook")
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((game, {}) for game in GAMES),
    ("Courier", {"colours": 20, "decoys": 5, "delay": 3}),
    ("KeyRing", {"registers": 30, "updates": 7}),
    ("Relay", {"group": "S4", "steps": 3, "checkpoint_every": 2}),
    ("Rulebook", {"rule": "copy", "inputs": 6, "values": 3}),
    ("Rulebook", {"rule": "table", "values": 5}),
]


def make(game: str, **arguments: Any) -> Any:
    made = gym.make(f"selftrain:SelfTrain-{game}-v0", view="text", disable_env_checker=True, **arguments)
    return made.unwrapped


def four_sigma(rate: float, count: int) -> float:
    return 4 * float(np.sqrt(rate * (1 - rate) / count))


@pytest.mark.parametrize("game", GAMES)
def test_the_view_in_words_passes_the_checker(game: str) -> None:
    check_env(make(game, render_mode="ansi"))


@settings(max_examples=20)
@given(st.integers(0, 2**63 - 1), st.integers(0, 12), st.sampled_from(SETTINGS))
def test_notices_say_what_the_numeric_view_shows(seed: int, segment: int, setting: tuple[str, dict[str, Any]]) -> None:
    game, arguments = setting
    env = make(game, **arguments)
    env.reset(seed=seed)
    notices = [env.step("go on")[0] for _ in range(segment + 1)]
    rows = env.game.visible(np.array([seed], np.uint64), np.array([12]), np.array([segment]))[0]
    shown = [tuple(row) for row in rows.tolist() if row[0] and not (game == "Relay" and row[0] == 3)]
    assert make_story(env.game).items(notices[-1]) == shown


@pytest.mark.parametrize(("game", "arguments"), SETTINGS)
def test_every_variant_of_a_sentence_reads_back(game: str, arguments: dict[str, Any]) -> None:
    env = make(game, **arguments)
    story = make_story(env.game)
    rows = env.game.visible(np.arange(40, dtype=np.uint64), np.full(40, 3), np.arange(40) % 4)
    for item in {tuple(row) for row in rows.reshape(-1, rows.shape[-1]).tolist() if row[0]}:
        assert [story.items(story.sentence(item, variant)) for variant in range(3)] == [[item]] * 3


@pytest.mark.parametrize(("game", "arguments"), [(game, {}) for game in GAMES] + [("Relay", {"group": "S3"})])
def test_the_task_s_own_solution_passes_and_tells_the_rules_only(game: str, arguments: dict[str, Any]) -> None:
    env = make(game, cuts=3, **arguments)
    openings = set()
    for seed in range(5):
        opening, info = env.reset(seed=seed)
        openings.add(opening)
        steps = [env.step(action) for action in env.task.oracle]
        assert [step[1:4] for step in steps] == [(0.0, False, False)] * 4 + [(1.0, True, False)]
        assert steps[-1][4] | {"verdict": "pass", "passed": True, "truncation": "", "level": 3} == steps[-1][4]
        assert info["task"] == f"{game.lower()}/3/{seed}" and env.verdict.passed and env.evidence is not None
    assert len(openings) == 1 and env.chance == make(game, **arguments).chance
    with pytest.raises(gym.error.ResetNeeded):
        env.step("next")


def test_an_instance_can_be_asked_for_by_its_task() -> None:
    env = make("Courier")
    _, info = env.reset(seed=77, options={"cuts": 4})
    notice = env.step("next")[0]
    other = make("Courier", cuts=9)
    assert other.reset(seed=1, options={"task": info["task"]})[1] == info
    assert other.step("next")[0] == notice
    for wrong in ("keyring/4/77", "courier/4", "courier/x/1"):
        with pytest.raises(TaskError, match="courier/CUTS/SEED"):
            other.reset(options={"task": wrong})


@pytest.mark.parametrize("seed", [2**64, 10**30])
def test_a_seed_over_64_bits_is_refused(seed: int) -> None:
    env = make("Courier")
    assert env.reset(seed=2**64 - 1)[1]["task"] == f"courier/12/{2**64 - 1}"
    with pytest.raises(OptionError, match=f"seed={seed} must be"):
        env.reset(seed=seed)
    with pytest.raises(OptionError, match=f"seed={seed} must be"):
        env.reset(options={"task": f"courier/12/{seed}"})
    with pytest.raises(OptionError, match=str(seed)):
        env.reset(options={"task": f"courier/{seed}/1"})
    with pytest.raises(TaskError, match="none of this game"):
        env.reset(options={"task": f"courier/12/{'9' * 5000}"})
    numeric = gym.make("selftrain:SelfTrain-Courier-v0")
    with pytest.raises(OptionError, match=f"seed={seed} must be"):
        numeric.reset(seed=seed)
    vector = gym.make_vec("selftrain:SelfTrain-Courier-v0", num_envs=2)
    for wrong in (seed, [0, seed]):
        with pytest.raises(OptionError, match=str(seed)):
            vector.reset(seed=wrong)


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("answer: {}", True),
        ("Let me see.\n**Answer: {}.**\n", True),
        ("answer: 0\nanswer: {}", True),
        ("answer: {}\nanswer: 0", False),
        ("{}", False),
        ("", False),
        ("answer:", False),
        ("answer: none of them", False),
        ("\n" * 100_000 + "answer: {}", True),
    ],
)
def test_the_last_line_that_answers_counts(reply: str, right: bool) -> None:
    env = make("Courier", cuts=1)
    for early in ("answer: {}", "go on"):
        env.reset(seed=1)
        answer = env.task.oracle[-1].removeprefix("answer: ")
        for _ in range(2):
            assert env.step(early.format(answer))[1:3] == (0.0, False)
        assert env.step(reply.format(answer))[1:3] == (float(right), True)
    with pytest.raises(TypeError):
        env.step(3)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("wiped", [False, True])
def test_the_worker_needs_its_memory_and_nothing_else(game: str, wiped: bool) -> None:
    """Its memory goes through JSON at every notice, as through notes; without it, it guesses."""
    env, passed, episodes = make(game, cuts=2), 0.0, 200
    for seed in range(episodes):
        env.reset(seed=seed)
        memory: dict[str, Any] = {}
        over = False
        while not over:
            command = env.worker.command(memory)
            notice, reward, over, _, _ = env.step(command)
            memory = json.loads(json.dumps(env.worker.learn({} if wiped else memory, command, notice)))
            passed += reward
    chance = env.chance
    assert passed / episodes <= chance + four_sigma(chance, episodes) if wiped else passed == episodes


@pytest.mark.parametrize("game", GAMES)
def test_under_a_context_budget_the_oracle_passes_with_its_notes_only(game: str) -> None:
    """The whole way: a cut after every notice, notes by the oracle, and none of them in the other arm."""
    shares = {}
    for ablation, episodes in {"own": 5, "wiped": 40}.items():
        inner = gym.make(f"selftrain:SelfTrain-{game}-v0", view="text", cuts=2)
        limits = {"budget": 2400, "reserve": 300, "notes_budget": 300, "trigger": "every:1"}
        with ContextBudget(inner, ablation=ablation, **limits) as env:
            records = [run_episode(env, OracleAgent(), seed) for seed in range(episodes)]
        shares[ablation] = np.mean([record.reward for record in records])
        assert {record.costs.compactions for record in records} == {3}
    chance = inner.unwrapped.chance
    assert shares["own"] == 1 and shares["wiped"] <= chance + four_sigma(chance, 40)
    assert (records[0].family, records[0].level, records[0].task) == (game.lower(), 2, f"{game.lower()}/2/0")


def test_a_branch_point_in_words() -> None:
    env, other = make("KeyRing", cuts=2), make("KeyRing")
    env.reset(seed=4)
    notice, *_, info = env.step("next")
    state = env.save_state()
    rest = [env.step(action) for action in env.task.oracle[1:]]
    assert other.restore_state(state) == (notice, info)
    assert [other.step(action) for action in env.task.oracle[1:]] == rest and rest[-1][1] == 1.0


def test_a_person_can_read_the_notices() -> None:
    env = make("Courier", cuts=1, render_mode="ansi")
    opening, _ = env.reset(seed=1)
    assert env.render() == opening
    notice = env.step("next")[0]
    assert env.render() == f"> next\n{notice}"
    env.step("next")
    env.step("answer: 1")
    assert env.render() in ("> answer: 1\nright", "> answer: 1\nwrong")

"""The math environment: code in a real Python, one answer, one reward, and every message answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from backends import needs_sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.agents.rollout import rollout
from selftrain.envs.context import ContextBudget
from selftrain.envs.math.env import MathEnv
from selftrain.envs.math.problem import Problem
from selftrain.envs.math.tasks import problem_task
from selftrain.envs.verifiers import TrialVerifier, function_case
from selftrain.errors import OptionError, TaskError, UnknownNameError, VerifierError
from selftrain.tasks import Task

ID = "selftrain:SelfTrain-Math-v0"
TASK = problem_task(Problem("What is $2^5 - 1$?", "31", {"base": 2}, ("32",)), id="powers/train/1/0", family="powers")


def play(env: MathEnv, *actions: str, task: Task = TASK) -> list[Any]:
    env.reset(seed=0, options={"task": task})
    return [env.step(action) for action in actions]


@pytest.fixture
def env() -> Iterator[MathEnv]:
    env = MathEnv()
    yield env
    env.close()


@needs_sympy
def test_code_runs_in_one_python_with_sympy_and_the_answer_ends_the_episode(env: MathEnv) -> None:
    first, second, last = play(
        env,
        "Let us compute.\n```python\nfrom sympy import Integer\nn = Integer(2)**5\nprint('n', n)\n```",
        "```\nn - 1\n```\nand then\n```py\nn = 0\n```",
        "So it is $\\boxed{31}$.",
    )
    assert first[0] == "n 32\n[step 1 of 24]" and first[1:4] == (0.0, False, False) and first[4]["blocks"] == 1
    assert second[0] == "31\n[step 2 of 24]" and second[4]["blocks"] == 2
    assert last[1:4] == (1.0, True, False) and last[4]["verdict"] == "pass" and last[4]["attempts"] == 1


def test_no_sandbox_starts_before_the_first_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selftrain.envs.math.interpreter.make_backend", lambda name: pytest.fail("a sandbox started"))
    env = MathEnv()
    outcomes = play(env, "thinking", "answer: 31")
    assert [outcome[1] for outcome in outcomes] == [0.0, 1.0]
    env.close()


@pytest.mark.parametrize(
    "message",
    [
        "\\boxed{31}",
        "\\fbox{31}",
        "```python\nprint('\\boxed{5}')\n```\nso \\boxed{31}",
        "\\boxed{5}</think>answer: 31",
        "answer: 31",
        "**Answer:** $31$",
        "Final answer: 31",
        "<answer>31</answer>",
        "so\nANSWER: 31",
    ],
)
def test_ways_to_answer(env: MathEnv, message: str) -> None:
    assert play(env, message)[0][1:3] == (1.0, True)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("", "the message is empty"),
        (" \n\t ", "the message is empty"),
        ("\0\1\2", "U+0000"),
        ("\ud800", "U+D800"),
        ("x" * 65_537, "has 65537 characters, at most 65536"),
        ("31", "no code and no answer"),
        ("I know \\verb|boxed| things", "no code and no answer"),
        ("<think>\\boxed{31}</think> it is simple", "no code and no answer"),
        ("```latex\n\\boxed{31}\n```", "no code and no answer"),
        ("I shall end with \\boxed{...} later", "no code and no answer"),
        ("\\boxed{5} first?</think> it is simple", "no code and no answer"),
    ],
)
def test_what_is_no_message_is_told_and_the_episode_goes_on(env: MathEnv, message: str, says: str) -> None:
    wrong, right = play(env, message, "\\boxed{31}")
    assert says in wrong[0] and "[step 1 of 24]" in wrong[0] and wrong[1:4] == (0.0, False, False)
    assert right[1] == 1.0


def test_a_wrong_answer_is_told_as_long_as_attempts_are_left() -> None:
    env = MathEnv(attempts=3)
    outcomes = play(env, "\\boxed{32}", "answer: 30", "answer: 31")
    assert "not right, 2 attempts are left" in outcomes[0][0] and "1 attempt is left" in outcomes[1][0]
    assert [outcome[1] for outcome in outcomes] == [0.0, 0.0, 1.0]
    outcomes = play(env, "\\boxed{32}", "\\boxed{31 or 32}", "\\boxed{}")
    assert outcomes[-1][1:3] == (0.0, True) and outcomes[-1][4]["attempts"] == 3
    assert "31" not in "".join(outcome[0] for outcome in outcomes)
    env.close()


def test_without_tools_every_message_is_an_answer() -> None:
    env = MathEnv(tools=False)
    assert "python" not in env.reset(seed=0, options={"task": TASK})[0]
    assert play(env, "31")[0][1:3] == (1.0, True)
    assert play(env, "```python\nprint(31)\n```")[0][1:3] == (0.0, True)
    env.close()


def test_giving_up_pays_nothing(env: MathEnv) -> None:
    assert play(env, "submit")[0][1:3] == (0.0, True)


@pytest.mark.parametrize(
    ("arguments", "limit", "steps"),
    [
        ({"max_steps": 2}, "steps", 2),
        ({"max_tokens": 30}, "tokens", 3),
        ({"max_tokens": 33}, "tokens", 3),
        ({"max_seconds": 1e-6}, "seconds", 1),
    ],
)
def test_limits_truncate_and_pay_nothing(arguments: dict[str, Any], limit: str, steps: int) -> None:
    env = MathEnv(**arguments)
    outcomes = play(env, *["ten tokens"] * steps)
    assert [outcome[3] for outcome in outcomes] == [False] * (steps - 1) + [True]
    assert outcomes[-1][1] == 0.0 and outcomes[-1][4]["truncation"] == limit
    env.close()


@needs_sympy
def test_endless_code_is_stopped_and_variables_stay() -> None:
    env = MathEnv(max_seconds=600)
    slow = problem_task(Problem("What?", "1", {}), id="slow/train/1/0")
    object.__setattr__(slow, "limits", slow.limits.__class__(steps=9, command_seconds=1.0))
    _, stopped, after = play(env, "```\nx = 5\n```", "```\nwhile True: pass\n```", "```\nx\n```", task=slow)
    assert "stopped after 1 s" in stopped[0] and stopped[4]["timed_out"]
    assert after[0].startswith("5\n") and not after[4]["timed_out"]
    env.close()


@needs_sympy
def test_the_limit_of_seconds_holds_for_all_blocks_of_a_message() -> None:
    env = MathEnv(max_seconds=3)
    (outcome,) = play(env, "```\nimport time; time.sleep(2)\n```\n" * 4)
    assert outcome[3] and outcome[4]["truncation"] == "seconds" and outcome[4]["blocks"] == 2
    env.close()


def test_an_enormous_message_is_refused_before_its_tokens_are_counted(env: MathEnv) -> None:
    outcome = play(env, "x" * (1 << 20))[0]
    assert "has 1048576 characters" in outcome[0] and outcome[4]["tokens"] == 65_537 and not outcome[3]


@pytest.mark.parametrize("tools", [True, False])
def test_an_answer_past_the_limit_of_tokens_is_not_read(tools: bool) -> None:
    env = MathEnv(max_tokens=30, tools=tools)
    (outcome,) = play(env, "let me think: " * 3 + "\\boxed{31}")
    assert "more than 30 tokens" in outcome[0] and outcome[4]["attempts"] == 0
    assert outcome[1:4] == (0.0, False, True) and outcome[4]["truncation"] == "tokens"
    env.close()


@needs_sympy
def test_python_starts_again_where_its_files_were_removed(env: MathEnv) -> None:
    gone = "```\nimport os, shutil\nshutil.rmtree('/tmp/.console')\nos._exit(0)\n```"
    assert play(env, gone, "```\n1 + 1\n```")[1][0] == "2\n[step 2 of 24]"


@needs_sympy
def test_what_the_sandbox_cut_is_counted() -> None:
    env = MathEnv(observation_bytes=256)
    (outcome,) = play(env, "```\nprint('a' * 2_000_000)\n```")
    assert 1_999_000 < outcome[4]["truncated_bytes"] < 2_000_000
    assert f"[... {outcome[4]['truncated_bytes']} bytes not shown ...]" in outcome[0]
    env.close()


@needs_sympy
def test_long_output_is_cut_in_the_middle() -> None:
    env = MathEnv(observation_bytes=256)
    (outcome,) = play(env, "```\nprint('a' * 5000)\n```")
    assert outcome[4]["truncated_bytes"] > 4000 and len(outcome[0]) < 500
    env.close()


@needs_sympy
def test_a_saved_episode_goes_on_with_its_variables(env: MathEnv) -> None:
    play(env, "```\nimport random\nx = 31\n```", "answer it")
    state = env.save_state()
    assert env.step("\\boxed{0}")[1:3] == (0.0, True)
    for _ in range(2):
        env.restore_state(state)
        assert env.step("```\nx\n```")[0] == "31\n[step 3 of 24]"
    assert env.step("\\boxed{31}")[1:3] == (1.0, True)


@needs_sympy
def test_a_saved_episode_keeps_files_of_blocks_before_python_ended(env: MathEnv) -> None:
    play(env, "```\nopen('kept', 'w').write('31')\n```", "```\nimport os; os._exit(0)\n```")
    env.restore_state(env.save_state())
    assert env.step("```\nopen('kept').read()\n```")[0] == "'31'\n[step 3 of 24]"


@needs_sympy
def test_it_works_under_a_context_budget() -> None:
    wrapped = ContextBudget(gym.make(ID), budget=2200, reserve=300, notes_budget=300)
    observation, info = wrapped.reset(seed=0, options={"task": TASK})
    over, reward = False, 0.0
    while not over:
        action = "```\nprint('y' * 200)\n```" if info["env_steps"] < 8 else "\\boxed{31}"
        if observation["phase"]:
            action = f"{info['env_steps']} blocks are run"
        observation, reward, terminated, truncated, info = wrapped.step(action)
        over = terminated or truncated
    assert reward == 1.0 and info["compactions"] >= 1
    wrapped.close()


def test_reference_agents_over_rollouts(tmp_path: Path) -> None:
    for agent, reward in {"oracle": 1.0, "nop": 0.0}.items():
        tasks = ["divisor-counts/test/2/0"]
        report = rollout(ID, agent, 2, tasks=tasks, out=tmp_path / agent, progress=False)
        assert report.score.passed == 2 * reward and report.score.valid == 2


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"attempts": 0}, OptionError, "attempts=0 must be 1 or more"),
        ({"attempts": 1.5}, OptionError, "attempts=1.5 must be 1 or more, and whole"),
        ({"attempts": None}, OptionError, "attempts=None"),
        ({"max_tokens": "7"}, OptionError, "max_tokens='7'"),
        ({"max_tokens": 0}, OptionError, "max_tokens=0"),
        ({"observation_bytes": 1}, OptionError, "observation_bytes=1"),
        ({"max_steps": -1}, OptionError, "max_steps=-1"),
        ({"tokenizer": "nowhere"}, OptionError, "tokenizer='nowhere'"),
        ({"families": ["log-forensics"]}, OptionError, "played by SelfTrain-Terminal-v0"),
        ({"families": ["no-such"]}, UnknownNameError, "no-such"),
        ({"levels": (6,)}, OptionError, "levels="),
        ({"render_mode": "human"}, OptionError, "render_mode='human'"),
    ],
)
def test_arguments_that_make_no_sense_say_so(arguments: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        MathEnv(**arguments)


def test_a_task_of_another_kind_is_refused(env: MathEnv) -> None:
    with pytest.raises(TaskError, match=r"is a terminal task, not a math task.*SelfTrain-Terminal-v0"):
        env.reset(options={"task": "csv-reshape/train/1/0"})


def test_a_verifier_that_wants_to_run_things_is_a_fault_and_no_zero(env: MathEnv) -> None:
    case = function_case("one", "/workspace/a.py", "f", [], 1)
    env.reset(options={"task": Task("?", TrialVerifier(("/response",), (case,)), kind="math")})
    with pytest.raises(VerifierError, match="where nothing is run"):
        env.step("\\boxed{1}")
    with pytest.raises(gym.error.ResetNeeded):
        env.step("\\boxed{1}")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_an_action(action: str) -> None:
    env = MathEnv(max_steps=3, tools=False)
    env.reset(options={"task": TASK})
    observation, reward, *_ = env.step(action)
    assert env.observation_space.contains(observation) and (reward == 0.0 or "31" in action)
    env.close()

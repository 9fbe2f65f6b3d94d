"""The terminal environment in real sandboxes: what the agent sees, how episodes end, and what breaks."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest
from backends import command_line, kill_sandbox
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs import observations, rendering
from selftrain.envs.checks import text_check
from selftrain.envs.rendering import Exchange
from selftrain.envs.terminal import TerminalEnv
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import OptionError, SandboxError, TaskError, UnknownNameError, VerifierError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Result
from selftrain.tasks import Limits, Task, Taskset
from selftrain.verdicts import Check

OUT = "/workspace/out.txt"


def judge(evidence: Evidence) -> Sequence[Check]:
    return [text_check(evidence, OUT, "grüße")]


TASK = Task(
    id="small/train/1/0",
    family="small",
    level=1,
    instruction=f"Copy /workspace/in.txt to {OUT}.",
    verifier=EvidenceVerifier((OUT,), judge),
    files={"/workspace/in.txt": "grüße\n".encode()},
    limits=Limits(steps=6, seconds=60, command_seconds=2),
)
SOLVE = f"cp in.txt {OUT}"


@pytest.fixture
def env() -> Iterator[TerminalEnv]:
    with TerminalEnv(tasks=[TASK]) as made:
        yield made


def play(env: TerminalEnv, *actions: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
    assert actions
    for action in actions:
        outcome = env.step(action)
    return outcome


# what the agent sees


def test_the_opening_tells_instruction_place_limits_and_how_to_end(env: TerminalEnv) -> None:
    observation, info = env.reset()
    assert observation.startswith(TASK.instruction + "\n")
    assert "`submit`" in observation and "6 steps and 60 s" in observation
    assert observation.endswith("\n[in /workspace, step 0 of 6]")
    assert info == {
        "task": "small/train/1/0",
        "family": "small",
        "level": 1,
        "backend": env.reset()[1]["backend"],
        "image": info["image"],
        "step": 0,
        "exit_code": 0,
        "timed_out": False,
        "shell_restarted": False,
        "truncated_bytes": 0,
        "valid": True,
    }
    assert info["image"]


def test_the_shell_is_one_and_its_output_comes_back(env: TerminalEnv) -> None:
    env.reset()
    observation, reward, terminated, truncated, info = env.step("cd /tmp; x=größe; echo 日本 $x >&2; (exit 3)")
    assert observation == "日本 größe\n[exit 3 in /tmp, step 1 of 6]"
    assert (reward, terminated, truncated, info["exit_code"], info["step"]) == (0.0, False, False, 3, 1)
    assert env.step('printf %s "$x"')[0] == "größe\n[exit 0 in /tmp, step 2 of 6]"


def test_what_is_no_text_is_made_visible(env: TerminalEnv) -> None:
    env.reset()
    assert env.step(r"printf 'a\r\n\x1b[31m\x00\xff\x7f\tz'")[0].splitlines()[:2] == ["a␍", "␛[31m␀�␡\tz"]
    assert env.step(r"mkdir $'a\nb\x1b' && cd $'a\nb\x1b'")[0] == "[exit 0 in /workspace/a␊b␛, step 2 of 6]"


def test_timeouts_and_restarts_are_told(env: TerminalEnv) -> None:
    env.reset(options={"task": replace(TASK, limits=Limits(steps=6, seconds=60, command_seconds=0.3))})
    observation, *_, info = env.step("echo before; sleep 30")
    # on a busy machine the shell may have to be restarted after the kill
    restart = "(the shell ended and was started again, )?"
    assert re.fullmatch(rf"before\n\[stopped after 0.3 s, {restart}exit 124 in /workspace, step 1 of 6\]", observation)
    assert info["timed_out"] and info["exit_code"] == 124
    observation, *_, info = env.step("exit 7")
    assert observation == "[the shell ended and was started again, exit 7 in /workspace, step 2 of 6]"
    assert info["shell_restarted"]


def test_long_output_is_cut_in_the_middle_with_a_mark() -> None:
    with TerminalEnv(tasks=[TASK], observation_bytes=1000) as env:
        env.reset()
        observation, *_, info = env.step("seq 100000")
        assert observation.startswith("1\n2\n3\n") and "\n99999\n100000\n[exit 0" in observation
        mark = re.search(r"^\[\.\.\. (\d+) bytes not shown \.\.\.\]$", observation, re.M)
        assert mark is not None and int(mark[1]) == info["truncated_bytes"]
        # the sandbox's own mark in the middle counts as a line of the output
        assert abs(info["truncated_bytes"] - (588895 - 1000)) < 64
        assert observation in env.observation_space


@settings(deadline=None)
@given(st.binary(max_size=600), st.integers(1, 300), st.integers(0, 10**9))
def test_shown_bytes_are_bounded_visible_and_counted(data: bytes, limit: int, before: int) -> None:
    shown, missing = observations.show_bytes(data, limit, before)
    assert len(shown) <= limit + 60
    assert all(mark in "\n\t" or mark.isprintable() or ord(mark) >= 0xA0 for mark in shown)
    kept = min(len(data), limit)
    assert before + len(data) - kept <= missing <= before + len(data) - kept + 6 * (len(data) > limit)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.integers(1, 200))
def test_a_cut_never_splits_a_character(text: str, limit: int) -> None:
    shown, _ = observations.show_bytes(text.encode(), limit)
    assert "�" not in shown or "�" in text or any(0x80 <= ord(mark) < 0xA0 for mark in text)


def test_an_observation_holds_nothing_of_the_verdict_and_info_no_wall_clock(env: TerminalEnv) -> None:
    def episode() -> list[Any]:
        return [env.reset(), env.step("ls"), env.step("submit")]

    first, second = episode(), episode()
    assert first == second
    assert first[-1][0] == "[submitted, the episode is over]"
    for _, *_, info in first:
        assert all(type(value) in (str, int, float, bool) for value in info.values())


# how episodes end


def test_solved_and_submitted_pays_once(env: TerminalEnv) -> None:
    env.reset()
    assert env.step(SOLVE)[1:4] == (0.0, False, False)
    _, reward, terminated, truncated, info = env.step("  submit\n")
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert (info["verdict"], info["score"], info["why"], info["truncation"]) == ("pass", 1.0, "", "")
    assert env.verdict is not None and env.verdict.passed
    assert env.evidence is not None and env.evidence.sha256 == info["evidence_sha256"]
    assert env.evidence.get(OUT) == "grüße\n".encode()


def test_submitted_without_work_pays_nothing_and_says_why(env: TerminalEnv) -> None:
    env.reset()
    _, reward, terminated, _, info = env.step("submit")
    assert (reward, terminated, info["verdict"], info["score"]) == (0.0, True, "fail", 0.0)
    assert info["why"] == f"{OUT} holds the right text: is missing"


@pytest.mark.parametrize("action", ["submit now", "Submit", "echo submit", "submit; true", ""])
def test_only_submit_alone_submits(env: TerminalEnv, action: str) -> None:
    env.reset()
    assert env.step(action)[2] is False


def test_the_state_is_judged_at_the_limit_of_steps(env: TerminalEnv) -> None:
    for work, paid in ((SOLVE, 1.0), ("true", 0.0)):
        env.reset()
        observation, reward, terminated, truncated, info = play(env, *["true"] * 5, work)
        assert (reward, terminated, truncated) == (paid, False, True)
        assert info["truncation"] == "steps" and info["verdict"] == ("pass" if paid else "fail")
        assert observation.endswith("step 6 of 6]\n[the limit of steps is reached, the episode is over]")


def test_the_state_is_judged_at_the_limit_of_seconds() -> None:
    with TerminalEnv(tasks=[TASK], max_seconds=0.5) as env:
        env.reset()
        observation, reward, _, truncated, info = env.step(f"{SOLVE}; sleep 30")
        assert (reward, truncated, info["truncation"]) == (1.0, True, "seconds")
        assert observation.startswith("[stopped at the time limit of the episode, ")


def test_submit_at_the_last_step_terminates() -> None:
    with TerminalEnv(tasks=[TASK], max_steps=1) as env:
        env.reset()
        assert env.step("submit")[2:4] == (True, False)


def test_an_episode_that_is_over_needs_a_reset(env: TerminalEnv) -> None:
    for begin in (lambda: None, lambda: (env.reset(), env.step("submit")), lambda: (env.reset(), env.close())):
        begin()
        with pytest.raises(gym.error.ResetNeeded, match="reset"):
            env.step("ls")
        with pytest.raises(gym.error.ResetNeeded, match="reset"):
            env.save_state()
    env.close()
    env.close()
    assert env.reset()[1]["step"] == 0


def test_resets_leave_no_process_and_no_descriptor_behind(env: TerminalEnv) -> None:
    def resources() -> int:
        return psutil.Process().num_fds()

    env.reset()
    env.step("sleep 4321.25 &")
    before = resources()
    resets = 60
    for _ in range(resets):
        env.reset()
    assert resources() - before < resets  # the warm pool holds a few more or less; a leak would be one for each reset
    running = [command_line(process) for process in psutil.process_iter()]
    assert ["sleep", "4321.25"] not in running


# tasks


def test_same_seed_same_task() -> None:
    made = [replace(TASK, id=f"small/train/1/{seed}") for seed in range(50)]
    with TerminalEnv(tasks=made) as env:
        names = [env.reset(seed=seed)[1]["task"] for seed in (1, 2, 3, 1)]
        assert names[0] == names[3] and len(set(names)) > 1
        follow = [env.reset()[1]["task"] for _ in range(3)]
        env.reset(seed=1)
        assert [env.reset()[1]["task"] for _ in range(3)] == follow


def test_a_taskset_and_the_options_choose_tasks() -> None:
    taskset = Taskset("two", ("a", "b"), lambda task_id: replace(TASK, id=task_id))
    with TerminalEnv(tasks=taskset) as env:
        assert {env.reset(seed=seed)[1]["task"] for seed in range(6)} == {"a", "b"}
        assert env.reset(options={"task": TASK})[1]["task"] == TASK.id
        info = env.reset(options={"task": "csv-reshape/test/2/5"})[1]
        assert (info["task"], info["family"], info["level"]) == ("csv-reshape/test/2/5", "csv-reshape", 2)


def test_setup_runs_before_the_agent_and_leaves_nothing(env: TerminalEnv) -> None:
    hidden = "/tmp/material.txt"
    task = replace(TASK, setup=f"wc -c < {hidden} > made.txt; secret=1", setup_files={hidden: b"12345"})
    env.reset(options={"task": task})
    assert env.step(f'cat made.txt; ls -A /tmp {hidden}; echo "[$secret]"')[0].splitlines()[0] == "5"
    assert "material" not in env.step("ls -AR /tmp /workspace")[0]
    assert "[]" in env.step('echo "[$secret]"')[0]


def test_a_setup_that_fails_is_an_error_of_the_task(env: TerminalEnv) -> None:
    with pytest.raises(TaskError, match=r"small/train/1/0.*exit code 3.*no good"):
        env.reset(options={"task": replace(TASK, setup="echo no good; (exit 3); echo not reached")})
    with pytest.raises(gym.error.ResetNeeded):
        env.step("ls")


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"families": ["csv-reshap"]}, UnknownNameError, "csv-reshape"),
        ({"families": "csv-reshape"}, OptionError, r"families=\['csv-reshape'\]"),
        ({"families": []}, OptionError, "empty"),
        ({"tasks": ["csv-reshap/train/1/0"]}, UnknownNameError, "csv-reshape"),
        ({"tasks": "csv-reshape/train/1/0"}, OptionError, "sequence"),
        ({"tasks": []}, OptionError, "empty"),
        ({"tasks": ["csv-reshape/b/c/d/e"]}, TaskError, "family/split"),
        ({"tasks": [TASK], "levels": (2,)}, OptionError, "leave out"),
        ({"levels": (6,)}, OptionError, "levels"),
        ({"levels": ()}, OptionError, "levels"),
        ({"split": "tran"}, UnknownNameError, "train"),
        ({"max_steps": 0}, OptionError, "max_steps=0"),
        ({"max_seconds": float("nan")}, OptionError, "max_seconds=nan"),
        ({"observation_bytes": 10}, OptionError, "observation_bytes=10"),
        ({"render_mode": "human"}, OptionError, "rgb_array"),
    ],
)
def test_arguments_that_make_no_sense_say_so(arguments: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        TerminalEnv(**arguments)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"task": "csv-reshape/train/9/0"}, OptionError, "level=9"),
        ({"task": "csv-reshape/train/1-2/0"}, TaskError, "names 2 tasks"),
        ({"task": "csv-reshap/train/1/0"}, UnknownNameError, "csv-reshape"),
        ({"task": 5}, OptionError, "not 5"),
        ({"tsk": TASK}, OptionError, "tsk"),
        ({"task": replace(TASK, instruction="x" * 70_000)}, TaskError, "70000 characters"),
    ],
)
def test_options_that_make_no_sense_say_so(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with TerminalEnv() as env, pytest.raises(error, match=says):
        env.reset(options=options)


def test_an_unknown_backend_is_named_at_reset() -> None:
    with TerminalEnv(tasks=[TASK], backend="bubblewarp") as env, pytest.raises(UnknownNameError, match="bubblewrap"):
        env.reset()


@pytest.mark.parametrize("action", [7, None, b"ls", ["ls"]])
def test_an_action_that_is_no_string_is_refused_and_costs_nothing(env: TerminalEnv, action: Any) -> None:
    env.reset()
    with pytest.raises(TypeError, match="an action is a string"):
        env.step(action)
    assert env.step("true")[4]["step"] == 1


@settings(max_examples=25, deadline=None)
@given(action=st.text(st.characters(), max_size=60))
def test_any_text_is_an_action(action: str) -> None:
    task = replace(TASK, limits=Limits(command_seconds=1))
    with TerminalEnv(tasks=[task]) as env:
        env.reset()
        observation, reward, *_ = env.step(action)
        assert observation in env.observation_space and reward == 0.0


# what breaks


def test_a_sandbox_that_dies_raises_and_is_never_an_observation(env: TerminalEnv) -> None:
    env.reset()
    kill_sandbox(env)
    with pytest.raises(SandboxError):
        env.step("echo still here")
    with pytest.raises(gym.error.ResetNeeded):
        env.step("submit")
    assert env.verdict is None
    env.reset()
    assert play(env, SOLVE, "submit")[1] == 1.0


def test_a_verifier_that_fails_raises_and_pays_nothing(env: TerminalEnv) -> None:
    def broken(evidence: Evidence) -> Sequence[Check]:
        raise ZeroDivisionError

    env.reset(options={"task": replace(TASK, verifier=EvidenceVerifier((OUT,), broken))})
    with pytest.raises(VerifierError, match="small/train/1/0"):
        env.step("submit")
    with pytest.raises(gym.error.ResetNeeded):
        env.step("submit")


def test_steps_from_several_threads_come_one_after_another() -> None:
    outcomes: list[tuple[str, float, bool, bool, dict[str, Any]]] = []
    refused: list[gym.error.ResetNeeded] = []

    def act() -> None:
        for _ in range(6):
            try:
                outcomes.append(env.step("n=$((n + 1)); sleep 0.01; echo $n"))
            except gym.error.ResetNeeded as error:
                refused.append(error)

    with TerminalEnv(tasks=[TASK], max_steps=20) as env:
        env.reset()
        threads = [threading.Thread(target=act) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(info["step"] for *_, info in outcomes) == list(range(1, 21))
    assert all(observation.startswith(f"{info['step']}\n") for observation, *_, info in outcomes)
    assert sum(truncated for _, _, _, truncated, _ in outcomes) == 1 and len(refused) == 4


# branching


def test_a_saved_state_is_a_branch_point_as_often_as_wanted(env: TerminalEnv) -> None:
    env.reset(seed=3)
    first = env.step("mkdir -p a/b && cd a/b && x='1  2' && echo one > f")
    state = env.save_state()
    follow_up = [env.reset(), env.np_random.random()]
    for number in range(3):
        observation, info = env.restore_state(state)
        assert (observation, info) == (first[0], first[4])
        seen = env.step(f'echo {number} >> f; cat f; echo "$x"')
        assert seen[0] == f"one\n{number}\n1  2\n[exit 0 in /workspace/a/b, step 2 of 6]"
        assert env.step("submit")[1] == 0.0
    env.restore_state(state)
    assert play(env, "cd /workspace", SOLVE, "submit")[1] == 1.0
    env.restore_state(state)
    env.step("rm -rf /workspace/*")
    assert [env.reset(), env.np_random.random()] == follow_up


def test_a_state_restores_in_another_environment_with_its_limits(env: TerminalEnv) -> None:
    env.reset()
    play(env, *["true"] * 3)
    state = env.save_state()
    with TerminalEnv(tasks=[TASK]) as other:
        other.restore_state(state)
        assert play(other, "true", "true", SOLVE)[3] is True
    assert env.step("true")[4]["step"] == 4  # saving has not disturbed the episode


# rendering


def test_the_transcript_holds_actions_and_observations_and_no_control_characters() -> None:
    with TerminalEnv(tasks=[TASK], render_mode="ansi") as env:
        with pytest.raises(gym.error.ResetNeeded):
            env.render()
        opening, _ = env.reset()
        seen = env.step(r"printf '\x1b[2Jhi\n'")[0]
        text = env.render()
        assert isinstance(text, str)
        assert opening in text and f"$ printf '\\x1b[2Jhi\\n'\n{seen}" in text and "\x1b" not in text


def test_the_picture_shows_the_terminal_with_colours() -> None:
    with TerminalEnv(tasks=[TASK], render_mode="rgb_array") as env:
        env.reset()
        plain = env.render()
        assert isinstance(plain, np.ndarray) and plain.dtype == np.uint8
        assert plain.shape == (rendering.HEIGHT, rendering.WIDTH, 3)
        assert np.array_equal(plain, env.render())
        env.step(r"printf '\033[41m          \033[0m\n'")
        shown = env.render()
        red = np.array([0xF3, 0x8B, 0xA8])
        assert isinstance(shown, np.ndarray)
        # beside the red button of the title bar, ten red cells
        assert (shown == red).all(-1).sum() - (plain == red).all(-1).sum() == 10 * 9 * 20


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"\x1b[", b"\x1b]", b"?", b";", b"h", b"l", b"m", b"38", b"5", b"999999999", b"3", b"r", b"A"])
        | st.sampled_from([b"J", b"K", b"L", b"M", b"P", b"@", b"n", b"c", b"\x1b#8", b"\x1b(0", b"\x0e", b"\x9b"])
        | st.binary(max_size=3),
        max_size=40,
    )
)
def test_no_output_breaks_the_picture(parts: list[bytes]) -> None:
    exchanges = rendering.remember((), Exchange("cat /dev/urandom", b"".join(parts), "[exit 0 in /, step 1 of 2]"))
    assert rendering.picture(exchanges, "task").shape == (rendering.HEIGHT, rendering.WIDTH, 3)


def test_memory_of_a_long_episode_is_bounded() -> None:
    exchanges: tuple[Exchange, ...] = ()
    for number in range(100):
        exchanges = rendering.remember(exchanges, Exchange(f"echo {number}", b"x" * 10_000, "y" * 1_000))
    assert sum(exchange.size for exchange in exchanges) <= 256 * 1024
    assert exchanges[-1].action == "echo 99"
    huge = Exchange("cat", b"x" * 10**6, "")
    assert rendering.remember(exchanges, huge) == (huge,)


def test_without_a_render_mode_rendering_warns(env: TerminalEnv) -> None:
    env.reset()
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


def test_a_shell_in_an_unknown_place_is_told_without_one() -> None:
    result = Result(b"[out of memory]\n", 137, shell_restarted=True)
    shown, _ = observations.describe(result, 1000, 1, Limits(), 30.0)
    assert shown.endswith("[the shell ended and was started again, exit 137, step 1 of 50]")

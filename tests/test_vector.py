"""Many terminals at once: the same as Gymnasium's own vector environments, sooner, and unharmed by one that breaks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest
from backends import kill_sandbox
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

import selftrain  # noqa: F401  registers the ids
from selftrain.envs.checks import text_check
from selftrain.envs.terminal import TerminalEnv
from selftrain.envs.vector import TerminalVectorEnv
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import BackendUnavailableError, OptionError, SandboxError
from selftrain.evidence import Evidence
from selftrain.sandboxes import make_backend
from selftrain.tasks import Limits, Task
from selftrain.verdicts import Check

ID = "SelfTrain-Terminal-v0"
OUT = "/workspace/out.txt"


def judge(evidence: Evidence) -> Sequence[Check]:
    return [text_check(evidence, OUT, "done"), Check("bonus", evidence.get("/workspace/bonus") is not None)]


TASKS = [
    Task(
        id=f"small/train/1/{number}",
        family="small",
        level=1,
        instruction=f"Write done to {OUT}, task {number}.",
        verifier=EvidenceVerifier(("/workspace",), judge),
        limits=Limits(steps=4, seconds=60, command_seconds=5),
    )
    for number in range(20)
]
SOLVE = f"echo done > {OUT}; touch bonus"
HALF = f"echo done > {OUT}"
ROUNDS = [
    ("pwd; x=$RANDOM", SOLVE, HALF, "echo ä"),
    (SOLVE, "submit", "submit", "submit"),
    ("submit", "ls", "(exit 4)", "pwd"),
    ("pwd", "submit", "submit", "seq 3"),
    ("pwd", "ls", "pwd", "submit"),
    ("true", "ls -A", "pwd", "ls"),
    ("true", "ls", "pwd", "pwd"),
]

Made = Iterator[TerminalVectorEnv]


@pytest.fixture
def envs() -> Made:
    with contextlib.closing(TerminalVectorEnv(num_envs=4, tasks=TASKS)) as made:
        yield made


def rollout(envs: gym.vector.VectorEnv[Any, Any, Any], seed: int = 7) -> list[Any]:
    return [envs.reset(seed=seed), *[envs.step(actions[: envs.num_envs]) for actions in ROUNDS]]


# the same as Gymnasium's


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_it_equals_sync_vector_env_step_by_step(mode: AutoresetMode) -> None:
    with (
        contextlib.closing(TerminalVectorEnv(4, autoreset_mode=mode, tasks=TASKS)) as ours,
        contextlib.closing(SyncVectorEnv([lambda: gym.make(ID, tasks=TASKS)] * 4, autoreset_mode=mode)) as theirs,
    ):
        assert ours.metadata["autoreset_mode"] is mode
        for mine, other in zip(rollout(ours), rollout(theirs), strict=True):
            assert data_equivalence(mine, other, exact=True)
        assert ours.np_random_seed == theirs.np_random_seed


def test_make_vec_takes_it_by_default_and_async_agrees_without_shared_memory() -> None:
    arguments: dict[str, Any] = {"num_envs": 2, "families": ["csv-reshape"]}
    with contextlib.closing(gym.make_vec(ID, **arguments)) as default:
        assert isinstance(default.unwrapped, TerminalVectorEnv)
        expected = rollout(default)
    # spawned, because forking beside threads is no longer safe
    options = {"shared_memory": False, "context": "spawn"}
    with contextlib.closing(
        gym.make_vec(ID, vectorization_mode="async", vector_kwargs=options, **arguments)
    ) as workers:
        assert isinstance(workers.unwrapped, AsyncVectorEnv)
        for mine, other in zip(expected, rollout(workers), strict=True):
            assert data_equivalence(mine, other, exact=True)


def test_async_with_shared_memory_is_refused_with_the_way_out() -> None:
    with pytest.raises(OptionError, match="shared_memory=False"):
        gym.make_vec(ID, 2, "async", tasks=TASKS)


def test_without_autoreset_the_caller_resets_by_mask() -> None:
    with contextlib.closing(TerminalVectorEnv(2, autoreset_mode="Disabled", tasks=TASKS)) as envs:
        envs.reset(seed=1)
        assert envs.step([SOLVE, "submit"])[2].tolist() == [False, True]
        with pytest.raises(gym.error.ResetNeeded, match=r"\[1\]"):
            envs.step(["echo counted >> log", "ls"])
        observations, infos = envs.reset(options={"reset_mask": np.array([False, True])})
        assert "step 1 of 4" in observations[0] and "step 0 of 4" in observations[1]
        assert infos["_task"].tolist() == [False, True]
        _, rewards, terminated, _, infos = envs.step(["submit", "ls -A"])
        assert rewards.tolist() == [1.0, 0.0] and terminated.tolist() == [True, False]
        assert infos["step"].tolist() == [2, 1]  # nothing was stepped when the call was refused


# batches


def test_infos_keep_their_types_in_a_batch(envs: TerminalVectorEnv) -> None:
    envs.reset(seed=0)
    envs.step([SOLVE, HALF, "true", "true"])
    *_, infos = envs.step(["submit"] * 4)
    assert infos["score"].dtype == np.float64 and infos["score"].tolist() == [1.0, 0.5, 0.0, 0.0]
    assert infos["valid"].dtype == np.bool_ and infos["valid"].all()
    assert infos["verdict"].tolist() == ["pass", "fail", "fail", "fail"]


def test_seeds_are_one_each() -> None:
    with contextlib.closing(TerminalVectorEnv(3, tasks=TASKS)) as envs, TerminalEnv(tasks=TASKS) as one:
        alone = [one.reset(seed=seed)[1]["task"] for seed in (5, 6, 7)]
        assert envs.reset(seed=5)[1]["task"].tolist() == alone
        assert envs.reset(seed=[7, 6, 5])[1]["task"].tolist() == alone[::-1]
        with pytest.raises(OptionError, match="2 numbers for 3"):
            envs.reset(seed=[1, 2])


def test_options_reach_every_environment(envs: TerminalVectorEnv) -> None:
    options = {"task": TASKS[3]}
    assert envs.reset(options=options)[1]["task"].tolist() == [TASKS[3].id] * 4
    assert options == {"task": TASKS[3]}


@pytest.mark.parametrize("actions", [["ls"], ["ls"] * 5])
def test_the_wrong_number_of_actions_is_refused(envs: TerminalVectorEnv, actions: list[str]) -> None:
    envs.reset()
    with pytest.raises(OptionError, match="for 4 environments"):
        envs.step(actions)


def test_actions_of_another_kind_are_refused_before_anything_is_stepped(envs: TerminalVectorEnv) -> None:
    envs.reset()
    with pytest.raises(TypeError, match="not 5"):
        envs.step(["ls", "ls", "ls", 5])  # type: ignore[list-item]
    assert envs.step(["ls"] * 4)[4]["step"].tolist() == [1] * 4


@pytest.mark.parametrize("mask", [[True] * 4, np.ones(3, bool), np.ones(4), np.zeros(4, bool)])
def test_masks_of_another_kind_are_refused(envs: TerminalVectorEnv, mask: Any) -> None:
    with pytest.raises(OptionError, match="reset_mask"):
        envs.reset(options={"reset_mask": mask})


def test_max_episode_steps_is_a_limit_with_a_verdict() -> None:
    with contextlib.closing(gym.make_vec(ID, 2, max_episode_steps=1, tasks=TASKS)) as envs:
        envs.reset()
        _, rewards, terminated, truncated, infos = envs.step([SOLVE, "true"])
        assert rewards.tolist() == [1.0, 0.0]
        assert truncated.all() and not terminated.any() and infos["truncation"].tolist() == ["steps"] * 2


def test_environments_wait_at_the_same_time(envs: TerminalVectorEnv) -> None:
    envs.reset()
    start = time.monotonic()
    envs.step(["sleep 1"] * 4)
    assert time.monotonic() - start < 3


# what breaks


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_sandbox_that_dies_ends_its_episode_as_invalid_and_the_others_go_on(mode: AutoresetMode) -> None:
    with contextlib.closing(TerminalVectorEnv(3, autoreset_mode=mode, tasks=TASKS)) as envs:
        _, first = envs.reset(seed=2)
        kill_sandbox(envs.envs[1])
        observations, rewards, terminated, truncated, infos = envs.step([SOLVE, SOLVE, SOLVE])
        assert rewards.tolist() == [0.0] * 3 and not terminated.any() and truncated.tolist() == [False, True, False]
        assert "exit 0" in observations[0] and "exit 0" in observations[2]
        last = infos if mode is AutoresetMode.NEXT_STEP else infos["final_info"]
        assert last["valid"][1] == np.False_ and last["truncation"][1] == "error"
        assert last["error"][1].startswith("SandboxError: ") and last["task"][1] == first["task"][1]
        assert "verdict" not in last
        if mode is AutoresetMode.NEXT_STEP:
            assert observations[1] == "" and infos["valid"].tolist() == [True, False, True]
            observations, rewards, _, truncated, infos = envs.step(["submit", "ignored", "true"])
            assert rewards.tolist() == [1.0, 0.0, 0.0] and not truncated.any()
        assert "step 0 of 4" in observations[1] and infos["valid"].all()
        assert envs.step(["true", SOLVE, "submit"])[1].tolist() == [0.0, 0.0, 1.0]
        assert envs.step(["true", "submit", "true"])[1].tolist() == [0.0, 1.0, 0.0]


class FlakyBackend:
    """The real backend, whose first sandboxes do not start: no way is known to bring that about on demand."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.left, self.error, self.real = failures, error, make_backend()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def create(self, spec: Any) -> Any:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return self.real.create(spec)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Exception], FlakyBackend]:
    def install(failures: int, error: Exception) -> FlakyBackend:
        backend = FlakyBackend(failures, error)
        monkeypatch.setattr("selftrain.envs.terminal.make_backend", lambda name: backend)
        return backend

    return install


@pytest.mark.filterwarnings("ignore:.*did not start")
def test_a_reset_is_tried_three_times(flaky: Callable[[int, Exception], FlakyBackend]) -> None:
    with contextlib.closing(TerminalVectorEnv(1, tasks=TASKS)) as envs:
        flaky(2, SandboxError("lost"))
        assert envs.reset(seed=4)[1]["valid"].all()
        flaky(3, SandboxError("lost"))
        with pytest.raises(SandboxError, match="lost"):
            envs.reset(seed=4)


def test_a_reset_that_cannot_succeed_is_not_tried_again(flaky: Callable[[int, Exception], FlakyBackend]) -> None:
    backend = flaky(9, BackendUnavailableError("not here"))
    with contextlib.closing(TerminalVectorEnv(1, tasks=TASKS)) as envs, pytest.raises(BackendUnavailableError):
        envs.reset()
    assert backend.left == 8


def test_a_verifier_that_fails_ends_the_episode_as_invalid() -> None:
    def broken(evidence: Evidence) -> Sequence[Check]:
        raise ZeroDivisionError

    task = replace(TASKS[0], verifier=EvidenceVerifier((OUT,), broken))
    with contextlib.closing(TerminalVectorEnv(1, tasks=[task])) as envs:
        envs.reset()
        _, rewards, _, truncated, infos = envs.step(["submit"])
        assert (rewards[0], truncated[0], infos["valid"][0]) == (0.0, True, False)
        assert infos["error"][0].startswith("VerifierError: ")


def vector_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("selftrain-vector")]


def test_closing_ends_sandboxes_and_threads(envs: TerminalVectorEnv) -> None:
    envs.reset()
    envs.step(["sleep 7654.5 &"] * 4)
    assert vector_threads()
    envs.close()
    envs.close()
    assert not vector_threads()
    running = [p.info["cmdline"] for p in psutil.process_iter(["cmdline", "status"]) if p.info["status"] != "zombie"]
    assert ["sleep", "7654.5"] not in running

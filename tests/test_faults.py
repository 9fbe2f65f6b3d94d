"""Faults around the agent: what breaks is never an observation, never a reward, and leaves nothing behind.

The faults that need a docker daemon of their own are in `test_faults_docker.py`. A kill between verdict and record is
in `test_rollout.py`, a full or read-only disk and a second start on one directory are in `test_records.py`.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from selftrain.agents import rollout as rollout_module
from selftrain.agents.rollout import rollout
from selftrain.envs.terminal import TerminalEnv
from selftrain.envs.verifiers import TrialVerifier, function_case
from selftrain.errors import BackendUnavailableError, SandboxError
from selftrain.records import read_records
from selftrain.sandboxes import Backend, make_backend
from selftrain.tasks import Limits, Task

pytestmark = pytest.mark.alone  # it kills processes and counts what is left on the machine

CROWD_SECONDS = 20.0
CROWD = 32
RESETS = 300

SOURCE = "import time\ndef double(n):\n    time.sleep({pause})\n    return 2 * n\n"
SUBMISSION = "/workspace/double.py"


def trial_task(pause: float = 0.0, seconds: float = 60.0) -> Task:
    """A task whose verifier has to run the submission; the starting file solves it, after `pause` seconds a case."""
    return Task(
        id="faults/train/1/0",
        family="faults",
        level=1,
        instruction=f"{SUBMISSION} must double numbers.",
        verifier=TrialVerifier((SUBMISSION,), (function_case("doubles", SUBMISSION, "double", [21], 42),)),
        files={SUBMISSION: SOURCE.format(pause=pause).encode()},
        tools=("python3",),
        limits=Limits(steps=1000, seconds=seconds, command_seconds=20),
    )


@pytest.fixture
def backend() -> Iterator[Backend]:
    try:
        made = make_backend("bubblewrap")
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    yield made
    made.close()  # the warm pool, so that each test counts only its own processes


@pytest.fixture
def env(backend: Backend) -> Iterator[TerminalEnv]:
    with TerminalEnv(backend="bubblewrap", tasks=[trial_task()]) as made:
        yield made


def sandbox_processes(owner: int | None = None) -> list[psutil.Process]:
    """Everything in the sandboxes of a process, of this one unless told; also what has lost its parent."""
    owner = owner or os.getpid()
    seen = list(psutil.process_iter(["ppid", "cmdline"]))  # one look at all, because a busy machine is slow at it
    inside = {owner}
    for process in sorted(seen, key=psutil.Process.create_time):
        last = (process.info["cmdline"] or [""])[-1]
        if process.info["ppid"] in inside or last.startswith(f"selftrain-sandbox-{owner}-"):
            inside.add(process.pid)
    return [process for process in seen if process.pid in inside - {owner}]


def running(word: str, owner: int | None = None) -> list[psutil.Process]:
    """Those that have `word` as an argument."""
    found = []
    for process in sandbox_processes(owner):
        with contextlib.suppress(psutil.Error):
            if word in process.cmdline():
                found.append(process)
    return found


def wait_until(true: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this takes too long"
        time.sleep(0.01)


def monitor_and_first(process: psutil.Process) -> tuple[psutil.Process, psutil.Process]:
    """The bwrap that waits outside, and PID 1 of the sandbox that `process` runs in."""
    line = [process, *process.parents()]
    outside = line.index(psutil.Process()) - 1
    return line[outside], line[outside - 1]


def in_thread(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_killed_sandbox_is_no_observation_and_its_command_dies(env: TerminalEnv) -> None:
    env.reset()
    word = str(random.randrange(10**8, 10**9))

    def kill() -> None:
        wait_until(lambda: running(word))
        monitor_and_first(running(word)[0])[1].kill()

    killer, began = in_thread(kill), time.monotonic()
    with pytest.raises(SandboxError):
        env.step(f"sleep {word}")
    assert time.monotonic() - began < 5
    killer.join()
    wait_until(lambda: not running(word))
    env.reset()
    assert env.step("submit")[1] == 1.0


def test_a_sandbox_outlives_its_killed_client_and_ends_with_the_episode(env: TerminalEnv) -> None:
    env.reset()

    def kill() -> None:
        wait_until(lambda: running("1.234"))
        monitor_and_first(running("1.234")[0])[0].kill()

    killer = in_thread(kill)
    assert env.step("sleep 1.234; echo done")[0].startswith("done\n[exit 0 ")
    killer.join()
    env.step("sleep 1000.25 & :")
    assert running("1000.25")
    assert env.step("submit")[1] == 1.0
    wait_until(lambda: not running("1000.25"))


def test_a_killed_shell_is_the_agent_s_own_affair(env: TerminalEnv) -> None:
    env.reset()
    observation, reward, *_, info = env.step("kill -9 $$")
    assert info["shell_restarted"] and reward == 0.0 and "started again" in observation
    assert env.step("submit")[1] == 1.0


def test_what_a_killed_process_left_is_swept(backend: Backend) -> None:
    word = str(random.randrange(10**8, 10**9))
    code = (
        "from selftrain.sandboxes import make_sandbox\n"
        "boxes = [make_sandbox('bubblewrap') for _ in range(3)]\n"
        f"for box in boxes: box.run('sleep {word} & :')\n"
        "print('up', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None and harness.stdout.readline() == b"up\n"
        assert len(running(word, harness.pid)) == 3
        left = own_things(harness.pid)
        harness.kill()
    assert left["processes"] > 6 and left["folders"] == 1
    began = time.monotonic()
    backend.sweep()
    wait_until(lambda: own_things(harness.pid).items() >= {"processes": 0, "cgroups": 0, "folders": 0}.items(), 5.0)
    assert time.monotonic() - began < 5


def test_a_verifier_that_cannot_start_is_retried_then_set_aside_and_never_a_zero(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    monkeypatch.setattr(rollout_module, "FIRST_WAIT_SECONDS", 0.01)

    class Submitter:
        breaks = True

        def reset(self, seed: int) -> None: ...

        def act(self, observation: Any, info: Any) -> str:
            if self.breaks:
                backend.close()  # nothing warm is left for the verifier
                os.environ["PATH"] = "/nonexistent"
            return "submit"

    def play() -> Any:
        kwargs = {"backend": "bubblewrap"}
        task = [trial_task()]
        return rollout(
            "SelfTrain-Terminal-v0", Submitter, 1, out=tmp_path, env_kwargs=kwargs, tasks=task, progress=False
        )

    try:
        broken = play()
    finally:
        os.environ["PATH"] = path
    assert (broken.score.valid, broken.score.episodes) == (0, 1)
    (record,) = read_records(tmp_path)
    assert (record.reward, record.verdict, record.attempts) == (None, None, rollout_module.ATTEMPTS)
    assert "bubblewrap is not installed" in record.error
    Submitter.breaks = False
    assert (play().score.valid, play().score.passed) == (1, 1)


@pytest.mark.parametrize(("deaths", "reward"), [(1, 1.0), (2, 0.0)])
def test_a_verifier_killed_within_a_case_runs_once_more(backend: Backend, deaths: int, reward: float) -> None:
    def kill() -> None:
        for _ in range(deaths):
            wait_until(lambda: running("/tmp/.case/worker.py"))
            victims = [monitor_and_first(process)[1] for process in running("/tmp/.case/worker.py")]
            for victim in victims:
                victim.kill()
            wait_until(lambda: not any(victim.is_running() for victim in victims))  # noqa: B023  awaited here

    with TerminalEnv(backend="bubblewrap", tasks=[trial_task(pause=3.0)]) as env:
        env.reset()
        killer = in_thread(kill)
        _, paid, _, _, info = env.step("submit")
        killer.join()
    assert paid == reward and info["valid"]
    assert info["why"] == ("" if reward else "doubles: killed_verifier")


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_limits_do_not_follow_the_wall_clock(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """The clock is patched in this process: setting the machine's would break whatever else runs on it."""
    real, real_ns = time.time, time.time_ns
    with TerminalEnv(backend="bubblewrap", tasks=[trial_task(seconds=4.0)]) as env:
        env.reset()
        began = time.monotonic()
        monkeypatch.setattr(time, "time", lambda: real() + jump)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(jump * 1e9))
        _, _, _, truncated, info = env.step("sleep 0.2")
        assert not truncated and not info["timed_out"]
        _, reward, _, truncated, info = env.step("sleep 60")
        assert (truncated, info["truncation"], reward) == (True, "seconds", 1.0)
        assert 3.5 < time.monotonic() - began < 10


KILLER = """
import contextlib, os, psutil, random, sys, time
dice, kills, end = random.Random(12), 0, time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    victims = [p for p in psutil.Process(os.getppid()).children(recursive=True) if p.pid != os.getpid()]
    with contextlib.suppress(psutil.Error, IndexError):
        dice.choice(victims).kill()
        kills += 1
    time.sleep(0.05)
print(kills)
"""


def test_a_crowd_of_sandboxes_killed_at_random_does_no_harm(backend: Backend) -> None:
    backend.close()
    before, stop = own_things(), threading.Event()
    counts, wrong = {"steps": 0, "faults": 0}, []

    def play(number: int) -> None:
        word = f"owner-{number}"
        with TerminalEnv(backend="bubblewrap", tasks=[trial_task()]) as env:
            while not stop.is_set():
                try:
                    env.reset()
                    env.step(f"echo {word} > mine; name={word}")
                    for _ in range(4):
                        seen, reward, *_ = env.step('cat mine; echo "$name"')
                        counts["steps"] += 1
                        if reward or not set(re.findall(r"owner-\d+", seen)) <= {word}:
                            wrong.append(seen)
                except SandboxError:
                    counts["faults"] += 1

    threads = [in_thread(lambda number=number: play(number)) for number in range(CROWD)]
    # a process of its own, because the threads above leave no time for it in this one
    killer = subprocess.run([sys.executable, "-c", KILLER, str(CROWD_SECONDS)], capture_output=True, check=True)
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a worker is stuck"
    backend.close()
    assert wrong == [] and counts["steps"] > 100 and 5 < counts["faults"] <= int(killer.stdout), (wrong, counts)
    with contextlib.suppress(AssertionError):  # the comparison below tells more
        wait_until(lambda: own_things() == before)
    assert own_things() == before


def own_things(owner: int | None = None) -> dict[str, int]:
    """What there is of sandboxes of a process, and this one's descriptors, threads and mounts."""
    name = f"*{owner or os.getpid()}-*"
    return {
        "descriptors": psutil.Process().num_fds(),
        "threads": threading.active_count(),
        "processes": len(sandbox_processes(owner)),
        "mounts": Path("/proc/self/mountinfo").read_text().count("selftrain"),
        "cgroups": sum(len(fnmatch.filter(names, name)) for _, names, _ in os.walk("/sys/fs/cgroup")),
        "folders": sum(1 for _ in Path("/tmp").glob(name)),
    }


def test_many_resets_leave_nothing_behind(env: TerminalEnv, backend: Backend) -> None:
    def play(times: int) -> tuple[dict[str, int], int]:
        for _ in range(times):
            env.reset()
            env.step("echo some work > notes")
        env.close()
        backend.close()
        return own_things(), psutil.Process().memory_info().rss

    before, memory = play(RESETS // 5)
    after, memory_after = play(RESETS)
    assert after == before
    assert memory_after - memory < max(0.02 * memory, 4 << 20), (
        f"{memory_after - memory} bytes more after {RESETS} resets"
    )


def test_steps_from_four_threads_are_one_after_another(env: TerminalEnv) -> None:
    env.reset()
    env.step("echo 0 > count")

    def work() -> None:
        for _ in range(10):
            env.step("n=$(cat count); sleep 0.005; echo $((n + 1)) > count")

    threads = [in_thread(work) for _ in range(4)]
    for thread in threads:
        thread.join()
    observation, *_, info = env.step("cat count")
    assert observation.startswith("40\n") and info["step"] == 42


def test_close_breaks_off_a_step_of_another_thread(env: TerminalEnv) -> None:
    env.reset()
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            env.step("sleep 19.25")
        except SandboxError as error:
            outcome.append(error)

    thread = in_thread(work)
    wait_until(lambda: running("19.25"))
    began = time.monotonic()
    env.close()
    thread.join(20)
    assert time.monotonic() - began < 5 and len(outcome) == 1 and "closed" in str(outcome[0])
    assert running("19.25") == []
    env.reset()
    assert env.step("submit")[1] == 1.0


def test_a_signal_that_ends_the_process_in_the_middle_of_a_step_ends_its_sandboxes() -> None:
    word = str(random.randrange(10**8, 10**9))
    code = (
        "import gymnasium as gym\n"
        "env = gym.make('selftrain:SelfTrain-Terminal-v0', backend='bubblewrap', tasks=['csv-reshape/train/1/0'])\n"
        f"env.reset(); print('up', flush=True); env.step('sleep {word}')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as harness:
        assert harness.stdout is not None and harness.stdout.readline() == b"up\n"
        wait_until(lambda: running(word))
        inside = running(word)
        harness.send_signal(signal.SIGINT)
        assert harness.wait(10) != 0
    _, alive = psutil.wait_procs(inside, timeout=5)
    assert alive == []

"""Faults of the docker daemon, injected into a daemon of our own: never an observation, never a reward."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psutil
import pytest

from selftrain.records import read_records

pytestmark = pytest.mark.alone  # it stops and kills a daemon

IMAGE = "selftrain/terminal:latest"
TASK = "csv-reshape/train/1/0"


def missing() -> str:
    if os.geteuid() != 0:
        return "a daemon of our own needs root"
    if not all(map(shutil.which, ("docker", "dockerd", "containerd"))):
        return "docker, dockerd or containerd is not installed"
    found = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False, timeout=30)
    return "" if found.returncode == 0 else f"{IMAGE} is not built: selftrain images build terminal"


class Daemon:
    """A docker daemon with its own folders, that may be killed and stopped.

    Its containerd is a process beside it, as where systemd starts both: a daemon that has to start its own takes half a
    minute for it when the last one was killed.
    """

    def __init__(self, folder: Path) -> None:
        self.host = f"unix://{folder}/docker.sock"
        self._folder = folder
        (folder / "daemon.json").write_text("{}")
        (folder / "containerd.toml").write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
        command = ["containerd", "--config", f"{folder}/containerd.toml", "--address", f"{folder}/containerd.sock"]
        command += ["--root", f"{folder}/containerd", "--state", f"{folder}/containerd.state"]
        with (folder / "log").open("ab") as log:
            self._containerd = subprocess.Popen(command, stdout=log, stderr=log)
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers; soon after a kill that takes some tries."""
        command = ["dockerd", "-H", self.host, "--pidfile", f"{self._folder}/pid", "--bridge=none", "--iptables=false"]
        command += ["--data-root", f"{self._folder}/data", "--exec-root", f"{self._folder}/exec"]
        command += ["--config-file", f"{self._folder}/daemon.json", "--containerd", f"{self._folder}/containerd.sock"]
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with (self._folder / "log").open("ab") as log:
                self.process = subprocess.Popen(command, stdout=log, stderr=log)
            while self.process.poll() is None and time.monotonic() < end:
                if self.docker("version", check=False).returncode == 0:
                    return
                time.sleep(0.1)
        raise AssertionError((self._folder / "log").read_text()[-2000:])

    def docker(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["docker", "-H", self.host, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=check, timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def keep_containers(self, live_restore: bool) -> None:
        """Whether containers live on without the daemon."""
        (self._folder / "daemon.json").write_text(json.dumps({"live-restore": live_restore}))
        self.process.send_signal(signal.SIGHUP)
        wanted = str(live_restore).lower()
        until(lambda: self.docker("info", "--format", "{{.LiveRestoreEnabled}}").stdout.strip() == wanted)

    def containers(self) -> list[str]:
        return self.docker("ps", "-aq").stdout.split()

    def helpers(self) -> list[psutil.Process]:
        """Its shims, and containerd."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if any(str(self._folder) in word for word in process.cmdline()) and process.pid != self.process.pid:
                    found.append(process)
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(60)
        self._containerd.terminate()
        self._containerd.wait(60)
        for process in self.helpers():
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(self.helpers(), 10)


@pytest.fixture(scope="module")
def shared_daemon() -> Iterator[Daemon]:
    if reason := missing():
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="st-"))  # short, for the sockets' sake
    made = Daemon(folder)
    try:
        with subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE) as saved:
            subprocess.run(["docker", "-H", made.host, "load"], stdin=saved.stdout, check=True, capture_output=True)
        yield made
    finally:
        made.stop()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if line.split()[4].startswith(f"{folder}/"):
                subprocess.run(["umount", "-l", line.split()[4]], check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def daemon(shared_daemon: Daemon) -> Iterator[Daemon]:
    yield shared_daemon
    shared_daemon.process.send_signal(signal.SIGCONT)
    if shared_daemon.process.poll() is not None:
        shared_daemon.start()
    for container in shared_daemon.containers():
        shared_daemon.docker("rm", "-f", container, check=False)


PLAYER = """
import json, sys, time
from selftrain.envs.terminal import TerminalEnv
from selftrain.sandboxes import make_backend
env = TerminalEnv(backend="docker")
doors = {"reset": lambda task: env.reset(options={"task": task}), "step": env.step, "close": env.close,
         "drain": lambda: make_backend("docker").close(), "oracle": lambda: list(env.task.oracle),
         "sweep": lambda: make_backend("docker").sweep()}
print("ready", flush=True)
for line in sys.stdin:
    name, *arguments = json.loads(line)
    began, answer, error = time.monotonic(), None, ""
    try:
        answer = doors[name](*arguments)
    except Exception as caught:
        error = f"{type(caught).__mro__[-4].__name__} {type(caught).__name__}: {caught}"
    print(json.dumps([answer, error, time.monotonic() - began]), flush=True)
"""


class Player:
    """An environment in a process of its own that uses `daemon`, and does what it is told."""

    def __init__(self, daemon: Daemon) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PLAYER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "DOCKER_HOST": daemon.host},
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == "ready\n"

    def send(self, *call: str) -> None:
        assert self.process.stdin is not None
        print(json.dumps(call), file=self.process.stdin, flush=True)

    def receive(self) -> tuple[Any, str, float]:
        assert self.process.stdout is not None
        answer, error, seconds = json.loads(self.process.stdout.readline())
        return answer, error, seconds

    def ask(self, *call: str) -> Any:
        """The answer; an error is one of the test."""
        self.send(*call)
        answer, error, _ = self.receive()
        assert error == "", error
        return answer

    def solve(self, task: str = TASK) -> float:
        """The reward of the oracle in a new episode."""
        self.ask("reset", task)
        for action in [*self.ask("oracle"), "submit"]:
            _, reward, *_ = self.ask("step", action)
        return float(reward)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.communicate(timeout=60)
        self.process.kill()
        self.process.wait()


def until(true: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this takes too long"
        time.sleep(0.1)


def nothing_is_left(daemon: Daemon) -> float:
    """What players could not remove before they ended is found by whoever comes next; returns the seconds it takes."""
    with Player(daemon) as player:
        player.send("sweep")
        _, error, seconds = player.receive()
    assert error == "" and daemon.containers() == []
    return seconds


def is_fault(error: str) -> bool:
    return "SandboxError" in error or "BackendUnavailableError" in error


@pytest.mark.parametrize("live_restore", [False, True])
def test_a_killed_daemon_is_a_fault_and_the_episode_can_be_played_again(daemon: Daemon, live_restore: bool) -> None:
    daemon.keep_containers(live_restore)
    with Player(daemon) as player:
        player.ask("reset", TASK)
        player.send("step", "sleep 25")
        time.sleep(1)
        daemon.kill()
        killed = time.monotonic()
        answer, error, _ = player.receive()
        assert answer is None and is_fault(error) and time.monotonic() - killed < 5
        player.send("reset", TASK)
        answer, error, seconds = player.receive()
        assert answer is None and is_fault(error) and seconds < 25
        daemon.start()
        assert player.solve() == 1.0
    nothing_is_left(daemon)


def test_a_stopped_daemon_holds_up_no_call_for_longer_than_its_deadline(daemon: Daemon) -> None:
    with Player(daemon) as player:
        player.ask("reset", TASK)
        player.ask("drain")  # what is warm could be had without the daemon
        daemon.process.send_signal(signal.SIGSTOP)
        player.send("step", "echo hello")
        answer, error, seconds = player.receive()
        assert seconds < 5 and (is_fault(error) or answer[0].startswith("hello\n[exit 0 "))
        player.send("reset", TASK)
        answer, error, seconds = player.receive()
        assert answer is None and is_fault(error) and seconds < 60
        daemon.process.send_signal(signal.SIGCONT)
        assert player.solve() == 1.0
    nothing_is_left(daemon)


def test_a_killed_shim_is_a_fault_and_leaves_no_process(daemon: Daemon) -> None:
    with Player(daemon) as player:
        player.ask("reset", TASK)
        player.send("step", "sleep 24.75")
        time.sleep(1)
        shims = [process for process in daemon.helpers() if "containerd-shim" in process.name()]
        inside = [child for shim in shims for child in shim.children(recursive=True)]
        assert any("24.75" in process.cmdline() for process in inside)
        for shim in shims:
            shim.kill()
        killed = time.monotonic()
        answer, error, _ = player.receive()
        assert answer is None and is_fault(error) and time.monotonic() - killed < 5
        assert psutil.wait_procs(inside, 10)[1] == []
        assert player.solve() == 1.0


def test_what_a_killed_process_left_is_swept(daemon: Daemon) -> None:
    with Player(daemon) as first:
        first.ask("reset", TASK)
        assert daemon.containers()
        first.process.kill()
    assert nothing_is_left(daemon) < 5


def test_an_image_that_changes_before_the_verdict_is_a_fault(daemon: Daemon) -> None:
    task = "python-bug/train/1/0"  # its verifier has to run the submission in a fresh sandbox
    image = daemon.docker("image", "inspect", "--format", "{{.Id}}", IMAGE).stdout.strip()
    with Player(daemon) as player:
        for other in ("changed", "missing"):
            assert player.solve(task) == 1.0
            player.ask("reset", task)
            player.ask("drain")
            if other == "changed":
                subprocess.run(
                    ["docker", "-H", daemon.host, "import", "-", IMAGE],
                    input=bytes(1024),
                    check=True,
                    capture_output=True,
                )
            else:
                daemon.docker("rmi", "-f", IMAGE, check=False)
            player.send("step", "submit")
            answer, error, _ = player.receive()
            daemon.docker("tag", image, IMAGE)
            assert answer is None and "SandboxError" in error and "was sha256" in error


def test_a_rollout_outlives_its_daemon(daemon: Daemon, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom selftrain.agents.rollout import rollout\n"
        f"rollout('SelfTrain-Terminal-v0', 'oracle', 8, parallel=2, out={str(tmp_path)!r}, tasks=[{TASK!r}],"
        " env_kwargs={'backend': 'docker'}, progress=False)"
    )
    with subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "DOCKER_HOST": daemon.host}) as player:
        journal = tmp_path / "episodes.jsonl"
        until(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 2, 60)
        daemon.kill()
        time.sleep(1)
        daemon.start()
        assert player.wait(120) == 0
    records = list(read_records(tmp_path))
    assert sorted(record.episode for record in records) == list(range(8))
    assert [(record.reward, record.error) for record in records] == [(1.0, "")] * 8
    assert any(record.attempts > 1 for record in records)

"""What is bubblewrap's own: its pool, its limits, what it leaves behind, and what it says when it cannot start.

The behaviours that it shares with every backend are in `test_conformance.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from selftrain.errors import OptionError
from selftrain.evidence import MIB
from selftrain.sandboxes import SandboxLimits, SandboxSpec
from selftrain.sandboxes.bubblewrap import BubblewrapBackend
from selftrain.sandboxes.cgroups import Cgroup, find_cgroup_home
from selftrain.sandboxes.pool import WarmPool
from selftrain.sandboxes.processes import all_pids
from selftrain.sandboxes.seccomp import REFUSED, seccomp_program

pytestmark = pytest.mark.alone  # it counts what is left on the machine


@pytest.fixture(scope="module")
def backend() -> Iterator[BubblewrapBackend]:
    made = BubblewrapBackend()
    reason = made.available()
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield made
    made.close()


def leftovers() -> dict[str, int]:
    """What sandboxes take of this machine and of this process."""
    home = find_cgroup_home()
    own = f"{os.getpid()}-"
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "cgroups": sum(name.startswith(own) for name in home.names()) if home else 0,
        "processes": sum(f"selftrain-sandbox-{own}".encode() in _command_line(pid) for pid in all_pids()),
    }


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_many_episodes_leave_nothing() -> None:
    backend = BubblewrapBackend()
    backend.create(SandboxSpec()).close()
    backend.close()
    before = leftovers()
    for number in range(40):
        sandbox = backend.create(SandboxSpec(files={"/workspace/number": b"%d" % number}))
        sandbox.run("cat number; (setsid sleep 1000 &); mkdir -p /tmp/x")
        if number % 4 == 0:
            sandbox.export(["/workspace"])
        elif number % 4 == 1:
            sandbox.recycle()
        sandbox.close()
    backend.close()
    assert leftovers() == before


def test_the_pool_hands_out_what_is_warm_and_never_twice(backend: BubblewrapBackend) -> None:
    spec = SandboxSpec(env={"KIND": "pool"})
    backend.create(spec).close()
    time.sleep(0.5)
    begin = time.perf_counter()
    one = backend.create(spec)
    seconds = time.perf_counter() - begin
    two = backend.create(SandboxSpec(env={"KIND": "pool"}, files={"/workspace/x": b"x"}))
    one.run("touch mine")
    assert two.run("ls; echo $KIND").output == b"x\npool\n"
    one.close()
    two.close()
    assert seconds < 0.1


def test_a_pool_replaces_what_has_died_and_survives_failures() -> None:
    started: list[int] = []
    stopped: list[int] = []
    dead: set[int] = set()

    def start(spec: SandboxSpec) -> int:
        started.append(len(started))
        if len(started) == 2:
            raise RuntimeError("cannot start now")
        return started[-1]

    pool = WarmPool(start, stopped.append, lambda one: one not in dead, size=2)
    assert pool.take(SandboxSpec()) == 0
    time.sleep(0.1)
    taken = pool.take(SandboxSpec())
    time.sleep(0.1)
    dead.update(range(len(started)))
    fresh = pool.take(SandboxSpec())
    assert fresh not in dead
    pool.close()
    assert {*stopped, 0, taken, fresh} == {number for number in started if number != 1}


def test_sandboxes_of_a_killed_owner_are_swept(backend: BubblewrapBackend) -> None:
    program = """
        import os, signal
        from selftrain.sandboxes import SandboxSpec
        from selftrain.sandboxes.bubblewrap import BubblewrapBackend
        sandbox = BubblewrapBackend().create(SandboxSpec())
        sandbox.run("while :; do :; done & sleep 0; trap '' TERM; (setsid sleep 1000 &)")
        print(sandbox._box.tree.root, flush=True)
        try:
            sandbox.run("while :; do :; done", 1000)
        finally:
            os._exit(0)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    first = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert backend.sweep() >= 1
    deadline = time.monotonic() + 5
    while Path(f"/proc/{first}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{first}").exists()
    home = find_cgroup_home()
    assert home is None or not any(name.startswith(f"{owner.pid}-") for name in home.names())
    assert not list(Path("/tmp").glob(f"selftrain-state-{owner.pid}-*"))


def test_closing_frees_a_thread_that_waits(backend: BubblewrapBackend) -> None:
    sandbox = backend.create(SandboxSpec())
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            sandbox.run("sleep 1000", 60)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.2)
    sandbox.close()
    thread.join(5)
    assert not thread.is_alive()
    assert "closed" in str(errors[0])


def test_the_host_system_is_shown_without_its_own_things(backend: BubblewrapBackend) -> None:
    sandbox = backend.create(SandboxSpec(tools=("bash", "ls")))
    shown = sandbox.run("ls -A /usr/local /var /run /root; ls -d /opt /srv /mnt /work 2>/dev/null; cat /etc/hostname")
    sandbox.close()
    assert shown.output == b"/root:\n\n/run:\n\n/usr/local:\n\n/var:\nsandbox\n"


@pytest.mark.parametrize("folder", ["relative", "/dev/x", "/proc", "/workspace/../etc"])
def test_impossible_writable_folders_are_refused(backend: BubblewrapBackend, folder: str) -> None:
    with pytest.raises(OptionError, match="writable folder"):
        backend.create(SandboxSpec(writable=(folder,)))


def test_writable_folders_may_lie_inside_the_system(backend: BubblewrapBackend) -> None:
    sandbox = backend.create(SandboxSpec(writable=("/srv/app/data", "/usr/share/mine")))
    assert sandbox.run("pwd; touch /usr/share/mine/x; test -e /usr/share/zoneinfo/UTC").exit_code == 0
    assert sandbox.run("touch /usr/share/y").exit_code != 0
    sandbox.close()


def test_a_sandbox_that_ran_out_of_memory_can_still_be_judged(backend: BubblewrapBackend) -> None:
    home = find_cgroup_home()
    if home is None:
        pytest.skip("memory of all processes together is bounded by cgroups alone")
    limits = SandboxLimits(memory_bytes=48 * MIB, disk_bytes=2 * MIB)
    sandbox = backend.create(SandboxSpec(limits=limits, tools=("python3",)))
    sandbox.run("echo mine > answer")
    hog = "python3 -c 'import time; x = bytearray(30 << 20); time.sleep(2)'"
    sandbox.run(f"for i in 1 2 3 4 5 6 7 8; do {hog} & done; wait", 6)
    sandbox.run("true")
    assert sandbox.export(["/workspace"]).get("/workspace/answer") == b"mine\n"
    sandbox.close()


def test_snapshots_are_quick(backend: BubblewrapBackend) -> None:
    sandbox = backend.create(SandboxSpec())
    sandbox.run("for i in {1..1000}; do head -c 10240 /dev/zero > $i; done", 30)
    begin = time.perf_counter()
    snapshot = sandbox.snapshot()
    copy = backend.restore(snapshot)
    seconds = time.perf_counter() - begin
    assert copy.run("ls | wc -l").output == b"1000\n"
    copy.close()
    sandbox.close()
    assert seconds < 2, "50 ms on a quiet machine"


def test_without_bubblewrap_the_way_to_get_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install bubblewrap" in (BubblewrapBackend().available() or "")


def test_the_filter_is_a_program_for_each_processor() -> None:
    x86, arm = seccomp_program("x86_64"), seccomp_program("aarch64")
    assert len(x86) % 8 == len(arm) % 8 == 0
    assert len(x86) > len(arm) > 8 * len(REFUSED)
    assert seccomp_program("vax") == b""


def test_cgroups_of_version_2_get_their_limits(tmp_path: Path) -> None:
    folder = tmp_path / "group"
    folder.mkdir()
    group = Cgroup(2, dict.fromkeys(("memory", "pids", "cpu"), folder))
    group.set_limits(SandboxLimits(memory_bytes=1000, processes=10, cpus=1.5), 24)
    group.attach(77)
    written = {path.name: path.read_text() for path in folder.iterdir()}
    wanted = {"memory.max": "1024", "memory.swap.max": "0", "pids.max": "11", "cpu.max": "150000 100000"}
    assert written == wanted | {"cgroup.procs": "77"}
    (folder / "memory.events").write_text("low 0\noom_kill 3\n")
    assert (group.kills_for_memory(), group.pids()) == (3, [77])


def test_a_signal_to_our_group_spares_the_sandboxes(backend: BubblewrapBackend) -> None:
    program = """
        import os, signal
        from selftrain.sandboxes import SandboxSpec
        from selftrain.sandboxes.bubblewrap import BubblewrapBackend
        backend = BubblewrapBackend()
        sandbox = backend.create(SandboxSpec())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.killpg(0, signal.SIGINT)
        print(sandbox.run("echo on"))
        sandbox.close()
        backend.close()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, start_new_session=True, check=True, timeout=60)
    assert b"on" in done.stdout

"""What our own sandboxes cost under load: memory, numbers, throughput, branch points, trials, left-overs."""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.errors import SandboxError
from selftrain.evidence import MIB, Evidence, EvidenceFile
from selftrain.sandboxes import Backend, SandboxSpec
from selftrain.sandboxes.conformance_tools import first_process, namespace_members, pid_namespace
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput

STEPS = 10


def memory_mib(backend: Backend, count: int) -> float:
    """Proportional memory of one sandbox's processes and of the monitor that started them, over `count` live ones."""
    with ExitStack() as stack:
        total = 0
        for _ in range(count):
            sandbox = backend.create(SandboxSpec())
            stack.callback(sandbox.close)
            namespace = pid_namespace(sandbox)
            monitor = psutil.Process(first_process(namespace)).ppid()
            processes = {*namespace_members(namespace), monitor} - {os.getpid()}
            total += sum(psutil.Process(pid).memory_full_info().pss for pid in processes)
    return total / count / MIB


def live_at_once(backend: Backend, count: int) -> int:
    """How many of `count` live sandboxes answer a step while all the others live."""
    with ExitStack() as stack:
        sandboxes = []
        for _ in range(count):
            sandboxes.append(backend.create(SandboxSpec()))
            stack.callback(sandboxes[-1].close)
        return sum(box.run(f"echo {number}").output == b"%d\n" % number for number, box in enumerate(sandboxes))


def _episode(backend: Backend) -> None:
    sandbox = backend.create(SandboxSpec())
    try:
        for number in range(STEPS):
            if sandbox.run(f"echo {number}").output != b"%d\n" % number:
                raise SandboxError("a step gave a wrong answer")
    finally:
        sandbox.close()


def episodes_per_second(backend: Backend, threads: int, episodes: int) -> float:
    """Episodes of ten builtin steps, each in a sandbox of its own, from `threads` threads."""
    with ThreadPoolExecutor(threads) as pool:
        begin = time.perf_counter()
        list(pool.map(_episode, [backend] * episodes))
        return episodes / (time.perf_counter() - begin)


def snapshot_milliseconds(backend: Backend, rounds: int) -> float:
    """Snapshot of 10 MB in 1,000 files, and restoring it up to the first answer."""
    times = []
    sandbox = backend.create(SandboxSpec())
    try:
        made = sandbox.run("for i in {1..1000}; do head -c 10000 /dev/urandom > $i; done; ls | wc -l", 60.0)
        if made.output != b"1000\n":
            raise SandboxError(f"the files could not be made: {made}")
        for _ in range(rounds):
            begin = time.perf_counter()
            copy = backend.restore(sandbox.snapshot())
            try:
                found = copy.run("echo *").output
                times.append(1000 * (time.perf_counter() - begin))
            finally:
                copy.close()
            if len(found.split()) != 1000:
                raise SandboxError(f"{len(found.split())} files of 1000 were restored")
    finally:
        sandbox.close()
    return statistics.median(times)


_PROGRAM = b"#!/bin/bash\nread -r line\nprintf '%s\\n' \"$((line * line))\"\n"
_CASES = [CaseInput("./square.sh", stdin=b"%d\n" % number) for number in range(8)]


def trial_overhead_milliseconds(backend: Backend, rounds: int) -> float:
    """What judging in a clean room costs above running the same eight cases in one sandbox that is already there."""
    path = "/workspace/square.sh"
    spec = SandboxSpec(files={path: _PROGRAM}, modes={path: 0o755})
    task = Task(instruction="Square a number.", verifier=EvidenceVerifier((), lambda evidence: []))
    evidence = Evidence({path: EvidenceFile(_PROGRAM, 0o755)})
    room = SandboxCleanRoom(backend)
    sandbox = backend.create(spec)
    try:
        above = []
        for _ in range(rounds):
            begin = time.perf_counter()
            for case in _CASES:
                sandbox.run(f"{case.command} <<< {case.stdin.decode().strip()}")
            direct = time.perf_counter() - begin
            time.sleep(0.2)  # the warm pool fills up, as it does during an episode
            begin = time.perf_counter()
            outputs = list(room.run_cases(evidence, task, _CASES))
            above.append(1000 * (time.perf_counter() - begin - direct))
            if [int(output.stdout) for output in outputs] != [number**2 for number in range(8)]:
                raise SandboxError(f"the trial gave {outputs}")
    finally:
        sandbox.close()
    return statistics.median(above)


def _held() -> dict[str, int]:
    """What this process holds, on its own account and by name on the machine."""
    me = psutil.Process()
    named = [Path(tempfile.gettempdir()), Path("/dev/shm"), Path("/run"), *Path("/sys/fs/cgroup").glob("**/selftrain")]
    ours = [
        entry for folder in named if folder.is_dir() for entry in folder.iterdir() if f"-{me.pid}-" in f"-{entry.name}"
    ]
    return {
        "processes": len(me.children(recursive=True)),
        "threads": threading.active_count(),
        "descriptors": me.num_fds(),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "files and cgroups": len(ours),
    }


def left_over(backend: Backend, episodes: int) -> dict[str, int]:
    """By how much what this process holds has grown after many episodes."""
    episodes_per_second(backend, 8, 40)
    time.sleep(1.0)  # the warm pool is as full before as after
    before = _held()
    episodes_per_second(backend, 8, episodes)
    time.sleep(1.0)
    after = _held()
    return {name: after[name] - before[name] for name in before if after[name] > before[name]}

"""Behaviours of a sandbox's life: what is refused, threads, faults from outside, and what is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

from selftrain.errors import ImageMissingError, MissingToolError, SandboxError
from selftrain.sandboxes.base import Backend, Result, Sandbox, SandboxLimits
from selftrain.sandboxes.conformance_tools import (
    PROMPT,
    NotApplicableError,
    answer,
    equal,
    eventually,
    first_process,
    fresh,
    namespace_members,
    on_backend,
    on_sandbox,
    pid_namespace,
    require,
    spec_of,
    still_works,
)


@on_backend
def a_backend_describes_itself(backend: Backend) -> None:
    """A backend has a name and a default image, is available, and says of each limit what enforces it."""
    require(backend.name and backend.default_image, f"Name {backend.name!r}, default image {backend.default_image!r}")
    equal(backend.available(), None, "available()")
    how = backend.limits_in_force()
    equal(sorted(how), sorted(field.name for field in fields(SandboxLimits)), "limits that are described")
    require(all(how.values()), f"A limit is described by nothing: {dict(how)}")


@on_backend
def missing_tools_are_refused(backend: Backend) -> None:
    """A sandbox without a tool that the spec names is refused, with the tool's name and a way out."""
    try:
        backend.create(spec_of(tools=("bash", "no-such-tool-anywhere"))).close()
    except MissingToolError as error:
        require("no-such-tool-anywhere" in str(error), f"The error does not name the tool: {error}")
        require(len(str(error).split()) > 6, f"The error names no way out: {error}")
        require("bash" not in str(error).replace("bash:", "").split(), f"The error names a tool that is there: {error}")
        return
    raise AssertionError("A sandbox without the tool is handed out")


@on_backend
def unknown_images_are_refused(backend: Backend) -> None:
    """An image that is not built is refused, with its name and the command that builds it."""
    try:
        backend.create(spec_of(image="no-such-image")).close()
    except ImageMissingError as error:
        require("no-such-image" in str(error) and "build" in str(error), f"The error is no help: {error}")
        return
    raise AssertionError("A sandbox from an unknown image is handed out")


@on_backend
def specs_that_cannot_be_met_leave_nothing(backend: Backend) -> None:
    """A spec with a file outside the writable folders is refused, and later sandboxes work."""
    for path in ("/etc/passwd", "/workspace/../etc/x", "relative"):
        try:
            backend.create(spec_of(files={path: b"x"})).close()
        except (OSError, ValueError, SandboxError):
            continue
        raise AssertionError(f"A spec with a file at {path!r} is accepted")
    with fresh(backend) as sandbox:
        still_works(sandbox)


@on_backend
def the_spec_is_kept(backend: Backend) -> None:
    """`Sandbox.spec` is the spec that was asked for."""
    spec = spec_of(env={"A": "b"}, files={"/workspace/x": b"y"}, processes=99)
    sandbox = backend.create(spec)
    try:
        equal(sandbox.spec, spec, "spec of the sandbox")
    finally:
        sandbox.close()


def _raises(call: Callable[[], object], what: str) -> None:
    """Require a `SandboxError`."""
    try:
        got = call()
    except SandboxError:
        return
    raise AssertionError(f"{what} gives {got!r:.200} where SandboxError is due")


@on_sandbox()
def closing_is_final_and_idempotent(sandbox: Sandbox) -> None:
    """Closing twice is fine, and every other call on a closed sandbox raises SandboxError."""
    sandbox.close()
    sandbox.close()
    _raises(lambda: sandbox.run("true"), "run() on a closed sandbox")
    _raises(lambda: sandbox.read("/workspace/x"), "read() on a closed sandbox")
    _raises(lambda: sandbox.write("/workspace/x", b""), "write() on a closed sandbox")
    _raises(lambda: sandbox.export(["/workspace"]), "export() on a closed sandbox")
    _raises(sandbox.snapshot, "snapshot() on a closed sandbox")
    _raises(sandbox.recycle, "recycle() on a closed sandbox")


@on_sandbox()
def an_ended_sandbox_can_be_closed(sandbox: Sandbox) -> None:
    """A sandbox whose shell was killed, or which was exported, can be closed at once."""
    sandbox.run("(setsid sleep 1000 &) ; kill -9 $$", PROMPT)
    sandbox.export(["/workspace"])
    begin = time.monotonic()
    sandbox.close()
    require(time.monotonic() - begin < 5, "Closing took more than 5 s")


@on_sandbox()
def closing_ends_a_running_step(sandbox: Sandbox) -> None:
    """Closing from another thread ends a running step with SandboxError, soon."""
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(sandbox.run, "sleep 1000", 30.0)
        time.sleep(0.3)
        begin = time.monotonic()
        sandbox.close()
        require(time.monotonic() - begin < 5, "Closing took more than 5 s")
        _raises(lambda: running.result(timeout=5), "A step during which the sandbox was closed")


@on_sandbox()
def threads_take_turns(sandbox: Sandbox) -> None:
    """Calls from four threads are served one after another, each with its own output and exit code."""

    def steps(thread: int) -> list[Result]:
        return [sandbox.run(f"printf {thread}-{step}; (exit {thread})", PROMPT) for step in range(15)]

    with ThreadPoolExecutor(4) as threads:
        for thread, results in enumerate(threads.map(steps, range(4))):
            outputs = [(result.output.decode(), result.exit_code) for result in results]
            equal(outputs, [(f"{thread}-{step}", thread) for step in range(15)], f"results of thread {thread}")


@on_sandbox()
def threads_may_mix_calls(sandbox: Sandbox) -> None:
    """Steps, reads, writes and snapshots from several threads at once do not disturb each other."""

    def files(thread: int) -> None:
        for step in range(8):
            data = f"{thread}-{step}".encode()
            sandbox.write(f"/workspace/{thread}", data)
            equal(sandbox.read(f"/workspace/{thread}"), data, "a file beside other threads")
            equal(answer(sandbox, f"cat /workspace/{thread}"), data, "a file in the shell beside other threads")
            if step == 4:
                sandbox.snapshot()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(files, range(4)))


@on_backend
def sandboxes_can_be_made_at_once(backend: Backend) -> None:
    """Sandboxes can be made, used and closed from several threads at once."""

    def life(number: int) -> bytes:
        with fresh(backend) as sandbox:
            return answer(sandbox, f"echo {number}; ls -A")

    with ThreadPoolExecutor(6) as threads:
        equal(list(threads.map(life, range(12))), [b"%d\n" % number for number in range(12)], "answers")


def _kill_from_outside(namespace: str) -> None:
    for pid in (first_process(namespace), *namespace_members(namespace)):
        with contextlib.suppress(ProcessLookupError):
            try:
                os.kill(pid, signal.SIGKILL)
            except PermissionError as error:
                raise NotApplicableError("this user may not kill the sandbox's processes") from error
    eventually(lambda: not namespace_members(namespace), "the killed sandbox still has processes")


@on_backend
def a_killed_sandbox_raises(backend: Backend) -> None:
    """A sandbox that is killed from outside raises SandboxError from then on, and never gives an exit code."""
    with fresh(backend) as sandbox:
        _kill_from_outside(pid_namespace(sandbox))
        _raises(lambda: sandbox.run("true", 5.0), "The first step after the kill")
        _raises(lambda: sandbox.run("true", 5.0), "The second step after the kill")
        _raises(sandbox.snapshot, "snapshot() after the kill")
    with fresh(backend) as sandbox:
        still_works(sandbox)


@on_backend
def a_sandbox_killed_during_a_step_raises(backend: Backend) -> None:
    """A step during which the sandbox is killed from outside raises SandboxError within seconds."""
    with fresh(backend) as sandbox, ThreadPoolExecutor(1) as threads:
        namespace = pid_namespace(sandbox)
        running = threads.submit(sandbox.run, "echo begun; sleep 1000", 30.0)
        time.sleep(0.3)
        _kill_from_outside(namespace)
        begin = time.monotonic()
        _raises(lambda: running.result(timeout=8), "The step during which the sandbox was killed")
        require(time.monotonic() - begin < 5, "The step noticed the kill after more than 5 s")


@on_backend
def closing_leaves_no_processes(backend: Backend) -> None:
    """No process of a closed sandbox is left on the host, nor one that had hidden from its shell."""
    with fresh(backend) as sandbox:
        namespace = pid_namespace(sandbox)
        answer(sandbox, "(setsid bash -c 'trap \"\" TERM; while :; do sleep 0.1; done' >/dev/null 2>&1 &) ; true")
    eventually(lambda: not namespace_members(namespace), "processes of a closed sandbox are left")


@on_backend
def closing_leaves_no_cgroups(backend: Backend) -> None:
    """Cgroups that a sandbox had for itself are removed."""
    with fresh(backend) as sandbox:
        pid = first_process(pid_namespace(sandbox))
        own = set(Path("/proc/self/cgroup").read_text().splitlines())
        groups = set(Path(f"/proc/{pid}/cgroup").read_text().splitlines()) - own
        folders = [folder for line in groups for folder in _cgroup_folders(line)]
    eventually(lambda: not any(folder.exists() for folder in folders), f"cgroups are left: {folders}")


@on_backend
def closing_leaves_no_mounts(backend: Backend) -> None:
    """Layered file systems that a sandbox had for itself are mounted nowhere on the host."""
    with fresh(backend) as sandbox:
        inside = answer(sandbox, "cat /proc/self/mountinfo").decode("utf-8", "surrogateescape").splitlines()
    # told by their layers, since device numbers are soon given to others
    described = [line.partition(" - ")[2] for line in inside]
    own = {text.split()[2] for text in described if text.startswith("overlay ")}

    def left() -> set[str]:
        return {layers for layers in own if layers in Path("/proc/self/mountinfo").read_text(errors="surrogateescape")}

    eventually(lambda: not left(), f"file systems of a closed sandbox are mounted: {left()}")


def _cgroup_folders(line: str) -> list[Path]:
    """Folders of one line of /proc/PID/cgroup, in the hierarchies of both versions."""
    _, controllers, path = line.split(":", 2)
    roots = [Path("/sys/fs/cgroup") / part for part in (controllers, *controllers.split(","), "unified", "")]
    found = [Path(f"{root}{path}") for root in roots]
    return [folder for folder in dict.fromkeys(found) if path != "/" and folder.exists()]


def _held() -> tuple[int, int]:
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


@on_backend
def lives_leave_no_descriptors_and_threads(backend: Backend) -> None:
    """Ten sandboxes made, used, exported and closed leave no descriptor or thread in this process."""
    if not Path("/proc/self/fd").exists():
        raise NotApplicableError("the host has no /proc/self/fd to count descriptors in")

    def lives(count: int) -> None:
        for _ in range(count):
            with fresh(backend) as sandbox:
                sandbox.run("exit 1", PROMPT)
                sandbox.run("sleep 5", 0.01)
                sandbox.export(["/workspace"])

    lives(2)
    time.sleep(1.0)  # a pool refills to the same level before and after
    before = _held()
    lives(10)
    eventually(lambda: all(map(int.__le__, _held(), before)), f"descriptors and threads grew from {before}: {_held()}")


@on_backend
def refused_sandboxes_leave_no_descriptors(backend: Backend) -> None:
    """Ten sandboxes that could not be made leave no descriptor or thread in this process."""

    def refusals(count: int) -> None:
        for _ in range(count):
            with contextlib.suppress(MissingToolError):
                backend.create(spec_of(tools=("no-such-tool-anywhere",))).close()

    refusals(1)
    time.sleep(0.5)
    before = _held()
    refusals(10)
    eventually(lambda: all(map(int.__le__, _held(), before)), f"descriptors and threads grew from {before}: {_held()}")


@on_backend
def sweeping_spares_the_living(backend: Backend) -> None:
    """`sweep` removes nothing that is in use."""
    with fresh(backend) as sandbox:
        answer(sandbox, "x=1; echo y > file")
        backend.sweep()
        equal(answer(sandbox, "echo $x; cat file"), b"1\ny\n", "state after a sweep")
    require(backend.sweep() >= 0, "sweep() gives no count")

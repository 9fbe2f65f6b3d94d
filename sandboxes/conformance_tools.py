"""What the behaviours of the conformance suite are made of: their table, fresh sandboxes, telling assertions."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from selftrain.sandboxes.base import Backend, Result, Sandbox, SandboxLimits, SandboxSpec

BackendCheck = Callable[[Backend], None]
SandboxCheck = Callable[[Sandbox], None]

# a step that should answer at once is given this long: enough for a loaded machine, too short for a hang to pass
PROMPT = 10.0


class NotApplicableError(Exception):
    """This behaviour cannot be examined here, for example because no such limit is enforced."""


@dataclass(frozen=True)
class Behaviour:
    """One thing that every backend must do.

    Attributes:
        name: the function's name.
        group: what it is about, for reports.
        says: the promise in one sentence.
        check: raises AssertionError when the promise is broken.
    """

    name: str
    group: str
    says: str
    check: BackendCheck


BEHAVIOURS: dict[str, Behaviour] = {}


def _enter(function: Callable[..., None], check: BackendCheck) -> None:
    name = function.__name__
    if name in BEHAVIOURS:
        raise ValueError(f"Two behaviours are named {name!r}: rename one.")
    group = function.__module__.rpartition("_")[2]
    BEHAVIOURS[name] = Behaviour(name, group, (function.__doc__ or "").split("\n", 1)[0], check)


def on_backend(check: BackendCheck) -> BackendCheck:
    """Enter a behaviour that makes its own sandboxes."""
    _enter(check, check)
    return check


def on_sandbox(**parts: Any) -> Callable[[SandboxCheck], SandboxCheck]:
    """Enter a behaviour of one fresh sandbox; `parts` are fields of its spec, or of its limits."""

    def enter(check: SandboxCheck) -> SandboxCheck:
        def on_fresh(backend: Backend) -> None:
            with fresh(backend, **parts) as sandbox:
                check(sandbox)

        _enter(check, on_fresh)
        return check

    return enter


def spec_of(**parts: Any) -> SandboxSpec:
    """A spec from fields of `SandboxSpec` and of `SandboxLimits`, mixed."""
    limits = {name: parts.pop(name) for name in list(parts) if name in SandboxLimits.__dataclass_fields__}
    return replace(SandboxSpec(), limits=SandboxLimits(**limits), **parts)


@contextmanager
def fresh(backend: Backend, **parts: Any) -> Iterator[Sandbox]:
    """A sandbox that is closed at the end, whatever happens."""
    sandbox = backend.create(spec_of(**parts))
    try:
        yield sandbox
    finally:
        sandbox.close()


def require(condition: object, message: str) -> None:
    """Raise AssertionError with `message` unless `condition` holds, also under `python -O`."""
    if not condition:
        raise AssertionError(message)


def equal(found: object, wanted: object, what: str) -> None:
    """Require that `found` is `wanted`, and show both when it is not."""
    require(found == wanted, f"{what}: wanted {_short(wanted)}, found {_short(found)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:300]} … {text[-300:]} ({len(text)} characters)"


def answer(sandbox: Sandbox, command: str | bytes, timeout: float = PROMPT) -> bytes:
    """Output of a command that has to succeed in time."""
    result = sandbox.run(command, timeout)
    require(not result.timed_out, f"{_short(command)} did not end within {timeout} s: {_short(result)}")
    equal(result.exit_code, 0, f"exit code of {_short(command)} with output {_short(result.output)}")
    return result.output


def still_works(sandbox: Sandbox) -> None:
    """Require that the next steps answer with their own output and exit code."""
    for number in range(2):
        word = token()
        result = sandbox.run(f"printf %s {word}; (exit {number + 4})", PROMPT)
        found = (result.output, result.exit_code, result.timed_out)
        equal(found, (word.encode(), number + 4, False), "output, exit code and timeout of a later step")


def timed(sandbox: Sandbox, command: str, timeout: float = PROMPT) -> tuple[Result, float]:
    """Result of a command, and the seconds that it took."""
    begin = time.monotonic()
    result = sandbox.run(command, timeout)
    return result, time.monotonic() - begin


def token() -> str:
    """A word that occurs nowhere else."""
    return f"mark{uuid.uuid4().hex}"


def marked(word: str, command: str = "sleep 1000") -> str:
    """Shell text that starts `command` in the background as a process called `word`."""
    return f"(exec -a {word} {command}) </dev/null >/dev/null 2>&1 &"


def alive(sandbox: Sandbox, word: str) -> int:
    """How many processes called `word` the sandbox sees."""
    # the brackets keep the pattern from matching the command line that it stands in
    listed = sandbox.run(f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -cx '[{word[0]}]{word[1:]}'")
    return int(listed.output)


def eventually(condition: Callable[[], bool], message: str, seconds: float = 5.0) -> None:
    """Require that `condition` comes true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        require(time.monotonic() < deadline, f"{message} (waited {seconds} s)")
        time.sleep(0.02)


def pid_namespace(sandbox: Sandbox) -> str:
    """Name of the sandbox's pid namespace, the same inside and on the host; its processes can be seen from here."""
    namespace = answer(sandbox, "readlink /proc/self/ns/pid").decode().strip()
    if not namespace_members(namespace):
        raise NotApplicableError("the sandbox's processes cannot be seen from this host")
    return namespace


def namespace_members(namespace: str) -> list[int]:
    """Ids on the host of every process in a pid namespace; those that are dying or dead are left out."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _pid_namespace_at(folder) == namespace]


def _pid_namespace_at(folder: Path) -> str:
    try:
        return str((folder / "ns/pid").readlink())
    except OSError:  # it is another user's, or has ended
        return ""


def first_process(namespace: str) -> int:
    """Id on the host of process 1 of a pid namespace."""
    for pid in namespace_members(namespace):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        ids = next(line for line in lines if line.startswith("NSpid:")).split()
        if ids[-1] == "1":
            return pid
    raise AssertionError(f"The sandbox's pid namespace {namespace} has no process 1")


def enforced(backend: Backend, limit: str) -> None:
    """Leave the behaviour out unless the backend says that it enforces `limit`."""
    how = backend.limits_in_force().get(limit, "none: not listed")
    if how.startswith("none"):
        raise NotApplicableError(f"{limit} is not enforced here ({how})")

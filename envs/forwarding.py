"""A test suite over a submission that it never shares a process, or even a sandbox, with.

The suite runs in one sandbox; the submission is imported in another; the host carries each call between them. The
submission can answer wrongly, but it cannot reach the assertions, the expected values or the report.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from selftrain.envs.verifiers import guarded
from selftrain.errors import VerifierError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Sandbox
from selftrain.tasks import Task
from selftrain.verdicts import Check, CleanRoom, Verdict

GUEST_FOLDER = "/tmp/.forward"


@dataclass(frozen=True)
class Suite:
    """Source of a test module (functions `test_*`, `unittest.TestCase`) and what it imports of the submission."""

    source: str
    modules: tuple[str, ...]
    folder: str = "/workspace"
    seconds: float = 60.0


@dataclass(frozen=True)
class SuiteVerifier:
    """Runs `suite` by forwarding; passes when every test passes."""

    exports: tuple[str, ...]
    suite: Suite

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """One check a test."""

        def checks() -> Sequence[Check]:
            with room.pair(evidence, task) as (trusted, submission):
                return run_suite(self.suite, trusted, submission)

        return guarded(task, evidence, checks)


def run_suite(suite: Suite, trusted: Sandbox, submission: Sandbox) -> list[Check]:
    """Run `suite` in `trusted` against the code in `submission`.

    Raises:
        VerifierError: the trusted side ended without a report. SandboxError: a backend failed.
    """
    deadline = time.monotonic() + suite.seconds
    _start(trusted, "guest_runner.py", suite.modules, {"suite.py": suite.source.encode()})
    _start(submission, "guest_worker.py", (suite.folder,), {})
    message = _exchange(trusted, None, deadline)
    while message is not None and "done" not in message:
        reply = _exchange(submission, message, deadline)
        if reply is None:  # it died, was killed at the deadline, or sent what is no message
            return [Check("suite", False, "timeout" if time.monotonic() >= deadline else "no_result")]
        message = _exchange(trusted, reply, deadline)
    if message is None:
        if time.monotonic() >= deadline:
            return [Check("suite", False, "timeout")]
        raise VerifierError("the test suite ended without a report")
    return [Check(name, passed, why) for name, passed, why in message["done"]]


def _start(sandbox: Sandbox, guest: str, arguments: Sequence[str], extra: dict[str, bytes]) -> None:
    for name in ("guest_values.py", guest):
        extra = {**extra, name: files("selftrain.envs").joinpath(name).read_bytes()}
    for name, data in extra.items():
        sandbox.write(f"{GUEST_FOLDER}/{name}", data)
    listed = " ".join(shlex.quote(argument) for argument in arguments)
    sandbox.run(
        f"cd {GUEST_FOLDER} && mkfifo in out && "
        f"{{ python3 -B {guest} {listed} <in >out 2>/dev/null & exec {{to}}>in {{from}}<out; }}"
    )


def _exchange(sandbox: Sandbox, message: dict[str, Any] | None, deadline: float) -> dict[str, Any] | None:
    """Send `message` (nothing at first) to the guest in `sandbox` and return its next, or None when there is none."""
    send = "" if message is None else f"printf '%s\\n' {shlex.quote(json.dumps(message))} >&$to; "
    result = sandbox.run(
        f"{send}IFS= read -r __line <&$from && printf '%s' \"$__line\"", max(0.1, deadline - time.monotonic())
    )
    if result.exit_code != 0 or result.truncated:
        return None
    try:
        found = json.loads(result.output)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

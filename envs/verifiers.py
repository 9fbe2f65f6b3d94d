"""The two forms of verifier: one judges bytes on the host, the other runs the submission in a clean room.

Neither puts an expected value or a verdict where submitted code runs: the submission only maps an input to an
output, and the comparison happens here, on the host, over plain types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from selftrain.envs.checks import UnreadableError, same_value, strict_json, strict_text, tidy
from selftrain.errors import SelfTrainError, VerifierError
from selftrain.evidence import Evidence
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput, Check, CleanRoom, Verdict

CASE_FOLDER = "/tmp/.case"
_WORKER = f"{CASE_FOLDER}/worker.py"
_RESULT = f"{CASE_FOLDER}/result.json"
_WORKER_SOURCE = b"""\
import importlib.util, json, os, sys
path, function, arguments = json.load(open("/tmp/.case/call.json"))
sys.path.append(os.path.dirname(path))
spec = importlib.util.spec_from_file_location("submission", path)
module = importlib.util.module_from_spec(spec)
sys.modules["submission"] = module
spec.loader.exec_module(module)
value = module
for part in function.split("."):
    value = getattr(value, part)
try:
    frame = {"value": value(*arguments)}
except Exception as error:
    frame = {"raised": type(error).__name__}
with open("/tmp/.case/result.part", "w") as out:
    json.dump(frame, out)
os.replace("/tmp/.case/result.part", "/tmp/.case/result.json")
os._exit(0)  # a thread or child that the submission left running must not hold up the answer
"""


@dataclass(frozen=True)
class EvidenceVerifier:
    """A pure function over exported bytes, with safe parsers only (`selftrain.envs.checks`)."""

    exports: tuple[str, ...]
    judge: Callable[[Evidence], Sequence[Check]]

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge on the host; the clean room is not used."""
        return guarded(task, evidence, lambda: self.judge(evidence))


@dataclass(frozen=True)
class TrialCase:
    """One hidden case: what to run, and a judge that returns "" when its output is right, else a reason class."""

    name: str
    input: CaseInput
    judge: Callable[[CaseOutput], str]


@dataclass(frozen=True)
class TrialVerifier:
    """The contest judge: each case runs on a fresh copy of the submission and is compared on the host.

    Attributes:
        exports: what the submission is.
        cases: hidden cases; all must be right, and the first that is wrong is the last that runs.
        first: checks on the evidence itself, made before anything runs; if one fails, no case runs.
    """

    exports: tuple[str, ...]
    cases: tuple[TrialCase, ...]
    first: Callable[[Evidence], Sequence[Check]] = lambda evidence: ()

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Run the cases in the clean room and judge what comes back."""

        def checks() -> Sequence[Check]:
            early = list(self.first(evidence))
            if not all(check.passed for check in early):
                return early
            with closing(room.run_cases(evidence, task, [case.input for case in self.cases])) as outputs:
                return early + _until_failed(self.cases, outputs)

        return guarded(task, evidence, checks)


def _until_failed(cases: Sequence[TrialCase], outputs: Iterator[CaseOutput]) -> list[Check]:
    """Judge case after case; those after the first that fails are not run, and count as not passed."""
    checks: list[Check] = []
    for case in cases:
        if all(check.passed for check in checks):
            checks.append(_judged(case, next(outputs)))
        else:
            checks.append(Check(case.name, False, "not run"))
    return checks


def guarded(task: Task, evidence: Evidence, checks: Callable[[], Sequence[Check]]) -> Verdict:
    """The verdict over `checks()`; an export over its limits fails, and a broken verifier raises `VerifierError`."""
    if evidence.overrun:
        return Verdict.fail("export", f"too large: {evidence.overrun}")
    try:
        return Verdict.of(checks())
    except SelfTrainError:
        raise
    except Exception as error:  # whatever breaks in a verifier is its own fault, never the agent's 0
        raise VerifierError(f"the verifier of {task.id or 'the task'} failed: {error!r}") from error


def _judged(case: TrialCase, output: CaseOutput) -> Check:
    if output.lost:
        return Check(case.name, False, "killed_verifier")
    reason = "timeout" if output.timed_out else case.judge(output)
    return Check(case.name, not reason, reason)


def function_case(
    name: str,
    path: str,
    function: str,
    arguments: Sequence[Any],
    expected: Any,
    *,
    tolerance: float = 0.0,
    raises: str = "",
    seconds: float = 10.0,
) -> TrialCase:
    """Call `function` of the submitted Python file at `path`; JSON types in and out (a tuple counts as a list).

    Args:
        name: shown in the verdict; must not tell the hidden input.
        function: its name, with dots for attributes.
        arguments: positional arguments, JSON types.
        expected: the right return value, JSON types.
        tolerance: for floats, see `same_value`.
        raises: when given, the class name of the exception that the call must raise instead of returning.
        seconds: wall time for the call.
    """

    def judge(output: CaseOutput) -> str:
        frame = output.files.get(_RESULT)
        if frame is None:
            return "no_result"
        try:
            found = strict_json(frame)
        except UnreadableError:
            return "no_result"
        if not isinstance(found, dict) or len(found) != 1:
            return "no_result"
        if raises:
            return "" if found.get("raised") == raises else "wrong"
        if "value" not in found:
            return "raised"
        return "" if same_value(expected, found["value"], tolerance) else "wrong"

    call = json.dumps([path, function, list(arguments)]).encode()
    files = {_WORKER: _WORKER_SOURCE, f"{CASE_FOLDER}/call.json": call}
    command = f"exec python3 -I -B {_WORKER} >/dev/null 2>&1"
    return TrialCase(name, CaseInput(command, files=files, seconds=seconds, reads=(_RESULT,)), judge)


def command_case(
    name: str,
    case: CaseInput,
    *,
    stdout: str | None = None,
    exit_code: int | None = 0,
    files: dict[str, str] | None = None,
) -> TrialCase:
    """Run a command and compare what it printed, its exit code and the files it wrote.

    Args:
        stdout: expected text, compared as `checks.tidy` does; None when it does not matter.
        exit_code: expected code; None when it does not matter, -1 for "any but 0".
        files: absolute path → expected text of files that it must have written; they are added to the case's reads.
    """
    wanted = files or {}

    def judge(output: CaseOutput) -> str:
        if exit_code == -1 and output.exit_code == 0:
            return "wrong exit code"
        if exit_code not in (None, -1, output.exit_code):
            return "wrong exit code"
        if stdout is not None and not _same_text(output.stdout, stdout):
            return "wrong output"
        for path, text in wanted.items():
            data = output.files.get(path)
            if data is None or not _same_text(data, text):
                return "wrong file"
        return ""

    reads = (*case.reads, *wanted)
    return TrialCase(name, replace(case, reads=reads), judge)


def _same_text(data: bytes, expected: str) -> bool:
    try:
        return tidy(strict_text(data)) == tidy(expected)
    except UnreadableError:
        return False

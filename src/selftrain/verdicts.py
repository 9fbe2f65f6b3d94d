"""Verdicts, and the two protocols that judging needs: the verifier and the clean room it may use."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from selftrain.evidence import Evidence

if TYPE_CHECKING:
    from selftrain.tasks import Task


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `why` names a class of failure; it never quotes hidden cases."""

    name: str
    passed: bool
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """The judgement over one piece of evidence.

    Attributes:
        passed: every check passed; this alone decides the reward.
        score: share of passed checks, 0.0 to 1.0, for reports only.
        checks: what was looked at, in order.
        why: one line on the first failure, or "".
    """

    passed: bool
    score: float
    checks: tuple[Check, ...] = ()
    why: str = ""

    @property
    def reward(self) -> float:
        """The sparse reward: 1.0 for a pass, else 0.0."""
        return 1.0 if self.passed else 0.0

    @classmethod
    def of(cls, checks: Sequence[Check]) -> Verdict:
        """Verdict over checks: passed when there is at least one and none failed."""
        failed = [check for check in checks if not check.passed]
        passed = bool(checks) and not failed
        score = (len(checks) - len(failed)) / len(checks) if checks else 0.0
        why = "" if passed else (f"{failed[0].name}: {failed[0].why}" if failed else "no checks ran")
        return cls(passed=passed, score=score, checks=tuple(checks), why=why)

    @classmethod
    def fail(cls, name: str, why: str) -> Verdict:
        """A fail for one reason, for example an export over its limits."""
        return cls.of([Check(name, False, why)])

    def as_dict(self) -> dict[str, Any]:
        """Plain types, for records and `--json`."""
        return {
            "passed": self.passed,
            "score": self.score,
            "why": self.why,
            "checks": [{"name": c.name, "passed": c.passed, "why": c.why} for c in self.checks],
        }


@dataclass(frozen=True)
class CaseInput:
    """One run inside the clean room: a command over a fresh copy of the submission.

    Attributes:
        command: a bash command line, run in `workdir`; our text, never the submission's.
        stdin: bytes on its standard input.
        files: extra files (absolute path → bytes), put over the copy of the submission.
        modes: permission bits for those of `files` that need other than 0o644.
        seconds: wall time after which it is killed.
        reads: paths read after the run into `CaseOutput.files`; a folder is exported whole, with modes and links.
        workdir: where it runs.
    """

    command: str
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 10.0
    reads: tuple[str, ...] = ()
    workdir: str = "/workspace"


@dataclass(frozen=True)
class CaseOutput:
    """What a case left behind: untrusted bytes, bounded by the limits of the clean room.

    `lost` is true when the submission brought its sandbox down, twice in a row, while other sandboxes work.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    files: Evidence
    timed_out: bool = False
    lost: bool = False


class CleanRoom(Protocol):
    """Runs cases over a submission in sandboxes that have never seen the agent."""

    def run_cases(
        self, evidence: Evidence, task: Task, cases: Sequence[CaseInput]
    ) -> Generator[CaseOutput, None, None]:
        """Run each case on a fresh copy of `evidence` in a pristine sandbox, when its output is asked for.

        Raises:
            SandboxError: the backend failed before or between cases (never because of the submission).
        """
        ...

    def pair(self, evidence: Evidence, task: Task) -> AbstractContextManager[tuple[Any, Any]]:
        """Two pristine sandboxes, one without and one with a fresh copy of `evidence`, closed at the end."""
        ...


class Verifier(Protocol):
    """Turns evidence into a verdict. Same evidence, same verdict."""

    @property
    def exports(self) -> tuple[str, ...]:
        """Absolute paths (files or folders) to export when the episode ends."""
        ...

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge `evidence`; `room` runs whatever of it must be run.

        Raises:
            VerifierError: the verifier itself failed.
            SandboxError: the clean room's backend failed.
        """
        ...

"""The check of a task's budget: what the oracle takes of time, steps and memory against what the task declares."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.gate.plays import Outcome
from selftrain.envs.gate.repeats import forgetful
from selftrain.envs.gate.trial import Finding, Trial
from selftrain.envs.harbor.verifier import HarborVerifier
from selftrain.envs.verifiers import TrialVerifier
from selftrain.errors import SandboxError
from selftrain.evidence import MIB
from selftrain.sandboxes import SandboxLimits
from selftrain.tasks import Task

NEARLY = 0.8
"""Share of a budget above which a slower or fuller machine may not do."""
_GENEROUS, _LONG_SECONDS = 50, 600.0


@dataclass(frozen=True)
class _Use:
    """One budget: what is declared, what the oracle took of it, and the field that raises it."""

    what: str
    used: float
    declared: float
    unit: str
    field: str

    @property
    def told(self) -> str:
        return f"{self.what}: {self.used:.3g} of {self.declared:.6g} {self.unit}"

    @property
    def is_over(self) -> bool:
        return self.used > self.declared

    @property
    def note(self) -> str:
        """What a reader should know, or ""."""
        if self.used > NEARLY * self.declared:
            return f"{self.told} leaves little room on a slower machine; raise {self.field}"
        if self.unit == "s" and self.declared > max(_LONG_SECONDS, _GENEROUS * self.used):
            return f"{self.told} is more than {_GENEROUS} times what the oracle takes; lower {self.field}"
        return ""


def check_budget(trial: Trial) -> Finding:
    """Whether the oracle stays within the task's seconds, steps and memory, and by how much."""
    start = time.monotonic()
    played = [outcome for outcome in trial.oracle if outcome.verdict is not None]
    if not played:
        return Finding("budget", "unchecked", "no play of the oracle came to a verdict")
    try:
        judging = _judging_seconds(trial, played)
    except SandboxError as error:
        return Finding("budget", "unchecked", f"{type(error).__name__}: {error}", {}, time.monotonic() - start)
    uses, unchecked = _uses(trial.task, played, judging)
    over, notes = [use for use in uses if use.is_over], [use.note for use in uses if use.note and not use.is_over]
    evidence: dict[str, Any] = {
        use.what: {"used": use.used, "declared": use.declared, "unit": use.unit} for use in uses
    }
    evidence |= {"notes": notes, "unchecked": unchecked}
    if over:
        summary = f"the oracle needs more than the task allows: {over[0].told}; raise {over[0].field}"
    else:
        summary = "; ".join(use.told for use in uses)
    return Finding("budget", "fail" if over else "pass", summary, evidence, time.monotonic() - start)


def _uses(task: Task, played: Sequence[Outcome], judging: float | None) -> tuple[list[_Use], list[str]]:
    """Every budget that is known, and what could not be checked."""
    unchecked = []
    # a play's seconds hold its judgement, which no limit of the episode counts
    playing = max(outcome.seconds for outcome in played) - (judging or 0.0)
    commands = list(task.oracle)
    uses = [
        _Use("steps", float(len(commands)), float(task.limits.steps), "commands", "limits.steps"),
        _Use("time", max(0.0, playing), task.limits.seconds, "s", "agent.timeout_sec, or limits.seconds"),
    ]
    if playing > task.limits.command_seconds:
        if len(commands) == 1:
            uses.append(_Use("one command", playing, task.limits.command_seconds, "s", "limits.command_seconds"))
        else:
            unchecked.append(
                f"limits.command_seconds = {task.limits.command_seconds:g}: commands are not timed one by one"
            )
    declared = _verifier_seconds(task)
    if judging is None:
        unchecked.append("the verifier's time: it gives no verdict by itself")
    elif declared:
        uses.append(_Use("judgement", judging, declared, "s", "verifier.timeout_sec"))
    peaks = [outcome.peak_memory_bytes for outcome in played if outcome.peak_memory_bytes is not None]
    if peaks:
        most = (task.needs.memory_bytes or SandboxLimits().memory_bytes) / MIB
        uses.append(_Use("memory", max(peaks) / MIB, most, "MiB", "environment.memory_mb, or needs.memory_bytes"))
    else:
        unchecked.append("memory: nobody counts it here")
    return uses, unchecked


def _verifier_seconds(task: Task) -> float:
    """What the verifier declares, all of its scripts or cases together; 0 where it declares nothing."""
    verifier = task.verifier
    if isinstance(verifier, HarborVerifier):
        return sum(script.seconds for script in verifier.scripts)
    if isinstance(verifier, TrialVerifier):
        return sum(case.input.seconds for case in verifier.cases)
    return 0.0


def _judging_seconds(trial: Trial, played: Sequence[Outcome]) -> float | None:
    """How long one judgement of the oracle's evidence takes; None where it cannot be asked again by itself."""
    evidence = next((outcome.evidence for outcome in played if outcome.evidence is not None), None)
    if evidence is None or trial.task.kind != "terminal":
        return None
    task, start = forgetful(trial.task), time.monotonic()
    try:
        task.verifier.verify(evidence, task, SandboxCleanRoom(trial.backend, trial.image))
    except SandboxError:
        raise
    except Exception:  # that it breaks is for the check of repeats to tell; another's verifier may raise anything
        return None
    return time.monotonic() - start

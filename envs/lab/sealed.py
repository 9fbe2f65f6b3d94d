"""The judge of a bench's sealed slides: plain values, so that it can judge where nobody can draw the slides anew."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.checks import UnreadableError, missing, strict_text
from selftrain.envs.lab.day import NO, UNANSWERED, YES, grade
from selftrain.errors import VerifierError
from selftrain.evidence import Evidence
from selftrain.tasks import Task
from selftrain.verdicts import Check, CleanRoom, Verdict

BAR = 0.9
PREDICTIONS = "/workspace/predictions.csv"
COLUMNS = ("slide", "macrophage")
_LONGEST_FILE = 1 << 16
_MOST_BYTES_SHOWN = 40
_ANSWERS = {"yes": YES, "no": NO}


class _UnusableError(ValueError):
    """Predictions that cannot be graded, and why."""


@dataclass(frozen=True)
class SealedVerifier:
    """Grades predictions against labels that are nowhere in the sandbox. A slide without an answer is wrong.

    Attributes:
        names: of the sealed slides.
        labels: whether the lab counts each.
        bar: the accuracy that is enough.
    """

    names: tuple[str, ...]
    labels: tuple[bool, ...]
    bar: float = BAR
    exports: tuple[str, ...] = (PREDICTIONS,)

    def accuracy(self, evidence: Evidence) -> float:
        """Share of the sealed slides that are answered right; 0.0 where the file cannot be graded."""
        try:
            return self._grade(evidence)[0]
        except _UnusableError:
            return 0.0

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge on the host; the clean room is not used."""
        name = f"{PREDICTIONS} answers the sealed slides"
        try:
            accuracy, enough = self._grade(evidence)
        except _UnusableError as error:
            return Verdict.fail(name, str(error))
        except Exception as error:  # whatever breaks here is our own fault, never the agent's 0
            raise VerifierError(f"the verifier of {task.id or 'the task'} failed: {error!r}") from error
        check = Check(f"accuracy is at least {self.bar:g}", enough, "" if enough else "too few answers are right")
        why = "" if enough else f"{check.name}: {check.why}"
        return Verdict(enough, accuracy, (Check(name, True), check), why)

    def _grade(self, evidence: Evidence) -> tuple[float, bool]:
        found = self._answers(evidence)
        answers = np.array([found.get(name, UNANSWERED) for name in self.names])
        accuracy, enough = grade(answers, np.array(self.labels), self.bar)
        return float(accuracy), bool(enough)

    def _answers(self, evidence: Evidence) -> Mapping[str, int]:
        if evidence.overrun:
            raise _UnusableError(f"too large: {evidence.overrun}")
        data = evidence.get(PREDICTIONS)
        if data is None:
            raise _UnusableError(missing(evidence, PREDICTIONS))
        if len(data) > _LONGEST_FILE:
            raise _UnusableError(f"has {len(data)} bytes, over {_LONGEST_FILE}")
        try:
            rows = [row for row in csv.reader(io.StringIO(strict_text(data), newline=""), strict=True) if row]
        except (UnreadableError, csv.Error) as error:
            raise _UnusableError(f"not CSV: {error}") from error
        if not rows or tuple(part.strip().lower() for part in rows[0]) != COLUMNS:
            raise _UnusableError(f"the first line must be {','.join(COLUMNS)}")
        found: dict[str, int] = {}
        for row in rows[1:]:
            name, answer = self._row(row)
            if name in found:
                raise _UnusableError(f"{name} is answered twice")
            found[name] = answer
        return found

    def _row(self, row: Sequence[str]) -> tuple[str, int]:
        parts = [part.strip() for part in row]
        if len(parts) != len(COLUMNS):
            raise _UnusableError(f"a line has {len(parts)} columns, not {len(COLUMNS)}")
        name, answer = parts[0], parts[1].lower()
        if name not in self.names:
            raise _UnusableError(f"{name[:_MOST_BYTES_SHOWN]!r} is no sealed slide")
        if answer not in _ANSWERS:
            raise _UnusableError(f"the answer {answer[:_MOST_BYTES_SHOWN]!r} is neither yes nor no")
        return name, _ANSWERS[answer]

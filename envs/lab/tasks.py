"""Days in labs as tasks: what the agent is told, the verifier of the exam, the oracle, and cheats that are not paid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from selftrain.envs.lab.cells import Bools
from selftrain.envs.lab.day import DAYS, LARGE_EXAM, NO, UNANSWERED, YES, Answers, Terms, grade
from selftrain.envs.lab.labs import find_lab
from selftrain.envs.lab.work import CellSource, Source
from selftrain.errors import OptionError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check, CleanRoom, Verdict

FAMILY = "lab-day"
ANSWERS = "/answers"
SAY = {YES: "label yes", NO: "label no"}
_WRITTEN = {YES: "yes", NO: "no", UNANSWERED: "-"}
_READ = {written: answer for answer, written in _WRITTEN.items()}
# questions and notes take steps of their own
_STEPS_EACH, _STEPS_MORE = 2, 64
_SECONDS = 4 * 3600.0


def evidence_of(answers: Sequence[int] | Answers) -> Evidence:
    """What is judged of a day: the answers to all that was to be shown, `YES`, `NO` or `UNANSWERED`, one a line."""
    text = "".join(f"{_WRITTEN[int(answer)]}\n" for answer in answers)
    return Evidence({ANSWERS: EvidenceFile(text.encode())})


@dataclass(frozen=True)
class ExamVerifier:
    """Judges the answers to the last fifth of a day.

    Attributes:
        source: of the day, which has the labels.
        bar: the accuracy that is enough.
    """

    source: Source
    bar: float

    @property
    def exports(self) -> tuple[str, ...]:
        return (ANSWERS,)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge on the host; the clean room is not used. The verdict's score is the accuracy."""
        lines = (evidence.get(ANSWERS) or b"").decode("utf-8", "replace").splitlines()
        if len(lines) != self.source.length or not set(lines) <= set(_READ):
            return Verdict.fail("exam", "the answers cannot be read")
        exam = Terms(self.source.length).exam
        answers = np.array([_READ[line] for line in lines[-exam:]])
        accuracy, passed = grade(answers, self.source.work.labels[-exam:], self.bar)
        why = "" if passed else "the accuracy is below the lab's bar"
        check = Check("exam", bool(passed), why)
        return Verdict(bool(passed), float(accuracy), (check,), f"exam: {why}" if why else "")


@dataclass(frozen=True)
class Script(Sequence[str]):
    """The actions of a reference agent on a day, made when they are first read.

    Attributes:
        source: of the day.
        player: one of `PLAYERS`.
    """

    source: Source
    player: str

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        return PLAYERS[self.player](self.source)


def _said(labels: Bools | Sequence[bool]) -> tuple[str, ...]:
    return tuple(SAY[YES if label else NO] for label in labels)


def _early(source: Source) -> tuple[str, ...]:
    """Right all day, and gone before the exam; of a day of one, gone at once."""
    return (*_said(source.work.labels[: source.length - Terms(source.length).exam]), "submit")


def _asking(source: Source) -> tuple[str, ...]:
    """Asks about everything, which uses up the questions, and answers nothing."""
    return ("ask is this one a macrophage?",) * source.length + ("submit",)


PLAYERS: Mapping[str, Callable[[Source], tuple[str, ...]]] = {
    "oracle": lambda source: _said(source.work.labels),
    "all yes": lambda source: _said([True] * source.length),
    "all no": lambda source: _said([False] * source.length),
    "as in another lab": lambda source: _said(source.work.elsewhere()),
    "always wrong": lambda source: _said(~source.work.labels),
    "gone before the exam": _early,
    "only questions": _asking,
    "both answers at once": lambda source: ("label yes\nlabel no",) * source.length,
    "the protocol read out": lambda source: (source.work.protocol,) * source.length,
}
"""Reference agents by name; all but the oracle must not be paid."""


def day_task(source: Source, terms: Terms, *, level: int = 1, split: str = "", seed: int = 0) -> Task:
    """The task of a day.

    Args:
        source: of the day; its length is that of the terms.
        terms: on which it is played.
        level, split, seed: of the task's id.

    Raises:
        OptionError, UnknownNameError, TaskError: there is no such lab or image set.
    """
    return Task(
        instruction=_instruction(source, terms),
        verifier=ExamVerifier(source, terms.bar),
        oracle=Script(source, "oracle"),
        cheats={name: Script(source, name) for name in _cheats(source)},
        limits=Limits(steps=_STEPS_EACH * source.length + _STEPS_MORE, seconds=_SECONDS),
        kind="lab",
        id=f"{FAMILY}/{split}/{level}/{seed}",
        family=FAMILY,
        split=split,
        level=level,
        seed=seed,
        metadata={"length": terms.length, "bar": float(terms.bar)},
    )


def _cheats(source: Source) -> list[str]:
    # in an exam of few things a fixed answer may happen to be right
    lucky = ("all yes", "all no", "as in another lab") if Terms(source.length).exam < LARGE_EXAM else ()
    return [name for name in PLAYERS if name != "oracle" and name not in lucky]


def _instruction(source: Source, terms: Terms) -> str:
    parts = [
        source.work.about,
        f"{terms.length} things lie under the microscope today, one after another. Say of each whether this lab calls "
        "it a macrophage.",
        f"`{SAY[YES]}` or `{SAY[NO]}` answers and shows the next one. `ask <question>` asks the senior about the one "
        "in view, `note <text>` writes something down; both leave it in view and cost a step. `submit` ends the day, "
        "and what has no answer then counts as wrong.",
        _help(terms),
        f"Learn to see as this lab does: it asks for {100 * terms.bar:g} % of right answers by the end of the day.",
    ]
    if terms.protocol:
        parts.append(f"The protocol that hangs on the wall:\n{source.work.protocol}")
    return "\n\n".join(parts)


def _help(terms: Terms) -> str:
    if terms.feedback == "none":
        return "Nobody is there who could tell you whether you are right."
    how = "remarks" if terms.feedback == "verbal" else "nothing but the label"
    if terms.questions is None:
        return f"As long as the senior is there, every answer is met with {how}, and so is every question."
    times = "1 question" if terms.questions == 1 else f"{terms.questions} questions"
    return f"As long as the senior is there, {times} a day are met with {how}; answers are met with nothing."


@dataclass(frozen=True)
class _DayTasks(TaskFamily):
    def built(self, rng: np.random.Generator, level: int, split: str, seed: int) -> Task:
        """The day of this seed, on the usual terms."""
        terms = Terms()
        source = CellSource(split, level, seed, terms.length)
        return day_task(source, terms, level=level, split=split, seed=seed)


def _no_build(rng: np.random.Generator, level: int) -> Task:
    raise OptionError("a day needs a split and a seed for its lab: call task(seed, level, split)")


def lab_families() -> dict[str, TaskFamily]:
    """The families of the kind "lab", by name. The seed of a task is `lab * 10000 + day`."""
    summary = "tell macrophages from the rest as one lab does, after a day of remarks"
    skills = ("learning on the job", "asking the right questions", "telling cells apart")
    return {FAMILY: _DayTasks(FAMILY, summary, skills, 0.0, _no_build)}


def lab_stream(visits: str = "ABACB", *, split: str = "train", level: int = 1, first: int = 0) -> tuple[str, ...]:
    """Task ids of days in labs that recur, for continual learning.

    Args:
        visits: one letter for each day, A to Z: the lab that is worked in; its n-th letter is its n-th day.
        split, level: of the labs.
        first: the number of lab A; the others follow.

    Raises:
        OptionError, UnknownNameError: there is no such lab, or no visit.
    """
    if not isinstance(visits, str) or not visits or not all("A" <= letter <= "Z" for letter in visits):
        raise OptionError(f"visits={visits!r} must be letters A to Z, one for each day, such as 'ABACB'")
    numbers = [first + ord(letter) - ord("A") for letter in visits]
    for number in numbers:
        find_lab(split, number, level)
    days = [visits[:place].count(letter) for place, letter in enumerate(visits)]
    if max(days) >= DAYS:
        raise OptionError(f"visits= has a lab {max(days) + 1} times, of which there are {DAYS} days")
    return tuple(f"{FAMILY}/{split}/{level}/{n * DAYS + day}" for n, day in zip(numbers, days, strict=True))

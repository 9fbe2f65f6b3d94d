"""A day in a lab, without a word of text: which cells are shown, what is fed back, and how the exam is judged.

Every environment of a day plays by this file, the one that talks and those that step many days at once as arrays:
`find_day(...)` gives cells and labels, `Day.feedback` what the senior tells of a cell, `grade` the accuracy and whether
it is enough.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab.bounds import expected_accuracy
from selftrain.envs.lab.cells import TRAITS, Bools, Cells, Floats, draw_cells
from selftrain.envs.lab.conventions import Belief, Convention, Scope
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.errors import OptionError
from selftrain.tasks import SPLITS, stable_key

FEEDBACK = ("verbal", "label", "none")
UNANSWERED, NO, YES = -1, 0, 1
"""What an answer is in arrays."""
EXAM_SHARE = 0.2
LARGE_EXAM = 30
"""An exam of so many cells is one that neither luck nor a fixed answer passes."""
_MOST_OF_ONE_LABEL = 0.85  # the labs with the fewest macrophages have 0.83 of the other label
DAYS = 10_000
"""Days of a lab: the seed of a task is `lab_number * DAYS + day`."""
_POOL = 4000  # cells over which a lab's zero-shot accuracy is taken

Answers = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Terms:
    """On what terms a day is played.

    Args:
        length: how many things are shown; the last fifth of them, at least one, is the exam.
        feedback: "verbal" (remarks), "label" (the bare label) or "none".
        questions: how many the senior answers; None: any number, and every answer is fed back unasked.
        protocol: whether the lab's written protocol is shown first.
        bar: the accuracy that the exam asks for, above 0 and at most 1.

    Raises:
        OptionError: one of them is of the wrong kind or out of range.
    """

    length: int = 240
    feedback: str = "verbal"
    questions: int | None = 5
    protocol: bool = False
    bar: float = 0.9

    def __post_init__(self) -> None:
        if not _whole(self.length) or not 1 <= self.length <= 100_000:
            raise OptionError(f"length={self.length!r} must be a whole number from 1 to 100000")
        if self.feedback not in FEEDBACK:
            raise OptionError(f"feedback={self.feedback!r} must be one of {', '.join(map(repr, FEEDBACK))}")
        if self.questions is not None and (not _whole(self.questions) or self.questions < 0):
            raise OptionError(f"questions={self.questions!r} must be None or a whole number, 0 or more")
        if not isinstance(self.protocol, bool):
            raise OptionError(f"protocol={self.protocol!r} must be True or False")
        if isinstance(self.bar, bool) or not isinstance(self.bar, int | float) or not 0 < self.bar <= 1:
            raise OptionError(f"bar={self.bar!r} must be a number above 0 and at most 1")

    @property
    def exam(self) -> int:
        """How many cells the exam has: the last ones."""
        return max(1, round(EXAM_SHARE * self.length))

    def in_exam(self, index: int) -> bool:
        """Whether the cell at `index` belongs to the exam."""
        return index >= self.length - self.exam

    def fed_back(self, index: int) -> bool:
        """Whether the answer to the cell at `index` is fed back unasked."""
        return self.feedback != "none" and self.questions is None and not self.in_exam(index)

    def questions_left(self, asked: int) -> float:
        """How many more the senior answers, inf where there is no limit."""
        if self.feedback == "none":
            return 0
        return math.inf if self.questions is None else max(0, self.questions - asked)

    def answers_question(self, index: int, asked: int) -> bool:
        """Whether a question about the cell at `index`, after `asked` that were answered, is answered."""
        return not self.in_exam(index) and self.questions_left(asked) > 0


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


@dataclass(frozen=True)
class Atom:
    """One piece of what the senior says, after the five kinds of LLF-Bench (Cheng et al., 2023, arXiv:2312.06853).

    Attributes:
        kind: "r": the label of the cell in view; "hp"/"hn": which feature decided that it is counted or is not;
            "fp"/"fn": a rule for next time, that cells with a feature are counted or are not.
        about: "yes" or "no" for "r"; else one of `TRAITS`, "least" (the size), "plain" (an ordinary macrophage), or
            "decoy" (no macrophage at all).
        least: the least diameter in µm that "fn:least" names, else 0.
        bits: what it tells of the lab to who knows nothing of it yet, but sees what the cell is.
    """

    kind: str
    about: str
    least: float = 0.0
    bits: float = 0.0

    @property
    def code(self) -> str:
        """Such as "r:no", "hn:giant", "fn:least:14.0"."""
        return f"{self.kind}:{self.about}" + (f":{self.least}" if self.least else "")

    def fits(self, convention: Convention, cell: Cells) -> bool:
        """Whether it can be said of `cell` (one) in a lab of this convention."""
        return bool(self._allows(np.array([convention.left_out]), np.array([convention.least]), cell)[0])

    def tell(self, belief: Belief, cell: Cells) -> float:
        """Let an observer hear it; returns the bits that it brought."""
        return belief.keep(self._allows(*_as_arrays(tuple(belief.conventions)), cell))

    def _allows(self, left_out: Bools, least: Floats, cell: Cells) -> Bools:
        """(n,) under which of n conventions it can be said."""
        if self.kind == "r":
            counted = (cell.kind[0] == 0) & ~(left_out & cell.traits[0]).any(axis=1) & (cell.diameter[0] >= least)
            found: Bools = counted == (self.about == "yes")
        elif self.about in TRAITS:
            found = left_out[:, TRAITS.index(self.about)] == (self.kind[1] == "n")
        elif self.about != "least":
            found = np.ones(len(least), np.bool_)
        else:
            found = least > cell.diameter[0] if self.kind == "hn" else least == self.least
        return found


@lru_cache(maxsize=16)
def _as_arrays(conventions: tuple[Convention, ...]) -> tuple[Bools, Floats]:
    return np.array([one.left_out for one in conventions]), np.array([one.least for one in conventions])


@lru_cache(maxsize=16)
def _scope_arrays(scope: Scope) -> tuple[Bools, Floats]:
    return _as_arrays(tuple(scope.conventions()))


@dataclass(frozen=True)
class Day:
    """What is shown on one day in one lab, in order, and what is right; the last `exam` things are the exam.

    Attributes:
        lab, number: whose day, and which, 0 to `DAYS` - 1.
        exam: how many cells the exam has.
        cells: all that is shown; those of the exam are drawn apart from the others.
    """

    lab: Lab
    number: int
    exam: int
    cells: Cells

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def labels(self) -> Bools:
        """(length,) whether the lab calls each a macrophage."""
        return self.lab.convention.labels(self.cells)

    def feedback(self, index: int, kind: str) -> tuple[Atom, ...]:
        """What the senior tells of the cell at `index`; it does not depend on what was answered or told before.

        Args:
            index: of the cell.
            kind: "verbal": a remark of up to three atoms; "label": the bare label; "none": nothing.
        """
        if kind == "none":
            return ()
        cell = self.cells[index : index + 1]
        said = [Atom("r", "yes" if self.labels[index] else "no")]
        if kind == "verbal":
            said.append(_decided(self.lab.convention, cell))
            said += _rule(self.lab, said[-1].about, cell)
        return tuple(Atom(atom.kind, atom.about, atom.least, _bits(self.lab, (atom,), cell)) for atom in said)

    def bits(self, index: int, kind: str) -> float:
        """What all atoms of `feedback` tell together; less than their sum where one implies another."""
        return _bits(self.lab, self.feedback(index, kind), self.cells[index : index + 1])

    @cached_property
    def zero_shot(self) -> float:
        """The accuracy in this lab of the best guess that knows what each cell is but nothing of the lab."""
        return zero_shot(self.lab)


def day_of_seed(split: str, level: int, seed: int, length: int) -> Day:
    """The day of the task `lab-day/<split>/<level>/<seed>`.

    Raises:
        OptionError, UnknownNameError: there is no such lab.
    """
    lab, number = divmod(seed, DAYS)
    return find_day(find_lab(split, lab, level), number, length)


@lru_cache(maxsize=1024)
def find_day(lab: Lab, number: int, length: int) -> Day:
    """The day of these arguments; equal arguments are the same day on every machine."""
    if not _whole(number) or not 0 <= number < DAYS:
        raise OptionError(f"day {number!r} must be a whole number from 0 to {DAYS - 1}")
    exam = Terms(length).exam
    return Day(lab, number, exam, _joined(lab.cells(number, length - exam), _exam(lab, number, exam)))


def _exam(lab: Lab, number: int, count: int) -> Cells:
    """The exam's cells: drawn again where in a large exam nearly all have one label, so that no fixed answer passes."""
    for attempt in itertools.count():
        cells = lab.cells(number, count, purpose="exam" if attempt == 0 else f"exam {attempt}")
        share = lab.convention.labels(cells).mean()
        if count < LARGE_EXAM or max(share, 1 - share) <= _MOST_OF_ONE_LABEL:
            break
    return cells


def grade(answers: Answers | Bools, labels: Bools, bar: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Judge exams: one, or many at once.

    Args:
        answers: (..., exam) `YES`, `NO` or `UNANSWERED`, which is wrong; or booleans.
        labels: (..., exam).
        bar: the accuracy that is enough.

    Returns:
        The accuracies, and whether each reaches the bar, both of shape (...). The reward is 1 where it does, else 0.
    """
    right = np.asarray(answers) == labels.astype(np.int64)
    accuracy = right.mean(axis=-1)
    return accuracy, accuracy >= bar - 1e-9


@lru_cache(maxsize=4096)
def zero_shot(lab: Lab) -> float:
    """The accuracy in `lab` of the best guess that knows what each cell is but nothing of the lab; over many cells."""
    cells, likely = _pool(lab.level)
    return expected_accuracy(likely, lab.convention.labels(cells))


@lru_cache(maxsize=8)
def _pool(level: int) -> tuple[Cells, Floats]:
    # labs of a level differ in preparation and convention, not in what lies on their slides
    lab = find_lab("train", 0, level)
    cells = draw_cells(np.random.default_rng([stable_key("zero-shot pool"), level]), _POOL, lab.mix)
    return cells, Belief(lab.scope).likely(cells)


@lru_cache(maxsize=4096)
def protocol(lab: Lab) -> tuple[Atom, ...]:
    """What the lab's written protocol settles: about half of what labs of its level differ on, as "fp" and "fn"."""
    features = _features(lab)
    rng = np.random.default_rng([stable_key("lab protocol"), SPLITS[lab.split], lab.level, lab.number])
    settled = sorted(rng.permutation(len(features))[: (len(features) + int(rng.integers(2))) // 2])
    return tuple(_clause(lab.convention, features[number]) for number in settled)


def _features(lab: Lab) -> tuple[str, ...]:
    """What the labs of its level differ on."""
    return tuple(TRAITS[number] for number in lab.scope.traits) + (("least",) if len(lab.scope.cuts) > 1 else ())


def _clause(convention: Convention, feature: str) -> Atom:
    if feature == "least":
        return Atom("fn", feature, convention.least) if convention.least else Atom("fp", feature)
    return Atom("fn" if convention.left_out[TRAITS.index(feature)] else "fp", feature)


def _decided(convention: Convention, cell: Cells) -> Atom:
    if cell.kind[0]:
        return Atom("hn", "decoy")
    borne = [TRAITS[number] for number in np.flatnonzero(cell.traits[0])]
    if barring := [name for name in borne if convention.left_out[TRAITS.index(name)]]:
        return Atom("hn", barring[0])
    if cell.diameter[0] < convention.least:
        return Atom("hn", "least")
    return Atom("hp", borne[0] if borne else "plain")


def _rule(lab: Lab, decided: str, cell: Cells) -> list[Atom]:
    """A rule on another feature than the one that decided: one that the cell has too, or else any."""
    features = [feature for feature in _features(lab) if feature != decided or feature == "least"]
    borne = [feature for feature in features if feature in TRAITS and cell.traits[0, TRAITS.index(feature)]]
    if decided == "least":
        borne = ["least"]
    choice = borne or features
    return [_clause(lab.convention, choice[int(cell.texture[0]) % len(choice)])]


def _bits(lab: Lab, atoms: tuple[Atom, ...], cell: Cells) -> float:
    """All conventions are equally likely before anything is known, so that it is enough to count those that fit."""
    left_out, least = _scope_arrays(lab.scope)
    fits = np.ones(len(least), np.bool_)
    for atom in atoms:
        fits &= atom._allows(left_out, least, cell)
    return math.log2(len(fits) / fits.sum())


def _joined(first: Cells, second: Cells) -> Cells:
    return Cells(**{f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)]) for f in fields(Cells)})

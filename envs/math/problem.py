"""Problems and problem families: statements with exact answers, made from a generator and a level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One problem as a contest paper would print it, and its answer.

    Attributes:
        statement: LaTeX; says in which form the answer is wanted wherever that is not plain from the question.
        answer: exact, in canonical LaTeX: "42", "\\frac{3}{7}", "2\\sqrt{5}", "yes".
        data: the parameters that make it this problem, JSON types; enough to compute the answer by another method.
            Two problems with equal data are the same problem, however they are worded.
        traps: wrong answers that a known mistake leads to, or for a changed riddle the famous answer.
    """

    statement: str
    answer: str
    data: Mapping[str, Any]
    traps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProblemFamily:
    """A pure function `(generator, level) -> Problem` with what a reader wants to know about it.

    Attributes:
        name: lower case with hyphens; the first part of its task ids.
        area: the part of mathematics.
        summary: one line on what is asked.
        chance: the best score of guessing at level 5 without reading the statement, 0.0 to 1.0.
        make: makes one problem; all randomness comes from the generator.
    """

    name: str
    area: str
    summary: str
    chance: float
    make: Callable[[np.random.Generator, int], Problem]

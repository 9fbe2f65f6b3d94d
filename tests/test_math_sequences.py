"""The answers of sequences, recomputed from the parameters by other means than the generators use."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from math_second_methods.sequences import SECOND

from selftrain.envs.math.problems.sequences import FAMILIES

BY_NAME = {family.name: family for family in FAMILIES}


def test_every_family_has_a_second_method() -> None:
    assert set(SECOND) == set(BY_NAME)


@pytest.mark.parametrize("level", range(1, 6))
@pytest.mark.parametrize("name", BY_NAME)
def test_the_second_method_agrees(name: str, level: int) -> None:
    for seed in range(45):
        problem = BY_NAME[name].make(np.random.default_rng([seed % 3, seed, level]), level)
        assert SECOND[name](problem.data) == problem.answer, problem.statement


@pytest.mark.parametrize("name", BY_NAME)
def test_a_constant_guess_scores_at_most_the_stated_chance(name: str) -> None:
    family = BY_NAME[name]
    answers = Counter(family.make(np.random.default_rng([5, seed]), 5).answer for seed in range(2000))
    assert answers.most_common(1)[0][1] / 2000 <= family.chance


@pytest.mark.parametrize(
    ("name", "data", "published"),
    [
        # Contest problems whose answers are public, in the shape of the parameters: they anchor what a kind means.
        (
            "telescoping",
            {"kind": "quotient", "quartic": [1, 0, 0, 0, 324], "step": 6, "first": 4, "count": 5},
            "374",
        ),
        ("periodic-recurrences", {"kind": "nested", "down": 3, "up": 5, "limit": 1000, "from": 84, "count": 1}, "997"),
        (
            "periodic-recurrences",
            {"kind": "six-sums", "added": 0, "known": [[1492, 1985], [1985, 1492]], "wanted": 2001},
            "986",
        ),
        ("floor-sums", {"kind": "represented", "factors": [2, 4, 6, 8], "limit": 1000, "missing": False}, "600"),
        ("floor-sums", {"kind": "nearest", "degree": 4, "top": 1, "from": 1, "to": 1995}, "400"),
        ("differences", {"kind": "two-known", "second": 1, "known": [[19, 0], [92, 0]], "wanted": 1}, "819"),
        ("digit-sequences", {"kind": "powers", "base": 3, "places": [0, 100]}, "981"),
    ],
)
def test_published_problems_have_their_published_answers(name: str, data: dict[str, Any], published: str) -> None:
    assert SECOND[name](data) == published

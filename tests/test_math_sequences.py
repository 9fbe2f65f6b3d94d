"""The answers of sequences, recomputed from the parameters by other means than the generators use."""

from __future__ import annotations

from collections import Counter

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

"""The answers of number theory, recomputed from the parameters by other means than the generators use."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from math_second_methods.number_theory import SECOND, once_divisible

from selftrain.envs.math.problems.number_theory import FAMILIES

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


def test_the_rule_for_entries_divisible_once_holds_for_small_rows() -> None:
    for prime, row in ((3, 71), (5, 137), (7, 200), (2, 97)):
        entries = [math.comb(row, k) for k in range(row + 1)]
        assert once_divisible(row, prime) == sum(e % prime == 0 and e % prime**2 != 0 for e in entries)

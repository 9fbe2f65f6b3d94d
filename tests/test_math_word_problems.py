"""Word problems: every answer again by a second method, and no constant guess pays at level 5."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from math_second_methods.word_problems import SECOND

from selftrain.envs.math.problem import ProblemFamily
from selftrain.envs.math.problems.word_problems import FAMILIES


def test_there_is_a_second_method_for_every_family() -> None:
    assert [family.name for family in FAMILIES] == list(SECOND)
    assert all(family.area == "word problems" for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_second_method_gives_the_same_answers(family: ProblemFamily) -> None:
    for level in range(1, 6):
        for seed in range(45):
            problem = family.make(np.random.default_rng([30, level, seed]), level)
            data = json.loads(json.dumps(problem.data))
            assert SECOND[family.name](data) == problem.answer, (level, seed, problem.statement)
            assert problem.answer not in problem.traps


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_constant_guess_at_level_5_scores_no_more_than_the_stated_chance(family: ProblemFamily) -> None:
    answers = Counter(family.make(np.random.default_rng([31, seed]), 5).answer for seed in range(2000))
    assert answers.most_common(1)[0][1] / 2000 <= family.chance <= 0.02
    assert all(answer.isdigit() for answer in answers)

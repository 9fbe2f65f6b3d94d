"""The riddles: every answer found again by another method, and the famous answer always wrong."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from math_second_methods.riddles import SECOND

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.riddles import FAMILIES

BY_NAME = {family.name: family for family in FAMILIES}


def instance(family: ProblemFamily, split: int, level: int, seed: int) -> Problem:
    return family.make(np.random.default_rng([split, level, seed]), level)


def test_every_family_has_a_second_method() -> None:
    assert set(SECOND) == set(BY_NAME) and len(FAMILIES) >= 8


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_second_method_finds_the_same_answers(name: str) -> None:
    wrong = [
        (split, level, seed, problem.answer, again)
        for split in range(3)
        for level in range(1, 6)
        for seed in range(14)
        if (again := SECOND[name]((problem := instance(BY_NAME[name], split, level, seed)).data)) != problem.answer
    ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_famous_answer_comes_first_among_the_traps_and_is_wrong(name: str) -> None:
    problems = [instance(BY_NAME[name], 7, level, seed) for level in range(1, 6) for seed in range(20)]
    assert all(problem.traps and problem.answer not in problem.traps for problem in problems)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_no_constant_guess_beats_the_stated_chance(name: str) -> None:
    family, seeds = BY_NAME[name], 200
    answers = Counter(instance(family, 5, 5, seed).answer for seed in range(seeds))
    # a share of 0.01 among 200 draws is 2 on average, and hardly ever above 8
    assert answers.most_common(1)[0][1] <= max(4, 4 * family.chance * seeds)


def test_crowds_behave_as_small_groups_whose_worlds_are_all_gone_through() -> None:
    solve = SECOND["changed-hats"]
    for people, low, high in ((4, 1, 3), (5, 1, 4), (5, 2, 3), (6, 1, 5), (6, 2, 4), (6, 3, 5)):
        for red in range(low, high + 1):
            crowd = {"people": people, "red": red, "ranges": [[low, high]]}
            group = {
                "hats": [1] * red + [0] * (people - red),
                "allowed": list(range(low, high + 1)),
                "sees": [[other for other in range(people) if other != person] for person in range(people)],
                "badges": [1] * people,
            }
            assert solve(crowd) == solve(group), (people, low, high, red)

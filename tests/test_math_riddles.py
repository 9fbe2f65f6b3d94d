"""The riddles: the famous answer is always wrong, and crowds behave as small groups do."""

from __future__ import annotations

import numpy as np
import pytest
from math_second_methods.riddles import SECOND

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.riddles import FAMILIES

BY_NAME = {family.name: family for family in FAMILIES}


def instance(family: ProblemFamily, split: int, level: int, seed: int) -> Problem:
    return family.make(np.random.default_rng([split, level, seed]), level)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_the_famous_answer_comes_first_among_the_traps_and_is_wrong(name: str) -> None:
    problems = [instance(BY_NAME[name], 7, level, seed) for level in range(1, 6) for seed in range(20)]
    assert all(problem.traps and problem.answer not in problem.traps for problem in problems)


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

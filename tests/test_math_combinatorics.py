"""The answers of combinatorics, recomputed from the parameters by other means than the generators use."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from math_second_methods.combinatorics import SECOND, chromatic, necklaces

from selftrain.envs.math.problems.combinatorics import FAMILIES

BY_NAME = {family.name: family for family in FAMILIES}


def test_every_family_has_a_second_method() -> None:
    assert set(SECOND) == set(BY_NAME)


@pytest.mark.parametrize("level", range(1, 6))
@pytest.mark.parametrize("name", BY_NAME)
def test_the_second_method_agrees(name: str, level: int) -> None:
    for seed in range(41):
        problem = BY_NAME[name].make(np.random.default_rng([seed % 3, seed, level]), level)
        assert SECOND[name](problem.data) == problem.answer, problem.statement


@pytest.mark.parametrize("name", BY_NAME)
def test_a_constant_guess_scores_at_most_the_stated_chance(name: str) -> None:
    family = BY_NAME[name]
    answers = Counter(family.make(np.random.default_rng([5, seed]), 5).answer for seed in range(2000))
    assert answers.most_common(1)[0][1] / 2000 <= family.chance


def test_the_rule_for_rings_up_to_rotation_holds_where_all_can_be_listed() -> None:
    sizes, banned = [1, 2, 1], {(0, 0), (1, 2)}
    kinds = [0, 1, 1, 2]
    for length in (1, 2, 4, 6):
        rings = set()
        for ring in itertools.product(range(4), repeat=length):
            pairs = ((kinds[a], kinds[b]) for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
            if all(tuple(sorted(pair)) not in banned for pair in pairs):
                rings.add(min(ring[turn:] + ring[:turn] for turn in range(length)))
        assert necklaces(length, sizes, banned) == len(rings)


def test_deletion_and_contraction_agree_with_a_list_of_all_colourings() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 0)]
    listed = sum(all(colours[a] != colours[b] for a, b in edges) for colours in itertools.product(range(3), repeat=6))
    assert chromatic(frozenset(range(6)), frozenset(map(frozenset, edges)), 3) == listed

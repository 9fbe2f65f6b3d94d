"""Every answer again from the parameters alone, by another method than the generator's: 225 problems a family."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from selftrain.envs.math.problems import AREAS, problem_families
from selftrain.tasks import LEVELS, SPLITS, stable_key

SECOND: dict[str, Callable[[Mapping[str, Any]], str]] = {}
for _area in AREAS:
    SECOND |= importlib.import_module(f"math_second_methods.{_area}").SECOND


def test_every_family_has_a_second_method() -> None:
    assert set(SECOND) == set(problem_families())


@pytest.mark.parametrize("name", list(problem_families()))
def test_the_second_method_finds_the_same_answers(name: str) -> None:
    family = problem_families()[name]
    for level in LEVELS:
        for split, key in SPLITS.items():
            for seed in range(15):
                problem = family.make(np.random.default_rng([stable_key(name), key, seed]), level)
                again = SECOND[name](json.loads(json.dumps(problem.data)))
                assert again == problem.answer, (level, split, seed, problem.statement)

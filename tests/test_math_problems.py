"""Every problem family: a thousand different problems a level, exact answers, statements as a paper prints them."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from selftrain.envs import check_answer
from selftrain.envs.answers.verifier import RESPONSE
from selftrain.envs.catalogue import family_names, kind_of
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.math.problem import Problem
from selftrain.envs.math.problems import AREAS, problem_families
from selftrain.envs.math.tasks import math_family
from selftrain.errors import UnknownNameError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import LEVELS, SPLITS, Task, stable_key

FAMILIES = list(problem_families())
CLUMSY = re.compile(
    r"\+\s*-|-\s*-|--|(?<![\d.])\b1[a-z]\b(?!\))|\+\s*0\b(?!\.)|  |\b(?:a|A) \$?(?:8\d?|11|18)\b"
    r"|\b1 (?:coins|ways|cards|marbles|balls|hours|minutes|days|students|points)\b|\$1\$ liters|\{\}|Fraction\("
)


def made(name: str, level: int, seed: int, split: str = "train") -> Problem:
    """The problem of a seed, drawn as the family of tasks draws it."""
    rng = np.random.default_rng([stable_key(name), SPLITS[split], seed])
    return problem_families()[name].make(rng, level)


@functools.cache
def many(name: str, level: int) -> list[Problem]:
    """A thousand where fewest and most can be told apart, and fewer in between, for time's sake."""
    return [made(name, level, seed) for seed in range(1000 if level in (1, 5) else 250)]


def paid(task: Task, response: str) -> bool:
    evidence = Evidence({RESPONSE: EvidenceFile(response.encode())})
    return task.verifier.verify(evidence, task, NoCleanRoom()).passed


def test_there_are_families_enough_in_every_area() -> None:
    areas = Counter(family.area for family in problem_families().values())
    assert set(areas) == {area.replace("_", " ") for area in AREAS}
    assert sum(areas.values()) - areas["riddles"] >= 40 and areas["riddles"] >= 6
    with pytest.raises(UnknownNameError, match="Did you mean"):
        math_family(FAMILIES[0][:-1])


def test_no_two_families_share_a_name() -> None:
    names = family_names()
    assert len(set(names)) == len(names)
    assert {name: kind_of(name) for name in FAMILIES} == dict.fromkeys(FAMILIES, "math")


@pytest.mark.parametrize("name", FAMILIES)
def test_as_many_seeds_are_as_many_problems(name: str) -> None:
    for level in LEVELS:
        problems = many(name, level)
        assert len({json.dumps(problem.data, sort_keys=True) for problem in problems}) == len(problems), level
        assert len({problem.statement for problem in problems}) == len(problems), level


@pytest.mark.parametrize("name", FAMILIES)
def test_guessing_at_level_5_gets_no_more_than_the_chance_that_is_stated(name: str) -> None:
    answers = Counter(problem.answer for problem in many(name, 5))
    chance = problem_families()[name].chance
    # three standard deviations above the stated chance
    assert max(answers.values()) <= 1000 * chance + 3 * (1000 * chance) ** 0.5 + 3
    assert chance <= 0.02
    assert all(re.fullmatch("-?[0-9]+", answer) for answer in answers)


@pytest.mark.parametrize("name", FAMILIES)
def test_statements_read_as_printed_ones(name: str) -> None:
    openings = set()
    for level in LEVELS:
        for problem in many(name, level)[:200]:
            statement = problem.statement
            assert statement == statement.strip() and statement[-1] in ".?!$)]" and len(statement) < 4000, statement
            assert statement.replace(r"\$", "").count("$") % 2 == 0, statement
            assert statement.count("{") == statement.count("}"), statement
            assert not CLUMSY.search(statement), (CLUMSY.search(statement), statement)
            openings.add(" ".join(re.sub(r"\$[^$]*\$|[0-9]+", "#", statement).split()[:4]))
    assert len(openings) >= 3


@pytest.mark.parametrize("name", FAMILIES)
def test_the_right_answer_is_paid_and_known_mistakes_and_hedges_are_not(name: str) -> None:
    for level in LEVELS:
        for seed in range(4):
            task = math_family(name).task(seed, level, "dev")
            assert paid(task, task.oracle[0])
            for cheat, (message,) in task.cheats.items():
                assert not paid(task, message), (cheat, message)


@pytest.mark.parametrize("name", FAMILIES)
def test_traps_are_other_answers(name: str) -> None:
    for level in LEVELS:
        for problem in many(name, level)[:40]:
            assert all(trap != problem.answer for trap in problem.traps)
            assert not any(check_answer(problem.answer, trap).passed for trap in problem.traps)


def test_the_same_seed_gives_the_same_problem_in_another_process() -> None:
    code = (
        "import hashlib\nfrom selftrain.envs.math.problems import problem_families\n"
        "from selftrain.envs.math.tasks import math_family\n"
        "print(hashlib.sha256(''.join(math_family(n).task(s, l, p).fingerprint() for n in problem_families() "
        "for s in (0, 7) for l in (1, 3, 5) for p in ('train', 'test')).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1


def test_splits_never_meet() -> None:
    for name in FAMILIES:
        texts = [made(name, 3, seed, split).statement for split in SPLITS for seed in range(20)]
        assert len(set(texts)) == len(texts)

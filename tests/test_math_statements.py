"""What statements print, computed with as printed, leads to the answers: statement and parameters say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from math_second_methods.printed import Value, evaluate, formulas, holds

from selftrain.envs.math.problem import Problem
from selftrain.envs.math.problems import algebra, sequences

FAMILIES = {family.name: family for area in (algebra, sequences) for family in area.FAMILIES}
SUM = re.compile(r"\\(sum|prod)_\{k=([0-9]+)\}\^\{([0-9]+)\} (.*?)\\\]")


def problems(name: str, level: int) -> Iterator[Problem]:
    for seed in range(40):
        yield FAMILIES[name].make(np.random.default_rng([9, seed]), level)


def numbers(answer: str) -> list[Value]:
    inside = answer[1:-1] if answer.startswith("(") else answer
    return [evaluate(part, {}) for part in inside.split(",")]


@pytest.mark.parametrize(
    ("name", "level", "letters"),
    [
        ("equation-systems", 1, "xy"),
        ("equation-systems", 2, "xyz"),
        ("equation-systems", 3, "xyz"),
        ("radical-equations", 1, "x"),
        ("radical-equations", 2, "x"),
        ("radical-equations", 3, "x"),
        ("radical-equations", 4, "x"),
        ("logarithms", 1, "x"),
        ("logarithms", 2, "x"),
    ],
)
def test_answers_solve_the_equations_that_are_printed(name: str, level: int, letters: str) -> None:
    tried = 0
    for problem in problems(name, level):
        if problem.data["kind"] in ("product", "squares"):
            continue
        values = dict(zip(letters, numbers(problem.answer), strict=True))
        equations = [
            f for f in formulas(problem.statement) if f.count("=") == 1 and not re.match(r"\(|[xy] =|y = x", f)
        ]
        for equation in equations:
            assert holds(equation, values), (equation, problem.answer)
            tried += 1
    assert tried >= 8


@pytest.mark.parametrize(
    ("name", "level"),
    [*(("telescoping", level) for level in (1, 2, 3, 4)), ("floor-sums", 1), ("floor-sums", 2), ("floor-sums", 3)],
)
def test_sums_and_products_that_are_printed_have_the_answer_as_their_value(name: str, level: int) -> None:
    tried = 0
    for problem in problems(name, level):
        printed = SUM.search(problem.statement)
        if printed is None or int(printed[3]) > 3000:
            continue
        term = printed[4].rstrip(".,")
        values = [evaluate(term, {"k": Fraction(k)}) for k in range(int(printed[2]), int(printed[3]) + 1)]
        total: Value = Fraction(1 if printed[1] == "prod" else 0)
        for value in values:
            total = total * value if printed[1] == "prod" else total + value
        before = re.search(r"\\\[([0-9]+)\\(?:sum|prod)", problem.statement)
        total *= int(before[1]) if before else 1
        assert abs(total - evaluate(problem.answer, {})) <= 1e-9 * abs(total), problem.statement
        tried += 1
    assert tried >= 2


def test_the_quartic_that_is_printed_telescopes_to_the_answer() -> None:
    tried = 0
    for problem in problems("telescoping", 5):
        quartic = re.search(r"\$g\(x\) = (.*?)\$|for \$(x.*?)\$|put \$g\(x\) = (.*?)\$", problem.statement)
        printed = SUM.search(problem.statement)
        if quartic is None or printed is None:
            continue
        text = next(part for part in quartic.groups() if part)
        top, bottom = re.fullmatch(r"\\frac\{(.*?)\}\{g\((.*?)\)\}", printed[4].rstrip(".")).groups()  # type: ignore[union-attr]
        total = Fraction(1 if printed[1] == "prod" else 0)
        for k in range(int(printed[2]), int(printed[3]) + 1):
            below = evaluate(text, {"x": evaluate(bottom, {"k": Fraction(k)})})
            inner = re.fullmatch(r"g\((.*)\)", top)
            above = evaluate(inner[1] if inner else top, {"k": Fraction(k)})
            ratio = Fraction(evaluate(text, {"x": above}) if inner else above) / Fraction(below)
            total = total * ratio if printed[1] == "prod" else total + ratio
        assert str(total.numerator + total.denominator) == problem.answer, problem.statement
        tried += 1
    assert tried >= 5

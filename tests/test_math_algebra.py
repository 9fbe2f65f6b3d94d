"""Kinds of algebra problems anchored at contest problems whose answers are public."""

from __future__ import annotations

from typing import Any

import pytest
from math_second_methods.algebra import SECOND


@pytest.mark.parametrize(
    ("name", "data", "published"),
    [
        # Contest problems whose answers are public, in the shape of the parameters: they anchor what a kind means.
        ("logarithms", {"kind": "bases", "powers": [1, 1, 1], "logs": [24, 40, 12]}, "60"),
        (
            "logarithms",
            {
                "kind": "log-products",
                "base": 10,
                "rows": [[2000, 1, 1, 4], [2, 1, 1, 1], [1, 1, 1, 0]],
                "weights": [0, 1, 0],
            },
            "25",
        ),
        (
            "radical-equations",
            {"kind": "product", "outside": [1, 18, 30], "factor": 2, "inside": [1, 18, 45]},
            "20",
        ),
        ("functional-equations", {"kind": "mirrors", "axes": [2, 7], "zeros": [0, 0], "range": [-1000, 1000]}, "401"),
        ("functional-equations", {"kind": "two-variables", "factor": 1, "power": 1, "at": [14, 52]}, "364"),
        ("equation-systems", {"kind": "reciprocals", "product": [1, 1], "sums": [5, 29]}, "5"),
        ("polynomial-remainders", {"kind": "quotient", "n": 4, "u": 1, "v": 0, "w": 1}, "\\frac{2}{3}"),
        # 8321, which the contest reduced modulo 1000
        ("complex-numbers", {"kind": "roots-product", "root": [1, 1], "n": 13, "c": 1}, str(8321 % 1009)),
        (
            "exact-optimum",
            {"kind": "broken-line", "n": 12, "heights": [2, -1], "width": [1, 0], "sum": 17},
            "145",
        ),
    ],
)
def test_published_problems_have_their_published_answers(name: str, data: dict[str, Any], published: str) -> None:
    assert SECOND[name](data) == published

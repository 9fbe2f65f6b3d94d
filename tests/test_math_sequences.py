"""Kinds of problems on sequences anchored at contest problems whose answers are public."""

from __future__ import annotations

from typing import Any

import pytest
from math_second_methods.sequences import SECOND


@pytest.mark.parametrize(
    ("name", "data", "published"),
    [
        # Contest problems whose answers are public, in the shape of the parameters: they anchor what a kind means.
        (
            "telescoping",
            {"kind": "quotient", "quartic": [1, 0, 0, 0, 324], "step": 6, "first": 4, "count": 5},
            "374",
        ),
        ("periodic-recurrences", {"kind": "nested", "down": 3, "up": 5, "limit": 1000, "from": 84, "count": 1}, "997"),
        (
            "periodic-recurrences",
            {"kind": "six-sums", "added": 0, "known": [[1492, 1985], [1985, 1492]], "wanted": 2001},
            "986",
        ),
        ("floor-sums", {"kind": "represented", "factors": [2, 4, 6, 8], "limit": 1000, "missing": False}, "600"),
        ("floor-sums", {"kind": "nearest", "degree": 4, "top": 1, "from": 1, "to": 1995}, "400"),
        ("differences", {"kind": "two-known", "second": 1, "known": [[19, 0], [92, 0]], "wanted": 1}, "819"),
        ("digit-sequences", {"kind": "powers", "base": 3, "places": [0, 100]}, "981"),
    ],
)
def test_published_problems_have_their_published_answers(name: str, data: dict[str, Any], published: str) -> None:
    assert SECOND[name](data) == published

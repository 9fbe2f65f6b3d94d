"""A rule that the second methods of number theory rest on, held to small cases."""

from __future__ import annotations

import math

from math_second_methods.number_theory import once_divisible


def test_the_rule_for_entries_divisible_once_holds_for_small_rows() -> None:
    for prime, row in ((3, 71), (5, 137), (7, 200), (2, 97)):
        entries = [math.comb(row, k) for k in range(row + 1)]
        assert once_divisible(row, prime) == sum(e % prime == 0 and e % prime**2 != 0 for e in entries)

"""Exact numbers in LaTeX, written apart from the package so that an error there shows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt


def tex(value: Fraction | int) -> str:
    value = Fraction(value)
    if value.denominator == 1:
        return f"{value.numerator}"
    text = f"\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    return "-" + text if value < 0 else text


def m_plus_n(value: Fraction) -> int:
    assert value > 0
    return value.numerator + value.denominator


def surd(square: Fraction | int) -> str:
    """The root of a rational: the largest square factor is looked for from above, not by dividing out primes."""
    square = Fraction(square)
    below = square.denominator
    inside = square.numerator * below
    outside = next(k for k in range(isqrt(inside), 0, -1) if inside % (k * k) == 0)
    inside //= outside * outside
    factor = Fraction(outside, below)
    if inside == 1:
        return tex(factor)
    top = ("" if factor.numerator == 1 else str(factor.numerator)) + f"\\sqrt{{{inside}}}"
    return top if factor.denominator == 1 else f"\\frac{{{top}}}{{{factor.denominator}}}"


def rational_root(square: Fraction) -> Fraction:
    root = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    assert root * root == square
    return root


def solve(rows: Sequence[Sequence[Fraction | int]]) -> list[Fraction]:
    """The solution of linear equations, each row the coefficients and then the right side."""
    table = [[Fraction(value) for value in row] for row in rows]
    size = len(table)
    for column in range(size):
        pivot = next(r for r in range(column, size) if table[r][column])
        table[column], table[pivot] = table[pivot], table[column]
        lead = table[column][column]
        table[column] = [value / lead for value in table[column]]
        for row in range(size):
            if row != column and table[row][column]:
                factor = table[row][column]
                table[row] = [x - factor * y for x, y in zip(table[row], table[column], strict=True)]
    return [row[-1] for row in table]

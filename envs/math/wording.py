"""Words and LaTeX that several areas need: choices, names, numbers, fractions, polynomials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np

_Item = TypeVar("_Item")

NAMES = (
    "Amara", "Anil", "Beatriz", "Bojan", "Chen", "Chiara", "Dalia", "Davit", "Emeka", "Esra", "Farid", "Freya",
    "Giulia", "Goran", "Hana", "Hugo", "Ines", "Ivan", "Jamila", "Jonas", "Kavya", "Kenji", "Leila", "Lucas",
    "Marta", "Mei", "Nadia", "Nils", "Olga", "Omar", "Pavel", "Priya", "Quinn", "Rafael", "Rosa", "Samir",
    "Sofia", "Tariq", "Tomas", "Uma", "Viktor", "Wanda", "Xenia", "Yara", "Yusuf", "Zoe",
)  # fmt: skip


def pick(rng: np.random.Generator, items: Sequence[_Item]) -> _Item:
    """One of the items."""
    return items[int(rng.integers(len(items)))]


def several(rng: np.random.Generator, items: Sequence[_Item], count: int) -> list[_Item]:
    """`count` different items, in random order."""
    return [items[int(i)] for i in rng.permutation(len(items))[:count]]


def between(rng: np.random.Generator, low: int, high: int) -> int:
    """An integer from `low` to `high`, both included."""
    return int(rng.integers(low, high + 1))


def fraction(value: Fraction | int) -> str:
    r"""A rational in LaTeX, in lowest terms: "3", "-\frac{1}{2}"."""
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def polynomial(coefficients: Sequence[int], variable: str = "x") -> str:
    """A polynomial in LaTeX from its integer coefficients, the highest power first."""
    text = ""
    for power, value in zip(range(len(coefficients) - 1, -1, -1), coefficients, strict=True):
        if value == 0:
            continue
        size = "" if abs(value) == 1 and power else str(abs(value))
        unknown = {0: "", 1: variable}.get(power, f"{variable}^{power}" if power < 10 else f"{variable}^{{{power}}}")
        sign = ("-" if value < 0 else "") if not text else (" - " if value < 0 else " + ")
        text += sign + size + unknown
    return text or "0"


def listing(items: Sequence[str], last: str = "and") -> str:
    """Items in a sentence: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def article(number: int) -> str:
    """The article before a number below 800: "an" before 8, 11, 18 and 80, "a" before 1, 7 and 100."""
    return "an" if number in (8, 11, 18) or 80 <= number < 90 else "a"


def nonzero(rng: np.random.Generator, size: int) -> int:
    """An integer from `-size` to `size` that is not 0."""
    return between(rng, 1, size) * pick(rng, (-1, 1))


def wrong_answers(answer: str, *candidates: object) -> tuple[str, ...]:
    """The candidates for traps as text, each once, without the one that happens to be the answer."""
    return tuple(dict.fromkeys(text for text in map(str, candidates) if text != answer))


def square_root(value: Fraction | int) -> str:
    r"""The square root of a rational in simplest radical form: "2\sqrt{5}", "\frac{\sqrt{6}}{3}"."""
    value = Fraction(value)
    outside, inside, divisor = 1, value.numerator * value.denominator, 2
    while divisor * divisor <= inside:
        while inside % (divisor * divisor) == 0:
            inside //= divisor * divisor
            outside *= divisor
        divisor += 1
    factor = Fraction(outside, value.denominator) if inside else Fraction(0)
    if inside <= 1:
        return fraction(factor)
    top = rf"\sqrt{{{inside}}}" if factor.numerator == 1 else rf"{factor.numerator}\sqrt{{{inside}}}"
    return top if factor.denominator == 1 else rf"\frac{{{top}}}{{{factor.denominator}}}"


def by_level(*makers: Callable[[np.random.Generator], _Item]) -> Callable[[np.random.Generator, int], _Item]:
    """One maker for a family out of one for each level, level 1 first."""
    return lambda rng, level: makers[level - 1](rng)

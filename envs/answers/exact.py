"""Exact rational values without any library: the fast path, and the bounds on what may be computed at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from selftrain.envs.answers.nodes import Node, NotReadError, TooLargeError

MAX_BITS = 20_000
MAX_FACTORIAL = 2_000


def rational(node: Node) -> Fraction | None:
    """The value of `node` if elementary arithmetic makes it a rational number, else None.

    Raises:
        TooLargeError: a number on the way has more digits than the bounds allow.
        NotReadError: it divides by zero.
    """
    if node.head == "number":
        assert isinstance(node.value, Fraction)
        return node.value
    work = _WORK.get(node.head)
    if work is None:
        return None
    parts = [rational(part) for part in node.args]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    found = work(known)
    if found is not None:
        bounded(found)
    return found


def bounded(value: Fraction) -> Fraction:
    """The value itself, if its digits are within bounds."""
    if value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
        raise TooLargeError("refused: too large")
    return value


def _div(parts: list[Fraction]) -> Fraction:
    if parts[1] == 0:
        raise NotReadError("refused: division by zero")
    return parts[0] / parts[1]


def _pow(parts: list[Fraction]) -> Fraction | None:
    base, exponent = parts
    if exponent.denominator != 1:
        root = _root([base, Fraction(exponent.denominator)]) if base >= 0 else None
        return None if root is None else _pow([root, Fraction(exponent.numerator)])
    if base == 0 and exponent <= 0:
        raise NotReadError("refused: division by zero")
    if base in (0, 1, -1):
        return base ** (abs(exponent.numerator) % 2 if base == -1 else 1)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits * abs(exponent.numerator) > 2 * MAX_BITS:
        raise TooLargeError("refused: too large")
    return base**exponent.numerator


def _root(parts: list[Fraction]) -> Fraction | None:
    """An exact root of a rational number, or None where it is not rational."""
    inside, degree = parts
    if degree.denominator != 1 or not 2 <= degree <= 64:
        return None
    if inside < 0:
        odd = _root([-inside, degree]) if degree % 2 else None
        return None if odd is None else -odd
    above, below = (_whole_root(part, int(degree)) for part in (inside.numerator, inside.denominator))
    return None if above is None or below is None else Fraction(above, below)


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        found = math.isqrt(value)
    else:
        found = 1 << -(-value.bit_length() // degree)
        while True:  # Newton's steps fall until the floor of the root is reached
            lower = ((degree - 1) * found + value // found ** (degree - 1)) // degree
            if lower >= found:
                break
            found = lower
    return found if found**degree == value else None


def _factorial(parts: list[Fraction]) -> Fraction:
    if parts[0].denominator != 1 or parts[0] < 0:
        raise NotReadError("refused: not an answer")
    if parts[0] > MAX_FACTORIAL:
        raise TooLargeError("refused: too large")
    return Fraction(math.factorial(int(parts[0])))


def _binomial(parts: list[Fraction]) -> Fraction:
    if any(part.denominator != 1 or part < 0 for part in parts):
        raise NotReadError("refused: not an answer")
    if parts[0] > MAX_BITS:
        raise TooLargeError("refused: too large")
    return Fraction(math.comb(int(parts[0]), int(parts[1])))


_WORK: dict[str, Callable[[list[Fraction]], Fraction | None]] = {
    "add": lambda parts: sum(parts, Fraction(0)),
    "neg": lambda parts: -parts[0],
    "mul": lambda parts: parts[0] * parts[1],
    "div": _div,
    "pow": _pow,
    "root": _root,
    "factorial": _factorial,
    "binomial": _binomial,
    "percent": lambda parts: parts[0] / 100,
}

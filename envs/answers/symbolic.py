"""Algebra by sympy, for the worker process: proof of equality, never a guess from digits.

Numbers are told apart by evaluation to as many digits as that takes, and held equal only when sympy shows that their
difference is zero. What cannot be shown within the time and size allowed is refused.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from selftrain.envs.answers.compare import settled
from selftrain.envs.answers.exact import rational
from selftrain.envs.answers.nodes import Node, NotReadError, TooLargeError, number
from selftrain.envs.answers.units import unit

MAX_NAMES = 8
MAX_TERMS = 1_000
MAX_DEGREE = 1_000
MAX_CHOSEN = 50
SECONDS = 0.6
_DIGITS = 15
_PROBES = (Fraction(7, 5), Fraction(-11, 3), Fraction(17, 7), Fraction(23, 11), Fraction(5, 13))
_CONSTANTS = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}
_FUNCTIONS = {
    **{name: getattr(sympy, name) for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh")},
    **{name: getattr(sympy, name) for name in ("asin", "acos", "atan", "floor")},
    "ln": sympy.log,
    "abs": sympy.Abs,
    "ceil": sympy.ceiling,
}


class _TimeUp(BaseException):
    """Not an Exception, so that no handler within sympy takes it for its own."""


@contextmanager
def limited(reason: str) -> Iterator[None]:
    """Refuse, for that reason, what takes more than `SECONDS` of processor time in Python code.

    Raises:
        NotReadError: the time is up.
    """

    def stop(*_: object) -> None:
        raise _TimeUp

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    except _TimeUp:
        raise NotReadError(reason) from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


class Symbolic:
    """Algebra over expressions with radicals, constants, functions and variables."""

    def same(self, left: Node, right: Node) -> bool:
        decided = settled(left, right)
        if decided is not None:
            return decided
        return _zero(_built(left) - _built(right))

    def proportional(self, left: Node, right: Node) -> bool:
        one, other = _built(left), _built(right)
        if other == 0 or one == 0:
            return bool(one == other)
        at = dict(zip(sorted(one.free_symbols, key=str), _rationals(), strict=False))
        here, there = one.subs(at), other.subs(at)
        if here.is_zero or there.is_zero or not (here.is_finite and there.is_finite):
            ratio = sympy.cancel(sympy.together(one / other))
            return bool(ratio.is_number and ratio.is_finite and not ratio.is_zero)
        return _zero(sympy.expand(one * there - other * here))


def _rationals() -> list[Any]:
    return [sympy.Rational(value.numerator, value.denominator) for value in _PROBES * 2][:MAX_NAMES]


def _built(node: Node) -> Any:
    """The expression, if it is small enough to be worked with."""
    names = {part.value for part in node.walk() if part.head == "symbol"}
    if len(names) > MAX_NAMES or _terms(node) > MAX_TERMS:
        raise TooLargeError("refused: too large")
    return _expression(node)


def _terms(node: Node) -> int:
    """How many terms the node has at most when it is multiplied out."""
    parts = [_terms(part) for part in node.args]
    if node.head == "add":
        return sum(parts)
    if node.head == "mul":
        return math.prod(parts)
    if node.head == "div":
        return parts[0] + parts[1]
    if node.head == "pow":
        return _power_terms(parts[0], node.args[1])
    if node.head == "binomial" and any((rational(part) or 0) > MAX_CHOSEN for part in node.args):
        raise TooLargeError("refused: too large")
    return max([1, *parts])


def _power_terms(terms: int, exponent: Node) -> int:
    power = rational(exponent)
    if power is None:
        return terms
    if abs(power) > MAX_DEGREE or power.denominator > MAX_DEGREE:
        raise TooLargeError("refused: too large")
    return math.comb(terms + math.ceil(abs(power)) - 1, terms - 1) if terms > 1 else 1


def _expression(node: Node) -> Any:
    value = rational(node)
    if value is not None:
        return sympy.Rational(value.numerator, value.denominator)
    if node.head == "symbol":
        return sympy.Symbol(str(node.value), real=True)
    if node.head == "constant" and node.value in _CONSTANTS:
        return _CONSTANTS[str(node.value)]
    if node.head == "latex":
        return _evaluated(str(node.value))
    if node.head == "quantity" and unit(str(node.value)).pi:
        return _expression(node.args[0]) * sympy.pi / 180
    parts = [_expression(part) for part in node.args]
    if node.head == "call":
        return _called(str(node.value), parts)
    if node.head not in _WORK:
        raise NotReadError("wrong: another kind of answer")
    return _finite(_WORK[node.head](parts))


@lru_cache(maxsize=256)
def _evaluated(text: str) -> Any:
    """The value of a known answer beyond the grammar, such as a sum or an integral, as math-verify reads it."""
    from math_verify import LatexExtractionConfig, parse

    found = parse(f"${text}$", extraction_config=[LatexExtractionConfig()], parsing_timeout=None)
    value = found[0].doit() if found and isinstance(found[0], sympy.Basic) else None
    if not isinstance(value, sympy.Expr) or value.has(sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit):
        raise NotReadError("refused: cannot be evaluated")
    return _finite(value.subs({name: sympy.Symbol(str(name), real=True) for name in value.free_symbols}))


def _called(name: str, parts: list[Any]) -> Any:
    if name == "log":
        base = parts[1] if len(parts) > 1 else sympy.Integer(10)
        return _finite(sympy.log(parts[0]) / sympy.log(base))
    return _finite(_FUNCTIONS[name](parts[0]))


def _finite(value: Any) -> Any:
    if value.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
        raise NotReadError("refused: division by zero")
    return value


def _power(parts: list[Any]) -> Any:
    """A power whose size is looked at before it is computed."""
    base, exponent = parts
    if exponent.is_number and not exponent.is_Rational and abs(exponent.evalf(_DIGITS)) > MAX_DEGREE:
        raise TooLargeError("refused: too large")
    return base**exponent


def _root(parts: list[Any]) -> Any:
    """The real root where there is one."""
    inside, degree = parts
    if degree.is_Integer and degree % 2 and inside.is_number and inside.is_negative:
        return -((-inside) ** (1 / degree))
    return inside ** (1 / degree)


def _factorial(parts: list[Any]) -> Any:
    if parts[0].is_number:
        raise NotReadError("refused: not an answer")
    return sympy.factorial(parts[0])


_WORK: dict[str, Callable[[list[Any]], Any]] = {
    "add": lambda parts: sympy.Add(*parts),
    "neg": lambda parts: -parts[0],
    "mul": lambda parts: parts[0] * parts[1],
    "div": lambda parts: parts[0] / parts[1],
    "pow": _power,
    "root": _root,
    "factorial": _factorial,
    "binomial": lambda parts: sympy.binomial(*parts),
    "percent": lambda parts: parts[0] / 100,
}


def _zero(expression: Any) -> bool:
    """Whether it is zero, or zero for all values of its variables."""
    if expression == 0:
        return True
    if expression.free_symbols:
        return not _differs_somewhere(expression) and _shown_zero(expression)
    return not _differs(expression) and _shown_zero(expression)


def _differs(value: Any) -> bool:
    """Whether a number is certainly not zero: evaluation that cancels to nothing has no digit that is right."""
    found = value.evalf(_DIGITS, maxn=200)
    return any(part.is_Float and part != 0 and part._prec > 1 for part in found.as_real_imag())


def _differs_somewhere(expression: Any) -> bool:
    names = sorted(expression.free_symbols, key=str)
    for shift in range(3):
        values = [_rationals()[(index + shift) % MAX_NAMES] for index in range(len(names))]
        value = expression.subs(dict(zip(names, values, strict=True)))
        if value.is_finite and value.is_real and _differs(value):
            return True
    return False


def _shown_zero(expression: Any) -> bool:
    """Whether one of sympy's ways of rewriting, the quick ones first, leaves nothing."""
    for rewrite in (sympy.expand, _numerator, sympy.radsimp, _denested, sympy.simplify):
        if rewrite(expression) == 0:
            return True
    if not expression.free_symbols and expression.is_algebraic:
        variable = sympy.Symbol("x")
        return bool(sympy.minimal_polynomial(expression, variable) == variable)
    return False


def _numerator(expression: Any) -> Any:
    return sympy.expand(sympy.fraction(sympy.together(expression))[0])


def _denested(expression: Any) -> Any:
    return sympy.expand(sympy.sqrtdenest(expression))


def warm_up() -> None:
    """Go once through what is imported and filled lazily, so that the first check is as quick as the next."""
    from selftrain.envs.answers.grammar import read

    algebra = Symbolic()
    for left, right in (
        (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
        (r"\sqrt{3+2\sqrt{2}}", r"1+\sqrt{2}"),
        ("(x+1)^2", "x^2+2x+1"),
        (r"\frac{x^2-1}{x-1}", "x+1"),
        (r"\sin(\pi/3)", r"\frac{\sqrt3}{2}"),
        (r"\ln 8", r"3\ln 2"),
        (r"\sin^2 x", r"1-\cos^2 x"),
    ):
        algebra.same(read(left), read(right))
    algebra.proportional(read("2x-y"), read("4x-2y"))
    algebra.same(number(2), read(r"\sqrt{5}"))

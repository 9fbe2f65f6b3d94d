"""Sums and products in which nearly everything cancels."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import (
    between,
    by_level,
    fraction,
    nonzero,
    pick,
    polynomial,
    square_root,
    wrong_answers,
)

_LOWEST = "Give your answer as an integer or as a common fraction in lowest terms."


def _harmonic_pairs(rng: np.random.Generator) -> Problem:
    """Partial fractions with neighbouring factors."""
    a, b, c, n = between(rng, 2, 15), between(rng, 1, 60), between(rng, 1, 60), between(rng, 20, 2000)
    value = Fraction(c, a) * (Fraction(1, a + b) - Fraction(1, a * (n + 1) + b))

    def pair(k: int) -> str:
        return f"\\frac{{{c}}}{{{a * k + b} \\cdot {a * (k + 1) + b}}}"

    statement = pick(
        rng,
        (
            f"Compute \\[{pair(1)} + {pair(2)} + {pair(3)} + \\cdots + {pair(n)}.\\]",
            f"Find the value of \\[\\sum_{{k=1}}^{{{n}}} "
            f"\\frac{{{c}}}{{({polynomial([a, b], 'k')})({polynomial([a, a + b], 'k')})}}.\\]",
            f"The numbers ${a + b}, {2 * a + b}, {3 * a + b}, \\dots, {a * (n + 1) + b}$ form an arithmetic "
            f"sequence. For each of them but the last, ${c}$ is divided by the product of the number and its "
            f"successor. What is the sum of all these quotients?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(
        answer, fraction(value * a), fraction(Fraction(c, a) * (Fraction(1, a + b) - Fraction(1, a * n + b)))
    )
    data = {"kind": "pairs", "line": [a, b], "top": c, "count": n}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _root_pairs(rng: np.random.Generator) -> Problem:
    """Rationalise denominators that are sums of two roots."""
    while True:
        a, b, n = between(rng, 1, 20), between(rng, 1, 99), between(rng, 10, 500)
        c = between(rng, 1, 12)
        end = a * (n + 1) + b
        high, low = square_root(Fraction(c * c * end, a * a)), square_root(Fraction(c * c * (a + b), a * a))
        if isqrt(end) ** 2 != end or isqrt(a + b) ** 2 != a + b:
            break
    term = f"\\frac{{{c}}}{{\\sqrt{{{polynomial([a, b], 'k')}}} + \\sqrt{{{polynomial([a, a + b], 'k')}}}}}"

    def shown(k: int) -> str:
        return f"\\frac{{{c}}}{{\\sqrt{{{a * k + b}}}+\\sqrt{{{a * (k + 1) + b}}}}}"

    statement = pick(
        rng,
        (
            f"Find the value of \\[\\sum_{{k=1}}^{{{n}}} {term}.\\]",
            f"Simplify \\[{shown(1)} + {shown(2)} + \\cdots + {shown(n)}.\\]",
            f"For every positive integer $k$ let \\[t_k = {term}.\\] What is $t_1 + t_2 + \\cdots + t_{{{n}}}$?",
        ),
    )
    answer = f"{high} - {low}"
    shorter = square_root(Fraction(c * c * (end - a), a * a))
    traps = wrong_answers(answer, f"{shorter} - {low}", f"{low} - {high}", f"{high} + {low}")
    data = {"kind": "roots", "line": [a, b], "top": c, "count": n}
    return Problem(f"{statement} Give your answer in simplest radical form.", answer, data, traps)


def _product_of_ratios(rng: np.random.Generator) -> Problem:
    """A product of differences of squares that cancels across a gap."""
    while True:
        a, b, gap = between(rng, 2, 20), between(rng, 1, 60), between(rng, 1, 2)
        if b > a * (gap - 1):
            break
    n, scale = between(rng, 10, 999), between(rng, 2, 99)

    def line(k: int) -> int:
        return a * k + b

    value = Fraction(scale)
    for j in range(1, gap + 1):
        value *= Fraction(line(j - gap) * line(n + j), line(j) * line(n + j - gap))
    text = polynomial([a, b], "k")
    factor = f"1 - \\frac{{{(gap * a) ** 2}}}{{({text})^2}}"
    statement = pick(
        rng,
        (
            f"Compute \\[{scale}\\prod_{{k=1}}^{{{n}}} \\left({factor}\\right).\\]",
            f"For every integer $k$ from $1$ to ${n}$, the number ${factor}$ is written on a card. What is "
            f"${scale}$ times the product of the numbers on all the cards?",
            f"A quantity has the value ${scale}$. For $k = 1, 2, \\dots, {n}$ in turn it is multiplied by "
            f"${factor}$. What is its value in the end?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(
        answer,
        fraction(scale * Fraction(line(-gap), line(1))),
        fraction(value / scale),
        fraction(scale * Fraction(line(n + gap), line(1))),
    )
    data = {"kind": "ratios", "line": [a, b], "gap": gap, "count": n, "scale": scale}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _triples(rng: np.random.Generator) -> Problem:
    """Three factors in the denominator and a linear numerator."""
    a, b, n = between(rng, 1, 9), between(rng, 1, 40), between(rng, 20, 400)
    c, d = between(rng, 1, 15), nonzero(rng, 30)

    # (c k + d)/(t(t+a)(t+2a)) with t = ak + b: a combination of 1/(t(t+a)) - ... and 1/((t+a)(t+2a)).
    def line(k: int) -> int:
        return a * k + b

    slope = Fraction(c, a)
    rest = d - slope * b
    # c k + d = slope * t + rest.
    pairs = (Fraction(1, line(2)) - Fraction(1, line(n + 2))) / a
    thirds = (Fraction(1, line(1) * line(2)) - Fraction(1, line(n + 1) * line(n + 2))) / (2 * a)
    value = slope * pairs + rest * thirds
    bottom = "".join(f"({polynomial([a, j * a + b], 'k')})" for j in range(3))
    top = polynomial([c, d], "k")
    statement = pick(
        rng,
        (
            f"The sum \\[\\sum_{{k=1}}^{{{n}}} \\frac{{{top}}}{{{bottom}}}\\] is a rational number. Find it.",
            f"For $k \\ge 1$ let \\[a_k = \\frac{{{top}}}{{{bottom}}}.\\] Find $a_1 + a_2 + \\cdots + a_{{{n}}}$.",
            f"A ball rolls $\\frac{{{top}}}{{{bottom}}}$ metres during its $k$th second (a negative value means that "
            f"it rolls back). How many metres from its starting point, counted positive in the forward direction, "
            f"is it after {n} seconds?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(
        answer, fraction(slope * pairs), fraction(rest * thirds), fraction(slope * pairs - rest * thirds)
    )
    data = {"kind": "triples", "line": [a, b], "top": [c, d], "count": n}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _quartic_factors(rng: np.random.Generator) -> Problem:
    """Factor the quartic into values of one quadratic at x and at x + e; then everything cancels."""
    while True:
        e, q, first, n = between(rng, 1, 12), between(rng, 2, 90), between(rng, 1, 60), between(rng, 10, 60)
        middle = 2 * q - e * e
        if middle and 4 * q > e * e:
            break

    def half(x: int) -> int:
        return x * x - e * x + q

    quartic = polynomial([1, 0, middle, 0, q * q])
    if rng.integers(2):
        value = Fraction(half(first + 2 * e * n), half(first))
        kind, verb = "quotient", "multiplied together"
        term = f"\\frac{{g({polynomial([2 * e, first - e], 'k')})}}{{g({polynomial([2 * e, first - 2 * e], 'k')})}}"
        asked, wrong = f"\\prod_{{k=1}}^{{{n}}} {term}", Fraction(half(first + 2 * e * n - e), half(first))
    else:
        value = (Fraction(1, half(first)) - Fraction(1, half(first + e * n))) / (2 * e)
        kind, verb = "sum", "added up"
        line = polynomial([e, first - e], "k")
        term = f"\\frac{{{line}}}{{g({line})}}"
        asked, wrong = f"\\sum_{{k=1}}^{{{n}}} {term}", value * 2 * e
    statement = pick(
        rng,
        (
            f"Let $g(x) = {quartic}$. The value of \\[{asked}\\] is $\\frac{{m}}{{n}}$, where $m$ and $n$ are "
            f"relatively prime positive integers. Find $m + n$.",
            f"For real $x$ put $g(x) = {quartic}$. The {n} numbers \\[{term} \\qquad (k = 1, 2, \\dots, {n})\\] are "
            f"{verb}. Written in lowest terms the result is $\\frac{{m}}{{n}}$ with positive integers $m$ and $n$. "
            f"Determine $m + n$.",
            f"Where $g(x)$ stands for ${quartic}$, express \\[{asked}\\] as a fraction $\\frac{{m}}{{n}}$ in lowest "
            f"terms with $m, n > 0$ and give the value of $m + n$.",
        ),
    )
    answer = str(value.numerator + value.denominator)
    traps = wrong_answers(answer, wrong.numerator + wrong.denominator, value.numerator, value.denominator)
    data = {"kind": kind, "quartic": [1, 0, middle, 0, q * q], "step": e, "first": first, "count": n}
    return Problem(statement, answer, data, traps)


FAMILIES = (
    ProblemFamily(
        name="telescoping",
        area="sequences",
        summary="sums and products in which nearly everything cancels",
        chance=0.005,
        make=by_level(_harmonic_pairs, _root_pairs, _product_of_ratios, _triples, _quartic_factors),
    ),
)

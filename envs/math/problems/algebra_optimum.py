"""Least and greatest values by the inequalities of the means, of Cauchy and of Minkowski."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt

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


def _times(factor: int, name: str) -> str:
    return f"{factor if factor > 1 else ''}{name}"


def _sum(rational: Fraction | int, root: str) -> str:
    """A rational and a square root, added up where both are rational."""
    text = fraction(rational)
    return root if text == "0" else f"{text} + {root}"


def _two_terms(rng: np.random.Generator) -> Problem:
    """One application of the inequality of the arithmetic and the geometric mean."""
    while True:
        a, b = between(rng, 2, 60), between(rng, 2, 60)
        root = square_root(4 * a * b)
        if "sqrt" in root:
            break
    e, c = between(rng, 1, 40), nonzero(rng, 40)
    # a(x + e) + b/(x + e), with the constant a e moved to the other side.
    constant = c - a * e
    expression = f"{_times(a, 'x')} {'-' if c < 0 else '+'} {abs(c)} + \\frac{{{b}}}{{x + {e}}}"
    statement = pick(
        rng,
        (
            f"Find the least value of \\[{expression}\\] over all real $x > -{e}$.",
            f"For real numbers $x > -{e}$ let $f(x) = {expression}$. What is the minimum of $f$?",
            f"Running a pump at the setting $x > -{e}$ costs ${expression}$ euros an hour. What is the lowest possible "
            "cost, in euros an hour? (A negative cost is a gain.)",
        ),
    )
    answer = _sum(constant, root)
    traps = wrong_answers(answer, _sum(c, root), _sum(constant, square_root(a * b)), _sum(c + a * e, root))
    data = {"kind": "two-terms", "slope": a, "constant": c, "top": b, "shift": e}
    return Problem(f"{statement} Give your answer in simplest radical form.", answer, data, traps)


def _cauchy(rng: np.random.Generator) -> Problem:
    """The least weighted sum of squares on a plane."""
    p, q, r = (between(rng, 1, 9) for _ in range(3))
    while True:
        a, b, c = (nonzero(rng, 12) for _ in range(3))
        if gcd(a, b, c) == 1:
            break
    s = between(rng, 1, 60)
    value = s * s / (Fraction(a * a, p) + Fraction(b * b, q) + Fraction(c * c, r))
    form = " + ".join(_times(weight, f"{name}^2") for weight, name in zip((p, q, r), "xyz", strict=True))
    plane = f"{polynomial([a, 0], 'x')} {'-' if b < 0 else '+'} {_times(abs(b), 'y')}"
    plane += f" {'-' if c < 0 else '+'} {_times(abs(c), 'z')} = {s}"
    statement = pick(
        rng,
        (
            f"Real numbers $x$, $y$ and $z$ satisfy ${plane}$. Find the least possible value of ${form}$.",
            f"What is the minimum of ${form}$ over all points $(x, y, z)$ of the plane ${plane}$?",
            f"Determine the largest number $m$ such that ${form} \\ge m$ for all real $x, y, z$ with ${plane}$.",
        ),
    )
    answer = fraction(value)
    plain = Fraction(s * s, a * a + b * b + c * c)
    traps = wrong_answers(answer, fraction(plain), fraction(plain * (p + q + r)), fraction(value / s))
    data = {"kind": "cauchy", "weights": [p, q, r], "plane": [a, b, c], "right": s}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _on_circle(rng: np.random.Generator) -> Problem:
    """A linear form on a circle that has to be completed first."""
    while True:
        h, k, a, b = nonzero(rng, 20), nonzero(rng, 20), nonzero(rng, 15), nonzero(rng, 15)
        radius_squared = between(rng, 2, 200)
        root = square_root(radius_squared * (a * a + b * b))
        constant = h * h + k * k - radius_squared
        if "sqrt" in root and constant:
            break
    form = f"{polynomial([a, 0])} {'-' if b < 0 else '+'} {_times(abs(b), 'y')}"
    circle = f"x^2 + y^2 {'-' if h > 0 else '+'} {2 * abs(h)}x {'-' if k > 0 else '+'} {2 * abs(k)}y "
    circle += f"{'-' if constant < 0 else '+'} {abs(constant)} = 0"
    statement = pick(
        rng,
        (
            f"Real numbers $x$ and $y$ satisfy ${circle}$. Find the greatest possible value of ${form}$.",
            f"Let $M$ be the maximum of ${form}$ over all points $(x, y)$ of the curve ${circle}$. Find $M$.",
            f"For how large a real number $t$ does the line ${form} = t$ still meet the curve ${circle}$? Give the "
            "greatest such $t$.",
        ),
    )
    middle = a * h + b * k
    answer = _sum(middle, root)
    traps = wrong_answers(answer, root, _sum(-middle, root), _sum(middle, square_root(a * a + b * b)))
    data = {"kind": "circle", "centre": [h, k], "constant": constant, "form": [a, b]}
    return Problem(f"{statement} Give your answer in simplest radical form.", answer, data, traps)


def _fractions_sum(rng: np.random.Generator) -> Problem:
    """Cauchy in the form of Titu, with square weights hidden in the condition and a shift in a denominator."""
    a, b, c = (between(rng, 1, 15) for _ in range(3))
    p, q, r = (between(rng, 1, 5) for _ in range(3))
    e, s = between(rng, 1, 12), between(rng, 5, 99)
    total = a * p + b * q + c * r
    # The condition p^2 (x + e) + q^2 y + r^2 z = s + p^2 e.
    bound = s + p * p * e
    terms = f"\\frac{{{a * a}}}{{x + {e}}} + \\frac{{{b * b}}}{{y}} + \\frac{{{c * c}}}{{z}}"
    condition = " + ".join(_times(k * k, name) for k, name in zip((p, q, r), "xyz", strict=True)) + f" = {s}"
    value = Fraction(total * total, bound)
    statement = pick(
        rng,
        (
            f"Real numbers $x$, $y$ and $z$ with $x > -{e}$, $y > 0$ and $z > 0$ satisfy ${condition}$. The least "
            f"possible value of \\[{terms}\\] is $\\frac{{m}}{{n}}$ with relatively prime positive integers $m$ "
            f"and $n$. Find $m + n$.",
            f"Let $m$ and $n$ be relatively prime positive integers such that $\\frac{{m}}{{n}}$ is the minimum of "
            f"\\[{terms}\\] over all real $x > -{e}$, $y > 0$, $z > 0$ with ${condition}$. Determine $m + n$.",
            f"The inequality \\[{terms} \\ge t\\] holds for all real $x > -{e}$ and all positive $y$ and $z$ for which "
            f"${condition}$. The greatest such $t$, written in lowest terms, is $\\frac{{m}}{{n}}$. Find $m + n$.",
        ),
    )
    answer = str(value.numerator + value.denominator)
    wrong = [Fraction(total * total, s), Fraction((a + b + c) ** 2, bound), Fraction((a + b + c) ** 2, s)]
    traps = wrong_answers(answer, *(each.numerator + each.denominator for each in wrong))
    data = {"kind": "titu", "tops": [a * a, b * b, c * c], "factors": [p * p, q * q, r * r], "shift": e, "right": s}
    return Problem(statement, answer, data, traps)


def _broken_line(rng: np.random.Generator) -> Problem:
    """Square roots of sums of squares are lengths: straighten the broken line to a Pythagorean hypotenuse."""
    while True:
        n, p, q = between(rng, 5, 30), between(rng, 1, 9), between(rng, 1, 30)
        c, r = nonzero(rng, 30), between(rng, 1, 12)
        height = n * q + p * n * (n + 1) // 2
        factor = pick(rng, [int(d) for d in np.flatnonzero(height**2 % np.arange(1, height) == 0) + 1])
        other = height * height // factor
        width = (other - factor) // 2
        s = (width - n * c) // r
        if (factor + other) % 2 == 0 and r * s + n * c == width and 0 < s < 10**5:
            break
    line = (other + factor) // 2
    inner = f"\\sqrt{{({polynomial([p, q], 'k')})^2 + ({_times(r, 'a_k')} {'-' if c < 0 else '+'} {abs(c)})^2}}"
    total = f"\\sum_{{k=1}}^{{{n}}} {inner}"
    statement = pick(
        rng,
        (
            f"Let $a_1, a_2, \\dots, a_{{{n}}}$ be real numbers whose sum is ${s}$. Find the minimum possible value of "
            f"\\[{total}.\\]",
            f"Consider all sequences of ${n}$ real numbers $a_1, \\dots, a_{{{n}}}$ with $a_1 + \\dots + a_{{{n}}} "
            f"= {s}$. The least value that \\[{total}\\] takes is an integer. What is it?",
            f"The real numbers $a_1, a_2, \\dots, a_{{{n}}}$ have the arithmetic mean "
            f"${fraction(Fraction(s, n))}$. For each $k$ let $d_k = {inner}$. How small can $d_1 + d_2 + \\dots + "
            f"d_{{{n}}}$ be?",
        ),
    )
    traps = wrong_answers(str(line), height + width, isqrt(height * height + s * s), height, line - n * abs(c))
    data = {"kind": "broken-line", "n": n, "heights": [p, q], "width": [r, c], "sum": s}
    return Problem(statement, str(line), data, traps)


def _split_square(rng: np.random.Generator) -> Problem:
    """Split the middle square so that both products are covered by one condition."""
    a, b = between(rng, 1, 40), between(rng, 1, 40)
    p, q, r, s = between(rng, 1, 15), between(rng, 1, 15), between(rng, 1, 15), between(rng, 1, 80)
    # (s/2)^2 (a^2/(pq) + b^2/(qr)) is the square of the maximum.
    squared = Fraction(s * s, 4) * (Fraction(a * a, p * q) + Fraction(b * b, q * r))
    condition = (
        " + ".join(_times(weight, f"{name}^2") for weight, name in zip((p, q, r), "xyz", strict=True)) + f" = {s}"
    )
    form = f"{_times(a, 'xy')} + {_times(b, 'yz')}"
    root = "\\sqrt{\\frac{m}{n}}"
    statement = pick(
        rng,
        (
            f"Real numbers $x$, $y$, $z$ satisfy ${condition}$. The greatest possible value of ${form}$ is "
            f"${root}$, where $m$ and $n$ are relatively prime positive integers. Find $m + n$.",
            f"Let $M$ be the maximum of ${form}$ on the surface ${condition}$. Then $M^2 = \\frac{{m}}{{n}}$ in lowest "
            "terms, with positive integers $m$ and $n$. Determine $m + n$.",
            f"For all real $x, y, z$ with ${condition}$ the inequality ${form} \\le {root}$ holds, and it is "
            f"sharp. The positive integers $m$ and $n$ have no common prime factor. Find $m + n$.",
        ),
    )
    answer = str(squared.numerator + squared.denominator)
    wrong = [4 * squared, squared / 4, Fraction(s * s, 4) * (Fraction(a, p * q) + Fraction(b, q * r)) ** 2]
    traps = wrong_answers(answer, *(each.numerator + each.denominator for each in wrong))
    return Problem(statement, answer, {"kind": "split", "form": [a, b], "weights": [p, q, r], "right": s}, traps)


# Middle coefficients b with two legs u < v of the same parity such that u^2 + b^2 and v^2 + b^2 are squares.
_LEGS = tuple(
    (b, u, v)
    for b in range(3, 61)
    for v in range(1, 200)
    if isqrt(b * b + v * v) ** 2 == b * b + v * v
    for u in range(v % 2, v, 2)
    if isqrt(b * b + u * u) ** 2 == b * b + u * u
)


def _chain_of_products(rng: np.random.Generator) -> Problem:
    """The greatest eigenvalue of a path with four vertices, after a scaling; both square roots come out even."""
    b, u, v = pick(rng, _LEGS)
    a, c = (v + u) // 2, (v - u) // 2
    if rng.integers(2):
        a, c = c, a
    scales = [between(rng, 1, 5) for _ in range(4)]
    s = 2 * between(rng, 1, 500)
    # With scaled unknowns the maximum is (sqrt((a+c)^2 + b^2) + sqrt((a-c)^2 + b^2)) / 2 for a sum of squares 2.
    twice = (isqrt(v * v + b * b) + isqrt(u * u + b * b)) * s // 2
    products = [k * scales[i] * scales[i + 1] for i, k in enumerate((a, b, c))]
    form = " + ".join(_times(k, name) for k, name in zip(products, ("wx", "xy", "yz"), strict=True))
    squares = " + ".join(_times(k * k, f"{name}^2") for k, name in zip(scales, "wxyz", strict=True))
    statement = pick(
        rng,
        (
            f"Real numbers $w, x, y, z$ satisfy \\[{squares} = {s}.\\] The greatest possible value of \\[{form}\\] is "
            "$\\frac{N}{2}$ for an integer $N$. Find $N$.",
            f"Let $M$ be the maximum of ${form}$ over all real numbers $w, x, y, z$ with ${squares} = {s}$. "
            f"Compute $2M$.",
            f"Find the smallest number $t$ such that \\[{form} \\le \\frac{{t}}{{2}}\\] for all real numbers $w$, $x$, "
            f"$y$ and $z$ for which \\[{squares} = {s}.\\]",
        ),
    )
    answer = str(twice)
    apart = s * max(a, b, c)
    traps = wrong_answers(answer, apart, s * (a + b + c), s * isqrt(a * a + b * b + c * c), twice // 2)
    data = {"kind": "chain", "form": products, "weights": [k * k for k in scales], "right": s}
    return Problem(statement, answer, data, traps)


def _early_optimum(rng: np.random.Generator) -> Problem:
    return pick(rng, (_fractions_sum, _split_square))(rng)


def _hard_optimum(rng: np.random.Generator) -> Problem:
    return pick(rng, (_broken_line, _chain_of_products))(rng)


FAMILIES = (
    ProblemFamily(
        name="exact-optimum",
        area="algebra",
        summary="least and greatest values by classical inequalities",
        chance=0.005,
        make=by_level(_two_terms, _cauchy, _on_circle, _early_optimum, _hard_optimum),
    ),
)

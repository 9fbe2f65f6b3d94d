"""Complex numbers, from arithmetic to products over all roots of an equation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, nonzero, pick, square_root, wrong_answers


def _number(re: int, im: int) -> str:
    """A complex number with two parts that are not 0: "3 - 2i"."""
    return f"{re} {'-' if im < 0 else '+'} {abs(im) if abs(im) > 1 else ''}i"


def _quotient(rng: np.random.Generator) -> Problem:
    """Multiply by the conjugate."""
    a, b, c, d = (nonzero(rng, 12) for _ in range(4))
    e, f = nonzero(rng, 20), nonzero(rng, 20)
    size = c * c + d * d
    re, im = Fraction(a * c + b * d, size) + e, Fraction(b * c - a * d, size) + f
    quotient = f"\\frac{{{_number(a, b)}}}{{{_number(c, d)}}}"
    statement = pick(
        rng,
        (
            f"Write ${quotient} + ({_number(e, f)})$ as $x + yi$ with real $x$ and $y$.",
            f"Real numbers $x$ and $y$ satisfy $x + yi = {quotient} + ({_number(e, f)})$. Find them.",
            f"The complex number $z$ satisfies $({_number(c, d)})\\bigl(z - ({_number(e, f)})\\bigr) = "
            f"{_number(a, b)}$. Let $x$ and $y$ be its real and its imaginary part. Find both.",
        ),
    )
    answer = f"({fraction(re)},{fraction(im)})"
    careless = (Fraction(a * c - b * d, size) + e, Fraction(b * c + a * d, size) + f)
    traps = wrong_answers(
        answer, f"({fraction(careless[0])},{fraction(careless[1])})", f"({fraction(im)},{fraction(re)})"
    )
    data = {"kind": "quotient", "top": [a, b], "bottom": [c, d], "added": [e, f]}
    form = "Give your answer as an ordered pair $(x, y)$ of integers or fractions in lowest terms."
    return Problem(f"{statement} {form}", answer, data, traps)


def _modulus(rng: np.random.Generator) -> Problem:
    """The modulus of a product without multiplying out."""
    a, b, c, d, e, f = (nonzero(rng, 12) for _ in range(6))
    m, n, p = a * a + b * b, c * c + d * d, e * e + f * f
    if rng.integers(2):
        kind, shown, value = (
            "product",
            f"({_number(a, b)})({_number(c, d)})^2({_number(e, f)})",
            Fraction(m * n * n * p),
        )
    else:
        kind = "quotient"
        shown = f"\\frac{{({_number(a, b)})({_number(c, d)})^2}}{{{_number(e, f)}}}"
        value = Fraction(m * n * n, p)
    statement = pick(
        rng,
        (
            f"Find the absolute value of the complex number ${shown}$.",
            f"Let $z = {shown}$. Compute $|z|$.",
            f"How far from the origin of the complex plane does the point ${shown}$ lie?",
        ),
    )
    answer = square_root(value)
    traps = wrong_answers(answer, fraction(value), square_root(value / n), square_root(value * 2))
    data = {"kind": kind, "numbers": [[a, b], [c, d], [e, f]]}
    return Problem(f"{statement} Give your answer in simplest radical form.", answer, data, traps)


def _circle(rng: np.random.Generator) -> Problem:
    """The points of a circle that are nearest to a number, or farthest from it."""
    while True:
        a, b, c, d, r = nonzero(rng, 30), nonzero(rng, 30), nonzero(rng, 30), nonzero(rng, 30), between(rng, 2, 40)
        distance = square_root((a - c) ** 2 + (b - d) ** 2)
        if "sqrt" in distance:
            break
    outside = (a - c) ** 2 + (b - d) ** 2 > r * r
    kind, word, answer, wrong = pick(
        rng,
        (
            ("largest", "largest", f"{r} + {distance}", f"{distance} - {r}"),
            (
                "smallest",
                "smallest",
                f"{distance} - {r}" if outside else f"{r} - {distance}",
                f"{r} - {distance}" if outside else f"{distance} - {r}",
            ),
        ),
    )
    centre, other = f"|z - ({_number(a, b)})|", f"|z - ({_number(c, d)})|"
    statement = pick(
        rng,
        (
            f"The complex number $z$ satisfies ${centre} = {r}$. Find the {word} possible value of ${other}$.",
            f"Among all complex numbers $z$ with ${centre} = {r}$, what is the {word} value of ${other}$?",
            f"A point $z$ runs along the curve ${centre} = {r}$ in the complex plane. How large is its {word} distance "
            f"from the point ${_number(c, d)}$?",
        ),
    )
    data = {"kind": kind, "centre": [a, b], "radius": r, "point": [c, d]}
    traps = wrong_answers(answer, wrong, distance, square_root((a + c) ** 2 + (b + d) ** 2))
    return Problem(f"{statement} Give your answer in simplest radical form.", answer, data, traps)


def _polygon(rng: np.random.Generator) -> Problem:
    """A sum over the vertices of a regular polygon: mixed terms cancel."""
    a, b, c, d = (nonzero(rng, 25) for _ in range(4))
    r, n = between(rng, 2, 20), between(rng, 5, 60)
    value = n * ((a - c) ** 2 + (b - d) ** 2 + r * r)
    equation = f"\\bigl(z - ({_number(a, b)})\\bigr)^{{{n}}} = {r}^{{{n}}}"
    statement = pick(
        rng,
        (
            f"Let $z_1, z_2, \\dots, z_{{{n}}}$ be the complex solutions of \\[{equation}.\\] Find "
            f"\\[\\sum_{{k=1}}^{{{n}}} |z_k - w|^2, \\quad\\text{{where}}\\quad w = {_number(c, d)}.\\]",
            f"A regular polygon with {n} vertices is inscribed in the circle of radius ${r}$ about the point "
            f"$({a}, {b})$ of the coordinate plane. What is the sum of the squares of the distances from the point "
            f"$({c}, {d})$ to the vertices of the polygon?",
            f"For each of the ${n}$ complex numbers $z$ with \\[{equation},\\] the square of $|z - "
            f"({_number(c, d)})|$ is written on a blackboard. Determine the sum of the numbers on the blackboard.",
        ),
    )
    answer = str(value)
    traps = wrong_answers(answer, value - n * r * r, n * r * r, n * ((a + c) ** 2 + (b + d) ** 2 + r * r), value // n)
    data = {"kind": "polygon", "centre": [a, b], "point": [c, d], "radius": r, "n": n}
    return Problem(statement, answer, data, traps)


def _roots_product(rng: np.random.Generator) -> Problem:
    """Factor the quadratic over the complex numbers; each factor gives one value of z^n - c."""
    a, b = nonzero(rng, 20), between(rng, 1, 20)
    n, c = between(rng, 12, 80), between(rng, 2, 999)
    c *= pick(rng, (-1, 1))
    size = a * a + b * b
    x, y = 1, 0
    for _ in range(n):
        x, y = x * a - y * b, x * b + y * a
    value = (x - c) ** 2 + y * y
    middle = "" if abs(2 * a) == 1 else str(abs(2 * a))
    quadratic = f"z^2 {'-' if a > 0 else '+'} {middle}z + {size}"
    indexed = quadratic.replace("z", "z_k")
    equation = f"z^{{{n}}} {'-' if c > 0 else '+'} {abs(c)}"
    statement = pick(
        rng,
        (
            f"Let $z_1, z_2, \\dots, z_{{{n}}}$ be the ${n}$ complex solutions of $z^{{{n}}} = {c}$, and let \\[P = "
            f"\\prod_{{k=1}}^{{{n}}} \\left({indexed}\\right).\\] Find the remainder when $P$ is divided by $1009$.",
            f"For each of the ${n}$ complex numbers $z$ with $z^{{{n}}} = {c}$, {pick(rng, NAMES)} computes the number "
            f"${quadratic}$. The product of the ${n}$ results is an integer. Find its remainder on division by the "
            f"prime $1009$.",
            f"The polynomial ${equation}$ factors as $(z - z_1)(z - z_2)\\cdots(z - z_{{{n}}})$ over the complex "
            f"numbers. What is the remainder when the integer \\[\\prod_{{k=1}}^{{{n}}} \\left({indexed}\\right)\\] "
            "is divided by $1009$?",
        ),
    )
    answer = str(value % 1009)
    wrong = ((size**n - c) ** 2, size**n + c * c, (size - c) ** 2, x * x + y * y)
    traps = wrong_answers(answer, *(each % 1009 for each in wrong))
    data = {"kind": "roots-product", "root": [a, b], "n": n, "c": c}
    return Problem(statement, answer, data, traps)


FAMILIES = (
    ProblemFamily(
        name="complex-numbers",
        area="algebra",
        summary="complex arithmetic, the complex plane, and products over all roots of an equation",
        chance=0.005,
        make=by_level(_quotient, _modulus, _circle, _polygon, _roots_product),
    ),
)

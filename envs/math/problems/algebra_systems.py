"""Systems of equations: linear ones, and ones that a factorisation, a product or a picture opens."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, nonzero, pick, several, wrong_answers


def _linear(coefficients: dict[str, int]) -> str:
    """A linear form in LaTeX from its nonzero coefficients: "2x - 3y"."""
    text = ""
    for name, value in coefficients.items():
        sign = ("-" if value < 0 else "") if not text else (" - " if value < 0 else " + ")
        text += f"{sign}{abs(value) if abs(value) > 1 else ''}{name}"
    return text


def _two_lines(rng: np.random.Generator) -> Problem:
    """Two linear equations."""
    while True:
        a, b, c, d = (nonzero(rng, 12) for _ in range(4))
        if a * d != b * c and gcd(a, b) == gcd(c, d) == 1:
            break
    x, y = nonzero(rng, 30), nonzero(rng, 30)
    p, q = a * x + b * y, c * x + d * y
    first, second = f"{_linear({'x': a, 'y': b})} = {p}", f"{_linear({'x': c, 'y': d})} = {q}"
    one, two = several(rng, NAMES, 2)
    statement = pick(
        rng,
        (
            f"Solve the system ${first}$, ${second}$. Give the solution as an ordered pair $(x, y)$.",
            f"The lines ${first}$ and ${second}$ in the coordinate plane meet in one point. Give this point as an "
            "ordered pair $(x, y)$.",
            f"{one} thinks of a number $x$ and {two} of a number $y$. Together they find that ${first}$ and "
            f"${second}$. Which ordered pair $(x, y)$ do they have in mind?",
        ),
    )
    answer = f"({x},{y})"
    traps = wrong_answers(answer, f"({y},{x})", f"({-x},{-y})", f"({x},{-y})")
    return Problem(statement, answer, {"kind": "linear", "rows": [[a, b, p], [c, d, q]]}, traps)


def _ring(rng: np.random.Generator) -> Problem:
    """Three linear equations, each in two of three unknowns."""
    while True:
        a, b, c, d, e, f = (nonzero(rng, 9) for _ in range(6))
        if a * c * e + b * d * f and gcd(a, b) == gcd(c, d) == gcd(e, f) == 1:
            break
    x, y, z = (nonzero(rng, 20) for _ in range(3))
    p, q, r = a * x + b * y, c * y + d * z, e * z + f * x
    rows = [[a, b, 0, p], [0, c, d, q], [f, 0, e, r]]
    first, second, third = (
        f"{_linear({name: k for name, k in zip('xyz', row, strict=False) if k})} = {row[3]}" for row in rows
    )
    one, two = several(rng, NAMES, 2)
    statement = pick(
        rng,
        (
            f"Solve the system ${first}$, ${second}$, ${third}$.",
            f"Three numbers $x$, $y$ and $z$ satisfy \\[{first}, \\qquad {second}, \\qquad {third}.\\] Find them.",
            f"{one} hides three numbers $x$, $y$ and $z$ and tells {two} only that ${first}$, that ${second}$ and that "
            f"${third}$. Which numbers are they?",
        ),
    )
    answer = f"({x},{y},{z})"
    traps = wrong_answers(answer, f"({z},{y},{x})", f"({-x},{-y},{-z})", x + y + z)
    form = "Give your answer as an ordered triple $(x, y, z)$."
    return Problem(f"{statement} {form}", answer, {"kind": "linear", "rows": rows}, traps)


def _products(rng: np.random.Generator) -> Problem:
    """Three equations that turn into products when a constant is added to each."""
    x, y, z = (between(rng, 1, 60) for _ in range(3))
    p, q, r = (between(rng, 1, 9) for _ in range(3))
    shifts = {"x": p, "y": q, "z": r}
    values = {"x": x, "y": y, "z": z}

    def equation(u: str, v: str) -> tuple[str, int]:
        total = (values[u] + shifts[u]) * (values[v] + shifts[v]) - shifts[u] * shifts[v]
        return f"{u}{v} + {_linear({u: shifts[v], v: shifts[u]})} = {total}", total

    (first, a), (second, b), (third, c) = equation("x", "y"), equation("y", "z"), equation("z", "x")
    statement = pick(
        rng,
        (
            f"Positive numbers $x, y, z$ satisfy the system \\[{first}, \\quad {second}, \\quad {third}.\\] Find them.",
            f"Find all triples of positive real numbers such that ${first}$, ${second}$ and ${third}$. (There is "
            f"exactly one.)",
            "The edges of a box have the lengths $x$, $y$ and $z$, in centimetres. Its designer notes that, as "
            f"numbers, they satisfy \\[{first}, \\quad {second}, \\quad {third}.\\] Find the lengths of the edges.",
        ),
    )
    answer = f"({x},{y},{z})"
    traps = wrong_answers(answer, f"({x + p},{y + q},{z + r})", f"({z},{y},{x})", x * y * z)
    data = {"kind": "products", "shifts": [p, q, r], "totals": [a, b, c]}
    return Problem(f"{statement} Give your answer as an ordered triple $(x, y, z)$.", answer, data, traps)


def _reciprocal_ring(rng: np.random.Generator) -> Problem:
    """The product of the three sums is the sum of everything, and xyz is known."""
    product = Fraction(between(rng, 1, 40), between(rng, 1, 40))
    a, b = between(rng, 2, 400), between(rng, 2, 400)
    value = (product + 1 / product + a + b) / (a * b - 1)
    given = f"xyz = {fraction(product)}"
    one, two = f"x + \\frac{{1}}{{z}} = {a}", f"y + \\frac{{1}}{{x}} = {b}"
    asked = "z + \\frac{1}{y}"
    statement = pick(
        rng,
        (
            f"Let $x$, $y$ and $z$ be positive real numbers with ${given}$, ${one}$ and ${two}$. Then "
            f"${asked} = \\frac{{m}}{{n}}$, where $m$ and $n$ are relatively prime positive integers. Find $m+n$.",
            f"Three positive numbers satisfy \\[{given}, \\qquad {one}, \\qquad {two}.\\] The number ${asked}$ is "
            "rational. Written in lowest terms it is $\\frac{m}{n}$ with $m, n > 0$. Find $m + n$.",
            f"It is known that ${one}$ and ${two}$ for certain positive $x, y, z$ whose product is "
            f"${fraction(product)}$. Express ${asked}$ as a fraction $\\frac{{m}}{{n}}$ in lowest terms, with "
            f"positive $m$ and $n$, and give $m + n$.",
        ),
    )
    answer = str(value.numerator + value.denominator)
    famous = (Fraction(2) + a + b) / (a * b - 1)
    swapped = (product + 1 / product - a - b) / (a * b - 1)
    traps = wrong_answers(answer, famous.numerator + famous.denominator, swapped.numerator + swapped.denominator)
    data = {"kind": "reciprocals", "product": [product.numerator, product.denominator], "sums": [a, b]}
    return Problem(statement, answer, data, traps)


def _three_angles(rng: np.random.Generator) -> Problem:
    """Each left side is a squared side by the law of cosines; the wanted sum is a multiple of the triangle's area."""
    x, y, z = (between(rng, 2, 600) for _ in range(3))
    kind = pick(rng, ("equal", "right", "mixed"))
    if kind == "equal":
        forms, asked = ("x^2 + xy + y^2", "y^2 + yz + z^2", "z^2 + zx + x^2"), "xy + yz + zx"
        totals = (x * x + x * y + y * y, y * y + y * z + z * z, z * z + z * x + x * x)
        value = x * y + y * z + z * x
    elif kind == "right":
        forms, asked = ("x^2 + y^2", "y^2 + 2yz + 2z^2", "2z^2 + 2zx + x^2"), "xy + yz + zx"
        totals = (x * x + y * y, (y + z) ** 2 + z * z, (z + x) ** 2 + z * z)
        value = x * y + y * z + z * x
    else:
        y *= 3
        forms, asked = (r"x^2 + xy + \frac{y^2}{3}", r"\frac{y^2}{3} + z^2", "z^2 + zx + x^2"), "xy + 2yz + 3zx"
        totals = (x * x + x * y + y * y // 3, y * y // 3 + z * z, z * z + z * x + x * x)
        value = x * y + 2 * y * z + 3 * z * x
    lines = [f"{form} = {total}" for form, total in zip(forms, totals, strict=True)]
    shown = r" \\ ".join(lines)
    statement = pick(
        rng,
        (
            f"Positive real numbers $x$, $y$ and $z$ satisfy \\[\\begin{{gathered}} {shown}. \\end{{gathered}}\\] Find "
            f"${asked}$.",
            f"The system \\[{lines[0]}, \\quad {lines[1]}, \\quad {lines[2]}\\] is satisfied by positive real "
            f"numbers $x$, $y$, $z$. What is the value of ${asked}$?",
            f"Suppose that $x, y, z > 0$, that ${lines[0]}$, that ${lines[1]}$ and that ${lines[2]}$. Determine "
            f"${asked}$.",
        ),
    )
    answer = str(value)
    traps = wrong_answers(answer, sum(totals), sum(totals) // 2, value * 2, value - x * y)
    return Problem(statement, answer, {"kind": kind, "totals": list(totals)}, traps)


FAMILIES = (
    ProblemFamily(
        name="equation-systems",
        area="algebra",
        summary="systems of linear and nonlinear equations, up to ones that are triangles in disguise",
        chance=0.002,
        make=by_level(_two_lines, _ring, _products, _reciprocal_ring, _three_angles),
    ),
)

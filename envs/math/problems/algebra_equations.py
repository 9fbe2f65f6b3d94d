"""Equations with roots, and equations and inequalities with absolute values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import (
    NAMES,
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


def _signed(value: int) -> str:
    """A constant to be appended to a sum: " + 3", " - 3"; nothing for 0."""
    return f" {'-' if value < 0 else '+'} {abs(value)}" if value else ""


def _one_root(rng: np.random.Generator) -> Problem:
    """Isolate the root and square."""
    m, a, b, d, root = (
        between(rng, 2, 12),
        between(rng, 2, 20),
        nonzero(rng, 150),
        nonzero(rng, 60),
        between(rng, 1, 15),
    )
    x = Fraction(root * root - b, a)
    equation = f"{m}\\sqrt{{{polynomial([a, b])}}}{_signed(d)} = {m * root + d}"
    statement = pick(
        rng,
        (
            f"Solve the equation ${equation}$ over the real numbers.",
            f"For which real number $x$ does ${equation}$ hold?",
            f"{pick(rng, NAMES)} picks a real number $x$ and computes that ${equation}$. Find $x$.",
        ),
    )
    answer = fraction(x)
    traps = wrong_answers(answer, fraction(Fraction(root - b, a)), fraction(Fraction(root * root + b, a)))
    data = {"kind": "one-root", "m": m, "inside": [a, b], "right": m * root}
    return Problem(f"{statement} {_LOWEST}", answer, data | {"added": d}, traps)


def _extraneous(rng: np.random.Generator) -> Problem:
    """Squaring brings in a second root, which must be thrown out."""
    while True:
        k, c, d = between(rng, 1, 9), nonzero(rng, 90), nonzero(rng, 60)
        good, bad = c + k * between(rng, 1, 90), c - k * between(rng, 1, 90)
        # (x-c)^2 - (x-good)(x-bad) = k^2 (ax + b)
        a, b = good + bad - 2 * c, c * c - good * bad
        if a and a % (k * k) == 0 and b and b % (k * k) == 0:
            a, b = a // (k * k), b // (k * k)
            break
    root = f"{k if k > 1 else ''}\\sqrt{{{polynomial([a, b])}}}"
    equation = f"{root}{_signed(d)} = {polynomial([1, d - c])}"
    statement = pick(
        rng,
        (
            f"Find all real solutions of ${equation}$.",
            f"How large is the sum of all real numbers $x$ that satisfy ${equation}$?",
            f"A careless student squares the equation ${equation}$ after isolating the root, solves the quadratic and "
            "keeps both of its roots, although only one of them satisfies the original equation. Which one?",
        ),
    )
    traps = wrong_answers(str(good), bad, good + bad)
    data = {"kind": "extraneous", "k": k, "inside": [a, b], "left": d, "right": d - c}
    return Problem(statement, str(good), data, traps)


def _substituted(rng: np.random.Generator) -> Problem:
    """A quadratic that occurs twice: substitute its root, and keep only the positive value."""
    while True:
        t, u = between(rng, 2, 30), between(rng, 1, 29)
        p, g = nonzero(rng, 60), nonzero(rng, 600)
        # The root is t (not -u), which leaves x^2 + 2px + g = 0.
        if u < t and p * p > g and not square_root(p * p - g).isdigit():
            break
    inside, outside = g + t * t, g + t * t - t * u
    coefficient = t - u
    equation = (
        f"{polynomial([1, 2 * p, outside])} = {coefficient if coefficient > 1 else ''}"
        f"\\sqrt{{{polynomial([1, 2 * p, inside])}}}"
    )
    kind, asked, answer, wrong = pick(
        rng,
        (
            ("product", "product of all real solutions", str(g), (g * (inside - u * u), outside, -2 * p)),
            ("squares", "sum of the squares of all real solutions", str(4 * p * p - 2 * g), (4 * p * p, -2 * p)),
            (
                "largest",
                "largest real solution",
                f"{-p} + {square_root(p * p - g)}",
                (f"{p} + {square_root(p * p - g)}", f"{-p} - {square_root(p * p - g)}"),
            ),
        ),
    )
    statement = pick(
        rng,
        (
            f"Find the {asked} of the equation ${equation}$.",
            f"Consider the equation \\[{equation}\\] in real numbers. What is the {asked}?",
            f"The curves $y = {polynomial([1, 2 * p, outside])}$ and "
            f"$y = {coefficient if coefficient > 1 else ''}\\sqrt{{{polynomial([1, 2 * p, inside])}}}$ meet where "
            f"${equation}$. Determine the {asked} of this equation.",
        ),
    )
    form = " Give your answer in simplest radical form." if kind == "largest" else ""
    data = {"kind": kind, "outside": [1, 2 * p, outside], "factor": coefficient, "inside": [1, 2 * p, inside]}
    return Problem(statement + form, answer, data, wrong_answers(answer, *wrong))


def _cube_roots(rng: np.random.Generator) -> Problem:
    """Cube the sum of two cube roots to find their product."""
    while True:
        u, v = nonzero(rng, 12), nonzero(rng, 12)
        a, k = nonzero(rng, 4000), between(rng, 2, 30)
        b = u**3 + v**3 - a
        if u + v and u != v and b:
            break
    roots = [Fraction(w**3 - a, k) for w in (u, v)]
    equation = f"\\sqrt[3]{{{polynomial([k, a])}}} + \\sqrt[3]{{{polynomial([-k, b])}}} = {u + v}"
    kind, asked, value, wrong = pick(
        rng,
        (
            ("product", "product", roots[0] * roots[1], Fraction(-a * b, k * k)),
            ("larger", "larger", max(roots), min(roots)),
        ),
    )
    asked = "larger of the two real solutions" if kind == "larger" else "product of the two real solutions"
    statement = pick(
        rng,
        (
            f"Find the {asked} of ${equation}$.",
            f"The equation \\[{equation}\\] has exactly two real solutions. Determine the {asked}.",
            f"Here $\\sqrt[3]{{t}}$ denotes the real cube root of $t$. What is the {asked} $x$ of ${equation}$?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(wrong), fraction(-value), fraction(sum(roots)))
    return Problem(
        f"{statement} {_LOWEST}", answer, {"kind": kind, "first": [k, a], "second": [-k, b], "sum": u + v}, traps
    )


def _fourth_roots(rng: np.random.Generator) -> Problem:
    """Symmetric functions of two fourth roots, an impossible product, then two quadratics with or without real "
    "roots."""
    while True:
        u, v = between(rng, 1, 12), between(rng, 1, 12)
        h, g = nonzero(rng, 60), between(rng, -900, 900)
        # x^2 + 2hx takes the value g where the first root is u; at its other value the first root is v.
        a = u**4 + g
        values = (g, a - v**4)
        b = u**4 + v**4 - a
        real = [value for value in values if h * h + value > 0]
        if u != v and real and all(h * h + value for value in values) and b:
            break
    first, second = polynomial([-1, -2 * h, a]), polynomial([1, 2 * h, b])
    equation = f"\\sqrt[4]{{{first}}} + \\sqrt[4]{{{second}}} = {u + v}"
    value = sum(4 * h * h + 2 * each for each in real)
    statement = pick(
        rng,
        (
            f"Find the sum of the squares of all real solutions of \\[{equation}.\\]",
            f"Let $S$ be the set of all real numbers $x$ with \\[{equation},\\] where $\\sqrt[4]{{t}}$ is the "
            f"nonnegative fourth root of a number $t \\ge 0$. What is the sum of $x^2$ over all $x$ in $S$?",
            f"The real numbers $x_1 < x_2 < \\dots < x_n$ are all the real solutions of the equation \\[{equation}.\\] "
            "Compute $x_1^2 + x_2^2 + \\dots + x_n^2$.",
        ),
    )
    both = sum(4 * h * h + 2 * each for each in values)
    traps = wrong_answers(str(value), both, 4 * h * h + 2 * real[0], 4 * h * h * len(real))
    data = {"kind": "fourth-roots", "first": [-1, -2 * h, a], "second": [1, 2 * h, b], "sum": u + v}
    return Problem(statement, str(value), data, traps)


FAMILIES = (
    ProblemFamily(
        name="radical-equations",
        area="algebra",
        summary="equations with square, cube and fourth roots, and the roots that squaring invents",
        chance=0.005,
        make=by_level(_one_root, _extraneous, _substituted, _cube_roots, _fourth_roots),
    ),
)

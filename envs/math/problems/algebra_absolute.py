"""Inequalities with absolute values: intervals, breakpoints and lattice points."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import between, by_level, fraction, nonzero, pick, polynomial, wrong_answers


def _closed(low: Fraction, high: Fraction) -> str:
    return f"[{fraction(low)},{fraction(high)}]"


def _open(low: Fraction, high: Fraction) -> str:
    return f"({fraction(low)},{fraction(high)})"


def _band(rng: np.random.Generator) -> Problem:
    """One absolute value against a constant."""
    a, b, c, d = between(rng, 2, 30), nonzero(rng, 99), between(rng, 1, 150), nonzero(rng, 60)
    low, high = Fraction(-c - b, a), Fraction(c - b, a)
    inequality = f"|{polynomial([a, b])}| {'-' if d < 0 else '+'} {abs(d)} \\le {c + d}"
    statement = pick(
        rng,
        (
            f"Solve the inequality ${inequality}$ over the real numbers.",
            f"For which real numbers $x$ is ${inequality}$?",
            f"A machine accepts a real reading $x$ exactly when ${inequality}$. Which readings does it accept?",
        ),
    )
    answer = _closed(low, high)
    traps = wrong_answers(answer, _open(low, high), _closed(Fraction(-c + b, a), Fraction(c + b, a)))
    data = {"kind": "band", "inside": [a, b], "added": d, "right": c + d}
    return Problem(f"{statement} Give your answer as an interval.", answer, data, traps)


def _two_values(rng: np.random.Generator) -> Problem:
    """Two absolute values against each other: square, or split at the zeros."""
    while True:
        a, c = between(rng, 1, 20), between(rng, 1, 20)
        b, d = nonzero(rng, 200), nonzero(rng, 200)
        if a > c and a * d != b * c:
            break
    ends = sorted((Fraction(d - b, a - c), Fraction(-d - b, a + c)))
    inequality = f"|{polynomial([a, b])}| < |{polynomial([c, d])}|"
    statement = pick(
        rng,
        (
            f"Solve ${inequality}$ over the real numbers.",
            f"Determine the set of all real numbers $x$ with ${inequality}$.",
            f"On which interval does the graph of $y = |{polynomial([a, b])}|$ run strictly below the graph of "
            f"$y = |{polynomial([c, d])}|$?",
        ),
    )
    answer = _open(ends[0], ends[1])
    traps = wrong_answers(answer, _closed(ends[0], ends[1]), f"(-\\infty,{fraction(ends[0])})")
    data = {"kind": "two-values", "left": [a, b], "right": [c, d]}
    return Problem(f"{statement} Give your answer as an interval.", answer, data, traps)


def _weighted_distance(x: Fraction | int, weights: list[int], points: list[int]) -> Fraction:
    return sum((w * abs(Fraction(x) - p) for w, p in zip(weights, points, strict=True)), Fraction(0))


def _three_points(rng: np.random.Generator) -> Problem:
    """A convex piecewise linear function below a bound."""
    weights = [between(rng, 1, 5) for _ in range(3)]
    points = sorted(int(p) for p in rng.permutation(np.arange(-40, 41))[:3])
    bound = int(min(_weighted_distance(p, weights, points) for p in points)) + between(rng, 1, 300)

    def end(side: int) -> Fraction:
        """Walk outwards from the outermost point that still satisfies the inequality."""
        inside = [p for p in points if _weighted_distance(p, weights, points) <= bound]
        start = max(inside) if side > 0 else min(inside)
        slope = sum(w if (p - start) * side <= 0 else -w for w, p in zip(weights, points, strict=True))
        return start + side * (bound - _weighted_distance(start, weights, points)) / slope

    terms = " + ".join(f"{w if w > 1 else ''}|{polynomial([1, -p])}|" for w, p in zip(weights, points, strict=True))
    inequality = f"{terms} \\le {bound}"
    statement = pick(
        rng,
        (
            f"Solve the inequality \\[{inequality}\\] over the real numbers.",
            f"Determine the set of all real $x$ for which ${inequality}$.",
            f"A depot at position $x$ on a straight road pays ${terms}$ euros a day to serve three shops at "
            f"${points[0]}$, ${points[1]}$ and ${points[2]}$. At which real positions does it pay at most {bound} "
            f"euros?",
        ),
    )
    low, high = end(-1), end(1)
    total = sum(weights)
    centre = sum(w * p for w, p in zip(weights, points, strict=True))
    answer = _closed(low, high)
    far = _closed(Fraction(centre - bound, total), Fraction(centre + bound, total))
    traps = wrong_answers(answer, far, _open(low, high))
    data = {"kind": "three-points", "weights": weights, "points": points, "bound": bound}
    return Problem(f"{statement} Give your answer as an interval.", answer, data, traps)


def _nested(rng: np.random.Generator) -> Problem:
    """Integers that satisfy an inequality with an absolute value inside another."""
    while True:
        a, b, c = nonzero(rng, 90), between(rng, 5, 60), nonzero(rng, 90)
        k, bound = between(rng, 1, 5), between(rng, 20, 200)
        span = range(c - bound, c + bound + 1)
        count = sum(k * abs(abs(x - a) - b) + abs(x - c) <= bound for x in span)
        if a != c and count > 2:
            break
    left = f"{k if k > 1 else ''}\\bigl||{polynomial([1, -a])}| - {b}\\bigr| + |{polynomial([1, -c])}|"
    statement = pick(
        rng,
        (
            f"How many integers $x$ satisfy \\[{left} \\le {bound}?\\]",
            f"Let $f(x) = {left}$. Find the number of integers $x$ with $f(x) \\le {bound}$.",
            f"An integer $x$ is called \\emph{{near}} if ${left} \\le {bound}$. How many near integers are there?",
        ),
    )
    unfolded = sum(k * abs(x - a - b) + abs(x - c) <= bound for x in span)
    strict = sum(k * abs(abs(x - a) - b) + abs(x - c) < bound for x in span)
    traps = wrong_answers(str(count), unfolded, strict, count - 1)
    data = {"kind": "nested", "k": k, "a": a, "b": b, "c": c, "bound": bound}
    return Problem(statement, str(count), data, traps)


def _lattice_count(m: int, n: int, a: int, b: int, bound: int) -> int:
    """Integer points with m||x|-a| + n||y|-b| <= bound: one quadrant, doubled where a coordinate is not 0."""
    total = 0
    for x in range(max(0, a - bound // m), a + bound // m + 1):
        reach = (bound - m * abs(x - a)) // n
        low, high = max(0, b - reach), b + reach
        column = 2 * (high - low + 1) - (low == 0)
        total += column if x == 0 else 2 * column
    return total


def _lattice(rng: np.random.Generator) -> Problem:
    """Four overlapping diamonds, and the points on the axes of symmetry."""
    while True:
        p, q = nonzero(rng, 99), nonzero(rng, 99)
        m, n = between(rng, 1, 4), between(rng, 1, 4)
        a, b, bound = between(rng, 5, 40), between(rng, 5, 40), between(rng, 20, 120)
        if m * a < bound or n * b < bound:
            break
    count = _lattice_count(m, n, a, b, bound)
    first = f"{m if m > 1 else ''}\\bigl||{polynomial([1, -p])}| - {a}\\bigr|"
    second = f"{n if n > 1 else ''}\\bigl||{polynomial([1, -q], 'y')}| - {b}\\bigr|"
    inequality = f"{first} + {second} \\le {bound}"
    statement = pick(
        rng,
        (
            f"Find the number of ordered pairs $(x, y)$ of integers with \\[{inequality}.\\]",
            f"A point of the plane is a lattice point if both of its coordinates are integers. How many lattice points "
            f"$(x, y)$ lie in the region given by \\[{inequality}?\\]",
            f"The region $R$ of the coordinate plane consists of all points $(x, y)$ with \\[{inequality}.\\] A peg "
            f"is put in at every point of $R$, inside or on the boundary, that has integer coordinates. How many "
            f"pegs are there?",
        ),
    )
    diamond = sum(2 * ((bound - m * abs(i)) // n) + 1 for i in range(-(bound // m), bound // m + 1))
    traps = wrong_answers(str(count), 4 * diamond, diamond, 2 * bound * bound // (m * n) * 4)
    data = {"kind": "lattice", "centre": [p, q], "weights": [m, n], "offsets": [a, b], "bound": bound}
    return Problem(statement, str(count), data, traps)


FAMILIES = (
    ProblemFamily(
        name="absolute-values",
        area="algebra",
        summary="inequalities with absolute values, up to lattice points in folded regions",
        chance=0.005,
        make=by_level(_band, _two_values, _three_points, _nested, _lattice),
    ),
)

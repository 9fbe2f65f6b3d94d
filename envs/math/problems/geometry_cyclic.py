"""Quadrilaterals with a circumscribed circle: angles, diagonals, area, and where the diagonals cross."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, pick, square_root

_CYCLIC = "A quadrilateral is called cyclic if its four vertices lie on a circle."


def _sides(rng: np.random.Generator, high: int) -> list[int]:
    """Four sides in order; any four, the longest shorter than the rest together, belong to one cyclic quadrilateral."""
    while True:
        sides = [between(rng, 3, high) for _ in range(4)]
        if 2 * max(sides) < sum(sides) and len(set(sides)) > 2:
            return sides


def _term(slope: int, constant: int) -> str:
    sign = "-" if constant < 0 else "+"
    return f"({slope}x {sign} {abs(constant)})^\\circ"


def _angle(rng: np.random.Generator) -> Problem:
    while True:
        x, slopes = between(rng, 3, 30), [between(rng, 2, 19) for _ in range(3)]
        first, second = between(rng, 20, 160), between(rng, 20, 160)
        constants = [first - slopes[0] * x, 180 - first - slopes[1] * x, second - slopes[2] * x]
        if all(0 < abs(constant) < 150 for constant in constants) and second != 90:
            break
    a, c, b = (_term(slope, constant) for slope, constant in zip(slopes, constants, strict=True))
    statements = (
        f"Quadrilateral $ABCD$ is inscribed in a circle, with $\\angle A = {a}$, $\\angle C = {c}$ and $\\angle B = "
        f"{b}$. Find the measure of $\\angle D$ in degrees.",
        f"{_CYCLIC} In the cyclic quadrilateral $ABCD$ the angles at $A$, $B$ and $C$ measure ${a}$, ${b}$ and ${c}$. "
        "How many degrees does the angle at $D$ measure?",
        "Four stakes $A$, $B$, $C$, $D$ stand in this order along the edge of a circular pool, and a rope joins each "
        f"to the next. At the stakes the rope turns through interior angles $A = {a}$, $B = {b}$ and $C = {c}$ for "
        "some number $x$. What is the interior angle at $D$, in degrees?",
    )
    data = {"ask": "angle", "slopes": slopes, "constants": constants}
    traps = (f"{second}^\\circ", f"{360 - second}^\\circ", f"{180 - first}^\\circ")
    return posed(rng, statements, f"{180 - second}^\\circ", data, traps)


def _ratio_of_diagonals(rng: np.random.Generator) -> Problem:
    sides = _sides(rng, 140)
    a, b, c, d = sides
    value = Fraction(a * d + b * c, a * b + c * d)
    question = ask_fraction(rng, "the ratio $\\frac{AC}{BD}$")
    statements = (
        f"A cyclic quadrilateral $ABCD$ has sides $AB = {a}$, $BC = {b}$, $CD = {c}$ and $DA = {d}$. {question}",
        f"{_CYCLIC} The sides of the convex cyclic quadrilateral $ABCD$ are, in order, $AB = {a}$, $BC = {b}$, $CD = "
        f"{c}$, $DA = {d}$. {question}",
        "Four huts $A$, $B$, $C$ and $D$ stand in this order on the shore of a circular lake. The straight distances "
        f"from each to the next are $AB = {a}$, $BC = {b}$, $CD = {c}$ and $DA = {d}$ (in hundreds of meters). A "
        f"ferry crosses from $A$ to $C$, another from $B$ to $D$. {question}",
    )
    return posed(rng, statements, value, {"ask": "ratio", "sides": sides}, (1 / value, Fraction(a * c, b * d)))


# with these, the area of a quadrilateral has a small number under its root
_NEARLY_SQUARE = [n * k * k for n in (1, 2, 3, 5, 6, 7, 10, 11, 13, 14, 15) for k in range(1, 23) if n * k * k <= 500]


def _area(rng: np.random.Generator) -> Problem:
    while True:
        gaps = [pick(rng, _NEARLY_SQUARE) for _ in range(4)]
        half, odd = divmod(sum(gaps), 2)
        if not odd and max(gaps) < half:
            break
    sides = [half - gap for gap in gaps]
    a, b, c, d = sides
    product = 16 * prod(gaps)
    answer = square_root(Fraction(product, 16))
    statements = (
        f"Quadrilateral $ABCD$ is inscribed in a circle and has sides $AB = {a}$, $BC = {b}$, $CD = {c}$ and $DA = "
        f"{d}$. Find its area in simplest radical form.",
        f"Of all quadrilaterals with sides ${a}$, ${b}$, ${c}$ and ${d}$, in this order, the one that has a "
        "circumscribed circle encloses the largest area. What is this largest area? Answer in simplest radical form.",
        f"{_CYCLIC} Compute, in simplest radical form, the area of the cyclic quadrilateral whose sides, in order, "
        f"are ${a}$, ${b}$, ${c}$ and ${d}$.",
    )
    traps = (square_root(product), square_root(Fraction(product, 4)))
    return posed(rng, statements, answer, {"ask": "area", "sides": sides}, traps)


def _circumradius(rng: np.random.Generator) -> Problem:
    sides = _sides(rng, 110)
    a, b, c, d = sides
    squared = (b + c + d - a) * (a + c + d - b) * (a + b + d - c) * (a + b + c - d)
    value = Fraction((a * b + c * d) * (a * c + b * d) * (a * d + b * c), squared)
    diagonal = Fraction((a * c + b * d) * (a * d + b * c), a * b + c * d)
    question = ask_sum(rng, "the value of $R^2$", 1000)
    statements = (
        f"A quadrilateral with sides ${a}$, ${b}$, ${c}$ and ${d}$, in this order, is inscribed in a circle of radius "
        f"$R$. {question}",
        f"Points $A$, $B$, $C$, $D$ lie in this order on a circle of radius $R$, and $AB = {a}$, $BC = {b}$, $CD = "
        f"{c}$, $DA = {d}$. {question}",
        f"Four straight rods with the lengths ${a}$, ${b}$, ${c}$ and ${d}$ are hinged in this order to a closed "
        "frame, which is then bent until its four corners lie on a circle. Let $R$ be the radius of the circle. "
        f"{question}",
    )
    data = {"ask": "circumradius", "sides": sides}
    traps = (sum_of_terms(4 * value) % 1000, sum_of_terms(diagonal / 4) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


def _centre_to_crossing(rng: np.random.Generator) -> Problem:
    while True:
        sides = _sides(rng, 70)
        a, b, c, d = sides
        squared = (b + c + d - a) * (a + c + d - b) * (a + b + d - c) * (a + b + c - d)
        radius = Fraction((a * b + c * d) * (a * c + b * d) * (a * d + b * c), squared)
        diagonal = Fraction((a * c + b * d) * (a * d + b * c), a * b + c * d)
        power = diagonal * Fraction(a * d * b * c, (a * d + b * c) ** 2)
        if radius > power:
            break
    value = radius - power
    statements = (
        f"Quadrilateral $ABCD$ with $AB = {a}$, $BC = {b}$, $CD = {c}$ and $DA = {d}$ is inscribed in a circle with "
        f"center $O$. Its diagonals meet at $P$. {ask_sum(rng, 'the value of $OP^2$', 1000)}",
        f"Four points $A$, $B$, $C$, $D$ are chosen in this order on a circle so that $AB = {a}$, $BC = {b}$, $CD = "
        f"{c}$ and $DA = {d}$. The segments $AC$ and $BD$ cross at $P$. Let $s$ be the distance of $P$ from the "
        f"center of the circle. {ask_sum(rng, 'the value of $s^2$', 1000)}",
        "Bridges lead straight across a circular lake from $A$ to $C$ and from $B$ to $D$; they cross at a platform "
        f"$P$. The four places lie in the order $A$, $B$, $C$, $D$ on the shore, with straight distances $AB = {a}$, "
        f"$BC = {b}$, $CD = {c}$ and $DA = {d}$. A buoy $O$ marks the center of the lake. "
        f"{ask_sum(rng, 'the value of $OP^2$', 1000)}",
    )
    traps = tuple(sum_of_terms(wrong) % 1000 for wrong in (radius, power, radius + power))
    data = {"ask": "crossing", "sides": sides}
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="cyclic-quadrilaterals",
    area="geometry",
    summary="angles, diagonals, area and circumscribed circle of quadrilaterals inscribed in a circle",
    chance=0.01,
    make=by_level(_angle, _ratio_of_diagonals, _area, _circumradius, _centre_to_crossing),
)

"""Circles: diameters, tangents, chords, and the power of a point."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, nonzero, square_root


def _signed(value: int, unknown: str) -> str:
    """A term to be added: " + 3x", " - x", or nothing for 0."""
    if value == 0:
        return ""
    size = "" if abs(value) == 1 and unknown else str(abs(value))
    return f" {'-' if value < 0 else '+'} {size}{unknown}"


def _equation(x: int, y: int, constant: int) -> str:
    return f"x^2 + y^2{_signed(x, 'x')}{_signed(y, 'y')}{_signed(constant, '')} = 0"


def _diameter(rng: np.random.Generator) -> Problem:
    while True:
        a, b, c, d = (between(rng, -60, 60) for _ in range(4))
        if a != c and b != d:
            break
    square = Fraction((a - c) ** 2 + (b - d) ** 2, 4)
    statements = (
        f"The points $({a},{b})$ and $({c},{d})$ are the ends of a diameter of a circle. Find the radius of the "
        "circle in simplest radical form.",
        f"Let $A = ({a},{b})$ and $B = ({c},{d})$. A circle has segment $AB$ as a diameter. What is its radius? Give "
        "the exact value in simplest radical form.",
        f"Two opposite seats of a Ferris wheel are drawn at $({a},{b})$ and $({c},{d})$ on a plan whose unit is one "
        "meter. How far from the hub is each seat, in meters? Answer in simplest radical form.",
    )
    return posed(
        rng,
        statements,
        square_root(square),
        {"ask": "diameter", "ends": [[a, b], [c, d]]},
        (square_root(4 * square), square),
    )


def _tangent(rng: np.random.Generator) -> Problem:
    while True:
        h, k, r = nonzero(rng, 20), nonzero(rng, 20), between(rng, 2, 20)
        x, y = nonzero(rng, 40), nonzero(rng, 40)
        power = (x - h) ** 2 + (y - k) ** 2 - r * r
        constant = h * h + k * k - r * r
        if power > 0:
            break
    equation = _equation(-2 * h, -2 * k, constant)
    statements = (
        f"From the point $P = ({x},{y})$ a tangent is drawn to the circle ${equation}$. It touches the circle at $T$. "
        "Find $PT$ in simplest radical form.",
        f"Find, in simplest radical form, the length of a tangent segment from $({x},{y})$ to the circle with the "
        f"equation ${equation}$.",
        f"A dog is on a straight, tight leash that starts at the post $({x},{y})$ and just touches the round pond "
        f"bounded by ${equation}$. How long is the leash from the post to the point where it touches? Answer in "
        "simplest radical form.",
    )
    traps = (square_root(power + r * r), str(power))
    data = {"ask": "tangent", "centre": [h, k], "radius": r, "point": [x, y]}
    return posed(rng, statements, square_root(power), data, traps)


def _chord(rng: np.random.Generator) -> Problem:
    while True:
        h, k, r = between(rng, -15, 15), between(rng, -15, 15), between(rng, 3, 20)
        p, q, s = nonzero(rng, 12), nonzero(rng, 12), between(rng, -60, 60)
        distance = Fraction((p * h + q * k - s) ** 2, p * p + q * q)
        if 0 < distance < r * r and p > 0 and gcd(p, gcd(q, s)) == 1:
            break
    value = 4 * (r * r - distance)
    line = f"{'' if p == 1 else p}x{_signed(q, 'y')} = {s}"
    question = ask_fraction(rng, "$AB^2$")
    statements = (
        f"The line ${line}$ meets the circle with center $({h},{k})$ and radius ${r}$ at $A$ and $B$. {question}",
        f"A circle of radius ${r}$ has its center at $({h},{k})$. The line with the equation ${line}$ cuts it in the "
        f"chord $AB$. {question}",
        f"A radar at $({h},{k})$ sees everything within ${r}$ km. A ship sails along the straight line ${line}$ (one "
        "unit is one kilometer), coming into sight at $A$ and getting out of sight at $B$. "
        f"{ask_fraction(rng, 'the value of $AB^2$')}",
    )
    data = {"ask": "chord", "centre": [h, k], "radius": r, "line": [p, q, s]}
    return posed(rng, statements, value, data, (value / 4, value + distance * 4, 4 * distance))


def _crossing_chords(rng: np.random.Generator) -> Problem:
    a, b, c, t = (between(rng, 2, 110) for _ in range(4))
    d = Fraction(a * b, c)
    value = Fraction(a * a + b * b + c * c) / 4 + d * d / 4 + t * (t + a + b)
    what = "the value of $OT^2$"
    statements = (
        f"Two perpendicular chords $AB$ and $CD$ of a circle with center $O$ meet at $X$, and $XA = {a}$, $XB = {b}$ "
        f"and $XC = {c}$. Point $T$ lies on line $AB$ beyond $B$ with $BT = {t}$. {ask_sum(rng, what)}",
        "In a circle with center $O$, the chords $AB$ and $CD$ cross at right angles at the point $X$, which divides "
        f"$AB$ into $AX = {a}$ and $XB = {b}$. Also, $CX = {c}$. The chord $AB$ is extended past $B$ to a point $T$ "
        f"with $BT = {t}$. {ask_sum(rng, what)}",
        "Four points $A$, $C$, $B$, $D$ lie in this order on a circle with center $O$, so that the segments $AB$ and "
        f"$CD$ are perpendicular and intersect at $X$, where $XA = {a}$, $XB = {b}$, $XC = {c}$. Let $T$ be the point "
        f"on ray $AB$ with $AT = {a + b + t}$. {ask_sum(rng, what)}",
    )
    data = {"ask": "crossing chords", "XA": a, "XB": b, "XC": c, "BT": t}
    traps = (sum_of_terms(value - t * (t + a + b)), sum_of_terms(Fraction(t * (t + a + b))))
    return posed(rng, statements, sum_of_terms(value), data, traps)


def _incircle_and_secant(rng: np.random.Generator) -> Problem:
    x, y, z = (between(rng, 3, 90) for _ in range(3))
    while True:
        u, v = between(rng, 1, 15), between(rng, 1, 15)
        if gcd(u, v) == 1:
            break
    a, b, c = y + z, x + z, x + y
    cevian = Fraction(b * b * y + c * c * z, a) - y * z
    value = (cevian - x * x) / cevian + y * z * (u + v) / (v * cevian)
    question = ask_sum(rng, "the ratio $\\frac{EQ}{AD}$", 1000)
    statements = (
        f"In triangle $ABC$, $AB = {c}$, $BC = {a}$ and $CA = {b}$. The incircle touches $BC$ at $D$ and meets "
        f"segment $AD$ again at $E \\ne D$. Let $P$ be the point of segment $AD$ with $AP : PD = {u} : {v}$. The "
        f"circle through $B$, $C$ and $P$ meets line $AD$ again at $Q$. {question}",
        f"The inscribed circle of a triangle $ABC$ with sides $BC = {a}$, $CA = {b}$, $AB = {c}$ touches side $BC$ at "
        "$D$; the segment $AD$ crosses it a second time, at $E$. On $AD$ lies the point $P$ that divides $AD$ in the "
        f"ratio $AP : PD = {u} : {v}$, and the circle through $B$, $P$ and $C$ crosses the line $AD$ for the second "
        f"time at $Q$. {question}",
        "A circle inside triangle $ABC$ touches all three sides, and side $BC$ at $D$. The tangent segments to it "
        f"from $A$, $B$ and $C$ have lengths ${x}$, ${y}$ and ${z}$. Segment $AD$ meets the circle at $D$ and $E$. "
        f"Point $P$ on $AD$ satisfies $\\frac{{AP}}{{PD}} = \\frac{{{u}}}{{{v}}}$, and line $AD$ meets the "
        f"circumcircle of triangle $BCP$ at $P$ and $Q$. {question}",
    )
    data = {"ask": "secant", "tangents": [x, y, z], "ratio": [u, v]}
    traps = (sum_of_terms(value), sum_of_terms((cevian - x * x) / cevian) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="circle-powers",
    area="geometry",
    summary="radii, tangents, chords and secants of circles, by the power of a point",
    chance=0.01,
    make=by_level(_diameter, _tangent, _chord, _crossing_chords, _incircle_and_secant),
)

"""Triangles with integer sides: Pythagoras, cosines and Stewart, bisectors, incircle, circumcircles of the parts."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, square_root


def _sides(rng: np.random.Generator, low: int, high: int, acute: bool = False) -> tuple[int, int, int]:
    """Sides a, b, c of a triangle; with `acute`, its angles at the ends of side a are acute."""
    while True:
        a, b, c = (between(rng, low, high) for _ in range(3))
        if a < b + c and b < a + c and c < a + b and (not acute or abs(b * b - c * c) < a * a):
            return a, b, c


def _coprime(rng: np.random.Generator, high: int) -> tuple[int, int]:
    while True:
        p, q = between(rng, 1, high), between(rng, 1, high)
        if gcd(p, q) == 1:
            return p, q


def _spiral(rng: np.random.Generator) -> Problem:
    legs = [between(rng, 1, 40) for _ in range(5)]
    a, b, c, d, e = legs
    total = sum(leg * leg for leg in legs)
    statements = (
        f"In the plane, $AB = {a}$, $BC = {b}$, $CD = {c}$, $DE = {d}$ and $EF = {e}$, and the angles $ABC$, $ACD$, "
        "$ADE$ and $AEF$ are right angles. Find the length $AF$ in simplest radical form.",
        f"A right triangle has legs ${a}$ and ${b}$. On its hypotenuse as a leg a second right triangle is built, "
        f"whose other leg is ${c}$; on the hypotenuse of the second a third one with other leg ${d}$; and on the "
        f"hypotenuse of the third a fourth one with other leg ${e}$. How long is the hypotenuse of the fourth "
        "triangle? Answer in simplest radical form.",
        "A paper snail is glued together from four right triangles, each (after the first) having the hypotenuse of "
        f"the one before as a leg. The legs of the first are ${a}$ cm and ${b}$ cm, and the outer legs of the others "
        f"are ${c}$ cm, ${d}$ cm and ${e}$ cm. What is the length, in centimeters, of the last hypotenuse? Give the "
        "exact value in simplest radical form.",
    )
    traps = (square_root(total - e * e), str(sum(legs)))
    return posed(rng, statements, square_root(total), {"ask": "spiral", "legs": legs}, traps)


def _third_side(rng: np.random.Generator) -> Problem:
    while True:
        (m, c, d), n = _sides(rng, 3, 60), between(rng, 2, 60)
        square = n * n + d * d + Fraction(n * (m * m + d * d - c * c), m)
        if m != n:
            break
    question = ask_fraction(rng, "$AC^2$")
    statements = (
        f"Point $D$ lies on side $BC$ of triangle $ABC$. It is known that $AB = {c}$, $AD = {d}$, $BD = {m}$ and $DC "
        f"= {n}$. {question}",
        "A straight brace runs from corner $A$ of a triangular frame $ABC$ to a point $D$ of the beam $BC$. The "
        f"lengths are $AB = {c}$, $BD = {m}$, $DC = {n}$ and $AD = {d}$. {question}",
        f"In triangle $ABD$ the sides are $AB = {c}$, $BD = {m}$ and $AD = {d}$. Side $BD$ is extended beyond $D$ by "
        f"${n}$ to the point $C$. {question}",
    )
    mirrored = n * n + d * d - Fraction(n * (m * m + d * d - c * c), m)
    data = {"ask": "third side", "AB": c, "AD": d, "BD": m, "DC": n}
    return posed(rng, statements, square, data, (mirrored, d * d + n * n))


def _foot(rng: np.random.Generator) -> Problem:
    (a, b, c), (p, q) = _sides(rng, 20, 150, acute=True), _coprime(rng, 15)
    bisector = Fraction(a * c, b + c)
    altitude = Fraction(a * a + c * c - b * b, 2 * a)
    value = altitude + Fraction(p, p + q) * (bisector - altitude)
    question = ask_fraction(rng, "the length $BF$")
    statements = (
        f"In triangle $ABC$, $AB = {c}$, $BC = {a}$ and $CA = {b}$. The bisector of angle $A$ meets $BC$ at $D$, and "
        f"$E$ is the point of segment $AD$ with $AE : ED = {p} : {q}$. Let $F$ be the foot of the perpendicular from "
        f"$E$ to $BC$. {question}",
        f"Triangle $ABC$ has sides $BC = {a}$, $CA = {b}$, $AB = {c}$. On the angle bisector $AD$ (with $D$ on $BC$) "
        f"a point $E$ divides $AD$, counted from $A$, in the ratio ${p} : {q}$. The line through $E$ perpendicular to "
        f"$BC$ meets $BC$ at $F$. {question}",
        f"A triangular plot has the straight borders $AB = {c}$ m, $BC = {a}$ m and $CA = {b}$ m. A path that halves "
        "the angle at $A$ leads straight to the border $BC$, which it reaches at $D$. Someone walks from $A$ along "
        f"the path, stops at the point $E$ with $AE : ED = {p} : {q}$, and goes from there the shortest way to the "
        f"line $BC$, which is reached at the point $F$. {ask_fraction(rng, 'the distance $BF$ in meters')}",
    )
    data = {"ask": "foot", "sides": [a, b, c], "ratio": [p, q]}
    middle = altitude + Fraction(p, p + q) * (Fraction(a, 2) - altitude)
    return posed(rng, statements, value, data, (bisector, middle))


def _centres(rng: np.random.Generator) -> Problem:
    while True:
        a, b, c = sorted(_sides(rng, 4, 45))
        if gcd(a, gcd(b, c)) == 1 and a != c:
            break
    perimeter = between(rng, 30, 3000)
    scale = Fraction(perimeter, a + b + c)
    squared = Fraction((a + b + c) * (b + c - a) * (a + c - b) * (a + b - c))
    value = scale**2 * (Fraction((a * b * c) ** 2) / squared - Fraction(a * b * c, a + b + c))
    what = "the value of $OI^2$"
    statements = (
        f"The sides of a triangle are in the ratio ${a} : {b} : {c}$, and its perimeter is ${perimeter}$. Let $O$ be "
        f"its circumcenter and $I$ its incenter. {ask_sum(rng, what, 1000)}",
        f"In triangle $XYZ$ we have $XY : YZ : ZX = {a} : {b} : {c}$ and $XY + YZ + ZX = {perimeter}$. The "
        f"circumscribed circle has its center at $O$, the inscribed circle at $I$. {ask_sum(rng, what, 1000)}",
        "Let $I$ and $O$ be the centers of the inscribed and of the circumscribed circle of a triangle with "
        f"perimeter ${perimeter}$ whose side lengths are proportional to ${a}$, ${b}$ and ${c}$. "
        f"{ask_sum(rng, what, 1000)}",
    )
    data = {"ask": "centres", "ratio": [a, b, c], "perimeter": perimeter}
    radius = scale**2 * Fraction((a * b * c) ** 2) / squared
    traps = (sum_of_terms(radius) % 1000, sum_of_terms(value / scale**2) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


def _two_circumcentres(rng: np.random.Generator) -> Problem:
    (a, b, c), (p, q) = _sides(rng, 11, 99), _coprime(rng, 30)
    m, n = Fraction(a * p, p + q), Fraction(a * q, p + q)
    cevian = (b * b * m + c * c * n) / a - m * n
    squared = (a + b + c) * (b + c - a) * (a + c - b) * (a + b - c)
    distance = a**4 * cevian / squared
    question = ask_sum(rng, "the value of $PQ^2$", 1000)
    statements = (
        f"In triangle $ABC$, $AB = {c}$, $BC = {a}$ and $CA = {b}$. Point $D$ lies on side $BC$ with $BD : DC = {p} : "
        f"{q}$. Let $P$ and $Q$ be the circumcenters of triangles $ABD$ and $ACD$. {question}",
        f"A triangle $ABC$ with $BC = {a}$, $CA = {b}$ and $AB = {c}$ is divided by a segment $AD$, where $D$ is on "
        f"$BC$ and $\\frac{{BD}}{{DC}} = \\frac{{{p}}}{{{q}}}$. One circle passes through $A$, $B$ and $D$, and has "
        f"its center at $P$; another passes through $A$, $C$ and $D$, and has its center at $Q$. {question}",
        f"Let $D$ be the point that divides side $BC$ of triangle $ABC$ in the ratio $BD : DC = {p} : {q}$, where $AB "
        f"= {c}$, $AC = {b}$ and $BC = {a}$. The perpendicular bisectors of $AD$ and $BD$ meet at $P$, those of $AD$ "
        f"and $CD$ meet at $Q$. {question}",
    )
    data = {"ask": "two circumcentres", "sides": [a, b, c], "ratio": [p, q]}
    traps = (sum_of_terms(cevian) % 1000, sum_of_terms(distance / 4) % 1000, sum_of_terms(distance))
    return posed(rng, statements, sum_of_terms(distance) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="integer-triangles",
    area="geometry",
    summary="lengths in triangles with integer sides, from Pythagoras to the circumcircles of the two parts",
    chance=0.01,
    make=by_level(_spiral, _third_side, _foot, _centres, _two_circumcentres),
)

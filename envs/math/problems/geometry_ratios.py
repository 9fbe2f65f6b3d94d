"""Ratios of areas in a triangle: similar parts, mass points, cevians and the triangles that they form."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level


def _ratio(rng: np.random.Generator, high: int) -> list[int]:
    while True:
        parts = [between(rng, 1, high), between(rng, 1, high)]
        if gcd(*parts) == 1 and parts != [1, 1]:
            return parts


def _corner(rng: np.random.Generator) -> Problem:
    p, q, r, s = (between(rng, 2, 30) for _ in range(4))
    area = between(rng, 30, 400)
    value = Fraction(area * p * r, (p + q) * (r + s))
    question = ask_fraction(rng, "the area of triangle $ADE$")
    statements = (
        f"In triangle $ABC$ with area ${area}$, point $D$ lies on side $AB$ with $AD = {p}$ and $DB = {q}$, and point "
        f"$E$ lies on side $AC$ with $AE = {r}$ and $EC = {s}$. {question}",
        f"A triangular sail $ABC$ has an area of ${area}$ square meters. A straight seam joins the point $D$ of edge "
        f"$AB$, ${p}$ m from $A$ and ${q}$ m from $B$, to the point $E$ of edge $AC$, ${r}$ m from $A$ and ${s}$ m "
        f"from $C$. {ask_fraction(rng, 'the area of the part $ADE$ in square meters')}",
        f"Points $D$ and $E$ divide the sides $AB$ and $AC$ of a triangle $ABC$ into $AD = {p}$, $DB = {q}$, $AE = "
        f"{r}$ and $EC = {s}$. The area of triangle $ABC$ is ${area}$. {question}",
    )
    data = {"ask": "corner", "AB": [p, q], "AC": [r, s], "area": area}
    return posed(rng, statements, value, data, (area - value, Fraction(area * p * r, q * s)))


def _meeting_cevians(rng: np.random.Generator) -> Problem:
    a, b, c, d = (between(rng, 2, 110) for _ in range(4))
    value = Fraction((a + b) * d, a * c)
    question = ask_fraction(rng, "the ratio $\\frac{AP}{PD}$")
    statements = (
        f"In triangle $ABC$, point $D$ lies on $BC$ with $BD = {a}$ and $DC = {b}$, and point $E$ lies on $CA$ with "
        f"$CE = {c}$ and $EA = {d}$. Segments $AD$ and $BE$ meet at $P$. {question}",
        f"Two straight paths cross a triangular park $ABC$: one from $A$ to the point $D$ of side $BC$, ${a}$ m from "
        f"$B$ and ${b}$ m from $C$, the other from $B$ to the point $E$ of side $CA$, ${c}$ m from $C$ and ${d}$ m "
        f"from $A$. They cross at $P$. {question}",
        f"Let $D$ divide side $BC$ of a triangle $ABC$ into $BD = {a}$, $DC = {b}$, and let $E$ divide side $CA$ into "
        f"$CE = {c}$, $EA = {d}$. The cevians $AD$ and $BE$ intersect in the point $P$. {question}",
    )
    data = {"ask": "cevians", "BD": a, "DC": b, "CE": c, "EA": d}
    return posed(rng, statements, value, data, (1 / value, Fraction((a + b) * c, b * d), Fraction(b * d, a * c)))


def _inscribed_triangle(rng: np.random.Generator) -> Problem:
    (p, q), (r, s), (t, u), area = *(_ratio(rng, 12) for _ in range(3)), between(rng, 20, 900)
    corners = [
        Fraction(t * s, (t + u) * (r + s)),
        Fraction(p * u, (p + q) * (t + u)),
        Fraction(r * q, (r + s) * (p + q)),
    ]
    value = area * (1 - sum(corners))
    question = ask_fraction(rng, "the area of triangle $DEF$")
    statements = (
        f"Triangle $ABC$ has area ${area}$. Points $D$, $E$, $F$ lie on its sides $BC$, $CA$, $AB$ so that $BD : DC = "
        f"{p} : {q}$, $CE : EA = {r} : {s}$ and $AF : FB = {t} : {u}$. {question}",
        f"On the sides of a triangle $ABC$ of area ${area}$ three points are marked: $D$ on $BC$ with "
        f"$\\frac{{BD}}{{DC}} = \\frac{{{p}}}{{{q}}}$, $E$ on $CA$ with $\\frac{{CE}}{{EA}} = \\frac{{{r}}}{{{s}}}$, "
        f"and $F$ on $AB$ with $\\frac{{AF}}{{FB}} = \\frac{{{t}}}{{{u}}}$. {question}",
        f"A triangular garden $ABC$ of ${area}$ square meters is divided by three straight hedges $DE$, $EF$ and "
        f"$FD$. Here $D$ divides $BC$ in the ratio $BD : DC = {p} : {q}$, $E$ divides $CA$ in the ratio $CE : EA = "
        f"{r} : {s}$, and $F$ divides $AB$ in the ratio $AF : FB = {t} : {u}$. "
        f"{ask_fraction(rng, 'the area between the hedges in square meters')}",
    )
    data = {"ask": "inscribed", "ratios": [[p, q], [r, s], [t, u]], "area": area}
    return posed(rng, statements, value, data, (area - value, area * corners[0]))


def _middle_triangle(rng: np.random.Generator) -> Problem:
    while True:
        ratios, area = [_ratio(rng, 12) for _ in range(3)], between(rng, 20, 900)
        x, y, z = (Fraction(q, p) for p, q in ratios)
        if x * y * z != 1:
            break
    value = area * (x * y * z - 1) ** 2 / ((x * y + y + 1) * (y * z + z + 1) * (z * x + x + 1))
    (p, q), (r, s), (t, u) = ratios
    question = ask_sum(rng, "the area of this triangle")
    statements = (
        f"In a triangle $ABC$ of area ${area}$, points $D$, $E$, $F$ are chosen on $BC$, $CA$, $AB$ with $BD : DC = "
        f"{p} : {q}$, $CE : EA = {r} : {s}$ and $AF : FB = {t} : {u}$. The segments $AD$, $BE$ and $CF$ bound a "
        f"triangle. {question}",
        f"Three cevians $AD$, $BE$, $CF$ of a triangle $ABC$ with area ${area}$ do not pass through one point, but "
        "enclose a small triangle. Their feet divide the sides in the ratios $\\frac{BD}{DC} = "
        f"\\frac{{{p}}}{{{q}}}$, $\\frac{{CE}}{{EA}} = \\frac{{{r}}}{{{s}}}$ and $\\frac{{AF}}{{FB}} = "
        f"\\frac{{{t}}}{{{u}}}$. {question}",
    )
    data = {"ask": "middle", "ratios": ratios, "area": area}
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(value / area), sum_of_terms(area - value)))


def _triangle_of_crossings(rng: np.random.Generator) -> Problem:
    (a, b), (c, d), area = _ratio(rng, 20), _ratio(rng, 20), between(rng, 20, 2000)
    # masses at the corners that balance at the common point of the cevians
    x, y, z = Fraction(c, d), Fraction(b, a), Fraction(1)
    value = area * 4 * x * y * z / ((2 * x + y + z) * (x + 2 * y + z) * (x + y + 2 * z))
    cevian = area * 2 * x * y * z / ((x + y) * (y + z) * (z + x))
    question = ask_sum(rng, "the area of triangle $QRS$", 1000)
    statements = (
        f"Triangle $ABC$ has area ${area}$. Point $D$ on $BC$ satisfies $BD : DC = {a} : {b}$, and point $E$ on $CA$ "
        f"satisfies $CE : EA = {c} : {d}$. Segments $AD$ and $BE$ meet at $P$, and line $CP$ meets $AB$ at $F$. Let "
        f"$Q$, $R$ and $S$ be the points where $AD$ meets $EF$, $BE$ meets $DF$, and $CF$ meets $DE$. {question}",
        f"Through a point $P$ inside a triangle $ABC$ of area ${area}$ the cevians $AD$, $BE$ and $CF$ are drawn "
        f"($D$, $E$, $F$ on $BC$, $CA$, $AB$). They satisfy $\\frac{{BD}}{{DC}} = \\frac{{{a}}}{{{b}}}$ and "
        f"$\\frac{{CE}}{{EA}} = \\frac{{{c}}}{{{d}}}$. Triangle $DEF$ cuts the cevians once more: $EF$ cuts $AD$ at "
        f"$Q$, $FD$ cuts $BE$ at $R$, and $DE$ cuts $CF$ at $S$. {question}",
        f"A point $P$ inside triangle $ABC$ is such that line $AP$ divides $BC$ at $D$ in the ratio $BD : DC = {a} : "
        f"{b}$ and line $BP$ divides $CA$ at $E$ in the ratio $CE : EA = {c} : {d}$. Line $CP$ meets $AB$ at $F$. The "
        "segments $EF$, $FD$ and $DE$ meet $AP$, $BP$ and $CP$ at $Q$, $R$ and $S$. The area of triangle $ABC$ is "
        f"${area}$. {question}",
    )
    data = {"ask": "crossings", "BC": [a, b], "CA": [c, d], "area": area}
    traps = (sum_of_terms(cevian) % 1000, sum_of_terms(cevian / 4) % 1000, sum_of_terms(value / area) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="area-ratios",
    area="geometry",
    summary="areas of parts of a triangle from the ratios in which its sides are divided",
    chance=0.01,
    make=by_level(_corner, _meeting_cevians, _inscribed_triangle, _middle_triangle, _triangle_of_crossings),
)

"""Solids: blocks with parts cut off, painted cubes, bodies under water, planes through boxes, needles through cubes."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import article, between, by_level, listing, several

# one pair of faces for each direction, the near one first
_FACES = (("left", "right"), ("front", "back"), ("bottom", "top"))


def _cut_block(rng: np.random.Generator) -> Problem:
    whole = [between(rng, 9, 40) for _ in range(3)]
    part = [between(rng, 2, side - 2) for side in whole]
    (a, b, c), (d, e, f) = whole, part
    surface = bool(rng.integers(2))
    answer = 2 * (a * b + b * c + c * a) if surface else a * b * c - d * e * f
    exponent = 2 if surface else 3
    what = "total surface area of the solid that is left" if surface else "volume of the solid that is left"
    unit = "square" if surface else "cubic"
    statements = (
        f"From one corner of a rectangular block of ${a}$ cm by ${b}$ cm by ${c}$ cm a smaller rectangular block of "
        f"${d}$ cm by ${e}$ cm by ${f}$ cm is cut away, edges along edges in this order. What is the {what}? Answer "
        f"in {unit} centimeters.",
        f"A cheese has the shape of a box with the edges ${a}$ cm, ${b}$ cm and ${c}$ cm. A mouse neatly removes a "
        f"box-shaped piece at one vertex that measures ${d}$ cm, ${e}$ cm and ${f}$ cm along those edges, in the same "
        f"order. Find the {what}, in {unit} centimeters.",
        f"A box with edges ${a}$ cm, ${b}$ cm, ${c}$ cm loses at one of its corners a box with the parallel edges "
        f"${d}$ cm, ${e}$ cm, ${f}$ cm. Find the {what}, with its unit.",
    )
    small = 2 * (d * e + e * f + f * d)
    traps = (answer - small, answer + small) if surface else (a * b * c, (a - d) * (b - e) * (c - f))
    unit_text = f"\\text{{ cm}}^{exponent}"
    data = {"ask": "surface" if surface else "volume", "block": whole, "part": part}
    return posed(rng, statements, f"{answer}{unit_text}", data, [f"{trap}{unit_text}" for trap in traps])


def _painted_faces(rng: np.random.Generator, low: int, high: int) -> list[list[int]]:
    """For each direction whether the near and the far face are painted; from `low` to `high` faces are."""
    chosen = several(rng, range(6), between(rng, low, high))
    return [[int(2 * axis in chosen), int(2 * axis + 1 in chosen)] for axis in range(3)]


def _names_of(painted: list[list[int]]) -> str:
    return listing([_FACES[axis][far] for axis in range(3) for far in range(2) if painted[axis][far]])


def _painted_cubes(rng: np.random.Generator) -> Problem:
    sides = [between(rng, 4, 90) for _ in range(3)]
    painted, wanted = _painted_faces(rng, 3, 5), between(rng, 0, 2)
    by_faces = [1, 0, 0, 0]
    for side, flags in zip(sides, painted, strict=True):
        outer = sum(flags)
        by_faces = [by_faces[k] * (side - outer) + (by_faces[k - 1] * outer if k else 0) for k in range(4)]
    count = ("no painted face", "exactly one painted face", "exactly two painted faces")[wanted]
    a, b, c = sides
    statements = (
        f"A wooden box is ${a}$ units long from left to right, ${b}$ units deep from front to back and ${c}$ units "
        f"high. Its {_names_of(painted)} faces are painted; the others are not. The box is then sawn into unit cubes. "
        f"How many of them have {count}?",
        f"Unit cubes are glued together to a solid block, ${a}$ from left to right, ${b}$ from front to back, ${c}$ "
        f"from bottom to top. Paint is put on the {_names_of(painted)} faces of the block and on no other face. When "
        f"it is taken apart again, how many unit cubes show {count}?",
        f"An $a \\times b \\times c$ block of unit cubes, with $a = {a}$ (left to right), $b = {b}$ (front to back) "
        f"and $c = {c}$ (bottom to top), is dipped in paint on its {_names_of(painted)} faces only. Find the number "
        f"of unit cubes with {count}.",
    )
    full = [1, 0, 0, 0]
    for side in sides:
        full = [full[k] * (side - 2) + (full[k - 1] * 2 if k else 0) for k in range(4)]
    data = {"ask": "painted", "sides": sides, "painted": painted, "wanted": wanted}
    return posed(rng, statements, by_faces[wanted], data, (full[wanted], a * b * c - by_faces[0]))


def _rising_water(rng: np.random.Generator) -> Problem:
    tank, base, height = between(rng, 20, 60), between(rng, 3, 14), between(rng, 5, 30)
    balls, ball, rod, length = between(rng, 2, 12), between(rng, 2, 9), between(rng, 2, 9), between(rng, 5, 18)
    cone, spheres, cylinder = Fraction(base * base * height, 3), Fraction(4 * balls * ball**3, 3), rod * rod * length
    rise = (cone + spheres + cylinder) / tank**2
    question = ask_fraction(rng, "the rise of the water level in centimeters")
    statements = (
        f"An upright cylindrical tank with radius ${tank}$ cm is partly filled with water. A solid cone with base "
        f"radius ${base}$ cm and height ${height}$ cm, a solid cylinder with radius ${rod}$ cm and height ${length}$ "
        f"cm, and ${balls}$ solid balls, each of radius ${ball}$ cm, are lowered into it. They sink and lie entirely "
        f"under water, and no water spills. {question}",
        f"Into an upright cylindrical vase whose inner radius is ${tank}$ cm, partly filled with water, somebody "
        f"drops ${balls}$ steel spheres of radius ${ball}$ cm, one steel cone (radius of the base ${base}$ cm, height "
        f"${height}$ cm) and one steel cylinder (radius ${rod}$ cm, height ${length}$ cm). The water then covers all "
        f"of them, and the vase does not overflow. {question}",
        f"The pieces of a metal kit are a cone of height ${height}$ cm over a circle of radius ${base}$ cm, a rod of "
        f"length ${length}$ cm with a circular cross-section of radius ${rod}$ cm, and ${balls}$ balls of radius "
        f"${ball}$ cm. They are sunk in the water of an upright cylindrical basin of radius ${tank}$ cm, until the "
        f"water covers them all. None flows out. {question}",
    )
    data = {"ask": "water", "tank": tank, "cone": [base, height], "rod": [rod, length], "balls": [balls, ball]}
    traps = ((3 * cone + spheres + cylinder) / tank**2, (cone + spheres / balls + cylinder) / tank**2)
    return posed(rng, statements, rise, data, traps)


def _plane_in_box(rng: np.random.Generator) -> Problem:
    sides = [between(rng, 4, 30) for _ in range(3)]
    cuts = [between(rng, 1, side - 1) for side in sides]
    (a, b, c), (p, q, r) = sides, cuts
    normal = Fraction(1, p * p) + Fraction(1, q * q) + Fraction(1, r * r)
    value = (Fraction(a, p) + Fraction(b, q) + Fraction(c, r) - 1) ** 2 / normal
    question = ask_sum(rng, "the value of $d^2$")
    statements = (
        f"A rectangular box has edges $AB = {a}$, $AD = {b}$ and $AE = {c}$ at its vertex $A$. The points $P$, $Q$, "
        f"$R$ lie on these edges with $AP = {p}$ (on $AB$), $AQ = {q}$ (on $AD$) and $AR = {r}$ (on $AE$). Let $d$ be "
        f"the distance from the vertex opposite to $A$ to the plane $PQR$. {question}",
        f"One corner of {article(a)} ${a} \\times {b} \\times {c}$ brick is sawn off by a plane cut that meets the "
        f"three edges at that corner at distances ${p}$, ${q}$ and ${r}$ from it, on the edges of length ${a}$, ${b}$ "
        f"and ${c}$ respectively. The brick is put on the table on the triangular face made by the cut. Let $d$ be the "
        f"height above the table of the corner that was diagonally opposite to the one sawn off. {question}",
        f"In space let $O = (0,0,0)$ and $V = ({a},{b},{c})$, and let $d$ be the distance from $V$ to the plane "
        f"through $({p},0,0)$, $(0,{q},0)$ and $(0,0,{r})$. {question}",
    )
    data = {"ask": "plane", "sides": sides, "cuts": cuts}
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(1 / normal), sum_of_terms(normal)))


def _needle(rng: np.random.Generator) -> Problem:
    while True:
        common, other = between(rng, 2, 12), between(rng, 2, 6)
        sides = [common * other * between(rng, 1, 6), common * between(rng, 2, 30), other * between(rng, 5, 60)]
        if all(20 <= side <= 250 for side in sides) and len(set(sides)) == 3:
            break
    sides = several(rng, sides, 3)
    painted = _painted_faces(rng, 2, 5)
    a, b, c = sides
    start = max(Fraction(flags[0], side) for side, flags in zip(sides, painted, strict=True))
    end = min(1 - Fraction(flags[1], side) for side, flags in zip(sides, painted, strict=True))

    def walls(count: int) -> int:
        return ceil(end * count) - 1 - floor(start * count)

    met = walls(a) + walls(b) + walls(c) - walls(gcd(a, b)) - walls(gcd(b, c)) - walls(gcd(a, c)) + walls(gcd(a, b, c))
    clean = 1
    for side, flags in zip(sides, painted, strict=True):
        clean *= side - sum(flags)
    value = clean - met - 1
    question = (
        "How many unit cubes have no paint on them and are not pierced by the needle (it does not pass through their "
        "interior)? Give the remainder when this number is divided by $1000$."
    )
    statements = (
        f"A block of ${a} \\times {b} \\times {c}$ unit cubes (left to right, front to back, bottom to top) is "
        f"painted on its {_names_of(painted)} faces. A thin straight needle is then pushed through the block from its "
        f"left front bottom corner to its right back top corner. {question}",
        f"Unit cubes form a solid box, ${a}$ cubes from left to right, ${b}$ from front to back and ${c}$ from bottom "
        f"to top. The {_names_of(painted)} faces of the box get a coat of paint, the other faces stay bare. A needle "
        "runs along the space diagonal that joins the left front bottom corner to the right back top corner. "
        f"{question}",
    )
    pierced = a + b + c - gcd(a, b) - gcd(b, c) - gcd(a, c) + gcd(a, b, c)
    data = {"ask": "needle", "sides": sides, "painted": painted}
    return posed(
        rng, statements, value % 1000, data, ((clean - pierced) % 1000, clean % 1000, (a * b * c - pierced) % 1000)
    )


FAMILY = ProblemFamily(
    name="solids",
    area="geometry",
    summary="volumes and surfaces of cut blocks, painted cubes, bodies under water, planes and needles through boxes",
    chance=0.01,
    make=by_level(_cut_block, _painted_cubes, _rising_water, _plane_in_box, _needle),
)

"""Polygons with lattice points for corners: shoelace, Pick's theorem, and how both grow with the polygon."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, listing, polynomial

Point = tuple[int, int]
_LATTICE = "A lattice point is a point whose coordinates are both integers."


def _twice_area(corners: list[Point]) -> int:
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(corners, corners[1:] + corners[:1], strict=True)))


def _on_boundary(corners: list[Point]) -> int:
    return sum(gcd(u - x, v - y) for (x, y), (u, v) in zip(corners, corners[1:] + corners[:1], strict=True))


def _turn(a: Point, b: Point, c: Point) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _hull(points: list[Point]) -> list[Point]:
    def chain(ordered: list[Point]) -> list[Point]:
        kept: list[Point] = []
        for point in ordered:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    ordered = sorted(set(points))
    return chain(ordered) + chain(ordered[::-1])


def _written(points: list[Point]) -> str:
    return listing([f"$({x},{y})$" for x, y in points])


def _scattered(rng: np.random.Generator, count: int, reach: int) -> list[Point]:
    return [(between(rng, -reach, reach), between(rng, -reach, reach)) for _ in range(count)]


def _convex(rng: np.random.Generator, count: int, reach: int) -> list[Point]:
    while True:
        corners = _hull(_scattered(rng, count, reach))
        if len(corners) == count:
            return corners


def _triangle_area(rng: np.random.Generator) -> Problem:
    while True:
        corners = _scattered(rng, 3, 24)
        doubled = _twice_area(corners)
        if doubled:
            break
    where = _written(corners)
    statements = (
        f"Find the area of the triangle with vertices {where}. Give your answer as an integer or a common fraction.",
        f"A surveyor marks the corners of a triangular field on squared paper at {where}, where one unit is one "
        "kilometer. How many square kilometers does the field cover? Give an integer or a common fraction.",
        f"Three pins are pushed into a coordinate board at {where}, and a rubber band is stretched around them. What "
        "area does the band enclose? Give your answer as an integer or a common fraction.",
    )
    return posed(
        rng, statements, Fraction(doubled, 2), {"ask": "area", "corners": corners}, (doubled, Fraction(doubled, 4))
    )


def _inside_quadrilateral(rng: np.random.Generator) -> Problem:
    while True:
        corners = _convex(rng, 4, 12)
        doubled, boundary = _twice_area(corners), _on_boundary(corners)
        inside = (doubled - boundary) // 2 + 1
        if inside > 5:
            break
    where = _written(corners)
    statements = (
        f"{_LATTICE} How many lattice points lie strictly inside the quadrilateral whose vertices, in order, are "
        f"{where}?",
        f"A convex quadrilateral has its vertices at {where}. Find the number of points with integer coordinates that "
        "lie in its interior. Points on the sides are not counted.",
        "An orchard has a tree at every point of the plane with integer coordinates. A straight fence runs from post "
        f"to post around the posts {where}, in this order and back to the first. How many trees are strictly inside "
        "the fence?",
    )
    traps = (inside + boundary, (doubled + 1) // 2, inside - 1)
    return posed(rng, statements, inside, {"ask": "interior", "corners": corners}, traps)


def _crooked(rng: np.random.Generator) -> list[Point]:
    """A hexagon, usually not convex, that cannot cross itself: one chain of corners above a line, one below."""
    steps = [between(rng, 2, 7) for _ in range(3)]
    x, y = between(rng, -12, 2), between(rng, -6, 6)
    xs = [x, x + steps[0], x + steps[0] + steps[1], x + sum(steps)]
    low = [(xs[1], y - between(rng, 1, 9)), (xs[2], y - between(rng, 1, 9))]
    high = [(xs[2], y + between(rng, 1, 9)), (xs[1], y + between(rng, 1, 9))]
    return [(xs[0], y), *low, (xs[3], y), *high]


def _points_of_hexagon(rng: np.random.Generator) -> Problem:
    corners = _crooked(rng)
    doubled, boundary = _twice_area(corners), _on_boundary(corners)
    total = (doubled + boundary) // 2 + 1
    walk = listing([f"$({x},{y})$" for x, y in corners[1:]])
    statements = (
        f"{_LATTICE} A hexagon has the vertices {_written(corners)}, joined in this order (the last to the first). "
        "How many lattice points does the hexagon contain, counting those on its sides and vertices?",
        f"Starting from $({corners[0][0]},{corners[0][1]})$ a robot drives in straight lines to {walk}, and straight "
        "back to its start. Its route bounds a region. How many points with integer coordinates lie in the region, "
        "those on the route included?",
        f"A town square is bounded by the hexagon with consecutive corners {_written(corners)}. One lamp stands at "
        "each point with integer coordinates that lies inside the square or on its edge. How many lamps are there?",
    )
    traps = (total - boundary, doubled // 2 + boundary, total - 1)
    return posed(rng, statements, total, {"ask": "total", "corners": corners}, traps)


def _growth(rng: np.random.Generator) -> Problem:
    while True:
        corners = _convex(rng, between(rng, 4, 5), 9)
        doubled, boundary = _twice_area(corners), _on_boundary(corners)
        if doubled % 2 == 0 and boundary % 2 == 0:
            break
    where, area, half = _written(corners), doubled // 2, boundary // 2
    closed = bool(rng.integers(2))
    place = "in the interior or on the boundary" if closed else "strictly in the interior"
    statements = (
        f"{_LATTICE} Let $P$ be the convex polygon with vertices {where}, and for a positive integer $n$ let $nP$ be "
        f"the polygon obtained by multiplying all coordinates by $n$. The number of lattice points {place} of $nP$ is "
        "a polynomial in $n$. Find this polynomial.",
        f"A convex polygon with vertices {where} is enlarged from the origin by the factor $n$, a positive integer. "
        f"Express the number of points with integer coordinates that lie {place} of the enlarged polygon as a "
        "polynomial in $n$.",
    )
    answer = polynomial((area, half if closed else -half, 1), "n")
    traps = (
        polynomial((area, -half if closed else half, 1), "n"),
        polynomial((area, half if closed else -half, 0), "n"),
    )
    return posed(rng, statements, answer, {"ask": "growth", "corners": corners, "closed": closed}, traps)


def _sum_of_insides(rng: np.random.Generator) -> Problem:
    while True:
        points = _scattered(rng, 7, 11)
        corners = _hull(points)
        if len(set(points)) == 7 and 4 <= len(corners) <= 6:
            break
    last = between(rng, 11, 60)
    doubled, boundary = _twice_area(corners), _on_boundary(corners)
    squares, plain = last * (last + 1) * (2 * last + 1) // 6, last * (last + 1) // 2
    total = (doubled * squares - boundary * plain) // 2 + last
    where = _written(points)
    statements = (
        f"{_LATTICE} Let $H$ be the smallest convex polygon that contains the points {where}. For each positive "
        "integer $k$, let $I_k$ be the number of lattice points strictly inside the polygon that results when $H$ is "
        f"enlarged from the origin by the factor $k$. Find the remainder when $I_1 + I_2 + \\cdots + I_{{{last}}}$ is "
        "divided by $1000$.",
        f"A rubber band is stretched around pins at {where} and encloses a convex region. In frame number $k$ of a "
        f"film of ${last}$ frames the region is seen magnified from the origin by the factor $k$ $(k = 1, 2, \\ldots, "
        f"{last})$. In each frame, one counts the points with integer coordinates strictly inside the magnified "
        "region. Let $S$ be the sum of all these counts. Find the remainder when $S$ is divided by $1000$.",
        "For a positive integer $k$, let $f(k)$ be the number of pairs of integers $(x, y)$ such that $\\left(\\frac "
        f"xk, \\frac yk\\right)$ lies strictly inside the convex hull of the points {where}. Find the remainder when "
        f"$\\sum_{{k=1}}^{{{last}}} f(k)$ is divided by $1000$.",
    )
    traps = ((total + boundary * plain) % 1000, (total - last) % 1000, doubled * squares // 2 % 1000)
    return posed(rng, statements, total % 1000, {"ask": "sum", "points": points, "last": last}, traps)


FAMILY = ProblemFamily(
    name="lattice-polygons",
    area="geometry",
    summary="areas and lattice points of polygons with integer corners, and of their enlargements",
    chance=0.01,
    make=by_level(_triangle_area, _inside_quadrilateral, _points_of_hexagon, _growth, _sum_of_insides),
)

"""Answers of the geometry families by counting, by coordinates and by simulation."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import permutations
from math import hypot
from typing import Any

import numpy as np

from math_second_methods.exact import m_plus_n, rational_root, surd, tex

Data = Mapping[str, Any]


def _where(x: int, y: int, corners: list[list[int]]) -> int:
    """1 inside, 0 on the boundary, -1 outside: by casting a ray to the right."""
    inside = False
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return 0
        if (ay > y) != (by > y) and (cross > 0) == (by > ay):
            inside = not inside
    return 1 if inside else -1


def _count(corners: list[list[int]], factor: int = 1) -> tuple[int, int]:
    """Lattice points strictly inside and on the boundary of the enlarged polygon, one by one."""
    scaled = [[factor * x, factor * y] for x, y in corners]
    xs, ys = [x for x, _ in scaled], [y for _, y in scaled]
    found = [_where(x, y, scaled) for x in range(min(xs), max(xs) + 1) for y in range(min(ys), max(ys) + 1)]
    return found.count(1), found.count(0)


def _brute_hull(points: list[list[int]]) -> list[list[int]]:
    def left(p: list[int], q: list[int], r: list[int]) -> int:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def length(p: list[int], q: list[int]) -> int:
        return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2

    after: dict[tuple[int, int], list[int]] = {}
    for p, q in permutations(points, 2):
        if all(left(p, q, r) >= 0 for r in points):
            best = after.get((p[0], p[1]))
            if best is None or length(p, q) > length(p, best):
                after[p[0], p[1]] = q
    start = min(points)
    hull = [start]
    while (following := after[hull[-1][0], hull[-1][1]]) != start:
        hull.append(following)
    return hull


def _quadratic(values: list[int]) -> tuple[Fraction, Fraction, Fraction]:
    """Coefficients of the quadratic with the given values at 1, 2 and 3."""
    one, two, three = values
    second = Fraction(three - 2 * two + one, 2)
    first = two - one - 3 * second
    return second, first, one - first - second


def lattice_polygons(data: Data) -> str:
    if data["ask"] == "sum":
        hull = _brute_hull([list(point) for point in data["points"]])
        a, b, c = _quadratic([_count(hull, k)[0] for k in (1, 2, 3)])
        return tex(sum(a * k * k + b * k + c for k in range(1, data["last"] + 1)) % 1000)
    corners = [list(corner) for corner in data["corners"]]
    if data["ask"] == "growth":
        counts = [_count(corners, k) for k in (1, 2, 3)]
        a, b, c = _quadratic([inner + (edge if data["closed"] else 0) for inner, edge in counts])
        middle = f"{'-' if b < 0 else '+'} {abs(b) if abs(b) != 1 else ''}n"
        return f"{a if a != 1 else ''}n^2 {middle} + {c}"
    inner, edge = _count(corners)
    return tex({"area": inner + Fraction(edge, 2) - 1, "interior": inner, "total": inner + edge}[data["ask"]])


def _apex(a: Fraction | int, b: Fraction | int, c: Fraction | int) -> tuple[Fraction, Fraction]:
    """Of A above B = (0, 0) and C = (a, 0): its x, and the square of its y."""
    x = (Fraction(a) ** 2 + Fraction(c) ** 2 - Fraction(b) ** 2) / (2 * Fraction(a))
    return x, Fraction(c) ** 2 - x * x


def _spiral(legs: list[int]) -> str:
    end = complex(legs[0], 0)
    for leg in legs[1:]:
        end += leg * 1j * end / abs(end)
    return surd(round(abs(end) ** 2))


def _centres(data: Data) -> str:
    a, b, c = (Fraction(side * data["perimeter"], sum(data["ratio"])) for side in data["ratio"])
    x, yy = _apex(a, b, c)
    share = a / (a + b + c)
    level = (x * x - a * x + yy) / 2
    across = (a + c - b) / 2 - a / 2
    return tex(m_plus_n(across**2 + level**2 / yy - 2 * level * share + share**2 * yy) % 1000)


def _foot(data: Data) -> str:
    (a, b, c), (p, q) = data["sides"], data["ratio"]
    x, _ = _apex(a, b, c)
    incentre = Fraction(a + c - b, 2)
    d = x + (incentre - x) / (1 - Fraction(a, a + b + c))
    return tex(x + (d - x) * Fraction(p, p + q))


def _two_circumcentres(data: Data) -> str:
    (a, b, c), (p, q) = data["sides"], data["ratio"]
    x, yy = _apex(a, b, c)
    d = Fraction(a * p, p + q)
    low, high = (x * x - d * x + yy) / 2, ((x - d) * (x - a) + yy) / 2
    return tex(m_plus_n(Fraction(a * a, 4) + (high - low) ** 2 / yy) % 1000)


def integer_triangles(data: Data) -> str:
    match data["ask"]:
        case "spiral":
            return _spiral(data["legs"])
        case "third side":
            x, yy = _apex(data["BD"], data["AD"], data["AB"])
            return tex((data["BD"] + data["DC"] - x) ** 2 + yy)
        case "foot":
            return _foot(data)
        case "centres":
            return _centres(data)
    return _two_circumcentres(data)


def _tangent(data: Data) -> str:
    (h, k), r, (x, y) = data["centre"], data["radius"], data["point"]
    far = (h + r - x, k - y)
    size = far[0] ** 2 + far[1] ** 2
    if size == 0:
        raise AssertionError("the point lies on the circle")
    other = Fraction(2 * ((h - x) * far[0] + (k - y) * far[1]), size) - 1
    return surd(other * size)


def _chord(data: Data) -> str:
    (h, k), r, (p, q, s) = data["centre"], data["radius"], data["line"]
    start = (Fraction(s, p), Fraction(0))
    a = p * p + q * q
    b = 2 * (-q * (start[0] - h) + p * (start[1] - k))
    c = (start[0] - h) ** 2 + (start[1] - k) ** 2 - r * r
    return tex((b * b - 4 * a * c) / a)


def _crossing_chords(data: Data) -> str:
    a, b, c, t = data["XA"], data["XB"], data["XC"], data["BT"]
    x = Fraction(b - a, 2)
    y = (x * x + c * c - (x + a) ** 2) / (2 * c)
    return tex(m_plus_n((b + t - x) ** 2 + y * y))


def _secant(data: Data) -> str:
    (x, y, z), (u, v) = data["tangents"], data["ratio"]
    a, half, rr = y + z, x + y + z, Fraction(x * y * z, x + y + z)
    top, _ = _apex(a, x + z, x + y)
    across, size = top - y, (top - y) ** 2 + 4 * rr * half**2 / Fraction(a * a)
    at_e = 4 * rr * half / (a * size)
    at_p = Fraction(v, u + v)
    px, pyy = y + at_p * across, at_p**2 * (size - across**2)
    climb = (a * px - px * px - pyy) / at_p
    at_q = -(2 * y * across - a * across + climb) / size - at_p
    return tex(m_plus_n(abs(at_e - at_q)) % 1000)


def circle_powers(data: Data) -> str:
    match data["ask"]:
        case "diameter":
            (a, b), (c, d) = data["ends"]
            middle = Fraction(a + c, 2), Fraction(b + d, 2)
            return surd((middle[0] - a) ** 2 + (middle[1] - b) ** 2)
        case "tangent":
            return _tangent(data)
        case "chord":
            return _chord(data)
        case "crossing chords":
            return _crossing_chords(data)
    return _secant(data)


def cyclic_quadrilaterals(data: Data) -> str:
    if data["ask"] == "angle":
        (p, q, r), (s, t, u) = data["slopes"], data["constants"]
        x = next(x for x in range(1, 200) if p * x + s + q * x + t == 180)
        return f"{360 - 180 - (r * x + u)}^\\circ"
    a, b, c, d = data["sides"]
    cosine = Fraction(a * a + b * b - c * c - d * d, 2 * (a * b + c * d))
    diagonal = a * a + b * b - 2 * a * b * cosine
    if data["ask"] == "ratio":
        other = Fraction(a * a + d * d - b * b - c * c, 2 * (a * d + b * c))
        return tex(rational_root(diagonal / (a * a + d * d - 2 * a * d * other)))
    if data["ask"] == "area":
        return surd(Fraction(a * b + c * d, 2) ** 2 * (1 - cosine**2))
    radius = diagonal / (4 * (1 - cosine**2))
    if data["ask"] == "circumradius":
        return tex(m_plus_n(radius) % 1000)
    # lengths along AC as shares of it; B and D lie on its two sides at heights whose ratio is rational
    at_b, at_d = (diagonal + a * a - b * b) / (2 * diagonal), (diagonal + d * d - c * c) / (2 * diagonal)
    heights = rational_root((a * a - at_b**2 * diagonal) / (d * d - at_d**2 * diagonal))
    at_p = (at_b + heights * at_d) / (1 + heights)
    return tex(m_plus_n((at_p - Fraction(1, 2)) ** 2 * diagonal + radius - diagonal / 4) % 1000)


def _least(start: list[int], end: list[int], walls: list[int]) -> str:
    """The way over both walls, shortened by a ternary search for where it touches the upright one."""
    (ax, ay), (bx, by), (p, q) = start, end, walls

    def way(y: float) -> float:
        return hypot(p - ax, y - ay) + hypot(bx - p, 2 * q - by - y)

    low, high = float(min(q, ay, by)), float(max(q, ay, by))
    for _ in range(200):
        one, two = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, two) if way(one) < way(two) else (one, high)
    return surd(round(way(low) ** 2))


def _ball(table: list[int], direction: list[int]) -> str:
    """Plays the ball, stretched so that it always runs at 45 degrees, and counts where its lines cross."""
    width, height = table[0] * direction[1], table[1] * direction[0]
    rising, falling, bounces = [], [], 0
    x, y, dx, dy = 0, 0, 1, 1
    while True:
        (rising if dx == dy else falling).append(x - y if dx == dy else x + y)
        run = min(width - x if dx > 0 else x, height - y if dy > 0 else y)
        x, y = x + dx * run, y + dy * run
        if x in (0, width) and y in (0, height):
            break
        bounces += 1
        dx, dy = (-dx, dy) if x in (0, width) else (dx, -dy)
    falling.sort()
    crossings = 0
    for c in rising:
        low, high = abs(c), min(2 * width - c, 2 * height + c)
        crossings += max(0, bisect_left(falling, high) - bisect_right(falling, low))
    return tex((bounces + crossings) % 1000)


def reflected_paths(data: Data) -> str:
    match data["ask"]:
        case "image":
            (x, y), (p, q) = data["point"], data["lines"]
            x, y = x + 2 * (p - x), y + 2 * (q - y)
            return f"({y}, {x})" if data["diagonal"] else f"({x}, {y})"
        case "one wall":
            (a, b), (c, d), wall = data["from"], data["to"], data["wall"]
            x = Fraction(a * abs(d - wall) + c * abs(b - wall), abs(b - wall) + abs(d - wall))
            first, second = (x - a) ** 2 + (b - wall) ** 2, (x - c) ** 2 + (d - wall) ** 2
            return surd(first * (1 + rational_root(second / first)) ** 2)
        case "two walls":
            return _least(data["from"], data["to"], data["walls"])
        case "mirror point":
            (a, b), (c, d), (p, q, r) = data["from"], data["to"], data["line"]
            off = [Fraction(p * x + q * y - r, p * p + q * q) for x, y in ((a, b), (c, d))]
            feet = [(x - p * t, y - q * t) for (x, y), t in zip(((a, b), (c, d)), off, strict=True)]
            near, far = abs(off[0]), abs(off[1])
            x, y = ((feet[0][i] * far + feet[1][i] * near) / (near + far) for i in range(2))
            return f"({tex(x)}, {tex(y)})"
    return _ball(data["table"], data["direction"])


def _voxels(data: Data) -> str:
    block = np.zeros([side + 2 for side in data["block"]], dtype=np.int8)
    block[1:-1, 1:-1, 1:-1] = 1
    p, q, r = data["part"]
    block[1 : p + 1, 1 : q + 1, 1 : r + 1] = 0
    if data["ask"] == "volume":
        return f"{int(block.sum(dtype=int))}\\text{{ cm}}^3"
    return f"{sum(int(np.abs(np.diff(block, axis=axis)).sum(dtype=int)) for axis in range(3))}\\text{{ cm}}^2"


def _paint(sides: list[int], painted: list[list[int]]) -> Any:
    """For each unit cube how many of its faces are painted."""
    lines = []
    for side, (near, far) in zip(sides, painted, strict=True):
        line = np.zeros(side, dtype=np.int8)
        line[0] += near
        line[-1] += far
        lines.append(line)
    return lines[0][:, None, None] + lines[1][None, :, None] + lines[2][None, None, :]


def _needle(data: Data) -> str:
    a, b, c = data["sides"]
    clean = _paint(data["sides"], data["painted"]) == 0
    moments = sorted({i * b * c for i in range(a)} | {i * a * c for i in range(b)} | {i * a * b for i in range(c)})
    for moment in moments:
        clean[moment // (b * c), moment // (a * c), moment // (a * b)] = False
    return tex(int(clean.sum(dtype=int)) % 1000)


def solids(data: Data) -> str:
    match data["ask"]:
        case "painted":
            return tex(int((_paint(data["sides"], data["painted"]) == data["wanted"]).sum(dtype=int)))
        case "water":
            (radius, height), (balls, ball) = data["cone"], data["balls"]
            cone = Fraction(height, 6) * (radius**2 + 4 * Fraction(radius, 2) ** 2)
            sphere = Fraction(2 * ball, 6) * 4 * ball**2
            rod, length = data["rod"]
            return tex((cone + balls * sphere + rod * rod * length) / data["tank"] ** 2)
        case "plane":
            p, q, r = data["cuts"]
            normal = (q * r, p * r, p * q)
            height = sum(n * side for n, side in zip(normal, data["sides"], strict=True)) - p * q * r
            return tex(m_plus_n(Fraction(height**2, sum(n * n for n in normal))))
        case "needle":
            return _needle(data)
    return _voxels(data)


Point = tuple[Fraction, Fraction]


def _divide(p: Point, q: Point, ratio: list[int]) -> Point:
    share = Fraction(ratio[0], sum(ratio))
    return p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])


def _meet(p: Point, q: Point, r: Point, s: Point) -> Point:
    dx, dy, ex, ey = q[0] - p[0], q[1] - p[1], s[0] - r[0], s[1] - r[1]
    t = ((r[0] - p[0]) * ey - (r[1] - p[1]) * ex) / (dx * ey - dy * ex)
    return p[0] + t * dx, p[1] + t * dy


def _share(p: Point, q: Point, r: Point) -> Fraction:
    return abs((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))


def area_ratios(data: Data) -> str:
    zero, one = Fraction(0), Fraction(1)
    a, b, c = (zero, zero), (one, zero), (zero, one)
    match data["ask"]:
        case "corner":
            return tex(data["area"] * _share(a, _divide(a, b, data["AB"]), _divide(a, c, data["AC"])))
        case "cevians":
            d, e = _divide(b, c, [data["BD"], data["DC"]]), _divide(c, a, [data["CE"], data["EA"]])
            p = _meet(a, d, b, e)
            return tex(p[0] / (d[0] - p[0]))
        case "crossings":
            d, e = _divide(b, c, data["BC"]), _divide(c, a, data["CA"])
            f = _meet(c, _meet(a, d, b, e), a, b)
            corners = _meet(a, d, e, f), _meet(b, e, d, f), _meet(c, f, d, e)
            return tex(m_plus_n(data["area"] * _share(*corners)) % 1000)
    d, e, f = (_divide(*ends, ratio) for ends, ratio in zip(((b, c), (c, a), (a, b)), data["ratios"], strict=True))
    if data["ask"] == "inscribed":
        return tex(data["area"] * _share(d, e, f))
    return tex(m_plus_n(data["area"] * _share(_meet(a, d, b, e), _meet(b, e, c, f), _meet(c, f, a, d))))


SECOND: dict[str, Callable[[Data], str]] = {
    "lattice-polygons": lattice_polygons,
    "integer-triangles": integer_triangles,
    "circle-powers": circle_powers,
    "cyclic-quadrilaterals": cyclic_quadrilaterals,
    "reflected-paths": reflected_paths,
    "solids": solids,
    "area-ratios": area_ratios,
}

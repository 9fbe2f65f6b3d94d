"""lattice-paths: shortest paths on a grid through given points, around closed ones, and between lines."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick

Point = tuple[int, int]
STEP = "Each step goes one unit to the right or one unit up."


def _paths(start: Point, end: Point) -> int:
    right, up = end[0] - start[0], end[1] - start[1]
    return math.comb(right + up, up) if right >= 0 and up >= 0 else 0


def _at(point: Point) -> str:
    return f"$({point[0]}, {point[1]})$"


def _chain(rng: np.random.Generator, sizes: list[tuple[int, int]]) -> list[Point]:
    """A start and further points, each to the right of and above the one before."""
    points = [(between(rng, -30, 30), between(rng, -30, 30))]
    for low, high in sizes:
        x, y = points[-1]
        points.append((x + between(rng, low, high), y + between(rng, low, high)))
    return points


def _through(rng: np.random.Generator) -> Problem:
    start, first, second, end = points = _chain(rng, [(1, 7)] * 3)
    name = pick(rng, NAMES)
    statements = (
        f"A path leads from {_at(start)} to {_at(end)}. {STEP} How many such paths pass through both {_at(first)} and "
        f"{_at(second)}?",
        f"In a city all streets run north or east, and the crossings are the points with integer coordinates. {name} "
        f"rides from {_at(start)} to {_at(end)} by a shortest route and on the way delivers letters at the crossings "
        f"{_at(first)} and {_at(second)}. How many routes are possible?",
        f"A robot at {_at(start)} understands two commands: R adds $1$ to its $x$-coordinate, U adds $1$ to its "
        f"$y$-coordinate. How many sequences of commands bring it to {_at(end)} by way of {_at(first)} and "
        f"{_at(second)}?",
    )
    parts = [_paths(a, b) for a, b in pairwise(points)]
    data = {"level": 1, "points": [list(point) for point in points]}
    traps = [sum(parts), _paths(start, end), _paths(start, first) * _paths(first, end)]
    return posed(rng, statements, math.prod(parts), data, traps)


def _inside(rng: np.random.Generator, start: Point, end: Point) -> Point:
    """A point of the rectangle between two corners, other than these."""
    while True:
        point = between(rng, start[0], end[0]), between(rng, start[1], end[1])
        if point not in (start, end):
            return point


def _through_and_around(rng: np.random.Generator) -> Problem:
    start, middle, end = _chain(rng, [(2, 8)] * 2)
    closed = _inside(rng, start, middle) if between(rng, 0, 1) else _inside(rng, middle, end)
    name = pick(rng, NAMES)
    statements = (
        f"How many paths from {_at(start)} to {_at(end)} pass through {_at(middle)} but not through {_at(closed)}? "
        + STEP,
        f"The crossings of a city are the points with integer coordinates; its streets join neighbouring crossings. "
        f"{name} walks from {_at(start)} to {_at(end)}, always going east or north, and calls at the bakery at "
        f"{_at(middle)}. The crossing {_at(closed)} is closed. How many routes are there?",
        f"An ant crawls along the lines of a grid from {_at(start)} to {_at(end)}, in unit steps to the right or up. A "
        f"crumb lies at {_at(middle)} and a drop of glue at {_at(closed)}. In how many ways can the ant reach its goal "
        "if it collects the crumb and avoids the glue?",
    )
    total = _paths(start, middle) * _paths(middle, end)
    through = [_paths(start, closed) * _paths(closed, middle) * _paths(middle, end)]
    through += [_paths(start, middle) * _paths(middle, closed) * _paths(closed, end)]
    answer = total - max(through)
    data = {"level": 2, "start": start, "end": end, "through": [middle], "closed": [closed]}
    either = _paths(start, end) - _paths(start, closed) * _paths(closed, end)
    return posed(rng, statements, answer, data, [total, either, max(through)])


def _around(start: Point, end: Point, closed: list[Point]) -> int:
    """Paths that meet none of the closed points, by the first closed point that the others meet."""
    order = [*sorted(closed), end]
    free: list[int] = []
    for index, point in enumerate(order):
        spoiled = sum(free[k] * _paths(order[k], point) for k in range(index))
        free.append(_paths(start, point) - spoiled)
    return free[-1]


def _three_closed(rng: np.random.Generator) -> Problem:
    start, end = _chain(rng, [(5, 9)])
    closed: list[Point] = []
    while len(closed) < 3:
        point = _inside(rng, start, end)
        closed += [] if point in closed else [point]
    text, name = listing([_at(point) for point in closed]), pick(rng, NAMES)
    statements = (
        f"Find the number of paths from {_at(start)} to {_at(end)} that avoid the three points {text}. {STEP}",
        f"The crossings of a city are the points with integer coordinates. {name} drives from {_at(start)} to "
        f"{_at(end)} and only goes east or north. Because of roadworks the crossings {text} cannot be passed. How many "
        "routes are left?",
        f"A token lies on the point {_at(start)} of the coordinate plane. A move adds $1$ to one of its two "
        f"coordinates. In how many ways can the token be moved to {_at(end)} if it must never lie on {text}?",
    )
    answer = _around(start, end, closed)
    if answer == 0:
        return _three_closed(rng)
    spoiled = [_paths(start, point) * _paths(point, end) for point in closed]
    data = {"level": 3, "start": start, "end": end, "closed": sorted(closed)}
    return posed(rng, statements, answer, data, [_paths(start, end) - sum(spoiled), _paths(start, end) - max(spoiled)])


def _between_lines(start: Point, end: Point, low: int, high: int) -> int:
    """Paths with low < y - x < high at all points, by repeated reflection in the two lines."""
    steps = end[0] - start[0] + end[1] - start[1]
    if end[0] < start[0] or end[1] < start[1]:
        return 0
    here, there, width = start[1] - start[0], end[1] - end[0], high - low

    def reach(height: int) -> int:
        ups = (steps + height - here) // 2
        return math.comb(steps, ups) if 0 <= ups <= steps else 0

    turns = range(-steps, steps + 1)
    return sum(reach(there + 2 * k * width) - reach(2 * high - there + 2 * k * width) for k in turns)


def _on_one_side(rng: np.random.Generator) -> Problem:
    while True:
        start, middle, end = _chain(rng, [(3, 8)] * 2)
        closed = _inside(rng, start, middle) if between(rng, 0, 1) else _inside(rng, middle, end)
        points = (start, middle, end, closed)
        shift = max(y - x for x, y in points) + between(rng, 1, 2)
        if min(y - x for x, y in (start, middle, end)) > shift - 5:
            break
    line, name = f"y = x {'+' if shift >= 0 else '-'} {abs(shift)}".removesuffix(" + 0"), pick(rng, NAMES)
    statements = (
        f"How many paths from {_at(start)} to {_at(end)} pass through {_at(middle)}, avoid {_at(closed)} and have no "
        f"point in common with the line ${line}$? {STEP}",
        f"A river flows along the line ${line}$. {name} hikes from {_at(start)} to {_at(end)} in unit steps to the "
        f"east or to the north, never gets to the river, rests at {_at(middle)}, and does not pass {_at(closed)}, "
        "where a bull stands. How many routes are possible?",
        f"A token is moved from {_at(start)} to {_at(end)}; each move adds $1$ to one of its coordinates. The token "
        f"has to visit {_at(middle)}, must not visit {_at(closed)}, and must never lie on the line ${line}$. Find the "
        "number of possible sequences of moves.",
    )
    far = shift - 10_000
    total = _between_lines(start, middle, far, shift) * _between_lines(middle, end, far, shift)
    if closed[0] <= middle[0] and closed[1] <= middle[1]:
        legs = [(start, closed), (closed, middle), (middle, end)]
    else:
        legs = [(start, middle), (middle, closed), (closed, end)]
    spoiled = math.prod(_between_lines(a, b, far, shift) for a, b in legs)
    if total == spoiled:
        return _on_one_side(rng)
    data = {"level": 4, "start": start, "end": end, "through": [middle], "closed": [closed], "lines": [None, shift]}
    free = _paths(start, middle) * _paths(middle, end) - math.prod(_paths(a, b) for a, b in legs)
    return posed(rng, statements, total - spoiled, data, [total, free, spoiled])


def _in_a_strip(rng: np.random.Generator) -> Problem:
    while True:
        start, end = _chain(rng, [(12, 18)])
        first, second = _inside(rng, start, end), _inside(rng, start, end)
        heights = [y - x for x, y in (start, end, first, second)]
        low, high = min(heights) - between(rng, 1, 2), max(heights) + between(rng, 1, 2)
        if first < second and first[1] <= second[1] and high - low < 10:
            break
    modulus, name = pick(rng, MODULI), pick(rng, NAMES)
    lines = [f"y = x {'+' if shift >= 0 else '-'} {abs(shift)}".removesuffix(" + 0") for shift in (low, high)]
    closing = remainder_asked(rng, "$T$", modulus)
    statements = (
        f"Let $T$ be the number of paths from {_at(start)} to {_at(end)} that pass through exactly one of the points "
        f"{_at(first)} and {_at(second)} and meet neither of the lines ${lines[0]}$ and ${lines[1]}$. {STEP} {closing}",
        f"A canyon is bounded by the lines ${lines[0]}$ and ${lines[1]}$, which must not be touched. A drone flies "
        f"from {_at(start)} to {_at(end)} in unit steps to the east or to the north and visits exactly one of the two "
        f"beacons at {_at(first)} and {_at(second)}. Let $T$ be the number of possible routes. {closing}",
        f"{name} moves a token from {_at(start)} to {_at(end)}; each move adds $1$ to one of its coordinates. The "
        f"token never lies on the lines ${lines[0]}$ and ${lines[1]}$, and it visits either {_at(first)} or "
        f"{_at(second)} but not both. Let $T$ be the number of sequences of moves that are possible. {closing}",
    )
    legs = [[start, first, end], [start, second, end], [start, first, second, end]]
    one, two, both = (math.prod(_between_lines(a, b, low, high) for a, b in pairwise(leg)) for leg in legs)
    if one + two == 2 * both:
        return _in_a_strip(rng)
    data = {"level": 5, "start": start, "end": end, "points": [first, second], "lines": [low, high], "modulus": modulus}
    free = [math.prod(_paths(a, b) for a, b in pairwise(leg)) for leg in legs]
    traps = [(one + two - both) % modulus, (one + two) % modulus, (free[0] + free[1] - 2 * free[2]) % modulus]
    return posed(rng, statements, (one + two - 2 * both) % modulus, data, traps)


FAMILY = ProblemFamily(
    name="lattice-paths",
    area="combinatorics",
    summary="shortest grid paths through points, around points and between lines",
    chance=0.01,
    make=by_level(_through, _through_and_around, _three_closed, _on_one_side, _in_a_strip),
)

"""Mirrors and shortest ways: images of points, paths that touch walls, light rays, and a ball on a table."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, nonzero, pick, square_root


def _image(rng: np.random.Generator) -> Problem:
    a, b = nonzero(rng, 60), nonzero(rng, 60)
    p, q = nonzero(rng, 50), nonzero(rng, 50)
    upright_first = bool(rng.integers(2))
    diagonal = bool(rng.integers(2))
    x, y = 2 * p - a, 2 * q - b
    lines = [f"$x = {p}$", f"$y = {q}$"]
    if not upright_first:
        lines.reverse()
    swap = " and the result of that in the line $y = x$" if diagonal else ""
    answer = (y, x) if diagonal else (x, y)
    name = pick(rng, NAMES)
    statements = (
        f"The point $({a},{b})$ is reflected in the line {lines[0]}, then its image is reflected in the line "
        f"{lines[1]}{swap}. What are the coordinates of the final image? Answer with an ordered pair.",
        f"{name} folds a sheet of squared paper along the line {lines[0]} and opens it again, then does the same "
        f"along the line {lines[1]}{', and finally along the line $y = x$' if diagonal else ''}. A wet ink spot at "
        f"$({a},{b})$ leaves a print at the first fold, that print leaves one at the next fold, and so on. Give the "
        "coordinates of the last print as an ordered pair.",
        f"Let $P = ({a},{b})$. Mirror $P$ in {lines[0]}, mirror the image in "
        f"{lines[1]}{', and mirror what you get in $y = x$' if diagonal else ''}. Give the resulting point as an "
        "ordered pair.",
    )
    data = {"ask": "image", "point": [a, b], "lines": [p, q], "upright first": upright_first, "diagonal": diagonal}
    traps = (f"({answer[1]}, {answer[0]})", f"({-a}, {-b})", f"({p - a}, {q - b})")
    return posed(rng, statements, f"({answer[0]}, {answer[1]})", data, traps)


def _by_the_river(rng: np.random.Generator) -> Problem:
    while True:
        (a, c), level, side = (nonzero(rng, 40) for _ in range(2)), nonzero(rng, 20), pick(rng, (-1, 1))
        up, down = between(rng, 1, 40), between(rng, 1, 40)
        if a != c:
            break
    b, d = level + side * up, level + side * down
    square = (a - c) ** 2 + (up + down) ** 2
    statements = (
        f"Let $A = ({a},{b})$ and $B = ({c},{d})$. Point $P$ moves along the line $y = {level}$. Find the least "
        "possible value of $AP + PB$ in simplest radical form.",
        f"On a map with one unit to the kilometer a rider is at $({a},{b})$, a river runs along $y = {level}$, and "
        f"the camp is at $({c},{d})$. The rider waters the horse at the river and goes on to the camp. What is the "
        "length in kilometers of the shortest such ride? Answer in simplest radical form.",
        f"A light ray leaves $({a},{b})$, is reflected by a mirror along the line $y = {level}$, and arrives at "
        f"$({c},{d})$. How long is its path? Give the exact length in simplest radical form.",
    )
    data = {"ask": "one wall", "from": [a, b], "to": [c, d], "wall": level}
    traps = (square_root((a - c) ** 2 + (b - d) ** 2), str(abs(a - c) + up + down))
    return posed(rng, statements, square_root(square), data, traps)


def _two_walls(rng: np.random.Generator) -> Problem:
    while True:
        a, b, c, d = (between(rng, 1, 30) for _ in range(4))
        if b * c > a * d:
            break
    p, q = nonzero(rng, 20), nonzero(rng, 20)
    square = (a + c) ** 2 + (b + d) ** 2
    start, end = f"({p + a},{q + b})", f"({p + c},{q + d})"
    statements = (
        f"Point $X$ lies on the line $x = {p}$ and point $Y$ on the line $y = {q}$. Let $A = {start}$ and $B = "
        f"{end}$. Find, in simplest radical form, the smallest possible value of $AX + XY + YB$.",
        f"Two straight walls meet at a right angle; on a plan they run along $x = {p}$ and $y = {q}$. A robot at "
        f"${start}$ must touch the wall $x = {p}$, then touch the wall $y = {q}$, and then park at ${end}$. What is "
        "the least length of its route? Answer in simplest radical form.",
        f"A broken line leads from ${start}$ to a point of the line $x = {p}$, from there to a point of the line $y = "
        f"{q}$, and from there to ${end}$. Find its least possible length in simplest radical form.",
    )
    data = {"ask": "two walls", "from": [p + a, q + b], "to": [p + c, q + d], "walls": [p, q]}
    traps = (square_root((a - c) ** 2 + (b - d) ** 2), square_root((a + c) ** 2 + (b - d) ** 2))
    return posed(rng, statements, square_root(square), data, traps)


def _mirror_point(rng: np.random.Generator) -> Problem:
    while True:
        a, b, c, d = (between(rng, -20, 20) for _ in range(4))
        p, q, r = between(rng, 2, 7), nonzero(rng, 7), nonzero(rng, 30)
        first, second = p * a + q * b - r, p * c + q * d - r
        if first * second > 0 and gcd(p, gcd(q, r)) == 1 and (a, b) != (c, d):
            break
    step = Fraction(2 * second, p * p + q * q)
    share = Fraction(first, first + second)
    x = a + share * (c - step * p - a)
    y = b + share * (d - step * q - b)
    line = f"{p}x {'-' if q < 0 else '+'} {'' if abs(q) == 1 else abs(q)}y = {r}"
    form = "Give its coordinates as an ordered pair of integers or common fractions."
    statements = (
        f"A light ray from $({a},{b})$ is reflected at the line ${line}$ and then passes through $({c},{d})$. At "
        f"which point does it meet the line? {form}",
        f"Let $A = ({a},{b})$ and $B = ({c},{d})$. Among all points $P$ of the line ${line}$, one makes $AP + PB$ as "
        f"small as possible. Which point is it? {form}",
        f"Two houses stand at $({a},{b})$ and $({c},{d})$, on the same side of a straight canal along ${line}$. Where "
        "on the canal should a jetty be built so that the distances from it to the two houses have the smallest "
        f"possible sum? {form}",
    )
    crow = Fraction(a + c, 2), Fraction(b + d, 2)
    data = {"ask": "mirror point", "from": [a, b], "to": [c, d], "line": [p, q, r]}
    traps = (f"({fraction(crow[0])}, {fraction(crow[1])})", f"({fraction(y)}, {fraction(x)})")
    return posed(rng, statements, f"({fraction(x)}, {fraction(y)})", data, traps)


def _ball(rng: np.random.Generator) -> Problem:
    while True:
        width, height, u, v = between(rng, 20, 300), between(rng, 20, 300), between(rng, 1, 40), between(rng, 1, 40)
        common = gcd(u * height, v * width)
        across, along = u * height // common, v * width // common
        if gcd(u, v) == 1 and min(across, along) > 12:
            break
    bounces, crossings = across + along - 2, (across - 1) * (along - 1) // 2
    sum_of_both = (
        "Let $b$ be the number of times the ball bounces off a side before it drops into a pocket, and let $c$ be the "
        "number of points that it passes twice on its way. Find the remainder when $b + c$ is divided by $1000$."
    )
    tail = f"slope $\\frac{{{v}}}{{{u}}}$"
    statements = (
        f"A table is the rectangle with corners $(0,0)$, $({width},0)$, $({width},{height})$ and $(0,{height})$, and "
        f"has a pocket at each corner. A small ball is shot from $(0,0)$ into the table along a line of {tail}. It "
        "rolls without friction, rebounds from the sides so that the angles with the side before and after are "
        f"equal, and stops when it drops into a pocket. {sum_of_both}",
        f"On a rectangular billiard table, ${width}$ cm wide and ${height}$ cm deep, a tiny ball starts in the lower "
        f"left corner and moves at first ${u}$ cm to the right for every ${v}$ cm upward. At the sides it is "
        "reflected by the law of reflection, and it never loses speed. The table has pockets in its four corners and "
        f"nowhere else. {sum_of_both}",
        f"A laser beam enters a mirrored rectangular box, ${width}$ by ${height}$, through one corner. Let the "
        f"horizontal sides be those of length ${width}$; the beam starts with {tail} with respect to them. It is "
        "reflected by the sides until it reaches a corner for the first time after its start, where it leaves. Let "
        "$b$ be the number of reflections, and let $c$ be the number of points inside the box at which the beam "
        "crosses itself. Find the remainder when $b + c$ is divided by $1000$.",
    )
    data = {"ask": "ball", "table": [width, height], "direction": [u, v]}
    traps = ((bounces + 2 + crossings) % 1000, (bounces + 2 * crossings) % 1000, crossings % 1000, bounces % 1000)
    return posed(rng, statements, (bounces + crossings) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="reflected-paths",
    area="geometry",
    summary="images of points, shortest ways that touch walls, and a ball on a rectangular table",
    chance=0.01,
    make=by_level(_image, _by_the_river, _two_walls, _mirror_point, _ball),
)

"""Random points: lengths, areas and volumes as probabilities, meetings, and triangles from random lengths."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_probability, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, several


def _near(rng: np.random.Generator) -> Problem:
    while True:
        low, length = between(rng, -60, 40), between(rng, 10, 120)
        point, reach = between(rng, low - 10, low + length + 10), between(rng, 2, 60)
        good = min(low + length, point + reach) - max(low, point - reach)
        if 0 < good < length:
            break
    high, value = low + length, Fraction(good, length)
    statements = (
        f"A real number $x$ is chosen uniformly at random from the interval $[{low}, {high}]$. "
        f"{ask_probability(rng, f'$|x {chr(45) if point >= 0 else chr(43)} {abs(point)}| < {reach}$')}",
        f"On a number line, a point is chosen at random between ${low}$ and ${high}$, uniformly. "
        f"{ask_probability(rng, f'its distance from ${point}$ is less than ${reach}$')}",
        f"A cable runs along a road from marker ${low}$ to marker ${high}$ (markers are in kilometers) and breaks at "
        f"a uniformly random place. A repair crew waits at marker ${point}$. "
        f"{ask_probability(rng, f'the break is less than ${reach}$ km from the crew')}",
    )
    data = {"ask": "near", "interval": [low, high], "point": point, "reach": reach}
    return posed(rng, statements, value, data, (1 - value, Fraction(2 * reach, length), Fraction(good, length + 1)))


def _under_line(a: int, b: int, p: int, q: int, r: int) -> Fraction:
    """The area of those points of the rectangle from 0 to a and 0 to b for which px + qy is less than r."""
    signed = ((1, r), (-1, r - p * a), (-1, r - q * b), (1, r - p * a - q * b))
    return Fraction(sum(sign * max(0, rest) ** 2 for sign, rest in signed), 2 * p * q)


def _half_plane(rng: np.random.Generator) -> Problem:
    while True:
        a, b, p, q = between(rng, 2, 60), between(rng, 2, 60), between(rng, 1, 12), between(rng, 1, 12)
        r = between(rng, 5, p * a + q * b - 1)
        if p != q and gcd(p, q, r) == 1:
            break
    value = _under_line(a, b, p, q, r) / (a * b)
    left = f"{'' if p == 1 else p}x + {'' if q == 1 else q}y"
    statements = (
        f"Real numbers $x$ and $y$ are chosen independently and uniformly at random, $x$ from $[0, {a}]$ and $y$ from "
        f"$[0, {b}]$. {ask_probability(rng, f'${left} < {r}$')}",
        f"A point $(x, y)$ is chosen uniformly at random in the rectangle with vertices $(0,0)$, $({a},0)$, "
        f"$({a},{b})$, $(0,{b})$. {ask_probability(rng, f'it lies below the line ${left} = {r}$')}",
        f"A cook uses a random amount of up to ${a}$ kg of flour at ${p}$ crowns per kilogram and, independently, a "
        f"random amount of up to ${b}$ kg of nuts at ${q}$ {'crown' if q == 1 else 'crowns'} per kilogram, both "
        f"amounts being uniformly distributed. {ask_probability(rng, f'they cost less than ${r}$ crowns together')}",
    )
    data = {"ask": "half-plane", "sides": [a, b], "line": [p, q, r]}
    triangle = Fraction(r * r, 2 * p * q * a * b)
    return posed(rng, statements, value, data, (1 - value, triangle, Fraction(r, p * a + q * b)))


def _late(first: list[int], second: list[int], wait: int) -> Fraction:
    """The area where the second number exceeds the first by more than `wait`, each from its own interval."""
    signed = (
        (1, second[1] - first[0]),
        (-1, second[0] - first[0]),
        (-1, second[1] - first[1]),
        (1, second[0] - first[1]),
    )
    return Fraction(sum(sign * max(0, gap - wait) ** 2 for sign, gap in signed), 2)


def _meeting(rng: np.random.Generator) -> Problem:
    while True:
        starts, lengths = several(rng, (0, between(rng, 0, 40)), 2), [between(rng, 20, 90) for _ in range(2)]
        waits = [between(rng, 3, 25) for _ in range(2)]
        first, second = ([start, start + length] for start, length in zip(starts, lengths, strict=True))
        area = lengths[0] * lengths[1]
        value = 1 - (_late(first, second, waits[0]) + _late(second, first, waits[1])) / area
        if 0 < value < 1:
            break
    one, other = several(rng, NAMES, 2)
    times = (
        f"{one} at a uniformly random moment between ${first[0]}$ and ${first[1]}$ minutes after noon, {other} at a "
        f"uniformly random moment between ${second[0]}$ and ${second[1]}$ minutes after noon"
    )
    interval = f"$-{waits[1]} \\le y - x \\le {waits[0]}$"
    statements = (
        f"{one} and {other} come to a café independently of each other: {times}. {one} waits ${waits[0]}$ minutes for "
        f"{other} and then leaves, {other} waits ${waits[1]}$ minutes for {one} and then leaves. "
        f"{ask_probability(rng, 'they meet')}",
        f"Two friends reach a bus stop independently: {times}. If alone on arrival, {one} stays for ${waits[0]}$ "
        f"minutes at most and {other} for ${waits[1]}$ minutes at most. "
        f"{ask_probability(rng, 'they find each other there')}",
        f"Let $x$ be uniformly distributed on $[{first[0]}, {first[1]}]$ and let $y$, independent of $x$, be "
        f"uniformly distributed on $[{second[0]}, {second[1]}]$. {ask_probability(rng, interval)}",
    )
    swapped = 1 - (_late(first, second, waits[1]) + _late(second, first, waits[0])) / area
    data = {"ask": "meeting", "intervals": [first, second], "waits": waits}
    return posed(rng, statements, value, data, (1 - value, swapped))


def _three_numbers(rng: np.random.Generator) -> Problem:
    sides = [between(rng, 5, 80) for _ in range(3)]
    total = between(rng, max(sides) + 1, sum(sides) - 2)
    signed = [
        (-1) ** count * max(0, total - sum(chosen)) ** 3 for count in range(4) for chosen in combinations(sides, count)
    ]
    a, b, c = sides
    value = Fraction(sum(signed), 6 * a * b * c)
    question = ask_sum(rng, f"the probability that $x + y + z < {total}$")
    statements = (
        "Real numbers $x$, $y$ and $z$ are chosen independently and uniformly at random from the intervals $[0, "
        f"{a}]$, $[0, {b}]$ and $[0, {c}]$. {question}",
        "A point $(x, y, z)$ is chosen uniformly at random in a rectangular box with one vertex at the origin and "
        f"the opposite one at $({a}, {b}, {c})$. {question}",
        "A trip has three legs that last $x$, $y$ and $z$ minutes. These times are independent and uniformly "
        f"distributed, $x$ between $0$ and ${a}$, $y$ between $0$ and ${b}$, and $z$ between $0$ and ${c}$. {question}",
    )
    data = {"ask": "three", "sides": sides, "total": total}
    corner = Fraction(total**3, 6 * a * b * c)
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(corner), sum_of_terms(1 - value)))


def _too_long(long: list[int], others: list[list[int]]) -> Fraction:
    """The volume where the first length exceeds the sum of the other two, all three from their intervals."""
    total = 0
    for top, *ends in product((1, 0), repeat=3):
        gap = long[top] - sum(other[end] for other, end in zip(others, ends, strict=True))
        total += (1 if top else -1) * (-1) ** sum(ends) * max(0, gap) ** 3
    return Fraction(total, 6)


def _triangle(rng: np.random.Generator) -> Problem:
    while True:
        boxes = [[low, low + between(rng, 4, 30)] for low in (between(rng, 1, 18) for _ in range(3))]
        volume = 1
        for low, high in boxes:
            volume *= high - low
        bad = [_too_long(boxes[i], boxes[:i] + boxes[i + 1 :]) for i in range(3)]
        if sum(part > 0 for part in bad) > 1 and sum(bad) < volume:
            break
    value = 1 - sum(bad, Fraction(0)) / volume
    (a, b), (c, d), (e, f) = boxes
    question = ask_sum(rng, "the probability that there is a triangle with side lengths $x$, $y$ and $z$", 1000)
    statements = (
        "The real numbers $x$, $y$, $z$ are chosen independently, each uniformly at random from its interval: $x$ "
        f"from $[{a}, {b}]$, $y$ from $[{c}, {d}]$, $z$ from $[{e}, {f}]$. {question}",
        f"A carpenter has three boxes of sticks. The lengths in the first are uniformly distributed between ${a}$ and "
        f"${b}$ inches, those in the second between ${c}$ and ${d}$ inches, those in the third between ${e}$ and "
        f"${f}$ inches. One stick is taken from each box at random; let their lengths be $x$, $y$ and $z$ inches. "
        f"{question}",
    )
    data = {"ask": "triangle", "boxes": boxes}
    traps = (sum_of_terms(1 - bad[0] / volume) % 1000, sum_of_terms(sum(bad, Fraction(0)) / volume) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="random-points",
    area="probability",
    summary="probabilities as lengths, areas and volumes: half-planes, meetings, triangles from random lengths",
    chance=0.01,
    make=by_level(_near, _half_plane, _meeting, _three_numbers, _triangle),
)

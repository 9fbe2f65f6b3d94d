"""equations-in-integers: Diophantine equations whose solutions are counted or summed."""

from __future__ import annotations

import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import (
    MODULI,
    PRIMES,
    factored,
    in_powers,
    remainder_asked,
)
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several


def _spending(rng: np.random.Generator) -> Problem:
    while True:
        a, b = several(rng, range(4, 31), 2)
        if math.gcd(a, b) == 1:
            break
    k, m = between(rng, 1, 25), between(rng, 1, 25)
    total = k * a + m * b + between(rng, 2 * a * b, 8 * a * b)
    name = pick(rng, NAMES)
    statements = (
        f"How many pairs $(x, y)$ of integers with $x \\ge {k}$ and $y \\ge {m}$ satisfy ${a}x + {b}y = {total}$?",
        f"A notebook costs ${a}$ coins and a pen costs ${b}$ coins. {name} wants to spend exactly ${total}$ coins on "
        f"notebooks and pens, with at least ${k}$ of the former and at least ${m}$ of the latter. How many different "
        "combinations are possible?",
        f"A concrete path ${total}$ centimetres long is laid with slabs of two lengths, ${a}$ cm and ${b}$ cm, without "
        f"gaps. If at least ${k}$ of the ${a}$ cm slabs and at least ${m}$ of the ${b}$ cm slabs have to be used, how "
        f"many different values are possible for the number of ${a}$ cm slabs?",
    )
    rest = total - k * a - m * b
    first = rest * pow(a, -1, b) % b
    answer = (rest // a - first) // b + 1
    data = {"level": 1, "prices": [a, b], "least": [k, m], "total": total}
    free = (total // a - total * pow(a, -1, b) % b) // b + 1
    return posed(rng, statements, answer, data, [free, answer - 1, rest // (a * b)])


def _difference_of_squares(rng: np.random.Generator) -> Problem:
    number = [(2, between(rng, 3, 12)), *factored(rng, 4, 1, 12, (*PRIMES[1:], 53, 59))]
    n, name = in_powers(number), pick(rng, NAMES)
    statements = (
        f"How many ordered pairs $(x, y)$ of positive integers satisfy $x^2 - y^2 = {n}$?",
        f"{name} cuts a square out of the corner of a larger square. The sides of both squares are positive integers, "
        f"and the area that remains is ${n}$. How many possibilities are there for the pair of squares?",
        f"In how many ways can $N = {n}$ be written as the difference of the squares of two positive integers?",
    )
    # Both factors x - y and x + y are even, and they differ because N is not a square or its root is left out.
    halves = math.prod(exponent - 1 if prime == 2 else exponent + 1 for prime, exponent in number)
    every = math.prod(exponent + 1 for _, exponent in number)
    data = {"level": 2, "number": number}
    return posed(rng, statements, halves // 2, data, [every // 2, halves, (halves + 1) // 2])


def _favourite(rng: np.random.Generator) -> Problem:
    primes = (2, 2, 2, 2, 3, 3, 3, 5, 5, 7, 7, 11, 13, 17, 19, 23, 29, 31)
    number = math.prod(several(rng, primes, 6))
    a, b = between(rng, 2, 400), between(rng, 2, 400)
    if number > 150_000:
        return _favourite(rng)
    constant = number - a * b
    name = pick(rng, NAMES)
    right = f"{a}x + {b}y" + (f" + {constant}" if constant > 0 else f" - {-constant}" if constant else "")
    statements = (
        f"Find the number of ordered pairs $(x, y)$ of positive integers such that $xy = {right}$.",
        f"{name} has drawn a rectangle whose sides have integer lengths $x$ and $y$. Its area is equal to "
        f"${right}$. How many ordered pairs $(x, y)$ are possible?",
        f"Let $f(x, y) = xy - {a}x - {b}y$. For how many ordered pairs $(x, y)$ of positive integers does "
        f"$f(x, y) = {constant}$ hold?",
    )
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    divisors = {*small, *(number // d for d in small)}
    negative = sum(d < b and number // d < a for d in divisors)
    data = {"level": 3, "factors": [a, b], "constant": constant}
    traps = [len(divisors), 2 * len(divisors), len(divisors) // 2, len(divisors) + 2 * negative]
    return posed(rng, statements, len(divisors) + negative, data, traps)


def _solutions(a: int, b: int, c: int, d: int) -> list[tuple[int, int]]:
    """The positive solutions of axy = bx + cy + d, from the divisors of ad + bc."""
    total, found = a * d + b * c, []
    small = [u for u in range(1, math.isqrt(abs(total)) + 1) if total % u == 0]
    for u in {sign * size for v in small for size in (v, total // v) for sign in (1, -1)}:
        v = total // u
        if u > -c and v > -b and (u + c) % a == 0 and (v + b) % a == 0:
            found.append(((u + c) // a, (v + b) // a))
    return sorted(found)


def _with_coefficient(rng: np.random.Generator) -> Problem:
    found: list[tuple[int, int]] = []
    while len(found) < 2:
        a, b, c = between(rng, 2, 9), between(rng, 1, 80), between(rng, 1, 80)
        x, y = between(rng, 2, 90), between(rng, 2, 90)
        d = a * x * y - b * x - c * y
        found = _solutions(a, b, c, d) if d > 0 and math.gcd(a, b, c, d) == 1 else []
    name = pick(rng, NAMES)
    right = f"{b}x + {c}y + {d}".replace("1x", "x" if b == 1 else "1x").replace(" 1y", " y")
    statements = (
        f"Find the sum of $x + y$ over all ordered pairs $(x, y)$ of positive integers with ${a}xy = {right}$.",
        f"{name} collects all points of the plane whose coordinates $x$ and $y$ are positive integers and which lie on "
        f"the curve ${a}xy = {right}$, and adds up all their coordinates. What is the result?",
        f"Let $(x_1, y_1), (x_2, y_2), \\dots, (x_k, y_k)$ be all the solutions of ${a}xy = {right}$ in positive "
        "integers. Compute $(x_1 + y_1) + (x_2 + y_2) + \\dots + (x_k + y_k)$.",
    )
    data = {"level": 4, "coefficients": [a, b, c, d]}
    traps = [sum(x for x, _ in found), max(x + y for x, y in found), len(found)]
    return posed(rng, statements, sum(x + y for x, y in found), data, traps)


def _factor_triples(rng: np.random.Generator) -> Problem:
    number, modulus = factored(rng, 4, 3, 16), pick(rng, MODULI)
    if between(rng, 0, 2) == 0:
        # Perfect cubes have the triple of three equal factors, which is easily forgotten.
        number = [(prime, exponent // 3 * 3) for prime, exponent in number]
    n, name = in_powers(number), pick(rng, NAMES)
    closing = remainder_asked(rng, "$T$", modulus)
    statements = (
        f"Let $T$ be the number of triples $(x, y, z)$ of positive integers with $x \\le y \\le z$ and $xyz = {n}$. "
        + closing,
        f"Boxes are built whose edges have integer lengths and whose volume is ${n}$; boxes that differ only in the "
        f"way they are turned count as the same. Let $T$ be the number of different boxes. {closing}",
        f"{name} writes $N = {n}$ as a product of three positive integers, where equal factors and factors equal to "
        "$1$ are allowed and the order of the factors is irrelevant. Let $T$ be the number of ways to do so. "
        + closing,
    )
    exponents = [exponent for _, exponent in number]
    ordered = math.prod(math.comb(exponent + 2, 2) for exponent in exponents)
    twins = math.prod(exponent // 2 + 1 for exponent in exponents)
    cube = int(all(exponent % 3 == 0 for exponent in exponents))
    answer = (ordered + 3 * twins + 2 * cube) // 6
    data = {"level": 5, "number": number, "modulus": modulus}
    traps = [ordered % modulus, ordered // 6 % modulus, (ordered + 3 * twins) % modulus]
    return posed(rng, statements, answer % modulus, data, traps)


FAMILY = ProblemFamily(
    name="equations-in-integers",
    area="number theory",
    summary="count or sum the positive integer solutions of linear, quadratic and product equations",
    chance=0.01,
    make=by_level(_spending, _difference_of_squares, _favourite, _with_coefficient, _factor_triples),
)

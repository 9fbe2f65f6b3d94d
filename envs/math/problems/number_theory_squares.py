"""squares: perfect powers, sums of two squares, squares modulo a number."""

from __future__ import annotations

import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import (
    MODULI,
    PRIMES,
    factored,
    in_powers,
    prime_factors,
    remainder_asked,
)
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several


def _in_interval(rng: np.random.Generator) -> Problem:
    divisor = between(rng, 2, 60)
    low, high = between(rng, 11, 99999), between(rng, 200000, 999999)
    name = pick(rng, NAMES)
    statements = (
        f"How many perfect squares strictly between ${low}$ and ${high}$ are multiples of ${divisor}$?",
        f"{name} has more than ${low}$ but fewer than ${high}$ small square tiles of equal size. They can be laid out "
        f"as one full square, and they can also be divided equally among ${divisor}$ people. How many different "
        "numbers of tiles are possible?",
        f"Find the number of integers $n$ with ${low} < n < {high}$ such that $\\sqrt{{n}}$ is an integer and "
        f"${divisor}$ divides $n$.",
    )
    step = math.prod(prime ** ((exponent + 1) // 2) for prime, exponent in prime_factors(divisor))
    answer = math.isqrt(high - 1) // step - math.isqrt(low) // step
    every = math.isqrt(high - 1) - math.isqrt(low)
    data = {"level": 1, "low": low, "high": high, "divisor": divisor}
    return posed(rng, statements, answer, data, [every // divisor, every, answer + 1])


def _made_square(rng: np.random.Generator) -> Problem:
    power = pick(rng, (2, 3))
    number = factored(rng, 4, 1, 15)
    n, kind, name = in_powers(number), {2: "square", 3: "cube"}[power], pick(rng, NAMES)
    statements = (
        f"Let $k$ be the smallest positive integer for which $k \\cdot {n}$ is a perfect {kind}. How many positive "
        f"divisors does the {kind} root of this {kind} have?",
        f"{name} multiplies $N = {n}$ by the smallest positive integer that turns it into a perfect {kind} "
        f"$m^{power}$, where $m$ is a positive integer. Find the number of positive divisors of $m$.",
        f"Let $m$ be the least positive integer such that $m^{power}$ is a multiple of ${n}$. Determine how many "
        "positive integers divide $m$.",
    )
    halves = [-(-exponent // power) for _, exponent in number]
    data = {"level": 2, "number": number, "power": power}
    floors = math.prod(exponent // power + 1 for _, exponent in number)
    traps = [math.prod(power * half + 1 for half in halves), floors, math.prod(halves)]
    return posed(rng, statements, math.prod(half + 1 for half in halves), data, traps)


def _two_squares(rng: np.random.Generator) -> Problem:
    good = several(rng, (5, 13, 17, 29, 37, 41, 53, 61), 3)
    bad = several(rng, (3, 7, 11, 19, 23, 31), 2)
    number = [(2, between(rng, 0, 9))]
    number += sorted([(p, between(rng, 1, 9)) for p in good] + [(q, 2 * between(rng, 0, 4)) for q in bad])
    n, name = in_powers(number), pick(rng, NAMES)
    statements = (
        f"How many ordered pairs $(x, y)$ of integers (positive, negative or zero) satisfy $x^2 + y^2 = {n}$?",
        "A point of the plane is called a lattice point if both of its coordinates are integers. How many lattice "
        f"points lie on the circle whose centre is the origin and whose radius is $\\sqrt{{N}}$, where $N = {n}$?",
        f"{name} marks all points $(x, y)$ with integers $x$ and $y$ whose distance from $(0, 0)$ is exactly the "
        f"square root of ${n}$. How many points are marked?",
    )
    ways = math.prod(exponent + 1 for prime, exponent in number if prime in good)
    data = {"level": 3, "number": number}
    return posed(rng, statements, 4 * ways, data, [ways, 8 * ways, 4 * math.prod(e + 1 for _, e in number)])


def _quadratic_values(rng: np.random.Generator) -> Problem:
    primes = sorted(several(rng, PRIMES[1:], 3))
    modulus = math.prod(primes)
    a, b, c = between(rng, 2, 60), between(rng, 1, 200), between(rng, 1, 200)
    if between(rng, 0, 2):
        a = primes[0] * between(rng, 1, 8)
    name, square = pick(rng, NAMES), f"{a}n^2 + {b}n + {c}".replace(" 1n", " n")
    statements = (
        f"How many different remainders can ${square}$ leave on division by ${modulus}$, when $n$ runs through all "
        "integers?",
        f"{name} computes ${square}$ for $n = 1, 2, 3, \\dots, {modulus}$ and notes in each case the remainder on "
        f"division by ${modulus} = {in_powers((prime, 1) for prime in primes)}$. How many different remainders are "
        "there?",
        f"Call an integer $r$ with $0 \\le r < {modulus}$ attainable if there is an integer $n$ for which "
        f"${square} - r$ is divisible by ${modulus}$. Find the number of attainable integers.",
    )
    values = [(prime + 1) // 2 if a % prime else prime if b % prime else 1 for prime in primes]
    data = {"level": 4, "coefficients": [a, b, c], "primes": primes}
    traps = [math.prod((prime + 1) // 2 for prime in primes), (modulus + 1) // 2, modulus]
    return posed(rng, statements, math.prod(values), data, traps)


def _solvable(a: int, b: int, primes: list[int]) -> list[bool]:
    """For which odd primes ax^2 + by^2 is a multiple of the prime for other x and y than multiples of it."""
    return [pow(-a * b, (prime - 1) // 2, prime) == 1 for prime in primes]


def _form_divisible(rng: np.random.Generator) -> Problem:
    primes = sorted(several(rng, PRIMES[1:10], 3))
    modulus, turns, last = math.prod(primes), between(rng, 2, 30), pick(rng, MODULI)
    a, b = between(rng, 1, 99), between(rng, 1, 99)
    while any(a * b % prime == 0 for prime in primes) or sum(_solvable(a, b, primes)) < 2:
        a, b = between(rng, 1, 99), between(rng, 1, 99)
    bound, name = modulus * turns, pick(rng, NAMES)
    form = f"{a}x^2 + {b}y^2".replace("1x", "x" if a == 1 else "1x").replace(" 1y", " y")
    m = in_powers((prime, 1) for prime in primes)
    closing = remainder_asked(rng, "$T$", last)
    statements = (
        f"Let $T$ be the number of ordered pairs $(x, y)$ of integers with $1 \\le x, y \\le {bound}$ such that "
        f"${form}$ is divisible by ${modulus} = {m}$. {closing}",
        f"A square board has ${bound}$ rows and ${bound}$ columns, both numbered $1, 2, \\dots, {bound}$. {name} puts "
        f"a coin on the field in row $x$ and column $y$ whenever ${modulus}$ divides ${form}$. Let $T$ be the number "
        f"of coins. {closing}",
        f"Let $M = {m}$ and let $S = \\{{1, 2, \\dots, {turns}M\\}}$. Write $T$ for the number of pairs $(x, y)$ with "
        f"$x \\in S$ and $y \\in S$ for which $M$ divides ${form}$. {closing}",
    )
    ways = [2 * prime - 1 if yes else 1 for prime, yes in zip(primes, _solvable(a, b, primes), strict=True)]
    data = {"level": 5, "coefficients": [a, b], "primes": primes, "bound": bound, "modulus": last}
    all_ways = math.prod(2 * prime - 1 for prime in primes) * turns**2
    traps = [all_ways % last, turns**2 % last, math.prod(ways) % last, bound**2 // modulus % last]
    return posed(rng, statements, math.prod(ways) * turns**2 % last, data, traps)


FAMILY = ProblemFamily(
    name="squares",
    area="number theory",
    summary="perfect squares and cubes, sums of two squares, and quadratic forms modulo products of primes",
    chance=0.01,
    make=by_level(_in_interval, _made_square, _two_squares, _quadratic_values, _form_divisible),
)

"""divisor-counts: how many divisors of a factored number meet some conditions."""

from __future__ import annotations

import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import (
    MODULI,
    Factors,
    factored,
    in_powers,
    remainder_asked,
)
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick

POWER_NAMES = {2: "square", 3: "cube"}


def _divisor(rng: np.random.Generator, number: Factors) -> Factors:
    """A divisor of the number, neither 1 nor the number itself."""
    while True:
        found = [(prime, between(rng, 0, exponent)) for prime, exponent in number]
        if any(exponent for _, exponent in found) and found != number:
            return found


def _exponents(factors: Factors) -> list[int]:
    return [exponent for _, exponent in factors]


def _multiples(number: Factors, divisor: list[int]) -> int:
    """How many divisors of the number are multiples of a number with these exponents."""
    return math.prod(max(0, top - low + 1) for (_, top), low in zip(number, divisor, strict=True))


def _of_multiples(rng: np.random.Generator) -> Problem:
    number = factored(rng, 4, 2, 7)
    divisor = _divisor(rng, number)
    n, m, name = in_powers(number), in_powers(divisor), pick(rng, NAMES)
    statements = (
        f"How many positive divisors of ${n}$ are multiples of ${m}$?",
        f"{name} writes every positive divisor of $N = {n}$ on a card of its own and then throws away each card whose "
        f"number is not divisible by ${m}$. How many cards are left?",
        f"Let $N = {n}$ and $M = {m}$. Determine the number of positive integers $d$ such that $M$ divides $d$ and "
        "$d$ divides $N$.",
    )
    low = _exponents(divisor)
    off_by_one = math.prod(top - bottom for (_, top), bottom in zip(number, low, strict=True))
    without = _multiples(number, [0] * 4)
    answer = _multiples(number, low)
    data = {"level": 1, "number": number, "divisor": divisor}
    return posed(rng, statements, answer, data, [off_by_one, without, without - answer])


def _of_powers(rng: np.random.Generator) -> Problem:
    power = pick(rng, (2, 3))
    number = factored(rng, 4, 3, 8)
    divisor = [(prime, between(rng, 0, exponent // power * power)) for prime, exponent in number]
    n, m, kind, name = in_powers(number), in_powers(divisor), POWER_NAMES[power], pick(rng, NAMES)
    statements = (
        f"How many positive divisors of ${n}$ are perfect {kind}s and multiples of ${m}$?",
        f"{name} is looking for perfect {kind}s that divide $N = {n}$ and are themselves divisible by $M = {m}$. How "
        "many such positive integers are there?",
        f"A positive integer $k$ is called good if $k$ is the {kind} of an integer, ${m}$ divides $k$, and $k$ divides "
        f"${n}$. Find the number of good integers.",
    )
    pairs = [(low, top) for (_, low), (_, top) in zip(divisor, number, strict=True)]
    answer = math.prod(top // power - (low - 1) // power for low, top in pairs)
    careless = math.prod(max(1, (top - low) // power + 1) for low, top in pairs)
    data = {"level": 2, "number": number, "divisor": divisor, "power": power}
    return posed(rng, statements, answer, data, [careless, math.prod(top // power + 1 for _, top in pairs)])


def _of_exactly_one(rng: np.random.Generator) -> Problem:
    number = factored(rng, 4, 2, 6)
    while True:
        first, second = _divisor(rng, number), _divisor(rng, number)
        both = [max(pair) for pair in zip(_exponents(first), _exponents(second), strict=True)]
        if both not in (_exponents(first), _exponents(second)):
            break
    n, a, b, name = in_powers(number), in_powers(first), in_powers(second), pick(rng, NAMES)
    statements = (
        f"How many positive divisors of ${n}$ are divisible by exactly one of the two numbers ${a}$ and ${b}$?",
        f"Let $A = {a}$, $B = {b}$ and $N = {n}$. Find the number of positive divisors of $N$ that are multiples of "
        "$A$ or of $B$, but not of both.",
        f"A row of lamps, all switched off, carries as labels the positive divisors of ${n}$, one lamp for each. "
        f"{name} flips the switch of every lamp whose label is a multiple of ${a}$, and afterwards the switch of "
        f"every lamp whose label is a multiple of ${b}$. How many lamps are lit at the end?",
    )
    one, two, common = (_multiples(number, exps) for exps in (_exponents(first), _exponents(second), both))
    data = {"level": 3, "number": number, "first": first, "second": second}
    return posed(rng, statements, one + two - 2 * common, data, [one + two - common, one + two])


def _of_square(rng: np.random.Generator) -> Problem:
    number = factored(rng, 5, 1, 9)
    n, name = in_powers(number), pick(rng, NAMES)
    statements = (
        f"Let $n = {n}$. How many positive divisors of $n^2$ are less than $n$ but do not divide $n$?",
        f"{name} lists all positive divisors of $N^2$, where $N = {n}$, and crosses out every number that is at least "
        "$N$ as well as every divisor of $N$. How many numbers remain?",
        f"For a positive integer $n$, let $f(n)$ be the number of positive integers $d < n$ such that $d$ divides "
        f"$n^2$ while $d$ does not divide $n$. Find $f(n)$ for $n = {n}$.",
    )
    square = math.prod(2 * exponent + 1 for _, exponent in number)
    plain = math.prod(exponent + 1 for _, exponent in number)
    answer = (square - 1) // 2 - (plain - 1)
    data = {"level": 4, "number": number}
    return posed(rng, statements, answer, data, [answer - 1, square - plain, (square - 1) // 2])


def _of_product(rng: np.random.Generator) -> Problem:
    power = pick(rng, (2, 3))
    number = factored(rng, 3, 6, 14)
    divisor = [(prime, between(rng, 0, 4)) for prime, _ in number]
    modulus = pick(rng, MODULI)
    n, m, kind = in_powers(number), in_powers(divisor), POWER_NAMES[power]
    closing = remainder_asked(rng, "the number of positive divisors of $P$", modulus)
    statements = (
        f"Let $P$ be the product of all positive divisors of ${n}$ that are perfect {kind}s and multiples of ${m}$. "
        + closing,
        f"Let $N = {n}$ and $M = {m}$. All perfect {kind}s $k$ such that $M \\mid k$ and $k \\mid N$ are multiplied "
        f"together, which gives the number $P$. {closing}",
        f"Call a positive divisor of ${n}$ special if it is divisible by ${m}$ and is the {kind} of an integer, and "
        f"write $P$ for the product of all special divisors. {closing}",
    )
    choices = [
        [value for value in range(low, top + 1) if value % power == 0]
        for (_, low), (_, top) in zip(divisor, number, strict=True)
    ]
    count = math.prod(len(values) for values in choices)
    exponents = [sum(values) * count // len(values) for values in choices]
    answer = math.prod(exponent + 1 for exponent in exponents) % modulus
    data = {"level": 5, "number": number, "divisor": divisor, "power": power, "modulus": modulus}
    once = math.prod(sum(values) + 1 for values in choices) % modulus
    return posed(rng, statements, answer, data, [once, math.prod(exponents) % modulus, count])


FAMILY = ProblemFamily(
    name="divisor-counts",
    area="number theory",
    summary="count the divisors of a factored number that meet conditions; at level 5, of the product of such divisors",
    chance=0.01,
    make=by_level(_of_multiples, _of_powers, _of_exactly_one, _of_square, _of_product),
)

"""orders-and-decimals: repeating decimals, their digits and periods, and orders modulo prime powers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import (
    MODULI,
    Factors,
    in_powers,
    prime_factors,
    remainder_asked,
    valuation,
)
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several

# Denominators whose decimals have a period that can be found by hand.
DENOMINATORS = (7, 11, 13, 17, 19, 21, 23, 27, 33, 37, 39, 41, 63, 73, 77, 91, 99, 101, 111, 123, 137, 143, 239, 271)


def _decimal(rng: np.random.Generator) -> Problem:
    whole, early, late = between(rng, 1, 2999), 2, 3
    before, block = between(rng, 0, 10**early - 1), between(rng, 1, 10**late - 2)
    text = rf"{whole}.{before:0{early}d}\overline{{{block:0{late}d}}}"
    name = pick(rng, NAMES)
    statements = (
        f"Write the repeating decimal ${text}$ as a common fraction in lowest terms.",
        f"Let $x = {text}$, where the block of digits under the bar is repeated without end. Express $x$ as a "
        "fraction of two integers in lowest terms.",
        f"{name} divides one positive integer by another and obtains ${text}$ (the digits under the bar repeat "
        r"forever). Give the result of the division in the form $\frac{m}{n}$ with coprime positive integers $m$ and "
        "$n$.",
    )
    answer = whole + Fraction(before * (10**late - 1) + block, 10**early * (10**late - 1))
    data = {"level": 1, "whole": whole, "before": f"{before:0{early}d}", "block": f"{block:0{late}d}"}
    shifted = whole + Fraction(before, 10**early) + Fraction(block, 10**late - 1)
    cut = whole + Fraction(before * 10**late + block, 10 ** (early + late))
    return posed(rng, statements, answer, data, [shifted, cut])


def _order(base: int, modulus: int) -> int:
    """The least positive exponent for which the power of `base` is 1 modulo a number coprime to it."""
    steps, power = 1, base % modulus
    while power != 1 % modulus:
        power = power * base % modulus
        steps += 1
    return steps


def _far_digit(rng: np.random.Generator) -> Problem:
    bottom = pick(rng, DENOMINATORS)
    top = between(rng, 1, 20) * bottom + between(rng, 1, bottom - 1)
    while math.gcd(top, bottom) > 1:
        top += 1
    place, name = between(rng, 500, 99999), pick(rng, NAMES)
    fraction = rf"\frac{{{top}}}{{{bottom}}}"
    statements = (
        f"What is digit number ${place}$ after the decimal point in the decimal expansion of ${fraction}$?",
        f"{name} carries out the long division of ${top}$ by ${bottom}$ and never stops. Which digit stands at place "
        f"${place}$ after the decimal point?",
        rf"Let $0.d_1 d_2 d_3 \dots$ be the fractional part of ${fraction}$ in decimal notation. Find $d_{{{place}}}$.",
    )
    digit = pow(10, place - 1, bottom) * top % bottom * 10 // bottom
    neighbours = [pow(10, place + shift, bottom) * top % bottom * 10 // bottom for shift in (-2, 0)]
    return posed(rng, statements, digit, {"level": 2, "top": top, "bottom": bottom, "place": place}, neighbours)


def _digit_sum(rng: np.random.Generator) -> Problem:
    bottom = pick(rng, DENOMINATORS)
    top = between(rng, 1, 20) * bottom + between(rng, 1, bottom - 1)
    while math.gcd(top, bottom) > 1:
        top += 1
    count, name = between(rng, 500, 99999), pick(rng, NAMES)
    fraction = rf"\frac{{{top}}}{{{bottom}}}"
    statements = (
        f"Find the sum of the first ${count}$ digits after the decimal point in the decimal expansion of ${fraction}$.",
        f"A robot prints the decimal expansion of ${fraction}$ and halts as soon as it has printed ${count}$ digits "
        f"after the decimal point. {name} adds up all digits that stand after the point. What is the sum?",
        rf"Let $0.d_1 d_2 d_3 \dots$ be the fractional part of ${fraction}$ in decimal notation. Compute "
        rf"$d_1 + d_2 + \dots + d_{{{count}}}$.",
    )
    period = _order(10, bottom)
    block = [pow(10, place, bottom) * top % bottom * 10 // bottom for place in range(period)]
    turns, rest = divmod(count, period)
    answer = turns * sum(block) + sum(block[:rest])
    data = {"level": 3, "top": top, "bottom": bottom, "count": count}
    return posed(rng, statements, answer, data, [turns * sum(block), answer + block[rest], answer - block[rest - 1]])


def _expansion(rng: np.random.Generator) -> Problem:
    base = between(rng, 6, 40)
    shared = [prime for prime, _ in prime_factors(base)]
    other = [prime for prime in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37) if prime not in shared]
    core = math.prod(several(rng, other, 2))
    start = math.prod(prime ** between(rng, 1, 4) for prime in shared)
    cancelled = between(rng, 2, 30)
    bottom, top = start * core * cancelled, cancelled * between(rng, 1, start * core - 1)
    if start * core < 2000 or bottom > 150_000:
        return _expansion(rng)
    name = pick(rng, NAMES)
    fraction = rf"\frac{{{top}}}{{{bottom}}}"
    statements = (
        f"In base ${base}$, the number ${fraction}$ has the expansion $0.d_1 d_2 d_3 \\dots$. Let $s$ be the smallest "
        "number of digits after which the expansion is periodic ($s = 0$ if it is periodic from the start), and let "
        "$p$ be the length of its shortest period. (An expansion that ends is continued with zeros.) Find $(s, p)$.",
        f"{name} writes ${fraction}$ as a base ${base}$ expansion in which $s$ digits after the point are followed by "
        "a block of $p$ digits that repeats forever; should the expansion end, the block is a single $0$. The integers "
        "$s \\ge 0$ and $p \\ge 1$ are as small as possible. What is the ordered pair $(s, p)$?",
        f"Let $x = {fraction}$ and $b = {base}$. Find the pair $(s, p)$ of integers $s \\ge 0$ and $p \\ge 1$, both as "
        "small as possible, for which $b^{s}(b^{p} - 1)x$ is an integer.",
    )
    left = Fraction(top, bottom).denominator
    steps = 0
    while (common := math.gcd(left, base)) > 1:
        left //= common
        steps += 1
    data = {"level": 4, "top": top, "bottom": bottom, "base": base}
    whole, lead = _order(base, core), max(valuation(start, prime) for prime in shared)
    traps = [f"({steps}, {whole})", f"({lead}, {_order(base, left)})", f"({steps + 1}, {_order(base, left)})"]
    return posed(rng, statements, f"({steps}, {_order(base, left)})", data, traps)


def _least_exponent(a: int, b: int, factors: Factors) -> tuple[int, int]:
    """The least n for which the factored number divides a^n - b^n, and the same for its primes alone."""
    exponents, simple = [], []
    for prime, exponent in factors:
        first = _order(a * pow(b, -1, prime), prime)
        # Lifting the exponent: for an odd prime each further power of it costs one factor of it.
        missing = exponent - valuation(a**first - b**first, prime)
        exponents.append(first * prime ** max(0, missing))
        simple.append(first)
    return math.lcm(*exponents), math.lcm(*simple)


def _common_exponent(rng: np.random.Generator) -> Problem:
    primes = sorted(several(rng, (3, 5, 7, 11, 13, 17, 19), 3))
    factors = [(prime, between(rng, 3, 7)) for prime in primes]
    a, b = 0, 0
    while a == b or not all(a % prime and b % prime for prime in primes):
        b, a = sorted((between(rng, 2, 400), between(rng, 2, 400)))
    modulus, name, m = pick(rng, MODULI), pick(rng, NAMES), in_powers(factors)
    closing = remainder_asked(rng, "$n$", modulus)
    statements = (
        f"Let $n$ be the least positive integer for which ${a}^n - {b}^n$ is divisible by ${m}$. {closing}",
        f"{name} computes ${a} - {b}$, ${a}^2 - {b}^2$, ${a}^3 - {b}^3$ and so on, and stops at the first difference "
        f"${a}^n - {b}^n$ that is a multiple of ${m}$. {closing}",
        f"A positive integer $k$ is called suitable if ${a}^k$ and ${b}^k$ leave the same remainder on division by "
        f"$M = {m}$. Let $n$ be the smallest suitable integer. {closing}",
    )
    least, simple = _least_exponent(a, b, factors)
    phi = math.prod((prime - 1) * prime ** (exponent - 1) for prime, exponent in factors)
    data = {"level": 5, "bases": [a, b], "factors": factors, "modulus": modulus}
    whole = math.lcm(*((prime - 1) * prime ** (exponent - 1) for prime, exponent in factors))
    return posed(rng, statements, least % modulus, data, [phi % modulus, whole % modulus, simple % modulus])


FAMILY = ProblemFamily(
    name="orders-and-decimals",
    area="number theory",
    summary="repeating decimals, their digits and periods in any base, and orders modulo products of prime powers",
    chance=0.005,
    make=by_level(_decimal, _far_digit, _digit_sum, _expansion, _common_exponent),
)

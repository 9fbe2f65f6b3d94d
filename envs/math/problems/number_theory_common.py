"""common-divisors: greatest common divisors and least common multiples, computed and counted."""

from __future__ import annotations

import itertools
import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import (
    MODULI,
    PRIMES,
    factored,
    in_powers,
    prime_factors,
    product_of,
    remainder_asked,
)
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several


def _equal_shares(rng: np.random.Generator) -> Problem:
    size = between(rng, 6, 60)
    shares = [between(rng, 5, 60) for _ in range(4)]
    while math.gcd(*shares) > 1:
        shares = [between(rng, 5, 60) for _ in range(4)]
    numbers = [size * share for share in shares]
    text, name = listing([f"${number}$" for number in numbers]), pick(rng, NAMES)
    statements = (
        f"{name} has four ropes, which are {text} centimetres long. All of them are to be cut, with nothing left over, "
        "into pieces of one and the same length, a whole number of centimetres and as long as possible. How many "
        "pieces will there be?",
        f"Four schools send {text} pupils to a sports day. The pupils are divided into teams of equal size so that "
        "nobody is left out and all members of a team come from the same school. What is the smallest possible number "
        "of teams?",
        f"Let $d$ be the greatest common divisor of {text}, and let $s$ be the sum of these four numbers. Find "
        r"$\frac{s}{d}$.",
    )
    pairwise = math.gcd(*numbers[:2])
    traps = [size, sum(numbers) // pairwise, sum(shares) - 4]
    return posed(rng, statements, sum(shares), {"level": 1, "numbers": numbers}, traps)


def _pairs_with_multiple(rng: np.random.Generator) -> Problem:
    number = factored(rng, 5, 1, 10)
    n, name = in_powers(number), pick(rng, NAMES)
    statements = (
        f"How many unordered pairs of positive integers have least common multiple ${n}$? The two integers of a pair "
        "may be equal.",
        f"{name} looks for two positive integers whose least common multiple is $N = {n}$. In how many ways can they "
        "be chosen, if equal integers are allowed and their order does not matter?",
        f"Find the number of pairs $(x, y)$ of positive integers such that $x \\le y$ and "
        f"$\\operatorname{{lcm}}(x, y) = {n}$.",
    )
    ordered = math.prod(2 * exponent + 1 for _, exponent in number)
    data = {"level": 2, "number": number}
    return posed(rng, statements, (ordered + 1) // 2, data, [ordered, (ordered - 1) // 2])


def _triples_between(rng: np.random.Generator) -> Problem:
    primes = sorted(several(rng, PRIMES, 4))
    low = [(prime, between(rng, 0, 5)) for prime in primes]
    high = [(prime, exponent + between(rng, 1, 7)) for prime, exponent in low]
    g, m, name = in_powers(low), in_powers(high), pick(rng, NAMES)
    statements = (
        f"How many ordered triples $(a, b, c)$ of positive integers satisfy $\\gcd(a, b, c) = {g}$ and "
        f"$\\operatorname{{lcm}}(a, b, c) = {m}$?",
        f"Three positive integers are written on a red, a green and a blue card, one on each. Their greatest common "
        f"divisor is ${g}$ and their least common multiple is ${m}$. In how many ways can the cards be filled in?",
        f"{name} picks positive integers $x$, $y$ and $z$, in this order and not necessarily different. Their greatest "
        f"common divisor turns out to be $G = {g}$ and their least common multiple $L = {m}$. Find the number of "
        "possible triples $(x, y, z)$.",
    )
    gaps = [top - bottom for (_, bottom), (_, top) in zip(low, high, strict=True)]
    data = {"level": 3, "low": low, "high": high}
    traps = [math.prod(gaps), math.prod(6 * (gap - 1) for gap in gaps), math.prod(gap + 1 for gap in gaps)]
    return posed(rng, statements, math.prod(6 * gap for gap in gaps), data, traps)


def _with_given_divisor(rng: np.random.Generator) -> Problem:
    number = factored(rng, 4, 1, 3, PRIMES[:7])
    while product_of(number) > 100_000:
        number = factored(rng, 4, 1, 3, PRIMES[:7])
    divisor = [(prime, between(rng, 0, exponent)) for prime, exponent in number]
    while product_of(divisor) in (1, product_of(number)) or product_of(divisor) > 300:
        divisor = [(prime, between(rng, 0, exponent)) for prime, exponent in number]
    m, g = product_of(number), product_of(divisor)
    bound = between(rng, 100 * g, 1000 * g)
    name = pick(rng, NAMES)
    statements = (
        f"For how many integers $n$ with $1 \\le n \\le {bound}$ is $\\gcd(n, {m}) = {g}$?",
        f"{name} reduces each of the fractions $\\frac{{1}}{{{m}}}, \\frac{{2}}{{{m}}}, \\frac{{3}}{{{m}}}, \\dots, "
        f"\\frac{{{bound}}}{{{m}}}$ to lowest terms. How many of them end up with the denominator ${m // g}$?",
        f"Let $M = {m}$. Find the number of positive integers not exceeding ${bound}$ whose greatest common divisor "
        f"with $M$ is exactly ${g}$.",
    )
    primes = [prime for prime, _ in prime_factors(m // g)]
    answer = sum(
        (-1) ** size * (bound // (g * math.prod(chosen)))
        for size in range(len(primes) + 1)
        for chosen in itertools.combinations(primes, size)
    )
    data = {"level": 4, "number": m, "divisor": g, "bound": bound}
    others = math.prod(prime - 1 for prime in primes) * (bound // g) // math.prod(primes)
    return posed(rng, statements, answer, data, [bound // g, others])


def _three_multiples(rng: np.random.Generator) -> Problem:
    primes, modulus, name = sorted(several(rng, PRIMES, 4)), pick(rng, MODULI), pick(rng, NAMES)
    exponents = []
    for _ in primes:
        a, b, c = (between(rng, 1, 12) for _ in range(3))
        exponents.append([max(a, b), max(b, c), max(c, a)])
    x, y, z = (in_powers(zip(primes, column, strict=True)) for column in zip(*exponents, strict=True))
    equations = rf"\operatorname{{lcm}}(a, b) = {x}, \quad \operatorname{{lcm}}(b, c) = {y}, \quad "
    equations += rf"\operatorname{{lcm}}(c, a) = {z}"
    number, closing = "the number of ordered triples $(a, b, c)$", remainder_asked(rng, "$T$", modulus)
    statements = (
        f"Let $T$ be {number} of positive integers such that \\[{equations}.\\] {closing}",
        f"Write $T$ for the number of ways to choose positive integers $a$, $b$ and $c$, in this order, so that "
        f"\\[{equations}.\\] {closing}",
        f"Let $X = {x}$, $Y = {y}$ and $Z = {z}$. {name} looks for three positive integers $a$, $b$, $c$ such that the "
        "least common multiple of $a$ and $b$ is $X$, that of $b$ and $c$ is $Y$, and that of $c$ and $a$ is $Z$. Let "
        f"$T$ be {number} that fit. {closing}",
    )
    ways = [3 * max(e) + 1 if min(e) == max(e) else 2 * min(e) + 1 for e in exponents]
    data = {"level": 5, "primes": primes, "exponents": exponents, "modulus": modulus}
    traps = [math.prod(min(e) + 1 for e in exponents) % modulus, math.prod(2 * min(e) + 1 for e in exponents) % modulus]
    return posed(rng, statements, math.prod(ways) % modulus, data, traps)


FAMILY = ProblemFamily(
    name="common-divisors",
    area="number theory",
    summary="greatest common divisors and least common multiples, and how many pairs or triples have given ones",
    chance=0.01,
    make=by_level(_equal_shares, _pairs_with_multiple, _triples_between, _with_given_divisor, _three_multiples),
)

"""congruences: systems of remainders in stories and in symbols, up to a quadratic congruence."""

from __future__ import annotations

import itertools
import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import in_powers
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several

GOODS = ("eggs", "oranges", "marbles", "tiles", "roses", "stamps", "bricks", "candles")


def _combined(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    """The remainder and modulus that say the same as two solvable congruences together."""
    (a, m), (b, n) = one, two
    common = math.gcd(m, n)
    step = (b - a) // common * pow(m // common, -1, n // common) % (n // common)
    return (a + m * step) % (m // common * n), m // common * n


def _first_above(bound: int, remainder: int, modulus: int) -> int:
    return bound + 1 + (remainder - bound - 1) % modulus


def _coprime(rng: np.random.Generator, count: int, low: int, high: int) -> list[int]:
    while True:
        moduli = sorted(several(rng, range(low, high + 1), count))
        if all(math.gcd(*pair) == 1 for pair in itertools.combinations(moduli, 2)):
            return moduli


def _two_remainders(rng: np.random.Generator) -> Problem:
    m, n = _coprime(rng, 2, 5, 25)
    a, b = between(rng, 1, m - 1), between(rng, 1, n - 1)
    bound, name, goods = between(rng, 101, 99999), pick(rng, NAMES), pick(rng, GOODS)
    statements = (
        f"What is the smallest integer greater than ${bound}$ that leaves remainder ${a}$ when divided by ${m}$ and "
        f"remainder ${b}$ when divided by ${n}$?",
        f"{name} has more than ${bound}$ {goods}. When they are packed ${m}$ to a box, ${a}$ of them remain; when they "
        f"are packed ${n}$ to a box, ${b}$ of them remain. What is the least number of {goods} that {name} can have?",
        f"Find the least integer $x > {bound}$ for which $x \\equiv {a} \\pmod{{{m}}}$ and $x \\equiv {b} "
        f"\\pmod{{{n}}}$.",
    )
    found, _ = _combined((a, m), (b, n))
    answer = _first_above(bound, found, m * n)
    data = {"level": 1, "remainders": [a, b], "moduli": [m, n], "bound": bound}
    return posed(rng, statements, answer, data, [found, answer - m * n, answer + m * n])


def _three_remainders(rng: np.random.Generator) -> Problem:
    moduli = _coprime(rng, 3, 4, 23)
    remainders = [between(rng, 1, modulus - 1) for modulus in moduli]
    bound, name, goods = between(rng, 11, 9999), pick(rng, NAMES), pick(rng, GOODS)
    period = math.prod(moduli)
    pairs = list(zip(remainders, moduli, strict=True))
    left = listing([f"${a}$ when divided by ${m}$" for a, m in pairs])
    missing = listing([f"${m - a}$ short in rows of ${m}$" for a, m in pairs])
    system = r", \quad ".join(rf"x \equiv {a} \pmod{{{m}}}" for a, m in pairs)
    statements = (
        f"Exactly one of the ${period}$ consecutive integers that begin with ${bound + 1}$ leaves the remainders "
        f"{left}. Which one?",
        f"{name} sets out {goods} in rows of equal length and each time finds that the last row is not full: there "
        f"are {missing}. If there are more than ${bound}$ {goods}, what is the least number that there can be?",
        f"Find the smallest integer $x > {bound}$ that satisfies the system \\[{system}.\\]",
    )
    found, _ = _combined(_combined(pairs[0], pairs[1]), pairs[2])
    answer = _first_above(bound, found, period)
    data = {"level": 2, "remainders": remainders, "moduli": moduli, "bound": bound}
    return posed(rng, statements, answer, data, [found, answer - period, answer + period])


def _counted(rng: np.random.Generator) -> Problem:
    while True:
        m, n = several(rng, range(6, 41), 2)
        common = math.gcd(m, n)
        if 1 < common < min(m, n):
            break
    hidden = between(rng, 0, m * n)
    a, b = hidden % m, hidden % n
    low, high = between(rng, 50, 999), between(rng, 5000, 29999)
    name = pick(rng, NAMES)
    statements = (
        f"How many integers from ${low}$ to ${high}$, both included, leave remainder ${a}$ when divided by ${m}$ and "
        f"remainder ${b}$ when divided by ${n}$?",
        f"Seats in a stadium are numbered from ${low}$ to ${high}$. {name} hangs a flag on every seat whose number is "
        f"congruent to ${a}$ modulo ${m}$ and puts a cushion on every seat whose number is congruent to ${b}$ modulo "
        f"${n}$. How many seats get both a flag and a cushion?",
        f"Determine the number of integers $x$ with ${low} \\le x \\le {high}$, $x \\equiv {a} \\pmod{{{m}}}$ and "
        f"$x \\equiv {b} \\pmod{{{n}}}$.",
    )
    found, period = _combined((a, m), (b, n))
    answer = (high - found) // period - (low - 1 - found) // period
    data = {"level": 3, "remainders": [a, b], "moduli": [m, n], "low": low, "high": high}
    careless = (high - low + 1) // (m * n)
    return posed(rng, statements, answer, data, [careless, (high - low) // period, answer + 1, answer - 1])


def _with_factors(rng: np.random.Generator) -> Problem:
    while True:
        m, n = several(rng, range(12, 61), 2)
        p, q = between(rng, 3, 40), between(rng, 3, 40)
        periods = m // math.gcd(m, p), n // math.gcd(n, q)
        if min(periods) > 3 and periods < (m, n) and 40 < math.lcm(*periods) < 1000:
            break
    hidden = between(rng, 0, m * n)
    a, b = p * hidden % m, q * hidden % n
    bound, name = between(rng, 1000, 4000), pick(rng, NAMES)
    first, second = rf"{p}x \equiv {a} \pmod{{{m}}}", rf"{q}x \equiv {b} \pmod{{{n}}}"
    statements = (
        f"Find the sum of all positive integers $x \\le {bound}$ that satisfy both ${first}$ and ${second}$.",
        f"Let $S$ be the set of all integers $x$ with $1 \\le x \\le {bound}$ such that \\[{first} \\quad "
        f"\\text{{and}} \\quad {second}.\\] What is the sum of the elements of $S$?",
        f"{name} notes every positive integer $x$ up to ${bound}$ for which ${p}x$ leaves remainder ${a}$ on division "
        f"by ${m}$ and ${q}x$ leaves remainder ${b}$ on division by ${n}$. What is the sum of the numbers noted?",
    )
    found, period = _combined((hidden % periods[0], periods[0]), (hidden % periods[1], periods[1]))
    solutions = range(found or period, bound + 1, period)
    data = {"level": 4, "factors": [p, q], "remainders": [a, b], "moduli": [m, n], "bound": bound}
    fewer = range(found or period, bound + 1, math.lcm(m, n))
    return posed(rng, statements, sum(solutions), data, [sum(fewer), len(solutions), found])


def _quadratic(rng: np.random.Generator) -> Problem:
    primes = sorted(several(rng, (5, 7, 11, 13, 17, 19, 23), 3))
    modulus = math.prod(primes)
    one, two = between(rng, 1, modulus - 1), between(rng, 1, modulus - 1)
    b, c = -(one + two) % modulus, one * two % modulus
    bound, count, name = between(rng, 1, 999), pick(rng, (3, 4, 5)), pick(rng, NAMES)
    square = f"n^2 + {b}n + {c}".replace("+ 0n ", "").replace(" 1n", " n").removesuffix(" + 0")
    many = {3: "three", 4: "four", 5: "five"}[count]
    statements = (
        f"Find the sum of the {many} smallest integers $n > {bound}$ for which ${square}$ is divisible by ${modulus}$.",
        f"A positive integer $n$ is called lucky if ${modulus}$ divides ${square}$. Let $S$ be the sum of the {many} "
        f"smallest lucky integers that exceed ${bound}$. Find $S$.",
        f"{name} tries $n = {bound + 1}, {bound + 2}, {bound + 3}, \\dots$ one after another and stops at the "
        f"{ {3: 'third', 4: 'fourth', 5: 'fifth'}[count] } value for which ${square}$ is a multiple of "
        f"${in_powers((prime, 1) for prime in primes)}$. What is the sum of these {many} values of $n$?",
    )
    roots = {0}
    period = 1
    for prime in primes:
        pairs = itertools.product(roots, {one % prime, two % prime})
        roots = {_combined((old, period), (root, prime))[0] for old, root in pairs}
        period *= prime
    above = sorted(_first_above(bound, root, modulus) + turn * modulus for root in roots for turn in range(count))
    data = {"level": 5, "modulus": modulus, "coefficients": [b, c], "bound": bound, "count": count}
    obvious = sorted(
        _first_above(bound, root, modulus) + turn * modulus for root in (one, two) for turn in range(count)
    )
    traps = [sum(sorted(obvious)[:count]), above[0], above[count - 1], sum(above[1 : count + 1])]
    return posed(rng, statements, sum(above[:count]), data, traps)


FAMILY = ProblemFamily(
    name="congruences",
    area="number theory",
    summary="numbers with given remainders: systems of linear congruences, and a quadratic one modulo three primes",
    chance=0.005,
    make=by_level(_two_remainders, _three_remainders, _counted, _with_factors, _quadratic),
)

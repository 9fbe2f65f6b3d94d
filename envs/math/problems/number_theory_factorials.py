"""factorial-exponents: exponents of primes in products, factorials and binomials, and zeros at the end of numerals."""

from __future__ import annotations

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, prime_factors, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick

BASES = (12, 18, 20, 24, 28, 30, 36, 40, 42, 44, 45, 48, 50, 54, 56, 60, 63, 72, 75, 80, 90, 96, 98, 99)


def _legendre(number: int, prime: int) -> int:
    """The exponent of a prime in the factorial of a number."""
    total = 0
    while number:
        number //= prime
        total += number
    return total


def _consecutive(rng: np.random.Generator) -> Problem:
    prime = pick(rng, (2, 3, 5, 7, 11, 13))
    low = between(rng, 11, 9999)
    high = low + between(rng, 50, 9999)
    product = rf"{low} \cdot {low + 1} \cdot {low + 2} \cdots {high}"
    name = pick(rng, NAMES)
    statements = (
        f"Let $P = {product}$ be the product of all integers from ${low}$ to ${high}$. What is the largest integer "
        f"$k$ such that ${prime}^k$ divides $P$?",
        f"{name} multiplies all integers from ${low}$ to ${high}$, both included, and then divides the result by "
        f"${prime}$ again and again as long as the quotient is an integer. How many divisions are possible?",
        f"Find the exponent of ${prime}$ in the prime factorisation of $\\frac{{{high}!}}{{{low - 1}!}}$.",
    )
    answer = _legendre(high, prime) - _legendre(low - 1, prime)
    simple = high // prime - (low - 1) // prime
    data = {"level": 1, "low": low, "high": high, "prime": prime}
    return posed(rng, statements, answer, data, [simple, _legendre(high - low + 1, prime), _legendre(high, prime)])


def _zeros(rng: np.random.Generator) -> Problem:
    base = pick(rng, BASES)
    small, large = between(rng, 20, 5000), between(rng, 5001, 19999)
    name = pick(rng, NAMES)
    quotient = rf"\frac{{{large}!}}{{{small}!}}"
    statements = (
        f"With how many zeros does the base ${base}$ numeral of ${quotient}$ end?",
        f"{name} divides ${large}!$ by ${small}!$ and writes the quotient in base ${base}$. How many zeros are there "
        "at the end of the numeral?",
        f"Find the largest integer $k$ for which ${base}^k \\cdot {small}!$ divides ${large}!$.",
    )
    counts = [
        (_legendre(large, prime) - _legendre(small, prime)) // exponent for prime, exponent in prime_factors(base)
    ]
    largest = counts[-1]
    data = {"level": 2, "base": base, "small": small, "large": large}
    apart = [_legendre(large, prime) // exponent for prime, exponent in prime_factors(base)]
    less = [_legendre(small, prime) // exponent for prime, exponent in prime_factors(base)]
    return posed(rng, statements, min(counts), data, [largest, min(apart), min(apart) - min(less), max(counts)])


def _binomial(rng: np.random.Generator) -> Problem:
    base = pick(rng, (6, 10, 12, 14, 15, 18, 20, 21, 22, 24))
    while True:
        top, bottom = between(rng, 2000, 99999), between(rng, 100, 40000)
        if 2 * bottom < top and _in_binomial(base, top, bottom) > 0:
            break
    name = pick(rng, NAMES)
    symbol = rf"\binom{{{top}}}{{{bottom}}}"
    statements = (
        f"Find the largest integer $k$ such that ${base}^k$ divides the binomial coefficient ${symbol}$.",
        f"From a library of ${top}$ books exactly ${bottom}$ are to be chosen for an exhibition. Let $N$ be the number "
        f"of possible choices. With how many zeros does $N$ end when it is written in base ${base}$?",
        f"{name} divides ${top}!$ by the product ${bottom}! \\cdot {top - bottom}!$ and divides the result by ${base}$ "
        "as often as this is possible without a remainder. How many times is it possible?",
    )
    data = {"level": 3, "base": base, "top": top, "bottom": bottom}
    apart = [
        (_legendre(top, prime) - _legendre(bottom, prime) - _legendre(top - bottom, prime)) // exponent
        for prime, exponent in prime_factors(base)
    ]
    return posed(rng, statements, min(apart), data, [max(apart), apart[-1], min(apart) + 1])


def _in_binomial(base: int, top: int, bottom: int) -> int:
    return min(
        (_legendre(top, prime) - _legendre(bottom, prime) - _legendre(top - bottom, prime)) // exponent
        for prime, exponent in prime_factors(base)
    )


def _progression(rng: np.random.Generator) -> Problem:
    prime = pick(rng, (3, 5, 7, 11, 13))
    step, start = between(rng, 2, 60), between(rng, 1, 400)
    while step % prime == 0:
        step = between(rng, 2, 60)
    count, name = between(rng, 200, 3000), pick(rng, NAMES)
    last = start + step * (count - 1)
    product = rf"{start} \cdot {start + step} \cdot {start + 2 * step} \cdots {last}"
    statements = (
        f"The factors of the product $P = {product}$ form an arithmetic progression of ${count}$ terms. Find the "
        f"largest integer $k$ for which ${prime}^k$ divides $P$.",
        f"{name} multiplies the first ${count}$ terms of the arithmetic progression that begins with ${start}$ and has "
        f"the common difference ${step}$. Determine the exponent of ${prime}$ in the prime factorisation of the "
        "result.",
        rf"Let $P = \prod_{{k=0}}^{{{count - 1}}} ({step}k + {start})$. How many times can $P$ be divided by "
        f"${prime}$ without a remainder, each time dividing the previous quotient?",
    )
    answer, power = 0, prime
    while power <= last:
        root = -start * pow(step, -1, power) % power
        answer += (count - 1 - root) // power + 1
        power *= prime
    data = {"level": 4, "prime": prime, "start": start, "step": step, "count": count}
    return posed(rng, statements, answer, data, [_legendre(count, prime), count // prime, _legendre(last, prime)])


def _sum_of_floors(number: int, divisor: int) -> int:
    """The sum of the floors of k/divisor for k from 0 to `number`."""
    turns, rest = divmod(number + 1, divisor)
    return divisor * turns * (turns - 1) // 2 + turns * rest


def _superfactorial(number: int, prime: int) -> int:
    """The exponent of a prime in the product of the factorials up to that of the number."""
    total, power = 0, prime
    while power <= number:
        total += _sum_of_floors(number, power)
        power *= prime
    return total


def _factorials(rng: np.random.Generator) -> Problem:
    base, modulus = pick(rng, BASES), pick(rng, MODULI)
    low = between(rng, 10, 2000)
    high = low + between(rng, 40, 4000)
    product, name = rf"{low}! \cdot {low + 1}! \cdot {low + 2}! \cdots {high}!", pick(rng, NAMES)
    closing = remainder_asked(rng, "$T$", modulus)
    statements = (
        f"Let $T$ be the number of zeros at the end of the base ${base}$ numeral of ${product}$, the product of the "
        f"factorials of all integers from ${low}$ to ${high}$. {closing}",
        f"Let $P = {product}$, where the factors are the factorials of consecutive integers, and let $T$ be the "
        f"largest integer for which ${base}^T$ divides $P$. {closing}",
        f"For every integer $n$ with ${low} \\le n \\le {high}$, {name} writes $n!$ on a card, and finally multiplies "
        f"the numbers on all cards. The product can be divided by ${base}$ exactly $T$ times in succession without a "
        f"remainder. {closing}",
    )
    factors = prime_factors(base)
    apart = [
        (_superfactorial(high, prime) - _superfactorial(low - 1, prime)) // exponent for prime, exponent in factors
    ]
    data = {"level": 5, "base": base, "low": low, "high": high, "modulus": modulus}
    without = [(_superfactorial(high, prime) - _superfactorial(low, prime)) // exponent for prime, exponent in factors]
    traps = [apart[-1] % modulus, max(apart) % modulus, min(without) % modulus]
    return posed(rng, statements, min(apart) % modulus, data, traps)


FAMILY = ProblemFamily(
    name="factorial-exponents",
    area="number theory",
    summary="exponents of primes in products, binomials and products of factorials; zeros at the end in any base",
    chance=0.005,
    make=by_level(_consecutive, _zeros, _binomial, _progression, _factorials),
)

"""What several families of number theory share: factored numbers, primes, remainders."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from selftrain.envs.math.wording import between, pick, several

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
# A prime close to 1000 spreads the remainders of highly divisible counts, where 1000 itself would often leave 0.
MODULI = (887, 907, 911, 919, 929, 937, 941, 947, 953, 967, 971, 977, 983, 991, 997, 1009, 1013, 1019, 1021, 1031)

Factors = list[tuple[int, int]]


def factored(rng: np.random.Generator, count: int, low: int, high: int, primes: Sequence[int] = PRIMES) -> Factors:
    """Some different primes in increasing order, each with an exponent from `low` to `high`."""
    return [(prime, between(rng, low, high)) for prime in sorted(several(rng, primes, count))]


def product_of(factors: Iterable[tuple[int, int]]) -> int:
    """The number that the factors make."""
    return math.prod(prime**exponent for prime, exponent in factors)


def in_powers(factors: Iterable[tuple[int, int]]) -> str:
    r"""A factored number in LaTeX, "2^{3} \cdot 7"."""
    powers = [str(prime) if exponent == 1 else f"{prime}^{{{exponent}}}" for prime, exponent in factors if exponent]
    return r" \cdot ".join(powers) or "1"


def remainder_asked(rng: np.random.Generator, what: str, modulus: int) -> str:
    """The closing sentence that asks for `what` only up to a multiple of `modulus`."""
    return pick(
        rng,
        (
            f"Find the remainder when {what} is divided by ${modulus}$.",
            f"What is the remainder when {what} is divided by ${modulus}$?",
            f"Compute {what} modulo ${modulus}$, that is, its remainder on division by ${modulus}$.",
        ),
    )


def valuation(number: int, prime: int) -> int:
    """The exponent of a prime in a number other than 0."""
    exponent = 0
    while number % prime == 0:
        number //= prime
        exponent += 1
    return exponent


def prime_factors(number: int) -> Factors:
    """The factorisation of a small positive integer by trial division."""
    factors: Factors = []
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            exponent = valuation(number, divisor)
            factors.append((divisor, exponent))
            number //= divisor**exponent
        divisor += 1
    return [*factors, (number, 1)] if number > 1 else factors

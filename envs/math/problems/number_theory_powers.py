"""power-remainders: remainders of powers and of towers of powers."""

from __future__ import annotations

import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def _units_digit(rng: np.random.Generator) -> Problem:
    a, c = between(rng, 12, 999), between(rng, 12, 999)
    b, d = between(rng, 20, 999), between(rng, 20, 999)
    name = pick(rng, NAMES)
    statements = (
        f"What is the units digit of ${a}^{{{b}}} + {c}^{{{d}}}$?",
        f"{name} computes the sum of ${a}^{{{b}}}$ and ${c}^{{{d}}}$ exactly. With which digit does the result end?",
        f"Let $A = {a}^{{{b}}}$ and $C = {c}^{{{d}}}$. Find the remainder when $A + C$ is divided by $10$.",
    )
    data = {"level": 1, "terms": [[a, b], [c, d]]}
    traps = [(a * b + c * d) % 10, (pow(a, b % 4, 10) + pow(c, d % 4, 10)) % 10, pow(a + c, b + d, 10)]
    return posed(rng, statements, (pow(a, b, 10) + pow(c, d, 10)) % 10, data, traps)


def _prime_modulus(rng: np.random.Generator) -> Problem:
    prime = pick(rng, PRIMES)
    a, c = (between(rng, 2, 500) * prime + between(rng, 2, prime - 1) for _ in range(2))
    b, d = (between(rng, 2, 60) * (prime - 1) + between(rng, 2, 5) for _ in range(2))
    name = pick(rng, NAMES)
    statements = (
        f"Find the remainder when ${a}^{{{b}}} + {c}^{{{d}}}$ is divided by ${prime}$.",
        f"A dial has ${prime}$ marks, numbered clockwise from $0$ to ${prime - 1}$, and its pointer stands at $0$. "
        f"{name} moves the pointer clockwise by ${a}^{{{b}}}$ marks and then by another ${c}^{{{d}}}$ marks. At which "
        "mark does it stop?",
        f"Let $r$ be the integer with $0 \\le r < {prime}$ for which ${a}^{{{b}}} + {c}^{{{d}}} - r$ is a multiple of "
        f"the prime ${prime}$. What is $r$?",
    )
    data = {"level": 2, "terms": [[a, b], [c, d]], "modulus": prime}
    wrong = [(pow(a, b % prime, prime) + pow(c, d % prime, prime)) % prime, (pow(a, b, prime) + 1) % prime]
    return posed(rng, statements, (pow(a, b, prime) + pow(c, d, prime)) % prime, data, wrong)


def _tower(rng: np.random.Generator) -> Problem:
    while True:
        modulus, base = between(rng, 13, 99), between(rng, 2, 999)
        if math.gcd(base, modulus) == 1 and all((base**k - 1) % modulus for k in (1, 2, 3, 4)):
            break
    b, c = between(rng, 2, 99), between(rng, 5, 999)
    while pow(base, b**c, modulus) == 1:
        b, c = between(rng, 2, 99), between(rng, 5, 999)
    tower, name = f"{base}^{{{b}^{{{c}}}}}", pick(rng, NAMES)
    statements = (
        f"Find the remainder when ${tower}$ is divided by ${modulus}$. (A tower of powers is read from the top: "
        "$x^{y^z}$ means $x^{(y^z)}$.)",
        f"Let $N = {b}^{{{c}}}$. What remainder does ${base}^N$ leave when divided by ${modulus}$?",
        f"On a planet whose day has ${modulus}$ hours, the clocks count $0, 1, \\dots, {modulus - 1}$ and then start "
        f"again. It is $0$ o'clock. What will the clock of {name} show after exactly $x^{{(y^z)}}$ hours, where "
        f"$x = {base}$, $y = {b}$ and $z = {c}$?",
    )
    data = {"level": 3, "tower": [base, b, c], "modulus": modulus}
    traps = [pow(base, b * c, modulus), pow(base, pow(b, c, modulus), modulus), pow(base, b**c % 100, modulus)]
    return posed(rng, statements, pow(base, b**c, modulus), data, traps)


def _last_digits(rng: np.random.Generator) -> Problem:
    while True:
        base = between(rng, 12, 999)
        if math.gcd(base, 10) == 2:
            break
    b, c = 2 * between(rng, 1, 2000) + 1, between(rng, 5, 999)
    name = pick(rng, NAMES)
    statements = (
        f"Find the remainder when ${base}^{{{b}^{{{c}}}}}$ is divided by $1000$. (A tower of powers is read from the "
        "top: $x^{y^z}$ means $x^{(y^z)}$.)",
        f"A sequence is defined by $u_0 = {base}$ and $u_{{n+1}} = u_n^{{{b}}}$ for every $n \\ge 0$. Find the "
        f"remainder when $u_{{{c}}}$ is divided by $1000$.",
        f"{name} types ${base}$ into a calculator of unlimited precision. Each press of a certain key replaces the "
        f"number $x$ on the display by $x^{{{b}}}$. If {name} presses this key ${c}$ times, what are the last three "
        "digits of the number displayed, read as an integer from $0$ to $999$?",
    )
    exponent = pow(b, c, 100) + 100
    data = {"level": 4, "tower": [base, b, c]}
    traps = [pow(base, b * c, 1000), pow(base, pow(b, c, 1000), 1000), pow(base, pow(b, c, 400), 1000)]
    return posed(rng, statements, pow(base, exponent, 1000), data, traps)


def _order(base: int, prime: int) -> int:
    """How many steps the powers of `base` take modulo a prime until they return to 1."""
    steps, power = 1, base % prime
    while power != 1:
        power = power * base % prime
        steps += 1
    return steps


def _index_and_power(rng: np.random.Generator) -> Problem:
    prime = pick(rng, PRIMES[:6])
    while True:
        base = between(rng, 2, 400)
        if base % prime and _order(base, prime) > 2:
            break
    term = between(rng, 1, 800)
    while term % prime == 0:
        term = between(rng, 1, 800)
    order = _order(base, prime)
    bound, name = between(rng, 2000, 20000), pick(rng, NAMES)
    value = rf"n \cdot {base}^n + {term}"
    statements = (
        f"For how many positive integers $n \\le {bound}$ is ${value}$ divisible by ${prime}$?",
        f"{name} computes ${value}$ for $n = 1, 2, 3, \\dots, {bound}$ and marks each result that is a multiple of "
        f"${prime}$. How many results are marked?",
        f"Let $a_n = {value}$ for every positive integer $n$. Determine how many of the numbers $a_1, a_2, \\dots, "
        f"a_{{{bound}}}$ are divisible by ${prime}$.",
    )
    period = prime * order
    hits = [n for n in range(1, period + 1) if (n * pow(base, n, prime) + term) % prime == 0]
    turns, rest = divmod(bound, period)
    answer = turns * order + sum(n <= rest for n in hits)
    data = {"level": 5, "prime": prime, "base": base, "term": term, "bound": bound}
    return posed(rng, statements, answer, data, [turns * order, bound // prime, bound // order, answer + 1])


FAMILY = ProblemFamily(
    name="power-remainders",
    area="number theory",
    summary="remainders of powers and towers of powers, and how often a power times its index meets a remainder",
    chance=0.005,
    make=by_level(_units_digit, _prime_modulus, _tower, _last_digits, _index_and_power),
)

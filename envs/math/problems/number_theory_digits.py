"""digits-and-bases: numerals in other bases, sums of digits, missing digits, carries."""

from __future__ import annotations

import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several


def _digits(number: int, base: int) -> list[int]:
    """The digits of a positive number in a base, the units first."""
    digits = []
    while number:
        number, digit = divmod(number, base)
        digits.append(digit)
    return digits


def _numeral(number: int, base: int) -> str:
    return "".join(map(str, reversed(_digits(number, base))))


def _two_bases(rng: np.random.Generator) -> Problem:
    b, c = several(rng, range(4, 10), 2)
    x, y = between(rng, b**4, b**5 - 1), between(rng, c**4, c**5 - 1)
    first, second = rf"({_numeral(x, b)})_{{{b}}}", rf"({_numeral(y, c)})_{{{c}}}"
    name = pick(rng, NAMES)
    statements = (
        f"Write ${first} + {second}$ in base ten, where a subscript gives the base in which a numeral is written.",
        f"On the planet Bet people count in base ${b}$, on the planet Cet in base ${c}$. {name} has savings of "
        f"${_numeral(x, b)}$ shells, as written on Bet, and of ${_numeral(y, c)}$ shells, as written on Cet. How many "
        "shells is that altogether, in base ten?",
        f"Let $x$ be the number with the base ${b}$ numeral ${_numeral(x, b)}$, and $y$ the number with the base ${c}$ "
        f"numeral ${_numeral(y, c)}$. What is $x + y$? Give the answer in base ten.",
    )
    plain = int(_numeral(x, b)) + int(_numeral(y, c))
    return posed(rng, statements, x + y, {"level": 1, "bases": [b, c], "numbers": [x, y]}, [plain, abs(x - y)])


def _near_power(rng: np.random.Generator) -> Problem:
    zeros, less = between(rng, 20, 4000), between(rng, 11, 99999)
    name = pick(rng, NAMES)
    statements = (
        f"What is the sum of the digits of $10^{{{zeros}}} - {less}$?",
        f"{name} subtracts ${less}$ from the number that is written as a $1$ followed by ${zeros}$ zeros. What is the "
        "sum of the decimal digits of the difference?",
        f"For a positive integer $n$ let $S(n)$ be the sum of its decimal digits. Find $S\\left(10^{{{zeros}}} - "
        f"{less}\\right)$.",
    )
    inner = sum(map(int, str(less - 1)))
    data = {"level": 2, "zeros": zeros, "less": less}
    traps = [9 * zeros - sum(map(int, str(less))), 9 * (zeros - 1) - inner, 9 * zeros]
    return posed(rng, statements, 9 * zeros - inner, data, traps)


def _below_without(limit: int, kept: list[int]) -> int:
    """How many integers from 0 to `limit - 1` are written with the kept digits only."""
    digits = [int(digit) for digit in str(limit)]
    choices = len(kept)
    whole = [choices - (0 in kept)] + [choices] * (len(digits) - 1)
    shorter = sum(math.prod(whole[:length]) for length in range(1, len(digits))) + (0 in kept)
    total = shorter
    for place, digit in enumerate(digits):
        smaller = sum(value < digit and (value > 0 or place > 0) for value in kept)
        total += smaller * choices ** (len(digits) - place - 1)
        if digit not in kept:
            break
    return total


def _without_digits(rng: np.random.Generator) -> Problem:
    low, high = between(rng, 101, 4999), between(rng, 10000, 99999)
    d, e = sorted(several(rng, range(10), 2))
    name = pick(rng, NAMES)
    statements = (
        f"How many integers from ${low}$ to ${high}$, inclusive, contain neither the digit ${d}$ nor the digit ${e}$?",
        f"The keys ${d}$ and ${e}$ of a keyboard are broken. How many of the integers ${low}, {low + 1}, {low + 2}, "
        f"\\dots, {high}$ can still be typed in decimal notation?",
        f"{name} is superstitious and avoids every house whose number has a digit equal to ${d}$ or to ${e}$. The "
        f"houses of a very long road are numbered from ${low}$ to ${high}$ without gaps. How many of them are "
        f"acceptable to {name}?",
    )
    kept = [digit for digit in range(10) if digit not in (d, e)]
    answer = _below_without(high + 1, kept) - _below_without(low, kept)
    traps = [high - low + 1 - answer, _below_without(high, kept) - _below_without(low, kept), answer + 1]
    return posed(rng, statements, answer, {"level": 3, "low": low, "high": high, "digits": [d, e]}, traps)


def _repdigit_product(rng: np.random.Generator) -> Problem:
    digit, length, factor = between(rng, 1, 9), between(rng, 30, 3000), between(rng, 1001, 99999)
    name = pick(rng, NAMES)
    statements = (
        f"Let $N$ be the integer whose decimal representation consists of ${length}$ digits, all equal to ${digit}$. "
        f"Find the sum of the digits of ${factor} \\cdot N$.",
        f"{name} types the digit ${digit}$ into a computer ${length}$ times in a row and multiplies the resulting "
        f"number by ${factor}$. What is the sum of the decimal digits of the product?",
        rf"Let $R = \underbrace{{{digit}{digit}\dots{digit}}}_{{{length}}}$, where the brace says how often the digit "
        f"is repeated, and let $S(n)$ denote the sum of the decimal digits of $n$. Compute $S({factor} R)$.",
    )
    # The product with a short repdigit settles: each further digit adds one and the same middle digit.
    short, longer = (digit * (10**size - 1) // 9 * factor for size in (12, 13))
    sums = [sum(map(int, str(number))) for number in (short, longer)]
    answer = sums[0] + (length - 12) * (sums[1] - sums[0])
    data = {"level": 4, "digit": digit, "length": length, "factor": factor}
    traps = [sum(map(int, str(factor))) * digit * length, answer - sums[1] + sums[0], 9 * length]
    return posed(rng, statements, answer, data, traps)


def _one_carry(number: int, prime: int) -> tuple[int, int]:
    """How many k make k and `number - k` add up without a carry in base `prime`, and how many with exactly one."""
    ways = {(0, 0): 1, (0, 1): 0, (1, 0): 0, (1, 1): 0}
    for digit in _digits(number, prime):
        following = dict.fromkeys(ways, 0)
        for (carry, count), before in ways.items():
            need = digit - carry
            # Pairs of digits with the sum `need` leave no carry, those with the sum `need + prime` leave one.
            following[0, count] += before * max(0, need + 1)
            if count == 0:
                following[1, 1] += before * (prime - 1 - need)
        ways = following
    return ways[0, 0], ways[0, 1]


def _binomials(rng: np.random.Generator) -> Problem:
    prime, modulus = pick(rng, (5, 7, 11, 13, 17)), pick(rng, MODULI)
    number = between(rng, 10**6, 5 * 10**7)
    while _one_carry(number, prime)[1] == 0:
        number = between(rng, 10**6, 5 * 10**7)
    closing, name = remainder_asked(rng, "$T$", modulus), pick(rng, NAMES)
    row = rf"\binom{{{number}}}{{0}}, \binom{{{number}}}{{1}}, \binom{{{number}}}{{2}}, \dots, "
    row += rf"\binom{{{number}}}{{{number}}}"
    statements = (
        f"Let $T$ be the number of terms of the list \\[{row}\\] that are divisible by ${prime}$ but not by "
        f"${prime**2}$. {closing}",
        f"Let $T$ be the number of integers $k$ with $0 \\le k \\le {number}$ such that the exponent of ${prime}$ in "
        f"the prime factorisation of $\\binom{{{number}}}{{k}}$ is exactly $1$. {closing}",
        f"{name} writes down row ${number}$ of Pascal's triangle, that is, all coefficients of "
        f"$(1 + x)^{{{number}}}$, and marks every entry that is a multiple of ${prime}$ but not of ${prime}^2$. Let "
        f"$T$ be the number of marked entries, counting equal entries in different places separately. {closing}",
    )
    none, one = _one_carry(number, prime)
    data = {"level": 5, "number": number, "prime": prime, "modulus": modulus}
    return posed(rng, statements, one % modulus, data, [none % modulus, (number + 1 - none) % modulus])


FAMILY = ProblemFamily(
    name="digits-and-bases",
    area="number theory",
    summary="numerals in other bases, sums of digits, numbers without given digits, carries in binomial coefficients",
    chance=0.01,
    make=by_level(_two_bases, _near_power, _without_digits, _repdigit_product, _binomials),
)

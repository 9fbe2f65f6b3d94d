"""Recomputes the answers of number theory from the parameters alone, by enumeration wherever that is possible."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

Data = Mapping[str, Any]


def exponent_vectors(number: list[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(top + 1) for _, top in number))


def value(primes: list[int], exponents: tuple[int, ...]) -> int:
    return math.prod(prime**exponent for prime, exponent in zip(primes, exponents, strict=True))


def times(number: int, divisor: int) -> int:
    count = 0
    while number % divisor == 0:
        number, count = number // divisor, count + 1
    return count


def smallest_primes(number: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for prime in range(2, number + 1):
        while number % prime == 0:
            number //= prime
            found[prime] = found.get(prime, 0) + 1
    return found


def divisor_counts(data: Data) -> str:
    number = [tuple(pair) for pair in data["number"]]
    primes = [prime for prime, _ in number]
    if data["level"] == 4:
        logs, divides = np.zeros(1), np.ones(1, dtype=bool)
        for prime, top in number:
            steps = np.arange(2 * top + 1)
            logs = (logs[:, None] + (steps - top) * math.log(prime)).ravel()
            divides = (divides[:, None] & (steps <= top)).ravel()
        return str(int(np.sum((logs < -1e-9) & ~divides)))
    divisors = list(exponent_vectors(number))
    if data["level"] == 3:
        a, b = (value(primes, tuple(e for _, e in data[key])) for key in ("first", "second"))
        return str(sum((value(primes, d) % a == 0) != (value(primes, d) % b == 0) for d in divisors))
    m = value(primes, tuple(e for _, e in data["divisor"]))
    if data["level"] == 1:
        return str(sum(value(primes, d) % m == 0 for d in divisors))
    power = data["power"]
    good = [d for d in divisors if all(e % power == 0 for e in d) and value(primes, d) % m == 0]
    if data["level"] == 2:
        return str(len(good))
    return str(math.prod(sum(column) + 1 for column in zip(*good, strict=True)) % data["modulus"])


def common_divisors(data: Data) -> str:
    if data["level"] == 1:
        numbers = data["numbers"]
        largest = max(d for d in range(1, min(numbers) + 1) if all(number % d == 0 for number in numbers))
        return str(sum(number // largest for number in numbers))
    if data["level"] == 2:
        pairs = 1
        for _, top in data["number"]:
            pairs *= sum(max(pair) == top for pair in itertools.product(range(top + 1), repeat=2))
        return str((pairs - 1) // 2 + 1)
    if data["level"] == 3:
        triples = 1
        for (_, low), (_, high) in zip(data["low"], data["high"], strict=True):
            choices = itertools.product(range(low, high + 1), repeat=3)
            triples *= sum(min(choice) == low and max(choice) == high for choice in choices)
        return str(triples)
    if data["level"] == 4:
        return str(int(np.sum(np.gcd(np.arange(1, data["bound"] + 1), data["number"]) == data["divisor"])))
    triples = 1
    for x, y, z in data["exponents"]:
        choices = itertools.product(range(x + 1), range(min(x, y) + 1), range(z + 1))
        triples *= sum(max(a, b) == x and max(b, c) == y and max(c, a) == z for a, b, c in choices)
    return str(triples % data["modulus"])


def congruences(data: Data) -> str:
    level = data["level"]
    if level <= 2:
        numbers = np.arange(data["bound"] + 1, data["bound"] + math.prod(data["moduli"]) + 1)
    elif level == 3:
        numbers = np.arange(data["low"], data["high"] + 1)
    elif level == 4:
        numbers = np.arange(1, data["bound"] + 1)
    else:
        numbers = np.arange(data["bound"] + 1, data["bound"] + data["count"] * data["modulus"] + 1)
        b, c = data["coefficients"]
        return str(int(numbers[(numbers * numbers + b * numbers + c) % data["modulus"] == 0][: data["count"]].sum()))
    factors = data.get("factors", [1] * len(data["moduli"]))
    for factor, remainder, modulus in zip(factors, data["remainders"], data["moduli"], strict=True):
        numbers = numbers[(factor * numbers - remainder) % modulus == 0]
    return str(int({1: numbers[0], 2: numbers[0], 3: len(numbers), 4: numbers.sum()}[level]))


def repeated(base: int, exponent: int, modulus: int) -> int:
    result = 1 % modulus
    for _ in range(exponent):
        result = result * base % modulus
    return result


def tower(base: int, b: int, c: int, modulus: int) -> int:
    """The powers of the base, listed until they repeat, then the exponent taken along the cycle."""
    powers: list[int] = []
    power = 1 % modulus
    while power not in powers:
        powers.append(power)
        power = power * base % modulus
    start = powers.index(power)
    exponent = b**c
    return powers[exponent if exponent < start else start + (exponent - start) % (len(powers) - start)]


def power_remainders(data: Data) -> str:
    if data["level"] <= 2:
        modulus = data.get("modulus", 10)
        return str(sum(repeated(base, exponent, modulus) for base, exponent in data["terms"]) % modulus)
    if data["level"] <= 4:
        return str(tower(*data["tower"], data.get("modulus", 1000)))
    count, power = 0, 1
    for n in range(1, data["bound"] + 1):
        power = power * data["base"] % data["prime"]
        count += (n * power + data["term"]) % data["prime"] == 0
    return str(count)


def sorted_triples(exponents: list[int]) -> int:
    """Triples of vectors in lexicographic order with a given sum, coordinate by coordinate."""
    states = {(True, True): 1}
    for total in exponents:
        following: dict[tuple[bool, bool], int] = {}
        for (tied, tied_too), ways in states.items():
            for a in range(total + 1):
                for b in range(total - a + 1):
                    c = total - a - b
                    if (tied and a > b) or (tied_too and b > c):
                        continue
                    state = (tied and a == b, tied_too and b == c)
                    following[state] = following.get(state, 0) + ways
        states = following
    return sum(states.values())


def equations_in_integers(data: Data) -> str:
    if data["level"] == 1:
        (a, b), (k, m) = data["prices"], data["least"]
        rests = [data["total"] - a * x for x in range(k, data["total"] // a + 1)]
        return str(sum(rest % b == 0 and rest // b >= m for rest in rests))
    if data["level"] == 2:
        # x - y and x + y multiply to N and are both even; every such pair of different factors gives one solution.
        twos = data["number"][0][1]
        both_even = sum(0 < i < twos for i in range(twos + 1))
        for _, top in data["number"][1:]:
            both_even *= len(range(top + 1))
        square = all(top % 2 == 0 for _, top in data["number"])
        return str((both_even - square) // 2)
    if data["level"] == 3:
        (a, b), c = data["factors"], data["constant"]
        x = np.arange(1, c + a * b + b + 1)
        x = x[x != b]
        y = (a * x + c) // (x - b)
        return str(int(np.sum((y > 0) & (x * y == a * x + b * y + c))))
    if data["level"] == 4:
        a, b, c, d = data["coefficients"]
        x = np.arange(1, d + b * c + c + 1)
        x = x[a * x != c]
        y = (b * x + d) // (a * x - c)
        good = (y > 0) & (a * x * y == b * x + c * y + d)
        return str(int(np.sum((x + y)[good])))
    return str(sorted_triples([exponent for _, exponent in data["number"]]) % data["modulus"])


def once_divisible(number: int, prime: int) -> int:
    """Entries of a row of Pascal's triangle with exactly one factor p: the sum over the place that carries."""
    digits = []
    while number:
        number, digit = divmod(number, prime)
        digits.append(digit)
    total = 0
    for place in range(len(digits) - 1):
        rest = digits[:place] + digits[place + 2 :]
        total += (prime - 1 - digits[place]) * digits[place + 1] * math.prod(digit + 1 for digit in rest)
    return total


def digits_and_bases(data: Data) -> str:
    if data["level"] == 1:
        numerals = [np.base_repr(number, base) for number, base in zip(data["numbers"], data["bases"], strict=True)]
        return str(sum(int(numeral, base) for numeral, base in zip(numerals, data["bases"], strict=True)))
    if data["level"] == 2:
        return str(sum(map(int, str(10 ** data["zeros"] - data["less"]))))
    if data["level"] == 3:
        banned = set(map(str, data["digits"]))
        return str(sum(banned.isdisjoint(str(n)) for n in range(data["low"], data["high"] + 1)))
    if data["level"] == 4:
        return str(sum(map(int, str(int(str(data["digit"]) * data["length"]) * data["factor"]))))
    return str(once_divisible(data["number"], data["prime"]) % data["modulus"])


def long_division(top: int, bottom: int, count: int) -> list[int]:
    digits, rest = [], top % bottom
    for _ in range(count):
        digit, rest = divmod(rest * 10, bottom)
        digits.append(digit)
    return digits


def orders_and_decimals(data: Data) -> str:
    if data["level"] == 1:
        before, block, whole = data["before"], data["block"], data["whole"]
        nines = 10 ** len(before + block) - 10 ** len(before)
        result = Fraction(int(str(whole) + before + block) - int(str(whole) + before), nines)
        return rf"\frac{{{result.numerator}}}{{{result.denominator}}}" if result.denominator > 1 else str(result)
    if data["level"] == 2:
        return str(long_division(data["top"], data["bottom"], data["place"])[-1])
    if data["level"] == 3:
        return str(sum(long_division(data["top"], data["bottom"], data["count"])))
    if data["level"] == 4:
        seen: dict[int, int] = {}
        rest = data["top"] % data["bottom"]
        while rest not in seen:
            seen[rest] = len(seen)
            rest = rest * data["base"] % data["bottom"]
        return f"({seen[rest]}, {len(seen) - seen[rest]})"
    import sympy

    modulus = math.prod(prime**exponent for prime, exponent in data["factors"])
    a, b = data["bases"]
    return str(int(sympy.n_order(a * pow(b, -1, modulus) % modulus, modulus)) % data["modulus"])


def carries(x: int, y: int, base: int) -> int:
    count = carry = 0
    while x or y or carry:
        carry = int(x % base + y % base + carry >= base)
        count += carry
        x, y = x // base, y // base
    return count


def factorial_exponents(data: Data) -> str:
    level = data["level"]
    if level == 1:
        return str(sum(times(n, data["prime"]) for n in range(data["low"], data["high"] + 1)))
    if level == 4:
        terms = [data["start"] + data["step"] * k for k in range(data["count"])]
        return str(sum(times(term, data["prime"]) for term in terms))
    counts = []
    for prime, exponent in smallest_primes(data["base"]).items():
        if level == 2:
            total = sum(times(n, prime) for n in range(data["small"] + 1, data["large"] + 1))
        elif level == 3:
            total = carries(data["bottom"], data["top"] - data["bottom"], prime)
        else:
            total = factorial = 0
            for n in range(1, data["high"] + 1):
                factorial += times(n, prime)
                total += factorial if n >= data["low"] else 0
        counts.append(total // exponent)
    return str(min(counts) % data["modulus"] if level == 5 else min(counts))


def squares(data: Data) -> str:
    if data["level"] == 1:
        roots = range(1, math.isqrt(data["high"]) + 2)
        return str(sum(data["low"] < n * n < data["high"] and n * n % data["divisor"] == 0 for n in roots))
    if data["level"] == 2:
        least = [next(t for t in itertools.count() if data["power"] * t >= e) for _, e in data["number"]]
        return str(math.prod(t + 1 for t in least))
    if data["level"] == 3:
        # Jacobi: four times the surplus of divisors 1 over divisors 3 modulo 4.
        one, three = 1, 0
        for prime, top in data["number"]:
            if prime == 2:
                continue
            kinds = [pow(prime, e, 4) for e in range(top + 1)]
            ones, threes = kinds.count(1), kinds.count(3)
            one, three = one * ones + three * threes, one * threes + three * ones
        return str(4 * (one - three))
    modulus = math.prod(data["primes"])
    if data["level"] == 4:
        a, b, c = data["coefficients"]
        n = np.arange(modulus)
        return str(len(np.unique((a * n * n + b * n + c) % modulus)))
    a, b = data["coefficients"]
    n = np.arange(1, data["bound"] + 1)
    first, second = (np.bincount(k * n * n % modulus, minlength=modulus) for k in (a, b))
    return str(int(np.sum(first * second[-np.arange(modulus) % modulus])) % data["modulus"])


SECOND: dict[str, Callable[[Data], str]] = {
    "divisor-counts": divisor_counts,
    "common-divisors": common_divisors,
    "congruences": congruences,
    "power-remainders": power_remainders,
    "equations-in-integers": equations_in_integers,
    "digits-and-bases": digits_and_bases,
    "orders-and-decimals": orders_and_decimals,
    "factorial-exponents": factorial_exponents,
    "squares": squares,
}

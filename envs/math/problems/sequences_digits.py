"""Sequences made of digits: numbers written one after the other, missing digits, other bases."""

from __future__ import annotations

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several, wrong_answers


def _digits_until(n: int) -> int:
    """How many digits the integers from 1 to n have together."""
    return sum(n - 10**k + 1 for k in range(len(str(n))) if n >= 10**k)


def _count_digits(rng: np.random.Generator) -> Problem:
    """Count by the number of digits."""
    low, high = between(rng, 1, 9999), between(rng, 10000, 199999)
    value = _digits_until(high) - _digits_until(low - 1)
    statement = pick(
        rng,
        (
            f"How many digits are needed to write down all the integers from ${low}$ to ${high}$, both included?",
            f"The decimal representations of ${low}, {low + 1}, {low + 2}, \\dots, {high}$ are written one after "
            f"the other. How long is the resulting string of digits?",
            f"The tickets of a lottery are numbered from ${low}$ to ${high}$ without leading zeros. "
            f"{pick(rng, NAMES)} stamps every digit of every number separately. How many digits are stamped?",
        ),
    )
    short = _digits_until(high) - _digits_until(low)
    traps = wrong_answers(str(value), short, len(str(high)) * (high - low + 1), _digits_until(high))
    return Problem(statement, str(value), {"kind": "count", "from": low, "to": high}, traps)


def _number_at(position: int) -> int:
    """The integer whose digits cover a place of 123456789101112..."""
    size = 1
    while position > 9 * 10 ** (size - 1) * size:
        position -= 9 * 10 ** (size - 1) * size
        size += 1
    return int(10 ** (size - 1) + (position - 1) // size)


def _digit_place(rng: np.random.Generator) -> Problem:
    """Find the number that a digit of a long string belongs to."""
    start, position = between(rng, 2, 999), between(rng, 10000, 400000)
    value = _number_at(position + _digits_until(start - 1))
    statement = pick(
        rng,
        (
            f"The integers ${start}, {start + 1}, {start + 2}, \\dots$ are written one after the other without "
            f"spaces. To which of these integers does the digit in place ${position}$ of the string belong, if "
            f"places are counted from $1$?",
            f"A printer prints the string ${start}\\,{start + 1}\\,{start + 2}\\,{start + 3}\\dots$ (all integers from "
            f"${start}$ on, in order and without gaps) and stops as soon as it has printed ${position}$ digits. "
            f"Which integer was it printing, or finishing, when it stopped?",
            f"{pick(rng, NAMES)} numbers the pages of a very thick book, beginning with page ${start}$. In which "
            f"page number "
            f"is the ${position}$-th digit written down?",
        ),
    )
    plain = _number_at(position)
    traps = wrong_answers(str(value), plain, value + 1, value - 1, start + position // 5)
    return Problem(statement, str(value), {"kind": "place", "start": start, "position": position}, traps)


def _binary_read_in(base: int, index: int) -> int:
    """The sum of the powers of the base that the binary digits of the index select."""
    return sum(base**k for k in range(index.bit_length()) if index >> k & 1)


def _distinct_powers(rng: np.random.Generator) -> Problem:
    """Sums of different powers of a base, in order: write the index in binary."""
    base, m = between(rng, 3, 9), between(rng, 50, 4000)
    n = m + between(rng, 1, 4000)
    value = _binary_read_in(base, n) - _binary_read_in(base, m)
    first = [_binary_read_in(base, k) for k in range(1, 7)]
    shown = ", ".join(map(str, first))
    statement = pick(
        rng,
        (
            f"The increasing sequence ${shown}, \\dots$ consists of all positive integers that are powers of "
            f"${base}$ or sums of distinct powers of ${base}$ (where $1$ counts as a power). Let $a_n$ be its "
            f"$n$th term. Find $a_{{{n}}} - a_{{{m}}}$.",
            f"Let $a_1 < a_2 < a_3 < \\cdots$ be the positive integers whose representation in base ${base}$ "
            f"contains no other digits than $0$ and $1$. Compute $a_{{{n}}} - a_{{{m}}}$, in decimal notation.",
            f"A bank issues exactly one coin of each of the values $1, {base}, {base**2}, {base**3}, \\dots$. All "
            f"amounts that can be paid exactly with some of these coins are listed in increasing order: ${shown}, "
            f"\\dots$. By how much does the amount in place ${n}$ exceed the amount in place ${m}$?",
        ),
    )
    traps = wrong_answers(
        str(value), _binary_read_in(base, n - m), n - m, _binary_read_in(base, n - 1) - _binary_read_in(base, m - 1)
    )
    return Problem(statement, str(value), {"kind": "powers", "base": base, "places": [m, n]}, traps)


def _missing_digit(rng: np.random.Generator) -> Problem:
    """Numbers without one digit are the numbers of base nine in disguise; without 0 they are not quite."""
    missing, index = between(rng, 0, 9), between(rng, 10**4, 10**8)
    digits, rest = "", index
    allowed = [d for d in range(10) if d != missing]
    while rest:
        if missing:
            rest, digit = divmod(rest, 9)
            digits = str(allowed[digit]) + digits
        else:
            rest, digit = divmod(rest - 1, 9)
            digits = str(digit + 1) + digits
    statement = pick(
        rng,
        (
            f"All positive integers that do not contain the digit ${missing}$ are listed in increasing order. Find the "
            f"integer in place ${index}$ of the list.",
            f"A hotel with a great many rooms uses no room number that contains the digit ${missing}$; otherwise "
            f"the positive integers are used in order. What is the number of room ${index}$, counted from the "
            f"beginning?",
            f"{pick(rng, NAMES)} writes down the positive integers one after the other, beginning with $1$, but "
            f"leaves out every integer that contains the digit ${missing}$. Which integer is written down after "
            f"exactly ${index - 1}$ others?",
        ),
    )
    shifted = str(int(digits) + 1)
    traps = wrong_answers(digits, shifted, index, _in_base_nine(index))
    return Problem(statement, digits, {"kind": "missing", "digit": missing, "index": index}, traps)


def _in_base_nine(n: int) -> str:
    return (_in_base_nine(n // 9) if n > 8 else "") + str(n % 9)


def _sum_of_first(allowed: list[int], count: int) -> int:
    """The sum of the first numbers whose digits are all allowed: block by block of equal length, then digit by "
    "digit."""
    size, length, total = len(allowed), 1, 0
    while count >= size**length:
        repunit = (10**length - 1) // 9
        total += sum(allowed) * size ** (length - 1) * repunit
        count -= size**length
        length += 1
    prefix = 0
    for place in range(length - 1, -1, -1):
        block = size**place
        for digit in allowed:
            if count < block:
                prefix = prefix * 10 + digit
                break
            # A full block: the fixed prefix with this digit, and everything behind it.
            repunit = (10**place - 1) // 9
            behind = sum(allowed) * size ** (place - 1) * repunit if place else 0
            total += (prefix * 10 + digit) * 10**place * block + behind
            count -= block
    return total


def _few_digits(rng: np.random.Generator) -> Problem:
    """Sum a stretch of the numbers with few different digits: bijective numeration, blocks and places."""
    allowed = sorted(several(rng, range(1, 10), between(rng, 2, 5)))
    m = between(rng, 20, 2500)
    n = m + between(rng, 50, 2500)
    total = _sum_of_first(allowed, n) - _sum_of_first(allowed, m - 1)
    text = listing([f"${digit}$" for digit in allowed])
    statement = pick(
        rng,
        (
            f"Let $a_1 < a_2 < a_3 < \\cdots$ be the positive integers whose decimal digits all belong to "
            f"$\\{{{', '.join(map(str, allowed))}\\}}$. Find the remainder when $a_{{{m}}} + a_{{{m + 1}}} + \\cdots + "
            f"a_{{{n}}}$ is divided by $1000$.",
            f"The positive integers that can be written with no other digits than {text} (not all of them need "
            f"occur) are listed in increasing order. The integers in the places ${m}$ to ${n}$ of the list, both "
            f"included, are added up. What remainder does the sum leave on division by $1000$?",
            f"A typewriter has only the keys {text}. {pick(rng, NAMES)} types all the positive integers that it "
            f"can write, in increasing order. Let $S$ be the sum of the numbers from the ${m}$-th to the ${n}$-th, "
            f"both included. Find the remainder when $S$ is divided by $1000$.",
        ),
    )
    answer = str(total % 1000)
    short = total - (_sum_of_first(allowed, n) - _sum_of_first(allowed, n - 1))
    late = total - (_sum_of_first(allowed, m) - _sum_of_first(allowed, m - 1))
    traps = wrong_answers(answer, short % 1000, late % 1000, 1000 - total % 1000)
    return Problem(statement, answer, {"kind": "few-digits", "digits": allowed, "places": [m, n]}, traps)


FAMILIES = (
    ProblemFamily(
        name="digit-sequences",
        area="sequences",
        summary="strings of numbers, numbers with few or missing digits, and their sums",
        chance=0.005,
        make=by_level(_count_digits, _digit_place, _distinct_powers, _missing_digit, _few_digits),
    ),
)

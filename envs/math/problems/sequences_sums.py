"""Sums with floors, sequences known by their differences, and sequences made of digits."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb, gcd, isqrt

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import (
    NAMES,
    between,
    by_level,
    fraction,
    nonzero,
    pick,
    polynomial,
    several,
    wrong_answers,
)

_LOWEST = "Give your answer as an integer or as a common fraction in lowest terms."


def _constant(value: int) -> str:
    return f" {'-' if value < 0 else '+'} {abs(value)}" if value else ""


def _floor_blocks(rng: np.random.Generator) -> Problem:
    """Each value of the floor is taken equally often."""
    d, c, low = between(rng, 3, 60), between(rng, 1, 60), between(rng, 1, 500)
    high = low + between(rng, 50, 999)

    def below(n: int) -> int:
        """The sum of floor(k/d) for k = 0, ..., n - 1."""
        whole, rest = divmod(n, d)
        return d * whole * (whole - 1) // 2 + whole * rest

    value = below(high + c + 1) - below(low + c)
    term = f"\\left\\lfloor \\frac{{k + {c}}}{{{d}}} \\right\\rfloor"
    statement = pick(
        rng,
        (
            f"Compute \\[\\sum_{{k={low}}}^{{{high}}} {term},\\] where $\\lfloor x \\rfloor$ is the greatest integer "
            f"that does not exceed $x$.",
            f"For each integer $k$ from ${low}$ to ${high}$ the number $k + {c}$ is divided by ${d}$ with "
            f"remainder, and the quotient is written down. What is the sum of all the quotients?",
            f"On day $k$ a shop receives ${c} + k$ bottles, packs as many full crates of ${d}$ bottles as it can, "
            f"and returns the rest. How many crates does it pack from day ${low}$ to day ${high}$, both included?",
        ),
    )
    shifted = below(high + 1) - below(low)
    traps = wrong_answers(str(value), shifted, value - (high + c) // d, value + (low + c - 1) // d)
    data = {"kind": "blocks", "divisor": d, "added": c, "from": low, "to": high}
    return Problem(statement, str(value), data, traps)


def _root_sum(n: int) -> int:
    """The sum of floor(sqrt(k)) for k = 0, ..., n."""
    r = isqrt(n)
    return r * (n + 1) - r * (r + 1) * (2 * r + 1) // 6


def _floor_roots(rng: np.random.Generator) -> Problem:
    """The floor of the root takes the value j for 2j + 1 numbers."""
    p, q, low = between(rng, 1, 12), nonzero(rng, 20), between(rng, 1, 999)
    high = low + between(rng, 200, 5000)
    value = p * (_root_sum(high) - _root_sum(low - 1)) + q * (high - low + 1)
    term = f"{p if p > 1 else ''}\\lfloor \\sqrt{{k}} \\rfloor{_constant(q)}"
    statement = pick(
        rng,
        (
            f"Find \\[\\sum_{{k={low}}}^{{{high}}} \\bigl({term}\\bigr).\\]",
            f"Let $a_k = {term}$ for every positive integer $k$. Compute $a_{{{low}}} + a_{{{low + 1}}} + \\cdots + "
            f"a_{{{high}}}$.",
            f"Player number $k$ in a game scores ${term}$ points (a negative number means a loss). How many points "
            f"do the players with the numbers from ${low}$ to ${high}$ score together?",
        ),
    )
    floor = " Here $\\lfloor x \\rfloor$ denotes the greatest integer that is at most $x$."
    part = p * (_root_sum(high) - _root_sum(low))
    traps = wrong_answers(
        str(value), part + q * (high - low), value - q * (high - low + 1), p * _root_sum(high) + q * high
    )
    return Problem(statement + floor, str(value), {"kind": "roots", "line": [p, q], "from": low, "to": high}, traps)


def _floor_reciprocity(rng: np.random.Generator) -> Problem:
    """Pair k with q - k, or count lattice points below a diagonal."""
    g = between(rng, 1, 12)
    while True:
        a, b = between(rng, 20, 2500), between(rng, 20, 2500)
        if gcd(a, b) == 1:
            break
    p, q = a * g, b * g
    value = ((p - 1) * (q - 1) + g - 1) // 2
    term = f"\\left\\lfloor \\frac{{{p}k}}{{{q}}} \\right\\rfloor"
    statement = pick(
        rng,
        (
            f"Evaluate \\[\\sum_{{k=1}}^{{{q - 1}}} {term}.\\] (The brackets mean rounding down to an integer.)",
            f"For a real number $x$ let $\\lfloor x \\rfloor$ be the greatest integer not exceeding $x$. What is "
            f"the value of \\[\\left\\lfloor \\frac{{{p}}}{{{q}}} \\right\\rfloor + \\left\\lfloor "
            f"\\frac{{{2 * p}}}{{{q}}} \\right\\rfloor + \\left\\lfloor \\frac{{{3 * p}}}{{{q}}} \\right\\rfloor + "
            f"\\cdots + \\left\\lfloor \\frac{{{(q - 1) * p}}}{{{q}}} \\right\\rfloor?\\]",
            f"In the coordinate plane, how many points $(x, y)$ with positive integer coordinates and $x < {q}$ "
            f"lie on or below the line through the origin and the point $({q}, {p})$?",
        ),
    )
    answer = str(value)
    traps = wrong_answers(answer, (p - 1) * (q - 1) // 2, (p - 1) * (q - 1) // 2 + g - 1, p * (q - 1) // 2, value + p)
    return Problem(statement, answer, {"kind": "reciprocity", "p": p, "q": q}, traps)


def _nearest_roots(rng: np.random.Generator) -> Problem:
    """The nearest integer to a root takes the value j for a polynomial number of arguments."""
    degree = pick(rng, (2, 4))
    c = between(rng, 1, 20)
    low, high = between(rng, 1, 500), between(rng, 1000, 20000)

    def until(n: int) -> Fraction:
        """The sum of 1/f(k) for k = 1, ..., n."""
        total, start, j = Fraction(0), 1, 1
        while start <= n:
            # f(k) = j while k < (j + 1/2)^degree, which is never an integer.
            end = min(n, (2 * j + 1) ** degree // 2**degree)
            total += Fraction(end - start + 1, j)
            start, j = end + 1, j + 1
        return total

    value = c * (until(high) - until(low - 1))
    root = "\\sqrt{k}" if degree == 2 else "\\sqrt[4]{k}"
    top = str(c)
    statement = pick(
        rng,
        (
            f"Let $f(k)$ be the integer closest to ${root}$. Find \\[\\sum_{{k={low}}}^{{{high}}} "
            f"\\frac{{{top}}}{{f(k)}}.\\]",
            f"For every positive integer $k$ let $f(k)$ be the integer that is nearest to ${root}$ (it is never "
            f"halfway between two integers). Compute \\[\\frac{{{top}}}{{f({low})}} + "
            f"\\frac{{{top}}}{{f({low + 1})}} + \\cdots + \\frac{{{top}}}{{f({high})}}.\\]",
            f"The numbers ${root}$, for $k = {low}, {low + 1}, \\dots, {high}$, are rounded to the nearest "
            f"integer, and ${top}$ is divided by each of the results. What is the sum of the ${high - low + 1}$ "
            f"quotients?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(
        answer, fraction(c * (until(high) - until(low))), fraction(c * until(high)), fraction(value / c)
    )
    data = {"kind": "nearest", "degree": degree, "top": c, "from": low, "to": high}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


@cache
def _totient(n: int) -> int:
    return sum(gcd(k, n) == 1 for k in range(1, n + 1))


def _represented(rng: np.random.Generator) -> Problem:
    """A staircase jumps where one of the multiples of x is an integer; count its values."""
    factors = sorted(several(rng, range(2, 21), between(rng, 3, 4)))
    period = sum(factors)
    limit = between(rng, 1000, 99999)
    per_period = sum(_totient(d) for d in range(1, 21) if any(f % d == 0 for f in factors))
    whole, rest = divmod(limit, period)
    jumps = {Fraction(k, f) for f in factors for k in range(1, f + 1)}
    partial = sum(sum(x.numerator * f // x.denominator for f in factors) <= rest for x in jumps)
    count = whole * per_period + partial
    shown = " + ".join(f"\\lfloor {f}x \\rfloor" for f in factors)
    missing = bool(rng.integers(2))
    word = "cannot" if missing else "can"
    value = limit - count if missing else count
    statement = pick(
        rng,
        (
            f"How many of the first ${limit}$ positive integers {word} be expressed in the form \\[{shown},\\] where "
            f"$x$ is a real number and $\\lfloor z \\rfloor$ denotes the greatest integer less than or equal to $z$?",
            f"Let $f(x) = {shown}$, where $\\lfloor z \\rfloor$ is the greatest integer not exceeding $z$. Find "
            f"the number of integers $n$ with $1 \\le n \\le {limit}$ that {word} be written as $f(x)$ with a real "
            f"number $x$.",
            f"While $x$ grows from $0$ without bound, {pick(rng, NAMES)} follows the value of \\[{shown}\\] on a "
            f"counter ($\\lfloor z \\rfloor$ is $z$ rounded down to an integer). How many of the integers from $1$ to "
            f"${limit}$ {'are never' if missing else 'are at some time'} shown on the counter?",
        ),
    )
    answer = str(value)
    traps = wrong_answers(answer, limit - value, whole * per_period, limit * len(jumps) // period)
    data = {"kind": "represented", "factors": factors, "limit": limit, "missing": missing}
    return Problem(statement, answer, data, traps)


def _second_differences(rng: np.random.Generator) -> Problem:
    """Constant second differences."""
    a, b, c = nonzero(rng, 20), nonzero(rng, 60), nonzero(rng, 99)
    wanted = between(rng, 12, 120)
    terms = [a * n * (n - 1) // 2 + b * n + c for n in range(1, 6)]
    value = a * wanted * (wanted - 1) // 2 + b * wanted + c
    shown = ", ".join(map(str, terms))
    statement = pick(
        rng,
        (
            f"The differences of consecutive terms of the sequence ${shown}, \\dots$ form an arithmetic sequence. "
            f"Find term number {wanted}.",
            f"A sequence $a_1, a_2, a_3, \\dots$ begins with ${shown}$, and $a_{{n+1}} - a_n$ grows by the same "
            f"amount (which may be negative) from each $n$ to the next. What is $a_{{{wanted}}}$?",
            f"{pick(rng, NAMES)} records the height of a balloon above a bridge once a minute and reads ${shown}$ "
            f"metres in the minutes 1 to 5. The change from minute to minute always changes by the same amount. "
            f"What height, in metres, is read in minute {wanted} if this goes on?",
        ),
    )
    traps = wrong_answers(str(value), value + a, value - a * (wanted - 1), c + b * wanted, terms[-1] * 2 - terms[-2])
    return Problem(statement, str(value), {"kind": "second", "terms": terms, "wanted": wanted}, traps)


def _cubic_rule(rng: np.random.Generator) -> Problem:
    """The polynomial of degree 3 through four terms."""
    rule = [nonzero(rng, 15), nonzero(rng, 40), nonzero(rng, 80), nonzero(rng, 150)]
    terms = [sum(c * n ** (3 - i) for i, c in enumerate(rule)) for n in range(1, 5)]
    shown = ", ".join(map(str, terms))
    statement = pick(
        rng,
        (
            f"A sequence begins with ${shown}$, and its terms are the values $P(1), P(2), P(3), P(4), \\dots$ of a "
            f"polynomial $P$ of degree 3. Find $P(n)$.",
            f"The cubic polynomial $P$ satisfies $P(1) = {terms[0]}$, $P(2) = {terms[1]}$, $P(3) = {terms[2]}$ and "
            f"$P(4) = {terms[3]}$. Determine $P(n)$.",
            f"The third differences of the sequence ${shown}, {_next(rule)}, \\dots$ are constant. Give a formula "
            "for its $n$th term, where the first term has the number 1.",
        ),
    )
    answer = polynomial(rule, "n")
    traps = wrong_answers(answer, polynomial(rule[::-1], "n"), polynomial([*rule[:3], rule[3] + 1], "n"))
    return Problem(
        f"{statement} Give your answer as a polynomial in $n$.", answer, {"kind": "cubic", "terms": terms}, traps
    )


def _next(rule: list[int]) -> int:
    return sum(c * 5 ** (3 - i) for i, c in enumerate(rule))


def _polygonal(rng: np.random.Generator) -> Problem:
    """Differences of polygonal numbers are multiples of triangular ones; then the hockey stick."""
    small = between(rng, 3, 60)
    big = small + between(rng, 1, 60)
    low, high = between(rng, 2, 300), between(rng, 301, 600)
    value = (big - small) * (comb(high + 1, 3) - comb(low, 3))
    meaning = (
        "The $n$th $s$-gonal number is the sum of the first $n$ terms of the arithmetic sequence $1, s-1, 2s-3, "
        "\\dots$ with common difference $s - 2$."
    )
    statement = pick(
        rng,
        (
            f"{meaning} For $n = {low}, {low + 1}, \\dots, {high}$, the $n$th ${small}$-gonal number is subtracted "
            f"from the $n$th ${big}$-gonal number. What is the sum of these ${high - low + 1}$ differences?",
            f"{meaning} Write $P_s(n)$ for it. Find \\[\\sum_{{n={low}}}^{{{high}}} \\bigl(P_{{{big}}}(n) - "
            f"P_{{{small}}}(n)\\bigr).\\]",
            f"{meaning} For every $n$ from ${low}$ to ${high}$, a museum owns one tray with as many coins as the $n$th "
            f"${small}$-gonal number says and one with as many as the $n$th ${big}$-gonal number says. How many "
            f"more coins lie on the trays of the second kind than on those of the first kind?",
        ),
    )
    answer = str(value)
    traps = wrong_answers(
        answer,
        (big - small) * (comb(high + 1, 3) - comb(low + 1, 3)),
        (big - small) * (comb(high + 2, 3) - comb(low + 1, 3)),
        (big - small) * comb(high + 1, 3),
    )
    return Problem(statement, answer, {"kind": "polygonal", "sides": [small, big], "from": low, "to": high}, traps)


def _two_known(rng: np.random.Generator) -> Problem:
    """All second differences are equal; two terms fix the rest."""
    c = nonzero(rng, 30)
    p, q, r = (between(rng, low, low + 60) for low in (3, 70, 140))
    u, v = nonzero(rng, 400), nonzero(rng, 400)
    # a_n = c n^2 / 2 + beta n + gamma: take the quadratic away and interpolate.
    beta = Fraction(v - u, q - p) - Fraction(c * (p + q), 2)
    gamma = u - Fraction(c * p * p, 2) - beta * p
    wanted = pick(rng, (1, 2, r))
    value = Fraction(c * wanted * wanted, 2) + beta * wanted + gamma
    meaning = "For a sequence $A = (a_1, a_2, \\dots)$ let $\\Delta A = (a_2 - a_1, a_3 - a_2, \\dots)$."
    statement = pick(
        rng,
        (
            f"{meaning} All terms of $\\Delta(\\Delta A)$ are equal to ${c}$, and $a_{{{p}}} = {u}$ and $a_{{{q}}} "
            f"= {v}$. Find $a_{{{wanted}}}$.",
            f"The real numbers $a_1, a_2, a_3, \\dots$ satisfy $a_{{n+2}} - 2a_{{n+1}} + a_n = {c}$ for all $n "
            f"\\ge 1$. Given that $a_{{{p}}} = {u}$ and $a_{{{q}}} = {v}$, what is $a_{{{wanted}}}$?",
            f"The speed of a train, in metres a minute, rises by ${c}$ from each minute to the next (a negative "
            f"rise is a fall). Its position on the line at the end of minute $n$ is $a_n$ metres, so that "
            f"$a_{{n+1}} - a_n$ is its speed in minute $n + 1$. If $a_{{{p}}} = {u}$ and $a_{{{q}}} = {v}$, what "
            f"is $a_{{{wanted}}}$?",
        ),
    )
    answer = fraction(value)
    straight = u + Fraction(v - u, q - p) * (wanted - p)
    traps = wrong_answers(answer, fraction(straight), fraction(2 * value - straight), fraction(-value))
    data = {"kind": "two-known", "second": c, "known": [[p, u], [q, v]], "wanted": wanted}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _geometric_differences(rng: np.random.Generator) -> Problem:
    """Second differences in geometric progression: sum twice, fit a line, reduce."""
    ratio, lead = between(rng, 2, 9), between(rng, 1, 30)
    slope, constant = nonzero(rng, 300), nonzero(rng, 400)
    p = between(rng, 2, 4)
    q = p + between(rng, 1, 4)
    wanted = between(rng, 40, 400)

    def term(n: int) -> int:
        return int(lead * ratio**n + slope * n + constant)

    first = lead * (ratio - 1) ** 2 * ratio
    meaning = (
        f"the second differences $a_3 - 2a_2 + a_1, \\; a_4 - 2a_3 + a_2, \\; \\dots$ form a geometric sequence "
        f"with first term ${first}$ and common ratio ${ratio}$"
    )
    given = f"$a_{p} = {term(p)}$ and $a_{q} = {term(q)}$"
    statement = pick(
        rng,
        (
            f"In a sequence $a_1, a_2, a_3, \\dots$ of integers {meaning}. If {given}, find the remainder when "
            f"$a_{{{wanted}}}$ is divided by $1000$.",
            f"The integers $a_1, a_2, a_3, \\dots$ are such that {meaning}. It is known that {given}. Which "
            f"integer from $0$ to $999$ is congruent to $a_{{{wanted}}}$ modulo $1000$?",
            f"For a sequence of integers it is known that {given} and that {meaning}. Let $t$ be the integer with "
            f"$0 \\le t < 1000$ for which $a_{{{wanted}}} - t$ is a multiple of $1000$. Find $t$.",
        ),
    )
    answer = str(term(wanted) % 1000)
    wrong = (term(wanted - 1), term(wanted + 1), lead * ratio**wanted, lead * ratio ** (wanted + 1) + slope * wanted)
    traps = wrong_answers(answer, *(each % 1000 for each in wrong))
    data = {
        "kind": "geometric",
        "first": first,
        "ratio": ratio,
        "known": [[p, term(p)], [q, term(q)]],
        "wanted": wanted,
    }
    return Problem(statement, answer, data, traps)


FAMILIES = (
    ProblemFamily(
        name="floor-sums",
        area="sequences",
        summary="sums of rounded numbers, and the integers that they can take",
        chance=0.005,
        make=by_level(_floor_blocks, _floor_roots, _floor_reciprocity, _nearest_roots, _represented),
    ),
    ProblemFamily(
        name="differences",
        area="sequences",
        summary="sequences known by their first, second or third differences",
        chance=0.005,
        make=by_level(_second_differences, _cubic_rule, _polygonal, _two_known, _geometric_differences),
    ),
)

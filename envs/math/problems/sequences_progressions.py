"""Arithmetic and geometric progressions, alone, mixed and in turn."""

from __future__ import annotations

from fractions import Fraction

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
    wrong_answers,
)

_LOWEST = "Give your answer as an integer or as a common fraction in lowest terms."


def _two_terms(rng: np.random.Generator) -> Problem:
    """An arithmetic sequence from two of its terms."""
    p = between(rng, 2, 15)
    q, r = p + between(rng, 2, 20), between(rng, 40, 120)
    first, step = nonzero(rng, 60), Fraction(nonzero(rng, 40), between(rng, 1, 6))

    def term(n: int) -> Fraction:
        return first + (n - 1) * step

    statement = pick(
        rng,
        (
            f"In an arithmetic sequence, term number {p} is ${fraction(term(p))}$ and term number {q} is "
            f"${fraction(term(q))}$. Find term number {r}.",
            f"The sequence $a_1, a_2, a_3, \\dots$ is arithmetic, with $a_{{{p}}} = {fraction(term(p))}$ and "
            f"$a_{{{q}}} = {fraction(term(q))}$. What is $a_{{{r}}}$?",
            f"Every hour the reading of a gauge changes by the same amount. After {p} hours it shows "
            f"${fraction(term(p))}$ and after {q} hours it shows ${fraction(term(q))}$. What does it show after "
            f"{r} hours?",
        ),
    )
    answer = fraction(term(r))
    traps = wrong_answers(answer, fraction(term(r + 1)), fraction(term(r - 1)), fraction(term(q) + r * step))
    data = {"kind": "arithmetic", "known": [[p, fraction(term(p))], [q, fraction(term(q))]], "wanted": r}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _partial_sum(rng: np.random.Generator) -> Problem:
    """The infinite geometric sum without some of its terms."""
    while True:
        first, skip = between(rng, 2, 999), between(rng, 1, 4)
        bottom = between(rng, 2, 25)
        top = nonzero(rng, bottom - 1)
        ratio = Fraction(top, bottom)
        stride = between(rng, 2, 4)
        if ratio.denominator == bottom and bottom > 1:
            break
    unit = Fraction(first, between(rng, 1, 30))
    value = unit * ratio**skip / (1 - ratio**stride)
    places = [skip + 1 + k * stride for k in range(3)]
    shown = " + ".join(f"a_{{{place}}}" if place > 9 else f"a_{place}" for place in places)
    statement = pick(
        rng,
        (
            f"A geometric sequence $a_1, a_2, a_3, \\dots$ has the first term ${fraction(unit)}$ and the common ratio "
            f"${fraction(ratio)}$. Find the value of the infinite sum ${shown} + \\cdots$, in which the index grows by "
            f"${stride}$ from each term to the next.",
            f"Let $a_1 = {fraction(unit)}$ and $a_{{n+1}} = {fraction(ratio)}\\,a_n$ for $n \\ge 1$. Compute "
            f"\\[\\sum_{{k=0}}^{{\\infty}} a_{{{places[0]} + {stride}k}}.\\]",
            f"Each term of an infinite sequence is ${fraction(ratio)}$ times the term before it, and the first term is "
            f"${fraction(unit)}$. Only the terms with the numbers ${places[0]}, {places[1]}, {places[2]}, \\dots$ (an "
            "arithmetic sequence) are added up. What is their sum?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(
        answer,
        fraction(value * ratio),
        fraction(unit / (1 - ratio)),
        fraction(unit * ratio**skip / (1 - ratio)),
        fraction(value / ratio),
    )
    data = {"kind": "geometric", "first": fraction(unit), "ratio": fraction(ratio), "from": places[0], "stride": stride}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _from_one_to_other(rng: np.random.Generator) -> Problem:
    """Three numbers in arithmetic progression that become geometric when something is added."""
    while True:
        x, ratio = between(rng, 1, 150), Fraction(between(rng, 1, 9), between(rng, 1, 9))
        a, b = between(rng, 1, 200), between(rng, 1, 200)
        if x % ratio.denominator**2 or ratio == 1:
            continue
        y, z = int(x * ratio), int(x * ratio * ratio)
        # x - a, y - b and z - c are to be arithmetic; the other common difference has the sum a - c with this one.
        c, first, middle, step = x - a + z - 2 * (y - b), x - a, y - b, y - b - x + a
        other = a - c - step
        if c > 0 and step * other < 0:
            break
    word = "increasing" if step > 0 else "decreasing"
    added = f"${a}$, ${b}$ and ${c}$"
    statement = pick(
        rng,
        (
            f"Three integers form {'an' if step > 0 else 'a'} {word} arithmetic sequence with the sum "
            f"${3 * middle}$. When {added} are added to them, in this order, they become three consecutive terms "
            f"of a geometric sequence. Find the three integers.",
            f"The integers $x$, $y$, $z$ are consecutive terms of {'an' if step > 0 else 'a'} {word} arithmetic "
            f"sequence, their sum is ${3 * middle}$, and $x + {a}$, $y + {b}$, $z + {c}$ are consecutive "
            f"terms of a geometric sequence. Determine $x$, $y$ and $z$.",
            f"{pick(rng, NAMES)} writes down {'an' if step > 0 else 'a'} {word} arithmetic sequence of three "
            f"integers whose sum is ${3 * middle}$, adds {added} to the first, the second and the third of them, "
            f"and gets a geometric sequence. Which integers were written down?",
        ),
    )
    answer = f"({first},{middle},{first + 2 * step})"
    traps = wrong_answers(
        answer,
        f"({x},{y},{z})",
        f"({first + 2 * step},{middle},{first})",
        f"({middle - other},{middle},{middle + other})",
    )
    data = {"kind": "change", "sum": 3 * middle, "added": [a, b, c], "direction": word}
    return Problem(f"{statement} Give your answer as an ordered triple $(x, y, z)$.", answer, data, traps)


def _weighted_series(rng: np.random.Generator) -> Problem:
    """An arithmetic sequence times a geometric one, summed to infinity."""
    a, b = between(rng, 1, 20), nonzero(rng, 30)
    c, d = between(rng, 1, 9), nonzero(rng, 12)
    bottom = between(rng, 3, 25)
    while True:
        top = nonzero(rng, bottom - 1)
        ratio = Fraction(top, bottom)
        if ratio.denominator == bottom:
            break
    # Sums of n^j r^n from n = 1.
    s0 = ratio / (1 - ratio)
    s1 = ratio / (1 - ratio) ** 2
    s2 = ratio * (1 + ratio) / (1 - ratio) ** 3
    value = a * c * s2 + (a * d + b * c) * s1 + b * d * s0
    left, right = polynomial([a, b], "n"), polynomial([c, d], "n")
    power = f"\\left({fraction(ratio)}\\right)^n"
    statement = pick(
        rng,
        (
            f"Find the value of \\[\\sum_{{n=1}}^{{\\infty}} ({left})({right}){power}.\\]",
            f"Let $a_n = ({left})({right}){power}$ for $n = 1, 2, 3, \\dots$. Compute the infinite sum "
            "$a_1 + a_2 + a_3 + \\cdots$.",
            f"The sequence $u_n = {left}$ is arithmetic, so is $v_n = {right}$, and $w_n = {power}$ is geometric. "
            "Determine \\[u_1v_1w_1 + u_2v_2w_2 + u_3v_3w_3 + \\cdots.\\]",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(
        answer, fraction(value + b * d), fraction(value / ratio), fraction(a * c * s1 * s1 + b * d * s0)
    )
    data = {"kind": "weighted", "lines": [[a, b], [c, d]], "ratio": fraction(ratio)}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _alternating_kinds(rng: np.random.Generator) -> Problem:
    """Consecutive triples are geometric and arithmetic in turn: the terms are products along one arithmetic "
    "sequence."""
    while True:
        c, p, q = between(rng, 1, 250), between(rng, 1, 30), between(rng, 2, 45)
        k, n = between(rng, 3, 9), between(rng, 20, 99)
        if p < q and (p == 1 or q % p):
            break

    def term(i: int) -> int:
        half = i // 2
        u, v = p + half * (q - p), p + (half - 1) * (q - p)
        return c * u * (u if i % 2 else v)

    known = term(2 * k) + term(2 * k + 1)
    index, other = f"{2 * k}", f"{2 * k + 1}"
    rule = (
        "a_{2k-1}, a_{2k}, a_{2k+1} are consecutive terms of a geometric sequence and a_{2k}, a_{2k+1}, a_{2k+2} are "
        "consecutive terms of an arithmetic sequence"
    )
    rule = rule.replace("a_{2k-1}, a_{2k}, a_{2k+1}", "$a_{2k-1}, a_{2k}, a_{2k+1}$")
    rule = rule.replace("a_{2k}, a_{2k+1}, a_{2k+2}", "$a_{2k}, a_{2k+1}, a_{2k+2}$")
    statement = pick(
        rng,
        (
            f"An increasing sequence $a_1, a_2, a_3, \\dots$ of positive numbers has the property that, for every "
            f"positive integer $k$, {rule}. Given that $a_1 = {term(1)}$ and $a_{{{index}}} + a_{{{other}}} = "
            f"{known}$, find the remainder when the integer $a_{{{n}}}$ is divided by $1009$.",
            f"Let $a_1 < a_2 < a_3 < \\cdots$ be positive numbers with $a_1 = {term(1)}$ such that {rule}, for all "
            f"$k \\ge 1$. If $a_{{{index}}} + a_{{{other}}} = {known}$, what remainder does the integer "
            f"$a_{{{n}}}$ leave on division by the prime $1009$?",
            f"{pick(rng, NAMES)} builds an increasing sequence of positive numbers that begins with $a_1 = "
            f"{term(1)}$. For $k = 1, 2, 3, \\dots$, the terms {rule}. The sum of the terms $a_{{{index}}}$ and "
            f"$a_{{{other}}}$ is ${known}$. The term $a_{{{n}}}$ is an integer; find its remainder on division by "
            f"$1009$.",
        ),
    )
    answer = str(term(n) % 1009)
    traps = wrong_answers(answer, term(n - 1) % 1009, term(n + 1) % 1009, term(n) % 1000)
    data = {"kind": "alternating", "first": term(1), "places": 2 * k, "sum": known, "wanted": n}
    return Problem(statement, answer, data, traps)


FAMILIES = (
    ProblemFamily(
        name="progressions",
        area="sequences",
        summary="arithmetic and geometric sequences, mixed and in turn",
        chance=0.005,
        make=by_level(_two_terms, _partial_sum, _from_one_to_other, _weighted_series, _alternating_kinds),
    ),
)

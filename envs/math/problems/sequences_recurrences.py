"""Sequences given by a recurrence: linear ones, ones that turn out to be linear, and ones that come round."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

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


def _scaled(factor: int, name: str, first: bool = False) -> str:
    """A term of a sum: "2a_n" in front, " - 2a_n" behind; nothing for 0."""
    if factor == 0:
        return ""
    size = f"{abs(factor) if abs(factor) > 1 else ''}{name}"
    return ("-" if factor < 0 else "") + size if first else f" {'-' if factor < 0 else '+'} {size}"


def _constant(value: int) -> str:
    return f" {'-' if value < 0 else '+'} {abs(value)}" if value else ""


def _unroll(rng: np.random.Generator) -> Problem:
    """Compute a few terms."""
    p, q, r = nonzero(rng, 5), nonzero(rng, 5), nonzero(rng, 40)
    first, second, wanted = nonzero(rng, 40), nonzero(rng, 40), between(rng, 5, 8)
    terms = [first, second]
    while len(terms) < wanted:
        terms.append(p * terms[-1] + q * terms[-2] + r)
    right = _scaled(p, "a_{n+1}", first=True) + _scaled(q, "a_n") + _constant(r)
    statement = pick(
        rng,
        (
            f"A sequence is defined by $a_1 = {first}$, $a_2 = {second}$ and $a_{{n+2}} = {right}$ for $n \\ge 1$. "
            f"Find $a_{wanted}$.",
            f"Let $a_1, a_2, a_3, \\dots$ be the sequence with $a_1 = {first}$, $a_2 = {second}$ in which "
            f"$a_{{n+2}} = {right}$ for every positive integer $n$. What is $a_{wanted}$?",
            f"{pick(rng, NAMES)} writes down the numbers ${first}$ and ${second}$ and continues the row by the rule "
            f"$a_{{n+2}} = {right}$. Which number stands in place {wanted} of the row?",
        ),
    )
    answer = str(terms[-1])
    traps = wrong_answers(answer, terms[-2], p * terms[-1] + q * terms[-2] + r, terms[-1] - r)
    data = {"kind": "unroll", "rule": [p, q, r], "start": [first, second], "wanted": wanted}
    return Problem(statement, answer, data, traps)


def _closed_form(rng: np.random.Generator) -> Problem:
    """Two exponentials from the characteristic equation."""
    r, s = sorted(several(rng, [k for k in range(-15, 16) if k], 2), reverse=True)
    first, second = nonzero(rng, 250), nonzero(rng, 250)
    big, small = Fraction(second - s * first, r - s), Fraction(r * first - second, r - s)
    right = (_scaled(r + s, "a_{n+1}", first=True) + _scaled(-r * s, "a_n", first=r + s == 0)).strip()
    powers = [f"({base})^n" if base < 0 else f"{base}^n" for base in (r, s)]
    form = f"A \\cdot {powers[0]} + B \\cdot {powers[1]}"
    statement = pick(
        rng,
        (
            f"The sequence $a_0, a_1, a_2, \\dots$ satisfies $a_0 = {first}$, $a_1 = {second}$ and $a_{{n+2}} = "
            f"{right}$ for all $n \\ge 0$. There are constants $A$ and $B$ such that $a_n = {form}$ for all $n$. "
            f"Find $(A, B)$.",
            f"Real numbers $A$ and $B$ are chosen so that the sequence $a_n = {form}$ begins with $a_0 = {first}$ and "
            f"$a_1 = {second}$. (It then obeys $a_{{n+2}} = {right}$.) Determine the ordered pair $(A, B)$.",
            f"Let $a_0 = {first}$, $a_1 = {second}$, and $a_{{n+2}} = {right}$ for $n = 0, 1, 2, \\dots$. When "
            f"$a_n$ is written as ${form}$ with constants $A$ and $B$, what is $(A, B)$?",
        ),
    )
    answer = f"({fraction(big)},{fraction(small)})"
    traps = wrong_answers(answer, f"({fraction(small)},{fraction(big)})", f"({fraction(-big)},{fraction(-small)})")
    data = {"kind": "closed-form", "bases": [r, s], "start": [first, second]}
    return Problem(f"{statement} Write fractions in lowest terms.", answer, data, traps)


def _affine(rng: np.random.Generator) -> Problem:
    """A linear term on the right side: a particular solution and a multiple of the exponential."""
    p, q, r, start = between(rng, 2, 9), nonzero(rng, 30), nonzero(rng, 200), nonzero(rng, 300)
    # a_n = A p^n + B n + C.
    slope = Fraction(-q, p - 1)
    constant = (slope - r) / (p - 1)
    lead = start - constant
    right = f"{p}a_n{_scaled(q, 'n')}{_constant(r)}"
    form = f"a_n = A \\cdot {p}^n + Bn + C"
    statement = pick(
        rng,
        (
            f"A sequence satisfies $a_0 = {start}$ and $a_{{n+1}} = {right}$ for every integer $n \\ge 0$. There "
            f"are unique real numbers $A$, $B$, $C$ with ${form}$ for all $n \\ge 0$. Find $(A, B, C)$.",
            f"Let $a_0 = {start}$ and $a_{{n+1}} = {right}$ for $n = 0, 1, 2, \\dots$. Express the sequence in the "
            f"form \\[{form}\\] with constants $A$, $B$, $C$, and give the ordered triple $(A, B, C)$.",
            f"An account holds ${start}$ crowns at the start (a negative number is a debt), and $a_n$ crowns after "
            f"$n$ years. Every year the balance changes by the rule $a_{{n+1}} = {right}$. Find the constants for "
            f"which ${form}$, as an ordered triple $(A, B, C)$.",
        ),
    )
    answer = f"({fraction(lead)},{fraction(slope)},{fraction(constant)})"
    traps = wrong_answers(
        answer,
        f"({fraction(lead)},{fraction(-slope)},{fraction(constant)})",
        f"({start},{q},{r})",
        f"({fraction(constant)},{fraction(slope)},{fraction(lead)})",
    )
    data = {"kind": "affine", "rule": [p, q, r], "start": start}
    return Problem(f"{statement} Write fractions in lowest terms.", answer, data, traps)


def _power(matrix: tuple[int, int, int, int], exponent: int, modulus: int) -> tuple[int, int, int, int]:
    """A power of a 2x2 matrix, row by row, modulo an integer."""

    def times(x: tuple[int, int, int, int], y: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        a, b, c, d = x
        e, f, g, h = y
        return (
            (a * e + b * g) % modulus,
            (a * f + b * h) % modulus,
            (c * e + d * g) % modulus,
            (c * f + d * h) % modulus,
        )

    result = (1, 0, 0, 1)
    while exponent:
        if exponent & 1:
            result = times(result, matrix)
        matrix, exponent = times(matrix, matrix), exponent >> 1
    return result


def _term_modulo(start: tuple[int, int], rule: tuple[int, int], index: int, modulus: int) -> int:
    """a_index for a_(n+2) = p a_(n+1) + q a_n with a_1 and a_2 given."""
    a, b, _, _ = _power((0, 1, rule[1], rule[0]), index - 1, modulus)
    return (a * start[0] + b * start[1]) % modulus


def _period_modulo(rng: np.random.Generator) -> Problem:
    """Find the period of the remainders, then reduce a large index."""
    modulus = pick(rng, (7, 11, 13, 17, 19, 23))
    p, q = between(rng, 1, 9), nonzero(rng, 9)
    start = (between(rng, 1, 40), between(rng, 1, 40))
    index = between(rng, 1000, 9999)
    value = _term_modulo(start, (p, q), index, modulus)
    right = _scaled(p, "a_{n+1}", first=True) + _scaled(q, "a_n")
    statement = pick(
        rng,
        (
            f"The sequence of integers with $a_1 = {start[0]}$, $a_2 = {start[1]}$ and $a_{{n+2}} = {right}$ for "
            f"$n \\ge 1$ is given. Find the remainder when $a_{{{index}}}$ is divided by ${modulus}$.",
            f"Let $a_1 = {start[0]}$, $a_2 = {start[1]}$, and for all $n \\ge 1$ let $a_{{n+2}} = {right}$. Which "
            f"number in $\\{{0, 1, \\dots, {modulus - 1}\\}}$ is congruent to $a_{{{index}}}$ modulo ${modulus}$?",
            f"A wheel has ${modulus}$ positions, numbered from $0$ to ${modulus - 1}$. On day $n$ it stands at the "
            f"position that is the remainder of $a_n$ on division by ${modulus}$, where $a_1 = {start[0]}$, $a_2 = "
            f"{start[1]}$ and $a_{{n+2}} = {right}$. At which position does it stand on day ${index}$?",
        ),
    )
    answer = str(value)
    traps = wrong_answers(answer, *(_term_modulo(start, (p, q), index + k, modulus) for k in (-1, 1)))
    data = {"kind": "modulo", "start": list(start), "rule": [p, q], "index": index, "modulus": modulus}
    return Problem(statement, answer, data, traps)


def _quadratic_recurrence(rng: np.random.Generator) -> Problem:
    """a_(n+1) a_(n-1) - a_n^2 is constant, so the sequence is linear after all."""
    while True:
        first, second, k = between(rng, 1, 40), between(rng, 1, 60), between(rng, 3, 900)
        c = k * first * second - first * first - second * second
        if c > 0 and second > first:
            break
    rule = f"a_{{n+1}}a_{{n-1}} = a_n^2 + {c}"
    index = between(rng, 30, 99)
    if rng.integers(2):
        kind, value = "floor", k - 1
        asked = (
            f"the greatest integer that does not exceed \\[\\frac{{a_{{{index}}}^2 + a_{{{index + 1}}}^2}}"
            f"{{a_{{{index}}}\\,a_{{{index + 1}}}}}\\]"
        )
        wrong: tuple[int, ...] = (k, k + 1, k - 2)
    else:
        kind, value = "remainder", _term_modulo((first, second), (k, -1), index, 1009)
        asked = f"the remainder when the integer $a_{{{index}}}$ is divided by the prime $1009$"
        wrong = tuple(_term_modulo((first, second), rule_, index, 1009) for rule_ in ((k, 1), (k + 1, -1)))
    statement = pick(
        rng,
        (
            f"A sequence is defined by $a_1 = {first}$, $a_2 = {second}$ and ${rule}$ for all $n \\ge 2$. "
            f"Determine {asked}.",
            f"Let $a_1 = {first}$ and $a_2 = {second}$. For $n \\ge 2$ the number $a_{{n+1}}$ is determined by "
            f"${rule}$. Find {asked}.",
            f"The positive numbers $a_1, a_2, a_3, \\dots$ begin with ${first}$ and ${second}$ and satisfy "
            f"${rule}$ for every integer $n \\ge 2$. What is {asked}?",
        ),
    )
    statement = statement.replace("\\].", ".\\]").replace("\\]?", "?\\]")
    answer = str(value)
    data = {"kind": kind, "start": [first, second], "added": c, "index": index}
    return Problem(statement, answer, data, wrong_answers(answer, *wrong))


def _moebius_text(a: int, b: int, c: int, d: int) -> str:
    return f"\\frac{{{polynomial([a, b], 'a_n')}}}{{{polynomial([c, d], 'a_n')}}}"


def _orbit(matrix: tuple[int, int, int, int], start: Fraction, length: int) -> list[Fraction] | None:
    """The first terms of a_(n+1) = (a x + b)/(c x + d); None when one of them does not exist."""
    a, b, c, d = matrix
    terms = [start]
    while len(terms) < length:
        bottom = c * terms[-1] + d
        if bottom == 0:
            return None
        terms.append((a * terms[-1] + b) / bottom)
    return terms


def _moebius(rng: np.random.Generator, order: int, index: int) -> Problem:
    """A fractional linear rule of finite order: the squared trace is 0, 1, 2 or 3 times the determinant."""
    while True:
        trace = 0 if order == 2 else nonzero(rng, 12) * {3: 1, 4: 2, 6: 3}[order]
        a = nonzero(rng, 20)
        d = trace - a
        product = a * d - (nonzero(rng, 60) if order == 2 else trace * trace // {3: 1, 4: 2, 6: 3}[order])
        divisors = [k for k in range(1, abs(product) + 1) if product % k == 0]
        if not divisors or d == 0:
            continue
        c = pick(rng, divisors)
        b = product // c
        if b == 0 or max(abs(b), c) > 99 or gcd(a, b, c, d) > 1:
            continue
        start = Fraction(nonzero(rng, 30), between(rng, 1, 12))
        terms = _orbit((a, b, c, d), start, order + 1)
        if terms and len(set(terms)) == order:
            break
    value, right = terms[(index - 1) % order], _moebius_text(a, b, c, d)
    statement = pick(
        rng,
        (
            f"A sequence is defined by $a_1 = {fraction(start)}$ and \\[a_{{n+1}} = {right}\\] for $n \\ge 1$. "
            f"Find $a_{{{index}}}$.",
            f"Let $a_1 = {fraction(start)}$, and let $a_{{n+1}} = {right}$ for every positive integer $n$. What is "
            f"$a_{{{index}}}$?",
            f"A calculator shows ${fraction(start)}$. Whenever its key is pressed, the number $a_n$ on the display is "
            f"replaced by \\[a_{{n+1}} = {right}.\\] The first number shown is $a_1$. Which number "
            f"is $a_{{{index}}}$?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, *(fraction(term) for term in terms[:order] if term != value))
    data = {"kind": "moebius", "matrix": [a, b, c, d], "start": fraction(start), "index": index}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _there_and_back(rng: np.random.Generator) -> Problem:
    return _moebius(rng, 2, between(rng, 100, 9999))


def _comes_round(rng: np.random.Generator) -> Problem:
    return _moebius(rng, pick(rng, (3, 4, 6)), between(rng, 1000, 9999))


def _five_cycle(rng: np.random.Generator) -> Problem:
    """Lyness's recurrence, scaled: every fifth term is the same."""
    k, x, y = between(rng, 1, 30), between(rng, 1, 60), between(rng, 1, 60)
    index = between(rng, 100, 2999)
    terms = [Fraction(x), Fraction(y)]
    while len(terms) < 5:
        terms.append(k * (terms[-1] + k) / terms[-2])
    value = terms[(index - 1) % 5]
    right = f"\\frac{{{k if k > 1 else ''}a_{{n+1}} + {k * k}}}{{a_n}}"
    statement = pick(
        rng,
        (
            f"Let $a_1 = {x}$, $a_2 = {y}$ and \\[a_{{n+2}} = {right}\\] for $n \\ge 1$. Find $a_{{{index}}}$.",
            f"The terms of a sequence of positive numbers satisfy $a_n\\,a_{{n+2}} = {k if k > 1 else ''}a_{{n+1}} "
            f"+ {k * k}$ for every $n \\ge 1$, and $a_1 = {x}$, $a_2 = {y}$. Determine $a_{{{index}}}$.",
            f"{pick(rng, NAMES)} writes $a_1 = {x}$ and $a_2 = {y}$ on a long strip of paper and then continues "
            f"without end by the rule $a_{{n+2}} = {right}$. Which number on the strip is $a_{{{index}}}$?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, *(fraction(term) for term in terms if term != value))
    data = {"kind": "lyness", "k": k, "start": [x, y], "index": index}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


# Sums of the first n terms of b_n = b_(n-1) - b_(n-2), as multiples of b_1 and b_2, for n = 0, ..., 5.
_SIX_SUMS = ((0, 0), (1, 0), (1, 1), (0, 2), (-1, 2), (-1, 1))


def _sums_of_six(rng: np.random.Generator) -> Problem:
    """A recurrence of period six with a drift in the sums, from two of its sums."""
    c = nonzero(rng, 40)
    while True:
        p, q, r = (between(rng, 50, 2500) for _ in range(3))
        (a, b), (d, e) = _SIX_SUMS[p % 6], _SIX_SUMS[q % 6]
        if a * e != b * d and r not in (p, q) and _SIX_SUMS[r % 6] not in ((0, 0), (a, b), (d, e)):
            break
    first, second = nonzero(rng, 900), nonzero(rng, 900)

    def total(n: int) -> int:
        x, y = _SIX_SUMS[n % 6]
        return x * first + y * second + n * c

    rule = f"a_n = a_{{n-1}} - a_{{n-2}}{_constant(c)}"
    statement = pick(
        rng,
        (
            f"A sequence of integers $a_1, a_2, a_3, \\dots$ is chosen so that ${rule}$ for each $n \\ge 3$. What "
            f"is the sum of the first ${r}$ terms of this sequence if the sum of the first ${p}$ terms is "
            f"${total(p)}$ and the sum of the first ${q}$ terms is ${total(q)}$?",
            f"Let $S_n = a_1 + a_2 + \\dots + a_n$, where ${rule}$ for all $n \\ge 3$. Given that $S_{{{p}}} = "
            f"{total(p)}$ and $S_{{{q}}} = {total(q)}$, find $S_{{{r}}}$.",
            f"The profit of a firm in month $n$, in thousands of crowns, follows the rule ${rule}$ from the third "
            f"month on. Over its first ${p}$ months the profits added up to ${total(p)}$, and over its first ${q}$ "
            f"months to ${total(q)}$. To how much do they add up over its first ${r}$ months?",
        ),
    )
    answer = str(total(r))
    traps = wrong_answers(answer, total(r) - r * c, total(r % 6), total(r) + c, total(p) + total(q))
    data = {"kind": "six-sums", "added": c, "known": [[p, total(p)], [q, total(q)]], "wanted": r}
    return Problem(statement, answer, data, traps)


def _nested_function(rng: np.random.Generator) -> Problem:
    """A function that calls itself twice; its values settle into a pattern below the threshold."""
    down = between(rng, 2, 30)
    up, limit = down + between(rng, 1, 20), between(rng, 300, 3000)
    at = between(rng, 1, limit - 150)
    values = {n: n - down for n in range(limit, limit + up + 1)}
    for n in range(limit - 1, at - 1, -1):
        values[n] = values[values[n + up]]
    count = between(rng, 5, 120)
    value = sum(values[n] for n in range(at, at + count))
    cases = f"n - {down} & \\text{{if }} n \\ge {limit}, \\\\ f(f(n + {up})) & \\text{{if }} n < {limit}."
    total = f"f({at}) + f({at + 1}) + \\cdots + f({at + count - 1})"
    statement = pick(
        rng,
        (
            f"The function $f$ is defined on the set of integers and satisfies \\[f(n) = \\begin{{cases}} {cases} "
            f"\\end{{cases}}\\] Find ${total}$.",
            f"For integers $n$ let \\[f(n) = \\begin{{cases}} {cases} \\end{{cases}}\\] Compute \\[\\sum_{{n={at}}}^"
            f"{{{at + count - 1}}} f(n).\\]",
            f"A program computes $f(n)$ for an integer $n$ as follows: if $n \\ge {limit}$ it returns $n - "
            f"{down}$, and otherwise it returns $f(f(n + {up}))$, calling itself twice. What is ${total}$?",
        ),
    )
    low = sum(limit - down + (n - limit) % (up - down) for n in range(at, at + count))
    traps = wrong_answers(str(value), count * (limit - down), count * (limit - 1), low, value + up - down)
    data = {"kind": "nested", "down": down, "up": up, "limit": limit, "from": at, "count": count}
    return Problem(statement, str(value), data, traps)


LINEAR = ProblemFamily(
    name="linear-recurrences",
    area="sequences",
    summary="linear recurrences: terms, closed forms, remainders, and nonlinear rules that are linear in disguise",
    chance=0.01,
    make=by_level(_unroll, _closed_form, _affine, _period_modulo, _quadratic_recurrence),
)
PERIODIC = ProblemFamily(
    name="periodic-recurrences",
    area="sequences",
    summary="sequences and functions defined by themselves whose values come round",
    chance=0.005,
    make=by_level(_there_and_back, _five_cycle, _comes_round, _sums_of_six, _nested_function),
)
FAMILIES = (LINEAR, PERIODIC)

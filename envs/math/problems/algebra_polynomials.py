"""Problems on polynomials: symmetric functions of the roots, remainders and interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, gcd, prod

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import (
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


def _value(coefficients: Sequence[int], at: Fraction | int) -> Fraction:
    total = Fraction(0)
    for coefficient in coefficients:
        total = total * at + coefficient
    return total


def _roots_first(rng: np.random.Generator) -> Problem:
    """Vieta's formulas, read off."""
    p = [between(rng, 2, 12), *(nonzero(rng, 30) for _ in range(4))]
    a, b, c, d, e = p
    kind, asked, value = pick(
        rng,
        (
            ("reciprocals", r"\frac{1}{r}+\frac{1}{s}+\frac{1}{t}+\frac{1}{u}", Fraction(-d, e)),
            ("sum-and-product", "r+s+t+u+rstu", Fraction(e - b, a)),
            ("triples", "rst+rsu+rtu+stu", Fraction(-d, a)),
            ("pairs", "rs+rt+ru+st+su+tu", Fraction(c, a)),
        ),
    )
    text = polynomial(p)
    statement = pick(
        rng,
        (
            f"Let $r$, $s$, $t$ and $u$ be the four complex roots of ${text}$, counted with multiplicity. Find "
            f"${asked}$.",
            f"The equation ${text} = 0$ has the complex solutions $r, s, t, u$, where a multiple solution is listed as "
            f"often as its multiplicity. What is the value of ${asked}$?",
            f"Over the complex numbers, ${text} = {a}(x-r)(x-s)(x-t)(x-u)$. Determine ${asked}$.",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(-value), fraction(value * a), fraction(Fraction(b + e, a)))
    return Problem(f"{statement} {_LOWEST}", answer, {"kind": kind, "coefficients": p}, traps)


def _roots_squares(rng: np.random.Generator) -> Problem:
    """Sums of squares from the elementary symmetric functions."""
    p = [between(rng, 1, 9), *(nonzero(rng, 35) for _ in range(4))]
    a, b, c, d, e = p
    if rng.integers(2):
        kind, asked = "squares", "r^2+s^2+t^2+u^2"
        value, naive = Fraction(b, a) ** 2 - Fraction(2 * c, a), Fraction(b, a) ** 2
    else:
        kind, asked = "inverse-squares", r"\frac{1}{r^2}+\frac{1}{s^2}+\frac{1}{t^2}+\frac{1}{u^2}"
        value, naive = Fraction(d, e) ** 2 - Fraction(2 * c, e), Fraction(d, e) ** 2
    text = polynomial(p)
    statement = pick(
        rng,
        (
            f"Let $r$, $s$, $t$ and $u$ be the four complex roots of ${text}$, counted with multiplicity. "
            f"Compute ${asked}$.",
            f"A student factors ${text}$ over the complex numbers as ${'' if a == 1 else a}(x-r)(x-s)(x-t)(x-u)$ and "
            f"then works out ${asked}$. What does the student get?",
            f"Given that $r, s, t, u$ are all the solutions of ${text} = 0$ in complex numbers (each listed as "
            f"often as its multiplicity), evaluate ${asked}$.",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(naive), fraction(2 * naive - value))
    return Problem(f"{statement} {_LOWEST}", answer, {"kind": kind, "coefficients": p}, traps)


def _roots_transformed(rng: np.random.Generator) -> Problem:
    """The polynomial whose roots are the squares, or a shift, of the roots of another."""
    a, b, c, d = p = [nonzero(rng, 50) for _ in range(4)]
    coefficients = [1, *p]
    if rng.integers(2):
        shift = 0
        asked = "r^2, s^2, t^2, u^2"
        result = [1, 2 * b - a * a, b * b - 2 * a * c + 2 * d, 2 * b * d - c * c, d * d]
    else:
        shift = nonzero(rng, 5)
        asked = ", ".join(polynomial([1, shift], root) for root in "rstu")
        result = _shifted(coefficients, -shift)
    text = polynomial(coefficients)
    statement = pick(
        rng,
        (
            f"The polynomial ${text}$ has the complex roots $r, s, t, u$, counted with multiplicity. Find the monic "
            f"polynomial of degree 4 in $x$ whose roots are ${asked}$.",
            f"Let $P(x) = {text} = (x-r)(x-s)(x-t)(x-u)$ over the complex numbers. A monic polynomial $Q(x)$ of "
            f"degree 4 has the roots ${asked}$. Determine $Q(x)$.",
            f"Four complex numbers $r, s, t, u$ are the solutions, with multiplicity, of ${text} = 0$. Write down the "
            f"monic quartic in $x$ whose solutions, with multiplicity, are ${asked}$.",
        ),
    )
    data = {"kind": "transformed", "coefficients": coefficients, "shift": shift}
    answer = polynomial(result)
    traps = (polynomial([1, *(x * x for x in p)]) if not shift else polynomial(_shifted(coefficients, shift)),)
    return Problem(f"{statement} Give it in expanded form.", answer, data, wrong_answers(answer, *traps))


def _shifted(coefficients: Sequence[int], shift: int) -> list[int]:
    """The coefficients of P(x + shift)."""
    size = len(coefficients)
    result = [0] * size
    for place, value in enumerate(coefficients):
        degree = size - 1 - place
        for power in range(degree + 1):
            result[size - 1 - power] += value * comb(degree, power) * shift ** (degree - power)
    return result


def _roots_evaluated(rng: np.random.Generator) -> Problem:
    """Products and sums over the roots that are values of the polynomial elsewhere."""
    a, b, c, d = p = [nonzero(rng, 40) for _ in range(4)]
    k = between(rng, 2, 9)
    coefficients = [1, *p]
    value = _value(coefficients, k)
    if rng.integers(2) or value == 0:
        kind, asked = "product", "".join(f"({root}^2+{k * k})" for root in "rstu")
        result = Fraction((k**4 - b * k * k + d) ** 2 + (c * k - a * k**3) ** 2)
        wrong = [str(int(value) * int(_value(coefficients, -k)))]
    else:
        kind, asked = "slope", "+".join(rf"\frac{{1}}{{{k}-{root}}}" for root in "rstu")
        result = _value([4, 3 * a, 2 * b, c], k) / value
        wrong = [fraction(-result), fraction(1 / result) if result else "1"]
    text = polynomial(coefficients)
    statement = pick(
        rng,
        (
            f"Let $r, s, t, u$ be the complex roots of $P(x) = {text}$, counted with multiplicity. "
            f"Find the value of \\[{asked}.\\]",
            f"Suppose that ${text} = (x-r)(x-s)(x-t)(x-u)$ for all complex $x$. Compute \\[{asked}.\\]",
            f"The monic quartic ${text}$ vanishes exactly at the complex numbers $r, s, t, u$, each repeated according "
            f"to its multiplicity. Without finding them, determine \\[{asked}.\\]",
        ),
    )
    answer = fraction(result)
    data = {"kind": kind, "coefficients": coefficients, "k": k}
    form = f" {_LOWEST}" if kind == "slope" else ""
    return Problem(statement + form, answer, data, wrong_answers(answer, *wrong))


# A product of two of these three is the quartic; each is a cyclotomic polynomial, so powers of its roots come round.
_CYCLES = {3: (1, 1), 4: (0, 1), 6: (-1, 1)}
_QUARTICS = {
    (3, 4): ("x^4+x^3+2x^2+x+1", (1, 2, 1)),
    (4, 6): ("x^4-x^3+2x^2-x+1", (-1, 2, -1)),
    (3, 6): ("x^4+x^2+1", (0, 1, 0)),
}


def _norm_at_root_of_unity(order: int, terms: Sequence[tuple[int, int]]) -> int:
    """P(w) times P(its conjugate) for a primitive root of unity w of order 3, 4 or 6."""
    p, q = _CYCLES[order]
    u, v = 0, 0
    for coefficient, power in terms:
        x, y = 1, 0
        for _ in range(power % order):
            x, y = -q * y, x - p * y
        u, v = u + coefficient * x, v + coefficient * y
    return u * u - p * u * v + q * v * v


def _roots_resultant(rng: np.random.Generator) -> Problem:
    """Turn the product over a thousand roots into four values of P, two by two at roots of unity."""
    while True:
        powers = sorted((int(power) for power in rng.integers(3, 1000, size=3)), reverse=True)
        terms = [(1, between(rng, 1000, 2999))]
        terms += [(nonzero(rng, 12), power) for power in powers] + [(nonzero(rng, 12), 0)]
        orders = pick(rng, tuple(_QUARTICS))
        answer = prod(_norm_at_root_of_unity(order, terms) for order in orders)
        if len(set(powers)) == 3 and answer > 100:
            break
    quartic, middle = _QUARTICS[orders]
    text = f"x^{{{terms[0][1]}}}"
    for coefficient, power in terms[1:]:
        size = "" if abs(coefficient) == 1 and power else str(abs(coefficient))
        text += (
            (" + " if coefficient > 0 else " - ")
            + size
            + (f"x^{{{power}}}" if power > 9 else f"x^{power}" * (power > 0))
        )
    inner, degree = quartic.replace("x", "r_k"), terms[0][1]
    statement = pick(
        rng,
        (
            f"Let $r_1, r_2, \\dots, r_{{{degree}}}$ be the complex roots of $P(x) = {text}$, counted with "
            f"multiplicity. Find \\[\\prod_{{k=1}}^{{{degree}}} \\left({inner}\\right).\\]",
            f"For a complex number $x$ let $Q(x) = {quartic}$. The polynomial $P(x) = {text}$ has {degree} complex "
            f"roots when they are counted with multiplicity. Find the product of the {degree} values that $Q$ "
            f"takes at them.",
            f"The numbers $r_1, \\dots, r_{{{degree}}}$ satisfy \\[{text} = "
            f"(x-r_1)(x-r_2)\\cdots(x-r_{{{degree}}})\\] for every complex $x$. Each $r_k$ is replaced by "
            f"${inner}$, and the resulting {degree} numbers are multiplied together. What is the product?",
        ),
    )
    data = {"kind": "resultant", "terms": [list(term) for term in terms], "quartic": [1, *middle, 1]}
    wrong = wrong_answers(str(answer), -answer, 1, *(_norm_at_root_of_unity(order, terms) for order in orders))
    return Problem(statement, str(answer), data, wrong)


def _division_by_linear(rng: np.random.Generator) -> Problem:
    """The remainder theorem for a divisor px - q."""
    coefficients = [between(rng, 2, 12), *(nonzero(rng, 20) for _ in range(4))]
    p, q = pick(rng, tuple((p, q) for p in (1, 2, 3) for q in range(-7, 8) if q and gcd(p, q) == 1))
    divisor, text = polynomial([p, -q]), polynomial(coefficients)
    value = _value(coefficients, Fraction(q, p))
    statement = pick(
        rng,
        (
            f"Find the remainder when ${text}$ is divided by ${divisor}$.",
            f"What constant must be subtracted from ${text}$ so that the result is divisible by ${divisor}$ as a "
            "polynomial with rational coefficients?",
            f"There are a polynomial $Q(x)$ and a constant $c$ such that ${text} = ({divisor})\\,Q(x) + c$ for all "
            "$x$. Determine $c$.",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(_value(coefficients, Fraction(-q, p))), fraction(_value(coefficients, q)))
    data = {"kind": "linear", "coefficients": coefficients, "divisor": [p, -q]}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _division_by_two(rng: np.random.Generator) -> Problem:
    """The remainder for a product of two divisors from the remainders for each."""
    u, v = several(rng, [k for k in range(-40, 41) if k], 2)
    m, n = nonzero(rng, 40), nonzero(rng, 200)
    at_u, at_v = m * u + n, m * v + n
    first, second = polynomial([1, -u]), polynomial([1, -v])
    statement = pick(
        rng,
        (
            f"When a polynomial $P(x)$ is divided by ${first}$ the remainder is ${at_u}$, and when it is divided by "
            f"${second}$ the remainder is ${at_v}$. Find the remainder when $P(x)$ is divided by "
            f"$({first})({second})$.",
            f"A polynomial $P(x)$ satisfies $P({u}) = {at_u}$ and $P({v}) = {at_v}$. What is the remainder of "
            f"$P(x)$ on division by $({first})({second})$?",
            f"Let $R(x)$ be the remainder that a polynomial $P(x)$ leaves on division by "
            f"${polynomial([1, -u - v, u * v])}$. If $P({u}) = {at_u}$ and $P({v}) = {at_v}$, determine $R(x)$.",
        ),
    )
    answer = polynomial([m, n])
    traps = wrong_answers(answer, at_u * at_v, at_u + at_v, polynomial([-m, n]))
    data = {"kind": "two-values", "points": [[u, at_u], [v, at_v]]}
    return Problem(f"{statement} Give your answer as a polynomial in $x$.", answer, data, traps)


def _division_by_cyclotomic(rng: np.random.Generator) -> Problem:
    """Reduce huge exponents by the period of the powers of x modulo a quadratic."""
    high, low = between(rng, 500, 2999), between(rng, 20, 499)
    a, b, c = between(rng, 1, 9), nonzero(rng, 9), nonzero(rng, 9)
    p, q = pick(rng, ((0, 1), (1, 1), (-1, 1), (0, -1)))
    u, v = 0, c
    for coefficient, power in ((a, high), (b, low)):
        x, y = 0, 1
        for _ in range(power % 12):
            x, y = y - p * x, -q * x
        u, v = u + coefficient * x, v + coefficient * y
    size = "" if abs(b) == 1 else str(abs(b))
    text = (
        f"{'' if a == 1 else a}x^{{{high}}} {'+' if b > 0 else '-'} {size}x^{{{low}}} {'+' if c > 0 else '-'} {abs(c)}"
    )
    divisor = polynomial([1, p, q])
    statement = pick(
        rng,
        (
            f"Find the remainder when ${text}$ is divided by ${divisor}$.",
            f"There is exactly one polynomial $R(x)$ of degree at most 1 for which ${text} - R(x)$ is a multiple of "
            f"${divisor}$. Determine $R(x)$.",
            f"The polynomial ${text}$ is written as $({divisor})\\,Q(x) + R(x)$, where $R$ has degree less than 2. "
            "What is $R(x)$?",
        ),
    )
    answer = polynomial([u, v])
    traps = wrong_answers(answer, a + b + c, polynomial([-u, v]), polynomial([a + b, c]))
    data = {"kind": "sparse", "terms": [[a, high], [b, low], [c, 0]], "divisor": [1, p, q]}
    return Problem(f"{statement} Give your answer as a polynomial in $x$.", answer, data, traps)


def _interpolated_quotient(rng: np.random.Generator) -> Problem:
    """P agrees with (ux+v)/(x+w) at n+1 points: multiply out and count zeros."""
    w, n = between(rng, 1, 4), between(rng, 6, 80)
    u, v = between(rng, 1, 99), nonzero(rng, 999)
    while u * w == v:
        v = nonzero(rng, 999)
    top = polynomial([u, v], "k")
    gap = Fraction((-1) ** (n + 1) * (u * w - v), comb(w + n, n + 1))
    value = (u * (n + 1) + v + gap) / (n + 1 + w)
    statement = pick(
        rng,
        (
            f"A polynomial $P$ of degree at most ${n}$ satisfies $P(k) = \\frac{{{top}}}{{k + {w}}}$ for "
            f"$k = 0, 1, 2, \\dots, {n}$. Find $P({n + 1})$.",
            f"Let $P(x)$ be the polynomial of least degree with $P(k) = \\frac{{{top}}}{{k + {w}}}$ for every integer "
            f"$k$ from $0$ to ${n}$. Determine $P({n + 1})$.",
            f"The graph of a polynomial $P$, whose degree does not exceed ${n}$, meets the curve "
            f"$y = \\frac{{{polynomial([u, v])}}}{{x + {w}}}$ at the points with $x = 0, 1, \\dots, {n}$. "
            f"What is the value of $P({n + 1})$?",
        ),
    )
    answer = fraction(value)
    naive = Fraction(u * (n + 1) + v, n + 1 + w)
    traps = wrong_answers(answer, fraction(naive), fraction(2 * naive - value))
    return Problem(f"{statement} {_LOWEST}", answer, {"kind": "quotient", "n": n, "u": u, "v": v, "w": w}, traps)


def _interpolated_powers(rng: np.random.Generator) -> Problem:
    """P agrees with two exponentials at n+1 points; two steps beyond, the binomial theorem is cut short."""
    n = between(rng, 10, 99)
    r, s = several(rng, range(2, 13), 2)
    a, b, c = between(rng, 1, 30), between(rng, 1, 30), between(rng, 1, 60)

    def beyond(base: int) -> int:
        return int(base ** (n + 2) - (n + 2) * (base - 1) ** (n + 1) - (base - 1) ** (n + 2))

    naive = a * r ** (n + 2) + b * s ** (n + 2) + c * (n + 2)
    value = a * beyond(r) + b * beyond(s) + c * (n + 2)
    rule = " + ".join(f"{k if k > 1 else ''}{dot}{base}^k" for k, base, dot in _dotted(a, r, b, s))
    rule += f" + {c if c > 1 else ''}k"
    statement = pick(
        rng,
        (
            f"Let $P(x)$ be the polynomial of degree at most ${n}$ with $P(k) = {rule}$ for $k = 0, 1, 2, \\dots, "
            f"{n}$. Find the remainder when $P({n + 2})$ is divided by $1000$.",
            f"For a polynomial $P$ whose degree does not exceed ${n}$, it is known that $P(k) = {rule}$ holds for "
            f"every integer $0 \\le k \\le {n}$. The value $P({n + 2})$ is an integer. What is its remainder on "
            f"division by $1000$?",
            f"Among all polynomials that take the value ${rule}$ at each of the integers $k = 0, 1, \\dots, {n}$, let "
            f"$P$ be the one of least degree. Determine the last three digits of the positive integer $P({n + 2})$, "
            "giving them as an integer between $0$ and $999$ (so that 007 is written as 7).",
        ),
    )
    answer = str(value % 1000)
    traps = wrong_answers(answer, naive % 1000, (value + a * (r - 1) ** (n + 2) + b * (s - 1) ** (n + 2)) % 1000)
    return Problem(statement, answer, {"kind": "powers", "n": n, "bases": [[a, r], [b, s]], "slope": c}, traps)


def _dotted(a: int, r: int, b: int, s: int) -> list[tuple[int, int, str]]:
    return [(k, base, r" \cdot " if k > 1 else "") for k, base in ((a, r), (b, s))]


FAMILIES = (
    ProblemFamily(
        name="polynomial-roots",
        area="algebra",
        summary="symmetric functions of the roots of a polynomial, up to products over thousands of roots",
        chance=0.005,
        make=by_level(_roots_first, _roots_squares, _roots_transformed, _roots_evaluated, _roots_resultant),
    ),
    ProblemFamily(
        name="polynomial-remainders",
        area="algebra",
        summary="remainders of polynomials, and values of a polynomial known at many points",
        chance=0.01,
        make=by_level(
            _division_by_linear, _division_by_two, _division_by_cyclotomic, _interpolated_quotient, _interpolated_powers
        ),
    ),
)

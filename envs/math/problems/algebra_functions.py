"""Functional equations and logarithms."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

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


def _inner_line(rng: np.random.Generator) -> Problem:
    """f of a line is a quadratic: find the right place to put in."""
    a, b = between(rng, 2, 9), nonzero(rng, 20)
    c, d, e = between(rng, 1, 12), nonzero(rng, 20), nonzero(rng, 40)
    k = nonzero(rng, 40)
    t = Fraction(k - b, a)
    value = c * t * t + d * t + e
    inner, right = polynomial([a, b]), polynomial([c, d, e])
    statement = pick(
        rng,
        (
            f"A function $f$ satisfies $f({inner}) = {right}$ for all real $x$. Find $f({k})$.",
            f"For every real number $x$, the value of $f$ at ${inner}$ is ${right}$. What is $f({k})$?",
            f"A machine turns a real number $t$ into $f(t)$. Fed with ${inner}$, it returns ${right}$, whatever "
            f"the real number $x$ is. What does it return when it is fed with ${k}$?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, c * k * k + d * k + e, fraction(c * Fraction(k, a) ** 2 + d * Fraction(k, a) + e))
    data = {"kind": "inner-line", "inner": [a, b], "right": [c, d, e], "at": k}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _reflected(rng: np.random.Generator) -> Problem:
    """A second equation comes from replacing x by c - x."""
    p, q = several(rng, range(1, 12), 2)
    c, r, s, t = between(rng, 1, 20), between(rng, 1, 9), nonzero(rng, 20), nonzero(rng, 30)
    k = nonzero(rng, 20)

    def right(x: int) -> int:
        return r * x * x + s * x + t

    value = Fraction(p * right(k) - q * right(c - k), p * p - q * q)
    one, two = f"{p if p > 1 else ''}f(x)", f"{q if q > 1 else ''}f({c} - x)"
    equation = f"{one} + {two} = {polynomial([r, s, t])}"
    statement = pick(
        rng,
        (
            f"The function $f$ satisfies ${equation}$ for all real numbers $x$. Find $f({k})$.",
            f"Suppose that $f: \\mathbb{{R}} \\to \\mathbb{{R}}$ has the property that \\[{equation}\\] for every "
            f"real $x$. What is the value of $f({k})$?",
            f"There is exactly one real function with ${equation}$ for every real number $x$. Determine its value at "
            f"$x = {k}$.",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(Fraction(right(k), p + q)), fraction(Fraction(right(c - k), p)))
    data = {"kind": "reflected", "factors": [p, q], "centre": c, "right": [r, s, t], "at": k}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _cycle_of_three(rng: np.random.Generator) -> Problem:
    """x -> 1/(1-x) comes back after three steps."""
    m, k = between(rng, 2, 9), between(rng, 2, 15)
    a, b, c = between(rng, 1, 30), nonzero(rng, 40), nonzero(rng, 40)
    orbit = [Fraction(k), Fraction(1, 1 - k), Fraction(k - 1, k)]
    right = [a * x + b + c / x for x in orbit]
    value = (right[0] - m * right[1] + m * m * right[2]) / (1 + m**3)
    sign = "-" if c < 0 else "+"
    equation = f"f(x) + {m}f\\left(\\frac{{1}}{{1-x}}\\right) = {polynomial([a, b])} {sign} \\frac{{{abs(c)}}}{{x}}"
    statement = pick(
        rng,
        (
            f"The function $f$ is defined for all real numbers except $0$ and $1$ and satisfies \\[{equation}\\] "
            f"for all such $x$. Find $f({k})$.",
            f"Let $f$ be a real function with domain $\\mathbb{{R}} \\setminus \\{{0, 1\\}}$ such that "
            f"\\[{equation}\\] for every $x$ in the domain. Compute $f({k})$.",
            f"For every real $x$ other than $0$ and $1$ it is known that \\[{equation}.\\] This determines $f$. "
            f"What is $f({k})$?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(right[0] / (1 + m)), fraction((right[0] - m * right[1]) / (1 - m * m)))
    data = {"kind": "cycle", "factor": m, "right": [a, b, c], "at": k}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _additive(rng: np.random.Generator) -> Problem:
    """Almost additive on the positive integers, or a product rule."""
    if rng.integers(2):
        k, c, first = between(rng, 2, 40), nonzero(rng, 40), nonzero(rng, 60)
        p, n = between(rng, 2, 9), between(rng, 20, 200)

        def f(x: int) -> int:
            return x * first + (x - 1) * c + k * x * (x - 1) // 2

        rule = f"f(m+n) = f(m) + f(n) + {k}mn {'-' if c < 0 else '+'} {abs(c)}"
        given, asked = f"f({p}) = {f(p)}", n
        wrong: tuple[object, ...]
        answer, wrong = f(n), (fraction(Fraction(f(p) * n, p)), f(n - 1), f(n) + c)
        data = {"kind": "additive", "k": k, "c": c, "known": [p, f(p)], "at": n}
    else:
        values = dict(zip((2, 3, 5), (between(rng, 1, 120) for _ in range(3)), strict=True))
        powers = dict(zip((2, 3, 5), (between(rng, 1, 6), between(rng, 1, 4), between(rng, 1, 3)), strict=True))
        asked = 2 ** powers[2] * 3 ** powers[3] * 5 ** powers[5]
        rule = "f(mn) = m\\,f(n) + n\\,f(m)"
        given = ", \\quad ".join(f"f({p}) = {value}" for p, value in values.items())
        answer = sum(powers[p] * asked // p * values[p] for p in values)
        wrong = (sum(powers[p] * values[p] for p in values), sum(asked // p * values[p] for p in values), answer // 2)
        data = {"kind": "product-rule", "values": [[p, v] for p, v in values.items()], "at": asked}
    statement = pick(
        rng,
        (
            f"A function $f$ from the positive integers to the integers satisfies \\[{rule}\\] for all positive "
            f"integers $m$ and $n$. Given that \\[{given},\\] find $f({asked})$.",
            f"For all positive integers $m$ and $n$, the integers $f(1), f(2), f(3), \\dots$ obey the rule "
            f"\\[{rule},\\] and it is known that \\[{given}.\\] What is $f({asked})$?",
            f"To every positive integer $n$ an integer $f(n)$ is assigned so that \\[{rule}\\] always holds. If "
            f"\\[{given},\\] determine $f({asked})$.",
        ),
    )
    return Problem(statement, str(answer), data, wrong_answers(str(answer), *wrong))


def _mirrors(rng: np.random.Generator) -> Problem:
    """Two mirrors make a period; count the zeros that they force."""
    while True:
        a, b = between(rng, 1, 40), between(rng, 41, 90)
        u, v = between(rng, 0, 40), between(rng, -40, 90)
        low, high = -between(rng, 500, 3000), between(rng, 500, 3000)
        period = 2 * (b - a)
        classes = {residue % period for residue in (u, 2 * a - u, v, 2 * a - v)}
        if (v - u) % period and (v + u - 2 * a) % period:
            break
    count = sum((high - residue) // period - (low - 1 - residue) // period for residue in classes)
    rules = f"f({a} + x) = f({a} - x) \\quad\\text{{and}}\\quad f({b} + x) = f({b} - x)"
    statement = pick(
        rng,
        (
            f"A function $f$ is defined for all real numbers and satisfies \\[{rules}\\] for all real $x$. If $x = "
            f"{u}$ and $x = {v}$ are roots of $f(x) = 0$, what is the least number of roots that $f(x) = 0$ must "
            f"have in the interval ${low} \\le x \\le {high}$?",
            f"The graph of a function $f: \\mathbb{{R}} \\to \\mathbb{{R}}$ is symmetric in each of the lines $x = "
            f"{a}$ and $x = {b}$. It is known that $f({u}) = f({v}) = 0$. Find the smallest possible number of "
            f"real numbers $x$ with ${low} \\le x \\le {high}$ and $f(x) = 0$.",
            f"Let $f$ be a function on the real line with \\[{rules}\\] for every real $x$, and let $f({u}) = f({v}) "
            f"= 0$. At least how many zeros does $f$ have in the closed interval from ${low}$ to ${high}$?",
        ),
    )
    one = sum((high - residue) // period - (low - 1 - residue) // period for residue in {u, v})
    traps = wrong_answers(str(count), one, count - 1, count + 1, 2 * one)
    data = {"kind": "mirrors", "axes": [a, b], "zeros": [u, v], "range": [low, high]}
    return Problem(statement, str(count), data, traps)


def _two_variables(rng: np.random.Generator) -> Problem:
    """Descend by the Euclidean algorithm to the diagonal."""
    d, power, factor = between(rng, 2, 60), between(rng, 1, 4), between(rng, 2, 60)
    while True:
        p, q = between(rng, 20, 300), between(rng, 20, 300)
        if gcd(p, q) == 1:
            break
    x, y = d * p, d * q
    # f(x,y) d^2 / (xy) does not change along the descent, and f(d,d) ends it.
    value = factor * d**power * p * q
    diagonal = f"f(x,x) = {factor}x" + (f"^{power}" if power > 1 else "")
    rules = f"{diagonal}, \\qquad f(x,y) = f(y,x), \\qquad (x+y)\\,f(x,y) = y\\,f(x,x+y)"
    statement = pick(
        rng,
        (
            f"The function $f$, defined on ordered pairs of positive integers, satisfies \\[{rules}\\] for all "
            f"positive integers $x$ and $y$. Find the remainder when $f({x},{y})$ is divided by $997$.",
            f"To each ordered pair $(x, y)$ of positive integers a number $f(x,y)$ is assigned so that always "
            f"\\[{rules}.\\] The number $f({x},{y})$ is an integer. Which remainder does it leave on division by the "
            f"prime $997$?",
            f"Let $f$ be a function of two positive integers with the three properties \\[{rules}.\\] Let $N = "
            f"f({x},{y})$. Find the remainder when $N$ is divided by $997$.",
        ),
    )
    answer = str(value % 997)
    traps = wrong_answers(answer, d * p * q % 997, factor * d * p * q % 997, factor * x * y % 997)
    data = {"kind": "two-variables", "factor": factor, "power": power, "at": [x, y]}
    return Problem(statement, answer, data, traps)


def _hard_functional(rng: np.random.Generator) -> Problem:
    return pick(rng, (_mirrors, _two_variables))(rng)


def _one_logarithm(rng: np.random.Generator) -> Problem:
    """Undo one logarithm."""
    base, k, m = between(rng, 2, 9), between(rng, -2, 3), between(rng, 1, 12)
    a, b, d = between(rng, 2, 30), nonzero(rng, 60), nonzero(rng, 30)
    x = (Fraction(base) ** k - b) / a
    log = f"{m if m > 1 else ''}\\log_{{{base}}}({polynomial([a, b])})"
    equation = f"{log} {'-' if d < 0 else '+'} {abs(d)} = {m * k + d}"
    statement = pick(
        rng,
        (
            f"Solve ${equation}$ for $x$.",
            f"Find the real number $x$ for which ${equation}$.",
            f"On a scale a signal of strength $x$ is shown as ${log} {'-' if d < 0 else '+'} {abs(d)}$. Which "
            f"strength is shown as ${m * k + d}$?",
        ),
    )
    answer = fraction(x)
    traps = wrong_answers(
        answer, fraction(Fraction(k * base - b, a)), fraction(Fraction(k**base - b, a) if k else x + 1)
    )
    data = {"kind": "one-log", "base": base, "inside": [a, b], "times": m, "added": d, "right": m * k + d}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _two_logarithms(rng: np.random.Generator) -> Problem:
    """A sum of logarithms, a quadratic, and a root outside the domain."""
    base, p = pick(rng, (2, 3, 5, 6, 7, 10, 12)), between(rng, 2, 9)
    while True:
        good, q, r = nonzero(rng, 60), nonzero(rng, 60), nonzero(rng, 60)
        product = (p * good + q) * (good + r)
        if p * good + q > 0 and good + r > 0 and product > 1:
            break
    one, two = (f"\\log_{{{base}}}({polynomial(inside)})" for inside in ([p, q], [1, r]))
    equation = f"{one} + {two} = \\log_{{{base}}} {product}"
    other = Fraction(-p * r - q, p) - good
    statement = pick(
        rng,
        (
            f"Find all real solutions of ${equation}$.",
            f"What is the sum of all real numbers $x$ with \\[{equation}?\\]",
            f"The equation \\[{equation}\\] leads to a quadratic equation for $x$. Which real number really "
            "satisfies the given equation?",
        ),
    )
    traps = wrong_answers(str(good), fraction(other), fraction(good + other))
    data = {"kind": "two-logs", "base": base, "first": [p, q], "second": [1, r], "product": product}
    return Problem(statement, str(good), data, traps)


def _bases(rng: np.random.Generator) -> Problem:
    """Turn every logarithm around."""
    i, j, k = (between(rng, 1, 5) for _ in range(3))
    a, b = between(rng, 10, 250), between(rng, 10, 250)
    bound = Fraction(i, a) + Fraction(j, b)
    c = between(rng, 1, max(1, int(1 / bound) - 1))
    while c * bound >= 1:
        i, j, a, b = 1, 1, a + 1, b + 1
        bound = Fraction(i, a) + Fraction(j, b)
    value = k / (Fraction(1, c) - bound)
    base = "".join(name + (f"^{power}" if power > 1 else "") for name, power in zip("xyz", (i, j, k), strict=True))
    given = f"\\log_x w = {a}, \\qquad \\log_y w = {b}, \\qquad \\log_{{{base}}} w = {c}"
    statement = pick(
        rng,
        (
            f"Let $x$, $y$ and $z$ all exceed $1$ and let $w$ be a positive number such that \\[{given}.\\] "
            "Find $\\log_z w$.",
            f"Four real numbers $w, x, y, z > 1$ satisfy \\[{given}.\\] Determine $\\log_z w$.",
            f"For certain real numbers $w, x, y, z$, all greater than $1$, \\[{given}.\\] What is the logarithm of "
            f"$w$ to the base $z$?",
        ),
    )
    answer = fraction(value)
    traps = wrong_answers(answer, fraction(1 / value), fraction(value / k), c - a - b)
    data = {"kind": "bases", "powers": [i, j, k], "logs": [a, b, c]}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


def _log_system(rng: np.random.Generator) -> Problem:
    """Logarithms to different powers of one base make a linear system."""
    p = pick(rng, (2, 3, 5))
    while True:
        exponents = [between(rng, 1, 4) for _ in range(4)]
        factors = [between(rng, 1, 9) for _ in range(4)]
        u, v = (Fraction(f, e) for f, e in zip(factors[:2], exponents[:2], strict=True))
        s, t = (Fraction(f, e) for f, e in zip(factors[2:], exponents[2:], strict=True))
        if u * t != v * s:
            break
    a, b = between(rng, 1, 40), between(rng, 1, 40)
    x, y = (a * t - b * v) / (u * t - v * s), (u * b - s * a) / (u * t - v * s)
    terms = [
        f"\\log_{{{p**e}}} {name}" + (f"^{f}" if f > 1 else "")
        for e, f, name in zip(exponents, factors, "xyyx", strict=True)
    ]
    terms[2], terms[3] = terms[2].replace("y", "x"), terms[3].replace("x", "y")
    one, two = f"{terms[0]} + {terms[1]} = {a}", f"{terms[2]} + {terms[3]} = {b}"
    statement = pick(
        rng,
        (
            f"Positive real numbers $x$ and $y$ satisfy \\[{one} \\quad\\text{{and}}\\quad {two}.\\] Then $xy = "
            f"{p}^n$ for a rational number $n$. Find $n$.",
            f"Suppose that $x, y > 0$ solve the system \\[{one}, \\qquad {two}.\\] Determine $\\log_{{{p}}} (xy)$.",
            f"If $x$ and $y$ are positive numbers with \\[{one}, \\qquad {two},\\] to which power must {p} be raised "
            f"to give the product $xy$?",
        ),
    )
    answer = fraction(x + y)
    traps = wrong_answers(answer, a + b, fraction(x - y), fraction(x * y))
    data = {"kind": "log-system", "base": p, "exponents": exponents, "factors": factors, "right": [a, b]}
    return Problem(f"{statement} {_LOWEST}", answer, data, traps)


_MIXED_BASES = tuple(
    (base, part)
    for base in range(6, 21)
    for part in range(2, base)
    if base % part == 0 and not any(part**i == base**j for i in range(1, 6) for j in range(1, 6))
)


def _log_products(rng: np.random.Generator) -> Problem:
    """Shift the logarithms so that every equation becomes a product; two solutions remain."""
    while True:
        base, part = pick(rng, _MIXED_BASES)
        shifts = [between(rng, 1, 3) for _ in range(3)]
        sizes = [between(rng, 1, shift) for shift in shifts]
        spare = [between(rng, 0, 4) for _ in range(3)]
        if base ** max(spare) * part ** (sizes[1] * max(sizes[0], sizes[2])) < 10**7:
            break
    # log x - m = s, log z - n = t are rational, log y - k = r log(part): so is each product, up to that factor.
    equations, rows = [], []
    for (u, v), extra in zip(((0, 1), (1, 2), (2, 0)), spare, strict=True):
        product = sizes[u] * sizes[v]
        constant = base**extra * (part**product if 1 in (u, v) else 1)
        right = extra + shifts[u] * shifts[v] - (0 if 1 in (u, v) else product)
        names = "".join(
            name + (f"^{power}" if power > 1 else "")
            for name, power in sorted((("xyz"[u], shifts[v]), ("xyz"[v], shifts[u])))
        )
        inside = (str(constant) if constant > 1 else "") + names
        left = f"\\log_{{{base}}}({inside}) - (\\log_{{{base}}} {'xyz'[u]})(\\log_{{{base}}} {'xyz'[v]})"
        equations.append(f"{left} &= {right}")
        rows.append([constant, shifts[v], shifts[u], right])
    weights = [between(rng, 1, 9) for _ in range(3)]
    first, second, third = ([base ** (m + e * s) for e in (1, -1)] for m, s in zip(shifts, sizes, strict=True))
    second = [base ** shifts[1] * part ** sizes[1], base ** shifts[1] // part ** sizes[1]]
    values = [sum(w * v for w, v in zip(weights, each, strict=True)) for each in zip(first, second, third, strict=True)]
    total = sum(values)
    asked = " + ".join(f"{w if w > 1 else ''}{name}" for w, name in zip(weights, "xyz", strict=True))
    shown = " \\\\ ".join(equations)
    statement = pick(
        rng,
        (
            f"The system of equations \\[\\begin{{aligned}} {shown} \\end{{aligned}}\\] has exactly two solutions "
            f"$(x, y, z)$ in positive real numbers. Find the sum of the two values of ${asked}$.",
            f"Let $(x_1, y_1, z_1)$ and $(x_2, y_2, z_2)$ be the two solutions in positive real numbers of "
            f"\\[\\begin{{aligned}} {shown}. \\end{{aligned}}\\] For each of them ${asked}$ is computed. What is "
            f"the sum of the two results?",
            f"Positive real numbers $x$, $y$, $z$ satisfy \\[\\begin{{aligned}} {shown}. \\end{{aligned}}\\] This "
            f"leaves two possible values for ${asked}$. Determine their sum.",
        ),
    )
    answer = str(total)
    traps = wrong_answers(answer, *values, abs(values[0] - values[1]))
    data = {"kind": "log-products", "base": base, "part": part, "rows": rows, "weights": weights}
    return Problem(statement, answer, data, traps)


FAMILIES = (
    ProblemFamily(
        name="functional-equations",
        area="algebra",
        summary="functions given by an equation that they satisfy everywhere",
        chance=0.01,
        make=by_level(_inner_line, _reflected, _cycle_of_three, _additive, _hard_functional),
    ),
    ProblemFamily(
        name="logarithms",
        area="algebra",
        summary="equations and systems with logarithms to various bases",
        chance=0.005,
        make=by_level(_one_logarithm, _two_logarithms, _bases, _log_system, _log_products),
    ),
)

"""The answers of algebra, recomputed: eigenvalues instead of Vieta, search, elimination, sampling."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from math_second_methods.algebra_analysis import absolute_values, complex_numbers, exact_optimum, logarithms
from math_second_methods.exact import m_plus_n, rational_root, solve, surd, tex
from math_second_methods.linear_algebra import (
    add,
    characteristic,
    companion,
    determinant,
    exact,
    identity,
    inverse,
    power,
    times,
    trace,
)

Data = Mapping[str, Any]


def shown(coefficients: list[Fraction], variable: str = "x") -> str:
    """A polynomial as the statements want it."""
    parts = []
    for degree, value in zip(reversed(range(len(coefficients))), coefficients, strict=True):
        if value:
            unknown = variable + (f"^{degree}" if degree > 1 else "") if degree else ""
            size = unknown if unknown and abs(value) == 1 else f"{abs(value)}{unknown}"
            parts.append(("-" if value < 0 else "+", size))
    text = " ".join(f"{sign} {size}" for sign, size in parts)
    return text.removeprefix("+ ").replace("- ", "-", 1) if text.startswith("- ") else text.removeprefix("+ ") or "0"


def polynomial_roots(data: Data) -> str:
    kind = data["kind"]
    if kind == "resultant":
        # The product of Q over the roots of P is the product of P over the roots of Q, as Q has even degree.
        roots_of_unity = np.array(companion(data["quartic"])).astype(np.int64)
        total = sum(c * np.linalg.matrix_power(roots_of_unity, exponent) for c, exponent in data["terms"])
        return tex(determinant(exact(np.array(total).tolist())))
    roots = companion(data["coefficients"])
    if kind in ("product", "slope"):
        k = data["k"]
        if kind == "product":
            return tex(determinant(add(times(roots, roots), identity(4, k * k))))
        return tex(trace(inverse(add(identity(4, k), times(identity(4, -1), roots)))))
    if kind == "transformed":
        moved = add(roots, identity(4, data["shift"])) if data["shift"] else times(roots, roots)
        return shown(characteristic(moved))
    if kind in ("reciprocals", "inverse-squares", "triples"):
        flipped = inverse(roots)
        squared = times(flipped, flipped)
        return tex(
            {
                "reciprocals": trace(flipped),
                "inverse-squares": trace(squared),
                "triples": determinant(roots) * trace(flipped),
            }[kind]
        )
    squares = trace(times(roots, roots))
    return tex(
        {
            "squares": squares,
            "pairs": (trace(roots) ** 2 - squares) / 2,
            "sum-and-product": trace(roots) + determinant(roots),
        }[kind]
    )


def differences(values: list[Fraction], steps: int) -> Fraction:
    """The polynomial through the values, continued by a table of differences."""
    ends = []
    while values:
        ends.append(values[-1])
        values = [b - a for a, b in itertools.pairwise(values)]
    for _ in range(steps):
        for i in reversed(range(len(ends) - 1)):
            ends[i] += ends[i + 1]
    return ends[0]


def polynomial_remainders(data: Data) -> str:
    kind = data["kind"]
    if kind == "linear":
        (p, q), rest = data["divisor"], [Fraction(c) for c in data["coefficients"]]
        while len(rest) > 1:
            lead = rest.pop(0) / p
            rest[0] -= lead * q
        return tex(rest[0])
    if kind == "two-values":
        return shown(solve([[x, 1, y] for x, y in data["points"]]))
    if kind == "sparse":
        roots = companion(data["divisor"])
        total = identity(2, 0)
        for coefficient, exponent in data["terms"]:
            total = add(total, times(identity(2, coefficient), power(roots, exponent)))
        # uC + vI has u in the upper right corner of a companion matrix and v in the upper left.
        return shown([total[0][1], total[0][0]])
    n = data["n"]
    if kind == "quotient":
        values = [Fraction(data["u"] * k + data["v"], k + data["w"]) for k in range(n + 1)]
        return tex(differences(values, 1))
    values = [sum((Fraction(a * r**k) for a, r in data["bases"]), Fraction(data["slope"] * k)) for k in range(n + 1)]
    return tex(differences(values, 2) % 1000)


def equation_systems(data: Data) -> str:
    kind = data["kind"]
    if kind == "linear":
        return "(" + ",".join(map(tex, solve(data["rows"]))) + ")"
    if kind == "products":
        (p, q, r), (a, b, c) = data["shifts"], data["totals"]
        found = []
        for x in range(1, 200):
            y = Fraction(a - q * x, x + p)
            z = (b - r * y) / (y + q) if y > 0 else Fraction(-1)
            if z > 0 and z * x + p * z + r * x == c:
                found.append((x, y, z))
        (only,) = found
        return "(" + ",".join(map(tex, only)) + ")"
    if kind == "reciprocals":
        product, (a, b) = Fraction(*data["product"]), data["sums"]
        x = (product * a + 1) / (b + product)
        z = 1 / (a - x)
        y = b - 1 / x
        assert min(x, y, z) > 0 and x * y * z == product
        return str(m_plus_n(z + 1 / y))
    a, b, c = data["totals"]
    sixteen_areas = 2 * (a * b + b * c + c * a) - a * a - b * b - c * c
    factor = {"equal": Fraction(1, 3), "right": Fraction(1, 4), "mixed": Fraction(3)}[kind]
    return tex(rational_root(sixteen_areas * factor))


def one_radical(data: Data) -> str:
    (a, b), side = data["inside"], Fraction(data["right"], data["m"])
    (x,) = solve([[a, side * side - b]])
    assert data["m"] * rational_root(a * x + b) == data["right"]
    return tex(x)


def substituted_radical(data: Data) -> str:
    """All roots of the squared equation, those kept that satisfy the given one, and their symmetric functions."""
    outside, factor, inside = data["outside"], data["factor"], data["inside"]
    quartic = np.polysub(np.polymul(outside, outside), factor * factor * np.array(inside))
    kept = []
    for root in np.roots(quartic):
        x = float(root.real)
        under = np.polyval(inside, x)
        if abs(root.imag) < 1e-5 and under > 0 and abs(np.polyval(outside, x) - factor * under**0.5) < 1e-3:
            kept.append(x)
    assert len(kept) == 2
    total, product = round(sum(kept)), round(kept[0] * kept[1])
    if data["kind"] == "product":
        return str(product)
    if data["kind"] == "squares":
        return str(total * total - 2 * product)
    return f"{tex(Fraction(total, 2))} + {surd(Fraction(total * total, 4) - product)}"


def radical_equations(data: Data) -> str:
    kind = data["kind"]
    if kind == "one-root":
        return one_radical(data)
    if kind == "extraneous":
        (a, b), k, d, right = data["inside"], data["k"], data["left"], data["right"]
        (only,) = [x for x in range(-1500, 1500) if x + right >= d and (x + right - d) ** 2 == k * k * (a * x + b)]
        return str(only)
    if "outside" in data:
        return substituted_radical(data)
    s = data["sum"]
    if kind == "fourth-roots":
        a, b, h = data["first"][2], data["second"][2], -data["first"][1]
        parts = [u for u in range(s + 1) if u**4 + (s - u) ** 4 == a + b]
        assert len(parts) == 2
        roots = [root for u in parts for root in np.roots([1, h, u**4 - a]) if abs(root.imag) < 1e-9]
        return str(round(sum(float(root.real) ** 2 for root in roots)))
    (k, a), b = data["first"], data["second"][1]
    solutions = [Fraction(u**3 - a, k) for u in range(-60, 61) if u**3 + (s - u) ** 3 == a + b]
    assert len(solutions) == 2
    return tex(max(solutions) if kind == "larger" else solutions[0] * solutions[1])


def functional_equations(data: Data) -> str:
    return FUNCTIONAL[data["kind"]](data)


def inner_line(data: Data) -> str:
    """Three values of f and the quadratic through them."""
    (a, b), right, k = data["inner"], data["right"], data["at"]
    points = [(a * x + b, right[0] * x * x + right[1] * x + right[2]) for x in (-1, 0, 1)]
    p, q, r = solve([[t * t, t, 1, value] for t, value in points])
    return tex(p * k * k + q * k + r)


def reflected(data: Data) -> str:
    (p, q), c, (r, s, t), k = data["factors"], data["centre"], data["right"], data["at"]
    if 2 * k == c:
        return tex(Fraction(r * k * k + s * k + t, p + q))
    rows = [[p, q, r * k * k + s * k + t], [q, p, r * (c - k) ** 2 + s * (c - k) + t]]
    return tex(solve(rows)[0])


def cycle(data: Data) -> str:
    m, (a, b, c), x = data["factor"], data["right"], Fraction(data["at"])
    rows = []
    for i in range(3):
        row = [Fraction(0)] * 3
        row[i], row[(i + 1) % 3] = Fraction(1), Fraction(m)
        rows.append([*row, a * x + b + c / x])
        x = 1 / (1 - x)
    return tex(solve(rows)[0])


def additive(data: Data) -> str:
    """Build f(n) step by step as a multiple of f(1) and a constant."""
    values = [(0, 0), (1, 0)]
    for n in range(1, data["at"]):
        lead, rest = values[n]
        values.append((lead + 1, rest + data["k"] * n + data["c"]))
    p, known = data["known"]
    first = Fraction(known - values[p][1], values[p][0])
    return tex(first * values[data["at"]][0] + values[data["at"]][1])


def product_rule(data: Data) -> str:
    n, total = 1, 0
    for p, value in data["values"]:
        while data["at"] % (n * p) == 0:
            total = n * value + p * total
            n *= p
    assert n == data["at"]
    return str(total)


def mirrors(data: Data) -> str:
    """Reflect the zeros again and again inside a window that is wide enough."""
    a, b = data["axes"]
    low, high = data["range"]
    reach = max(-low, high) + 4 * b
    found, fresh = set(data["zeros"]), set(data["zeros"])
    while fresh:
        images = {2 * axis - x for axis in (a, b) for x in fresh}
        fresh = {x for x in images if abs(x) <= reach} - found
        found |= fresh
    return str(sum(low <= x <= high for x in found))


def two_variables(data: Data) -> str:
    x, y = data["at"]
    factor = Fraction(1)
    while x != y:
        x, y = min(x, y), max(x, y)
        factor *= Fraction(y, y - x)
        y -= x
    return tex(factor * data["factor"] * x ** data["power"] % 997)


FUNCTIONAL: dict[str, Callable[[Data], str]] = {
    "inner-line": inner_line,
    "reflected": reflected,
    "cycle": cycle,
    "additive": additive,
    "product-rule": product_rule,
    "mirrors": mirrors,
    "two-variables": two_variables,
}


def matrix_text(rows: Any) -> str:
    body = " \\\\ ".join(" & ".join(tex(Fraction(value)) for value in row) for row in rows)
    return f"\\begin{{pmatrix}} {body} \\end{{pmatrix}}"


def matrices(data: Data) -> str:
    kind = data["kind"]
    if kind == "product":
        a, b, c = (np.array(each) for each in data["matrices"])
        return matrix_text((a @ b + c).tolist())
    if kind == "equation":
        a, b = exact(data["a"]), exact(data["b"])
        return matrix_text(times(inverse(a), b) if data["left"] else times(b, inverse(a)))
    if kind == "cayley-hamilton":
        a = exact(data["matrix"])
        high = power(a, data["power"])
        p = high[0][1] / a[0][1]
        q = high[0][0] - p * a[0][0]
        assert high == add(times(identity(2, p), a), identity(2, q))
        return f"({tex(p)},{tex(q)})"
    if kind == "determinant":
        return tex(determinant(exact(data["rows"])))
    above, below = data["sides"]
    before, minor = 1, data["corner"]
    for _ in range(data["n"] - 1):
        before, minor = minor, data["diagonal"] * minor - above * below * before
    return str(minor % 997)


SECOND: dict[str, Callable[[Data], str]] = {
    "polynomial-roots": polynomial_roots,
    "polynomial-remainders": polynomial_remainders,
    "equation-systems": equation_systems,
    "radical-equations": radical_equations,
    "absolute-values": absolute_values,
    "functional-equations": functional_equations,
    "logarithms": logarithms,
    "complex-numbers": complex_numbers,
    "matrices": matrices,
    "exact-optimum": exact_optimum,
}

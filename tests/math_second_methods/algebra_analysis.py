"""Algebra with inequalities, logarithms, the complex plane and extreme values, recomputed by other means."""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from math_second_methods.exact import m_plus_n, solve, surd, tex

Data = Mapping[str, Any]


def pieces(
    f: Callable[[Fraction], Fraction], breaks: list[Fraction], far: int = 10**6
) -> list[tuple[Fraction, Fraction]]:
    """Where a piecewise linear function is at most 0, as intervals between its breakpoints."""
    ends = [Fraction(-far), *sorted(breaks), Fraction(far)]
    found = []
    for left, right in itertools.pairwise(ends):
        low, high = f(left), f(right)
        if low > 0 and high > 0:
            continue
        zero = left + (right - left) * low / (low - high) if low != high else left
        found.append((left if low <= 0 else zero, right if high <= 0 else zero))
    return found


def joined(intervals: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    for (_, end), (start, _) in itertools.pairwise(intervals):
        assert end == start
    return intervals[0][0], intervals[-1][1]


def absolute_values(data: Data) -> str:
    kind = data["kind"]
    if kind == "lattice":
        (p, q), (m, n), (a, b), bound = data["centre"], data["weights"], data["offsets"], data["bound"]
        x = np.arange(p - a - bound - 1, p + a + bound + 2)[:, None]
        y = np.arange(q - b - bound - 1, q + b + bound + 2)[None, :]
        inside = m * abs(abs(x - p) - a) + n * abs(abs(y - q) - b) <= bound
        return str(int(inside.sum()))
    if kind == "nested":
        k, a, b, c, bound = (data[key] for key in ("k", "a", "b", "c", "bound"))
        found = pieces(lambda x: k * abs(abs(x - a) - b) + abs(x - c) - bound, [*map(Fraction, (a, a - b, a + b, c))])
        return str(len({x for low, high in found for x in range(math.ceil(low), math.floor(high) + 1)}))
    if kind == "band":
        a, b = data["inside"]
        low, high = joined(pieces(lambda x: abs(a * x + b) + data["added"] - data["right"], [Fraction(-b, a)]))
        return f"[{tex(low)},{tex(high)}]"
    if kind == "two-values":
        (a, b), (c, d) = data["left"], data["right"]
        low, high = joined(pieces(lambda x: abs(a * x + b) - abs(c * x + d), [Fraction(-b, a), Fraction(-d, c)]))
        return f"({tex(low)},{tex(high)})"
    weighted = list(zip(data["weights"], data["points"], strict=True))
    breaks = [Fraction(point) for _, point in weighted]
    low, high = joined(pieces(lambda x: sum(w * abs(x - p) for w, p in weighted) - data["bound"], breaks))
    return f"[{tex(low)},{tex(high)}]"


def logarithms(data: Data) -> str:
    kind = data["kind"]
    if kind == "one-log":
        exponent = Fraction(data["right"] - data["added"], data["times"])
        a, b = data["inside"]
        (x,) = solve([[a, Fraction(data["base"]) ** int(exponent) - b]])
        assert math.isclose(
            data["times"] * math.log(a * x + b, data["base"]) + data["added"], data["right"], abs_tol=1e-9
        )
        return tex(x)
    if kind == "two-logs":
        (p, q), (_, r) = data["first"], data["second"]
        (x,) = [x for x in range(-70, 71) if p * x + q > 0 and x + r > 0 and (p * x + q) * (x + r) == data["product"]]
        return str(x)
    if kind == "bases":
        (i, j, k), (a, b, c) = data["powers"], data["logs"]
        # Measure everything in units of log w.
        (z,) = solve([[k, Fraction(1, c) - i * Fraction(1, a) - j * Fraction(1, b)]])
        return tex(1 / z)
    if kind == "log-system":
        u, v, s, t = (Fraction(f, e) for f, e in zip(data["factors"], data["exponents"], strict=True))
        return tex(sum(solve([[u, v, data["right"][0]], [s, t, data["right"][1]]]), Fraction(0)))
    return log_products(data)


def log_products(data: Data) -> str:
    """Numerically: three products of shifted logarithms, hence their squares, hence both solutions."""
    rows = data["rows"]
    # Row u, v holds the exponent of the first unknown, which is the shift of the second, and the other way round.
    shifts = [rows[0][2], rows[0][1], rows[1][1]]
    products = []
    for constant, first, second, right in rows:
        products.append(first * second + math.log(constant) / math.log(data["base"]) - right)
    xy, yz, zx = products
    sizes = [math.sqrt(xy * zx / yz), math.sqrt(xy * yz / zx), math.sqrt(yz * zx / xy)]
    total = 0.0
    for sign in (1, -1):
        for weight, shift, size in zip(data["weights"], shifts, sizes, strict=True):
            total += weight * data["base"] ** (shift + sign * size)
    assert abs(total - round(total)) < 0.01
    return str(round(total))


def complex_numbers(data: Data) -> str:
    kind = data["kind"]
    if "top" in data:
        (a, b), (c, d), (e, f) = data["top"], data["bottom"], data["added"]
        x, y = solve([[c, -d, a + c * e - d * f], [d, c, b + d * e + c * f]])
        return f"({tex(x)},{tex(y)})"
    if "numbers" in data:
        (a, b), (c, d), (e, f) = data["numbers"]
        if kind == "quotient":
            e, f = Fraction(e, e * e + f * f), Fraction(-f, e * e + f * f)
        x, y = 1, 0
        for re, im in ((a, b), (c, d), (c, d), (e, f)):
            x, y = x * re - y * im, x * im + y * re
        return surd(Fraction(x * x + y * y))
    if "radius" in data and kind != "polygon":
        (a, b), r, (c, d) = data["centre"], data["radius"], data["point"]
        angles = np.linspace(0, 2 * np.pi, 20001)
        far = np.abs(complex(a, b) + r * np.exp(1j * angles) - complex(c, d))
        gap, root = math.hypot(a - c, b - d), surd((a - c) ** 2 + (b - d) ** 2)
        target = far.max() if kind == "largest" else far.min()
        texts = {r + gap: f"{r} + {root}", gap - r: f"{root} - {r}", r - gap: f"{r} - {root}"}
        return texts[min(texts, key=lambda value: abs(value - target))]
    if kind == "polygon":
        (a, b), (c, d), r, n = data["centre"], data["point"], data["radius"], data["n"]
        vertices = [complex(a, b) + r * cmath.exp(2j * cmath.pi * k / n) for k in range(n)]
        return str(round(sum(abs(z - complex(c, d)) ** 2 for z in vertices)))
    (a, b), n, c = data["root"], data["n"], data["c"]
    # The conjugate roots add up to 2a and have the product a^2 + b^2: Lucas's sequence of their powers.
    size, before, power = a * a + b * b, 2, 2 * a
    for _ in range(n - 1):
        before, power = power, 2 * a * power - size * before
    return str((size**n - c * power + c * c) % 1009)


def two_terms(data: Data) -> str:
    """The line y = t touches the curve: a discriminant in t vanishes, at its greater root."""
    a, c, top, e = data["slope"], data["constant"], data["top"], data["shift"]
    # a x^2 + (a e + c - t) x + (c e + top - t e) has the discriminant t^2 + p t + q.
    p = -2 * (a * e + c) + 4 * a * e
    q = (a * e + c) ** 2 - 4 * a * (c * e + top)
    middle, root = Fraction(-p, 2), surd(Fraction(p * p - 4 * q, 4))
    return f"{tex(middle)} + {root}" if middle else root


def circle(data: Data) -> str:
    (h, k), (a, b) = data["centre"], data["form"]
    square = h * h + k * k - data["constant"]
    angles = np.linspace(0, 2 * np.pi, 100001)
    greatest = (a * (h + square**0.5 * np.cos(angles)) + b * (k + square**0.5 * np.sin(angles))).max()
    middle, root = a * h + b * k, surd(square * (a * a + b * b))
    assert abs(greatest - middle - (square * (a * a + b * b)) ** 0.5) < 1e-4
    return f"{middle} + {root}" if middle else root


def broken_line(data: Data) -> str:
    """The minimum by Newton's method on the numbers themselves, one multiplier for the sum."""
    (p, q), (r, c), n = data["heights"], data["width"], data["n"]
    heights = np.array([p * k + q for k in range(1, n + 1)], dtype=float)
    slope_low, slope_high = -1.0, 1.0
    for _ in range(200):
        # At the minimum all summands have the same derivative in a_k: find it by bisection.
        slope = (slope_low + slope_high) / 2
        widths = heights * slope / math.sqrt(1 - slope * slope)
        if (widths.sum() - n * c) / r > data["sum"]:
            slope_high = slope
        else:
            slope_low = slope
    return str(round(float(np.hypot(heights, widths).sum())))


def greatest_form(products: list[int], weights: list[int], right: int) -> float:
    """The greatest value of a chain of products on an ellipsoid, as an eigenvalue."""
    matrix = np.zeros((len(weights), len(weights)))
    for i, product in enumerate(products):
        matrix[i, i + 1] = matrix[i + 1, i] = product / 2 / math.sqrt(weights[i] * weights[i + 1])
    return float(np.linalg.eigvalsh(matrix)[-1]) * right


def exact_optimum(data: Data) -> str:
    kind = data["kind"]
    if kind == "cauchy":
        # Lagrange: 2 w x = multiplier * a, and so on, with the plane.
        (p, q, r), (a, b, c), s = data["weights"], data["plane"], data["right"]
        x, y, z, _ = solve([[2 * p, 0, 0, -a, 0], [0, 2 * q, 0, -b, 0], [0, 0, 2 * r, -c, 0], [a, b, c, 0, s]])
        return tex(p * x * x + q * y * y + r * z * z)
    if kind == "titu":
        # Lagrange: the square of top / denominator^2 is the same multiple of each factor.
        ratios = [Fraction(math.isqrt(t), math.isqrt(f)) for t, f in zip(data["tops"], data["factors"], strict=True)]
        bound = data["right"] + data["factors"][0] * data["shift"]
        scale = bound / sum(f * x for f, x in zip(data["factors"], ratios, strict=True))
        return str(m_plus_n(sum((t / (scale * x) for t, x in zip(data["tops"], ratios, strict=True)), Fraction(0))))
    if kind in ("split", "chain"):
        greatest = greatest_form(data["form"], data["weights"], data["right"])
        if kind == "chain":
            assert abs(2 * greatest - round(2 * greatest)) < 1e-6
            return str(round(2 * greatest))
        p, q, r = data["weights"]
        return str(m_plus_n(Fraction(round(greatest**2 * 4 * p * q * r), 4 * p * q * r)))
    return {"two-terms": two_terms, "circle": circle, "broken-line": broken_line}[kind](data)

"""The answers of sequences, recomputed: term by term, by search, by counting, by linear equations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from math_second_methods.exact import m_plus_n, rational_root, solve, surd, tex

Data = Mapping[str, Any]


def rational(text: str) -> Fraction:
    """The value of an integer or a fraction in LaTeX."""
    return Fraction(text.replace("\\frac{", "").replace("}{", "/").replace("}", ""))


def progressions(data: Data) -> str:
    kind = data["kind"]
    if kind == "arithmetic":
        first, step = solve([[1, n - 1, rational(value)] for n, value in data["known"]])
        return tex(first + (data["wanted"] - 1) * step)
    if kind == "geometric":
        # Aitken's formula gives the limit of a geometric series from three partial sums.
        ratio, place = rational(data["ratio"]), data["from"]
        terms = [rational(data["first"]) * ratio ** (place - 1 + k * data["stride"]) for k in range(3)]
        x, y, z = itertools.accumulate(terms)
        return tex((x * z - y * y) / (x + z - 2 * y))
    if kind == "change":
        (a, b, c), middle = data["added"], data["sum"] // 3
        sign = 1 if data["direction"] == "increasing" else -1
        (step,) = [d for d in range(1, 16000) if (middle - sign * d + a) * (middle + sign * d + c) == (middle + b) ** 2]
        return f"({middle - sign * step},{middle},{middle + sign * step})"
    if kind == "weighted":
        ratio, ((a, b), (c, d)) = rational(data["ratio"]), data["lines"]
        # Shift the index by one: S_j = r (1 + sum of binomials times S_i) for the sum S_j of n^j r^n.
        rows = [[Fraction(int(i == j)) - ratio * math.comb(j, i) for i in range(3)] + [ratio] for j in range(3)]
        s0, s1, s2 = solve(rows)
        return tex(a * c * s2 + (a * d + b * c) * s1 + b * d * s0)
    return alternating(data)


def alternating(data: Data) -> str:
    """The growth from a quadratic equation, then the sequence by its definition."""
    first, even, total = data["first"], data["places"], data["sum"]
    k = even // 2
    # a_2k + a_(2k+1) = a_1 (1 + kt)(2 + (2k-1)t), where a_2 = a_1 (1 + t).
    p, q, r = k * (2 * k - 1), 4 * k - 1, 2 - Fraction(total, first)
    growth = (-q + rational_root(q * q - 4 * p * r)) / (2 * p)
    terms = [Fraction(first), first * (1 + growth)]
    while len(terms) < data["wanted"]:
        x, y = terms[-2:]
        terms.append(y * y / x if len(terms) % 2 == 0 else 2 * y - x)
    assert terms[even - 1] + terms[even] == total and terms[data["wanted"] - 1].denominator == 1
    return str(int(terms[data["wanted"] - 1]) % 1009)


def telescoping(data: Data) -> str:
    kind, n = data["kind"], data["count"]
    if kind in ("quotient", "sum"):
        step, first = data["step"], data["first"]
        _, _, middle, _, last = data["quartic"]

        def g(x: int) -> int:
            return int(x**4 + middle * x * x + last)

        if kind == "sum":
            places = range(first, first + step * n, step)
            return str(m_plus_n(sum((Fraction(x, g(x)) for x in places), Fraction(0))))
        places = range(first, first + 2 * step * n, 2 * step)
        return str(m_plus_n(math.prod((Fraction(g(x + step), g(x)) for x in places), start=Fraction(1))))
    a, b = data["line"]
    if kind == "roots":
        found: dict[int, int] = {}
        for k in range(1, n + 1):
            for radicand, sign in ((a * (k + 1) + b, 1), (a * k + b, -1)):
                found[radicand] = found.get(radicand, 0) + sign
        (low, minus), (high, plus) = sorted((r, s) for r, s in found.items() if s)
        numeric = sum(data["top"] / (math.sqrt(a * k + b) + math.sqrt(a * (k + 1) + b)) for k in range(1, n + 1))
        assert (minus, plus) == (-1, 1) and math.isclose(
            numeric, data["top"] / a * (high**0.5 - low**0.5), rel_tol=1e-9
        )
        return " - ".join(surd(Fraction(data["top"] ** 2 * r, a * a)) for r in (high, low))
    if kind == "ratios":
        square = (data["gap"] * a) ** 2
        return tex(
            math.prod((1 - Fraction(square, (a * k + b) ** 2) for k in range(1, n + 1)), start=Fraction(data["scale"]))
        )
    if kind == "pairs":
        terms = (Fraction(data["top"], (a * k + b) * (a * k + a + b)) for k in range(1, n + 1))
    else:
        c, d = data["top"]
        terms = (Fraction(c * k + d, math.prod(a * (k + j) + b for j in range(3))) for k in range(1, n + 1))
    return tex(sum(terms, Fraction(0)))


def linear_recurrences(data: Data) -> str:
    kind = data["kind"]
    if kind == "unroll":
        p, q, r = data["rule"]
        step = np.array([[p, q, r], [1, 0, 0], [0, 0, 1]], dtype=object)
        first, second = data["start"]
        return str((np.linalg.matrix_power(step, data["wanted"] - 2) @ np.array([second, first, 1], dtype=object))[0])
    if kind == "closed-form":
        r, s = data["bases"]
        terms = list(data["start"])
        for _ in range(3):
            terms.append((r + s) * terms[-1] - r * s * terms[-2])
        return "(" + ",".join(map(tex, solve([[r**n, s**n, terms[n]] for n in (3, 4)]))) + ")"
    if kind == "affine":
        (p, q, r), terms = data["rule"], [data["start"]]
        for n in range(4):
            terms.append(p * terms[-1] + q * n + r)
        return "(" + ",".join(map(tex, solve([[p**n, n, 1, terms[n]] for n in (2, 3, 4)]))) + ")"
    if kind == "modulo":
        (x, y), (p, q) = data["start"], data["rule"]
        for _ in range(data["index"] - 1):
            x, y = y, (p * y + q * x) % data["modulus"]
        return str(x % data["modulus"])
    x, y = data["start"]
    for _ in range(data["index"] - 1):
        z, rest = divmod(y * y + data["added"], x)
        assert rest == 0
        x, y = y, z
    return str((x * x + y * y) // (x * y)) if kind == "floor" else str(x % 1009)


def periodic_recurrences(data: Data) -> str:
    kind = data["kind"]
    if kind == "moebius":
        a, b, c, d = data["matrix"]
        x, y = rational(data["start"]).as_integer_ratio()
        for _ in range((data["index"] - 1) % 12):
            x, y = a * x + b * y, c * x + d * y
        return tex(Fraction(x, y))
    if kind == "lyness":
        k, (x, y) = data["k"], map(Fraction, data["start"])
        for _ in range(data["index"] - 1):
            x, y = y, k * (y + k) / x
        return tex(x)
    if kind == "six-sums":
        before, now, total = (1, 0, 0), (0, 1, 0), np.array([1, 0, 0])
        sums = [total * 0, total]
        for _ in range(3000):
            total = total + np.array(now)
            sums.append(total)
            before, now = now, (now[0] - before[0], now[1] - before[1], now[2] - before[2] + data["added"])
        first, second = solve([[*map(int, sums[n][:2]), value - int(sums[n][2])] for n, value in data["known"]])
        x, y, constant = map(int, sums[data["wanted"]])
        return tex(x * first + y * second + constant)

    def nested(n: int) -> int:
        waiting = 1
        while waiting:
            if n >= data["limit"]:
                n, waiting = n - data["down"], waiting - 1
            else:
                n, waiting = n + data["up"], waiting + 1
        return n

    return str(sum(nested(n) for n in range(data["from"], data["from"] + data["count"])))


def floor_sums(data: Data) -> str:
    kind = data["kind"]
    if kind == "represented":
        factors, limit = data["factors"], data["limit"]
        common = math.lcm(*factors)
        # Positions of the jumps in units of 1/common, far enough for the last value.
        reach = (limit // sum(factors) + 1) * common
        taken = np.zeros(limit + 2, dtype=bool)
        for factor in factors:
            jumps = np.arange(common // factor, reach + 1, common // factor)
            values = sum(jumps * f // common for f in factors)
            taken[np.minimum(values, limit + 1)] = True
        count = int(taken[:-1].sum())
        return str(limit - count if data["missing"] else count)
    if kind == "reciprocity":
        k = np.arange(1, data["q"], dtype=np.int64)
        return str(int((k * data["p"] // data["q"]).sum()))
    k = np.arange(data["from"], data["to"] + 1, dtype=np.int64)
    if kind == "blocks":
        return str(int(((k + data["added"]) // data["divisor"]).sum()))
    if kind == "roots":
        p, q = data["line"]
        return str(int((p * np.floor(np.sqrt(k)) + q).sum()))
    nearest, counts = np.unique(np.rint(k ** (1 / data["degree"])), return_counts=True)
    return tex(sum((Fraction(data["top"] * int(c), int(j)) for j, c in zip(nearest, counts, strict=True)), Fraction(0)))


def differences(data: Data) -> str:
    kind = data["kind"]
    if kind == "second":
        terms = list(data["terms"])
        while len(terms) < data["wanted"]:
            terms.append(3 * terms[-1] - 3 * terms[-2] + terms[-3])
        return str(terms[-1])
    if kind == "cubic":
        return cubic(solve([[n**3, n * n, n, 1, value] for n, value in enumerate(data["terms"], start=1)]))
    if kind == "polygonal":
        small, big = data["sides"]
        total, rows = 0, {s: itertools.accumulate(range(1, 10**9, s - 2)) for s in (small, big)}
        for n, (less, more) in enumerate(zip(rows[small], rows[big], strict=False), start=1):
            total += more - less if n >= data["from"] else 0
            if n == data["to"]:
                break
        return str(total)
    # a_n as a multiple of a_1, a multiple of a_2 and a constant, term by term.
    terms = [np.array(row, dtype=object) for row in ((0, 0, 0), (1, 0, 0), (0, 1, 0))]
    second, ratio = (data["first"], data["ratio"]) if kind == "geometric" else (data["second"], 1)
    while len(terms) <= data["wanted"] or len(terms) <= data["known"][1][0]:
        terms.append(2 * terms[-1] - terms[-2] + np.array([0, 0, second], dtype=object))
        second *= ratio
    first, other = solve([[*map(int, terms[n][:2]), value - int(terms[n][2])] for n, value in data["known"]])
    x, y, constant = map(int, terms[data["wanted"]])
    value = x * first + y * other + constant
    return tex(value % 1000 if kind == "geometric" else value)


def cubic(coefficients: list[Fraction]) -> str:
    text = ""
    for value, unknown in zip(coefficients, ("n^3", "n^2", "n", ""), strict=True):
        if value:
            size = str(abs(value)) if abs(value) != 1 or not unknown else ""
            text += ("+" if value > 0 else "-") + size + unknown
    text = text.removeprefix("+")
    return text[0] + text[1:].replace("+", " + ").replace("-", " - ")


def without(digit: int, bound: int) -> int:
    """How many integers from 1 to the bound do not contain the digit, by going along the digits of the bound."""
    digits, total = str(bound), 0
    for place, here in enumerate(map(int, digits)):
        rest = len(digits) - place - 1
        smaller = [d for d in range(here) if d != digit]
        if place == 0:
            smaller = [d for d in smaller if d]
        total += len(smaller) * 9**rest
        if here == digit:
            break
    else:
        total += 1
    return total + sum((9 if digit == 0 else 8) * 9 ** (size - 1) for size in range(1, len(digits)))


def digit_sequences(data: Data) -> str:
    kind = data["kind"]
    if kind == "count":
        numbers = np.arange(data["from"], data["to"] + 1)
        return str(sum(int((numbers >= 10**k).sum()) for k in range(7)))
    if kind == "place":
        numbers = np.arange(data["start"], 100000)
        ends = np.cumsum(1 + sum((numbers >= 10**k).astype(int) for k in range(1, 6)))
        return str(int(numbers[np.searchsorted(ends, data["position"])]))
    if kind == "powers":
        sums = [0]
        while len(sums) <= data["places"][1]:
            following = data["base"] ** (len(sums).bit_length() - 1)
            sums += [total + following for total in sums]
        m, n = data["places"]
        return str(sums[n] - sums[m])
    if kind == "missing":
        low, high = 1, 10**10
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if without(data["digit"], middle) >= data["index"] else (middle + 1, high)
        return str(low)
    m, n = data["places"]
    words = itertools.chain.from_iterable(itertools.product(data["digits"], repeat=size) for size in itertools.count(1))
    wanted = itertools.islice(words, m - 1, n)
    return str(sum(int("".join(map(str, word))) for word in wanted) % 1000)


SECOND: dict[str, Callable[[Data], str]] = {
    "progressions": progressions,
    "telescoping": telescoping,
    "linear-recurrences": linear_recurrences,
    "periodic-recurrences": periodic_recurrences,
    "floor-sums": floor_sums,
    "differences": differences,
    "digit-sequences": digit_sequences,
}

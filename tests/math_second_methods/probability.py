"""Answers of the probability families by going through the cases, by linear equations and by integration."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, pairwise, permutations, product
from math import comb, factorial, isqrt, lcm, prod
from typing import Any

import numpy as np

from math_second_methods.exact import m_plus_n, solve, tex

Data = Mapping[str, Any]


def _hands(counts: Sequence[int], size: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every sequence of colours of a hand drawn one after another, with its probability."""
    for colours in product(range(len(counts)), repeat=size):
        left, ways, total = list(counts), 1, 1
        for drawn, colour in enumerate(colours):
            ways *= left[colour]
            total *= sum(counts) - drawn
            left[colour] -= 1
        yield colours, Fraction(ways, total)


def _runs_out(counts: list[int]) -> Fraction:
    """Every chip gets a random moment; the first colour ends at t, the last at s, the others between: integrate."""
    first, last, *others = counts
    total = Fraction(0)
    for size in range(len(others) + 1):
        for early in combinations(others, size):
            total += (-1) ** size * Fraction(first, first + sum(early)) * Fraction(last, sum(counts))
    return total


def draws_without_replacement(data: Data) -> str:
    match data["ask"]:
        case "two alike":
            kinds = 1 if data["same"] else 2
            return tex(sum(p for hand, p in _hands(data["counts"], 2) if len(set(hand)) == kinds))
        case "three drawn":
            kinds_of = {"exactly two": {2}, "all different": {3}, "not all different": {1, 2}}[data["kind"]]
            return tex(sum(p for hand, p in _hands(data["counts"], 3) if len(set(hand)) in kinds_of))
        case "moved":
            total = Fraction(0)
            for hand, p in _hands(data["first"], data["moved"]):
                total += p * Fraction(data["second"][0] + hand.count(0), sum(data["second"]) + len(hand))
            return tex(total)
        case "given":
            (a, b, *others), hand = data["counts"], data["hand"]
            ways = {
                (i, j): comb(a, i) * comb(b, j) * comb(sum(others), hand - i - j)
                for i in range(1, hand + 1)
                for j in range(hand - i + 1)
            }
            return tex(m_plus_n(Fraction(sum(n for (_, j), n in ways.items() if j), sum(ways.values()))))
    return tex(m_plus_n(_runs_out(data["counts"])) % 1000)


def _third(urns: list[list[int]]) -> Fraction:
    seen = good = Fraction(0)
    for chosen in range(3):
        left = [list(urn) for urn in urns]
        p = Fraction(1, 3)
        for _ in range(2):
            p *= Fraction(left[chosen][0], sum(left[chosen]))
            left[chosen][0] -= 1
        seen += p
        good += sum(p / 3 * Fraction(urn[0], sum(urn)) for urn in left)
    return good / seen


def bayes_stories(data: Data) -> str:
    match data["ask"]:
        case "total":
            # out of 10000 cases, as many as there are hundredths of a percent
            cases = sum(share * rate for share, rate in zip(data["shares"], data["rates"], strict=True))
            whole, rest = divmod(cases, 100)
            return (f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)) + "\\%"
        case "cause":
            crowd = lcm(*data["sizes"])
            found = [mark * crowd // size for mark, size in zip(data["marked"], data["sizes"], strict=True)]
            return tex(Fraction(found[data["which"]], sum(found)))
        case "tests":
            people: Counter[tuple[bool, bool, bool]] = Counter()
            for ill in (True, False):
                rates = [data["hits"][i] if ill else data["alarms"][i] for i in range(2)]
                for results in product((True, False), repeat=2):
                    chances = [rate if result else 100 - rate for rate, result in zip(rates, results, strict=True)]
                    people[(ill, *results)] += (data["ill"] if ill else 100 - data["ill"]) * prod(chances)
            key = (data["first positive"], True)
            return tex(Fraction(people[(True, *key)], people[(True, *key)] + people[(False, *key)]))
        case "next":
            many, heads, base = data["bent"]
            n = data["tosses"]
            scale = (2 * base) ** (n + 1)
            coins = [(data["fair"], Fraction(1, 2)), (data["double"], Fraction(1)), (many, Fraction(heads, base))]
            runs = [count * p**n * scale for count, p in coins]
            return tex(m_plus_n(sum(run * p for run, (_, p) in zip(runs, coins, strict=True)) / sum(runs)))
    return tex(m_plus_n(_third(data["urns"])) % 1000)


def _positions(weights: list[int], steps: int) -> dict[tuple[int, int], Fraction]:
    moves = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)]
    where = {(0, 0): Fraction(1)}
    for _ in range(steps):
        after: dict[tuple[int, int], Fraction] = {}
        for (x, y), p in where.items():
            for (dx, dy), weight in zip(moves, weights, strict=True):
                there = (x + dx, y + dy)
                after[there] = after.get(there, Fraction(0)) + p * Fraction(weight, sum(weights))
        where = after
    return where


def _on_stones(odds: list[list[int]], gain: Sequence[Fraction | int], end: int) -> list[Fraction]:
    """Solves value = gain + mean of the neighbours' values on the inner stones; `end` is the value of the last."""
    size, rows = len(odds), []
    for i, (a, b) in enumerate(odds):
        row = [Fraction(0)] * (size + 1)
        row[i] += 1
        row[-1] = Fraction(gain[i])
        if i > 0:
            row[i - 1] -= Fraction(b, a + b)
        if i + 1 < size:
            row[i + 1] -= Fraction(a, a + b)
        else:
            row[-1] += Fraction(a, a + b) * end
        rows.append(row)
    return solve(rows)


def random_walks(data: Data) -> str:
    match data["ask"]:
        case "home":
            return tex(_positions(data["weights"], 2)[0, 0])
        case "steps":
            x, y = data["target"]
            return tex(_positions(data["weights"], 3)[x, y])
    odds, at = data["odds"], data["start"] - 1
    reach = _on_stones(odds, [0] * len(odds), 1)
    if data["ask"] == "reach":
        return tex(reach[at])
    if data["ask"] == "duration":
        return tex(_on_stones(odds, [1] * len(odds), 0)[at])
    # the number of jumps, counted only when the walk succeeds
    return tex(m_plus_n(_on_stones(odds, reach, 0)[at] / reach[at]) % 1000)


def _moment(data: Data) -> Fraction:
    sums = [sum(map(int.__mul__, data["weights"], order)) for order in permutations(data["arms"])]
    square = Fraction(sum(t * t for t in sums), len(sums))
    return square - Fraction(sum(sums), len(sums)) ** 2 if data["variance"] else square


def expected_values(data: Data) -> str:
    match data["ask"]:
        case "prizes":
            tickets = [0] * data["blanks"]
            for value, count in zip(data["values"], data["counts"], strict=True):
                tickets += [value] * count
            return tex(Fraction(sum(tickets), len(tickets)))
        case "neighbours":
            chairs = np.repeat(np.arange(5), data["counts"])
            n = len(chairs)
            equal = int((chairs[:, None] == chairs[None, :]).sum()) - n
            return tex(Fraction(equal, n * (n - 1)) * (n if data["ring"] else n - 1))
        case "kinds":
            return tex(sum(p * len(set(hand)) for hand, p in _hands(data["counts"], data["size"])))
        case "square":
            sums = ((p, sum(data["scores"][c] for c in hand)) for hand, p in _hands(data["counts"], data["size"]))
            return tex(m_plus_n(sum((p * total * total for p, total in sums), Fraction(0))))
    return tex(m_plus_n(_moment(data)) % 1000)


def _squares(data: Data) -> Fraction:
    numbers, weights, draws = data["numbers"], data["weights"], data["draws"]
    good = 0
    for chosen in combinations_with_replacement(range(6), draws):
        result = prod(numbers[i] for i in chosen)
        if isqrt(result) ** 2 == result:
            orders = factorial(draws)
            for times in Counter(chosen).values():
                orders //= factorial(times)
            good += orders * prod(weights[i] for i in chosen)
    return Fraction(good, sum(weights) ** draws)


def strange_dice(data: Data) -> str:
    match data["ask"]:
        case "duel":
            return tex(Fraction(sum(bisect_left(data["second"], face) for face in data["first"]), 36))
        case "sum of two":
            d = data["divisor"]
            rests = Counter(-face % d for face in data["second"])
            return tex(Fraction(sum(rests[face % d] for face in data["first"]), 36))
        case "loaded":
            w = data["weights"]
            return tex(Fraction(int(np.convolve(w, w)[data["total"] - 2]), sum(w) ** 2))
        case "remainder":
            w = data["weights"]
            good = sum(
                prod(w[face] for face in faces)
                for faces in product(range(6), repeat=data["rolls"])
                if (sum(faces) + len(faces)) % data["divisor"] == data["rest"]
            )
            return tex(m_plus_n(Fraction(good, sum(w) ** data["rolls"])))
    return tex(m_plus_n(_squares(data)) % 1000)


def _trapezoids(length: Callable[[Fraction], Fraction], cuts: set[Fraction]) -> Fraction:
    """The integral of a function that is linear between the cuts."""
    places = sorted(cuts)
    return sum(((b - a) * (length(a) + length(b)) / 2 for a, b in pairwise(places)), Fraction(0))


def _half_plane(data: Data) -> Fraction:
    (a, b), (p, q, r) = data["sides"], data["line"]
    bends = {Fraction(r, p), Fraction(r - q * b, p)}
    cuts = {Fraction(0), Fraction(a)} | {x for x in bends if 0 < x < a}
    return _trapezoids(lambda x: min(Fraction(b), max(Fraction(0), (r - p * x) / q)), cuts) / (a * b)


def _meeting(data: Data) -> Fraction:
    ((a, b), (c, d)), (stay, other) = data["intervals"], data["waits"]
    lengths = [max(0, min(d, x + stay) - max(c, x - other)) for x in range(a, b + 1)]
    return Fraction(2 * sum(lengths) - lengths[0] - lengths[-1], 2 * (b - a) * (d - c))


def _volume(boxes: list[list[int]], length: Callable[[int, int], int]) -> Fraction:
    """The volume over x and z of the lengths in y, in half units.

    Slices at fixed z are polygons whose corners change only at whole z, so that their area is quadratic between
    whole numbers: Simpson's rule is exact there. The lengths in a slice are linear between halves.
    """
    (a, b), _, (e, f) = boxes
    areas = []
    for z in range(2 * e, 2 * f + 1):
        lengths = [length(x, z) for x in range(2 * a, 2 * b + 1)]
        areas.append(2 * sum(lengths) - lengths[0] - lengths[-1])
    total = sum(areas[i] + 4 * areas[i + 1] + areas[i + 2] for i in range(0, len(areas) - 1, 2))
    return Fraction(total, 8 * 6)


def random_points(data: Data) -> str:
    match data["ask"]:
        case "near":
            low, high = data["interval"]
            inside = [abs(2 * x + 1 - 2 * data["point"]) < 2 * data["reach"] for x in range(low, high)]
            return tex(Fraction(sum(inside), len(inside)))
        case "half-plane":
            return tex(_half_plane(data))
        case "meeting":
            return tex(_meeting(data))
        case "three":
            a, b, c = data["sides"]
            part = _volume([[0, a], [0, b], [0, c]], lambda x, z: max(0, min(2 * b, 2 * data["total"] - x - z)))
            return tex(m_plus_n(part / (a * b * c)))
    boxes = data["boxes"]
    c, d = boxes[1]
    part = _volume(boxes, lambda x, z: max(0, min(2 * d, x + z) - max(2 * c, abs(z - x))))
    return tex(m_plus_n(part / prod(high - low for low, high in boxes)) % 1000)


def _watch(counts: list[int], patterns: list[str]) -> tuple[Fraction, Fraction]:
    """The expected time until a pattern shows, and the chance that it is the first one, by a machine with a memory."""
    letters = "RBGWY"[: len(counts)]
    states = sorted({pattern[:n] for pattern in patterns for n in range(len(pattern))})
    known = {*states, *patterns}

    def following(state: str) -> str:
        return next(state[i:] for i in range(len(state) + 1) if state[i:] in known)

    times, wins = [], []
    for state in states:
        time = [Fraction(int(other == state)) for other in states] + [Fraction(1)]
        win = [*time[:-1], Fraction(0)]
        for letter, count in zip(letters, counts, strict=True):
            after, p = following(state + letter), Fraction(count, sum(counts))
            if after in patterns:
                win[-1] += p * (after == patterns[0])
            else:
                time[states.index(after)] -= p
                win[states.index(after)] -= p
        times.append(time)
        wins.append(win)
    start = states.index("")
    return solve(times)[start], solve(wins)[start]


def waiting_times(data: Data) -> str:
    counts = data["counts"]
    total = sum(counts)
    match data["ask"]:
        case "first of":
            return tex(_watch(counts, ["R", "B"])[0])
        case "both":
            # nothing seen, red seen, blue seen
            red, blue = Fraction(counts[0], total), Fraction(counts[1], total)
            return tex(solve([[red + blue, -red, -blue, 1], [0, blue, 0, 1], [0, 0, red, 1]])[0])
        case "pattern":
            return tex(_watch(counts, [data["pattern"]])[0])
        case "race":
            return tex(m_plus_n(_watch(counts, data["patterns"])[1]))
    return tex(m_plus_n(_watch(counts, data["patterns"])[0]) % 1000)


SECOND: dict[str, Callable[[Data], str]] = {
    "draws-without-replacement": draws_without_replacement,
    "bayes-stories": bayes_stories,
    "random-walks": random_walks,
    "expected-values": expected_values,
    "strange-dice": strange_dice,
    "random-points": random_points,
    "waiting-times": waiting_times,
}

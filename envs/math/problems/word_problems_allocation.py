"""Whole things to share out: packing, seats, ways to spend, the best plan, and amounts that cannot be bought."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several


def _eggs(rng: np.random.Generator) -> Problem:
    while True:
        daily, days, broken = between(rng, 60, 400), between(rng, 3, 14), between(rng, 3, 60)
        pack, price = pick(rng, (6, 10, 12, 15, 18, 24, 30)), between(rng, 2, 9)
        cakes, each = between(rng, 2, 12), between(rng, 3, 8)
        left = daily * days - broken - cakes * each
        if left % pack and left > 5 * pack:
            break
    value = left // pack * price
    name = pick(rng, NAMES)
    statements = (
        f"{name}'s hens lay ${daily}$ eggs a day. In ${days}$ days, ${broken}$ of the eggs break, and {name} uses "
        f"${each}$ eggs for each of ${cakes}$ cakes. The others are packed in cartons of ${pack}$, and each full "
        f"carton is sold for ${price}$ dollars. How many dollars do the cartons bring?",
        f"A nursery grows ${daily}$ seedlings a week for ${days}$ weeks. ${broken}$ seedlings wither, and ${cakes}$ "
        f"schools get ${each}$ seedlings each as a present. The rest is put into trays of ${pack}$; only full trays "
        f"are sold, at ${price}$ dollars each. How many dollars are taken in for the trays?",
        f"{name} makes ${daily}$ candles a month for ${days}$ months, gives ${each}$ to each of ${cakes}$ friends, "
        f"and drops ${broken}$, which are lost. The other candles are put into boxes of ${pack}$. {name} sells all "
        f"full boxes for ${price}$ dollars each. Find the income in dollars.",
    )
    data = {"ask": "eggs", "daily": daily, "days": days, "lost": [broken, cakes, each], "pack": pack, "price": price}
    traps = (value + price, daily * days // pack * price, left * price, (left + cakes * each - cakes) // pack * price)
    return posed(rng, statements, value, data, traps)


def _seats(rng: np.random.Generator) -> Problem:
    small, large, extra = several(rng, range(2, 16), 3)
    x, y, z = between(rng, 5, 80), between(rng, 5, 80), between(rng, 2, 40)
    total, seats = x + y + z, x * small + y * large + z * extra
    statements = (
        f"In a dining hall there are tables for ${small}$, for ${large}$ and for ${extra}$ people, ${total}$ tables "
        f"in all. Exactly ${z}$ of them are tables for ${extra}$. Together the tables seat ${seats}$ people. How many "
        f"tables for ${small}$ and how many for ${large}$ are there? Answer with an ordered pair (tables for "
        f"${small}$, tables for ${large}$).",
        f"A game has three kinds of tokens, worth ${small}$, ${large}$ and ${extra}$ points. A player holds ${total}$ "
        f"tokens worth ${seats}$ points altogether, ${z}$ of them being worth ${extra}$ points. Find the ordered pair "
        f"$(a, b)$, where $a$ is the number of tokens worth ${small}$ points and $b$ is the number of those worth "
        f"${large}$ points.",
        f"Boats for ${small}$, ${large}$ and ${extra}$ persons can be rented at a lake. A club of ${seats}$ persons "
        f"fills all seats of ${total}$ boats, of which ${z}$ are for ${extra}$ persons. Let $a$ and $b$ be the "
        f"numbers of its boats for ${small}$ and for ${large}$ persons. Find the ordered pair $(a, b)$.",
    )
    data = {"ask": "seats", "sizes": [small, large, extra], "total": total, "seats": seats, "known": z}
    return posed(rng, statements, f"({x}, {y})", data, (f"({y}, {x})", f"({x + z}, {y})"))


def _ways(prices: list[int], amount: int) -> int:
    counts = [1] + [0] * amount
    for price in prices:
        for value in range(price, amount + 1):
            counts[value] += counts[value - price]
    return counts[amount]


def _ways_to_spend(rng: np.random.Generator) -> Problem:
    while True:
        prices = sorted(several(rng, range(3, 31), 3))
        least, amount = [between(rng, 2, 7) for _ in range(3)], between(rng, 250, 800)
        rest = amount - sum(price * count for price, count in zip(prices, least, strict=True))
        if rest > 90 and gcd(*prices) == 1:
            break
    value = _ways(prices, rest)
    (p, q, r), (u, v, w) = prices, least
    bounds = f"at least ${u}$ of the first kind, at least ${v}$ of the second and at least ${w}$ of the third"
    statements = (
        f"A stationer sells pens at ${p}$, brushes at ${q}$ and inks at ${r}$ coins. In how many ways can one spend "
        f"exactly ${amount}$ coins on pens, brushes and inks, buying at least ${u}$ pens, at least ${v}$ brushes and "
        f"at least ${w}$ inks? (Only the numbers of pens, brushes and inks matter.)",
        f"Stamps come in three kinds, of ${p}$, ${q}$ and ${r}$ cents. Find the number of ways to make up exactly "
        f"${amount}$ cents with {bounds}, when the order of the stamps does not matter.",
        f"Find the number of triples $(x, y, z)$ of integers with $x \\ge {u}$, $y \\ge {v}$, $z \\ge {w}$ and ${p}x "
        f"+ {q}y + {r}z = {amount}$.",
    )
    data = {"ask": "ways", "prices": prices, "least": least, "amount": amount}
    return posed(rng, statements, value, data, (_ways(prices, amount), value + 1, rest * rest // (2 * p * q * r)))


def _best_plan(rng: np.random.Generator) -> Problem:
    while True:
        (a, b), (c, d) = ([between(rng, 2, 12), between(rng, 2, 12)] for _ in range(2))
        wood, work = between(rng, 80, 400), between(rng, 80, 400)
        p, q = between(rng, 5, 60), between(rng, 5, 60)
        cross = a * d - b * c
        if cross == 0:
            continue
        x, y = Fraction(wood * d - b * work, cross), Fraction(a * work - c * wood, cross)
        if min(x, y) > 2 and (p * d - q * c) * cross > 0 and (q * a - p * b) * cross > 0 and x.denominator > 1:
            break
    best = max(p * i + q * min((wood - a * i) // b, (work - c * i) // d) for i in range(min(wood // a, work // c) + 1))
    statements = (
        f"A workshop makes tables and chairs. A table takes ${a}$ boards and ${c}$ hours of work and brings ${p}$ "
        f"dollars; a chair takes ${b}$ boards and ${d}$ hours and brings ${q}$ dollars. There are ${wood}$ boards and "
        f"${work}$ hours. Only whole tables and chairs count. What is the largest amount in dollars that the workshop "
        "can take in?",
        f"A potter has ${wood}$ kg of clay and ${work}$ hours of kiln time. A vase needs ${a}$ kg and ${c}$ hours and "
        f"is sold for ${p}$ crowns, a bowl needs ${b}$ kg and ${d}$ hours and is sold for ${q}$ crowns. Find the "
        "maximal income in crowns from a whole number of vases and a whole number of bowls.",
        f"Nonnegative integers $x$ and $y$ satisfy ${a}x + {b}y \\le {wood}$ and ${c}x + {d}y \\le {work}$. Find the "
        f"greatest possible value of ${p}x + {q}y$.",
    )
    rounded = p * (x.numerator // x.denominator) + q * (y.numerator // y.denominator)
    data = {"ask": "plan", "first": [a, b, wood], "second": [c, d, work], "gain": [p, q]}
    return posed(rng, statements, best, data, (rounded, int(p * x + q * y), p * (wood // a), q * (work // d)))


def _smallest_by_rest(sizes: list[int]) -> list[int]:
    """For each remainder by the first size, the smallest sum of the other sizes that leaves it."""
    modulus = sizes[0]
    found = [0] + [-1] * (modulus - 1)
    for size in sizes[1:]:
        loop = gcd(size, modulus)
        for start in range(loop):
            known = [found[r] for r in range(start, modulus, loop) if found[r] >= 0]
            if not known:
                continue
            value = min(known)
            for _ in range(modulus // loop):
                rest = value % modulus
                value = value if found[rest] < 0 else min(value, found[rest])
                found[rest] = value
                value += size
    return found


def _cannot_be_bought(rng: np.random.Generator) -> Problem:
    while True:
        sizes, least = sorted(several(rng, range(7, 81), 3)), [between(rng, 1, 12) for _ in range(3)]
        if gcd(*sizes) == 1 and sizes[2] % sizes[0] and sizes[2] % sizes[1] and sizes[1] % sizes[0]:
            break
    smallest = _smallest_by_rest(sizes)
    base = sum(size * count for size, count in zip(sizes, least, strict=True))
    largest = max(smallest) - sizes[0]
    gaps = sum(value // sizes[0] for value in smallest)
    value = base + largest + base - 1 + gaps
    (a, b, c), (u, v, w) = sizes, least
    statements = (
        f"Dumplings are sold in boxes of ${a}$, ${b}$ and ${c}$. The cook of a feast must buy at least ${u}$ of the "
        f"boxes of ${a}$, at least ${v}$ of those of ${b}$ and at least ${w}$ of those of ${c}$. Let $F$ be the "
        "largest number of dumplings that the cook cannot buy exactly, and let $G$ be the number of positive "
        "integers that are numbers of dumplings the cook cannot buy exactly. Find $F + G$.",
        f"Call a positive integer $n$ good if there are integers $x \\ge {u}$, $y \\ge {v}$, $z \\ge {w}$ with $n = "
        f"{a}x + {b}y + {c}z$, and bad otherwise. Find the sum of the largest bad number and the number of bad "
        "numbers.",
        f"A choir has benches for ${a}$, ${b}$ and ${c}$ singers. At a concert all benches that are used must be "
        f"full, and at least ${u}$ of the first kind, ${v}$ of the second and ${w}$ of the third must be used; there "
        "are as many more of each kind as one likes. Let $F$ be the largest number of singers that cannot be seated, "
        "and $G$ the number of positive integers that are not possible as numbers of singers. Find $F + G$.",
    )
    data = {"ask": "boxes", "sizes": sizes, "least": least}
    pair = a * b // gcd(a, b) - a - b
    return posed(rng, statements, value, data, (largest + gaps, base + largest + gaps, base + pair + gaps, value + 1))


FAMILY = ProblemFamily(
    name="allocation",
    area="word problems",
    summary="packing, seats, ways to spend, best plans in whole numbers, and amounts that cannot be bought",
    chance=0.01,
    make=by_level(_eggs, _seats, _ways_to_spend, _best_plan, _cannot_be_bought),
)

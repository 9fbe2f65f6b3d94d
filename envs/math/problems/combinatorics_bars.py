"""stars-and-bars: sums of integers with bounds, parities and comparisons, told as the sharing of equal things."""

from __future__ import annotations

import itertools
import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several

THINGS = ("coins", "marbles", "stickers", "walnuts", "chestnuts", "tokens", "candles", "shells")
ORDINALS = {5: "five", 6: "six", 7: "seven"}


def _sum(count: int) -> str:
    return " + ".join(f"x_{index}" for index in range(1, count + 1))


def _variables(count: int) -> str:
    return ", ".join(f"x_{index}" for index in range(1, count + 1))


def _bars(rest: int, count: int) -> int:
    """How many ways `rest` is a sum of `count` integers, each 0 or more."""
    return math.comb(rest + count - 1, count - 1) if rest >= 0 else 0


def _at_least(rng: np.random.Generator) -> Problem:
    count = between(rng, 6, 7)
    least, rest = [between(rng, 0, 9) for _ in range(count)], between(rng, 4, 24)
    total, things = sum(least) + rest, pick(rng, THINGS)
    people, numbers = listing(several(rng, NAMES, count)), listing([f"${value}$" for value in least])
    bounds = ", ".join(rf"x_{index} \ge {value}" for index, value in enumerate(least, 1))
    statements = (
        f"{people} share ${total}$ identical {things}. In this order, they are to get at least {numbers} {things}. In "
        "how many ways can this be done?",
        f"How many solutions in integers does the equation ${_sum(count)} = {total}$ have with ${bounds}$?",
        f"A collection of ${total}$ identical {things} is put into {ORDINALS[count]} numbered drawers, all of it. "
        f"Drawers $1$ to ${count}$ must hold at least {numbers} {things}, respectively. Find the number of possible "
        "distributions.",
    )
    traps = [_bars(total, count), _bars(rest, count + 1), _bars(rest, count - 1), math.comb(rest + count, count - 1)]
    return posed(rng, statements, _bars(rest, count), {"level": 1, "least": least, "total": total}, traps)


def _one_cap(rng: np.random.Generator) -> Problem:
    count = between(rng, 5, 6)
    least, rest = [between(rng, 0, 9) for _ in range(count)], between(rng, 9, 24)
    who, room = between(rng, 0, count - 1), between(rng, 1, rest - 3)
    cap, total, things = least[who] + room, sum(least) + rest, pick(rng, THINGS)
    people, numbers = several(rng, NAMES, count), listing([f"${value}$" for value in least])
    bounds = ", ".join(rf"x_{index} \ge {value}" for index, value in enumerate(least, 1))
    statements = (
        f"{listing(people)} share ${total}$ identical {things}. In this order, they want at least {numbers} {things}, "
        f"and {people[who]} may not get more than ${cap}$. In how many ways can the {things} be shared?",
        f"How many $({_variables(count)})$ of integers satisfy ${_sum(count)} = {total}$ together with ${bounds}$ and "
        f"$x_{who + 1} \\le {cap}$?".replace("How many $(", "How many tuples $("),
        f"All of ${total}$ identical {things} are put into boxes numbered from $1$ to ${count}$. The boxes must hold "
        f"at least {numbers} {things}, respectively, but box ${who + 1}$ has no room for more than ${cap}$. Find the "
        "number of possible distributions.",
    )
    answer = _bars(rest, count) - _bars(rest - room - 1, count)
    data = {"level": 2, "least": least, "total": total, "capped": who, "cap": cap}
    traps = [_bars(rest, count), _bars(rest, count) - _bars(rest - room, count), _bars(rest - room - 1, count)]
    return posed(rng, statements, answer, data, traps)


def _all_caps(rng: np.random.Generator) -> Problem:
    low = [between(rng, 0, 5) for _ in range(5)]
    room = [between(rng, 3, 12) for _ in range(5)]
    high, rest = [a + b for a, b in zip(low, room, strict=True)], between(rng, 8, 25)
    rest = min(rest, sum(room) - 4)
    total, things, name = sum(low) + rest, pick(rng, THINGS), pick(rng, NAMES)
    ranges = [rf"{a} \le x_{index} \le {b}" for index, (a, b) in enumerate(zip(low, high, strict=True), 1)]
    words = listing([f"from ${a}$ to ${b}$" for a, b in zip(low, high, strict=True)])
    statements = (
        f"Find the number of integer solutions of ${_sum(5)} = {total}$ with \\[{', '.join(ranges)}.\\]",
        f"{name} takes ${total}$ {things} from five large piles, numbered $1$ to $5$. The numbers taken from the five "
        f"piles, in this order, have to lie in the ranges {words} (both ends are allowed), and only these numbers "
        "matter. In how many ways can this be done?",
        f"Five judges award a whole number of points each. Their scales run, in this order, {words}. In how many ways "
        f"can the five judges award exactly ${total}$ points together?",
    )
    answer = sum(
        (-1) ** size * _bars(rest - sum(chosen) - size, 5)
        for size in range(6)
        for chosen in itertools.combinations(room, size)
    )
    single = _bars(rest, 5) - sum(_bars(rest - value - 1, 5) for value in room)
    data = {"level": 3, "low": low, "high": high, "total": total}
    return posed(rng, statements, answer, data, [_bars(rest, 5), single])


def _parities(rng: np.random.Generator) -> Problem:
    count = 6
    odd, least = [bool(between(rng, 0, 1)) for _ in range(count)], [between(rng, 1, 12) for _ in range(count)]
    start = [value + (value % 2 != parity) for value, parity in zip(least, odd, strict=True)]
    bound, name, things = sum(start) + between(rng, 8, 27), pick(rng, NAMES), pick(rng, THINGS)
    kinds = ["an odd number" if parity else "an even number" for parity in odd]
    words = "; ".join(f"{kind}, at least ${value}$" for kind, value in zip(kinds, least, strict=True))
    odds, evens = ([f"x_{i}" for i, parity in enumerate(odd, 1) if parity is want] for want in (True, False))
    groups = [f"${', '.join(group)}$ {kind}" for group, kind in ((odds, "odd"), (evens, "even")) if group]
    bounds = ", ".join(rf"x_{index} \ge {value}" for index, value in enumerate(least, 1))
    statements = (
        f"How many tuples $({_variables(count)})$ of integers, {listing(groups)}, satisfy ${bounds}$ and "
        f"${_sum(count)} \\le {bound}$?",
        f"{name} has ${bound}$ identical {things} and fills six numbered bowls with some of them; it is not necessary "
        f"to use all {things}. The numbers of {things} in bowls $1$ to $6$ must be, in this order: {words}. How many "
        "results are possible?",
        f"Six runners do a whole number of laps each, with the following rules for runners $1$ to $6$: {words}. How "
        f"many different lap counts (lists of six numbers) are possible if the six runners do no more than ${bound}$ "
        "laps together?",
    )
    pairs = (bound - sum(start)) // 2
    data = {"level": 4, "odd": odd, "least": least, "bound": bound}
    traps = [math.comb(pairs + count - 1, count - 1), _bars((bound - sum(least)) // 2, count + 1)]
    return posed(rng, statements, math.comb(pairs + count, count), data, traps)


def _siblings(rng: np.random.Generator) -> Problem:
    total, step = between(rng, 80, 180), between(rng, 3, 5)
    first, pair, low = between(rng, 1, 30), between(rng, 0, 12), between(rng, 1, 10)
    high, modulus = low + between(rng, 5, 20), pick(rng, MODULI)
    a, b, c, d, e = several(rng, NAMES, 5)
    things, closing = pick(rng, THINGS), remainder_asked(rng, "$T$", modulus)
    statements = (
        f"Let $T$ be the number of tuples $(a, b, c, d, e)$ of non-negative integers with the sum ${total}$ such that "
        f"$a \\ge {first}$, ${pair} \\le b < c$, ${low} \\le e \\le {high}$, and $d$ is a multiple of ${step}$ (zero "
        f"included). {closing}",
        f"{a}, {b}, {c}, {d} and {e} share ${total}$ identical {things}. {a} gets at least ${first}$; {b} and {c} get "
        f"at least ${pair}$ each, and {c} gets more than {b}; the share of {d} is a multiple of ${step}$, possibly "
        f"$0$; and {e} gets at least ${low}$ and at most ${high}$. Let $T$ be the number of ways to share. {closing}",
        f"A code consists of five non-negative integers $v, w, x, y, z$ (in this order) whose sum is ${total}$. It is "
        f"valid if ${step}$ divides $y$, if $v$ is at least ${first}$, if ${low} \\le z \\le {high}$, and if $w$ is at "
        f"least ${pair}$ but smaller than $x$. Let $T$ be the number of valid codes. {closing}",
    )
    free = total - first - 2 * pair
    rests = [free - d - e for d in range(0, free + 1, step) for e in range(low, high + 1) if d + e <= free]
    # With the sum s for b and c there are floor((s + 1) / 2) choices with b < c; s runs from 0 to the rest.
    answer = sum((rest + 1) ** 2 // 4 for rest in rests)
    equal = sum((rest + 2) ** 2 // 4 for rest in rests)
    data = {"level": 5, "total": total, "step": step, "first": first, "pair": pair, "range": [low, high]}
    data |= {"modulus": modulus}
    either = sum(math.comb(rest + 2, 2) for rest in rests)
    return posed(rng, statements, answer % modulus, data, [equal % modulus, either % modulus, either // 2 % modulus])


FAMILY = ProblemFamily(
    name="stars-and-bars",
    area="combinatorics",
    summary="share equal things under lower and upper bounds, parities, multiples and comparisons",
    chance=0.01,
    make=by_level(_at_least, _one_cap, _all_caps, _parities, _siblings),
)

"""Measuring water with jugs when every handling has its price, so that the shortest plan is not the best."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import between, listing, pick, several

# dearer than any plan, so that the plan with the fewest handlings comes first
_ONE_HANDLING = 1_000_000
_NO_PLAN = 1000 * _ONE_HANDLING
_Amounts = tuple[int, ...]


class _Handlings:
    """All amounts that can be reached and all handlings between them, found once for all prices."""

    def __init__(self, sizes: _Amounts, start: _Amounts) -> None:
        self.amounts = [start]
        places, found = {start: 0}, []
        for place, amounts in enumerate(self.amounts):
            for number, after in _moves(sizes, amounts, tap=not any(start)):
                if after not in places:
                    places[after] = len(self.amounts)
                    self.amounts.append(after)
                found.append((places[after], place, number))
        # sorted by the amounts after them, so that those that lead to the same amounts stand together
        after_them, self.before, self.numbers = np.array(sorted(found)).T
        self.begins = np.searchsorted(after_them, range(len(self.amounts)))

    def costs(self, prices: np.ndarray[Any, np.dtype[np.int64]]) -> list[list[int]]:
        """For each row of prices of the handlings by number: the least cost of each of the amounts.

        Plans of one handling more are tried until none of them is cheaper.
        """
        dues = np.take(prices, self.numbers, axis=1)
        least = np.full((len(prices), len(self.amounts)), _NO_PLAN)
        least[:, 0] = 0
        while True:
            cheaper = np.minimum(
                least, np.minimum.reduceat(np.take(least, self.before, axis=1) + dues, self.begins, axis=1)
            )
            if (cheaper == least).all():
                return list(cheaper.tolist())
            least = cheaper


@functools.cache
def _handlings(sizes: _Amounts, start: _Amounts) -> _Handlings:
    return _Handlings(sizes, start)


def _moves(sizes: _Amounts, amounts: _Amounts, tap: bool) -> Iterator[tuple[int, _Amounts]]:
    """All that may be done: the number of its price (of pouring, filling and draining each jug), and what follows."""
    count = len(sizes)
    for source, target in permutations(range(count), 2):
        moved = min(amounts[source], sizes[target] - amounts[target])
        if moved:
            after = list(amounts)
            after[source] -= moved
            after[target] += moved
            yield source, tuple(after)
    for jug in range(count) if tap else ():
        if amounts[jug] < sizes[jug]:
            yield count + jug, (*amounts[:jug], sizes[jug], *amounts[jug + 1 :])
        if amounts[jug]:
            yield 2 * count + jug, (*amounts[:jug], 0, *amounts[jug + 1 :])


@functools.cache
def _goals(sizes: _Amounts, start: _Amounts, level: int) -> list[tuple[list[int | None], list[int]]]:
    """All goals that take enough handlings, each with the places of the amounts that reach it."""
    handlings = _handlings(sizes, start)
    (steps,) = handlings.costs(np.ones((1, 3 * len(sizes)), dtype=np.int64))
    fits: dict[tuple[int | None, ...], list[int]] = {}
    for asked in {1: [[1]], 2: [[1]], 3: [[0, 2]], 4: [[0], [1], [2]], 5: [[0, 1, 2]]}[level]:
        for place, amounts in enumerate(handlings.amounts):
            if any(amounts[jug] for jug in asked) and all(amounts[jug] < sizes[jug] for jug in asked):
                goal = tuple(amount if jug in asked else None for jug, amount in enumerate(amounts))
                fits.setdefault(goal, []).append(place)
    enough = (3, 4, 4, 2, 6)[level - 1]
    return [(list(goal), places) for goal, places in fits.items() if min(steps[place] for place in places) >= enough]


def _prices(rng: np.random.Generator, count: int) -> list[int]:
    return [between(rng, 2, 150) for _ in range(count)]


def _sizes(rng: np.random.Generator, level: int) -> list[int]:
    if level <= 2:
        return sorted(several(rng, range(3, 8) if level == 1 else range(5, 14), 2))
    if level == 3:
        large = between(rng, 8, 14)
        return sorted([*several(rng, range(3, large), 2), large])
    return sorted(several(rng, range(3, 8 if level == 4 else 9), 3))


def _rules_of_play(rng: np.random.Generator, level: int) -> dict[str, Any]:
    sizes = _sizes(rng, level)
    tap = level != 3
    return {
        "sizes": sizes,
        "start": [0] * len(sizes) if tap else [0, 0, sizes[-1]],
        "fill": _prices(rng, len(sizes)) if tap else [],
        "drain": _prices(rng, len(sizes)) if tap else [],
        "pour": _prices(rng, len(sizes)),
    }


def _draw(rng: np.random.Generator, level: int) -> tuple[dict[str, Any], int, int] | None:
    """Parameters, the least price, and handlings and price of the shortest plan; None where no goal is hard enough."""
    data = _rules_of_play(rng, level)
    sizes, start = tuple(data["sizes"]), tuple(data["start"])
    goals = _goals(sizes, start, level)
    if not goals:
        return None
    prices = np.array([*data["pour"], *data["fill"], *data["drain"]])
    cheapest, shortest = _handlings(sizes, start).costs(np.stack([prices, prices + _ONE_HANDLING]))
    for goal, places in several(rng, goals, len(goals)):
        least, quickest = min(cheapest[place] for place in places), min(shortest[place] for place in places)
        if quickest % _ONE_HANDLING != least:
            return {**data, "goal": goal}, least, quickest
    return None


_STORIES = (
    "In a kitchen there are unmarked jugs that hold exactly {sizes} litres, {start}.",
    "An alchemist owns vessels without any marks, of exactly {sizes} litres, {start}.",
    "On a farm there are buckets of exactly {sizes} litres, {start}. No bucket bears a scale.",
)


def _rules(rng: np.random.Generator, data: Mapping[str, Any]) -> str:
    def prices(kind: str) -> str:
        return listing([f"${price}$ for the ${size}$" for price, size in zip(data[kind], data["sizes"], strict=True)])

    over = (
        "pour one into another until the first is empty or the second is full, where the price depends on the one "
        f"that is poured from ({prices('pour')})"
    )
    if not data["fill"]:
        opening = pick(rng, ("No water may be added or spilt. You may only", "There is no tap and no drain; you can"))
        return f"{opening} {over}. Here a vessel is called by its litres, and prices are in cents."
    opening = pick(rng, ("You may, as often as you like,", "Three things are allowed:"))
    return (
        f"{opening} fill one to the brim at a tap ({prices('fill')}), empty one into the drain ({prices('drain')}), or "
        f"{over}. Here a vessel is called by its litres, and prices are in cents."
    )


def _goal(data: Mapping[str, Any]) -> str:
    wanted = [
        f"${amount}$ {'litre' if amount == 1 else 'litres'} in the ${size}$"
        for size, amount in zip(data["sizes"], data["goal"], strict=True)
        if amount is not None
    ]
    return f"exactly {listing(wanted)}"


def _make(rng: np.random.Generator, level: int) -> Problem:
    while (drawn := _draw(rng, level)) is None:
        pass
    data, answer, quickest = drawn
    sizes = listing([f"${size}$" for size in data["sizes"]])
    start = "all empty at first" if data["fill"] else f"of which the ${data['sizes'][-1]}$ is full and the others empty"
    question = pick(
        rng,
        (
            "What is the least number of cents that it takes to have {goal}?",
            "Find the lowest total price, in cents, of a plan that ends with {goal}.",
            "You want {goal}. How many cents must you spend at least?",
        ),
    )
    story = pick(rng, _STORIES).format(sizes=sizes, start=start)
    statement = f"{story} {_rules(rng, data)} {question.format(goal=_goal(data))}"
    famous = (str(quickest % _ONE_HANDLING), str(quickest // _ONE_HANDLING))
    return Problem(statement, str(answer), data, tuple(trap for trap in famous if trap != str(answer)))


FAMILIES = (
    ProblemFamily(
        "priced-jugs",
        "riddles",
        "Measuring water with jugs at the least price, which the plan with the fewest steps does not reach.",
        0.01,
        _make,
    ),
)

"""Measuring water with jugs when every handling has its price, so that the shortest plan is not the best."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.riddles_search import costs
from selftrain.envs.math.wording import between, listing, pick, several

# dearer than any plan, so that the plan with the fewest handlings comes first
_ONE_HANDLING = 1_000_000
_Amounts = tuple[int, ...]


def _handlings(data: Mapping[str, Any]) -> Callable[[_Amounts], Iterator[tuple[int, _Amounts]]]:
    """The moves from given amounts: fill at the tap, pour away, and pour over, each with its price."""
    sizes, fill, drain, pour = data["sizes"], data["fill"], data["drain"], data["pour"]
    pairs = list(permutations(range(len(sizes)), 2))

    def moves(amounts: _Amounts) -> Iterator[tuple[int, _Amounts]]:
        for jug in range(len(sizes)) if fill else ():
            if amounts[jug] < sizes[jug]:
                yield fill[jug], (*amounts[:jug], sizes[jug], *amounts[jug + 1 :])
            if amounts[jug]:
                yield drain[jug], (*amounts[:jug], 0, *amounts[jug + 1 :])
        for source, target in pairs:
            moved = min(amounts[source], sizes[target] - amounts[target])
            if moved:
                after = list(amounts)
                after[source] -= moved
                after[target] += moved
                yield pour[source], tuple(after)

    return moves


def _all_costs(data: Mapping[str, Any]) -> tuple[dict[_Amounts, int], dict[_Amounts, int]]:
    """For all amounts that can be reached: the least price, and handlings and price of the shortest plan."""
    start: _Amounts = tuple(data["start"])
    moves = functools.cache(lambda amounts: tuple(_handlings(data)(amounts)))
    prices = costs(start, moves)
    return prices, costs(start, lambda at: [(price + _ONE_HANDLING, after) for price, after in moves(at)])


def _least(table: Mapping[_Amounts, int], goal: Sequence[int | None]) -> int:
    """The least cost of amounts that are what the goal wants."""
    asked = [(jug, wanted) for jug, wanted in enumerate(goal) if wanted is not None]
    return min(cost for amounts, cost in table.items() if all(amounts[jug] == wanted for jug, wanted in asked))


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
    prices, plans = _all_costs(data)
    for amounts in several(rng, list(plans), 60):
        asked = {1: (1,), 2: (1,), 3: (0, 2), 4: (int(rng.integers(3)),), 5: (0, 1, 2)}[level]
        if any(amounts[jug] == data["sizes"][jug] for jug in asked) or not any(amounts[jug] for jug in asked):
            continue
        goal = [amount if jug in asked else None for jug, amount in enumerate(amounts)]
        quickest, least = _least(plans, goal), _least(prices, goal)
        if quickest >= (3, 4, 4, 2, 6)[level - 1] * _ONE_HANDLING and quickest % _ONE_HANDLING != least:
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

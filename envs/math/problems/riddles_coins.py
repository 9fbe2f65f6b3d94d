"""Weighings with a fee, on scales that tell less than those of the well-known riddle."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import between, fraction, pick

_Parts = tuple[tuple[int, bool], ...]


def _placements(scale: str, suspects: int, coins: int) -> Iterator[tuple[int, _Parts]]:
    """Each way to weigh: coins on the pans, and the suspects left after each outcome with whether the scale moves."""
    if scale in ("sides", "thirds"):
        third = (suspects + 1) // 3
        for one_pan in [third] if scale == "thirds" else range(1, suspects // 2 + 1):
            yield 2 * one_pan, ((one_pan, True), (one_pan, True), (suspects - 2 * one_pan, False))
    elif scale == "level":
        # an odd number of suspects needs a coin that is cleared on the other pan, and at first there is none
        for weighed in range(2, suspects, 2) if suspects == coins else range(1, suspects):
            yield weighed + weighed % 2, ((weighed, True), (suspects - weighed, False))
    else:
        for right in range(1, min(suspects - 1, coins // 2) + 1):
            yield 2 * right, ((right, True), (suspects - right, False))


def _best(scale: str, data: dict[str, Any]) -> int:
    """The least fee in the worst case, or the least sum of the fees over all coins that may be the heavy one."""
    (coins,), (weighing, each, moving), mean = data["coins"], data["fees"], data["mean"]
    table: list[int] = [0, 0]
    for suspects in range(2, coins + 1):
        found: list[int] = []
        for on_pans, parts in _placements(scale, suspects, coins):
            fee = weighing + each * on_pans
            if mean:
                found.append(suspects * fee + sum(table[part] + moving * part * moves for part, moves in parts))
            else:
                found.append(fee + max(table[part] + moving * moves for part, moves in parts if part))
        table.append(min(found))
    return table[int(coins)]


def _two_bags(data: dict[str, Any], ways: int) -> int:
    """The fees of two bags when every weighing divides the suspects into so many parts."""
    total = 0
    for coins, fee in zip(data["coins"], data["fees"], strict=True):
        weighings = 0
        while ways**weighings < coins:
            weighings += 1
        total += weighings * fee
    return total


_SCALE = {
    "level": "The scale is damaged: it only shows whether the pans balance or not, and not which pan is heavier.",
    "sides": "The scale is an ordinary balance, but coins that are already cleared must not be put on it again.",
    "rusty": (
        "The scale is rusty: its right pan goes down when it is the heavier one, while the left pan never moves down, "
        "so that a heavier left pan looks exactly like balance. Cleared coins may be used as weights."
    ),
}


def _draw(rng: np.random.Generator, level: int) -> dict[str, Any]:
    if level == 1:
        return {"coins": [between(rng, 5, 150) for _ in "ab"], "fees": [between(rng, 3, 200) for _ in "ab"]}
    return {
        "coins": [between(rng, 9, 32)],
        "fees": [between(rng, 20, 400), between(rng, 1, 80), between(rng, 5, 500)],
        "mean": level > 3,
        "scale": {2: "sides", 3: "level", 4: "sides", 5: "rusty"}[level],
    }


def _form(value: int, data: dict[str, Any], level: int) -> str:
    if level <= 3:
        return str(value)
    mean = Fraction(value, data["coins"][0])
    return fraction(mean) if level == 4 else str(mean.numerator + mean.denominator)


def _bags_statement(rng: np.random.Generator, data: dict[str, Any]) -> str:
    (first, second), (fee, other) = data["coins"], data["fees"]
    opening = pick(
        rng,
        (
            f"A chest holds a bag of ${first}$ copper coins and a bag of ${second}$ silver coins. In each bag exactly "
            "one coin is too heavy, and all others of that bag weigh the same.",
            f"A collector owns ${first}$ bronze coins, all equal in weight but for a single heavier one, and likewise "
            f"${second}$ nickel coins with a single heavier one among them.",
            f"Two boxes are given. In the first lie ${first}$ iron coins, in the second ${second}$ brass coins, and in "
            "each box one coin is heavier than the others, which are equal.",
        ),
    )
    return (
        f"{opening} {_SCALE['level']} Coins of different metal must never be on the scale together. One weighing of "
        f"coins of the first metal costs ${fee}$ cents, one of the second ${other}$ cents. "
    ) + pick(
        rng,
        (
            "What is the least number of cents that is sure to be enough for finding both heavy coins?",
            "Find the smallest sum, in cents, with which both heavy coins can be found whatever happens.",
            "How many cents must one have in order to be able to find both heavy coins with certainty?",
        ),
    )


def _fees_statement(rng: np.random.Generator, data: dict[str, Any], level: int) -> str:
    (coins,), (weighing, each, moving) = data["coins"], data["fees"]
    opening = pick(
        rng,
        (
            f"Among ${coins}$ coins that look alike exactly one is heavier than the others, which weigh the same.",
            f"A mint has struck ${coins}$ coins; one of them is too heavy, and the rest are equal in weight.",
            f"Let ${coins}$ coins be given, all of one weight except a single heavier one.",
        ),
    )
    fees = (
        f"Each weighing, with equally many coins on the two pans, costs ${weighing}$ cents, plus ${each}$ cents for "
        f"each coin on the pans, plus ${moving}$ cents whenever the scale visibly tips, because it must then be reset."
    )
    worst = (
        "What is the least number of cents that is sure to be enough for finding the heavy coin?",
        "Find the smallest sum, in cents, with which the heavy coin can be identified whatever happens.",
        "What does the best plan cost, in cents, in its worst case, if it must find the heavy coin?",
    )
    mean = (
        "Each coin is equally likely to be the heavy one. A plan may depend on what the scale has shown and must find "
        "the heavy coin. What is the smallest possible expected cost in cents?",
        "The heavy coin is one of them at random, all being equally likely. Find the least expected cost, in cents, of "
        "a plan that always finds it.",
    )
    form = {4: " Give it as an integer or a common fraction in lowest terms."}.get(level, "")
    if level == 5:
        form = " Written in lowest terms it is $\\frac{m}{n}$; find $m+n$."
    scale = _SCALE[data["scale"]] + " Cleared coins may be used as weights." * (data["scale"] == "level")
    return f"{opening} {scale} {fees} {pick(rng, mean if data['mean'] else worst)}{form}"


def _make(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _draw(rng, level)
        if level == 1:
            answer, famous = str(_two_bags(data, 2)), str(_two_bags(data, 3))
        else:
            answer = _form(_best(data["scale"], data), data, level)
            famous = _form(_best("thirds", data), data, level)
        if answer != famous:
            break
    statement = _bags_statement(rng, data) if level == 1 else _fees_statement(rng, data, level)
    return Problem(statement, answer, data, (famous,))


FAMILIES = (
    ProblemFamily(
        "priced-weighings",
        "riddles",
        "Finding a heavy coin at the least fee, on scales for which dividing by three is not best.",
        0.005,
        _make,
    ),
)

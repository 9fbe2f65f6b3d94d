"""Hats that their wearers cannot see, with other announcements, other sight and another order than in the riddle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, between, listing, pick, several

_World = tuple[int, ...]


def _first_hands(people: int, red: int, ranges: Sequence[Sequence[int]]) -> tuple[int, int] | None:
    """In which minute hands go up, and how many, when everybody sees all others; None when that never happens."""
    low, high = next((low, high) for low, high in ranges if low <= red <= high)
    for minute in range(1, people + 2):
        hands = red * (red == low and low > 0) + (people - red) * (red == high and high < people)
        if hands:
            return minute, hands
        # that no hand went up rules out the two ends, except where nobody there has the hat in question
        low, high = low + (low > 0), high - (high < people)
    return None


def _informed(worlds: Sequence[_World], person: int, sees: Sequence[int]) -> set[_World]:
    """The worlds in which the person can tell the own hat, when `worlds` are known to be possible."""
    own: dict[_World, set[int]] = {}
    views = {world: tuple([world[other] for other in sees]) for world in worlds}
    for world, view in views.items():
        own.setdefault(view, set()).add(world[person])
    return {world for world, view in views.items() if len(own[view]) == 1}


def _worlds(data: Mapping[str, Any]) -> list[_World]:
    return [world for world in product((0, 1), repeat=len(data["hats"])) if sum(world) in data["allowed"]]


def _together(data: Mapping[str, Any]) -> tuple[int, list[int]] | None:
    """The first minute in which hands go up, all at once, and whose."""
    worlds, hats, sees = _worlds(data), tuple(data["hats"]), data["sees"]
    people = range(len(hats))
    for minute in range(1, len(worlds) + 1):
        informed = [_informed(worlds, person, sees[person]) for person in people]
        if up := [person for person in people if hats in informed[person]]:
            return minute, up
        left = [world for world in worlds if not any(world in known for known in informed)]
        if len(left) == len(worlds):
            return None
        worlds = left
    return None


def _in_turn(data: Mapping[str, Any]) -> dict[int, int]:
    """For everybody who says "I know" in two rounds of the talk, the number of the first utterance that says so."""
    worlds, hats = _worlds(data), tuple(data["hats"])
    first: dict[int, int] = {}
    for number, person in enumerate([*data["order"], *data["order"]], start=1):
        informed = _informed(worlds, person, data["sees"][person])
        if hats in informed:
            first.setdefault(person, number)
        worlds = [world for world in worlds if (world in informed) == (hats in informed)]
    return first


def _crowd(rng: np.random.Generator, level: int) -> dict[str, Any]:
    people = between(rng, 300, 9000)
    red = between(rng, 30, people - 90)
    if level == 1:
        return {"people": people, "red": red, "ranges": [[between(rng, max(2, red - 80), red), people]]}
    low, high = red - between(rng, 0, 25), red + between(rng, 0, 60)
    ranges = [[low, high]]
    if level == 3:
        start = high + between(rng, 2, 20)
        ranges = [*ranges, [start, start + between(rng, 1, 90)]] if start + 90 < people else ranges
        ranges = [[between(rng, 1, low // 2), low - between(rng, 2, 9)], *ranges]
    return {"people": people, "red": red, "ranges": ranges}


def _circle(rng: np.random.Generator, level: int) -> dict[str, Any]:
    people = 5 if level == 4 else 6
    hats = [between(rng, 0, 1) for _ in range(people)]
    red = sum(hats)
    others = several(rng, [count for count in range(people + 1) if count != red], between(rng, 1, people - 2))
    sees = [
        sorted(several(rng, [other for other in range(people) if other != person], between(rng, 2, people - 1)))
        for person in range(people)
    ]
    data = {
        "hats": hats,
        "allowed": sorted([red, *others]),
        "sees": sees,
        "badges": several(rng, range(11, 100), people),
    }
    return {**data, "order": several(rng, range(people), people)} if level == 5 else data


def _solve(data: Mapping[str, Any], level: int) -> int | None:
    """The answer, or None where the riddle has none or takes no thought."""
    if level <= 3:
        hands = _first_hands(data["people"], data["red"], data["ranges"])
        return hands and (hands[0] if level == 1 else hands[0] * hands[1])
    if level == 4:
        found = _together(data)
        return found[0] * sum(data["badges"][person] for person in found[1]) if found and found[0] > 1 else None
    first = _in_turn(data)
    late = [number for number in first.values() if number > len(data["hats"])]
    return sum(number * data["badges"][person] for person, number in first.items()) if late else None


def _famous(data: Mapping[str, Any], level: int) -> int:
    """By the well-known riddle: all with red hats know in the minute whose number is that of the red hats."""
    if level <= 3:
        return int(data["red"]) * (1 if level == 1 else int(data["red"]))
    reds: list[int] = [badge for badge, hat in zip(data["badges"], data["hats"], strict=True) if hat]
    return len(reds) * sum(reds)


def _crowd_statement(rng: np.random.Generator, data: Mapping[str, Any], level: int) -> str:
    people, red, ranges = data["people"], data["red"], data["ranges"]
    between_them = listing([f"from ${low}$ to ${high}$" for low, high in ranges], "or")
    said = (
        f"at least ${ranges[0][0]}$ of the hats are red" if level == 1 else f"the number of red hats is {between_them}"
    )
    bounds = "" if level == 1 else " (both ends included)"
    scene = pick(
        rng,
        (
            f"In a hall sit ${people}$ perfect logicians, ${red}$ of them under red hats and the others under white "
            f"ones. Everybody sees every hat but their own. The host truthfully tells everyone that {said}{bounds}, "
            "and the logicians know nothing else about the number of red hats.",
            f"A king puts a red hat on ${red}$ of his ${people}$ sages and a white hat on the rest, so that all can "
            f"see every hat but their own. All reason faultlessly and know it of each other. The "
            f"king says, and is believed, that {said}{bounds}; nothing else is known.",
            f"Each of ${people}$ prisoners, all of them perfect logicians who trust each other's logic, wears a red or "
            f"a white hat and sees every hat but their own. It is announced to all that {said}{bounds}, and nothing "
            f"else. In fact ${red}$ hats are red.",
        ),
    )
    rule = (
        "A bell rings every minute. At each ring all who have worked out the colour of their own hat raise a hand, all "
        "at the same moment, and everybody sees which hands are raised."
    )
    asked = "At which ring, counted from $1$, do hands go up for the first time?"
    if level > 1:
        asked = (
            "Let the first ring at which hands go up be number $r$, and let $h$ be the number of hands that rise then. "
            "Find $rh$."
        )
    return f"{scene} {rule} {asked}"


def _circle_statement(rng: np.random.Generator, data: Mapping[str, Any], level: int) -> str:
    names = several(rng, NAMES, len(data["hats"]))
    colours = ["red" if hat else "white" for hat in data["hats"]]
    wearers = listing(
        [
            f"{name} (badge ${badge}$, {colour} hat)"
            for name, badge, colour in zip(names, data["badges"], colours, strict=True)
        ]
    )
    sight = "; ".join(
        f"{name} sees {listing([names[other] for other in seen])}"
        for name, seen in zip(names, data["sees"], strict=True)
    )
    counts = listing([f"${count}$" for count in data["allowed"]], "or")
    scene = pick(
        rng,
        (
            f"Some perfect logicians wear hats that are red or white: {wearers}. Nobody sees their own hat.",
            f"The guests of a party of perfect logicians are {wearers}. Nobody can see their own hat.",
            f"Hats, each red or white, have been put on perfect logicians who cannot see their own: {wearers}.",
        ),
    )
    told = f"All have been told, truthfully, that the number of red hats is {counts}."
    known = f"All know who sees whose hat: {sight}. {told}"
    if level == 4:
        return (
            f"{scene} {known} A bell rings every minute; at each ring all who have worked out the colour of their own "
            "hat raise a hand, all at the same moment, and everybody notices who did. Let $r$ be the number of the "
            "first ring, counted from $1$, at which a hand goes up, and $s$ the sum of the badge numbers of those who "
            "raise a hand then. Find $rs$."
        )
    order = listing([names[person] for person in data["order"]])
    return (
        f"{scene} {known} They speak one after another, heard by all, in the order {order}, and then once more in the "
        "same order. Each says truthfully ``I know the colour of my hat'' or ``I do not know it''. The utterances are "
        "numbered from $1$ on. Everybody who ever says ``I know'' gets points: their badge number times the number of "
        "the first utterance in which that person says so. How many points are given in total?"
    )


def _make(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _crowd(rng, level) if level <= 3 else _circle(rng, level)
        answer, famous = _solve(data, level), _famous(data, level)
        if answer is not None and answer != famous:
            break
    statement = (_crowd_statement if level <= 3 else _circle_statement)(rng, data, level)
    return Problem(statement, str(answer), data, (str(famous),))


FAMILIES = (
    ProblemFamily(
        "changed-hats",
        "riddles",
        "Who works out the own hat and when, after other announcements than in the well-known riddle.",
        0.01,
        _make,
    ),
)

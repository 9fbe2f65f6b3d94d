"""Crossings with changed rules: a bridge by night with one torch, and a ferry with cargo that must not be left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.riddles_search import costs
from selftrain.envs.math.wording import NAMES, between, listing, pick, several

_Pair = tuple[int, int]
_NUMBER = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def _pairs(rng: np.random.Generator, size: int, count: int) -> list[_Pair]:
    return sorted(several(rng, list(combinations(range(size), 2)), count))


def _pairs_with(rng: np.random.Generator, size: int, hubs: Sequence[int], count: int) -> list[_Pair]:
    """Pairs of which each has one of the hubs: with all hubs in the boat, the others can be left alone."""
    near = [pair for pair in combinations(range(size), 2) if set(pair) & set(hubs)]
    return sorted(several(rng, near, count))


def _holds(group: int, pairs: Sequence[int]) -> bool:
    return any(group & pair == pair for pair in pairs)


def _masks(pairs: Sequence[_Pair]) -> list[int]:
    return [1 << first | 1 << second for first, second in pairs]


# ---- the bridge


def _bridge_groups(data: Mapping[str, Any]) -> list[_Pair]:
    """Who may be on the bridge together, with the time they take."""
    times, feuds = data["times"], _masks(data["feuds"])
    carriers = sum(1 << person for person in range(len(times)) if person not in data["no_torch"])
    groups = []
    for size in range(1, data["capacity"] + 1):
        for members in combinations(range(len(times)), size):
            mask = sum(1 << member for member in members)
            if mask & carriers and not _holds(mask, feuds):
                groups.append((mask, max(times[member] for member in members)))
    return groups


def _bridge_time(data: Mapping[str, Any]) -> int | None:
    everyone = (1 << len(data["times"])) - 1
    groups = _bridge_groups(data)

    def moves(position: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        waiting, side = position
        here = everyone ^ waiting if side else waiting
        return ((time, (waiting ^ group, 1 - side)) for group, time in groups if group & here == group)

    return costs((everyone, 0), moves).get((0, 1))


def _famous_bridge(times: Sequence[int]) -> int:
    """The total of the well-known trick: the two fastest are the couriers and the two slowest walk together."""
    order, total = sorted(times), 0
    while len(order) > 3:
        total += order[0] + 2 * order[1] + order[-1]
        order = order[:-2]
    return total + (sum(order) if len(order) == 3 else order[-1])


def _bridge_data(rng: np.random.Generator, level: int) -> dict[str, Any]:
    size = (4, 4, 5, 5, 6)[level - 1]
    times = [between(rng, 40, 600) for _ in range(size)]
    if level == 1:
        times = sorted(times)
        times[1] = between(rng, (times[0] + times[2]) // 2 + 1, times[2] + 60)
        times = several(rng, times, size)
    by_speed = sorted(range(size), key=lambda person: times[person])
    return {
        "times": times,
        "capacity": 3 if level in (3, 5) else 2,
        "no_torch": {1: [], 2: by_speed[:1], 3: [], 4: by_speed[:1], 5: sorted(by_speed[:2])}[level],
        "feuds": _pairs(rng, size, {4: 2, 5: 3}.get(level, 0)),
    }


_BRIDGE_STORIES: tuple[Callable[[str, str, int], str], ...] = (
    lambda who, load, _: (
        f"At night {who} come to a rope bridge and want to get to the other side. They own a single torch, and nobody "
        f"can set foot on the bridge without its light. The bridge bears at most {load} people at a time, and a group "
        "walks at the pace of its slowest member."
    ),
    lambda who, load, size: (
        f"A cave has a narrow ledge that is safe only for somebody who has a lamp close by, and holds at most {load} "
        f"people at once. {who} stand at one end with one lamp between the {_NUMBER[size]} of them, and all must get "
        "to the other end. People who walk together take as long as the slowest of them needs."
    ),
    lambda who, load, _: (
        f"Consider the following crossing. {who} are on the near bank of a gorge and must all reach the far bank over "
        f"a plank. Each trip over the plank, in either direction, is made by at most {load} people, who stay together, "
        "carry the only lantern, and need as much time as the slowest among them."
    ),
)


def _bridge_rules(names: Sequence[str], data: Mapping[str, Any]) -> str:
    light = [names[person] for person in data["no_torch"]]
    text = f" {listing(light)} cannot hold the light, so that somebody else must hold it on every trip." * bool(light)
    if data["feuds"]:
        quarrels = listing([f"{names[first]} with {names[second]}" for first, second in data["feuds"]])
        text += f" Some refuse to make a trip together: {quarrels}."
    return text


def _make_bridge(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _bridge_data(rng, level)
        answer, famous = _bridge_time(data), _famous_bridge(data["times"])
        if answer not in {None, famous}:
            break
    names = several(rng, NAMES, len(data["times"]))
    story = pick(rng, _BRIDGE_STORIES)(listing(names), _NUMBER[data["capacity"]], len(names))
    times = listing([f"{name} ${time}$" for name, time in zip(names, data["times"], strict=True)])
    paces = pick(rng, (f"Alone they need, in seconds: {times}.", f"The times for one trip, in seconds, are: {times}."))
    question = pick(
        rng,
        (
            "What is the least number of seconds after which all of them can be across?",
            "Find the smallest total time, in seconds, in which everybody gets across.",
            "How many seconds does the quickest plan take until the last of them has arrived?",
        ),
    )
    statement = f"{story} {paces}{_bridge_rules(names, data)} {question}"
    return Problem(statement, str(answer), data, (str(famous),))


# ---- the ferry

_CARGO = (
    ("farmer", ("wolf", "goat", "cabbage", "hen", "fox", "sack of corn")),
    ("circus master", ("lion", "pony", "box of carrots", "snake", "parrot", "basket of fruit")),
    ("curator", ("moth", "tapestry", "lamp", "woodworm", "carved chest", "cat")),
)


def _ferry_price(data: Mapping[str, Any]) -> int | None:
    tolls, weights, base = data["tolls"], data["weights"], data["base"]
    banned_bank, banned_boat = _masks(data["bank"]), _masks(data["boat"])
    everything = (1 << len(tolls)) - 1
    loads = []
    for size in range(data["places"] + 1):
        for members in combinations(range(len(tolls)), size):
            mask = sum(1 << member for member in members)
            heavy = data["limit"] and sum(weights[member] for member in members) > data["limit"]
            if not heavy and not _holds(mask, banned_boat):
                loads.append((mask, base + sum(tolls[member] for member in members)))
    safe = [not _holds(group, banned_bank) for group in range(everything + 1)]

    def moves(position: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int]]]:
        near, side = position
        here = everything ^ near if side else near
        return ((price, (near ^ load, 1 - side)) for load, price in loads if load & here == load and safe[here ^ load])

    return costs((everything, 0), moves).get((0, 1))


def _ferry_data(rng: np.random.Generator, level: int) -> dict[str, Any]:
    size = (3, 3, 4, 5, 6)[level - 1]
    bank = {1: [pick(rng, ((0, 1), (1, 2), (0, 2)))], 2: pick(rng, ([(0, 1), (0, 2)], [(0, 2), (1, 2)]))}
    hubs = several(rng, range(size), 2)
    data: dict[str, Any] = {
        "tolls": several(rng, range(5, 160), size),
        "base": between(rng, 10, 120),
        "places": 1 if level < 3 else 2,
        "bank": bank[level] if level < 3 else _pairs_with(rng, size, hubs, (4, 5, 7)[level - 3]),
        "boat": _pairs(rng, size, {4: 2, 5: 2}.get(level, 0)),
        "weights": [between(rng, 20, 90) for _ in range(size)] if level == 5 else [],
        "limit": 0,
    }
    if level == 5:
        data["limit"] = between(rng, max(*data["weights"], sum(data["weights"][hub] for hub in hubs)), 180)
    return data


def _ferry_rules(cargo: Sequence[str], data: Mapping[str, Any], owner: str) -> str:
    def pairs(kind: str) -> str:
        return listing([f"the {cargo[first]} with the {cargo[second]}" for first, second in data[kind]])

    text = (
        f"Unless the {owner} is there too, the following must not stay on one bank: {pairs('bank')}. "
        "Everything else may be left together."
    )
    if data["boat"]:
        text += f" The following must not be in the boat at the same time: {pairs('boat')}."
    if data["limit"]:
        loads = listing([f"${weight}$ kg ({name})" for name, weight in zip(cargo, data["weights"], strict=True)])
        text += f" The cargo weighs {loads}, and the boat takes at most ${data['limit']}$ kg of it."
    return text


def _ferry_story(rng: np.random.Generator, owner: str, goods: str, places: int) -> str:
    room = "one of them" if places == 1 else f"at most {_NUMBER[places]} of them"
    return pick(
        rng,
        (
            f"A {owner} has to bring {goods} over a river. In the boat, which only the {owner} can row, there is room "
            f"for {room} at a time.",
            f"On the left bank of a river stand a {owner} and {goods}, and all are to be on the right bank in the "
            f"evening. The {owner} must row every trip and can take along {room} or nothing.",
            f"A {owner} owns {goods}, all to be carried over by a ferry that nobody else can row or ride. On each "
            f"trip, in either direction, the {owner} may carry {room}, or none.",
        ),
    )


def _make_ferry(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _ferry_data(rng, level)
        answer, tolls = _ferry_price(data), data["tolls"]
        # the second item is the goat of the well-known story, which makes three trips
        famous = (2 * len(tolls) + 1) * data["base"] + sum(tolls) + 2 * tolls[1]
        if answer not in {None, famous}:
            break
    owner, cargo = pick(rng, _CARGO)
    names = cargo[: len(tolls)]
    story = _ferry_story(rng, owner, listing([f"a {name}" for name in names]), data["places"])
    prices = listing([f"${toll}$ for the {name}" for name, toll in zip(names, tolls, strict=True)])
    fees = (
        f"Every trip over the river costs ${data['base']}$ cents and, for whatever is on board besides the {owner}, "
        f"further cents: {prices}."
    )
    question = pick(
        rng,
        (
            "What is the least number of cents for which everything gets across?",
            "Find the smallest possible total price, in cents, of bringing everything over.",
            "How many cents does the cheapest plan cost?",
        ),
    )
    statement = f"{story} {_ferry_rules(names, data, owner)} {fees} {question}"
    return Problem(statement, str(answer), data, (str(famous),))


FAMILIES = (
    ProblemFamily(
        "bridge-by-night",
        "riddles",
        "The quickest crossing of a bridge with one torch, under rules that break the well-known plan.",
        0.005,
        _make_bridge,
    ),
    ProblemFamily(
        "river-ferry",
        "riddles",
        "The cheapest ferry plan when the cargo's quarrels are not those of wolf, goat and cabbage.",
        0.01,
        _make_ferry,
    ),
)

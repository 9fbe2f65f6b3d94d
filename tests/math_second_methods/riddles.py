"""The answers of the riddles once more: other searches, closed forms and literal simulation."""

from __future__ import annotations

import datetime
import functools
import heapq
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import combinations, count, permutations, product
from math import inf
from typing import Any

Data = Mapping[str, Any]


def relaxed(states: Iterable[Any], start: Any, edges: Callable[[Any], Iterable[tuple[int, Any]]]) -> dict[Any, float]:
    """Costs from `start` by Bellman and Ford: relax every edge until nothing changes."""
    best = dict.fromkeys(states, inf)
    best[start] = 0
    changed = True
    while changed:
        changed = False
        for state in list(best):
            if best[state] < inf:
                for price, after in edges(state):
                    if best[state] + price < best[after]:
                        best[after], changed = best[state] + price, True
    return best


def subsets(people: Iterable[int], sizes: Iterable[int]) -> list[frozenset[int]]:
    people = list(people)
    return [frozenset(group) for size in sizes for group in combinations(people, size)]


def bridge(data: Data) -> str:
    times = data["times"]
    everyone = frozenset(range(len(times)))
    feuds = [set(pair) for pair in data["feuds"]]

    def edges(state: tuple[frozenset[int], bool]) -> Iterable[tuple[int, Any]]:
        near, torch_near = state
        for group in subsets(near if torch_near else everyone - near, range(1, data["capacity"] + 1)):
            if group <= set(data["no_torch"]) or any(pair <= group for pair in feuds):
                continue
            yield max(times[person] for person in group), (near ^ group, not torch_near)

    states = product(subsets(everyone, range(len(times) + 1)), (True, False))
    return str(relaxed(states, (everyone, True), edges)[frozenset(), False])


def ferry(data: Data) -> str:
    size = len(data["tolls"])
    cargo = frozenset(range(size))
    bank, boat = [set(pair) for pair in data["bank"]], [set(pair) for pair in data["boat"]]

    def edges(state: tuple[frozenset[int], bool]) -> Iterable[tuple[int, Any]]:
        near, is_near = state
        here = near if is_near else cargo - near
        for load in subsets(here, range(data["places"] + 1)):
            too_heavy = data["limit"] and sum(data["weights"][item] for item in load) > data["limit"]
            if too_heavy or any(pair <= load for pair in boat) or any(pair <= here - load for pair in bank):
                continue
            yield data["base"] + sum(data["tolls"][item] for item in load), (near ^ load, not is_near)

    states = product(subsets(cargo, range(size + 1)), (True, False))
    return str(relaxed(states, (cargo, True), edges)[frozenset(), False])


def jugs(data: Data) -> str:
    """The cheapest plan so far is carried on, until it reaches what is wanted."""
    sizes, queue, done = data["sizes"], [(0, tuple(data["start"]))], set()
    while True:
        paid, state = heapq.heappop(queue)
        if all(wanted in (None, amount) for wanted, amount in zip(data["goal"], state, strict=True)):
            return str(paid)
        if state in done:
            continue
        done.add(state)
        options = []
        if data["fill"]:
            options += [(data["fill"][i], {i: sizes[i]}) for i in range(len(sizes))]
            options += [(data["drain"][i], {i: 0}) for i in range(len(sizes))]
        for i, j in permutations(range(len(sizes)), 2):
            total = state[i] + state[j]
            options.append((data["pour"][i], {i: max(0, total - sizes[j]), j: min(total, sizes[j])}))
        for price, change in options:
            heapq.heappush(queue, (paid + price, tuple(change.get(i, amount) for i, amount in enumerate(state))))


@functools.cache
def halvings(suspects: int, first: bool = False) -> int:
    """Weighings on a scale that only shows balance; the first one puts equally many suspects on both pans."""
    if suspects == 1:
        return 0
    weighed = range(2, suspects, 2) if first else range(1, suspects)
    return 1 + min(max(halvings(some), halvings(suspects - some)) for some in weighed)


def coins(data: Data) -> str:
    """A game against the scale, with every way to put suspects and cleared coins on the two pans."""
    if "scale" not in data:
        return str(sum(fee * halvings(n, first=True) for n, fee in zip(data["coins"], data["fees"], strict=True)))
    (total,), (weighing, each, moving) = data["coins"], data["fees"]
    scale, mean = data["scale"], data["mean"]

    @functools.cache
    def best(suspects: int) -> Fraction | int:
        if suspects == 1:
            return 0
        cleared = total - suspects if scale != "sides" else 0
        options = []
        for left in range(suspects):
            for right in range(suspects + 1 - left):
                pan = max(left, right)
                rest = suspects - left - right
                spare = cleared + (rest if scale == "rusty" else 0)
                if pan == 0 or 2 * pan - left - right > spare:
                    continue
                parts = {
                    "sides": [(left, True), (right, True), (rest, False)],
                    "level": [(left + right, True), (rest, False)],
                    "rusty": [(right, True), (left + rest, False)],
                }[scale]
                parts = [(part, moves) for part, moves in parts if part]
                if any(part == suspects for part, _ in parts):
                    continue
                costs = [best(part) + moving * moves for part, moves in parts]
                after = max(costs)
                if mean:
                    after = sum(cost * part for cost, (part, _) in zip(costs, parts, strict=True)) / Fraction(suspects)
                options.append(weighing + each * 2 * pan + after)
        return min(options)

    value = Fraction(best(total))
    if scale == "rusty":
        return str(value.numerator + value.denominator)
    return latex(value)


def latex(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else rf"\frac{{{value.numerator}}}{{{value.denominator}}}"


def liars(data: Data) -> str:
    """Every world spelt out: kinds as letters, with K, L and S for a switcher."""
    letters = "KLS" if data["switchers"] else "KL"
    badges = data["badges"]
    answers = set()
    for world in product(letters, repeat=len(badges)):

        def holds(claim: list[Any], world: tuple[str, ...] = world) -> bool:
            if claim[0] == "is":
                return world[claim[1]] == claim[2][0].upper()
            if claim[0] == "same":
                return world[claim[1]] == world[claim[2]]
            found = world.count(claim[2][0].upper())
            return found == claim[3] if claim[1] == "exactly" else found >= claim[3]

        def possible(person: int, world: tuple[str, ...] = world) -> bool:
            said = data["claims"][person]
            if data["honest_counts"]:
                if any(claim[0] == "count" and not holds(claim) for claim in said):
                    return False
                said = [claim for claim in said if claim[0] != "count"]
            turned = data["reversed"] == "all" or (data["reversed"] == "even" and badges[person] % 2 == 0)
            truths = [holds(claim) != turned for claim in said]
            return {"K": all(truths), "L": not any(truths), "S": sum(truths) == 1}[world[person]]

        if all(possible(person) for person in range(len(badges))):
            knights = sum(badge for badge, kind in zip(badges, world, strict=True) if kind == "K")
            others = sum(badge for badge, kind in zip(badges, world, strict=True) if kind == "L")
            answers.add(knights * others if len(badges) == 5 and data["switchers"] else knights)
    (answer,) = answers
    return str(answer)


def hats(data: Data) -> str:
    if "people" in data:
        people, red = data["people"], data["red"]
        low, high = next(bounds for bounds in data["ranges"] if bounds[0] <= red <= bounds[1])
        reds, whites = red - low + 1, high - red + 1 if high < people else people + 1
        if data["ranges"] == [[low, people]]:
            return str(reds)
        return str(min(reds, whites) * (red * (reds <= whites) + (people - red) * (whites <= reds)))
    size, real = len(data["hats"]), tuple(data["hats"])

    def looks_same(one: tuple[int, ...], other: tuple[int, ...], person: int) -> bool:
        return all(one[place] == other[place] for place in data["sees"][person])

    @functools.cache
    def alive(world: tuple[int, ...], step: int) -> bool:
        """Whether everybody still holds `world` possible before that step, judged by what was done before."""
        if step == 0:
            return sum(world) in data["allowed"]
        return alive(world, step - 1) and acts(world, step - 1) == acts(real, step - 1)

    @functools.cache
    def knows(world: tuple[int, ...], person: int, step: int) -> bool:
        twin = (*world[:person], 1 - world[person], *world[person + 1 :])
        hidden = [place for place in range(size) if place not in data["sees"][person] and place != person]
        others = []
        for filling in product((0, 1), repeat=len(hidden)):
            other = list(twin)
            for place, hat in zip(hidden, filling, strict=True):
                other[place] = hat
            others.append(tuple(other))
        return not any(alive(other, step) for other in others)

    @functools.cache
    def acts(world: tuple[int, ...], step: int) -> tuple[bool, ...]:
        speakers = [data["order"][step % size]] if "order" in data else range(size)
        return tuple(knows(world, person, step) for person in speakers)

    if "order" not in data:
        step = next(step for step in count() if any(acts(real, step)))
        return str((step + 1) * sum(data["badges"][person] for person in range(size) if acts(real, step)[person]))
    total, done = 0, set()
    for step in range(2 * size):
        person = data["order"][step % size]
        if acts(real, step)[0] and person not in done:
            done.add(person)
            total += (step + 1) * data["badges"][person]
    return str(total)


def calendar(data: Data) -> str:
    """Closed forms: how many multiples there are, and the weekday of a day by how many days went before."""
    every, skipped, kept = data["rule"]

    def leaps(before: int) -> int:
        """Leap years from the year 1 to the one before `before`."""
        return (before - 1) // every - (before - 1) // skipped + (before - 1) // kept

    if data["ask"] == "birthdays":
        if data["rule"] == [4, 100, 400]:
            total = 0
            for start, end in data["lives"]:
                years = [year for year in range(start + 1, end + 1) if year % 4 == 0]
                total += sum((datetime.date(year, 3, 1) - datetime.timedelta(1)).day == 29 for year in years)
            return str(total)
        return str(sum(leaps(end + 1) - leaps(start + 1) for start, end in data["lives"]))
    hits = []
    for year in range(data["from"], data["to"] + 1):
        passed = (year - data["from"]) * data["length"] + leaps(year) - leaps(data["from"])
        leap = leaps(year + 1) > leaps(year)
        day = passed if data["ask"] == "starts" else passed + data["length"]
        if (data["first"] + day - data["day"]) % data["week"] == 0 and (leap or data["ask"] == "starts"):
            hits.append(year)
    return str(sum(hits) % 1000 if data["ask"] == "years" else len(hits))


def pills(n: int, p: int) -> int:
    clock = 0
    for _ in range(n):
        clock += p
    return clock


def losses(n: int, p: int) -> int:
    """Play it: two losers meet as long as there are any, and the first player is never beaten."""
    beaten, balls = [0] * n, 0
    for loser in range(1, n):
        while beaten[loser] < 2:
            beaten[loser] += 1
            balls += p
    return balls


def gloves(n: int, p: int) -> int:
    """One more than the most gloves without a pair, over which hand is left out of each colour."""
    most = max(black + white for black in (n, n) for white in (p, p))
    return most + 1


def ball(n: int, p: int) -> int:
    return next(b for b in count() if b + b + (b + b + p) == 4 * n + p)


def months(n: int, p: int) -> int:
    lengths = [(datetime.date(2023, 12, 31) if m == 12 else datetime.date(2023, m + 1, 1) - datetime.timedelta(1)).day
               for m in range(1, 13)]  # fmt: skip
    return n * sum(length >= 30 for length in lengths) + p * sum(length == 30 for length in lengths)


LATERAL: dict[str, Callable[[int, int], int]] = {
    "sheep": lambda n, p: (n + p) - p,
    "all but": lambda n, p: len(range(p)) + len(range(n)),
    "pills": pills,
    "fence": lambda n, p: sum(p for _ in range(n)),
    "floors": lambda n, p: sum(p for _ in range(n)),
    "brothers": lambda n, p: sum(1 + p for _ in range(n)),
    "hens": lambda n, p: int(Fraction(n, n * n) * (n * p) * (n * p)),
    "cup": losses,
    "gloves": gloves,
    "ball": ball,
    "months": months,
    "candles": lambda n, p: n + (n + p) - p,
}


def lateral(data: Data) -> str:
    if "items" in data:
        return str(sum(weight * LATERAL[kind](n, p) for kind, n, p, weight in data["items"]))
    value = data["start"]
    simple = {**LATERAL, "pills": int.__mul__, "fence": int.__mul__, "floors": int.__mul__, "ball": lambda n, p: n}
    simple |= {"cup": lambda n, p: (2 * n - 2) * p, "brothers": lambda n, p: n + n * p, "all but": int.__add__}
    for kind, p in data["steps"]:
        value = simple[kind](value, p)
    return str(value % data["modulus"] if data["modulus"] else value)


def host(data: Data) -> str:
    """All games as equally weighted branches, spread out one decision at a time, in whole numbers where possible."""
    doors = range(len(data["lots"]))
    sober, of = data["knows"]
    games = {
        (car, mind, ()): Fraction(lots * (sober if mind else of - sober))
        for car, lots in enumerate(data["lots"])
        for mind in (True, False)
    }
    for picked in data["picks"]:
        after: dict[Any, Fraction] = {}
        for (car, mind, opened), weight in games.items():
            free = [door for door in doors if door not in opened and door != picked]
            if mind:
                free = [door for door in free if door != car]
            tickets = [door for door in free for _ in range(data["likings"][door] if mind else 1)]
            for door in tickets:
                key = (car, mind, (*opened, door))
                after[key] = after.get(key, Fraction(0)) + weight / len(tickets)
        games = after
    shown = tuple(data["opened"])
    left = {car: Fraction(0) for car in doors}
    for (car, _, opened), weight in games.items():
        if opened == shown and car not in opened:
            left[car] += weight
    value = left[data["asked"]] / sum(left.values())
    return str((value.numerator + value.denominator) % 1000) if len(shown) == 2 else latex(value)


SECOND: dict[str, Callable[[Data], str]] = {
    "bridge-by-night": bridge,
    "river-ferry": ferry,
    "priced-jugs": jugs,
    "priced-weighings": coins,
    "changed-liars": liars,
    "changed-hats": hats,
    "changed-calendars": calendar,
    "too-fast": lateral,
    "ignorant-host": host,
}

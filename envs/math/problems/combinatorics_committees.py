"""committees: selections from several groups, with quotas, quarrels, couples and offices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several

JOBS = ("doctors", "engineers", "teachers", "lawyers", "chemists", "painters", "actors", "farmers")
TOWNS = ("Ashby", "Borden", "Corley")


def _crowd(sizes: list[int], kinds: list[str]) -> str:
    return listing([f"${size}$ {kind}" for size, kind in zip(sizes, kinds, strict=True)])


def _exact(rng: np.random.Generator) -> Problem:
    sizes, kinds = [between(rng, 5, 14) for _ in range(6)], several(rng, JOBS, 6)
    quotas = [between(rng, 1, 3) for _ in range(6)]
    name = pick(rng, NAMES)
    numbers = listing([f"${quota}$ of the ${size}$ {k}" for quota, size, k in zip(quotas, sizes, kinds, strict=True)])
    statements = (
        f"A club has {_crowd(sizes, kinds)} as members; nobody has two professions. In how many ways can a delegation "
        f"be formed that consists of {numbers}?",
        f"In a game, {name} holds six packs of different cards, with {listing([f'${size}$' for size in sizes])} cards. "
        f"From these packs, in this order, exactly {listing([f'${quota}$' for quota in quotas])} cards have to be "
        "discarded. In how many ways can this be done?",
        f"The sets $S_1, S_2, \\dots, S_6$ are pairwise disjoint and have {listing([f'${size}$' for size in sizes])} "
        f"elements, in this order. How many subsets of their union contain exactly "
        f"{listing([f'${quota}$' for quota in quotas])} elements of $S_1, S_2, \\dots, S_6$, respectively?",
    )
    answer = math.prod(math.comb(size, quota) for size, quota in zip(sizes, quotas, strict=True))
    ordered = math.prod(math.perm(size, quota) for size, quota in zip(sizes, quotas, strict=True))
    added = sum(math.comb(size, quota) for size, quota in zip(sizes, quotas, strict=True))
    data = {"level": 1, "sizes": sizes, "quotas": quotas}
    return posed(rng, statements, answer, data, [ordered, added, math.comb(sum(sizes), sum(quotas))])


def _splits(total: int, low: list[int], high: list[int]) -> Iterator[tuple[int, ...]]:
    """All ways to split a total into parts that lie within bounds."""
    ranges = [range(a, b + 1) for a, b in zip(low[:-1], high[:-1], strict=True)]
    for parts in itertools.product(*ranges):
        if low[-1] <= total - sum(parts) <= high[-1]:
            yield *parts, total - sum(parts)


def _select(total: int, sizes: list[int], least: list[int]) -> int:
    """Committees of a size with at least so many members of each group."""
    if total < sum(least):
        return 0
    high = [min(size, total) for size in sizes]
    return sum(
        math.prod(math.comb(size, part) for size, part in zip(sizes, parts, strict=True))
        for parts in _splits(total, least, high)
    )


def _quotas(rng: np.random.Generator) -> tuple[list[int], list[str], list[int], int]:
    sizes, kinds = [between(rng, 4, 32) for _ in range(4)], several(rng, JOBS, 4)
    least = [between(rng, 0, 2) for _ in range(4)]
    while sum(least) < 3:
        least = [between(rng, 0, 2) for _ in range(4)]
    return sizes, kinds, least, sum(least) + between(rng, 1, 3)


def _at_least(least: list[int], kinds: list[str]) -> str:
    wanted = [f"at least ${number}$ of the {kind}" for number, kind in zip(least, kinds, strict=True) if number]
    return listing(wanted)


def _with_quotas(rng: np.random.Generator) -> Problem:
    sizes, kinds, least, total = _quotas(rng)
    crowd, wanted, name = _crowd(sizes, kinds), _at_least(least, kinds), pick(rng, NAMES)
    pairs = list(zip(sizes, least, strict=True))
    paints = ["red balls", "green balls", "blue balls", "yellow balls"]
    colours, needed = _crowd(sizes, paints), _at_least(least, paints)
    statements = (
        f"From {crowd}, a committee of ${total}$ people is to be chosen that includes {wanted}. How many committees "
        "are possible?",
        f"{name} invites ${total}$ of ${sum(sizes)}$ acquaintances, namely of {crowd}. The guests have to include "
        f"{wanted}. How many different sets of guests are possible?",
        f"A box contains balls with different numbers on them: {colours}. In how many ways can one take ${total}$ "
        f"balls at once so that they include {needed}?",
    )
    answer = _select(total, sizes, least)
    reserved = math.prod(math.comb(size, low) for size, low in pairs)
    twice = reserved * math.comb(sum(sizes) - sum(least), total - sum(least))
    data = {"level": 2, "sizes": sizes, "least": least, "total": total}
    return posed(rng, statements, answer, data, [twice, math.comb(sum(sizes), total), reserved])


def _with_quarrel(rng: np.random.Generator) -> Problem:
    sizes, kinds, least, total = _quotas(rng)
    crowd, wanted = _crowd(sizes, kinds), _at_least(least, kinds)
    one, two, three = several(rng, NAMES, 3)
    statements = (
        f"From {crowd}, a committee of ${total}$ people is to be chosen that includes {wanted}. However, {one}, one of "
        f"the {kinds[0]}, and {two}, one of the {kinds[1]}, refuse to serve together. How many committees are "
        "possible?",
        f"{three} can take ${total}$ people on a journey and chooses among {crowd}, such that {wanted} come along. "
        f"Among the {kinds[0]} is {one} and among the {kinds[1]} is {two}; at least one of these two has to stay at "
        "home. In how many ways can the choice be made?",
        f"A theatre group consists of {crowd}. For a play with ${total}$ equal parts it needs {wanted}. Two members, "
        f"{one} from the {kinds[0]} and {two} from the {kinds[1]}, never appear on stage together. How many casts, "
        f"that is, sets of ${total}$ members, are possible?",
    )
    fewer = [max(0, low - (index < 2)) for index, low in enumerate(least)]
    both = _select(total - 2, [sizes[0] - 1, sizes[1] - 1, *sizes[2:]], fewer)
    every = _select(total, sizes, least)
    data = {"level": 3, "sizes": sizes, "least": least, "total": total}
    careless = _select(total - 2, [sizes[0] - 1, sizes[1] - 1, *sizes[2:]], least)
    return posed(rng, statements, every - both, data, [every, both, every - careless])


def _town(couples: int, singles: int, members: int) -> int:
    """Choices of members from couples and single people without both partners of a couple."""
    return sum(
        math.comb(couples, paired) * 2**paired * math.comb(singles, members - paired)
        for paired in range(min(couples, members) + 1)
    )


def _towns(rng: np.random.Generator) -> tuple[list[int], list[int], list[int], list[int], int]:
    couples = [between(rng, 3, 12) for _ in range(3)]
    singles = [between(rng, 0, 12) for _ in range(3)]
    least = [between(rng, 0, 2) for _ in range(3)]
    most = [low + between(rng, 2, 4) for low in least]
    return couples, singles, least, most, sum(least) + between(rng, 2, 4)


def _people(couples: list[int], singles: list[int]) -> str:
    towns = []
    for town, pairs, alone in zip(TOWNS, couples, singles, strict=True):
        extra = f" and ${alone}$ single people" if alone > 1 else " and one single person" if alone else ""
        towns.append(f"{town} sends ${pairs}$ married couples{extra}")
    return "; ".join(towns)


def _bounds(least: list[int], most: list[int]) -> str:
    return listing(
        [
            f"at least ${low}$ and at most ${high}$ people from {town}"
            if low
            else f"at most ${high}$ people from {town}"
            for town, low, high in zip(TOWNS, least, most, strict=True)
        ]
    )


def _with_couples(rng: np.random.Generator) -> Problem:
    couples, singles, least, most, total = _towns(rng)
    people, bounds, name = _people(couples, singles), _bounds(least, most), pick(rng, NAMES)
    statements = (
        f"To a meeting, {people}. A committee of ${total}$ of these people is to be elected. It must not include both "
        f"partners of any couple, and it must have {bounds}. How many committees are possible?",
        f"To a court, {people}. {name} chooses ${total}$ of these people for a jury. Nobody may sit on the jury "
        f"together with their husband or wife, and there have to be {bounds}. In how many ways can the jury be chosen?",
        f"To a festival of choirs, {people}. For a concert ${total}$ singers are needed, {bounds}, but never both "
        "members of a married couple. How many different sets of singers can be formed?",
    )
    pairs = list(zip(couples, singles, strict=True))
    parts = list(_splits(total, least, most))
    answer = sum(math.prod(_town(*pair, k) for pair, k in zip(pairs, split, strict=True)) for split in parts)
    if answer == 0:
        return _with_couples(rng)
    free = sum(
        math.prod(math.comb(2 * pair[0] + pair[1], k) for pair, k in zip(pairs, split, strict=True)) for split in parts
    )
    whole = _town(sum(couples), sum(singles), total)
    data = {"level": 4, "couples": couples, "singles": singles, "least": least, "most": most, "total": total}
    return posed(rng, statements, answer, data, [free, whole])


def _with_offices(rng: np.random.Generator) -> Problem:
    couples, singles, least, most, total = _towns(rng)
    modulus = pick(rng, MODULI)
    people, bounds, closing = _people(couples, singles), _bounds(least, most), remainder_asked(rng, "$T$", modulus)
    name = pick(rng, NAMES)
    statements = (
        f"To a meeting, {people}. A committee of ${total}$ of these people is elected; it must not include both "
        f"partners of any couple, and it must have {bounds}. Then the committee appoints one of its members as chair "
        f"and another one, who comes from a different town, as secretary. Let $T$ be the number of "
        f"possible outcomes. {closing}",
        f"To a theatre week, {people}. {name} casts a play with ${total}$ of these people: a hero, a villain, and "
        f"${total - 2}$ extras, whose parts are all alike. No two partners of a couple may take part together, there "
        f"have to be {bounds}, and the hero and the villain must come from different towns. Let $T$ be the number of "
        f"casts. {closing}",
        f"To a tournament, {people}. A squad of ${total}$ people is nominated, {bounds}, without any complete couple; "
        "one member of the squad is named captain, and another member from a different town is named vice-captain. Let "
        f"$T$ be the number of ways to do all this. {closing}",
    )
    pairs = list(zip(couples, singles, strict=True))
    answer = plain = 0
    for split in _splits(total, least, most):
        ways = math.prod(_town(*pair, k) for pair, k in zip(pairs, split, strict=True))
        answer += ways * (total**2 - sum(part**2 for part in split))
        plain += ways
    if answer < modulus:
        return _with_offices(rng)
    data = {"level": 5, "couples": couples, "singles": singles, "least": least, "most": most, "total": total}
    data |= {"modulus": modulus}
    traps = [plain % modulus, plain * total * (total - 1) % modulus, answer // 2 % modulus]
    return posed(rng, statements, answer % modulus, data, traps)


FAMILY = ProblemFamily(
    name="committees",
    area="combinatorics",
    summary="choose people from several groups under quotas, without quarrelling members or complete couples",
    chance=0.01,
    make=by_level(_exact, _with_quotas, _with_quarrel, _with_couples, _with_offices),
)

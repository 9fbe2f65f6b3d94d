"""shuffles: permutations as shuffles of cards, their cycles, and what commutes with them."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several


def _partition(rng: np.random.Generator, size: int) -> list[int]:
    """Lengths of cycles that add up to the size, all lengths about equally likely to begin with."""
    lengths = []
    while size:
        lengths.append(between(rng, 1, min(size, 7)))
        size -= lengths[-1]
    return lengths


def _with_cycles(rng: np.random.Generator, lengths: list[int]) -> list[int]:
    """A random permutation of 1, 2, ... with these lengths of cycles, as the list of its values."""
    order = [int(value) + 1 for value in rng.permutation(sum(lengths))]
    images, start = [0] * len(order), 0
    for length in lengths:
        cycle = order[start : start + length]
        for here, there in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            images[here - 1] = there
        start += length
    return images


def _cycles(images: list[int]) -> list[list[int]]:
    seen: set[int] = set()
    found = []
    for start in range(1, len(images) + 1):
        cycle, here = [], start
        while here not in seen:
            seen.add(here)
            cycle.append(here)
            here = images[here - 1]
        found += [cycle] if cycle else []
    return found


def _rule(images: list[int]) -> str:
    arrow = r"\to"
    return f"${', '.join(f'{place} {arrow} {image}' for place, image in enumerate(images, 1))}$"


def _table(images: list[int], name: str) -> str:
    values = ", ".join(map(str, images))
    return f"${name}(1), {name}(2), \\dots, {name}({len(images)})$ be ${values}$, in this order"


def _return(rng: np.random.Generator) -> Problem:
    size = between(rng, 12, 14)
    images = _with_cycles(rng, _partition(rng, size))
    cycles = [len(cycle) for cycle in _cycles(images)]
    if len(set(cycles)) < 2:
        return _return(rng)
    name = pick(rng, NAMES)
    statements = (
        f"A machine shuffles ${size}$ cards. The card in place $i$ always moves to the place that the following list "
        f"shows for $i$: {_rule(images)}. After how many shuffles are all cards back in their original places for the "
        "first time?",
        f"Let {_table(images, 'f')}. Find the smallest positive integer $n$ such that applying $f$ exactly $n$ times "
        f"in succession takes every $x$ from $1$ to ${size}$ back to $x$.",
        f"{name} and ${size - 1}$ friends sit on chairs numbered from $1$ to ${size}$. Whenever a bell rings, "
        f"everybody moves to another chair or stays, according to the plan {_rule(images)}. What is the least number "
        "of rings after which everybody is on their first chair again?",
    )
    data = {"level": 1, "images": images}
    return posed(
        rng, statements, math.lcm(*cycles), data, [math.prod(set(cycles)), max(cycles), sum(set(cycles)), size]
    )


def _far_away(rng: np.random.Generator) -> Problem:
    size = between(rng, 12, 14)
    images, turns = _with_cycles(rng, _partition(rng, size)), between(rng, 500, 2999)
    cycles = {card: cycle for cycle in _cycles(images) for card in cycle}
    cards = several(rng, [card for card in cycles if len(cycles[card]) > 2], 3)
    if len(cards) < 3:
        return _far_away(rng)
    name = pick(rng, NAMES)
    text = listing([f"${card}$" for card in cards])
    statements = (
        f"A machine shuffles ${size}$ cards. In every shuffle, the card in place $i$ moves to the place that the "
        f"following list shows for $i$: {_rule(images)}. The machine shuffles ${turns}$ times. Add up the places in "
        f"which the three cards that started in the places {text} lie in the end. What is the sum?",
        f"Let {_table(images, 'f')}, and let $f^n$ mean that $f$ is applied $n$ times in succession. Compute "
        f"${' + '.join(f'f^{{{turns}}}({card})' for card in cards)}$.",
        f"In a dance there are ${size}$ positions, and at every beat the dancer in position $i$ changes to another "
        f"position, or stays, according to the plan {_rule(images)}. {name} adds up the positions that the three "
        f"dancers from the positions {text} have reached after ${turns}$ beats. What is the sum?",
    )
    ends = [cycles[card][(cycles[card].index(card) + turns) % len(cycles[card])] for card in cards]
    back = [cycles[card][(cycles[card].index(card) - turns) % len(cycles[card])] for card in cards]
    data = {"level": 2, "images": images, "cards": cards, "turns": turns}
    return posed(rng, statements, sum(ends), data, [sum(back), sum(cards), sum(images[end - 1] for end in ends)])


def _in_place(rng: np.random.Generator) -> Problem:
    size = between(rng, 13, 15)
    images, turns = _with_cycles(rng, _partition(rng, size)), between(rng, 500, 2999)
    cycles = [cycle for cycle in _cycles(images) if len(cycle) > 1]
    if len({len(cycle) for cycle in cycles}) < 2:
        return _in_place(rng)
    one = pick(rng, cycles)
    two = pick(rng, [cycle for cycle in cycles if len(cycle) != len(one)])
    a, b, name = pick(rng, one), pick(rng, two), pick(rng, NAMES)
    statements = (
        f"A machine shuffles ${size}$ cards ${turns}$ times. Each time, the card in place $i$ moves to the place that "
        f"the following list shows for $i$: {_rule(images)}. After how many of the ${turns}$ shuffles is at least one "
        f"of the two cards that started in the places ${a}$ and ${b}$ in the place where it started?",
        f"Let {_table(images, 'f')}, and let $f^n$ mean that $f$ is applied $n$ times in succession. For how many "
        f"integers $n$ with $1 \\le n \\le {turns}$ is $f^n({a}) = {a}$ or $f^n({b}) = {b}$ (or both)?",
        f"{name} plays ${turns}$ rounds of a game for ${size}$ people on numbered seats; in each round the person on "
        f"seat $i$ goes to the seat given by {_rule(images)}. At the end of how many rounds is the person who was on "
        f"seat ${a}$ at the start, or the one who was on seat ${b}$, or both, back on the seat of the start?",
    )
    m, n = len(one), len(two)
    answer = turns // m + turns // n - turns // math.lcm(m, n)
    data = {"level": 3, "images": images, "cards": [a, b], "turns": turns}
    traps = [turns // m + turns // n, turns // m + turns // n - turns // (m * n), turns // math.lcm(m, n)]
    return posed(rng, statements, answer, data, traps)


def _centraliser(rng: np.random.Generator) -> Problem:
    size = between(rng, 13, 16)
    images = _with_cycles(rng, _partition(rng, size))
    lengths = Counter(len(cycle) for cycle in _cycles(images))
    if max(lengths.values()) < 2:
        return _centraliser(rng)
    name = pick(rng, NAMES)
    statements = (
        f"Let {_table(images, 'f')}. How many bijections $g$ from $\\{{1, 2, \\dots, {size}\\}}$ to itself satisfy "
        "$f(g(x)) = g(f(x))$ for all $x$?",
        f"A shuffle of ${size}$ cards is a rule that says for each place $i$ to which place the card in place $i$ "
        f"moves. {name} knows the shuffle {_rule(images)}. How many shuffles, including this one and the one that "
        "moves nothing, give the same result whether they are done immediately before or immediately after it?",
        f"In how many ways can the numbers $1, 2, \\dots, {size}$ be renamed by a permutation of the same numbers so "
        f"that the diagram with the arrows {_rule(images)} has exactly the same arrows after the renaming as before? "
        "(The renaming that changes nothing counts.)",
    )
    answer = math.prod(length**count * math.factorial(count) for length, count in lengths.items())
    data = {"level": 4, "images": images}
    no_order = math.prod(length**count for length, count in lengths.items())
    same = math.prod(math.factorial(count) for count in lengths.values())
    return posed(rng, statements, answer, data, [no_order, same, math.factorial(size) // answer, math.lcm(*lengths)])


def _commuting_maps(rng: np.random.Generator) -> Problem:
    size, modulus = between(rng, 18, 24), pick(rng, MODULI)
    images = _with_cycles(rng, _partition(rng, size))
    lengths = [len(cycle) for cycle in _cycles(images)]
    # A cycle can be mapped onto any cycle whose length divides its own; sending a point to itself fixes all its cycle.
    choices = [sum(other for other in lengths if length % other == 0) for length in lengths]
    answer = math.prod(choice - 1 for choice in choices)
    if answer < modulus:
        return _commuting_maps(rng)
    name, closing = pick(rng, NAMES), remainder_asked(rng, "$T$", modulus)
    circles = ", ".join(f"$({', '.join(map(str, cycle))})$" for cycle in _cycles(images))
    statements = (
        f"Let {_table(images, 'f')}. Let $T$ be the number of functions $g$ from $\\{{1, 2, \\dots, {size}\\}}$ to "
        "itself, not necessarily one-to-one, such that $g(f(x)) = f(g(x))$ and $g(x) \\ne x$ for all $x$. " + closing,
        f"In a village of ${size}$ people everybody has one best friend, possibly themselves: the arrows "
        f"{_rule(images)} point from each person to the best friend. {name} wants to choose for each person someone "
        "else as a guest so that the guest of the best friend of any person $x$ is the best friend of the guest of "
        f"$x$. Different people may have the same guest. Let $T$ be the number of possible choices. {closing}",
        f"The permutation $f$ of $\\{{1, 2, \\dots, {size}\\}}$ has the following cycles, where each number is mapped "
        f"to the next one in its bracket and the last one to the first: {circles}. Let $T$ be the number of maps $g$ "
        f"from this set to itself (not necessarily bijective) that commute with $f$ and have no fixed point. {closing}",
    )
    data = {"level": 5, "images": images, "modulus": modulus}
    bijective = math.prod(k**c * math.factorial(c) for k, c in Counter(lengths).items())
    traps = [math.prod(choices) % modulus, bijective % modulus, math.prod(lengths) % modulus]
    return posed(rng, statements, answer % modulus, data, traps)


FAMILY = ProblemFamily(
    name="shuffles",
    area="combinatorics",
    summary="orders and powers of permutations, and the permutations and maps that commute with one",
    chance=0.01,
    make=by_level(_return, _far_away, _in_place, _centraliser, _commuting_maps),
)

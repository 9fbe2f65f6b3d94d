"""colourings: neighbours in different colours, on networks that fall apart into simple ones, and up to rotation."""

from __future__ import annotations

import itertools
import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick

LETTERS = "ABCDEFGHIJ"
Edges = list[tuple[int, int]]


def _grown(rng: np.random.Generator, edges: Edges, size: int) -> tuple[Edges, int, int]:
    """The network grown to `size` points, each new point joined to one old point or to two joined ones."""
    edges, singles, doubles = list(edges), 0, 0
    for point in range(max(max(edge) for edge in edges) + 1, size):
        if between(rng, 0, 1):
            edges.append((between(rng, 0, point - 1), point))
            singles += 1
        else:
            edges += [(end, point) for end in pick(rng, edges)]
            doubles += 1
    return edges, singles, doubles


def _renamed(rng: np.random.Generator, edges: Edges, size: int) -> Edges:
    order = [int(i) for i in rng.permutation(size)]
    return sorted((min(order[a], order[b]), max(order[a], order[b])) for a, b in edges)


def _asked(edges: Edges, size: int, colours: int, every: bool = False) -> tuple[str, ...]:
    """Three wordings of the question in how many ways the points of a network can be coloured."""
    letters = LETTERS[:size]
    segments = ", ".join(letters[a] + letters[b] for a, b in edges)
    pairs = ", ".join(f"{letters[a]}-{letters[b]}" for a, b in edges)
    points = listing(list(letters))
    used = [f" and that every {thing} occurs at least once" if every else "" for thing in ("colour", "colour", "slot")]
    return (
        f"A drawing consists of the points {points} and the segments {segments}. Each point is painted in one of "
        f"${colours}$ given colours, in such a way that the two ends of every segment have different colours{used[0]}. "
        "In how many ways can the points be painted?",
        f"On an archipelago the islands {points} are joined by bridges as follows: {pairs}. Each island chooses the "
        f"colour of its flag from ${colours}$ colours. It is required that islands joined by a bridge have flags of "
        f"different colours{used[1]}. In how many ways can the colours be chosen?",
        f"The courses {points} of a school each need an exam slot, and ${colours}$ different slots are available. Two "
        f"courses with a student in common must not share a slot; this concerns the pairs {pairs} and no others. In "
        f"how many ways can slots be given to the courses such that this rule is kept{used[2]}?",
    )


def _chordal(rng: np.random.Generator) -> Problem:
    size, k = between(rng, 8, 9), between(rng, 3, 9)
    edges, singles, doubles = _grown(rng, [(0, 1)], size)
    edges = _renamed(rng, edges, size)
    answer = k * (k - 1) ** (singles + 1) * (k - 2) ** doubles
    data = {"level": 1, "size": size, "edges": [list(edge) for edge in edges], "colours": k}
    traps = [k * (k - 1) ** (size - 1), k**size, k * (k - 1) * (k - 2) ** (size - 2)]
    return posed(rng, _asked(edges, size, k), answer, data, traps)


def _ring(length: int, colours: int) -> int:
    """Colourings of a closed ring in which neighbours differ."""
    return int((colours - 1) ** length + (-1) ** length * (colours - 1))


def _one_cycle(rng: np.random.Generator) -> Problem:
    size, k, length = between(rng, 8, 9), between(rng, 3, 7), between(rng, 4, 6)
    cycle = [(i, (i + 1) % length) for i in range(length)]
    edges, singles, doubles = _grown(rng, cycle, size)
    edges = _renamed(rng, edges, size)
    answer = _ring(length, k) * (k - 1) ** singles * (k - 2) ** doubles
    data = {"level": 2, "size": size, "edges": [list(edge) for edge in edges], "colours": k}
    rest = (k - 1) ** singles * (k - 2) ** doubles
    traps = [k * (k - 1) ** (length - 1) * rest, k * (k - 1) ** (length - 2) * (k - 2) * rest]
    return posed(rng, _asked(edges, size, k), answer, data, traps)


def _two_cycles(rng: np.random.Generator) -> Problem:
    size, k = between(rng, 9, 10), between(rng, 3, 7)
    one, two = between(rng, 4, 5), between(rng, 4, 5)
    cycle = [(i, (i + 1) % one) for i in range(one)]
    path = [0, *range(one, one + two - 2), 1]
    edges, singles, doubles = _grown(rng, cycle + list(itertools.pairwise(path)), size)
    edges = _renamed(rng, edges, size)
    rest = (k - 1) ** singles * (k - 2) ** doubles
    answer = _ring(one, k) * _ring(two, k) // (k * (k - 1)) * rest
    data = {"level": 3, "size": size, "edges": [list(edge) for edge in edges], "colours": k}
    return posed(rng, _asked(edges, size, k), answer, data, [_ring(one + two - 2, k) * rest, answer // k])


def _partitions(size: int, edges: Edges, parts: int) -> int:
    """Ways to put the points of a network into `parts` groups, none empty and none with joined points."""
    neighbours = [{a for a, b in edges if b == point} | {b for a, b in edges if a == point} for point in range(size)]

    def place(point: int, groups: list[set[int]]) -> int:
        if point == size:
            return int(len(groups) == parts)
        total = 0
        for group in groups:
            if not group & neighbours[point]:
                group.add(point)
                total += place(point + 1, groups)
                group.remove(point)
        return total + (place(point + 1, [*groups, {point}]) if len(groups) < parts else 0)

    return place(0, [])


def _all_used(rng: np.random.Generator) -> Problem:
    size, k = 8, between(rng, 4, 5)
    every = list(itertools.combinations(range(size), 2))
    count = between(rng, 11, 14)
    edges = sorted(every[int(i)] for i in rng.permutation(len(every))[:count])
    groups = _partitions(size, edges, k)
    if groups == 0 or len({point for edge in edges for point in edge}) < size:
        return _all_used(rng)
    data = {"level": 4, "size": size, "edges": [list(edge) for edge in edges], "colours": k}
    fewer = groups * math.factorial(k) + k * _partitions(size, edges, k - 1) * math.factorial(k - 1)
    traps = [groups, fewer, groups * math.factorial(k - 1)]
    return posed(rng, _asked(edges, size, k, every=True), groups * math.factorial(k), data, traps)


def _totient(number: int) -> int:
    return sum(math.gcd(number, other) == 1 for other in range(1, number + 1))


def _closed_walks(sizes: list[int], banned: set[tuple[int, int]], lengths: list[int]) -> dict[int, int]:
    """For each length the rings of beads that obey the bans, read from a fixed place: traces of matrix powers."""
    matrix = [[0 if (min(i, j), max(i, j)) in banned else sizes[j] for j in range(3)] for i in range(3)]
    power, traces = matrix, {}
    for length in range(1, max(lengths) + 1):
        traces[length] = sum(power[i][i] for i in range(3))
        power = [[sum(row[k] * matrix[k][j] for k in range(3)) for j in range(3)] for row in power]
    return {length: traces[length] for length in lengths}


def _bracelets(rng: np.random.Generator) -> Problem:
    length, modulus = between(rng, 6, 18), pick(rng, MODULI)
    sizes = [between(rng, 2, 30) for _ in range(3)]
    pairs = list(itertools.combinations_with_replacement(range(3), 2))
    banned = sorted(pairs[int(i)] for i in rng.permutation(6)[: between(rng, 1, 3)])
    divisors = [d for d in range(1, length + 1) if length % d == 0]
    walks = _closed_walks(sizes, set(banned), divisors)
    answer = sum(_totient(length // d) * walks[d] for d in divisors) // length
    if answer < modulus:
        return _bracelets(rng)
    kinds = pick(rng, (("gold", "silver", "glass"), ("wooden", "stone", "pearl"), ("red", "green", "blue")))
    rules = listing(
        [
            f"two {kinds[a]} beads must not be neighbours"
            if a == b
            else f"no {kinds[a]} bead may touch a {kinds[b]} one"
            for a, b in banned
        ]
    )
    closing, name = remainder_asked(rng, "$T$", modulus), pick(rng, NAMES)
    stock = listing([f"${size}$ sorts of {kind} beads" for size, kind in zip(sizes, kinds, strict=True)])
    letters = listing([f"${size}$ of type {letter}" for size, letter in zip(sizes, "XYZ", strict=True)])
    symbols = listing([f"{'XYZ'[a]} and {'XYZ'[b]}" for a, b in banned], "or")
    statements = (
        f"A jeweller has {stock}, as many beads of each sort as needed. A bracelet is a closed ring of ${length}$ "
        f"beads in which {rules}. Bracelets that can be turned into each other by a rotation of the ring are the same, "
        f"but the ring cannot be flipped over. Let $T$ be the number of different bracelets. {closing}",
        f"A carousel has ${length}$ identical seats in a circle. Each seat gets one of several patterns: there are "
        f"{letters}, and each may be used for any number of seats. Patterns of the types {symbols} must not be on "
        "neighbouring seats. Two decorations count as one if a rotation of the carousel takes one to the other. Let "
        "$T$ be the number of decorations. " + closing,
        f"{name} glues ${length}$ beads to the rim of a wheel, at the corners of a regular ${length}$-gon. There are "
        f"{stock}, in unlimited supply; {rules} along the rim. Let $T$ be the number of results that can be told apart "
        f"when the wheel may have been turned. (It is looked at from one side only.) {closing}",
    )
    data = {"level": 5, "length": length, "sizes": sizes, "banned": [list(p) for p in banned], "modulus": modulus}
    traps = [walks[length] % modulus, walks[length] // length % modulus, answer // 2 % modulus]
    return posed(rng, statements, answer % modulus, data, traps)


FAMILY = ProblemFamily(
    name="colourings",
    area="combinatorics",
    summary="colour networks so that neighbours differ, use every colour, and count rings of beads up to rotation",
    chance=0.01,
    make=by_level(_chordal, _one_cycle, _two_cycles, _all_used, _bracelets),
)

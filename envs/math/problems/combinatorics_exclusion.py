"""inclusion-exclusion: overlapping sets, forbidden places, drawn names and quarrels at a round table."""

from __future__ import annotations

import itertools
import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several

SUBJECTS = (
    ("chess", "football", "music"),
    ("French", "Spanish", "Latin"),
    ("swimming", "running", "cycling"),
    ("tea", "coffee", "juice"),
)
TASKS = ("sweeping", "cooking", "shopping", "washing", "gardening", "painting", "baking")
NUMBER_WORDS = {5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven"}


def _survey(rng: np.random.Generator) -> Problem:
    a, b, c, ab, ac, bc, abc = regions = [between(rng, 2, 30) for _ in range(7)]
    total = sum(regions) + between(rng, 3, 40)
    sizes = [a + ab + ac + abc, b + ab + bc + abc, c + ac + bc + abc]
    pairs = [ab + abc, ac + abc, bc + abc]
    one, two, three = pick(rng, SUBJECTS)
    asked, name = pick(rng, ("none", "one")), pick(rng, NAMES)
    what = {"none": "none of the three", "one": "exactly one of the three"}[asked]
    first, second, third = sizes
    statements = (
        f"Each of ${total}$ people was asked about {one}, {two} and {three}. It turned out that ${first}$ people like "
        f"{one}, ${second}$ like {two} and ${third}$ like {three}; ${pairs[0]}$ like both {one} and {two}, "
        f"${pairs[1]}$ like both {one} and {three}, and ${pairs[2]}$ like both {two} and {three}; ${abc}$ people like "
        f"all three. How many like {what}?",
        f"A finite set $U$ with ${total}$ elements has subsets $A$, $B$ and $C$ such that $|A| = {first}$, "
        f"$|B| = {second}$, $|C| = {third}$, $|A \\cap B| = {pairs[0]}$, $|A \\cap C| = {pairs[1]}$, "
        f"$|B \\cap C| = {pairs[2]}$ and $|A \\cap B \\cap C| = {abc}$. How many elements of $U$ lie in {what} sets?",
        f"{name} sorts ${total}$ old postcards. ${first}$ of them show a bridge, ${second}$ a church and ${third}$ a "
        f"ship. Bridge and church appear together on ${pairs[0]}$ of the cards, bridge and ship on ${pairs[1]}$, "
        f"church and ship on ${pairs[2]}$; these numbers include the ${abc}$ cards that show all three. How many cards "
        f"show {what} things?",
    )
    union = sum(regions)
    answer = {"none": total - union, "one": a + b + c}[asked]
    data = {"level": 1, "total": total, "sizes": sizes, "pairs": pairs, "all": abc, "asked": asked}
    traps = [total - sum(sizes), total - sum(sizes) + sum(pairs), sum(sizes) - sum(pairs), sum(sizes) - 2 * sum(pairs)]
    return posed(rng, statements, answer, data, [trap for trap in traps if trap >= 0])


def _divisible(rng: np.random.Generator) -> Problem:
    while True:
        a, b, c = several(rng, range(4, 31), 3)
        if a % b and b % a and a % c and b % c and math.lcm(a, b) % c:
            break
    low, high, name = between(rng, 11, 999), between(rng, 3000, 9999), pick(rng, NAMES)
    statements = (
        f"How many integers from ${low}$ to ${high}$, inclusive, are divisible by ${a}$ or by ${b}$ (or by both) but "
        f"not by ${c}$?",
        f"Lockers are numbered from ${low}$ to ${high}$. {name} opens all lockers whose number is a multiple of ${a}$ "
        f"and all those whose number is a multiple of ${b}$. Then {name} closes every open locker whose number is a "
        f"multiple of ${c}$. How many lockers are open now, if all were closed at first?",
        f"Let $S$ be the set of all integers $n$ with ${low} \\le n \\le {high}$ that are multiples of at least one of "
        f"${a}$ and ${b}$. How many elements of $S$ are not multiples of ${c}$?",
    )

    def multiples(*factors: int) -> int:
        step = math.lcm(*factors)
        return high // step - (low - 1) // step

    answer = multiples(a) + multiples(b) - multiples(a, b) - multiples(a, c) - multiples(b, c) + multiples(a, b, c)
    data = {"level": 2, "either": [a, b], "neither": c, "low": low, "high": high}
    traps = [multiples(a) + multiples(b) - multiples(a, b), answer - multiples(a, b, c), answer + multiples(a, b)]
    return posed(rng, statements, answer, data, traps)


def _assignments(size: int, forbidden: set[tuple[int, int]]) -> int:
    """Permutations without forbidden places, row by row over the sets of columns in use."""
    ways = {0: 1}
    for row in range(size):
        allowed = [1 << column for column in range(size) if (row, column) not in forbidden]
        following: dict[int, int] = {}
        for used, count in ways.items():
            for column in allowed:
                if not used & column:
                    following[used | column] = following.get(used | column, 0) + count
        ways = following
    return sum(ways.values())


def _jobs(rng: np.random.Generator) -> Problem:
    cells = [(a, b) for a in range(6) for b in range(6)]
    forbidden = sorted(several(rng, cells, between(rng, 6, 9)))
    answer = _assignments(6, set(forbidden))
    if answer < 10:
        return _jobs(rng)
    people, tasks, name = several(rng, NAMES, 6), several(rng, TASKS, 6), pick(rng, NAMES)
    refusals, rows, marks = [], [], []
    for row in range(6):
        columns = [column for r, column in forbidden if r == row]
        if columns:
            refusals.append(f"{people[row]} refuses {listing([tasks[column] for column in columns], 'and')}")
            places = [f"${column + 1}$" for column in columns]
            rows.append(f"$\\pi({row + 1}) \\ne {', '.join(str(column + 1) for column in columns)}$")
            marks.append(f"row ${row + 1}$: {listing(places)}")
    statements = (
        f"{listing(people)} have to divide six tasks among themselves: {listing(tasks)}. Each person takes exactly one "
        f"task. However, {'; '.join(refusals)}. In how many ways can the tasks be assigned?",
        f"How many permutations $\\pi$ of $\\{{1, 2, 3, 4, 5, 6\\}}$ satisfy all of the following conditions: "
        f"{'; '.join(rows)}? (Where several values follow the sign $\\ne$, all of them are excluded.)",
        f"{name} places six identical rooks on a $6 \\times 6$ board so that each row and each column contains exactly "
        f"one rook. Some squares are damaged and must stay empty; these are, given by the numbers of their columns: "
        f"{'; '.join(marks)}. In how many ways can the rooks be placed?",
    )
    data = {"level": 3, "size": 6, "forbidden": [list(cell) for cell in forbidden]}
    first_order = math.factorial(6) - len(forbidden) * math.factorial(5)
    return posed(rng, statements, answer, data, [max(first_order, 0), math.factorial(6), answer - 1])


def _drawn_names(rng: np.random.Generator) -> Problem:
    size, people = 7, several(rng, NAMES, 7)
    others = [(a, b) for a in range(size) for b in range(size) if a != b]
    banned = sorted(several(rng, others, between(rng, 7, 9)))
    own = [(index, index) for index in range(size)]
    answer = _assignments(size, {*own, *banned})
    if answer < 20:
        return _drawn_names(rng)
    rules, numbers = [], []
    for giver in range(size):
        receivers = [receiver for g, receiver in banned if g == giver]
        if receivers:
            rules.append(f"{people[giver]} must not draw {listing([people[receiver] for receiver in receivers], 'or')}")
            numbers.append(f"player {giver + 1} must not get card {listing([str(r + 1) for r in receivers], 'or')}")
    values = ", ".join(f"\\pi({giver + 1}) \\ne {receiver + 1}" for giver, receiver in banned)
    statements = (
        f"For a gift exchange, {listing(people)} each draw one of their seven names, every name being drawn once. "
        f"Nobody may draw their own name. Moreover, {'; '.join(rules)}. In how many ways can the draw turn out?",
        f"A derangement of $\\{{1, 2, \\dots, 7\\}}$ is a permutation $\\pi$ of this set with $\\pi(i) \\ne i$ for all "
        f"$i$. How many derangements satisfy ${values}$?",
        f"Seven players numbered $1$ to $7$ are dealt one card each from a pack of seven cards with the numbers $1$ to "
        f"$7$. A deal is spoiled if a player gets the card with their own number. Besides, {'; '.join(numbers)}. How "
        "many deals obey all these rules?",
    )
    data = {"level": 4, "size": size, "forbidden": [list(cell) for cell in sorted([*own, *banned])]}
    traps = [1854, _assignments(size, set(banned)), max(0, 1854 - len(banned) * 309)]
    return posed(rng, statements, answer, data, traps)


def _rings(size: int, edges: tuple[tuple[int, int], ...]) -> int:
    """Circular orders of `size` people in which all these pairs are neighbours."""
    block = list(range(size))
    degree = [0] * size
    for a, b in edges:
        degree[a] += 1
        degree[b] += 1
        if block[a] == block[b] or max(degree[a], degree[b]) > 2:
            return 0
        old, kept = block[b], block[a]
        block = [kept if value == old else value for value in block]
    # Each chain of neighbours can be read in two directions; single people cannot.
    chains = len({block[a] for a, _ in edges})
    return math.factorial(size - len(edges) - 1) << chains


def _round_table(rng: np.random.Generator) -> Problem:
    size, modulus = between(rng, 9, 11), pick(rng, MODULI)
    pairs = several(rng, list(itertools.combinations(range(size), 2)), between(rng, 6, 7))
    friends, enemies = pairs[0], sorted(pairs[1:])
    subsets = itertools.chain.from_iterable(itertools.combinations(enemies, k) for k in range(len(enemies) + 1))
    answer = sum((-1) ** len(subset) * _rings(size, (friends, *subset)) for subset in subsets)
    people, word = sorted(several(rng, NAMES, size)), NUMBER_WORDS[size]
    closing = remainder_asked(rng, "$T$", modulus)
    feuds = "; ".join(f"{people[a]} and {people[b]}" for a, b in enemies)
    numbers = listing([rf"$\{{{a + 1}, {b + 1}\}}$" for a, b in enemies])
    closer = f"{people[friends[0]]} and {people[friends[1]]}"
    same = "Seatings that differ only by a rotation are the same, while mirror images count as different."
    statements = (
        f"{listing(people)} sit down at a round table with {word} chairs. The following pairs have quarrelled and must "
        f"not sit next to each other: {feuds}. On the other hand, {closer} insist on being neighbours. {same} Let $T$ "
        f"be the number of possible seatings. {closing}",
        f"The numbers $1, 2, \\dots, {size}$ are written around a circle, each once. The pairs {numbers} may not "
        f"be adjacent, but ${friends[0] + 1}$ and ${friends[1] + 1}$ must be. Let $T$ be the number of such "
        "arrangements, where two arrangements are equal if one is a rotation of the other (reflections count as "
        f"different). {closing}",
        f"A necklace carries {word} different charms, which are numbered from $1$ to ${size}$, on a ring that can be "
        f"turned but not flipped. Charms ${friends[0] + 1}$ and ${friends[1] + 1}$ have to be neighbours, whereas the "
        f"charms of none of the pairs {numbers} may be neighbours. Let $T$ be the number of different necklaces. "
        + closing,
    )
    data = {"level": 5, "size": size, "friends": list(friends), "enemies": [list(p) for p in enemies]}
    data |= {"modulus": modulus}
    alone = [_rings(size, (friends, pair)) for pair in enemies]
    traps = [answer // 2 % modulus, (_rings(size, (friends,)) - sum(alone)) % modulus, answer * size % modulus]
    return posed(rng, statements, answer % modulus, data, traps)


FAMILY = ProblemFamily(
    name="inclusion-exclusion",
    area="combinatorics",
    summary="overlapping sets, permutations with forbidden places, and round tables with friends and enemies",
    chance=0.01,
    make=by_level(_survey, _divisible, _jobs, _drawn_names, _round_table),
)

"""Recomputes the answers of combinatorics from the parameters alone, by tables and recursions instead of formulas."""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Data = Mapping[str, Any]
Poly = list[int]


def times(first: Poly, second: Poly) -> Poly:
    product = [0] * (len(first) + len(second) - 1)
    terms = [(j, b) for j, b in enumerate(second) if b]
    for i, a in enumerate(first):
        if a:
            for j, b in terms:
                product[i + j] += a * b
    return product


def of_values(values: Iterable[int], top: int) -> Poly:
    chosen = set(values)
    return [int(value in chosen) for value in range(top + 1)]


def at(poly: Poly, power: int) -> int:
    return poly[power] if 0 <= power < len(poly) else 0


def product(polys: Iterable[Poly], top: int | None = None) -> Poly:
    """The product of polynomials, up to the power `top` where one is given."""
    result = [1]
    for poly in polys:
        result = times(result, poly)[: None if top is None else top + 1]
    return result


def stars_and_bars(data: Data) -> str:
    level = data["level"]
    if level == 5:
        total, (low, high) = data["total"], data["range"]
        pairs = [0] * (total + 1)
        for b in range(data["pair"], total + 1):
            for c in range(b + 1, total - b + 1):
                pairs[b + c] += 1
        others = [range(data["first"], total + 1), range(0, total + 1, data["step"]), range(low, high + 1)]
        return str(
            at(product([pairs, *(of_values(values, total) for values in others)], total), total) % data["modulus"]
        )
    total = data["bound"] if level == 4 else data["total"]
    low = data.get("least") or data.get("low")
    ranges = [range(value, total + 1) for value in low]
    if level == 2:
        ranges[data["capped"]] = range(low[data["capped"]], data["cap"] + 1)
    if level == 3:
        ranges = [range(a, b + 1) for a, b in zip(low, data["high"], strict=True)]
    values: list[Iterable[int]] = list(ranges)
    if level == 4:
        values = [[v for v in r if v % 2 == odd] for r, odd in zip(ranges, data["odd"], strict=True)]
        return str(sum(product((of_values(v, total) for v in values), total)))
    return str(product((of_values(v, total) for v in values), total)[total])


def lattice_paths(data: Data) -> str:
    """A table of all points, which remembers for each path which of the special points it has visited."""
    if data["level"] == 1:
        start, *special, end = (tuple(point) for point in data["points"])
    else:
        start, end = tuple(data["start"]), tuple(data["end"])
        special = [tuple(point) for point in data.get("through", data.get("points", []))]
    closed, (low, high) = {tuple(point) for point in data.get("closed", [])}, data.get("lines", [None, None])
    ways: dict[tuple[int, int], Counter[frozenset[tuple[int, int]]]] = {}
    for x in range(start[0], end[0] + 1):
        for y in range(start[1], end[1] + 1):
            here: Counter[frozenset[tuple[int, int]]] = Counter({frozenset(): 1} if (x, y) == start else {})
            for before in ((x - 1, y), (x, y - 1)):
                here.update(ways.get(before, {}))
            if (x, y) in closed or y - x == low or y - x == high:
                here = Counter()
            if (x, y) in special:
                here = Counter({seen | {(x, y)}: count for seen, count in here.items()})
            ways[x, y] = here
    if data["level"] == 5:
        return str(sum(count for seen, count in ways[end].items() if len(seen) == 1) % data["modulus"])
    return str(ways[end][frozenset(special)])


def words(letters: str, allowed: Callable[[str, str], bool]) -> int:
    """Words from all the letters in which every letter may follow the one before; the first one follows ''."""

    @functools.cache
    def count(rest: str, last: str) -> int:
        if not rest:
            return 1
        following = sorted(set(rest))
        return sum(count(rest.replace(x, "", 1), x) for x in following if allowed(last, x))

    return count("".join(sorted(letters)), "")


def place_in_list(word: str) -> int:
    """The arrangements of the letters one after another in alphabetical order, up to the word."""
    letters, place = sorted(word), 1
    while letters != list(word):
        left = max(i for i in range(len(letters) - 1) if letters[i] < letters[i + 1])
        right = max(i for i in range(len(letters)) if letters[i] > letters[left])
        letters[left], letters[right] = letters[right], letters[left]
        letters[left + 1 :] = letters[:left:-1]
        place += 1
    return place


def letter_arrangements(data: Data) -> str:
    word, level = data["word"], data["level"]
    vowels = "".join(letter for letter in word if letter in "AEIOU")
    others = "".join(letter for letter in word if letter not in "AEIOU")
    if level == 1:
        return str(words(word, lambda last, letter: True))
    if level == 2:
        return str(words(others + "*", lambda last, letter: True) * words(vowels, lambda last, letter: True))
    if level == 3:
        return str(words(word, lambda last, letter: last == "" or last not in "AEIOU" or letter not in "AEIOU"))
    if level == 4:
        return str(place_in_list(word))
    count = words(word, lambda last, letter: letter in "AEIOU" if last == "" else letter != last)
    return str(count % data["modulus"])


def placements(size: int, forbidden: set[tuple[int, int]]) -> int:
    def place(row: int, free: frozenset[int]) -> int:
        if row == size:
            return 1
        return sum(place(row + 1, free - {column}) for column in free if (row, column) not in forbidden)

    return place(0, frozenset(range(size)))


def round_tables(size: int, friends: list[int], enemies: list[list[int]]) -> int:
    """Person 0 sits first; then, place by place, by the set of those seated and the last of them."""
    apart = {frozenset(pair) for pair in enemies}
    close = frozenset(friends)
    ways = {(1, 0, False): 1}
    for _ in range(size - 1):
        following: Counter[tuple[int, int, bool]] = Counter()
        for (seated, last, met), count in ways.items():
            for person in range(size):
                pair = frozenset((last, person))
                if not seated >> person & 1 and pair not in apart:
                    following[seated | 1 << person, person, met or pair == close] += count
        ways = dict(following)
    return sum(
        count
        for (_, last, met), count in ways.items()
        if frozenset((last, 0)) not in apart and (met or frozenset((last, 0)) == close)
    )


def inclusion_exclusion(data: Data) -> str:
    if data["level"] == 1:
        (a, b, c), (ab, ac, bc), abc = data["sizes"], data["pairs"], data["all"]
        only = [a - (ab - abc) - (ac - abc) - abc, b - (ab - abc) - (bc - abc) - abc, c - (ac - abc) - (bc - abc) - abc]
        twice = ab + ac + bc - 3 * abc
        return str(sum(only) if data["asked"] == "one" else data["total"] - sum(only) - twice - abc)
    if data["level"] == 2:
        numbers = range(data["low"], data["high"] + 1)
        return str(sum(any(n % d == 0 for d in data["either"]) and n % data["neither"] != 0 for n in numbers))
    if data["level"] <= 4:
        return str(placements(data["size"], {tuple(cell) for cell in data["forbidden"]}))
    return str(round_tables(data["size"], data["friends"], data["enemies"]) % data["modulus"])


def chromatic(points: frozenset[int], edges: frozenset[frozenset[int]], colours: int) -> int:
    """Deletion and contraction, after points whose neighbours are all joined to each other have been taken off."""
    for point in points:
        near = {end for edge in edges if point in edge for end in edge} - {point}
        if all(frozenset(pair) in edges for pair in itertools.combinations(near, 2)):
            rest = frozenset(edge for edge in edges if point not in edge)
            return (colours - len(near)) * chromatic(points - {point}, rest, colours)
    if not points:
        return 1
    kept, gone = sorted(min(edges, key=sorted))
    deleted = edges - {frozenset((kept, gone))}
    merged = frozenset(frozenset(kept if end == gone else end for end in edge) for edge in deleted)
    return chromatic(points, deleted, colours) - chromatic(points - {gone}, merged, colours)


def closed_rings(length: int, sizes: list[int], banned: set[tuple[int, ...]]) -> int:
    """Rings of beads read from a fixed place, one first bead after the other."""
    total = 0
    for first in range(len(sizes)):
        ways = [sizes[first] if kind == first else 0 for kind in range(len(sizes))]
        for _ in range(length - 1):
            ways = [
                sizes[kind] * sum(count for old, count in enumerate(ways) if tuple(sorted((old, kind))) not in banned)
                for kind in range(len(sizes))
            ]
        total += sum(count for last, count in enumerate(ways) if tuple(sorted((last, first))) not in banned)
    return total


def necklaces(length: int, sizes: list[int], banned: set[tuple[int, ...]]) -> int:
    """Rings up to rotation: those without a shorter period come in classes of equal size."""
    aperiodic: dict[int, int] = {}
    for period in (d for d in range(1, length + 1) if length % d == 0):
        shorter = sum(count for d, count in aperiodic.items() if period % d == 0)
        aperiodic[period] = closed_rings(period, sizes, banned) - shorter
    return sum(count // period for period, count in aperiodic.items())


def colourings(data: Data) -> str:
    if data["level"] == 5:
        return str(necklaces(data["length"], data["sizes"], {tuple(p) for p in data["banned"]}) % data["modulus"])
    points = frozenset(range(data["size"]))
    edges, k = frozenset(frozenset(edge) for edge in data["edges"]), data["colours"]
    if data["level"] < 4:
        return str(chromatic(points, edges, k))
    return str(sum((-1) ** (k - j) * math.comb(k, j) * chromatic(points, edges, j) for j in range(1, k + 1)))


def patterned(letters: str, length: int, forbidden: set[str], counted: str) -> Counter[tuple[str, tuple[int, ...]]]:
    """Words by their first letter and the exact numbers of the counted letters, built from the end."""
    ways: Counter[tuple[str, tuple[int, ...]]] = Counter({("", (0,) * len(counted)): 1})
    for _ in range(length):
        following: Counter[tuple[str, tuple[int, ...]]] = Counter()
        for (first, counts), number in ways.items():
            for letter in letters:
                if letter + first not in forbidden:
                    more = tuple(n + (letter == who) for n, who in zip(counts, counted, strict=True))
                    following[letter, more] += number
        ways = following
    return ways


def forbidden_patterns(data: Data) -> str:
    level, length = data["level"], data["length"]
    if level == 1:
        broken = set(data["broken"])

        @functools.cache
        def climbs(place: int) -> int:
            if place >= length or place in broken:
                return int(place == length)
            return sum(climbs(place + size) for size in data["sizes"])

        return str(climbs(0))
    if level == 3:
        free = length - len(data["prefix"]) - len(data["suffix"])
        strings = (data["prefix"] + "".join(bits) + data["suffix"] for bits in itertools.product("01", repeat=free))
        return str(sum(all(block not in string for block in data["banned"]) for string in strings))
    forbidden = set(data["forbidden"])
    if level == 2:
        # Reading backwards from the last letter, so that the table starts where the words end.
        ways = {data["end"]: 1}
        for _ in range(length - 1):
            ways = {x: sum(n for y, n in ways.items() if x + y not in forbidden) for x in "ABCDE"}
        return str(ways[data["start"]])
    if level == 4:
        # Reversed words with reversed blocks, so that the letter at the end is the one placed last.
        table = patterned("ABCDE", length, {block[::-1] for block in forbidden}, data["letter"])
        return str(table[data["end"], (data["times"],)])
    table = patterned("ABCD", length, forbidden, "".join(data["letters"]))
    parity, third = data["remainders"]
    return str(sum(n for (_, (a, b)), n in table.items() if a % 2 == parity and b % 3 == third) % data["modulus"])


def choices(size: int) -> Poly:
    return product([[1, 1]] * size)


def from_least(poly: Poly, least: int, most: int | None = None) -> Poly:
    return [c if least <= power and (most is None or power <= most) else 0 for power, c in enumerate(poly)]


def committees(data: Data) -> str:
    level = data["level"]
    if level == 1:
        return str(math.prod(at(choices(s), q) for s, q in zip(data["sizes"], data["quotas"], strict=True)))
    total = data["total"]
    if level <= 3:
        groups = [from_least(choices(s), low) for s, low in zip(data["sizes"], data["least"], strict=True)]
        if level == 2:
            return str(at(product(groups), total))
        # The two who quarrel: both at home, or exactly one of them chosen.
        smaller = [choices(size - 1) for size in data["sizes"][:2]]
        result = 0
        for one, two in ((0, 0), (1, 0), (0, 1)):
            first = from_least([0] * one + smaller[0], data["least"][0])
            second = from_least([0] * two + smaller[1], data["least"][1])
            result += at(product([first, second, *groups[2:]]), total)
        return str(result)
    rows = zip(data["couples"], data["singles"], data["least"], data["most"], strict=True)
    towns = [from_least(times(product([[1, 2]] * c), choices(s)), low, high) for c, s, low, high in rows]
    if level == 4:
        return str(at(product(towns), total))
    marked = [[power * c for power, c in enumerate(town)] for town in towns]
    result = 0
    for chair, secretary in itertools.permutations(range(3), 2):
        polys = [marked[i] if i in (chair, secretary) else towns[i] for i in range(3)]
        result += at(product(polys), total)
    return str(result % data["modulus"])


def shares(amount: int, people: int) -> int:
    return product([[1] * (amount + 1)] * people, amount)[amount]


def stirling(things: int, groups: int) -> int:
    if things == 0 or groups == 0:
        return int(things == groups)
    return groups * stirling(things - 1, groups) + stirling(things - 1, groups - 1)


def nobody_without(amounts: list[int], books: int, people: int) -> int:
    """All ways, less those in which exactly the people of a smaller group get something."""
    exactly: dict[int, int] = {}
    for group in range(1, people + 1):
        every = group**books * math.prod(shares(amount, group) for amount in amounts)
        exactly[group] = every - sum(math.comb(group, fewer) * count for fewer, count in exactly.items())
    return exactly[people]


def sharing(data: Data) -> str:
    level, amounts = data["level"], data["amounts"]
    if level == 1:
        return str(math.prod(shares(amount, data["people"]) for amount in amounts))
    if level == 2:
        left, books = sum(data["books"]), 1
        for number in data["books"]:
            books *= math.comb(left, number)
            left -= number
        return str(books * math.prod(shares(amount, len(data["books"])) for amount in amounts))
    people, modulus = data["people"], data["modulus"]
    if level == 3:
        return str(nobody_without(amounts, data["books"], people) % modulus)
    if level == 4:
        fruits = 1
        for amount, low in zip(amounts, data["least"], strict=True):
            rest = [[1] * (amount + 1)] * (people - 1)
            fruits *= product([from_least([1] * (amount + 1), low), *rest], amount)[amount]
        return str(stirling(data["books"], people) * math.factorial(people) * fruits % modulus)
    rest = data["books"] - data["own"]
    books = math.comb(data["books"], data["own"]) * stirling(rest, people - 1) * math.factorial(people - 1)
    return str(books * nobody_without(amounts, 0, people) % modulus)


def shuffles(data: Data) -> str:
    images, level = data["images"], data["level"]
    moved = dict(enumerate(images, 1))
    if level == 1:
        state, steps = [moved[x] for x in sorted(moved)], 1
        while state != sorted(moved):
            state, steps = [moved[x] for x in state], steps + 1
        return str(steps)
    if level <= 3:
        cards, either = list(data["cards"]), 0
        for _ in range(data["turns"]):
            cards = [moved[card] for card in cards]
            either += any(now == start for now, start in zip(cards, data["cards"], strict=True))
        return str(sum(cards) if level == 2 else either)
    # A commuting map is known from one image for each cycle; images are tried and followed around the cycle.
    result, unused, done = 1, set(moved), set[int]()
    for start in moved:
        if start in done:
            continue
        orbit = [start]
        while moved[orbit[-1]] != start:
            orbit.append(moved[orbit[-1]])
        done |= set(orbit)
        fitting = []
        for image in moved:
            followed = list(itertools.accumulate(orbit[1:], lambda here, _: moved[here], initial=image))
            if moved[followed[-1]] == image:
                fitting.append(followed)
        if level == 4:
            fitting = [f for f in fitting if len(set(f)) == len(orbit) and set(f) <= unused]
            unused -= set(fitting[0])
        else:
            fitting = [f for f in fitting if all(a != b for a, b in zip(f, orbit, strict=True))]
        result *= len(fitting)
    return str(result if level == 4 else result % data["modulus"])


SECOND: dict[str, Callable[[Data], str]] = {
    "stars-and-bars": stars_and_bars,
    "lattice-paths": lattice_paths,
    "letter-arrangements": letter_arrangements,
    "inclusion-exclusion": inclusion_exclusion,
    "colourings": colourings,
    "forbidden-patterns": forbidden_patterns,
    "committees": committees,
    "sharing": sharing,
    "shuffles": shuffles,
}

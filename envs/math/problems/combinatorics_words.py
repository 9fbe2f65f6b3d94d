"""forbidden-patterns: jumps, words and binary strings that avoid what is forbidden, counted by recurrences."""

from __future__ import annotations

import itertools

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several

Pairs = set[tuple[int, int]]


def _jump_ways(length: int, sizes: list[int], broken: list[int]) -> int:
    ways = [1]
    for place in range(1, length + 1):
        reached = sum(ways[place - size] for size in sizes if size <= place)
        ways.append(0 if place in broken else reached)
    return ways[length]


def _jumps(rng: np.random.Generator) -> Problem:
    length = between(rng, 20, 28)
    sizes = sorted(several(rng, range(1, 7), between(rng, 2, 3)))
    broken = sorted(several(rng, range(1, length), between(rng, 6, 8)))
    answer = _jump_ways(length, sizes, broken)
    if answer < 3:
        return _jumps(rng)
    words, name = listing([f"${size}$" for size in sizes], "or"), pick(rng, NAMES)
    holes = listing([f"${place}$" for place in broken])
    statements = (
        f"A staircase has ${length}$ steps. {name} climbs it from the floor to the top step and goes up {words} steps "
        f"at a time. The steps {holes} (counted from the bottom) are broken and must not be stepped on. In how many "
        "ways can the staircase be climbed?",
        f"Stones in a pond are numbered $0, 1, 2, \\dots, {length}$. A frog on stone $0$ wants to get to stone "
        f"${length}$; every jump increases the number of its stone by {words}. Crocodiles lie on the stones {holes}, "
        "where it must not land. How many different sequences of jumps are possible?",
        f"In how many ways can ${length}$ be written as an ordered sum of integers, each equal to {words}, such that "
        f"none of the numbers {holes} occurs among the partial sums (the sums of the first term, of the first two "
        "terms, and so on)?",
    )
    data = {"level": 1, "length": length, "sizes": sizes, "broken": broken}
    traps = [
        _jump_ways(length, sizes, []),
        _jump_ways(length, sizes, broken[1:]),
        _jump_ways(length, sizes, broken[:-1]),
    ]
    return posed(rng, statements, answer, data, traps)


def _walks(length: int, letters: int, forbidden: Pairs, start: int) -> list[int]:
    """Words of a length from a first letter without a forbidden pair of neighbours, by their last letter."""
    ways = [int(letter == start) for letter in range(letters)]
    for _ in range(length - 1):
        ways = [
            sum(count for before, count in enumerate(ways) if (before, letter) not in forbidden)
            for letter in range(letters)
        ]
    return ways


def _blocks(forbidden: list[tuple[int, int]]) -> list[str]:
    return [rf"$\mathrm{{{'ABCDE'[a]}{'ABCDE'[b]}}}$" for a, b in forbidden]


def _words(rng: np.random.Generator) -> Problem:
    cells = [(a, b) for a in range(5) for b in range(5)]
    forbidden = sorted(several(rng, cells, between(rng, 6, 9)))
    length, start, end = between(rng, 4, 9), between(rng, 0, 4), between(rng, 0, 4)
    answer = _walks(length, 5, set(forbidden), start)[end]
    if answer < 3:
        return _words(rng)
    banned, first, last, name = listing(_blocks(forbidden)), "ABCDE"[start], "ABCDE"[end], pick(rng, NAMES)
    arrows = listing([f"from {'ABCDE'[a]} to {'ABCDE'[b]}" for a, b in forbidden])
    statements = (
        f"How many words of length ${length}$ in the letters A, B, C, D, E begin with {first}, end with {last}, and do "
        f"not contain any of the blocks {banned} in consecutive places?",
        f"{name} visits five cities A, B, C, D and E. Each day is spent in one city; the next day {name} stays there "
        f"or travels to another one. There are no passages {arrows} from one day to the next (staying counts as a "
        f"passage from a city to itself), all others are possible. How many plans for ${length}$ days start on day $1$ "
        f"in {first} and finish on day ${length}$ in {last}?",
        f"A machine prints strings over the alphabet $\\{{A, B, C, D, E\\}}$. A string is correct if no two adjacent "
        f"letters, read from left to right, form one of {banned}. Find the number of correct strings of length "
        f"${length}$ whose first letter is {first} and whose last letter is {last}.",
    )
    data = {"level": 2, "length": length, "start": first, "end": last, "forbidden": _plain(forbidden)}
    loose = [sum(_walks(length, 5, set(forbidden), start)), _walks(length + 1, 5, set(forbidden), start)[end]]
    return posed(rng, statements, answer, data, [*loose, 5 ** (length - 2)])


def _plain(forbidden: list[tuple[int, int]]) -> list[str]:
    return ["ABCDE"[a] + "ABCDE"[b] for a, b in forbidden]


def _extensions(prefix: str, length: int, banned: list[str]) -> dict[str, int]:
    """Binary strings of a length that extend the prefix and avoid the blocks, by their last five digits."""
    ways = {prefix[-5:]: 1}
    for _ in range(length - len(prefix)):
        following: dict[str, int] = {}
        for tail, count in ways.items():
            for digit in "01":
                longer = tail + digit
                if not any(longer.endswith(block) for block in banned):
                    following[longer[-5:]] = following.get(longer[-5:], 0) + count
        ways = following
    return ways


def _bits(rng: np.random.Generator, low: int, high: int) -> str:
    size = between(rng, low, high)
    return f"{between(rng, 0, 2**size - 1):0{size}b}"


def _binary(rng: np.random.Generator) -> Problem:
    length = between(rng, 15, 21)
    prefix, suffix = _bits(rng, 5, 6), _bits(rng, 5, 6)
    banned = sorted({_bits(rng, 3, 6), _bits(rng, 3, 6)})
    clash = any(block in text for block in banned for text in (prefix, suffix))
    # of two blocks neither may hold the other, and they are two
    clash = clash or any(one in other for one, other in itertools.permutations(banned, 2)) or len(banned) < 2
    answer = 0 if clash else _extended(prefix, suffix, length, banned)
    if answer < 12:
        return _binary(rng)
    one, two, name = *(rf"$\mathtt{{{block}}}$" for block in banned), pick(rng, NAMES)
    begin, end = rf"$\mathtt{{{prefix}}}$", rf"$\mathtt{{{suffix}}}$"
    statements = (
        f"How many binary strings of length ${length}$ begin with {begin}, end with {end}, and contain neither {one} "
        f"nor {two} as a block of consecutive digits?",
        f"A transmitter sends messages of ${length}$ bits. Every message opens with the signature {begin} and closes "
        f"with the signature {end}. The sequences {one} and {two} are control codes and must not occur anywhere in "
        "consecutive bits of a message. How many different messages can be sent?",
        f"{name} tosses a coin ${length}$ times and writes $\\mathtt{{1}}$ for heads, $\\mathtt{{0}}$ for tails. In "
        f"how many ways can the tosses go if the record starts with {begin}, finishes with {end}, and never shows "
        f"{one} or {two} in consecutive tosses?",
    )
    data = {"level": 3, "length": length, "prefix": prefix, "suffix": suffix, "banned": banned}
    free = 2 ** (length - len(prefix) - len(suffix))
    traps = [free, _extended(prefix, suffix, length, banned[:1]), _extended(prefix, suffix, length, banned[1:])]
    return posed(rng, statements, answer, data, traps)


def _extended(prefix: str, suffix: str, length: int, banned: list[str]) -> int:
    """Strings without the blocks that begin with the prefix and end with the suffix, which do not overlap."""
    tails = _extensions(prefix, length - len(suffix), banned)
    return sum(count for tail, count in tails.items() if not any(block in tail + suffix for block in banned))


Counts = tuple[int, ...]


def _counted_words(
    length: int, letters: int, forbidden: Pairs, moduli: dict[int, int]
) -> dict[tuple[int, Counts], int]:
    """Words without forbidden neighbours by their last letter and the counts of some letters, each up to a modulus."""
    counts = list(itertools.product(*(range(modulus) for modulus in moduli.values())))
    place = {count: index for index, count in enumerate(counts)}
    # One more letter moves the counts on: shift[letter] says from which place to which.
    shift = [
        [
            place[tuple((n + (letter == who)) % moduli[who] for who, n in zip(moduli, count, strict=True))]
            for count in counts
        ]
        for letter in range(letters)
    ]
    ways = [[int(shift[letter][0] == index) for index in range(len(counts))] for letter in range(letters)]
    for _ in range(length - 1):
        following = []
        for letter in range(letters):
            before = [ways[other] for other in range(letters) if (other, letter) not in forbidden]
            row = [0] * len(counts)
            for index, target in enumerate(shift[letter]):
                row[target] = sum(column[index] for column in before)
            following.append(row)
        ways = following
    return {(letter, count): ways[letter][place[count]] for letter in range(letters) for count in counts}


def _exact_count(rng: np.random.Generator) -> Problem:
    cells = [(a, b) for a in range(5) for b in range(5)]
    forbidden = sorted(several(rng, cells, between(rng, 5, 7)))
    length, times = between(rng, 6, 10), between(rng, 2, 4)
    who, last = several(rng, range(5), 2)
    ways = _counted_words(length, 5, set(forbidden), {who: length + 1})
    answer = ways.get((last, (times,)), 0)
    if answer < 20:
        return _exact_count(rng)
    banned, letter, end, name = listing(_blocks(forbidden)), "ABCDE"[who], "ABCDE"[last], pick(rng, NAMES)
    statements = (
        f"How many words of length ${length}$ in the letters A, B, C, D, E contain the letter {letter} exactly "
        f"${times}$ times, end with {end}, and contain none of the blocks {banned} in consecutive places?",
        f"{name} strings ${length}$ beads on a straight wire, from left to right. Beads of five types A, B, C, D and E "
        f"are available in any number. Exactly ${times}$ beads must be of type {letter}, the last one must be of type "
        f"{end}, and no two consecutive beads, read from left to right, may be of the types {banned}. In how many ways "
        "can the wire be filled?",
        f"Consider sequences of ${length}$ letters from $\\{{A, B, C, D, E\\}}$ whose final letter is {end} and in "
        f"which {letter} occurs exactly ${times}$ times. How many of them have no two successive letters that form one "
        f"of the blocks {banned}?",
    )
    data = {"level": 4, "length": length, "letter": letter, "times": times, "end": end}
    data |= {"forbidden": _plain(forbidden)}
    every = sum(count for (_, (number,)), count in ways.items() if number == times)
    most = sum(count for (at, (number,)), count in ways.items() if at == last and number <= times)
    return posed(rng, statements, answer, data, [every, most])


def _periodic_count(rng: np.random.Generator) -> Problem:
    cells = [(a, b) for a in range(4) for b in range(4)]
    forbidden = sorted(several(rng, cells, between(rng, 4, 6)))
    length, modulus = between(rng, 10, 18), pick(rng, MODULI)
    one, two = several(rng, range(4), 2)
    parity, third = between(rng, 0, 1), between(rng, 0, 2)
    ways = _counted_words(length, 4, set(forbidden), {one: 2, two: 3})
    answer = sum(count for (_, counts), count in ways.items() if counts == (parity, third))
    if answer < modulus:
        return _periodic_count(rng)
    banned, a, b, name = listing(_blocks(forbidden)), "ABCD"[one], "ABCD"[two], pick(rng, NAMES)
    kind, closing = ("even", "odd")[parity], remainder_asked(rng, "$T$", modulus)
    left = f"leaves the remainder ${third}$ when divided by $3$" if third else "is divisible by $3$"
    statements = (
        f"Let $T$ be the number of words of length ${length}$ in the letters A, B, C, D that contain none of the "
        f"blocks {banned} in consecutive places, in which the number of letters {a} is {kind} and the number of "
        f"letters {b} {left}. (The number $0$ is even and divisible by $3$.) {closing}",
        f"A melody consists of ${length}$ notes, each of them A, B, C or D. In the style of {name}, none of {banned} "
        f"may be played in immediate succession, the note {a} occurs an {kind} number of times, and the number of "
        f"times that {b} occurs {left}; a note may also be absent, that is, occur $0$ times. Let $T$ be the number of "
        f"melodies in this style. {closing}",
        f"Call a string over $\\{{A, B, C, D\\}}$ balanced if the number of its letters {a} is {kind} and the number "
        f"of its letters {b} {left}. Let $T$ be the number of balanced strings of length ${length}$ in which no two "
        f"adjacent letters, from left to right, form one of {banned}. {closing}",
    )
    data = {"level": 5, "length": length, "letters": [a, b], "remainders": [parity, third]}
    data |= {"forbidden": _plain(forbidden), "modulus": modulus}
    total = sum(ways.values())
    even = sum(count for (_, counts), count in ways.items() if counts[0] == parity)
    return posed(rng, statements, answer % modulus, data, [total % modulus, even % modulus, total // 6 % modulus])


FAMILY = ProblemFamily(
    name="forbidden-patterns",
    area="combinatorics",
    summary="climbs past broken steps, words without forbidden blocks and with prescribed numbers of letters",
    chance=0.01,
    make=by_level(_jumps, _words, _binary, _exact_count, _periodic_count),
)

"""letter-arrangements: the letters of a word in other orders, with vowels, neighbours and the dictionary in mind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several

VOWELS, CONSONANTS = "AEIOU", "BCDFHJKLMNPRSVWXZ"
KINDS = ("planet", "village", "island", "kingdom", "tribe", "valley", "moon", "colony")


def _word(rng: np.random.Generator, syllables: int) -> str:
    """A name that can be pronounced, with letters that repeat."""
    # Short words need more letters to choose from, long ones fewer, or nothing would repeat.
    consonants = several(rng, CONSONANTS, 4 if syllables > 4 else 5)
    vowels = several(rng, VOWELS, 3 if syllables > 4 else 4)
    word = "".join(pick(rng, consonants) + pick(rng, vowels) for _ in range(syllables))
    word += pick(rng, consonants) if between(rng, 0, 1) else ""
    return word if len(set(word)) <= len(word) - 3 else _word(rng, syllables)


def _shown(word: str) -> str:
    return rf"$\mathrm{{{word}}}$"


def _orders(letters: Mapping[str, int]) -> int:
    """How many words the letters make."""
    total = math.factorial(sum(letters.values()))
    return total // math.prod(math.factorial(count) for count in letters.values())


def _split(word: str) -> tuple[Counter[str], Counter[str]]:
    return Counter(letter for letter in word if letter in VOWELS), Counter(x for x in word if x not in VOWELS)


def _all_orders(rng: np.random.Generator) -> Problem:
    word = _word(rng, 5)
    kind, name = pick(rng, KINDS), pick(rng, NAMES)
    statements = (
        f"In how many different orders can the letters of {_shown(word)} be written?",
        f"{name} has cut the name of the {kind} {_shown(word)} into single letters and puts all of them in a row. How "
        "many different words, with or without meaning, can be formed?",
        f"An anagram of a word uses each of its letters exactly as often as the word does; the word counts as an "
        f"anagram of itself. How many anagrams does {_shown(word)} have?",
    )
    counts = Counter(word)
    distinct = math.factorial(len(word))
    traps = [distinct, distinct // 2 ** sum(count > 1 for count in counts.values()), math.factorial(len(counts))]
    return posed(rng, statements, _orders(counts), {"level": 1, "word": word}, traps)


def _vowels_together(rng: np.random.Generator) -> Problem:
    word = _word(rng, 5)
    kind, name = pick(rng, KINDS), pick(rng, NAMES)
    statements = (
        f"In how many arrangements of all the letters of {_shown(word)} do the vowels stand next to each other in one "
        "block? (Equal letters cannot be told apart.)",
        f"{name} rearranges the letters of {_shown(word)}, the name of a {kind}, so that no consonant stands between "
        "two vowels. How many different results are possible?",
        f"Each letter of {_shown(word)} is written on a card of its own, and cards with the same letter look the same. "
        "How many different rows can be laid with all the cards if all vowels must form one unbroken group?",
    )
    vowels, consonants = _split(word)
    block = Counter(consonants)
    block["vowels"] = 1
    answer = _orders(block) * _orders(vowels)
    traps = [_orders(block), _orders(consonants) * _orders(vowels), math.factorial(sum(block.values()))]
    return posed(rng, statements, answer, {"level": 2, "word": word}, traps)


def _vowels_apart(rng: np.random.Generator) -> Problem:
    word = _word(rng, 5)
    kind, name = pick(rng, KINDS), pick(rng, NAMES)
    statements = (
        f"How many arrangements of all the letters of {_shown(word)} are there in which no two vowels are neighbours? "
        "(Equal letters cannot be told apart.)",
        f"In the language of the {kind} {_shown(word)}, two vowels never follow each other. How many different words "
        f"can one make from the letters of {_shown(word)}, if every letter is to be used as often as it occurs?",
        f"{name} writes the letters of {_shown(word)} in a new order, or in the old one, such that between any two "
        "vowels there is at least one consonant. How many different outcomes are possible?",
    )
    vowels, consonants = _split(word)
    places = math.comb(sum(consonants.values()) + 1, sum(vowels.values()))
    answer = places * _orders(vowels) * _orders(consonants)
    traps = [_orders(vowels) * _orders(consonants), places * _orders(consonants)]
    return posed(rng, statements, answer, {"level": 3, "word": word}, traps)


def _rank(word: str) -> int:
    """The place of the word among its arrangements in alphabetical order."""
    rank, letters = 1, Counter(word)
    for letter in word:
        for smaller in sorted(letters):
            if smaller < letter and letters[smaller]:
                rank += _orders(letters - Counter(smaller))
        letters -= Counter(letter)
    return rank


def _in_the_dictionary(rng: np.random.Generator) -> Problem:
    word = _word(rng, 4)
    while len(word) < 9 or _orders(Counter(word)) > 20_160:
        word = _word(rng, 4)
    kind, name = pick(rng, KINDS), pick(rng, NAMES)
    statements = (
        f"All different arrangements of the letters of {_shown(word)} are listed in alphabetical order. At which "
        f"position of the list does {_shown(word)} stand, if the first entry has position $1$?",
        f"{name} prints a dictionary that consists of all words, meaningful or not, with the same letters as "
        f"{_shown(word)}, the name of a {kind}; no word occurs twice. The words are numbered $1, 2, 3, \\dots$ in "
        f"alphabetical order. What is the number of {_shown(word)}?",
        f"How many of the different arrangements of the letters of {_shown(word)} come no later in alphabetical order "
        f"than {_shown(word)} itself?",
    )
    answer = _rank(word)
    traps = [answer - 1, _rank(word[::-1]), _orders(Counter(word)) + 1 - answer]
    return posed(rng, statements, answer, {"level": 4, "word": word}, traps)


def _no_twins(letters: Mapping[str, int]) -> int:
    """Arrangements without equal neighbours: each letter's copies are merged into blocks, with signs."""
    blocks = {0: 1}
    for count in letters.values():
        following: dict[int, int] = {}
        for parts in range(1, count + 1):
            # Splitting the copies into `parts` blocks, counted with the sign of what was merged.
            ways = (-1) ** (count - parts) * math.comb(count - 1, parts - 1)
            for before, number in blocks.items():
                more = number * ways * math.comb(before + parts, parts)
                following[before + parts] = following.get(before + parts, 0) + more
        blocks = following
    return sum(blocks.values())


def _no_twins_from(letter: str, letters: Counter[str]) -> int:
    """The same, for arrangements that begin with the letter."""
    if not letters[letter]:
        return 0
    rest = letters - Counter(letter)
    return _no_twins(rest) - _no_twins_from(letter, rest)


def _no_equal_neighbours(rng: np.random.Generator) -> Problem:
    word, modulus = _word(rng, between(rng, 5, 7)), pick(rng, MODULI)
    letters = Counter(word)
    vowels = sorted(set(word) & set(VOWELS))
    answer = sum(_no_twins_from(vowel, letters) for vowel in vowels)
    if answer < modulus:
        return _no_equal_neighbours(rng)
    kind, name, closing = pick(rng, KINDS), pick(rng, NAMES), remainder_asked(rng, "$T$", modulus)
    statements = (
        f"Let $T$ be the number of different arrangements of all the letters of {_shown(word)} that begin with a vowel "
        f"and in which no two equal letters are neighbours. {closing}",
        f"In the language of the {kind} {_shown(word)}, equal letters never stand side by side, and every word "
        f"begins with a vowel. Let $T$ be the number of words that use each letter of {_shown(word)} exactly as often "
        f"as {_shown(word)} does. {closing}",
        f"{name} puts the letters of {_shown(word)} in a row; copies of the same letter look alike. Let $T$ be the "
        f"number of rows whose first letter is one of A, E, I, O, U and in which adjacent letters always differ. "
        + closing,
    )
    data = {"level": 5, "word": word, "modulus": modulus}
    share = _orders(letters) * sum(letters[vowel] for vowel in vowels) // len(word)
    return posed(rng, statements, answer % modulus, data, [_no_twins(letters) % modulus, share % modulus])


FAMILY = ProblemFamily(
    name="letter-arrangements",
    area="combinatorics",
    summary="arrange the letters of a word: vowels together or apart, its place in the dictionary, no equal neighbours",
    chance=0.01,
    make=by_level(_all_orders, _vowels_together, _vowels_apart, _in_the_dictionary, _no_equal_neighbours),
)

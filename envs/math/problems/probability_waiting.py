"""Waiting: for a colour, for two colours, for a pattern of colours, and which of two patterns comes first."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, listing, pick

_WORDS = ("red", "blue", "green", "white", "yellow")
_LETTERS = "RBGWY"


def _counts(rng: np.random.Generator, kinds: int, high: int) -> list[int]:
    return [between(rng, 1, high) for _ in range(kinds)]


def _held(counts: list[int]) -> str:
    return listing([f"${count}$ {word}" for count, word in zip(counts, _WORDS, strict=False)])


def _setting(rng: np.random.Generator, counts: list[int]) -> str:
    """Three ways to say that colours come up again and again, independently of each other."""
    return pick(
        rng,
        (
            f"A bag holds {_held(counts)} balls. A ball is drawn at random and put back, again and again.",
            f"A wheel with ${sum(counts)}$ equal sectors, {_held(counts)}, is spun again and again.",
            f"A machine lights up lamps one after another. Each time it chooses one of ${sum(counts)}$ lamps at "
            f"random, no matter which came before: {_held(counts)} ones.",
        ),
    )


def _first_of(rng: np.random.Generator) -> Problem:
    counts = _counts(rng, 5, 45)
    total = sum(counts)
    value = Fraction(total, counts[0] + counts[1])
    place = _setting(rng, counts)
    statements = (
        f"{place} {ask_fraction(rng, 'the expected number of trials until red or blue comes up for the first time')}",
        f"{place} This stops as soon as the color is red or blue. {ask_fraction(rng, 'the expected number of trials')}",
        f"{place} Let $X$ be the number of the first trial that gives red or blue. "
        f"{ask_fraction(rng, 'the expected value of $X$')}",
    )
    data = {"ask": "first of", "counts": counts}
    apart = Fraction(total, counts[0]) + Fraction(total, counts[1])
    return posed(rng, statements, value, data, (1 / value, apart, value - 1))


def _both(rng: np.random.Generator) -> Problem:
    counts = _counts(rng, 5, 40)
    total, (a, b) = sum(counts), counts[:2]
    value = Fraction(total, a) + Fraction(total, b) - Fraction(total, a + b)
    place = _setting(rng, counts)
    statements = (
        f"{place} "
        f"{ask_fraction(rng, 'the expected number of trials until both red and blue have come up at least once')}",
        f"{place} Let $N$ be the number of the trial after which both red and blue have been seen for the first time. "
        f"{ask_fraction(rng, 'the expected value of $N$')}",
        f"{place} This goes on until each of the colors red and blue has appeared. "
        f"{ask_fraction(rng, 'the expected number of trials')}",
    )
    data = {"ask": "both", "counts": counts}
    traps = (Fraction(total, a) + Fraction(total, b), Fraction(total, min(a, b)), Fraction(total, a + b))
    return posed(rng, statements, value, data, traps)


def _chance(pattern: str, counts: list[int]) -> Fraction:
    return prod((Fraction(counts[_LETTERS.index(letter)], sum(counts)) for letter in pattern), start=Fraction(1))


def _overlap(first: str, second: str, counts: list[int]) -> Fraction:
    """What a gambler who bets on `second` holds when `first` has just appeared, at fair odds: Conway's number."""
    sizes = range(1, min(len(first), len(second)) + 1)
    return sum((1 / _chance(second[:n], counts) for n in sizes if first.endswith(second[:n])), Fraction(0))


def _spelled(pattern: str) -> str:
    return "-".join(_WORDS[_LETTERS.index(letter)] for letter in pattern)


def _pattern(rng: np.random.Generator, length: int, kinds: int) -> str:
    return "".join(_LETTERS[between(rng, 0, kinds - 1)] for _ in range(length))


def _one_pattern(rng: np.random.Generator) -> Problem:
    counts, pattern = _counts(rng, 4, 40), _pattern(rng, 3, 3)
    value = _overlap(pattern, pattern, counts)
    place, wanted = _setting(rng, counts), _spelled(pattern)
    statements = (
        f"{place} {ask_fraction(rng, f'the expected number of trials until three successive ones give {wanted}')}",
        f"{place} This ends when the colors of the last three trials are {wanted}, in this order. "
        f"{ask_fraction(rng, 'the expected number of trials')}",
    )
    data = {"ask": "pattern", "counts": counts, "pattern": pattern}
    return posed(rng, statements, value, data, (1 / _chance(pattern, counts), 3 / _chance(pattern, counts), value + 3))


def _two_patterns(rng: np.random.Generator, length: int, kinds: int) -> tuple[str, str]:
    while True:
        first, second = _pattern(rng, length, kinds), _pattern(rng, length, kinds)
        overlaps = any(first.endswith(second[:n]) or second.endswith(first[:n]) for n in range(1, length))
        if first != second and overlaps:
            return first, second


def _race(rng: np.random.Generator) -> Problem:
    counts = _counts(rng, 4, 45)
    first, second = _two_patterns(rng, 3, 3)
    ahead = _overlap(second, second, counts) - _overlap(second, first, counts)
    behind = _overlap(first, first, counts) - _overlap(first, second, counts)
    value = ahead / (ahead + behind)
    place, one, other = _setting(rng, counts), _spelled(first), _spelled(second)
    statements = (
        f"{place} The colors are noted in order. "
        f"{ask_sum(rng, f'the probability that {one} appears in successive trials before {other} does')}",
        f"{place} Two players watch. The first wins when three consecutive trials give {one}, the second when they "
        f"give {other}, whichever happens first. {ask_sum(rng, 'the probability that the first player wins')}",
    )
    p, q = _chance(first, counts), _chance(second, counts)
    data = {"ask": "race", "counts": counts, "patterns": [first, second]}
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(p / (p + q)), sum_of_terms(1 - value)))


def _either(rng: np.random.Generator) -> Problem:
    counts, length = _counts(rng, 4, 40), pick(rng, (3, 4))
    first, second = _two_patterns(rng, length, 3)
    ff, fs = _overlap(first, first, counts), _overlap(first, second, counts)
    sf, ss = _overlap(second, first, counts), _overlap(second, second, counts)
    value = (ff * ss - fs * sf) / (ff - fs + ss - sf)
    place, one, other, number = (
        _setting(rng, counts),
        _spelled(first),
        _spelled(second),
        {3: "three", 4: "four"}[length],
    )
    statements = (
        f"{place} This stops as soon as the colors of the last {number} trials, in order, are {one} or {other}. "
        + ask_sum(rng, "the expected number of trials", 1000),
        f"{place} Let $T$ be the number of trials until the run {one} or the run {other} has appeared in consecutive "
        f"trials for the first time. {ask_sum(rng, 'the expected value of $T$', 1000)}",
        f"{place} One player waits for {one} in {number} consecutive trials, another for {other}. The game is over "
        f"when one of them sees what they wait for. {ask_sum(rng, 'the expected number of trials in a game', 1000)}",
    )
    alone = 1 / (_chance(first, counts) + _chance(second, counts))
    data = {"ask": "either", "counts": counts, "patterns": [first, second]}
    traps = tuple(sum_of_terms(wrong) % 1000 for wrong in (alone, min(ff, ss), ff * ss / (ff + ss)))
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="waiting-times",
    area="probability",
    summary="expected waiting times for colours and patterns of colours, and races between patterns",
    chance=0.01,
    make=by_level(_first_of, _both, _one_pattern, _race, _either),
)

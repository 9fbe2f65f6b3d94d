"""Draws without replacement: colours of a hand, a ball moved between bags, conditions, and which colour runs out."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import comb

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_probability, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, listing, pick, several

COLOURS = ("red", "blue", "green", "yellow", "white", "black", "orange", "purple")


def contents(counts: list[int], colours: list[str], thing: str = "") -> str:
    """What is in a bag: "$3$ red, $1$ blue and $4$ green balls"."""
    text = listing([f"${count}$ {colour}" for count, colour in zip(counts, colours, strict=True)])
    return f"{text} {thing}" if thing else text


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeio" else f"a {word}"


def _two_alike(rng: np.random.Generator) -> Problem:
    colours, counts = several(rng, COLOURS, 5), [between(rng, 2, 40) for _ in range(5)]
    total = sum(counts)
    alike = Fraction(sum(count * (count - 1) for count in counts), total * (total - 1))
    same = bool(rng.integers(2))
    value = alike if same else 1 - alike
    event = "have the same color" if same else "have different colors"
    statements = (
        f"A bag holds {contents(counts, colours, 'marbles')}. Two marbles are drawn at random without replacement. "
        f"{ask_probability(rng, f'they {event}')}",
        f"In a drawer there are {contents(counts, colours, 'gloves')}, mixed up. In the dark somebody takes out two "
        f"of them together, each pair of gloves being equally likely. {ask_probability(rng, f'the two {event}')}",
        f"There are {contents(counts, colours, 'beads')} in a box. Two beads are chosen at random, the second from "
        f"those that are left after the first. {ask_probability(rng, f'the chosen beads {event}')}",
    )
    replaced = Fraction(sum(count * count for count in counts), total * total)
    data = {"ask": "two alike", "counts": counts, "same": same}
    return posed(rng, statements, value, data, (replaced if same else 1 - replaced, 1 - value))


def _three_drawn(rng: np.random.Generator) -> Problem:
    colours, counts = several(rng, COLOURS, 6), [between(rng, 2, 25) for _ in range(6)]
    total = sum(counts)
    triples = comb(total, 3)
    pairs = sum(comb(count, 2) * (total - count) for count in counts)
    equal = sum(comb(count, 3) for count in counts)
    kind = pick(rng, ("exactly two", "all different", "not all different"))
    good = {"exactly two": pairs, "all different": triples - pairs - equal, "not all different": pairs + equal}[kind]
    event = {
        "exactly two": "exactly two of the three have the same color",
        "all different": "the three have three different colors",
        "not all different": "at least two of the three have the same color",
    }[kind]
    question = ask_probability(rng, event)
    statements = (
        f"An urn contains {contents(counts, colours, 'balls')}. Three balls are drawn at random without replacement. "
        f"{question}",
        f"A kindergarten has {contents(counts, colours, 'caps')}. Three caps are handed out at random. {question}",
        f"From a pack with {contents(counts, colours, 'cards')} a player is dealt three cards at random. {question}",
    )
    data = {"ask": "three drawn", "counts": counts, "kind": kind}
    value = Fraction(good, triples)
    return posed(rng, statements, value, data, (1 - value, Fraction(pairs + equal, triples), Fraction(equal, triples)))


def _moved_ball(rng: np.random.Generator) -> Problem:
    colours = several(rng, COLOURS, 3)
    first, second = ([between(rng, 2, 25) for _ in range(3)] for _ in range(2))
    moved = between(rng, 1, 2)
    n, m = sum(first), sum(second)
    value = (second[0] + Fraction(moved * first[0], n)) / (m + moved)
    many = "One ball is" if moved == 1 else "Two balls are"
    few = "one" if moved == 1 else "two"
    event = f"this ball is {colours[0]}"
    statements = (
        f"Bag $A$ holds {contents(first, colours, 'balls')}; bag $B$ holds {contents(second, colours, 'balls')}. "
        f"{many} drawn at random from bag $A$ and put into bag $B$ without being looked at. Then a ball is drawn at "
        f"random from bag $B$. {ask_probability(rng, event)}",
        f"At a party, the left bowl has {contents(first, colours, 'sweets')} and the right bowl has "
        f"{contents(second, colours, 'sweets')}. A child grabs {few} at random from the left bowl and drops "
        f"{'it' if moved == 1 else 'them'} into the right bowl. The right bowl is stirred, and one sweet is taken "
        f"from it. {ask_probability(rng, f'it is {colours[0]}')}",
        f"There are two urns. The first has {contents(first, colours)} balls, the second {contents(second, colours)}. "
        f"After {few} {'ball is' if moved == 1 else 'balls are'} moved at random from the first urn to the second, "
        f"one ball is drawn at random from the second. {ask_probability(rng, event)}",
    )
    data = {"ask": "moved", "first": first, "second": second, "moved": moved}
    return posed(rng, statements, value, data, (Fraction(second[0], m), Fraction(first[0] + second[0], n + m)))


def _given_one(rng: np.random.Generator) -> Problem:
    colours, counts = several(rng, COLOURS, 4), [between(rng, 3, 30) for _ in range(4)]
    hand = between(rng, 4, 6)
    total, a, b = sum(counts), counts[0], counts[1]

    def without(*gone: int) -> int:
        return comb(total - sum(gone), hand)

    some = without() - without(a)
    both = some - without(b) + without(a, b)
    value = Fraction(both, some)
    here = contents(counts, colours)
    one, other = colours[0], colours[1]
    number = {4: "Four", 5: "Five", 6: "Six"}[hand]
    question = ask_sum(rng, f"the conditional probability that {_a(other)} one is among them")
    statements = (
        f"A jar contains {here} beads. {number} beads are drawn at random without replacement. Suppose that at least "
        f"one of them is {one}. {question}",
        f"{number} tulips are picked at random from a bed of {here} tulips. Someone who saw all of them is asked "
        f"whether there is {_a(one)} one among them, and truthfully says yes. {question}",
        f"From {here} tickets, {number.lower()} are drawn at random without replacement. It is known that the drawn "
        f"tickets include {_a(one)} one. {question}",
    )
    plain = Fraction(without() - without(b), without())
    data = {"ask": "given", "counts": counts, "hand": hand}
    traps = (sum_of_terms(plain), sum_of_terms(Fraction(both, without())))
    return posed(rng, statements, sum_of_terms(value), data, traps)


def _runs_out(rng: np.random.Generator) -> Problem:
    colours, counts = several(rng, COLOURS, 5), [between(rng, 2, 40) for _ in range(5)]
    total, last = sum(counts), counts[1]
    chance = Fraction(0)
    # seen from the end, each order in which the colours first show up is a product of simple shares
    for middle in permutations(counts[2:]):
        left, share = total - last, Fraction(last, total)
        for count in middle:
            share *= Fraction(count, left)
            left -= count
        chance += share
    here, first, end = contents(counts, colours), colours[0], colours[1]
    statements = (
        f"A bag holds {here} chips. They are drawn one by one at random, without replacement, until the bag is empty. "
        "A color is used up when its last chip is drawn. "
        + ask_sum(rng, f"the probability that {first} is the first color to be used up and {end} the last", 1000),
        f"A machine sells {here} gumballs, one at a time, in random order, until none is left. Note down the colors in "
        "the order in which they run out. "
        + ask_sum(rng, f"the probability that the list begins with {first} and ends with {end}", 1000),
        f"All of {here} cards are shuffled and turned over one after another. For each color, mark the moment when its "
        "last card is turned over. "
        + ask_sum(rng, f"the probability that {first} has the earliest and {end} the latest of the five marks", 1000),
    )
    naive = Fraction(counts[0], total) * Fraction(last, total - counts[0])
    data = {"ask": "runs out", "counts": counts}
    traps = (sum_of_terms(naive) % 1000, sum_of_terms(1 - chance) % 1000)
    return posed(rng, statements, sum_of_terms(chance) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="draws-without-replacement",
    area="probability",
    summary="colours drawn from bags without replacement, up to the order in which the colours run out",
    chance=0.01,
    make=by_level(_two_alike, _three_drawn, _moved_ball, _given_one, _runs_out),
)

"""Expected values by linearity: prizes, neighbours, kinds in a sample, squares of sums, random arrangements."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, listing, several

_THINGS = ("red", "blue", "green", "yellow", "white", "black")


def _prizes(rng: np.random.Generator) -> Problem:
    values = sorted(several(rng, range(5, 200), 3), reverse=True)
    counts = [between(rng, 1, 8), between(rng, 5, 30), between(rng, 20, 90)]
    blanks = between(rng, 100, 400)
    total = sum(counts) + blanks
    value = Fraction(sum(a * b for a, b in zip(values, counts, strict=True)), total)
    (a, b, c), (p, q, r) = values, counts
    many = "sector wins" if p == 1 else "sectors win"
    ticket = "ticket wins" if p == 1 else "tickets win"
    statements = (
        f"Of the ${total}$ tickets of a raffle, ${p}$ {ticket} ${a}$ points, ${q}$ tickets win ${b}$ points, ${r}$ "
        f"tickets win ${c}$ points, and the others win nothing. "
        f"{ask_fraction(rng, 'the expected number of points won by one ticket')}",
        f"A wheel has ${total}$ equal sectors. ${p}$ {many} ${a}$ points, ${q}$ sectors win ${b}$ points and ${r}$ "
        f"sectors win ${c}$ points; the rest are blank. "
        f"{ask_fraction(rng, 'the expected value of the number of points won in one spin')}",
        f"A cereal company hides a voucher worth ${a}$ stamps in ${p}$ of ${total}$ boxes, one worth ${b}$ stamps in "
        f"${q}$ of them and one worth ${c}$ stamps in ${r}$ of them, at most one in a box. One box is bought at "
        f"random. {ask_fraction(rng, 'the expected number of stamps in it')}",
    )
    data = {"ask": "prizes", "values": values, "counts": counts, "blanks": blanks}
    traps = (Fraction(a + b + c, 4), Fraction(a * p + b * q + c * r, p + q + r))
    return posed(rng, statements, value, data, traps)


def _neighbours(rng: np.random.Generator) -> Problem:
    counts = [between(rng, 2, 40) for _ in range(5)]
    total, ring = sum(counts), bool(rng.integers(2))
    places = total if ring else total - 1
    alike = Fraction(sum(count * (count - 1) for count in counts), total * (total - 1))
    value = places * alike
    words = [f"${count}$ {word}" for count, word in zip(counts, several(rng, _THINGS, 5), strict=True)]
    shape = "around a circle" if ring else "in a row"
    question = ask_fraction(rng, "the expected number of pairs of neighbors of the same color")
    statements = (
        f"{listing(words)} chairs are placed {shape} in random order. {question}",
        f"Somebody strings {listing(words)} beads at random {'on a closed loop' if ring else 'on a straight wire'}. "
        "Count the places where two neighboring beads have equal colors. "
        f"{ask_fraction(rng, 'the expected value of this count')}",
        f"Flags of five colors, {listing(words)}, are put up {shape}, all orders being equally likely. {question}",
    )
    data = {"ask": "neighbours", "counts": counts, "ring": ring}
    other = (total - 1 if ring else total) * alike
    return posed(rng, statements, value, data, (other, places - value, places * alike / 2))


def _kinds(rng: np.random.Generator) -> Problem:
    counts, size = [between(rng, 2, 32) for _ in range(5)], between(rng, 2, 4)
    total = sum(counts)
    value = sum((1 - Fraction(comb(total - count, size), comb(total, size)) for count in counts), Fraction(0))
    words = listing([f"${count}$ {word}" for count, word in zip(counts, several(rng, _THINGS, 5), strict=True)])
    number = {2: "Two", 3: "Three", 4: "Four"}[size]
    statements = (
        f"{number} balls are drawn at random without replacement from an urn with {words} balls. "
        f"{ask_fraction(rng, 'the expected number of different colors among the drawn balls')}",
        f"A florist has {words} roses and wraps {number.lower()} of them, chosen at random, in paper. "
        f"{ask_fraction(rng, 'the expected number of colors that occur in the bunch')}",
        f"Let $X$ be the number of different colors in a random set of {number.lower()} out of {words} tiles. "
        f"{ask_fraction(rng, 'the expected value of $X$')}",
    )
    replaced = sum((1 - Fraction(total - count, total) ** size for count in counts), Fraction(0))
    data = {"ask": "kinds", "counts": counts, "size": size}
    return posed(rng, statements, value, data, (replaced, min(size, 5), Fraction(size * 5, total)))


def _squared_score(rng: np.random.Generator) -> Problem:
    counts, scores = [between(rng, 2, 15) for _ in range(4)], several(rng, range(1, 10), 3)
    size, total = between(rng, 3, 5), sum(counts)
    scores = [*scores, 0]
    first = sum(n * s for n, s in zip(counts, scores, strict=True))
    second = sum(n * s * s for n, s in zip(counts, scores, strict=True))
    value = Fraction(size * second, total) + Fraction(size * (size - 1) * (first * first - second), total * (total - 1))
    words = several(rng, _THINGS, 4)
    held = listing([f"${n}$ {word}" for n, word in zip(counts, words, strict=True)])
    paid = listing([f"${s}$ for a {word} one" for s, word in zip(scores, words, strict=True)])
    question = ask_sum(rng, "the expected value of $S^2$")
    statements = (
        f"A bag holds {held} tokens. A token scores points: {paid}. A player draws ${size}$ tokens at random without "
        f"replacement, and $S$ is the sum of their points. {question}",
        f"${size}$ cards are dealt at random from {held} cards. Their points are counted, ${scores[0]}$ for each "
        f"{words[0]} card, ${scores[1]}$ for each {words[1]} card, ${scores[2]}$ for each {words[2]} card and none "
        f"for a {words[3]} card. Let $S$ be the total. {question}",
    )
    data = {"ask": "square", "counts": counts, "scores": scores, "size": size}
    mean = Fraction(size * first, total)
    independent = Fraction(size * second, total) + Fraction(size * (size - 1) * first * first, total * total)
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(mean**2), sum_of_terms(independent)))


def _moment(rng: np.random.Generator) -> Problem:
    size = 6
    weights, arms = sorted(several(rng, range(1, 40), size)), sorted(several(rng, range(1, 30), size))
    squares_w, squares_a = sum(w * w for w in weights), sum(a * a for a in arms)
    pairs_w, pairs_a = sum(weights) ** 2 - squares_w, sum(arms) ** 2 - squares_a
    value = Fraction(squares_w * squares_a, size) + Fraction(pairs_w * pairs_a, size * (size - 1))
    mean = Fraction(sum(weights) * sum(arms), size)
    variance = bool(rng.integers(2))
    answer = value - mean**2 if variance else value
    what = "the variance $E[T^2] - (E[T])^2$ of $T$" if variance else "the expected value of $T^2$"
    (one, other) = (listing([f"${item}$" for item in items]) for items in (weights, arms))
    question = ask_sum(rng, what, 1000)
    statements = (
        f"The numbers {one} are written on six cards, and the numbers {other} on six others. The cards of the first "
        "kind are paired at random with those of the second kind, each with one, all pairings being equally likely. "
        f"The two numbers of each pair are multiplied, and the six products are added; let $T$ be the sum. {question}",
        f"A rod has hooks at the distances {other} (in centimeters) from one end, at which it is hinged. Weights of "
        f"{one} newtons are hung on the hooks, one on each, in random order. Let $T$ be the sum of the products of "
        f"weight and distance. {question}",
        f"Let $(x_1, \\ldots, x_6)$ be a random permutation of the numbers {one}, and let $T$ be the sum of the "
        f"products $a_i x_i$, where $a_1, \\ldots, a_6$ are the numbers {other}, in this order. {question}",
    )
    data = {"ask": "moment", "weights": weights, "arms": arms, "variance": variance}
    independent = Fraction(squares_w * squares_a, size) + Fraction(sum(weights) ** 2 * pairs_a, size * size)
    traps = tuple(sum_of_terms(wrong) % 1000 for wrong in (mean**2, independent, mean))
    return posed(rng, statements, sum_of_terms(answer) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="expected-values",
    area="probability",
    summary="expected prizes, neighbours, colours of a sample, and squares of random sums",
    chance=0.01,
    make=by_level(_prizes, _neighbours, _kinds, _squared_score, _moment),
)

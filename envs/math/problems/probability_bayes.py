"""Several causes and one observation: total probability, Bayes, and what the observation says about the next draw."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_probability, ask_sum, decimal, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, several


def _shares(rng: np.random.Generator) -> tuple[int, int, int]:
    while True:
        a, b = between(rng, 10, 70), between(rng, 10, 70)
        if a + b <= 90:
            return a, b, 100 - a - b


def _defects(rng: np.random.Generator) -> Problem:
    (a, b, c), rates = _shares(rng), [between(rng, 1, 48) for _ in range(3)]
    p, q, r = rates
    value = Fraction(a * p + b * q + c * r, 100)
    names = several(rng, NAMES, 3)
    statements = (
        f"Three machines make all the screws of a factory: machine $A$ makes ${a}\\%$ of them, $B$ makes ${b}\\%$ and "
        f"$C$ makes ${c}\\%$. Of the screws from $A$, $B$ and $C$, ${p}\\%$, ${q}\\%$ and ${r}\\%$ respectively are "
        "painted. A screw is chosen at random from all. What is the probability, in percent, that it is painted? "
        "Answer with the exact percentage, such as $1.25\\%$.",
        f"A library has three branches. A borrowed book comes from the first with probability ${a}\\%$, from the "
        f"second with ${b}\\%$ and from the third with ${c}\\%$. Books from these branches are returned late with "
        f"probability ${p}\\%$, ${q}\\%$ and ${r}\\%$. With which probability is a borrowed book returned late? "
        "Answer with the exact percentage, such as $1.25\\%$.",
        f"{names[0]}, {names[1]} and {names[2]} answer all calls of a help line: {names[0]} ${a}\\%$, {names[1]} "
        f"${b}\\%$ and {names[2]} the remaining ${c}\\%$. A call to {names[0]} is put on hold with probability "
        f"${p}\\%$, one to {names[1]} with ${q}\\%$, one to {names[2]} with ${r}\\%$. What percentage of all calls "
        "can be expected to be put on hold? Answer with the exact percentage, such as $1.25\\%$.",
    )
    traps = tuple(f"{decimal(wrong)}\\%" for wrong in (p + q + r, 100 - value, value / 100))
    data = {"ask": "total", "shares": [a, b, c], "rates": rates}
    return posed(rng, statements, f"{decimal(value)}\\%", data, traps)


def _which_cause(rng: np.random.Generator) -> Problem:
    sizes = [between(rng, 20, 90) for _ in range(3)]
    marked = [between(rng, 2, size - 2) for size in sizes]
    which = between(rng, 0, 2)
    chances = [Fraction(mark, size) for mark, size in zip(marked, sizes, strict=True)]
    value = chances[which] / sum(chances)
    (a, b, c), (p, q, r) = sizes, marked
    label = "ABC"[which]
    statements = (
        f"Crate $A$ holds ${a}$ apples, ${p}$ of them bruised; crate $B$ holds ${b}$, of which ${q}$ are bruised; "
        f"crate $C$ holds ${c}$, of which ${r}$ are bruised. One of the three crates is chosen at random, each with "
        "the same probability, and then an apple at random from it. The apple is bruised. "
        f"{ask_probability(rng, f'it came from crate ${label}$')}",
        f"Three classes, $A$, $B$ and $C$, have ${a}$, ${b}$ and ${c}$ students, and ${p}$, ${q}$ and ${r}$ of them "
        "wear glasses. A class is picked with a fair three-way choice, then a student of this class at random. The "
        f"student wears glasses. {ask_probability(rng, f'the picked class is ${label}$')}",
        f"Bags $A$, $B$, $C$ look alike. They hold ${a}$, ${b}$ and ${c}$ coins, among which ${p}$, ${q}$ and ${r}$ "
        "are golden. Someone takes a bag at random and draws a coin at random from it; it is golden. "
        f"{ask_probability(rng, f'the bag is bag ${label}$')}",
    )
    data = {"ask": "cause", "sizes": sizes, "marked": marked, "which": which}
    return posed(
        rng, statements, value, data, (Fraction(marked[which], sum(marked)), chances[which] / 3, Fraction(1, 3))
    )


def _two_tests(rng: np.random.Generator) -> Problem:
    ill, hits, alarms = (
        between(rng, 2, 40),
        [between(rng, 60, 99) for _ in range(2)],
        [between(rng, 1, 30) for _ in range(2)],
    )
    first_positive = bool(rng.integers(2))
    outcome = "positive both times" if first_positive else "negative in test $1$ and positive in test $2$"
    one = (hits[0], alarms[0]) if first_positive else (100 - hits[0], 100 - alarms[0])
    yes, no = ill * one[0] * hits[1], (100 - ill) * one[1] * alarms[1]
    value = Fraction(yes, yes + no)
    rates = (
        f"test $1$ says positive for ${hits[0]}\\%$ of {{with_it}} and for ${alarms[0]}\\%$ of {{without}}, test $2$ "
        f"for ${hits[1]}\\%$ and ${alarms[1]}\\%$"
    )
    statements = (
        f"In a population ${ill}\\%$ carry a gene. Two tests, independent of each other for carriers and also for "
        f"non-carriers, are in use: {rates.format(with_it='carriers', without='non-carriers')} respectively. A random "
        f"person takes both tests; the results are {outcome}. {ask_probability(rng, 'the person carries the gene')}",
        f"Of the banknotes brought to a museum, ${ill}\\%$ are forged. Each is tested twice: "
        f"{rates.format(with_it='the forged notes', without='the genuine notes')} respectively. For a given note the "
        f"tests err independently. One note, chosen at random, tests {outcome}. {ask_probability(rng, 'it is forged')}",
        f"An egg is cracked with probability ${ill}\\%$. Two sensors look at each egg; whether an egg is cracked or "
        f"not, their readings are then independent: {rates.format(with_it='cracked eggs', without='sound eggs')} "
        f"respectively. A random egg reads {outcome}. {ask_probability(rng, 'the egg is cracked')}",
    )
    ignored = Fraction(one[0] * hits[1], one[0] * hits[1] + one[1] * alarms[1])
    data = {"ask": "tests", "ill": ill, "hits": hits, "alarms": alarms, "first positive": first_positive}
    return posed(
        rng,
        statements,
        value,
        data,
        (1 - value, ignored, Fraction(ill * hits[1], ill * hits[1] + (100 - ill) * alarms[1])),
    )


def _next_toss(rng: np.random.Generator) -> Problem:
    fair, double = between(rng, 2, 60), between(rng, 1, 40)
    bent, base = between(rng, 1, 60), between(rng, 3, 12)
    heads = between(rng, 1, base - 1)
    tosses = between(rng, 2, 6)
    sides = [(fair, Fraction(1, 2)), (double, Fraction(1)), (bent, Fraction(heads, base))]
    before = sum((count * p**tosses for count, p in sides), Fraction(0))
    after = sum((count * p ** (tosses + 1) for count, p in sides), Fraction(0))
    value = after / before
    odds = fraction(Fraction(heads, base))
    question = ask_sum(rng, "the probability that its next toss shows heads again")
    statements = (
        f"A box contains ${fair}$ fair {'coin' if fair == 1 else 'coins'}, ${double}$ "
        f"{'coin' if double == 1 else 'coins'} with heads on both sides, and ${bent}$ bent "
        f"{'coin' if bent == 1 else 'coins'} that show heads with probability ${odds}$. A coin is taken at random "
        f"from the box and tossed ${tosses}$ times; it shows heads every time. {question}",
        f"Among ${fair + double + bent}$ tokens, ${fair}$ show heads with probability $\\frac12$, ${double}$ always, "
        f"and ${bent}$ with probability ${odds}$. You pick a token at random and throw it ${tosses}$ times; "
        f"every throw shows heads. {question}",
    )
    data = {"ask": "next", "fair": fair, "double": double, "bent": [bent, heads, base], "tosses": tosses}
    plain = sum((count * p for count, p in sides), Fraction(0)) / (fair + double + bent)
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(plain), sum_of_terms(before)))


def _third_draw(rng: np.random.Generator) -> Problem:
    urns = [[between(rng, 3, 25), between(rng, 2, 25)] for _ in range(3)]
    seen, after = Fraction(0), Fraction(0)
    for index, (red, blue) in enumerate(urns):
        size = red + blue
        two = Fraction(red * (red - 1), size * (size - 1))
        others = sum((Fraction(r, r + b) for i, (r, b) in enumerate(urns) if i != index), Fraction(0))
        seen += two
        after += two * (others / 3 + Fraction(red - 2, size - 2) / 3)
    value = after / seen
    listed = [f"${red}$ red and ${blue}$ blue" for red, blue in urns]
    question = ask_sum(rng, "the probability that this third ball is red", 1000)
    statements = (
        f"Three urns contain {listed[0]}, {listed[1]}, and {listed[2]} balls, respectively. One urn is chosen at "
        "random, and two balls are drawn from it without replacement; both are red, and they are not put back. Then "
        "one of the three urns is chosen at random again (it may be the same), and a ball is drawn from it. "
        f"{question}",
        f"Of three identical boxes the first holds {listed[0]} balls, the second {listed[1]} balls, and the third "
        f"{listed[2]} balls. Somebody rolls a die to choose a box, all three being equally likely, removes two random "
        "balls from it, and finds that both are red. The boxes are mixed, one is chosen at random, each with the "
        f"same probability, and a random ball is taken out. {question}",
    )
    same = sum((Fraction(r, r + b) for r, b in urns), Fraction(0)) / 3
    data = {"ask": "third", "urns": urns}
    return posed(
        rng, statements, sum_of_terms(value) % 1000, data, (sum_of_terms(same) % 1000, sum_of_terms(seen / 3) % 1000)
    )


FAMILY = ProblemFamily(
    name="bayes-stories",
    area="probability",
    summary="chances of causes after an observation, and of what comes next",
    chance=0.01,
    make=by_level(_defects, _which_cause, _two_tests, _next_toss, _third_draw),
)

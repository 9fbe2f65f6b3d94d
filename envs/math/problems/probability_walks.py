"""Random walks: a few steps on a grid, ruin on a row of stones, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_probability, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, listing, pick

_MOVES = (("north", 0, 1), ("east", 1, 0), ("south", 0, -1), ("west", -1, 0))


def _weights(rng: np.random.Generator, high: int) -> list[int]:
    """How often the spinner says each of the four moves, and stay."""
    return [between(rng, 2, high) for _ in range(5)]


def _spinner(weights: list[int]) -> str:
    parts = [f"${weight}$ say {move}" for weight, (move, _, _) in zip(weights, _MOVES, strict=False)]
    parts.append(f"${weights[4]}$ say stay")
    return f"A spinner has ${sum(weights)}$ equal sectors: {listing(parts)}."


def _back_home(rng: np.random.Generator) -> Problem:
    weights = _weights(rng, 50)
    n, e, s, w, stay = weights
    total = sum(weights)
    value = Fraction(2 * n * s + 2 * e * w + stay * stay, total**2)
    statements = (
        f"{_spinner(weights)} A token starts at the origin of a grid. After each spin it moves one unit in the "
        "direction shown, or stays where it is when the spinner says so. "
        f"{ask_probability(rng, 'after two spins the token is at the origin')}",
        "A beetle on an endless sheet of squared paper makes two independent moves. In each it crawls one square "
        f"north, east, south or west or stays, with probabilities in the ratio ${n} : {e} : {s} : {w} : {stay}$. "
        f"{ask_probability(rng, 'it ends on the square where it began')}",
        f"A cleaning robot draws a card from a pack in which ${n}$ cards read N, ${e}$ read E, ${s}$ read S, ${w}$ "
        f"read W and ${stay}$ are blank, goes one meter in that direction (a blank card means no move), and puts the "
        f"card back. It does this twice. {ask_probability(rng, 'the robot is back at its starting point afterwards')}",
    )
    halved = Fraction(n * s + e * w + stay * stay, total**2)
    data = {"ask": "home", "weights": weights}
    return posed(rng, statements, value, data, (halved, value - Fraction(stay * stay, total**2)))


def _after_steps(rng: np.random.Generator) -> Problem:
    weights = _weights(rng, 45)
    total = sum(weights)
    x, y = pick(rng, ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)))
    steps = [*[(dx, dy) for _, dx, dy in _MOVES], (0, 0)]
    good = sum(
        weights[i] * weights[j] * weights[k]
        for i in range(5)
        for j in range(5)
        for k in range(5)
        if (steps[i][0] + steps[j][0] + steps[k][0], steps[i][1] + steps[j][1] + steps[k][1]) == (x, y)
    )
    value = Fraction(good, total**3)
    n, e, s, w, stay = weights
    statements = (
        f"{_spinner(weights)} (North is the direction of the positive $y$-axis.) A token starts at the origin and "
        f"moves one unit as the spinner says. {ask_probability(rng, f'after three spins the token is at $({x},{y})$')}",
        "A drone above the point $(0,0)$ gets three random orders, independent of each other. Each order is $(0,1)$, "
        f"$(1,0)$, $(0,-1)$, $(-1,0)$ or $(0,0)$ with probabilities proportional to ${n}$, ${e}$, ${s}$, ${w}$ and "
        f"${stay}$, and is added to the position. {ask_probability(rng, f'the drone ends above $({x},{y})$')}",
        "In each second a particle on the grid of integer points jumps up, right, down or left by $1$ or does not "
        f"move; of ${total}$ equally likely cases, ${n}$, ${e}$, ${s}$ and ${w}$ lead to these jumps, in this order, "
        f"and ${stay}$ to no move. "
        f"{ask_probability(rng, f'it gets from $(0,0)$ to $({x},{y})$ in exactly three seconds')}",
    )
    data = {"ask": "steps", "weights": weights, "target": [x, y]}
    return posed(rng, statements, value, data, (value / 3, value * 2))


def _forward(rng: np.random.Generator, stones: int, high: int) -> list[list[int]]:
    """For each inner stone the odds of a jump forward against one back."""
    coprime = [[a, b] for a in range(1, high + 1) for b in range(1, high + 1) if gcd(a, b) == 1]
    return [pick(rng, coprime) for _ in range(stones)]


def _climb(odds: Sequence[Sequence[int]]) -> list[Fraction]:
    """From each stone, both ends included, the probability of reaching the last one before the first."""
    gaps = [Fraction(1)]
    for ahead, back in odds:
        gaps.append(gaps[-1] * back / ahead)
    heights = list(accumulate(gaps, initial=Fraction(0)))
    return [height / heights[-1] for height in heights]


def _duration(ahead: Sequence[Fraction]) -> list[Fraction]:
    """From each stone the expected number of jumps to either end, given the inner stones' chances of going up."""
    # the duration at stone i is slope * (duration at stone i+1) + rest, with both carried from the start
    slope, rest = [Fraction(0)], [Fraction(0)]
    for p in ahead:
        scale = 1 - (1 - p) * slope[-1]
        rest.append((1 + (1 - p) * rest[-1]) / scale)
        slope.append(p / scale)
    values = [Fraction(0)]
    for a, b in zip(slope[::-1], rest[::-1], strict=True):
        values.append(a * values[-1] + b)
    return values[::-1]


def _rules(odds: list[list[int]]) -> str:
    return listing([f"${fraction(Fraction(a, a + b))}$ on stone ${i}$" for i, (a, b) in enumerate(odds, 1)])


def _reaches_end(rng: np.random.Generator) -> Problem:
    odds, start = _forward(rng, 4, 12), between(rng, 1, 4)
    chances = _climb(odds)
    rules = _rules(odds)
    question = ask_probability(rng, "it reaches stone $5$ before it reaches stone $0$")
    statements = (
        f"A frog sits on stone ${start}$ of a row of stones numbered $0$ to $5$. It keeps jumping to one of the two "
        f"neighboring stones. The probability of a jump to the next higher stone is {rules}; otherwise it jumps to "
        f"the next lower one. It stops at stone $0$ or $5$. {question}",
        f"A token on a track of stones $0, 1, \\ldots, 5$ begins on stone ${start}$. When it is on one of the stones "
        f"$1$ to $4$, it moves up by one with a probability of {rules}, and down by one otherwise. {question}",
        f"In a quiz the score starts at ${start}$. A right answer adds a point, a wrong one takes a point away; the "
        "game is won at $5$ points and lost at $0$. The probability of a right answer depends on the score: "
        f"{rules.replace('on stone', 'at score')}. {ask_probability(rng, 'the game is won')}",
    )
    value = chances[start]
    data = {"ask": "reach", "odds": odds, "start": start}
    return posed(rng, statements, value, data, (1 - value, Fraction(start, 5)))


def _how_long(rng: np.random.Generator) -> Problem:
    odds, start = _forward(rng, 4, 12), between(rng, 1, 4)
    value = _duration([Fraction(a, a + b) for a, b in odds])[start]
    rules = _rules(odds)
    question = ask_fraction(rng, "the expected number of jumps until it stops")
    statements = (
        f"Stones in a stream are numbered $0$ to $5$. A frog on stone ${start}$ keeps jumping to a neighboring stone: "
        f"to the next higher one with a probability of {rules}, to the next lower one otherwise. It stops when it "
        f"reaches stone $0$ or stone $5$. {question}",
        f"A flea hops along the stones $0, 1, 2, 3, 4, 5$ of a wall, beginning on stone ${start}$, and stops for good "
        f"on stone $0$ or $5$. Its next hop leads one stone up with a probability of {rules}; if not, it leads one "
        f"stone down. {question.replace('jumps', 'hops')}",
        f"Two players own $5$ coins together; the first has ${start}$. In each round one coin changes hands, and they "
        "stop when one player has all five. The first player wins the round with a probability of "
        f"{rules.replace('on stone', 'when owning')} (in coins). "
        f"{ask_fraction(rng, 'the expected number of rounds until they stop')}",
    )
    data = {"ask": "duration", "odds": odds, "start": start}
    symmetric = Fraction(start * (5 - start))
    return posed(rng, statements, value, data, (symmetric, value - 1))


def _long_way_up(rng: np.random.Generator) -> Problem:
    odds, start = _forward(rng, 5, 7), between(rng, 1, 5)
    climb = _climb(odds)
    # on the condition of success the walk is a walk again, with every step weighed by the chance that it leaves
    ahead = [Fraction(a, a + b) * climb[i + 1] / climb[i] for i, (a, b) in enumerate(odds, 1)]
    value = _duration(ahead)[start]
    rules, name = _rules(odds), pick(rng, NAMES)
    statements = (
        f"A frog starts on stone ${start}$ of the stones $0, 1, \\ldots, 6$ and keeps jumping to neighboring stones "
        "until it reaches stone $0$ or stone $6$. From the stones in between it jumps to the next higher one with a "
        f"probability of {rules}, otherwise to the next lower one. It is known that the frog ended on stone $6$. "
        + ask_sum(rng, "the expected number of jumps that it made under this condition", 1000),
        f"{name} plays a game with levels $0$ to $6$ and begins on level ${start}$. On levels $1$ to $5$, each round "
        f"leads one level up with a probability of {rules.replace('stone', 'level')}, and one level down otherwise. "
        f"Level $0$ loses the game and level $6$ wins it. Count only those games that {name} wins. "
        + ask_sum(rng, "the expected number of rounds of such a game", 1000),
    )
    plain = _duration([Fraction(a, a + b) for a, b in odds])[start]
    data = {"ask": "conditioned", "odds": odds, "start": start}
    traps = (sum_of_terms(plain) % 1000, sum_of_terms(plain * climb[start]) % 1000, sum_of_terms(climb[start]) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="random-walks",
    area="probability",
    summary="where a random walk is after some steps, which end it reaches, and how long that takes",
    chance=0.01,
    make=by_level(_back_home, _after_steps, _reaches_end, _how_long, _long_way_up),
)

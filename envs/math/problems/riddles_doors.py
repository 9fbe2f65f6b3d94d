"""A prize behind one of several doors, and a host who is not the fair and knowing one of the well-known riddle."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import between, fraction, listing, pick, several


def _opens(data: Mapping[str, Any], car: int, knows: bool) -> Fraction:
    """The chance that the host opens exactly the doors that he opened, in that order, with the car where it is."""
    chance, closed = Fraction(1), set(range(len(data["lots"])))
    for picked, opened in zip(data["picks"], data["opened"], strict=False):
        allowed = {door for door in closed - {picked} if not (knows and door == car)}
        if opened not in allowed or opened == car:
            return Fraction(0)
        likings = data["likings"] if knows else [1] * len(data["lots"])
        chance *= Fraction(likings[opened], sum(likings[door] for door in allowed))
        closed.remove(opened)
    return chance


def _solve(data: Mapping[str, Any]) -> Fraction:
    """The chance that the car is behind the door asked for, by Bayes over all places of it and both states of mind."""
    sober, of = data["knows"]
    weights: list[Fraction] = []
    for car, lots in enumerate(data["lots"]):
        minds = Fraction(sober, of) * _opens(data, car, True) + Fraction(of - sober, of) * _opens(data, car, False)
        weights.append(lots * minds)
    return weights[int(data["asked"])] / sum(weights)


def _famous(data: Mapping[str, Any]) -> Fraction:
    """By the well-known riddle: the first choice keeps its share, and the other closed doors divide the rest."""
    doors, closed = len(data["lots"]), len(data["lots"]) - len(data["opened"])
    if data["asked"] == data["picks"][0]:
        return Fraction(1, doors)
    return Fraction(doors - 1, doors * (closed - 1))


def _draw(rng: np.random.Generator, level: int) -> dict[str, Any]:
    doors = (4, 4, 4, 5, 6)[level - 1]
    shuffled = several(rng, range(doors), doors)
    rounds = 2 if level == 5 else 1
    opened, closed = shuffled[:rounds], shuffled[rounds:]
    of = between(rng, 3, 12)
    return {
        "lots": [between(rng, 1, 120 if level < 3 else 40) for _ in range(doors)],
        "picks": closed[:rounds],
        "opened": opened,
        "likings": [between(rng, 1, 9) for _ in range(doors)] if level > 1 else [1] * doors,
        "knows": {1: [0, 1], 2: [1, 1]}.get(level, [between(rng, 1, of - 1), of]),
        "asked": pick(rng, closed),
    }


def _host(data: Mapping[str, Any]) -> str:
    sober, of = data["knows"]
    random = "opens one of the other closed doors at random, each being equally likely, whatever is behind it"
    if sober == 0:
        return f"The host does not know where the car is and {random}."
    likings = ", ".join(f"${liking}$" for liking in data["likings"])
    knowing = (
        "opens one of the other closed doors that hides a goat, a door's chance being proportional to his liking for "
        f"it; his likings for doors $1$ to ${len(data['likings'])}$ are {likings}"
    )
    if sober == of:
        return f"The host knows where the car is and {knowing}."
    return (
        f"With probability ${fraction(Fraction(sober, of))}$ the host remembers during the whole show where the car "
        f"is. Whenever he has to open a door he then {knowing}. Otherwise he has forgotten it for the whole show and, "
        f"whenever he has to open a door, {random}."
    )


def _events(data: Mapping[str, Any]) -> str:
    sentences = []
    for place, (picked, opened) in enumerate(zip(data["picks"], data["opened"], strict=True)):
        verb = "chooses" if place == 0 else "then changes to"
        sentences.append(f"The contestant {verb} door ${picked + 1}$; the host opens door ${opened + 1}$: a goat.")
    return " ".join(sentences)


def _statement(rng: np.random.Generator, data: Mapping[str, Any], level: int) -> str:
    doors = len(data["lots"])
    lots = listing([f"${lots}$" for lots in data["lots"]])
    story = pick(
        rng,
        (
            f"In a show a car is put behind one of ${doors}$ doors and goats behind the others. The place of the car "
            f"is drawn by lot from an urn that holds, for doors $1$ to ${doors}$ in this order, {lots} lots.",
            f"A car is hidden behind one of ${doors}$ closed doors, and behind each other door there is a goat. The "
            f"chances of doors $1$ to ${doors}$ are, in this order, in the ratio of the numbers {lots}.",
            f"There are doors $1$ to ${doors}$, one with a car and the others with goats. Before the game a wheel "
            f"whose equal sectors bear door numbers has been spun to place the car; {lots} sectors belong to the doors "
            "in order.",
        ),
    )
    when = "Twice the contestant names a closed door and the host opens another. " if level == 5 else ""
    form = "Answer with a common fraction in lowest terms, or an integer."
    if level == 5:
        form = "Written in lowest terms it is $\\frac{m}{n}$; find the remainder when $m+n$ is divided by $1000$."
    asked = pick(
        rng,
        (
            "What is the probability, given all this, that the car is behind door ${0}$?",
            "If the contestant ends up with door ${0}$, what is the probability of winning the car?",
            "Find the conditional probability that door ${0}$ hides the car.",
        ),
    )
    rules = f"Everybody knows these rules. {when}{_host(data)}"
    return f"{story} {rules} {_events(data)} {asked.replace('{0}', str(data['asked'] + 1))} {form}"


def _make(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _draw(rng, level)
        value, famous = _solve(data), _famous(data)
        if level < 5 and value != famous:
            return Problem(_statement(rng, data, level), fraction(value), data, (fraction(famous),))
        answers = [(part.numerator + part.denominator) % 1000 for part in (value, famous)]
        if level == 5 and answers[0] != answers[1]:
            return Problem(_statement(rng, data, level), str(answers[0]), data, (str(answers[1]),))


FAMILIES = (
    ProblemFamily(
        "ignorant-host",
        "riddles",
        "Where the car is when the host of the well-known show forgets, has likings, or opens doors at random.",
        0.01,
        _make,
    ),
)

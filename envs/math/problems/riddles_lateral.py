"""Riddles that everybody answers too fast, put so that the answer everybody knows is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import between, pick, several

_Rule = Callable[[int, int], int]


@dataclass(frozen=True)
class _Riddle:
    """A riddle about a number $n$ and another $p$: its text, the true answer, and the one everybody knows."""

    text: str
    true: _Rule
    famous: _Rule
    highest: int = 40


_RIDDLES: Mapping[str, _Riddle] = {
    "sheep": _Riddle(
        "A shepherd has ${p}$ sheep more than ${n}$. Exactly ${p}$ of them run away. How many does he have left?",
        lambda n, p: n,
        lambda n, p: p,
    ),
    "all but": _Riddle(
        "A farmer has ${n}$ more hens than ${p}$. All but ${p}$ die, and then ${n}$ chicks hatch and live. How many "
        "birds, hens and chicks, are alive then?",
        lambda n, p: n + p,
        lambda n, p: p,
    ),
    "pills": _Riddle(
        "A doctor gives you ${n}$ pills and tells you to wait ${p}$ minutes before the first and ${p}$ minutes between "
        "one and the next. How many minutes from that moment do you take the last one?",
        lambda n, p: n * p,
        lambda n, p: (n - 1) * p,
    ),
    "fence": _Riddle(
        "A closed fence is built around a pond, of straight pieces of ${p}$ metres that are each held by a post at "
        "both ends; neighbouring pieces share a post. There are ${n}$ posts. How many metres long is the fence?",
        lambda n, p: n * p,
        lambda n, p: (n - 1) * p,
    ),
    "floors": _Riddle(
        "The ground floor of a tower is called floor $0$, and from each floor to the next there are ${p}$ steps. How "
        "many steps are there from the ground floor to floor ${n}$?",
        lambda n, p: n * p,
        lambda n, p: (n - 1) * p,
    ),
    "brothers": _Riddle(
        "In a choir there are ${n}$ girls, no two of whom are siblings or have a sibling in common. Each girl has "
        "exactly ${p}$ brothers. How many people do the girls and their brothers make together?",
        lambda n, p: n * (p + 1),
        lambda n, p: n + p,
    ),
    "hens": _Riddle(
        "At some farm ${n}$ hens lay ${n}$ eggs in ${n}$ days. How many eggs do ${p}$ times as many hens lay, at the "
        "same rate, in ${p}$ times as many days?",
        lambda n, p: n * p * p,
        lambda n, p: n * p,
        12,
    ),
    "cup": _Riddle(
        "In a cup for ${n}$ players nobody is out before the second loss; matches are never drawn, and are played "
        "until only one player, the winner, has fewer than two losses. The winner has not lost any match. Each match "
        "needs ${p}$ balls, which are thrown away. How many balls are needed?",
        lambda n, p: 2 * (n - 1) * p,
        lambda n, p: (n - 1) * p,
    ),
    "gloves": _Riddle(
        "In a dark drawer there are ${n}$ pairs of black and ${p}$ pairs of white gloves, all loose; left and right "
        "gloves differ, but not to the touch. How many must you take out to be sure of a left and a right glove of the "
        "same colour?",
        lambda n, p: n + p + 1,
        lambda n, p: 3,
    ),
    "ball": _Riddle(
        "A bat and two equal balls cost together as much as ${n}$ stamps of $4$ cents and a stamp of ${p}$ cents. The "
        "bat costs ${p}$ cents more than the two balls together. How many cents does one ball cost?",
        lambda n, p: n,
        lambda n, p: 2 * n,
    ),
    "months": _Riddle(
        "Somebody counts the months with at least $30$ days in ${n}$ whole years, and then the months with exactly "
        "$30$ days in ${p}$ further years. How many months are counted altogether?",
        lambda n, p: 11 * n + 4 * p,
        lambda n, p: 12 * n + 12 * p,
    ),
    "candles": _Riddle(
        "In a room burn ${n}$ candles, and in the next room ${p}$ more than that. A draught puts out ${p}$ candles of "
        "the second room, which nobody lights again. All others burn down entirely. The candles of both rooms that "
        "have burnt down entirely are counted. What is their number?",
        lambda n, p: 2 * n,
        lambda n, p: p,
    ),
}  # fmt: skip


def _chain(steps: list[list[Any]], start: int, famous: bool) -> int:
    """The last answer when each answer is the next riddle's $n$."""
    value = start
    for kind, p in steps:
        riddle = _RIDDLES[kind]
        value = (riddle.famous if famous else riddle.true)(value, p)
    return value


def _tally(items: list[list[Any]], famous: bool) -> int:
    return sum(
        weight * (_RIDDLES[kind].famous if famous else _RIDDLES[kind].true)(n, p) for kind, n, p, weight in items
    )


def _draw(rng: np.random.Generator, level: int) -> dict[str, Any]:
    count = (2, 3, 4, 3, 4)[level - 1]
    kinds = several(rng, list(_RIDDLES), count)
    if level <= 3:
        items: list[list[Any]] = [
            [
                kind,
                between(rng, 11, 90),
                between(rng, 3, _RIDDLES[kind].highest),
                between(rng, 2, 9) if level > 1 else 1,
            ]
            for kind in kinds
        ]
        if level == 3:  # what is subtracted at the end keeps the sum from being estimated
            items[-1][3] = -items[-1][3]
        return {"items": items}
    data = {"steps": [[kind, between(rng, 3, _RIDDLES[kind].highest)] for kind in kinds]}
    return {**data, "start": between(rng, 11, 900), "modulus": 0 if level == 4 else between(rng, 600, 1000)}


def _solve(data: Mapping[str, Any], famous: bool) -> int:
    if "items" in data:
        return _tally(data["items"], famous)
    value = _chain(data["steps"], data["start"], famous)
    return value % data["modulus"] if data["modulus"] else value


def _tally_statement(rng: np.random.Generator, items: list[list[Any]]) -> str:
    letters = "abcd"[: len(items)]
    asked = "".join(
        f"{'-' if weight < 0 else '+' * bool(place)}{abs(weight) if abs(weight) != 1 else ''}{letters[place]}"
        for place, (*_, weight) in enumerate(items)
    )
    riddles = " ".join(
        f"({letter}) {_RIDDLES[kind].text.replace('{n}', str(n)).replace('{p}', str(p))}"
        for letter, (kind, n, p, _) in zip(letters, items, strict=True)
    )
    opening = pick(
        rng,
        (
            "Read carefully: these riddles are not quite the ones you know.",
            "On a quiz sheet there are the following questions.",
            "At a campfire somebody asks, one after another:",
        ),
    )
    named = pick(rng, ("If the answers are ${0}$, what is ${1}$?", "With the answers called ${0}$, find ${1}$."))
    return f"{opening} {riddles} {named.format(', '.join(letters), asked)}"


def _chain_statement(rng: np.random.Generator, data: Mapping[str, Any]) -> str:
    letters = "ABCD"[: len(data["steps"])]
    before, parts = str(data["start"]), []
    for letter, (kind, p) in zip(letters, data["steps"], strict=True):
        text = _RIDDLES[kind].text.replace("{n}", before).replace("{p}", str(p))
        parts.append(f"Let ${letter}$ be the answer to this: {text}")
        before = letter
    opening = pick(
        rng,
        (
            "Each answer below is used in the question after it.",
            "Solve a chain of riddles, in which letters stand for earlier answers.",
            "The following questions build on each other, so take care with every single one.",
        ),
    )
    asked = f"What is ${letters[-1]}$?"
    if data["modulus"]:
        asked = f"Find the remainder when ${letters[-1]}$ is divided by ${data['modulus']}$."
    return f"{opening} {' '.join(parts)} {asked}"


def _make(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _draw(rng, level)
        answer, famous = _solve(data, famous=False), _solve(data, famous=True)
        if answer != famous:
            break
    statement = _tally_statement(rng, data["items"]) if level <= 3 else _chain_statement(rng, data)
    return Problem(statement, str(answer), data, (str(famous),))


FAMILIES = (
    ProblemFamily(
        "too-fast",
        "riddles",
        "Quick riddles that are not quite the ones everybody knows, added up or chained.",
        0.01,
        _make,
    ),
)

"""Birthdays on leap days and weekdays, by calendars in which a quarter of the years is not the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, between, listing, pick, several

_GREGORIAN = [4, 100, 400]
_DAYS = "Bexday Corday Delday Fenday Galday Horday Julday Kerday Lomday Marday Nirday".split()  # noqa: SIM905


def _is_leap(year: int, rule: Sequence[int]) -> bool:
    every, skipped, kept = rule
    return year % every == 0 and (year % skipped != 0 or year % kept == 0)


def _new_years(data: Mapping[str, Any]) -> Iterator[tuple[int, int, bool]]:
    """Each year of the span with the weekday of its first day and whether it is a leap year."""
    weekday, rule = data["first"], data["rule"]
    for year in range(data["from"], data["to"] + 1):
        leap = _is_leap(year, rule)
        yield year, weekday, leap
        weekday = (weekday + data["length"] + leap) % data["week"]


def _solve(data: Mapping[str, Any]) -> int:
    """The answer, year by year."""
    ask = data["ask"]
    if ask == "birthdays":
        return sum(_is_leap(year, data["rule"]) for start, end in data["lives"] for year in range(start + 1, end + 1))
    # the leap day ends the year, so its weekday is `length` days after that of the first day
    hits = [
        year
        for year, weekday, leap in _new_years(data)
        if (
            weekday == data["day"]
            if ask == "starts"
            else leap and (weekday + data["length"]) % data["week"] == data["day"]
        )
    ]
    return sum(hits) % 1000 if ask == "years" else len(hits)


def _rule(rng: np.random.Generator) -> list[int]:
    every = pick(rng, (3, 5, 6, 7, 8, 9))
    skipped = every * between(rng, 3, 12)
    return [every, skipped, skipped * between(rng, 2, 6)]


def _lives(rng: np.random.Generator, rule: Sequence[int], people: int) -> list[list[int]]:
    lives: list[list[int]] = []
    while len(lives) < people:
        start = between(rng, 1500, 2600) if rule == _GREGORIAN else between(rng, 100, 2000)
        start -= start % rule[0]
        if _is_leap(start, rule):
            lives.append([start, start + between(rng, 20, 160)])
    return lives


def _draw(rng: np.random.Generator, level: int) -> dict[str, Any]:
    rule = _GREGORIAN if level == 1 else _rule(rng)
    if level <= 2:
        return {"ask": "birthdays", "rule": rule, "lives": _lives(rng, rule, 3 if level == 1 else 4)}
    start, week = between(rng, 200, 2500), pick(rng, (5, 7, 8, 9, 11) if level < 5 else (6, 8, 9, 10, 11))
    return {
        "ask": {3: "starts", 4: "leap days", 5: "years"}[level],
        "rule": rule,
        "length": between(rng, 200, 500),
        "week": week,
        "first": between(rng, 0, week - 1),
        "from": start,
        "to": start + between(rng, 60, 600 if level == 5 else 300),
        "day": between(rng, 0, week - 1),
    }


def _famous(data: Mapping[str, Any]) -> int:
    """By what everybody knows: a birthday every four years, and the leap years of the Gregorian calendar."""
    if data["ask"] == "birthdays":
        return sum((end - start) // 4 for start, end in data["lives"])
    return _solve({**data, "rule": _GREGORIAN})


def _rule_text(rule: Sequence[int]) -> str:
    return (
        f"a year is a leap year if its number is divisible by ${rule[0]}$, except that those divisible by "
        f"${rule[1]}$ are leap years only if they are divisible by ${rule[2]}$"
    )


def _birthdays(rng: np.random.Generator, data: Mapping[str, Any]) -> str:
    names = several(rng, NAMES, len(data["lives"]))
    lives = listing([f"{name} ${start}$ to ${end}$" for name, (start, end) in zip(names, data["lives"], strict=True)])
    day, calendar = "February 29", "Take the Gregorian calendar of today as valid for all these years"
    if data["rule"] != _GREGORIAN:
        day, calendar = "the leap day, which common years do not have", f"In their calendar, {_rule_text(data['rule'])}"
    return pick(
        rng,
        (
            f"{calendar}. The following people were born on {day}, and died on the last day of a year; given are the "
            f"years of birth and death: {lives}. A birthday is an anniversary that falls on the very day of birth, and "
            "the birth itself is not counted. How many birthdays did they have altogether?",
            f"A chronicle lists people who were born on {day}, with the year of birth and the year on whose last day "
            f"they died: {lives}. {calendar}. Each celebrated only when that day came round again, "
            "never on a day next to it. Find the total number of celebrations of them all.",
            f"{calendar}. Some people, all born on {day}, are listed with the year of birth and the year on "
            f"whose last day they died: {lives}. For each of them, count how often that day came again in their life, "
            "without the day of birth itself. What is the sum of these numbers?",
        ),
    )


def _weekdays(rng: np.random.Generator, data: Mapping[str, Any]) -> str:
    days = _DAYS[: data["week"]]
    planet = pick(rng, ("Orra", "Teva", "Miru", "Zand", "Quill"))
    length = data["length"]
    intro = pick(
        rng,
        (
            f"On the planet {planet} the days of the week are, in this order, {listing(days)}. A common year has "
            f"${length}$ days and a leap year one more, which is its last day and is called the leap day; "
            f"{_rule_text(data['rule'])}.",
            f"The calendar of {planet} has common years of ${length}$ days, and leap years that have a leap day "
            f"added at the end; {_rule_text(data['rule'])}. Its weeks run without a break through the days "
            f"{listing(days)}.",
            f"In the land of {planet}, {_rule_text(data['rule'])}. Common years have ${length}$ days; in leap years a "
            f"leap day follows the last of them, as the last day of the year. The weekdays, which "
            f"follow each other without a break, are, in this order, {listing(days)}.",
        ),
    )
    span = f"from ${data['from']}$ to ${data['to']}$, both included"
    day = days[data["day"]]
    asked = {
        "starts": f"How many of the years {span}, begin with a {day}?",
        "leap days": f"How many leap days in the years {span}, fall on a {day}?",
        "years": (
            f"Consider the years {span}, whose leap day falls on a {day}. Find the remainder when the sum of the "
            "numbers of these years is divided by $1000$."
        ),
    }[data["ask"]]
    return f"{intro} The first day of the year ${data['from']}$ is a {days[data['first']]}. {asked}"


def _make(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _draw(rng, level)
        answer, famous = _solve(data), _famous(data)
        if answer not in {0, famous}:
            break
    statement = (_birthdays if level <= 2 else _weekdays)(rng, data)
    return Problem(statement, str(answer), data, (str(famous),))


FAMILIES = (
    ProblemFamily(
        "changed-calendars",
        "riddles",
        "Birthdays on leap days and weekdays, in calendars with other leap years and other weeks.",
        0.01,
        _make,
    ),
)

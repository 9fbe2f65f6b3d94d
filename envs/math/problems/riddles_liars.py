"""Knights and liars on islands whose customs are not those of the well-known riddle."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.wording import NAMES, listing, pick, several

# a person's kind in one possible world; the two last are a switcher who begins with a truth and one with a lie
_KNIGHT, _LIAR, _TRUTH_FIRST, _LIE_FIRST = range(4)
_KINDS = {"knight": (_KNIGHT,), "liar": (_LIAR,), "switcher": (_TRUTH_FIRST, _LIE_FIRST)}
_Claim = tuple[Any, ...]


class _Island:
    """All possible worlds of an island as bits of one integer; a claim is the set of worlds in which it is true."""

    def __init__(self, people: int, kinds: int) -> None:
        self.people = people
        self.worlds = list(product(range(kinds), repeat=people))
        self.all = (1 << len(self.worlds)) - 1
        self.is_kind = [
            [self._where([world[person] == kind for world in self.worlds]) for kind in range(4)]
            for person in range(people)
        ]
        self.counts = {
            kind: [self._where([sum(who in values for who in world) == n for world in self.worlds]) for n in range(9)]
            for kind, values in _KINDS.items()
        }
        self._claims: dict[_Claim, int] = {}

    @staticmethod
    def _where(flags: Sequence[bool]) -> int:
        return sum(1 << place for place, flag in enumerate(flags) if flag)

    def of_kind(self, person: int, kind: str) -> int:
        """Worlds in which the person is of that kind."""
        return functools.reduce(int.__or__, (self.is_kind[person][value] for value in _KINDS[kind]))

    def claim(self, claim: _Claim) -> int:
        """Worlds in which the claim is true, worked out when it is first made on any such island."""
        if claim not in self._claims:
            self._claims[claim] = self._claim(claim)
        return self._claims[claim]

    def _claim(self, claim: _Claim) -> int:
        form, *rest = claim
        if form == "is":
            return self.of_kind(*rest)
        if form == "same":
            return functools.reduce(
                int.__or__, (self.of_kind(rest[0], kind) & self.of_kind(rest[1], kind) for kind in _KINDS)
            )
        sense, kind, number = rest
        numbers = {"exactly": range(number, number + 1), "at least": range(number, 9)}[sense]
        return functools.reduce(int.__or__, (self.counts[kind][count] for count in numbers))

    def tells_truth(self, person: int, turn: int) -> int:
        """Worlds in which the person's claim of that turn is true, by the customs of the well-known riddle."""
        begin = self.is_kind[person][_LIE_FIRST if turn else _TRUTH_FIRST]
        return self.is_kind[person][_KNIGHT] | begin


@functools.cache
def _island(people: int, kinds: int) -> _Island:
    return _Island(people, kinds)


def _customs(island: _Island, data: Mapping[str, Any], person: int, turn: int, claim: _Claim) -> int:
    """Worlds in which this claim of this person has to be true."""
    truth = island.tells_truth(person, turn)
    if data["reversed"] == "all" or (data["reversed"] == "even" and data["badges"][person] % 2 == 0):
        truth ^= island.all
    return island.all if data["honest_counts"] and claim[0] == "count" else truth


def _solutions(data: Mapping[str, Any]) -> list[tuple[int, ...]]:
    island = _island(len(data["badges"]), 4 if data["switchers"] else 2)
    left = island.all
    for person, claims in enumerate(data["claims"]):
        for turn, claim in enumerate(claims):
            left &= island.all ^ island.claim(claim) ^ _customs(island, data, person, turn, claim)
    found = []
    while left:
        place = left.bit_length() - 1
        found.append(island.worlds[place])
        left ^= 1 << place
    return found


@functools.cache
def _possible_claims(people: int, speaker: int, kinds: int) -> list[_Claim]:
    """The claims that the speaker can make; those of a form that has fewer stand there more often."""
    names = list(_KINDS)[: 3 if kinds == 4 else 2]
    about_one: list[_Claim] = [("is", person, kind) for person in range(people) if person != speaker for kind in names]
    about_two: list[_Claim] = [("same", *pair) for pair in combinations(range(people), 2)]
    about_all: list[_Claim] = [
        ("count", sense, kind, number)
        for sense, least in (("exactly", 0), ("at least", 1))
        for kind in names
        for number in range(least, people)
    ]
    return about_one * 3 + about_two * 3 + about_all


def _draw(rng: np.random.Generator, level: int) -> dict[str, Any]:
    """A talk that fits one world at least, which is drawn first."""
    people, kinds = (4, 5, 5, 4, 5)[level - 1], 4 if level >= 4 else 2
    data: dict[str, Any] = {
        "badges": several(rng, range(11, 100), people),
        "reversed": {1: "all", 2: "even", 5: "even"}.get(level, "none"),
        "honest_counts": level == 3,
        "switchers": level >= 4,
    }
    island = _island(people, kinds)
    world = 1 << int(rng.integers(len(island.worlds)))
    talk: list[list[_Claim]] = []
    for person in range(people):
        claims: list[_Claim] = []
        possible = _possible_claims(people, person, kinds)
        while len(claims) < (2 if level >= 4 else 1):
            claim = pick(rng, possible)
            needed = _customs(island, data, person, len(claims), claim)
            if bool(island.claim(claim) & world) == bool(needed & world) and claim not in claims:
                claims.append(claim)
        talk.append(claims)
    return {**data, "claims": talk}


def _value(badges: Sequence[int], world: Sequence[int], level: int) -> int:
    knights = sum(badge for badge, kind in zip(badges, world, strict=True) if kind == _KNIGHT)
    liars = sum(badge for badge, kind in zip(badges, world, strict=True) if kind == _LIAR)
    return knights * liars if level == 5 else knights


def _famous(data: Mapping[str, Any], level: int) -> int | None:
    """The answer by the well-known customs: no day of masks, no switchers, and first claims only."""
    plain = {
        **data,
        "reversed": "none",
        "honest_counts": False,
        "switchers": False,
        "claims": [claims[:1] for claims in data["claims"]],
    }
    found = _solutions(plain)
    return _value(data["badges"], found[0], level) if found else None


def _quote(claim: _Claim, names: Sequence[str], speaker: int) -> str:
    form, *rest = claim
    if form == "is":
        return f"{names[rest[0]]} is a {rest[1]}."
    if form == "same":
        others = [names[person] for person in rest if person != speaker]
        return f"{listing([*others, 'I'] if speaker in rest else others)} are of the same kind."
    sense, kind, number = rest
    if number == 0:
        return f"Not one of us is a {kind}."
    return f"{sense.capitalize()} {f'${number}$ of us are {kind}s' if number > 1 else f'one of us is a {kind}'}."


_CUSTOMS = {
    1: (
        "On this island a knight always tells the truth and a liar always lies, except on the Day of Masks, when every "
        "knight lies and every liar tells the truth. It is the Day of Masks."
    ),
    2: (
        "A knight with an odd badge number always tells the truth and one with an even number always lies. "
        "A liar with an odd badge number always lies and one with an even number always tells the truth."
    ),
    3: (
        "Knights always tell the truth. Liars lie whenever they speak about particular people, but when they say how "
        "many knights or liars there are, they too tell the truth."
    ),
    4: (
        "Knights make two true claims, liars make two false claims, and switchers make a true and a false one, in "
        "either order."
    ),
    5: (
        "Wearers of odd badge numbers keep the following custom: knights make two true claims, liars two false ones, "
        "and switchers a true and a false one, in either order. Wearers of even badge numbers do the opposite of what "
        "they would do with an odd one: their knights make two false claims and their liars two true ones."
    ),
}


def _statement(rng: np.random.Generator, data: Mapping[str, Any], level: int) -> str:
    names = several(rng, NAMES, len(data["badges"]))
    badges = listing([f"{name} (${badge}$)" for name, badge in zip(names, data["badges"], strict=True)])
    kinds = "a knight, a liar or a switcher" if level >= 4 else "either a knight or a liar"
    scene = pick(
        rng,
        (
            f"A traveller meets {badges}, who wear the badge numbers given in brackets. Each of them is {kinds}.",
            f"Each islander is {kinds} and wears a number. At the harbour stand {badges}.",
            f"In a court case the witnesses are {badges}; the numbers are those of their badges. Each is {kinds}.",
        ),
    )
    talk = " ".join(
        f"{names[person]} says: " + " and then: ".join(f"``{_quote(claim, names, person)}''" for claim in claims)
        for person, claims in enumerate(data["claims"])
    )
    asked = "the sum of the badge numbers of all knights"
    if level == 5:
        asked = f"the product of {asked} and the sum of the badge numbers of all liars"
    question = pick(rng, (f"Find {asked}.", f"What is {asked}?", f"Determine {asked}."))
    return f"{scene} {_CUSTOMS[level]} {talk} {question}"


def _make(rng: np.random.Generator, level: int) -> Problem:
    while True:
        data = _draw(rng, level)
        found = _solutions(data)
        # who begins with a truth does not matter, so worlds that differ only there are one solution
        kinds = {tuple(min(kind, _TRUTH_FIRST) for kind in world) for world in found}
        if len(kinds) != 1:
            continue
        answer, famous = _value(data["badges"], found[0], level), _famous(data, level)
        if answer and famous is not None and answer != famous:
            return Problem(_statement(rng, data, level), str(answer), data, (str(famous),))


FAMILIES = (
    ProblemFamily(
        "changed-liars",
        "riddles",
        "Who is a knight, where the customs of knights and liars are not the usual ones.",
        0.005,
        _make,
    ),
)

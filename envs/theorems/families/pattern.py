"""Patterns of theorems: text with marked places, and what is drawn for the places."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.math.wording import between, pick, several
from selftrain.envs.theorems.theorem import Statement, Theorem, TheoremFamily

Maker = Callable[[np.random.Generator], Theorem]
Derive = Callable[[np.random.Generator, Mapping[str, int]], Mapping[str, object]]
_PLACE = re.compile(r"<([a-z][a-z0-9]*)>")
# a factor of 1 before a variable or a function in a formula
_ONE = re.compile(r"(?<![\w.])1(?=[a-z](?![a-z]))")
_POWER = re.compile(r" \* \(([a-z](?: \* [a-z])*)\)")
_QUALITIES = (
    "amber", "ample", "azure", "blunt", "brave", "brief", "brisk", "broad", "calm", "civic", "clear", "crisp",
    "cubic", "dense", "eager", "early", "exact", "faint", "fleet", "fresh", "gentle", "grand", "green", "grey",
    "inner", "ivory", "joint", "keen", "large", "light", "linear", "lunar", "major", "mild", "minor", "modest",
    "narrow", "neat", "noble", "outer", "pale", "plain", "prime", "quick", "quiet", "rapid", "royal", "rural",
    "sharp", "silent", "silver", "simple", "slow", "smooth", "solar", "solid", "steady", "steep", "tidy", "urban",
    "vivid", "warm", "white", "wide", "young",
)  # fmt: skip
_THINGS = (
    "Arch", "Arrow", "Basin", "Beam", "Bridge", "Brook", "Canal", "Chain", "Choir", "Clock", "Cloud", "Coast",
    "Comet", "Crane", "Creek", "Crest", "Delta", "Dial", "Drift", "Engine", "Ferry", "Field", "Flame", "Flute",
    "Forge", "Frame", "Gate", "Glade", "Globe", "Grove", "Harbor", "Haven", "Hedge", "Helm", "Hill", "Island",
    "Ladder", "Lake", "Lantern", "Ledge", "Lever", "Loom", "Maple", "Marsh", "Meadow", "Mesh", "Mill", "Mirror",
    "Oak", "Orchard", "Path", "Pearl", "Pier", "Pillar", "Plain", "Pond", "Port", "Prism", "Quarry", "Quill",
    "Rail", "Ridge", "River", "Rope", "Sail", "Shell", "Shore", "Slope", "Spark", "Spire", "Spring", "Stair",
    "Stone", "Stream", "Tide", "Tower", "Track", "Trail", "Tunnel", "Valley", "Vault", "Wave", "Well", "Wheel",
    "Willow", "Window",
)  # fmt: skip


def words(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different identifiers, each of a quality and a thing: "slowRiver"."""
    return [
        quality + thing
        for quality, thing in zip(several(rng, _QUALITIES, count), several(rng, _THINGS, count), strict=True)
    ]


def fill(text: str, values: Mapping[str, object]) -> str:
    """`text` without its common indentation, each `<place>` replaced by its value; negative numbers in parentheses."""

    def value(place: re.Match[str]) -> str:
        found = values[place[1]]
        return f"({found})" if isinstance(found, int) and found < 0 else str(found)

    return _PLACE.sub(value, textwrap.dedent(text).strip())


@dataclass(frozen=True)
class Pattern:
    """A theorem with places to fill; calling it with a generator draws one theorem.

    Attributes:
        preamble, proposition, informal, proof: texts with places like `<a>`.
        words: places for different identifiers, separated by spaces.
        numbers: place → lowest and highest value.
        derive: further places from the generator and the numbers.
    """

    preamble: str
    proposition: str
    informal: str
    proof: str
    words: str = ""
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    derive: Derive | None = None

    def __call__(self, rng: np.random.Generator) -> Theorem:
        """Draws the values and fills the texts."""
        places = self.words.split()
        values: dict[str, object] = dict(zip(places, words(rng, len(places)), strict=True))
        numbers = {place: between(rng, low, high) for place, (low, high) in self.numbers.items()}
        values |= numbers
        if self.derive:
            values |= self.derive(rng, numbers)
        return theorem(self.preamble, self.proposition, self.informal, self.proof, values)


def theorem(preamble: str, proposition: str, informal: str, proof: str, values: Mapping[str, object]) -> Theorem:
    """A theorem from texts with places and their values."""
    statement = Statement(proposition=fill(proposition, values), preamble=fill(preamble, values))
    return Theorem(statement, _ONE.sub("", " ".join(fill(informal, values).split())), fill(proof, values))


def family(name: str, area: str, summary: str, levels: Sequence[Sequence[Maker]]) -> TheoremFamily:
    """A family from the makers of each level, one of which is drawn."""

    def make(rng: np.random.Generator, level: int) -> Theorem:
        return pick(rng, levels[level - 1])(rng)

    return TheoremFamily(name=name, area=area, summary=summary, make=make)


def steps(*pieces: str) -> str:
    """Pieces of a proof, each without its common indentation, one under another."""
    return "\n".join(textwrap.dedent(piece).strip() for piece in pieces)


def sides(coefficients: Sequence[int], variable: str) -> tuple[str, str]:
    """The positive and the negated negative terms of a polynomial, as Coq text; the lowest power comes first."""
    terms: tuple[list[str], list[str]] = ([], [])
    for power, value in enumerate(coefficients):
        if value:
            factor = " * ".join([variable] * power)
            text = str(abs(value)) if not power else f"{abs(value)} * {f'({factor})' if power > 1 else factor}"
            terms[value < 0].append(text)
    return " + ".join(terms[0]) or "0", " + ".join(terms[1]) or "0"


def in_latex(side: str) -> str:
    """A side of `sides` as LaTeX."""
    powers = _POWER.sub(lambda found: f"{found[1][0]}^{found[1].count('*') + 1}", side)
    return powers.replace(" * ", "")

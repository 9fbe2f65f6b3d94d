"""Units that an answer may carry, each as an exact multiple of the base unit of its dimension.

A factor may hold a power of pi, so that degrees and radians convert exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from selftrain.envs.answers.nodes import NotReadError


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` * pi**`pi` base units of a dimension: ("length", 1) of a metre, ("length", 2) of an area."""

    dimension: tuple[str, int]
    factor: Fraction
    pi: int = 0


_INCH = Fraction(254, 10000)
_NAMES: dict[str, tuple[str, Fraction | int]] = {
    "m meter meters metre metres": ("length", 1),
    "cm centimeter centimeters centimetre centimetres": ("length", Fraction(1, 100)),
    "mm millimeter millimeters millimetre millimetres": ("length", Fraction(1, 1000)),
    "dm decimeter decimeters": ("length", Fraction(1, 10)),
    "km kilometer kilometers kilometre kilometres": ("length", 1000),
    "in in. inch inches": ("length", _INCH),
    "ft foot feet": ("length", 12 * _INCH),
    "yd yard yards": ("length", 36 * _INCH),
    "mi mile miles": ("length", 63360 * _INCH),
    "unit units": ("unit", 1),
    "g gram grams": ("mass", Fraction(1, 1000)),
    "mg milligram milligrams": ("mass", Fraction(1, 10**6)),
    "kg kilogram kilograms": ("mass", 1),
    "lb lbs": ("mass", Fraction(45359237, 10**8)),
    "oz ounce ounces": ("mass", Fraction(45359237, 16 * 10**8)),
    "s sec second seconds": ("time", 1),
    "ms millisecond milliseconds": ("time", Fraction(1, 1000)),
    "min minute minutes": ("time", 60),
    "h hr hrs hour hours": ("time", 3600),
    "day days": ("time", 86400),
    "week weeks": ("time", 604800),
    "year years": ("year", 1),
    "month months": ("year", Fraction(1, 12)),
    "L l liter liters litre litres": ("volume", Fraction(1, 1000)),
    "mL ml milliliter milliliters": ("volume", Fraction(1, 10**6)),
    "dollar dollars $ USD": ("dollar", 1),
    "cent cents": ("dollar", Fraction(1, 100)),
    "euro euros EUR": ("euro", 1),
    "pounds": ("pound", 1),
    "rad radian radians": ("angle", 1),
    "way ways": ("way", 1),
    "person people": ("person", 1),
    "student students": ("student", 1),
    "point points": ("point", 1),
    "time times": ("times", 1),
    "coin coins": ("coin", 1),
    "mph": ("speed", Fraction(63360, 3600) * _INCH),
    "kph kmh": ("speed", Fraction(1000, 3600)),
}
UNITS: dict[str, Unit] = {
    name: Unit((dimension, 1), Fraction(factor))
    for names, (dimension, factor) in _NAMES.items()
    for name in names.split()
}
UNITS["degree"] = UNITS["degrees"] = UNITS["deg"] = Unit(("angle", 1), Fraction(1, 180), 1)
_COUNTED = re.compile(
    "apples|books|boys|cards|cars|children|cookies|digits|eggs|elements|girls|integers|marbles|members|men|moves|numbers|"
    "pages|paths|pieces|problems|rectangles|roots|sequences|solutions|squares|steps|stickers|subsets|terms|triangles|"
    "trees|values|women|words"
)
_POWERS = {"square": 2, "sq": 2, "cubic": 3}


def unit(text: str) -> Unit:
    """The unit of a text such as "cm", "cm^2", "square meters", "km/h" or "miles per hour".

    Raises:
        NotReadError: it is not one.
    """
    name, divided, below = text.replace(" per ", "/").partition("/")
    made = _simple(name.strip())
    if not divided:
        return made
    under = _simple(below.strip())
    if under.pi or made.pi:
        raise NotReadError("refused: not a unit")
    if made.dimension == ("length", 1) and under.dimension == ("time", 1):
        return Unit(("speed", 1), made.factor / under.factor)
    return Unit((f"{made.dimension}/{under.dimension}", 1), made.factor / under.factor)


def _simple(text: str) -> Unit:
    words = text.split()
    power = 1
    if len(words) == 2 and words[0] in _POWERS:
        power, text = _POWERS[words[0]], words[1]
    elif text.endswith(("^2", "^3")):
        power, text = int(text[-1]), text[:-2].strip()
    found = UNITS.get(text) or UNITS.get(text.lower() if len(text) > 3 else text)
    if found is None and _COUNTED.fullmatch(text):
        return Unit((text, 1), Fraction(1))
    if found is None:
        raise NotReadError("refused: words that are no unit")
    if power == 3 and found.dimension == ("length", 1):
        return Unit(("volume", 1), found.factor**3)
    return Unit((found.dimension[0], power), found.factor**power, found.pi * power)

"""What there is under the microscope: cells and what is taken for cells, as numbers in micrometres.

The numbers follow textbook cytology: a resting macrophage measures 15 to 25 µm with a nucleus at its rim, a monocyte
12 to 18 µm with a kidney-shaped nucleus, a lymphocyte 7 to 10 µm of which the nucleus takes most, a neutrophil 10 to
14 µm with 3 to 5 lobes (Young et al., Wheater's Functional Histology, 6th ed., chapters 3 and 4). Macrophages and
monocytes are drawn from 11 µm on, so that a least size decides on some, and that size alone tells none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

KINDS = (
    "macrophage",
    "monocyte",
    "lymphocyte",
    "neutrophil",
    "fibroblast",
    "apoptotic body",
    "dust",
    "bubble",
    "precipitate",
)
"""What a thing is. Only the first can be counted; the last three are no cells."""
TRAITS = ("laden", "giant", "spindle", "bare", "kidney", "dying")
"""What makes a macrophage a borderline case, on which labs differ.

laden: it holds dark debris that it has eaten. giant: two or three nuclei. spindle: about twice as long as wide.
bare: no vacuoles. kidney: its nucleus is kidney-shaped and central, as a monocyte's. dying: its nucleus is shrunken and
dense.
"""
CUTS = (0.0, 12.5, 14.0, 15.5)
"""The diameters, in µm, below which a lab may count nothing; 0 means that it has no such limit."""
_CLEAR_OF_CUTS = 0.5  # µm that a diameter keeps from every cut, so that a size can be told by eye


@dataclass(frozen=True)
class Cells:
    """Many cells; every field has one entry for each, in µm where it is a length.

    Attributes:
        kind: index into `KINDS`.
        traits: (n, len(TRAITS)) which borderline traits it has; none but a macrophage has any.
        diameter: of a circle of the same area.
        aspect: length over width, 1 or more.
        ruffle: amplitude of the outline's unevenness, as a share of the radius.
        nuclei: how many, 0 for what is no cell; of a neutrophil the lobes count as one nucleus.
        lobes: of a neutrophil's nucleus, else 0.
        nuclear_share: area of all nuclei over that of the cell.
        indentation: of the nucleus, 0 (oval) to 1 (kidney).
        offset: of the nucleus from the middle, as a share of the room that it has.
        chromatin: density of the nucleus; 1 is usual, 2 is shrunken and dense.
        vacuoles, inclusions: how many; inclusions are eaten debris.
        granules: how granular the cytoplasm is, 0 to 1.
        angle: of the long axis, in radians.
        texture: seed of all that is left to chance in a drawing.
    """

    kind: Ints
    traits: Bools
    diameter: Floats
    aspect: Floats
    ruffle: Floats
    nuclei: Ints
    lobes: Ints
    nuclear_share: Floats
    indentation: Floats
    offset: Floats
    chromatin: Floats
    vacuoles: Ints
    inclusions: Ints
    granules: Floats
    angle: Floats
    texture: Ints

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: Sequence[int] | Ints | slice | Bools) -> Cells:
        """Some of the cells, in the order of `index`."""
        return Cells(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def each(self) -> Iterator[Cells]:
        """The cells one by one, each as `Cells` of length 1."""
        return (self[number : number + 1] for number in range(len(self)))


@dataclass(frozen=True)
class Mix:
    """Of what a day's cells are made.

    Attributes:
        traits: indices into `TRAITS` that occur.
        plain: share of macrophages without any trait.
        decoys: share of what is no macrophage; the rest are macrophages with traits.
        second: share of those that have two.
    """

    traits: tuple[int, ...]
    plain: float = 0.25
    decoys: float = 0.25
    second: float = 0.25


def draw_cells(rng: np.random.Generator, count: int, mix: Mix) -> Cells:
    """`count` cells of a mix; the same generator gives the same cells."""
    role = rng.random(count)
    decoy = role < mix.decoys
    kind = np.where(decoy, rng.integers(1, len(KINDS), count), 0)
    traits = np.zeros((count, len(TRAITS)), np.bool_)
    bearing = role >= mix.decoys + mix.plain
    if mix.traits:
        order = rng.random((count, len(mix.traits))).argsort(axis=1)
        picked = np.array(mix.traits)[order]
        traits[bearing, picked[bearing, 0]] = True
        if len(mix.traits) > 1:
            two = bearing & (rng.random(count) < mix.second)
            traits[two, picked[two, 1]] = True
    return _shaped(rng, kind.astype(np.int64), _possible(traits))


def _possible(traits: Bools) -> Bools:
    # a giant's nuclei are neither one kidney nor all shrunken: the rarer sight stays
    giant = traits[:, TRAITS.index("giant")]
    for other in ("kidney", "dying"):
        traits[:, TRAITS.index(other)] &= ~giant
    traits[:, TRAITS.index("kidney")] &= ~traits[:, TRAITS.index("dying")]
    return traits


_RANGED = ("diameter", "aspect", "ruffle", "nuclear_share", "indentation", "offset", "chromatin", "granules")
# lowest and highest of each of these, by kind
_RANGES: Mapping[str, Sequence[tuple[float, float]]] = {
    "macrophage": ((11, 22), (1, 1.25), (0.07, 0.14), (0.18, 0.32), (0, 0.15), (0.65, 0.95), (0.8, 1.05), (0.05, 0.25)),
    "monocyte": ((11, 15), (1, 1.15), (0.01, 0.03), (0.45, 0.6), (0.6, 0.9), (0, 0.3), (0.85, 1.1), (0.05, 0.2)),
    "lymphocyte": ((7, 9.5), (1, 1.1), (0.01, 0.02), (0.7, 0.85), (0, 0.1), (0, 0.25), (1.2, 1.45), (0, 0.05)),
    "neutrophil": ((10.5, 13), (1, 1.12), (0.01, 0.03), (0.3, 0.42), (0, 0.1), (0, 0.25), (1.2, 1.4), (0.55, 0.9)),
    "fibroblast": ((13, 18), (3, 4.5), (0.01, 0.04), (0.15, 0.25), (0, 0.1), (0, 0.2), (0.9, 1.1), (0, 0.1)),
    "apoptotic body": ((4.5, 8), (1, 1.2), (0.02, 0.06), (0.5, 0.8), (0, 0.1), (0, 0.3), (1.9, 2.3), (0, 0.1)),
    "dust": ((3, 14), (1.2, 3), (0.1, 0.3), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)),
    "bubble": ((8, 20), (1, 1.03), (0, 0.005), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)),
    "precipitate": ((3, 12), (1, 2), (0.1, 0.3), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)),
}


def _shaped(rng: np.random.Generator, kind: Ints, traits: Bools) -> Cells:
    count = len(kind)
    drawn: dict[str, Floats] = {}
    ranges = np.array([_RANGES[name] for name in KINDS], np.float64)
    for number, name in enumerate(_RANGED):
        low, high = ranges[kind, number].T
        drawn[name] = low + (high - low) * rng.random(count)
    macrophage = kind == 0
    neutrophil = kind == KINDS.index("neutrophil")
    is_cell = kind < KINDS.index("dust")
    has = dict(zip(TRAITS, traits.T, strict=True))
    between = _between(rng, count)
    drawn["diameter"] = _clear_of_cuts(np.where(has["giant"], drawn["diameter"] * 1.25, drawn["diameter"]))
    drawn["aspect"] = np.where(has["spindle"], between(1.9, 2.4), drawn["aspect"])
    drawn["indentation"] = np.where(has["kidney"], between(0.6, 0.9), drawn["indentation"])
    drawn["offset"] = np.where(has["kidney"], between(0.0, 0.3), drawn["offset"])
    drawn["chromatin"] = np.where(has["dying"], between(1.9, 2.3), drawn["chromatin"])
    drawn["nuclear_share"] = np.where(has["dying"], between(0.07, 0.1), drawn["nuclear_share"])
    several = rng.integers(2, 4, count)
    vacuoles, inclusions = rng.integers(3, 9, count), rng.integers(1, 4, count)
    return Cells(
        kind=kind,
        traits=traits,
        nuclei=np.where(has["giant"], several, is_cell.astype(np.int64)),
        lobes=np.where(neutrophil, rng.integers(3, 6, count), 0),
        vacuoles=np.where(macrophage & ~has["bare"], vacuoles, 0),
        inclusions=np.where(has["laden"], inclusions, 0),
        angle=rng.random(count) * np.pi,
        texture=rng.integers(1 << 32, size=count),
        **drawn,
    )


def _between(rng: np.random.Generator, count: int) -> Callable[[float, float], Floats]:
    return lambda low, high: low + (high - low) * rng.random(count)


def _clear_of_cuts(diameter: Floats) -> Floats:
    """Diameters moved to the nearest that keep `_CLEAR_OF_CUTS` from each cut."""
    for cut in CUTS[1:]:
        near = np.abs(diameter - cut) < _CLEAR_OF_CUTS
        diameter = np.where(near, cut + np.where(diameter < cut, -_CLEAR_OF_CUTS, _CLEAR_OF_CUTS), diameter)
    return diameter

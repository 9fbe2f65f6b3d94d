"""Places what lies within cells: nuclei and lobes, inclusions, vacuoles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab.cells import Cells, Ints
from selftrain.envs.lab.drawing_parts import OUTLINE, Numbers, chances, uneven

_CANDIDATES = 48
LONG = 1.8
"""From this aspect on a cell counts as elongated, and its nucleus lies along it."""


@dataclass(frozen=True)
class Spots:
    """Discs within cells: middles and radii in µm, (n, most of any cell); a radius of 0 is none."""

    x: Numbers
    y: Numbers
    radius: Numbers

    def __len__(self) -> int:
        return int(self.x.shape[1])

    def beside(self, other: Spots) -> Spots:
        """These and others."""
        return Spots(
            np.concatenate([self.x, other.x], axis=1),
            np.concatenate([self.y, other.y], axis=1),
            np.concatenate([self.radius, other.radius], axis=1),
        )

    def each(self) -> list[tuple[npt.NDArray[np.intp], Numbers, Numbers, Numbers]]:
        """First discs, second discs and so on: which cells have one, and its middle and radius in each of these."""
        found = []
        for number in range(len(self)):
            some = np.flatnonzero(self.radius[:, number])
            found.append((some, self.x[some, number], self.y[some, number], self.radius[some, number]))
        return found


def half_axes(cells: Cells) -> tuple[Numbers, Numbers]:
    """Half of each cell's length and width, in µm."""
    root = np.sqrt(cells.aspect)
    return cells.diameter / 2 * root, cells.diameter / 2 / root


def reach(cells: Cells, angle: Numbers) -> Numbers:
    """From the middle of each cell to its edge in a direction, in µm; angles are from its long axis, (n, any)."""
    long, short = half_axes(cells)
    found: Numbers = 1 / np.sqrt((np.cos(angle) / long[:, None]) ** 2 + (np.sin(angle) / short[:, None]) ** 2)
    return found


def outline(cells: Cells) -> Numbers:
    """(n, OUTLINE) how far each cell's edge is from its middle, where an ellipse's would be 1, by angle from -π on."""
    wave = uneven(cells.texture, 2, range(3, 11))
    found: Numbers = 1 + cells.ruffle[:, None] * np.clip(0.8 * wave, -2, 2.2)
    return found


def nuclei(cells: Cells) -> Spots:
    """The nuclei: one by the cell's offset, several spread about the middle, lobes on an arc."""
    lobed = cells.lobes > 0
    most = np.where(lobed, cells.lobes, cells.nuclei)
    number = np.arange(int(most.max(initial=0)))
    size = np.sqrt(cells.nuclear_share / np.maximum(most, 1)) * cells.diameter / 2
    luck = chances(cells.texture, 9, 2)
    first = luck[:, 0] * 2 * np.pi
    first = np.where(cells.aspect > LONG, np.round(luck[:, 0]) * np.pi + 0.6 * (luck[:, 1] - 0.5), first)
    arc = 0.5 * cells.diameter / 2
    step = np.where(most > 1, 2 * np.pi / np.maximum(most, 1), 0.0)
    step = np.where(lobed, 2 * np.arcsin(np.clip(size * 0.82 / arc, 0, 1)), step)  # lobes touch, and the arc stays open
    jitter = 0.25 * (chances(cells.texture, 16, len(number)) - 0.5) * lobed[:, None]
    angle = first[:, None] + step[:, None] * number + jitter
    edge = reach(cells, angle)
    away = cells.offset[:, None] * np.maximum(edge - 1.12 * size[:, None], 0)
    away = np.where((most > 1)[:, None], 0.54 * edge, away)
    away = np.where(lobed[:, None], arc[:, None], away)
    radius = np.where(number < most[:, None], size[:, None], 0.0)
    return Spots(away * np.cos(angle), away * np.sin(angle), radius)


def placed(cells: Cells, rim: Numbers, counts: Ints, taken: Spots, about: int, sizes: tuple[float, float]) -> Spots:
    """Discs put where there is room beside what is `taken`.

    Args:
        cells: which hold them.
        rim: their `outline`.
        counts: how many each holds.
        taken: where nothing can be put.
        about: what the discs are, for chance.
        sizes: least and greatest radius, as shares of the cell's diameter; where room is short they are smaller.
    """
    most = int(counts.max(initial=0))
    luck = chances(cells.texture, about, 2 * _CANDIDATES + most)
    turn, out = luck[:, :_CANDIDATES], 0.9 * np.sqrt(luck[:, _CANDIDATES : 2 * _CANDIDATES])
    long, short = half_axes(cells)
    angle = 2 * np.pi * turn - np.pi  # of the ellipse as a circle
    x, y = long[:, None] * out * np.cos(angle), short[:, None] * out * np.sin(angle)
    edge = np.take_along_axis(rim, (turn * OUTLINE).astype(int), axis=1)
    wanted = cells.diameter[:, None] * (sizes[0] + (sizes[1] - sizes[0]) * luck[:, 2 * _CANDIDATES :])
    room = (0.94 * edge - out) * short[:, None]
    for some, at_x, at_y, size in taken.each():
        gap = np.hypot(x[some] - at_x[:, None], y[some] - at_y[:, None]) - 1.15 * size[:, None]
        room[some] = np.minimum(room[some], gap)
    found = Spots(*(np.zeros((len(cells), most)) for _ in range(3)))
    every = np.arange(len(cells))
    for number in range(most):
        wide = room > 1.15 * wanted[:, number, None]
        best = np.where(wide.any(axis=1), wide.argmax(axis=1), room.argmax(axis=1))
        size = np.minimum(wanted[:, number], np.maximum(0.9 * room[every, best], 0.5))
        found.x[:, number], found.y[:, number] = x[every, best], y[every, best]
        found.radius[:, number] = np.where(number < counts, size, 0.0)
        room = np.minimum(room, np.hypot(x - x[every, best, None], y - y[every, best, None]) - size[:, None])
    return found

"""Draws what is in view as amounts of matter: how much chromatin, protein, dirt and so on lies over each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab.cells import KINDS, TRAITS, Cells
from selftrain.envs.lab.drawing_decoys import draw_decoys
from selftrain.envs.lab.drawing_parts import (
    ACID,
    BASE,
    CHROMATIN,
    MATTER,
    SIDE,
    Numbers,
    Planes,
    View,
    chances,
    column,
    noise,
    plane,
)

# of each kind: acid and base in the cytoplasm, and its fine texture; clumps in the nucleus, and its rim
_BODY = {
    "macrophage": (0.50, 0.55, 0.16, 0.16, 0.25),
    "monocyte": (0.35, 0.85, 0.10, 0.16, 0.2),
    "lymphocyte": (0.25, 1.30, 0.05, 0.28, 0.1),
    "neutrophil": (0.65, 0.25, 0.10, 0.16, 0.1),
    "fibroblast": (0.80, 0.40, 0.10, 0.10, 0.3),
    "apoptotic body": (1.50, 0.30, 0.03, 0.02, 0.0),
}
_OF_KIND = np.array([_BODY.get(kind, (0.0,) * 5) for kind in KINDS])
_FIRST_OF_NO_CELLS = KINDS.index("dust")
_FIBROBLAST, _NEUTROPHIL = KINDS.index("fibroblast"), KINDS.index("neutrophil")
_CANDIDATES = 40


@dataclass
class Spots:
    """Discs within cells: middles and radii in µm, (n, most); radius 0 where there is none."""

    x: Numbers
    y: Numbers
    radius: Numbers

    def __len__(self) -> int:
        return self.x.shape[1]


def draw(cells: Cells, um_per_pixel: float) -> tuple[Planes, Planes]:
    """What each picture holds in its middle.

    Returns:
        The matter over each pixel, (n, len(MATTER), SIDE, SIDE), and how much of it the thing in view covers.
    """
    matter = np.zeros((len(cells), len(MATTER), SIDE, SIDE), np.float32)
    covered = np.zeros((len(cells), SIDE, SIDE), np.float32)
    shift = chances(cells.texture, 1, 2) * 3 - 1.5
    view = plane(um_per_pixel).seen_from(shift[:, 0], shift[:, 1], cells.angle)
    are_cells = np.flatnonzero(cells.kind < _FIRST_OF_NO_CELLS)
    if len(are_cells):
        matter[are_cells, :3], covered[are_cells] = _draw_cells(cells[are_cells], view[are_cells])
    others = np.flatnonzero(cells.kind >= _FIRST_OF_NO_CELLS)
    if len(others):
        matter[others], covered[others] = draw_decoys(cells[others], view[others])
    return matter, covered


def _axes(cells: Cells) -> tuple[Numbers, Numbers]:
    root = np.sqrt(cells.aspect)
    return cells.diameter / 2 * root, cells.diameter / 2 / root


def _outline(cells: Cells, view: View) -> Planes:
    """Distance in µm from the edge of each cell, negative inside."""
    long, short = _axes(cells)
    along, across = view.x / column(long), view.y / column(short)
    squared = along * along
    side = across * across
    tapering = np.flatnonzero(cells.aspect > 1.8)
    for one in tapering:  # pointed ends: |across| to a power below 2, with the area kept
        power = 1.15 if cells.kind[one] == _FIBROBLAST else 1.6
        grown = 1 + 0.085 * (2 - power)
        squared[one] /= grown**2
        side[one] = np.abs(across[one] / grown) ** power
    radius = np.sqrt(squared + side)
    uneven = noise(cells.texture, 2, 4.2 / view.um_per_pixel) + 0.6 * noise(cells.texture, 3, 2.1 / view.um_per_pixel)
    radius += column(1.0 * cells.ruffle) * uneven
    slope = np.sqrt((along / column(long)) ** 2 + (across / column(short)) ** 2) + 1e-6
    found: Planes = (radius - 1) * np.maximum(radius, 0.3) / np.maximum(slope, 1e-3)
    return found


def _draw_cells(cells: Cells, view: View) -> tuple[Planes, Planes]:
    acid, base, grain, _, _ = _OF_KIND[cells.kind].T
    edge = _outline(cells, view)
    covered = view.covers(edge, 0.15)
    radius = cells.diameter / 2
    spots = _nuclei(cells)
    nucleus, chromatin = _draw_nuclei(cells, view, spots, covered)
    thick = np.clip(-edge / column(0.45 * radius), 0, 1)
    body = covered * (0.55 + 0.45 * thick)
    fine = noise(cells.texture, 4, 1.1 / view.um_per_pixel)
    coarse = noise(cells.texture, 5, 3.0 / view.um_per_pixel)
    body *= np.clip(1 + column(grain) * fine + column(0.6 * grain) * coarse, 0, None)
    body *= 1 - 0.75 * nucleus
    inclusions = _placed(cells, cells.inclusions, spots, 6, (0.075, 0.1))
    for x, y, size in zip(inclusions.x.T, inclusions.y.T, inclusions.radius.T, strict=True):
        some = np.flatnonzero(size)
        distance = view[some].disc(x[some], y[some], size[some]) + 0.12 * fine[some]
        body[some] *= 1 - 0.8 * view.covers(distance - 0.35)
        chromatin[some] += 1.9 * view.covers(distance) * covered[some]
    both = Spots(*(np.concatenate([a, b], 1) for a, b in zip(_parts(spots), _parts(inclusions), strict=True)))
    vacuoles = _placed(cells, cells.vacuoles, both, 7, (0.055, 0.09))
    for x, y, size in zip(vacuoles.x.T, vacuoles.y.T, vacuoles.radius.T, strict=True):
        some = np.flatnonzero(size)
        distance = view[some].disc(x[some], y[some], size[some])
        body[some] *= 1 - 0.88 * view.covers(distance, 0.2) + 0.2 * np.exp(-((distance / 0.35) ** 2))
    grains = np.clip(noise(cells.texture, 8, 1.0 / view.um_per_pixel) - 0.6, 0, 2) * column(cells.granules * 1.2)
    matter = np.stack([chromatin, body * (column(acid) + grains), body * column(base)], axis=1)
    return matter, covered


def _parts(spots: Spots) -> tuple[Numbers, Numbers, Numbers]:
    return spots.x, spots.y, spots.radius


def _nuclei(cells: Cells) -> Spots:
    """Where nuclei, or the lobes of one, lie."""
    long, short = _axes(cells)
    most = np.where(cells.lobes > 0, cells.lobes, cells.nuclei)
    number = np.arange(int(most.max()))
    there = number < most[:, None]
    size = np.sqrt(cells.nuclear_share / most) * cells.diameter / 2
    luck = chances(cells.texture, 9, 2)
    first = luck[:, 0] * 2 * np.pi
    first = np.where(cells.aspect > 1.8, np.round(luck[:, 0]) * np.pi + (luck[:, 1] - 0.5), first)
    several = most > 1
    step = np.where(several, 2 * np.pi / most, 0.0)
    lobed = cells.lobes > 0
    ring = 0.46 * cells.diameter / 2
    step = np.where(lobed, 2 * np.arcsin(np.clip(size * 0.97 / ring, 0, 1)), step)
    angle = first[:, None] + step[:, None] * number
    reach = 1 / np.sqrt((np.cos(angle) / long[:, None]) ** 2 + (np.sin(angle) / short[:, None]) ** 2)
    room = np.maximum(reach - 1.1 * size[:, None], 0)
    away = np.where(several[:, None], 0.55 * reach, cells.offset[:, None] * room)
    away = np.where(lobed[:, None], ring[:, None], away)
    return Spots(away * np.cos(angle), away * np.sin(angle), np.where(there, size[:, None], 0.0))


def _draw_nuclei(cells: Cells, view: View, spots: Spots, covered: Planes) -> tuple[Planes, Planes]:
    _, _, _, clumps, rim = _OF_KIND[cells.kind].T
    dense = cells.chromatin > 1.6
    clumps, rim = np.where(dense, 0.03, clumps), np.where(dense, 0, rim)
    luck = chances(cells.texture, 10, 16)
    stretch = np.where(cells.kind == _FIBROBLAST, 2.2, 1 + 0.25 * luck[:, 0])
    stretch = np.where((cells.aspect > 1.8) & (cells.kind == 0), 1.4, stretch)
    stretch = np.where((cells.lobes > 0) | dense | (cells.indentation > 0.4), 1.08, stretch)
    distance = np.full(covered.shape, 9.0, np.float32)
    wobble = 0.06 * noise(cells.texture, 11, 4.0 / view.um_per_pixel)
    depth = 0.62 * cells.indentation
    bare = depth / 2.2  # the share of the area that a notch takes away
    for number in range(len(spots)):
        some = np.flatnonzero(spots.radius[:, number])
        x, y, size = (part[some, number] for part in _parts(spots))
        size = size / np.sqrt(1 - 0.9 * bare[some])
        turn = np.where(cells.aspect[some] > 1.8, 0.0, luck[some, 1 + number] * np.pi)
        local = view[some].seen_from(x, y, turn)
        root = column(np.sqrt(stretch[some]))
        along, across = local.x / root, local.y * root
        far = np.sqrt(along**2 + across**2) + 1e-6
        notch = np.exp(2.6 * (across / far - 1)) * column(depth[some])
        found = far - column(size) * (1 - notch + wobble[some])
        distance[some] = np.minimum(distance[some], found)
    nucleus = view.covers(distance, 0.1) * covered
    fine = noise(cells.texture, 12, 1.3 / view.um_per_pixel)
    tone = np.clip(1 + column(clumps) * fine, 0.3, 2) + column(rim) * np.exp(-(((distance + 0.35) / 0.35) ** 2))
    return nucleus, nucleus * tone * column(cells.chromatin)


def _placed(cells: Cells, counts: npt.NDArray[np.int64], taken: Spots, about: int, sizes: tuple[float, float]) -> Spots:
    """Discs put where there is room beside what is `taken`, with radii as shares of the cell's diameter."""
    most = int(counts.max())
    long, short = _axes(cells)
    luck = chances(cells.texture, about, 2 * _CANDIDATES + most)
    angle = 2 * np.pi * luck[:, :_CANDIDATES]
    away = 0.9 * np.sqrt(luck[:, _CANDIDATES : 2 * _CANDIDATES])
    x, y = long[:, None] * away * np.cos(angle), short[:, None] * away * np.sin(angle)
    radius = cells.diameter[:, None] * (sizes[0] + (sizes[1] - sizes[0]) * luck[:, 2 * _CANDIDATES :])
    room = (1 - away) * short[:, None] + 0.05 * cells.diameter[:, None]
    for number in range(len(taken)):
        there = taken.radius[:, number, None] > 0
        gap = np.hypot(x - taken.x[:, number, None], y - taken.y[:, number, None]) - 1.12 * taken.radius[:, number, None]
        room = np.where(there, np.minimum(room, gap), room)
    found = Spots(*(np.zeros((len(cells), most)) for _ in range(3)))
    every = np.arange(len(cells))
    for number in range(most):
        wide_enough = room > radius[:, number, None] * 1.15
        best = np.where(wide_enough.any(1), wide_enough.argmax(1), room.argmax(1))
        size = np.minimum(radius[:, number], np.maximum(room[every, best] * 0.9, 0.5))
        found.x[:, number], found.y[:, number] = x[every, best], y[every, best]
        found.radius[:, number] = np.where(number < counts, size, 0)
        gap = np.hypot(x - x[every, best, None], y - y[every, best, None]) - size[:, None]
        room = np.minimum(room, gap)
    return found

"""Draws what is in view as amounts of matter: how much chromatin, protein, dirt and so on lies over each pixel."""

from __future__ import annotations

import numpy as np

from selftrain.envs.lab.cells import KINDS, Cells
from selftrain.envs.lab.drawing_decoys import draw_decoys
from selftrain.envs.lab.drawing_parts import (
    IN_CELLS,
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
from selftrain.envs.lab.drawing_spots import LONG, Spots, half_axes, nuclei, outline, placed

# of each kind: acid and base in the cytoplasm, and its grain; clumps and rim of the nucleus, and its nucleoli
_BODIES = {
    "macrophage": (0.55, 0.50, 0.17, 0.20, 0.35, 0.6),
    "monocyte": (0.40, 0.85, 0.10, 0.22, 0.15, 0.0),
    "lymphocyte": (0.25, 1.60, 0.05, 0.28, 0.05, 0.0),
    "neutrophil": (0.70, 0.20, 0.08, 0.20, 0.10, 0.0),
    "fibroblast": (0.80, 0.40, 0.10, 0.12, 0.35, 0.6),
    "apoptotic body": (2.60, 0.25, 0.03, 0.02, 0.0, 0.0),
}
_OF_KIND = np.array([_BODIES.get(kind, (0.0,) * 6) for kind in KINDS])
_FIRST_OF_NO_CELLS = KINDS.index("dust")
_FIBROBLAST = KINDS.index("fibroblast")
_DENSE = 1.6  # chromatin above this shows no structure


def draw(cells: Cells, um_per_pixel: float) -> tuple[Planes, Planes]:
    """What each picture holds in its middle.

    Returns:
        The matter over each pixel, (n, len(MATTER), SIDE, SIDE), and how much of it the thing in view covers.
    """
    matter = np.zeros((len(cells), len(MATTER), SIDE, SIDE), np.float32)
    covered = np.zeros((len(cells), SIDE, SIDE), np.float32)
    x, y = middles(cells).T
    view = plane(um_per_pixel).seen_from(x, y, cells.angle)
    _bend(view, cells)
    are_cells = np.flatnonzero(cells.kind < _FIRST_OF_NO_CELLS)
    if len(are_cells):
        matter[are_cells, :IN_CELLS], covered[are_cells] = draw_cells(cells[are_cells], view[are_cells])
    others = np.flatnonzero(cells.kind >= _FIRST_OF_NO_CELLS)
    if len(others):
        matter[others], covered[others] = draw_decoys(cells[others], view[others])
    return matter, covered


def _bend(view: View, cells: Cells) -> None:
    """Bend elongated cells a little: across the long axis pixels are moved by the square of the way along it."""
    luck = chances(cells.texture, 14, 1)[:, 0] - 0.5
    bend = np.where((cells.aspect > LONG) & (cells.kind < _FIRST_OF_NO_CELLS), 0.9 * luck, 0.0)
    length = half_axes(cells)[0]
    for one in np.flatnonzero(bend):
        view.y[one] += np.float32(bend[one] / length[one]) * (view.x[one] ** 2 - np.float32(0.3 * length[one] ** 2))


def middles(cells: Cells) -> Numbers:
    """(n, 2) where each thing in view lies, in µm from the middle of its picture."""
    return chances(cells.texture, 1, 2) * 3 - 1.5


def draw_cells(cells: Cells, view: View) -> tuple[Planes, Planes]:
    """The first matters over each pixel, (n, IN_CELLS, SIDE, SIDE), and how much of it each cell covers."""
    acid, base, grain, *_ = _OF_KIND[cells.kind].T
    rim = outline(cells)
    edge = _edge(cells, view, rim)
    covered = view.covers(edge, 0.2)
    spots = nuclei(cells)
    nucleus, chromatin = _draw_nuclei(cells, view, spots, covered)
    fine = noise(cells.texture, 4, 1.2 / view.um_per_pixel)
    coarse = noise(cells.texture, 5, 3.0 / view.um_per_pixel)
    # the body is thinner towards its edge
    body = covered * (0.6 + 0.4 * np.clip(-edge / column(0.2 * cells.diameter), 0, 1))
    body *= np.clip(1 + column(grain) * fine + column(0.7 * grain) * coarse, 0, None)
    body *= 1 - 0.75 * nucleus
    inclusions = placed(cells, rim, cells.inclusions, spots, 6, (0.07, 0.1))
    debris = _draw_inclusions(view, inclusions, fine, body)
    vacuoles = placed(cells, rim, cells.vacuoles, spots.beside(inclusions), 7, (0.055, 0.09))
    for some, x, y, size in vacuoles.each():
        distance = view[some].disc(x, y, size)
        body[some] *= 1 - 0.9 * view.covers(distance, 0.15) + 0.25 * np.exp(-(((distance - 0.1) / 0.3) ** 2))
    granules = column(1.3 * cells.granules) * np.clip(noise(cells.texture, 8, 1.0 / view.um_per_pixel) - 0.5, 0, 2)
    return np.stack(
        [chromatin + debris, body * (column(acid) + granules), body * column(base), 0.6 * debris], axis=1
    ), covered


def _edge(cells: Cells, view: View, rim: Numbers) -> Planes:
    """About how many µm outside each cell's edge a pixel lies, negative inside."""
    long, short = half_axes(cells)
    power = np.where(cells.kind == _FIBROBLAST, 1.15, np.where(cells.aspect > LONG, 1.6, 2.0))
    grown = 1 + 0.085 * (2 - power)  # pointed ends take from the area
    radius = view.radius(long, short, grown[:, None] * rim, power)
    radius += column(0.35 * cells.ruffle) * noise(cells.texture, 3, 1.8 / view.um_per_pixel)
    away = np.sqrt(view.x**2 + view.y**2) + np.float32(0.3)
    found: Planes = (radius - 1) * away / np.maximum(radius, 0.05)
    found *= column(np.where(cells.aspect > LONG, 1 / np.sqrt(cells.aspect), 1))  # as it is along the sides
    return found


def _draw_inclusions(view: View, inclusions: Spots, fine: Planes, body: Planes) -> Planes:
    """Dark lumps of what the cell has eaten, each in a clear space of its own, which is taken from the body."""
    debris = np.zeros_like(body)
    for some, x, y, size in inclusions.each():
        distance = view[some].disc(x, y, size) + 0.15 * fine[some]
        body[some] *= 1 - 0.85 * view.covers(distance - np.float32(0.45))
        debris[some] = np.maximum(debris[some], view.covers(distance, 0.1))
    return debris


def _draw_nuclei(cells: Cells, view: View, spots: Spots, covered: Planes) -> tuple[Planes, Planes]:
    """How much of each pixel is nucleus, and its chromatin."""
    *_, clumps, rim, nucleoli = _OF_KIND[cells.kind].T
    distance = _nuclear_edge(cells, view, spots)
    dense = cells.chromatin > _DENSE
    clumps, rim = np.where(dense, 0.04, clumps), np.where(dense, 0.0, rim)
    nucleus = view.covers(distance, 0.1) * np.minimum(1, 2 * covered)
    fine = noise(cells.texture, 12, 1.4 / view.um_per_pixel)
    tone = np.clip(1 + column(clumps) * fine, 0.3, 1.7)
    tone += column(rim) * np.exp(-(((distance + 0.3) / 0.35) ** 2))
    luck = chances(cells.texture, 13, 2) - 0.5
    shown = np.where(dense, 0.0, nucleoli)
    for some, x, y, size in spots.each():
        spot = view[some].disc(x + 0.7 * size * luck[some, 0], y + 0.7 * size * luck[some, 1], 0.2 * size)
        tone[some] += column(shown[some]) * view.covers(spot, 0.3)
    return nucleus, nucleus * tone * column(cells.chromatin)


def _nuclear_edge(cells: Cells, view: View, spots: Spots) -> Planes:
    """How many µm outside the nearest nucleus a pixel lies; lobes that touch run into one another."""
    luck = chances(cells.texture, 10, 1 + max(len(spots), 1))
    plain = (cells.lobes == 0) & (cells.chromatin < _DENSE) & (cells.indentation < 0.4)
    stretch = np.where(plain, 1.1 + 0.3 * luck[:, 0], 1.08)
    stretch = np.where(cells.aspect > LONG, np.where(cells.kind == _FIBROBLAST, 2.3, 1.45), stretch)
    depth = cells.indentation
    # the notch takes this share of the area, so that the rest is drawn larger
    left = 1 - 0.541 * depth + 0.184 * depth**2
    wobble = 0.05 * noise(cells.texture, 11, 4.0 / view.um_per_pixel)
    found = np.full((len(cells), SIDE, SIDE), 9.0, np.float32)
    for number, (some, x, y, size) in enumerate(spots.each()):
        turn = np.where(cells.aspect[some] > LONG, 0.0, luck[some, 1 + number] * 2 * np.pi)
        local = view[some].seen_from(x, y, turn)
        root = column(np.sqrt(stretch[some]))
        along, across = local.x / root, local.y * root
        far = np.sqrt(along**2 + across**2) + np.float32(1e-6)
        notch = np.exp(2.5 * (across / far - 1)) * column(depth[some])
        one = far - column(size / np.sqrt(left[some])) * (1 - notch + wobble[some])
        near = np.clip(1 - np.abs(found[some] - one) / 0.6, 0, 1)
        found[some] = np.minimum(found[some], one) - 0.15 * near**2
    return found

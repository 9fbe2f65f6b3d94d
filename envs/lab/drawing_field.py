"""Draws what lies about the cell in view: the ground of the slide, and neighbours that are the same in every lab.

How crowded a picture is and how much ground it has is left to chance, so that neither tells what is in its middle.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from selftrain.envs.lab.cells import KINDS, Cells, Floats, Mix, draw_cells
from selftrain.envs.lab.drawing import draw, middles
from selftrain.envs.lab.drawing_parts import (
    GROUND,
    HAEMOGLOBIN,
    MATTER,
    SIDE,
    Planes,
    chances,
    column,
    noise,
    plane,
)
from selftrain.envs.lab.drawing_spots import reach

_POOL = 48
_RED_CELLS = 24
_ROOM_KEPT = 12.5  # µm about the middle of a picture where no neighbour lies
_PLACES = 9  # around the cell in view, each taken by a neighbour or not


@lru_cache(maxsize=3)
def _pool(um_per_pixel: float) -> tuple[Cells, Planes, Planes]:
    """Neighbours: cells of every kind, and red blood cells; with their matter and their cover, from the middle."""
    cells = draw_cells(np.random.default_rng(20240608), 12 * _POOL, Mix(traits=(), plain=0.3, decoys=0.7))
    cells = cells[np.flatnonzero((cells.kind < KINDS.index("apoptotic body")) & (cells.diameter < 19))[:_POOL]]
    matter, covered = draw(cells, um_per_pixel)
    red = cells[np.arange(_RED_CELLS)]
    red.diameter[:], red.aspect[:] = np.linspace(6.6, 7.8, _RED_CELLS), 1.0
    x, y = middles(red).T
    view = plane(um_per_pixel).seen_from(x, y, red.angle)
    out = view.disc(x * 0, y * 0, red.diameter / 2)
    disc = view.covers(out, 0.3)
    discs = np.zeros((_RED_CELLS, len(MATTER), SIDE, SIDE), np.float32)
    pallor = 0.5 * np.exp(-(((out + column(red.diameter / 2)) / 1.7) ** 2))
    discs[:, HAEMOGLOBIN] = disc * (1 - pallor)
    both = Cells(**{name: np.concatenate([getattr(cells, name), getattr(red, name)]) for name in cells.__dict__})
    return both, np.concatenate([matter, discs])[:, : HAEMOGLOBIN + 1], np.concatenate([covered, disc])


def surround(cells: Cells, matter: Planes, covered: Planes, um_per_pixel: float, fibres: float) -> None:
    """Add ground and neighbours to the matter about the cells in view; `fibres` is how streaky the ground is."""
    luck = chances(cells.texture, 51, 5)
    crowd = luck[:, 0] * 0.9
    taken = covered.copy()
    _add_neighbours(cells, crowd, matter, taken, um_per_pixel)
    wide = noise(cells.texture, 52, 16 / um_per_pixel)
    near = noise(cells.texture, 53, 6 / um_per_pixel)
    streaks = noise(cells.texture, 54, 5 / um_per_pixel, stretch=5.0)
    ground = (
        1 + column(0.3 * luck[:, 1]) * wide + column(0.16 * luck[:, 2]) * near + column(fibres * luck[:, 3]) * streaks
    )
    amount = column(0.4 + 1.6 * luck[:, 4])
    matter[:, GROUND] += amount * np.maximum(ground, 0.1) * (1 - 0.55 * taken)


def _add_neighbours(cells: Cells, crowd: Floats, matter: Planes, taken: Planes, um_per_pixel: float) -> None:
    pool, theirs, covers = _pool(um_per_pixel)
    luck = chances(cells.texture, 55, 4 * _PLACES).reshape(-1, 4, _PLACES)
    which = (luck[:, 0] * len(pool)).astype(int)
    angle = 2 * np.pi * (np.arange(_PLACES) + 0.8 * luck[:, 1]) / _PLACES
    own = reach(cells, angle - cells.angle[:, None]) * (1 + 2 * np.minimum(cells.ruffle, 0.15)[:, None])
    other = pool[which.ravel()]
    size = reach(other, (np.repeat(angle, 1, axis=1).ravel() - other.angle)[:, None]).reshape(which.shape) * 1.15
    away = np.maximum(own, _ROOM_KEPT) + size + 0.5 + 7 * luck[:, 2] ** 2
    x, y = middles(cells).T
    at_x, at_y = x[:, None] + away * np.cos(angle), y[:, None] + away * np.sin(angle)
    own_x, own_y = middles(pool).T
    right = np.rint((at_x - own_x[which]) / um_per_pixel).astype(int)
    down = np.rint((at_y - own_y[which]) / um_per_pixel).astype(int)
    near = (np.maximum(np.abs(right), np.abs(down)) < SIDE) & (luck[:, 3] < crowd[:, None])
    for picture, place in zip(*np.nonzero(near), strict=True):
        to_rows, from_rows = _overlap(down[picture, place])
        to_columns, from_columns = _overlap(right[picture, place])
        source = which[picture, place]
        free = 1 - taken[picture, to_rows, to_columns]
        matter[picture, : HAEMOGLOBIN + 1, to_rows, to_columns] += theirs[source, :, from_rows, from_columns] * free
        taken[picture, to_rows, to_columns] += covers[source, from_rows, from_columns] * free


def _overlap(shift: int) -> tuple[slice, slice]:
    """Where a picture that is moved by `shift` pixels falls in another, and what part of it does."""
    return slice(max(shift, 0), SIDE + min(shift, 0)), slice(max(-shift, 0), SIDE - max(shift, 0))

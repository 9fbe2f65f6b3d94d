"""Draws what lies about the cell in view: the ground of the slide, and neighbours that are the same in every lab.

How crowded a picture is and how much ground it has is left to chance, so that neither tells what is in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from selftrain.envs.lab.cells import KINDS, Cells, Floats, Ints, Mix, draw_cells
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


@dataclass(frozen=True)
class Pool:
    """Neighbours, drawn once: cells, their matter and cover, and the pixels between which each lies, down and right."""

    cells: Cells
    matter: Planes
    covers: Planes
    down: Ints
    right: Ints


@lru_cache(maxsize=3)
def _pool(um_per_pixel: float) -> Pool:
    """Cells of every kind, and red blood cells."""
    cells = draw_cells(np.random.default_rng(20240608), 12 * _POOL, Mix(traits=(), plain=0.3, decoys=0.7))
    cells = cells[np.flatnonzero((cells.kind < KINDS.index("apoptotic body")) & (cells.diameter < 19))[:_POOL]]
    red = replace(cells[:_RED_CELLS], diameter=np.linspace(6.6, 7.8, _RED_CELLS), aspect=np.ones(_RED_CELLS))
    matter, covers = (
        np.concatenate(both) for both in zip(draw(cells, um_per_pixel), _draw_red(red, um_per_pixel), strict=True)
    )
    both = {field.name: np.concatenate([getattr(cells, field.name), getattr(red, field.name)]) for field in fields(red)}
    down, right = _between(covers.max(axis=2)), _between(covers.max(axis=1))
    return Pool(Cells(**both), matter[:, : HAEMOGLOBIN + 1], covers, down, right)


def _draw_red(cells: Cells, um_per_pixel: float) -> tuple[Planes, Planes]:
    """Red blood cells: discs that are paler in the middle, where they are thin."""
    x, y = middles(cells).T
    edge = plane(um_per_pixel).disc(x, y, cells.diameter / 2)
    matter, covers = np.zeros((len(cells), len(MATTER), SIDE, SIDE), np.float32), plane(um_per_pixel).covers(edge, 0.3)
    matter[:, HAEMOGLOBIN] = covers * (1 - 0.5 * np.exp(-(((edge + column(cells.diameter / 2)) / 1.7) ** 2)))
    return matter, covers


def _between(cover: Planes) -> Ints:
    """(n, 2) in each row the first that is covered, and the one after the last."""
    there = cover > 0
    return np.stack([there.argmax(axis=1), there.shape[1] - there[:, ::-1].argmax(axis=1)], axis=1)


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
    pool = _pool(um_per_pixel)
    luck = chances(cells.texture, 55, 4 * _PLACES).reshape(-1, 4, _PLACES)
    which = (luck[:, 0] * len(pool.cells)).astype(int)
    angle = 2 * np.pi * (np.arange(_PLACES) + 0.8 * luck[:, 1]) / _PLACES
    own = reach(cells, angle - cells.angle[:, None]) * (1 + 2 * np.minimum(cells.ruffle, 0.15)[:, None])
    theirs = pool.cells[which.ravel()]
    size = 1.15 * reach(theirs, angle.reshape(-1, 1) - theirs.angle[:, None]).reshape(which.shape)
    away = np.maximum(own, _ROOM_KEPT) + size + 0.5 + 7 * luck[:, 2] ** 2
    start = middles(cells)[:, None] - middles(pool.cells)[which]
    right = np.rint((start[:, :, 0] + away * np.cos(angle)) / um_per_pixel).astype(int)
    down = np.rint((start[:, :, 1] + away * np.sin(angle)) / um_per_pixel).astype(int)
    for picture, place in zip(*np.nonzero(luck[:, 3] < crowd[:, None]), strict=True):
        source = which[picture, place]
        to_rows, rows = _overlap(down[picture, place], *pool.down[source])
        to_columns, columns = _overlap(right[picture, place], *pool.right[source])
        free = 1 - taken[picture, to_rows, to_columns]
        matter[picture, : HAEMOGLOBIN + 1, to_rows, to_columns] += pool.matter[source, :, rows, columns] * free
        taken[picture, to_rows, to_columns] += pool.covers[source, rows, columns] * free


def _overlap(shift: int, first: int, last: int) -> tuple[slice, slice]:
    """Where pixels `first` to `last` of a picture that is moved by `shift` fall in another, and which of them do."""
    first, last = max(first + shift, 0), min(last + shift, SIDE)
    last = max(first, last)
    return slice(first, last), slice(first - shift, last - shift)

"""Draws what is no cell: dust, bubbles of air, and stain that has precipitated."""

from __future__ import annotations

import numpy as np

from selftrain.envs.lab.cells import KINDS, Cells
from selftrain.envs.lab.drawing_parts import (
    DIRT,
    DYE,
    GLASS,
    MATTER,
    SIDE,
    Planes,
    View,
    chances,
    column,
    noise,
)

_SIDES = 6


def draw_decoys(cells: Cells, view: View) -> tuple[Planes, Planes]:
    """Matter and cover of things that are no cells, as `drawing.draw` gives them."""
    matter = np.zeros((len(cells), len(MATTER), SIDE, SIDE), np.float32)
    covered = np.zeros((len(cells), SIDE, SIDE), np.float32)
    for kind, draw in (("dust", _dust), ("bubble", _bubble), ("precipitate", _precipitate)):
        some = np.flatnonzero(cells.kind == KINDS.index(kind))
        if len(some):
            matter[some], covered[some] = draw(cells[some], view[some])
    return matter, covered


def _blank(cells: Cells) -> Planes:
    return np.zeros((len(cells), len(MATTER), SIDE, SIDE), np.float32)


def _dust(cells: Cells, view: View) -> tuple[Planes, Planes]:
    """A dark splinter: the space between straight sides, without structure, with a bright fringe."""
    root = np.sqrt(cells.aspect)
    along, across = view.x / column(root), view.y * column(root)
    luck = chances(cells.texture, 21, 2 * _SIDES)
    distance = np.full((len(cells), SIDE, SIDE), -99.0, np.float32)
    for side in range(_SIDES):
        angle = 2 * np.pi * (side + 0.7 * luck[:, side]) / _SIDES
        reach = cells.diameter / 2 * (0.65 + 0.7 * luck[:, _SIDES + side])
        distance = np.maximum(distance, along * column(np.cos(angle)) + across * column(np.sin(angle)) - column(reach))
    distance += column(1.2 * cells.ruffle) * noise(cells.texture, 22, 2.4 / view.um_per_pixel)
    covered = view.covers(distance)
    matter = _blank(cells)
    matter[:, DIRT] = covered * (1 + 0.15 * noise(cells.texture, 23, 4.0 / view.um_per_pixel))
    matter[:, GLASS] = -0.25 * np.exp(-(((distance - 0.6) / 0.5) ** 2))
    return matter, covered


def _bubble(cells: Cells, view: View) -> tuple[Planes, Planes]:
    """A ring that bends light away, dark at the rim and bright within."""
    distance = view.disc([0], [0], cells.diameter / 2) + column(cells.ruffle)
    wide = column(0.05 * cells.diameter)
    matter = _blank(cells)
    dark = np.exp(-(((distance + wide) / wide) ** 2))
    bright = np.exp(-(((distance + 3.2 * wide) / wide) ** 2))
    fringe = np.exp(-(((distance - 0.8 * wide) / (0.6 * wide)) ** 2))
    matter[:, GLASS] = 1.5 * dark - 0.2 * bright - 0.12 * fringe - 0.05 * view.covers(distance)
    return matter, view.covers(distance)


def _precipitate(cells: Cells, view: View) -> tuple[Planes, Planes]:
    """Grains of dye, deep in colour, dense in the middle of a heap and strewn about it."""
    distance = np.sqrt(view.x**2 / column(cells.aspect) + view.y**2 * column(cells.aspect)) / column(cells.diameter / 2)
    distance = distance + column(cells.ruffle) * noise(cells.texture, 24, 3.0 / view.um_per_pixel)
    grain = noise(cells.texture, 25, 1.3 / view.um_per_pixel)
    here = np.clip((grain + 1.0 - 1.9 * distance) * 1.6, 0, 1)
    matter = _blank(cells)
    matter[:, DYE] = here * (1.2 + 0.3 * grain)
    return matter, np.clip(here * 1.5, 0, 1)

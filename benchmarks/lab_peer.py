"""A plain way to draw cells, one after another: what the slides of labs are measured beside.

It draws as prototypes of such generators do: one cell at a time, all noise made afresh and filtered with scipy. It
shows a cell with a nucleus, vacuoles, a neighbour and ground, in two dyes by Beer and Lambert's law, with blur, light
that falls off, noise and JPEG.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import gaussian_filter

from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.preparation import Preparation

SIDE = 96
Plane = npt.NDArray[np.float64]


def draw_plainly(cells: Cells, preparation: Preparation) -> npt.NDArray[np.uint8]:
    """Pictures (n, 96, 96, 3)."""
    return np.stack([draw_one(cell, preparation) for cell in cells.each()])


def draw_one(cell: Cells, preparation: Preparation) -> npt.NDArray[np.uint8]:
    """One picture (96, 96, 3)."""
    rng = np.random.default_rng(int(cell.texture[0]))
    scale = preparation.um_per_pixel
    y, x = (np.mgrid[:SIDE, :SIDE] - SIDE / 2) * scale
    radius = cell.diameter[0] / 2
    body = blob(rng, x, y, radius, float(cell.ruffle[0]), scale)
    core = blob(rng, x - 0.4 * radius, y, radius * np.sqrt(cell.nuclear_share[0]), 0.05, scale)
    for _ in range(int(cell.vacuoles[0])):
        at, turn = rng.uniform(0.4, 0.8) * radius, rng.uniform(0, 2 * np.pi)
        body *= 1 - 0.9 * blob(rng, x - at * np.cos(turn), y - at * np.sin(turn), 0.08 * 2 * radius, 0.0, scale)
    other = blob(rng, x + 16, y - 12, 4.0, 0.03, scale)
    texture = 1 + 0.2 * smooth(rng, x.shape, 0.6 / scale)
    ground = 0.1 * (1 + 0.3 * smooth(rng, x.shape, 2 / scale))
    first = 0.6 * np.maximum(core, other) * texture + 0.2 * body
    second = 0.3 * body * texture + ground
    amounts = np.stack([first, second], axis=-1) * preparation.thickness * np.array(preparation.amounts)
    light = np.array(preparation.lamp) * 10 ** -(amounts @ np.array(preparation.dyes))
    light *= (1 - preparation.falloff * (x**2 + y**2) / (x**2 + y**2).max())[..., None]
    light = np.stack([gaussian_filter(light[..., c], preparation.blur / scale) for c in range(3)], axis=-1)
    light += rng.normal(size=light.shape) * np.sqrt(light / preparation.photons)
    file = io.BytesIO()
    Image.fromarray((light.clip(0, 1) * 255).astype(np.uint8)).save(file, "JPEG", quality=preparation.quality)
    return np.asarray(Image.open(file))


def blob(rng: np.random.Generator, x: Plane, y: Plane, radius: float, uneven: float, scale: float) -> Plane:
    """How much of each pixel an uneven disc covers."""
    angle = np.arctan2(y, x)
    edge = np.ones_like(angle)
    for waves in range(3, 9):
        edge += uneven / np.sqrt(waves) * rng.normal() * np.cos(waves * angle + rng.uniform(0, 2 * np.pi))
    return np.clip(0.5 - (np.hypot(x, y) - radius * edge) / scale, 0, 1)


def smooth(rng: np.random.Generator, shape: tuple[int, ...], pixels: float) -> Plane:
    """Noise of unit variance, without detail below so many pixels."""
    white = gaussian_filter(rng.normal(size=shape), pixels)
    found: Plane = white / white.std()
    return found

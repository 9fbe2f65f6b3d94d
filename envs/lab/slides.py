"""Pictures of cells, as a lab's microscope shows them."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.drawing import draw
from selftrain.envs.lab.drawing_parts import GROUND, SIDE, Planes, chances, column, noise
from selftrain.envs.lab.labs import Lab
from selftrain.envs.lab.preparation import Preparation

Pictures = npt.NDArray[np.uint8]

_AT_ONCE = 16
# how much of the two dyes each kind of matter binds
_BINDING = {
    #                      chromatin     acid          base          haemoglobin   ground        dirt    dye         glass
    "H&E": np.array([[0.85, 0.06, 0.28, 0.10, 0.02, 0, 1.6, 0], [0.25, 0.50, 0.12, 0.60, 0.12, 0, 0.4, 0]]),
    "Giemsa": np.array([[0.75, 0.05, 0.35, 0.05, 0.05, 0, 1.3, 0], [0.60, 0.28, 0.15, 0.38, 0.05, 0, 0.9, 0]]),
    "DAB": np.array([[0.75, 0.03, 0.08, 0.05, 0.05, 0, 0.2, 0], [0.05, 0.40, 0.30, 0.06, 0.04, 0, 1.8, 0]]),
    "fluorescence": np.array([[0.80, 0.00, 0.03, 0.02, 0.03, 0, 0.4, 0], [0.03, 0.40, 0.25, 0.08, 0.04, 0, 1.5, 0]]),
}
_DIRT = np.array([0.75, 0.85, 1.0])


def render(cells: Cells, preparation: Preparation) -> Pictures:
    """Pictures (n, 96, 96, 3) of cells under a preparation; the same cells give the same pictures in any batch."""
    parts = [_render(cells[start : start + _AT_ONCE], preparation) for start in range(0, len(cells), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros((0, SIDE, SIDE, 3), np.uint8)


def images(lab: Lab, cells: Cells) -> Pictures:
    """Pictures of cells as a lab sees them."""
    return render(cells, lab.preparation)


def _render(cells: Cells, preparation: Preparation) -> Pictures:
    matter, covered = draw(cells, preparation.um_per_pixel)
    luck = chances(cells.texture, 41, 4)
    ground = 1 + 0.35 * noise(cells.texture, 42, 6 / preparation.um_per_pixel)
    matter[:, GROUND] += column(2 * luck[:, 0]) * ground * (1 - covered)
    light = _light(matter, preparation)
    light *= (preparation.exposure / light.mean(axis=(2, 3)))[:, :, None, None]
    spread = np.sqrt(np.clip(light, 0, 2) / preparation.photons + 2e-5)
    light += spread * np.stack([noise(cells.texture, 43 + c, 1) for c in range(3)], axis=1)
    pixels = (np.clip(light, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.stack([_compressed(picture, preparation.quality) for picture in pixels])


def _light(matter: Planes, preparation: Preparation) -> Planes:
    binding = _BINDING[preparation.stain] * np.array(preparation.amounts)[:, None] * preparation.thickness
    colours = (binding.T @ np.array(preparation.dyes)).T
    colours[:, 5] += _DIRT
    colours[:, 7] += 0.5
    flat = matter.reshape(len(matter), matter.shape[1], -1)
    if preparation.stain == "fluorescence":
        light = np.matmul(np.maximum(colours, 0).astype(np.float32), np.maximum(flat, 0)) + 0.02
    else:
        light = np.exp(np.matmul(-np.log(10) * colours.astype(np.float32), flat).astype(np.float32))
    light = light.reshape(len(matter), 3, SIDE, SIDE).astype(np.float32)
    light *= np.array(preparation.lamp, np.float32)[:, None, None]
    spread = _spread(preparation.blur / preparation.um_per_pixel)
    return spread @ light @ spread.T


def _spread(sigma: float) -> npt.NDArray[np.float32]:
    line = np.arange(SIDE)
    weights = np.exp(-0.5 * ((line[:, None] - line[None]) / sigma) ** 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _compressed(picture: Pictures, quality: int) -> Pictures:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))

"""From matter to a picture: dyes, light, lens and camera.

In transmitted light dyes follow Beer and Lambert's law: their optical densities add, and of the light there comes
through 10 to the minus that power (Ruifrok and Johnston 2001). In fluorescence what dyes emit adds. The lens spreads
each point to a Gaussian, which is near the middle of an Airy disc (Zhang, Zerubia and Olivo-Marin, Gaussian
approximations of fluorescence microscope point-spread function models, Applied Optics 46, 2007). The camera sets
exposure and white balance by the picture's mean, counts photons (Poisson's noise) and compresses (JPEG).
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.drawing_parts import DIRT, GLASS, SIDE, Numbers, Planes, chances, noise
from selftrain.envs.lab.preparation import Preparation

Pictures = npt.NDArray[np.uint8]

# how much of the two dyes each kind of matter binds: of its optical density, or of the light that it emits
# DAB and the second fluorescent dye mark vimentin, which all these kinds of cells have,
# so that their colour alone tells no macrophage
_BINDING = {
    #           chromatin   acid   base   dirt   haemoglobin   ground   dye   glass
    "H&E": ((0.62, 0.04, 0.20, 0.10, 0.04, 0.015, 1.5, 0.0), (0.16, 0.36, 0.10, 0.10, 0.50, 0.045, 0.4, 0.0)),
    "Giemsa": ((0.46, 0.04, 0.24, 0.10, 0.04, 0.035, 1.2, 0.0), (0.36, 0.20, 0.10, 0.05, 0.30, 0.035, 0.8, 0.0)),
    "DAB": ((0.55, 0.02, 0.06, 0.10, 0.05, 0.04, 0.2, 0.0), (0.05, 0.34, 0.24, 0.10, 0.05, 0.02, 1.6, 0.0)),
    "fluorescence": ((0.70, 0.0, 0.02, 0.3, 0.01, 0.02, 0.4, 0.0), (0.03, 0.34, 0.24, 0.9, 0.06, 0.05, 1.5, 0.0)),
}
_DIRT = (0.55, 0.68, 0.85)  # optical density of dirt, brown
_GLASS = 0.55  # optical density of what bends light away, of any colour
_USUAL = (0.04, 0.06, 0.06, 0.0, 0.04, 0.8, 0.0, 0.0)  # matter over a usual pixel
_GAMMA = np.float32(0.7)  # of the display, without which the body of a cell is too dim to be seen beside its nucleus
_DARK = 0.012  # what a camera sees without light, of 1


def photograph(matter: Planes, cells: Cells, preparation: Preparation) -> Pictures:
    """Pictures (n, 96, 96, 3) of matter (n, len(MATTER), 96, 96)."""
    light = lit(matter, preparation)
    _vignette(light, cells, preparation)
    spread = _spread(preparation.blur / preparation.um_per_pixel * (0.85 + 0.5 * chances(cells.texture, 61, 1)[:, 0]))
    light = np.matmul(np.matmul(spread[:, None], light), np.ascontiguousarray(spread.transpose(0, 2, 1))[:, None])
    if preparation.stain == "fluorescence":
        light = np.power(light, _GAMMA)
    _expose(light, cells, preparation)
    _add_noise(light, cells, preparation)
    pixels = (np.clip(light, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.stack([_compressed(picture, preparation.quality) for picture in pixels])


def lit(matter: Planes, preparation: Preparation) -> Planes:
    """(n, 3, 96, 96) red, green and blue that comes through matter or is emitted; 1 is a white lamp's own light."""
    colours = _colours(preparation)
    flat = matter.reshape(len(matter), matter.shape[1], -1)
    if preparation.stain == "fluorescence":
        light = np.matmul(colours.astype(np.float32), flat)
        shade = np.clip(1 - flat[:, GLASS], 0.15, 1.6)[:, None]
        light = (light + 0.03) * shade
    else:
        light = np.exp(np.matmul((-np.log(10) * colours).astype(np.float32), flat))
    light *= np.array(preparation.lamp, np.float32)[:, None]
    found: Planes = light.reshape(len(matter), 3, SIDE, SIDE)
    return found


def _colours(preparation: Preparation) -> Numbers:
    """(3, len(MATTER)) optical density, or emitted light, of each kind of matter in red, green and blue."""
    bound = np.array(_BINDING[preparation.stain]) * (np.array(preparation.amounts) * preparation.thickness)[:, None]
    found: Numbers = np.array(preparation.dyes).T @ bound
    if preparation.stain != "fluorescence":
        found[:, DIRT] += _DIRT
        found[:, GLASS] = _GLASS
    return found


def _vignette(light: Planes, cells: Cells, preparation: Preparation) -> None:
    """Light falls off with the square of the way from the field's middle; a picture lies anywhere in the field."""
    at = chances(cells.texture, 62, 2) * 2 - 1
    line = np.linspace(-0.12, 0.12, SIDE)  # the field is about eight pictures wide
    down, right = (at[:, :1] + line) ** 2, (at[:, 1:] + line) ** 2
    field = 1 - preparation.falloff / 2 * (down[:, :, None] + right[:, None, :])
    light *= field[:, None].astype(np.float32)


def _spread(sigma: Numbers) -> Planes:
    """(n, SIDE, SIDE) matrices that spread lines of pixels by a Gaussian of `sigma` pixels."""
    line = np.arange(SIDE)
    weights = np.exp(-0.5 * ((line[:, None] - line) / sigma[:, None, None]) ** 2)
    weights[weights < 1e-6] = 0  # such small numbers would make float32 products slow
    found: Planes = (weights / weights.sum(axis=2, keepdims=True)).astype(np.float32)
    return found


def _expose(light: Planes, cells: Cells, preparation: Preparation) -> None:
    """Automatic exposure and white balance: each channel's mean comes to what the lab's camera aims at, or near it."""
    luck = chances(cells.texture, 66, 4) - 0.5
    aim = preparation.exposure * _usual(preparation) * (1 + 0.06 * luck[:, :1] + 0.03 * luck[:, 1:])
    light *= (aim / light.mean(axis=(2, 3)))[:, :, None, None].astype(np.float32)
    for _ in range(2):  # what is too bright is cut off, which lowers the mean
        np.clip(light, _DARK, 1, out=light)
        light *= (aim / light.mean(axis=(2, 3)))[:, :, None, None].astype(np.float32)


def _add_noise(light: Planes, cells: Cells, preparation: Preparation) -> None:
    """Photons are counted, more or fewer of them as each picture's exposure is long or short."""
    photons = preparation.photons * 4 ** (1 - 2 * chances(cells.texture, 67, 1)[:, 0])
    variance = light * (1 / photons).astype(np.float32)[:, None, None, None] + np.float32(1.5e-5)
    for channel in range(3):
        light[:, channel] += np.sqrt(variance[:, channel]) * noise(cells.texture, 63 + channel, 1)


def _usual(preparation: Preparation) -> Numbers:
    """The mean of red, green and blue in a usual picture, where clear glass is 1."""
    lamp = np.array(preparation.lamp)
    if preparation.stain == "fluorescence":
        return lamp
    found: Numbers = lamp * 10 ** -(_colours(preparation) @ np.array(_USUAL))
    return found


def _compressed(picture: Pictures, quality: int) -> Pictures:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))

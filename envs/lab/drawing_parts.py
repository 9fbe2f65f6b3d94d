"""Parts of drawings: chance by seed, noise of a wavelength, and outlines as distances in µm.

All arrays of pixels are (n, SIDE, SIDE) float32, one plane for each of n pictures.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIDE = 96
MATTER = ("chromatin", "acid", "base", "haemoglobin", "ground", "dirt", "dye", "glass")
"""What dyes bind to, or what stands in the light. acid: protein that takes acid dyes such as eosin; base: RNA and other
matter that takes basic dyes; glass: what bends light away from the lens, negative where it gathers light."""
CHROMATIN, ACID, BASE, HAEMOGLOBIN, GROUND, DIRT, DYE, GLASS = range(len(MATTER))
Planes = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]

_TILE = 384


def chances(seeds: npt.NDArray[np.int64], about: int, count: int) -> Numbers:
    """(n, count) numbers in [0, 1) that depend on each seed and on what they are `about`, and on nothing else.

    SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014) of a counter, for a
    whole batch at once; a generator for each picture would take as long as the drawing.
    """
    counter = np.arange(count, dtype=np.uint64) + np.uint64(about << 16)
    mixed = seeds.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15) + counter * np.uint64(0xD1342543DE82EF95)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


@lru_cache(maxsize=32)
def _tile(wavelength: float) -> npt.NDArray[np.float32]:
    """Noise of unit variance whose waves are about `wavelength` pixels long, without seams, for crops to be taken of.

    White noise filtered to a band of an octave in the frequency domain; below two pixels it stays white.
    """
    white = np.random.default_rng([20240607, round(1000 * wavelength)]).standard_normal((_TILE, _TILE))
    if wavelength > 2:
        frequency = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None])
        octaves = np.log2(np.maximum(frequency, 1e-9) * wavelength)
        white = np.fft.irfft2(np.fft.rfft2(white) * np.exp(-2 * octaves**2), s=white.shape)
    once = ((white - white.mean()) / white.std()).astype(np.float32)
    return np.tile(once, (2, 2))[: _TILE + SIDE, : _TILE + SIDE]


def noise(seeds: npt.NDArray[np.int64], about: int, wavelength: float) -> Planes:
    """Band-limited noise of unit variance, another crop of it for each seed; `wavelength` is in pixels."""
    tile = _tile(round(wavelength, 2))
    corners = (chances(seeds, about, 2) * _TILE).astype(int)
    return np.stack([tile[row : row + SIDE, column : column + SIDE] for row, column in corners])


def column(values: npt.ArrayLike) -> Planes:
    """(n,) numbers, one for each picture, as (n, 1, 1) to be used with planes."""
    return np.asarray(values, np.float32)[:, None, None]


class View:
    """The coordinates in µm of n pictures' pixels, from a point of each and turned by an angle."""

    def __init__(self, x: Planes, y: Planes, um_per_pixel: float) -> None:
        self.x, self.y, self.um_per_pixel = x, y, um_per_pixel

    def seen_from(self, x: npt.ArrayLike, y: npt.ArrayLike, angle: npt.ArrayLike) -> View:
        """The same pixels from another point, along other axes."""
        cos, sin = column(np.cos(angle)), column(np.sin(angle))
        right, down = self.x - column(x), self.y - column(y)
        return View(right * cos + down * sin, down * cos - right * sin, self.um_per_pixel)

    def __getitem__(self, index: npt.NDArray[np.intp]) -> View:
        return View(self.x[index], self.y[index], self.um_per_pixel)

    def disc(self, x: npt.ArrayLike, y: npt.ArrayLike, radius: npt.ArrayLike) -> Planes:
        """Distance in µm from the edge of a disc, negative inside."""
        found: Planes = np.sqrt((self.x - column(x)) ** 2 + (self.y - column(y)) ** 2) - column(radius)
        return found

    def covers(self, distance: Planes, soft: float = 0.0) -> Planes:
        """How much of each pixel lies inside: 1, 0, or between over a pixel and `soft` µm about the edge."""
        found: Planes = np.clip(0.5 - distance * np.float32(1 / (self.um_per_pixel + soft)), 0, 1)
        return found


def plane(um_per_pixel: float) -> View:
    """One picture's pixels, from its middle."""
    line = ((np.arange(SIDE) - (SIDE - 1) / 2) * um_per_pixel).astype(np.float32)
    return View(line[None, None, :], line[None, :, None], um_per_pixel)

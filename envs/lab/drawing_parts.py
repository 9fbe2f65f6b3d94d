"""Parts of drawings: chance by seed, noise of a wavelength, and outlines as distances in µm.

All arrays of pixels are (n, SIDE, SIDE) float32, one plane for each of n pictures.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIDE = 96
OUTLINE = 512
"""Angles at which an outline is tabulated, from -π to π."""
MATTER = ("chromatin", "acid", "base", "dirt", "haemoglobin", "ground", "dye", "glass")
"""What dyes bind to, or what stands in the light. acid: protein that takes acid dyes such as eosin; base: RNA and other
matter that takes basic dyes; dirt: what is dark without a dye; ground: between cells; dye: the stain itself, in grains;
glass: what bends light away from the lens, negative where it gathers light. Cells are made of the first `IN_CELLS`."""
IN_CELLS = 4
CHROMATIN, ACID, BASE, DIRT, HAEMOGLOBIN, GROUND, DYE, GLASS = range(len(MATTER))
Planes = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]

_TILE = 384
_TURNS = 8  # directions of streaks


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


@lru_cache(maxsize=64)
def _tile(wavelength: float, stretch: float, turn: int) -> Planes:
    """Noise of unit variance whose waves are about `wavelength` pixels long, without seams, for crops to be taken of.

    White noise filtered to a band of an octave in the frequency domain; below two pixels it stays white. In a
    direction that is `turn` times 180° / `_TURNS` from the rows, waves are `stretch` times as long.
    """
    white = np.random.default_rng([20240607, round(1000 * wavelength), turn]).standard_normal((_TILE, _TILE))
    if wavelength > 2:
        down, right = np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE)[None]
        cos, sin = np.cos(np.pi * turn / _TURNS), np.sin(np.pi * turn / _TURNS)
        frequency = np.hypot(down * cos - right * sin, stretch * (right * cos + down * sin))
        octaves = np.log2(np.maximum(frequency, 1e-9) * wavelength)
        white = np.fft.irfft2(np.fft.rfft2(white) * np.exp(-2 * octaves**2), s=white.shape)
    once = ((white - white.mean()) / white.std()).astype(np.float32)
    return np.tile(once, (2, 2))[: _TILE + SIDE, : _TILE + SIDE]


def noise(seeds: npt.NDArray[np.int64], about: int, wavelength: float, stretch: float = 1.0) -> Planes:
    """Band-limited noise of unit variance, another crop of it for each seed; `wavelength` is in pixels.

    With a `stretch` it runs in streaks, in any direction.
    """
    luck = chances(seeds, about, 3)
    corners = (luck[:, :2] * _TILE).astype(int)
    turns = (luck[:, 2] * (_TURNS if stretch > 1 else 1)).astype(int)
    found = np.empty((len(seeds), SIDE, SIDE), np.float32)
    for crop, (row, left), turn in zip(found, corners, turns, strict=True):
        crop[...] = _tile(round(wavelength, 2), stretch, int(turn))[row : row + SIDE, left : left + SIDE]
    return found


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

    def radius(self, long: npt.ArrayLike, short: npt.ArrayLike, profile: Numbers, power: npt.ArrayLike = 2.0) -> Planes:
        """How far out each pixel lies, as a share of the way to the edge.

        The edge is that of an ellipse of half axes `long` and `short`, moved by `profile`, (n, any) factors for angles
        from -π to π. With a `power` below 2 it is pointed at the ends of its long axis.
        """
        along, across = self.x / column(long), self.y / column(short)
        side = across * across
        power = np.broadcast_to(power, len(along))
        for one in np.flatnonzero(power < 2):
            side[one] = side[one] ** (power[one] / 2)
        turns = np.arctan2(across, along) * np.float32(0.4999 / np.pi) + np.float32(0.5)
        index = (turns * profile.shape[1]).astype(np.int32)
        index += np.arange(len(index), dtype=np.int32)[:, None, None] * profile.shape[1]
        found: Planes = np.sqrt(along * along + side) / profile.astype(np.float32).ravel()[index]
        return found

    def covers(self, distance: Planes, soft: float = 0.0) -> Planes:
        """How much of each pixel lies inside: 1, 0, or between over a pixel and `soft` µm about the edge."""
        found: Planes = np.clip(0.5 - distance * np.float32(1 / (self.um_per_pixel + soft)), 0, 1)
        return found


def plane(um_per_pixel: float) -> View:
    """One picture's pixels, from its middle."""
    line = ((np.arange(SIDE) - (SIDE - 1) / 2) * um_per_pixel).astype(np.float32)
    return View(line[None, None, :], line[None, :, None], um_per_pixel)


def uneven(seeds: npt.NDArray[np.int64], about: int, waves: range) -> Numbers:
    """(n, OUTLINE) smooth random numbers around a circle, of unit variance, made of so many waves to the turn."""
    luck = chances(seeds, about, 2 * len(waves))
    angle = np.linspace(-np.pi, np.pi, OUTLINE, endpoint=False)
    size = np.sqrt(-np.log(1 - luck[:, : len(waves)]))
    phase = 2 * np.pi * luck[:, len(waves) :]
    wave = np.cos(np.array(waves)[:, None] * angle + phase[:, :, None]) * size[:, :, None]
    total = wave.sum(axis=1)
    found: Numbers = total / total.std(axis=1, keepdims=True)
    return found

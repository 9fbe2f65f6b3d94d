"""How a lab makes its slides and takes its pictures: the stain, the section, the lens, the lamp and the camera.

Stain vectors are optical densities in red, green and blue: haematoxylin, eosin and diaminobenzidine (DAB) of Ruifrok
and Johnston (Quantification of histochemical staining by color deconvolution, Anal. Quant. Cytol. Histol. 23, 2001,
291-299), methylene blue and eosin of Giemsa's stain as in Landini's Colour Deconvolution plugin of ImageJ. A lab's own
differ from them by some percent, as between dye lots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from selftrain.errors import OptionError

Vector = tuple[float, float, float]

STAINS: Mapping[str, tuple[Vector, Vector]] = {
    "H&E": ((0.650, 0.704, 0.286), (0.072, 0.990, 0.105)),
    "Giemsa": ((0.834750, 0.513556, 0.196330), (0.092789, 0.954111, 0.283111)),
    "DAB": ((0.650, 0.704, 0.286), (0.268, 0.570, 0.776)),
    "fluorescence": ((0.10, 0.25, 1.0), (0.15, 1.0, 0.25)),
}
"""The two dyes of each stain: optical density, or, of fluorescence, emitted light, in red, green and blue."""


@dataclass(frozen=True)
class Preparation:
    """How slides are made and seen in one lab.

    Attributes:
        stain: one of `STAINS`.
        dyes: each dye's optical density or emitted light in red, green and blue, of length 1.
        amounts: how much of each dye the lab uses; 1 is usual.
        thickness: of the section or the smear; 1 is usual.
        fibres: how streaky the ground between cells is: 0 of a smear, up to 0.5 of a section of connective tissue.
        blur: standard deviation of the spread of a point of light, in µm.
        falloff: share of the light that is lost towards the corners of the field of view.
        lamp: brightness of the light in red, green and blue; of fluorescence, of the camera's channels.
        exposure: brightness of clear glass, 0 to 1, that the camera's automatic exposure arrives at in a usual picture;
            of fluorescence, mean brightness.
        photons: that fill a pixel; the fewer, the more noise.
        quality: of the JPEG compression, 1 to 95.
        um_per_pixel: micrometres that a pixel shows.
    """

    stain: str
    dyes: tuple[Vector, Vector]
    amounts: tuple[float, float] = (1.0, 1.0)
    thickness: float = 1.0
    fibres: float = 0.2
    blur: float = 0.3
    falloff: float = 0.1
    lamp: Vector = (1.0, 1.0, 1.0)
    exposure: float = 0.9
    photons: float = 4000.0
    quality: int = 85
    um_per_pixel: float = 0.45

    def __post_init__(self) -> None:
        if self.stain not in STAINS:
            raise OptionError(f"stain={self.stain!r} must be one of {', '.join(map(repr, STAINS))}")
        if not 1 <= self.quality <= 95:
            raise OptionError(f"quality={self.quality} must be from 1 to 95")
        for name in ("thickness", "exposure", "photons", "um_per_pixel"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name}={getattr(self, name)} must be above 0")


def draw_preparation(rng: np.random.Generator) -> Preparation:
    """A lab's preparation; the same generator gives the same."""
    stain = str(rng.choice(list(STAINS)))
    glows = stain == "fluorescence"
    jitter = rng.uniform(0.88, 1.12, (2, 3))
    dyes = np.array(STAINS[stain]) * jitter
    if glows:  # which dye shows the cell's body is the lab's choice: green, orange-red or far red
        body = ((0.15, 1.0, 0.25), (1.0, 0.35, 0.1), (0.95, 0.15, 0.55))[int(rng.integers(3))]
        dyes[1] = np.array(body) * jitter[1]
    dyes /= np.linalg.norm(dyes, axis=1, keepdims=True)
    lamp = rng.uniform(0.92, 1.0, 3)
    return Preparation(
        stain=stain,
        dyes=(_vector(dyes[0]), _vector(dyes[1])),
        amounts=(float(rng.uniform(0.8, 1.3)), float(rng.uniform(0.8, 1.3))),
        thickness=float(rng.uniform(0.8, 1.25)),
        fibres=float(rng.uniform(0.0, 0.15) if glows or stain == "Giemsa" else rng.uniform(0.1, 0.45)),
        blur=float(rng.uniform(0.2, 0.5)),
        falloff=float(rng.uniform(0.02, 0.2)),
        lamp=_vector(lamp / lamp.max()),
        exposure=float(rng.uniform(0.24, 0.3) if glows else rng.uniform(0.88, 0.96)),
        photons=float(np.exp(rng.uniform(*np.log([300, 2000] if glows else [600, 6000])))),
        quality=int(rng.integers(72, 94)),
        um_per_pixel=float(rng.choice([0.36, 0.40, 0.44])),
    )


def _vector(values: np.ndarray) -> Vector:
    red, green, blue = (float(value) for value in values)
    return red, green, blue

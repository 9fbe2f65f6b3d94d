"""Cells and the senior's remarks as numbers: what a policy without eyes or language sees of a day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from selftrain.envs.lab.cells import CUTS, TRAITS, Cells

Measured = npt.NDArray[np.float32]

# a measure of `Cells`, and the values that become -1 and 1; nothing that is drawn lies outside of them
_SCALES = {
    "diameter": (3.0, 28.0),
    "aspect": (1.0, 4.5),
    "ruffle": (0.0, 0.3),
    "nuclei": (0.0, 3.0),
    "lobes": (0.0, 5.0),
    "nuclear_share": (0.0, 0.85),
    "indentation": (0.0, 0.9),
    "offset": (0.0, 0.95),
    "chromatin": (0.0, 2.3),
    "vacuoles": (0.0, 8.0),
    "inclusions": (0.0, 3.0),
    "granules": (0.0, 0.9),
}
MEASURES = tuple(_SCALES)
"""What is measured of a cell, in the order of the numbers."""
REMARKS = ("label", *TRAITS, "too small", "least")
"""What a remark says, in the order of the numbers: see `remark`."""


def measure(cells: Cells) -> Measured:
    """(n, len(MEASURES)) each measure of each cell, from -1 to 1; they decide what the cell is and all its traits.

    Neither kind nor traits are among them, nor what is left to chance in a drawing.
    """
    low, high = np.array(list(_SCALES.values())).T
    values = np.stack([getattr(cells, name) for name in MEASURES], axis=1)
    scaled: Measured = (2 * (values - low) / (high - low) - 1).clip(-1, 1).astype(np.float32)
    return scaled


def remark(codes: str) -> Measured:
    """(len(REMARKS),) what the senior said, from -1 to 1, 0 where nothing was said.

    "label": 1 for a macrophage, -1 for none. Each trait: 1 when cells with it are counted, -1 when they are not. "too
    small": 1 when that decided. "least": the least diameter as a share of the largest that there is, -1 for no limit.

    Args:
        codes: of the atoms, as `info["feedback"]` has them, such as "r:no hn:giant fn:least:14.0".
    """
    found = np.zeros(len(REMARKS), np.float32)
    for code in codes.split():
        kind, about, *least = code.split(":")
        if kind == "r":
            found[0] = 1 if about == "yes" else -1
        elif about in TRAITS:
            found[REMARKS.index(about)] = 1 if kind[1] == "p" else -1
        elif about == "least" and kind == "hn":
            found[REMARKS.index("too small")] = 1
        elif about == "least":
            found[REMARKS.index("least")] = float(least[0]) / CUTS[-1] if least else -1
    return found


def recognise(measured: Measured) -> Cells:
    """What an expert reads from the measures of n cells: `Cells` whose traits, diameter and kind hold.

    The kind is 0 for a macrophage, told by its uneven outline and a nucleus, and 1 for all else. Angle and texture,
    which are not measured, are 0.
    """
    low, high = np.array(list(_SCALES.values())).T
    values = dict(zip(MEASURES, ((measured.astype(np.float64) + 1) / 2 * (high - low) + low).T, strict=True))
    macrophage = (values["ruffle"] > 0.065) & (values["nuclei"] > 0.5)
    traits = {
        "laden": values["inclusions"] > 0.5,
        "giant": values["nuclei"] > 1.5,
        "spindle": values["aspect"] > 1.5,
        "bare": values["vacuoles"] < 0.5,
        "kidney": values["indentation"] > 0.4,
        "dying": values["chromatin"] > 1.5,
    }
    count = len(measured)
    whole = {name: np.rint(values[name]).astype(np.int64) for name in ("nuclei", "lobes", "vacuoles", "inclusions")}
    return Cells(
        kind=(~macrophage).astype(np.int64),
        traits=np.stack([traits[name] & macrophage for name in TRAITS], axis=1),
        angle=np.zeros(count),
        texture=np.zeros(count, np.int64),
        **{**values, **whole},
    )

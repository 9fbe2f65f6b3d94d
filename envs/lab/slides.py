"""Pictures of cells, as a lab's microscope shows them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import fields
from threading import Lock

import numpy as np

from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.drawing import draw
from selftrain.envs.lab.drawing_field import surround
from selftrain.envs.lab.drawing_parts import SIDE
from selftrain.envs.lab.labs import Lab
from selftrain.envs.lab.optics import Pictures, photograph
from selftrain.envs.lab.preparation import Preparation

CACHE_BYTES = 256 << 20
"""How much a process keeps of pictures that it has drawn; a picture takes 27 kB."""
_AT_ONCE = 16  # pictures, so that what is worked on fits a processor's cache


def render(cells: Cells, preparation: Preparation) -> Pictures:
    """Pictures of cells under a preparation.

    A pure function: a cell looks the same in any batch, at any time, in any process with the same numpy and Pillow.

    Returns:
        (n, 96, 96, 3) uint8, with the cell in view within 1.5 µm of the middle.
    """
    parts = [_render(cells[start : start + _AT_ONCE], preparation) for start in range(0, len(cells), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros((0, SIDE, SIDE, 3), np.uint8)


def images(lab: Lab, cells: Cells) -> Pictures:
    """Pictures of cells as a lab sees them, (n, 96, 96, 3) uint8, drawn once in a process.

    Each picture is kept until `CACHE_BYTES` of later ones have been asked for. What is returned is the caller's own.
    """
    return _kept.images(cells, lab.preparation)


def _render(cells: Cells, preparation: Preparation) -> Pictures:
    matter, covered = draw(cells, preparation.um_per_pixel)
    surround(cells, matter, covered, preparation.um_per_pixel, preparation.fibres)
    return photograph(matter, cells, preparation)


class PictureCache:
    """Pictures that were drawn; when there are too many, those go that were not asked for the longest.

    Args:
        limit: in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._pictures: OrderedDict[bytes, Pictures] = OrderedDict()
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """How much it holds."""
        return len(self._pictures) * SIDE * SIDE * 3

    def images(self, cells: Cells, preparation: Preparation) -> Pictures:
        """As `render`."""
        keys = _keys(preparation, cells)
        with self._lock:
            missing = [number for number, key in enumerate(keys) if key not in self._pictures]
            drawn = dict(zip(missing, render(cells[missing], preparation), strict=True)) if missing else {}
            found = np.empty((len(cells), SIDE, SIDE, 3), np.uint8)
            for number, key in enumerate(keys):
                found[number] = drawn[number] if number in drawn else self._pictures[key]
            for number, key in enumerate(keys):
                if number in drawn:
                    self._pictures[key] = drawn[number].copy()
                self._pictures.move_to_end(key)
            while self.bytes > self.limit:
                self._pictures.popitem(last=False)
        return found


def _keys(preparation: Preparation, cells: Cells) -> list[bytes]:
    """What tells pictures apart: the preparation and all of a cell's numbers."""
    about = hashlib.sha256(repr(preparation).encode()).digest()[:16]
    columns = [np.asarray(getattr(cells, field.name)).reshape(len(cells), -1) for field in fields(cells)]
    numbers = np.concatenate([np.asarray(column, np.float64) for column in columns], axis=1)
    return [about + hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in numbers]


_kept = PictureCache(CACHE_BYTES)

"""Pictures of cells, as a lab's microscope shows them."""

from __future__ import annotations

import numpy as np

from selftrain.envs.lab.cells import Cells
from selftrain.envs.lab.drawing import draw
from selftrain.envs.lab.drawing_field import surround
from selftrain.envs.lab.drawing_parts import SIDE
from selftrain.envs.lab.labs import Lab
from selftrain.envs.lab.optics import Pictures, photograph
from selftrain.envs.lab.preparation import Preparation

_AT_ONCE = 16


def render(cells: Cells, preparation: Preparation) -> Pictures:
    """Pictures (n, 96, 96, 3) of cells under a preparation; the same cells give the same pictures in any batch."""
    parts = [_render(cells[start : start + _AT_ONCE], preparation) for start in range(0, len(cells), _AT_ONCE)]
    return np.concatenate(parts) if parts else np.zeros((0, SIDE, SIDE, 3), np.uint8)


def images(lab: Lab, cells: Cells) -> Pictures:
    """Pictures of cells as a lab sees them."""
    return render(cells, lab.preparation)


def _render(cells: Cells, preparation: Preparation) -> Pictures:
    matter, covered = draw(cells, preparation.um_per_pixel)
    surround(cells, matter, covered, preparation.um_per_pixel, preparation.fibres)
    return photograph(matter, cells, preparation)

"""Pictures in texts: a data URL is what a record keeps of a picture, and what a page or a model is shown."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_CHANNELS = 3


def is_picture(value: Any) -> bool:
    """Whether this is a picture as environments give it: `uint8[height, width, 3]`."""
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.shape[2:] == (_CHANNELS,)


def data_url(pixels: npt.NDArray[np.uint8]) -> str:
    """`data:image/png;base64,...` of a picture, without loss."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"

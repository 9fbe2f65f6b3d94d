"""Images in another size."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from PIL import Image

from selftrain.errors import OptionError

_MOST = 4096


def is_image(space: gym.Space[Any]) -> bool:
    """Whether its members are images: (height, width, 3) of uint8."""
    return (
        isinstance(space, gym.spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3 and space.shape[2] == 3
    )


def image_size(size: Any) -> tuple[int, int]:
    """Height and width as two whole numbers.

    Raises:
        OptionError: they are something else, or more than any picture of ours needs.
    """
    try:
        height, width = (int(number) for number in size if 0 < number <= _MOST and int(number) == number)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"image={size!r} must be height and width, from 1 to {_MOST} each, for example (48, 48)"
        ) from error
    return height, width


def resized(images: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Images (..., height, width, 3) of uint8 in another size (..., *size, 3).

    Each new pixel is the mean of the area that it stands for, so that shrinking makes no patterns.

    Raises:
        OptionError: the images have another shape or type.
    """
    if images.dtype != np.uint8 or images.ndim < 3 or images.shape[-1] != 3:
        raise OptionError(
            f"images of shape {images.shape} and type {images.dtype} must be (..., height, width, 3) uint8"
        )
    height, width = size
    flat = images.reshape(-1, *images.shape[-3:])
    small = np.empty((len(flat), height, width, 3), np.uint8)
    for number, image in enumerate(flat):
        small[number] = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))
    return small.reshape(*images.shape[:-3], height, width, 3)

"""Pictures: reading and judging them."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.training import check_range

__all__ = ["psnr_db", "read_image"]

_MAX_SIDE = 4096


def read_image(path: Path, *, size: int | None = None) -> NDArray[np.uint8]:
    """Read a picture.

    Parameters
    ----------
    path : Path
        Any 8-bit format that Pillow reads. What isn't grey becomes RGB.
    size : int, optional
        Shrink, with antialiasing, until the longest side has at most so many pixels: 8 to 4096.

    Returns
    -------
    ndarray
        uint8, height x width x channels, 1 or 3 channels.

    Raises
    ------
    IllegalSetting
        If the file isn't a picture that can be read, or `size` is out of range.
    """
    check_range(size=size)
    legal = f"a readable 8-bit grey or colour picture of at most {_MAX_SIDE} x {_MAX_SIDE} pixels"
    try:
        with Image.open(path) as file:
            if file.mode[0] in "IF" or max(file.size) > _MAX_SIDE:  # modes I and F: more than 8 bits a channel
                raise IllegalSetting("image", legal, str(path))
            picture = ImageOps.exif_transpose(file).convert("L" if file.mode in ("1", "L", "LA") else "RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise IllegalSetting("image", legal, str(path)) from error
    if size is not None:
        picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    return np.atleast_3d(np.asarray(picture))


def psnr_db(picture: NDArray[np.uint8], original: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio ``10 log10(255^2 / mean squared error)`` in dB; infinite if the pictures are equal."""
    error = np.mean((picture.astype(np.float64) - original) ** 2)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)

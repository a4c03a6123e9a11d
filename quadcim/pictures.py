"""Pictures: reading and judging them."""

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import check_range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MAX_SIDE", "psnr_db", "read_image"]

MAX_SIDE = 4096
# No format whose reader runs another program, as that of PostScript does.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")


def read_image(path: Path, *, size: int | None = None) -> "NDArray[np.uint8]":
    """Read a picture.

    Parameters
    ----------
    path : Path
        PNG, JPEG, GIF, BMP, TIFF, WebP or PPM with 8 bits a channel. What isn't grey becomes RGB.
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
    legal = f"a readable 8-bit grey or colour picture of at most {MAX_SIDE} x {MAX_SIDE} pixels"
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=_FORMATS) as file:
            fits = file.mode[0] not in "IF" and max(file.size) <= MAX_SIDE  # I and F: more than 8 bits a channel
            grey = file.mode in ("1", "L", "LA")
            picture = ImageOps.exif_transpose(file).convert("L" if grey else "RGB") if fits else None
    except Exception as error:  # its readers raise many kinds
        raise IllegalSetting("image", legal, str(path)) from error
    if picture is None:
        raise IllegalSetting("image", legal, str(path))
    if size is not None:
        picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    import numpy as np  # behind all errors, so that they come without its start

    return np.atleast_3d(np.asarray(picture))


def psnr_db(signal: "NDArray[np.integer]", original: "NDArray[np.integer]") -> float:
    """Peak signal-to-noise ratio ``10 log10(peak^2 / mean squared error)`` in dB; infinite if the signals are equal.

    The peak is what the type of the original spans: 255 for pixels of 8 bits, 65535 for sounds of 16.
    """
    import numpy as np

    error = np.mean((signal.astype(np.float64) - original) ** 2)
    span = np.iinfo(original.dtype)
    return math.inf if error == 0 else 10 * math.log10((int(span.max) - int(span.min)) ** 2 / error)

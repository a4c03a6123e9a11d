"""What a case shows as a whole, as its RTL computes it, and the files that it is written to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Rendered", "Shown", "check_picture", "write_samples"]

_PICTURE, _ARRAY = (".png", ".bmp", ".tif", ".tiff", ".webp"), ".npy"


@dataclass(frozen=True)
class Rendered:
    """What the RTL of a case shows.

    Parameters
    ----------
    samples : ndarray
        Of the signal's shape, and the channels; raw integers.
    golden : ndarray
        The same by the golden model.
    cycles, seconds : float
        Clock cycles a sample, in a run without stalls, or None for a single one; the time that the simulation took.
    about : tuple of (str, str)
        What else is to be said of it.
    """

    samples: "NDArray[np.int64]"
    golden: "NDArray[np.int64]"
    cycles: float | None
    seconds: float
    about: tuple[tuple[str, str], ...] = ()

    @property
    def differences(self) -> int:
        """How many samples differ from the golden model's in any channel."""
        return int((self.samples != self.golden).any(axis=-1).sum())


@dataclass(frozen=True)
class Shown:
    """What a case shows as a whole.

    Parameters
    ----------
    shape : tuple of int
        Of its samples, channels last.
    format : Format
        Of a channel.
    render : callable
        Computes it through the RTL of the case; it is given what is told what is being done.
    """

    shape: tuple[int, ...]
    format: Format
    render: Callable[[Callable[[str], None]], Rendered]

    @property
    def is_picture(self) -> bool:
        """Whether samples are the pixels of a picture."""
        return len(self.shape) == 3 and self.shape[-1] in (1, 3) and self.format == Format(False, 8, 0)


def check_picture(path: Path, shown: Shown) -> None:
    """Refuse a file that samples cannot be written to, before any work is done for it.

    Raises
    ------
    IllegalSetting
        If its name tells no format, or that of a picture and the samples are none.
    """
    if path.suffix.lower() not in (*_PICTURE, _ARRAY):
        raise IllegalSetting("render", f"a file of a picture, {', '.join(_PICTURE)}, or {_ARRAY} for raw integers",
                             str(path))
    if path.suffix.lower() != _ARRAY and not shown.is_picture:
        raise IllegalSetting("render", f"a file {_ARRAY}: what this case shows is no picture of 1 or 3 channels of 8 "
                             "bits", str(path))


def write_samples(samples: "NDArray[np.int64]", path: Path) -> None:
    """Write a picture of 8 bits, or raw integers of any shape."""
    import numpy as np
    from PIL import Image

    if path.suffix.lower() == _ARRAY:
        np.save(path, samples)
    else:
        pixels = samples.astype(np.uint8)
        Image.fromarray(pixels[:, :, 0] if pixels.shape[-1] == 1 else pixels).save(path)

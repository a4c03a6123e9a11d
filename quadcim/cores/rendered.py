"""What a case shows as a whole, as its RTL computes it, and the files that it is written to."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.spec.errors import IllegalSetting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Rendered", "check_picture", "write_samples"]

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
        Clock cycles a sample, in a run without stalls, and the time that the simulation took.
    about : tuple of (str, str)
        What else is to be said of it.
    """

    samples: "NDArray[np.int64]"
    golden: "NDArray[np.int64]"
    cycles: float
    seconds: float
    about: tuple[tuple[str, str], ...] = ()

    @property
    def differences(self) -> int:
        """How many samples differ from the golden model's in any channel."""
        return int((self.samples != self.golden).any(axis=-1).sum())


def check_picture(path: Path) -> None:
    """Refuse a file that nothing can be written to, before any work is done for it.

    Raises
    ------
    IllegalSetting
        If its name tells no format.
    """
    if path.suffix.lower() not in (*_PICTURE, _ARRAY):
        raise IllegalSetting("render", f"a file of a picture, {', '.join(_PICTURE)}, or {_ARRAY} for raw integers",
                             str(path))


def write_samples(samples: "NDArray[np.int64]", path: Path) -> None:
    """Write a picture of 8 bits, or raw integers of any shape.

    Raises
    ------
    IllegalSetting
        If they are no picture, and the file is to be one.
    """
    import numpy as np
    from PIL import Image

    if path.suffix.lower() == _ARRAY:
        np.save(path, samples)
        return
    if samples.ndim != 3 or samples.shape[-1] not in (1, 3) or samples.min() < 0 or samples.max() > 255:
        raise IllegalSetting("render", f"a file {_ARRAY}: what this case shows is no picture of 1 or 3 channels",
                             str(path))
    Image.fromarray(samples.astype(np.uint8).squeeze(-1) if samples.shape[-1] == 1 else samples.astype(np.uint8)).save(
        path)

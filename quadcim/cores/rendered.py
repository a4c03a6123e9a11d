"""What a case shows as a whole, as its RTL computes it, and the files that it is written to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.signals import FILMS, SignalKind, find_av, sound_rate, write_frames, write_image, write_sound
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, SOUND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Rendered", "Shown", "check_file", "write_samples"]

_FILES: dict[SignalKind | None, tuple[str, ...]] = {
    "image": (".png", ".bmp", ".tif", ".tiff", ".webp"), "video": (".npz", ".gif", *FILMS), "audio": (".wav",),
    None: ()}
"""By kind of signal, besides .npy, which takes any."""
_ARRAY = ".npy"
_COLOURS = (1, 3)
_MOST_CHANNELS = 3


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
    def kind(self) -> SignalKind | None:
        """What samples are: pixels of a picture or of a video, a sound; or nothing that has files of its own."""
        channels = self.shape[-1]
        if self.format == PIXEL and channels in _COLOURS:
            return {3: "image", 4: "video"}.get(len(self.shape))  # pyright: ignore[reportReturnType] - those kinds
        return "audio" if self.format == SOUND and len(self.shape) == 2 and channels <= _MOST_CHANNELS else None


def check_file(path: Path, shown: Shown) -> None:
    """Refuse a file that samples cannot be written to, before any work is done for it.

    Raises
    ------
    IllegalSetting
        If its name tells no format, or that of another signal.
    """
    legal = (*_FILES[shown.kind], _ARRAY)
    if path.suffix.lower() not in legal:
        what = "of raw integers" if shown.kind is None else f"for what this case shows, {shown.kind}"
        raise IllegalSetting("render", f"a file {what}: {', '.join(legal)}", str(path))
    if path.suffix.lower() in FILMS:
        find_av("render", path)


def write_samples(samples: "NDArray[np.int64]", path: Path, shown: Shown, *, like: Path | None = None) -> None:
    """Write a picture, a video, a sound with the pace of another one, or raw integers of any shape."""
    import numpy as np

    if path.suffix.lower() == _ARRAY:
        np.save(path, samples)
    elif shown.kind == "image":
        write_image(samples, path)
    elif shown.kind == "video":
        write_frames(samples, path)
    else:
        write_sound(samples, path, rate=sound_rate(like))

"""Signals that networks represent: pictures, videos and sounds, read from files and written to them."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from quadcim.pictures import MAX_SIDE, read_image
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import check_range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PillowImage

__all__ = ["FILMS", "SignalKind", "find_av", "read_signal", "sound_rate", "write_frames", "write_image",
           "write_sound"]

SignalKind = Literal["image", "video", "audio"]
FILMS = (".mp4", ".mkv")
"""What av writes."""
_ARRAYS, _PICTURES = (".npz", ".npy"), (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm")
_MOST_BYTES = 1 << 32
_FRAMES_SHAPE = 3, 4
_FRAME_RATE, _SOUND_RATE = 25, 44_100
"""Of a video, and of a sound, that says none."""
_MOST_CHANNELS = 3


def read_signal(kind: SignalKind, path: Path, *, size: int | None = None, frames: int | None = None,
                seconds: float | None = None) -> "NDArray[np.integer]":
    """Read a signal.

    Parameters
    ----------
    kind : {"image", "video", "audio"}
        What it is.
    path : Path
        Of a picture, what `quadcim.pictures.read_image` reads. Of a video: an array of uint8, frames x height x width
        (x 3), as .npy, or in an .npz alone or by the name "frames"; a folder of pictures, which come in the order of
        their names; or, where the package av is installed, what it reads. Of a sound: WAV.
    size : int, optional
        Shrink pictures until the longest side has at most so many pixels: 8 to 4096.
    frames : int, optional
        The first so many frames, 1 to 4096.
    seconds : float, optional
        The first so many seconds, 0.001 to 3600.

    Returns
    -------
    ndarray
        Axes of the signal, the slowest first, and channels; uint8 of pictures and videos, int16 of sounds.

    Raises
    ------
    IllegalSetting
        If the file cannot be read, or a setting is out of range or of another kind.
    """
    given = (("size", size, "image or video"), ("frames", frames, "video"), ("seconds", seconds, "audio"))
    for name, value, of in given:
        if value is not None and kind not in of:
            raise IllegalSetting(name, f"left out but for {of}", value)
    check_range(size=size, frames=frames, seconds=seconds)
    if kind == "image":
        return read_image(path, size=size)
    return _read_sound(path, seconds) if kind == "audio" else _read_video(path, size, frames or MAX_SIDE)


def _read_video(path: Path, size: int | None, most: int) -> "NDArray[np.uint8]":
    import numpy as np

    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in _PICTURES)
        if not files:
            raise IllegalSetting("video", "a folder with pictures in it", str(path))
        frames = [read_image(file, size=size) for file in files[:most]]
    elif path.suffix.lower() in _ARRAYS:
        frames = [_shrunk(frame, size) for frame in _read_array(path)[:most]]
    else:
        frames = [_shrunk(frame, size) for frame in _decoded(path, most)]
    if len({frame.shape for frame in frames}) != 1:
        raise IllegalSetting("video", "frames of one size and kind, at least one", str(path))
    return np.stack(frames)


def _read_array(path: Path) -> "NDArray[np.uint8]":
    import numpy as np

    legal = "uint8, frames x height x width (x 3), of at most 4 GiB; in an .npz alone or by the name frames"
    try:
        with path.open("rb") as file:
            loaded: Any = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                array = loaded
            else:
                (name,) = [name for name in loaded.files if len(loaded.files) == 1 or name == "frames"]
                if loaded.zip.getinfo(f"{name}.npy").file_size > _MOST_BYTES:
                    raise ValueError("too large")
                array = loaded[name]
    except Exception as error:  # its readers raise many kinds
        raise IllegalSetting("video", legal, str(path)) from error
    shape = array.shape
    if array.dtype != np.uint8 or len(shape) not in _FRAMES_SHAPE or shape[3:] not in ((), (1,), (3,)) or not all(
            0 < side <= MAX_SIDE for side in shape):
        raise IllegalSetting("video", legal, f"{path} of {array.dtype}, {' x '.join(map(str, shape))}")
    return array.reshape(*shape[:3], -1)


def _shrunk(frame: "NDArray[np.uint8]", size: int | None) -> "NDArray[np.uint8]":
    if size is None:
        return frame
    import numpy as np
    from PIL import Image

    picture = _as_image(frame)
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(picture.height, picture.width, -1)


def find_av(option: str, path: Path) -> Any:
    """The package av, which reads and writes films.

    Raises
    ------
    IllegalSetting
        If it is not installed.
    """
    try:
        return importlib.import_module("av")
    except ImportError:
        legal = ".npz, .npy, or a folder of pictures" if option == "video" else ".npz, .npy or .gif"
        raise IllegalSetting(option, f"{legal}; or others, with the package av (pip install av)", str(path)) from None


def _decoded(path: Path, most: int) -> "Iterable[NDArray[np.uint8]]":
    av = find_av("video", path)
    try:
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24")
                    for frame, _number in zip(container.decode(video=0), range(most), strict=False)]
    except (OSError, LookupError, ValueError) as error:  # those of av are OSErrors or ValueErrors too
        raise IllegalSetting("video", "a film that av reads", str(path)) from error


def _open_sound(path: Path) -> "tuple[int, NDArray[Any]]":
    import warnings

    from scipy.io import wavfile

    try:
        with warnings.catch_warnings(action="ignore"):  # of chunks that say more than the sound
            return wavfile.read(path)
    except Exception as error:  # its reader raises many kinds
        raise IllegalSetting("audio", "a readable WAV file", str(path)) from error


def sound_rate(path: Path | None) -> int:
    """Samples a second of a sound; a usual number if there is none."""
    return _SOUND_RATE if path is None else _open_sound(path)[0]


def _read_sound(path: Path, seconds: float | None) -> "NDArray[np.int16]":
    import numpy as np

    rate, samples = _open_sound(path)
    samples = np.atleast_2d(samples.T).T[:None if seconds is None else max(1, round(seconds * rate))]
    if not samples.size or samples.shape[1] > _MOST_CHANNELS or not np.isfinite(samples).all():
        raise IllegalSetting("audio", f"a sound of finite numbers in 1 to {_MOST_CHANNELS} channels",
                             f"{path} of {' x '.join(map(str, samples.shape))}")
    if samples.dtype == np.int16:
        return samples
    if samples.dtype == np.uint8:
        samples = samples.astype(np.float64) / 128 - 1
    elif samples.dtype.kind == "i":
        samples = samples / -float(np.iinfo(samples.dtype).min)
    return np.clip(np.floor(samples * 32768 + 0.5), -32768, 32767).astype(np.int16)


def write_sound(samples: "NDArray[np.integer]", path: Path, *, rate: int) -> None:
    """Write a sound of 16 bits, samples x channels, as WAV."""
    from scipy.io import wavfile

    wavfile.write(path, rate, samples.astype("int16"))


def _as_image(picture: "NDArray[np.uint8]") -> "PillowImage":
    from PIL import Image

    return Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture)


def write_image(picture: "NDArray[np.integer]", path: Path) -> None:
    """Write a picture of 8 bits, height x width x 1 or 3 channels."""
    _as_image(picture.astype("uint8")).save(path)


def write_frames(frames: "NDArray[np.integer]", path: Path) -> None:
    """Write a video of 8 bits, frames x height x width x channels: .npz, .gif, or what av writes."""
    import numpy as np

    frames = frames.astype(np.uint8)
    if path.suffix.lower() == ".npz":
        np.savez_compressed(path, frames=frames)
    elif path.suffix.lower() == ".gif":
        first, *rest = map(_as_image, frames)
        first.save(path, save_all=True, append_images=rest, duration=round(1000 / _FRAME_RATE), loop=0)
    else:
        _encode(frames, path)


def _encode(frames: "NDArray[np.uint8]", path: Path) -> None:
    """Lossless where the format can be."""
    av = find_av("render", path)
    import numpy as np

    height, width = frames.shape[1:3]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264rgb", rate=_FRAME_RATE, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
        for frame in np.broadcast_to(frames, (*frames.shape[:3], 3)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())

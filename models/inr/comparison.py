"""Signals side by side, with where they differ."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from quadcim.pictures import psnr_db

__all__ = ["write_comparison"]

_SOUND, _VIDEO = 2, 4
"""Axes of signals, with their channels."""


def write_comparison(path: Path, *, original: NDArray[np.integer],
                     renderings: Mapping[str, NDArray[np.integer]]) -> None:
    """Draw the original, each rendering with its PSNR, and below each rendering where it errs, as one PNG.

    Parameters
    ----------
    path : Path
        The PNG to write.
    original : ndarray
        A picture (uint8, height x width x channels), a video (frames x height x width x channels), of which the first,
        the middle and the last frame are drawn, or a sound (int16, samples x channels).
    renderings : mapping of str to ndarray
        Signals of the same shape by title.
    """
    titles = {f"{name}, {psnr_db(rendering, original):.2f} dB": rendering for name, rendering in renderings.items()}
    if original.ndim == _SOUND:
        figure = _sounds(original, titles)
    else:
        title = f"Original, {original.shape[-2]} x {original.shape[-3]}"
        if original.ndim == _VIDEO:
            title += f", {len(original)} frames"
        figure = _pictures(title, _picture(original), {name: _picture(shown) for name, shown in titles.items()})
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


def _picture(signal: NDArray[np.integer]) -> NDArray[np.integer]:
    """A picture as it is; of a video three frames, one below the other."""
    if signal.ndim != _VIDEO:
        return signal
    return np.concatenate(signal[sorted({0, len(signal) // 2, len(signal) - 1})])


def _sounds(original: NDArray[np.integer], renderings: Mapping[str, NDArray[np.integer]]) -> Figure:
    """Waves above, and below them the original's spectrum over time, and the errors of the others."""
    figure = Figure(figsize=(4.2 * (1 + len(renderings)), 5), dpi=150, layout="constrained")
    axes = figure.subplots(2, 1 + len(renderings), squeeze=False)
    full = 1 << 15
    errors = [np.abs(sound.astype(np.int64) - original).max() / full for sound in renderings.values()]
    largest = max(*errors, 1 / full)
    for column, (title, sound) in enumerate({"Original": original, **renderings}.items()):
        wave, below = axes[:, column]
        wave.plot(sound[:, 0] / full, linewidth=0.3)
        wave.set(title=title, xlabel="Sample", ylim=(-1, 1))
        if column:
            below.plot((sound[:, 0].astype(np.int64) - original[:, 0]) / full, linewidth=0.3, color="tab:red")
            below.set(title="Error", xlabel="Sample", ylim=(-largest, largest))
        else:
            window = min(512, 1 << max(len(sound).bit_length() - 3, 1))
            # A silence has no logarithm; what is below the last bit is not heard.
            below.specgram(sound[:, 0] / full, Fs=1, NFFT=window, noverlap=window // 2, scale="linear", cmap="inferno",
                           norm=LogNorm(1e-12, 1e-3, clip=True))
            below.set(title="Spectrum", xlabel="Sample", ylabel="Frequency, of the sample rate")
    return figure


def _pictures(title: str, original: NDArray[np.integer], renderings: Mapping[str, NDArray[np.integer]]) -> Figure:
    height, width, _ = original.shape
    figure, place = _layout(height, width, 1 + len(renderings))
    _show(place(0, 0), original, title)
    errors = {name: np.abs(picture.astype(np.int16) - original).mean(axis=2) for name, picture in renderings.items()}
    # One scale for all maps; a percentile, so that a few pixels on edges don't make everything else black.
    top = max(4.0, *(float(np.percentile(error, 99.5)) for error in errors.values()))
    norm = Normalize(0, top)
    for column, (name, picture) in enumerate(renderings.items(), start=1):
        _show(place(0, column), picture, name)
        axis = place(1, column)
        axis.imshow(errors[name], norm=norm, cmap="inferno", interpolation="nearest")
        axis.set_axis_off()
    legend = place(1, 0)
    legend.set_axis_off()
    figure.colorbar(ScalarMappable(norm, "inferno"), cax=legend.inset_axes((0.1, 0.5, 0.8, 0.08)),
                    orientation="horizontal", extend="max", ticks=MaxNLocator(integer=True),
                    label="Absolute error, of 255")
    return figure


def _layout(height: int, width: int, columns: int) -> tuple[Figure, Callable[[int, int], Axes]]:
    """Make a figure of two rows, and what makes the axes at a row and a column."""
    gap, title, side, title_width = 0.15, 0.35, 4.0, 2.6  # inches
    across, down = (side * extent / max(height, width) for extent in (width, height))
    across = max(across, title_width)
    figure = Figure(figsize=(gap + columns * (across + gap), title + 2 * (down + gap)), dpi=150)

    def place(row: int, column: int) -> Axes:
        left, bottom = gap + column * (across + gap), gap + (1 - row) * (down + gap)
        total = figure.get_size_inches()
        return figure.add_axes((left / total[0], bottom / total[1], across / total[0], down / total[1]))

    return figure, place


def _show(axis: Axes, picture: NDArray[np.integer], title: str) -> None:
    axis.imshow(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture, cmap="gray", vmin=0, vmax=255,
                interpolation="nearest")
    axis.set_title(title)
    axis.set_axis_off()

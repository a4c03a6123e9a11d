"""Pictures side by side, with where they differ."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from quadcim.pictures import psnr_db

__all__ = ["write_comparison"]


def write_comparison(path: Path, *, original: NDArray[np.uint8], renderings: Mapping[str, NDArray[np.uint8]]) -> None:
    """Draw the original, each rendering with its PSNR, and below each rendering where it errs, as one PNG.

    Parameters
    ----------
    path : Path
        The PNG to write.
    original : ndarray
        uint8, height x width x channels.
    renderings : mapping of str to ndarray
        Pictures of the same shape by title.
    """
    height, width, _ = original.shape
    figure, place = _layout(height, width, 1 + len(renderings))
    _show(place(0, 0), original, f"Original, {width} x {height}")
    errors = {name: np.abs(picture.astype(np.int16) - original).mean(axis=2) for name, picture in renderings.items()}
    # One scale for all maps; a percentile, so that a few pixels on edges don't make everything else black.
    top = max(4.0, *(float(np.percentile(error, 99.5)) for error in errors.values()))
    norm = Normalize(0, top)
    for column, (name, picture) in enumerate(renderings.items(), start=1):
        _show(place(0, column), picture, f"{name}, {psnr_db(picture, original):.2f} dB")
        axis = place(1, column)
        axis.imshow(errors[name], norm=norm, cmap="inferno", interpolation="nearest")
        axis.set_axis_off()
    legend = place(1, 0)
    legend.set_axis_off()
    figure.colorbar(ScalarMappable(norm, "inferno"), cax=legend.inset_axes((0.1, 0.5, 0.8, 0.08)),
                    orientation="horizontal", extend="max", ticks=MaxNLocator(integer=True),
                    label="Absolute error, of 255")
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})


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


def _show(axis: Axes, picture: NDArray[np.uint8], title: str) -> None:
    axis.imshow(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture, cmap="gray", vmin=0, vmax=255,
                interpolation="nearest")
    axis.set_title(title)
    axis.set_axis_off()

"""A picture of a unit: its output beside the function, and how far it errs."""

import io
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quadcim.fit.reference import real_values
from quadcim.spec.activation import Activation
from quadcim.spec.integers import Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.unit import ActivationUnit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["STYLE", "function_plot"]

# Neighbouring inputs are drawn together where there are more: about one group a point of the picture.
_GROUPS = 500
_MOST_LINES = 64
# Wider, not every value fits into memory; only functions with a period are.
_WIDEST_LISTED = 20
_INK, _PALE, _BAND, _FUNCTION, _UNIT, _MARK = "#333333", "#c4c4c4", "#f1f1f1", "#f0a860", "#1f4f8f", "#b3261e"
STYLE: dict[Any, Any] = {  # the stubs want literal keys
    "svg.fonttype": "none",  # text stays text: no glyphs inside
    "svg.hashsalt": "quadcim",  # names of elements are random otherwise
    "text.parse_math": False,  # a dollar in a name is a dollar
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": _INK,
    "axes.linewidth": 0.8, "legend.frameon": False, "path.simplify": False,
}
"""How pictures look."""


def function_plot(unit: ActivationUnit, integers: Integers, inputs: NDArray[np.int64],
                  outputs: NDArray[np.int64]) -> str:
    """Draw a unit's output beside the function, and below it the error over the inputs.

    Parameters
    ----------
    unit : ActivationUnit
        The specification.
    integers : Integers
        Its frozen integers.
    inputs : ndarray
        Raw inputs, in rising order.
    outputs : ndarray
        The golden model's raw output at each.

    Returns
    -------
    str
        SVG; the same text for the same unit.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    activation = unit.activation
    x, values = inputs / 2.0**activation.input.fraction_bits, _values(activation, inputs)
    text = io.StringIO()
    with mpl.rc_context():
        mpl.rcdefaults()  # the user's own settings would change the bytes
        mpl.rcParams.update(STYLE)
        figure = Figure(figsize=(8, 5.4))
        upper, lower = figure.subplots(2, sharex=True, gridspec_kw={
            "height_ratios": (3, 2), "left": 0.1, "right": 0.98, "bottom": 0.1, "top": 0.88, "hspace": 0.16})
        _draw_function(upper, x, values, outputs, activation)
        _draw_error(lower, x, outputs - np.clip(values, activation.output.minimum, activation.output.maximum))
        for place in _segment_starts(activation, integers):
            for axis in (upper, lower):
                axis.axvline(place, color=_PALE, linewidth=0.5, zorder=1)
        lower.set_xlim(x[0], x[-1])
        lower.set_xlabel(f"x, {activation.input}")
        figure.align_ylabels()
        figure.suptitle(_title(activation, integers), x=0.1, ha="left", fontsize=11, color=_INK)
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _values(activation: Activation, inputs: NDArray[np.int64]) -> NDArray[np.float64]:
    """The function at raw inputs, in ulp of the output."""
    bits = activation.input_bits
    if bits <= _WIDEST_LISTED:
        return real_values(activation)[inputs & (1 << bits) - 1]
    import torch

    from quadcim.models.functions import activation_function

    x = torch.from_numpy(inputs / 2.0**activation.input.fraction_bits)
    return activation_function(activation.function)(x).numpy() * 2.0**activation.output.fraction_bits


def _title(activation: Activation, integers: Integers) -> str:
    form = integers.to_json()["method"]
    if isinstance(integers, PiecewiseIntegers) and integers.offset_bits:
        segments = integers.segments
        form += f" in {segments} segment{'s' if segments > 1 else ''}"
        form += ", folded" if integers.fold.reflect >= 0 else ""
    return (f"{activation.function}, {activation.input} to {activation.output}, {activation.rounding}\n"
            f"{form}; error at most {integers.max_error_ulp:.6f} ulp")


def _segment_starts(activation: Activation, integers: Integers) -> NDArray[np.float64]:
    """Where segments begin within the input's range; nothing where there are too many to be told apart.

    A fold complements bits and leaves others out, so that mirrored and repeated segments too begin at multiples of
    their length.
    """
    if not isinstance(integers, PiecewiseIntegers):
        return np.array([])
    if integers.breaks:
        return _piece_starts(activation, integers)
    fmt, length = activation.input, 1 << integers.offset_bits
    if (1 << fmt.width) // length > _MOST_LINES:
        return np.array([])
    return np.arange(fmt.minimum + length, fmt.maximum, length) / 2.0**fmt.fraction_bits


def _piece_starts(activation: Activation, integers: PiecewiseIntegers) -> NDArray[np.float64]:
    """The same where segments have lengths of their own."""
    fmt, fold = activation.input, integers.fold
    raws = np.arange(fmt.minimum, fmt.maximum + 1 if fmt.width <= _WIDEST_LISTED else fmt.minimum)
    reflected = 0 if fold.reflect < 0 else raws >> fold.reflect & 1 ^ int(fold.reflect_invert)
    pieces = np.searchsorted(integers.breaks, (raws ^ -reflected) & (1 << fold.bits) - 1, side="right")
    starts = raws[1:][np.diff(pieces) != 0]
    return (starts if len(starts) <= _MOST_LINES else starts[:0]) / 2.0**fmt.fraction_bits


def _groups(count: int) -> NDArray[np.int64]:
    """Where each group begins, and the end; a group for each input where there are few."""
    return np.linspace(0, count, min(count, _GROUPS) + 1).astype(np.int64)


def _extremes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where each group has its least and its greatest value, and both ends."""
    groups = _groups(len(values))
    places = [low + find(values[low:high]) for low, high in itertools.pairwise(groups)
              for find in (np.argmin, np.argmax)]
    return np.unique([0, *places, len(values) - 1])


def _draw_function(axis: "Axes", x: NDArray[np.float64], values: NDArray[np.float64], outputs: NDArray[np.int64],
                   activation: Activation) -> None:
    ulp, drawn = 2.0**-activation.output.fraction_bits, _extremes(values)
    real = outputs * ulp
    axis.plot(x[drawn], values[drawn] * ulp, color=_FUNCTION, linewidth=3.5, label="function")
    axis.plot(x[drawn], real[drawn], color=_UNIT, linewidth=1, label="unit",
              drawstyle="steps-mid" if len(drawn) == len(x) else "default")
    # Where the function leaves the output's range, the picture does not follow.
    margin = 0.06 * (real.max() - real.min()) or 1.0
    axis.set_ylim(real.min() - margin, real.max() + margin)
    axis.set_ylabel(f"f(x), {activation.output}")
    axis.tick_params(axis="x", length=0)
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2, handlelength=1.5)


def _draw_error(axis: "Axes", x: NDArray[np.float64], error: NDArray[np.float64]) -> None:
    axis.axhspan(-1, 1, color=_BAND, linewidth=0, zorder=0)
    axis.axhline(0, color=_PALE, linewidth=0.8, zorder=1)
    starts, worst = _groups(len(x))[:-1], int(np.argmax(np.abs(error)))
    if len(starts) == len(x):
        axis.plot(x, error, color=_UNIT, linewidth=0.8, drawstyle="steps-mid")
    else:  # from the least to the greatest of each group, so that none is lost; the edge shows where they are one
        axis.fill_between(x[starts], np.minimum.reduceat(error, starts), np.maximum.reduceat(error, starts),
                          step="post", color=_UNIT, linewidth=0.6)
    axis.plot(x[worst], error[worst], "o", color=_MARK, markersize=5,
              label=f"{error[worst]:+.4f} ulp at x = {x[worst]:g}")
    reach = 1.1 * max(1.0, abs(error[worst]))
    axis.set_ylim(-reach, reach)
    axis.set_ylabel("error, ulp")
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, handlelength=1)

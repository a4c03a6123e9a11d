"""A plot of a sweep for a paper: PNG, PDF, or SVG whose text stays text."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.cores.activation.plot import STYLE
from quadcim.sweep.panels import PLAIN, Panels, Scale, staircase
from quadcim.sweep.results import Results, Row, setting_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

__all__ = ["PICTURES", "PictureSettings", "sweep_picture"]

PICTURES = ("svg", "png", "pdf")
_MARKS = "os^Dv*"
_MOST_SHOWN = 12
"""Colours in the legend; of more, some stand for all."""
_FRONT = {"color": "#888888", "linestyle": "--", "linewidth": 1}
_COLUMNS, _LONGEST_LABEL = 3, 45


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSettings:
    """How a picture is drawn.

    Parameters
    ----------
    x, y : str, optional
        Figures or settings that are numbers; by default those with which the web page begins.
    log : str, optional
        The axes that are logarithmic: "", "x", "y" or "xy"; by default those whose values span a factor of 20.
    size : tuple of float, optional
        Width and height in inches; by default as many as the panels take.
    title : str
        What stands above it.
    """

    x: str | None = None
    y: str | None = None
    log: str | None = None
    size: tuple[float, float] | None = None
    title: str = ""


def sweep_picture(rows: Sequence[dict[str, Any]], path: Path, *, settings: PictureSettings | None = None,
                  kind: str = "svg") -> None:
    """Draw one figure over another, with its Pareto front; or over a setting, with lines for equal other settings.

    Each function has a panel of its own, and colours stand for widths, or for another number.

    Parameters
    ----------
    rows : sequence of dict
        What `quadcim.sweep.store.Store.rows` gives.
    path : Path
        The file to write.
    settings : PictureSettings, optional
        How.
    kind : {"svg", "png", "pdf"}
        What to write.

    Raises
    ------
    IllegalSetting
        If an axis is no figure and no number, or no point has a figure.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    given, results = settings or PictureSettings(), Results.drawn(rows)
    x, y = given.x or results.x, given.y or results.y
    for option, name in (("x", x), ("y", y)):
        results.check_axis(option, name)
    panels = Panels.of(results, x, y)
    scales = [Scale.of(name, results.rows, log=None if given.log is None else axis in given.log)
              for axis, name in (("x", x), ("y", y))]
    columns = min(len(panels.titles), _COLUMNS)
    lines = -(-len(panels.titles) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=given.size or (1.9 + 2.5 * columns, 0.9 + 2.5 * lines), layout="constrained")
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (value, title) in zip(grid, panels.titles.items(), strict=False):
            axes.set_title(title, fontsize=9)
            _draw(axes, panels, panels.rows(value), scales)
        for axes in grid[len(panels.titles):]:
            axes.set_axis_off()
        for axis, scale in zip("xy", scales, strict=True):
            _scale(grid[0], axis, scale)
            getattr(figure, f"sup{axis}label")(textwrap.fill(scale.text, _LONGEST_LABEL), fontsize=9)
        handles = _legend(panels, front=x not in results.numbers)
        if len(handles) > 1:
            figure.legend(handles=handles, loc="outside right upper", fontsize=8)
        if given.title:
            figure.suptitle(setting_text(given.title), fontsize=11)
        # Without the date, equal results give equal bytes.
        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(path, format=kind, dpi=200, metadata=dates.get(kind))


def _draw(axes: "Axes", panels: Panels, rows: Sequence[Row], scales: Sequence[Scale]) -> None:
    """The points of a panel, joined over a setting, or with their front."""
    x, y = (scale.name for scale in scales)
    joined = x in panels.results.numbers
    for line in panels.lines(rows, x, y) if joined else [[row] for row in rows if x in row and y in row]:
        places = [[scale.place(row[scale.name]) for row in line] for scale in scales]
        axes.plot(*places, color=panels.colour(line[0]), marker=_MARKS[panels.mark_of(line[0])], markersize=4,
                  linewidth=1, linestyle="-" if joined else "")
    if not joined:
        corners = [[scale.place(value) for scale, value in zip(scales, corner, strict=True)]
                   for corner in staircase([row for row in rows if x in row and y in row], x, y)]
        axes.plot(*zip(*corners, strict=True), **_FRONT, zorder=1)


def _scale(axes: "Axes", axis: str, scale: Scale) -> None:
    """Make an axis logarithmic. Its numbers are plain text: nothing in a picture is a formula."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

    this = getattr(axes, f"{axis}axis")
    if scale.log:
        getattr(axes, f"set_{axis}scale")("log")
        this.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
        this.set_major_formatter(StrMethodFormatter("{x:g}"))
        this.set_minor_formatter(NullFormatter())
    else:
        this.set_major_locator(MaxNLocator(6, integer=scale.whole))
    axes.margins(0.06)


def _legend(panels: Panels, *, front: bool) -> list["Line2D"]:
    from matplotlib.lines import Line2D

    def label(name: str | None, value: object) -> str:
        return f"{(name or '').replace('_', ' ')} {setting_text(value)}"

    colours = list(panels.colours.items())
    handles = [Line2D([], [], color=colour, marker="o", markersize=4, linewidth=1, label=label(panels.ramp, value))
               for value, colour in colours[::-(-len(colours) // _MOST_SHOWN) or 1]]
    handles += [Line2D([], [], color=PLAIN, marker=_MARKS[index], markersize=4, linestyle="",
                       label=label(panels.mark, value)) for value, index in panels.marks.items()]
    return [*handles, Line2D([], [], **_FRONT, label="Pareto front")] if front else handles

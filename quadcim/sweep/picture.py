"""A plot of a sweep for a paper: PNG, or SVG whose text stays text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.plot import STYLE
from quadcim.sweep.results import Results, axis_text, cost_front, setting_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sweep_picture"]

_MOST_LINES = 20


def sweep_picture(rows: Sequence[dict[str, Any]], path: Path, *, x: str | None = None, y: str | None = None,
                  kind: str = "svg") -> None:
    """Draw one figure over another, with the Pareto front; or over a setting, with lines for equal other settings.

    Parameters
    ----------
    rows : sequence of dict
        What `quadcim.sweep.store.Store.rows` gives.
    path : Path
        The file to write.
    x, y : str, optional
        Figures or settings that are numbers; by default those with which the web page begins.
    kind : {"svg", "png"}
        What to write.

    Raises
    ------
    IllegalSetting
        If an axis is neither, or no point has a figure.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    results = Results.drawn(rows)
    x, y = x or results.x, y or results.y
    for option, name in (("x", x), ("y", y)):
        results.check_axis(option, name)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.add_subplot()
        lines = results.lines(x, y) if x in results.numbers else {}
        if 0 < len(lines) <= _MOST_LINES:
            for others, line in lines.items():
                axes.plot(*zip(*line, strict=True), marker=".", label=others)
        else:
            _scatter(axes, results, x, y)
        axes.set(xlabel=axis_text(x), ylabel=axis_text(y))
        if len(axes.get_legend_handles_labels()[0]) > 1:
            figure.legend(loc="outside upper center", ncols=3, fontsize=7)
        # Without the date, equal results give equal bytes.
        figure.savefig(path, format=kind, dpi=200, metadata={"Date": None} if kind == "svg" else None)


def _scatter(axes: "Axes", results: Results, x: str, y: str) -> None:
    drawn = [row for row in results.rows if x in row and y in row]
    for value in dict.fromkeys(str(row.get(results.colour)) for row in drawn):
        points = [(row[x], row[y]) for row in drawn if str(row.get(results.colour)) == value]
        axes.scatter(*zip(*points, strict=True), s=16, alpha=0.7, label=f"{results.colour} {setting_text(value)}")
    best = sorted((row[x], row[y]) for row in cost_front(drawn, x, y))
    axes.plot(*zip(*best, strict=True), color="#888888", linestyle="--", linewidth=1, label="Pareto front")

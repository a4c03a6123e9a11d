"""The page of a sweep: plots to hover over and to filter, and a table, in one HTML file that needs no network."""

import itertools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.events import DocumentReady
from bokeh.layouts import column, row
from bokeh.models import (
    BooleanFilter,
    CDSView,
    ColumnDataSource,
    CustomJS,
    DataTable,
    Div,
    HoverTool,
    IndexFilter,
    LinearScale,
    LogScale,
    MultiChoice,
    PlainText,
    Range1d,
    Select,
    TableColumn,
)
from bokeh.models.ui.ui_element import UIElement
from bokeh.plotting import figure
from bokeh.resources import INLINE

from quadcim.spec.quoting import html_text
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.measurements import MORE_IS_BETTER
from quadcim.sweep.page_script import HEAD, UPDATE
from quadcim.sweep.panels import PLAIN, Panels, Scale
from quadcim.sweep.results import Results, Row, axis_text, setting_text

__all__ = ["MOST_POINTS", "sweep_page"]

MOST_POINTS = 4000
"""A page with more is slow; it shows the Pareto front, and others drawn evenly."""
_DRAWN = ("lut", "total_ge", "delay_ps", "area_um2", "period_ps", "right_bits", "psnr_integer_db", "accuracy_percent")
_MOST_CHOICES, _MOST_LINES, _MOST_SVG, _LONGEST_LABEL = 40, 40, 500, 40
_MARKS = (("circle", "&#9679;"), ("square", "&#9632;"), ("triangle", "&#9650;"), ("diamond", "&#9670;"),
          ("inverted_triangle", "&#9660;"), ("star", "&#9733;"))
_GREY = "#888888"


def sweep_page(rows: Sequence[dict[str, Any]], *, title: str) -> str:
    """A web page of results.

    Parameters
    ----------
    rows : sequence of dict
        What `quadcim.sweep.store.Store.rows` gives; points without figures are left out.
    title : str
        What stands above it.

    Raises
    ------
    IllegalSetting
        If no point has a figure.
    """
    whole, title = Results.drawn(rows), setting_text(title)
    results = whole.thinned(MOST_POINTS)
    choices, legends = _choices(results), _legends(results)
    source = _source(results, choices, legends)
    options: list[Any] = [(name, name.replace("_", " ")) for name in (*results.figures, *results.numbers)]
    axes = {axis: Select(title=f"{axis} axis", value=name, options=options, width=220, name=f"{axis}-axis")
            for axis, name in (("x", results.x), ("y", results.y))}
    modes = {axis: Select(title=f"{axis} scale", value="auto", options=["auto", "linear", "log"], width=105,
                          name=f"{axis}-scale") for axis in axes}
    shown, legend = BooleanFilter(booleans=[True] * len(results.rows)), _div("", name="legend")
    panels = Panels.of(results)
    plots, parts = _plots(source, shown, panels)
    update = CustomJS(code=UPDATE, args={
        "source": source, "choices": choices, "axes": axes, "modes": modes, "shown": shown, "parts": parts,
        "plots": plots, "legend": legend, "legends": legends, "settings": results.settings,
        "numbers": results.numbers, "more_is_better": list(MORE_IS_BETTER), "plain": PLAIN,
        "kit": {"linear": LinearScale(), "log": LogScale()},
        "texts": {name: _label(name) for name, _text in options}})
    for widget in (*choices.values(), *axes.values(), *modes.values()):
        widget.js_on_change("value", update)
    names = (*results.settings, *results.figures)
    content: list[UIElement] = [
        _div(_introduction(title, whole, results)),
        *([_wrapping(choices.values())] if choices else []),
        _wrapping([axes["x"], modes["x"], axes["y"], modes["y"]]), legend,
        plots[0] if len(plots) == 1 else _wrapping(plots), *_curves(results),
        DataTable(source=source, view=CDSView(filter=shown), index_position=None, reorderable=False,
                  sizing_mode="stretch_width", height=480,
                  columns=[TableColumn(field=name, title=name.replace("_", " ")) for name in names]),
    ]
    document = Document(title=title)
    document.add_root(column(*content, sizing_mode="stretch_width"))
    document.js_on_event(DocumentReady, update)
    return file_html(document, INLINE, title).replace("<head>", f"<head>{HEAD}", 1)


def _introduction(title: str, whole: Results, results: Results) -> str:
    count = whole.counts
    if len(results.rows) < len(whole.rows):
        count += f"; {len(results.rows)} are shown here: the first Pareto front, and others drawn evenly"
    return (f"<h1>{html_text(title)}</h1><p>{count}. Hover over a point for its settings and the command that rebuilds "
            "it; choose axes and filters; the dashed line is the Pareto front of what a panel shows; click a head of "
            "the table to sort.</p>")


def _div(text: str, **settings: Any) -> Div:
    """HTML, in which no text is a formula."""
    return Div(text=text, disable_math=True, sizing_mode="stretch_width", **settings)


def _label(name: str) -> str:
    """What stands beside an axis, in lines that are not too long."""
    return textwrap.fill(axis_text(name), _LONGEST_LABEL)


def _wrapping(widgets: Iterable[Any]) -> UIElement:
    """Widgets side by side, as many as there is room for."""
    return row(*widgets, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"})


def _source(results: Results, choices: Iterable[str], ramps: Iterable[str]) -> ColumnDataSource:
    """All points; those without a figure have none there. Of settings that may be chosen, also the values' numbers."""
    rows, settings, panels = results.rows, results.settings, Panels.of(results)
    data: dict[str, list[Any]] = {name: [_cell(entry.get(name)) for entry in rows] for name in settings}
    data |= {name: [entry.get(name, float("nan")) for entry in rows] for name in results.figures}
    for name in choices:
        values = {value: index for index, value in enumerate(results.values(name))}
        data[f"choice {name}"] = [values[entry.get(name)] for entry in rows]
    for name in ramps:
        colours = panels.coloured_by(name)
        data[f"colour {name}"] = [colours[entry.get(name)] for entry in rows]
    data["mark"] = [_MARKS[panels.mark_of(entry)][0] for entry in rows]
    data["command"] = [find_kind(entry["kind"]).rebuild({name: entry[name] for name in settings if name in entry})
                       for entry in rows]
    empty = [float("nan")] * len(rows)
    return ColumnDataSource(data | {"x": empty, "y": empty, "colour": [PLAIN] * len(rows)})


def _cell(value: object) -> object:
    """A setting in the table: words as one reads them."""
    return value if value is None or isinstance(value, int | float) else setting_text(value)


def _choices(results: Results) -> Mapping[str, MultiChoice]:
    """A choice of values for each setting that varies. The widget takes labels as HTML; values are numbers."""
    widgets: dict[str, MultiChoice] = {}
    for name in results.settings:
        if 1 < len(values := results.values(name)) <= _MOST_CHOICES:
            options: list[Any] = [(str(index), html_text(setting_text(value))) for index, value in enumerate(values)]
            widgets[name] = MultiChoice(title=name.replace("_", " "), placeholder="all", options=options, width=220,
                                        name=f"choice-{name}")
    return widgets


def _legends(results: Results) -> dict[str, str]:
    """For each number that colours may stand for, in the order of preference, which colour and mark stands for what."""
    panels = Panels.of(results)
    marks = [(_MARKS[index][1], PLAIN, value) for value, index in panels.marks.items()]
    legends = {name: _legend(name, [(_MARKS[0][1], colour, value)
                                    for value, colour in panels.coloured_by(name).items()])
               for name in panels.ramps}
    others = _legend(panels.mark, marks) if panels.mark else ""
    return {name: text + others for name, text in legends.items()} or {"": others}


def _legend(name: str, items: Iterable[tuple[str, str, Any]]) -> str:
    words = [f'<span style="white-space: nowrap"><span style="color: {colour}; font-size: 1.3em">{mark}</span>&nbsp;'
             f"{html_text(setting_text(value))}</span>" for mark, colour, value in items]
    return f'<p style="margin: 0"><b>{html_text(name.replace("_", " "))}</b> &ensp; {" &ensp; ".join(words)}</p>'


def _plots(source: ColumnDataSource, shown: BooleanFilter, panels: Panels) -> tuple[list[Any], list[dict[str, Any]]]:
    """A plot for each panel, all with the same axes; and of each its front, its lines, and which points it has."""
    ranges = {f"{axis}_range": Range1d(start=0, end=1) for axis in "xy"}
    rows = panels.results.rows
    backend = "svg" if len(rows) <= _MOST_SVG else "canvas"
    plots, parts = [], []
    for index, (value, title) in enumerate(panels.titles.items()):
        inside = [place for place, entry in enumerate(rows) if panels.has(entry, value)]
        plot = _figure(title, wide=len(panels.titles) == 1, name=f"scatter-{index}", output_backend=backend, **ranges)
        front, lines = ColumnDataSource({"x": [], "y": []}), ColumnDataSource({"x": [], "y": [], "colour": []})
        plot.line("x", "y", source=front, color=_GREY, line_dash="dashed", line_width=1.5)
        plot.multi_line("x", "y", source=lines, color="colour")
        points = plot.scatter("x", "y", source=source, view=CDSView(filter=shown & IndexFilter(indices=inside)), size=8,
                              color="colour", marker="mark", fill_alpha=0.7)
        names = (*panels.results.settings, *panels.results.figures, "command")
        plot.add_tools(HoverTool(renderers=[points],  # pyright: ignore
                                 tooltips=[(name.replace("_", " "), f"@{name}") for name in names]))
        plots.append(plot)
        parts.append({"front": front, "lines": lines, "inside": inside})
    return plots, parts


def _figure(title: str, *, wide: bool, **settings: Any) -> Any:
    """An empty plot, whose title is no formula."""
    size: dict[str, Any] = {"height": 480, "sizing_mode": "stretch_width"} if wide else {"width": 365, "height": 340}
    plot: Any = figure(tools="pan,wheel_zoom,box_zoom,reset,save", toolbar_location="right", **size, **settings)
    if title:
        plot.title.text = PlainText(text=setting_text(title))
    return plot


def _curves(results: Results) -> list[UIElement]:
    """The main figures over each setting that is a number: a panel a function, a line for equal other settings."""
    numbers = [name for name in results.numbers if len(results.values(name)) > 1]
    content: list[UIElement] = []
    for number, name in itertools.product(numbers, [name for name in _DRAWN if name in results.figures]):
        panels = Panels.of(results, number)
        drawn = {title: lines for value, title in panels.titles.items()
                 if (lines := [line for line in panels.lines(panels.rows(value), number, name) if len(line) > 1])}
        if any(_varies(line, name) and len(lines) <= _MOST_LINES for lines in drawn.values() for line in lines):
            heading = f"<h3>{html_text(axis_text(name))} over {html_text(number)}</h3>"
            legend = _legends(results)[panels.ramp] if panels.ramp else ""
            scale = Scale.of(name, results.rows, log=False)
            plots = [_curve(title, panels, scale, number, lines) for title, lines in drawn.items()]
            for plot in plots[1:]:  # functions can be compared
                plot.y_range = plots[0].y_range
            content += [_div(heading + legend), _wrapping(plots)]
    return content


def _varies(line: Sequence[Row], name: str) -> bool:
    return len({entry[name] for entry in line}) > 1


def _curve(title: str, panels: Panels, scale: Scale, number: str, lines: Iterable[Sequence[Row]]) -> Any:
    plot = _figure(title, wide=False, x_axis_label=_label(number), output_backend="svg",
                   y_axis_label=textwrap.fill(scale.text, _LONGEST_LABEL))
    for line in lines:
        x, y = [entry[number] for entry in line], [scale.place(entry[scale.name]) for entry in line]
        colour = panels.colour(line[0])
        plot.line(x, y, color=colour)
        plot.scatter(x, y, size=5, color=colour, marker=_MARKS[panels.mark_of(line[0])][0])
    plot.toolbar_location = None
    return plot

"""The page of a sweep: plots to hover over and to filter, and a table, in one HTML file that needs no network."""

import itertools
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
    MultiChoice,
    Select,
    TableColumn,
)
from bokeh.models.ui.ui_element import UIElement
from bokeh.palettes import Category10_10
from bokeh.plotting import figure
from bokeh.resources import INLINE

from quadcim.spec.quoting import html_text
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.measurements import MORE_IS_BETTER
from quadcim.sweep.results import Results, axis_text, setting_text

__all__ = ["MOST_POINTS", "sweep_page"]

MOST_POINTS = 4000
"""A page with more is slow; it shows the Pareto front, and others drawn evenly."""
_DRAWN = ("max_error_ulp", "lut", "total_ge", "delay_ps", "psnr_integer_db", "accuracy_percent")
_MOST_CHOICES, _MOST_LINES, _MOST_SVG = 40, 24, 500


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
    choices = _choices(results)
    source = _source(results, choices)
    options = [(name, name.replace("_", " ")) for name in (*results.figures, *results.numbers)]
    axes = {axis: Select(title=f"{axis} axis", value=name, options=options, width=220, name=f"{axis}-axis")
            for axis, name in (("x", results.x), ("y", results.y))}
    shown = BooleanFilter(booleans=[True] * len(results.rows))
    view = CDSView(filter=shown)
    plot, front = _scatter(source, view, results)
    update = CustomJS(code=_UPDATE, args={
        "source": source, "choices": choices, "axes": axes, "shown": shown, "front": front,
        "labels": {"x": plot.xaxis[0], "y": plot.yaxis[0]}, "more_is_better": list(MORE_IS_BETTER),
        "texts": {name: axis_text(name) for name, _text in options}})
    for widget in (*choices.values(), *axes.values()):
        widget.js_on_change("value", update)
    names = (*results.settings, *results.figures)
    content: list[UIElement] = [
        Div(text=_introduction(title, whole, results), disable_math=True, sizing_mode="stretch_width"),
        *([_wrapping(choices.values())] if choices else []),
        column(_wrapping(axes.values()), _legend(results), plot, sizing_mode="stretch_width"),
        *_curves(results),
        DataTable(source=source, view=view, index_position=None, reorderable=False, sizing_mode="stretch_width",
                  height=480, columns=[TableColumn(field=name, title=name.replace("_", " ")) for name in names]),
    ]
    document = Document(title=title)
    document.add_root(column(*content, sizing_mode="stretch_width"))
    document.js_on_event(DocumentReady, update)
    return file_html(document, INLINE, title).replace("<head>", f"<head>{_HEAD}", 1)


# What is shown follows from all choices; the front is that of the points shown.
_UPDATE = """
const {data} = source, names = [axes.x.value, axes.y.value];
const booleans = Array.from(data[names[0]], (_, k) => Object.entries(choices).every(
  ([name, choice]) => !choice.value.length || choice.value.includes(String(data[`choice ${name}`][k]))));
data.x = Array.from(data[names[0]]);
data.y = Array.from(data[names[1]]);
labels.x.axis_label = texts[names[0]];
labels.y.axis_label = texts[names[1]];
shown.booleans = booleans;
source.change.emit();
const sign = names.map(name => more_is_better.includes(name) ? -1 : 1);
const points = Array.from(data.x, (x, k) => [sign[0] * x, sign[1] * data.y[k]])
  .filter(([x, y], k) => booleans[k] && !isNaN(x) && !isNaN(y)).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
let least = Infinity;
const best = points.filter(([_, y]) => y < least && ((least = y), true));
front.data = {x: best.map(([x]) => sign[0] * x), y: best.map(([_, y]) => sign[1] * y)};
"""
_HEAD = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body { font-family: sans-serif; margin: 1rem; max-width: 1200px; color-scheme: only light; }
  @media (prefers-color-scheme: dark) { body { background: #181818; } }
  @media (prefers-color-scheme: dark) { .bk-Column, [data-root-id] { filter: invert(0.9) hue-rotate(180deg); } }
</style>
"""


def _introduction(title: str, whole: Results, results: Results) -> str:
    count = whole.counts
    if len(results.rows) < len(whole.rows):
        count += f"; {len(results.rows)} are shown here: the first Pareto front, and others drawn evenly"
    return (f"<h1>{html_text(title)}</h1><p>{count}. Hover over a point for its settings and the command that rebuilds "
            "it; choose axes and filters; the line is the Pareto front of what is shown; click a head of the table to "
            "sort.</p>")


def _wrapping(widgets: Any) -> UIElement:
    """Widgets side by side, as many as there is room for."""
    return row(*widgets, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"})


def _source(results: Results, choices: Iterable[str]) -> ColumnDataSource:
    """All points; those without a figure have none there. Of settings that may be chosen, also the values' numbers."""
    rows, settings, figures = results.rows, results.settings, results.figures
    data: dict[str, list[Any]] = {name: [_cell(entry.get(name)) for entry in rows] for name in settings}
    data |= {name: [entry.get(name, float("nan")) for entry in rows] for name in figures}
    for name in choices:
        values = results.values(name)
        data[f"choice {name}"] = [values.index(entry.get(name)) for entry in rows]
    data["colour"] = _colours(results)
    data["command"] = [find_kind(entry["kind"]).rebuild({name: entry[name] for name in settings if name in entry})
                       for entry in rows]
    return ColumnDataSource(data | {"x": list(data[results.x]), "y": list(data[results.y])})


def _colours(results: Results) -> list[str]:
    """The colour of each point."""
    order = list(dict.fromkeys(str(entry.get(results.colour)) for entry in results.rows))
    return [Category10_10[order.index(str(entry.get(results.colour))) % 10] for entry in results.rows]


def _cell(value: object) -> object:
    """A setting in the table: words as one reads them."""
    return value if value is None or isinstance(value, int | float) else setting_text(value)


def _choices(results: Results) -> Mapping[str, MultiChoice]:
    """A choice of values for each setting that varies. The widget takes labels as HTML; values are numbers."""
    widgets: dict[str, MultiChoice] = {}
    for name in results.settings:
        if 1 < len(values := results.values(name)) <= _MOST_CHOICES:
            options = [(str(index), html_text(setting_text(value))) for index, value in enumerate(values)]
            widgets[name] = MultiChoice(title=name.replace("_", " "), placeholder="all", options=options, width=220,
                                        name=f"choice-{name}")
    return widgets


def _scatter(source: ColumnDataSource, view: CDSView, results: Results) -> tuple[Any, ColumnDataSource]:
    """One figure over another, or over a setting that is a number; and where its front goes."""
    plot = figure(height=480, sizing_mode="stretch_width", tools="pan,wheel_zoom,box_zoom,reset,save", name="scatter",
                  x_axis_label=axis_text(results.x), y_axis_label=axis_text(results.y),
                  output_backend="svg" if len(results.rows) <= _MOST_SVG else "canvas")
    front = ColumnDataSource({"x": [], "y": []})
    plot.line("x", "y", source=front, color="#888888", line_dash="dashed", line_width=1.5)
    points = plot.scatter("x", "y", source=source, view=view, size=9, color="colour", fill_alpha=0.6)
    plot.add_tools(HoverTool(renderers=[points],  # pyright: ignore
                             tooltips=[(name.replace("_", " "), f"@{name}")
                                       for name in (*results.settings, *results.figures, "command")]))
    return plot, front


def _legend(results: Results) -> UIElement:
    """Which colour stands for what."""
    known = {str(entry.get(results.colour)): colour for entry, colour in zip(results.rows, _colours(results),
                                                                            strict=True)}
    items = [f'<span style="color: {colour}">&#9679;</span> {html_text(setting_text(value))}'
             for value, colour in known.items()]
    return Div(text=f"<b>{results.colour.replace('_', ' ')}</b> &ensp;" + " &ensp; ".join(items), disable_math=True,
               sizing_mode="stretch_width", name="legend")


def _curves(results: Results) -> list[UIElement]:
    """The main figures over each setting that is a number, a line for equal other settings."""
    numbers = [name for name in results.numbers if len({entry[name] for entry in results.rows}) > 1]
    plots: list[UIElement] = []
    for number, name in itertools.product(numbers, [name for name in _DRAWN if name in results.figures]):
        lines = results.lines(number, name)
        if 0 < len(lines) <= _MOST_LINES:
            plots.append(_curve(number, name, lines))
    return [_wrapping(plots)] if plots else []


def _curve(number: str, name: str, lines: Mapping[str, list[tuple[float, float]]]) -> UIElement:
    plot = figure(width=350, height=300, tools="pan,wheel_zoom,reset,save", x_axis_label=axis_text(number),
                  y_axis_label=axis_text(name), output_backend="svg", toolbar_location=None)
    for index, (others, line) in enumerate(lines.items()):
        x, y = zip(*line, strict=True)
        source = ColumnDataSource({"x": x, "y": y, "line": [others] * len(line)})
        colour = Category10_10[index % 10]
        plot.line("x", "y", source=source, color=colour)
        marks = plot.scatter("x", "y", source=source, color=colour, size=5)
        plot.add_tools(HoverTool(renderers=[marks], tooltips=[("", "@line"), (number, "@x"), (name, "@y")]))
    return plot

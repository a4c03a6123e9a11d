"""The page of a sweep: plots to hover over and to filter, and a table, in one HTML file that needs no network."""

import itertools
import json
import shlex
from collections.abc import Sequence
from html import escape
from typing import Any

from bokeh.embed import file_html
from bokeh.layouts import column, row
from bokeh.models import (
    CDSView,
    ColumnDataSource,
    CustomJS,
    CustomJSFilter,
    DataTable,
    Div,
    HoverTool,
    Legend,
    LegendItem,
    MultiChoice,
    Select,
    TableColumn,
)
from bokeh.models.ui.ui_element import UIElement
from bokeh.palettes import Category10_10
from bokeh.plotting import figure
from bokeh.resources import INLINE

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.unit import ActivationUnit
from quadcim.sweep.measurements import MEASUREMENTS
from quadcim.sweep.points import KINDS, Point, setting_names

__all__ = ["rebuild_command", "sweep_page"]

_FIGURES = {name: text for measurement in MEASUREMENTS.values() for name, text in measurement.columns.items()}
_DRAWN = ("max_error_ulp", "lut", "total_ge", "delay_ps")
_MOST_CHOICES, _MOST_LINES = 40, 24


def rebuild_command(kind: str, settings: dict[str, Any]) -> str:
    """The command that generates a point's case."""
    spec = Point(kind, settings).spec
    if isinstance(spec, ActivationUnit):
        activation = spec.activation
        settings = {"function": activation.function, "input": activation.input, "output": activation.output,
                    "rounding": activation.rounding, "stages": spec.stages, "flow_control": spec.flow_control,
                    "technology": spec.technology, "method": spec.method}
    else:
        settings = {"stages": spec.stages} | settings
    words = ["quadcim", "generate", kind]
    for name, value in settings.items():
        if value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return " ".join([*map(shlex.quote, words), "--out", "DIR"])


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
    whole = [entry for entry in rows if any(name in entry for name in _FIGURES)]
    if not whole:
        raise IllegalSetting("db", "a database with at least one measured point", f"{len(rows)} points without figures")
    # A figure that is the same for all points says nothing beside them.
    figures = [name for name in _FIGURES if len({entry.get(name) for entry in whole}) > 1] or [
        name for name in _FIGURES if name in whole[0]]
    legal = {name for kind in KINDS for name in setting_names(kind)}
    settings = list(dict.fromkeys(name for entry in whole for name in entry if name in legal))
    source, colour = _source(whole, settings, figures)
    filters, view = _filters(source, whole, settings)
    content: list[UIElement] = [
        Div(text=f"<h1>{escape(title)}</h1><p>{len(whole)} points. Hover over a point for its settings and the "
            "command that rebuilds it; choose axes and filters; click a head of the table to sort.</p>",
            sizing_mode="stretch_width"),
        *([row(*filters, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"})] if filters else []),
        _scatter(source, view, figures, settings, colour),
        *_curves(whole, figures, settings),
        DataTable(source=source, view=view, index_position=None, sizing_mode="stretch_width", height=480, columns=[
            TableColumn(field=name, title=name.replace("_", " ")) for name in (*settings, *figures)]),
    ]
    page = file_html(column(*content, sizing_mode="stretch_width"), INLINE, title)
    return page.replace("<head>", f"<head>{_HEAD}", 1)


_HEAD = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body { font-family: sans-serif; margin: 1rem; max-width: 1200px; color-scheme: only light; }
  @media (prefers-color-scheme: dark) { body { background: #181818; } }
  @media (prefers-color-scheme: dark) { .bk-Column, [data-root-id] { filter: invert(0.9) hue-rotate(180deg); } }
</style>
"""


def _source(rows: Sequence[dict[str, Any]], settings: Sequence[str],
            figures: Sequence[str]) -> tuple[ColumnDataSource, str]:
    """All points, and the setting that gives them their colour: the first that varies and is no number."""
    data: dict[str, list[Any]] = {name: [entry.get(name) for entry in rows] for name in (*settings, *figures)}
    words = [name for name in settings if len(set(map(str, data[name]))) > 1 and any(
        isinstance(value, str) for value in data[name])]
    colour = words[0] if words else settings[0]
    order = list(dict.fromkeys(map(str, data[colour])))
    data["colour"] = [Category10_10[order.index(str(value)) % 10] for value in data[colour]]
    data["command"] = [rebuild_command(entry["kind"], {name: entry[name] for name in settings if name in entry})
                       for entry in rows]
    data["x"], data["y"] = list(data[_abscissa(figures)]), list(data[figures[0]])
    return ColumnDataSource({name: [float("nan") if value is None and name in (*figures, "x", "y") else value
                                    for value in values] for name, values in data.items()}), colour


def _filters(source: ColumnDataSource, rows: Sequence[dict[str, Any]],
             settings: Sequence[str]) -> tuple[list[UIElement], CDSView]:
    """A choice of values for each setting that varies."""
    widgets: dict[str, MultiChoice] = {}
    for name in settings:
        values = sorted({json.dumps(entry.get(name)) for entry in rows}, key=lambda text: (len(text), text))
        if 1 < len(values) <= _MOST_CHOICES:
            widgets[name] = MultiChoice(title=name.replace("_", " "), options=[text.strip('"') for text in values],
                                        width=220)
    chosen = CustomJSFilter(args={"widgets": widgets}, code="""
        const rows = [];
        for (let k = 0; k < source.get_length(); k++) {
          let kept = true;
          for (const [name, widget] of Object.entries(widgets)) {
            if (widget.value.length && !widget.value.includes(String(source.data[name][k]))) kept = false;
          }
          rows.push(kept);
        }
        return rows;""")
    for widget in widgets.values():
        widget.js_on_change("value", CustomJS(args={"source": source}, code="source.change.emit()"))
    return list(widgets.values()), CDSView(filter=chosen)


def _scatter(source: ColumnDataSource, view: CDSView, figures: Sequence[str], settings: Sequence[str],
             colour: str) -> UIElement:
    """One figure over another, or over a setting that is a number."""
    numbers = [name for name in settings if all(isinstance(value, int | float) for value in source.data[name])]
    axes = [*figures, *numbers]
    x, y = _abscissa(figures), figures[0]
    plot = figure(height=480, sizing_mode="stretch_width", tools="pan,wheel_zoom,box_zoom,reset,save",
                  x_axis_label=_axis(x), y_axis_label=_axis(y), output_backend="svg")
    points = plot.scatter("x", "y", source=source, view=view, size=9, color="colour", fill_alpha=0.6)
    shown = [name for name in (*settings, *figures, "command")]
    plot.add_tools(HoverTool(renderers=[points],  # pyright: ignore
                             tooltips=[(name.replace("_", " "), f"@{name}") for name in shown]))
    known: dict[str, int] = {}
    for index, value in enumerate(source.data[colour]):
        known.setdefault(str(value), index)
    plot.add_layout(Legend(items=[LegendItem(label=value, renderers=[points], index=index)
                                  for value, index in known.items()], title=colour.replace("_", " "),
                           orientation="horizontal", location="top_right"))
    texts = {name: _axis(name) for name in axes}
    choices = []
    for axis, start, bokeh_axis in (("x", x, plot.xaxis[0]), ("y", y, plot.yaxis[0])):
        choice = Select(title=f"{axis} axis", value=start, options=[(name, name.replace("_", " ")) for name in axes],
                        width=220)
        choice.js_on_change("value", CustomJS(
            args={"source": source, "axis": axis, "label": bokeh_axis, "texts": texts}, code="""
            source.data[axis] = Array.from(source.data[cb_obj.value]);
            label.axis_label = texts[cb_obj.value];
            source.change.emit();"""))
        choices.append(choice)
    return column(row(*choices), plot, sizing_mode="stretch_width")


def _abscissa(figures: Sequence[str]) -> str:
    """What stands below a plot at first: a cost, where there is one."""
    return next((name for name in ("lut", "total_ge", "delay_ps") if name in figures[1:]), figures[-1])


def _curves(rows: Sequence[dict[str, Any]], figures: Sequence[str], settings: Sequence[str]) -> list[UIElement]:
    """The main figures over each setting that is a number, a line for equal other settings."""
    numbers = [name for name in settings if len({entry.get(name) for entry in rows}) > 1
               and all(isinstance(entry.get(name), int | float) for entry in rows)]
    plots: list[UIElement] = []
    for number, name in itertools.product(numbers, [name for name in _DRAWN if name in figures]):
        groups: dict[str, list[tuple[float, float]]] = {}
        for entry in rows:
            if name in entry:
                others = ", ".join(f"{key} {entry[key]}" for key in settings if key != number and key in entry)
                groups.setdefault(others, []).append((entry[number], entry[name]))
        lines = {others: sorted(line) for others, line in groups.items() if len(line) > 1}
        if 0 < len(lines) <= _MOST_LINES:
            plots.append(_curve(number, name, lines))
    return [row(*plots, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"})] if plots else []


def _curve(number: str, name: str, lines: dict[str, list[tuple[float, float]]]) -> UIElement:
    plot = figure(width=350, height=300, tools="pan,wheel_zoom,reset,save", x_axis_label=_axis(number),
                  y_axis_label=_axis(name), output_backend="svg", toolbar_location=None)
    for index, (others, line) in enumerate(lines.items()):
        x, y = zip(*line, strict=True)
        source = ColumnDataSource({"x": x, "y": y, "line": [others] * len(line)})
        colour = Category10_10[index % 10]
        plot.line("x", "y", source=source, color=colour)
        marks = plot.scatter("x", "y", source=source, color=colour, size=5)
        plot.add_tools(HoverTool(renderers=[marks], tooltips=[("", "@line"), (number, "@x"), (name, "@y")]))
    return plot


def _axis(name: str) -> str:
    return _FIGURES.get(name, name.replace("_", " "))

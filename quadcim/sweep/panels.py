"""How results are drawn, on a page as in a picture: a panel a function, colours that follow a number, marks."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quadcim.sweep.measurements import FIGURES, MORE_IS_BETTER
from quadcim.sweep.results import Results, Row, axis_text, cost_front, setting_text

__all__ = ["PLAIN", "Panels", "Scale", "staircase"]

PLAIN = "#2a788e"
"""The colour where no number varies."""
# Viridis without its yellow end, which is hard to see on white: ordered by lightness, also for the colour-blind.
_RAMP = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151")
_FIRST_WORDS, _FIRST_NUMBERS = ("function", "kind"), ("width", "stages", "hidden", "rows")
_MOST_PANELS, _MOST_MARKS = 12, 6
_LOG_FROM = 20
"""A logarithmic axis is usual where the greatest value is so many times the least."""


@dataclass(frozen=True)
class Panels:
    """Which settings decide where and how a point is drawn.

    Parameters
    ----------
    results : Results
        What is drawn.
    panel, ramp, mark : str, optional
        The setting with a panel for each value, the number that colours stand for, and the setting that marks do.
    """

    results: Results
    panel: str | None
    ramp: str | None
    mark: str | None

    @classmethod
    def of(cls, results: Results, *axes: str) -> "Panels":
        """The usual choice: functions have panels, widths colours; a setting that is an axis needs neither."""
        varying = [name for name in results.settings if name not in axes and len(results.values(name)) > 1]
        numbers = _ordered([name for name in varying if name in results.numbers], _FIRST_NUMBERS)
        words = _ordered([name for name in varying if name not in results.numbers], _FIRST_WORDS)
        panel = next((name for name in words if len(results.values(name)) <= _MOST_PANELS), None)
        mark = next((name for name in words if name != panel and len(results.values(name)) <= _MOST_MARKS), None)
        return cls(results, panel, numbers[0] if numbers else None, mark)

    @property
    def ramps(self) -> list[str]:
        """The numbers that vary, that which colours stand for first."""
        varying = [name for name in self.results.numbers if len(self.results.values(name)) > 1]
        return _ordered(varying, _FIRST_NUMBERS)

    @property
    def titles(self) -> dict[Any, str]:
        """The panels: for each value of their setting what stands above; one without words, if there is none."""
        if self.panel is None:
            return {None: ""}
        return {value: f"{self.panel.replace('_', ' ')} {setting_text(value)}"
                for value in self.results.values(self.panel)}

    def has(self, row: Row, value: Any) -> bool:
        """Whether a point lies in the panel of a value."""
        return self.panel is None or row.get(self.panel) == value

    def rows(self, value: Any) -> list[Row]:
        """The points of a panel."""
        return [row for row in self.results.rows if self.has(row, value)]

    @cached_property
    def colours(self) -> dict[Any, str]:
        """A colour for each value of the ramp, in order."""
        return self.coloured_by(self.ramp) if self.ramp else {}

    def coloured_by(self, name: str) -> dict[Any, str]:
        """The same for another number."""
        values = self.results.values(name)
        return {value: _between(index / max(len(values) - 1, 1)) for index, value in enumerate(values)}

    def colour(self, row: Row) -> str:
        """The colour of a point."""
        return self.colours[row[self.ramp]] if self.ramp else PLAIN

    @cached_property
    def marks(self) -> dict[Any, int]:
        """A number for each value that marks tell apart."""
        return {value: index for index, value in enumerate(self.results.values(self.mark))} if self.mark else {}

    def mark_of(self, row: Row) -> int:
        """The number of a point's mark."""
        return self.marks[row.get(self.mark)] if self.mark else 0

    def lines(self, rows: Iterable[Row], number: str, figure: str) -> list[list[Row]]:
        """Points of equal other settings over a setting, in its order."""
        others = [name for name in self.results.settings if name != number]
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            if figure in row:
                groups.setdefault(tuple(row.get(name) for name in others), []).append(row)
        return [sorted(line, key=lambda row: row[number]) for line in groups.values()]


def _ordered(names: Sequence[str], first: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def _between(place: float) -> str:
    """The colour at a place from 0 to 1 of the ramp."""
    low = min(int(place * (len(_RAMP) - 1)), len(_RAMP) - 2)
    part = place * (len(_RAMP) - 1) - low
    one, other = (bytes.fromhex(colour[1:]) for colour in _RAMP[low:low + 2])
    return "#" + bytes(round(a + part * (b - a)) for a, b in zip(one, other, strict=True)).hex()


@dataclass(frozen=True)
class Scale:
    """An axis: linear or logarithmic, with a place at its edge for what is infinite, or zero on a logarithmic one.

    Parameters
    ----------
    name : str
        The figure or the setting.
    log : bool
        Whether it is logarithmic.
    low, high : float
        The places for zero and infinity.
    edges : tuple of str
        What lies there.
    whole : bool
        Whether all values are whole numbers.
    """

    name: str
    log: bool
    low: float
    high: float
    edges: tuple[str, ...]
    whole: bool

    @classmethod
    def of(cls, name: str, rows: Iterable[Mapping[str, Any]], *, log: bool | None = None) -> "Scale":
        """The scale for the values of some rows; where `log` is not given, it follows from them."""
        values = [row[name] for row in rows if name in row]
        finite = [value for value in values if math.isfinite(value)]
        positive = [value for value in finite if value > 0]
        usual = name in FIGURES and bool(positive) and min(finite) >= 0 and max(positive) >= _LOG_FROM * min(positive)
        chosen = usual if log is None else log
        drawn = (positive if chosen else finite) or [1.0]
        least, most = min(drawn), max(drawn)
        margin = (most / least) ** 0.1 * 1.5 if chosen else 0.1 * (most - least) or 1.0
        low, high = (least / margin, most * margin) if chosen else (least - margin, most + margin)
        edges = [text for text, at_edge in (("0", chosen and any(value <= 0 for value in values)),
                                            ("\u221e", math.inf in values)) if at_edge]
        whole = all(isinstance(value, int) for value in values)
        return cls(name, chosen, low, high, tuple(edges), whole)

    def place(self, value: float) -> float:
        """Where a value lies."""
        if value == math.inf:
            return self.high
        return self.low if self.log and value <= 0 else value

    @property
    def text(self) -> str:
        """What stands beside the axis."""
        return axis_text(self.name) + "".join(f" ({edge} at the edge)" for edge in self.edges)


def staircase(rows: Sequence[Row], x: str, y: str) -> list[tuple[float, float]]:
    """The corners of the Pareto front: what one can have for each cost, from left to right."""
    best = sorted((row[x], row[y]) for row in cost_front(rows, x, y))
    corners = best[:1]
    for (left, before), (right, after) in itertools.pairwise(best):
        corners += [(left, after) if x in MORE_IS_BETTER else (right, before), (right, after)]
    return corners

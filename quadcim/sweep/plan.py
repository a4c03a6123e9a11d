"""The sweep file: TOML that says which points are measured, and what of them."""

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.conditions import holds, names_in
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.measurements import MEASUREMENTS, check_measurements, check_settings
from quadcim.sweep.objectives import Objectives
from quadcim.sweep.points import Point

__all__ = ["SweepPlan"]

_KEYS = ("kind", "measure", "where", "fixed", "grid", "points", "search")
_SEARCH = ("points", "minimise", "maximise", "seed")
_MOST = 1_000_000
_RANGE = re.compile(r"(\d{1,6})\.\.(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Search:
    """A search of the grid.

    Parameters
    ----------
    points : int
        How many points to measure.
    objectives : Objectives
        What is sought.
    axes : dict of str to tuple
        The settings that are searched, and their values.
    seed : int
        Of the search.
    """

    points: int
    objectives: Objectives
    axes: Mapping[str, tuple[Any, ...]]
    seed: int = 0


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep does.

    Parameters
    ----------
    points : tuple of Point
        Each once.
    measure : tuple of str
        Names in `quadcim.sweep.measurements.MEASUREMENTS`.
    search : Search, optional
        Measure only some of the points: those that a search for the Pareto front asks for.
    """

    points: tuple[Point, ...]
    measure: tuple[str, ...]
    search: "Search | None" = None

    @classmethod
    def load(cls, path: Path) -> "SweepPlan":
        """Read a sweep file and check all of it: every point is built as a specification.

        ::

            kind = "activation"                    # or "cim", "inr", "cnn"
            measure = ["error", "lut", "gates", "delay"]
            where = ["stages <= 4 or width > 8"]   # all have to hold

            [fixed]                                # for every point
            technology = "fpga"

            [grid]                                 # every combination; "1..6" is a range
            function = ["quad", "sine"]
            width = [8, 12, 16]
            stages = "1..6"

            [[points]]                             # further ones
            function = "tanh"
            width = 12
            stages = 2

            [search]                               # not the whole grid, but its Pareto front
            points = 40
            minimise = ["max_error", "lut"]
            maximise = ["clock_mhz"]

        Raises
        ------
        IllegalSetting
            If the file cannot be read, or anything in it is illegal.
        """
        given = _read(path)
        kind, measure = given.get("kind", "activation"), given.get("measure", [])
        names, where = find_kind(kind).settings, _strings("where", given.get("where", []))
        check_measurements(_strings("measure", measure), kind)
        for condition in where:
            for name in names_in(condition):
                _known("where", name, names)
        points = [Point(kind, settings) for settings in (*_grid(given, names), *_further(given, names))]
        unique = {point.digest: point for point in points
                  if all(holds(condition, point.all_settings) for condition in where)}
        if not unique:
            raise IllegalSetting("sweep", "a file with at least one point", str(path))
        check_settings(measure, [point.settings for point in unique.values()])
        return cls(tuple(unique.values()), tuple(measure), _search(given, names, measure))

    @property
    def seconds(self) -> float:
        """An estimate of the work, on one worker."""
        return self.count * self.seconds_each

    @property
    def seconds_each(self) -> float:
        """An estimate of the work for a point."""
        return sum(MEASUREMENTS[name].seconds for name in self.measure)

    @property
    def count(self) -> int:
        """How many points are to be measured."""
        return min(self.search.points, len(self.points)) if self.search else len(self.points)


def _read(path: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IllegalSetting("sweep", f"a TOML file that can be read ({error.strerror})", str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise IllegalSetting("sweep", f"a TOML file ({error})", str(path)) from None
    for key in given:
        _known("sweep", key, _KEYS)
    return given


def _known(option: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise IllegalSetting(option, "of " + ", ".join(names), name)


def _strings(option: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise IllegalSetting(option, "a list of strings", value)
    return value


def _table(given: Mapping[str, Any], key: str, names: tuple[str, ...]) -> dict[str, Any]:
    table = given.get(key, {})
    if not isinstance(table, dict):
        raise IllegalSetting(key, "a table", table)
    for name in table:
        _known(key, name, names)
    return table


def _grid(given: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    grid = {name: _values(name, value) for name, value in _table(given, "grid", names).items()}
    fixed = _table(given, "fixed", names)
    if grid:
        for combination in itertools.product(*grid.values()):
            yield {**fixed, **dict(zip(grid, combination, strict=True))}


def _search(given: Mapping[str, Any], names: tuple[str, ...], measure: list[str]) -> Search | None:
    """The search that is asked for."""
    if "search" not in given:
        return None
    table, axes = _table(given, "search", _SEARCH), _table(given, "grid", names)
    points, seed = table.get("points"), table.get("seed", 0)
    for name, value, low in (("points", points, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= _MOST:
            raise IllegalSetting(f"search.{name}", f"a whole number from {low} to {_MOST}", value)
    objectives = Objectives(tuple(_strings("search.minimise", table.get("minimise", []))),
                            tuple(_strings("search.maximise", table.get("maximise", []))))
    objectives.check([name for each in measure for name in MEASUREMENTS[each].columns])
    if not axes or "points" in given:
        raise IllegalSetting("search", "with a grid to search, and without further points",
                             "points" if "points" in given else "no grid")
    assert isinstance(points, int)
    return Search(points, objectives, {name: tuple(_values(name, value)) for name, value in axes.items()}, seed)


def _further(given: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    fixed, points = _table(given, "fixed", names), given.get("points", [])
    if not isinstance(points, list):
        raise IllegalSetting("points", "a list of tables, [[points]]", points)
    for index in range(len(points)):
        yield {**fixed, **_table({"points": points[index]}, "points", names)}


def _values(name: str, value: Any) -> list[Any]:
    if isinstance(value, list) and value:
        return value
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)) and int(match[1]) <= int(match[2]):
        return list(range(int(match[1]), int(match[2]) + 1))
    raise IllegalSetting(f"grid.{name}", 'a list of values, or a range such as "1..6"', value)

"""The sweep file: TOML that says which points are measured, and what of them."""

import itertools
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.cores.settings import WORD, SettingType
from quadcim.spec.errors import IllegalSetting, check_whole
from quadcim.sweep.conditions import Condition
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.measurements import MEASUREMENTS, check_measurements, check_settings
from quadcim.sweep.objectives import Objectives
from quadcim.sweep.points import Point
from quadcim.text_files import read_text

__all__ = ["SweepPlan"]

_KEYS = ("kind", "measure", "where", "fixed", "grid", "points", "search")
_SEARCH = ("points", "minimise", "maximise", "seed")
_MOST, _MOST_LETTERS = 1_000_000, 1_000_000
_MOST_DOTS = 50
"""In a key: Python's reader of TOML takes time and memory quadratic in their number."""
Types = Mapping[str, SettingType]
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

            kind = "activation"                    # or "cim", "inr-engine", "inr", "cnn"
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
        kind, measure = _string("kind", given.get("kind", "activation")), given.get("measure", [])
        types, where = find_kind(kind).settings, [*map(Condition, _strings("where", given.get("where", [])))]
        check_measurements(_strings("measure", measure), kind)
        for condition in where:
            for name in condition.names:
                _known("where", name, types)
        points = (Point(kind, settings) for settings in (*_grid(given, types), *_further(given, types)))
        wanted = [point for point in points if all(condition.holds(point.all_settings) for condition in where)]
        unique = {point.digest: point for point in wanted}
        if not unique:
            raise IllegalSetting("sweep", "a file with at least one point", str(path))
        check_settings(measure, [point.settings for point in unique.values()])
        return cls(tuple(unique.values()), tuple(measure), _search(given, types, measure))

    @property
    def count(self) -> int:
        """How many points are to be measured."""
        return min(self.search.points, len(self.points)) if self.search else len(self.points)


def _read(path: Path) -> dict[str, Any]:
    legal = f"a TOML file of at most {_MOST_LETTERS} letters"
    text = read_text(path, option="sweep", legal=legal)
    if len(text) > _MOST_LETTERS:
        raise IllegalSetting("sweep", legal, f"{path} of {len(text)}")
    if any(part.count(".") > _MOST_DOTS for part in re.split(r"[][,={}\n]", text)):
        raise IllegalSetting("sweep", f"a TOML file of keys with at most {_MOST_DOTS} dots", str(path))
    try:
        given = tomllib.loads(text)
    except RecursionError:
        raise IllegalSetting("sweep", "a TOML file of few levels", str(path)) from None
    except ValueError as error:  # no TOML, or a number of thousands of digits
        raise IllegalSetting("sweep", f"a TOML file ({error})", str(path)) from None
    for key in given:
        _known("sweep", key, _KEYS)
    return given


def _known(option: str, name: str, names: Iterable[str]) -> None:
    if name not in names:
        raise IllegalSetting(option, "of " + ", ".join(names), name)


def _string(option: str, value: Any) -> str:
    WORD.check(option, value)
    return value


def _strings(option: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise IllegalSetting(option, "a list of strings", value)
    return value


def _table(given: Mapping[str, Any], key: str, names: Iterable[str]) -> dict[str, Any]:
    table = given.get(key, {})
    if not isinstance(table, dict):
        raise IllegalSetting(key, "a table", table)
    for name in table:
        _known(key, name, names)
    return table


def _typed(given: Mapping[str, Any], key: str, types: Types) -> dict[str, Any]:
    """A table of settings, each of its type."""
    table = _table(given, key, types)
    for name, value in table.items():
        types[name].check(f"{key}.{name}", value)
    return table


def _axes(given: Mapping[str, Any], types: Types) -> dict[str, Sequence[Any]]:
    """The values of each setting of the grid."""
    axes = {name: _values(name, value, types[name]) for name, value in _table(given, "grid", types).items()}
    count = math.prod(map(len, axes.values()))
    if count > _MOST:
        raise IllegalSetting("grid", f"of at most {_MOST} points", count)
    return axes


def _grid(given: Mapping[str, Any], types: Types) -> Iterator[dict[str, Any]]:
    """The points of the grid; what is fixed is one, unless there are others."""
    axes, fixed = _axes(given, types), _typed(given, "fixed", types)
    if axes or (fixed and "points" not in given):
        for combination in itertools.product(*axes.values()):
            yield {**fixed, **dict(zip(axes, combination, strict=True))}


def _search(given: Mapping[str, Any], types: Types, measure: list[str]) -> Search | None:
    """The search that is asked for."""
    if "search" not in given:
        return None
    table, axes = _table(given, "search", _SEARCH), _axes(given, types)
    points, seed = table.get("points"), table.get("seed", 0)
    for name, value, low in (("points", points, 1), ("seed", seed, 0)):
        check_whole(f"search.{name}", value, low, _MOST)
    objectives = Objectives(tuple(_strings("search.minimise", table.get("minimise", []))),
                            tuple(_strings("search.maximise", table.get("maximise", []))))
    objectives.check([name for each in measure for name in MEASUREMENTS[each].columns])
    if not axes or "points" in given:
        raise IllegalSetting("search", "with a grid to search, and without further points",
                             "points" if "points" in given else "no grid")
    assert isinstance(points, int)
    return Search(points, objectives, {name: tuple(values) for name, values in axes.items()}, seed)


def _further(given: Mapping[str, Any], types: Types) -> Iterator[dict[str, Any]]:
    fixed, points = _typed(given, "fixed", types), given.get("points", [])
    if not isinstance(points, list):
        raise IllegalSetting("points", "a list of tables, [[points]]", points)
    for point in points:
        yield {**fixed, **_typed({"points": point}, "points", types)}


def _values(name: str, value: Any, setting: SettingType) -> Sequence[Any]:
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)) and int(match[1]) <= int(match[2]):
        value = range(int(match[1]), int(match[2]) + 1)
    if not isinstance(value, list | range) or not value:
        raise IllegalSetting(f"grid.{name}", 'a list of values, or a range such as "1..6" (rising, to 999999)', value)
    for entry in value[:1] if isinstance(value, range) else value:
        setting.check(f"grid.{name}", entry)
    return value

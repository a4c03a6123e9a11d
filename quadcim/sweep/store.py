"""Results of sweeps in one SQLite file, to be queried with SQL."""

import csv
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from quadcim import __version__
from quadcim.files import output_file
from quadcim.sim.tools import ToolError
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.measurements import FIGURES, MEASUREMENTS, Measured
from quadcim.sweep.points import Point

__all__ = ["Store", "check_export", "tool_versions"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS points (
  digest TEXT PRIMARY KEY, kind TEXT NOT NULL, settings TEXT NOT NULL, spec TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS measured (
  digest TEXT NOT NULL REFERENCES points, measurement TEXT NOT NULL, tools TEXT NOT NULL, error TEXT,
  seconds REAL NOT NULL, finished REAL NOT NULL, PRIMARY KEY (digest, measurement, tools));
CREATE TABLE IF NOT EXISTS figures (
  digest TEXT NOT NULL REFERENCES points, tools TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (digest, tools, name));
"""
_VERSION, _PATIENCE_S = 1, 60


@cache
def tool_versions(measurement: str) -> str:
    """What results of a measurement depend on beside the point."""
    packages = {name: version(name) for name in ("amaranth", "pyosys", "torch")}
    tools = {"quadcim": __version__, **packages, **MEASUREMENTS[measurement].tools()}
    return ", ".join(f"{name} {release}" for name, release in tools.items())


def _all_versions() -> tuple[str, ...]:
    """What results of today's tools carry, one way or another."""
    return tuple(dict.fromkeys(map(tool_versions, MEASUREMENTS)))


class Store:
    """A database of results. Several processes may use one file at once.

    Parameters
    ----------
    path : Path
        The file; made if it does not exist.
    create : bool
        Whether it may be made.

    Raises
    ------
    IllegalSetting
        If the file is no such database.
    """

    def __init__(self, path: Path, *, create: bool = True):
        self.path, legal = path, "a database of quadcim sweep"
        if not create and not path.is_file():
            raise IllegalSetting("db", f"{legal} that exists", str(path))
        try:
            # Autocommit: a transaction is begun where it is meant.
            self._connection = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
            found = self._connection.execute("PRAGMA user_version").fetchone()[0]
            tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if found != _VERSION and (found or tables):
                raise IllegalSetting("db", f"{legal}, version {_VERSION}", f"{path}, which is something else")
            # A write-ahead log: readers and writers do not wait for each other, and a kill loses no finished row.
            self._connection.execute("PRAGMA journal_mode = WAL")
            # Written to the disk when the log is folded in, not at each row: only a power cut can lose rows.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        except sqlite3.Error as error:
            raise IllegalSetting("db", legal, f"{path} ({error})") from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def missing(self, points: Iterable[Point], measure: Sequence[str]) -> Iterator[tuple[Point, list[str]]]:
        """The points with measurements that these tools have not made yet; errors count as made."""
        cursor, wanted = self._connection.cursor(), [(name, tool_versions(name)) for name in measure]
        with closing(cursor):
            for point in points:
                rows = cursor.execute("SELECT measurement, tools FROM measured WHERE digest = ?",
                                      (point.digest,)).fetchall()
                names = [name for name, tools in wanted if (name, tools) not in rows]
                if names:
                    yield point, names

    def add(self, point: Point, results: Mapping[str, Measured]) -> None:
        """Record what was measured of a point, whole or not at all."""
        digest, now = point.digest, time.time()
        with self._transaction() as cursor:
            cursor.execute("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?)", (
                digest, point.kind, json.dumps(dict(point.settings)), json.dumps(point.spec.to_json())))
            for name, result in results.items():
                tools = tool_versions(name)
                cursor.execute("INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?, ?, ?)",
                               (digest, name, tools, result.error, result.seconds, now))
                cursor.executemany("INSERT OR REPLACE INTO figures VALUES (?, ?, ?, ?)",
                                   [(digest, tools, *figure) for figure in result.figures.items()])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):  # a full disk, or a lock that is held for long
                raise ToolError(f"{self.path}: {error}; what was measured before is kept") from None
            raise

    def forget_errors(self) -> int:
        """Make failed measurements missing again; how many there were."""
        with self._transaction() as cursor:
            return cursor.execute("DELETE FROM measured WHERE error IS NOT NULL").rowcount

    def rows(self) -> list[dict[str, Any]]:
        """A row for each point measured with these tools: kind, settings, figures, and errors by measurement."""
        tools, rows = _all_versions(), {}
        among = f"tools IN ({', '.join('?' * len(tools))})"
        query = f"""SELECT points.digest, kind, settings FROM points
                    WHERE digest IN (SELECT digest FROM measured WHERE {among}) ORDER BY points.rowid"""
        for digest, kind, settings in self._connection.execute(query, tools):
            rows[digest] = {"digest": digest, "kind": kind, **json.loads(settings)}
        for digest, name, value in self._connection.execute(
                f"SELECT digest, name, value FROM figures WHERE {among}", tools):
            rows[digest][name] = int(value) if value == int(value) else value
        for digest, name, error in self._connection.execute(
                f"SELECT digest, measurement, error FROM measured WHERE {among} AND error IS NOT NULL", tools):
            rows[digest].setdefault("errors", {})[name] = error
        return list(rows.values())

    def seconds(self) -> float:
        """The time that all measurements took."""
        return self._connection.execute("SELECT total(seconds) FROM measured").fetchone()[0]

    def export(self, path: Path) -> None:
        """Write `rows` as CSV or Parquet, by the ending of `path`; an older file stays until the new one is whole."""
        rows = self.rows()
        for row in rows:
            row["errors"] = "; ".join(f"{name}: {error}" for name, error in row.get("errors", {}).items()) or None
        names = sorted(dict.fromkeys(name for row in rows for name in row),
                       key=lambda name: (name == "errors", name in FIGURES))
        with output_file(path) as scratch:
            (_write_parquet if path.suffix == ".parquet" else _write_csv)(rows, names, scratch)


def check_export(path: Path) -> None:
    """Refuse a file that `Store.export` does not know how to write."""
    if path.suffix not in (".csv", ".parquet"):
        raise IllegalSetting("export", "a file that ends in .csv or .parquet", str(path))


def _write_csv(rows: list[dict[str, Any]], names: list[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(rows: list[dict[str, Any]], names: list[str], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: [row.get(name) for row in rows] for name in names}
    parquet.write_table(pa.table({name: pa.array(_one_type(values)) for name, values in columns.items()}), path)


def _one_type(values: list[Any]) -> list[Any]:
    """Values of one column: whole numbers beside others become numbers, and numbers beside words words."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or len(kinds) == 1:
        return [float(value) if isinstance(value, int) and float in kinds else value for value in values]
    return [None if value is None else str(value) for value in values]

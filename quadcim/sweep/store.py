"""Results of sweeps in one SQLite file, to be queried with SQL."""

import csv
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from quadcim import __version__
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.measurements import MEASUREMENTS, Measured
from quadcim.sweep.points import Point

__all__ = ["Store", "tool_versions"]

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


def tool_versions() -> str:
    """What results depend on beside the point."""
    return ", ".join([f"quadcim {__version__}", *(f"{name} {version(name)}" for name in ("amaranth", "pyosys"))])


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
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        except sqlite3.Error as error:
            raise IllegalSetting("db", legal, f"{path} ({error})") from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def missing(self, points: Iterable[Point], measure: Sequence[str]) -> Iterator[tuple[Point, list[str]]]:
        """The points with measurements that these tools have not made yet; errors count as made."""
        tools, cursor = tool_versions(), self._connection.cursor()
        with closing(cursor):
            for point in points:
                rows = cursor.execute("SELECT measurement FROM measured WHERE digest = ? AND tools = ?",
                                      (point.digest, tools)).fetchall()
                names = [name for name in measure if (name,) not in rows]
                if names:
                    yield point, names

    def add(self, point: Point, results: Mapping[str, Measured]) -> None:
        """Record what was measured of a point, whole or not at all."""
        tools, digest, now = tool_versions(), point.digest, time.time()
        with self._transaction() as cursor:
            cursor.execute("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?)", (
                digest, point.kind, json.dumps(dict(point.settings)), json.dumps(point.spec.to_json())))
            for name, result in results.items():
                cursor.execute("INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?, ?, ?)",
                               (digest, name, tools, result.error, result.seconds, now))
                cursor.executemany("INSERT OR REPLACE INTO figures VALUES (?, ?, ?, ?)",
                                   [(digest, tools, *figure) for figure in result.figures.items()])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")

    def forget_errors(self) -> int:
        """Make failed measurements missing again; how many there were."""
        with self._transaction() as cursor:
            return cursor.execute("DELETE FROM measured WHERE error IS NOT NULL").rowcount

    def rows(self) -> list[dict[str, Any]]:
        """A row for each point measured with these tools: kind, settings, figures, and errors by measurement."""
        tools, rows = tool_versions(), {}
        query = """SELECT points.digest, kind, settings FROM points
                   WHERE digest IN (SELECT digest FROM measured WHERE tools = ?) ORDER BY points.rowid"""
        for digest, kind, settings in self._connection.execute(query, (tools,)):
            rows[digest] = {"digest": digest, "kind": kind, **json.loads(settings)}
        for digest, name, value in self._connection.execute(
                "SELECT digest, name, value FROM figures WHERE tools = ?", (tools,)):
            rows[digest][name] = int(value) if value == int(value) else value
        for digest, name, error in self._connection.execute(
                "SELECT digest, measurement, error FROM measured WHERE tools = ? AND error IS NOT NULL", (tools,)):
            rows[digest].setdefault("errors", {})[name] = error
        return list(rows.values())

    def seconds(self) -> float:
        """The time that all measurements took."""
        return self._connection.execute("SELECT total(seconds) FROM measured").fetchone()[0]

    def export_csv(self, path: Path) -> None:
        """Write `rows` as CSV; a temporary file takes the place of `path` when it is whole."""
        rows = self.rows()
        names = list(dict.fromkeys(name for row in rows for name in row))
        figures = [name for measurement in MEASUREMENTS.values() for name in measurement.columns]
        names.sort(key=lambda name: (name == "errors", name in figures))
        scratch = path.with_name(f".{path.name}.part")
        with scratch.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        scratch.replace(path)

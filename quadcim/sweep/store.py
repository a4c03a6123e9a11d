"""Results of sweeps in one SQLite file, to be queried with SQL."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from quadcim.sim.tools import ToolError
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.database import DATABASE, UNREADABLE, VERSION, check_database, found_rows, is_empty
from quadcim.sweep.measurements import Measured
from quadcim.sweep.points import Point
from quadcim.sweep.versions import tool_versions

__all__ = ["Store"]

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
_PATIENCE_S = 60


class Store:
    """A database of results. Several processes may use one file at once.

    Parameters
    ----------
    path : Path
        The file; made if it does not exist.

    Raises
    ------
    IllegalSetting
        If the file is no such database.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            # Autocommit: a transaction is begun where it is meant.
            self._connection = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
            if not is_empty(self._connection):  # nothing is written to what is not ours
                check_database(self._connection, path)
            # A write-ahead log: readers and writers do not wait for each other, and a kill loses no finished row.
            self._connection.execute("PRAGMA journal_mode = WAL")
            # Written to the disk when the log is folded in, not at each row: only a power cut can lose rows.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        except UNREADABLE as error:
            raise IllegalSetting("db", DATABASE, f"{path} ({error})") from None

    def close(self) -> None:
        """Close the file; without a log beside it, unless another sweep still uses that."""
        with suppress(sqlite3.Error):
            self._connection.executescript("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE;")
        self._connection.close()

    def missing(self, points: Iterable[Point], measure: Sequence[str]) -> Iterator[tuple[Point, list[str]]]:
        """The points with measurements that these tools have not made yet; errors count as made."""
        wanted = [(name, tool_versions(name)) for name in measure]
        for point in points:
            rows = self._connection.execute("SELECT measurement, tools FROM measured WHERE digest = ?",
                                            (point.digest,)).fetchall()
            names = [name for name, tools in wanted if (name, tools) not in rows]
            if names:
                yield point, names

    def add(self, point: Point, results: Mapping[str, Measured]) -> None:
        """Record what was measured of a point, whole or not at all."""
        digest, now = point.digest, time.time()
        with self._transaction() as cursor:
            cursor.execute("INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?)", (
                digest, point.kind, json.dumps(dict(point.settings)), json.dumps(point.to_json())))
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
        return found_rows(self._connection, self.path)

    def seconds(self) -> float:
        """The time that all measurements took."""
        return self._connection.execute("SELECT total(seconds) FROM measured").fetchone()[0]

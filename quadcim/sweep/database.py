"""The database of results as its readers see it: whether a file is one, and what it says. Nothing here writes."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.kinds import kinds
from quadcim.sweep.points import Point
from quadcim.sweep.versions import all_versions

__all__ = ["DATABASE", "UNREADABLE", "VERSION", "check_database", "found_rows", "is_empty", "read_history",
           "read_rows"]

VERSION = 1
"""Of the tables, as ``PRAGMA user_version`` says it."""
DATABASE = "a database of quadcim sweep"
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises for a damaged file; the latter where what it says of it is no text."""
_COLUMNS = {"points": "digest kind settings spec", "measured": "digest measurement tools error seconds finished",
            "figures": "digest tools name value"}
_LARGEST, _REMEMBERED = 2**53, 500


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether a database has nothing in it yet."""
    version, tables = _one(connection, "PRAGMA user_version"), _one(connection, "SELECT count(*) FROM sqlite_master")
    return not version and not tables


def check_database(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is none of ours, or of another version."""
    version = _one(connection, "PRAGMA user_version")
    columns = {table: " ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
               for table in _COLUMNS}
    if version != VERSION or columns != _COLUMNS:
        raise IllegalSetting("db", f"{DATABASE}, version {VERSION}", f"{path}, which is something else")


def _one(connection: sqlite3.Connection, query: str) -> int:
    return connection.execute(query).fetchone()[0]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """What `found_rows` gives, of a file that is left as it is; what a running sweep has found so far is there too.

    Raises
    ------
    IllegalSetting
        If the file is no such database, or damaged.
    """
    with _reading(path) as connection:
        return found_rows(connection, path)


def read_history(path: Path) -> list[tuple[Point, str, float]]:
    """The latest measurements with today's tools: the point, which one, and what it took, in seconds.

    Raises
    ------
    IllegalSetting
        As `read_rows` does.
    """
    tools, history = all_versions(), []
    with _reading(path) as connection:
        rows = connection.execute(f"""SELECT kind, settings, measurement, seconds
            FROM measured JOIN points USING (digest) WHERE error IS NULL AND tools IN ({', '.join('?' * len(tools))})
            ORDER BY finished DESC LIMIT {_REMEMBERED}""", tools).fetchall()
    for kind, settings, name, seconds in rows:
        with suppress(IllegalSetting, KeyError, TypeError, ValueError):  # a picture that is gone, or damage
            point = Point(kind, _settings(kind, settings))
            _ = point.spec
            history.append((point, name, float(seconds)))
    return history


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise IllegalSetting("db", f"{DATABASE} that exists", str(path))
    try:
        with closing(_connect(path)) as connection:
            check_database(connection, path)
            yield connection
    except UNREADABLE as error:
        raise IllegalSetting("db", DATABASE, f"{path} ({error})") from None


def _connect(path: Path) -> sqlite3.Connection:
    """Open for reading. Where nobody can write, a log cannot be followed, and need not be if there is none."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True)
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if os.access(path.absolute().parent, os.W_OK) or (log.exists() and log.stat().st_size):
            raise
        connection = sqlite3.connect(f"{uri}&immutable=1", uri=True)
    return connection


def found_rows(connection: sqlite3.Connection, path: Path) -> list[dict[str, Any]]:
    """A row for each point measured with today's tools: kind, settings, figures, and errors by measurement.

    Raises
    ------
    IllegalSetting
        If what the tables hold is damaged.
    """
    try:
        return list(_rows(connection).values())
    except (KeyError, TypeError, ValueError, RecursionError):
        raise IllegalSetting("db", DATABASE, f"{path}, which is damaged") from None


def _rows(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    tools = all_versions()
    among = f"tools IN ({', '.join('?' * len(tools))})"
    # One transaction: all that is read is of one moment.
    connection.execute("BEGIN")
    try:
        rows = {digest: {"digest": str(digest), "kind": kind, **_settings(kind, settings)}
                for digest, kind, settings in connection.execute(f"""SELECT points.digest, kind, settings FROM points
                    WHERE digest IN (SELECT digest FROM measured WHERE {among}) ORDER BY points.rowid""", tools)}
        for digest, name, value in connection.execute(
                f"SELECT digest, name, value FROM figures WHERE {among}", tools):
            rows[digest][str(name)] = int(value) if float(value).is_integer() else float(value)
        for digest, name, error in connection.execute(
                f"SELECT digest, measurement, error FROM measured WHERE {among} AND error IS NOT NULL", tools):
            rows[digest].setdefault("errors", {})[str(name)] = str(error)
    finally:
        connection.execute("COMMIT")
    return rows


def _settings(kind: str, text: str) -> dict[str, Any]:
    """The settings of a point, which any program may have written."""
    settings = json.loads(text)
    for value in dict.values(settings):
        if not isinstance(value, str) and not abs(value) <= _LARGEST:
            raise ValueError(value)
    return {name: value for name, value in settings.items() if name in kinds()[kind].settings}

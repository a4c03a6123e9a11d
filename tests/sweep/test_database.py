"""Reports leave every file as it is, and say in one line what they cannot read."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.database import read_rows
from quadcim.sweep.measurements import Measured
from quadcim.sweep.points import Point
from quadcim.sweep.store import Store
from quadcim.sweep.versions import tool_versions


def add(store: Store, width: int) -> None:
    store.add(Point("activation", {"function": "quad", "width": width}),
              {"lut": Measured({"lut": 10 * width, "ff": width}, None, 0.1)})


@pytest.fixture
def database(tmp_path) -> Path:
    store = Store(tmp_path / "a.db")
    for width in (4, 6, 8):
        add(store, width)
    store.close()
    return tmp_path / "a.db"


def query(*lines: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for line in lines:
                connection.execute(line)
    return run


def foreign(*lines: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        path.unlink()
        query("CREATE TABLE mine (a)", *lines)(path)
    return run


def scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"x" * (len(content) - 4096)
    path.write_bytes(content)


DEEP = "[" * 9000 + "]" * 9000
WRONG: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no database, but some text that is long enough to be looked at"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "scribbled": scribble,
    "foreign": foreign(),
    "foreign, of our version": foreign("PRAGMA user_version = 1"),
    "another version": query("PRAGMA user_version = 9"),
    "a table too few": query("DROP TABLE figures"),
    "a column too many": query("ALTER TABLE points ADD COLUMN mine"),
    "settings that are no JSON": query("UPDATE points SET settings = '{'"),
    "settings that are deep": query(f"UPDATE points SET settings = '{DEEP}'"),
    "settings that are a list": query("UPDATE points SET settings = '[1]'"),
    "settings in settings": query("UPDATE points SET settings = '{\"width\": [1]}'"),
    "a setting without bounds": query("UPDATE points SET settings = '{\"width\": 1e999}'"),
    "a setting of many digits": query(f"UPDATE points SET settings = '{{\"width\": {'9' * 5000}}}'"),
    "another kind": query("UPDATE points SET kind = 'evil'"),
    "figures that are words": query("UPDATE figures SET value = 'many'"),
    "figures of nothing": query("DELETE FROM points", "DELETE FROM measured"),
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_what_is_none_of_ours_is_left_alone(spoil, database, capsys):
    spoil(database)
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    assert main(["report", str(database), "--out", str(database.with_name("a.html"))]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("quadcim: error: db must be a database of quadcim sweep")
    assert len(said.err.splitlines()) == 1 and len(said.err) < 400
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    assert [path.name for path in database.parent.iterdir()] == ["a.db"]


def test_a_sweep_writes_into_nothing_foreign(database):
    WRONG["foreign, of our version"](database)
    before = database.read_bytes()
    with pytest.raises(IllegalSetting, match="which is something else"):
        Store(database)
    assert database.read_bytes() == before


@pytest.mark.parametrize("read", [read_rows, Store])
def test_a_damaged_schema_that_is_no_text_is_refused(read, database):
    content, name = database.read_bytes(), b"tablemeasuredmeasured"
    assert name in content
    database.write_bytes(content.replace(name, b"tablemeasure\xf5measured"))
    with pytest.raises(IllegalSetting, match="db must be a database of quadcim sweep"):
        read(database)


def test_reading_changes_nothing_and_a_finished_sweep_is_one_file(database):
    before = database.read_bytes()
    assert [row["lut"] for row in read_rows(database)] == [40, 60, 80]
    assert database.read_bytes() == before and [path.name for path in database.parent.iterdir()] == ["a.db"]


def test_a_running_sweep_is_read(database):
    store = Store(database)
    try:
        before = database.read_bytes()
        add(store, 10)
        assert [row["lut"] for row in read_rows(database)] == [40, 60, 80, 100]
        assert database.read_bytes() == before  # the new row is in the log
    finally:
        store.close()


_AS_READ_ONLY = """mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -c "
import sys
from pathlib import Path
from quadcim.sweep.database import read_rows
print([row['lut'] for row in read_rows(Path(sys.argv[1], 'a.db'))])" "$1" """


def _mounted(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(["unshare", "-rm", "sh", "-c", _AS_READ_ONLY, "sh", folder, sys.executable],
                          capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare: apt-get install util-linux")
def test_a_read_only_medium(database):
    """As reports leave it, in the state in which older releases left it, and with a log that can't be followed."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounts are not allowed here")
    assert _mounted(database.parent).stdout == "[40, 60, 80]\n"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert _mounted(database.parent).stdout == "[40, 60, 80]\n"
    store = Store(database)
    add(store, 10)
    log, kept = (database.with_name(f"a.db-{name}") for name in ("wal", "kept"))
    kept.hardlink_to(log)
    store.close()
    kept.rename(log)
    failed = _mounted(database.parent)
    assert not failed.stdout and "db must be a database of quadcim sweep" in failed.stderr


def test_rows_of_other_releases_are_not_read(database, monkeypatch):
    tool_versions.cache_clear()
    monkeypatch.setattr("quadcim.sweep.versions.__version__", "another")
    assert read_rows(database) == []
    monkeypatch.undo()
    tool_versions.cache_clear()

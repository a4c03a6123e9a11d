import csv
import math
import shutil

import pytest
from pyarrow import parquet

from quadcim.cli import main
from quadcim.sim.tools import ToolError
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.export import check_export, export_rows
from quadcim.sweep.measurements import MEASUREMENTS, Measured
from quadcim.sweep.points import Point
from quadcim.sweep.results import cost_front
from quadcim.sweep.store import Store
from quadcim.sweep.versions import tool_versions


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "results.db")
    yield store
    store.close()


def point(width: int) -> Point:
    return Point("activation", {"function": "quad", "width": width, "stages": "auto" if width == 5 else 1})


def test_exports_agree(store, tmp_path):
    for width in (4, 6, 8):
        store.add(point(width), {"error": Measured({"max_error_ulp": 1 / width, "lut": width}, None, 0.1)})
    store.add(point(10), {"lut": Measured({}, "OSError: it broke", 0.1)})
    export_rows(store.rows(), tmp_path / "a.csv")
    export_rows(store.rows(), tmp_path / "a.parquet")
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    table = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["width"] for row in table] == [4, 6, 8, 10] and table[0]["max_error_ulp"] == 0.25
    assert table[3]["errors"] == rows[3]["errors"] == "lut: OSError: it broke" and table[3]["lut"] is None
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in table] == rows
    with pytest.raises(IllegalSetting, match=r"export must be a file that ends in .csv or .parquet"):
        check_export(tmp_path / "a.xls")


def test_the_best_is_infinite_and_not_missing(store, tmp_path):
    """A unit without error, and a picture reproduced exactly."""
    store.add(point(4), {"error": Measured({"max_error_ulp": 0.0, "right_bits": math.inf, "lut": 9}, None, 0.1)})
    store.add(point(6), {"error": Measured({"max_error_ulp": 0.5, "right_bits": 4.5, "lut": 7}, None, 0.1)})
    store.add(point(8), {"error": Measured({"max_error_ulp": 0.6, "right_bits": 4.0, "lut": 8}, None, 0.1)})
    rows = store.rows()
    assert [row["right_bits"] for row in rows] == [math.inf, 4.5, 4.0]
    for name in ("a.csv", "a.parquet"):
        export_rows(rows, tmp_path / name)
    assert next(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))["right_bits"] == "inf"
    assert parquet.read_table(tmp_path / "a.parquet").to_pylist()[0]["right_bits"] == math.inf
    assert [row["lut"] for row in cost_front(rows, "right_bits", "lut")] == [7, 9]
    assert [row["lut"] for row in cost_front(rows, "max_error_ulp", "lut")] == [9, 7]


def test_a_failed_export_leaves_nothing(store, tmp_path, monkeypatch):
    store.add(point(4), {"error": Measured({"max_error_ulp": 0.5}, None, 0.1)})
    export_rows(store.rows(), tmp_path / "a.csv")
    older, names = (tmp_path / "a.csv").read_text(), sorted(tmp_path.iterdir())
    monkeypatch.setattr("csv.DictWriter.writerows", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_rows(store.rows(), tmp_path / "a.csv", force=True)
    assert (tmp_path / "a.csv").read_text() == older and sorted(tmp_path.iterdir()) == names


def test_an_export_never_replaces_a_foreign_file(store, tmp_path):
    store.add(point(4), {"error": Measured({"max_error_ulp": 0.5}, None, 0.1)})
    for name in ("a.csv", "a.parquet"):
        (tmp_path / name).write_text("mine")
        for force in (False, True):
            with pytest.raises(IllegalSetting, match="export must be"):
                check_export(tmp_path / name, force=force)
            with pytest.raises(IllegalSetting, match="export must be"):
                export_rows(store.rows(), tmp_path / name, force=force)
        assert (tmp_path / name).read_text() == "mine"


def test_another_release_of_a_tool_makes_what_depends_on_it_missing(store, monkeypatch):
    store.add(point(4), {name: Measured({name: 1.0}, None, 0.1) for name in ("lut", "cells")})
    assert not list(store.missing([point(4)], ["lut", "cells"]))
    monkeypatch.setattr("quadcim.synth.tools.cell_tools", lambda: {"opensta": "another"})
    tool_versions.cache_clear()
    assert [names for _, names in store.missing([point(4)], ["lut", "cells"])] == [["cells"]]
    assert "lut" in store.rows()[0] and "cells" not in store.rows()[0]
    monkeypatch.undo()
    tool_versions.cache_clear()


def test_a_full_disk_is_said_and_loses_nothing(store):
    store.add(point(4), {"error": Measured({"max_error_ulp": 0.5}, None, 0.1)})
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ToolError, match=r"results.db: database or disk is full; what was measured before is kept"):
        for width in range(5, 32):
            store.add(Point("activation", {"function": "quad", "width": width}),
                      {name: Measured({f"{width} {name}": 0.5}, "x" * 900, 0.1) for name in MEASUREMENTS})
    assert store.rows()[0]["max_error_ulp"] == 0.5


def test_a_missing_tool_is_said_before_anything_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.toml").write_text('measure = ["exactness"]\n[grid]\nwidth = [4]\n')
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert main(["sweep", str(tmp_path / "a.toml")]) == 2
    assert capsys.readouterr().err == (
        "quadcim: error: CXX must be a C++17 compiler (apt-get install g++), got 'none on the path'\n")
    assert not (tmp_path / "a.db").exists()

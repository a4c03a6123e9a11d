"""Sweeps in processes, on a scheduler, interrupted, and two at once."""

import csv
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.database import read_rows
from quadcim.sweep.engine import _measure_all, run_sweep
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.store import Store

pytestmark = pytest.mark.shared_seeds

_FILE = """
measure = ["latency", "delay"]
[fixed]
technology = "fpga"
[grid]
function = ["quad"]
width = "4..9"
stages = [0, 1, 2, 3, 90]
"""


@pytest.fixture
def plan(tmp_path) -> SweepPlan:
    (tmp_path / "sweep.toml").write_text(_FILE)
    return SweepPlan.load(tmp_path / "sweep.toml")


def table(path: Path) -> list[dict]:
    return sorted(read_rows(path), key=lambda row: row["digest"])


def swept(plan: SweepPlan, path: Path, **settings):
    store = Store(path)
    try:
        return run_sweep(plan, store, **settings)
    finally:
        store.close()


def test_what_is_known_is_not_measured_again(plan, tmp_path):
    said = []
    first = swept(plan, tmp_path / "a.db", jobs=2, report=lambda _point, *done: said.append(done))
    assert (first.measured, first.kept, first.failed) == (30, 0, 0) and first.illegal > 0
    assert said == [(done, 30) for done in range(1, 31)]
    rows = table(tmp_path / "a.db")
    assert len(rows) == 30 and sum("errors" in row for row in rows) == first.illegal
    second = swept(plan, tmp_path / "a.db", jobs=2)
    assert (second.measured, second.kept) == (0, 30) and second.seconds < 5
    more = SweepPlan(plan.points, (*plan.measure, "error"))
    assert swept(more, tmp_path / "a.db", jobs=2).measured == 30
    assert all(("max_error_ulp" in row) != ("errors" in row) for row in table(tmp_path / "a.db"))


def test_another_cluster_on_the_usual_port_is_in_nobody_s_way(plan, tmp_path):
    with socket.create_server(("127.0.0.1", 8787)) if _free(8787) else nullcontext():
        assert swept(SweepPlan(plan.points[:3], plan.measure), tmp_path / "a.db").measured == 3


def _free(port: int) -> bool:
    """Whether nobody else has the port: then the test takes it."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_scheduler_gives_the_same_rows(plan, tmp_path):
    from distributed import LocalCluster

    swept(plan, tmp_path / "a.db", jobs=1)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        swept(plan, tmp_path / "b.db", scheduler=cluster.scheduler_address)  # pyright: ignore
    assert table(tmp_path / "a.db") == table(tmp_path / "b.db")


def test_no_scheduler_is_an_error(plan, tmp_path, monkeypatch):
    monkeypatch.setattr("quadcim.sweep.engine._CONNECT_S", 1)
    with pytest.raises(IllegalSetting, match="scheduler must be the address of a Dask scheduler that answers"):
        swept(plan, tmp_path / "a.db", scheduler="tcp://127.0.0.1:1")


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.long)])
def test_killed_sweeps_go_on(kills, plan, tmp_path, seed):
    draw = random.Random(seed)
    command = [sys.executable, "-m", "quadcim", "sweep", "sweep.toml", "--jobs", "2"]
    for _ in range(kills):
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        time.sleep(draw.uniform(1, 6))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    swept(plan, tmp_path / "whole.db", jobs=2)
    assert table(tmp_path / "sweep.db") == table(tmp_path / "whole.db")


def test_two_sweeps_on_one_file(plan, tmp_path):
    command = [sys.executable, "-m", "quadcim", "sweep", "sweep.toml", "--jobs", "1"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert len(table(tmp_path / "sweep.db")) == 30
    with sqlite3.connect(tmp_path / "sweep.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("sweep.toml").write_text(_FILE.replace('"4..9"', "[6]"))
    assert main(["sweep", "sweep.toml", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("5 points; about")
    assert main(["sweep", "sweep.toml", "--jobs", "1", "--export", "out.csv"]) == 0
    assert "5 points measured, 0 kept," in capsys.readouterr().out
    rows = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert len(rows) == 5 and {row["width"] for row in rows} == {"6"}
    assert main(["report", "sweep.db", "--out", "page.html"]) == 0
    assert Path("page.html").stat().st_size < 5_000_000
    assert main(["report", "sweep.db", "--out", "page.html"]) == 2
    assert main(["report", "nowhere.db", "--out", "other.html"]) == 2
    Path("text.db").write_text("no database, but some text that is long enough to be looked at")
    assert main(["sweep", "sweep.toml", "--db", "text.db"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert [line.split(" must be ")[0] for line in errors] == [
        "quadcim: error: --out", "quadcim: error: db", "quadcim: error: --db"]


def test_a_batch_that_dies_costs_only_the_point_that_killed_it(plan, tmp_path, monkeypatch):
    """Threads of this process are the workers, so that what they run can be replaced."""
    from distributed import LocalCluster

    def dies(points):
        if any(settings["width"] == 5 and settings["stages"] == 1 for _kind, settings, _names in points):
            raise MemoryError("killed")
        return _measure_all(points)

    monkeypatch.setattr("quadcim.sweep.engine._measure_all", dies)
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                      dashboard_address="127.0.0.1:0") as cluster:
        result = swept(plan, tmp_path / "a.db", scheduler=cluster.scheduler_address)  # pyright: ignore
    rows = table(tmp_path / "a.db")
    assert (result.measured, result.failed, len(rows)) == (30, 1, 30)
    (failed,) = [row for row in rows if "MemoryError: killed" in row.get("errors", {}).values()]
    assert (failed["width"], failed["stages"]) == (5, 1)

"""How long the sweep takes that people ask for, how much the engine adds to each point, and what workers bring."""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.report import Bar, Table, say
from quadcim.sweep.database import read_rows
from quadcim.sweep.engine import SweepResult, run_sweep
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.search import FrontSearch
from quadcim.sweep.store import Store

__all__ = ["measure"]

_MEMORY = """
import resource, sys
from quadcim.cli import main
code = main(["sweep", "huge.toml", "--jobs", "2"])
print("KiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""
_SEEDS = 5

_QUESTION = """
measure = ["error", "delay", "lut", "gates"]
[grid]
function = ["quad", "sine", "gaussian"]
width = [6, 8, 10, 12, 14, 16]
stages = "1..6"
"""
_SCALING = """
measure = ["lut", "gates"]
[grid]
function = ["quad", "sine"]
width = [12, 14, 16]
stages = "2..5"
"""
_MANY = """
kind = "cim"
measure = ["delay"]
[grid]
rows = "1..40"
columns = "1..5"
activation_bits = [1, 2, 4]
signed = [false, true]
stages = [1, 2]
"""
_HUGE = """
kind = "cim"
measure = ["latency"]
[grid]
rows = "1..320"
columns = "1..40"
activation_bits = [1, 2]
signed = [false, true]
encoding = ["unipolar", "bipolar"]
stages = [1]
"""
_SEARCH = """
measure = ["error", "delay", "latency"]
[grid]
function = ["quad"]
width = "4..15"
stages = "0..5"
rounding = ["nearest", "faithful"]
technology = ["generic", "fpga", "cells"]
[search]
points = 40
minimise = ["max_error", "delay_ps", "register_bits"]
"""


def measure() -> Table:
    """The sweep of depth and width on two processes, and one of many small points."""
    processors = len(os.sched_getaffinity(0))
    table = Table("Sweeps", f"Processes of this machine, {processors} processors; the starting of the processes is "
                  "part of each figure. Overhead: what a point takes beside its measurements, on one process.",
                  ("what", "processes", "points", "time, s"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _question(table, folder)
        _scaling(table, folder)
        _overhead(table, folder)
        _huge(table, folder)
        _search(table, folder)
    return table


def _question(table: Table, folder: Path) -> None:
    """The sweep that people ask for, twice."""
    plan = _plan(folder, _QUESTION)
    say(f"sweep: {len(plan.points)} points")
    result = _sweep(plan, folder / "question.db", 2)
    table.add(f"phi, sine, Gaussian, 6 to 16 bits, 1 to 6 stages ({result.illegal} points illegal)", 2,
              result.measured, f"{result.seconds:.0f}", bars=(Bar(result.seconds, "<", 1200, "s"),))
    again = _sweep(plan, folder / "question.db", 2)
    table.add("the same once more", 2, again.measured, f"{again.seconds:.1f}",
              bars=(Bar(again.seconds, "<", 10, "s"), Bar(again.measured, "<=", 0, "measured again")))


def _scaling(table: Table, folder: Path) -> None:
    """The same points on one process and on two, in turn, so that other load meets both."""
    plan, seconds = _plan(folder, _SCALING), {1: 0.0, 2: 0.0}
    for turn, jobs in enumerate((1, 2, 2, 1)):
        say(f"sweep: {len(plan.points)} points on {jobs}")
        seconds[jobs] += _sweep(plan, folder / f"scaling{turn}.db", jobs).seconds / 2
    gain = seconds[1] / seconds[2]
    table.add("phi, sine: LUT and gates", 1, len(plan.points), f"{seconds[1]:.1f}")
    table.add("the same", 2, len(plan.points), f"{seconds[2]:.1f}, {gain:.2f} times as fast",
              bars=(Bar(gain, ">=", 1.8, "times"),))


def _overhead(table: Table, folder: Path) -> None:
    """What a point takes beside its measurements."""
    plan = _plan(folder, _MANY)
    say(f"sweep: {len(plan.points)} small points")
    start = time.perf_counter()
    one = _sweep(plan, folder / "one.db", 1)
    overhead_ms = 1e3 * (time.perf_counter() - start - _worked(folder / "one.db")) / one.measured
    table.add("small points", 1, one.measured, f"{one.seconds:.1f}, of it {overhead_ms:.1f} ms a point overhead",
              bars=(Bar(overhead_ms, "<", 50, "ms"),))


def _huge(table: Table, folder: Path) -> None:
    """Many points by the command line, and the most memory that it takes, without its workers'."""
    (folder / "huge.toml").write_text(_HUGE)
    say("sweep: 102,400 small points by the command line")
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", _MEMORY], cwd=folder, capture_output=True, text=True, check=True)
    memory_mb = int(run.stdout.rpartition("KiB")[2]) * 1024 / 1e6
    count = len(_plan(folder, _HUGE).points)
    table.add("small points by the command line", 2, count,
              f"{time.perf_counter() - start:.0f}, memory at most {memory_mb:.0f} MB",
              bars=(Bar(memory_mb, "<", 1000, "MB"),))


def _search(table: Table, folder: Path) -> None:
    """A search, beside the whole grid and beside as many points drawn by chance."""
    plan = _plan(folder, _SEARCH)
    assert plan.search is not None
    say(f"sweep: the front of {len(plan.points)} points")
    everything = SweepPlan(plan.points, plan.measure)
    _sweep(everything, folder / "all.db", 2)
    known = {row["digest"]: row for row in read_rows(folder / "all.db")}
    costs = plan.search.objectives.costs
    front = {costs(row) for row in plan.search.objectives.front(known.values())}

    def share(digests: Iterable[str]) -> float:
        return len(front & {costs(known[digest]) for digest in digests}) / len(front)

    found = []
    for seed in range(_SEEDS):
        search, asked = FrontSearch(replace(plan, search=replace(plan.search, seed=seed)), {}), []
        for point in search.points():
            asked.append(point.digest)
            search.tell(point, known[point.digest])
        found.append(share(asked))
    chance = median(share(random.Random(seed).sample(sorted(known), plan.count)) for seed in range(100))
    found_share = median(found)
    table.add(f"of {len(plan.points)} points the front of {len(front)}: {found_share:.0%}, {chance:.0%} by chance "
              f"(medians, {_SEEDS} searches)", 1, plan.count, "", bars=(Bar(found_share / chance, ">=", 1.5, "times"),))


def _plan(folder: Path, text: str) -> SweepPlan:
    (folder / "sweep.toml").write_text(text)
    return SweepPlan.load(folder / "sweep.toml")


def _sweep(plan: SweepPlan, path: Path, jobs: int) -> SweepResult:
    store = Store(path)
    try:
        return run_sweep(plan, store, jobs=jobs)
    finally:
        store.close()


def _worked(path: Path) -> float:
    """The seconds that went into measurements."""
    store = Store(path)
    try:
        return store.seconds()
    finally:
        store.close()

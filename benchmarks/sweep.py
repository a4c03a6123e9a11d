"""How long the sweep takes that people ask for, how much the engine adds to each point, and what workers bring."""

import os
import tempfile
import time
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.sweep.engine import SweepResult, run_sweep
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.store import Store

__all__ = ["measure"]

_QUESTION = """
measure = ["error", "delay", "lut", "gates"]
[grid]
function = ["quad", "sine", "gaussian"]
width = [6, 8, 10, 12, 14, 16]
stages = "1..6"
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


def measure() -> Table:
    """The sweep of depth and width on two processes, and one of many small points."""
    processors = len(os.sched_getaffinity(0))
    table = Table("Sweeps", f"Processes of this machine, {processors} processors; the starting of the processes is "
                  "part of each figure. Overhead: what a point takes beside its measurements, on one process.",
                  ("what", "processes", "points", "time, s"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = _plan(folder, _QUESTION)
        say(f"sweep: {len(plan.points)} points")
        result = _sweep(plan, folder / "question.db", 2)
        table.add(f"phi, sine, Gaussian, 6 to 16 bits, 1 to 6 stages ({result.illegal} points illegal)", 2,
                  result.measured, f"{result.seconds:.0f}", bars=(Bar(result.seconds, "<", 1200, "s"),))
        again = _sweep(plan, folder / "question.db", 2)
        table.add("the same once more", 2, again.measured, f"{again.seconds:.1f}",
                  bars=(Bar(again.seconds, "<", 10, "s"), Bar(again.measured, "<=", 0, "measured again")))
        many = _plan(folder, _MANY)
        say(f"sweep: {len(many.points)} small points")
        start = time.perf_counter()
        one = _sweep(many, folder / "one.db", 1)
        overhead_ms = 1e3 * (time.perf_counter() - start - _worked(folder / "one.db")) / one.measured
        table.add("small points", 1, one.measured, f"{one.seconds:.1f}, of it {overhead_ms:.1f} ms a point overhead",
                  bars=(Bar(overhead_ms, "<", 50, "ms"),))
    return table


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
    store = Store(path, create=False)
    try:
        return store.seconds()
    finally:
        store.close()

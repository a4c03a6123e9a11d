"""Engines: how busy their multipliers are, how fast they are simulated, and what generating them takes."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.cores.cases import load_case
from quadcim.cores.inr.render import render_case
from quadcim.progress import unheard

__all__ = ["measure"]


@dataclass(frozen=True)
class _Engine:
    """Sizes, multipliers, bits of a coordinate: a picture of two to that many pixels a side; and bars."""

    sizes: str
    multipliers: int
    coordinate_bits: int
    most_seconds: float
    most_bytes: float = 6

    @property
    def weights(self) -> int:
        """Of all layers."""
        return sum(before * after for before, after in pairwise(map(int, self.sizes.split("x"))))


_ENGINES = (_Engine("2x64x64x1", 67, 7, 15, most_bytes=20), _Engine("2x256x256x256x3", 130, 6, 15),
            _Engine("2x256x256x256x3", 517, 6, 15), _Engine("2x256x256x256x3", 4096, 7, 30),
            _Engine("2x512x512x512x512x512x3", 1030, 5, 60))
_LEAST_USED, _LEAST_SPEED = 97, 400


def measure() -> Table:
    """Generate each engine, and render a picture through its Verilog."""
    table = Table(
        "Engines", "quadcim generate inr --sizes, weights at random; then the whole picture through the Verilog, "
        "compiled by Verilator, with all processors, and in one thread. Used: the network's products in the "
        "multipliers' cycles, from the cycles that the RTL took. Bytes: Verilog and images.",
        ("sizes", "multipliers", "cycles a pixel", "multipliers used, %", "generated, s", "bytes a weight", "pixels",
         "differ", "compiled, s", "rendered, s", "million products/s", "in a thread"))
    for engine in _ENGINES:
        say(f"inr: {engine.sizes}, {engine.multipliers} multipliers")
        with tempfile.TemporaryDirectory() as folder:
            _measure(table, engine, Path(folder, "case"))
    return table


def _measure(table: Table, engine: _Engine, folder: Path) -> None:
    """A row."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "quadcim", "generate", "inr", "--sizes", engine.sizes, "--multipliers",
                    str(engine.multipliers), "--coordinate-bits", str(engine.coordinate_bits), "--out", folder],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    generated = time.perf_counter() - start
    case = load_case(folder)
    size = sum(path.stat().st_size for path in [*case.simulation_sources, *case.images]) / engine.weights
    start = time.perf_counter()
    shown = render_case(case, unheard)
    compiled = time.perf_counter() - start - shown.seconds
    alone = render_case(case, unheard, threads=1)
    pixels = shown.samples.shape[0] * shown.samples.shape[1]
    speeds = [pixels * engine.weights / seconds / 1e6 for seconds in (shown.seconds, alone.seconds)]
    used = 100 * engine.weights / (case.spec.multipliers * shown.cycles)
    bars = (Bar(used, ">=", _LEAST_USED, "% used"), Bar(generated, "<=", engine.most_seconds, "s to generate"),
            Bar(size, "<=", engine.most_bytes, "bytes a weight"), Bar(shown.differences, "<=", 0, "differ"),
            Bar(speeds[1], ">=", _LEAST_SPEED, "million products/s in a thread"))
    table.add(engine.sizes, case.spec.multipliers, f"{shown.cycles:.2f}", f"{used:.2f}", f"{generated:.1f}",
              f"{size:.2f}", pixels, shown.differences, f"{compiled:.1f}", f"{shown.seconds:.1f}",
              *(f"{speed:.0f}" for speed in speeds), bars=bars)

"""Memories: what synthesis infers, and how fast the bulk simulator has them."""

import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from benchmarks.report import Bar, Table, say
from benchmarks.timing import median_seconds
from quadcim.hw.emit.yosys import run_passes
from quadcim.hw.streams.memory import SyncMemory
from quadcim.sim.bulk import BulkSimulator, SimulationError
from quadcim.sim.design import write_design
from quadcim.spec.timing import Timing

__all__ = ["RamUnit", "expected_beats", "measure"]

_BEATS = 1_000_000
_MOST_SECONDS = 2.0
_ROWS, _WIDTH = 4096, 8
_STYLES: dict[str, dict[str, Any]] = {
    "block": {"rows": _ROWS, "width": _WIDTH, "style": "block"},
    "distributed": {"rows": 64, "width": _WIDTH, "style": "distributed"},
    "ultra": {"rows": _ROWS, "width": 72, "style": "ultra"},
}


class RamUnit(wiring.Component):
    """A memory behind streams: each beat reads a row, and writes it where its lowest bit is set.

    The payload in is, the lowest bits first, a bit that says whether to write, the row, and what to write; the payload
    out is what was in the row before. Latency: one cycle. Throughput: one beat a cycle.

    Parameters
    ----------
    memory : SyncMemory
        The memory.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, memory: SyncMemory):
        self._memory, rows, width = memory, len(memory.read_address), len(memory.read_data)
        super().__init__({"i": In(stream.Signature(1 + rows + width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform) -> Module:
        """Read with each beat that comes."""
        m, memory = Module(), self._memory
        m.submodules.memory = memory
        rows = len(memory.read_address)
        accept = self.i.valid & self.i.ready
        m.d.comb += [
            self.i.ready.eq(self.o.ready | ~self.o.valid),
            memory.read_address.eq(self.i.payload[1:1 + rows]), memory.read_enable.eq(accept),
            self.o.payload.eq(memory.read_data),
        ]
        if "write_data" in memory.signature.members:
            m.d.comb += [memory.write_address.eq(self.i.payload[1:1 + rows]),
                         memory.write_data.eq(self.i.payload[1 + rows:]),
                         memory.write_enable.eq(accept & self.i.payload[0])]
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
        return m


def expected_beats(beats: np.ndarray, share: int, *, rows: int, contents: np.ndarray,
                   written: bool = True) -> np.ndarray:
    """What `RamUnit` gives in the bulk simulator, of which each copy has a memory of its own.

    Parameters
    ----------
    beats : ndarray of int, shape (beats, 3)
        Whether to write, the row, and what to write.
    share : int
        How many of them each copy gets.
    rows : int
        Rows of the memory.
    contents : ndarray of int, shape (rows,)
        What they hold at first.
    written : bool
        Whether the memory can be written.
    """
    results = np.empty(len(beats), dtype=object)
    for first in range(0, len(beats), share):
        memory = list(contents) if len(contents) else [0] * rows
        for index in range(first, min(first + share, len(beats))):
            write, row, data = beats[index]
            results[index] = memory[row]
            if write and written:
                memory[row] = data
    return results


def measure() -> Table:
    """Infer memories by Yosys, and simulate one."""
    table = Table("Memories", f"Cells by `synth_xilinx -family xcup`. Bulk simulator: from the Verilog to a simulator "
                  f"that can run, then {_BEATS:,} beats that read and write at random, median of 5.",
                  ("memory", "cells", "ready, s", "M beats/s"))
    for name, settings in _STYLES.items():
        say(f"memory: {name}")
        with tempfile.TemporaryDirectory() as folder:
            _add(table, name, settings, Path(folder))
    return table


def _add(table: Table, name: str, settings: dict[str, Any], folder: Path) -> None:
    design = write_design(RamUnit(SyncMemory(**settings)), folder, timing=Timing(1, 1, 1))
    run_passes(*(["read_verilog", path] for path in design.simulation_sources),
               f"synth_xilinx -family xcup -top {design.top} -flatten -noiopad", ["write_json", str(folder / "o.json")])
    cells = Counter(cell["type"] for cell in json.loads((folder / "o.json").read_text())["modules"][design.top][
        "cells"].values())
    start = time.perf_counter()
    simulator = BulkSimulator(design)
    seconds = time.perf_counter() - start
    rows, width = settings["rows"], settings["width"]
    draw, words = np.random.default_rng(0), -(-(1 + (rows - 1).bit_length() + width) // 32)
    payloads = draw.integers(0, 1 << 32, (_BEATS, words), dtype=np.uint32)
    if width == _WIDTH:
        few = payloads[:10_000]
        address = (rows - 1).bit_length()
        raws = few[:, 0].astype(np.int64)
        beats = np.stack([raws & 1, raws >> 1 & rows - 1, raws >> 1 + address & (1 << width) - 1], axis=1)
        found = simulator.run(few).outputs[:, 0]
        want = expected_beats(beats, simulator.share(len(beats)), rows=rows, contents=np.zeros(0))
        if not (found == want.astype(np.int64)).all():
            raise SimulationError(f"{name} reads what was not written")
    rate = _BEATS / median_seconds(lambda: simulator.run(payloads))
    bars = (Bar(seconds, "<=", _MOST_SECONDS, "s"),) if settings == _STYLES["block"] else ()
    used = ", ".join(f"{count} {cell}" for cell, count in sorted(cells.items()) if "RAM" in cell)
    table.add(f"{rows} x {width}, {name}", used, f"{seconds:.2f}", f"{rate / 1e6:.2f}", bars=bars)

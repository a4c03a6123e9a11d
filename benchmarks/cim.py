"""What a compute-in-memory macro costs, how fast it is generated and simulated, and how fast its golden model is."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from benchmarks.report import Bar, Table, say
from benchmarks.timing import median_seconds
from quadcim.hw.cim.plan import plan_macro
from quadcim.hw.cim.unit import CimUnit
from quadcim.hw.emit.synthesis import fpga_cost, gate_cost
from quadcim.hw.emit.verilog import EmittedVerilog, emit_verilog
from quadcim.models.cim import cim_golden
from quadcim.sim.bulk import BulkSimulator, SimulationError, Writes
from quadcim.sim.design import write_design
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.timing import Timing

__all__ = ["measure_cost", "measure_speed"]

_ROWS, _BATCH = 256, 1024
_COLUMN = CimMacro(_ROWS, 1, 4, technology="ultrascale", stages=2)
_CONSTANT = dataclasses.replace(_COLUMN, storage="constant")
_CELLS = dataclasses.replace(_COLUMN, technology="cells", stages=1)
_STORED = dataclasses.replace(_COLUMN, columns=5, storage="lutram")


def measure_cost() -> Table:
    """LUTs and gates of a column: its adders, its accumulator and, for LUTs, its storage."""
    table = Table(
        f"Cost of a column of {_ROWS} cells",
        "Bit-serial, accumulator included. The choice of a plane and of a row to write is shared by all columns, and "
        "is not counted. A RAM32M16 counts as eight LUTs. Constant weights: half of them set. Gates: adders are cells, "
        "no storage, flip-flops of the accumulator included.",
        ("technology", "storage", "activation bits", "LUT", "GE", "FF", "per cell"))
    luts = []
    for bits in (1, 2, 4, 8):
        lut, ff = _lut(dataclasses.replace(_COLUMN, activation_bits=bits), CimIntegers(),
                       {"column": 1, "bit_cells": 1})
        luts.append(lut)
        table.add("ultrascale", "registers", bits, lut, "", ff, f"{lut / _ROWS:.3f}",
                  bars=(Bar(lut / _ROWS, "<=", 0.86, "LUT a cell"),))
    table.add("ultrascale", "registers", "1 to 8", f"{min(luts)} to {max(luts)}", "", "", "",
              bars=(Bar(max(luts) / min(luts) - 1, "<", 0.05, "change"),))
    for text, parts, bars in (
            ("lutram", {"column": 5, "partial_sums": 1}, True),
            ("lutram, with the adders that write it", {"column": 5, "partial_sums": 1, "combination_sum": 5}, False)):
        lut, ff = _lut(_STORED, CimIntegers(), parts)
        per_cell = lut / (5 * _ROWS)
        table.add("ultrascale", f"{text}, 5 columns", 4, lut, "", ff, f"{per_cell:.3f}",
                  bars=(Bar(per_cell, "<=", 0.68, "LUT a cell"),) if bars else ())
    weights = np.random.default_rng(0).permutation([0, 1] * (_ROWS // 2))
    lut, ff = _lut(_CONSTANT, CimIntegers(tuple((int(weight),) for weight in weights)), {"column": 1})
    table.add("ultrascale", "constant", 4, lut, "", ff, f"{lut / _ROWS:.3f}",
              bars=(Bar(lut / _ROWS, "<=", 0.3, "LUT a cell"),))
    with tempfile.TemporaryDirectory() as folder:
        say("cim: gates")
        # Without models of the adders, which stay the cells that they are.
        cost = gate_cost([_write(_CELLS, CimIntegers(), Path(folder))], f"{_CELLS.name}_column")
    assert not cost.unweighted
    table.add("cells", "none", 4, "", f"{cost.total_ge:.0f}", cost.flip_flops, f"{cost.total_ge / _ROWS:.3f}",
              bars=(Bar(cost.total_ge / _ROWS, "<=", 7.4, "GE a cell"),))
    return table


def measure_speed() -> Table:
    """Generation, bulk simulation, and the golden model on one thread."""
    table = Table("Speed of the macro", "4-bit activations, one bit a cycle; one thread; each figure from one run, the "
                  "golden model's the median of 5.", ("what", "rows x columns", "figure"))
    for rows, columns, seconds in ((256, 64, 10), (1024, 512, 60)):
        say(f"cim: generating {rows} x {columns}")
        start = time.perf_counter()
        size = len(_emit(CimMacro(rows, columns, 4, stages=3), CimIntegers()).text) / 1e6
        taken = time.perf_counter() - start
        table.add("generation", f"{rows} x {columns}", f"{taken:.1f} s, {size:.2f} MB of Verilog",
                  bars=(Bar(taken, "<", seconds, "s"), *([Bar(size, "<", 2, "MB")] if rows == 256 else [])))
    rate = _simulated(CimMacro(128, 64, 4, stages=3), 20_480)
    table.add("bulk simulation, products/s", "128 x 64", f"{rate:.0f}", bars=(Bar(rate, ">=", 20_000, "products/s"),))
    adc = Adc(1024, 8, 0, 255 * 4, 4)
    say("cim: matrix product")
    left, right = torch.rand(_BATCH, 1024), torch.rand(1024, 512)
    limit = _rate(lambda: left @ right)
    table.add("one matrix product in single precision, samples/s", "1024 x 512", f"{limit:.0f}")
    # The bars are of 1024 columns, twice as many as a macro has.
    for name, macro, bar in (("exact", CimMacro(1024, 512, 4), 2 * 35_000),
                             ("converters for each plane", CimMacro(1024, 512, 4, adc=adc), 2 * 8_000)):
        say(f"cim: golden model, {name}")
        rate = _golden_rate(macro)
        table.add(f"golden model, {name}, samples/s", "1024 x 512",
                  f"{rate:.0f} ({rate / limit:.2f} of the matrix product)", bars=(Bar(rate, ">=", bar, "samples/s"),))
    return table


def _emit(macro: CimMacro, integers: CimIntegers) -> EmittedVerilog:
    return emit_verilog(CimUnit(plan_macro(macro, integers)), name=macro.name, header=macro.name)


def _write(macro: CimMacro, integers: CimIntegers, folder: Path) -> Path:
    path = folder / "macro.v"
    path.write_text(_emit(macro, integers).text, encoding="ascii")
    return path


def _lut(macro: CimMacro, integers: CimIntegers, parts: Mapping[str, int]) -> tuple[int, int]:
    """LUTs and flip-flops of some modules of a macro, each as often as it is given; a RAM32M16 is eight LUTs."""
    say(f"cim: {macro.name}, {', '.join(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        path = _write(macro, integers, Path(folder))
        costs = [(count, fpga_cost([path], f"{macro.name}_{part}")) for part, count in parts.items()]
    return (sum(count * (cost.lut + 8 * cost.lutram) for count, cost in costs),
            sum(count * cost.ff for count, cost in costs))


def _simulated(macro: CimMacro, beats: int) -> float:
    """Products a second of the bulk simulator, the load of the weights included; they must be right."""
    say(f"cim: simulating {macro.name}")
    draw, plan = np.random.default_rng(0), plan_macro(macro, CimIntegers())
    weights = draw.integers(0, 2, (macro.rows, macro.columns))
    x = draw.integers(0, 1 << macro.activation_bits, (beats, macro.rows))
    with tempfile.TemporaryDirectory() as folder:
        simulator = BulkSimulator(write_design(
            CimUnit(plan), Path(folder), top=macro.name, timing=Timing(plan.whole.latency_cycles, macro.planes, 1)))
    words = pack(weights.astype(np.uint8), field_bits(np.arange(macro.rows), macro.row_bits))
    inputs = pack(field_bits(x, macro.activation_bits))
    start = time.perf_counter()
    outputs = simulator.run(inputs, writes=Writes(words, [0] * len(words), [len(words)] * beats)).outputs
    seconds = time.perf_counter() - start
    if not np.array_equal(unpack(outputs, macro.columns, macro.output_format(CimIntegers())), x @ weights):
        raise SimulationError(f"{macro.name} differs from the matrix product")
    return beats / seconds


def _golden_rate(macro: CimMacro) -> float:
    """Samples a second of the golden model on one thread."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.randint(2, (macro.rows, macro.columns), generator=generator)
    x = torch.randint(1 << macro.activation_bits, (_BATCH, macro.rows), generator=generator)
    golden = cim_golden(macro, CimIntegers(), weights)
    return _rate(lambda: golden(x))


def _rate(action: Callable[[], object]) -> float:
    """Samples a second of something that takes a batch, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        action()
        return _BATCH / median_seconds(action)
    finally:
        torch.set_num_threads(threads)

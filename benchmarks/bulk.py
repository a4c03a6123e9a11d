"""The bulk simulator on large designs: how soon it gives a first result, and how fast it then is."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray
from platformdirs import user_cache_path

from benchmarks.report import Bar, Table, say
from benchmarks.timing import median_seconds
from quadcim.cores.catalogue import core_of
from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.streams.memory import SyncMemory
from quadcim.sim.bulk import BulkSimulator, Engine, SimulationError
from quadcim.sim.design import EmittedDesign, write_design
from quadcim.spec.cim import CimMacro
from quadcim.spec.timing import Timing

__all__ = ["MatrixVectorUnit", "measure"]

_ROWS = _INPUTS = 64
_BITS, _RESULT_BITS = 8, 22
_LATENCY = 4
_VECTORS = 8192
_MACRO, _MACRO_CLOCK_MHZ = CimMacro(256, 64, 8), 500
_MOST_SECONDS, _LEAST_CYCLES = 15.0, 1e6


class _Multiplier(wiring.Component):
    """A registered product: one module for all."""

    a: Signal
    b: Signal
    moves: Signal
    product: Signal

    def __init__(self):
        super().__init__({"a": In(signed(_BITS)), "b": In(signed(_BITS)), "moves": In(1),
                          "product": Out(signed(2 * _BITS))})

    def elaborate(self, platform) -> Module:
        m = Module()
        with m.If(self.moves):
            m.d.sync += self.product.eq(self.a * self.b)
        return m


class MatrixVectorUnit(wiring.Component):
    """``y = W x`` by a multiplier an input: a frame is one vector in, and a result of each row of W out.

    Latency: 4 cycles. Throughput: a vector in as many cycles as there are rows.

    Parameters
    ----------
    weights : ndarray of int, shape (rows, inputs)
        W, of 8 bits: a ROM with its image in a file.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, weights: NDArray[np.int64]):
        super().__init__({"i": In(stream.Signature(_BITS * weights.shape[1])),
                          "o": Out(stream.Signature(_RESULT_BITS))})
        self._weights = weights

    def elaborate(self, platform) -> Module:
        """A row a cycle, through ROM, multipliers and a sum, a register behind each."""
        m = Module()
        rows, inputs = self._weights.shape
        words = [sum((weight & 0xFF) << _BITS * index for index, weight in enumerate(row))
                 for row in self._weights.tolist()]
        m.submodules.rom = rom = SyncMemory(width=_BITS * inputs, rows=rows, contents=words, written=False,
                                            style="block", image=True)
        moves = Signal()
        busy = Signal()
        last = Signal()
        row = Signal(range(rows))
        vector = Signal(_BITS * inputs)
        read_vector = Signal(_BITS * inputs)
        valid = Signal(3)
        m.d.comb += [
            moves.eq(self.o.ready | ~self.o.valid), last.eq(row == rows - 1),
            self.i.ready.eq(moves & (~busy | last)), self.o.valid.eq(valid[-1]),
            rom.read_address.eq(row), rom.read_enable.eq(moves)]
        with m.If(moves):
            m.d.sync += [valid.eq(valid << 1 | busy), read_vector.eq(vector)]
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += [vector.eq(self.i.payload), busy.eq(1), row.eq(0)]
            with m.Elif(busy):
                m.d.sync += [row.eq(row + 1), busy.eq(~last)]
        self._sum(m, read_vector, rom.read_data, moves)
        return m

    def _sum(self, m: Module, vector: Value, weights: Value, moves: Value) -> None:
        """The products and their sum."""
        multiplier, terms = _Multiplier(), []
        for index in range(self._weights.shape[1]):
            terms.append(Signal(signed(2 * _BITS), name=f"product_{index}"))
            bits = slice(_BITS * index, _BITS * (index + 1))
            m.submodules[f"multiplier_{index}"] = SharedModule(
                multiplier, "multiplier", a=vector[bits], b=weights[bits], moves=moves, product=terms[-1])
        while len(terms) > 1:
            terms = [left + right for left, right in zip(terms[::2], terms[1::2], strict=True)]
        result = Signal(signed(_RESULT_BITS))
        with m.If(moves):
            m.d.sync += result.eq(terms[0])
        m.d.comb += self.o.payload.eq(result)


def measure() -> Table:
    """From the Verilog to the first result, then the rate."""
    table = Table("Bulk simulator, large designs", f"First result: from the Verilog to it, with all that is built; "
                  f"Verilator's runtime, which is built once on a machine, aside. Rate: cycles of all copies of the "
                  f"design, over {_VECTORS:,} vectors for the matrix-vector unit, median of 5.",
                  ("design", "engine", "first result, s", "M cycles/s", "M MAC/s"))
    weights = np.random.default_rng(0).integers(-128, 128, (_ROWS, _INPUTS))
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"XDG_CACHE_HOME": f"{folder}/cache"}):
        design = write_design(MatrixVectorUnit(weights), Path(folder),
                              timing=Timing(_LATENCY, _ROWS, 2, beats_out=_ROWS))
        BulkSimulator(design, engine="verilator")  # the runtime
        for engine in ("auto", "gates"):
            say(f"bulk: matrix-vector unit, {engine}")
            _add_unit(table, design, weights, engine)
    say("bulk: macro")
    _add_macro(table)
    return table


def _first(design: EmittedDesign, engine: Engine,
           check: Callable[[BulkSimulator], None]) -> tuple[BulkSimulator, float]:
    """A simulator, and the seconds until it has given a result."""
    shutil.rmtree(user_cache_path("quadcim") / "bulk-verilator", ignore_errors=True)
    start = time.perf_counter()
    simulator = BulkSimulator(design, engine=engine)
    check(simulator)
    return simulator, time.perf_counter() - start


def _add_unit(table: Table, design: EmittedDesign, weights: NDArray[np.int64], engine: Engine) -> None:
    vectors = np.random.default_rng(1).integers(-128, 128, (_VECTORS, _INPUTS))
    words = vectors.astype(np.int8).view(np.uint32)

    def check(simulator: BulkSimulator, count: int = 1) -> None:
        results = simulator.run(words[:count]).outputs.astype(np.int64).reshape(count, _ROWS)
        if not ((results ^ 1 << _RESULT_BITS - 1) - (1 << _RESULT_BITS - 1) == vectors[:count] @ weights.T).all():
            raise SimulationError("the matrix-vector unit gives other products")

    simulator, seconds = _first(design, engine, check)
    check(simulator, _VECTORS)
    rate = _VECTORS * _ROWS / median_seconds(lambda: simulator.run(words))
    bars = (Bar(seconds, "<=", _MOST_SECONDS, "s"), Bar(rate, ">=", _LEAST_CYCLES, "cycles/s"))
    table.add(f"{_INPUTS} multipliers, ROM of {_ROWS * _INPUTS * _BITS:,} bits", _engine(simulator), f"{seconds:.2f}",
              f"{rate / 1e6:.2f}", f"{rate * _INPUTS / 1e6:.0f}", bars=bars if engine == "auto" else ())


def _add_macro(table: Table) -> None:
    core = core_of(_MACRO)
    integers = core.usual_integers(_MACRO)
    macro = replace(_MACRO, stages=core.stages_for_clock(_MACRO, integers, _MACRO_CLOCK_MHZ))
    interface, stimulus = core.interface(macro, integers), core.stimulus(macro, integers)
    inputs = stimulus.inputs()

    def check(simulator: BulkSimulator) -> None:
        if simulator.run_payloads(inputs[:1], writes=stimulus.writes()) != stimulus.expected(inputs[:1]):
            raise SimulationError("the macro gives other sums")

    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"XDG_CACHE_HOME": f"{folder}/cache"}):
        design = write_design(core.component(macro, integers), Path(folder), timing=interface.timing,
                              layouts=interface.layouts)
        simulator, seconds = _first(design, "auto", check)
    table.add(f"macro of {macro.rows} x {macro.columns}", _engine(simulator), f"{seconds:.2f}", "", "",
              bars=(Bar(seconds, "<=", _MOST_SECONDS, "s"),))


def _engine(simulator: BulkSimulator) -> str:
    return "Verilator" if simulator.engine.lanes == 1 else "gates"

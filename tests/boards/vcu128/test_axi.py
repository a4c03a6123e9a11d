# amaranth: UnusedElaboratable=no
"""The AXI4-Stream wrapper under random stalls."""

from pathlib import Path

import pytest
from amaranth import sim

from quadcim.boards.vcu128.axi import AxiStreamWrapper
from quadcim.cores.cases import CoreCase
from quadcim.hw.activation.units import create_unit
from quadcim.hw.cim.plan import plan_macro
from quadcim.sim.tools import Simulator
from quadcim.sim.vectors import read_vectors
from quadcim.spec.cim import CimMacro
from quadcim.spec.ports import Port
from quadcim.spec.timing import Timing
from tests.boards.cocotb_run import run_cocotb
from tests.conftest import make_unit, unit_id

pytestmark = pytest.mark.shared_seeds

_UNITS = [
    make_unit("SQ2.4", "SQ2.4", "nearest", 0, "elastic"),  # combinational, both sides extended
    make_unit("SQ2.6", "SQ1.7", "truncate", 1, "elastic"),  # whole bytes
    make_unit("SQ3.7", "UQ1.8", "nearest", 2, "elastic"),  # two bytes, unsigned output
    make_unit("UQ1.6", "SQ2.9", "nearest", 4, "elastic"),
]
_names = pytest.mark.parametrize("unit", _UNITS, ids=unit_id)


class _Bench:
    """A wrapper with a clock that advances by hand."""

    def __init__(self, dut: AxiStreamWrapper, ctx):
        self.dut, self._ctx = dut, ctx

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self._ctx.set(getattr(self.dut, name), value)

    def get(self, *names: str) -> list[int]:
        return [self._ctx.get(getattr(self.dut, name)) for name in names]

    async def edge(self) -> None:
        await self._ctx.delay(1e-9)
        self._ctx.set(self.dut.aclk, 1)
        await self._ctx.delay(1e-9)
        self._ctx.set(self.dut.aclk, 0)

    async def reset(self) -> None:
        self.set(aresetn=0)
        await self.edge()
        self.set(aresetn=1)


def _simulate(unit, scenario) -> None:
    dut = AxiStreamWrapper(unit=create_unit(unit), timing=Timing(unit.stages, 1, unit.stages))

    async def testbench(ctx):
        await scenario(_Bench(dut, ctx))

    simulator = sim.Simulator(dut)
    simulator.add_testbench(testbench)
    simulator.run()


def _extended(payload: int, port: Port) -> int:
    """A result as whole bytes: a signed number is extended."""
    size = 8 * -(-port.width // 8)
    return (port.format.wrap(payload) if port.format else payload) % (1 << size)


def _job(case: CoreCase, seed: int, beats: int | None = None) -> dict:
    """Every weight, and every vector or the first so many, of a case, as the bench takes them."""
    ports = {port.name: port for port in case.ports}
    vectors = case.folder / "vectors"
    runs = []
    for path in sorted(vectors.glob("expected*.hex")):
        weights = vectors / path.name.replace("expected", "weights")
        runs.append({"inputs": read_vectors(vectors / "input.hex")[:beats],
                     "expected": [_extended(payload, ports["o__payload"]) for payload in read_vectors(path)[:beats]],
                     "weights": read_vectors(weights) if weights.is_file() else []})
    widths = {prefix: (ports[name].width, -(-ports[name].width // 8))
              for prefix, name in (("s_axis", "i__payload"), ("s_axis_w", "w__payload")) if name in ports}
    capacity = plan_macro(case.spec, case.integers).capacity if case.core.name == "cim" else case.latency_cycles
    return {"runs": runs, "widths": widths, "seed": seed, "latency": case.latency_cycles, "capacity": capacity,
            "interval": case.initiation_interval_cycles, "user_bits": case.manifest["user_bits"]}


def _bench(case: CoreCase, folder: Path, seed: int, simulator: Simulator | None = None, wrapper: str = "",
           beats: int | None = None) -> None:
    """Run the bench on a case's wrapper, or on another text of it. See tests/boards/vcu128/axis_bench.py."""
    top = f"{case.top}_axis"
    source = case.folder / f"vcu128/{top}.v"
    if wrapper:
        source = folder / "wrapper.v"
        source.write_text(wrapper)
    run_cocotb("tests.boards.vcu128.axis_bench", top=top, sources=[*case.simulation_sources, source],
               folder=folder / "run", job=_job(case, seed, beats), simulator=simulator)


def test_vectors_of_a_case_under_random_stalls(case, tmp_path, seed):
    """In the emitted Verilog; weights and beats have pauses of their own."""
    _bench(case, tmp_path, seed)


_PASSING = {
    "combinational": make_unit("SQ2.4", "SQ2.5", "nearest", 0, "elastic"),
    "elastic": make_unit("SQ3.5", "SQ2.8", "nearest", 3, "elastic"),
    "always-combinational": make_unit("SQ2.4", "UQ0.6", "nearest", 0, "always"),
    "always": make_unit("SQ3.5", "SQ2.8", "nearest", 2, "always"),
    "macro": CimMacro(6, 3, 4, technology="fpga", stages=3),
    "macro-of-one-cycle": CimMacro(5, 2, 2, bits_per_cycle=2, banks=2, stages=2),
}
_COMPILED = ("always", "macro")


# Verilator takes long to compile.
_RUNS = [pytest.param(name, simulator, marks=[pytest.mark.long] * (simulator == "verilator" and name not in _COMPILED))
         for name in _PASSING for simulator in ("icarus", "verilator")]


@pytest.mark.parametrize("name, simulator", _RUNS, indirect=["simulator"])
def test_tlast_and_tuser_leave_with_their_beat(name, make_case, tmp_path, seed, simulator):
    """In each flow control, with pauses on both sides, frames back to back, and resets in mid-stream."""
    _bench(make_case(_PASSING[name], "vcu128", user_bits=5), tmp_path, seed, simulator, beats=64)


@pytest.mark.parametrize("name, old, new", [
    ("elastic", "_o__ready = m_axis_tvalid & m_axis_tready", "_o__ready = m_axis_tvalid"),
    ("elastic", "if (rst) oldest <= 4'hf;\n    else if", "if"),                     # what is inside survives a reset
    ("elastic", "if (writes) begin", "if (1'h1) begin"),
    ("elastic", "oldest != 4'h4", "oldest != 4'h3"),                               # a queue that is too short
    ("always", "oldest != 3'h3", "oldest != 3'h2"),                                # too few beats inside: slower
    ("always", "assign m_axis_tlast = passed_o__payload[0]", "assign m_axis_tlast = s_axis_tlast"),
    ("macro", "_o__ready = m_axis_tvalid & m_axis_tready", "_o__ready = m_axis_tready"),
])
def test_the_bench_sees_what_is_wrong(name, old, new, make_case, tmp_path, seed):
    case = make_case(_PASSING[name], "vcu128", user_bits=5)
    text = (case.folder / f"vcu128/{case.top}_axis.v").read_text()
    assert old in text
    with pytest.raises(AssertionError, match="TLAST and TUSER|full_rate|a_long_stall|no_combinational|a result"):
        _bench(case, tmp_path, seed, wrapper=text.replace(old, new), beats=64)


@_names
def test_full_rate_and_one_cycle_more_than_the_unit(unit):
    valids = []

    async def scenario(bench):
        await bench.reset()
        bench.set(s_axis_tvalid=1, m_axis_tready=1)
        for _ in range(20):
            valids.append(bench.get("m_axis_tvalid", "s_axis_tready"))
            await bench.edge()

    _simulate(unit, scenario)
    latency = unit.stages + 1
    assert valids == [[0, 1]] * latency + [[1, 1]] * (20 - latency)


@_names
def test_reset_empties_it(unit):
    async def scenario(bench):
        await bench.reset()
        bench.set(s_axis_tvalid=1, m_axis_tready=0)
        for _ in range(10):
            await bench.edge()
        assert bench.get("m_axis_tvalid", "s_axis_tready") == [1, 0]
        bench.set(s_axis_tvalid=0)
        await bench.reset()
        bench.set(m_axis_tready=1)
        for _ in range(10):
            assert bench.get("m_axis_tvalid", "s_axis_tready") == [0, 1]
            await bench.edge()

    _simulate(unit, scenario)

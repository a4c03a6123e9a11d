# amaranth: UnusedElaboratable=no
"""The AXI4-Stream wrapper under random stalls."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from quadcim.boards.axi import AxiStreamWrapper
from quadcim.hw.units import create_unit
from quadcim.sim.case import Case
from quadcim.sim.vectors import read_vectors
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.ports import Port
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
    dut = AxiStreamWrapper(unit=create_unit(unit))

    async def testbench(ctx):
        await scenario(_Bench(dut, ctx))

    simulator = Simulator(dut)
    simulator.add_testbench(testbench)
    simulator.run()


def _extended(payload: int, port: Port) -> int:
    """A result as whole bytes: a signed number is extended."""
    size = 8 * -(-port.width // 8)
    return (port.format.wrap(payload) if port.format else payload) % (1 << size)


def _job(case: Case, seed: int) -> dict:
    """Every weight and vector of a case, as the bench takes them."""
    ports = {port.name: port for port in case.ports}
    vectors = case.folder / "vectors"
    runs = []
    for path in sorted(vectors.glob("expected*.hex")):
        weights = vectors / path.name.replace("expected", "weights")
        runs.append({"inputs": read_vectors(vectors / "input.hex"),
                     "expected": [_extended(payload, ports["o__payload"]) for payload in read_vectors(path)],
                     "weights": read_vectors(weights) if weights.is_file() else []})
    widths = {prefix: (ports[name].width, -(-ports[name].width // 8))
              for prefix, name in (("s_axis", "i__payload"), ("s_axis_w", "w__payload")) if name in ports}
    return {"runs": runs, "widths": widths, "seed": seed, "latency": case.latency_cycles,
            "interval": case.initiation_interval_cycles}


def test_vectors_of_a_case_under_random_stalls(case, tmp_path, seed):
    """In the emitted Verilog; weights and beats have pauses of their own. See tests/boards/axis_bench.py."""
    top = f"{case.top}_axis"
    run_cocotb("tests.boards.axis_bench", top=top, sources=[*case.simulation_sources, case.folder / f"vcu128/{top}.v"],
               folder=tmp_path / "run", job=_job(case, seed))


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


def test_a_unit_without_backpressure_is_refused():
    class Always(wiring.Component):
        i: In(stream.Signature(4, always_ready=True))  # pyright: ignore[reportInvalidTypeForm]
        o: Out(stream.Signature(4, always_ready=True))  # pyright: ignore[reportInvalidTypeForm]

        def elaborate(self, platform):
            return Module()

    with pytest.raises(IllegalSetting, match=r"flow-control must be elastic .*, got 'always'"):
        AxiStreamWrapper(unit=Always())

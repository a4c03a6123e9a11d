# amaranth: UnusedElaboratable=no
"""The AXI4-Stream wrapper under random stalls."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from quadcim.boards.axi import AxiStreamWrapper
from quadcim.hw.units import create_unit
from quadcim.spec.errors import IllegalSetting
from tests.boards.helpers import definition
from tests.conftest import make_unit

_UNITS = [
    make_unit("SQ2.4", "SQ2.4", "nearest", 0, "elastic"),  # combinational, both sides extended
    make_unit("SQ2.6", "SQ1.7", "truncate", 1, "elastic"),  # whole bytes
    make_unit("SQ3.7", "UQ1.8", "nearest", 2, "elastic"),  # two bytes, unsigned output
    make_unit("UQ1.6", "SQ2.9", "nearest", 4, "elastic"),
]
_PROBABILITIES = [(1, 1), (1, 0.5), (0.5, 1), (0.5, 0.5), (0.9, 0.1), (0.1, 0.9)]
_names = pytest.mark.parametrize("unit", _UNITS, ids=lambda unit: unit.name)


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


@_names
@pytest.mark.parametrize("send, take", _PROBABILITIES)
def test_every_beat_right_and_in_order(unit, send, take, seed):
    rng = random.Random(f"{seed} {unit.name} {send} {take}")
    fmt = unit.activation.input
    raws = [rng.randint(fmt.minimum, fmt.maximum) for _ in range(120)]
    output = unit.activation.output
    got = []

    async def scenario(bench):
        width = len(bench.dut.s_axis_tdata)
        await bench.reset()
        sent, offered, held = 0, False, None
        while len(got) < len(raws):
            if not offered:
                offered = sent < len(raws) and rng.random() < send
                high = rng.getrandbits(width) << fmt.width  # bits that the unit has to ignore
                data = (high | raws[sent] & ((1 << fmt.width) - 1)) if offered else rng.getrandbits(width)
                bench.set(s_axis_tvalid=offered, s_axis_tdata=data & ((1 << width) - 1))
            bench.set(m_axis_tready=rng.random() < take)
            s_ready, m_valid, m_ready, data = bench.get("s_axis_tready", "m_axis_tvalid", "m_axis_tready",
                                                        "m_axis_tdata")
            assert held is None or (m_valid and data == held), "a beat changed while it was stalled"
            held = data if m_valid and not m_ready else None
            if m_valid and m_ready:
                got.append(data)
            if offered and s_ready:
                sent, offered = sent + 1, False
            await bench.edge()
        for _ in range(10):  # nothing is left
            bench.set(s_axis_tvalid=0, m_axis_tready=1)
            assert bench.get("m_axis_tvalid") == [0]
            await bench.edge()

    _simulate(unit, scenario)
    data_bits = -(-output.width // 8) * 8
    assert got == [y % (1 << data_bits) for y in definition(unit.activation, raws)]


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
def test_no_combinational_path_from_port_to_port(unit, seed):
    rng = random.Random(seed)
    inputs = ("s_axis_tvalid", "s_axis_tdata", "m_axis_tready")

    async def scenario(bench):
        await bench.reset()
        for _ in range(100):
            before = bench.get("s_axis_tready", "m_axis_tvalid", "m_axis_tdata")
            for name in inputs:
                bench.set(**{name: rng.getrandbits(len(getattr(bench.dut, name)))})
                assert bench.get("s_axis_tready", "m_axis_tvalid", "m_axis_tdata") == before, name
            await bench.edge()

    _simulate(unit, scenario)


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

# amaranth: UnusedElaboratable=no
"""The serial port: every byte, hosts that are a little fast or slow, and lines that are broken."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from quadcim.boards.vcu128.uart import UartReceiver, UartTransmitter
from quadcim.spec.errors import IllegalSetting

pytestmark = pytest.mark.shared_seeds

_PERIOD = 1e-8


def _receive(divisor: int, levels: list[tuple[int, float]]) -> list[int]:
    """The bytes that come of some levels of the line, each for a time in cycles."""
    dut, got = UartReceiver(divisor=divisor), []

    async def line(ctx):
        ctx.set(dut.pin, 1)
        await ctx.delay(10.3 * _PERIOD)
        for level, cycles in levels:
            ctx.set(dut.pin, level)
            await ctx.delay(cycles * _PERIOD)
        await ctx.delay(2 * divisor * _PERIOD)

    async def collect(ctx):
        async for _clk, _rst, valid, payload in ctx.tick().sample(dut.o.valid, dut.o.payload):
            if valid:
                got.append(payload)

    simulator = Simulator(dut)
    simulator.add_clock(_PERIOD)
    simulator.add_testbench(line)
    simulator.add_testbench(collect, background=True)
    simulator.run()
    return got


def _frames(data: list[int], bit: float) -> list[tuple[int, float]]:
    return [(level, bit) for byte in data for level in (0, *(byte >> place & 1 for place in range(8)), 1)]


@pytest.mark.parametrize("divisor, factor", [(4, 1), (5, 1), (16, 0.97), (16, 1.03), (100, 0.96), (100, 1.04)])
def test_receives_bytes_back_to_back(divisor, factor, seed):
    rng = random.Random(f"{seed} {divisor} {factor}")
    data = [0x00, 0xFF, 0x55, 0xAA, *(rng.getrandbits(8) for _ in range(4))]
    assert _receive(divisor, _frames(data, divisor * factor)) == data


def test_drops_false_starts_breaks_and_bytes_without_stop_bit():
    """Whatever the line did before: after a byte's time of rest, what comes is received."""
    rest, good = (1, 11 * 16), _frames([0x5A], 16)
    assert _receive(16, [(0, 5), rest, *good]) == [0x5A]
    assert _receive(16, [(0, 16 * 35), rest, *good]) == [0x5A]
    assert _receive(16, [(0, 16), *((1, 16),) * 8, (0, 16), rest, *good]) == [0x5A]


@pytest.mark.parametrize("divisor", [4, 7])
def test_sends_what_it_receives(divisor, seed):
    """The transmitter's line into a receiver; and bit by bit: start, eight bits from the lowest on, stop."""
    rng = random.Random(f"{seed} {divisor}")
    data = [0x00, 0xFF, *(rng.getrandbits(8) for _ in range(6))]
    m, levels, got = Module(), [], []
    m.submodules.transmitter = transmitter = UartTransmitter(divisor=divisor)
    m.submodules.receiver = receiver = UartReceiver(divisor=divisor)
    m.d.comb += receiver.pin.eq(transmitter.pin)

    async def send(ctx):
        assert ctx.get(transmitter.pin) == 1
        for byte in data:
            ctx.set(transmitter.i.payload, byte)
            ctx.set(transmitter.i.valid, 1)
            await ctx.tick().until(transmitter.i.ready)
            ctx.set(transmitter.i.valid, 0)
        await ctx.tick().repeat(12 * divisor)

    async def watch(ctx):
        async for _clk, _rst, level, valid, payload in ctx.tick().sample(transmitter.pin, receiver.o.valid,
                                                                        receiver.o.payload):
            levels.append(level)
            if valid:
                got.append(payload)

    simulator = Simulator(m)
    simulator.add_clock(_PERIOD)
    simulator.add_testbench(send)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert got == data
    first = levels.index(0)
    assert levels[first:first + 10 * divisor] == [level for level, _ in _frames(data[:1], 1) for _ in range(divisor)]


@pytest.mark.parametrize("kind", [UartReceiver, UartTransmitter])
def test_a_bit_has_at_least_four_cycles(kind):
    with pytest.raises(IllegalSetting, match="divisor must be at least 4 cycles a bit, got 3"):
        kind(divisor=3)

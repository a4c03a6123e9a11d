# amaranth: UnusedElaboratable=no
"""The self-test: its checksum notices faults and order, and its hardware says so."""

import random
from itertools import pairwise
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from quadcim.boards import self_test
from quadcim.boards.self_test import SelfTest, checksum, stimulus
from quadcim.boards.units import ExternalUnit
from quadcim.hw.units import create_unit
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from tests.boards.helpers import definition
from tests.conftest import make_unit

_UNIT = make_unit("SQ2.4", "SQ2.4", "nearest", 2, "elastic")


def _right(unit) -> int:
    activation = unit.activation
    return checksum(definition(activation, stimulus(activation.input)), width=activation.output.width)


def _verdicts(unit, expected: int, *, restart: bool = False) -> list[tuple[int, int, int]]:
    """Simulate (passed, failed, done) in each cycle; with `restart`, from a reset in mid-test on."""
    m = Module()
    domain: Any = ClockDomain("sync")
    m.domains += domain
    m.submodules.test = test = SelfTest(unit=create_unit(unit), expected=expected)
    seen = []

    async def testbench(ctx):
        if restart:
            await ctx.tick().repeat(20)
            ctx.set(domain.rst, 1)
            await ctx.tick()
            ctx.set(domain.rst, 0)
        for _ in range(len(stimulus(unit.activation.input)) + 10):
            seen.append((ctx.get(test.passed), ctx.get(test.failed), ctx.get(test.done)))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(testbench)
    simulator.run()
    return seen


@pytest.mark.parametrize("restart", [False, True], ids=["once", "restarted"])
@pytest.mark.parametrize("unit", [
    make_unit("SQ2.4", "SQ2.4", "nearest", 0, "elastic"),
    _UNIT,
    make_unit("UQ1.4", "UQ1.6", "truncate", 3, "elastic"),
], ids=lambda unit: unit.name)
def test_passes_with_the_right_checksum(unit, restart):
    beats = 1 << unit.activation.input.width
    # The first beat leaves after the latency; the checksum is complete one cycle after the last, the verdict two.
    running = [(0, 0, 0)] * (unit.stages + beats + 1)
    verdicts = _verdicts(unit, _right(unit), restart=restart)
    assert verdicts == running + [(1, 0, 1)] * (len(verdicts) - len(running))


def test_fails_with_a_wrong_checksum(seed):
    bit = random.Random(seed).randrange(32)
    verdicts = _verdicts(_UNIT, _right(_UNIT) ^ (1 << bit))
    assert verdicts[-1] == (0, 1, 1)
    assert {verdict[0] for verdict in verdicts} == {0}


def test_inputs_beyond_the_limit_are_spread(monkeypatch):
    monkeypatch.setattr(self_test, "_MAX_BEATS_LOG2", 4)
    assert len(stimulus(_UNIT.activation.input)) == 16
    assert _verdicts(_UNIT, _right(_UNIT))[-1] == (1, 0, 1)


@pytest.mark.parametrize("name", ["SQ2.6", "UQ1.9", "SQ2.18"])
def test_every_input_up_to_20_bits(name):
    fmt = Format.parse(name)
    assert sorted(stimulus(fmt)) == list(range(fmt.minimum, fmt.maximum + 1))


@pytest.mark.parametrize("name", ["SQ2.19", "UQ2.24", "SQ4.28"])
def test_wide_inputs_cover_the_range(name):
    fmt = Format.parse(name)
    raws = sorted(stimulus(fmt))
    assert len(raws) == 1 << 20
    widest_gap = max(b - a for a, b in pairwise(raws))
    assert widest_gap <= 2 << (fmt.width - 20)
    assert {raw & 0xFF for raw in raws[:1 << 12]} == set(range(256)), "low bits that do not change"


def test_checksum_notices_faults_and_order(seed):
    rng = random.Random(seed)
    outputs = [rng.randrange(-1 << 15, 1 << 15) for _ in range(1 << 10)]
    right = checksum(outputs, width=16)
    for _ in range(100):
        i, j = rng.sample(range(len(outputs)), 2)
        swapped = list(outputs)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        assert (checksum(swapped, width=16) == right) == (outputs[i] == outputs[j])
    for bit in range(16):
        assert checksum([y | (1 << bit) for y in outputs], width=16) != right, f"stuck bit {bit}"
        assert checksum([y ^ (1 << bit) for y in outputs], width=16) != right, f"inverted bit {bit}"
    assert checksum(outputs[:-1], width=16) != right
    assert checksum([outputs[0], *outputs], width=16) != right


def test_checksum_of_known_outputs():
    """Without outputs the start value; one output of 0 shifts it and takes the polynomial away."""
    assert checksum([], width=8) == 0xFFFFFFFF
    assert checksum([0], width=8) == 0xFFFFFFFE ^ 0x04C11DB7
    assert checksum([-1], width=8) == 0xFFFFFFFE ^ 0x04C11DB7 ^ 0xFF


@pytest.mark.parametrize("expected", [-1, 1 << 32])
def test_a_checksum_has_32_bits(expected):
    unit = ExternalUnit(module="unit", input=Format.parse("SQ2.4"), output=Format.parse("SQ2.4"), stages=1)
    with pytest.raises(IllegalSetting, match=f"expected must be 0 to 4294967295, got {expected}"):
        SelfTest(unit=unit, expected=expected)

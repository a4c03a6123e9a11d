# amaranth: UnusedElaboratable=no
"""The self-test: its checksum notices faults and order, and its hardware says so."""

import random
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from quadcim.boards.vcu128 import self_test
from quadcim.boards.vcu128.board import board_files
from quadcim.boards.vcu128.designs import SelfTestBoard
from quadcim.boards.vcu128.self_test import SelfTest, checksum, stimulus
from quadcim.boards.vcu128.units import ExternalUnit
from quadcim.hw.activation.units import create_unit
from quadcim.sim.tools import run_tool
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.ports import Port
from tests.boards.conftest import board_case
from tests.boards.helpers import definition, tool, write
from tests.conftest import make_unit, unit_id

pytestmark = pytest.mark.shared_seeds

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
    make_unit("SQ2.4", "SQ2.4", "nearest", 2, "always"),
], ids=unit_id)
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
    ports = [Port("i__payload", "input", 6), Port("i__ready", "output", 1), Port("o__payload", "output", 6),
             Port("o__ready", "input", 1)]
    with pytest.raises(IllegalSetting, match=f"expected must be 0 to 4294967295, got {expected}"):
        SelfTest(unit=ExternalUnit(module="unit", ports=ports), expected=expected)


_BOARD_TB = """
`timescale 1ns/1ps
module tb;
  reg clk = 0, button = 0;
  wire led_0, led_1, led_2, led_7;
  always #5 clk = ~clk;
  {top}_selftest board(.clk100_0__p(clk), .clk100_0__n(~clk), .cpu_reset_0__io(button),
    .led_0__io(led_0), .led_1__io(led_1), .led_2__io(led_2), .led_7__io(led_7));
  initial begin
    wait (led_2); #20 $display("%b%b%b", led_0, led_1, led_2);
    button = 1; #50 $display("%b%b%b", led_0, led_1, led_2);
    button = 0; wait (led_2); #20 $display("%b%b%b", led_0, led_1, led_2);
    $finish;
  end
  initial #100000 $finish;
endmodule
"""


_FAULTY = """
module {top}(input wire [5:0] i__payload, output wire i__ready, input wire i__valid,
             output wire [6:0] o__payload, input wire o__ready, output wire o__valid);
  wire [5:0] x = {x};
  wire [6:0] y;
  wire valid;
  right unit(.i__payload(x), .i__ready(i__ready), .i__valid(i__valid), .o__payload(y), .o__ready(o__ready),
    .o__valid(valid));
  assign o__payload = {y};
  assign o__valid = {valid};
endmodule
"""


@pytest.mark.parametrize("fault, verdicts", [
    ({}, ["101", "000", "101"]),
    ({"y": "y ^ (x == 6'd5)"}, ["011", "000", "011"]),                                     # a bit of one result
    ({"x": "i__payload >> 1 == 9 ? i__payload ^ 6'd1 : i__payload"}, ["011", "000", "011"]),     # two are swapped
    ({"valid": "valid & x != 6'd5"}, ["011", "000", "011"]),                               # a beat is lost
    ({"valid": "valid & x < 6'd32"}, ["011", "000", "011"]),                               # half of them are
    ({"valid": "1'b0"}, []),                                                               # all of them: no end
], ids=["right", "bit", "swapped", "lost", "half", "silent"])
def test_a_faulty_unit_never_passes(make_case, tmp_path, fault, verdicts):
    """What a case ships, around a unit with a fault, before and after the button."""
    case = board_case(make_case, "combinational")
    text = case.rtl[0].read_text()
    assert f"module {case.top} (" in text
    faulty = _FAULTY.format(top=case.top, **{"x": "i__payload", "y": "y", "valid": "valid"} | fault)
    write(tmp_path, {"tb.v": _BOARD_TB.format(top=case.top), "faulty.v": faulty,
                     "right.v": text.replace(f"module {case.top} (", "module right (")})
    run_tool([tool("iverilog"), "-g2005", "-o", tmp_path / "out", *sorted(tmp_path.glob("*.v")),
              case.folder / f"vcu128/{case.top}_selftest.v", Path(__file__).parents[1] / "primitives.v"])
    done = subprocess.run([tool("vvp"), "-n", tmp_path / "out"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == verdicts


@pytest.mark.parametrize("fault", [0, 1], ids=["shipped", "wrong"])
@pytest.mark.parametrize("name", ["combinational", "two-stages", "without-backpressure"])
def test_the_board_in_verilog(make_case, tmp_path, name, fault):
    """With the button pressed after the first verdict; what a case ships passes."""
    case = board_case(make_case, name)
    text = (case.folder / f"vcu128/{case.top}_selftest.v").read_text()
    if fault:
        right = checksum(definition(case.spec.activation, stimulus(case.spec.activation.input)),
                         width=case.spec.activation.output.width)
        board = SelfTestBoard(top=case.top, ports=case.ports, expected=right ^ 1 << 31)
        text = board_files(board, top=case.top, header="")[f"{case.top}_selftest.v"]
    write(tmp_path, {"tb.v": _BOARD_TB.format(top=case.top), "selftest.v": text})
    run_tool([tool("iverilog"), "-g2005", "-o", tmp_path / "out", tmp_path / "tb.v", *case.simulation_sources,
              tmp_path / "selftest.v", Path(__file__).parents[1] / "primitives.v"])
    done = subprocess.run([tool("vvp"), "-n", tmp_path / "out"], capture_output=True, text=True, check=True)
    verdict = "011" if fault else "101"
    assert done.stdout.split() == [verdict, "000", verdict]

"""Modules that are mapped once and stamped give what they give when they are all flattened."""

import random
from pathlib import Path

import numpy as np
import pytest

from quadcim.sim import netlist
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.design import EmittedDesign
from quadcim.sim.simplify import simplified
from quadcim.spec.formats import Format
from quadcim.spec.ports import Field, Port
from quadcim.spec.reset import RESETS
from quadcim.spec.timing import Timing

_WIDTH = 8
_OPERATIONS = ("&", "|", "^", "+", "-")


def _expression(draw: random.Random, names: list[str]) -> str:
    left, right = draw.choice(names), draw.choice([*names, f"{_WIDTH}'h{draw.getrandbits(_WIDTH):x}"])
    operation = draw.choice(_OPERATIONS)
    return draw.choice((f"{left} {operation} {right}", f"~{left}", f"{left}[0] ? {right} : {left}", left))


def _module(draw: random.Random, name: str, children: list[str]) -> str:
    """A module with two inputs and two outputs, which may be inputs, constants or the same."""
    lines, names = [], ["a", "b"]
    for index in range(draw.randint(1, 4)):
        if children and draw.random() < 0.6:
            given = [draw.choice([*names, f"{_WIDTH}'h{draw.choice((0, 255, draw.getrandbits(8))):x}"]) for _ in "ab"]
            outputs = [f".y(n{index}_y)"] * (draw.random() < 0.8) + [f".z(n{index}_z)"] * (draw.random() < 0.8)
            inputs = [f".{pin}({net})" for pin, net in zip("ab", given, strict=True) if draw.random() < 0.95]
            lines += [f"  wire [{_WIDTH - 1}:0] n{index}_y, n{index}_z;",
                      f"  {draw.choice(children)} u{index} ({', '.join(['.clk(clk)', *inputs, *outputs])});"]
            names += [f"n{index}_{pin}" for pin in "yz" if any(f".{pin}(" in output for output in outputs)]
        elif draw.random() < 0.3:
            lines += [f"  reg [{_WIDTH - 1}:0] r{index} = {draw.getrandbits(8)};",
                      f"  always @(posedge clk) r{index} <= {_expression(draw, names)};"]
            names.append(f"r{index}")
        else:
            lines.append(f"  wire [{_WIDTH - 1}:0] w{index} = {_expression(draw, names)};")
            names.append(f"w{index}")
    ports = ", ".join(["input clk", *(f"{way} [{_WIDTH - 1}:0] {pin}" for way, pin in (
        ("input", "a"), ("input", "b"), ("output", "y"), ("output", "z")))])
    constant = f"{_WIDTH}'d255"
    ends = [f"  assign {pin} = {draw.choice([*names, names[-1], constant])};" for pin in "yz"]
    return "\n".join([f"module {name} ({ports});", *lines, *ends, "endmodule", ""])


def _design(draw: random.Random, folder: Path) -> EmittedDesign:
    """Levels of modules, each with instances of those below; at the top a stream through them."""
    names: list[str] = []
    text = ""
    for index in range(draw.randint(2, 5)):
        text += _module(draw, f"m{index}", list(names))
        names.append(f"m{index}")
    text += f"""module top (input clk, input rst, input [15:0] i__payload, input i__valid, output i__ready,
  output [15:0] o__payload, output o__valid, input o__ready);
  wire [{_WIDTH - 1}:0] p, q;
  {names[-1]} first (.clk(clk), .a(i__payload[7:0]), .b(i__payload[15:8]), .y(p), .z(q));
  {names[-1]} second (.clk(clk), .a(q), .b(p), .y(o__payload[7:0]), .z(o__payload[15:8]));
  assign o__valid = i__valid, i__ready = o__ready;
endmodule
"""
    (folder / "top.v").write_text(text)
    field = (Field("value", 0, Format(False, 16, 0)),)
    ports = (Port("clk", "input", 1), Port("rst", "input", 1), Port("i__payload", "input", 16, field),
             Port("i__valid", "input", 1), Port("i__ready", "output", 1), Port("o__payload", "output", 16, field),
             Port("o__valid", "output", 1), Port("o__ready", "input", 1))
    return EmittedDesign(folder, "top", ports, RESETS["sync-high"], Timing(0, 1, 0), (folder / "top.v",), ())


@pytest.mark.parametrize("case", range(12))
def test_stamped_and_flattened_are_the_same(case, tmp_path, seed, monkeypatch):
    draw = random.Random(f"{seed} {case}")
    design = _design(draw, tmp_path)
    inputs = np.array([draw.getrandbits(16) for _ in range(600)])
    outputs = []
    for least in (0, 1 << 30):
        monkeypatch.setattr(netlist, "_LARGE_MODULE", least)
        assert bool(netlist._stamped(design.simulation_sources)) == (least == 0)
        outputs.append(BulkSimulator(design).run(inputs).outputs)
    assert (outputs[0] == outputs[1]).all(), (tmp_path / "top.v").read_text()


def test_a_module_that_stands_once_is_not_stamped(tmp_path):
    (path := tmp_path / "x.v").write_text(
        "module once (input a);\n" + "  // nothing\n" * 300 + "endmodule\nmodule twice (input a);\n"
        + "  // nothing\n" * 300 + "endmodule\nmodule top (input a);\n  once one (.a(a));\n  twice one_of (.a(a));\n"
        "  twice two (.a(a));\nendmodule\n")
    assert netlist._stamped([path]) == ["twice"]


def _cell(kind: str, **pins: int | str) -> dict:
    return {"type": kind, "connections": {name: [bit] for name, bit in pins.items()}}


def test_what_constants_decide_is_left_out():
    module = {"ports": {"a": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [8]}},
              "netnames": {}, "cells": {
        "and": _cell("$_AND_", A=2, B="1", Y=3), "nor": _cell("$_NOR_", A=3, B="0", Y=4),
        "mux": _cell("$_MUX_", A=4, B=2, S="0", Y=5), "xor": _cell("$_XOR_", A=5, B="1", Y=6),
        "or": _cell("$_OR_", A=6, B=7, Y=8), "still": _cell("$_DFF_P_", Q=7, D=2, C="0"),
        "unread": _cell("$_AND_", A=2, B=8, Y=9)}}
    gates, _nets = netlist.gates_of(module)
    left = simplified(gates, netlist._levels(gates)[:len(gates.kinds)])
    # a & 1 is a, its complement twice is a again: only the two complements are left to be read, or none.
    assert left.registers.shape[1] == 0 and set(left.kinds) <= {0} and len(left.kinds) == 2

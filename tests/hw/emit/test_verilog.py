"""The emitted Verilog: accepted by tools that others wrote, readable, and nothing but what it should be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.cores.catalogue import presets
from quadcim.hw.activation.units import create_unit
from quadcim.hw.arithmetic.companions import companion_files
from quadcim.hw.cim.plan import plan_macro
from quadcim.hw.cim.unit import CimUnit
from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.emit.yosys import run_passes
from quadcim.hw.streams.slices import RegisterSlice
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.design import write_design
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.presets import PRESETS
from quadcim.spec.reset import RESETS
from quadcim.spec.timing import Timing
from tests.acceptance import icarus_accepts, slang_accepts, verilator_accepts
from tests.conftest import make_unit, unit_id

_UNITS = [*PRESETS.values(), make_unit("SQ2.6", "SQ2.6", "nearest", 1, "always"),
          make_unit("UQ0.6", "UQ0.7", "nearest", 2, "elastic"), make_unit("SQ2.0", "SQ2.4", "nearest", 1, "elastic"),
          *(CimMacro(37, 3, 4, signed=True, bits_per_cycle=bits, encoding="bipolar", banks=2, stages=4,
                     technology=technology)
            for bits, technology in ((1, "generic"), (2, "cells"), (1, "ultrascale"), (4, "fpga"))),
          CimMacro(37, 3, 4, stages=3, adc=Adc(16, 3, 0, 14, 2)),
          CimMacro(37, 7, 4, stages=3, storage="lutram", technology="ultrascale")]


@pytest.fixture(params=_UNITS, ids=unit_id)
def design(request, tmp_path):
    """The files of a unit, its own first and then what it instantiates, and its module name."""
    unit = request.param
    component = CimUnit(plan_macro(unit, CimIntegers())) if isinstance(unit, CimMacro) else create_unit(unit)
    text = emit_verilog(component, name=unit.name, header="header").text
    files = {"unit.v": text} | {Path(path).name: body for path, body in companion_files(text).items()}
    for name, body in files.items():
        (tmp_path / name).write_text(body)
    return [tmp_path / name for name in files], unit.name


def test_icarus_accepts(design):
    icarus_accepts(design[1], design[0])


def test_verilator_accepts(design):
    verilator_accepts(design[1], design[0])


def test_slang_accepts(design):
    slang_accepts(design[0])


def test_yosys_accepts(design):
    files, top = design
    run_passes(["read_verilog", *map(str, files)], f"hierarchy -check -top {top}", "proc", "check -assert")


def test_is_plain_verilog_2005(design):
    text, top = re.sub("//.*", "", design[0][0].read_text()), design[1]
    assert not re.search(r"\b(logic|always_ff|always_comb|initial|bit|enum)\b", text)
    modules = re.findall(r"^module (\S+)", text, re.MULTILINE)
    assert modules[0] == top
    assert all(name.startswith(f"{top}_") for name in modules[1:])


def test_names_are_for_people(design):
    text = design[0][0].read_text()
    assert "\\" not in text and "$" not in text.replace("$signed(", "")
    assert re.findall(r"\b_\d+_\b", text) == []
    assert max(map(len, text.splitlines())) <= 120 + len("module ")


@pytest.mark.parametrize("stages", [0, 3])
@pytest.mark.parametrize("flow_control", ["elastic", "always"])
def test_ports(stages, flow_control):
    unit = make_unit("SQ2.6", "SQ1.7", "nearest", stages, flow_control)
    ports = [name for name, _direction, _width in emit_verilog(create_unit(unit), name=unit.name, header="").ports]
    ready = flow_control == "elastic"
    assert ports == [*(["clk", "rst"] if stages else []), "i__payload", "i__valid", *(["i__ready"] if ready else []),
                     "o__payload", "o__valid", *(["o__ready"] if ready else [])]


@pytest.mark.parametrize("name, edges, condition", [
    ("sync-high", "posedge clk", "rst"), ("sync-low", "posedge clk", "!rst_n"),
    ("async-high", "posedge clk, posedge rst", "rst"), ("async-low", "posedge clk, negedge rst_n", "!rst_n")])
def test_resets_and_no_initial_values(name, edges, condition):
    unit = PRESETS["phi16"]
    emitted = emit_verilog(create_unit(unit), name=unit.name, header="", reset=RESETS[name], initialise=False)
    assert not re.search(r"\breg\b[^;,]*=", emitted.text)
    # Only the valid bits are reset: payload registers are cheaper without.
    resets = re.findall(rf"always @\({edges}\)\s+if \({re.escape(condition)}\) \w+ <= 1'h0;", emitted.text)
    assert len(resets) == unit.stages
    assert len(re.findall(r"\brst(?:_n)?\b", emitted.text)) == 1 + unit.stages * (2 if "async" in name else 1)
    assert [port for port, _, _ in emitted.ports[:2]] == ["clk", RESETS[name].port]


def test_text_does_not_depend_on_the_process():
    code = ("from quadcim.hw.activation.units import create_unit; from quadcim.hw.emit.verilog import emit_verilog; "
            "from quadcim.spec.presets import PRESETS; u = PRESETS['phi16']; "
            "print(emit_verilog(create_unit(u), name=u.name, header='').text)")
    texts = {subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
                            capture_output=True, text=True, check=True).stdout for seed in ("0", "1", "2")}
    assert len(texts) == 1


class _Passing(wiring.Component):
    a: Value
    y: Value

    def __init__(self):
        super().__init__({"a": In(4), "y": Out(4)})


class _Leaf(_Passing):
    def elaborate(self, platform):
        m = Module()
        state = Signal(4, reset_less=True)
        m.d.sync += state.eq(self.a + 1)
        m.d.comb += self.y.eq(state)
        return m


class _Tree(_Passing):
    def elaborate(self, platform):
        m = Module()
        m.submodules.first = first = _Leaf()
        m.submodules.second = second = _Leaf()
        m.d.comb += [first.a.eq(self.a), second.a.eq(first.y ^ 5), self.y.eq(second.y)]
        return m


def test_submodules_are_named_after_the_top_and_listed_once(tmp_path):
    emitted = emit_verilog(_Tree(), name="quadcim_tree", header="")
    assert set(re.findall(r"^module (\S+)", emitted.text, re.MULTILINE)) == {
        "quadcim_tree", "quadcim_tree_first", "quadcim_tree_second"}
    assert emitted.ports == (("clk", "input", 1), ("rst", "input", 1), ("a", "input", 4), ("y", "output", 4))
    (tmp_path / "tree.v").write_text(emitted.text)
    run_passes(["read_verilog", str(tmp_path / "tree.v")], "hierarchy -check", "proc", "check -assert")


class _Twins(_Passing):
    def elaborate(self, platform):
        m = Module()
        leaf, between = _Leaf(), Signal(4)
        m.submodules.first = SharedModule(leaf, "leaf", a=self.a, y=between)
        m.submodules.second = SharedModule(leaf, "leaf", a=between, y=self.y)
        return m


def test_a_shared_module_is_emitted_once(tmp_path):
    emitted = emit_verilog(_Twins(), name="quadcim_twins", header="")
    assert re.findall(r"^module (\S+)", emitted.text, re.MULTILINE) == ["quadcim_twins", "quadcim_twins_leaf"]
    assert len(re.findall(r"^  quadcim_twins_leaf (first|second) ", emitted.text, re.MULTILINE)) == 2
    (tmp_path / "twins.v").write_text(emitted.text)
    run_passes(["read_verilog", str(tmp_path / "twins.v")], "hierarchy -check -top quadcim_twins", "proc",
               "check -assert")


class _Torn(wiring.Component):
    """A submodule whose port is connected to a concatenation, which Amaranth makes two ports of; and a port's name."""

    i: stream.Interface
    o: stream.Interface

    def __init__(self):
        super().__init__({"i": In(stream.Signature(5)), "o": Out(stream.Signature(5))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.slice = slice_ = RegisterSlice(5)
        port_1_0 = Signal(5, name="port_1_0")
        m.d.comb += [port_1_0.eq(slice_.o.payload ^ 1), self.o.payload.eq(port_1_0),
                     slice_.i.payload.eq(Cat(self.i.payload[3:], self.i.payload[:3])),
                     slice_.i.valid.eq(self.i.valid), self.i.ready.eq(slice_.i.ready),
                     self.o.valid.eq(slice_.o.valid), slice_.o.ready.eq(self.o.ready)]
        return m


def test_a_port_may_be_connected_to_a_concatenation(tmp_path):
    design = write_design(_Torn(), tmp_path, timing=Timing(1, 1, 2))
    assert "\\" not in design.simulation_sources[0].read_text()
    words = np.arange(32, dtype=np.uint32)
    assert np.array_equal(BulkSimulator(design).run(words).outputs[:, 0], (words >> 3 | words << 2 & 31) ^ 1)


@pytest.mark.parametrize("name", presets())
def test_no_core_has_a_port_in_parts(name, make_case):
    assert not re.search(r"\bport_+\d+_\d+\b", make_case(presets()[name]).simulation_sources[0].read_text())

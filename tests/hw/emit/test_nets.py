"""Names of nets between instances."""

import re

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.nets import nets_named_after_instances
from quadcim.hw.emit.verilog import emit_verilog


class _Inverter(wiring.Component):
    i: Signal
    o: Signal

    def __init__(self):
        super().__init__({"i": In(4), "o": Out(4)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(~self.i)
        return m


class _Chain(wiring.Component):
    x: Signal
    y: Signal

    def __init__(self):
        super().__init__({"x": In(4), "y": Out(4)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.first, m.submodules.second, m.submodules.third = first, second, third = [
            _Inverter() for _ in range(3)]
        m.d.comb += [first.i.eq(self.x + 1), second.i.eq(first.o), third.i.eq(second.o), self.y.eq(third.o)]
        return m


def test_nets_are_called_after_the_instance_that_drives_them():
    text = emit_verilog(_Chain(), name="chain", header="").text
    top = text[text.index("module chain ("):text.index("endmodule")]
    assert ".o(first_o)" in top and ".i(first_o)" in top and ".i(second_o)" in top
    assert not re.search(r"\b[io]_\d", top)


def test_ports_and_names_that_are_taken_stay():
    rtlil = """module \\a
  wire width 1 input 0 \\i
  wire width 1 \\i$1
  wire width 1 \\one_i
  cell \\b \\one
    connect \\i \\i$1
  end
end
"""
    assert nets_named_after_instances(rtlil) == rtlil
    free = rtlil.replace("  wire width 1 \\one_i\n", "")
    assert nets_named_after_instances(free) == free.replace("\\i$1", "\\one_i")


@pytest.mark.parametrize("target", ["vcu128"])
def test_no_net_of_a_wrapper_has_a_number_of_amaranth_s(target, make_case):
    from quadcim.spec.presets import MACRO_PRESETS, PRESETS

    for spec in (PRESETS["phi8"], MACRO_PRESETS["cim-banks"]):
        case = make_case(spec, target)
        for path in case.folder.glob("vcu128/*.v"):
            assert not re.search(r"\b[iow]__(payload|valid|ready)_\d", path.read_text()), path

"""Vivado scripts and constraints for a unit on the VCU128. Vivado itself is not needed to write them."""

import tempfile
from pathlib import Path

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io

from quadcim.boards.self_test import SelfTest
from quadcim.boards.units import StreamUnit
from quadcim.boards.vcu128 import VCU128Platform
from quadcim.hw.readable import make_readable
from quadcim.hw.yosys import run_passes

__all__ = ["timing_plan", "vivado_plan"]

_PART = f"{VCU128Platform.device}-{VCU128Platform.package}-{VCU128Platform.speed}"

# Vivado's own files go to a folder of their own, wherever the script is started from.
_START = """\
set here [file dirname [file normalize [info script]]]
file mkdir [file join $here {{build}}]
cd [file join $here {{build}}]
create_project -in_memory -part {{part}}
"""

_SELF_TEST_TCL = _START + """\
read_verilog [list [file join $here .. rtl "{{top}}.v"] [file join $here "{{name}}.v"]]
read_xdc [file join $here "{{name}}.xdc"]
synth_design -top {{name}} -part {{part}}
opt_design
place_design
phys_opt_design
route_design
report_utilization -hierarchical -file utilization.rpt
report_timing_summary -file timing.rpt
report_drc -file drc.rpt
write_checkpoint -force routed.dcp
set slack [get_property SLACK [get_timing_paths -delay_type min_max]]
if {$slack < 0} {
  error "timing is not met: worst slack $slack ns"
}
write_bitstream -force -bin_file "{{name}}.bit"
puts "worst slack $slack ns, wrote [file join [pwd] {{name}}.bit]"
"""

_SELF_TEST_XDC = """\
{% for port, pin, attributes in platform.iter_port_constraints_bits() %}
set_property PACKAGE_PIN {{pin}} [get_ports {{port|tcl_quote}}]
{% for attribute, value in attributes.items() %}
set_property {{attribute}} {{value}} [get_ports {{port|tcl_quote}}]
{% endfor %}
{% endfor %}

{% for port, frequency in platform.iter_port_clock_constraints() %}
create_clock -name {{platform.default_clk}} -period {{1e9 / frequency}} [get_ports {{port.name|tcl_quote}}]
{% endfor %}

# The button is asynchronous: it presets the two registers that synchronise its release.
set_false_path -from [get_ports "cpu_reset_0__io"]
set_property ASYNC_REG TRUE [get_cells -hierarchical -filter {REF_NAME == FDPE}]
# People watch the LEDs.
set_false_path -to [get_ports "led_*"]

set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
"""

_SELF_TEST_SH = """\
#!/bin/sh
# Builds build/{{name}}.bit; VIVADO names another vivado than that on the path.
set -e
cd "$(dirname "$0")"
"${VIVADO:-vivado}" -mode batch -nojournal -log "{{name}}.log" -source "{{name}}.tcl"
"""

_TIMING_XDC = """\
create_clock -name aclk -period {period} [get_ports aclk]
# The ports of the wrapper lead to registers next to it.
set_input_delay -clock aclk -max 0.000 [get_ports {{aresetn s_axis_* m_axis_tready}}]
set_output_delay -clock aclk -max 0.000 [get_ports {{s_axis_tready m_axis_t[dv]*}}]
"""


class _Board(Elaboratable):
    """A self-test with its verdict on LEDs 0 (passed), 1 (failed), 2 (done) and its heartbeat on LED 7."""

    def __init__(self, test: SelfTest):
        self._test = test

    def elaborate(self, platform: VCU128Platform) -> Module:
        m = Module()
        m.submodules.test = test = self._test
        for number, value in ((0, test.passed), (1, test.failed), (2, test.done), (7, test.heartbeat)):
            m.submodules[f"led_{number}"] = led = io.Buffer("o", platform.request("led", number, dir="-"))
            m.d.comb += led.o.eq(value)
        return m


print

"""Vivado scripts and constraints for a unit on the VCU128. Vivado itself is not needed to write them."""

from string import Template

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io

from quadcim.boards.self_test import SelfTest
from quadcim.boards.text import comment
from quadcim.boards.units import ExternalUnit
from quadcim.boards.vcu128 import VCU128Platform
from quadcim.hw.verilog import verilog_from_rtlil

__all__ = ["timing_plan", "vivado_plan"]


class _Tcl(Template):
    """Tcl has its own use for the dollar."""

    delimiter = "@"


_BEGIN = """
# Usage, from any folder: vivado -mode batch -source @name.tcl
# What Vivado makes goes to the folder build/ beside this script.
set unit "@module"
set top "@name"
set part "@part"
set here [file dirname [file normalize [info script]]]
set build [file join $here build $top]
file mkdir $build
cd $build
create_project -in_memory -part $part
read_verilog [concat [glob [file join $here .. rtl *.v]] [list [file join $here "$top.v"]]]
"""

_IMPLEMENT = """\
opt_design
place_design
phys_opt_design
route_design
report_utilization -hierarchical -file utilization.rpt
report_timing_summary -file timing.rpt
write_checkpoint -force routed.dcp
"""

_SELF_TEST_TCL = _Tcl(_BEGIN + """\
read_xdc [file join $here "$top.xdc"]
synth_design -top $top -part $part
""" + _IMPLEMENT + """\
report_drc -file drc.rpt
set slack [get_property SLACK [get_timing_paths -delay_type min_max]]
if {$slack < 0} {
  error "timing is not met: worst slack $slack ns"
}
write_bitstream -force -bin_file "$top.bit"
""")

_SELF_TEST_XDC = """
{% for port, pin, attributes in platform.iter_port_constraints_bits() %}
set_property PACKAGE_PIN {{pin}} [get_ports {{port|tcl_quote}}]
{% for attribute, value in attributes.items() %}
set_property {{attribute}} {{value}} [get_ports {{port|tcl_quote}}]
{% endfor %}
{% endfor %}

{% for port, frequency in platform.iter_port_clock_constraints() %}
create_clock -name {{platform.default_clk}} -period {{1e9 / frequency}} [get_ports {{port.name|tcl_quote}}]
{% endfor %}

# The button is asynchronous: it presets the registers that synchronise its release.
set_false_path -from [get_ports "cpu_reset_0__io"]
set_property ASYNC_REG TRUE [get_cells -hierarchical -filter {REF_NAME == FDPE}]
# People watch the LEDs.
set_false_path -to [get_ports "led_*"]

set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
"""

_TIMING_TCL = _Tcl(_BEGIN + """\
read_xdc -mode out_of_context [file join $here "$top.xdc"]
synth_design -mode out_of_context -top $top -part $part
""" + _IMPLEMENT + """\
set slack [get_property SLACK [get_timing_paths]]
set period [get_property PERIOD [get_clocks aclk]]
puts "slack $slack ns at a period of $period ns: [format %.1f [expr {1000.0 / ($period - $slack)}]] MHz"
""")

_TIMING_XDC = _Tcl("""
# For @name on its own; in a larger design its clock comes from there.
create_clock -name aclk -period @period [get_ports aclk]
# The neighbours' registers are next to the ports.
set_input_delay -clock aclk -max 0.000 [get_ports {aresetn s_axis_tdata[*] s_axis_tvalid m_axis_tready}]
set_output_delay -clock aclk -max 0.000 [get_ports {m_axis_tdata[*] m_axis_tvalid s_axis_tready}]
""")

_ABOUT_LEDS = "LED 0 passed, 1 failed, 2 done, 7 heartbeat; the button CPU_RESET restarts it"


class _Board(Elaboratable):
    """A self-test with its verdict on LEDs."""

    def __init__(self, test: SelfTest):
        self._test = test

    def elaborate(self, platform: VCU128Platform) -> Module:
        m = Module()
        m.submodules.test = test = self._test
        for number, value in ((0, test.passed), (1, test.failed), (2, test.done), (7, test.heartbeat)):
            m.submodules[f"led_{number}"] = led = io.Buffer(io.Direction.Output, platform.port("led", number))
            m.d.comb += led.o.eq(value)
        return m


class _Planner(VCU128Platform):
    """The board with a plan that holds RTLIL, since for Verilog Amaranth would start whatever Yosys it finds."""

    @property
    def file_templates(self) -> dict[str, str]:
        return {"rtlil": "{{emit_rtlil()}}", "xdc": _SELF_TEST_XDC}


def vivado_plan(*, unit: ExternalUnit, expected: int, header: str) -> dict[str, str]:
    """Put the self-test of a unit on the board: Verilog, Vivado script, constraints; equal settings give equal bytes.

    Parameters
    ----------
    unit : ExternalUnit
        The unit; the script reads its module ``<module>`` from ``../rtl/<module>.v``.
    expected : int
        The checksum of a unit without fault (`quadcim.boards.self_test`).
    header : str
        Lines of comment that open every file.

    Returns
    -------
    dict
        File name to text: ``<module>_selftest.v``, ``.tcl`` and ``.xdc``.
    """
    name = f"{unit.module}_selftest"
    plan = _Planner().prepare(_Board(SelfTest(unit=unit, expected=expected)), name, emit_src=False)
    body = verilog_from_rtlil(plan.files["rtlil"], "flatten -separator _")
    constraints = plan.files["xdc"]
    about = f"{header}\n\nSelf-test of this unit: {_ABOUT_LEDS}"
    script = _SELF_TEST_TCL.substitute(name=name, module=unit.module, part=VCU128Platform.part)
    return {
        f"{name}.v": f"{comment(about, '//')}\n`default_nettype none\n\n{body}\n`default_nettype wire\n",
        f"{name}.tcl": comment(header, "#") + script,
        f"{name}.xdc": f"{comment(header, '#')}\n{constraints}\n",
    }


def timing_plan(*, module: str, clock_mhz: float, header: str) -> dict[str, str]:
    """Make a script that places and routes a unit's AXI4-Stream wrapper out of context: its clock rate and its size.

    Parameters
    ----------
    module : str
        Name of the unit's module; the wrapper is ``<module>_axis``.
    clock_mhz : float
        The clock that Vivado aims at.
    header : str
        Lines of comment that open every file.

    Returns
    -------
    dict
        File name to text: ``<module>_axis.tcl`` and ``.xdc``.
    """
    name = f"{module}_axis"
    script = _TIMING_TCL.substitute(name=name, module=module, part=VCU128Platform.part)
    constraints = _TIMING_XDC.substitute(name=name, period=f"{1000 / clock_mhz:.3f}")
    return {f"{name}.tcl": comment(header, "#") + script, f"{name}.xdc": comment(header, "#") + constraints}

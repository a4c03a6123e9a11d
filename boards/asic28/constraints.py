"""Timing constraints (SDC) of a unit for standard cells."""

from quadcim.boards.handoff import Handoff
from quadcim.boards.text import TclTemplate
from quadcim.spec.quoting import comment, tcl_list

__all__ = ["constraints"]

_NUMBERS = TclTemplate("""
# Tools whose units are those of a library (Design Compiler, OpenSTA) need one in ns and pF, or to be told so before.
set_units -time ns -capacitance pF

# ---- Numbers, in ns and pF: edit here
set clock_period            @period
set setup_uncertainty       [expr {0.05 * $clock_period}]  ;# jitter, and skew as long as there is no clock tree
set hold_uncertainty        0.020
set clock_transition        0.050
set input_delay_max         [expr {0.10 * $clock_period}]  ;# clock to output of the neighbour's registers
set input_delay_min         0.020
set output_delay_max        [expr {@output_share * $clock_period}]  ;# @output_reason
set output_delay_min        0.000
set input_transition        0.050
set driving_cell            ""     ;# library cell that drives the inputs; while empty, input_transition stands for it
set output_load             0.010
set max_transition          0.250
set max_fanout              32

# ---- Ports
set data_inputs             [get_ports @inputs]
set data_outputs            [get_ports @outputs]
""")

_CLOCK = """
# ---- Clock
create_clock -name clk -period $clock_period [get_ports clk]
set_clock_uncertainty -setup $setup_uncertainty [get_clocks clk]
set_clock_uncertainty -hold $hold_uncertainty [get_clocks clk]
set_clock_transition $clock_transition [get_clocks clk]
"""

_VIRTUAL_CLOCK = """
# ---- Clock: a virtual one, for a unit without registers
create_clock -name clk -period $clock_period
set_clock_uncertainty -setup $setup_uncertainty [get_clocks clk]
set_clock_uncertainty -hold $hold_uncertainty [get_clocks clk]
"""

_ASYNCHRONOUS = TclTemplate("""
# ---- Reset: asynchronous, active @level
# @port acts at any time, but whoever drives it releases it with clk. Recovery is to be met like setup; removal, like
# hold, is reported, and to be met once there are the trees of the clock and the reset. What the reset does to the
# outputs at once is no timing path.
set_input_delay -clock clk -max $input_delay_max [get_ports @port]
set_input_delay -clock clk -min $input_delay_min [get_ports @port]
set_input_transition $input_transition [get_ports @port]
set_false_path -from [get_ports @port] -to $data_outputs
""")

_SYNCHRONOUS = TclTemplate("""
# ---- Reset: synchronous, active @level
# @port is sampled with clk like any input: it is among data_inputs, without exception.
""")

_DATA = TclTemplate("""
# ---- Data
@{ready}\
set_input_delay -clock clk -max $input_delay_max $data_inputs
set_input_delay -clock clk -min $input_delay_min $data_inputs
set_output_delay -clock clk -max $output_delay_max $data_outputs
set_output_delay -clock clk -min $output_delay_min $data_outputs
set_load $output_load $data_outputs
if {$driving_cell eq ""} {
  set_input_transition $input_transition $data_inputs
} else {
  set_driving_cell -lib_cell $driving_cell $data_inputs
}

# ---- Design rules
set_max_transition $max_transition [current_design]
set_max_fanout $max_fanout [current_design]
""")

_READY = """\
# i__ready may follow o__ready within the cycle, in what the delays of both leave of it. In a small unit this is the
# worst path.
"""


def constraints(handoff: Handoff) -> str:
    """The SDC file: all its numbers stand in one table at its top."""
    reset = handoff.reset
    sampled = [reset.port] if handoff.clocked and not reset.asynchronous else []

    def names(direction: str, *more: str) -> str:
        return tcl_list([*more, *(f"{port.name}[*]" if port.width > 1 else port.name for port in handoff.data_ports
                                  if port.direction == direction)])

    numbers = _NUMBERS.substitute(
        period=f"{1000 / handoff.clock_mhz:.3f}", output_share="0.50" if handoff.clocked else "0.00",
        output_reason="half of the cycle is the receiver's" if handoff.clocked
        else "no registers: 85 % of the cycle are the unit's",
        inputs=names("input", *sampled), outputs=names("output"))
    about_reset = (_ASYNCHRONOUS if reset.asynchronous else _SYNCHRONOUS).substitute(
        port=reset.port, level="low" if reset.active_low else "high")
    clock = _CLOCK + about_reset if handoff.clocked else _VIRTUAL_CLOCK
    data = _DATA.substitute(ready=_READY if handoff.clocked and "ready" in handoff.stream("o") else "")
    return comment(handoff.header, "#") + numbers + clock + data

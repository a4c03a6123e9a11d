"""Handoff to a 28 nm standard-cell flow: a file list and timing constraints."""

from quadcim.boards.handoff import Handoff
from quadcim.boards.text import comment

__all__ = ["asic_files"]


_NUMBERS = """
set_units -time ns -capacitance pF

# ---- Numbers, in ns and pF: edit here
set clock_period            {period}
set clock_uncertainty       [expr {{0.05 * $clock_period}}]
set input_delay_max         [expr {{{input_fraction} * $clock_period}}]  ;# clock to output of the neighbour's registers
set input_delay_min         0.000
set output_delay_max        [expr {{{output_fraction} * $clock_period}}]  ;# {output_reason}
set output_delay_min        0.000
set output_load             0.010
set input_transition        0.050
set driving_cell            ""     ;# library cell that drives the inputs; while empty, input_transition stands for it

# ---- Ports
set data_inputs             [get_ports {{{inputs}}}]
set data_outputs            [get_ports {{{outputs}}}]
"""

_PIPELINE = """
# ---- Clock and reset
create_clock -name clk -period $clock_period [get_ports clk]
set_clock_uncertainty $clock_uncertainty [get_clocks clk]
# rst asserts at any time, but whoever drives it releases it synchronously to clk: recovery and removal are checked.
set_input_delay -clock clk -max $input_delay_max [get_ports rst]
set_input_delay -clock clk -min $input_delay_min [get_ports rst]
set_false_path -from [get_ports rst] -to $data_outputs
"""

_COMBINATIONAL = """
# ---- Clock: a virtual one, for a unit without registers
create_clock -name clk -period $clock_period
set_clock_uncertainty $clock_uncertainty [get_clocks clk]
"""

_DATA = """
# ---- Data
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
"""


def _constraints(handoff: Handoff) -> str:
    def names(direction: str) -> str:
        return " ".join(f"{port.name}[*]" if port.width > 1 else port.name for port in handoff.data_ports
                        if port.direction == direction)

    numbers = _NUMBERS.format(
        period=f"{1000 / handoff.clock_mhz:.3f}",
        input_fraction="0.10",
        output_fraction="0.50" if handoff.clocked else "0.00",
        output_reason="outputs come from registers: half of the cycle is the receiver's" if handoff.clocked
        else "the cycle is the unit's",
        inputs=names("input"), outputs=names("output"))
    pipeline = _PIPELINE.replace("[get_ports rst]", f"[get_ports {handoff.reset.port}]")
    return numbers + (pipeline if handoff.clocked else _COMBINATIONAL) + _DATA


def asic_files(handoff: Handoff) -> dict[str, str]:
    """Make what the flow needs beside the RTL.

    Returns
    -------
    dict
        File name to text: ``<top>.f``, with paths from the case directory, and ``<top>.sdc``.
    """
    top, header = handoff.top, handoff.header
    return {
        f"{top}.f": "\n".join([comment(header, "//"), *handoff.sources, ""]),
        f"{top}.sdc": comment(header, "#") + _constraints(handoff),
    }

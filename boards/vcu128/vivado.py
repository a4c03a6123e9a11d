"""Vivado scripts for a unit on the VCU128. Vivado itself is not needed to write them."""

from collections.abc import Sequence

from quadcim.boards.handoff import Handoff
from quadcim.boards.targets import VCU128_PART
from quadcim.boards.text import TclTemplate
from quadcim.boards.vcu128.ip import axi_streams, packaged_sources, status_ports, wrapper_name
from quadcim.spec.quoting import comment, tcl_list, tcl_word

__all__ = ["program_script", "project_script", "timing_files"]


_TIMING = TclTemplate("""
# Places and routes the AXI4-Stream wrapper of the unit on its own, out of context: its clock rate and its size.
# Usage, from any folder: vivado -mode batch -source @wrapper.tcl
# What Vivado makes goes to the folder build/ beside this script.
set top @wrapper
set part @part
set here [file dirname [file normalize [info script]]]
set build [file join $here build $top]
file mkdir $build
cd $build
create_project -in_memory -part $part
foreach source {@sources
} {
  read_verilog [list [file join $here .. $source]]
}
@{images}read_xdc -mode out_of_context [list [file join $here "$top.xdc"]]
synth_design -mode out_of_context -top $top -part $part
opt_design
place_design
phys_opt_design
route_design
report_utilization -hierarchical -file utilization.rpt
report_timing_summary -file timing.rpt
write_checkpoint -force routed.dcp
set slack [get_property SLACK [get_timing_paths]]
if {$slack eq ""} {
  error "there is no timing path, so no clock rate: see $build/timing.rpt"
}
set period [get_property PERIOD [get_clocks aclk]]
puts "slack $slack ns at a period of $period ns: [format %.1f [expr {1000.0 / ($period - $slack)}]] MHz"
""")

_TIMING_XDC = TclTemplate("""
# For @wrapper on its own; in a larger design its clock comes from there.
create_clock -name aclk -period @period [get_ports aclk]
# The neighbours' registers are next to the ports.
set_input_delay -clock aclk -max 0.000 [get_ports @inputs]
set_output_delay -clock aclk -max 0.000 [get_ports @outputs]
""")

_ARGUMENTS = """\
set unit @unit
set designs @designs
set here [file dirname [file normalize [info script]]]

# A word of a shell, in a command that is printed to be copied.
proc shell_word {text} { return '[string map {' '\\\\''} $text]' }
"""

_PROJECT = TclTemplate("""
# Makes a bitstream of a design for the VCU128 in a Vivado project.
# Usage, from any folder: vivado -mode batch -source @{unit}_project.tcl -tclargs DESIGN
#   DESIGN: @choice. Add the word synth to stop after synthesis.
# What Vivado makes goes to the folder build/ beside this script: the project, reports (.rpt), the bitstream for JTAG
# (.bit), and the image for the board's flash (.bin, SPIx4). If timing is missed, there is an error and no bitstream.
""" + _ARGUMENTS + """\
set part @part

# ---- Arguments
set design [lindex $designs 0]
set stop_after_synthesis 0
foreach argument $argv {
  if {$argument in $designs} {
    set design $argument
  } elseif {$argument eq "synth"} {
    set stop_after_synthesis 1
  } else {
    error "$argument: give one of $designs, and perhaps synth"
  }
}
set top "${unit}_$design"

# ---- Project
set build [file join $here build $top]
file mkdir $build
cd $build
create_project -force $top project -part $part
foreach source {@sources
} {
  add_files -norecurse [list [file join $here .. $source]]
}
@{images}add_files -norecurse [list [file join $here "$top.v"]]
add_files -fileset constrs_1 -norecurse [list [file join $here "$top.xdc"]]
set_property source_mgmt_mode None [current_project]
set_property top $top [current_fileset]

# ---- Synthesis and implementation
proc finish {run} {
  launch_runs $run -jobs 4
  wait_on_run $run
  if {[get_property PROGRESS [get_runs $run]] ne "100%"} {
    error "$run failed: see its log in [pwd]/project"
  }
  open_run $run
}
finish synth_1
report_utilization -hierarchical -file synthesis_utilization.rpt
report_timing_summary -file synthesis_timing.rpt
if {$stop_after_synthesis} {
  puts "Reports are in $build"
  return
}
close_design
finish impl_1
report_timing_summary -file timing.rpt
report_utilization -hierarchical -file utilization.rpt
report_power -file power.rpt
report_drc -file drc.rpt
report_methodology -file methodology.rpt
report_cdc -details -file cdc.rpt
set slack [get_property SLACK [get_timing_paths -delay_type min_max]]
if {$slack < 0} {
  error "timing is not met: worst slack $slack ns, see $build/timing.rpt"
}

# ---- Bitstream, and the image for the flash of 256 MB
write_bitstream -force "$top.bit"
write_cfgmem -force -format bin -interface SPIx4 -size 256 -loadbit "up 0x0 $top.bit" -file "$top.bin"
puts "Worst slack $slack ns. Bitstream and reports are in $build"
puts "Next: vivado -mode batch -source [shell_word [file join $here "${unit}_program.tcl"]] -tclargs $design"
""")

_PROGRAM = TclTemplate("""
# Loads a bitstream into the VCU128 over JTAG; it stays until the power goes off.
# Usage, from any folder: vivado -mode batch -source @{unit}_program.tcl -tclargs DESIGN
#   DESIGN: @choice. Make it with @{unit}_project.tcl before.
""" + _ARGUMENTS + """\
set design [lindex [concat $argv [lindex $designs 0]] 0]
if {$design ni $designs} {
  error "$design: give one of $designs"
}
set bitstream [file join $here build "${unit}_$design" "${unit}_$design.bit"]
if {![file isfile $bitstream]} {
  error "there is no $bitstream: run ${unit}_project.tcl first"
}

open_hw_manager
connect_hw_server
open_hw_target
set device [lindex [get_hw_devices xcvu37p*] 0]
if {$device eq ""} {
  error "no xcvu37p on the JTAG chain: is the board on, and its USB cable plugged in?"
}
current_hw_device $device
set_property PROGRAM.FILE $bitstream $device
program_hw_devices $device
close_hw_manager

if {$design eq "selftest"} {
  puts "The test runs. LED 2: it has ended. LED 0: passed. LED 1: failed. The button CPU_RESET restarts it."
} elseif {$design eq "picture"} {
  puts "Next: python3 [shell_word [file join $here "${unit}_picture.py"]] --port /dev/ttyUSB1"
} else {
  puts "Next: python3 [shell_word [file join $here "${unit}_host.py"]] --port /dev/ttyUSB1"
}
""")


def _script(handoff: Handoff, template: TclTemplate, designs: Sequence[str], **values: str) -> str:
    choice = " or ".join([*(f"{design} (if none is given)" for design in designs[:1]), *designs[1:]])
    text = template.substitute(unit=handoff.top, wrapper=wrapper_name(handoff.top), part=VCU128_PART,
                               designs=tcl_list(designs), choice=choice,
                               **values)
    return comment(handoff.header, "#") + text


def _sources(handoff: Handoff) -> str:
    """The unit and its wrapper, by their paths in the case directory: the lines of a list."""
    return "".join(f"\n  {tcl_word(name)}" for name in packaged_sources(handoff))


def _images(handoff: Handoff, command: str) -> str:
    """What the memories of the unit hold at first: commands for each file, if there are any."""
    if not handoff.images:
        return ""
    names = "".join(f"\n  {tcl_word(name)}" for name in handoff.images)
    return f"foreach image {{{names}\n}} {{\n  set file [file join $here .. $image]\n{command}}}\n"


# A file of this type is found by its name alone.
_ADD_IMAGE = """\
  add_files -norecurse [list $file]
  set_property file_type {Memory Initialization Files} [get_files [list $file]]
"""
_READ_IMAGE = "  read_mem [list $file]\n"


def project_script(handoff: Handoff, designs: Sequence[str]) -> dict[str, str]:
    """Make the script that makes bitstreams of some designs, the usual one first."""
    return {f"{handoff.top}_project.tcl": _script(handoff, _PROJECT, designs, sources=_sources(handoff),
                                                  images=_images(handoff, _ADD_IMAGE))}


def program_script(handoff: Handoff, designs: Sequence[str]) -> dict[str, str]:
    """Make the script that loads one of them into the board."""
    return {f"{handoff.top}_program.tcl": _script(handoff, _PROGRAM, designs)}


def timing_files(handoff: Handoff) -> dict[str, str]:
    """Make a script that places and routes a unit's AXI4-Stream wrapper out of context, and its constraints.

    Returns
    -------
    dict
        File name to text: ``<top>_axis.tcl`` and ``.xdc``.
    """
    name = wrapper_name(handoff.top)
    ports: dict[str, list[str]] = {"in": ["aresetn"], "out": [*status_ports(handoff)]}
    for stream in axi_streams(handoff):
        for logical, direction, width in stream.ports:
            ports[direction].append(stream.port(logical) + "[*]" * (width > 1))
    constraints = _TIMING_XDC.substitute(wrapper=name, period=f"{1000 / handoff.clock_mhz:.3f}",
                                         inputs=tcl_list(ports["in"]), outputs=tcl_list(ports["out"]))
    return {f"{name}.tcl": _script(handoff, _TIMING, (), sources=_sources(handoff),
                                    images=_images(handoff, _READ_IMAGE)),
            f"{name}.xdc": comment(handoff.header, "#") + constraints}

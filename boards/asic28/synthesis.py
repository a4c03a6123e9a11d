"""Synthesis scripts for Genus, Design Compiler and Yosys, and one for OpenSTA."""

from quadcim.boards.asic28.power import SUPPLY_V
from quadcim.boards.asic28.setup import BEGIN
from quadcim.boards.handoff import Handoff
from quadcim.boards.text import TclTemplate
from quadcim.spec.quoting import comment

__all__ = ["synthesis_scripts"]

_KEEP = """\
set keep_macros      [setting KEEP_MACROS 0]        ;# 1: the modules in hard_macros stay hard macros
"""

_POWER_INTENT = """\
set power_intent     [setting POWER_INTENT 0]       ;# 1: read the power intent, @{top}.upf
"""

_GENUS = TclTemplate("""
# Genus 21 or later, from any folder:
#   LIBERTY=/path/to/cells.lib genus -batch -files @{top}_genus.tcl
# Reports, netlist, SDC and SDF go to build/genus/ beside this script. Exit code 1: unresolved references, or timing is
# missed.
""" + BEGIN + """
# ---- Settings: edit here, or set the environment variables of these names
set liberty          [setting LIBERTY ""]           ;# the cell library, a Liberty file, plain or gzipped
""" + _KEEP + _POWER_INTENT + """\
set clock_gating     [setting CLOCK_GATING 0]       ;# 1: insert clock gates
set allow_violations [setting ALLOW_VIOLATIONS 0]   ;# 1: write a netlist that misses timing, and end well

set build [build_folder genus]
cd $build
set libraries [list [existing LIBERTY $liberty]]
if {$keep_macros} {
  foreach macro $hard_macros { lappend libraries [file join $here "$macro.lib"] }
}

# ---- Read; a reference without a definition is an error
read_libs $libraries
set_db hdl_error_on_blackbox true
set_db lp_insert_clock_gating [expr {$clock_gating ? "true" : "false"}]
set_db time_recovery_arcs true
read_hdl -language v2001 [rtl_files $keep_macros $build]
elaborate $top
check_design -unresolved > check_design.rpt
if {$power_intent} {
  read_power_intent -1801 -module $top $upf
  apply_power_intent
  commit_power_intent
}
read_sdc $sdc
check_timing_intent -verbose > check_timing.rpt

# ---- Compile
syn_generic
syn_map
syn_opt

# ---- Report
report_area > area.rpt
report_gates > gates.rpt
report_timing > timing.rpt
report_power > power.rpt
report_qor > qor.rpt
check_design -all > check_netlist.rpt

# ---- Write
write_hdl > $top.v
write_sdc > $top.sdc
write_sdf > $top.sdf

check_slack [get_db current_design .slack] ps $allow_violations
exit
""")

_DC = TclTemplate("""
# Design Compiler, from any folder:
#   LIBERTY_DB=/path/to/cells.db dc_shell -f @{top}_dc.tcl
# Reports, netlist, SDC, SDF and the SVF for Formality go to build/dc/ beside this script. Exit code 1: unresolved
# references, or timing is missed.
""" + BEGIN + """
# ---- Settings: edit here, or set the environment variables of these names
set liberty_db       [setting LIBERTY_DB ""]        ;# the cell library, compiled (.db): the target_library
""" + _KEEP + """\
set macro_db         [setting MACRO_DB ""]          ;# their library, compiled: read_lib and write_lib in lc_shell
""" + _POWER_INTENT + """\
set clock_gating     [setting CLOCK_GATING 0]       ;# 1: insert clock gates
set allow_violations [setting ALLOW_VIOLATIONS 0]   ;# 1: write a netlist that misses timing, and end well

set build [build_folder dc]
cd $build
set libraries [list [existing LIBERTY_DB $liberty_db]]
set_app_var target_library $libraries
if {$keep_macros} { lappend libraries [existing MACRO_DB $macro_db] }
set_app_var synthetic_library dw_foundation.sldb
set_app_var link_library [concat [list *] $libraries [list dw_foundation.sldb]]

# ---- Read; a reference without a definition is an error
set_svf $top.svf
define_design_lib WORK -path work
if {![analyze -format verilog [rtl_files $keep_macros $build]]} { stop "analyze failed" }
if {![elaborate $top]} { stop "elaborate failed" }
current_design $top
if {![link]} { stop "there are unresolved references" }
redirect -file check_design.rpt { check_design }
# Design Compiler takes the numbers of an SDC in the units of its main library.
redirect -variable units { report_units }
foreach wanted {{time.unit\\s*:\\s*1(\\.0*)?(e-0?9| ?ns)} {load.unit\\s*:\\s*1(\\.0*)?(e-12| ?pF)}} {
  if {![regexp -nocase $wanted $units]} {
    stop "the constraints are in ns and pF, the first library of LIBERTY_DB is not:\\n$units"
  }
}
if {$power_intent} {
  load_upf $upf
  set_voltage @supply -object_list VDD
  set_voltage 0 -object_list VSS
}
set_app_var enable_recovery_removal_arcs true
source $sdc
redirect -file check_timing.rpt { check_timing }

# ---- Compile
if {$clock_gating} { set compiled [compile_ultra -gate_clock] } else { set compiled [compile_ultra] }
if {!$compiled} { stop "compile_ultra failed" }
change_names -rules verilog -hierarchy

# ---- Report
redirect -file area.rpt { report_area -hierarchy }
redirect -file timing.rpt { report_timing -max_paths 10 }
redirect -file constraints.rpt { report_constraint -all_violators }
redirect -file power.rpt { report_power }
redirect -file qor.rpt { report_qor }

# ---- Write
write -format verilog -hierarchy -output $top.v
write -format ddc -hierarchy -output $top.ddc
write_sdc $top.sdc
write_sdf -version 3.0 $top.sdf
if {$power_intent} { save_upf $top.upf }
set_svf -off

check_slack [get_attribute [get_timing_paths -delay_type max] slack] ns $allow_violations
exit
""")

_YOSYS = TclTemplate("""
# Yosys 0.23 or later, from any folder:
#   LIBERTY=/path/to/cells.lib yosys -c @{top}_yosys.tcl
# The netlist and a report of its area go to build/yosys/ beside this script. Exit code 1: unresolved references, or
# cells that the library does not have. Yosys knows no timing: @{top}_sta.tcl asks OpenSTA, and stops if it is missed.
""" + BEGIN + """
# ---- Settings: edit here, or set the environment variables of these names
set liberty          [setting LIBERTY ""]           ;# the cell library, a Liberty file, plain or gzipped
""" + _KEEP + """\
set tie_high         [setting TIE_HIGH ""]          ;# cell and pin that give a 1, as "TIEHI Y"; empty: constants stay
set tie_low          [setting TIE_LOW ""]
set logic_ps         [setting LOGIC_PS ""]          ;# what logic may take of a cycle; empty: 80 % of that of the SDC

set build [build_folder yosys]
set liberty [existing LIBERTY $liberty]
cd $build
unpack $liberty library.lib
if {$logic_ps eq ""} {
  if {![regexp -line {^set clock_period +([\\d.]+)} [read_text $sdc] line period_ns]} {
    stop "$sdc sets no clock_period: set LOGIC_PS"
  }
  set logic_ps [expr {round(800 * $period_ns)}]
}

# ---- Read; a reference without a definition is an error
foreach path [rtl_files $keep_macros $build] { yosys read_verilog [seen $path] }
set areas {-liberty library.lib}
if {$keep_macros} {
  foreach macro $hard_macros {
    yosys read_verilog [seen [file join $here "${macro}_stub.v"]]
    lappend areas -liberty [seen [file join $here "$macro.lib"]]
  }
}
yosys hierarchy -check -top $top

# ---- Compile: cells power up in any state, so initial values are dropped
yosys synth -flatten -top $top
yosys setattr -unset init w:*
yosys dfflibmap -liberty library.lib
yosys opt
yosys abc -liberty library.lib -D $logic_ps
# Each bit by itself, so that a bit of a register that nothing reads goes, instead of standing there as a 0
yosys splitnets
yosys setundef -zero
if {$tie_high ne "" && $tie_low ne ""} {
  yosys hilomap -singleton -hicell {*}$tie_high -locell {*}$tie_low
}
yosys opt_clean -purge
yosys delete {t:$scopeinfo}
yosys read_liberty -lib -ignore_miss_func library.lib
yosys check -mapped -assert

# ---- Report and write
yosys tee -o area.rpt stat {*}$areas
yosys write_verilog -noattr -noexpr -nohex -simple-lhs $top.v
""")

_STA = TclTemplate("""
# OpenSTA, started in this folder, since it does not tell scripts where they are:
#   LIBERTY=/path/to/cells.lib sta -exit @{top}_sta.tcl
# Reads the netlist that Yosys made, or any other; reports and SDF go to build/sta/ beside this script. Exit code 1:
# timing is missed.
""" + BEGIN + """
# ---- Settings: edit here, or set the environment variables of these names
set liberty          [setting LIBERTY ""]           ;# the cell library, a Liberty file, plain or gzipped
set netlist          [setting NETLIST [file join $here build yosys "$top.v"]]
""" + _KEEP + """\
set allow_violations [setting ALLOW_VIOLATIONS 0]   ;# 1: report only

# In a script, the exit of OpenSTA 2.0 is without effect; that of another interpreter is not.
proc stop {message} {
  puts stderr "Error: $message"
  [interp create] eval { exit 1 }
}

set liberty [existing LIBERTY $liberty]
set netlist [existing NETLIST $netlist]
cd [build_folder sta]
# OpenSTA takes no spaces in the path of a library, and does not read the signs of ports, which mean nothing to gates.
unpack $liberty library.lib
regsub -all {\\msigned } [read_text $netlist] "" text
write_text netlist.v $text

# ---- Read, report, write; the first error ends it, where OpenSTA would go on
if {[catch {
  read_liberty library.lib
  if {$keep_macros} {
    foreach macro $hard_macros {
      file copy -force [file join $here "$macro.lib"] macro.lib
      read_liberty macro.lib
    }
  }
  set link_make_black_boxes 0
  if {![read_verilog netlist.v]} { error "the netlist cannot be read" }
  if {![link_design $top]} { error "there are unresolved references" }
  # Without this, the numbers of the SDC and of the reports are in the library's units.
  set_cmd_units -time ns -capacitance pF
  read_sdc $sdc

  check_setup > check_setup.rpt
  report_checks -path_delay max -format full_clock_expanded > setup.rpt
  report_checks -path_delay min -format full_clock_expanded > hold.rpt
  report_check_types > checks.rpt
  # A stub of a macro knows no power.
  if {!$keep_macros} { report_power > power.rpt }
  write_sdf $top.sdf
  set slack [worst_slack]
} message]} { stop $message }

check_slack $slack ns $allow_violations
""")


def synthesis_scripts(handoff: Handoff) -> dict[str, str]:
    """The scripts by file name."""
    top, header = handoff.top, comment(handoff.header, "#")
    return {f"{top}_{tool}.tcl": header + script.substitute(top=top, supply=SUPPLY_V) for tool, script in (
        ("genus", _GENUS), ("dc", _DC), ("yosys", _YOSYS), ("sta", _STA))}

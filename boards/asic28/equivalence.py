"""Scripts that prove a netlist equivalent to the RTL: Formality, Conformal, Yosys."""

from quadcim.boards.asic28.setup import BEGIN
from quadcim.boards.handoff import Handoff
from quadcim.boards.text import TclTemplate
from quadcim.spec.quoting import comment

__all__ = ["equivalence_scripts"]

_FORMALITY = TclTemplate("""
# Formality, from any folder, after @{top}_dc.tcl:
#   LIBERTY_DB=/path/to/cells.db fm_shell -f @{top}_formality.tcl
# Reports go to build/formality/ beside this script. Exit code 1: not proven.
""" + BEGIN + """
# ---- Settings: edit here, or set the environment variables of these names
set liberty_db       [setting LIBERTY_DB ""]        ;# the cell library, compiled (.db)
set netlist          [setting NETLIST [file join $here build dc "$top.v"]]
set svf              [setting SVF [file join $here build dc "$top.svf"]]  ;# how it was made; empty: not known
set keep_macros      [setting KEEP_MACROS 0]        ;# as in synthesis: hard macros are compared at their pins
set macro_db         [setting MACRO_DB ""]          ;# their library, compiled

set liberty_db [existing LIBERTY_DB $liberty_db]
set netlist [existing NETLIST $netlist]
set build [build_folder formality]
cd $build

set_app_var synopsys_auto_setup true
if {$svf ne ""} { set_svf [existing SVF $svf] }
read_db $liberty_db
if {$keep_macros} { read_db [existing MACRO_DB $macro_db] }
read_verilog -container r -libname WORK -01 [rtl_files $keep_macros $build]
if {![set_top r:/WORK/$top]} { stop "the RTL has unresolved references" }
read_verilog -container i -libname WORK -01 $netlist
if {![set_top i:/WORK/$top]} { stop "the netlist has unresolved references" }

match
redirect -file unmatched.rpt { report_unmatched_points }
set proven [verify]
redirect -file failing.rpt { report_failing_points }
redirect -file aborted.rpt { report_aborted_points }
if {!$proven} { stop "the netlist is not proven equivalent: see [file join $build failing.rpt]" }
exit
""")

_CONFORMAL = TclTemplate("""
// Conformal LEC, started in this folder, or anywhere with its path in the variable ASIC28, after @{top}_genus.tcl:
//   LIBERTY=/path/to/cells.lib lec -xl -nogui -dofile @{top}_conformal.do
// Reports go to build/conformal/ beside this file. Exit code, by Conformal's rules: 0 if all is equivalent.
tclmode
set here [file normalize [expr {[info exists ::env(ASIC28)] ? $::env(ASIC28) : "."}]]
source [file join $here "@{top}_setup.tcl"]

# ---- Settings: edit here, or set the environment variables of these names
set liberty          [setting LIBERTY ""]           ;# the cell library, a Liberty file, plain or gzipped
set netlist          [setting NETLIST [file join $here build genus "$top.v"]]
set keep_macros      [setting KEEP_MACROS 0]        ;# as in synthesis: hard macros are compared at their pins

set liberty [existing LIBERTY $liberty]
set netlist [existing NETLIST $netlist]
set build [build_folder conformal]
cd $build

set_dofile_abort exit
unpack $liberty library.lib
read_library -both -liberty library.lib
if {$keep_macros} {
  foreach macro $hard_macros { read_library -both -liberty -append [file join $here "$macro.lib"] }
}
read_design -golden -verilog {*}[rtl_files $keep_macros $build]
read_design -revised -verilog $netlist
# Synthesis leaves out registers that take a constant only, and inserts clock gates where it is asked to.
set_flatten_model -seq_constant
set_flatten_model -gated_clock
set_analyze_option -auto
set_system_mode lec
report_unmapped_points > unmapped.rpt
add_compared_points -all
compare
report_compare_data -class nonequivalent -class abort -class notcompared > failing.rpt
report_verification > verification.rpt
exit -force
""")

_YOSYS = TclTemplate("""
# Yosys 0.23 or later, from any folder, after @{top}_yosys.tcl:
#   LIBERTY=/path/to/cells.lib yosys -c @{top}_equivalence_yosys.tcl
# Proves by induction that the netlist does what the RTL does, cycle by cycle, with the library's functions as models of
# its cells. Registers are matched by their names, which @{top}_yosys.tcl keeps: netlists of other tools are for
# Formality or Conformal. So are macros with many rows, which Yosys does not prove in reasonable time: it takes seconds
# for an activation unit, and more than minutes from some 16 rows and 8 columns on. Exit code 1: not proven; the signals
# are listed above the error.
""" + BEGIN + """
# ---- Settings: edit here, or set the environment variables of these names
set liberty          [setting LIBERTY ""]           ;# the cell library, a Liberty file, plain or gzipped
set netlist          [setting NETLIST [file join $here build yosys "$top.v"]]
set keep_macros      [setting KEEP_MACROS 0]        ;# as in synthesis: hard macros are compared at their pins
set depth            [setting DEPTH @depth]         ;# cycles of the induction: as many as there are stages, and 2 more

set liberty [existing LIBERTY $liberty]
set netlist [existing NETLIST $netlist]
set build [build_folder equivalence_yosys]
cd $build
unpack $liberty library.lib
file copy -force $netlist netlist.v

proc read_macros {} {
  if {!$::keep_macros} { return }
  foreach macro $::hard_macros { yosys read_verilog [seen [file join $::here "${macro}_stub.v"]] }
}

# One module with plain registers, each bit a net of its own, and with ports in place of hard macros.
proc flatten_as {name} {
  yosys proc
  yosys flatten
  yosys memory_map
  yosys opt
  yosys async2sync
  yosys dffunmap
  if {$name eq "gold"} { merge_registers }
  if {$::keep_macros} {
    foreach macro $::hard_macros { yosys expose -evert t:$macro }
  }
  yosys splitnets
  yosys opt_clean
  yosys rename $::top $name
  yosys design -stash $name
}

# Synthesis merges registers that take equal values, and drops those that take a constant, by what the logic before them
# comes to. So does this, one bit at a time; what has been merged shows what else can be.
proc merge_registers {} {
  yosys simplemap {t:$dff}
  foreach round {1 2} {
    yosys freduce
    yosys opt
  }
}

# ---- The RTL
foreach path [rtl_files $keep_macros $build] { yosys read_verilog [seen $path] }
read_macros
yosys hierarchy -check -top $top
flatten_as gold

# ---- The netlist, its cells replaced by what the library says of them
yosys read_liberty -ignore_miss_func library.lib
yosys read_verilog netlist.v
read_macros
yosys hierarchy -check -top $top
flatten_as gate

# ---- Compare
yosys design -copy-from gold -as gold gold
yosys design -copy-from gate -as gate gate
yosys equiv_make gold gate equivalence
yosys hierarchy -check -top equivalence
yosys equiv_struct
yosys equiv_simple
yosys equiv_induct -seq $depth
yosys equiv_status -assert
""")


def equivalence_scripts(handoff: Handoff) -> dict[str, str]:
    """The scripts by file name."""
    top, header = handoff.top, handoff.header
    hashes, depth = comment(header, "#"), handoff.plan.stages + 2
    return {
        f"{top}_formality.tcl": hashes + _FORMALITY.substitute(top=top),
        f"{top}_conformal.do": comment(header, "//") + _CONFORMAL.substitute(top=top),
        f"{top}_equivalence_yosys.tcl": hashes + _YOSYS.substitute(top=top, depth=depth),
    }

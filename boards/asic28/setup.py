"""What the Tcl scripts of the 28 nm handoff share: where files are, how settings are read, how a script stops."""

from quadcim.boards.handoff import Handoff
from quadcim.boards.text import TclTemplate
from quadcim.spec.quoting import comment, tcl_list, tcl_word

__all__ = ["BEGIN", "setup"]

_SCRIPT_FOLDER = "[file normalize [file dirname [info script]]]"
"""Where a script is; in OpenSTA, which does not tell scripts their name, the folder that it was started in."""

_SETUP = TclTemplate(r"""
# The scripts of this folder begin with this one: where things are, how settings are read, how a script stops.

set top @top
if {![info exists here]} { set here @here }
set case_folder [file dirname $here]
set sdc [file join $here "$top.sdc"]
set upf [file join $here "$top.upf"]

# The sources from the case folder, those that others instantiate first; modules that a hard macro may replace.
set sources @sources
set hard_macros @macros

# A setting: what the environment says, or a default.
proc setting {name default} {
  if {[info exists ::env($name)]} { return $::env($name) }
  return $default
}

proc stop {message} {
  puts stderr "Error: $message"
  exit 1
}

# A file that a setting names, as a full path; without the file the script stops.
proc existing {name path} {
  if {![file isfile $path]} { stop "$name must name a file, got '$path'" }
  return [file normalize $path]
}

# The folder for what a tool writes. Results of an earlier run are deleted: after a failure there is nothing to mistake
# for its result.
proc build_folder {tool} {
  set folder [file join $::here build $tool]
  file mkdir $folder
  foreach pattern [list "$::top.*" *.rpt] {
    file delete {*}[glob -nocomplain -directory $folder $pattern]
  }
  return $folder
}

# A path below the case folder as it is seen from a folder of build_folder, for tools that take letters beyond ASCII in
# a path for others.
proc seen {path} {
  return [file join .. .. .. [string range $path [string length "$::case_folder/"] end]]
}

# A copy of a file, unpacked if it is gzipped.
proc unpack {path copy} { exec gzip -dcf < $path > $copy }

proc read_text {path} {
  set channel [open $path]
  set text [read $channel]
  close $channel
  return $text
}

proc write_text {path text} {
  set channel [open $path w]
  puts -nonewline $channel $text
  close $channel
}

# How a run ends, by the slack that a tool answers: a list of one for each group of paths, of which the worst counts.
# Infinite, or no number at all, is the slack of what has no path.
proc check_slack {answer unit allow_violations} {
  set slacks {}
  foreach slack $answer {
    if {[string is double -strict $slack] && $slack < 1e20} { lappend slacks $slack }
  }
  if {![llength $slacks]} { stop "no path is timed: the slack is '$answer'" }
  set worst [lindex [lsort -real $slacks] 0]
  puts "worst slack $worst $unit"
  if {!$allow_violations && $worst < 0} { stop "timing is not met: worst slack $worst $unit" }
}

# Full paths of the sources. To keep the hard macros, their modules are left out of copies in the folder rtl/ of
# `folder`.
proc rtl_files {keep_macros folder} {
  set paths {}
  foreach name $::sources {
    set path [file join $::case_folder $name]
    if {$keep_macros && [llength $::hard_macros]} {
      set text [read_text $path]
      foreach macro $::hard_macros {
        set begin [string first "\nmodule $macro (" $text]
        if {$begin >= 0} {
          set end [string first "\nendmodule\n" $text $begin]
          set text [string replace $text $begin [expr {$end + 10}]]
        }
      }
      file mkdir [file join $folder rtl]
      set path [file join $folder rtl [file tail $name]]
      write_text $path $text
    }
    lappend paths $path
  }
  return $paths
}
""")

BEGIN = f"""
source [file join {_SCRIPT_FOLDER} "@{{top}}_setup.tcl"]
"""
"""The first command of every script."""


def setup(handoff: Handoff) -> str:
    """The script that the others source."""
    return comment(handoff.header, "#") + _SETUP.substitute(
        top=tcl_word(handoff.top), here=_SCRIPT_FOLDER, sources=tcl_list(handoff.sources),
        macros=tcl_list(handoff.macro_modules))

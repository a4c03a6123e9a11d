"""What the tests of the 28 nm handoff share: cases of all kinds with every reset, and tools that answer."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from quadcim.cores.cases import CoreCase, load_case
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.unit import ActivationUnit
from tests.boards.helpers import run_tcl
from tests.conftest import make_unit

__all__ = ["MACROS", "SUBJECTS", "build", "in_space", "run_script"]

# Commands that return what a tool would; like all others they are written to the log.
_TOOL = """\
close [open $::env(LOG) a]
proc redirect {where name body} {
  if {$where eq "-variable"} { uplevel 1 [list set $name [uplevel 1 $body]] }
}
foreach {name value} {@answers} {
  proc $name args [format {
    set log [open $::env(LOG) a]
    puts $log [join [list {%s} {*}$args] "\\t"]
    close $log
    return {%s}
  } $name $value]
}
@settings
source {@script}
"""

_CELLS = tuple((row % 2, int(row % 3 == 0)) for row in range(6))


def _unit(stages: int, flow_control: str) -> ActivationUnit:
    return make_unit("SQ2.6", "SQ2.8", "nearest", stages, flow_control)


_ONE, _LOADED = _unit(1, "elastic"), CimMacro(6, 2, 2, banks=3)
SUBJECTS: dict[str, tuple[ActivationUnit | CimMacro, CimIntegers | None, str]] = {
    **{f"{stages}-{control}": (_unit(stages, control), None, "async-high")
       for stages in (0, 1, 3) for control in ("elastic", "always") if (stages, control) != (1, "elastic")},
    **{f"1-elastic-{reset}": (_ONE, None, reset) for reset in ("async-high", "async-low", "sync-high", "sync-low")},
    **{f"loaded-{reset}": (_LOADED, None, reset) for reset in ("async-high", "async-low", "sync-high", "sync-low")},
    "constant": (CimMacro(6, 2, 2, storage="constant", stages=1), CimIntegers(_CELLS), "async-low"),
    "cells": (CimMacro(7, 2, 1, technology="cells", signed=True), None, "async-low"),
}
MACROS = [name for name in SUBJECTS if name.startswith(("loaded", "cells"))]


def build(name: str, make_case: Callable[..., CoreCase]) -> CoreCase:
    """The case of a name, at 800 MHz."""
    spec, integers, reset = SUBJECTS[name]
    return make_case(spec, "asic28", integers=integers, clock_mhz=800, reset=reset)


def in_space(case: CoreCase, folder: Path) -> CoreCase:
    """A copy of a case under a path with a space, to write into."""
    copy = folder / "a space" / "case"
    shutil.copytree(case.folder, copy)
    return load_case(copy)


def run_script(script: Path, *, scratch: Path, settings: Mapping[str, str],
               answers: Mapping[str, str] | None = None) -> tuple[list[list[str]], str]:
    """Run a script as `run_tcl` does, with environment variables, and with commands that return something."""
    words = {"@answers": " ".join(f"{name} {{{value}}}" for name, value in (answers or {}).items()),
             "@settings": "\n".join(f"set ::env({name}) {{{value}}}" for name, value in settings.items()),
             "@script": str(script)}
    text = _TOOL
    for word, value in words.items():
        text = text.replace(word, value)
    (scratch / "tool.tcl").write_text(text)
    return run_tcl(scratch / "tool.tcl", scratch=scratch)

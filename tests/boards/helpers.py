"""What the tests of boards share: the definition of phi in integers, and tools of the host."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from quadcim.spec.activation import Activation
from quadcim.spec.quad import QuadIntegers

# Every command that Tcl does not know is written to a file, one a line with its words behind tabs. Files that it reads
# must exist, and properties have the values that the environment gives.
_RECORDER = """
proc unknown {args} {
  set log [open $::env(LOG) a]
  puts $log [join $args "\\t"]
  close $log
  switch [lindex $args 0] {
    read_verilog { foreach path [lindex $args end] { if {![file isfile $path]} { error "no file $path" } } }
    read_xdc { if {![file isfile [lindex $args end]]} { error "no file [lindex $args end]" } }
    get_property { return $::env([lindex $args 1]) }
  }
  return "<[lrange $args 1 end]>"
}
"""


def definition(activation: Activation, raws: Sequence[int]) -> list[int]:
    """Apply the integer function that `quadcim.spec.quad` writes down, for the roundings that drop no terms."""
    integers = QuadIntegers.freeze(activation)
    assert integers.dropped == 0
    one = 1 << integers.fraction_bits
    outputs = []
    for raw in raws:
        square = (one - raw % (2 * one)) ** 2
        kept = (square + integers.bias) >> integers.shift
        magnitude = ((one * one >> integers.shift) - kept) << integers.extend
        outputs.append(activation.output.saturate(-magnitude if raw % (4 * one) >= 2 * one else magnitude))
    return outputs


def tool(name: str) -> str:
    """Find a program, or skip the test."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run_tcl(script: Path, *, scratch: Path, slack: str = "0.5", period: str = "2.5") -> tuple[list[list[str]], str]:
    """Run a script; returns the commands that it issued, as words, and what it printed or its error."""
    (scratch / "recorder.tcl").write_text(f'{_RECORDER}\nsource "{script}"\n')
    log = scratch / "log"
    log.unlink(missing_ok=True)
    environment = {"LOG": str(log), "SLACK": slack, "PERIOD": period}
    done = subprocess.run([tool("tclsh"), "recorder.tcl"], cwd=scratch, env=environment, capture_output=True, text=True,
                          check=False)
    calls = [line.split("\t") for line in log.read_text().splitlines()]
    return calls, (done.stderr.splitlines() or done.stdout.splitlines() or [""])[0]


def write(folder: Path, files: dict[str, str]) -> None:
    """Write texts under their relative paths."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

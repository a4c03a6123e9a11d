"""The netlist under the testbench that the case ships, and what it switches meanwhile."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError, find_simulator, run_tool
from quadcim.sim.vectors import read_vectors

__all__ = ["GateCheck", "check_gates", "record_activity"]

# The vectors at full speed, from the first beat in to the last beat out.
_RECORDER = Template("""\
module quadcim_recorder;
  initial begin
    $$dumpfile("$dump");
    wait (${top}_tb.accepted > 0);
    $$dumpvars(1, ${top}_tb.dut);
    wait (${top}_tb.received >= $beats || ${top}_tb.run > 0);
    $$dumpflush;
    $$finish;
  end
endmodule
""")


@dataclass(frozen=True, slots=True)
class GateCheck:
    """What the testbench said of the netlist: vectors in each of its three runs, and mismatches (None: no verdict)."""

    vectors: int
    mismatches: int | None
    said: str

    @property
    def passed(self) -> bool:
        """Whether every vector came out right."""
        return self.mismatches == 0


def _simulate(case: Case, sources: Sequence[Path], folder: Path, *more: str) -> str:
    """Compile the case's testbench with a netlist and run it in the case directory; what it printed."""
    program = folder / "simulation"
    icarus = find_simulator("icarus").executable
    run_tool([icarus, "-g2012", "-s", f"{case.top}_tb", *more, "-o", program,
              case.folder.absolute() / "tb" / f"{case.top}_tb.v", *sources])
    vvp = shutil.which("vvp", path=str(icarus.parent)) or "vvp"
    run = subprocess.run([vvp, "-N", str(program)], cwd=case.folder, capture_output=True, text=True, check=False)
    if run.returncode > 1:
        raise ToolError(f"the simulation of the netlist failed:\n{run.stdout[-1000:]}{run.stderr[-1000:]}")
    return run.stdout


def check_gates(case: Case, sources: Sequence[Path]) -> GateCheck:
    """Run the whole testbench: full speed, random pauses, reset in mid-stream.

    Registers of the netlist power up as X; what the testbench compares must be known and right.

    Parameters
    ----------
    case : Case
        The case; its vectors and its plain testbench are used as they were shipped.
    sources : sequence of Path
        The netlist, and models of its cells.

    Raises
    ------
    ToolError
        If the simulator fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = _simulate(case, sources, Path(folder))
    verdict = re.search(r"^(PASS)$|^FAIL (\d+)", said, re.MULTILINE)
    mismatches = None if verdict is None else int(verdict[2] or 0)
    return GateCheck(_beats(case), mismatches, said.strip())


def record_activity(case: Case, sources: Sequence[Path], dump: Path) -> None:
    """Run the vectors at full speed, and write what the netlist's nets do as VCD.

    Raises
    ------
    ToolError
        If the simulator fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        recorder = Path(folder, "recorder.v")
        recorder.write_text(_RECORDER.substitute(dump=dump.absolute(), top=case.top, beats=_beats(case)))
        _simulate(case, [*sources, recorder], Path(folder), "-s", "quadcim_recorder")


def _beats(case: Case) -> int:
    return len(read_vectors(case.folder / "vectors" / "input.hex"))

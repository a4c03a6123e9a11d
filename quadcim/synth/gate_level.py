"""The netlist under the testbench that the case ships, and what it switches meanwhile."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError, find_simulator, run_tool
from quadcim.sim.vectors import read_vectors
from quadcim.synth.activity import Activity, read_activity

__all__ = ["GateCheck", "check_gates", "record_activity"]

# The vectors at full speed, from the first beat in to the last beat out.
_RECORDER = Template("""\
module quadcim_recorder;
  initial begin
    $$dumpfile("activity.vcd");
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
    """Compile the case's testbench with a netlist and run it; what it printed.

    It runs in `folder`, where its dumps go, and sees everything there: vvp takes no path with other letters, and no
    name of a source with quotation marks.
    """
    (folder / "vectors").symlink_to(case.folder.absolute() / "vectors", target_is_directory=True)
    seen = [shutil.copyfile(path, folder / f"source{number}.v")
            for number, path in enumerate((case.folder / "tb" / f"{case.top}_tb.v", *sources))]
    icarus = find_simulator("icarus").executable
    run_tool([icarus, "-g2012", "-s", f"{case.top}_tb", *more, "-o", folder / "simulation", *seen])
    run = subprocess.run([icarus.with_name("vvp"), "-N", "simulation"], cwd=folder, capture_output=True, text=True,
                         errors="replace", check=False)
    if run.returncode not in (0, 1):
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


def record_activity(case: Case, sources: Sequence[Path], nets: Mapping[tuple[str, int], int]) -> Activity:
    """Run the vectors at full speed, and count what the netlist's nets do.

    Raises
    ------
    ToolError
        If the simulator fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        recorder = Path(folder, "recorder.v")
        recorder.write_text(_RECORDER.substitute(top=case.top, beats=_beats(case)))
        _simulate(case, [*sources, recorder], Path(folder), "-s", "quadcim_recorder")
        return read_activity(Path(folder, "activity.vcd"), nets)


def _beats(case: Case) -> int:
    return len(read_vectors(case.folder / "vectors" / "input.hex"))

"""The netlist with the vectors that the case ships, from registers that are not reset, and what it switches meanwhile.

Icarus runs the case's own testbench, from registers that power up as X. Of large netlists it takes hours; they are run
by `quadcim.sim.power_up`, with the same vectors in the same runs.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError, find_simulator, run_tool
from quadcim.sim.vectors import read_vectors
from quadcim.synth.activity import Activity, read_activity
from quadcim.synth.gates import take_apart
from quadcim.synth.liberty import Library

__all__ = ["GateCheck", "check_gates", "check_large", "is_large", "record_activity"]

# The vectors at full speed, from the first beat in to the last beat out.
_RECORDER = Template("""\
module quadcim_recorder;
  initial begin
    $$dumpfile("activity.vcd");
    wait (${top}_tb.accepted > 0);
    $$dumpvars(1, ${top}_tb.dut);
    wait (${top}_tb.received >= $results || ${top}_tb.run > 0);
    $$dumpflush;
    $$finish;
  end
endmodule
""")


_MOST_CELL_CYCLES = 10_000_000
"""Of a run at full speed under Icarus, which then takes a minute for all."""
_PAUSES = 0.3


@dataclass(frozen=True, slots=True)
class GateCheck:
    """What was found of the netlist.

    Parameters
    ----------
    simulator : {"icarus", "power-ups"}
        Icarus with the case's testbench, or `quadcim.sim.power_up`.
    vectors : int
        Results in each run.
    mismatches : int or None
        None if there is no verdict.
    said : str
        What the testbench printed, or a line for each run.
    """

    simulator: str
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
    for image in case.images:
        (folder / image.name).symlink_to(image.absolute())
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
    return GateCheck("icarus", _results(case), mismatches, said.strip())


def record_activity(case: Case, sources: Sequence[Path], nets: Mapping[tuple[str, int], int]) -> Activity:
    """Run the vectors at full speed, and count what the netlist's nets do.

    Raises
    ------
    ToolError
        If the simulator fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        recorder = Path(folder, "recorder.v")
        recorder.write_text(_RECORDER.substitute(top=case.top, results=_results(case)))
        _simulate(case, [*sources, recorder], Path(folder), "-s", "quadcim_recorder")
        return read_activity(Path(folder, "activity.vcd"), nets)


def is_large(case: Case, cells: int) -> bool:
    """Whether Icarus would take long for a netlist of so many cells."""
    return cells * sum(frame.interval_cycles for frame in case.frames(_vectors(case, "input"))) > _MOST_CELL_CYCLES


def check_large(case: Case, module: Mapping[str, Any], library: Library) -> tuple[GateCheck, Activity | None]:
    """Run the vectors as the testbench does, after many power-ups; and count what the nets do at full speed.

    Parameters
    ----------
    case : Case
        The case.
    module : dict
        The netlist, as a module of Yosys's JSON.
    library : Library
        What its cells do.

    Raises
    ------
    ToolError
        If a cell is more than a gate or a flip-flop of the rising edge.
    """
    from quadcim.sim.power_up import PowerUpSimulator

    try:
        simulator = PowerUpSimulator(case, take_apart(module, library))
    except ValueError as error:
        raise ToolError(f"the netlist cannot be simulated: {error}") from error
    inputs, expected, writes = (_vectors(case, name) for name in ("input", "expected", "weights"))
    frames = case.frames(inputs)
    first = simulator.run(inputs, expected, frames, writes=writes, count=True)
    span = sum(frame.interval_cycles for frame in frames[:-1])
    late = first.latency_cycles != case.latency_cycles or first.span_cycles != span or (
        not case.timing.framed and first.cycles != span + case.latency_cycles)
    runs = {"at full speed, from power-up": first.mismatches,
            "latency and interval": int(late),
            "with pauses": simulator.run(inputs, expected, frames, pauses=_PAUSES, seed=1).mismatches,
            "up to a reset in mid-stream": simulator.run(
                inputs, expected, frames, pauses=_PAUSES, seed=2, until=-(-len(expected) // 2)).mismatches,
            "after that reset": simulator.run(inputs, expected, frames, pauses=_PAUSES, seed=3).mismatches}
    for name in ("inverted", "ones") if writes else ():
        runs[f"with weights {name}"] = simulator.run(
            inputs, _vectors(case, f"expected_{name}"), frames, writes=_vectors(case, f"weights_{name}"),
            pauses=_PAUSES, seed=4).mismatches
    check = GateCheck("power-ups", len(expected), sum(runs.values()),
                      "\n".join(f"{name}: {wrong} mismatches" for name, wrong in runs.items()))
    return check, Activity(first.cycles, first.changes) if check.passed else None


def _vectors(case: Case, name: str) -> list[int]:
    path = case.folder / "vectors" / f"{name}.hex"
    return read_vectors(path) if path.is_file() else []


def _results(case: Case) -> int:
    return len(_vectors(case, "expected"))

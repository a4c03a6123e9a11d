"""What the synthesis of a large macro takes."""

import os
import tempfile
import time
from pathlib import Path

from benchmarks.libraries import NO_LIBRARY, libraries
from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.spec.cim import CimMacro
from quadcim.synth.flow import Request, synthesise

__all__ = ["measure"]

_MOST_SECONDS = 180


def measure(rows: int = 256, columns: int = 64, liberty: Path | None = None) -> Table:
    """Synthesise a macro of the target asic28 at the target's clock, all that `quadcim synth` does.

    Parameters
    ----------
    rows, columns : int
        Its size.
    liberty : Path, optional
        The library; by default the first of `libraries`.
    """
    found = liberty or next(iter(libraries()), None)
    table = Table("Time of a synthesis", NO_LIBRARY if found is None else
                  f"{found.name}: mapping, timing, the check at gate level and power. Seconds of all processes, and by "
                  "the clock.", ("macro", "cells", "mapped for", "simulator", "mismatches", "CPU, s", "clock, s"))
    if found is None:
        return table
    target = find_target("asic28")
    with tempfile.TemporaryDirectory() as folder:
        generate_case(CimMacro(rows, columns, 4), target=target, out=Path(folder, "case"))
        (out := Path(folder, "out")).mkdir()
        before, start = os.times(), time.monotonic()
        synthesis = synthesise(Request(load_case(Path(folder, "case")), found, None, target.clock_mhz, None), out,
                               report=lambda text: say(f"synth-time: {text}"))
        after, wall = os.times(), time.monotonic() - start
    cpu = sum(after[:4]) - sum(before[:4])
    gates = synthesis.gates
    assert gates is not None  # cases of asic28 have no initial values
    table.add(f"{rows} x {columns}", len(synthesis.netlist.instances), synthesis.effort, gates.simulator,
              gates.mismatches, f"{cpu:.0f}", f"{wall:.0f}", bars=(Bar(round(cpu), "<=", _MOST_SECONDS, "s of CPU"),))
    return table

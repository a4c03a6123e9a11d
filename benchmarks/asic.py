"""Phi in standard cells: area, delay, energy and the check at gate level, over depth and over width."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.generate import generate_activation
from quadcim.hw.plans import unit_steps
from quadcim.sim.case import Case
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit
from quadcim.synth.flow import Request, synthesise

__all__ = ["POINTS", "measure"]

POINTS = (*((16, stages) for stages in range(1, 7)), *((width, 3) for width in (8, 12, 24, 32)))
"""Width and stages."""
# The mapper sizes gates for a clock that it does not reach, so that periods are the shortest it finds.
_CLOCK_MHZ = 2000.0
_LIBRARIES = tuple(Path("/", "usr/share/qflow/tech", name, f"{name}_stdcells.lib") for name in ("osu018", "osu035"))


def _library() -> Path | None:
    """The library that ``QUADCIM_LIBERTY`` names, or one that the system has."""
    named = os.environ.get("QUADCIM_LIBERTY")
    if named:
        return Path(named)
    return next((path for path in _LIBRARIES if path.is_file()), None)


def measure(points: Sequence[tuple[int, int]] = POINTS, liberty: Path | None = None) -> Table:
    """Synthesise phi from SQ2.(n-2) to SQ2.(n-2), nearest, without backpressure, target asic28.

    Parameters
    ----------
    points : sequence of (int, int)
        Width and stages; units with fewer steps than that are left out.
    liberty : Path, optional
        The library; by default the one that ``QUADCIM_LIBERTY`` names, or else an open one of the system.
    """
    found = liberty or _library()
    table = Table("Phi in standard cells", "No library: name one by QUADCIM_LIBERTY, or apt-get install "
                  "qflow-tech-osu018." if found is None else
                  f"{found.stem}; before placement, mapped for speed; energy with the case's vectors at full speed.",
                  ("n", "stages", "um2", "GE", "FF", "shortest period, ps", "MHz", "pJ a beat", "leakage, uW",
                   "vectors"))
    if found is None:
        say("asic: there is no library")
        return table
    for width, stages in points:
        fmt = Format(True, 2, width - 2)
        unit = ActivationUnit(Activation("quad", fmt, fmt, "nearest"), 0, "always")
        if stages > len(unit_steps(unit)):
            say(f"asic: {width} bits cannot have {stages} stages")
            continue
        _add(table, found, ActivationUnit(unit.activation, stages, "always"))
    return table


def _add(table: Table, liberty: Path, unit: ActivationUnit) -> None:
    width = unit.activation.input.width
    with tempfile.TemporaryDirectory() as folder:
        case, out = Path(folder, "case"), Path(folder, "out")
        generate_activation(unit, target=find_target("asic28"), clock_mhz=_CLOCK_MHZ, out=case)
        out.mkdir()
        result = synthesise(Request(Case.load(case), liberty, None, _CLOCK_MHZ, None), out,
                            report=lambda text: say(f"asic: {width} bits, {unit.stages} stages: {text}"))
    timing, power, gates = result.timing, result.power, result.gates
    missing = "" if gates is None else "no verdict" if gates.mismatches is None else f"{gates.vectors}"
    table.add(width, unit.stages, f"{result.netlist.area_um2:.0f}", round(result.gate_equivalents),
              len(result.netlist.registers), round(timing.shortest_period_ps) if timing else "",
              round(timing.greatest_clock_mhz) if timing else "",
              f"{power.dynamic_uw / _CLOCK_MHZ:.3g}" if power else "", f"{power.leakage_uw:.3g}" if power else "",
              missing, bars=(Bar(0 if gates.passed else 1, "<=", 0, "failed checks"),) if gates else ())

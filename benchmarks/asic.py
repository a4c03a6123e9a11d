"""Phi in standard cells: area, delay, energy and the check at gate level, over width and depth."""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.libraries import NO_LIBRARY, libraries
from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.hw.activation.plans import unit_plan
from quadcim.spec.activation import Activation
from quadcim.spec.cost import GATE_28_UM2
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit
from quadcim.synth.ends import FAST_MHZ, synthesise_ends
from quadcim.synth.flow import Synthesis

__all__ = ["POINTS", "measure"]

POINTS = tuple((width, stages) for width in (8, 12, 16, 24, 32) for stages in range(1, 7))
"""Width and stages."""
_GE_BARS = {(16, 3): 1070}
_SPEEDUP, _SPEEDUP_WIDTH = 2.0, 16


def measure(points: Sequence[tuple[int, int]] = POINTS, liberty: Path | None = None) -> Table:
    """Synthesise phi from SQ2.(n-2) to SQ2.(n-2), faithful, without backpressure, target asic28.

    Parameters
    ----------
    points : sequence of (int, int)
        Width and stages; units with fewer steps than that are left out.
    liberty : Path, optional
        The library; by default the first of `libraries`.
    """
    found = liberty or next(iter(libraries()), None)
    table = Table(
        "Phi in standard cells", NO_LIBRARY if found is None else
        f"{found.name}; before placement. First mapped for area, GE by the library's NAND, um2 at 28 nm if a gate "
        f"takes {GATE_28_UM2}; then mapped for speed. Energy with the case's vectors at full speed.",
        ("n", "stages", "FF", "um2", "GE", "28 nm, um2", "fast: um2", "shortest period, ps", "MHz", "pJ a beat",
         "leakage, uW", "vectors"))
    if found is None:
        say("asic: there is no library")
        return table
    first: dict[int, float] = {}
    for width, stages in points:
        fmt = Format(True, 2, width - 2)
        unit = ActivationUnit(Activation("quad", fmt, fmt, "faithful"), 0, "always")
        staged = dataclasses.replace(unit, stages=stages)
        try:
            unit_plan(staged)
        except IllegalSetting as error:
            say(f"asic: {width} bits: {error}")
            continue
        _add(table, found, staged, first)
    return table


def _add(table: Table, liberty: Path, unit: ActivationUnit, first: dict[int, float]) -> None:
    """Add a row; `first` keeps the period of the unit with one stage of each width."""
    width, stages = unit.activation.input.width, unit.stages
    small, fast = _synthesise(unit, liberty)
    gates = [run.gates for run in (small, fast) if run.gates]
    bars = [Bar(sum(not check.passed for check in gates), "<=", 0, "failed checks")] if gates else []
    ge, timing, power = round(small.gate_equivalents), fast.timing, fast.power
    if (width, stages) in _GE_BARS:
        bars.append(Bar(ge, "<=", _GE_BARS[width, stages], "GE"))
    if timing and stages == 1:
        first[width] = timing.shortest_period_ps
    if timing and width == _SPEEDUP_WIDTH and stages == 4 and width in first:
        bars.append(Bar(round(first[width] / timing.shortest_period_ps, 2), ">=", _SPEEDUP, "times 1 stage's clock"))
    table.add(width, stages, len(small.netlist.registers), f"{small.netlist.area_um2:.0f}", ge,
              round(GATE_28_UM2 * ge), f"{fast.netlist.area_um2:.0f}",
              round(timing.shortest_period_ps) if timing else "", round(timing.greatest_clock_mhz) if timing else "",
              f"{power.dynamic_uw / FAST_MHZ:.3g}" if power else "", f"{power.leakage_uw:.3g}" if power else "",
              sum(check.vectors for check in gates), bars=tuple(bars))


def _synthesise(unit: ActivationUnit, liberty: Path) -> tuple[Synthesis, Synthesis]:
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder, "case")
        generate_case(unit, target=find_target("asic28"), clock_mhz=500, out=case)
        return synthesise_ends(load_case(case), liberty, Path(folder, "out"), report=lambda text: say(
            f"asic: {unit.activation.input.width} bits, {unit.stages} stages: {text}"))

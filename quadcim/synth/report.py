"""What a synthesis says: ``synth.json`` for scripts, ``report.md`` for people."""

from importlib.metadata import version
from typing import Any

from quadcim import __version__
from quadcim.files import SYNTHESIS
from quadcim.spec.cost import GATE_28_UM2
from quadcim.synth.flow import Synthesis
from quadcim.synth.mapping import LOAD_GATES
from quadcim.synth.scaling import DELAY_SPREAD, ENERGY_SPREAD, SUPPLY_V
from quadcim.synth.sta import Endpoint, stages_of
from quadcim.synth.tools import cell_tools

_SIMULATORS = {"icarus": "under Icarus", "power-ups": "from 64 power-ups"}

__all__ = ["synthesis_json", "synthesis_lines", "synthesis_report"]


def synthesis_json(synthesis: Synthesis) -> dict[str, Any]:
    """The content of ``synth.json``; what could not be had is null, and `missing` says why."""
    request, library, netlist = synthesis.request, synthesis.library, synthesis.netlist
    return {
        "schema": SYNTHESIS.schema, "top": request.case.top, "digest": request.case.manifest["digest"],
        "clock_mhz": request.clock_mhz, "mapped_for": synthesis.effort,
        "library": {"name": library.name, "sha256": synthesis.liberty_sha256, "supply_v": library.supply_v,
                    "gate": library.nand2.name, "gate_um2": library.nand2.area_um2},
        "area_um2": round(netlist.area_um2, 4), "gate_equivalents": round(synthesis.gate_equivalents, 2),
        "register_area_um2": round(netlist.register_area_um2, 4), "registers": len(netlist.registers),
        "cells": netlist.histogram,
        "timing": _timing(synthesis), "power": _power(synthesis), "gate_level": _gates(synthesis),
        "estimate_28nm": _estimate(synthesis), "missing": list(synthesis.missing),
        "tools": {"quadcim": __version__, "pyosys": version("pyosys"), **cell_tools()},
    }


def _timing(synthesis: Synthesis) -> dict[str, Any] | None:
    timing = synthesis.timing
    if timing is None:
        return None
    return {
        "slack_ps": timing.worst.slack_ps, "shortest_period_ps": round(timing.shortest_period_ps, 2),
        "greatest_clock_mhz": round(timing.greatest_clock_mhz, 2),
        "start": timing.worst.start, "end": timing.worst.end,
        "cells": [{"instance": cell.instance, "net": _net(synthesis, cell.instance), "cell": cell.cell,
                   "delay_ps": cell.delay_ps, "arrival_ps": cell.arrival_ps} for cell in timing.cells],
        "stages": {stage: {"start": path.start, "end": path.end, "slack_ps": path.slack_ps}
                   for stage, path in _stages(synthesis).items()},
    }


def _stages(synthesis: Synthesis) -> dict[str, Endpoint]:
    return stages_of(synthesis.timing.ends, synthesis.request.case.latency_cycles) if synthesis.timing else {}


def _power(synthesis: Synthesis) -> dict[str, Any] | None:
    power, activity = synthesis.power, synthesis.activity
    if power is None or activity is None:
        return None
    return {"internal_uw": round(power.internal_uw, 4), "of_which_clock_uw": round(power.clock_uw, 4),
            "switching_uw": round(power.switching_uw, 4), "leakage_uw": round(power.leakage_uw, 6),
            "total_uw": round(power.total_uw, 4), "cycles": activity.cycles,
            "mean_changes_per_cycle": round(_mean_changes(synthesis), 5)}


def _mean_changes(synthesis: Synthesis) -> float:
    nets = {net for instance in synthesis.netlist.instances.values() for net in instance.outputs.values()}
    activity = synthesis.activity
    return sum(map(activity.per_cycle, nets)) / len(nets) if activity and nets else 0.0


def _gates(synthesis: Synthesis) -> dict[str, Any] | None:
    gates = synthesis.gates
    if gates is None:
        return None
    return {"passed": gates.passed, "simulator": gates.simulator, "vectors": gates.vectors,
            "mismatches": gates.mismatches, "registers_start_as": "x" if gates.simulator == "icarus" else "random",
            "models": "the user's" if synthesis.request.models else "from the library's functions"}


def _estimate(synthesis: Synthesis) -> dict[str, Any] | None:
    estimate = synthesis.estimate
    if estimate is None:
        return None
    return {"from_node_nm": synthesis.request.node_nm, "supply_v": SUPPLY_V,
            "delay_factor": round(estimate.factors.delay, 4), "energy_factor": round(estimate.factors.energy, 4),
            "gate_um2": GATE_28_UM2, "clock_mhz": synthesis.request.clock_mhz, "area_um2": round(estimate.area_um2, 2),
            "shortest_period_ps": None if estimate.shortest_period_ps is None
            else round(estimate.shortest_period_ps, 1),
            "dynamic_uw": None if estimate.dynamic_uw is None else round(estimate.dynamic_uw, 2)}


def synthesis_lines(synthesis: Synthesis) -> list[str]:
    """The figures in a few lines."""
    netlist, lines = synthesis.netlist, []
    lines.append(f"area {netlist.area_um2:.1f} um2, {synthesis.gate_equivalents:.0f} gate equivalents; "
                 f"{len(netlist.instances)} cells, {len(netlist.registers)} of them registers; "
                 f"mapped for {synthesis.effort}")
    if timing := synthesis.timing:
        lines.append(f"slack {timing.worst.slack_ps:.0f} ps at {synthesis.request.clock_mhz:g} MHz, at most "
                     f"{timing.greatest_clock_mhz:.0f} MHz; from {timing.worst.start} to {timing.worst.end}")
    if power := synthesis.power:
        lines.append(f"power {_si(power.total_uw)}: internal {_si(power.internal_uw)} (clock pins "
                     f"{_si(power.clock_uw)}), switching {_si(power.switching_uw)}, leakage {_si(power.leakage_uw)}")
    if gates := synthesis.gates:
        found = "no verdict" if gates.mismatches is None else f"{gates.mismatches} mismatches"
        lines.append(f"gate level: {'PASS' if gates.passed else 'FAIL'}, {gates.vectors} vectors "
                     f"{_SIMULATORS[gates.simulator]}, {found}")
    if estimate := synthesis.estimate:
        parts = [f"{estimate.area_um2:.0f} um2"]
        if estimate.shortest_period_ps is not None:
            parts.append(f"at most {1e6 / estimate.shortest_period_ps:.0f} MHz")
        if estimate.dynamic_uw is not None:
            parts.append(f"dynamic {_si(estimate.dynamic_uw)} at {synthesis.request.clock_mhz:g} MHz")
        lines.append("28 nm, a rough estimate: " + ", ".join(parts))
    return [*lines, *synthesis.missing]


def _si(power_uw: float) -> str:
    for scale, unit in ((1e3, "mW"), (1, "uW"), (1e-3, "nW")):
        if power_uw >= scale:
            return f"{power_uw / scale:.3g} {unit}"
    return f"{power_uw * 1e6:.3g} pW"


def synthesis_report(synthesis: Synthesis) -> str:
    """The content of ``report.md``."""
    request, library, netlist = synthesis.request, synthesis.library, synthesis.netlist
    gate = library.nand2
    return "\n".join([
        f"# {request.case.top} in {library.name}", "",
        *(f"- {line}" for line in synthesis_lines(synthesis)), "",
        ("Before placement; wires count as far as the library has a default wire load model. Inputs come from "
         f"{(library.launcher or library.driver).name}, outputs drive {LOAD_GATES} inputs of {gate.name} and are due "
         "at the next edge; clock and reset are ideal."),
        "",
        "## Area", "",
        f"A gate equivalent is {gate.name}, {gate.area_um2:g} um2. Registers take {netlist.register_area_um2:.1f} um2.",
        "", "| cell | number | um2 |", "|---|---|---|",
        *(f"| {name} | {count} | {count * library.cells[name].area_um2:.2f} |"
          for name, count in netlist.histogram.items()), "",
        *_timing_section(synthesis), *_power_section(synthesis), *_gate_section(synthesis),
        *_estimate_section(synthesis)])


def _timing_section(synthesis: Synthesis) -> list[str]:
    timing = synthesis.timing
    if timing is None:
        return []
    return [
        "## Timing", "", "The slowest path into the registers of each stage and into outputs, named as in the RTL:", "",
        "| stage | from | to | slack, ps |", "|---|---|---|---|",
        *(f"| {stage} | `{path.start}` | `{path.end}` | {path.slack_ps:.0f} |"
          for stage, path in _stages(synthesis).items()), "",
        f"The critical path, from `{timing.worst.start}` to `{timing.worst.end}`:", "",
        "| cell | instance | net | delay, ps | at, ps |", "|---|---|---|---|---|",
        *((f"| {cell.cell} | {cell.instance} | {_code(_net(synthesis, cell.instance))} | {cell.delay_ps:.0f} | "
           f"{cell.arrival_ps:.0f} |") for cell in timing.cells), ""]


def _net(synthesis: Synthesis, instance: str) -> str | None:
    """The RTL's name of what an instance drives, if it has one."""
    label = synthesis.netlist.label(instance)
    return None if label == instance else label


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _power_section(synthesis: Synthesis) -> list[str]:
    power, activity = synthesis.power, synthesis.activity
    if power is None or activity is None:
        return []
    return [
        "## Power", "",
        (f"At {synthesis.request.clock_mhz:g} MHz, with the case's own vectors at full speed: {activity.cycles} "
         f"cycles, in which a net changes {_mean_changes(synthesis):.3f} times a cycle on average. Glitches, the clock "
         "tree and the nets that inputs drive are not counted."), "",
        "| | uW |", "|---|---|", f"| internal | {power.internal_uw:.3f} |",
        f"| of which clock pins | {power.clock_uw:.3f} |", f"| switching | {power.switching_uw:.3f} |",
        f"| leakage | {power.leakage_uw:.4f} |", f"| total | {power.total_uw:.3f} |", ""]


def _gate_section(synthesis: Synthesis) -> list[str]:
    gates = synthesis.gates
    if gates is None:
        return []
    models = "that were given" if synthesis.request.models else "made from their functions in the library"
    icarus = gates.simulator == "icarus"
    how = ("under Icarus and `tb/` of the case" if icarus else
           "from 64 power-ups at once, not under Icarus, which would take long")
    more = "" if icarus else ", but not with rows that change while beats are computed"
    return [
        "## Gate level", "",
        (f"The netlist {how}, with models of the cells {models}: all {gates.vectors} vectors at full speed, with "
         f"random pauses, and with a reset in mid-stream; where weights are loaded, also with others{more}. "
         f"Registers power up as {'X' if icarus else 'anything'}."), "",
        "```", *gates.said.splitlines()[-12:], "```", ""]


def _estimate_section(synthesis: Synthesis) -> list[str]:
    estimate = synthesis.estimate
    if estimate is None:
        return []
    return [
        "## 28 nm, estimated", "",
        (f"From {synthesis.request.node_nm} nm at {synthesis.library.supply_v:g} V to 28 nm at {SUPPLY_V} V: delays "
         f"times {estimate.factors.delay:.3f}, switching energy times {estimate.factors.energy:.4f} (Stillmaker and "
         f"Baas, Integration 58, 2017; 28 nm between its 32 and 20 nm), {GATE_28_UM2} um2 a gate equivalent. Leakage "
         f"is not scaled. The same unit from libraries of 180 to 7 nm came out up to {DELAY_SPREAD} times off in delay "
         f"and {ENERGY_SPREAD} times off in energy, either way of the mean: compare designs by it, promise no clock."),
        ""]

"""The whole way: from a case and a library to a netlist, its figures, and a verdict."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from quadcim.boards.targets import find_target
from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError, cxx_compiler, find_simulator
from quadcim.spec.cost import GATE_28_UM2
from quadcim.spec.errors import IllegalSetting
from quadcim.synth.activity import Activity
from quadcim.synth.gate_level import GateCheck, check_gates, check_large, is_large, record_activity
from quadcim.synth.liberty import Library, parse_library
from quadcim.synth.liberty_text import read_text
from quadcim.synth.mapping import EFFORTS, Effort, map_case
from quadcim.synth.models import library_models
from quadcim.synth.netlist import Netlist
from quadcim.synth.scaling import Estimate, Factors, scale_to_28
from quadcim.synth.sta import NO_STA, Design, Power, Timing, find_power, find_timing
from quadcim.synth.tools import find_sta

__all__ = ["Request", "Synthesis", "check_request", "synthesise"]


@dataclass(frozen=True, slots=True)
class Request:
    """What to synthesise, and with what.

    Parameters
    ----------
    case : Case
        The case; its technology has no primitives of an FPGA.
    liberty : Path
        The library, plain or gzipped.
    models : Path or None
        Verilog models of its cells; without any they are made from the library's functions.
    clock_mhz : float
        The clock to aim for, and to give power at.
    node_nm : int or None
        The library's node, for the estimate of 28 nm.
    """

    case: Case
    liberty: Path
    models: Path | None
    clock_mhz: float
    node_nm: int | None


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What came of a request; what could not be had is None, and `missing` says why."""

    request: Request
    library: Library
    liberty_sha256: str
    netlist: Netlist
    effort: Effort
    gates: GateCheck | None
    activity: Activity | None
    timing: Timing | None
    power: Power | None
    estimate: Estimate | None
    missing: tuple[str, ...]

    @property
    def gate_equivalents(self) -> float:
        """The area over that of the smallest two-input NAND."""
        return self.netlist.area_um2 / self.library.nand2.area_um2


def _factors(request: Request, library: Library) -> Factors | None:
    if request.node_nm is None:
        return None
    if library.supply_v is None:
        raise IllegalSetting("node-nm", "left out for a library without a nom_voltage", request.node_nm)
    return scale_to_28(request.node_nm, library.supply_v)


def _why_unchecked(case: Case, netlist: Netlist) -> str | None:
    """Why the netlist cannot be simulated with what the case ships, if it cannot."""
    target = find_target(case.manifest["target"])
    if target.initialise and netlist.registers:
        return (f"not simulated, so without a check at gate level and without power: registers of the target "
                f"{target.name} start from initial values, which cells do not have (generate with --target asic28)")
    try:
        find_simulator("icarus")
    except IllegalSetting:
        return ("not simulated, so without a check at gate level and without power: Icarus is not installed (apt-get "
                "install iverilog)")
    return None


def check_request(request: Request) -> None:
    """Refuse a case that standard cells cannot hold.

    Raises
    ------
    IllegalSetting
        If its technology has primitives of an FPGA, or the models are no file.
    """
    case = request.case
    if case.technology == "ultrascale":
        raise IllegalSetting("case", "a case of technology generic, cells or fpga",
                             f"{case.folder} of {case.technology}")
    if request.models is not None and not request.models.is_file():
        raise IllegalSetting("models", "a Verilog file", str(request.models))


def synthesise(request: Request, folder: Path, *, report: Callable[[str], None]) -> Synthesis:
    """Map, check, and measure a case.

    Parameters
    ----------
    request : Request
        What to do.
    folder : Path
        Gets ``netlist.v`` and, unless there are models, ``cells.v``; intermediate files go to ``work/`` in it.
    report : callable
        Is told what is being done.

    Raises
    ------
    IllegalSetting
        If the case or the library cannot be used.
    ToolError
        If a tool fails.
    """
    check_request(request)
    text, work = read_text(request.liberty), folder / "work"
    library = parse_library(text, request.liberty)
    factors = _factors(request, library)
    work.mkdir()
    liberty = work / "library.lib"
    liberty.write_text(text, encoding="latin-1")
    sta = find_sta()
    mapped = _map(request, library, liberty, work=work, sta=sta, report=report)
    mapped.design.netlist.rename(folder / "netlist.v")
    netlist, design = mapped.netlist, replace(mapped.design, netlist=folder / "netlist.v")
    why = _why_unchecked(request.case, netlist)
    gates = activity = power = None
    if why is None:
        gates, activity = _simulate(request, library, mapped, folder, report)
    missing = [why] if why else []
    if sta is None:
        missing.append(NO_STA)
    elif activity:
        report("power")
        power = find_power(sta, design, netlist, activity)
        if power.dynamic_uw <= 0:
            power = None
            missing.append("without power: the library has no default operating conditions, and so no supply")
    synthesis = Synthesis(request, library, hashlib.sha256(text.encode("latin-1")).hexdigest(), netlist, mapped.effort,
                          gates, activity, mapped.timing, power, None, tuple(missing))
    if factors is None:
        return synthesis
    return _with_estimate(synthesis, factors)


@dataclass(frozen=True, slots=True)
class _Mapped:
    """A netlist, how it was mapped, and its timing where OpenSTA is installed."""

    netlist: Netlist
    effort: Effort
    design: Design
    timing: Timing | None

    @property
    def slack_ps(self) -> float:
        """The worst slack; without timing there is nothing to complain of."""
        return self.timing.worst.slack_ps if self.timing else 0.0


def _map(request: Request, library: Library, liberty: Path, *, work: Path, sta: str | None,
         report: Callable[[str], None]) -> _Mapped:
    """Map for area, and for speed too while that does not meet the clock; the one with the most slack stays."""
    period_ps = 1e6 / request.clock_mhz
    clocked = any(port.name == "clk" for port in request.case.ports)
    tried: list[_Mapped] = []
    for effort in EFFORTS:
        folder = work / effort
        folder.mkdir()
        report(f"mapping {request.case.top} to {library.name}, for {effort}")
        try:
            netlist = map_case(request.case, library, liberty, folder, period_ps=period_ps, effort=effort)
        except ToolError as error:
            if not tried:
                raise
            # ABC's older mapper gives up on libraries of few cells.
            report(f"mapping for {effort} failed, so that for {tried[-1].effort} stays ({error})")
            break
        design = Design(request.case.top, folder / "netlist.v", liberty, folder, library, clocked,
                        request.case.reset.port, period_ps)
        if sta:
            report(f"timing what is mapped for {effort}")
        tried.append(_Mapped(netlist, effort, design, find_timing(sta, design, netlist) if sta else None))
        if tried[-1].slack_ps >= 0:
            break
    return max(tried, key=lambda mapped: mapped.slack_ps)


def _has_compiler() -> bool:
    try:
        cxx_compiler()
    except IllegalSetting:
        return False
    return True


def _simulate(request: Request, library: Library, mapped: _Mapped, folder: Path,
              report: Callable[[str], None]) -> tuple[GateCheck, Activity | None]:
    """The check at gate level, and what a netlist that passes switches."""
    models, netlist = request.models, mapped.netlist
    if models is None:
        models = folder / "cells.v"
        models.write_text(library_models(library, needed=netlist.histogram))
    sources = folder / "netlist.v", models.absolute()
    if request.models is None and is_large(request.case, len(netlist.instances)) and _has_compiler():
        report("simulating the netlist from 64 power-ups: all vectors, in each run")
        text = (mapped.design.folder / "netlist.json").read_text(encoding="utf-8")
        return check_large(request.case, json.loads(text)["modules"][request.case.top], library)
    report("simulating the netlist under Icarus: all vectors, in each run")
    gates = check_gates(request.case, sources)
    if not gates.passed:
        return gates, None
    report("recording what switches")
    return gates, record_activity(request.case, sources, netlist.nets)


def _with_estimate(synthesis: Synthesis, factors: Factors) -> Synthesis:
    timing, power = synthesis.timing, synthesis.power
    return replace(synthesis, estimate=Estimate(
        factors, GATE_28_UM2 * synthesis.gate_equivalents,
        factors.delay * timing.shortest_period_ps if timing else None,
        factors.energy * power.dynamic_uw if power else None))

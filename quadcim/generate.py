"""The generator: from a specification to a case directory."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim import __version__
from quadcim.boards.targets import Target, check_target
from quadcim.files import CASE, check_output_folder, output_folder
from quadcim.hw.activation.plans import unit_integers, unit_plan
from quadcim.hw.cim.plan import CimPlan, plan_macro
from quadcim.progress import unheard
from quadcim.report import Description, case_report, verilog_header
from quadcim.report_activation import describe_activation
from quadcim.report_cim import describe_cim
from quadcim.sim.testbench import Loads, simulation_command, verilog_testbench
from quadcim.sim.vectors import hex_lines
from quadcim.spec.canonical import digest
from quadcim.spec.cim import LUTRAM_ROWS, CimIntegers, CimMacro
from quadcim.spec.hard_macro import HardMacro
from quadcim.spec.integers import Integers
from quadcim.spec.naming import case_name, check_case_name
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.ports import Field, Port
from quadcim.spec.reset import Reset
from quadcim.spec.unit import ActivationUnit

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component

    from quadcim.boards.handoff import Handoff
    from quadcim.sim.stimulus import ActivationStimulus, CimStimulus, Stimulus

__all__ = ["generate_activation", "generate_case", "generate_cim"]

Report = Callable[[str], None]
_PLOTTED = 1 << 16


@dataclass(frozen=True)
class _Subject:
    """What a case is made of: the specification, what builds its hardware, and what it is tried with."""

    kind: str
    spec: ActivationUnit | CimMacro
    integers: Integers | CimIntegers
    plan: StagePlan
    about: Description
    build: Callable[[], "Component"]
    stimulus: "Stimulus"
    layouts: Mapping[str, tuple[Field, ...]]
    capacity: int
    loads: Loads | None
    more: Mapping[str, object]
    pictures: Mapping[str, str]
    hard_macros: tuple[HardMacro, ...]
    golden: Callable[[Sequence[int], Sequence[int]], list[int]]

    @property
    def identity(self) -> str:
        """The digest of the specification and its integers."""
        return digest({"spec": self.spec.to_json(), "integers": self.integers.to_json()})

    def name(self, order: "_Order") -> str:
        """What everything of the case begins with."""
        # All that reaches the Verilog, the versions of what writes it among them.
        reaching = {"digest": self.identity, "target": order.target.name, "reset": order.reset.name, "tools": _tools()}
        if order.target.axi_stream:
            reaching |= {"clock_mhz": order.clock_mhz, "user_bits": order.user_bits}
        return order.name or case_name(self.spec.name, reaching)


def generate_activation(unit: ActivationUnit, *, target: Target, clock_mhz: float, out: Path, reset: str | None = None,
                        user_bits: int = 0, name: str | None = None, force: bool = False,
                        report: Report = unheard) -> None:
    """Write the case directory of an activation unit; equal settings give equal bytes.

    Parameters
    ----------
    unit : ActivationUnit
        The specification.
    target : Target
        The flow that the case is made for.
    clock_mhz : float
        The clock that the target's constraints ask for.
    out : Path
        The directory; it appears whole or not at all.
    reset : str, optional
        How the reset works (`quadcim.spec.reset`); by default as is usual for the target.
    user_bits : int
        Width of the TUSER that passes through the AXI4-Stream ports of a target that has them; 0 for none.
    name : str, optional
        What every module, file, core and IP begins with; by default a name that no other case has.
    force : bool
        Replace an older case there.
    report : callable
        Is told what is being done.

    Raises
    ------
    IllegalSetting
        If the unit cannot have that many stages, the target cannot take it, or `out` cannot be written.
    """
    report(f"fitting {unit.activation.function}")
    plan = unit_plan(unit)
    order = _Order(target, target.reset(reset), clock_mhz, user_bits, out, name, force, report)
    order.check(technology=unit.technology)
    report("computing vectors and the picture")
    from quadcim.hw.activation.units import create_unit
    from quadcim.sim.stimulus import ActivationStimulus

    integers, activation = unit_integers(unit), unit.activation
    stimulus = ActivationStimulus(unit, integers)
    _write(_Subject(
        "activation", unit, integers, plan, describe_activation(unit, integers, beats=len(stimulus.inputs())),
        lambda: create_unit(unit), stimulus,
        {"i__payload": (Field("value", 0, activation.input),), "o__payload": (Field("value", 0, activation.output),)},
        plan.latency_cycles, None, {"max_error_ulp": integers.max_error_ulp},
        {"function.svg": _plot(unit, integers, stimulus)}, (), lambda beats, _writes: stimulus.expected(beats)), order)


def generate_cim(macro: CimMacro, integers: CimIntegers, *, target: Target, clock_mhz: float, out: Path,
                 reset: str | None = None, user_bits: int = 0, name: str | None = None, force: bool = False,
                 report: Report = unheard) -> None:
    """Write the case directory of a compute-in-memory macro; equal settings give equal bytes.

    Parameters
    ----------
    macro : CimMacro
        The specification.
    integers : CimIntegers
        Its frozen integers.
    target, clock_mhz, out, reset, user_bits, name, force, report
        As for `generate_activation`.

    Raises
    ------
    IllegalSetting
        If the macro cannot have that many stages, the integers are not its own, or `out` cannot be written.
    """
    report("planning the macro")
    plan = plan_macro(macro, integers)
    order = _Order(target, target.reset(reset), clock_mhz, user_bits, out, name, force, report)
    order.check(technology=macro.technology)
    report("choosing vectors")
    from quadcim.hw.cim.unit import CimUnit
    from quadcim.sim.stimulus import CimStimulus

    stimulus = CimStimulus(macro, integers)
    layouts = {f"{port}__payload": tuple(Field(*field) for field in fields)
               for port, fields in macro.layouts(integers).items()}
    _write(_Subject(
        "cim", macro, integers, plan.whole, describe_cim(plan, beats=len(stimulus.inputs())), lambda: CimUnit(plan),
        stimulus, layouts, plan.capacity, _loads(plan, stimulus), {}, {}, macro.hard_macros,
        lambda beats, writes: CimStimulus(macro, integers, writes).expected(beats)), order)


def _loads(plan: CimPlan, stimulus: "CimStimulus") -> Loads | None:
    """What the stream of weights is given, if there is one."""
    writes = len(stimulus.writes())
    return Loads(writes, len(stimulus.rewrites()), LUTRAM_ROWS, plan.table_cycles) if writes else None


def generate_case(spec: ActivationUnit | CimMacro, *, target: Target, out: Path) -> None:
    """Write the case of a unit, or of a macro whose weights are loaded, at the target's own clock."""
    if isinstance(spec, ActivationUnit):
        generate_activation(spec, target=target, clock_mhz=target.clock_mhz, out=out)
    else:
        generate_cim(spec, CimIntegers(), target=target, clock_mhz=target.clock_mhz, out=out)


@dataclass(frozen=True)
class _Order:
    """What a case is made for, and where it goes."""

    target: Target
    reset: Reset
    clock_mhz: float
    user_bits: int
    out: Path
    name: str | None
    force: bool
    report: Report

    def check(self, *, technology: str) -> None:
        """Refuse what cannot be made, before any work is done for it."""
        if self.name is not None:
            check_case_name(self.name)
        check_target(self.target, technology=technology, clock_mhz=self.clock_mhz, reset=self.reset,
                     user_bits=self.user_bits)
        check_output_folder(self.out, marker=CASE, force=self.force)


def _hand_off(subject: _Subject, order: _Order) -> "Handoff":
    """The Verilog, and what the target has to know of it."""
    from quadcim.boards.handoff import Handoff
    from quadcim.hw.arithmetic.companions import companion_files
    from quadcim.hw.emit.verilog import emit_verilog

    target, top = order.target, subject.name(order)
    header = verilog_header(subject.about, subject.plan, target, order.reset, top=top, identity=subject.identity)
    order.report(f"writing the Verilog of {top}")
    rtl = emit_verilog(subject.build(), name=top, header=header, reset=order.reset, initialise=target.initialise)
    return Handoff(
        kind=subject.kind, top=top, header=header, identity=subject.identity, clock_mhz=order.clock_mhz,
        about=subject.about, plan=subject.plan, capacity=subject.capacity, user_bits=order.user_bits,
        ports=tuple(Port(*port, subject.layouts.get(port[0], ())) for port in rtl.ports), reset=order.reset,
        verilog=rtl.text, companions=companion_files(rtl.text), images=rtl.images,
        hard_macros=(*subject.hard_macros, *rtl.hard_macros), golden=subject.golden)


def _write(subject: _Subject, order: _Order) -> None:
    """Write Verilog, vectors, testbench, report, what the target adds, checksums, and the manifest."""
    from quadcim.boards.bundles import target_files
    from quadcim.boards.fusesoc import core_files

    handoff, plan, about = _hand_off(subject, order), subject.plan, subject.about
    order.report(f"computing the vectors, the testbench and the files for {order.target.name}")
    top, ports, writes = handoff.top, handoff.ports, len(subject.stimulus.writes())
    command = simulation_command(handoff.companions)
    files = {
        f"rtl/{top}.v": handoff.verilog,
        **_vectors(subject.stimulus, {port.name: port.width for port in ports}),
        f"tb/{top}_tb.v": verilog_testbench(
            top=top, ports=ports, latency_cycles=plan.latency_cycles, interval_cycles=about.interval_cycles,
            capacity=subject.capacity, beats=about.beats, loads=subject.loads,
            command=command),
        "report.md": case_report(about, plan, order.target, top=top, ports=ports, identity=subject.identity,
                                 command=command),
        **handoff.companions, **handoff.images, **subject.pictures, **target_files(order.target, handoff),
    }
    files |= core_files(handoff, files)
    manifest = {
        "schema": CASE.schema, "kind": subject.kind, "name": top, "top": top, "digest": subject.identity,
        "target": order.target.name, "reset": order.reset.name, "clock_mhz": order.clock_mhz,
        **({"user_bits": order.user_bits} if order.target.axi_stream else {}),
        "spec": subject.spec.to_json(), "integers": subject.integers.to_json(), **subject.more,
        "ports": [port.to_json() for port in ports],
        "latency_cycles": plan.latency_cycles, "initiation_interval_cycles": about.interval_cycles,
        "capacity_beats": subject.capacity, "beats": about.beats, "writes": writes,
        "files": {name: _sha256(text) for name, text in sorted(files.items())},
        "tools": _tools(),
    }
    files[CASE.name] = json.dumps(manifest, indent=2) + "\n"
    with output_folder(order.out, marker=CASE, force=order.force) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


def _tools() -> dict[str, str]:
    """The versions of what writes the files."""
    return {"quadcim": __version__, **{package: version(package) for package in ("amaranth", "pyosys")}}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _vectors(stimulus: "Stimulus", widths: Mapping[str, int]) -> dict[str, str]:
    """The vector files."""
    from quadcim.sim.stimulus import case_vectors

    return {f"vectors/{name}.hex": hex_lines(payloads, widths[f"{stream}__payload"])
            for name, (stream, payloads) in case_vectors(stimulus, stimulus.inputs()).items()}


def _plot(unit: ActivationUnit, integers: Integers, stimulus: "ActivationStimulus") -> str:
    """The picture of the unit, from every input where that is feasible."""
    import numpy as np

    from quadcim.plot import function_plot

    fmt = unit.activation.input
    inputs = np.unique(np.linspace(fmt.minimum, fmt.maximum, min(1 << fmt.width, _PLOTTED)).round().astype(np.int64))
    return function_plot(unit, integers, inputs, np.array(stimulus.golden(inputs.tolist())))

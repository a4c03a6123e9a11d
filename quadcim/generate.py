"""The generator: from a specification to a case directory."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim import __version__
from quadcim.boards.targets import Target, check_target
from quadcim.cores.catalogue import core_of
from quadcim.cores.core import CoreIntegers, CoreSpec, Report, Subject
from quadcim.files import CASE, check_output_folder, output_folder
from quadcim.progress import unheard
from quadcim.report import case_report, stage_titles, verilog_header
from quadcim.spec.canonical import canonical_json
from quadcim.spec.naming import case_name, check_case_name
from quadcim.spec.reset import Reset

if TYPE_CHECKING:
    from quadcim.boards.handoff import Handoff
    from quadcim.spec.ports import Port
    from quadcim.spec.timing import Frame

__all__ = ["check_order", "generate_case"]


def generate_case(spec: CoreSpec, integers: CoreIntegers | None = None, *, target: Target, out: Path,
                  clock_mhz: float | None = None, reset: str | None = None, user_bits: int = 0, name: str | None = None,
                  force: bool = False, report: Report = unheard) -> dict[str, Any]:
    """Write the case directory of a core; equal settings give equal bytes.

    Parameters
    ----------
    spec : CoreSpec
        The specification: an `ActivationUnit`, a `CimMacro`, or one of another kind of core.
    integers : CoreIntegers, optional
        Its frozen integers; by default those of its own: fitted, or none where weights are loaded.
    target : Target
        The flow that the case is made for.
    out : Path
        The directory; it appears whole or not at all.
    clock_mhz : float, optional
        The clock that the target's constraints ask for; by default the target's.
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

    Returns
    -------
    dict
        The manifest, ``case.json``.

    Raises
    ------
    IllegalSetting
        If the core cannot have that many stages, the integers are not its own, the target cannot take it, or `out`
        cannot be written.
    """
    core = core_of(spec)
    report("planning")
    order = _Order(target, target.reset(reset), target.clock_mhz if clock_mhz is None else clock_mhz, user_bits, out,
                   name, force, report)
    order.check(technology=spec.technology)
    frozen: CoreIntegers = core.usual_integers(spec) if integers is None else integers
    core.plan(spec, frozen)
    report("computing vectors and pictures")
    files, manifest = _make(spec, frozen, core.subject(spec, frozen), order)
    _write(files, manifest, order)
    return manifest


def check_order(*, target: Target, out: Path, reset: str | None = None, user_bits: int = 0, name: str | None = None,
                force: bool = False) -> None:
    """Refuse what `generate_case` would refuse of any core, before one is fitted.

    Raises
    ------
    IllegalSetting
        If the target cannot take it, or `out` cannot be written.
    """
    _Order(target, target.reset(reset), target.clock_mhz, user_bits, out, name, force).check(technology=None)


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
    report: Report = unheard

    def check(self, *, technology: str | None) -> None:
        """Refuse what cannot be made, before any work is done for it."""
        if self.name is not None:
            check_case_name(self.name)
        check_target(self.target, technology=technology, clock_mhz=self.clock_mhz, reset=self.reset,
                     user_bits=self.user_bits)
        check_output_folder(self.out, marker=CASE, force=self.force)

    def case_name(self, spec: CoreSpec, identity: str) -> str:
        """What everything of the case begins with."""
        # All that reaches the Verilog, the versions of what writes it among them.
        reaching = {"digest": identity, "target": self.target.name, "reset": self.reset.name, "tools": _tools()}
        if self.target.axi_stream:
            reaching |= {"clock_mhz": self.clock_mhz, "user_bits": self.user_bits}
        return self.name or case_name(spec.name, reaching)


def _hand_off(spec: CoreSpec, identity: str, subject: Subject, order: _Order) -> "Handoff":
    """The Verilog, and what the target has to know of it."""
    from quadcim.boards.handoff import Handoff
    from quadcim.hw.arithmetic.companions import companion_files
    from quadcim.hw.emit.verilog import emit_verilog

    target, top, about = order.target, order.case_name(spec, identity), subject.about
    header = verilog_header(about, subject.plan, subject.interface.timing, target, order.reset, top=top,
                            identity=identity)
    order.report(f"writing the Verilog of {top}")
    rtl = emit_verilog(subject.build(), name=top, header=header, reset=order.reset, initialise=target.initialise,
                       stages=stage_titles(subject.plan))
    ports = subject.interface.ports(order.reset)
    assert sorted((port.name, port.direction, port.width) for port in ports) == sorted(rtl.ports)
    return Handoff(
        kind=core_of(spec).name, top=top, header=header, identity=identity, clock_mhz=order.clock_mhz, about=about,
        plan=subject.plan, timing=subject.interface.timing, user_bits=order.user_bits, ports=ports, reset=order.reset,
        verilog=rtl.text, companions=companion_files(rtl.text), images=rtl.images,
        hard_macros=(*subject.hard_macros, *rtl.hard_macros), golden=subject.golden,
        whole=subject.whole)


def _make(spec: CoreSpec, integers: CoreIntegers, subject: Subject,
          order: _Order) -> tuple[dict[str, str], dict[str, Any]]:
    """All files of a case, Verilog, vectors, testbench, report, what the target adds; and the manifest."""
    from quadcim.boards.bundles import target_files
    from quadcim.boards.fusesoc import core_files
    from quadcim.sim.frames import find_frames
    from quadcim.sim.manifest import INTEGERS
    from quadcim.sim.stimulus import case_vectors
    from quadcim.sim.testbench import Loads, simulation_command, verilog_testbench

    entries = core_of(spec).entries(spec, integers, order.reset)
    handoff, about = _hand_off(spec, entries["digest"], subject, order), subject.about
    order.report(f"computing the vectors, the testbench and the files for {order.target.name}")
    top, ports = handoff.top, handoff.ports
    command = simulation_command(handoff.companions)
    inputs = subject.stimulus.inputs()
    vectors = case_vectors(subject.stimulus, inputs)
    frames = find_frames(subject.interface.timing, subject.stimulus, inputs)
    beats = {name: len(payloads) for name, (_stream, payloads) in vectors.items()}
    loads = Loads(beats["weights"], beats.get("rewrites", 0), *subject.tables) if "weights" in beats else None
    files = {
        f"rtl/{top}.v": handoff.verilog,
        **_vector_files(vectors, frames if subject.interface.timing.framed else [], ports),
        f"tb/{top}_tb.v": verilog_testbench(top=top, ports=ports, timing=subject.interface.timing, frames=frames,
                                            loads=loads, command=command),
        "report.md": case_report(about, subject.plan, subject.interface.timing, order.target, top=top, ports=ports,
                                 beats=beats["input"], identity=handoff.identity, command=command),
        INTEGERS: canonical_json(entries["integers"]) + "\n",
        **handoff.companions, **handoff.images, **subject.pictures, **target_files(order.target, handoff),
    }
    files |= core_files(handoff, files)
    counts = {"beats": beats["input"], "results": beats["expected"], "writes": beats.get("weights", 0)}
    return files, _manifest(entries, counts, top, order, files)


def _manifest(entries: Mapping[str, Any], counts: Mapping[str, int], top: str, order: _Order,
              files: Mapping[str, str]) -> dict[str, Any]:
    """What ``case.json`` says."""
    stated = {
        "schema": CASE.schema, "kind": entries["kind"], "name": top, "top": top, "digest": entries["digest"],
        "target": order.target.name, "reset": order.reset.name, "clock_mhz": order.clock_mhz,
        **({"user_bits": order.user_bits} if order.target.axi_stream else {})}
    return stated | {name: value for name, value in entries.items() if name not in {*stated, "integers"}} | {
        **counts, "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
        "tools": _tools()}


def _write(files: Mapping[str, str], manifest: Mapping[str, Any], order: _Order) -> None:
    """The files into their folder, which appears whole."""
    with output_folder(order.out, marker=CASE, force=order.force) as folder:
        for name, text in [*files.items(), (CASE.name, json.dumps(manifest, indent=2) + "\n")]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


def _tools() -> dict[str, str]:
    """The versions of what writes the files."""
    return {"quadcim": __version__, **{package: version(package) for package in ("amaranth", "pyosys")}}


def _vector_files(vectors: Mapping[str, tuple[str, list[int]]], frames: Sequence["Frame"],
                  ports: Sequence["Port"]) -> dict[str, str]:
    """The vector files; that of frames, if there are any."""
    from quadcim.sim.frames import FRAME_BITS, frame_words
    from quadcim.sim.vectors import hex_lines

    widths = {port.name: port.width for port in ports}
    files = {f"vectors/{name}.hex": hex_lines(payloads, widths[f"{stream}__payload"])
             for name, (stream, payloads) in vectors.items()}
    return files | ({"vectors/frames.hex": hex_lines(frame_words(frames), FRAME_BITS)} if frames else {})

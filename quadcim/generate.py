"""The generator: from a specification to a case directory."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from quadcim import __version__
from quadcim.boards.targets import Target, check_target
from quadcim.files import CASE, check_output_folder, output_folder
from quadcim.fit.freeze import freeze
from quadcim.hw.plans import unit_plan
from quadcim.report import case_report, verilog_header
from quadcim.sim.case import Port
from quadcim.sim.testbench import verilog_testbench
from quadcim.sim.vectors import hex_lines, vector_inputs
from quadcim.spec.canonical import digest
from quadcim.spec.integers import Integers
from quadcim.spec.unit import ActivationUnit

__all__ = ["generate_activation"]

_PLOTTED = 1 << 16


def generate_activation(unit: ActivationUnit, *, target: Target, clock_mhz: float, out: Path,
                        force: bool = False) -> None:
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
    force : bool
        Replace an older case there.

    Raises
    ------
    IllegalSetting
        If the unit cannot have that many stages or `out` cannot be written.
    """
    plan = unit_plan(unit)
    check_target(target, flow_control=unit.flow_control, clock_mhz=clock_mhz)
    check_output_folder(out, marker=CASE, force=force)
    from quadcim.boards.handoff import target_files
    from quadcim.hw.companions import companion_files
    from quadcim.hw.units import create_unit
    from quadcim.hw.verilog import emit_verilog

    integers = freeze(unit)
    identity = digest({"spec": unit.to_json(), "integers": integers.to_json()})
    # Cases of one unit for several targets may meet in one project: their modules differ.
    top = unit.name if target.name == "generic" else f"{unit.name}_{target.name}"
    header = verilog_header(unit, integers, plan, target, top=top, identity=identity)
    rtl = emit_verilog(create_unit(unit), name=top, header=header, reset=target.reset,
                       initialise=target.initialise)
    formats = {"i__payload": unit.activation.input, "o__payload": unit.activation.output}
    ports = tuple(Port(name, direction, width, formats.get(name)) for name, direction, width in rtl.ports)
    inputs = vector_inputs(unit.activation.input)
    files = {
        f"rtl/{top}.v": rtl.text,
        "vectors/input.hex": hex_lines(inputs, unit.activation.input),
        "vectors/expected.hex": hex_lines(_golden(unit, integers, inputs), unit.activation.output),
        f"tb/{top}_tb.v": verilog_testbench(
            top=top, ports=ports, latency_cycles=plan.latency_cycles, beats=len(inputs),
            elastic=unit.flow_control == "elastic"),
        "report.md": case_report(unit, integers, plan, target, top=top, ports=ports, identity=identity,
                                 beats=len(inputs)),
        "function.svg": _plot(unit, integers),
        **companion_files(rtl.text),
        **target_files(target, unit=unit, top=top, header=header, clock_mhz=clock_mhz,
                       expected=lambda raws: _golden(unit, integers, raws)),
    }
    manifest = {
        "schema": CASE.schema, "kind": "activation", "top": top, "digest": identity, "target": target.name,
        "clock_mhz": clock_mhz, "spec": unit.to_json(), "integers": integers.to_json(),
        "max_error_ulp": integers.max_error_ulp,
        "ports": [port.to_json() for port in ports],
        "latency_cycles": plan.latency_cycles, "initiation_interval_cycles": 1,
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
        "tools": {"quadcim": __version__, **{package: version(package) for package in ("amaranth", "pyosys")}},
    }
    files[CASE.name] = json.dumps(manifest, indent=2) + "\n"
    with output_folder(out, marker=CASE, force=force) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")


def _plot(unit: ActivationUnit, integers: Integers) -> str:
    """The picture of the unit, from every input where that is feasible."""
    import numpy as np

    from quadcim.plot import function_plot

    fmt = unit.activation.input
    inputs = np.unique(np.linspace(fmt.minimum, fmt.maximum, min(1 << fmt.width, _PLOTTED)).round().astype(np.int64))
    return function_plot(unit, integers, inputs, np.array(_golden(unit, integers, inputs.tolist())))


def _golden(unit: ActivationUnit, integers: Integers, raws: list[int]) -> list[int]:
    """The golden model's outputs."""
    import torch

    from quadcim.models.activation import golden

    return golden(unit.activation, integers)(torch.tensor(raws, dtype=torch.int64)).tolist()

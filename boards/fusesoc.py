"""A FuseSoC core file: the case as a core that other designs depend on, to simulate, to lint and to synthesise.

``fusesoc --cores-root CASE run --target sim TOP`` needs nothing but the case.
"""

import json
from collections.abc import Iterable

from quadcim import __version__
from quadcim.boards.handoff import Handoff
from quadcim.boards.ip import wrapper_name
from quadcim.boards.targets import VCU128_PART
from quadcim.spec.quoting import comment

__all__ = ["core_file"]

_OUT_OF_CONTEXT = """\
# FuseSoC: the wrapper is a part of a design, so that its ports get no pads.
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} -objects [get_runs synth_1]
"""
_USE = """\

Usage: fusesoc --cores-root FOLDER run --target TARGET {top}
where FOLDER is this folder or one above it, and TARGET is {targets}.
"""


def core_file(handoff: Handoff, files: Iterable[str]) -> dict[str, str]:
    """Describe a case in FuseSoC's CAPI2, whatever its kind and its target; equal settings give equal bytes.

    Parameters
    ----------
    handoff : Handoff
        The unit.
    files : iterable of str
        All files of the case by their path in it.

    Returns
    -------
    dict
        Path in the case directory to text: ``<top>.core`` and, where there is an AXI4-Stream wrapper, a setting for
        Vivado that the core file refers to.
    """
    top, names = handoff.top, sorted(files)
    module = wrapper_name(top)
    wrapper = [name for name in names if name == f"vcu128/{module}.v"]
    setting = f"vcu128/{module}_fusesoc.tcl"
    sets = {
        "rtl": _sources(handoff.sources),
        "models": _sources(name for name in names if name.startswith("models/") and name.endswith(".v")),
        "testbench": [*_sources([f"tb/{top}_tb.v"]), *_copies(name for name in names if name.startswith("vectors/"))],
        "axi": _sources(wrapper),
        "vivado": [f"vcu128/{module}.xdc: {{file_type: xdc}}", f"{setting}: {{file_type: tclSource}}"] if wrapper
        else [],
    }
    targets = _targets(top, models=bool(sets["models"]), wrapper=bool(wrapper))
    about = f"{handoff.header}\n{_USE.format(top=top, targets=' or '.join(list(targets)[1:]))}"
    core = "\n".join([
        "CAPI=2:", comment(about, "#"),
        f"name: quadcim:{handoff.kind}:{top}:{__version__}",
        f"description: {json.dumps(handoff.about.definition)}", "",
        "filesets:", *(line for name, entries in sets.items() if entries for line in _fileset(name, entries)), "",
        "targets:", *(line for name, lines in targets.items() for line in [f"  {name}:", *_indented(4, lines)]), ""])
    return {f"{top}.core": core} | ({setting: _OUT_OF_CONTEXT} if wrapper else {})


def _sources(names: Iterable[str]) -> list[str]:
    return [f"{name}: {{file_type: verilogSource-2005}}" for name in names]


def _copies(names: Iterable[str]) -> list[str]:
    """The testbench reads vectors below the folder that it runs in."""
    return [f"{name}: {{file_type: user, copyto: {name}}}" for name in names]


def _fileset(name: str, entries: Iterable[str]) -> list[str]:
    return [f"  {name}:", "    files:", *(f"      - {entry}" for entry in entries)]


def _indented(by: int, lines: Iterable[str]) -> list[str]:
    return [" " * by + line for line in lines]


def _targets(top: str, *, models: bool, wrapper: bool) -> dict[str, list[str]]:
    """The lines of each target; the first is what other cores get that depend on this one."""
    simulated = "rtl, models" if models else "rtl"
    targets = {
        "default": ["filesets: [rtl]", f"toplevel: {top}"],
        "sim": ["description: the plain testbench under Icarus; prints PASS", "flow: sim",
                "flow_options: {tool: icarus, iverilog_options: [-g2005]}",
                f"filesets: [{simulated}, testbench]", f"toplevel: {top}_tb"],
        "lint": ["description: Verilator's lint", "flow: lint",
                 "flow_options: {tool: verilator, verilator_options: [-Wno-fatal]}",
                 f"filesets: [{simulated}]", f"toplevel: {top}"],
    }
    if wrapper:
        targets["synth"] = ["description: the AXI4-Stream wrapper in Vivado, out of context", "flow: vivado",
                            f"flow_options: {{part: {VCU128_PART}, pnr: none}}",
                            "filesets: [rtl, axi, vivado]", f"toplevel: {wrapper_name(top)}"]
    return targets

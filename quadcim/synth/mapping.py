"""From the RTL of a case to a netlist of a library's cells."""

import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from string import Template
from typing import Literal

from quadcim.sim.case import Case
from quadcim.synth.liberty import Library
from quadcim.synth.netlist import Netlist
from quadcim.synth.yosys import run_yosys

__all__ = ["EFFORTS", "LOAD_GATES", "Effort", "map_case"]

Effort = Literal["area", "balance", "speed"]
EFFORTS: tuple[Effort, ...] = ("area", "balance", "speed")
"""How to map: small at first, and faster, at the price of area, where that does not meet the clock."""

LOAD_GATES = 4
"""Each output drives so many inputs of the smallest NAND."""
# Restructures for depth, and keeps choices for the mapper; then gates are sized for the shortest delay.
_FAST_SCRIPT = Template("""\
strash
ifraig
&get -n
&st
$restructure&if -g -K 6
&if -g -K 6
&put
dch
map -B 0.9
topo
buffer -c
upsize -c
dnsize -c
""")
_RESTRUCTURE = {"balance": "", "speed": "&syn3\n&syn4\n"}
_INSTANCE = re.compile(r"^  (\w+) \w+ \($", re.MULTILINE)
"""As the generator writes instances."""
_MODULE = re.compile(r"^module (\w+)(.*?)^endmodule", re.MULTILINE | re.DOTALL)
_LARGE_TEXT = 300_000
"""Letters of Verilog, that of a module once for each instance: mapping as a whole takes minutes from here on."""
_LOGIC_SHARE = 0.8
"""What logic may take of a clock period; the rest is for the registers around it."""


def map_case(case: Case, library: Library, liberty: Path, folder: Path, *, period_ps: float,
             effort: Effort) -> Netlist:
    """Map a case to gates.

    Parameters
    ----------
    case : Case
        The case; its sources need no primitives of an FPGA.
    library, liberty : Library, Path
        The library and its file, which is not compressed.
    folder : Path
        Gets ``netlist.v`` and, for the tools that follow, ``netlist.json``.
    period_ps : float
        The clock period to aim for.
    effort : {"area", "balance", "speed"}
        Whether to keep to the smallest gates that the mapper believes to meet the period, or to take the fastest, and
        with "speed" to restructure the logic for them without regard to area.

    Raises
    ------
    ToolError
        If Yosys fails, or leaves a cell that the library does not have.
    """
    verilog, netlist = folder / "netlist.v", folder / "netlist.json"
    high, low = library.tie(True), library.tie(False)
    ties = [["hilomap", "-singleton", "-hicell", *high, "-locell", *low]] if high and low else []
    adders = ["-extra-map", "+/choices/kogge-stone.v"] if effort != "area" else []
    top, repeated = case.top, _repeated(case)
    with tempfile.TemporaryDirectory() as scratch:
        run_yosys(
            *(["read_verilog", source] for source in case.rtl), ["hierarchy", "-check", "-top", top],
            *([["setattr", "-mod", "-set", "keep_hierarchy", "1", *repeated]] if repeated else []),
            # While registers are known as such nets take their names, and not those of words that they are a part of.
            "proc", "opt_clean -purge",
            ["synth", "-flatten", "-top", top, *adders],
            # Cells power up in any state.
            "setattr -unset init w:*",
            ["dfflibmap", "-liberty", liberty], "opt",
            ["abc", "-liberty", liberty, *_abc_options(library, Path(scratch), period_ps, effort)],
            "setattr -mod -unset keep_hierarchy", "flatten", "setundef -zero", *ties, "opt_clean -purge",
            "rename -enumerate -pattern u% c:*", "rename -enumerate -pattern _%_ w:*",
            # Simulators take long for wide words whose bits are driven one by one.
            "splitnets", ["write_json", str(netlist)],
            # OpenSTA takes no concatenation on the left of an assignment.
            ["write_verilog", "-noattr", "-simple-lhs", str(verilog)], beside=case.images)
    # Signs of ports mean nothing to gates, and OpenSTA does not read them.
    text = re.sub(r"\bsigned ", "", verilog.read_text())
    verilog.write_text(text[text.index("module "):])
    return Netlist.read(json.loads(netlist.read_text())["modules"][top], library)


def _repeated(case: Case) -> list[str]:
    """The modules of a large case of which there are several instances: each is mapped once, whatever is around it.

    That costs speed, as the gates know nothing of what they drive in another module; small cases are mapped as a whole.
    """
    texts = [path.read_text(encoding="utf-8") for path in case.rtl]
    found = Counter(name for text in texts for name in _INSTANCE.findall(text))
    lengths = {name: len(body) for text in texts for name, body in _MODULE.findall(text)}
    if sum(count * lengths.get(name, 0) for name, count in found.items()) < _LARGE_TEXT:
        return []
    return sorted(name for name, count in found.items() if count > 1)


def _abc_options(library: Library, folder: Path, period_ps: float, effort: Effort) -> list[str | Path]:
    """What ABC is told; its files go to a folder."""
    constraints, script = folder / "abc.constr", folder / "abc.script"
    # ABC takes femtofarads, and whole picoseconds.
    load_ff = 1000 * LOAD_GATES * library.nand2.inputs[0].capacitance_pf
    constraints.write_text(f"set_driving_cell {library.driver.name}\nset_load {load_ff:.4f} [all_outputs]\n")
    options: list[str | Path] = ["-constr", constraints, "-D", f"{max(_LOGIC_SHARE * period_ps, 1):.0f}"]
    if effort == "area":
        return options
    script.write_text(_FAST_SCRIPT.substitute(restructure=_RESTRUCTURE[effort]))
    return [*options, "-script", script]

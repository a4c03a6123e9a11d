"""From the RTL of a case to a netlist of a library's cells."""

import json
import re
from pathlib import Path

from quadcim.sim.case import Case
from quadcim.synth.liberty import Library
from quadcim.synth.netlist import Netlist
from quadcim.synth.yosys import run_apart

__all__ = ["LOAD_GATES", "map_case"]

LOAD_GATES = 4
"""Each output drives so many inputs of the smallest NAND."""
_LOGIC_SHARE = 0.8
"""What logic may take of a clock period; the rest is for the registers around it."""


def map_case(case: Case, library: Library, liberty: Path, folder: Path, *, period_ps: float) -> Netlist:
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

    Raises
    ------
    ToolError
        If Yosys fails, or leaves a cell that the library does not have.
    """
    constraints, verilog, netlist = folder / "abc.constr", folder / "netlist.v", folder / "netlist.json"
    # ABC takes femtofarads.
    load_ff = 1000 * LOAD_GATES * library.nand2.inputs[0].capacitance_pf
    constraints.write_text(f"set_driving_cell {library.driver.name}\nset_load {load_ff:.4f} [all_outputs]\n")
    high, low = library.tie(True), library.tie(False)
    ties = [["hilomap", "-singleton", "-hicell", *high, "-locell", *low]] if high and low else []
    top = case.top
    run_apart(*(["read_verilog", str(source)] for source in case.rtl),
              f"hierarchy -check -top {top}", f"synth -flatten -top {top}",
              # Cells power up in any state.
              "setattr -unset init w:*",
              ["dfflibmap", "-liberty", str(liberty)], "opt",
              ["abc", "-liberty", str(liberty), "-constr", str(constraints), "-D", f"{_LOGIC_SHARE * period_ps:.0f}"],
              "setundef -zero", *ties, "opt_clean -purge", "rename -enumerate -pattern u% c:*",
              "rename -enumerate -pattern _%_ w:*",
              ["write_json", str(netlist)], ["write_verilog", "-noattr", str(verilog)])
    # Signs of ports mean nothing to gates, and OpenSTA does not read them.
    text = re.sub(r"\bsigned ", "", verilog.read_text())
    verilog.write_text(text[text.index("module "):])
    return Netlist.read(json.loads(netlist.read_text())["modules"][top], library)

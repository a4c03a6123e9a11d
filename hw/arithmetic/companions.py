"""Verilog that emitted units instantiate but do not define: adder cells, and models of an FPGA's primitives."""

import re
from pathlib import Path

from quadcim.hw.arithmetic.primitives import primitives_in, primitives_verilog

__all__ = ["companion_files"]

_FOLDER = Path(__file__).parent


def companion_files(verilog: str) -> dict[str, str]:
    """The files that a unit's Verilog needs beside it, by their path in a case directory; they are the same for all.

    ``rtl/quadcim_cells.v`` is synthesizable, to be mapped to a library's cells. ``models/primitives.v`` is for
    simulation only: synthesis takes the vendor's primitives.
    """
    files = {}
    if re.search(r"\bquadcim_(full|half)_adder\b", verilog):
        files["rtl/quadcim_cells.v"] = (_FOLDER / "cells.v").read_text(encoding="ascii")
    if primitives_in(verilog):
        files["models/primitives.v"] = primitives_verilog()
    return files

"""One ruler for cost: the FPGA and the gate figures of a Verilog module."""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quadcim.hw.emit.yosys import Pass, run_passes

__all__ = ["FpgaCost", "GateCost", "fpga_cost", "gate_cost"]

_FULL_ADDER, _HALF_ADDER, _FLIP_FLOP = 5.33, 3.33, 5.67
# Area of the Nangate45 X1 cell over that of its NAND2, 0.798 um2.
_GATE_EQUIVALENTS = {
    "$_NOT_": 0.67, "$_AND_": 1.33, "$_NAND_": 1.0, "$_OR_": 1.33, "$_NOR_": 1.0, "$_XOR_": 2.0, "$_XNOR_": 2.0,
    "$_MUX_": 2.33, "$_AOI3_": 1.33, "$_OAI3_": 1.33, "$_AOI4_": 1.67, "$_OAI4_": 1.67, "$_ANDNOT_": 1.33,
    "$_ORNOT_": 1.33,
    "FA_X1": _FULL_ADDER, "HA_X1": _HALF_ADDER,
    "quadcim_full_adder": _FULL_ADDER, "quadcim_half_adder": _HALF_ADDER,
}
_FPGA = "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -nobram -nowidelut -top"
_GATES = ("synth -run coarse:check", "abc -g AND,NAND,OR,NOR,XOR,XNOR,MUX,AOI3,OAI3,AOI4,OAI4", "opt_clean")


@dataclass(frozen=True, slots=True)
class FpgaCost:
    """Primitives of an UltraScale+ device.

    Parameters
    ----------
    lut : int
        LUT1 to LUT6, and LUT6_2, once each, also those that the source instantiates; a lone inverter is none. Yosys
        does not pack two small LUTs into one, so that this is an upper bound of what a vendor's tool reports.
    carry4 : int
        Carry chains in units of four bits: a CARRY8 counts twice.
    ff, lutram, srl, dsp : int
        Flip-flops, LUTs as memory, LUTs as shift registers, and DSP blocks, which are used only where the source
        instantiates them.
    """

    lut: int
    carry4: int
    ff: int
    lutram: int
    srl: int
    dsp: int


@dataclass(frozen=True, slots=True)
class GateCost:
    """Standard cells in gate equivalents (GE): areas over that of a two-input NAND, by the Nangate45 library.

    Parameters
    ----------
    combinational_ge : float
        Gates, and the full and half adder cells that the source instantiates as black boxes (``FA_X1``, ``HA_X1``,
        ``quadcim_full_adder``, ``quadcim_half_adder``).
    flip_flops : int
        Flip-flops of any kind; enables and synchronous resets are gates, and count as such.
    unweighted : dict of str to int
        Cells that have no weight; if there are any, the figures mean nothing.
    """

    combinational_ge: float
    flip_flops: int
    unweighted: dict[str, int]

    @property
    def total_ge(self) -> float:
        """The gates, and 5.67 GE for each flip-flop."""
        return self.combinational_ge + _FLIP_FLOP * self.flip_flops


def fpga_cost(paths: Iterable[Path], top: str, images: Iterable[Path] = ()) -> FpgaCost:
    """Cost on an FPGA of the module `top` of some Verilog sources, after ``synth_xilinx -family xcup``.

    Images are what memories read.
    """
    cells = _cells(paths, top, [*_FPGA.split(), top], images=images)

    def count(prefix: str) -> int:
        return sum(number for cell, number in cells.items() if cell.startswith(prefix))

    return FpgaCost(lut=count("LUT"), carry4=cells.get("CARRY4", 0) + 2 * cells.get("CARRY8", 0), ff=count("FD"),
                    lutram=count("RAM"), srl=count("SRL"), dsp=count("DSP"))


def gate_cost(paths: Iterable[Path], top: str, images: Iterable[Path] = ()) -> GateCost:
    """Cost in gate equivalents of the module `top` of some Verilog sources, after ``synth`` and ABC."""
    cells = _cells(paths, top, *_GATES, images=images)
    flip_flops = {cell for cell in cells if "DFF" in cell}
    weighted = cells.keys() & _GATE_EQUIVALENTS.keys()
    return GateCost(sum(_GATE_EQUIVALENTS[cell] * cells[cell] for cell in sorted(weighted)),
                    sum(cells[cell] for cell in flip_flops),
                    {cell: cells[cell] for cell in sorted(cells.keys() - weighted - flip_flops - {"$scopeinfo"})})


def _cells(paths: Iterable[Path], top: str, *passes: Pass, images: Iterable[Path]) -> dict[str, int]:
    """How many cells of each type a synthesis leaves."""
    with tempfile.TemporaryDirectory() as folder:
        statistics = Path(folder, "statistics.json")
        # Through RTLIL: Yosys would go back to the source of a module that instantiates primitives it meets later.
        design = str(Path(folder, "design.il"))
        run_passes(*(["read_verilog", "-sv", path] for path in paths), ["hierarchy", "-top", top], "proc", "flatten",
                   "opt -full", ["write_rtlil", design], beside=images)
        run_passes(["read_rtlil", design], *passes, ["tee", "-q", "-o", str(statistics), "stat", "-json"])
        text = statistics.read_text()
    return json.loads(text[text.index("{"):])["design"]["num_cells_by_type"]

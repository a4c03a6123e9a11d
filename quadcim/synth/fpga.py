"""What a case takes of the VCU128's FPGA, as Yosys maps it: DSP blocks and memories are used where they fit."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from quadcim.boards.targets import VCU128_PART
from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError
from quadcim.spec.errors import IllegalSetting
from quadcim.synth.yosys import run_yosys

__all__ = ["DEVICE", "Device", "Resources", "check_fpga_case", "map_to_fpga"]

_SYNTHESIS = "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -top"
_MEMORY_LUTS = {
    "RAM32X1S": 1, "RAM32X1D": 2, "RAM32M": 4, "RAM32M16": 8, "RAM32X16DR8": 8, "RAM64X1S": 1, "RAM64X1D": 2,
    "RAM64M": 4, "RAM64M8": 8, "RAM64X8SW": 8, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4, "RAM256X1D": 8,
    "RAM512X1S": 8,
}
"""LUTs that a memory of the primitive takes (UG574)."""


@dataclass(frozen=True, slots=True)
class Device:
    """What an FPGA has; LUTs count once each, as logic or as memory, and block RAM in units of 36 kbit."""

    part: str
    lut: int
    flip_flops: int
    carry8: int
    dsp: int
    bram36: int
    uram: int


DEVICE = Device(VCU128_PART, lut=1_303_680, flip_flops=2_607_360, carry8=162_960, dsp=9_024, bram36=2_016, uram=960)
"""The VCU128's (AMD DS890, Virtex UltraScale+ HBM, VU37P; a CARRY8 for each eight LUTs)."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Primitives of an UltraScale+ device, by kind.

    Parameters
    ----------
    cells : dict of str to int
        How many there are of each primitive.
    """

    cells: Mapping[str, int]

    def count(self, *prefixes: str) -> int:
        """How many primitives have a name that begins so."""
        return sum(number for cell, number in self.cells.items() if cell.startswith(prefixes))

    @property
    def lut_logic(self) -> int:
        """LUT1 to LUT6, and LUT6_2, once each; a lone inverter is none."""
        return self.count("LUT")

    @property
    def lut_memory(self) -> int:
        """LUTs that are memory or a shift register."""
        memories = sum(_MEMORY_LUTS[cell] * number for cell, number in self.cells.items() if cell in _MEMORY_LUTS)
        return memories + self.count("SRL")

    @property
    def lut(self) -> int:
        """All LUTs."""
        return self.lut_logic + self.lut_memory

    @property
    def flip_flops(self) -> int:
        """Flip-flops of any kind."""
        return self.count("FD")

    @property
    def carry8(self) -> float:
        """CARRY8, and half of the CARRY4 that Yosys makes: two of a chain go into one CARRY8."""
        return self.count("CARRY8") + self.count("CARRY4") / 2

    @property
    def dsp(self) -> int:
        """DSP blocks."""
        return self.count("DSP48E2")

    @property
    def bram36(self) -> float:
        """Block RAM of 36 kbit; one of 18 kbit is a half."""
        return self.count("RAMB36") + self.count("RAMB18") / 2

    @property
    def uram(self) -> int:
        """UltraRAM of 288 kbit."""
        return self.count("URAM288")


def check_fpga_case(case: Case, *legal: str) -> None:
    """Refuse a case that is not of one of some technologies.

    Raises
    ------
    IllegalSetting
        If it is not.
    """
    if case.technology not in legal:
        raise IllegalSetting("case", f"a case of technology {' or '.join(legal)}",
                             f"{case.folder} of {case.technology}")


def map_to_fpga(case: Case, folder: Path, *, report: Callable[[str], None]) -> Resources:
    """Map a case to the primitives of UltraScale+.

    Parameters
    ----------
    case : Case
        Of a technology that `check_fpga_case` lets pass.
    folder : Path
        For intermediate files.
    report : callable
        Is told what is being done.

    Raises
    ------
    ToolError
        If Yosys fails, or leaves a cell that is no primitive.
    """
    report(f"mapping {case.top} to UltraScale+")
    design, statistics = folder / "design.il", folder / "statistics.json"
    # Through RTLIL: Yosys would go back to the source of a module that instantiates primitives it meets later.
    run_yosys(*(["read_verilog", path] for path in case.rtl), ["hierarchy", "-top", case.top], "proc", "flatten",
              ["write_rtlil", str(design)], beside=case.images)
    run_yosys(["read_rtlil", design], [*_SYNTHESIS.split(), case.top],
              ["tee", "-q", "-o", str(statistics), "stat", "-json"])
    text = statistics.read_text()
    cells = json.loads(text[text.index("{"):])["design"]["num_cells_by_type"]
    if unmapped := sorted(cell for cell in cells if cell.startswith("$") and cell != "$scopeinfo"):
        raise ToolError(f"Yosys left cells that are no primitives of the FPGA: {', '.join(unmapped)}")
    return Resources({cell: cells[cell] for cell in sorted(cells) if not cell.startswith("$")})

"""What is assumed of a hard macro of bit cells in 28 nm, and the outline that follows from it.

Every number that the stubs (LEF, Liberty) and the datasheet's estimate rest on stands here. They are placeholders of
the right size, from no foundry; a macro that is made replaces the stubs by its own.
"""

import re
from dataclasses import dataclass

from quadcim.boards.handoff import Handoff
from quadcim.spec.hard_macro import HardMacro
from quadcim.spec.ports import Port

__all__ = ["CLOCK", "TIMING_NS", "Outline", "Stub", "stubs"]

_CELL_UM2 = {False: 0.6, True: 0.15}
"""A bit cell with a write enable of its own and an output that is always there; and one that is read by the clock, with
its share of decoders and sense amplifiers: a 6T cell takes about 0.13."""
_OVERHEAD = 1.25
"""Multiplexers of banks, well taps, edges."""
_ROW_NM, _GRID_NM, _PIN_PITCH_NM, _LEAST_WIDTH_NM = 900, 100, 200, 2000
"""Height of a row of standard cells; the routing grid; pins are on every second track."""
CLOCK = "clk"
TIMING_NS = {"setup": 0.040, "hold": 0.010, "clock to output": 0.100, "select to output": 0.080, "transition": 0.040}
"""Placeholders."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Size of a macro, and where its pins are: name of a bit, whether it is on the right edge, height of its centre."""

    width_nm: int
    height_nm: int
    pins: tuple[tuple[str, bool, int], ...]

    @property
    def area_um2(self) -> float:
        """The area."""
        return self.width_nm * self.height_nm / 1e6


@dataclass(frozen=True, slots=True)
class Stub:
    """A module that a hard macro may take the place of: its text, its ports, and how often it is instantiated."""

    module: str
    macro: HardMacro
    verilog: str
    ports: tuple[Port, ...]
    instances: int

    @property
    def bits(self) -> int:
        """What all instances together store."""
        return self.instances * self.macro.bits

    @property
    def declaration(self) -> str:
        """The head of the module, up to the end of its ports."""
        return self.verilog.partition(");\n")[0] + ");\n"

    @property
    def outline(self) -> Outline:
        """Pins in order, half of them on the left edge from the bottom, half on the right; as wide as the cells ask."""
        bits = [bit for port in self.ports for bit in port_bits(port)]
        half = -(-len(bits) // 2)
        height = _up((half + 1) * _PIN_PITCH_NM, _ROW_NM)
        cells_nm2 = self.macro.bits * _CELL_UM2[self.macro.synchronous] * _OVERHEAD * 1e6
        width = max(_LEAST_WIDTH_NM, _up(round(cells_nm2 / height), _GRID_NM))
        return Outline(width, height, tuple((bit, index >= half, (index % half + 1) * _PIN_PITCH_NM)
                                            for index, bit in enumerate(bits)))


def port_bits(port: Port) -> list[str]:
    """Names of a port's bits."""
    return [f"{port.name}[{bit}]" for bit in range(port.width)] if port.width > 1 else [port.name]


def _up(length: int, step: int) -> int:
    return -(-length // step) * step


def stubs(handoff: Handoff) -> list[Stub]:
    """The modules that hard macros may take the place of, as they stand in the Verilog."""
    return [_stub(handoff.verilog, module, macro) for module, macro in handoff.macro_modules.items()]


def _stub(verilog: str, module: str, macro: HardMacro) -> Stub:
    begin = verilog.index(f"\nmodule {module} (") + 1
    definition = verilog[begin:verilog.index("\nendmodule\n", begin)] + "\nendmodule\n"
    ports = tuple(Port(name, direction, int(high or 0) + 1) for direction, high, name in
                  re.findall(r"^  (input|output) (?:wire|reg) (?:\[(\d+):0\] )?(\w+)", definition, re.MULTILINE))
    instances = len(re.findall(rf"^  {module} \w+ \($", verilog, re.MULTILINE))
    return Stub(module, macro, definition, ports, instances)

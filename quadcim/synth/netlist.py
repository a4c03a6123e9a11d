"""The mapped netlist: cells, nets and the names that the RTL gave them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadcim.sim.tools import ToolError
from quadcim.synth.liberty import Cell, Library

__all__ = ["Instance", "Netlist"]

_ENUMERATED = re.compile(r"_\d+_")
"""What the mapper calls nets that have no name."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A cell of the netlist: what it is, and the nets at its pins; constants are no nets."""

    cell: Cell
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True)
class Netlist:
    """A flat netlist.

    Parameters
    ----------
    instances : dict of str to Instance
        The cells by instance name.
    nets : dict of (str, int) to int
        From a name in the netlist and a bit of it to the number of the net.
    names : dict of int to str
        The RTL's name of each net that has one; registers are called by their stage.
    """

    instances: dict[str, Instance]
    nets: dict[tuple[str, int], int]
    names: dict[int, str]

    @classmethod
    def read(cls, module: Mapping[str, Any], library: Library) -> "Netlist":
        """Read a module of Yosys's JSON.

        Raises
        ------
        ToolError
            If it has a cell that the library does not have.
        """
        instances: dict[str, Instance] = {}
        for name, cell in module["cells"].items():
            if cell["type"] == "$scopeinfo":
                continue
            kind = library.cells.get(cell["type"])
            if kind is None:
                raise ToolError(f"{library.name} has no cell for {cell['type']}; is there a flip-flop of that kind?")
            wires = {pin: bits[0] for pin, bits in cell["connections"].items() if bits and isinstance(bits[0], int)}
            instances[name] = Instance(kind, *({pin.name: wires[pin.name] for pin in pins if pin.name in wires}
                                               for pins in (kind.inputs, kind.outputs)))
        nets: dict[tuple[str, int], int] = {}
        names: dict[int, str] = {}
        for name, entry in module["netnames"].items():
            for index, bit in enumerate(entry["bits"]):
                if not isinstance(bit, int):
                    continue
                nets[name, index] = bit
                label = f"{name}[{index}]" if len(entry["bits"]) > 1 else name
                if not _ENUMERATED.fullmatch(name) and (bit not in names or _rank(label) < _rank(names[bit])):
                    names[bit] = label
        # A flip-flop that holds the inverse goes by the name behind its inverter.
        for instance in instances.values():
            if len(instance.inputs) == 1 and len(instance.outputs) == 1:
                (source,), (target,) = instance.inputs.values(), instance.outputs.values()
                if target in names:
                    names.setdefault(source, names[target])
        return cls(instances, nets, names)

    @property
    def histogram(self) -> dict[str, int]:
        """How many cells there are of each kind, in alphabetical order."""
        counts = Counter(instance.cell.name for instance in self.instances.values())
        return dict(sorted(counts.items()))

    @property
    def area_um2(self) -> float:
        """The sum of the cells' areas."""
        return sum(instance.cell.area_um2 for instance in self.instances.values())

    @property
    def registers(self) -> dict[str, str]:
        """The flip-flops by instance name, and the RTL's name of the bit that each holds."""
        return {name: self.label(name) for name, instance in self.instances.items() if instance.cell.flip_flop}

    @property
    def register_area_um2(self) -> float:
        """The area of the flip-flops."""
        return sum(instance.cell.area_um2 for instance in self.instances.values() if instance.cell.flip_flop)

    def label(self, instance: str) -> str:
        """What the RTL calls what an instance drives, or the instance itself."""
        bits = self.instances[instance].outputs.values() if instance in self.instances else ()
        return next((self.names[bit] for bit in bits if bit in self.names), instance)


def _rank(label: str) -> tuple[bool, bool, int, str]:
    """Names of stages come first, then those of ports, then short ones."""
    return not re.search(r"stage\d+_", label), not re.match(r"[iow]__", label), len(label), label

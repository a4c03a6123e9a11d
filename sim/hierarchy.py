"""Modules of gates put together: each is read once, and stamped wherever it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OPERATIONS", "PINS", "Bit", "Gates", "MemoryCell", "gates_of", "put_together"]

Bit = int | str
"""A bit as Yosys's JSON numbers it, or a constant."""
Nets = NDArray[np.int64]
"""Numbers of nets; 0 and 1 are constant."""

OPERATIONS = ("$_NOT_", "$_AND_", "$_OR_", "$_XOR_", "$_MUX_", "$_ANDNOT_", "$_ORNOT_", "$_NAND_", "$_NOR_", "$_XNOR_")
"""The gates; a MUX gives B where S is set, else A."""
PINS = ("A", "B", "S")
"""What they read."""
_FLIP_FLOP, _MEMORY, _SCOPE = "$_DFF_P_", "$mem_v2", "$scopeinfo"
_CONSTANTS: dict[Bit, int] = {"0": 0, "x": 0, "z": 0, "1": 1}
_Cell = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MemoryCell:
    """A memory as a cell of Yosys, and what its pins are connected to."""

    parameters: Mapping[str, str]
    pins: Mapping[str, Nets]

    def renumbered(self, net: Nets) -> "MemoryCell":
        """With other numbers of nets."""
        return MemoryCell(self.parameters, {pin: net[bits] for pin, bits in self.pins.items()})


@dataclass(frozen=True, slots=True)
class Gates:
    """A design as gates, flip-flops and memories.

    Parameters
    ----------
    nets : int
        How many there are, the two constant ones included.
    ports : dict of str to (str, Nets)
        Direction and nets of each port, the lowest bit first.
    kinds, operands, outputs : ndarray, shape (gates,), (3, gates), (gates,)
        Of each gate the index in `OPERATIONS`, the nets that it reads, 0 where it has fewer than three, and its net.
    registers : ndarray, shape (3, registers)
        Output, input and clock of each flip-flop.
    initial : ndarray of bool, shape (registers,)
        What it holds at first.
    memories : list of MemoryCell
        The memories.
    """

    nets: int
    ports: Mapping[str, tuple[str, Nets]]
    kinds: NDArray[np.int8]
    operands: Nets
    outputs: Nets
    registers: Nets
    initial: NDArray[np.bool_]
    memories: Sequence[MemoryCell]

    def renumbered(self, net: Nets) -> "Gates":
        """With other numbers of nets, of which there are as many as before."""
        return Gates(self.nets, {name: (way, net[bits]) for name, (way, bits) in self.ports.items()}, self.kinds,
                     net[self.operands], net[self.outputs], net[self.registers], self.initial,
                     [memory.renumbered(net) for memory in self.memories])


def gates_of(module: Mapping[str, Any], others: Sequence[str] = ()) -> tuple[Gates, dict[Bit, int]]:
    """A module of Yosys's JSON, without its instances of some other modules; and its nets by their numbers there.

    Raises
    ------
    ValueError
        If there is more than gates, memories, and flip-flops of a rising edge.
    """
    number: dict[Bit, int] = dict(_CONSTANTS)
    ports = {name: (port["direction"], _nets(port["bits"], number)) for name, port in module["ports"].items()}
    sorted_cells: dict[str, list[_Cell]] = {}
    for cell in module["cells"].values():
        sorted_cells.setdefault(cell["type"], []).append(cell)
    if unknown := sorted_cells.keys() - {*OPERATIONS, _FLIP_FLOP, _MEMORY, _SCOPE, *others}:
        raise ValueError(f"cells that are neither gates nor flip-flops: {', '.join(sorted(unknown))}")
    gates = [(kind, cell["connections"]) for kind, name in enumerate(OPERATIONS) for cell in sorted_cells.get(name, ())]
    flip_flops = [cell["connections"] for cell in sorted_cells.get(_FLIP_FLOP, ())]
    operands = [_nets([pins[pin][0] if pin in pins else "0" for _kind, pins in gates], number) for pin in PINS]
    outputs = _nets([pins["Y"][0] for _kind, pins in gates], number)
    registers = [_nets([pins[pin][0] for pins in flip_flops], number) for pin in "QDC"]
    memories = [MemoryCell(cell["parameters"], {pin: _nets(bits, number) for pin, bits in cell["connections"].items()})
                for cell in sorted_cells.get(_MEMORY, ())]
    set_at_first = {bit for net in module["netnames"].values() if "init" in net["attributes"]
                    for bit, value in zip(net["bits"], reversed(net["attributes"]["init"]), strict=False)
                    if value == "1"}
    initial = np.array([pins["Q"][0] in set_at_first for pins in flip_flops], dtype=np.bool_)
    return Gates(_count(number), ports, np.array([kind for kind, _pins in gates], dtype=np.int8), np.array(operands),
                 outputs, np.array(registers), initial, memories), number


def put_together(modules: Mapping[str, Any], top: str) -> Gates:
    """The module `top` of Yosys's JSON with all modules that stand in it."""
    made: dict[str, Gates] = {}

    def make(name: str) -> Gates:
        if name not in made:
            made[name] = _with_instances(modules, name, make)
        return made[name]

    return make(top)


def _with_instances(modules: Mapping[str, Any], name: str, make) -> Gates:
    """A module with what stands in it."""
    gates, number = gates_of(modules[name], tuple(modules))
    instances = [cell for cell in modules[name]["cells"].values() if cell["type"] in modules]
    if not instances:
        return gates
    connections = [{port: _nets(bits, number) for port, bits in cell["connections"].items()} for cell in instances]
    stamp = _Stamp(_count(number))
    parts = [gates, *(stamp.place(make(cell["type"]), given)
                      for cell, given in zip(instances, connections, strict=True))]
    joined = {field: np.concatenate([getattr(part, field) for part in parts], axis=-1)
              for field in ("kinds", "operands", "outputs", "registers", "initial")}
    whole = Gates(stamp.nets, gates.ports, memories=[memory for part in parts for memory in part.memories], **joined)
    return whole.renumbered(stamp.same())


class _Stamp:
    """Numbers the nets of instances on from those of the module in which they stand."""

    def __init__(self, nets: int):
        self.nets = nets
        self._same: dict[int, int] = {}

    def place(self, gates: Gates, given: Mapping[str, Nets]) -> Gates:
        """An instance whose ports are connected to some nets."""
        net = np.full(gates.nets, -1, dtype=np.int64)
        net[:2] = 0, 1
        for port, outer in given.items():
            way, inner = gates.ports[port]
            if way == "input":
                net[inner] = outer
        for port, outer in given.items():
            way, inner = gates.ports[port]
            for bit, outside in zip(inner.tolist(), outer.tolist(), strict=True) if way == "output" else ():
                if net[bit] < 0:
                    net[bit] = outside
                else:  # what is a constant, an input or another output of the instance
                    self._same[outside] = int(net[bit])
        new = np.flatnonzero(net < 0)
        net[new] = np.arange(self.nets, self.nets + len(new))
        self.nets += len(new)
        return gates.renumbered(net)

    def same(self) -> Nets:
        """For each net the one that it is the same as."""
        same = np.arange(self.nets)
        for outside, inside in self._same.items():
            same[outside] = inside
        while not np.array_equal(further := same[same], same):
            same = further
        return same


def _nets(bits: Sequence[Bit], number: dict[Bit, int]) -> Nets:
    """The nets of some bits; those that are new are numbered on."""
    for bit in bits:
        if bit not in number:
            number[bit] = _count(number)
    return np.array([number[bit] for bit in bits], dtype=np.int64)


def _count(number: Mapping[Bit, int]) -> int:
    """How many nets there are: of the constants, four names stand for two."""
    return len(number) - 2

"""Emitted Verilog as gates and memories, numbered in the order in which one pass evaluates them all."""

import itertools
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quadcim.hw.emit.yosys import run_passes

__all__ = ["OPERATIONS", "READ", "BitMemory", "Netlist", "ReadPort", "Wires", "WritePort", "number_gates",
           "read_netlist"]

Wires = NDArray[np.int32]
"""Numbers of wires, the lowest bit first."""

OPERATIONS = ("$_NOT_", "$_AND_", "$_OR_", "$_XOR_", "$_MUX_", "$_ANDNOT_", "$_ORNOT_", "$_NAND_", "$_NOR_", "$_XNOR_")
"""The gates; a MUX gives B where S is set, else A."""
READ = len(OPERATIONS)
"""What stands for a memory's read port where an index in `OPERATIONS` may stand."""
_INPUTS = ("A", "B", "S")
_KEPT = ("t:$mem_v2 r:SIZE>=64 %i r:WR_PORTS>=1 %i", "t:$mem_v2 r:SIZE>=512 %i r:WIDTH>=8 %i")
"""Which memories stay memories: of smaller ones gates are evaluated sooner."""
_MAPPED = ("proc", "opt_expr", "opt_clean", "async2sync", "memory -nomap", "memory_nordff",
           *(f"setattr -set quadcim_kept 1 {kept}" for kept in _KEPT), "memory_map -attr !quadcim_kept",
           "opt -fast", "techmap", "opt -fast")


@dataclass(frozen=True, slots=True)
class WritePort:
    """A port that writes at the rising edge of clk: the bits of the row at `address` for which `enable` is set."""

    address: Wires
    data: Wires
    enable: Wires


@dataclass(frozen=True, slots=True)
class ReadPort:
    """A port that reads at once: the wires from `first` on are the row at `address` of a memory; 0 beyond its rows."""

    memory: int
    address: Wires
    first: int


@dataclass(frozen=True)
class BitMemory:
    """A memory.

    Parameters
    ----------
    width : int
        Bits of a row.
    offset : int
        The address of the first row.
    contents : ndarray of uint64, shape (rows, words)
        What the rows hold at first, as little-endian words.
    writes : tuple of WritePort
        Of those that write a bit in the same cycle the last one wins.
    """

    width: int
    offset: int
    contents: NDArray[np.uint64]
    writes: tuple[WritePort, ...]


@dataclass(frozen=True)
class Netlist:
    """A synchronous design of one clock as gates, memories and flip-flops.

    Parameters
    ----------
    wires : int
        Number of wires. Wires 0 and 1 are constant; then come inputs, flip-flops, and gates and read ports in order.
    ports : dict of str to ndarray of int32
        The wires of each port, the lowest bit first; the clock has none.
    runs : ndarray of int32, shape (runs, 3)
        Index in `OPERATIONS`, first output wire and number of gates of the same kind, whose outputs follow each other;
        or `READ`, first output wire and the index in `reads`.
    operands : ndarray of int32, shape (3, outputs)
        The wires that each gate reads, by its output; 0 where it has fewer than three inputs.
    registers : ndarray of int32, shape (registers, 3)
        Output wire, input wire and initial value of each flip-flop.
    memories : tuple of BitMemory
        The memories.
    reads : tuple of ReadPort
        Their read ports.
    """

    wires: int
    ports: dict[str, Wires]
    runs: NDArray[np.int32]
    operands: NDArray[np.int32]
    registers: NDArray[np.int32]
    memories: tuple[BitMemory, ...] = ()
    reads: tuple[ReadPort, ...] = ()


Bit = int | str
"""A bit as Yosys's JSON numbers it, or a constant."""


@dataclass(frozen=True, slots=True)
class _Node:
    """What has outputs that follow from its inputs at once: a gate, or a memory's read port."""

    kind: int
    inputs: tuple[Bit, ...]
    outputs: tuple[Bit, ...]
    memory: int = 0


def read_netlist(sources: Sequence[Path], top: str, *, images: Iterable[Path] = ()) -> Netlist:
    """Read Verilog files and the images that they name, and map the module `top` to gates and memories."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "netlist.json")
        # Modules are mapped one by one, so that one with many instances is mapped once.
        run_passes(*(["read_verilog", source] for source in sources), ["hierarchy", "-check", "-top", top],
                   *_MAPPED, "flatten", "opt -fast", "dfflegalize -cell $_DFF_P_ 01", "simplemap",
                   "setundef -undriven -zero", "opt_clean",
                   ["write_json", str(path)], beside=images)
        return number_gates(json.loads(path.read_text(encoding="utf-8"))["modules"][top])[0]


def number_gates(module: dict[str, Any]) -> tuple[Netlist, dict[Bit, int]]:
    """The netlist of a module of Yosys's JSON, and its wires by the numbers that bits have there.

    Raises
    ------
    ValueError
        If there is more than gates and memories, and flip-flops of the rising edge of clk.
    """
    registers, memories, gates = _cells(module)
    number: dict[Bit, int] = {"0": 0, "x": 0, "z": 0, "1": 1}
    inputs = [bit for name, port in module["ports"].items() if port["direction"] == "input" and name != "clk"
              for bit in port["bits"]]
    _number([*inputs, *(cell["connections"]["Q"][0] for cell in registers)], number)
    first = len(number) - 2
    order = _levelled([*map(_gate, gates), *(node for index, cell in enumerate(memories)
                                             for node in _read_ports(index, cell))], number)
    _number([bit for node in order for bit in node.outputs], number)
    operands = np.zeros((3, len(number) - 2 - first), dtype=np.int32)
    for node in order:
        for slot, bit in enumerate(node.inputs) if node.kind != READ else ():
            operands[slot, number[node.outputs[0]] - first] = number[bit]
    clock = _clock(module)
    return Netlist(len(number) - 2, {name: _wires(port["bits"], number)
                                     for name, port in module["ports"].items() if name != "clk"},
                   _runs(order, number), operands, _registers(module, registers, number),
                   tuple(_memory(cell, clock, number) for cell in memories),
                   tuple(ReadPort(node.memory, _wires(node.inputs, number), number[node.outputs[0]])
                         for node in order if node.kind == READ)), number


_Cell = dict[str, Any]


def _cells(module: dict[str, Any]) -> tuple[list[_Cell], list[_Cell], list[_Cell]]:
    """The flip-flops, the memories and the gates."""
    cells = [cell for cell in module["cells"].values() if cell["type"] != "$scopeinfo"]
    registers = [cell for cell in cells if cell["type"] == "$_DFF_P_"]
    memories = [cell for cell in cells if cell["type"] == "$mem_v2"]
    if other := {cell["type"] for cell in cells} - {"$_DFF_P_", "$mem_v2", *OPERATIONS}:
        raise ValueError(f"cells that are neither gates nor flip-flops: {', '.join(sorted(other))}")
    if any(cell["connections"]["C"] != _clock(module) for cell in registers):
        raise ValueError("a flip-flop is not clocked by clk")
    return registers, memories, [cell for cell in cells if cell["type"] in OPERATIONS]


def _clock(module: dict[str, Any]) -> list[Bit]:
    return module["ports"].get("clk", {"bits": []})["bits"]


def _number(bits: Iterable[Bit], number: dict[Bit, int]) -> None:
    """Number the wires of bits on, in order."""
    for bit in bits:
        number[bit] = len(number) - 2


def _registers(module: dict[str, Any], registers: list[_Cell], number: dict[Bit, int]) -> NDArray[np.int32]:
    """Output, input and initial value of each flip-flop."""
    initial = {bit: value for net in module["netnames"].values() if "init" in net["attributes"]
               for bit, value in zip(net["bits"], reversed(net["attributes"]["init"]), strict=False)}
    pins = [[cell["connections"][pin][0] for pin in "QD"] for cell in registers]
    return np.array([(number[q], number[d], int(initial.get(q) == "1")) for q, d in pins],
                    dtype=np.int32).reshape(-1, 3)


def _gate(cell: _Cell) -> _Node:
    pins = cell["connections"]
    return _Node(OPERATIONS.index(cell["type"]), tuple(pins[pin][0] for pin in _INPUTS if pin in pins), (pins["Y"][0],))


def _wires(bits: Iterable[Bit], number: dict[Bit, int]) -> Wires:
    return np.array([number[bit] for bit in bits], dtype=np.int32)


def _parameter(cell: _Cell, name: str) -> int:
    return int(cell["parameters"][name], 2)


def _split(cell: _Cell, pin: str, ports: int) -> list[tuple[Bit, ...]]:
    """What each port of a memory is connected to, of a pin that has the bits of all side by side."""
    bits = cell["connections"][pin]
    size = len(bits) // max(ports, 1)
    return [tuple(bits[port * size:(port + 1) * size]) for port in range(ports)]


def _read_ports(memory: int, cell: _Cell) -> list[_Node]:
    ports = _parameter(cell, "RD_PORTS")
    if _parameter(cell, "RD_CLK_ENABLE"):
        raise ValueError("a memory is read by a clock")
    return [_Node(READ, address, data, memory) for address, data in zip(
        _split(cell, "RD_ADDR", ports), _split(cell, "RD_DATA", ports), strict=True)]


def _memory(cell: _Cell, clock: list[Bit], number: dict[Bit, int]) -> BitMemory:
    ports, rows, width = (_parameter(cell, name) for name in ("WR_PORTS", "SIZE", "WIDTH"))
    if ports and ([*clock] * ports != cell["connections"]["WR_CLK"] or "0" in cell["parameters"]["WR_CLK_POLARITY"]):
        raise ValueError("a memory is not clocked by clk")
    pins = [_split(cell, pin, ports) for pin in ("WR_ADDR", "WR_DATA", "WR_EN")]
    writes = tuple(WritePort(*(_wires(bits, number) for bits in port)) for port in zip(*pins, strict=True))
    words = -(-width // 64)
    contents = np.zeros((rows, words * 64), dtype=np.uint8)
    # The highest bit of the last row comes first; what is undefined is 0.
    known = np.frombuffer(cell["parameters"]["INIT"].encode("ascii"), np.uint8)[::-1] == ord("1")
    if len(known) == rows * width:
        contents[:, :width] = known.reshape(rows, width)
    return BitMemory(width, _parameter(cell, "OFFSET"), np.packbits(contents, axis=1, bitorder="little").view("<u8"),
                     writes)


def _levelled(nodes: list[_Node], number: dict[Bit, int]) -> list[_Node]:
    """By level, and by kind within a level: each stands after those whose outputs it reads."""
    driver = {bit: index for index, node in enumerate(nodes) for bit in node.outputs}
    sources = [[driver[bit] for bit in node.inputs if bit not in number] for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for index, needed in enumerate(sources):
        for source in needed:
            readers[source].append(index)
    waiting = [len(needed) for needed in sources]
    level = [index for index, count in enumerate(waiting) if count == 0]
    order: list[int] = []
    while level:
        order += sorted(level, key=lambda index: (nodes[index].kind, index))
        following = []
        for index in level:
            for reader in readers[index]:
                waiting[reader] -= 1
                if waiting[reader] == 0:
                    following.append(reader)
        level = following
    if len(order) != len(nodes):
        raise ValueError("the gates form a loop")
    return [nodes[index] for index in order]


def _runs(order: Sequence[_Node], number: dict[Bit, int]) -> NDArray[np.int32]:
    """Neighbours of one kind, together; each read port alone."""
    runs: list[tuple[int, int, int]] = []
    reads = 0
    for kind, group in itertools.groupby(order, key=lambda node: node.kind):
        nodes = list(group)
        if kind != READ:
            runs.append((kind, number[nodes[0].outputs[0]], len(nodes)))
        for node in nodes if kind == READ else ():
            runs.append((READ, number[node.outputs[0]], reads))
            reads += 1
    return np.array(runs, dtype=np.int32).reshape(-1, 3)

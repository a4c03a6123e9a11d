"""Emitted Verilog as gates and memories, numbered in the order in which one pass evaluates them all."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quadcim.hw.emit.yosys import run_passes
from quadcim.sim.hierarchy import OPERATIONS, Bit, Gates, MemoryCell, Nets, gates_of, put_together
from quadcim.sim.simplify import simplified

__all__ = ["READ", "BitMemory", "Netlist", "ReadPort", "Wires", "WritePort", "module_counts",
           "number_gates", "read_netlist"]

Wires = NDArray[np.int32]
"""Numbers of wires, the lowest bit first."""

READ = len(OPERATIONS)
"""What stands for a memory's read port where an index in `OPERATIONS` may stand."""
_KEPT = ("t:$mem_v2 r:SIZE>=64 %i r:WR_PORTS>=1 %i", "t:$mem_v2 r:SIZE>=512 %i r:WIDTH>=8 %i",
         "t:$mem_v2 r:SIZE>=64 %i r:WIDTH>=128 %i")
"""Which memories stay memories: of smaller ones gates are evaluated sooner."""
_MODULE = re.compile(r"^module (\w+)\b.*?^endmodule", re.MULTILINE | re.DOTALL)
_INSTANCE = re.compile(r"^\s+(\w+) ", re.MULTILINE)
_LARGE_MODULE = 2000
"""Letters of the text of a module that is stamped; smaller ones become a part of what they stand in."""
_MAPPED = ("proc", "opt_expr", "opt_clean", "async2sync", "memory -nomap", "memory_nordff",
           *(f"setattr -set quadcim_kept 1 {kept}" for kept in _KEPT), "memory_map -attr !quadcim_kept",
           "opt -fast", "techmap", "opt -fast", "flatten", "opt -fast", "dfflegalize -cell $_DFF_P_ 01", "simplemap",
           "setundef -undriven -zero", "opt_clean")


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


def read_netlist(sources: Sequence[Path], top: str, *, images: Iterable[Path] = ()) -> Netlist:
    """Read Verilog files and the images that they name, and map the module `top` to gates and memories."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "netlist.json")
        run_passes(*(["read_verilog", source] for source in sources), ["hierarchy", "-check", "-top", top],
                   *(f"setattr -mod -set keep_hierarchy 1 {name}" for name in _stamped(sources)),
                   *_MAPPED, ["write_json", str(path)], beside=images)
        gates = put_together(json.loads(path.read_text(encoding="utf-8"))["modules"], top)
    return _Numbering(simplified(gates, _levels(gates)[:len(gates.kinds)])).netlist()


def _stamped(sources: Iterable[Path]) -> list[str]:
    """Modules that are worth to be mapped once and stamped: large ones that stand in several places."""
    modules, instances = _instances("\n".join(source.read_text(encoding="utf-8") for source in sources))
    places = sum(instances.values(), Counter())

    @cache
    def letters(name: str) -> int:
        return len(modules[name]) + sum(letters(other) for other in instances[name])

    return [name for name in modules if places[name] > 1 and letters(name) >= _LARGE_MODULE]


def module_counts(text: str) -> list[tuple[str, int]]:
    """The text of each module, and how often it stands in the whole design."""
    modules, instances = _instances(text)

    @cache
    def count(name: str) -> int:
        return sum(count(other) * found[name] for other, found in instances.items() if name in found) or 1

    return [(body, count(name)) for name, body in modules.items()]


def _instances(text: str) -> tuple[dict[str, str], dict[str, Counter[str]]]:
    """The modules of a text, and how often others stand in each."""
    modules = {match[1]: match[0] for match in _MODULE.finditer(text)}
    return modules, {name: Counter(word for word in _INSTANCE.findall(body) if word in modules)
                     for name, body in modules.items()}


def number_gates(module: Mapping[str, Any]) -> tuple[Netlist, dict[Bit, int]]:
    """The netlist of a module of Yosys's JSON, and its wires by the numbers that bits have there.

    Raises
    ------
    ValueError
        If there is more than gates and memories, and flip-flops of the rising edge of clk.
    """
    gates, nets = gates_of(module)
    numbering = _Numbering(gates)
    return numbering.netlist(), {bit: int(numbering.wire[net]) for bit, net in nets.items()}


@dataclass(frozen=True, slots=True)
class _Read:
    """A read port: what it reads, in nets."""

    memory: int
    address: Nets
    data: Nets


class _Numbering:
    """The wires of a design: constants, inputs, flip-flops, then what gates and read ports give, in order.

    Parameters
    ----------
    gates : Gates
        The design.

    Attributes
    ----------
    wire : ndarray of int32, shape (nets,)
        Of each net; 0 where nothing drives it.
    """

    def __init__(self, gates: Gates):
        self._gates = gates
        self._clock = gates.ports.get("clk", ("input", np.zeros(0, np.int64)))[1]
        if (gates.registers[2] != self._clock[:1]).any() if len(self._clock) else gates.registers.size:
            raise ValueError("a flip-flop is not clocked by clk")
        self._reads = _read_ports(gates)
        self._number(_levels(gates))

    def _number(self, level: Nets) -> None:
        """Number the wires."""
        gates, count = self._gates, len(self._gates.kinds)
        kinds = np.concatenate([gates.kinds, np.full(len(self._reads), READ, dtype=np.int8)])
        sizes = np.concatenate([np.ones(count, np.int64), [len(read.data) for read in self._reads]]).astype(np.int64)
        order = np.lexsort((np.arange(len(kinds)), kinds, level))
        inputs = np.concatenate([np.zeros(0, np.int64), *(bits for name, (way, bits) in gates.ports.items()
                                                          if way == "input" and name != "clk")])
        self.wire = np.zeros(gates.nets, dtype=np.int32)
        before = np.concatenate([[0, 1], inputs, gates.registers[0]])
        self.wire[before] = np.arange(len(before))
        self._base, self._order, self._kinds = len(before), order, kinds[order]
        self._begins = len(before) + np.concatenate([[0], np.cumsum(sizes[order])])
        is_gate = order < count
        self.wire[gates.outputs[order[is_gate]]] = self._begins[:-1][is_gate]
        for place in np.flatnonzero(~is_gate):
            data = self._reads[order[place] - count].data
            self.wire[data] = np.arange(self._begins[place], self._begins[place] + len(data))

    def netlist(self) -> Netlist:
        """The design by its wires."""
        gates, wire, count = self._gates, self.wire, len(self._gates.kinds)
        operands = np.zeros((3, self._begins[-1] - self._base), dtype=np.int32)
        is_gate = self._order < count
        operands[:, self._begins[:-1][is_gate] - self._base] = wire[gates.operands[:, self._order[is_gate]]]
        registers = np.stack([wire[gates.registers[0]], wire[gates.registers[1]], gates.initial], axis=1)
        reads = [self._reads[index - count] for index in self._order[~is_gate]]
        return Netlist(int(self._begins[-1]), {name: wire[bits] for name, (_way, bits) in gates.ports.items()
                                               if name != "clk"},
                       self._runs(), operands, np.ascontiguousarray(registers, dtype=np.int32),
                       tuple(self._memory(cell) for cell in gates.memories),
                       tuple(ReadPort(read.memory, wire[read.address], int(wire[read.data[0]])) for read in reads))

    def _runs(self) -> NDArray[np.int32]:
        """Neighbours of one kind, together; each read port alone."""
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(self._kinds) != 0) | (self._kinds[1:] == READ)])
                                if len(self._kinds) else [])
        lengths = np.diff(np.append(starts, len(self._kinds)))
        is_read = self._kinds[starts] == READ
        lengths[is_read] = np.arange(is_read.sum())
        return np.stack([self._kinds[starts], self._begins[starts], lengths], axis=1).astype(np.int32)

    def _memory(self, cell: MemoryCell) -> BitMemory:
        ports, rows, width = (_parameter(cell, name) for name in ("WR_PORTS", "SIZE", "WIDTH"))
        if ports and ((cell.pins["WR_CLK"] != self._clock[:1]).any() or "0" in cell.parameters["WR_CLK_POLARITY"]):
            raise ValueError("a memory is not clocked by clk")
        pins = [_split(cell, pin, ports) for pin in ("WR_ADDR", "WR_DATA", "WR_EN")]
        writes = tuple(WritePort(*(self.wire[bits] for bits in port)) for port in zip(*pins, strict=True))
        words = -(-width // 64)
        contents = np.zeros((rows, words * 64), dtype=np.uint8)
        # The highest bit of the last row comes first; what is undefined is 0.
        known = np.frombuffer(cell.parameters["INIT"].encode("ascii"), np.uint8)[::-1] == ord("1")
        if len(known) == rows * width:
            contents[:, :width] = known.reshape(rows, width)
        return BitMemory(width, _parameter(cell, "OFFSET"),
                         np.packbits(contents, axis=1, bitorder="little").view("<u8"), writes)


def _levels(gates: Gates) -> Nets:
    """Of each gate and then each read port the length of the longest way to it."""
    reads, count = _read_ports(gates), len(gates.kinds)
    driver = np.full(gates.nets, -1, dtype=np.int64)
    driver[gates.outputs] = np.arange(count)
    for index, read in enumerate(reads):
        driver[read.data] = count + index
    driver[:2] = -1
    nets = np.concatenate([gates.operands.ravel(), *(read.address for read in reads)])
    readers = np.concatenate([np.tile(np.arange(count), 3), *(np.full(len(read.address), count + index)
                                                              for index, read in enumerate(reads))])
    sources = driver[nets]
    edges = sources >= 0
    return _longest_ways(sources[edges], readers[edges], count + len(reads))


def _longest_ways(sources: Nets, readers: Nets, nodes: int) -> Nets:
    """Of each node of a graph, given by its edges, the length of the longest way to it.

    Raises
    ------
    ValueError
        If there is a loop.
    """
    by_source = np.argsort(sources, kind="stable")
    readers = readers[by_source]
    starts = np.searchsorted(sources[by_source], np.arange(nodes + 1))
    waiting, level = np.bincount(readers, minlength=nodes), np.full(nodes, -1, dtype=np.int64)
    layer, depth = np.flatnonzero(waiting == 0), 0
    while len(layer):
        level[layer] = depth
        counts = starts[layer + 1] - starts[layer]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        reached, times = np.unique(readers[np.repeat(starts[layer], counts) + within], return_counts=True)
        waiting[reached] -= times
        layer, depth = reached[waiting[reached] == 0], depth + 1
    if (level < 0).any():
        raise ValueError("the gates form a loop")
    return level


def _parameter(cell: MemoryCell, name: str) -> int:
    return int(cell.parameters[name], 2)


def _split(cell: MemoryCell, pin: str, ports: int) -> list[Nets]:
    """What each port of a memory is connected to, of a pin that has the bits of all side by side."""
    return list(cell.pins[pin].reshape(ports, -1)) if ports else []


def _read_ports(gates: Gates) -> list[_Read]:
    """The read ports of all memories."""
    reads: list[_Read] = []
    for memory, cell in enumerate(gates.memories):
        ports = _parameter(cell, "RD_PORTS")
        if _parameter(cell, "RD_CLK_ENABLE"):
            raise ValueError("a memory is read by a clock")
        reads += [_Read(memory, *pins) for pins in zip(_split(cell, "RD_ADDR", ports), _split(cell, "RD_DATA", ports),
                                                       strict=True)]
    return reads

"""Emitted Verilog as gates, numbered in the order in which one pass evaluates them all."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quadcim.hw.yosys import run_passes

__all__ = ["OPERATIONS", "Netlist", "number_gates", "read_netlist"]

OPERATIONS = ("$_NOT_", "$_AND_", "$_OR_", "$_XOR_", "$_MUX_", "$_ANDNOT_", "$_ORNOT_", "$_NAND_", "$_NOR_", "$_XNOR_")
"""The gates; a MUX gives B where S is set, else A."""
_INPUTS = ("A", "B", "S")
_MAPPED = ("proc", "opt_expr", "opt_clean", "async2sync", "memory -nomap", "memory_map", "opt -fast", "techmap",
           "opt -fast")


@dataclass(frozen=True)
class Netlist:
    """A synchronous design of one clock as gates and flip-flops.

    Parameters
    ----------
    wires : int
        Number of wires. Wires 0 and 1 are constant; then come inputs, flip-flops, and gates in order.
    ports : dict of str to ndarray of int32
        The wires of each port, the lowest bit first; the clock has none.
    runs : ndarray of int32, shape (runs, 3)
        Index in `OPERATIONS`, first output wire and number of gates of the same kind, whose outputs follow each other.
    operands : ndarray of int32, shape (3, gates)
        The wires that each gate reads; 0 where it has fewer than three inputs.
    registers : ndarray of int32, shape (registers, 3)
        Output wire, input wire and initial value of each flip-flop.
    """

    wires: int
    ports: dict[str, NDArray[np.int32]]
    runs: NDArray[np.int32]
    operands: NDArray[np.int32]
    registers: NDArray[np.int32]


def read_netlist(sources: Sequence[Path], top: str) -> Netlist:
    """Read Verilog files, and map the module `top` to gates."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "netlist.json")
        # Modules are mapped one by one, so that one with many instances is mapped once.
        run_passes(*(["read_verilog", source] for source in sources), ["hierarchy", "-check", "-top", top],
                   *_MAPPED, "flatten", "opt -fast", "dfflegalize -cell $_DFF_P_ 01", "simplemap", "opt_clean",
                   ["write_json", str(path)])
        return number_gates(json.loads(path.read_text(encoding="utf-8"))["modules"][top])[0]


def number_gates(module: dict[str, Any]) -> tuple[Netlist, dict[int | str, int]]:
    """The netlist of a module of Yosys's JSON, and its wires by the numbers that bits have there.

    Raises
    ------
    ValueError
        If there is more than gates, and flip-flops of the rising edge of clk.
    """
    cells = [cell for cell in module["cells"].values() if cell["type"] != "$scopeinfo"]
    registers = [cell for cell in cells if cell["type"] == "$_DFF_P_"]
    gates = [cell for cell in cells if cell["type"] in OPERATIONS]
    if other := {cell["type"] for cell in cells} - {"$_DFF_P_", *OPERATIONS}:
        raise ValueError(f"cells that are neither gates nor flip-flops: {', '.join(sorted(other))}")
    clock = module["ports"].get("clk", {"bits": []})["bits"]
    if any(cell["connections"]["C"] != clock for cell in registers):
        raise ValueError("a flip-flop is not clocked by clk")
    number: dict[int | str, int] = {"0": 0, "x": 0, "z": 0, "1": 1}
    for name, port in module["ports"].items():
        if port["direction"] == "input" and name != "clk":
            for bit in port["bits"]:
                number[bit] = len(number) - 2
    for cell in registers:
        number[cell["connections"]["Q"][0]] = len(number) - 2
    order = _levelled(gates, number)
    for index in order:
        number[gates[index]["connections"]["Y"][0]] = len(number) - 2
    kinds = np.array([OPERATIONS.index(gates[index]["type"]) for index in order], dtype=np.int32)
    operands = np.zeros((3, len(order)), dtype=np.int32)
    for place, index in enumerate(order):
        connections = gates[index]["connections"]
        for slot, pin in enumerate(_INPUTS):
            if pin in connections:
                operands[slot, place] = number[connections[pin][0]]
    initial = {bit: value for net in module["netnames"].values() if "init" in net["attributes"]
               for bit, value in zip(net["bits"], reversed(net["attributes"]["init"]), strict=False)}
    flip_flops = [(number[cell["connections"]["Q"][0]], number[cell["connections"]["D"][0]],
                   int(initial.get(cell["connections"]["Q"][0]) == "1")) for cell in registers]
    wires = len(number) - 2
    return Netlist(wires, {name: np.array([number[bit] for bit in port["bits"]], dtype=np.int32)
                           for name, port in module["ports"].items() if name != "clk"},
                   _runs(kinds, wires - len(order)), operands,
                   np.array(flip_flops, dtype=np.int32).reshape(-1, 3)), number


def _levelled(gates: list[dict[str, Any]], number: dict[int | str, int]) -> list[int]:
    """The gates' indices by level, and by kind within a level: each stands after those whose outputs it reads."""
    driver = {gate["connections"]["Y"][0]: index for index, gate in enumerate(gates)}
    sources = [[driver[bits[0]] for pin, bits in gate["connections"].items() if pin != "Y" and bits[0] not in number]
               for gate in gates]
    readers: list[list[int]] = [[] for _ in gates]
    for index, needed in enumerate(sources):
        for source in needed:
            readers[source].append(index)
    waiting = [len(needed) for needed in sources]
    level = [index for index, count in enumerate(waiting) if count == 0]
    order: list[int] = []
    while level:
        order += sorted(level, key=lambda index: (gates[index]["type"], index))
        following = []
        for index in level:
            for reader in readers[index]:
                waiting[reader] -= 1
                if waiting[reader] == 0:
                    following.append(reader)
        level = following
    if len(order) != len(gates):
        raise ValueError("the gates form a loop")
    return order


def _runs(kinds: NDArray[np.int32], first: int) -> NDArray[np.int32]:
    """Neighbours of one kind, together."""
    if not len(kinds):
        return np.zeros((0, 3), dtype=np.int32)
    starts = np.flatnonzero(np.diff(kinds, prepend=-1))
    lengths = np.diff(starts, append=len(kinds))
    return np.ascontiguousarray(np.stack([kinds[starts], starts + first, lengths], axis=1), dtype=np.int32)

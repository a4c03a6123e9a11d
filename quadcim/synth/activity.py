"""How often each net of a netlist changes, from a value change dump."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quadcim.sim.tools import ToolError

__all__ = ["Activity", "read_activity"]

_VARIABLE = re.compile(r"\$var\s+\w+\s+(\d+)\s+(\S+)\s+(\S+)\s*(?:\[(\d+)(?::(\d+))?\])?\s*\$end")
_HEADER = 1000
_TIMESCALE = re.compile(r"\$timescale\s+(\d+)\s*([munpf]?s)\s+\$end")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}
_CLOCK_S = 10e-9
"""A clock period of the testbench."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Changes of each net in a number of clock cycles; X to a value is none, since it does not recur."""

    cycles: int
    changes: Mapping[int, int]

    def per_cycle(self, net: int) -> float:
        """Changes of a net in a clock cycle; a net that the dump does not name has none."""
        return self.changes.get(net, 0) / self.cycles


def read_activity(dump: Path, nets: Mapping[tuple[str, int], int]) -> Activity:
    """Count what a dump says of the nets that `nets` knows by name and bit.

    Only the values at the end of each instant are dumped, so that glitches are not counted.

    Raises
    ------
    ToolError
        If the dump holds no cycle.
    """
    wires: dict[str, list[int | None]] = {}
    state: dict[str, str] = {}
    counts: dict[int, int] = {}
    named: set[int | None] = set()
    start = now = None
    tick_s = _tick_s(dump)
    with dump.open(encoding="ascii") as lines:
        for line in lines:
            head = line[0]
            if head == "$":
                if found := _VARIABLE.match(line):
                    # A net that has several names is counted by the first of them; so may a variable have several.
                    fresh = [None if net in named else net for net in _bits(found, nets)]
                    named.update(fresh)
                    wires[found[2]] = [new if old is None else old for old, new in
                                       zip(wires.get(found[2], fresh), fresh, strict=True)]
            elif head == "#":
                now = int(line[1:])
                start = now if start is None else start
            elif head in "01xzXZ":
                _count(counts, wires, state, line[1:].strip(), head)
            elif head in "bB":
                value, code = line[1:].split()
                _count(counts, wires, state, code, value)
    cycles = 0 if start is None or now is None else round((now - start) * tick_s / _CLOCK_S)
    if cycles < 1:
        raise ToolError("the simulation of the netlist recorded no clock cycle")
    return Activity(cycles, counts)


def _tick_s(dump: Path) -> float:
    """What a tick of the dump lasts; models of cells may ask for finer ones than the testbench does."""
    with dump.open(encoding="ascii") as file:
        found = _TIMESCALE.search(file.read(_HEADER))
    if found is None:
        raise ToolError("the dump of the netlist's simulation has no time scale")
    return int(found[1]) * _SECONDS[found[2]]


def _bits(found: re.Match[str], nets: Mapping[tuple[str, int], int]) -> list[int | None]:
    """The nets of a variable, the lowest bit first."""
    name, width = found[3].removeprefix("\\"), int(found[1])
    if width == 1:
        return [nets.get((name, int(found[4] or 0)))]
    low = int(found[5] or 0)
    return [nets.get((name, index)) for index in range(low, low + width)]


def _count(counts: dict[int, int], wires: Mapping[str, list[int | None]], state: dict[str, str], code: str,
           value: str) -> None:
    """Count the bits that differ from the value before."""
    bits = wires.get(code)
    if bits is None:
        return
    value = value.rjust(len(bits), "0" if value[0] in "01" else value[0])
    before = state.get(code)
    state[code] = value
    if before is None:
        return
    for net, old, new in zip(reversed(bits), before, value, strict=True):
        if net is not None and old != new and old in "01" and new in "01":
            counts[net] = counts.get(net, 0) + 1

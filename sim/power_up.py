"""A netlist from many power-ups: registers start as anything, and what the streams say must not depend on it.

Three values, 0, 1 and X, would call hardware wrong that is right: a mapper that restructures logic makes (a and x) or
(a and not x) of what was a, which with an unknown x is unknown.
"""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quadcim.sim.case import Case
from quadcim.sim.gate_engine import PORTS, PortWires
from quadcim.sim.native import POINTER, driver, pointer
from quadcim.sim.netlist import number_gates
from quadcim.spec.timing import Frame

__all__ = ["Outcome", "PowerUpSimulator"]

_DRIVER = Path(__file__).with_name("power_up.cpp")


class _Netlist(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_int32) for name in ("wires", "runs", "registers", "reset_low")),
                *((name, POINTER) for name in ("run", "operand", "reg")), ("gates", ctypes.c_int64),
                *((name, PortWires) for name in PORTS)]


class _Statistics(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("cycles", "accepted", "delivered", "span", "latency", "wrong")]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave.

    Parameters
    ----------
    mismatches : int
        Beats that are wrong or missing after any of the power-ups, and cycles in which the handshake was wrong or not
        the same after all of them.
    cycles, span_cycles : int
        From the first beat in to the last beat out, and to the first one of the last frame in.
    latency_cycles : int
        From the last beat in of the first frame to the first beat out.
    changes : dict of int to int
        How often each net, by its number in the module, changed meanwhile after the first power-up; if that was asked
        for.
    """

    mismatches: int
    cycles: int
    span_cycles: int
    latency_cycles: int
    changes: Mapping[int, int]


class PowerUpSimulator:
    """A netlist of cells after 64 power-ups at once; each run goes on with the state that the last one left.

    Parameters
    ----------
    case : Case
        The case that the netlist is of.
    module : dict
        The netlist in gates, as a module of Yosys's JSON.

    Raises
    ------
    ValueError
        If there is more in it than gates and flip-flops of the rising edge of clk.
    """

    def __init__(self, case: Case, module: dict[str, Any]):
        self._case = case
        self._netlist, self._wires = number_gates(module)
        if self._netlist.memories:
            raise ValueError("memories in a netlist of cells")
        self._widths = {port.name: port.width for port in case.ports}
        netlist = self._netlist
        ports = {name: PortWires(pointer(wires), len(wires)) for name, wires in netlist.ports.items()}
        if case.reset.active_low and case.reset.port in ports:
            ports["rst"] = ports[case.reset.port]
        self._library = driver(_DRIVER)
        self._library.quadcim_power_up_new.restype = POINTER
        self._library.quadcim_power_up_run.restype = self._library.quadcim_power_up_delete.restype = None
        self._design = POINTER(self._library.quadcim_power_up_new(ctypes.byref(_Netlist(
            netlist.wires, len(netlist.runs), len(netlist.registers), int(case.reset.active_low),
            pointer(netlist.runs), pointer(netlist.operands), pointer(netlist.registers), netlist.operands.shape[1],
            *(ports.get(name, PortWires(None, 0)) for name in PORTS)))))

    def __del__(self):
        if hasattr(self, "_design"):
            self._library.quadcim_power_up_delete(self._design)

    def run(self, inputs: Sequence[int], expected: Sequence[int], frames: Sequence[Frame], *,
            writes: Sequence[int] = (), pauses: float = 0.0, seed: int = 0, until: int | None = None,
            count: bool = False) -> Outcome:
        """Reset for a cycle, write, and send beats; compare what comes out.

        Parameters
        ----------
        inputs, expected : sequence of int
            Payloads in, and what must come out.
        frames : sequence of Frame
            How they fall into frames.
        writes : sequence of int
            Payloads of the stream ``w``, which come first.
        pauses : float
            Probability that a side pauses in a cycle.
        seed : int
            Of the pauses.
        until : int, optional
            Take only so many results, and end with the design full of others where the output can be stalled; by
            default end once nothing comes after the last one.
        count : bool
            Whether changes are counted.
        """
        case, wanted = self._case, len(expected) if until is None else until
        busy = sum(frame.interval_cycles for frame in frames)
        patience = int(16 * (busy + case.latency_cycles) / (1 - pauses) ** 2) + 64 * len(writes) + 1000
        outputs = np.zeros((len(expected), self._widths["o__payload"]), np.uint8)
        changes = np.zeros(self._netlist.wires if count else 0, np.uint32)
        streams = [_bits(inputs, self._widths["i__payload"]), _bits(writes, self._widths.get("w__payload", 0))]
        released = _released(frames)
        chance, statistics = int(pauses * 2**32), _Statistics()
        idle = case.latency_cycles + 4
        if until is not None:
            idle = idle * max(frame.interval_cycles for frame in frames) if case.elastic else 1
        self._library.quadcim_power_up_run(
            self._design, pointer(streams[0]), pointer(released), *map(ctypes.c_uint64, (
                len(inputs), len(expected), wanted, frames[0].beats_in, len(inputs) - frames[-1].beats_in)),
            pointer(streams[1]), *map(ctypes.c_uint64, (
                len(writes), chance, chance if case.elastic else 0, seed, patience, idle)),
            pointer(outputs), pointer(changes) if count else POINTER(None), ctypes.byref(statistics))
        done = min(statistics.delivered, wanted)
        wrong = int((outputs[:done] != _bits(expected, self._widths["o__payload"])[:done]).any(axis=1).sum())
        found = {net: int(changes[wire]) for net, wire in self._wires.items() if isinstance(net, int)} if count else {}
        return Outcome(wrong + wanted - done + statistics.wrong, statistics.cycles, statistics.span,
                       statistics.latency, found)


def _released(frames: Sequence[Frame]) -> NDArray[np.uint64]:
    """How many results may have come once so many beats, from 0 on, have been accepted: those of whole frames."""
    results, counts = 0, [0]
    for frame in frames:
        counts += [results] * (frame.beats_in - 1) + [results + frame.beats_out]
        results += frame.beats_out
    return np.array(counts, np.uint64)


def _bits(payloads: Sequence[int], width: int) -> NDArray[np.uint8]:
    """Payloads as a byte a bit, the lowest first."""
    size = -(-width // 8)
    data = np.frombuffer(b"".join(payload.to_bytes(size, "little") for payload in payloads), np.uint8)
    return np.ascontiguousarray(np.unpackbits(data.reshape(len(payloads), size), axis=1, bitorder="little")[:, :width])

"""The bulk simulator: emitted Verilog, driven from numpy arrays.

It has two engines behind the same interface: gates, 256 copies of the design at once, for logic of single bits
(`quadcim.sim.gate_engine`), and what Verilator makes of it, for arithmetic of words (`quadcim.sim.compiled_engine`).
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quadcim.sim.compiled_engine import CompiledEngine, multipliers
from quadcim.sim.design import SimulatedDesign
from quadcim.sim.frames import constant_frames
from quadcim.sim.gate_engine import GateEngine
from quadcim.sim.native import POINTER, pointer
from quadcim.sim.payload import from_integers, to_integers
from quadcim.sim.tools import has_simulator
from quadcim.spec.errors import IllegalSetting, check_one_of
from quadcim.spec.ports import Port
from quadcim.spec.timing import Frame, Timing

__all__ = ["BulkResult", "BulkSimulator", "Engine", "SimulationError", "Writes"]

Engine = Literal["auto", "gates", "verilator"]
_LEAST_SHARE = 64
_MANY_MULTIPLIERS = 16
"""From so many on Verilator is faster: a product of words takes it an instruction, and hundreds of gates."""


def _frame_share(frames: int, beats: int, lanes: int) -> int:
    """How many of a run's frames each of some copies takes, if they have so many beats together."""
    return max(-(-frames // lanes), min(frames, -(-_LEAST_SHARE * frames // max(beats, 1))))


class SimulationError(RuntimeError):
    """The design lost, repeated or never delivered beats."""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a run returned.

    Parameters
    ----------
    outputs : ndarray of int64, shape (results,); or of uint32, shape (results, words), for packed payloads
        Raw integers, in order: of a core without frames one a beat.
    cycles : int
        Clock cycles up to the last beat; in gates each copy of the design takes `BulkSimulator.share` of the beats.
    latency_cycles : int
        Cycles from the last beat accepted of the first frame to the first beat delivered.
    writes_before : ndarray of uint64, shape (beats,)
        How many writes were taken before the cycle in which a beat was accepted.
    """

    outputs: NDArray
    cycles: int
    latency_cycles: int
    writes_before: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Writes:
    """Beats of a second input stream ``w``, which every copy of the design gets.

    Parameters
    ----------
    words : ndarray of uint32, shape (writes, words)
        The payloads as little-endian words.
    after : sequence of int
        How many of a copy's results have been delivered before each write.
    before : sequence of int
        How many writes have been made before each beat of the run; empty if all beats wait for none.
    """

    words: NDArray[np.uint32]
    after: Sequence[int]
    before: Sequence[int] = ()


class _Statistics(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("cycles", "accepted", "delivered", "first_accepted", "first_delivered", "late")]


class BulkSimulator:
    """A unit with an input stream ``i``, an output stream ``o``, and perhaps a stream ``w``.

    In gates 256 copies of the design run side by side, each on its own share of the beats: whole frames.

    Parameters
    ----------
    design : Case, or another SimulatedDesign
        Whose RTL is read. It has two states, 0 and 1: what is undefined is 0.
    engine : {"auto", "gates", "verilator"}
        How it is evaluated. By default by Verilator, if that is installed and the design has many multipliers.

    Attributes
    ----------
    engine : GateEngine or CompiledEngine
        What evaluates it.

    Raises
    ------
    IllegalSetting
        If the engine is not installed.
    """

    def __init__(self, design: SimulatedDesign, *, engine: Engine = "auto"):
        check_one_of("engine", engine, get_args(Engine))
        if engine == "auto":
            many = multipliers(design.simulation_sources) >= _MANY_MULTIPLIERS
            engine = "verilator" if many and has_simulator("verilator") else "gates"
        self.engine = CompiledEngine(design) if engine == "verilator" else GateEngine(design)
        self._ports = {port.name: port for port in design.ports}
        self._timing = design.timing

    def share(self, beats: int) -> int:
        """How many of a run's beats each copy of the design takes: at least 64, so that beats follow each other.

        That is without frames, or with a beat in each; else whole frames are dealt in the same way.
        """
        return _frame_share(beats, beats, self.engine.lanes)

    def run(self, inputs: ArrayLike, *, input_pause: float = 0.0, output_pause: float = 0.0,
            seed: int = 0, writes: Writes | None = None, frames: Sequence[Frame] | None = None) -> BulkResult:
        """Send all beats and collect all results.

        Parameters
        ----------
        inputs : array_like of int, shape (beats,); or of uint32, shape (beats, words), for packed payloads
            Raw integers of the input format.
        input_pause, output_pause : float
            Probability that a side pauses in a cycle, at least 0 and below 1.
        seed : int
            Seed of the pauses.
        writes : Writes, optional
            What the stream ``w`` carries.
        frames : sequence of Frame, optional
            How the beats fall into frames; needed only where that follows from their payloads.

        Raises
        ------
        SimulationError
            If beats were lost, or came after the last one.
        """
        result = self._run(_to_words(np.asarray(inputs), self._ports["i__payload"]), input_pause, output_pause, seed,
                           writes, frames=frames)
        return replace(result, outputs=_from_words(result.outputs, self._ports["o__payload"]))

    def run_payloads(self, payloads: Sequence[int], *, writes: Sequence[int] = (),
                     frames: Sequence[Frame] | None = None) -> list[int]:
        """Send payloads, integers without sign, after some payloads of ``w``; what comes out."""
        widths = {name: port.width for name, port in self._ports.items()}
        loaded = Writes(from_integers(writes, widths["w__payload"]), [0] * len(writes),
                        [len(writes)] * len(payloads)) if writes else None
        return to_integers(self._run(from_integers(payloads, widths["i__payload"]), 0.0, 0.0, 0, loaded,
                                     frames=frames).outputs)

    def _run(self, words: NDArray[np.uint32], input_pause: float, output_pause: float, seed: int,
             writes: Writes | None, *, frames: Sequence[Frame] | None) -> BulkResult:
        """Send beats as words; what comes out, as words."""
        if output_pause and "o__ready" not in self._ports:
            raise IllegalSetting("output_pause", "0 for a unit whose receiver takes every beat", output_pause)
        dealt = _Dealt(self._timing, len(words), frames, self.engine.lanes)
        outputs = np.empty((dealt.results, _words(self._ports["o__payload"])), dtype=np.uint32)
        before = np.zeros(len(words), dtype=np.uint64)
        pauses = [_chance(name, value) for name, value in
                  (("input_pause", input_pause), ("output_pause", output_pause))]
        written = _Written(writes, len(words))
        patience = 100 + int((dealt.cycles + written.count) * 16 / ((1 - input_pause) * (1 - output_pause)))
        idle = self._timing.latency_cycles + 8
        statistics = _Statistics()
        self.engine.run(pointer(words), pointer(outputs), *dealt.arguments,
                        *map(ctypes.c_uint64, (*pauses, seed, patience, idle)), *written.arguments, pointer(before),
                        ctypes.byref(statistics))
        if statistics.delivered != dealt.results or statistics.accepted != len(words) or statistics.late:
            raise SimulationError(f"{len(words)} beats: {statistics.accepted} accepted, {statistics.delivered} of "
                                  f"{dealt.results} delivered in {statistics.cycles} cycles, {statistics.late} after "
                                  "the last")
        return BulkResult(outputs, statistics.cycles,
                          statistics.first_delivered - statistics.first_accepted, before)


class _Dealt:
    """The driver's arguments for how frames are dealt to lanes; it holds the arrays that they point to.

    Parameters
    ----------
    timing : Timing
        Of the design.
    beats : int
        Of the run.
    frames : sequence of Frame, or None
        How they fall into frames, or None where all frames are alike: there may be millions.
    lanes : int
        Copies of the design.
    """

    def __init__(self, timing: Timing, beats: int, frames: Sequence[Frame] | None, lanes: int):
        if frames is None:
            count, alike = constant_frames(timing, beats)
            share = self._share(count, beats, lanes)
            self._starts = [share * size for size in (alike.beats_in, alike.beats_out)]
            self._first, longest = alike.beats_in, alike.interval_cycles
        else:
            share = self._share(len(frames), beats, lanes)
            sizes = np.array([(0, 0), *((frame.beats_in, frame.beats_out) for frame in frames)], dtype=np.uint64)
            self._starts = [np.cumsum(column)[share] for column in sizes.T]
            self._first = frames[0].beats_in if frames else 0
            longest = max((frame.interval_cycles for frame in frames), default=0)
        self.results = int(self._starts[1][-1])
        self.cycles = int(share[1]) * longest

    @staticmethod
    def _share(frames: int, beats: int, lanes: int) -> NDArray[np.uint64]:
        """The frame with which each lane begins, and one behind the last."""
        return np.minimum(np.arange(lanes + 1, dtype=np.uint64) * np.uint64(_frame_share(frames, beats, lanes)),
                          np.uint64(frames))

    @property
    def arguments(self) -> list:
        """Where the beats and the results of each lane begin, and the beats of the first frame."""
        return [*map(pointer, self._starts), ctypes.c_uint64(self._first)]


class _Written:
    """The driver's arguments for writes; it holds the arrays that they point to."""

    def __init__(self, writes: Writes | None, beats: int):
        self.count = 0 if writes is None else len(writes.words)
        self._arrays = [np.zeros(0, np.uint32)] if writes is None else [
            np.ascontiguousarray(writes.words, dtype=np.uint32), np.array(writes.after, dtype=np.uint64),
            np.array(writes.before, dtype=np.uint64)]
        if writes is not None and (len(writes.after) != self.count or len(writes.before) not in (0, beats)):
            raise IllegalSetting("writes", f"{self.count} in `after` and 0 or {beats} in `before`",
                                 f"{len(writes.after)} and {len(writes.before)}")

    @property
    def arguments(self) -> list:
        """Payloads, their number, and both orders; null where there is none."""
        words, *orders = self._arrays
        null = POINTER(None)
        pointers = [pointer(order) if len(order) else null for order in orders] or [null, null]
        return [pointer(words), ctypes.c_uint64(self.count), *pointers]


def _chance(name: str, probability: float) -> int:
    if not 0 <= probability < 1:
        raise IllegalSetting(name, "at least 0 and below 1", probability)
    return int(probability * 2**32)


def _words(port: Port) -> int:
    return -(-port.width // 32)


def _to_words(raws: NDArray, port: Port) -> NDArray[np.uint32]:
    """Beats as little-endian 32-bit words; bits beyond the port's width are ignored by the driver."""
    if raws.size and not np.issubdtype(raws.dtype, np.integer):
        raise IllegalSetting("inputs", "raw integers", f"an array of {raws.dtype}")
    if port.format is None:
        return np.ascontiguousarray(raws, dtype=np.uint32).reshape(-1, _words(port))
    if raws.size and not port.format.minimum <= raws.min() <= raws.max() <= port.format.maximum:
        raise IllegalSetting("inputs", f"raw integers of {port.format}", f"{raws.min()} to {raws.max()}")
    kind = np.uint32 if port.width <= 32 else np.uint64
    return np.ascontiguousarray(raws.astype(kind)).view(np.uint32).reshape(-1, _words(port))


def _from_words(words: NDArray[np.uint32], port: Port) -> NDArray:
    if port.format is None:
        return words
    kind = np.uint32 if port.width <= 32 else np.uint64
    raws = words.reshape(-1).view(kind)
    if not port.format.signed:
        return raws.astype(np.int64)
    spare = raws.itemsize * 8 - port.width
    signed = (raws << spare).view(np.int32 if kind is np.uint32 else np.int64) >> spare
    return signed.astype(np.int64)



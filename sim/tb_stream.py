"""cocotb testbench of a unit with an input stream, an output stream, and perhaps one of weights.

Weights come first; in a test of their own, rows of them change while beats are computed. Runs inside the simulator.
"""

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge, Timer

from quadcim.ownership import CASE
from quadcim.sim.case import CaseFiles
from quadcim.sim.coverage import Coverage, Traits, WriteState
from quadcim.sim.frames import whole_frames
from quadcim.spec.ports import Port
from quadcim.spec.timing import Frame

_JOB = json.loads(Path(os.environ["QUADCIM_JOB"]).read_text())
_CASE = CaseFiles(Path(_JOB["case"]), json.loads(Path(_JOB["case"], CASE.name).read_text()))
_TRAITS = Traits(**_JOB["traits"])
_ELASTIC = _CASE.elastic
_TIMING = _CASE.timing
_FRAMES = [Frame(*frame) for frame in _JOB["frames"]]
_PORTS = {port.name: port for port in _CASE.ports}
_COVERAGE = Coverage(_CASE, _TRAITS)
_FEW, _MOST_SWEPT = 8, 64
_PATIENCE = 64 * (_TIMING.latency_cycles + max(frame.interval_cycles for frame in _FRAMES)) + 10_000
"""Cycles in which a stream of weights has to move, whatever stalls."""

Pattern = Callable[[], bool]
"""Says, cycle by cycle, whether a side goes on."""


def pattern(name: str, side: str) -> Pattern:
    """A stall pattern: "none", "random" (3 of 4 cycles go on), "rare" (1 of 8), or "bursts" of up to 16 cycles."""
    draw = random.Random(f"{_JOB['seed']} {name} {side}")
    if name == "none":
        return lambda: True
    if name == "bursts":
        return _bursts(draw)
    share = {"random": 0.75, "rare": 0.125}[name]
    return lambda: draw.random() < share


def _bursts(draw: random.Random) -> Pattern:
    left, going = 0, False

    def step() -> bool:
        nonlocal left, going
        if left == 0:
            left, going = draw.randint(1, 16), not going
        left -= 1
        return going

    return step


def _difference(port: Port, want: int, got: int) -> str:
    """The first element of a payload that is wrong."""
    for field in port.layout:
        for index, pair in enumerate(zip(field.raws(want), field.raws(got), strict=True)):
            if pair[0] != pair[1]:
                said = [f"raw {raw} = {float(field.format.real(raw)):.9g}" for raw in pair]
                name = f"{field.name}[{index}] " if field.count > 1 else ""
                return f"{name}expected {said[0]}, got {said[1]}"
    return f"expected 0x{want:x}, got 0x{got:x}"


def _shown(port: Port, payload: int) -> str:
    """A payload for people: a number, or hexadecimal digits where it holds several."""
    fmt = port.format
    return f"raw {fmt.wrap(payload)} = {float(fmt.real(fmt.wrap(payload))):.9g}" if fmt else f"0x{payload:x}"


@dataclass
class Scoreboard:
    """Compares what comes out with what is expected, in order, and says where the first difference is."""

    inputs: list[int]
    expected: list[int]
    framed: bool
    received: int = 0

    def check(self, cycle: int, payload: int) -> None:
        """Take the next beat that came out."""
        index = self.received
        assert index < len(self.expected), f"cycle {cycle}: a beat too many, {_shown(_PORTS['o__payload'], payload)}"
        want = self.expected[index]
        given = "" if self.framed else f"input {_shown(_PORTS['i__payload'], self.inputs[index])}, "
        assert payload == want, (
            f"first mismatch at cycle {cycle}, beat {index}: {given}"
            f"{_difference(_PORTS['o__payload'], want, payload)}")
        self.received += 1


class Place:
    """Where a stream is: the frame that its next beat is of, the beats of it that have moved, and when they did."""

    def __init__(self, lengths: list[int]):
        self.lengths, self.frame, self.beat = lengths, 0, 0
        self.first: list[int] = []
        self.last: list[int] = []

    @property
    def ends(self) -> bool:
        """Whether the next beat is its frame's last one."""
        return self.frame < len(self.lengths) and self.beat + 1 == self.lengths[self.frame]

    def moved(self, cycle: int) -> None:
        """A beat has moved."""
        if self.beat == 0:
            self.first.append(cycle)
        if self.ends:
            self.last.append(cycle)
            self.frame, self.beat = self.frame + 1, 0
        else:
            self.beat += 1


class Bench:
    """Drives the input, watches the output, and counts cycles."""

    def __init__(self, dut, beats: int | None = None, *, last: bool = False, rewritten: int = 0):
        self.dut, self.cycle = dut, 0
        count = len(_FRAMES) if beats is None else whole_frames(_FRAMES[::-1] if last else _FRAMES, beats)
        chosen = slice(len(_FRAMES) - count, None) if last else slice(count)
        self.frames = _FRAMES[chosen]
        self.into, self.out = (Place([getattr(frame, way) for frame in self.frames])
                               for way in ("beats_in", "beats_out"))
        skipped = _FRAMES[:chosen.start or 0]
        inputs, results = sum(frame.beats_in for frame in skipped), sum(frame.beats_out for frame in skipped)
        self.inputs = _JOB["inputs"][inputs:inputs + sum(self.into.lengths)]
        expected = _JOB["expected"][results:results + sum(self.out.lengths)]
        self.board = Scoreboard(self.inputs, expected, _TIMING.framed)
        self.mask = (1 << _PORTS["i__payload"].width) - 1
        self.filling = False  # tables of weights may be written, which stalls beats
        self.rewritten = rewritten  # rows that have changed
        self.accepted = self.left = 0  # beats in; of them those whose frames have come out whole

    @property
    def inside(self) -> int:
        """Beats that have been accepted, of frames that have not come out whole."""
        return self.accepted - self.left

    @property
    def torn(self) -> bool:
        """Whether a frame is in or out in part."""
        return bool(self.into.beat or self.out.beat)

    async def reset(self, after: "Bench | None" = None, *, offering: bool = False) -> None:
        """One cycle of reset: the beats that were inside after another bench are gone, what is offered is dropped."""
        dut = self.dut
        _COVERAGE.reset(after.inside if after else 0, torn=after is not None and after.torn)
        dut.i__valid.value = int(offering)
        if offering:
            # In no bit what comes next: it cannot pass for a part of that.
            dut.i__payload.value = self.inputs[0] ^ self.mask
        if _ELASTIC:
            dut.o__ready.value = 0
        if _CASE.latency_cycles:
            reset, level = dut[_CASE.reset.port], int(not _CASE.reset.active_low)
            reset.value = level
            await self.edge()
            reset.value = 1 - level
        dut.i__valid.value = 0

    async def load(self, drive: Pattern) -> None:
        """Write the weights."""
        for payload in _JOB["writes"]:
            await self._write(payload, drive)
        await self._settled()

    async def rewrite(self, drive: Pattern) -> None:
        """Change rows, over and over, until all beats have been accepted."""
        rewrites = _JOB["rewrites"]
        while self.accepted < len(self.inputs):
            await self._write(rewrites[self.rewritten % len(rewrites)]["write"], drive)
            self.rewritten += 1
        await self._settled()

    async def _write(self, payload: int, drive: Pattern) -> None:
        """Write a row; returns after the edge at which it is taken."""
        dut, taken, limit = self.dut, False, _PATIENCE
        while not taken:
            limit -= 1
            assert limit, "a row of weights is never taken"
            offered = bool(dut.w__valid.value) or drive()
            dut.w__valid.value, dut.w__payload.value = int(offered), payload
            await ReadOnly()
            taken = offered and bool(dut.w__ready.value)
            await RisingEdge(dut.clk)
            self.filling = _TRAITS.tables
        dut.w__valid.value = 0

    async def _settled(self) -> None:
        """What was taken last may still be at work."""
        limit = _PATIENCE
        while self.filling:
            limit -= 1
            assert limit, "the stream of weights is never ready again"
            await ReadOnly()
            self.filling = not bool(self.dut.w__ready.value)
            await RisingEdge(self.dut.clk)

    async def edge(self) -> None:
        """The end of a cycle: the rising edge, or 10 ns if the unit has no clock."""
        await (RisingEdge(self.dut.clk) if _CASE.latency_cycles else Timer(10, "ns"))
        self.cycle += 1

    async def run(self, drive: Pattern, take: Pattern, *, stop_after: int | None = None,
                  stop_cycles: int | None = None) -> None:
        """Send all beats and take all results.

        Or stop after so many results, inside a frame if that can be; or so many cycles after the first beat.
        """
        dut, offered = self.dut, False
        limit = self.cycle + 64 * sum(frame.interval_cycles for frame in self.frames) + 100
        while not self._done(stop_after):
            if stop_cycles is not None and self.into.first and self.cycle > self.into.first[0] + stop_cycles:
                break
            assert self.cycle < limit, f"no progress: {self.accepted} beats in, {self.board.received} out"
            offered = self.accepted < len(self.inputs) and (offered or drive())
            taking = take() if _ELASTIC else True
            dut.i__valid.value = int(offered)
            # An idle input carries garbage: it must not matter.
            dut.i__payload.value = self.inputs[self.accepted] if offered else self.cycle & self.mask
            if _ELASTIC:
                dut.o__ready.value = int(taking)
            await ReadOnly()
            ready, valid = not _ELASTIC or bool(dut.i__ready.value), bool(dut.o__valid.value)
            self._check_stalls(offered=offered, ready=ready, valid=valid, taking=taking)
            if offered:
                self._check_last("i", self.into)
            if offered and ready:
                self._accept()
                offered = False
            if valid and taking:
                self._receive()
            await self.edge()

    def _done(self, stop_after: int | None) -> bool:
        """Whether all has come out; or so many results, with a frame inside in part."""
        if stop_after is None or self.board.received >= len(self.board.expected):
            return self.board.received >= len(self.board.expected)
        within = self.torn if _TIMING.framed else self.inside or not _CASE.latency_cycles
        return self.board.received >= stop_after and bool(within)

    def _check_stalls(self, *, offered: bool, ready: bool, valid: bool, taking: bool) -> None:
        """What may stall does so only when it may."""
        held = self.inside
        # A unit that takes several cycles for a frame says so by its ready; writing a table of weights may stall it.
        assert ready or _TIMING.several or self.filling or held == _CASE.latency_cycles, (
            f"cycle {self.cycle}: input stalled with {held} beats inside")
        write = self._write_state()
        assert write != "held" or self.filling or not (offered and ready), (
            f"cycle {self.cycle}: a row was not taken as a beat was accepted")
        _COVERAGE.cycle(offered=offered, ready=ready, valid=valid, taking=taking, inside=held, write=write)

    def _accept(self) -> None:
        """The beat on offer is accepted."""
        _COVERAGE.beat(self.inputs[self.accepted])
        self._expect(self.accepted)
        self.accepted += 1
        self.into.moved(self.cycle)

    def _receive(self) -> None:
        """A beat has come out."""
        bits, frame = str(self.dut.o__payload.value), self.out.frame
        assert set(bits) <= set("01"), (
            f"cycle {self.cycle}, beat {self.board.received}: undefined bits {bits}")
        self.board.check(self.cycle, int(bits, 2))
        assert frame < self.into.frame, f"cycle {self.cycle}: a result of a frame that is not in as a whole"
        self._check_last("o", self.out)
        self.out.moved(self.cycle)
        if self.out.frame > frame:
            self.left += self.frames[frame].beats_in

    def _check_last(self, stream: str, place: Place) -> None:
        """A core whose frames differ says with which beats they end."""
        if (name := f"{stream}__last") in _PORTS:
            assert bool(self.dut[name].value) == place.ends, (
                f"cycle {self.cycle}: {name} is {not place.ends} with beat {place.beat} of frame {place.frame}")

    def _write_state(self) -> WriteState:
        """What the stream of weights does in this cycle."""
        if "w__valid" not in _PORTS or not bool(self.dut.w__valid.value):
            return "idle"
        return "taken" if bool(self.dut.w__ready.value) else "held"

    def _expect(self, index: int) -> None:
        """A beat is accepted: the rows that have changed before this cycle count for it, whatever changes later."""
        if self.rewritten and (state := self.rewritten % len(_JOB["rewrites"])):
            self.board.expected[index] = _JOB["rewrites"][state - 1]["expected"][index]

    async def drained(self) -> None:
        """Nothing comes after the last beat."""
        self.dut.i__valid.value = 0
        longest = max(frame.interval_cycles for frame in self.frames)
        for _ in range(_CASE.latency_cycles + longest + 3):
            await self.edge()
            await ReadOnly()
            assert not bool(self.dut.o__valid.value), f"cycle {self.cycle}: a beat after the last one"
        await self.edge()
        Path("coverage.json").write_text(json.dumps(_COVERAGE.hits))


async def start(dut, beats: int | None = None) -> Bench:
    """A bench on a running clock, after reset."""
    if _CASE.latency_cycles:
        Clock(dut.clk, 10, unit="ns").start()
    if "w__valid" in _PORTS:
        dut.w__valid.value = 0
    bench = Bench(dut, beats)
    await bench.reset()
    if _JOB["writes"]:
        await bench.load(pattern("none", "weights"))
        _COVERAGE.loaded()
    return bench


@cocotb.test()
async def full_speed(dut) -> None:
    """Without stalls: one frame in each interval, after the latency; the case states both."""
    bench = await start(dut)
    await bench.run(pattern("none", "in"), pattern("none", "out"))
    due = accumulate((frame.interval_cycles for frame in bench.frames[:-1]), initial=bench.into.first[0])
    assert bench.into.first == list(due), "the input paused"
    latency = {out - into for into, out in zip(bench.into.last, bench.out.first, strict=True)}
    assert latency == {_CASE.latency_cycles}, f"latency {latency}, the manifest says {_CASE.latency_cycles}"
    await bench.drained()


@cocotb.test()
@cocotb.parametrize(stall_in=["none", "random", "bursts"], stall_out=["random", "rare", "bursts"])
async def stalls(dut, stall_in: str, stall_out: str) -> None:
    """Under stalls on both sides: every beat once, in order."""
    bench = await start(dut, beats=1024)
    await bench.run(pattern(stall_in, "in"), pattern(stall_out, "out"))
    await bench.drained()


@cocotb.test()
async def reset_in_mid_stream(dut) -> None:
    """A reset drops what is in flight; the stream then works from its first beat."""
    bench = await start(dut, beats=256)
    middle = min(100, len(bench.board.expected) // 2)
    await bench.run(pattern("random", "in"), pattern("random", "out"), stop_after=middle)
    before, bench = bench, Bench(dut, beats=256)
    await bench.reset(before)
    await bench.run(pattern("random", "in"), pattern("random", "out"))
    await bench.drained()


@cocotb.test(skip=not _CASE.latency_cycles)
async def resets_while_beats_flow(dut) -> None:
    """A reset in any cycle leaves nothing behind, and drops what is offered meanwhile."""
    await start(dut)
    window = _CASE.latency_cycles + 2 * max(frame.interval_cycles for frame in _FRAMES)
    for cycles in range(0, window, -(-window // _MOST_SWEPT)):
        # Other beats before and behind it: what is left of equal ones could make up for what is missing.
        before, bench = Bench(dut, beats=_FEW, last=True), Bench(dut, beats=_FEW)
        await before.run(pattern("none", "in"), pattern("none", "out"), stop_cycles=cycles)
        await bench.reset(before, offering=True)
        await bench.run(pattern("none", "in"), pattern("none", "out"))
        await bench.drained()


@cocotb.test(skip=not _JOB["rewrites"])
async def weights_written_meanwhile(dut) -> None:
    """Rows change while beats are computed: each beat meets the weights that were there when it was accepted."""
    bench = await start(dut, beats=128)
    for stall_write, stall_in, stall_out in (("none", "none", "none"), ("random", "random", "random"),
                                             ("none", "random", "rare"), ("rare", "none", "bursts")):
        bench = Bench(dut, beats=128, rewritten=bench.rewritten)
        writer = cocotb.start_soon(bench.rewrite(pattern(stall_write, "weights")))
        await bench.run(pattern(stall_in, "in"), pattern(stall_out, "out"))
        await writer
        await bench.drained()

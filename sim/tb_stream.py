"""cocotb testbench of a unit with an input stream, an output stream, and perhaps one of weights.

Weights come first; in a test of their own, rows of them change while beats are computed. Runs inside the simulator.
"""

import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge, Timer

from quadcim.ownership import CASE
from quadcim.sim.case import CaseFiles
from quadcim.sim.coverage import Coverage, Traits, WriteState
from quadcim.spec.ports import Port

_JOB = json.loads(Path(os.environ["QUADCIM_JOB"]).read_text())
_CASE = CaseFiles(Path(_JOB["case"]), json.loads(Path(_JOB["case"], CASE.name).read_text()))
_TRAITS = Traits(**_JOB["traits"])
_ELASTIC = _CASE.elastic
_INTERVAL = _CASE.initiation_interval_cycles
_PORTS = {port.name: port for port in _CASE.ports}
_COVERAGE = Coverage(_CASE, _TRAITS)

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
    received: int = 0

    def check(self, cycle: int, payload: int) -> None:
        """Take the next beat that came out."""
        index = self.received
        assert index < len(self.expected), f"cycle {cycle}: a beat too many, {_shown(_PORTS['o__payload'], payload)}"
        want = self.expected[index]
        assert payload == want, (
            f"first mismatch at cycle {cycle}, beat {index}: "
            f"input {_shown(_PORTS['i__payload'], self.inputs[index])}, "
            f"{_difference(_PORTS['o__payload'], want, payload)}")
        self.received += 1


class Bench:
    """Drives the input, watches the output, and counts cycles."""

    def __init__(self, dut, beats: int | None = None, *, rewritten: int = 0):
        self.dut, self.cycle = dut, 0
        self.inputs = _JOB["inputs"][:beats]
        self.board = Scoreboard(self.inputs, _JOB["expected"][:beats])
        self.mask = (1 << _PORTS["i__payload"].width) - 1
        self.filling = False  # tables of weights may be written, which stalls beats
        self.rewritten = rewritten  # rows that have changed
        self.accepted: list[int] = []
        self.delivered: list[int] = []

    @property
    def inside(self) -> int:
        """Beats that have been accepted and not come out."""
        return len(self.accepted) - self.board.received

    async def reset(self, inside: int = 0) -> None:
        """One cycle of reset; the beats that were inside are gone."""
        dut = self.dut
        _COVERAGE.reset(inside)
        dut.i__valid.value = 0
        if _ELASTIC:
            dut.o__ready.value = 0
        if _CASE.latency_cycles:
            reset, level = dut[_CASE.reset.port], int(not _CASE.reset.active_low)
            reset.value = level
            await self.edge()
            reset.value = 1 - level

    async def load(self, drive: Pattern) -> None:
        """Write the weights."""
        for payload in _JOB["writes"]:
            await self._write(payload, drive)
        await self._settled()

    async def rewrite(self, drive: Pattern) -> None:
        """Change rows, over and over, until all beats have been accepted."""
        rewrites = _JOB["rewrites"]
        while len(self.accepted) < len(self.inputs):
            await self._write(rewrites[self.rewritten % len(rewrites)]["write"], drive)
            self.rewritten += 1
        await self._settled()

    async def _write(self, payload: int, drive: Pattern) -> None:
        """Write a row; returns after the edge at which it is taken."""
        dut, taken = self.dut, False
        while not taken:
            offered = bool(dut.w__valid.value) or drive()
            dut.w__valid.value, dut.w__payload.value = int(offered), payload
            await ReadOnly()
            taken = offered and bool(dut.w__ready.value)
            await RisingEdge(dut.clk)
            self.filling = _TRAITS.tables
        dut.w__valid.value = 0

    async def _settled(self) -> None:
        """What was taken last may still be at work."""
        while self.filling:
            await ReadOnly()
            self.filling = not bool(self.dut.w__ready.value)
            await RisingEdge(self.dut.clk)

    async def edge(self) -> None:
        """The end of a cycle: the rising edge, or 10 ns if the unit has no clock."""
        await (RisingEdge(self.dut.clk) if _CASE.latency_cycles else Timer(10, "ns"))
        self.cycle += 1

    async def run(self, drive: Pattern, take: Pattern, *, stop_after: int | None = None) -> None:
        """Send all beats and take all results, or stop after so many results, with beats inside if that can be."""
        dut, offered = self.dut, False
        limit = self.cycle + 64 * _INTERVAL * len(self.inputs) + 100
        goal = len(self.inputs) if stop_after is None else stop_after
        while self.board.received < goal or (stop_after is not None and _CASE.latency_cycles and not self.inside):
            assert self.cycle < limit, f"no progress: {len(self.accepted)} beats in, {self.board.received} out"
            offered = len(self.accepted) < len(self.inputs) and (offered or drive())
            taking = take() if _ELASTIC else True
            dut.i__valid.value = int(offered)
            # An idle input carries garbage: it must not matter.
            dut.i__payload.value = self.inputs[len(self.accepted)] if offered else self.cycle & self.mask
            if _ELASTIC:
                dut.o__ready.value = int(taking)
            await ReadOnly()
            ready = not _ELASTIC or bool(dut.i__ready.value)
            held = self.inside
            # A unit that takes several cycles for a beat says so by its ready; writing a table of weights may stall it.
            assert ready or _INTERVAL > 1 or self.filling or held == _CASE.latency_cycles, (
                f"cycle {self.cycle}: input stalled with {held} beats inside")
            write = self._write_state()
            assert write != "held" or self.filling or not (offered and ready), (
                f"cycle {self.cycle}: a row was not taken as a beat was accepted")
            _COVERAGE.cycle(offered=offered, ready=ready, valid=bool(dut.o__valid.value), taking=taking, inside=held,
                            write=write)
            if bool(dut.o__valid.value) and taking:
                bits = str(dut.o__payload.value)
                assert set(bits) <= set("01"), f"cycle {self.cycle}, beat {self.board.received}: undefined bits {bits}"
                self.board.check(self.cycle, int(bits, 2))
                self.delivered.append(self.cycle)
            if offered and ready:
                _COVERAGE.beat(self.inputs[len(self.accepted)])
                self._expect(len(self.accepted))
                self.accepted.append(self.cycle)
                offered = False
            await self.edge()

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
        for _ in range(_CASE.latency_cycles + _INTERVAL + 3):
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
    """Without stalls: one beat in each interval, after the latency; the manifest states both."""
    bench = await start(dut)
    await bench.run(pattern("none", "in"), pattern("none", "out"))
    first = bench.accepted[0]
    assert bench.accepted == list(range(first, first + _INTERVAL * len(bench.inputs), _INTERVAL)), "the input paused"
    latency = {out - into for into, out in zip(bench.accepted, bench.delivered, strict=True)}
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
    await bench.run(pattern("random", "in"), pattern("random", "out"), stop_after=min(100, len(bench.inputs) // 2))
    inside, bench = bench.inside, Bench(dut, beats=256)
    await bench.reset(inside)
    await bench.run(pattern("random", "in"), pattern("random", "out"))
    await bench.drained()


@cocotb.test(skip=not _JOB["writes"])
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

"""cocotb tests of an AXI4-Stream wrapper; they run inside the simulator (tests/boards/vcu128/test_axi.py)."""

import json
import os
import random
from itertools import pairwise
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer

_JOB = json.loads(Path(os.environ["QUADCIM_JOB"]).read_text())
_PROBABILITIES = [(1, 1), (0.5, 0.5), (0.9, 0.15), (0.15, 0.9)]
_SETTLES = 128  # cycles from weights to beats that surely meet them
_PASSED = ("tlast", "tuser") if _JOB["user_bits"] else ("tlast",)
_INPUTS = [prefix for prefix in ("s_axis", "s_axis_w") if prefix in _JOB["widths"]]


class _Bench:
    """Drives the inputs after the falling edge, looks at everything at the rising one."""

    def __init__(self, dut, name: str):
        self.dut, self.rng, self.got, self.held = dut, random.Random(f"{_JOB['seed']} {name}"), [], None
        self.waiting: dict[str, list[int]] = {prefix: [] for prefix in _INPUTS}
        self.cycle = 0
        self.results_at: list[int] = []
        self.taken_at: list[int] = []
        self.passed: list[tuple[int, ...]] = []  # what came with the beats that are inside

    async def reset(self) -> None:
        dut = self.dut
        dut.aresetn.value = 0
        dut.m_axis_tready.value = 0
        for prefix in _INPUTS:
            dut[f"{prefix}_tvalid"].value = 0
            dut[f"{prefix}_tdata"].value = 0
        self._pass(0, 0)
        Clock(dut.aclk, 10, "ns").start()
        await self.restart()

    async def restart(self) -> None:
        """A reset of some cycles, during which nothing is offered; what is inside is lost."""
        self.dut.aresetn.value = 0
        for prefix, waiting in self.waiting.items():
            self.dut[f"{prefix}_tvalid"].value = 0
            waiting.clear()
        self.passed.clear()
        self.held = None
        for _ in range(self.rng.randint(1, 3)):
            self.dut.m_axis_tready.value = self.rng.getrandbits(1)
            await FallingEdge(self.dut.aclk)
            assert not int(self.dut.m_axis_tvalid.value), "a result during a reset"
        self.dut.aresetn.value = 1

    def _pass(self, last: int, user: int) -> None:
        """What belongs to the beat on offer."""
        self.dut.s_axis_tlast.value = last
        if _JOB["user_bits"]:
            self.dut.s_axis_tuser.value = user

    def _passed(self, prefix: str) -> tuple[int, ...]:
        return tuple(int(self.dut[f"{prefix}_{part}"].value) for part in _PASSED)

    def _noise(self, prefix: str) -> int:
        return self.rng.getrandbits(8 * _JOB["widths"][prefix][1])

    def _drive(self, send: float, take: float) -> None:
        """Offer the next beat of each stream, unless one is on offer; bits that the unit has to ignore are noise."""
        for prefix, waiting in self.waiting.items():
            valid, data = self.dut[f"{prefix}_tvalid"], self.dut[f"{prefix}_tdata"]
            if not int(valid.value):
                bits, size = _JOB["widths"][prefix]
                if waiting and self.rng.random() < send:
                    valid.value = 1
                    data.value = (self._noise(prefix) >> bits << bits | waiting.pop(0)) & ((1 << 8 * size) - 1)
                else:
                    data.value = self._noise(prefix)
                if prefix == "s_axis":
                    # Frames of one beat too, one behind the other.
                    self._pass(int(self.rng.random() < 0.4), self.rng.getrandbits(max(1, _JOB["user_bits"])))
        self.dut.m_axis_tready.value = int(self.rng.random() < take)

    async def step(self, send: float, take: float) -> None:
        """One cycle."""
        dut = self.dut
        self._drive(send, take)
        await RisingEdge(dut.aclk)
        self.cycle += 1
        moved = [prefix for prefix in _INPUTS if int(dut[f"{prefix}_tvalid"].value) and int(
            dut[f"{prefix}_tready"].value)]
        valid, ready = int(dut.m_axis_tvalid.value), int(dut.m_axis_tready.value)
        data = (int(dut.m_axis_tdata.value), self._passed("m_axis")) if valid else None
        assert self.held is None or data == self.held, "a result changed while it was stalled"
        self.held = None if ready else data
        if data and ready:
            assert self.passed, "a result of no beat"
            assert data[1] == self.passed.pop(0), "TLAST and TUSER are those of another beat"
            self.got.append(data[0])
            self.results_at.append(self.cycle)
        if "s_axis" in moved:
            self.taken_at.append(self.cycle)
            self.passed.append(self._passed("s_axis"))
        await FallingEdge(dut.aclk)
        for prefix in moved:
            dut[f"{prefix}_tvalid"].value = 0
        await Timer(1, "ps")

    async def load(self, run: dict, send: float, take: float) -> None:
        """Load the weights, if there are any."""
        if run["weights"]:
            self.waiting["s_axis_w"] = list(run["weights"])
            limit = self.cycle + 1000 * len(run["weights"])
            while self.waiting["s_axis_w"] and self.cycle < limit:
                await self.step(send, take)
            for _ in range(_SETTLES):
                await self.step(1, 1)

    async def play(self, run: dict, send: float, take: float) -> None:
        """Play all inputs."""
        self.got.clear()
        self.waiting["s_axis"] = list(run["inputs"])
        limit = self.cycle + 1000 * len(run["inputs"])
        while len(self.got) < len(run["expected"]) and self.cycle < limit:
            await self.step(send, take)
        for _ in range(20):
            await self.step(1, 1)
        assert self.got == run["expected"]
        assert not self.passed


@cocotb.test()
async def every_result_right_and_in_order(dut):
    bench = _Bench(dut, "order")
    await bench.reset()
    for index, run in enumerate(_JOB["runs"]):
        for send, take in _PROBABILITIES if index == 0 else _PROBABILITIES[1:2]:
            await bench.load(run, send, take)
            await bench.play(run, send, take)


@cocotb.test()
async def resets_in_mid_stream(dut):
    """Nothing of a beat before a reset comes out after it; weights stay."""
    bench = _Bench(dut, "resets")
    await bench.reset()
    run = _JOB["runs"][0]
    await bench.load(run, 1, 1)
    for send, take in (_PROBABILITIES * 5)[1:]:
        bench.waiting["s_axis"] = list(run["inputs"])
        # Long enough to fill the unit and the queues.
        for _ in range(bench.rng.randint(1, (_JOB["latency"] + 4) * _JOB["interval"] * 2)):
            await bench.step(send, take)
        await bench.restart()
    await bench.play(run, 0.7, 0.7)


@cocotb.test()
async def full_rate_and_one_cycle_more_than_the_unit(dut):
    bench = _Bench(dut, "rate")
    await bench.reset()
    await bench.load(_JOB["runs"][0], 1, 1)
    await bench.play(_JOB["runs"][0], 1, 1)
    count = len(_JOB["runs"][0]["inputs"])
    results = bench.results_at[-count:]
    assert {after - before for before, after in pairwise(results)} == {_JOB["interval"]}
    # The slice takes the first beat a cycle before the unit begins with its first plane.
    assert results[0] - bench.taken_at[0] == _JOB["latency"] + _JOB["interval"]


@cocotb.test()
async def a_long_stall_costs_no_more_than_itself(dut):
    """The wrapper takes two beats more than the unit; then each result that leaves makes room for a beat."""
    bench = _Bench(dut, "stall")
    await bench.reset()
    inputs, inside = _JOB["runs"][0]["inputs"], _JOB["capacity"] + 2
    beats = (inputs * (1 + 4 * inside // len(inputs)))[:4 * inside]
    bench.waiting["s_axis"] = list(beats)
    for _ in range((inside + _JOB["latency"] + 8) * _JOB["interval"]):
        await bench.step(1, 0)
    assert len(bench.taken_at) == len(bench.passed) == inside
    while bench.passed or bench.waiting["s_axis"]:
        await bench.step(1, 1)
    assert len(bench.results_at) == len(beats)
    waits = [after - before for before, after in pairwise(bench.results_at)]
    assert max(waits) <= _JOB["interval"]
    assert set(waits[inside:]) == {_JOB["interval"]}


@cocotb.test()
async def no_combinational_path_from_port_to_port(dut):
    bench = _Bench(dut, "paths")
    await bench.reset()
    passed = [f"axis_{part}" for part in _PASSED]
    inputs = ["m_axis_tready", *(f"s_{name}" for name in passed),
              *(f"{prefix}_{part}" for prefix in _INPUTS for part in ("tvalid", "tdata"))]
    outputs = ["m_axis_tvalid", "m_axis_tdata", *(f"m_{name}" for name in passed),
               *(f"{prefix}_tready" for prefix in _INPUTS)]
    for _ in range(60):
        before = [str(dut[name].value) for name in outputs]
        for name in inputs:
            dut[name].value = bench.rng.getrandbits(len(dut[name]))
            await Timer(1, "ps")
            assert [str(dut[output].value) for output in outputs] == before, name
        await FallingEdge(dut.aclk)
        await Timer(1, "ps")

"""cocotb tests of an AXI4-Stream wrapper; they run inside the simulator (tests/boards/test_axi.py)."""

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
_INPUTS = [prefix for prefix in ("s_axis", "s_axis_w") if prefix in _JOB["widths"]]


class _Bench:
    """Drives the inputs after the falling edge, looks at everything at the rising one."""

    def __init__(self, dut, name: str):
        self.dut, self.rng, self.got, self.held = dut, random.Random(f"{_JOB['seed']} {name}"), [], None
        self.waiting: dict[str, list[int]] = {prefix: [] for prefix in _INPUTS}
        self.cycle = 0
        self.results_at: list[int] = []
        self.taken_at: list[int] = []

    async def reset(self) -> None:
        dut = self.dut
        dut.aresetn.value = 0
        dut.m_axis_tready.value = 0
        for prefix in _INPUTS:
            dut[f"{prefix}_tvalid"].value = 0
            dut[f"{prefix}_tdata"].value = 0
        Clock(dut.aclk, 10, "ns").start()
        for _ in range(3):
            await FallingEdge(dut.aclk)
        dut.aresetn.value = 1

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
        data = int(dut.m_axis_tdata.value) if valid else None
        assert self.held is None or data == self.held, "a result changed while it was stalled"
        self.held = None if ready else data
        if valid and ready:
            self.got.append(data)
            self.results_at.append(self.cycle)
        self.taken_at += [self.cycle] * ("s_axis" in moved)
        await FallingEdge(dut.aclk)
        for prefix in moved:
            dut[f"{prefix}_tvalid"].value = 0
        await Timer(1, "ps")

    async def play(self, run: dict, send: float, take: float) -> None:
        """Load weights, then play all inputs."""
        if run["weights"]:
            self.waiting["s_axis_w"] = list(run["weights"])
            limit = self.cycle + 1000 * len(run["weights"])
            while self.waiting["s_axis_w"] and self.cycle < limit:
                await self.step(send, take)
            for _ in range(_SETTLES):
                await self.step(1, 1)
        self.got.clear()
        self.waiting["s_axis"] = list(run["inputs"])
        limit = self.cycle + 1000 * len(run["inputs"])
        while len(self.got) < len(run["expected"]) and self.cycle < limit:
            await self.step(send, take)
        for _ in range(20):
            await self.step(1, 1)
        assert self.got == run["expected"]


@cocotb.test()
async def every_result_right_and_in_order(dut):
    bench = _Bench(dut, "order")
    await bench.reset()
    for index, run in enumerate(_JOB["runs"]):
        for send, take in _PROBABILITIES if index == 0 else _PROBABILITIES[1:2]:
            await bench.play(run, send, take)


@cocotb.test()
async def full_rate_and_one_cycle_more_than_the_unit(dut):
    bench = _Bench(dut, "rate")
    await bench.reset()
    await bench.play(_JOB["runs"][0], 1, 1)
    count = len(_JOB["runs"][0]["inputs"])
    results = bench.results_at[-count:]
    assert {after - before for before, after in pairwise(results)} == {_JOB["interval"]}
    # The slice takes the first beat a cycle before the unit begins with its first plane.
    assert results[0] - bench.taken_at[0] == _JOB["latency"] + _JOB["interval"]


@cocotb.test()
async def no_combinational_path_from_port_to_port(dut):
    bench = _Bench(dut, "paths")
    await bench.reset()
    inputs = ["m_axis_tready", *(f"{prefix}_{part}" for prefix in _INPUTS for part in ("tvalid", "tdata"))]
    outputs = ["m_axis_tvalid", "m_axis_tdata", *(f"{prefix}_tready" for prefix in _INPUTS)]
    for _ in range(60):
        before = [str(dut[name].value) for name in outputs]
        for name in inputs:
            dut[name].value = bench.rng.getrandbits(len(dut[name]))
            await Timer(1, "ps")
            assert [str(dut[output].value) for output in outputs] == before, name
        await FallingEdge(dut.aclk)
        await Timer(1, "ps")

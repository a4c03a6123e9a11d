"""The unit's Amaranth description in Amaranth's own simulator, against the golden model."""

import itertools
import random
import re

import pytest
import torch
from amaranth.sim import Simulator

from quadcim.hw.activation.plans import unit_plan, unit_steps
from quadcim.hw.activation.units import create_unit
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.models.activation import golden
from tests.conftest import make_unit

pytestmark = pytest.mark.shared_seeds


def stream_through(unit, inputs: list[int], *, pause: float, draw: random.Random) -> list[int]:
    """What comes out for `inputs`; both sides pause with a probability."""
    dut, outputs = create_unit(unit), []
    elastic = unit.flow_control == "elastic"

    async def produce(ctx):
        for raw in inputs:
            while draw.random() < pause:
                await ctx.tick()
            ctx.set(dut.i.payload, raw)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)

    async def consume(ctx):
        while len(outputs) < len(inputs):
            taking = not elastic or draw.random() >= pause
            if elastic:
                ctx.set(dut.o.ready, taking)
            _, _, valid, payload = await ctx.tick().sample(dut.o.valid, dut.o.payload)
            if valid and taking:
                outputs.append(payload)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(produce, background=True)
    simulator.add_testbench(consume)
    simulator.run()
    return outputs


@pytest.mark.parametrize("rounding, stages, flow_control", [
    *itertools.product(["nearest", "faithful"], [1, 2, 5], ["elastic", "always"]), ("truncate", 3, "elastic")])
def test_every_input_in_amaranth_s_simulator(rounding, stages, flow_control, seed):
    unit = make_unit("SQ2.6", "SQ1.7", rounding, stages, flow_control)
    inputs = list(range(-128, 128))
    draw = random.Random(f"{seed} {unit.name}")
    draw.shuffle(inputs)
    want = golden(unit.activation)(torch.tensor(inputs)).tolist()
    assert stream_through(unit, inputs, pause=0.3, draw=draw) == want


def test_register_bits_of_the_plan_are_those_of_the_verilog():
    # The plan minimises them: they must be what is built.
    deepest = len(unit_steps(make_unit("SQ2.14", "SQ2.14", "faithful", 0, "always"))) + 1
    for stages in (*range(1, 8), deepest):
        unit = make_unit("SQ2.14", "SQ2.14", "faithful", stages, "always")
        text = emit_verilog(create_unit(unit), name=unit.name, header="").text
        widths = re.findall(r"\breg (?:signed )?(?:\[(\d+):0\] )?", text)
        assert sum(int(width or 0) + 1 for width in widths) == unit_plan(unit).register_bits + stages

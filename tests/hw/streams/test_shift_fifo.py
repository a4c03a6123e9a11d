# amaranth: UnusedElaboratable=no
"""The queue in shift registers: order, room, and what it takes of an FPGA."""

import random
import re

import pytest
from amaranth.sim import Simulator

from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.emit.yosys import run_passes
from quadcim.hw.streams.shift_fifo import ShiftFifo

pytestmark = pytest.mark.shared_seeds


@pytest.mark.parametrize("depth", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("send, take", [(0.9, 0.2), (0.3, 0.9), (1, 1)])
def test_it_is_a_queue_of_so_many(depth, send, take, seed):
    """Beside a list, in every cycle; a beat that comes while it is full is not taken."""
    fifo, rng, held = ShiftFifo(width=9, depth=depth), random.Random(f"{seed} {depth} {send}"), []

    async def testbench(ctx):
        for _ in range(300):
            payload, comes, goes = rng.getrandbits(9), rng.random() < send, rng.random() < take
            ctx.set(fifo.i.payload, payload)
            ctx.set(fifo.i.valid, comes)
            ctx.set(fifo.o.ready, goes)
            assert (ctx.get(fifo.i.ready), ctx.get(fifo.o.valid)) == (len(held) < depth, bool(held))
            taken = comes and len(held) < depth
            if held:
                assert ctx.get(fifo.o.payload) == held[0]
                held[:] = held[goes:]
            held.extend([payload] * taken)
            await ctx.tick()

    simulator = Simulator(fifo)
    simulator.add_clock(1e-8)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("width, depth, registers", [(1, 5, "SRL16E"), (33, 16, "SRL16E"), (9, 20, "SRLC32E")])
def test_a_lut_a_bit(width, depth, registers, tmp_path):
    """As Yosys maps it to UltraScale+; as Vivado's guide to synthesis asks for dynamic shift registers (UG901)."""
    verilog, said = tmp_path / "fifo.v", tmp_path / "cells"
    verilog.write_text(emit_verilog(ShiftFifo(width=width, depth=depth), name="fifo", header="").text)
    run_passes(["read_verilog", str(verilog)], "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -top fifo",
               ["tee", "-q", "-o", str(said), "stat"])
    cells = {kind: int(count) for count, kind in re.findall(r"^ +(\d+) +([A-Z]\w+)$", said.read_text(), re.MULTILINE)}
    assert cells[registers] == width
    assert sum(count for kind, count in cells.items() if kind.startswith("FD")) == (depth - 1).bit_length() + 1
    assert sum(count for kind, count in cells.items() if re.fullmatch(r"LUT[2-6]", kind)) <= 12

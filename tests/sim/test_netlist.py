"""Memories in the bulk simulator: what they read, against lists; small ones are gates, large ones are kept."""

import random

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from benchmarks.memory import RamUnit, expected_beats
from quadcim.hw.streams.memory import SyncMemory
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.design import write_design
from quadcim.sim.gate_engine import GateEngine
from quadcim.spec.timing import Timing

pytestmark = pytest.mark.shared_seeds

_BEATS = 3000


def _words(payloads, width):
    """Payloads as the simulator takes them."""
    size = -(-width // 32)
    return np.array([[payload >> 32 * word & 0xFFFFFFFF for word in range(size)] for payload in payloads], np.uint32)


def _memories(simulator):
    """What stays a memory."""
    assert isinstance(simulator.engine, GateEngine)
    return simulator.engine.netlist.memories


def _integers(words):
    return [sum(int(word) << 32 * place for place, word in enumerate(row)) for row in words]


@pytest.mark.parametrize("kept", [False, True], ids=["gates", "kept"])
def test_random_memories_read_what_was_written(kept, tmp_path, seed):
    draw = random.Random(f"{seed} {kept}")
    rows = draw.randrange(512, 1500) if kept else draw.randrange(2, 64)
    width, written, image = draw.choice((8, 9, 16, 33, 64, 65, 100)), draw.random() < 0.7, draw.random() < 0.5
    contents = [draw.getrandbits(width) for _ in range(rows)] if not written or image else []
    memory = SyncMemory(width=width, rows=rows, contents=contents, written=written, image=image)
    design = write_design(RamUnit(memory), tmp_path, timing=Timing(1, 1, 1))
    simulator = BulkSimulator(design)
    assert bool(_memories(simulator)) == kept
    address = (rows - 1).bit_length()
    few = draw.randint(2, min(rows, 40))  # so that many are read after they were written
    beats = [(draw.getrandbits(1), draw.randrange(draw.choice((few, rows))), draw.getrandbits(width))
             for _ in range(_BEATS)]
    payloads = [write | row << 1 | data << 1 + address for write, row, data in beats]
    result = simulator.run(_words(payloads, 1 + address + width), input_pause=0.2, output_pause=0.2, seed=seed)
    expected = expected_beats(np.array(beats, dtype=object), simulator.share(_BEATS), rows=rows,
                              contents=np.array(contents, dtype=object), written=written)
    assert _integers(result.outputs) == expected.tolist()


class _Ports(wiring.Component):
    """A memory with two ports to write, one of them halves, and three to read: at once, by the clock, transparently."""

    i: stream.Interface
    o: stream.Interface

    def __init__(self, rows):
        self._rows = rows
        super().__init__({"i": In(stream.Signature(4 * 10 + 2 * 16 + 4)), "o": Out(stream.Signature(3 * 16))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=16, depth=self._rows, init=range(7, 7 + 3 * self._rows, 3))
        first, second = memory.write_port(), memory.write_port(granularity=8)
        at_once = memory.read_port(domain="comb")
        old, new = memory.read_port(), memory.read_port(transparent_for=(first, second))
        payload, accept = self.i.payload, self.i.valid & self.i.ready
        m.d.comb += [
            self.i.ready.eq(self.o.ready | ~self.o.valid),
            first.addr.eq(payload[0:10]), second.addr.eq(payload[10:20]),
            at_once.addr.eq(payload[20:30]), old.addr.eq(payload[20:30]), new.addr.eq(payload[30:40]),
            first.data.eq(payload[40:56]), second.data.eq(payload[56:72]),
            first.en.eq(accept & payload[72]), second.en.eq(payload[73:75] & accept.replicate(2)),
            old.en.eq(accept), new.en.eq(accept), self.o.payload[16:48].eq(old.data | new.data << 16),
        ]
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload[:16].eq(at_once.data)]
        return m


@pytest.mark.parametrize("rows", [40, 1000], ids=["gates", "kept"])
def test_memories_of_many_ports(rows, tmp_path, seed):
    draw = random.Random(f"{seed} {rows}")
    simulator = BulkSimulator(write_design(_Ports(rows), tmp_path, timing=Timing(1, 1, 1)))
    assert bool(_memories(simulator)) == (rows == 1000)
    beats = [([draw.randrange(draw.choice((4, rows))) for _ in range(4)], draw.getrandbits(16), draw.getrandbits(16),
              draw.getrandbits(1), draw.getrandbits(2)) for _ in range(64)]  # one copy has them all
    payloads = [sum(address << 10 * place for place, address in enumerate(addresses)) | first << 40 | second << 56
                | enable << 72 | halves << 73 for addresses, first, second, enable, halves in beats]
    memory, expected = [word & 0xFFFF for word in range(7, 7 + 3 * rows, 3)], []
    for (one, other, read, seen), first, second, enable, halves in beats:
        before = memory[read]
        # Amaranth leaves open which of two ports wins that write a row at once.
        if enable and not (halves and one == other):
            memory[one] = first
        mask = (halves & 1) * 0xFF | (halves >> 1) * 0xFF00
        memory[other] = memory[other] & ~mask | second & mask
        expected.append(before | before << 16 | memory[seen] << 32)
    distinct = [payload if not (halves and one == other) else payload & ~(1 << 72)
                for payload, ((one, other, *_), _first, _second, _enable, halves) in zip(payloads, beats, strict=True)]
    result = simulator.run(_words(distinct, 75), input_pause=0.3, output_pause=0.3, seed=seed)
    assert _integers(result.outputs) == expected

"""What memories of 16 rows are tried with: random cycles, what they read by the definition, and what Icarus reads."""

import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.verilog import EmittedVerilog
from quadcim.sim.tools import find_simulator
from quadcim.spec.errors import IllegalSetting

__all__ = ["ROWS", "Cycle", "Memories", "expected_reads", "random_cycles", "simulated_reads"]

ROWS, _CYCLES = 16, 400
Cycle = tuple[int, int, int, int, int]
"""Write enable, address and data, read enable and address."""


class Memories(wiring.Component):
    """Memories that are all written and read alike.

    Parameters
    ----------
    place : callable
        Adds a memory of some name to a module, connects it to this component's ports, and returns what it reads.
    width, rows, copies : int
        Bits of a row, rows, and how many memories there are.
    """

    w_address: Signal
    w_data: Signal
    w_enable: Signal
    r_address: Signal
    r_enable: Signal
    data_0: Signal

    def __init__(self, place: Callable, *, width: int = 8, rows: int = ROWS, copies: int = 1):
        bits = (rows - 1).bit_length()
        super().__init__({"w_address": In(bits), "w_data": In(width), "w_enable": In(1), "r_address": In(bits),
                          "r_enable": In(1), **{f"data_{copy}": Out(width) for copy in range(copies)}})
        self._place, self._copies = place, copies

    def elaborate(self, platform) -> Module:
        """Place the memories side by side."""
        m = Module()
        for copy in range(self._copies):
            m.d.comb += getattr(self, f"data_{copy}").eq(self._place(m, f"memory_{copy}", self))
        return m


def random_cycles(seed: int, rows: int = ROWS) -> list[Cycle]:
    """What is written and read in some cycles."""
    rng = random.Random(seed)
    return [(rng.getrandbits(1), rng.randrange(rows), rng.getrandbits(8), rng.getrandbits(1), rng.randrange(rows))
            for _ in range(_CYCLES)]


def expected_reads(cycles: Sequence[Cycle], *, contents: Sequence[int] = (), written: bool = True, width: int = 8,
                   at_once: bool = False, transparent: bool = False, known: bool = True) -> list[int | None]:
    """What is read before each edge, by the definition; None where nothing is known."""
    rows: list[int | None] = [*contents, *[0 if known else None] * (ROWS - len(contents))]
    data, results = None, []
    for w_enable, w_address, w_data, r_enable, r_address in cycles:
        results.append(rows[r_address] if at_once else data)
        before = rows[r_address]
        if w_enable and written:
            rows[w_address] = w_data & ((1 << width) - 1)
        if r_enable:
            data = rows[r_address] if transparent else before
    return results


_BENCH = """
module bench;
  reg clk = 0, rst = 0;
  reg [17:0] stimulus [0:{last}];
  integer cycle;
  reg [17:0] now = 0;
{wires}
  t dut({ports});
  initial begin
    $readmemh("stimulus.hex", stimulus);
    for (cycle = 0; cycle <= {last}; cycle = cycle + 1) begin
      now = stimulus[cycle];
      #1 $display("{form}", {results});
      clk = 1;
      #1 clk = 0;
    end
  end
endmodule
"""


def simulated_reads(folder: Path, emitted: EmittedVerilog, stimulus: Sequence[Cycle]) -> list[tuple[int | None, ...]]:
    """What Icarus reads before each edge from the memories of the module ``t``; None where that is unknown."""
    names = {name: width for name, _direction, width in emitted.ports}
    outputs = [name for name in names if name.startswith("data_")]
    connections = {"clk": "clk", "rst": "rst", "w_enable": "now[17]", "w_address": "now[16:13]",
                   "w_data": f"now[{4 + names.get('w_data', 1)}:5]", "r_enable": "now[4]", "r_address": "now[3:0]",
                   **{name: name for name in outputs}}
    wires = "\n".join(f"  wire [{names[name] - 1}:0] {name};" for name in outputs)
    (folder / "t.v").write_text(emitted.text)
    (folder / "bench.v").write_text(_BENCH.format(
        last=len(stimulus) - 1, wires=wires, form=" ".join(["%h"] * len(outputs)), results=", ".join(outputs),
        ports=", ".join(f".{name}({connections[name]})" for name in names)))
    (folder / "stimulus.hex").write_text("".join(
        f"{enable << 17 | address << 13 | data << 5 | read << 4 | row:05x}\n"
        for enable, address, data, read, row in stimulus))
    try:
        icarus = find_simulator("icarus").executable
    except IllegalSetting as error:
        pytest.skip(str(error))
    subprocess.run([icarus, "-g2005", "-Wall", "-s", "bench", "-o", "bench", "t.v", "bench.v"], cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True, text=True)
    return [tuple(None if "x" in word else int(word, 16) for word in line.split())
            for line in run.stdout.splitlines() if not line.startswith("ERROR: ")]  # of an image that is missing

"""Memories of Amaranth's library survive emission: tools accept them, and Icarus reads and writes them right."""

import random
import subprocess

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from quadcim.hw.verilog import emit_verilog
from quadcim.hw.yosys import run_passes
from quadcim.sim.tools import find_simulator
from quadcim.spec.errors import IllegalSetting
from tests.acceptance import icarus_accepts, slang_accepts, verilator_accepts

_ROWS, _WIDTH, _CYCLES = 16, 8, 400


class _Memories(wiring.Component):
    """Memories that are all written and read alike: read by the clock or at once."""

    w_address: Signal
    w_data: Signal
    w_enable: Signal
    r_address: Signal
    r_enable: Signal

    def __init__(self, *, contents=(), domain="sync", transparent=False, written=True, copies=1, width=_WIDTH):
        super().__init__({"w_address": In(4), "w_data": In(width), "w_enable": In(1), "r_address": In(4),
                          "r_enable": In(1), **{f"data_{copy}": Out(width) for copy in range(copies)}})
        self._settings = contents, domain, transparent, written, copies, width

    def elaborate(self, platform):
        contents, domain, transparent, written, copies, width = self._settings
        m = Module()
        for copy in range(copies):
            memory = Memory(shape=width, depth=_ROWS, init=contents)
            m.submodules[f"memory_{copy}"] = memory
            write = memory.write_port() if written else None
            seen = (write,) if write is not None and transparent else ()
            read = memory.read_port(domain=domain, transparent_for=seen)
            if write is not None:
                m.d.comb += [write.addr.eq(self.w_address), write.data.eq(self.w_data), write.en.eq(self.w_enable)]
            m.d.comb += [read.addr.eq(self.r_address), getattr(self, f"data_{copy}").eq(read.data)]
            if domain == "sync":
                m.d.comb += read.en.eq(self.r_enable)
        return m


_CONTENTS = tuple(range(3, 3 + 7 * _ROWS, 7))
_DESIGNS = {
    "ram": {}, "contents": {"contents": _CONTENTS}, "transparent": {"transparent": True},
    "at-once": {"domain": "comb"}, "rom": {"contents": _CONTENTS, "written": False},
    "rom-at-once": {"contents": _CONTENTS, "written": False, "domain": "comb"},
    "two": {"contents": _CONTENTS, "copies": 2}, "one-bit": {"width": 1, "contents": (1, 0, 1)},
}


def _expected(stimulus, *, contents=(), domain="sync", transparent=False, written=True, copies=1, width=_WIDTH):
    """What is read before each edge, by the definition; before the first synchronous read nothing is known."""
    rows, data, results = [*contents, *[0] * (_ROWS - len(contents))], None, []
    for w_enable, w_address, w_data, r_enable, r_address in stimulus:
        results.append(rows[r_address] if domain == "comb" else data)
        before = rows[r_address]
        if w_enable and written:
            rows[w_address] = w_data & ((1 << width) - 1)
        if r_enable:
            data = rows[r_address] if transparent else before
    return [(result,) * copies for result in results]


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


def _simulated(folder, text, ports, stimulus):
    """What Icarus reads before each edge; None where that is unknown."""
    names = {name: width for name, _direction, width in ports}
    outputs = [name for name in names if name.startswith("data_")]
    connections = {"clk": "clk", "rst": "rst", "w_enable": "now[17]", "w_address": "now[16:13]",
                   "w_data": f"now[{4 + names.get('w_data', 1)}:5]", "r_enable": "now[4]", "r_address": "now[3:0]",
                   **{name: name for name in outputs}}
    wires = "\n".join(f"  wire [{names[name] - 1}:0] {name};" for name in outputs)
    (folder / "t.v").write_text(text)
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
    return [tuple(None if "x" in word else int(word, 16) for word in line.split()) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("settings", _DESIGNS.values(), ids=_DESIGNS)
def test_icarus_reads_and_writes_right(settings, tmp_path, seed):
    rng = random.Random(seed)
    stimulus = [(rng.getrandbits(1), rng.getrandbits(4), rng.getrandbits(8), rng.getrandbits(1), rng.getrandbits(4))
                for _ in range(_CYCLES)]
    emitted = emit_verilog(_Memories(**settings), name="t", header="header")
    assert _simulated(tmp_path, emitted.text, emitted.ports, stimulus) == [
        (results if results[0] is not None else (None,) * len(results))
        for results in _expected(stimulus, **settings)]


@pytest.mark.parametrize("settings", _DESIGNS.values(), ids=_DESIGNS)
def test_tools_accept(settings, tmp_path):
    source = tmp_path / "t.v"
    source.write_text(emit_verilog(_Memories(**settings), name="t", header="header").text)
    icarus_accepts("t", [source])
    verilator_accepts("t", [source])
    slang_accepts([source])
    run_passes(["read_verilog", str(source)], "hierarchy -check -top t", "proc", "check -assert")


def test_standard_cells_have_no_initial_contents():
    text = emit_verilog(_Memories(), name="t", header="header", initialise=False).text
    assert "initial" not in text and "reg [7:0] memory_0 [15:0];" in text


@pytest.mark.parametrize("settings", [{"contents": _CONTENTS}, {"written": False}], ids=["contents", "never-written"])
def test_contents_are_not_lost_in_silence(settings):
    with pytest.raises(ValueError, match="memory memory_0: its contents would be lost without initial values"):
        emit_verilog(_Memories(**settings), name="t", header="header", initialise=False)

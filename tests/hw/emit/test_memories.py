"""Memories of Amaranth's library survive emission: tools accept them, and Icarus reads and writes them right."""

import pytest
from amaranth.lib.memory import Memory

from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.emit.yosys import run_passes
from tests.acceptance import icarus_accepts, slang_accepts, verilator_accepts
from tests.hw.memory_bench import ROWS, Memories, expected_reads, random_cycles, simulated_reads


def _design(*, contents=(), at_once=False, transparent=False, written=True, copies=1, width=8):
    def place(m, name, ports):
        m.submodules[name] = memory = Memory(shape=width, depth=ROWS, init=contents)
        write = memory.write_port() if written else None
        seen = (write,) if write is not None and transparent else ()
        read = memory.read_port(domain="comb" if at_once else "sync", transparent_for=seen)
        if write is not None:
            m.d.comb += [write.addr.eq(ports.w_address), write.data.eq(ports.w_data), write.en.eq(ports.w_enable)]
        m.d.comb += read.addr.eq(ports.r_address)
        if not at_once:
            m.d.comb += read.en.eq(ports.r_enable)
        return read.data

    return Memories(place, width=width, copies=copies)


_CONTENTS = tuple(range(3, 3 + 7 * ROWS, 7))
_DESIGNS = {
    "ram": {}, "contents": {"contents": _CONTENTS}, "transparent": {"transparent": True},
    "at-once": {"at_once": True}, "rom": {"contents": _CONTENTS, "written": False},
    "rom-at-once": {"contents": _CONTENTS, "written": False, "at_once": True},
    "two": {"contents": _CONTENTS, "copies": 2}, "one-bit": {"width": 1, "contents": (1, 0, 1)},
}


@pytest.mark.parametrize("settings", _DESIGNS.values(), ids=_DESIGNS)
def test_icarus_reads_and_writes_right(settings, tmp_path, seed):
    cycles, copies = random_cycles(seed), settings.get("copies", 1)
    expected = expected_reads(cycles, **{name: value for name, value in settings.items() if name != "copies"})
    emitted = emit_verilog(_design(**settings), name="t", header="header")
    assert simulated_reads(tmp_path, emitted, cycles) == [(read,) * copies for read in expected]


@pytest.mark.parametrize("settings", _DESIGNS.values(), ids=_DESIGNS)
def test_tools_accept(settings, tmp_path):
    source = tmp_path / "t.v"
    source.write_text(emit_verilog(_design(**settings), name="t", header="header").text)
    icarus_accepts("t", [source])
    verilator_accepts("t", [source])
    slang_accepts([source])
    run_passes(["read_verilog", str(source)], "hierarchy -check -top t", "proc", "check -assert")


def test_standard_cells_have_no_initial_contents():
    text = emit_verilog(_design(), name="t", header="header", initialise=False).text
    assert "initial" not in text and "reg [7:0] memory_0 [15:0];" in text


@pytest.mark.parametrize("settings", [{"contents": _CONTENTS}, {"written": False}], ids=["contents", "never-written"])
def test_contents_are_not_lost_in_silence(settings):
    with pytest.raises(ValueError, match="memory memory_0: its contents would be lost without initial values"):
        emit_verilog(_design(**settings), name="t", header="header", initialise=False)

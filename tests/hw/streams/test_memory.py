# amaranth: UnusedElaboratable=no
"""Memories of our own: what they read, what tools say to them, and what synthesis makes of them."""

import json
import random
from collections import Counter

import pytest
from amaranth.sim import Simulator

from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.emit.yosys import run_passes
from quadcim.hw.streams.memory import SyncMemory, image_text, read_image
from quadcim.spec.errors import IllegalSetting
from tests.acceptance import icarus_accepts, slang_accepts, verilator_accepts
from tests.hw.memory_bench import ROWS, Memories, expected_reads, random_cycles, simulated_reads

_CONTENTS = tuple(range(3, 3 + 7 * ROWS, 7))
_DESIGNS = {
    "ram": {}, "contents": {"contents": _CONTENTS}, "image": {"contents": _CONTENTS, "image": True},
    "rom": {"contents": _CONTENTS, "written": False}, "rom-image": {"contents": _CONTENTS, "written": False,
                                                                   "image": True},
    "block": {"style": "block"}, "rom-distributed": {"contents": _CONTENTS, "written": False, "style": "distributed"},
    "ultra": {"style": "ultra"}, "macro": {"style": "macro"}, "one-bit": {"width": 1},
}
_STANDARD_CELLS = {name: _DESIGNS[name] for name in ("ram", "rom", "rom-image", "macro")}


def _design(*, width=8, rows=ROWS, **settings):
    def place(m, name, ports):
        m.submodules[name] = memory = SyncMemory(width=width, rows=rows, **settings)
        m.d.comb += [memory.read_address.eq(ports.r_address), memory.read_enable.eq(ports.r_enable)]
        if settings.get("written", True):
            m.d.comb += [memory.write_address.eq(ports.w_address), memory.write_data.eq(ports.w_data),
                         memory.write_enable.eq(ports.w_enable)]
        return memory.read_data

    return Memories(place, width=width, rows=rows)


def _written(folder, emitted):
    """The files of a design in a folder; returns the source."""
    for name, text in {"t.v": emitted.text, **emitted.images}.items():
        (folder / name).write_text(text)
    return folder / "t.v"


def _reads(settings, cycles, *, known=False):
    wanted = {name: value for name, value in settings.items() if name in ("contents", "written", "width")}
    return expected_reads(cycles, known=known, **wanted)


@pytest.mark.parametrize("initialise", [True, False], ids=["fpga", "asic"])
@pytest.mark.parametrize("name", _DESIGNS)
def test_icarus_reads_and_writes_by_the_definition(name, initialise, tmp_path, seed):
    if not initialise and name not in _STANDARD_CELLS:
        pytest.skip("needs its contents")
    emitted = emit_verilog(_design(**_DESIGNS[name]), name="t", header="header", initialise=initialise)
    _written(tmp_path, emitted)
    cycles = random_cycles(seed)
    assert simulated_reads(tmp_path, emitted, cycles) == [(read,) for read in _reads(_DESIGNS[name], cycles)]


@pytest.mark.parametrize("settings", _DESIGNS.values(), ids=_DESIGNS)
def test_amaranth_reads_and_writes_by_the_definition(settings, seed):
    design, cycles, found = _design(**settings), random_cycles(seed), []

    async def drive(context):
        for w_enable, w_address, w_data, r_enable, r_address in cycles:
            for port, value in (("w_enable", w_enable), ("w_address", w_address), ("w_data", w_data),
                                ("r_enable", r_enable), ("r_address", r_address)):
                context.set(getattr(design, port), value)
            found.append(context.get(design.data_0))
            await context.tick()

    simulator = Simulator(design)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    # In Amaranth's simulator what is unknown is 0.
    assert found == [read or 0 for read in _reads(settings, cycles, known=True)]


@pytest.mark.parametrize("settings", _DESIGNS.values(), ids=_DESIGNS)
def test_tools_accept(settings, tmp_path):
    source = _written(tmp_path, emit_verilog(_design(**settings), name="t", header="header"))
    icarus_accepts("t", [source])
    verilator_accepts("t", [source])
    slang_accepts([source])
    run_passes(["read_verilog", source], "hierarchy -check -top t", "proc", "check -assert",
               beside=tmp_path.glob("*.hex"))


_INFERRED = {
    "block": ({"rows": 4096, "style": "block"}, {"RAMB36E2": 1}),
    "block_image": ({"rows": 1024, "width": 36, "style": "block", "image": True}, {"RAMB36E2": 1}),
    "block_rom": ({"rows": 512, "style": "block", "written": False}, {"RAMB18E2": 1}),
    "small_block": ({"rows": 16, "style": "block"}, {"RAMB18E2": 1}),
    "distributed": ({"rows": 64, "style": "distributed"}, {"RAM64M8": 2}),
    "deep_distributed": ({"rows": 512, "style": "distributed"}, {"RAM64M8": 16}),
    "distributed_rom": ({"rows": 256, "style": "distributed", "written": False}, {}),
    "ultra": ({"rows": 4096, "width": 72, "style": "ultra"}, {"URAM288": 1}),
    "small_ultra": ({"rows": 16, "style": "ultra"}, {"URAM288": 1}),
    "deep_ultra": ({"rows": 16384, "width": 72, "style": "ultra"}, {"URAM288": 4}),
}


def test_synthesis_infers_what_was_asked_for(tmp_path):
    """All side by side in one design, since Yosys reads its library of cells each time."""
    draw, ports, instances, sources = random.Random(1), [], [], []
    for name, (asked, _cells) in _INFERRED.items():
        settings = {"width": 8} | asked
        if settings.get("image") or not settings.get("written", True):
            settings["contents"] = [draw.getrandbits(settings["width"]) for _ in range(settings["rows"])]
        emitted = emit_verilog(_design(**settings), name=name, header="")
        sources.append(tmp_path / f"{name}.v")
        for file, text in {f"{name}.v": emitted.text, **emitted.images}.items():
            (tmp_path / file).write_text(text)
        ports += [f"{direction} wire [{width - 1}:0] {name}_{port}" for port, direction, width in emitted.ports]
        instances.append(f"{name} {name}({', '.join(f'.{port}({name}_{port})' for port, *_ in emitted.ports)});")
    (tmp_path / "top.v").write_text("\n".join([f"module top({', '.join(ports)});", *instances, "endmodule", ""]))
    netlist = tmp_path / "top.json"
    run_passes(*(["read_verilog", source] for source in (*sources, tmp_path / "top.v")),
               "synth_xilinx -family xcup -top top -noiopad -noclkbuf", ["write_json", str(netlist)],
               beside=tmp_path.glob("*.hex"))
    modules = json.loads(netlist.read_text())["modules"]
    for name, (_asked, cells) in _INFERRED.items():
        found = Counter(cell["type"] for cell in modules[f"{name}_memory_0"]["cells"].values())
        assert {cell: count for cell, count in found.items() if "RAM" in cell} == cells, name


def test_ultraram_has_no_initial_contents():
    assert "initial" not in emit_verilog(_design(style="ultra"), name="t", header="").text
    with pytest.raises(IllegalSetting, match="contents must be none in UltraRAM"):
        SyncMemory(width=8, rows=4, contents=(1, 2, 3, 4), style="ultra")


def test_an_image_is_named_by_a_parameter_and_holds_a_line_a_row():
    emitted = emit_verilog(_design(contents=_CONTENTS, image=True), name="t", header="")
    assert 'parameter INIT_FILE = "t_memory_0.hex"' in emitted.text
    assert emitted.images == {"t_memory_0.hex": "".join(f"{word:02x}\n" for word in _CONTENTS)}
    assert emit_verilog(_design(contents=_CONTENTS), name="t", header="").images == {}


def test_without_its_image_nothing_is_known(tmp_path):
    emitted = emit_verilog(_design(contents=_CONTENTS, image=True, written=False), name="t", header="header")
    (tmp_path / "t.v").write_text(emitted.text)
    assert {read for reads in simulated_reads(tmp_path, emitted, random_cycles(1)) for read in reads} == {None}


@pytest.mark.parametrize(("settings", "message"), [
    ({"rows": 1}, "rows must be 2 to"), ({"width": 0}, "width must be 1 to"),
    ({"style": "slow"}, "style must be one of auto, block"),
    ({"contents": (1, 2, 3)}, "contents must be a word for each of 16 rows, got '3 words'"),
    ({"contents": (256,) * 16}, "contents must be 0 to 255, got 256"),
    ({"contents": (-1,) * 16}, "contents must be 0 to 255, got -1"),
    ({"written": False}, "contents must be there"), ({"image": True}, "image must be False"),
])
def test_illegal_memories(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        SyncMemory(**{"width": 8, "rows": 16} | settings)


def test_an_image_is_read_back(tmp_path, seed):
    draw = random.Random(seed)
    for width in (1, 4, 7, 8, 65):
        words = tuple(draw.getrandbits(width) for _ in range(ROWS))
        (tmp_path / "image.hex").write_text(image_text(words, width))
        assert read_image(tmp_path / "image.hex", rows=ROWS, width=width) == words


@pytest.mark.parametrize("text", ["", "0\n" * 15, "0\n" * 17, "0\n" * 15 + "100\n", "0\n" * 15 + "x\n",
                                  "0\n" * 15 + "-1\n", "0\n" * 15 + "\n", "0\n" * 15 + "// end\n", "0 0\n" * 16, "é\n"])
def test_other_images_are_refused(text, tmp_path):
    (tmp_path / "image.hex").write_text(text)
    with pytest.raises(IllegalSetting, match="image must be a file of 16 lines, each a word of 8 bits"):
        read_image(tmp_path / "image.hex", rows=16, width=8)
    with pytest.raises(IllegalSetting, match=r"none.hex \(FileNotFoundError\)"):
        read_image(tmp_path / "none.hex", rows=16, width=8)


def test_standard_cells_hold_constants_as_logic():
    text = emit_verilog(_design(contents=_CONTENTS, written=False, image=True), name="t", header="",
                        initialise=False)
    assert "initial" not in text.text and not text.images and "case (read_address)" in text.text
    with pytest.raises(ValueError, match="memory t_memory_0: its contents would be lost without initial values"):
        emit_verilog(_design(contents=_CONTENTS), name="t", header="", initialise=False)


def test_a_hard_macro_is_handed_over():
    emitted = emit_verilog(_design(style="macro"), name="t", header="", initialise=False)
    (macro,) = emitted.hard_macros
    assert (macro.name, macro.bits, macro.synchronous, macro.selects) == ("memory_0", 128, True, ())
    assert "_style" not in emitted.text
    assert emit_verilog(_design(), name="t", header="", initialise=False).hard_macros == ()

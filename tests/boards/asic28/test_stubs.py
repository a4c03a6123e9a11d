"""Stubs of hard macros, read back by what others wrote: KLayout reads LEF, Yosys and OpenSTA read Liberty."""

import json
import re
import subprocess
from pathlib import Path

import klayout.db as kdb
import pytest

from quadcim.cores.cases import CoreCase
from quadcim.hw.emit.yosys import run_passes
from quadcim.spec.cim import CimMacro
from tests.boards.asic28.cases import MACROS, build
from tests.synth.libraries import NEEDS_STA

_SPECS = {"one bit": CimMacro(1, 1, 1), "a tall one": CimMacro(64, 1, 1, banks=2)}


@pytest.fixture(params=[*MACROS, *_SPECS])
def case(request, make_case) -> CoreCase:
    if request.param in _SPECS:
        return make_case(_SPECS[request.param], "asic28")
    return build(request.param, make_case)


def _stub(case: CoreCase, ending: str) -> Path:
    return case.folder / f"asic28/{case.top}_bit_cells{ending}"


def _ports(path: Path, module: str, scratch: Path, *read: str) -> dict[str, tuple[str, int]]:
    """Direction and width of a module's ports, by Yosys."""
    run_passes([*read, str(path)], "proc", ["write_json", str(scratch / "module.json")])
    ports = json.loads((scratch / "module.json").read_text())["modules"][module]["ports"]
    return {name: (port["direction"], len(port["bits"])) for name, port in ports.items()}


def _expected(case: CoreCase) -> dict[str, tuple[str, int]]:
    macro = case.spec
    bank = {"bank": ("input", macro.bank_bits)} if macro.banks > 1 else {}
    return {"clk": ("input", 1), "data": ("input", 1), "write": ("input", macro.rows * macro.banks),
            "weights": ("output", macro.rows), **bank}


def test_black_box_and_liberty_have_the_ports_of_the_module(case, tmp_path):
    module = f"{case.top}_bit_cells"
    rtl = case.folder / f"rtl/{case.top}.v"
    expected = _expected(case)
    assert _ports(rtl, module, tmp_path, "read_verilog") == expected
    assert _ports(_stub(case, "_stub.v"), module, tmp_path, "read_verilog") == expected
    assert _ports(_stub(case, ".lib"), module, tmp_path, "read_liberty", "-lib") == expected


@NEEDS_STA
def test_liberty_in_opensta(case, tmp_path):
    """Arcs and checks, from what OpenSTA reports of a netlist that is the macro alone."""
    ports = _expected(case)
    names = ", ".join(ports)
    wires = "".join(f"  {direction} {f'[{width - 1}:0] ' if width > 1 else ''}{name};\n"
                    for name, (direction, width) in ports.items())
    connections = ", ".join(f".{name}({name})" for name in ports)
    (tmp_path / "top.v").write_text(
        f"module top({names});\n{wires}  {case.top}_bit_cells u({connections});\nendmodule\n")
    (tmp_path / "script.tcl").write_text(f"""\
read_liberty {_stub(case, ".lib")}
read_verilog top.v
set link_make_black_boxes 0
puts "linked [link_design top]"
create_clock -name clk -period 1 [get_ports clk]
set_input_delay 0.1 -clock clk [get_ports data]
set_input_delay 0.1 -clock clk [get_ports {{write* {"bank*" if "bank" in ports else ""}}}]
set_output_delay 0 -clock clk [all_outputs]
puts "== clock"
report_checks -from u/clk -digits 3
puts "== setup"
report_checks -to u/data -digits 3
puts "== hold"
report_checks -path_delay min -to u/data -digits 3
puts "== bank"
{"report_checks -through u/bank* -digits 3" if "bank" in ports else ""}
""")
    run = subprocess.run(["sta", "-no_splash", "-exit", "script.tcl"], cwd=tmp_path, capture_output=True, text=True,
                         check=True)
    said = run.stdout
    assert "linked 1" in said and "rror" not in run.stdout + run.stderr, run.stdout + run.stderr
    assert re.search(r"0\.100 +0\.100 [v^] u/weights\S* \(", said.partition("== clock")[2])
    assert re.search(r"-0\.040 +\S+ +library setup time", said.partition("== setup")[2])
    assert re.search(r"0\.010 +\S+ +library hold time", said.partition("== hold")[2])
    through_bank = re.search(r"0\.080 +0\.180 [v^] u/weights\S* \(", said.partition("== bank")[2])
    assert bool(through_bank) == ("bank" in ports)


def _layout(path: Path) -> kdb.Layout:
    options = kdb.LoadLayoutOptions()
    # The file alone is the layout, not a library of macros for a DEF.
    options.lefdef_config.macro_resolution_mode = 1
    layout = kdb.Layout()
    layout.read(str(path), options)
    return layout


def _boxes(layout: kdb.Layout, layer: str) -> list[kdb.Box]:
    index, = (index for index in layout.layer_indexes() if layout.get_info(index).name == layer)
    return [shape.box for shape in layout.top_cell().shapes(index).each()]


def _region(boxes: list[kdb.Box]) -> kdb.Region:
    region = kdb.Region()
    for box in boxes:
        region.insert(box)
    return region


def _labels(layout: kdb.Layout, layer: str) -> dict[str, tuple[int, int]]:
    index, = (index for index in layout.layer_indexes() if layout.get_info(index).name == layer)
    texts = [shape.text for shape in layout.top_cell().shapes(index).each()]
    return {text.string: (text.x, text.y) for text in texts}


def test_lef_in_klayout(case):
    layout = _layout(_stub(case, ".lef"))
    assert layout.dbu == 0.001
    assert layout.top_cell().name == f"{case.top}_bit_cells"
    outline, = _boxes(layout, "OUTLINE")
    assert (outline.left, outline.bottom) == (0, 0)
    assert outline.height() % 900 == 0 and outline.width() % 100 == 0
    # 0.75 um2 for each cell with what is around it, and room for each pin at a pitch of 0.2 um on two edges.
    bits = case.spec.rows * case.spec.banks
    assert outline.area() >= bits * 0.75e6 * 0.99
    pins, labels = _boxes(layout, "M4.PIN"), _labels(layout, "M4.LABEL")
    expected = [f"{name}[{bit}]" if width > 1 else name
                for name, (_direction, width) in _expected(case).items() for bit in range(width)]
    assert sorted(labels) == sorted(expected)
    assert len(pins) == len(expected)
    for pin in pins:
        assert pin.left == 0 or pin.right == outline.right
        assert outline.contains(pin.p1) and outline.contains(pin.p2)
        assert pin.center().y % 200 == 0 and (pin.width(), pin.height()) == (200, 50)
    assert _region(pins).merged().area() == sum(pin.area() for pin in pins), "pins overlap"
    assert all(any(pin.contains(kdb.Point(*place)) for pin in pins) for place in labels.values())
    assert _region(pins).space_check(100).count() == 0


def test_lef_power_and_obstructions(case):
    layout = _layout(_stub(case, ".lef"))
    outline, = _boxes(layout, "OUTLINE")
    straps = _boxes(layout, "M5.PIN")
    assert set(_labels(layout, "M5.LABEL")) == {"VDD", "VSS"} and len(straps) == 2
    assert all(strap.height() == outline.height() and strap.width() == 400 for strap in straps)
    assert _region(straps).space_check(200).count() == 0 and not straps[0].overlaps(straps[1])
    for layer in ("M1", "M2", "M3"):
        assert _boxes(layout, f"{layer}.OBS") == [outline]
    blocked = _region(_boxes(layout, "M4.OBS"))
    pins = _region(_boxes(layout, "M4.PIN"))
    assert (blocked & pins).is_empty() and blocked.separation_check(pins, 100).count() == 0
    text = _stub(case, ".lef").read_text()
    directions = dict(re.findall(r"PIN (\S+)\n    DIRECTION (\w+) ;", text))
    for name, (direction, _width) in _expected(case).items():
        assert {directions[pin] for pin in directions if pin.partition("[")[0] == name} == {direction.upper()}
    assert re.findall(r"PIN (\S+)\n.*\n    USE (CLOCK|POWER|GROUND) ;", text) == [
        ("clk", "CLOCK"), ("VDD", "POWER"), ("VSS", "GROUND")]


@pytest.mark.parametrize("name", ["3-elastic", "constant"])
def test_no_stubs_without_macros(name, make_case):
    folder = build(name, make_case).folder / "asic28"
    assert not [path for path in folder.iterdir() if path.suffix in (".lef", ".lib", ".v")]

"""What targets add to a case."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim.boards.handoff import target_files
from quadcim.boards.targets import find_target
from quadcim.hw.units import create_unit
from quadcim.hw.verilog import emit_verilog
from quadcim.hw.yosys import run_passes
from quadcim.spec.errors import IllegalSetting
from tests.boards.helpers import definition, run_tcl, tool, write
from tests.conftest import make_unit

_UNITS = [make_unit("SQ2.4", "SQ2.5", "nearest", stages, "elastic") for stages in (0, 2)]
_PINS = {
    "led_0__io": ("BH24", "LVCMOS18"), "led_1__io": ("BG24", "LVCMOS18"), "led_2__io": ("BG25", "LVCMOS18"),
    "led_7__io": ("BG28", "LVCMOS18"), "cpu_reset_0__io": ("BM29", "LVCMOS12"),
    "clk100_0__p": ("BH51", "DIFF_SSTL12"), "clk100_0__n": ("BJ51", "DIFF_SSTL12"),
}
_BOARD_TB = """
`timescale 1ns/1ps
module tb;
  reg clk = 0, button = 0;
  wire led_0, led_1, led_2, led_7;
  always #5 clk = ~clk;
  {top}_selftest board(.clk100_0__p(clk), .clk100_0__n(~clk), .cpu_reset_0__io(button),
    .led_0__io(led_0), .led_1__io(led_1), .led_2__io(led_2), .led_7__io(led_7));
  initial begin
    wait (led_2); #20 $display("%b%b%b", led_0, led_1, led_2);
    button = 1; #50 $display("%b%b%b", led_0, led_1, led_2);
    button = 0; wait (led_2); #20 $display("%b%b%b", led_0, led_1, led_2);
    $finish;
  end
  initial #100000 $finish;
endmodule
"""


@pytest.fixture(params=_UNITS, ids=lambda unit: unit.name)
def unit(request):
    return request.param


@pytest.fixture
def case(unit, tmp_path) -> Path:
    """Write the part of a case directory that the target vcu128 needs; its path has a space."""
    folder = tmp_path / "a case"
    write(folder, {f"rtl/{unit.name}.v": emit_verilog(create_unit(unit), name=unit.name, header="").text,
                   **_vcu128(unit)})
    return folder


def _vcu128(unit, **changed) -> dict[str, str]:
    settings = {"unit": unit, "top": unit.name, "header": "a header\nof two lines", "clock_mhz": 400,
                "expected": lambda raws: definition(unit.activation, raws)} | changed
    return target_files(find_target("vcu128"), **settings)


def _compile(case: Path, top: str, *sources: Path | str) -> None:
    done = subprocess.run([tool("iverilog"), "-g2005", "-Wall", "-Wno-timescale", "-s", top, "-o", "out", *sources],
                          cwd=case, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_generic_target_adds_nothing(unit):
    assert target_files(find_target("generic"), unit=unit, top=unit.name, header="", clock_mhz=100,
                        expected=lambda raws: raws) == {}


def test_vcu128_files(unit):
    files = _vcu128(unit)
    assert set(files) == {f"vcu128/{unit.name}_{name}" for name in (
        "axis.v", "axis.tcl", "axis.xdc", "selftest.v", "selftest.tcl", "selftest.xdc")}
    for name, text in files.items():
        mark = "//" if name.endswith(".v") else "#"
        assert text.startswith(f"{mark} a header\n{mark} of two lines\n"), name
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\t" not in text
        assert not re.search(r" $", text, re.MULTILINE), name
    modules = re.findall(r"^module (\S+)", "\n".join(files.values()), re.MULTILINE)
    assert sorted(modules) == [f"{unit.name}_axis", f"{unit.name}_selftest"]


def test_axi_wrapper_has_exactly_these_ports(unit, case):
    text = (case / f"vcu128/{unit.name}_axis.v").read_text()
    ports = re.findall(r"^  (input|output) (?:wire|reg) (?:signed )?(?:\[(\d+):0\] )?(\w+)", text, re.MULTILINE)
    assert {name: (direction, int(high or 0) + 1) for direction, high, name in ports} == {
        "aclk": ("input", 1), "aresetn": ("input", 1),
        "s_axis_tdata": ("input", 8), "s_axis_tvalid": ("input", 1), "s_axis_tready": ("output", 1),
        "m_axis_tdata": ("output", 8), "m_axis_tvalid": ("output", 1), "m_axis_tready": ("input", 1),
    }
    _compile(case, f"{unit.name}_axis", f"rtl/{unit.name}.v", f"vcu128/{unit.name}_axis.v")


@pytest.mark.parametrize("fault", [0, 1], ids=["right", "wrong"])
def test_self_test_in_verilog(unit, case, fault):
    """The emitted files together, with the button pressed after the first verdict."""
    if fault:
        write(case, _vcu128(unit, expected=lambda raws: [y ^ (raw == 5) for raw, y in zip(
            raws, definition(unit.activation, raws), strict=True)]))
    write(case, {"tb.v": _BOARD_TB.format(top=unit.name)})
    _compile(case, "tb", "tb.v", f"rtl/{unit.name}.v", f"vcu128/{unit.name}_selftest.v",
             Path(__file__).with_name("primitives.v"))
    done = subprocess.run([tool("vvp"), "-n", "out"], cwd=case, capture_output=True, text=True, check=True)
    verdict = "011" if fault else "101"
    assert done.stdout.split() == [verdict, "000", verdict]


def test_yosys_reads_the_board(unit, case):
    sources = [str(case / f"rtl/{unit.name}.v"), str(case / f"vcu128/{unit.name}_selftest.v")]
    run_passes("read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v", ["read_verilog", *sources],
               f"hierarchy -check -top {unit.name}_selftest", "proc", "check -assert")


def _run(case: Path, name: str, **settings) -> tuple[list[list[str]], str]:
    return run_tcl(case / "vcu128" / name, scratch=case.parent, **settings)


def test_self_test_script(unit, case):
    top = f"{unit.name}_selftest"
    calls, error = _run(case, f"{top}.tcl")
    assert error == ""
    commands = [call[0] for call in calls]
    flow = ["create_project", "read_verilog", "read_xdc", "synth_design", "opt_design", "place_design",
            "route_design", "report_timing_summary", "write_checkpoint", "write_bitstream"]
    assert [command for command in commands if command in flow] == flow
    assert ["synth_design", "-top", top, "-part", "xcvu37p-fsvh2892-2L-e"] in calls
    assert {path.relative_to(case).as_posix() for path in case.rglob("*") if "build" in path.parts} == {
        "vcu128/build", f"vcu128/build/{top}"}


def test_self_test_script_makes_no_bitstream_that_misses_timing(unit, case):
    calls, error = _run(case, f"{unit.name}_selftest.tcl", slack="-0.125")
    assert error == "timing is not met: worst slack -0.125 ns"
    assert "write_bitstream" not in [call[0] for call in calls]


def test_timing_script(unit, case):
    top = f"{unit.name}_axis"
    calls, printed = _run(case, f"{top}.tcl")
    assert printed == "slack 0.5 ns at a period of 2.5 ns: 500.0 MHz"
    assert ["synth_design", "-mode", "out_of_context", "-top", top, "-part", "xcvu37p-fsvh2892-2L-e"] in calls
    calls, error = _run(case, f"{top}.xdc")
    assert error == ""
    assert ["create_clock", "-name", "aclk", "-period", "2.500", "<aclk>"] in calls


def test_pin_constraints(unit, case):
    calls, error = _run(case, f"{unit.name}_selftest.xdc")
    assert error == ""
    values = {(call[1], call[3].strip("<>")): call[2] for call in calls if call[0] == "set_property"}
    text = (case / f"vcu128/{unit.name}_selftest.v").read_text()
    ports = set(re.findall(r"^  (?:input|output) wire (\w+)", text, re.MULTILINE))
    assert ports == set(_PINS)
    for port, (pin, standard) in _PINS.items():
        assert (values["PACKAGE_PIN", port], values["IOSTANDARD", port]) == (pin, standard)
    assert ["create_clock", "-name", "clk100", "-period", "10.0", "<clk100_0__p>"] in calls
    assert ["set_false_path", "-from", "<cpu_reset_0__io>"] in calls


_DUMP = """
import sys
from quadcim.boards.handoff import target_files
from quadcim.boards.targets import TARGETS
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit
assert "amaranth" not in sys.modules
fmt = Format.parse("SQ2.4")
unit = ActivationUnit(Activation("quad", fmt, fmt), 2)
for target in TARGETS.values():
    for name, text in target_files(target, unit=unit, top=unit.name, header="h", clock_mhz=100,
                                   expected=lambda raws: raws).items():
        print(name, text)
"""


def test_same_bytes_in_every_process_and_no_yosys_from_the_path(tmp_path):
    texts = []
    for run in ("0", "1"):
        programs, home = tmp_path / run / "bin", tmp_path / run / "home"
        write(programs, {"yosys": f"#!/bin/sh\ntouch '{tmp_path}/called'\nexit 1\n"})
        (programs / "yosys").chmod(0o755)
        home.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": run, "PATH": f"{programs}:{os.environ['PATH']}",
                       "HOME": str(home), "USER": f"user{run}"}
        texts.append(subprocess.run([sys.executable, "-W", "error", "-c", _DUMP], cwd=home, env=environment,
                                    capture_output=True, text=True, check=True).stdout)
    assert texts[0] == texts[1]
    assert texts[0].count("vcu128/") == 6
    assert not (tmp_path / "called").exists()
    assert str(Path(__file__).parents[2]) not in texts[0]


def test_vcu128_needs_backpressure():
    unit = make_unit("SQ2.4", "SQ2.4", "nearest", 1, "always")
    with pytest.raises(IllegalSetting, match=r"flow-control must be elastic for the target vcu128.*, got 'always'"):
        _vcu128(unit)


@pytest.mark.parametrize("clock_mhz", [0, -1, 1e9, float("inf"), float("nan")])
@pytest.mark.parametrize("target", ["generic", "vcu128", "asic28"])
def test_clocks_out_of_range(target, clock_mhz):
    unit = _UNITS[0]
    with pytest.raises(IllegalSetting, match=r"clock-mhz must be 1 to 10000, got"):
        target_files(find_target(target), unit=unit, top=unit.name, header="", clock_mhz=clock_mhz,
                     expected=lambda raws: raws)

"""Constraints and file list of the 28 nm handoff, and the RTL that goes with them."""

import fnmatch
import re
import subprocess

import pytest

from quadcim.boards.handoff import target_files
from quadcim.boards.targets import find_target
from quadcim.hw.units import create_unit
from quadcim.hw.verilog import emit_verilog
from tests.boards.helpers import run_tcl, tool, write
from tests.conftest import make_unit

_TARGET = find_target("asic28")
_UNITS = [make_unit("SQ2.6", "SQ2.8", "nearest", stages, flow_control)
          for stages in (0, 1, 3) for flow_control in ("elastic", "always")]


@pytest.fixture(params=_UNITS, ids=lambda unit: unit.name)
def unit(request):
    return request.param


def _files(unit) -> dict[str, str]:
    return target_files(_TARGET, unit=unit, top=unit.name, header="a header\nof two lines", clock_mhz=800,
                        expected=lambda raws: raws)


def _rtl(unit):
    return emit_verilog(create_unit(unit), name=unit.name, header="", reset=_TARGET.reset,
                        initialise=_TARGET.initialise)


def _constraints(unit, tmp_path, **replaced: str) -> list[list[str]]:
    text = _files(unit)[f"asic28/{unit.name}.sdc"]
    for name, value in replaced.items():
        text, count = re.subn(rf"^(set {name} +)\S+", rf"\g<1>{value}", text, flags=re.MULTILINE)
        assert count == 1
    (tmp_path / "unit.sdc").write_text(text)
    calls, error = run_tcl(tmp_path / "unit.sdc", scratch=tmp_path)
    assert error == ""
    return calls


def test_rtl_has_no_initial_values_and_an_asynchronous_reset(unit):
    text = _rtl(unit).text
    assert not re.search(r"\breg\b[^;]*=", text)
    assert "initial" not in text
    resets = re.findall(r"always @\(posedge clk, posedge rst\)\s+if \(rst\) (\w+) <= 1'h0;", text)
    assert len(resets) == unit.stages  # one valid bit a stage
    assert text.count("posedge rst") == unit.stages


def test_file_list_compiles_from_the_case_directory(unit, tmp_path):
    write(tmp_path, {f"rtl/{unit.name}.v": _rtl(unit).text, **_files(unit)})
    done = subprocess.run([tool("iverilog"), "-g2005", "-Wall", "-s", unit.name, "-o", "out", "-f",
                           f"asic28/{unit.name}.f"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.replace("warning: timescale", "")) == (0, "")


def _ports(calls: list[list[str]], command: str, *words: str) -> str:
    """Join the port patterns of the calls of a command with some words."""
    return " ".join(call[-1] for call in calls if call[0] == command and set(words) <= set(call))


def test_every_port_is_constrained(unit, tmp_path):
    calls = _constraints(unit, tmp_path)
    for limit in ("-max", "-min"):
        inputs, outputs = _ports(calls, "set_input_delay", limit), _ports(calls, "set_output_delay", limit)
        for name, direction, width in _rtl(unit).ports:
            patterns = re.findall(r"[\w*\[\]]+", outputs if direction == "output" else inputs)
            bits = [f"{name}[{bit}]" for bit in range(width)] if width > 1 else [name]
            covered = all(any(fnmatch.fnmatchcase(bit, pattern.replace("[*]", "[[]*]")) for pattern in patterns)
                          for bit in bits)
            assert covered != (name == "clk"), name
    for pattern in re.findall(r"(\w+)(?:\[\*\])?", " ".join(call[1] for call in calls if call[0] == "get_ports")):
        assert pattern in [name for name, _, _ in _rtl(unit).ports]


def test_clock_and_reset(unit, tmp_path):
    calls = _constraints(unit, tmp_path)
    clock = ["create_clock", "-name", "clk", "-period", "1.250"]
    if unit.stages:
        assert [*clock, "<clk>"] in calls
        assert ["set_input_delay", "-clock", "clk", "-max", "0.125", "<rst>"] in calls
        assert _ports(calls, "set_output_delay", "-max", "0.625")
        assert any(call[:3] == ["set_false_path", "-from", "<rst>"] for call in calls)
    else:
        assert clock in calls  # virtual
        assert not any("rst" in word for call in calls for word in call)


def test_numbers_stand_at_the_top_and_rule(unit, tmp_path):
    calls = _constraints(unit, tmp_path, clock_period="4", output_load="0.5")
    assert any(call[:5] == ["create_clock", "-name", "clk", "-period", "4"] for call in calls)
    assert any(call[:2] == ["set_load", "0.5"] for call in calls)
    assert _ports(calls, "set_input_transition", "0.050")
    assert not _ports(calls, "set_driving_cell")
    calls = _constraints(unit, tmp_path, driving_cell="BUFFD4")
    assert _ports(calls, "set_driving_cell", "-lib_cell", "BUFFD4")
    assert not _ports(calls, "set_input_transition")

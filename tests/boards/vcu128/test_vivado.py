"""The Vivado scripts and constraints of cases, run by a Tcl that records what they ask for."""

import fnmatch
import re
import shutil
from pathlib import Path

import pytest

from tests.boards.conftest import board_case
from tests.boards.helpers import run_tcl
from tests.boards.vcu128.test_platform import TABLE

_PART = "xcvu37p-fsvh2892-2L-e"
_FLOW = ["create_project", "add_files", "set_property", "launch_runs", "wait_on_run", "open_run", "report_utilization",
         "report_timing_summary", "close_design", "report_power", "report_drc", "report_methodology", "report_cdc",
         "write_bitstream", "write_cfgmem"]
_REPORTS = ["report_utilization", "report_timing_summary"]
_FINISH = ["launch_runs", "wait_on_run", "open_run"]


@pytest.fixture
def here(case, tmp_path) -> Path:
    """A copy of a case in a folder whose path has a space."""
    return Path(shutil.copytree(case.folder, tmp_path / "a case"))


def _run(here: Path, name: str, *arguments: str, slack: str = "0.5",
         progress: str = "100%") -> tuple[list[list[str]], str]:
    return run_tcl(here / "vcu128" / name, scratch=here.parent, arguments=arguments, slack=slack, progress=progress)


def _commands(calls: list[list[str]]) -> list[str]:
    """The steps of the flow in order, each once where it follows itself."""
    steps = [call[0] for call in calls if call[0] in _FLOW]
    return [step for index, step in enumerate(steps) if index == 0 or steps[index - 1] != step]


def _designs(here: Path) -> list[str]:
    return sorted(path.stem.rpartition("_")[2] for path in here.glob("vcu128/*.v") if "axis" not in path.stem)


def test_project_makes_each_design(case, here):
    for design in _designs(here):
        top = f"{case.top}_{design}"
        calls, said = _run(here, f"{case.top}_project.tcl", design)
        build = here / "vcu128/build" / top
        assert said == f"Worst slack 0.5 ns. Bitstream and reports are in {build}"
        assert _commands(calls) == ["create_project", "add_files", "set_property", *_FINISH, *_REPORTS, "close_design",
                                    *_FINISH, *reversed(_REPORTS), "report_power", "report_drc", "report_methodology",
                                    "report_cdc", "write_bitstream", "write_cfgmem"]
        assert calls[0] == ["create_project", "-force", top, "project", "-part", _PART]
        added = [call[-1].strip("{}") for call in calls if call[0] == "add_files"]
        sources = [Path(path).resolve() for path in added]
        assert sources == [path.resolve() for path in (
            *(here / path.relative_to(case.folder) for path in case.rtl), here / f"vcu128/{case.top}_axis.v",
            here / f"vcu128/{top}.v", here / f"vcu128/{top}.xdc")]
        assert ["set_property", "top", top, "<>"] in calls
        assert ["write_cfgmem", "-force", "-format", "bin", "-interface", "SPIx4", "-size", "256", "-loadbit",
                f"up 0x0 {top}.bit", "-file", f"{top}.bin"] in calls
        assert build.is_dir()
    assert _run(here, f"{case.top}_project.tcl")[0][0][2] == f"{case.top}_board"  # by default


def test_project_stops_after_synthesis_if_asked(make_case, tmp_path):
    case = board_case(make_case, "combinational")
    here = Path(shutil.copytree(case.folder, tmp_path / "case"))
    calls, said = _run(here, f"{case.top}_project.tcl", "selftest", "synth")
    assert said == f"Reports are in {here}/vcu128/build/{case.top}_selftest"
    assert _commands(calls)[-5:] == [*_FINISH, *_REPORTS]


def test_project_stops_where_something_fails(make_case, tmp_path):
    case = board_case(make_case, "loaded-banks")
    here, script = Path(shutil.copytree(case.folder, tmp_path / "case")), f"{case.top}_project.tcl"
    build = here / f"vcu128/build/{case.top}_board"
    calls, error = _run(here, script, slack="-0.125")
    assert error == f"timing is not met: worst slack -0.125 ns, see {build}/timing.rpt"
    assert "write_bitstream" not in _commands(calls)
    calls, error = _run(here, script, progress="40%")
    assert error == f"synth_1 failed: see its log in {build}/project"
    assert _commands(calls)[-1] == "wait_on_run"
    assert _run(here, script, "selftest") == ([], "selftest: give one of board, and perhaps synth")
    (here / f"vcu128/{case.top}_axis.v").unlink()
    assert _run(here, script)[1].startswith("no file ")


def test_program(case, here):
    script = f"{case.top}_program.tcl"
    for design in _designs(here):
        bitstream = here / f"vcu128/build/{case.top}_{design}/{case.top}_{design}.bit"
        assert _run(here, script, design) == (
            [], f"there is no {bitstream}: run {case.top}_project.tcl first")
        bitstream.parent.mkdir(parents=True)
        bitstream.touch()
        calls, said = _run(here, script, design)
        assert [call[0] for call in calls] == [
            "open_hw_manager", "connect_hw_server", "open_hw_target", "get_hw_devices", "current_hw_device",
            "set_property", "program_hw_devices", "close_hw_manager"]
        assert calls[5] == ["set_property", "PROGRAM.FILE", str(bitstream), "<xcvu37p*>"]
        if design == "board":
            host = f"{here}/vcu128/{case.top}_host.py"
            assert said == f"Next: python3 '{host}' --port /dev/ttyUSB1" and Path(host).is_file()
        else:
            assert said.startswith("The test runs. LED 2")
    assert _run(here, script, "none") == ([], f"none: give one of {' '.join(_designs(here))}")


def test_timing_script(case, here):
    top = f"{case.top}_axis"
    calls, printed = _run(here, f"{top}.tcl")
    assert printed == "slack 0.5 ns at a period of 2.5 ns: 500.0 MHz"
    assert ["synth_design", "-mode", "out_of_context", "-top", top, "-part", _PART] in calls
    read = [Path(call[-1].strip("{}")).resolve() for call in calls if call[0] == "read_verilog"]
    assert read == [(here / path.relative_to(case.folder)).resolve() for path in case.rtl] + [
        (here / f"vcu128/{top}.v").resolve()]
    assert _run(here, f"{top}.tcl", slack="")[1] == (
        f"there is no timing path, so no clock rate: see {here}/vcu128/build/{top}/timing.rpt")
    calls, error = _run(here, f"{top}.xdc")
    assert error == ""
    assert ["create_clock", "-name", "aclk", "-period", "2.500", "<aclk>"] in calls
    ports = re.findall(r"^  (input|output) (?:wire|reg) (?:signed )?(?:\[\d+:0\] )?(\w+)",
                       (here / f"vcu128/{top}.v").read_text().partition("\n);")[0], re.MULTILINE)
    delayed = {call[0]: call[-1].strip("<>{}").replace("[*]", "").split() for call in calls if "delay" in call[0]}
    assert sorted(delayed["set_input_delay"]) == sorted(
        name for direction, name in ports if direction == "input" and name != "aclk")
    assert sorted(delayed["set_output_delay"]) == sorted(name for direction, name in ports if direction == "output")


def test_constraints_of_the_board(case, here):
    """Every port has its pin as the board's table says, and a clock or a reason to have none."""
    for design in _designs(here):
        calls, error = _run(here, f"{case.top}_{design}.xdc")
        assert error == ""
        verilog = (here / f"vcu128/{case.top}_{design}.v").read_text()
        ports = re.findall(r"^  (?:input|output) wire (\w+)", verilog.partition("endmodule")[0], re.MULTILINE)
        values = {(call[1], call[3].strip("<>")): call[2] for call in calls if call[0] == "set_property"}
        assert {port for kind, port in values if kind == "PACKAGE_PIN"} == set(ports)
        for port in ports:
            signal, _, end = port.rpartition("__")
            pins, standard = TABLE[signal.replace("__", "_")]
            pin = pins.split()[end == "n"]
            assert (values["PACKAGE_PIN", port], values["IOSTANDARD", port]) == (pin, standard)
        assert ["create_clock", "-name", "clk100", "-period", "10.0", "<clk100_0__p>"] in calls
        free = [call[2].strip("<>") for call in calls if call[0] == "set_false_path"]
        timed = [port for port in ports if not any(fnmatch.fnmatchcase(port, pattern) for pattern in free)]
        assert timed == ["clk100_0__n", "clk100_0__p"]
        for kind, value in (("CONFIG_VOLTAGE", "1.8"), ("CONFIG_MODE", "SPIx4"), ("BITSTREAM.CONFIG.SPI_BUSWIDTH", "4"),
                            ("BITSTREAM.CONFIG.SPI_32BIT_ADDR", "YES"), ("BITSTREAM.GENERAL.COMPRESS", "TRUE")):
            assert values[kind, ""] == value


def test_registers_that_synchronise_are_marked(case, here):
    """They exist under the names that the constraints use, two in a row, behind what is asynchronous."""
    calls, _error = _run(here, f"{case.top}_board.xdc")
    marked = [call for call in calls if call[0] == "get_cells"]
    assert marked == [["get_cells", "-hierarchical", "-filter", "REF_NAME == FDPE"],
                      ["get_cells", "link/receiver/meta_reg link/receiver/line_reg"]]
    modules = dict(re.findall(r"^module (\S+) (.*?)^endmodule", (
        here / f"vcu128/{case.top}_board.v").read_text(), re.MULTILINE | re.DOTALL))
    board, link, receiver = (modules[f"{case.top}_{name}"] for name in ("board", "link", "link_receiver"))
    assert board.count("FDPE #(") == 2
    assert f"{case.top}_link link (" in board and f"{case.top}_link_receiver receiver (" in link
    assert "reg meta = 1'h1;" in receiver and "reg line = 1'h1;" in receiver
    assert "    meta <= pin;\n" in receiver and "    line <= meta;\n" in receiver
    assert receiver.count("pin") == 2 and receiver.count("meta") == 3

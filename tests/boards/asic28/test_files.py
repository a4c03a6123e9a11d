"""The 28 nm handoff as a whole: its files, its constraints, its power intent, and the RTL that goes with them."""

import fnmatch
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim.sim.case import Case
from tests.boards.asic28.cases import SUBJECTS, build, in_space
from tests.boards.helpers import run_tcl, tool

_SCRIPTS = ("_setup.tcl", "_genus.tcl", "_dc.tcl", "_yosys.tcl", "_sta.tcl", "_formality.tcl", "_conformal.do",
            "_equivalence_yosys.tcl")


@pytest.fixture(params=SUBJECTS)
def case(request, make_case) -> Case:
    return build(request.param, make_case)


def _constraints(case: Case, scratch: Path, **replaced: str) -> list[list[str]]:
    text = (case.folder / f"asic28/{case.top}.sdc").read_text()
    for name, value in replaced.items():
        text, count = re.subn(rf"^(set {name} +)\S+", rf"\g<1>{value}", text, flags=re.MULTILINE)
        assert count == 1
    path = scratch / "a space" / "unit.sdc"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    calls, error = run_tcl(path, scratch=scratch)
    assert error == ""
    return calls


def test_files(case):
    macros = [f"{case.top}_bit_cells{ending}" for ending in ("_stub.v", "_model.v", ".lef", ".lib")
              if "module " + case.top + "_bit_cells (" in (case.folder / f"rtl/{case.top}.v").read_text()]
    expected = {f"{case.top}{ending}" for ending in (".f", ".sdc", ".upf", ".md", *_SCRIPTS)} | {*macros}
    assert {path.name for path in (case.folder / "asic28").iterdir()} == expected
    for path in (case.folder / "asic28").iterdir():
        text = path.read_text()
        assert text.endswith("\n") and not text.endswith("\n\n") and "\t" not in text
        assert not re.search(r" $", text, re.MULTILINE), path.name
        if path.suffix not in (".md", ".lib"):
            assert re.match(rf"(#|//) {case.top}\n", text), path.name
        assert str(case.folder) not in text


def test_rtl_has_no_initial_values_and_its_reset(case):
    text, reset = (case.folder / f"rtl/{case.top}.v").read_text(), case.reset
    assert not re.search(r"\breg\b[^;]*=", text)
    assert "initial" not in text
    edge = f"@(posedge clk, {'neg' if reset.active_low else 'pos'}edge {reset.port})"
    assert text.count(edge) == (text.count(" <= 1'h0;") if reset.asynchronous else 0)
    assert ("always @(posedge clk)" in text or edge in text) == bool(case.latency_cycles)


def test_file_list_compiles_from_the_case_directory(case, tmp_path):
    done = subprocess.run([tool("iverilog"), "-g2005", "-Wall", "-s", case.top, "-o", tmp_path / "out", "-f",
                           f"asic28/{case.top}.f"], cwd=case.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_report_tells_of_no_other_reset(case):
    row, = re.findall(r"^\| target \| .*$", (case.folder / "report.md").read_text(), re.MULTILINE)
    assert "28 nm" in row and "reset" not in row


def _ports(calls: list[list[str]], command: str, *words: str) -> str:
    """Join the port patterns of the calls of a command with some words."""
    return " ".join(call[-1] for call in calls if call[0] == command and set(words) <= set(call))


def _covers(patterns: str, bit: str) -> bool:
    return any(fnmatch.fnmatchcase(bit, pattern.replace("[*]", "[[]*]"))
               for pattern in re.findall(r"[\w*\[\]]+", patterns))


def test_every_port_is_constrained(case, tmp_path):
    calls = _constraints(case, tmp_path)
    for limit in ("-max", "-min"):
        inputs, outputs = _ports(calls, "set_input_delay", limit), _ports(calls, "set_output_delay", limit)
        for port in case.ports:
            bits = [f"{port.name}[{bit}]" for bit in range(port.width)] if port.width > 1 else [port.name]
            covered = all(_covers(outputs if port.direction == "output" else inputs, bit) for bit in bits)
            assert covered != (port.name == "clk"), port.name
    for port in case.ports:
        if port.direction == "input" and port.name != "clk":
            assert _covers(_ports(calls, "set_input_transition"), f"{port.name}[0]" if port.width > 1 else port.name)
    for pattern in re.findall(r"(\w+)(?:\[\*\])?", " ".join(call[1] for call in calls if call[0] == "get_ports")):
        assert pattern in [port.name for port in case.ports]


def test_clock_and_reset(case, tmp_path):
    calls, reset = _constraints(case, tmp_path), case.reset
    clock = ["create_clock", "-name", "clk", "-period", "1.250"]
    assert ["set_clock_uncertainty", "-setup", "0.0625", "<clk>"] in calls
    assert ["set_clock_uncertainty", "-hold", "0.020", "<clk>"] in calls
    if not case.latency_cycles:
        assert clock in calls  # virtual
        assert not any("rst" in word for call in calls for word in call)
        return
    assert [*clock, "<clk>"] in calls
    assert _ports(calls, "set_output_delay", "-max", "0.625")
    false = [call for call in calls if call[0] == "set_false_path"]
    if reset.asynchronous:
        outputs = next(call[1] for call in calls if call[0] == "get_ports" and "o__payload[*]" in call[1])
        assert false == [["set_false_path", "-from", f"<{reset.port}>", "-to", f"<{{{outputs}}}>"]]
        assert ["set_input_delay", "-clock", "clk", "-max", "0.125", f"<{reset.port}>"] in calls
    else:
        assert not false
        assert _covers(_ports(calls, "set_input_delay", "-max"), reset.port)


def test_numbers_stand_at_the_top_and_rule(case, tmp_path):
    calls = _constraints(case, tmp_path, clock_period="4", output_load="0.5", max_fanout="7", max_transition="0.1")
    assert any(call[:5] == ["create_clock", "-name", "clk", "-period", "4"] for call in calls)
    assert any(call[:2] == ["set_load", "0.5"] for call in calls)
    assert ["set_max_fanout", "7", "<>"] in calls and ["set_max_transition", "0.1", "<>"] in calls
    assert not _ports(calls, "set_driving_cell")
    calls = _constraints(case, tmp_path, driving_cell="BUFFD4")
    assert _ports(calls, "set_driving_cell", "-lib_cell", "BUFFD4")
    text = (case.folder / f"asic28/{case.top}.sdc").read_text()
    assert not re.search(r"[\d.]{2,}", text.partition("# ---- Ports")[2].replace("0]", ""))


def test_what_a_path_may_take_is_said(case):
    text = (case.folder / f"asic28/{case.top}.sdc").read_text()
    elastic = any(port.name == "o__ready" for port in case.ports)
    assert ("# i__ready may follow o__ready within the cycle" in text) == (elastic and bool(case.latency_cycles))
    assert ("85 % of the cycle are the unit's" in text) == (not case.latency_cycles)
    assert not re.search("outputs come from registers|removal are checked", text)


def test_power_intent(case, tmp_path):
    path = case.folder / f"asic28/{case.top}.upf"
    calls, error = run_tcl(path, scratch=tmp_path)
    assert error == ""
    assert calls[0] == ["upf_version", "2.0"]
    domain, = (call[1] for call in calls if call[0] == "create_power_domain")
    assert ["set_domain_supply_net", domain, "-primary_power_net", "VDD", "-primary_ground_net", "VSS"] in calls
    supplies = {call[1] for call in calls if call[0] == "create_supply_net"}
    assert supplies == {"VDD", "VSS"} == {call[1] for call in calls if call[0] == "create_supply_port"}
    states = {call[1]: call[3].split()[0] for call in calls if call[0] == "add_port_state"}
    assert calls[-1] == ["add_pst_state", "run", "-pst", "states", "-state", f"{states['VDD']} {states['VSS']}"]
    assert not any(call[0].startswith(("set_isolation", "set_retention")) for call in calls)
    assert ("Weights" in path.read_text()) == any(port.name == "w__valid" for port in case.ports)


@pytest.mark.parametrize("name, target", [("3-elastic", "asic28"), ("loaded-sync-low", "asic28"),
                                          ("3-elastic", "vcu128"), ("constant", "generic")])
def test_checksums(name, target, make_case, tmp_path):
    spec, integers, _reset = SUBJECTS[name]
    case = in_space(build(name, make_case) if target == "asic28" else make_case(spec, target, integers=integers),
                    tmp_path)
    check = [tool("sha256sum"), "-c", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=case.folder, check=True, capture_output=True).stdout == b""
    listed = re.findall(r"^[0-9a-f]{64}  (.+)$", (case.folder / "SHA256SUMS").read_text(), re.MULTILINE)
    on_disk = {path.relative_to(case.folder).as_posix() for path in case.folder.rglob("*") if path.is_file()}
    assert listed == sorted(on_disk - {"SHA256SUMS"})
    (case.folder / f"rtl/{case.top}.v").write_text("changed\n")
    assert subprocess.run(check, cwd=case.folder, check=False, capture_output=True).returncode == 1


_MACRO = ["cim", "--rows", "5", "--columns", "2", "--activation-bits", "2", "--banks", "2", "--target", "asic28"]


def test_same_bytes_in_every_process(tmp_path):
    sums = []
    for run in ("0", "1"):
        subprocess.run([sys.executable, "-m", "quadcim", "generate", *_MACRO, "--out", tmp_path / run], check=True,
                       env={**os.environ, "PYTHONHASHSEED": run}, capture_output=True)
        sums.append((tmp_path / run / "SHA256SUMS").read_text())
    assert sums[0] == sums[1]

"""The open flow of the 28 nm handoff, for real: Yosys maps and proves, OpenSTA times, Icarus simulates the netlist."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from quadcim.cli import main
from quadcim.hw.emit.yosys import YosysFailure, run_passes
from quadcim.sim.case import Case
from quadcim.spec.activation import Activation
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow
from quadcim.spec.presets import PRESETS
from quadcim.spec.unit import ActivationUnit
from quadcim.synth.liberty import read_library
from quadcim.synth.models import library_models
from tests.boards.asic28.cases import build, in_space, run_script
from tests.boards.helpers import tool
from tests.synth.libraries import NEEDS_ICARUS, NEEDS_STA, TINY

pytestmark = pytest.mark.shared_seeds

_MAPPED = ["0-elastic", "3-always", "1-elastic-sync-low", "loaded-async-low", "constant", "cells"]
_TIES = {"TIE_HIGH": "TIEHI Y", "TIE_LOW": "TIELO Y"}


def replay(case: Case, script: str, scratch: Path, **settings: str) -> Path:
    """Run the Yosys commands of a script in the folder that it changes to; returns that folder."""
    shutil.copy(TINY, library := scratch / "a library.lib")
    calls, said = run_script(case.folder / f"asic28/{case.top}_{script}.tcl", scratch=scratch,
                             settings={"LIBERTY": str(library), **settings})
    assert said == ""
    assert {call[0] for call in calls} == {"yosys"}
    # Yosys reads a path with letters beyond ASCII as another, unless the locale is one of UTF-8.
    assert not any(str(folder) in word for call in calls for word in call for folder in (case.folder, scratch))
    folder = case.folder / "asic28/build" / script
    before = Path.cwd()
    os.chdir(folder)
    try:
        run_passes(*(call[1:] for call in calls))
    finally:
        os.chdir(before)
    return folder


@pytest.fixture(scope="module")
def mapped(make_case, tmp_path_factory):
    """Copies of cases with a netlist of Yosys, by name, made once."""
    made: dict[tuple[str, str], Case] = {}

    def make(name: str, keep_macros: str = "0") -> Case:
        if (name, keep_macros) not in made:
            scratch = tmp_path_factory.mktemp("mapped")
            case = in_space(build(name, make_case), scratch)
            replay(case, "yosys", scratch, KEEP_MACROS=keep_macros, **_TIES)
            made[name, keep_macros] = case
        return made[name, keep_macros]

    return make


def _netlist(case: Case) -> Path:
    return case.folder / f"asic28/build/yosys/{case.top}.v"


def _models(folder: Path) -> Path:
    path = folder / "cells.v"
    path.write_text(library_models(read_library(TINY)))
    return path


def _simulate(case: Case, models: Path, which: int) -> str:
    """Run a command line of the datasheet as it stands there; 0 is for the RTL, 1 for a netlist, 2 with macros."""
    lines = re.findall(r"^iverilog .*$", (case.folder / f"asic28/{case.top}.md").read_text(), re.MULTILINE)
    line = lines[which].replace("/path/cells.v", f"'{models}'")
    tool("iverilog")
    return subprocess.run(["sh", "-c", line], cwd=case.folder, capture_output=True, text=True, check=True).stdout


@NEEDS_ICARUS
@pytest.mark.parametrize("name", _MAPPED)
def test_netlist_passes_the_shipped_testbench(name, mapped, tmp_path):
    case = mapped(name)
    text = _netlist(case).read_text()
    assert set(re.findall(r"^  (\w+) \S+ \($", text, re.MULTILINE)) <= set(read_library(TINY).cells)
    models = _models(tmp_path)
    assert _simulate(case, models, 0).splitlines()[-1] == "PASS"
    assert _simulate(case, models, 1).splitlines()[-1] == "PASS"
    assert "Chip area" in (_netlist(case).parent / "area.rpt").read_text()


@NEEDS_ICARUS
def test_netlist_with_macros_kept_passes_too(mapped, tmp_path):
    case = mapped("loaded-async-low", "1")
    module = f"{case.top}_bit_cells"
    assert len(re.findall(rf"^  {module} ", _netlist(case).read_text(), re.MULTILINE)) == case.spec.columns
    models = _models(tmp_path)
    assert _simulate(case, models, 2).splitlines()[-1] == "PASS"


@pytest.mark.parametrize("name, keep_macros", [*((name, "0") for name in _MAPPED), ("loaded-async-low", "1")])
def test_right_netlists_are_proven(name, keep_macros, mapped, tmp_path):
    case = mapped(name, keep_macros)
    replay(case, "equivalence_yosys", tmp_path, KEEP_MACROS=keep_macros)


def test_registers_that_synthesis_leaves_out_are_no_difference(make_case, tmp_path):
    """One of phi's takes a constant only, so that a netlist has fewer bits of its word."""
    case = in_space(make_case(PRESETS["phi16"], "asic28"), tmp_path)
    assert " <= { 1'h1, " in (case.folder / f"rtl/{case.top}.v").read_text()
    replay(case, "yosys", tmp_path)
    replay(case, "equivalence_yosys", tmp_path)


@pytest.mark.parametrize("rows, columns, bits", [(3, 1, 1), (2, 2, 2), (5, 1, 3)])
def test_bits_of_registers_that_nothing_reads_are_no_difference(rows, columns, bits, make_case, tmp_path):
    """The greatest sum of bipolar weights leaves the first bit of a column's sum unread."""
    spec = CimMacro(rows, columns, bits, signed=True, bits_per_cycle=bits, encoding="bipolar")
    case = in_space(make_case(spec, "asic28"), tmp_path)
    replay(case, "yosys", tmp_path)
    replay(case, "equivalence_yosys", tmp_path)


_NARROW = Narrow(5, "half_even", "wrap", Format.parse("UQ8.0"))
_AFFINE = CimIntegers(None, (-1, -1), (-4, -4), (274, 274))
_MERGED = {
    # A bit of a register is a constant by the sums before it.
    "constant": (CimMacro(5, 2, 5, encoding="bipolar", stages=4, technology="cells", narrow=_NARROW), _AFFINE),
    # The signs of the columns are equal, stage after stage.
    "equal, in stages": (CimMacro(1, 2, 1, signed=True, banks=2, stages=4, technology="cells", narrow=_NARROW),
                         _AFFINE),
    # Two bits of a table are equal.
    "equal": (ActivationUnit(Activation("sine", Format.parse("SQ3.7"), Format.parse("SQ2.8"), "faithful"), 5), None),
}


@pytest.mark.parametrize("name", _MERGED)
def test_registers_that_synthesis_merges_are_no_difference(name, make_case, tmp_path):
    spec, integers = _MERGED[name]
    case = in_space(make_case(spec, "asic28", integers=integers), tmp_path)
    replay(case, "yosys", tmp_path)
    replay(case, "equivalence_yosys", tmp_path)


@pytest.mark.parametrize("name", _MAPPED)
def test_wrong_netlists_are_refuted(name, mapped, tmp_path, seed):
    """A gate is another one: the first, and one drawn at random."""
    case = mapped(name)
    text = _netlist(case).read_text()
    places = [found.start(1) for found in re.finditer(r"^  (NAND2) ", text, re.MULTILINE)]
    for place in (places[0], places[seed % len(places)]):
        wrong = tmp_path / "wrong.v"
        wrong.write_text(f"{text[:place]}NOR2{text[place + 5:]}")
        with pytest.raises(YosysFailure, match="unproven"):
            replay(case, "equivalence_yosys", tmp_path, NETLIST=str(wrong))


def test_unresolved_references_stop_yosys(make_case, tmp_path):
    case = in_space(build("cells", make_case), tmp_path)
    path = case.folder / "rtl/quadcim_cells.v"
    path.write_text(path.read_text().replace("module quadcim_half_adder", "module another"))
    with pytest.raises(YosysFailure, match="quadcim_half_adder"):
        replay(case, "yosys", tmp_path)


def _time(case: Case, **settings: str) -> tuple[int, str]:
    """Run the shipped script for OpenSTA; its exit code and what it said."""
    environment = {**os.environ, "LIBERTY": str(TINY), **settings}
    run = subprocess.run(["sta", "-no_splash", "-exit", f"{case.top}_sta.tcl"], cwd=case.folder / "asic28",
                         env=environment, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


@NEEDS_STA
@pytest.mark.parametrize("name, keep_macros", [*((name, "0") for name in _MAPPED), ("loaded-async-low", "1")])
def test_timing_of_netlists(name, keep_macros, mapped):
    case = mapped(name, keep_macros)
    code, said = _time(case, KEEP_MACROS=keep_macros, ALLOW_VIOLATIONS="1")
    assert code == 0
    assert re.fullmatch(r"worst slack -?[\d.]+ ns\n", said), said
    folder = case.folder / "asic28/build/sta"
    setup = (folder / "setup.rpt").read_text()
    assert "clock uncertainty" in setup and "external delay" in setup
    # What takes weights at once has an output that is constant: no path ends there.
    always_ready = any("assign w__ready = 1'h1;" in path.read_text() for path in case.rtl)
    assert (folder / "check_setup.rpt").read_text() == (
        "Warning: There is 1 unconstrained endpoint.\n" if always_ready else "")
    assert (folder / f"{case.top}.sdf").read_text().startswith("(DELAYFILE")
    assert (folder / "power.rpt").exists() == (keep_macros == "0")


def _rescaled(folder: Path) -> Path:
    """The library in ps and fF: all its times and capacitances are a thousand times as many."""
    text = TINY.read_text().replace('"1ns"', '"1ps"').replace("(1, pf)", "(1, ff)")
    text = re.sub(r"(?:index_\d|values)\([^)]*\)|(?:capacitance|default_max_transition) : [\d.]+", lambda found: re.sub(
        r"(?<!_)[\d.]+", lambda number: f"{1000 * float(number[0]):g}", found[0]), text)
    path = folder / "rescaled.lib"
    path.write_text(text)
    return path


@NEEDS_STA
@pytest.mark.parametrize("keep_macros", ["0", "1"])
def test_units_of_the_library_change_nothing(keep_macros, mapped, tmp_path):
    """The constraints are in ns and pF, and so are the reports."""
    case = mapped("loaded-async-low", keep_macros)
    answers = []
    for library in (TINY, _rescaled(tmp_path)):
        answer = _time(case, LIBERTY=str(library), KEEP_MACROS=keep_macros, ALLOW_VIOLATIONS="1")
        reports = [(case.folder / f"asic28/build/sta/{name}.rpt").read_text() for name in ("setup", "hold", "checks")]
        answers.append(re.split(r"(-?\d+\.\d+)", "\n".join((str(answer), *reports))))
    assert answers[0][::2] == answers[1][::2]
    # Single precision, written to two places: what lies between two of them may go either way.
    assert [float(number) for number in answers[0][1::2]] == pytest.approx([*map(float, answers[1][1::2])], abs=0.011)


@NEEDS_STA
def test_gzipped_libraries(make_case, tmp_path):
    case, packed = in_space(build("3-always", make_case), tmp_path), tmp_path / "a $library.lib.gz"
    packed.write_bytes(gzip.compress(TINY.read_bytes()))
    for script in ("yosys", "equivalence_yosys"):
        replay(case, script, tmp_path, LIBERTY=str(packed), **_TIES)
    assert _time(case, LIBERTY=str(packed), ALLOW_VIOLATIONS="1")[0] == 0


@NEEDS_STA
def test_missed_timing_and_missing_modules_stop_opensta(mapped, tmp_path):
    case = mapped("3-always")
    netlist = tmp_path / "netlist.v"
    netlist.write_text(_netlist(case).read_text().replace("NAND2 ", "NAND3 "))
    code, said = _time(case, NETLIST=str(netlist))
    assert code == 1 and "Error: there are unresolved references" in said
    sdc = case.folder / f"asic28/{case.top}.sdc"
    text = sdc.read_text()
    try:
        sdc.write_text(re.sub(r"(set clock_period +)[\d.]+", r"\g<1>0.1", text))
        code, said = _time(case)
    finally:
        sdc.write_text(text)
    assert code == 1 and "Error: timing is not met: worst slack -" in said


@NEEDS_STA
@pytest.mark.parametrize("name", ["1-elastic-sync-high", "loaded-async-low"])
def test_constraints_fit_netlists_of_quadcim_synth(name, make_case, tmp_path):
    case, out = in_space(build(name, make_case), tmp_path), tmp_path / "synth"
    assert main(["synth", str(build(name, make_case).folder), "--liberty", str(TINY), "--out", str(out)]) == 0
    code, said = _time(case, NETLIST=str(out / "netlist.v"), ALLOW_VIOLATIONS="1")
    assert code == 0 and re.fullmatch(r"worst slack -?[\d.]+ ns\n", said), said



"""Whole syntheses: netlists under the case's own testbench, and figures that can be worked out by hand."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quadcim.boards.targets import find_target
from quadcim.cli import main
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.cost import GATE_28_UM2
from quadcim.spec.errors import IllegalSetting
from quadcim.synth import flow, gate_level, mapping
from quadcim.synth.flow import Request, Synthesis, synthesise
from quadcim.synth.gate_level import check_gates, check_large
from quadcim.synth.liberty import read_library
from quadcim.synth.mapping import LOAD_GATES, map_case
from quadcim.synth.models import library_models
from quadcim.synth.report import synthesis_report
from quadcim.synth.sta import Endpoint, stages_of
from tests.conftest import make_unit
from tests.synth.libraries import LIBRARIES, NEEDS_ICARUS, NEEDS_STA, TINY, library_file

_CELLS = tuple((row % 2, int(row % 3 == 0), 1) for row in range(16))
_MACROS = {
    "planes": (CimMacro(16, 4, 4, stages=1), CimIntegers()),
    "converters": (CimMacro(16, 3, 2, storage="constant", adc=Adc(5, 3, -1, 6, 1)), CimIntegers(_CELLS)),
    "cells": (CimMacro(12, 2, 3, technology="cells", signed=True, stages=2), CimIntegers()),
}


@pytest.fixture(scope="session")
def make(make_case, tmp_path_factory):
    """Cases by name: three phi units, a sine, and macros."""
    made = {}

    def macro(name: str) -> Case:
        if name not in made:
            folder = tmp_path_factory.mktemp("macro") / name
            spec, integers = _MACROS[name]
            generate_case(spec, integers, target=find_target("asic28"), clock_mhz=100, out=folder)
            made[name] = load_case(folder)
        return made[name]

    def case(name: str) -> Case:
        if name in _MACROS:
            return macro(name)
        stages, control = {"phi": (3, "elastic"), "streaming": (2, "always"), "combinational": (0, "always")}[name]
        return make_case(make_unit("SQ2.6", "SQ2.6", "nearest", stages, control), "asic28")

    return case


def run(case: Case, folder: Path, liberty: Path = TINY, **more) -> Synthesis:
    settings = {"models": None, "clock_mhz": 100.0, "node_nm": None} | more
    return synthesise(Request(case, liberty, **settings), folder, report=lambda _text: None)


@NEEDS_ICARUS
@pytest.mark.parametrize("name", ["phi", "streaming", "combinational", *_MACROS])
@pytest.mark.parametrize("library", LIBRARIES)
def test_netlist_passes_all_vectors(name, library, make, tmp_path):
    synthesis = run(make(name), tmp_path, library_file(library))
    assert synthesis.gates is not None and synthesis.gates.passed, synthesis.gates
    netlist, models = ((tmp_path / file).read_text() for file in ("netlist.v", "cells.v"))
    assert not re.search(r"\binitial\b|\breg\b.*=|assign {", netlist)
    assert "initial" not in models and not re.search(r"reg \w+ =", models)  # so registers power up as X
    assert bool(synthesis.netlist.registers) == (name != "combinational")


@NEEDS_ICARUS
@pytest.mark.parametrize("name", ["phi", "planes"])
def test_models_of_the_library(name, make, tmp_path):
    liberty = library_file("osu018")
    synthesis = run(make(name), tmp_path, liberty, models=liberty.with_suffix(".v"))
    assert synthesis.gates is not None and synthesis.gates.passed, synthesis.gates
    assert not (tmp_path / "cells.v").exists()


@NEEDS_ICARUS
@pytest.mark.parametrize("name", ["phi", "planes"])
def test_a_wrong_netlist_fails(name, make, tmp_path):
    case = make(name)
    assert run(case, tmp_path).gates
    netlist = tmp_path / "netlist.v"
    text = netlist.read_text()
    places = [found.start() for found in re.finditer(r"\bNAND2 u", text)]
    middle = places[len(places) // 2]
    netlist.write_text(text[:middle] + text[middle:].replace("NAND2 u", "NOR2 u", 1))
    models = tmp_path / "all.v"
    models.write_text(library_models(read_library(TINY)))
    assert not check_gates(case, [netlist, models]).passed


@NEEDS_ICARUS
@pytest.mark.parametrize("name", ["phi", "streaming", "combinational", *_MACROS])
def test_power_ups_say_what_icarus_says(name, make, tmp_path, monkeypatch):
    """Large netlists are simulated so: the same verdict, and nearly the same changes."""
    case, found = make(name), []
    for most, simulator in ((10**9, "icarus"), (0, "power-ups")):
        monkeypatch.setattr(gate_level, "_MOST_CELL_CYCLES", most)
        (folder := tmp_path / simulator).mkdir()
        synthesis = run(case, folder)
        assert synthesis.gates is not None and synthesis.gates.passed, synthesis.gates
        assert synthesis.gates.simulator == simulator
        assert {"icarus": "under Icarus", "power-ups": "from 64 power-ups"}[simulator] in synthesis_report(synthesis)
        activity, netlist = synthesis.activity, synthesis.netlist
        assert activity is not None
        found.append((activity.cycles, sum(activity.per_cycle(net) for instance in netlist.instances.values()
                                           for net in instance.outputs.values())))
    assert found[0][0] == pytest.approx(found[1][0], abs=8)
    assert found[0][1] == pytest.approx(found[1][1], rel=0.01)  # Icarus counts no change from X


@pytest.mark.parametrize("name", ["phi", "planes"])
def test_faults_fail_after_power_ups(name, make, tmp_path):
    """A gate that is another, and a register of the handshake that is not reset."""
    case, library = make(name), read_library(TINY)
    netlist = map_case(case, library, TINY, tmp_path, period_ps=1e4, effort="area")
    text = (tmp_path / "netlist.json").read_text()

    def passes(changes: Callable[[dict[str, Any]], None]) -> bool:
        module = json.loads(text)["modules"][case.top]
        changes(module["cells"])
        check, activity = check_large(case, module, library)
        assert (activity is None) != check.passed
        return check.passed

    assert passes(lambda _cells: None)
    kinds = {cell: instance.cell.name for cell, instance in netlist.instances.items()}
    nands = [cell for cell, kind in kinds.items() if kind == "NAND2"]
    for nand in (nands[0], nands[len(nands) // 2], nands[-1]):
        assert not passes(lambda cells, nand=nand: cells[nand].update(type="NOR2"))
    resets = [cell for cell, kind in kinds.items() if kind == "DFFR"]
    assert len(resets) == {"phi": 3, "planes": 3}[name]
    # A stage whose neighbours are reset is emptied by the clock, whose edge comes while the reset is held.
    for cell in (cell for cell in resets if netlist.label(cell) != "stage2_valid"):
        assert not passes(lambda cells, cell=cell: cells[cell].update(type="DFF")), netlist.label(cell)


def test_a_mapper_that_splits_what_is_unknown_is_right(make, tmp_path):
    """(a and x) or (a and not x) is a, whatever a register x powers up as; three values say that it is unknown."""
    case, library = make("phi"), read_library(TINY)
    map_case(case, library, TINY, tmp_path, period_ps=1e4, effort="area")
    module = json.loads((tmp_path / "netlist.json").read_text())["modules"][case.top]
    cells, clock = module["cells"], module["ports"]["clk"]["bits"]
    taken = {bit for net in module["netnames"].values() for bit in net["bits"] if isinstance(bit, int)}
    x, none, low, high, split = range(max(taken) + 1, max(taken) + 6)
    module["netnames"]["more"] = {"bits": [x, none, low, high, split]}
    output = module["ports"]["o__payload"]["bits"]
    a, output[0] = output[0], split

    def add(kind: str, **pins: int) -> None:
        cells[f"more{len(cells)}"] = {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}

    add("DFF", CK=clock[0], D=x, Q=x)
    add("INV", A=x, Y=none)
    add("NAND2", A=a, B=x, Y=low)
    add("NAND2", A=a, B=none, Y=high)
    add("NAND2", A=low, B=high, Y=split)
    check, _activity = check_large(case, module, library)
    assert check.passed, check.said


@NEEDS_ICARUS
def test_only_large_macros_are_mapped_by_the_column(make, tmp_path, monkeypatch):
    """A column that is mapped once for all is slower, as its gates do not know what they drive."""
    case, repeated = make("planes"), []
    passes = mapping.run_yosys
    monkeypatch.setattr(mapping, "run_yosys", lambda *lines, **more: (
        repeated.extend(line for line in lines if "keep_hierarchy" in line and "-set" in line), passes(*lines, **more)))
    for most in (10**9, 0):
        (folder := tmp_path / str(most)).mkdir()
        monkeypatch.setattr(mapping, "_LARGE_TEXT", most)
        synthesis = run(case, folder)
        assert synthesis.gates is not None and synthesis.gates.passed
        assert bool(repeated) == (most == 0)


def test_initial_values_are_no_ground_for_a_claim(make_case, tmp_path):
    synthesis = run(make_case(make_unit("SQ2.6", "SQ2.6", "nearest", 2, "elastic")), tmp_path)
    assert synthesis.gates is None and synthesis.power is None
    assert "initial values" in synthesis.missing[0] and "--target asic28" in synthesis.missing[0]
    assert synthesis.netlist.area_um2 > 0


def test_area_is_the_sum_of_the_cells(make, tmp_path):
    synthesis = run(make("phi"), tmp_path)
    kinds = re.findall(r"^  (\w+) u\d+ \(", (tmp_path / "netlist.v").read_text(), re.MULTILINE)
    assert sum(synthesis.netlist.histogram.values()) == len(kinds)
    assert synthesis.netlist.area_um2 == sum(synthesis.library.cells[kind].area_um2 for kind in kinds)
    assert synthesis.gate_equivalents == synthesis.netlist.area_um2 / 2
    assert all(re.match(r"stage\d_|o__", name) for name in synthesis.netlist.registers.values())


@NEEDS_ICARUS
@NEEDS_STA
@pytest.mark.parametrize("name", ["phi", "combinational", "planes"])
def test_power_by_hand(name, make, tmp_path):
    synthesis = run(make(name), tmp_path)
    power, activity, netlist = synthesis.power, synthesis.activity, synthesis.netlist
    assert power is not None and activity is not None
    load = dict.fromkeys((net for instance in netlist.instances.values() for net in instance.outputs.values()), 0.0)
    for instance in netlist.instances.values():
        for pin, net in instance.inputs.items():
            if net in load:
                load[net] += next(p.capacitance_pf for p in instance.cell.inputs if p.name == pin)
    outputs = {port.name for port in synthesis.request.case.ports if port.direction == "output"}
    for net in {net for (port, _), net in netlist.nets.items() if port in outputs and net in load}:
        load[net] += LOAD_GATES * 0.002
    hertz = 100e6
    switching = sum(0.5e-12 * farads * activity.per_cycle(net) * hertz for net, farads in load.items())
    assert power.switching_uw == pytest.approx(1e6 * switching, rel=1e-3)
    # 2 fJ a change of a gate; 4 fJ an edge of a flip-flop's clock; 5 nW a flip-flop.
    gates = [net for instance in netlist.instances.values() if instance.cell.gate and instance.inputs
             for net in instance.outputs.values()]
    clock = len(netlist.registers) * 2 * 4e-15 * hertz
    assert power.clock_uw == pytest.approx(1e6 * clock, rel=1e-3)
    internal = clock + sum(2e-15 * activity.per_cycle(net) * hertz for net in gates)
    assert power.internal_uw == pytest.approx(1e6 * internal, rel=1e-3)
    leaks = {"INV": 1, "BUF": 2, "NAND2_BIG": 4, "NAND2": 2, "NOR2": 2, "XOR2": 4, "TIEHI": 1, "TIELO": 1, "DFF": 5,
             "DFFR": 5}
    assert power.leakage_uw == pytest.approx(
        1e-3 * sum(leaks[cell] * count for cell, count in netlist.histogram.items()), rel=1e-3)


@NEEDS_STA
def test_timing_names_stages(make, tmp_path):
    timing = run(make("phi"), tmp_path).timing
    assert timing is not None
    assert timing.shortest_period_ps == pytest.approx(10_000 - timing.worst.slack_ps)
    assert timing.greatest_clock_mhz == pytest.approx(1e6 / timing.shortest_period_ps)
    # What the cells add up to, and the setup of the flip-flop or nothing, is the shortest period.
    assert timing.cells[-1].arrival_ps == pytest.approx(sum(cell.delay_ps for cell in timing.cells), abs=40)
    assert 0 <= timing.shortest_period_ps - timing.cells[-1].arrival_ps < 40
    assert {path.end.split("_")[0] for path in timing.ends} >= {"stage1", "stage2", "o"}
    slacks = [path.slack_ps for path in timing.ends]
    assert slacks == sorted(slacks)


@NEEDS_STA
def test_what_misses_the_clock_is_mapped_for_speed(make_case, tmp_path):
    case, found = make_case(make_unit("SQ2.10", "SQ2.10", "nearest", 2, "always")), {}
    for clock_mhz in (20.0, 2000.0):
        (folder := tmp_path / str(clock_mhz)).mkdir()
        found[clock_mhz] = run(case, folder, library_file("osu018"), clock_mhz=clock_mhz)
    small, fast = found.values()
    assert small.timing is not None and fast.timing is not None
    assert small.effort == "area" and fast.effort != "area"
    assert small.netlist.area_um2 < fast.netlist.area_um2
    assert fast.timing.shortest_period_ps < small.timing.shortest_period_ps
    # The library of tests is too poor for that, and the smaller netlist stays.
    (folder := tmp_path / "tiny").mkdir()
    assert run(case, folder, clock_mhz=5000.0).effort == "area"


@NEEDS_STA
def test_more_stages_are_faster(make_case, tmp_path):
    found = []
    for stages in (1, 4):
        (folder := tmp_path / str(stages)).mkdir()
        case = make_case(make_unit("SQ2.10", "SQ2.10", "nearest", stages, "always"))  # initialised: not simulated
        timing = run(case, folder, library_file("osu018"), clock_mhz=2000.0).timing
        assert timing is not None
        found.append(timing.shortest_period_ps)
    assert found[1] < 0.7 * found[0]


def test_without_tools_it_says_so(make, tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "find_sta", lambda: None)

    def missing(name: str):
        raise IllegalSetting("simulator", "installed (for icarus: apt-get install iverilog)", name)

    monkeypatch.setattr(flow, "find_simulator", missing)
    synthesis = run(make("phi"), tmp_path, node_nm=45)
    assert synthesis.timing is None and synthesis.gates is None and synthesis.power is None
    assert any("apt-get install opensta" in text for text in synthesis.missing)
    assert any("apt-get install iverilog" in text for text in synthesis.missing)
    assert synthesis.estimate is not None and synthesis.estimate.shortest_period_ps is None


@NEEDS_ICARUS
def test_finer_models_give_the_same_power(make, tmp_path):
    found = []
    for precision in ("1ps", "1fs"):
        (folder := tmp_path / precision).mkdir()
        (models := tmp_path / f"{precision}.v").write_text(
            f"`timescale 1ns/{precision}\n" + library_models(read_library(TINY)))
        found.append(run(make("phi"), folder, models=models).activity)
    assert found[0] is not None and found[0] == found[1]


def test_stages_are_in_order_and_named_by_what_they_are():
    ends = [Endpoint("a", end, slack) for slack, end in enumerate((
        "stage10_x[0]", "stage2_x[1]", "o__payload[0]", "column_1.accumulator[3]", "cells_0.weights[3]", "i__ready",
        "plane"))]
    assert list(stages_of(ends, 12)) == ["stage 2", "stage 10", "stage 12", "control", "outputs", "weights",
                                         "accumulators"]
    assert list(stages_of(ends[2:3], 0)) == ["outputs"]


def test_a_simulator_that_dies_is_no_verdict(make, tmp_path, monkeypatch):
    killed = subprocess.CompletedProcess([], -9, "", "")
    monkeypatch.setattr(gate_level.subprocess, "run", lambda *_arguments, **_options: killed)
    monkeypatch.setattr(gate_level, "run_tool", lambda _command: None)
    with pytest.raises(ToolError, match="the simulation of the netlist failed"):
        check_gates(make("phi"), [])


def test_a_library_without_a_flip_flop_that_resets(make, tmp_path):
    text = TINY.read_text()
    (tmp_path / "poor.lib").write_text(text[:text.index("  cell(DFFR)")] + "}\n")
    with pytest.raises(ToolError, match="tiny has no cell for|Yosys failed"):
        run(make("phi"), tmp_path, tmp_path / "poor.lib")


def test_primitives_are_refused(make_case, tmp_path):
    unit = make_unit("SQ2.6", "SQ2.6", "nearest", 1, "always")
    case = make_case(type(unit)(unit.activation, 1, "always", "ultrascale", "heap"))
    with pytest.raises(IllegalSetting, match="case must be a case of technology generic, cells or fpga"):
        run(case, tmp_path)


def test_command(make, tmp_path, capsys):
    case = tmp_path / "the caf\u00e9's \"case\" of $HOME"
    shutil.copytree(make("planes").folder, case)
    assert main(["synth", str(case), "--liberty", str(TINY), "--node-nm", "45"]) == 0
    said = capsys.readouterr()
    assert "gate equivalents" in said.out
    result = json.loads((case / "synth/synth.json").read_text())
    assert result["schema"] == "quadcim-synth-1" and result["clock_mhz"] == 100
    assert result["gate_level"] is None or result["gate_level"]["passed"]
    assert result["estimate_28nm"]["area_um2"] == pytest.approx(GATE_28_UM2 * result["gate_equivalents"], abs=0.01)
    names = {path.name for path in (case / "synth").iterdir()} - {"SHA256SUMS"}
    assert {"netlist.v", "report.md", "synth.json"} <= names <= {"netlist.v", "report.md", "synth.json", "cells.v"}
    before = (case / "synth/netlist.v").read_bytes(), (case / "synth/synth.json").read_bytes()
    assert main(["synth", str(case), "--liberty", str(TINY), "--node-nm", "45"]) == 2
    assert "--out must be" in capsys.readouterr().err
    assert main(["synth", str(case), "--liberty", str(TINY), "--node-nm", "45", "--force"]) == 0
    assert before == ((case / "synth/netlist.v").read_bytes(), (case / "synth/synth.json").read_bytes())
    load_case(case)  # still whole


@pytest.mark.parametrize("more, message", [
    (["--liberty", "nothing.lib"], "--liberty must be a Liberty file"),
    (["--liberty", str(TINY), "--node-nm", "44"], "--node-nm must be one of 180, 130"),
    (["--liberty", str(TINY), "--models", "nothing.v"], "--models must be a Verilog file"),
    (["--liberty", str(TINY), "--clock-mhz", "0"], "--clock-mhz: must be a number from 1"),
])
def test_wrong_use(more, message, make, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["synth", str(make("phi").folder), *more, "--out", "new"])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_command_that_is_ended_leaves_nothing(make, tmp_path):
    shutil.copytree(make("planes").folder, tmp_path / "case")
    before = sorted((tmp_path / "case").iterdir())
    command = [sys.executable, "-m", "quadcim", "synth", str(tmp_path / "case"), "--liberty", str(TINY)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        # The first step that is still under way after a second, whichever that is.
        assert process.stderr is not None and re.search("mapping|timing|simulating", process.stderr.readline())
        process.terminate()
        assert process.wait(timeout=30) == 143
    assert sorted((tmp_path / "case").iterdir()) == before


_NASTY = "-a b'c\"d$HOME`touch proof`[1]{g};h#i\\j*\u00e9%s&(k)|~$(touch proof)\nl"


@NEEDS_ICARUS
@NEEDS_STA
def test_paths_are_paths(make, tmp_path, monkeypatch, capsys):
    """Of the case, of the library and of the results, in Yosys, ABC, OpenSTA and Icarus."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(make("streaming").folder, tmp_path / _NASTY)
    shutil.copyfile(TINY, tmp_path / f"{_NASTY}.lib")
    assert main(["synth", f"--liberty={_NASTY}.lib", f"--out={_NASTY}-out", "--", _NASTY]) == 0
    said = capsys.readouterr().out
    assert "PASS" in said and "slack" in said and "power" in said
    assert {path.name for path in tmp_path.iterdir()} == {_NASTY, f"{_NASTY}.lib", f"{_NASTY}-out"}


@pytest.mark.parametrize("name", ["{*}[exec\\x20touch\\x20proof]", "[exec touch proof]", "`touch proof`"])
@pytest.mark.parametrize("old, what", [("cell(BUF)", "cells"), ("pin(A)", "pins"), ("library(tiny)", "library")])
def test_a_library_runs_no_command(old, what, name, make, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    kind = old.partition("(")[0]
    Path("hostile.lib").write_text(TINY.read_text().replace(old, f'{kind}("{name}")'))
    assert main(["synth", str(make("phi").folder), "--liberty", "hostile.lib", "--out", "new"]) == 2
    error = capsys.readouterr().err
    assert what in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.lib"]

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from quadcim.cli import main
from quadcim.regress.modes import mode_hits
from quadcim.regress.results import coverage_lines, write_results
from quadcim.regress.runs import Run, planned_runs, run_one
from quadcim.sim.cosim import simulate
from quadcim.sim.tools import find_simulator
from quadcim.spec.presets import MACRO_PRESETS, PRESETS
from tests.sim.test_bulk import spoiled

pytestmark = pytest.mark.shared_seeds


def test_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = find_simulator().name
    command = ["regress", "--preset", "phi8-combinational", "cim-banks", "--simulator", name, "--beats", "20",
               "--out", "all", "--jobs", "2"]
    assert main([*command, "--seed", "5"]) == 0
    said = capsys.readouterr().out
    assert f"2 cases on {name}, seed 5" in said and "PASS: 2 runs" in said and "seed 5; results in all" in said
    suites = list(ElementTree.parse("all/junit.xml").iter("testsuite"))
    assert [suite.get("name") for suite in suites] == [f"phi8-combinational.{name}", f"cim-banks.{name}"]
    assert all(suite.get("failures") == "0" and int(suite.get("tests", "0")) >= 11 for suite in suites)
    runs = json.loads(Path("all/regress.json").read_text())["runs"]
    assert len({run["seed"] for run in runs}) == 2 and {run["beats"] for run in runs} == {20}
    assert json.loads(Path("all/coverage.json").read_text())["cases"].keys() == {"phi8-combinational", "cim-banks"}
    assert "seed 5" in Path("all/report.md").read_text()
    # The cases stay, so that each run can be repeated.
    assert main(["simulate", "all/cases/cim-banks", "--simulator", name, "--seed", str(runs[1]["seed"])]) == 0
    assert main(command) == 2
    assert main(["regress", "--preset", "cim-lutram", "--target", "asic28", "--out", "x"]) == 2
    assert main(["regress", "--preset", "phi9", "--out", "x"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert [line.split(" must be ")[0] for line in errors] == [f"quadcim: error: {name}"
                                                               for name in ("--out", "technology", "--preset")]


def test_a_failure_is_a_result_that_can_be_replayed(tmp_path, make_case):
    simulator = find_simulator().name
    bad = spoiled(make_case(PRESETS["phi8"]), tmp_path, "folded = ", "folded = ~")
    result = run_one(Run("phi8", bad.folder, simulator, 10, 7))
    assert result.failed > 0 and "first mismatch" in result.failures[0]
    (tmp_path / "out").mkdir()
    write_results(tmp_path / "out", [result], {}, seed=3, out=tmp_path)
    command = f"quadcim simulate {tmp_path}/cases/phi8 --simulator {simulator} --beats 10 --seed 7"
    assert command in (tmp_path / "out/report.md").read_text()
    assert main(shlex.split(result.run.replay(bad.folder))[1:]) == 1


def test_a_broken_simulation_is_a_failed_test(tmp_path, make_case):
    case = make_case(PRESETS["phi8"])
    simulate(case, simulator=find_simulator(), beats=0, seed=0)
    bad = spoiled(case, tmp_path, "folded = ", "folded = (")  # with the results of an earlier run
    result = run_one(Run("phi8", bad.folder, find_simulator().name, 0, 0))
    assert (result.passed, result.failed) == (0, 1)
    (tmp_path / "out").mkdir()
    write_results(tmp_path / "out", [result], {}, seed=0, out=tmp_path)
    suite = next(ElementTree.parse(tmp_path / "out/junit.xml").iter("testsuite"))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1") and suite.find(".//failure") is not None


def test_seeds_follow_from_one():
    runs = [planned_runs(["a", "b"], Path(), ["icarus", "verilator"], beats=0, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2] and len({run.seed for run in runs[0]}) == 4


def test_mode_crosses():
    units = [PRESETS["phi8"], PRESETS["phi16-small"], MACRO_PRESETS["cim-banks"]]
    hits = mode_hits(units)
    assert hits["activation"]["elastic, nearest"] == 1 and hits["activation"]["always, faithful"] == 1
    assert hits["activation"]["always, nearest"] == 0 and hits["cim"]["several banks, exact sums"] == 1
    assert mode_hits([]) == {}
    line = coverage_lines({"phi8": {"input": {"0": 1, "1 ulp": 0}}}, {"cim": {"bipolar, signed": 0, "registers": 2}})
    assert line == ["2 of 4 bins covered", "phi8, input: 1 ulp", "no cim unit is: bipolar, signed"]


@pytest.mark.long
@pytest.mark.parametrize("target", ["generic", "asic28"])
def test_the_whole_catalogue(target, tmp_path, seed):
    assert main(["regress", "--target", target, "--beats", "2000", "--seed", str(seed),
                 "--out", str(tmp_path / "all")]) == 0

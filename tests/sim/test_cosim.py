"""The cocotb regression, on the simulators that are installed."""

import json
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from quadcim.boards.targets import find_target
from quadcim.cli import main
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.ownership import file_sha256
from quadcim.sim.cosim import simulate
from quadcim.sim.tools import find_simulator
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import PRESETS
from tests.conftest import make_unit
from tests.sim.test_bulk import spoiled

pytestmark = pytest.mark.shared_seeds

_TESTS = 12


@pytest.mark.parametrize("name", ["phi8", "phi32"])
def test_passes(name, simulator, make_case, seed):
    case = make_case(PRESETS[name])
    result = simulate(case, simulator=simulator, beats=200, seed=seed)
    assert (result.passed, result.failed, result.failures) == (_TESTS, 0, ())
    xml = ElementTree.parse(case.folder / "sim" / simulator.name / "results.xml")
    # The test that writes weights is skipped: an activation unit has none.
    assert [len(test.findall("skipped")) for test in xml.iter("testcase")].count(0) == _TESTS


@pytest.mark.long
@pytest.mark.parametrize("flow_control", ["elastic", "always"])
@pytest.mark.parametrize("stages", range(8))
def test_every_number_of_stages(stages, flow_control, simulator, make_case, seed):
    case = make_case(make_unit("SQ2.14", "SQ2.14", "nearest", stages, flow_control))
    assert simulate(case, simulator=simulator, seed=seed).failed == 0


@pytest.mark.parametrize("settings", [("SQ2.0", "SQ2.4", "nearest", 1, "elastic"),
                                      ("UQ1.1", "UQ1.1", "nearest", 2, "always")], ids=str)
def test_tiny_units_pass(settings, make_case, seed):
    result = simulate(make_case(make_unit(*settings)), simulator=find_simulator(), seed=seed)
    assert (result.passed, result.failed, result.failures) == (_TESTS, 0, ())


def test_first_mismatch_is_reported(simulator, make_case, tmp_path):
    case = spoiled(make_case(PRESETS["phi8"]), tmp_path, "folded = ", "folded = ~")
    result = simulate(case, simulator=simulator)
    assert result.failed == _TESTS
    assert all("first mismatch at cycle" in failure and "expected raw" in failure for failure in result.failures)


def test_paths_mean_what_they_say(simulator, make_case, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a cache of $USER"))
    case = load_case(shutil.copytree(make_case(PRESETS["phi8-combinational"]).folder, tmp_path / "caf\u00e9 \"$HOME\""))
    result = simulate(case, simulator=simulator, waves=True)
    # Neither weights nor registers.
    assert (result.failed, result.skipped) == (0, 2)
    assert any(path.suffix in (".fst", ".vcd") for path in result.artefacts)
    assert {path.parent for path in result.artefacts} == {case.folder / "sim" / simulator.name}


def test_records_are_true_and_stable(simulator, make_case, tmp_path):
    case = load_case(shutil.copytree(make_case(PRESETS["phi8"]).folder, tmp_path / "case",
                                     ignore=shutil.ignore_patterns("sim")))
    sums = {path: file_sha256(path) for path in case.folder.rglob("*") if path.is_file()}
    result = simulate(case, simulator=simulator, seed=3)
    assert (result.passed, result.failed, result.skipped) == (_TESTS, 0, 1)
    assert {path: file_sha256(path) for path in sums} == sums
    assert "`sim/<simulator>/report.md`" in (case.folder / "report.md").read_text()
    folder = case.folder / "sim" / simulator.name
    assert [path for path in (case.folder / "sim").iterdir() if path != folder] == []
    assert ".quadcim-" not in (folder / "results.xml").read_text()
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    report, figures = (folder / "report.md").read_text(), json.loads((folder / "simulate.json").read_text())
    assert f"PASS: {_TESTS} tests passed, 0 failed, 1 skipped." in report
    assert "| weights_written_meanwhile | skipped |" in report
    assert [test["outcome"] for test in figures["tests"]].count("skipped") == 1 and figures["seed"] == 3
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(IllegalSetting, match="notes.txt"):
        simulate(case, simulator=simulator)


def test_command_line(tmp_path, capsys, make_case):
    generate_case(PRESETS["phi8"], target=find_target("generic"), clock_mhz=100, out=tmp_path / "good case")
    bad = spoiled(load_case(tmp_path / "good case"), tmp_path, "folded = ", "folded = ~")
    assert main(["simulate", str(tmp_path / "good case"), "--waves", "--seed", "3"]) == 0
    output = capsys.readouterr().out
    assert f"PASS: {_TESTS} tests passed, 0 failed, 1 skipped with" in output and "seed 3" in output
    assert any(line.endswith((".fst", ".vcd")) for line in output.splitlines())
    assert main(["simulate", str(bad.folder)]) == 1
    assert f"FAIL: 0 tests passed, {_TESTS} failed" in capsys.readouterr().out

"""The cocotb regression, on the simulators that are installed."""

from xml.etree import ElementTree

import pytest

from quadcim.boards.targets import find_target
from quadcim.cli import main
from quadcim.generate import generate_activation
from quadcim.sim.case import Case
from quadcim.sim.cosim import simulate
from quadcim.sim.tools import find_simulator
from quadcim.spec.presets import PRESETS
from tests.conftest import make_unit
from tests.sim.test_bulk import spoiled

pytestmark = pytest.mark.shared_seeds

_TESTS = 11


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


def test_command_line(tmp_path, capsys, make_case):
    generate_activation(PRESETS["phi8"], target=find_target("generic"), clock_mhz=100, out=tmp_path / "good case")
    bad = spoiled(Case.load(tmp_path / "good case"), tmp_path, "folded = ", "folded = ~")
    assert main(["simulate", str(tmp_path / "good case"), "--waves", "--seed", "3"]) == 0
    output = capsys.readouterr().out
    assert "PASS: 11 tests passed, 0 failed" in output and "seed 3" in output
    assert any(line.endswith((".fst", ".vcd")) for line in output.splitlines())
    assert main(["simulate", str(bad.folder)]) == 1
    assert "FAIL: 0 tests passed, 11 failed" in capsys.readouterr().out

"""The plain Verilog testbench: what the receiver of a case runs."""

import shutil
import subprocess

import pytest

from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.sim.case import Case
from quadcim.sim.testbench import simulation_command
from quadcim.spec.activation import Activation
from quadcim.spec.cim import CimIntegers
from quadcim.spec.formats import Format
from quadcim.spec.presets import MACRO_PRESETS, PRESETS
from quadcim.spec.unit import ActivationUnit
from tests.conftest import PRESET_TARGETS, make_unit

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")


def run(case: Case, folder, *, edit=None) -> str:
    """Compile and run a copy of a case, as its report and the testbench say; `edit` is given the copy first."""
    copy = folder / "copy"
    shutil.copytree(case.folder, copy)
    if edit:
        edit(copy)
    (command,) = (line for line in (copy / "report.md").read_text().splitlines() if "iverilog" in line)
    (testbench,) = copy.glob("tb/*.v")
    assert f"//   {command.strip()}" in testbench.read_text().splitlines()
    return subprocess.run(["sh", "-c", command], cwd=copy, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name, target", PRESET_TARGETS)
def test_passes(name, target, make_case, tmp_path):
    assert run(make_case(PRESETS[name], target), tmp_path).splitlines() == ["PASS"]


@pytest.mark.parametrize("stages", [0, 2])
def test_passes_in_systemverilog(stages, make_case, tmp_path):
    """Its blocks wait for a change: tables have to be read without one, too."""
    case = make_case(ActivationUnit(Activation("tanh", Format(True, 3, 4), Format(True, 1, 6), "faithful"), stages,
                                    method="table"))
    assert "table" in (case.folder / f"rtl/{case.top}.v").read_text()
    subprocess.run(["sh", "-c", "iverilog -g2012 -o t tb/*.v rtl/*.v"], cwd=case.folder, check=True)
    run = subprocess.run(["vvp", "t"], cwd=case.folder, capture_output=True, text=True, check=True)
    (case.folder / "t").unlink()
    assert run.stdout.splitlines() == ["PASS"]


def test_the_command_takes_models_only_where_there_are_any():
    """A unit for the FPGA whose output is constant has no primitives."""
    assert simulation_command(["rtl/quadcim_cells.v"]) == "iverilog -g2005 -o t tb/*.v rtl/*.v && vvp t"
    assert simulation_command(["models/primitives.v"]) == "iverilog -g2005 -o t tb/*.v rtl/*.v models/*.v && vvp t"


@pytest.mark.parametrize("name", MACRO_PRESETS)
def test_macros_pass(name, tmp_path):
    generate_case(MACRO_PRESETS[name], CimIntegers(), target=find_target("generic"), clock_mhz=100, out=tmp_path / name)
    assert run(load_case(tmp_path / name), tmp_path).splitlines() == ["PASS"]


def test_missing_vectors_fail(make_case, tmp_path):
    def lose(folder):
        (folder / "vectors/expected.hex").write_text("0\n")

    assert run(make_case(PRESETS["phi8"]), tmp_path, edit=lose).splitlines()[-1] == (
        "FAIL 1023 vectors missing: run this in the case directory")


@pytest.mark.parametrize("settings", [("SQ2.0", "SQ2.4", "nearest", 1, "elastic"),
                                      ("UQ1.1", "UQ1.1", "nearest", 2, "always"),
                                      ("UQ2.0", "SQ1.1", "truncate", 0, "elastic")], ids=str)
def test_tiny_units_pass(settings, make_case, tmp_path):
    assert run(make_case(make_unit(*settings)), tmp_path).splitlines() == ["PASS"]


def test_a_wrong_expectation_fails_with_a_count(make_case, tmp_path):
    def spoil(folder):
        path = folder / "vectors/expected.hex"
        lines = path.read_text().splitlines()
        for index in (5, 700):
            lines[index] = f"{int(lines[index], 16) ^ 1:0{len(lines[index])}x}"
        path.write_text("\n".join(lines) + "\n")

    # Three runs over all vectors; the third begins again after the reset in its middle.
    lines = run(make_case(PRESETS["phi8"]), tmp_path, edit=spoil).splitlines()
    assert lines[-1] == "FAIL 7 mismatches"
    assert "expected" in lines[0] and "beat 5:" in lines[0]


@pytest.mark.parametrize("old, new", [
    ("stage2_valid <= stage1_valid", "stage2_valid <= 1'h1"),         # a beat too many
    ("| ~stage2_valid", "| 1'h0"),                                    # a bubble stays where it is
    ("if (stage2_moves) stage2_", "if (1'h1) stage2_"),               # loses a payload when stalled
    ("if (rst) stage2_valid <= 1'h0;\n    else if", "if"),            # survives the reset
])
def test_broken_flow_control_fails(old, new, make_case, tmp_path):
    def spoil(folder):
        (path,) = (folder / "rtl").iterdir()
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    assert run(make_case(PRESETS["phi16"]), tmp_path, edit=spoil).splitlines()[-1].startswith("FAIL")

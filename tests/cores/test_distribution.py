"""A kind of core of another distribution, installed beside this one, goes through everything that is shipped."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim.sim.tools import find_simulator
from tests.boards.helpers import run_tcl
from tests.boards.test_fusesoc import fusesoc
from tests.cores.conftest import ROOT


@pytest.fixture(scope="module")
def make(quadcim, tmp_path_factory):
    """The case for a target."""
    made: dict[str, Path] = {}

    def case(target: str) -> Path:
        if target not in made:
            made[target] = tmp_path_factory.mktemp("case") / target
            quadcim("generate", "lookup", "--factor", 5, "--target", target, "--out", made[target])
        return made[target]

    return case


def _top(case: Path) -> str:
    return json.loads((case / "case.json").read_text())["top"]


def test_listed_with_its_presets(quadcim):
    assert "lookup-3" in quadcim("list", "presets")
    assert "a table in a block RAM" in quadcim("generate", "--help")


def test_its_image_is_a_file_of_the_case(make):
    case = make("generic")
    top = _top(case)
    image = case / f"{top}_table.hex"
    assert image.read_text() == "".join(f"{(5 * x + 1) % 256:02x}\n" for x in range(256))
    assert f'INIT_FILE = "{image.name}"' in (case / f"rtl/{top}.v").read_text()
    assert f"  {image.name}" in (case / "SHA256SUMS").read_text()


@pytest.mark.parametrize("target", ["generic", "vcu128", "asic28"])
def test_the_shipped_testbench_passes(target, make, tmp_path):
    icarus, case = find_simulator("icarus").executable, make(target)
    subprocess.run([icarus, "-g2005", "-Wall", "-o", tmp_path / "t", *(case / "tb").glob("*.v"),
                    *(case / "rtl").glob("*.v")], check=True)
    run = subprocess.run([icarus.with_name("vvp"), tmp_path / "t"], cwd=case, check=True, capture_output=True,
                         text=True)
    assert run.stdout.splitlines()[-1] == "PASS"


def test_the_shipped_testbench_fails_without_the_image(make, tmp_path):
    icarus, case = find_simulator("icarus").executable, shutil.copytree(make("generic"), tmp_path / "case")
    for image in case.glob("*.hex"):
        image.unlink()
    subprocess.run([icarus, "-g2005", "-o", tmp_path / "t", *(case / "tb").glob("*.v"), *(case / "rtl").glob("*.v")],
                   check=True)
    run = subprocess.run([icarus.with_name("vvp"), tmp_path / "t"], cwd=case, check=False, capture_output=True,
                         text=True)
    assert run.stdout.splitlines()[-1].startswith("FAIL")


@pytest.mark.parametrize("target", ["generic", "asic28"])
def test_cocotb_on_every_simulator(target, make, quadcim, simulator, seed):
    said = quadcim("simulate", make(target), "--simulator", simulator.name, "--beats", 200, "--seed", seed)
    assert "PASS" in said
    assert not list((make(target) / f"sim/{simulator.name}").glob("*.hex"))


def test_synthesis(make, quadcim, tmp_path):
    said = quadcim("synth", make("generic"), "--out", tmp_path / "synth")
    assert "0.5 block RAM" in said


def test_fusesoc_finds_the_image(make, tmp_path):
    case = make("generic")
    assert "PASS" in fusesoc(tmp_path, case, "run", "--target", "sim", _top(case)).splitlines()


def test_ip_xact_lists_the_image(make):
    case = make("vcu128")
    (component,) = case.rglob("component.xml")
    assert re.search(rf"<spirit:name>[./]*/{_top(case)}_table.hex</spirit:name>\s*"
                     "<spirit:userFileType>mem</spirit:userFileType>", component.read_text())


@pytest.mark.parametrize(("script", "command"), [("project", "add_files"), ("package_ip", "add_files"),
                                                 ("axis", "read_mem")])
def test_vivado_is_given_the_image(script, command, make, tmp_path):
    case = shutil.copytree(make("vcu128"), tmp_path / "case")
    calls, _said = run_tcl(case / f"vcu128/{_top(case)}_{script}.tcl", scratch=tmp_path)
    given = [Path(call[-1].strip("{}")).resolve() for call in calls if call[0] == command]
    assert case.resolve() / f"{_top(case)}_table.hex" in given


def test_proofs(make, quadcim):
    said = quadcim("prove", make("generic"), "--property", "stream")
    assert said.startswith("stream: proved, in every state that can be reached")


def test_a_damaged_case_is_refused(make, quadcim, tmp_path):
    case = shutil.copytree(make("generic"), tmp_path / "case")
    integers = json.loads((case / "integers.json").read_text())
    (case / "integers.json").write_text(json.dumps([*integers[:3], integers[3] + 1, *integers[4:]]))
    assert "case must be" in quadcim("simulate", case, returns=2)


def test_regression(quadcim, tmp_path):
    said = quadcim("regress", "--preset", "lookup-3", "--simulator", "icarus", "--jobs", 1, "--out",
                   tmp_path / "regress")
    assert "PASS: 1 runs" in said


def test_a_sweep(quadcim, tmp_path):
    (tmp_path / "sweep.toml").write_text('kind = "lookup"\nmeasure = ["latency", "delay", "exactness"]\n'
                                         "[grid]\nfactor = [1, 2]\n")
    quadcim("sweep", tmp_path / "sweep.toml", "--jobs", 1, "--export", tmp_path / "all.csv")
    rows = (tmp_path / "all.csv").read_text().splitlines()
    names = rows[0].split(",")
    assert len(rows) == 3 and all(row.split(",")[names.index("mismatches")] == "0" for row in rows[1:])


def test_without_it_there_is_no_such_kind(make, tmp_path):
    ended = subprocess.run([sys.executable, "-m", "quadcim", "simulate", make("generic")], capture_output=True,
                           text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert ended.returncode == 2 and "case must be" in ended.stderr and ended.stderr.count("\n") == 1

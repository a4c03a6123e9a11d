"""Resources of the VCU128: counts that the sources tell, and what the command writes."""

import json

import pytest

from quadcim.cli import main
from quadcim.spec.activation import Activation
from quadcim.spec.cim import CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit
from quadcim.synth.fpga import DEVICE, Resources, map_to_fpga
from tests.conftest import make_unit

_SMALL = make_unit("SQ2.4", "SQ2.4", "nearest", 1, "always")
_SINE = ActivationUnit(Activation("sine", Format.parse("SQ2.10"), Format.parse("SQ2.10"), "faithful"), 2,
                       method="taylor")
_DSP = ActivationUnit(Activation("quad", Format.parse("SQ2.14"), Format.parse("SQ2.14"), "nearest"), 3, "always",
                      "ultrascale", "dsp")
_LUTRAM = CimMacro(16, 3, 2, technology="ultrascale", storage="lutram", stages=1)


def _silent(_text: str) -> None:
    pass


def test_resources_by_hand():
    found = Resources({"CARRY4": 3, "CARRY8": 2, "DSP48E2": 4, "FDCE": 1, "FDRE": 5, "INV": 9, "LUT1": 1, "LUT6": 2,
                       "LUT6_2": 4, "MUXF7": 1, "RAM32M16": 2, "RAM64X1D": 1, "RAMB18E2": 3, "RAMB36E2": 1,
                       "SRL16E": 2, "SRLC32E": 1, "URAM288": 1})
    assert (found.lut_logic, found.lut_memory, found.lut) == (7, 2 * 8 + 2 + 3, 28)
    assert (found.flip_flops, found.carry8, found.dsp, found.bram36, found.uram) == (6, 3.5, 4, 2.5, 1)


@pytest.fixture(scope="module")
def small(make_case, tmp_path_factory) -> Resources:
    return map_to_fpga(make_case(_SMALL), tmp_path_factory.mktemp("small"), report=_silent)


def test_phi_takes_logic_alone(small):
    # One stage: the output and its valid bit.
    assert (small.dsp, small.bram36, small.uram, small.lut_memory) == (0, 0, 0, 0)
    assert small.flip_flops == 7 and small.lut > 0


def test_products_go_into_dsp_blocks(make_case, tmp_path):
    assert map_to_fpga(make_case(_SINE), tmp_path, report=_silent).dsp > 0


def test_primitives_of_the_source_are_kept(make_case, tmp_path):
    (folder := tmp_path / "a dsp").mkdir()
    phi = map_to_fpga(make_case(_DSP), folder, report=_silent)
    assert (phi.dsp, phi.lut_logic) == (1, 0)
    macro = map_to_fpga(make_case(_LUTRAM), tmp_path, report=_silent)
    assert macro.lut_memory == 8 * macro.count("RAM32M16", "RAM64M8") > 0 < macro.count("LUT6_2")


def test_command_writes_figures_and_report(small, make_case, tmp_path, capsys):
    case, out = make_case(_SMALL), tmp_path / "a synth"
    assert main(["synth", str(case.folder), "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    figures = json.loads((out / "synth.json").read_text())
    assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", "report.md", "synth.json"]
    resources = figures["resources"]
    assert figures["schema"] == "quadcim-synth-1" and figures["digest"] == case.manifest["digest"]
    assert figures["device"]["part"] == DEVICE.part == "xcvu37p-fsvh2892-2L-e" and figures["route"] is None
    assert figures["cells"] == small.cells and resources["lut"] == small.lut
    assert figures["share_percent"]["flip_flops"] == round(100 * resources["flip_flops"] / 2_607_360, 4)
    assert said[0].startswith(f"{resources['lut']} LUT, 7 flip-flop") and said[0].endswith("before placement")
    report = (out / "report.md").read_text()
    assert "Only Vivado can tell the rest" in report and f"| LUT | {resources['lut']} | 1,303,680 |" in report
    assert main(["synth", str(case.folder), "--out", str(out)]) == 2


@pytest.mark.parametrize("words, message", [
    (["--clock-mhz", "100"], "--clock-mhz must be left out where there is no library (--liberty), got '100.0'"),
    (["--models", "cells.v"], "--models must be left out where there is no library (--liberty), got 'cells.v'"),
    (["--node-nm", "45"], "--node-nm must be left out where there is no library (--liberty), got '45'"),
    (["--route", "ice40"], "--route must be one of ecp5, got 'ice40'"),
    (["--route", "ecp5", "--liberty", "x.lib"], "--route must be left out where there is a library, got 'ecp5'"),
])
def test_wrong_use_is_one_line(words, message, make_case, tmp_path, capsys):
    assert main(["synth", str(make_case(_SMALL).folder), "--out", str(tmp_path / "out"), *words]) == 2
    assert capsys.readouterr().err == f"quadcim: error: {message}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("technology, words, legal", [
    ("cells", [], "generic or fpga or ultrascale"), ("ultrascale", ["--route", "ecp5"], "generic or fpga")])
def test_technologies_that_do_not_fit_are_refused(technology, words, legal, make_case, tmp_path, capsys):
    case = make_case(CimMacro(4, 2, 2, technology=technology))
    assert main(["synth", str(case.folder), "--out", str(tmp_path / "out"), *words]) == 2
    assert f"case must be a case of technology {legal}, got" in capsys.readouterr().err

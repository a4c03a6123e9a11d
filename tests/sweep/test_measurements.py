import math
import re

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr_engine import InrEngine
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.measurements import MEASUREMENTS, check_settings, is_failure, is_illegal, measure_point
from quadcim.sweep.points import Point
from tests.synth.libraries import NEEDS_ICARUS, NEEDS_STA, TINY

_QUAD = Point("activation", {"function": "quad", "width": 6, "stages": 1, "technology": "fpga"})
_MACRO = Point("cim", {"rows": 8, "columns": 2, "activation_bits": 2, "stages": 2})


@pytest.mark.parametrize("point", [_QUAD, _MACRO], ids=["activation", "cim"])
def test_every_measurement(point):
    names = [name for name, measurement in MEASUREMENTS.items()
             if measurement.has(find_kind(point.kind)) and not measurement.settings]
    found = measure_point(point.kind, point.settings, names)
    for name in names:
        assert found[name].error is None and set(found[name].figures) == set(MEASUREMENTS[name].columns)
    assert found["exactness"].figures["mismatches"] == 0 and found["exactness"].figures["beats"] > 2000
    assert found["lut"].figures["lut"] > 0 and found["gates"].figures["total_ge"] > 0
    assert found["latency"].figures["latency_cycles"] == point.all_settings["stages"]


@pytest.mark.parametrize("function, output", [("quad", "SQ2.8"), ("relu", "SQ3.4")])
def test_no_error_is_infinitely_many_right_bits(function, output):
    figures = measure_point("activation", {"function": function, "input": "SQ3.4", "output": output},
                            ["error"])["error"].figures
    assert figures == {"max_error_ulp": 0, "max_error": 0, "right_bits": math.inf}


_ENGINE = {"sizes": "2x8x8x1", "coordinate_bits": 4}


def test_engines_are_estimated_and_mapped():
    found = measure_point("inr-engine", {**_ENGINE, "folding": "1x2,2x4,1x2", "target_mhz": 120}, ["estimate", "fpga"])
    said, mapped = found["estimate"].figures, found["fpga"].figures
    assert said["pixels_per_second"] == 120e6 / 8
    assert said["estimated_lut"] == pytest.approx(mapped["fpga_lut"], rel=0.1)
    assert said["estimated_ff"] == pytest.approx(mapped["fpga_ff"], rel=0.1)
    assert said["estimated_dsp"] == mapped["fpga_dsp"] == 12
    assert said["estimated_bram36"] == mapped["fpga_bram36"] == 0


@pytest.mark.parametrize("settings, multipliers", [
    ({"folding": "2x2,4x4,1x1"}, 21), ({"cycles": 8}, 11), ({"multipliers": 12}, 11), ({}, 64)])
def test_foldings_of_engines(settings, multipliers):
    spec = Point("inr-engine", {**_ENGINE, **settings}).spec
    assert isinstance(spec, InrEngine) and spec.multipliers <= multipliers
    assert settings.keys() != {"folding"} or spec.multipliers == multipliers


@pytest.mark.parametrize("settings, message", [
    ({"cycles": 4, "folding": "1x1,1x1,1x1"}, "folding must be left out beside cycles, got 'both'"),
    ({"folding": "1x1,3x1,1x1"}, "folding must be for layer 2"), ({"cycles": 0}, "cycles must be at least 1")])
def test_illegal_foldings(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        _ = Point("inr-engine", {**_ENGINE, **settings}).spec


def test_an_illegal_point_and_a_failing_one_are_results():
    found = measure_point("activation", {**_QUAD.settings, "stages": 50}, ["error", "latency"])
    for name in ("error", "latency"):  # what does not exist has no figures
        error = found[name].error
        assert not found[name].figures and error is not None and is_illegal(error) and not is_failure(error)
        assert re.fullmatch(r"IllegalSetting: stages must be 0 to \d+ for this unit, got 50", error)
    dsp = {"function": "quad", "width": 16, "technology": "ultrascale"}
    found = measure_point("activation", dsp, ["gates", "latency"])
    error = found["gates"].error
    assert error is not None and "gates are measured of plain RTL and adder cells" in error
    assert not is_illegal(error) and not is_failure(error) and found["latency"].figures


def test_a_file_that_cannot_be_used_is_a_failure(tmp_path):
    (tmp_path / "a.lib").write_text("no library")
    found = measure_point("activation", {**_QUAD.settings, "technology": "generic", "liberty": str(tmp_path / "a.lib")},
                          ["cells", "latency"])
    error = found["cells"].error
    assert error is not None and is_failure(error) and found["latency"].figures


@pytest.mark.parametrize("point, slow_mhz, fast_mhz", [
    (Point("activation", {"width": 12, "technology": "fpga"}), 150, 500),
    (Point("cim", {"rows": 64, "columns": 2, "activation_bits": 2}), 500, 3000)], ids=["activation", "cim"])
def test_stages_by_the_clock(point, slow_mhz, fast_mhz):
    stages = {}
    for clock_mhz in (slow_mhz, fast_mhz):
        settings = {**point.settings, "stages": "auto", "target_mhz": clock_mhz}
        figures = {name: value for result in measure_point(point.kind, settings, ["latency", "delay"]).values()
                   for name, value in result.figures.items()}
        stages[clock_mhz] = figures["latency_cycles"]
        assert figures["clock_mhz"] >= clock_mhz
        command = find_kind(point.kind).rebuild(settings)
        assert "--stages auto" in command and f"--clock-mhz {clock_mhz}" in command
    assert stages[slow_mhz] < stages[fast_mhz]
    assert measure_point(point.kind, {**point.settings, "stages": "auto"}, ["latency"])["latency"].error is None
    found = measure_point(point.kind, {**point.settings, "stages": "auto", "target_mhz": 9000}, ["latency"])["latency"]
    assert found.error is not None and is_illegal(found.error)


@NEEDS_ICARUS
@NEEDS_STA
@pytest.mark.parametrize("point", [_QUAD, _MACRO], ids=["activation", "cim"])
def test_standard_cells(point):
    settings = {**point.settings, "technology": "generic", "liberty": str(TINY)}
    found = measure_point(point.kind, settings, ["cells"])["cells"]
    assert found.error is None and set(found.figures) == set(MEASUREMENTS["cells"].columns)
    assert found.figures["area_ge"] == round(found.figures["area_um2"] / 2, 1)  # its NAND has 2 um2
    assert found.figures["timed_mhz"] == pytest.approx(1e6 / found.figures["period_ps"], rel=1e-3)


def test_a_library_is_known_by_its_content_and_belongs_to_no_command(tmp_path):
    paths = [tmp_path / name for name in ("a.lib", "b.lib", "c.lib")]
    for path, text in zip(paths, ("library(x) {}", "library(x) {}", "library(y) {}"), strict=True):
        path.write_text(text)
    for point in (_QUAD, _MACRO):
        a, b, c = (Point(point.kind, {**point.settings, "liberty": str(path)}) for path in paths)
        assert a.digest == b.digest != c.digest and point.digest not in (a.digest, c.digest)
        assert "lib" not in find_kind(point.kind).rebuild(a.settings)
    with pytest.raises(IllegalSetting, match="liberty must be a file that can be read"):
        _ = Point("cim", {**_MACRO.settings, "liberty": str(tmp_path / "none.lib")}).digest
    with pytest.raises(IllegalSetting, match="liberty must be given for the measurement cells"):
        check_settings(["cells"], [_QUAD.settings])

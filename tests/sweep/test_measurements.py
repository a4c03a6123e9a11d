import re

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.measurements import MEASUREMENTS, check_settings, is_illegal, measure_point
from quadcim.sweep.points import Point
from tests.synth.libraries import NEEDS_ICARUS, NEEDS_STA, TINY

_QUAD = Point("activation", {"function": "quad", "width": 6, "stages": 1, "technology": "fpga"})
_MACRO = Point("cim", {"rows": 8, "columns": 2, "activation_bits": 2, "stages": 2})


@pytest.mark.parametrize("point", [_QUAD, _MACRO], ids=["activation", "cim"])
def test_every_measurement(point):
    names = [name for name, measurement in MEASUREMENTS.items()
             if point.kind in measurement.kinds and not measurement.settings]
    found = measure_point(point.kind, point.settings, names)
    for name in names:
        assert found[name].error is None and set(found[name].figures) == set(MEASUREMENTS[name].columns)
    assert found["exactness"].figures["mismatches"] == 0 and found["exactness"].figures["beats"] > 2000
    assert found["lut"].figures["lut"] > 0 and found["gates"].figures["total_ge"] > 0
    assert found["latency"].figures["latency_cycles"] == point.all_settings["stages"]


def test_an_illegal_point_and_a_failing_one_are_results():
    found = measure_point("activation", {**_QUAD.settings, "stages": 50}, ["error", "latency"])
    assert found["error"].error is None
    error = found["latency"].error
    assert error is not None and is_illegal(error)
    assert re.fullmatch(r"IllegalSetting: stages must be 0 to \d+ for this unit, got 50", error)
    dsp = {"function": "quad", "width": 16, "technology": "ultrascale"}
    error = measure_point("activation", dsp, ["gates"])["gates"].error
    assert error is not None and "gates must be measured of plain RTL and adder cells" in error


@NEEDS_ICARUS
@NEEDS_STA
@pytest.mark.parametrize("point", [_QUAD, _MACRO], ids=["activation", "cim"])
def test_standard_cells(point):
    settings = {**point.settings, "technology": "generic", "liberty": str(TINY)}
    found = measure_point(point.kind, settings, ["cells"])["cells"]
    assert found.error is None and set(found.figures) == set(MEASUREMENTS["cells"].columns)
    assert found.figures["area_ge"] == pytest.approx(found.figures["area_um2"] / 2)  # its NAND has 2 um2
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

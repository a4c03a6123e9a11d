import re

import pytest

from quadcim.sweep.measurements import MEASUREMENTS, is_illegal, measure_point
from quadcim.sweep.points import Point

_QUAD = Point("activation", {"function": "quad", "width": 6, "stages": 1, "technology": "fpga"})
_MACRO = Point("cim", {"rows": 8, "columns": 2, "activation_bits": 2, "stages": 2})


@pytest.mark.parametrize("point", [_QUAD, _MACRO], ids=["activation", "cim"])
def test_every_measurement(point):
    names = [name for name, measurement in MEASUREMENTS.items() if point.kind in measurement.kinds]
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

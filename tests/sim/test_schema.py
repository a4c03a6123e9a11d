"""Manifests against docs/case.schema.json, by a validator that others wrote."""

import copy
import json
from pathlib import Path

import fastjsonschema
import pytest

from quadcim.cores.catalogue import presets
from quadcim.spec.cim import CimIntegers, CimMacro

_VALIDATE = fastjsonschema.compile(json.loads((Path(__file__).parents[2] / "docs/case.schema.json").read_text()))
_CONSTANT = CimMacro(3, 2, 2, storage="constant"), CimIntegers(cells=((1, 0), (0, 1), (1, 1)))


@pytest.mark.parametrize("name", ["phi8-combinational", "phi16-small", "phi16-dsp", "gelu8", "cim-banks", "cim-lutram"])
@pytest.mark.parametrize("target", ["generic", "vcu128"])
def test_manifests_are_valid(name, target, make_case):
    _VALIDATE(make_case(presets()[name], target).manifest)


def test_constant_weights_are_valid(make_case):
    _VALIDATE(make_case(_CONSTANT[0], "asic28", integers=_CONSTANT[1], reset="async-low").manifest)


@pytest.mark.parametrize("edit", [
    {"schema": "quadcim-case-1"}, {"name": "-x"}, {"digest": "0"}, {"reset": "never"}, {"clock_mhz": 0}, {"beats": 0},
    {"ports": []}, {"ports": [{"name": "clk", "direction": "inout", "width": 1}] * 4}, {"files": {"../x": "0" * 64}},
    {"files": {"x": "0"}}, {"spec": {}}, {"latency_cycles": -1}, {"tools": {}}, {"user_bits": 1.5}])
def test_others_are_not(edit, make_case):
    manifest = copy.deepcopy(make_case(presets()["phi8-combinational"]).manifest)
    with pytest.raises(fastjsonschema.JsonSchemaException):
        _VALIDATE(manifest | edit)


def test_every_entry_is_required(make_case):
    manifest = make_case(presets()["phi8-combinational"]).manifest
    for name in manifest.keys() - {"max_error_ulp"}:
        with pytest.raises(fastjsonschema.JsonSchemaException):
            _VALIDATE({key: value for key, value in manifest.items() if key != name})

"""The affine of a macro from a JSON file."""

import json

import pytest

from quadcim.cores.cim.affine import read_affine
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow

_LEGAL = {"scale": 2, "offset": [1, 0, -1], "bias": 5, "shift": 1, "rounding": "half_up", "overflow": "saturate",
          "output": "SQ8.0"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_numbers_hold_for_all_columns(tmp_path, encoding):
    (tmp_path / "a.json").write_text(json.dumps(_LEGAL), encoding=encoding)
    assert read_affine(tmp_path / "a.json", 3) == (
        {"scale": (2, 2, 2), "offset": (1, 0, -1), "bias": (5, 5, 5)},
        Narrow(1, "half_up", "saturate", Format(True, 8, 0)))


@pytest.mark.parametrize("text, message", [
    (json.dumps(_LEGAL | {"scale": [1, 2.0, 3]}), "affine scale must be a whole number, or a list of 3"),
    (json.dumps(_LEGAL | {"scale": 2.5}), "affine scale must be a whole number, or a list of 3, .*, got '2.5'"),
    (json.dumps(_LEGAL | {"scale": "1234"}), """affine scale must be .*, got '"1234"'"""),
    (json.dumps(_LEGAL | {"offset": [1, 2]}), "affine offset must be .*, got 'list of 2'"),
    (json.dumps(_LEGAL | {"offset": [1, 2, True]}), "affine offset must be"),
    (json.dumps(_LEGAL | {"bias": True}), "affine bias must be .*, got 'true'"),
    (json.dumps(_LEGAL | {"bias": None}), "affine bias must be .*, got 'null'"),
    (json.dumps(_LEGAL | {"bias": {"0": 1}}), "affine bias must be .*, got 'dict of 1'"),
    (json.dumps(_LEGAL | {"shift": "1"}), "affine shift must be a whole number"),
    (json.dumps(_LEGAL | {"shift": False}), "affine shift must be a whole number"),
    (json.dumps(_LEGAL | {"rounding": "up"}), "affine rounding must be one of floor, half_up, half_even, half_away"),
    (json.dumps(_LEGAL | {"rounding": ["floor"]}), "affine rounding must be a string"),
    (json.dumps(_LEGAL | {"overflow": "clip"}), "affine overflow must be one of saturate, wrap"),
    (json.dumps(_LEGAL | {"output": "int8"}), "affine output must be a format such as SQ4.12"),
    (json.dumps(_LEGAL | {"gain": 1}), "affine must be a JSON file with scale, .*, got '.* with scale, .*, gain'"),
    (json.dumps({"scale": 1}), "affine must be a JSON file with scale"), ("[1]", "got '.* with list'"),
    ('{"scale": 1, "scale": 2}', "an entry stands in it twice"), ("{", "affine must be a JSON file"),
    ("[" * 100_000, "affine must be a JSON file"), ('{"scale": ' + "9" * 5000 + "}", "affine must be a JSON file"),
    ('{"scale": NaN}', "affine must be a JSON file"),
])
def test_anything_else_is_refused(text, message, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(IllegalSetting, match=message) as refused:
        read_affine(tmp_path / "a.json", 3)
    assert refused.value.option == "affine" and len(str(refused.value)) < 600


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xe9", b"\xff\xfe\x00\x00{\x00\x00\x00", b"{\0}"])
def test_what_is_no_text_is_refused(content, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(IllegalSetting, match="in UTF-8 or in UTF-16 with a byte-order mark"):
        read_affine(tmp_path / "a.json", 1)

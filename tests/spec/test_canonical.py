import pytest

from quadcim.spec.canonical import canonical_json, digest


def test_equal_values_have_equal_text():
    assert canonical_json({"b": 1, "a": [True, "é"]}) == canonical_json({"a": [True, "é"], "b": 1}) \
        == '{"a":[true,"\\u00e9"],"b":1}'


def test_digest_is_pinned():
    # Digests name designs in files that people keep: a change of the encoding must be noticed.
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def test_nan_is_refused():
    with pytest.raises(ValueError):
        canonical_json(float("nan"))

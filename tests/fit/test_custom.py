"""Functions that a user hands in."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from quadcim.fit.custom import is_file, user_activation
from quadcim.models.activation import unit_golden
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit

_FORMATS = {"input": Format.parse("SQ3.5"), "output": Format.parse("SQ2.6")}


def error_ulp(activation, function) -> float:
    raws = np.arange(-128, 128)
    results = unit_golden(ActivationUnit(activation, 0))(torch.from_numpy(raws)).numpy()
    return max(abs(y - function(raw / 32) * 64) for raw, y in zip(raws, results, strict=True))


def test_a_python_function(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import math\ndef bump(x):\n    return math.exp(-abs(x)) * math.cos(3 * x)\n")
    activation = user_activation(f"{path}:bump", **_FORMATS, rounding="faithful")
    assert activation.function == "bump"
    assert error_ulp(activation, lambda x: math.exp(-abs(x)) * math.cos(3 * x)) < 1


@pytest.mark.parametrize("header", ["", "x,y\n"])
def test_a_table_of_samples(tmp_path, header):
    path = tmp_path / "Ramp 2.csv"
    path.write_text(header + "-2,-1\n0,0.5\n3,1\n")
    activation = user_activation(str(path), **_FORMATS, rounding="nearest")
    assert activation.function == "ramp-2"
    assert error_ulp(activation, lambda x: np.interp(x, [-2, 0, 3], [-1, 0.5, 1])) <= 0.5


def test_two_functions_of_one_name_differ(tmp_path):
    made = []
    for factor in (1, 2):
        path = tmp_path / "f.py"
        path.write_text(f"def f(x): return {factor} * x / 4\n")
        made.append(user_activation(f"{path}:f", **_FORMATS, rounding="faithful"))
    assert made[0] != made[1] and made[0].to_json() != made[1].to_json()


def test_which_names_are_files():
    assert is_file("a.csv") and is_file("dir/a.py:f") and not is_file("sine") and not is_file("a.py")


@pytest.mark.parametrize("name, text, message", [
    ("f.py:f", None, r"function must be a name of .*, got '.*f.py:f \(No such file or directory\)'"),
    ("f.csv", None, "No such file"),
    ("f.py:f", "def g(x): return x", "function must be a function of .*f.py, got 'f'"),
    ("f.py:f", "syntax error", "function must be a Python file that runs"),
    ("f.py:f", "def f(x): return 1 / x", "function must be defined at every input of SQ3.5, got '.* at 0.0'"),
    ("f.py:f", "def f(x): return float('nan')", "function must be finite at every input of SQ3.5, got 'nan at 0.0'"),
    ("f.csv", "1,2\n1,3\n", "at least two rows, each x once"),
    ("f.csv", "1,2\n2,b\n", "rows of two numbers"),
    ("f.csv", "", "at least two rows"),
])
def test_refused_functions(tmp_path, name, text, message):
    if text is not None:
        Path(tmp_path, name.partition(":")[0]).write_text(text)
    with pytest.raises(IllegalSetting, match=message):
        user_activation(str(tmp_path / name), **_FORMATS, rounding="faithful")

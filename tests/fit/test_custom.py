"""Functions that a user hands in."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from quadcim.fit.custom import is_file, user_activation
from quadcim.fit.freeze import freeze
from quadcim.models.activation import golden
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit

_FORMATS = {"input": Format.parse("SQ3.5"), "output": Format.parse("SQ2.6")}


def error_ulp(activation, function) -> float:
    raws = np.arange(-128, 128)
    results = golden(activation, freeze(ActivationUnit(activation, 0)))(torch.from_numpy(raws)).numpy()
    return max(abs(y - function(raw / 32) * 64) for raw, y in zip(raws, results, strict=True))


def test_a_python_function(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import math\ndef bump(x):\n    return math.exp(-abs(x)) * math.cos(3 * x)\n")
    activation = user_activation(f"{path}:bump", **_FORMATS, rounding="faithful")
    assert activation.function == "bump"
    assert error_ulp(activation, lambda x: math.exp(-abs(x)) * math.cos(3 * x)) < 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("header", ["", "x,y\n", "input (V),größe\n"])
def test_a_table_of_samples(tmp_path, header, encoding):
    path = tmp_path / "Ramp 2.csv"
    path.write_text(header + "-2,-1\n0,0.5\n\n 3 ,1\n", encoding=encoding)
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
    ("f.py:f", "def f(x): return 1 / x", "defined at every input of SQ3.5, got 'f at 0.0: ZeroDivisionError: "),
    ("f.py:f", "def f(x): return float('nan')", "function must be finite at every input of SQ3.5, got 'f at 0.0: nan'"),
    ("f.py:f", "def f(x): raise SystemExit(0)", "got 'f at 0.0: SystemExit: 0'"),
    ("f.py:f", "import sys\nsys.exit()", "function must be a Python file that runs, got '.*f.py: SystemExit'"),
    ("f.py:f", "def f(x): return '1'", "got 'f at 0.0: TypeError: str is no real number'"),
    ("f.py:f", "def f(x): return None if x == 1.5 else x", "got .f at 1.5: TypeError: float"),
    ("f.py:f", "import numpy\ndef f(x): return numpy.complex64(1)", "TypeError: complex64 is no real number"),
    ("f.py:f", "def f(x): raise ValueError('long\\n' * 1000)", "got 'f at 0.0: ValueError: long long"),
    ("f.csv", "1,2\n1,3\n", "2 to 262144 rows of two numbers, x and y, each x once"),
    ("f.csv", "1,2\n2,b\n", "with the row 2,b"),
    ("f.csv", "1,2\n2,3\n3,nan\n", "with the row 3,nan"), ("f.csv", "1,2\n-inf,3\n3,4\n", "with the row -inf,3"),
    ("f.csv", "1,2\n2,1e999\n", "with the row 2,1e999"), ("f.csv", "nan,inf\n1,2\n2,3\n", "with the row nan,inf"),
    ("f.csv", "x,1\n1,2\n2,3\n", "with the row x,1"), ("f.csv", "0x1,0x2\n1,2\n2,3\n", "with the row 0x1,0x2"),
    ("f.csv", "1;2\n2;3\n", "with the row 1;2"), ("f.csv", "0,0\n1,1e300\n", "of at most 1e.100"),
    ("f.csv", "1,2\n1_0,3\n", "with the row 1_0,3"), ("f.csv", "\0", "in UTF-8 or in UTF-16 with a byte-order mark"),
    ("f.csv", "", "2 to 262144 rows .* with 0"), ("f.csv", "1,2\n" * 300_000, "2 to 262144 rows .* with 262145"),
])
def test_refused_functions(tmp_path, name, text, message):
    if text is not None:
        Path(tmp_path, name.partition(":")[0]).write_text(text)
    with pytest.raises(IllegalSetting, match=message):
        user_activation(str(tmp_path / name), **_FORMATS, rounding="faithful")


def test_latin_1_is_refused(tmp_path):
    (tmp_path / "f.csv").write_text("x,größe\n1,2\n2,3\n", encoding="latin-1")
    with pytest.raises(IllegalSetting, match="in UTF-8 or in UTF-16 with a byte-order mark, got .* something else"):
        user_activation(str(tmp_path / "f.csv"), **_FORMATS, rounding="faithful")


@pytest.mark.parametrize("value", ["numpy.float32(x / 4)", "numpy.int64(1)", "numpy.array(x / 4)",
                                   "fractions.Fraction(x) / 4", "x > 1"])
def test_numbers_of_any_kind_are_taken(value, tmp_path):
    path = tmp_path / "f.py"
    path.write_text(f"import numpy, fractions\ndef f(x): return {value}\n")
    activation = user_activation(f"{path}:f", **_FORMATS, rounding="faithful")
    assert activation.samples is not None and all(type(value) is float for value in activation.samples.values)


def test_what_a_function_prints_or_warns_of_is_dropped(tmp_path, capsys):
    path = tmp_path / "f.py"
    path.write_text("import sys, warnings\nprint('loading')\ndef f(x):\n    print(x)\n    print(x, file=sys.stderr)\n"
                    "    warnings.warn('slow')\n    return x / 4\n")
    user_activation(f"{path}:f", **_FORMATS, rounding="faithful")
    assert capsys.readouterr() == ("", "")


def test_a_function_that_changes_the_folder_moves_no_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("f.py").write_text("import os\ndef f(x):\n    os.chdir('/')\n    return x / 4\n")
    user_activation("f.py:f", **_FORMATS, rounding="faithful")
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize("does, message", [
    ("os.write(1, b'loud'), os.write(2, b'loud')", None), ("os.close(0), os.close(1), os.close(2)", None),
    ("os._exit(0)", "f: its process ended with the exit code 0"), ("os.abort()", "ended with the signal SIGABRT"),
    ("os.closerange(0, 100)", "f: its process ended with the exit code 1"),
    ("threading.Thread(target=time.sleep, args=(1000,)).start()", None),
    ("atexit.register(time.sleep, 1000)", None),
])
def test_a_function_does_nothing_to_the_process(does, message, tmp_path, capfd):
    path = tmp_path / "f.py"
    path.write_text(f"import atexit, os, threading, time\ndef f(x):\n    x == -4 and ({does})\n    return x / 4\n")
    if message is None:
        user_activation(f"{path}:f", **_FORMATS, rounding="faithful")
    else:
        with pytest.raises(IllegalSetting, match=f"defined at every input of SQ3.5, got .*{message}"):
            user_activation(f"{path}:f", **_FORMATS, rounding="faithful")
    assert capfd.readouterr() == ("", "")


def test_a_file_imports_from_its_folder(tmp_path):
    (tmp_path / "factors.py").write_text("half = 0.5\n")
    (tmp_path / "f.py").write_text("from factors import half\ndef f(x): return half * x / 4\n")
    user_activation(f"{tmp_path / 'f.py'}:f", **_FORMATS, rounding="faithful")


def test_a_function_that_would_take_hours_is_refused_early(tmp_path):
    path = tmp_path / "f.py"
    path.write_text("import itertools, time\nticks = itertools.count()\ntime.monotonic = lambda: 20.0 * next(ticks)\n"
                    "def f(x): return x / 4\n")
    with pytest.raises(IllegalSetting, match="function must be done with all 256 inputs of SQ3.5 within 3600 s, got "
                                             "'f at 0.0: 20 s for the first 1'"):
        user_activation(f"{path}:f", **_FORMATS, rounding="faithful")

"""The Python interface, and the examples of docs/python.md."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quadcim
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.spec.cim import Adc, CellCodes

_PAGE = Path(__file__).parents[1] / "docs/python.md"
_EXAMPLES = re.findall(r"^```python\n(.*?)^```$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", _EXAMPLES, ids=lambda text: re.sub(r"\W+", "-", text.splitlines()[-1])[:40])
def test_examples_of_the_documentation_run(example, tmp_path):
    run = subprocess.run([sys.executable, "-W", "error", "-c", example], cwd=tmp_path, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stderr


def test_there_are_examples():
    assert len(_EXAMPLES) == 3


def test_importing_it_loads_nothing_of_its_own():
    code = "import sys, quadcim; print([name for name in sys.modules if name.startswith('quadcim.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    assert set(quadcim.__all__) <= set(dir(quadcim))
    with pytest.raises(AttributeError, match="module 'quadcim' has no attribute 'anything'"):
        getattr(quadcim, "anything")  # noqa: B009 - a type checker knows that, too


def test_an_activation_unit(tmp_path):
    unit = quadcim.activation("gelu", input="SQ4.4", output="SQ4.4", stages=1)
    assert unit.timing.latency_cycles == 1 and unit.golden([0]).tolist() == [0]
    assert "module mine (" in emit_verilog(unit.component(), name="mine", header="").text
    assert {"lut", "ff", "total_ge"} <= unit.cost().keys()
    made = unit.generate(tmp_path / "case", name="mine")
    assert made.case.top == "mine" and quadcim.load(str(tmp_path / "case")).spec == unit.spec
    with pytest.raises(quadcim.IllegalSetting, match="out must be"):
        unit.generate(tmp_path / "case")


def test_functions_of_one_s_own(tmp_path):
    def bump(x: float) -> float:
        return 1 / (1 + x * x)

    (tmp_path / "bump.py").write_text("def bump(x):\n    return 1 / (1 + x * x)\n")
    called, read = (quadcim.activation(function, input="SQ3.5", output="UQ1.7", stages=0)
                    for function in (bump, f"{tmp_path}/bump.py:bump"))
    assert called.spec == read.spec
    raws = np.arange(-128, 128)
    assert np.abs(called.golden(raws) - 128 / (1 + (raws / 32.0) ** 2)).max() < 1


def test_stages_follow_the_clock():
    slow, fast = (quadcim.activation(clock_mhz=clock_mhz) for clock_mhz in (100, 3000))
    assert slow.spec.stages < fast.spec.stages
    assert quadcim.cim(64, 2, clock_mhz=100).spec.stages < quadcim.cim(64, 2, clock_mhz=2000).spec.stages


@pytest.mark.parametrize("signed", [False, True])
def test_macros(signed, seed):
    draw = np.random.default_rng(seed)
    weights, x = draw.integers(0, 2, (9, 5)), draw.integers(-4 * signed, 4, (7, 9))
    loaded = quadcim.cim(9, 5, activation_bits=3, signed=signed, stages=2)
    assert (loaded.golden(x, weights) == x @ weights).all()
    constant = quadcim.cim(weights=2 * weights - 1, encoding="bipolar", activation_bits=3, signed=signed)
    assert (constant.golden(x) == x @ (2 * weights - 1)).all()
    analog = quadcim.cim(weights=weights * 3, activation_bits=3, signed=signed, codes=CellCodes(2, 3, 0),
                         adc=Adc(9, 5, 0, 31, 1))
    assert analog.golden(x).shape == (7, 5)


def test_any_kind():
    assert quadcim.design("cim", rows=4, columns=2, activation_bits=2).spec.rows == 4
    with pytest.raises(quadcim.IllegalSetting, match="kind must be one of activation, cim"):
        quadcim.design("heap")
    with pytest.raises(quadcim.IllegalSetting, match="setting must be of .*rows"):
        quadcim.design("cim", row=4)
    with pytest.raises(quadcim.IllegalSetting, match="rows must be a whole number"):
        quadcim.design("cim", rows=4.5, columns=2, activation_bits=2)


_untyped: Any = quadcim
"""For arguments that a type checker refuses."""


def _unit(**settings) -> Any:
    return quadcim.activation("tanh", **{"input": "SQ2.4", "output": "SQ1.4", "stages": 1} | settings)


def test_numbers_of_numpy_are_taken(tmp_path):
    macro = _untyped.cim(np.int64(3), np.int32(2), banks=np.int64(2), signed=np.bool_(True), stages=np.int8(1))
    macro.generate(tmp_path / "macro", name="mine")
    assert quadcim.design("cim", rows=np.int64(4), columns=2, activation_bits=2).spec.rows == 4
    assert _unit(stages=np.int64(2)).spec == _unit(stages=2).spec


@pytest.mark.parametrize(("make", "message"), [
    (lambda: quadcim.activation("tangent"), "function must be one of"),
    (lambda: quadcim.activation(abs, input="SQ2.6"), "output must be given for a function of your own"),
    (lambda: quadcim.activation(lambda x: 1 / x if x else float("inf"), input="SQ2.6", output="SQ2.6"),
     "function must be finite at every input of SQ2.6, got 'inf at 0.0'"),
    (lambda: quadcim.activation("tanh", input="SQ4.8", stages=99), "stages must be"),
    (lambda: quadcim.activation("tanh", input="4.8"), "input must be"),
    (lambda: quadcim.cim(columns=2), "rows must be given, unless weights say it"),
    (lambda: quadcim.cim(weights=[[0.5]]), r"weights must be integers of shape \(rows, columns\)"),
    (lambda: quadcim.cim(weights=[[1], [0, 1]]), "weights must be integers of shape .*, got 'rows of unequal length'"),
    (lambda: quadcim.activation("relu", input="SQ3.5", stages=0).generate("/proc/case"),
     "out must be a path in a folder that can be written"),
    (lambda: quadcim.cim(weights=[1, 0]), "weights must be integers of shape"),
    (lambda: quadcim.cim(weights=[[2]]), "weights must be rows of 1 integers, each 0 or 1"),
    (lambda: quadcim.cim(weights=[[0]], encoding="bipolar"), "weights must be -1 and 1"),
    (lambda: quadcim.cim(3, 2, stages=2).golden([1, 2, 3]), "weights must be 3 x 2, got 'none'"),
    (lambda: quadcim.activation("relu", input="SQ3.5", stages=0).golden([999]), "inputs must be raw integers of SQ3.5"),
    (lambda: quadcim.activation("relu", input="SQ3.5", stages=0).golden([1], [1]), "weights must be left out"),
    (lambda: quadcim.load("nowhere"), "case must be a case directory"),
    *[(lambda x=x: _unit().golden(x), message) for x, message in (
        ([0.5], "inputs must be raw integers of SQ2.4, got 'values of the type float64'"), ([True], "type bool"),
        ("x", "type <U1"), ([2**70], "type object"), ([[1], [1, 2]], "lists of unequal length"),
        (np.array([2**63], np.uint64), "got '9223372036854775808 to 9223372036854775808'"))],
    (lambda: _untyped.cim(3, 2, stages=1).golden([1, 2], np.eye(3, 2, dtype=int)),
     r"activations must be of shape \(..., 3"),
    (lambda: _untyped.cim(3, 2, stages=1).golden([1, 2, 3], np.ones((3, 2)) / 2),
     "weights must be raw integers of UQ1"),
    (lambda: _untyped.cim(weights=[[1]]).golden([1], [[1]]), "weights must be left out"),
    *[(lambda clock=clock: _unit(stages=None, clock_mhz=clock), "clock-mhz must be a number from 1 to 10000")
      for clock in (0, -1, float("nan"), "100", True)],
    *[(lambda stages=stages: _unit(stages=stages), "stages must be a whole number") for stages in (1.0, True, "2")],
    *[(lambda stages=stages: _untyped.cim(3, 2, stages=stages), "stages must be") for stages in (0, 1.5, True)],
    (lambda: _unit(method=["auto"]), "method must be one of"), (lambda: _unit(input=5), "input must be a format"),
    (lambda: _untyped.activation(5), "function must be a name, a file or a function from float to float, got 5"),
    *[(lambda wrong=wrong: _untyped.activation(wrong, input="SQ2.2", output="SQ2.2"),
       "function must be defined at every input of SQ2.2, got .* at 0.0")
      for wrong in (lambda x: 1 / 0, lambda x: None, lambda x: "a")],
    (lambda: _untyped.cim(3, 2, signed=1), "signed must be true or false"),
    (lambda: _untyped.cim(3, 2, bits_per_cycle=2.0), "bits-per-cycle must be a whole number"),
    (lambda: _untyped.cim(3, 2, adc=(4, 3, 0, 7, 1)), "adc must be of the type Adc"),
    (lambda: _untyped.cim(weights=[[1]], codes="x"), "cell-codes must be of the type CellCodes"),
    *[(lambda bits=bits: _unit().generate("nowhere", target="vcu128", user_bits=bits), "user-bits must be a whole")
      for bits in (True, 1.5, "1")],
    (lambda: _unit().generate("nowhere", clock_mhz="5"), "clock-mhz must be a number"),
    (lambda: _unit().generate("nowhere", name=5), "name must be a letter"),
    *[(lambda beats=beats: _unit().simulate(beats=beats), "beats must be a whole number from 0")
      for beats in (-1, 1.5)],
    (lambda: _unit().simulate(seed=-1), "seed must be a whole number from 0"),
])
def test_illegal_settings(make, message):
    with pytest.raises(quadcim.IllegalSetting, match=message):
        make()

"""The Python interface, and the examples of docs/python.md."""

import re
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize(("make", "message"), [
    (lambda: quadcim.activation("tangent"), "function must be one of"),
    (lambda: quadcim.activation(abs, input="SQ2.6"), "output must be given for a function of your own"),
    (lambda: quadcim.activation(lambda x: 1 / x if x else float("inf"), input="SQ2.6", output="SQ2.6"),
     "function must be finite at every input, got 'inf at 0.0'"),
    (lambda: quadcim.activation("tanh", input="SQ4.8", stages=99), "stages must be"),
    (lambda: quadcim.activation("tanh", input="4.8"), "input must be"),
    (lambda: quadcim.cim(columns=2), "rows must be given, unless weights say it"),
    (lambda: quadcim.cim(weights=[[0.5]]), r"weights must be integers of shape \(rows, columns\)"),
    (lambda: quadcim.cim(weights=[1, 0]), "weights must be integers of shape"),
    (lambda: quadcim.cim(weights=[[2]]), "weights must be rows of 1 codes of 1 bits"),
    (lambda: quadcim.cim(weights=[[0]], encoding="bipolar"), "weights must be -1 and 1"),
    (lambda: quadcim.cim(3, 2, stages=2).golden([1, 2, 3]), "weights must be 3 x 2, got 'none'"),
    (lambda: quadcim.activation("relu", input="SQ3.5", stages=0).golden([999]), "inputs must be raw integers of SQ3.5"),
    (lambda: quadcim.activation("relu", input="SQ3.5", stages=0).golden([1], [1]), "weights must be left out"),
    (lambda: quadcim.load("nowhere"), "case must be a case directory"),
])
def test_illegal_settings(make, message):
    with pytest.raises(quadcim.IllegalSetting, match=message):
        make()

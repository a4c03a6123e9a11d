"""Registers that are not reset: both testbenches fail, whichever it is."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from quadcim.sim.case import Case
from quadcim.sim.cosim import simulate
from quadcim.sim.tools import find_simulator
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.conftest import make_unit
from tests.sim.test_testbench import run

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")

_RESET = re.compile(r"if \(rst\)(?= (?:begin|\w+ <=))")
_DESIGNS = {
    "planes, banks": CimMacro(5, 3, 3, signed=True, encoding="bipolar", banks=3, stages=2),
    "two bits a cycle": CimMacro(9, 3, 4, signed=True, bits_per_cycle=2, stages=3),
    "constant": (CimMacro(6, 4, 4, encoding="bipolar", storage="constant", stages=3),
                 CimIntegers(((1, 0, 1, 1), (0, 1, 1, 0), (1, 1, 0, 1)) * 2)),
    "one cycle": CimMacro(4, 2, 2, bits_per_cycle=2, stages=2),
    "elastic": make_unit("SQ2.6", "SQ1.7", "nearest", 3, "elastic"),
    "always": make_unit("SQ2.6", "SQ1.7", "nearest", 3, "always"),
}


def _made(name: str, make_case) -> Case:
    spec, integers = design if isinstance(design := _DESIGNS[name], tuple) else (design, None)
    return make_case(spec, integers=integers)


def _mutants(case: Case, folder: Path) -> dict[str, Case]:
    """Copies of a case, in each of which one register is never reset, by the line of its reset."""
    (source,) = (case.folder / "rtl").glob(f"{case.top}.v")
    text, found = source.read_text(), {}
    for number, match in enumerate(_RESET.finditer(text)):
        copy = folder / f"mutant{number}"
        shutil.copytree(case.folder, copy)
        (copy / "rtl" / source.name).write_text(f"{text[:match.start()]}if (1'b0){text[match.end():]}")
        line = text.count("\n", 0, match.start())
        found[f"{line + 1}: {text.splitlines()[line].strip()}"] = replace(case, folder=copy)
    return found


@pytest.mark.parametrize("name", _DESIGNS)
def test_the_shipped_testbench_fails_without_any_of_the_resets(name, make_case, tmp_path):
    mutants = _mutants(_made(name, make_case), tmp_path)
    assert mutants
    survivors = [register for number, (register, mutant) in enumerate(mutants.items())
                 if run(mutant, tmp_path / str(number)).splitlines()[-1:] == ["PASS"]]
    assert survivors == []


@pytest.mark.parametrize("name", ["planes, banks", "two bits a cycle", "always"])
def test_cocotb_fails_without_any_of_the_resets(name, make_case, tmp_path, seed):
    mutants = _mutants(_made(name, make_case), tmp_path)
    passed = [register for register, mutant in mutants.items()
              if not simulate(mutant, simulator=find_simulator(), beats=40, seed=seed).failed]
    assert mutants and passed == []

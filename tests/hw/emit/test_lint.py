"""What Verilator's lint says of emitted Verilog: nothing, three warnings aside that docs/case.md gives reasons for."""

import subprocess
from pathlib import Path

import pytest

from quadcim.cores.catalogue import presets
from quadcim.sim.tools import find_simulator, has_simulator
from quadcim.spec.cim import Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow

pytestmark = pytest.mark.skipif(not has_simulator("verilator"), reason="Verilator is not installed")

_PRIMITIVES = [Path(__file__).parents[2] / "boards" / f"{name}.v" for name in ("primitives", "mmcm")]
_WAIVED = ("DECLFILENAME", "PROCASSINIT", "UNUSEDSIGNAL")
_PRESETS = ("phi8-combinational", "phi16", "phi16-small", "phi16-fpga", "phi16-cells", "tanh16", "sine12-fpga",
            "sine16-cordic", "sine12-taylor", "inr-8x2", "cim-banks", "cim-adc", "cim-w1a8-bipolar", "cim-cells")


_FURTHER = {
    "small": (CimMacro(5, 3, 3, signed=True, banks=2, stages=3), CimIntegers()),
    "half even": (CimMacro(16, 2, 8, banks=3, stages=2, narrow=Narrow(4, "half_even", "saturate", Format(True, 2, 0))),
                  CimIntegers(None, (-2, -1), (2, 0), (-39, 3))),
    "codes": (CimMacro(9, 2, 5, bits_per_cycle=5, stages=3, storage="constant", adc=Adc(7, 3, -1, 6, 1),
                       codes=CellCodes(3, 3, 1)), CimIntegers(((3, 1),) * 4 + ((1, 3),) * 5))}


@pytest.mark.parametrize("name", [*_PRESETS, *_FURTHER])
@pytest.mark.parametrize("target", ["generic", "vcu128", "asic28"])
def test_lint(name, target, make_case):
    spec, integers = (presets()[name], None) if name in _PRESETS else _FURTHER[name]
    case = make_case(spec, target, integers=integers)
    wrapper = sorted(case.folder.glob(f"{target}/*_axis.v"))
    assert _said([*case.simulation_sources, *wrapper], f"{case.top}_axis" if wrapper else case.top) == []
    for board in (path for design in ("board", "selftest", "picture")
                  for path in case.folder.glob(f"{target}/*_{design}.v")):
        # Of the models of primitives, which nobody synthesizes, nothing is asked.
        said = _said([*case.simulation_sources, *wrapper, board, *_PRIMITIVES], board.stem)
        assert [line for line in said if not any(str(path) in line for path in _PRIMITIVES)] == []


def _said(sources, top):
    """What Verilator's lint has to say of a module."""
    run = subprocess.run(
        [find_simulator("verilator").executable, "--lint-only", "-Wall", "-Wno-fatal",
         *(f"-Wno-{name}" for name in _WAIVED), "--top-module", top, *sources],
        capture_output=True, text=True, check=False)
    said = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("%")]
    assert run.returncode == 0, said
    return said

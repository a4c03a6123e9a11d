"""What Verilator's lint says of emitted Verilog: nothing, three warnings aside that docs/case.md gives reasons for."""

import subprocess

import pytest

from quadcim.cores.catalogue import presets
from quadcim.sim.tools import find_simulator, has_simulator
from quadcim.spec.cim import CimMacro

pytestmark = pytest.mark.skipif(not has_simulator("verilator"), reason="Verilator is not installed")

_WAIVED = ("DECLFILENAME", "PROCASSINIT", "UNUSEDSIGNAL")
_PRESETS = ("phi8-combinational", "phi16", "phi16-small", "phi16-fpga", "phi16-cells", "tanh16", "sine12-fpga",
            "sine16-cordic", "sine12-taylor", "cim-banks", "cim-adc", "cim-w1a8-bipolar", "cim-cells")


@pytest.mark.parametrize("name", [*_PRESETS, "small"])
@pytest.mark.parametrize("target", ["generic", "vcu128", "asic28"])
def test_lint(name, target, make_case):
    case = make_case(presets()[name] if name in _PRESETS else CimMacro(5, 3, 3, signed=True, banks=2, stages=3), target)
    wrapper = sorted(case.folder.glob(f"{target}/*_axis.v"))
    run = subprocess.run(
        [find_simulator("verilator").executable, "--lint-only", "-Wall", *(f"-Wno-{name}" for name in _WAIVED),
         "--top-module", f"{case.top}_axis" if wrapper else case.top, *case.simulation_sources, *wrapper],
        capture_output=True, text=True, check=False)
    said = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("%")]
    assert run.returncode == 0 and said == []

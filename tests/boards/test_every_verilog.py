"""All Verilog that a case of any kind, technology and target holds, testbench included, before tools of others."""

import pytest

from quadcim.boards.targets import TARGETS
from quadcim.spec.activation import Activation
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.unit import ActivationUnit
from tests.acceptance import icarus_accepts, ports_have_net_types, slang_accepts, verilator_accepts
from tests.boards.test_handoff import PRIMITIVES


def _unit(technology: str) -> ActivationUnit:
    """A unit with tables."""
    activation = Activation("tanh", Format(True, 3, 4), Format(True, 1, 6), "faithful")
    return ActivationUnit(activation, 2, "elastic", technology)


_CELLS = tuple((row % 2, int(row % 3 == 0)) for row in range(6))
_SPECS = {
    **{f"unit-{technology}": (_unit(technology), None) for technology in TECHNOLOGIES},
    **{f"macro-{technology}": (CimMacro(6, 2, 2, technology=technology, stages=2), None)
       for technology in TECHNOLOGIES},
    "macro-constant": (CimMacro(6, 2, 2, storage="constant", stages=1), CimIntegers(_CELLS)),
    "macro-lutram": (CimMacro(6, 2, 2, storage="lutram", technology="ultrascale"), None),
    "macro-adc": (CimMacro(6, 2, 2, adc=Adc(2, 2, 0, 2, 1), stages=2), None),
}
# An FPGA's primitives are no ASIC, and cells of an ASIC no FPGA.
_NOT_FOR = {"asic28": "ultrascale", "vcu128": "cells", "generic": ""}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", _SPECS)
def test_every_port_has_a_net_type_and_no_tool_warns(name, target, make_case):
    spec, integers = _SPECS[name]
    if spec.technology == _NOT_FOR[target]:
        pytest.skip(f"{target} takes no {spec.technology}")
    case = make_case(spec, target, integers=integers, clock_mhz=400)
    ports_have_net_types(sorted(case.folder.rglob("*.v")))
    slang_accepts([*case.simulation_sources, *sorted((case.folder / "vcu128").glob("*.v")), PRIMITIVES])
    bench = [*(case.folder / "tb").glob("*.v"), *case.simulation_sources]
    slang_accepts(bench)
    # The RTL has no time scale, and takes the testbench's.
    icarus_accepts(f"{case.top}_tb", bench, "-Wno-timescale")
    # A testbench counts in the clocked block where it decides, with blocking assignments, and reads the reset that the
    # unit may take as an asynchronous one.
    verilator_accepts(f"{case.top}_tb", bench, "--timing", "-Wno-BLKSEQ", "-Wno-SYNCASYNCNET")

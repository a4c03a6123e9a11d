"""Cases for the board, of every kind of unit."""

import pytest

from quadcim.cores.cases import CoreCase
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.conftest import make_unit

_UNITS = {
    "combinational": (make_unit("SQ2.4", "SQ2.5", "nearest", 0, "elastic"), None),
    "two-stages": (make_unit("SQ3.5", "SQ2.8", "nearest", 2, "elastic"), None),
    "without-backpressure": (make_unit("SQ2.4", "SQ2.8", "nearest", 1, "always"), None),
    "loaded-banks": (CimMacro(8, 4, 4, signed=True, banks=2, technology="fpga"), None),
    "constant": (CimMacro(6, 1, 2, bits_per_cycle=2, storage="constant", encoding="bipolar", stages=4),
                 CimIntegers(cells=((1,), (0,), (1,), (1,), (0,), (1,)))),
    "lutram": (CimMacro(11, 3, 2, storage="lutram", technology="ultrascale", stages=3), None),
}
_USER_BITS = {"without-backpressure": 1, "lutram": 9}


@pytest.fixture(params=_UNITS)
def case(request, make_case) -> CoreCase:
    """A case of each kind."""
    return board_case(make_case, request.param)


def board_case(make_case, name: str) -> CoreCase:
    """The case of a name; its constraints ask for 400 MHz, and two of them pass TUSER on."""
    spec, integers = _UNITS[name]
    return make_case(spec, "vcu128", integers=integers, clock_mhz=400, user_bits=_USER_BITS.get(name, 0))

"""The testbench that a case ships, on random legal units and macros over all their settings: it passes on each.

A few run always; three hundred in all with ``--long``. Each is drawn from the run's seed and its own number.
"""

import random
import shutil

import pytest

from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.hw.activation.plans import unit_steps
from quadcim.spec.activation import ROUNDINGS as ACTIVATION_ROUNDINGS
from quadcim.spec.activation import Activation
from quadcim.spec.cim import ENCODINGS, STORAGES, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS
from quadcim.spec.narrow import OVERFLOWS, ROUNDINGS, Narrow
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.unit import FLOW_CONTROLS, ActivationUnit
from tests.hw.cim.cim_case import legal_stages
from tests.sim.test_testbench import run

pytestmark = [pytest.mark.shared_seeds,
              pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")]

_CASES, _ALWAYS, _TRIES = 300, 6, 200


def _format(draw: random.Random, widest: int) -> Format:
    width, signed = draw.randint(2, widest), draw.random() < 0.6
    return Format(signed, whole := draw.randint(int(signed), min(width, 4)), width - whole)


def _unit(draw: random.Random) -> ActivationUnit:
    activation = Activation(draw.choice(sorted(FUNCTIONS)), _format(draw, 9), _format(draw, 10),
                            draw.choice(ACTIVATION_ROUNDINGS))
    unit = ActivationUnit(activation, 0, draw.choice(FLOW_CONTROLS), draw.choice(sorted(TECHNOLOGIES)))
    return ActivationUnit(activation, draw.randint(0, len(unit_steps(unit)) + 1), unit.flow_control, unit.technology)


def _macro(draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    rows, columns, bits = draw.randint(1, 20), draw.randint(1, 6), draw.randint(1, 8)
    storage = draw.choice(STORAGES)
    codes = CellCodes(4, draw.randint(2, 15), draw.randint(0, 1)) if storage == "constant" and draw.random() < 0.4 \
        else CellCodes()
    low, step, levels = draw.randint(-4, 4), draw.choice([1, 2, 4]), draw.randint(1, 31)
    narrow = Narrow(draw.randint(0, 8), draw.choice(ROUNDINGS), draw.choice(OVERFLOWS), _format(draw, 12))
    settings = {
        "signed": draw.random() < 0.5, "bits_per_cycle": draw.choice([b for b in range(1, bits + 1) if bits % b == 0]),
        "encoding": draw.choice(ENCODINGS), "storage": storage, "codes": codes,
        "banks": draw.randint(1, 4) if storage == "registers" else 1,
        "technology": "ultrascale" if storage == "lutram" else draw.choice(sorted(TECHNOLOGIES)),
        "adc": Adc(draw.randint(1, rows), levels.bit_length(), low, low + levels * step, step)
        if storage != "lutram" and draw.random() < 0.3 else None,
        "narrow": narrow if draw.random() < 0.4 else None}
    # Constant weights are often all alike.
    cells = [[draw.randrange(1 << codes.bits) for _ in range(columns)] for _ in range(rows)]
    if draw.random() < 0.4:
        cells = [[(1 << codes.bits) - 1] * columns] * rows
    affine = [tuple(draw.randint(-50, 50) for _ in range(columns)) for _ in range(3)] if settings["narrow"] else []
    integers = CimIntegers(tuple(map(tuple, cells)) if storage == "constant" else None, *affine)
    CimMacro(rows, columns, bits, **settings).check(integers)
    stages = draw.randint(*legal_stages(rows, columns, bits, integers, **settings))
    return CimMacro(rows, columns, bits, stages=stages, **settings), integers


def _legal(draw: random.Random) -> tuple[ActivationUnit | CimMacro, CimIntegers | None]:
    for _ in range(_TRIES):
        try:
            return _macro(draw) if draw.random() < 0.6 else (_unit(draw), None)
        except IllegalSetting:
            continue
    raise AssertionError("no legal settings found")


@pytest.mark.parametrize("number", [pytest.param(number, marks=[] if number < _ALWAYS else [pytest.mark.long])
                                    for number in range(_CASES)])
def test_random_cases_pass(number, tmp_path, seed):
    spec, integers = _legal(random.Random(f"{seed} {number}"))
    order = {"target": find_target("generic"), "clock_mhz": 100, "out": tmp_path / "case"}
    if isinstance(spec, ActivationUnit):
        generate_case(spec, **order)
    else:
        assert integers is not None
        generate_case(spec, integers, **order)
    assert run(load_case(tmp_path / "case"), tmp_path).splitlines() == ["PASS"], (spec, integers)

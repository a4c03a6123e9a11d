"""Macros in the bulk simulator, and their function in plain numpy."""

from pathlib import Path

import numpy as np
import pytest

from quadcim.hw.cim.plan import plan_macro
from quadcim.hw.cim.unit import CimUnit
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.design import write_design
from quadcim.sim.payload import field_bits, pack
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.timing import Timing


def macro_simulator(macro: CimMacro, integers: CimIntegers, folder: Path) -> BulkSimulator:
    plan = plan_macro(macro, integers)
    timing = Timing(plan.whole.latency_cycles, macro.planes, plan.capacity)
    return BulkSimulator(write_design(CimUnit(plan), folder, top=macro.name, timing=timing))


def legal_stages(rows: int, columns: int, bits: int, integers: CimIntegers, **settings) -> tuple[int, int]:
    """The fewest and the most stages of a macro."""
    with pytest.raises(IllegalSetting, match="stages must be") as refused:
        plan_macro(CimMacro(rows, columns, bits, stages=999, **settings), integers)
    fewest, most = map(int, refused.value.legal.split(" for")[0].split(" to "))
    return fewest, most


def reference(macro: CimMacro, integers: CimIntegers, cells: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The result term by term; sums stay far below the 53 bits that double precision holds exactly."""
    u = np.zeros((len(x), macro.columns), dtype=np.int64)
    for plane in range(macro.activation_bits):
        weight = -(1 << plane) if macro.signed and plane == macro.activation_bits - 1 else 1 << plane
        for low, high in macro.groups:
            partial = (x[:, low:high] >> plane & 1).astype(float) @ cells[low:high].astype(float)
            u += weight * (_nearest_level(macro.adc, partial) if macro.adc else partial.astype(np.int64))
    s = x.sum(1, keepdims=True)
    on, off = macro.codes.on, macro.codes.off
    y = u - off * s if macro.encoding == "unipolar" else 2 * u - (on + off) * s
    if macro.narrow is None:
        return y
    return np.vectorize(macro.narrow)(np.array(integers.scale) * y + np.array(integers.offset) * s + integers.bias)


def _nearest_level(adc: Adc, sums: np.ndarray) -> np.ndarray:
    """The nearest of the converter's results, the greater of two."""
    levels = np.arange(adc.low, adc.high + 1, adc.step)
    return levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, sums, side="right")]


def row_writes(macro: CimMacro, bank: int, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The beats of the stream ``w`` that write `weights`, a row each, to rows of a bank."""
    return pack(weights.astype(np.uint8), field_bits(rows, macro.row_bits),
                field_bits(np.full(len(rows), bank), macro.bank_bits))

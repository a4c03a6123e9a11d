"""The macro's RTL against its golden model and plain numpy, in the bulk simulator."""

import itertools
import random

import numpy as np
import pytest
import torch

from quadcim.models.cim import cim_golden
from quadcim.sim.bulk import Writes
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cim import ENCODINGS, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import OVERFLOWS, ROUNDINGS, Narrow
from tests.hw.cim.cim_case import legal_stages, macro_simulator, reference, row_writes

pytestmark = pytest.mark.shared_seeds

_BEATS = 300


def random_macro(draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    bits = draw.choice([1, 2, 3, 4, 8])
    rows, columns, storage = draw.choice([1, 2, 7, 16, 64]), draw.choice([1, 3]), draw.choice(["registers", "constant"])
    low, step, levels = draw.choice([-4, 0, 4]), draw.choice([1, 2, 4]), draw.choice([1, 7, 31])
    adc = Adc(draw.randint(1, rows), levels.bit_length(), low, low + levels * step, step)
    codes = CellCodes(draw.choice([2, 4]), 3, draw.choice([0, 1])) if storage == "constant" else CellCodes()
    narrow = Narrow(draw.randint(0, 6), draw.choice(ROUNDINGS), draw.choice(OVERFLOWS),
                    Format.parse(draw.choice(["UQ4.0", "SQ8.0"])))
    settings = {
        "signed": draw.random() < 0.5, "bits_per_cycle": draw.choice([d for d in range(1, bits + 1) if bits % d == 0]),
        "encoding": draw.choice(ENCODINGS), "storage": storage,
        "banks": draw.choice([1, 3]) if storage == "registers" else 1,
        "technology": draw.choice(["generic", "fpga", "cells", "ultrascale"]),
        "adc": adc if draw.random() < 0.3 else None, "codes": codes if draw.random() < 0.4 else CellCodes(),
        "narrow": narrow if draw.random() < 0.4 else None}
    most = (1 << settings["codes"].bits) - 1
    cells = tuple(tuple(draw.randint(0, most) for _ in range(columns)) for _ in range(rows))
    affine = [tuple(draw.randint(-20, 20) for _ in range(columns)) for _ in range(3)] if settings["narrow"] else []
    integers = CimIntegers(cells if storage == "constant" else None, *affine)
    stages = draw.randint(*legal_stages(rows, columns, bits, integers, **settings))
    return CimMacro(rows, columns, bits, stages=stages, **settings), integers


@pytest.mark.parametrize("number", range(24))
def test_random_macros(number, tmp_path, seed):
    draw = random.Random(f"{seed} {number}")
    macro, integers = random_macro(draw)
    rng = np.random.default_rng(draw.getrandbits(32))
    fmt = macro.activation
    x = rng.integers(fmt.minimum, fmt.maximum + 1, (_BEATS, macro.rows))
    x[:2] = [[fmt.maximum], [fmt.minimum]]
    bank, writes = rng.integers(0, macro.banks, _BEATS), None
    banks = [np.array(integers.cells)] * macro.banks
    if integers.cells is None:
        banks = [rng.integers(0, 2, (macro.rows, macro.columns)) for _ in range(macro.banks)]
        words = np.concatenate([row_writes(macro, which, np.arange(macro.rows), weights)
                                for which, weights in enumerate(banks)])
        writes = Writes(words, [0] * len(words), [len(words)] * _BEATS)
    want = np.zeros((_BEATS, macro.columns), dtype=np.int64)
    for which, cells in enumerate(banks):
        chosen = bank == which
        if chosen.any():
            loaded = None if integers.cells is not None else torch.from_numpy(cells)
            want[chosen] = cim_golden(macro, integers, loaded)(torch.from_numpy(x[chosen])).numpy()
            assert (want[chosen] == reference(macro, integers, cells, x[chosen])).all(), macro
    words = pack(field_bits(x, macro.activation_bits), field_bits(bank, macro.bank_bits))
    compiled = macro_simulator(macro, integers, tmp_path)
    for pause in (0.0, 0.4):
        result = compiled.run(words, input_pause=pause, output_pause=pause, seed=seed, writes=writes)
        got = unpack(result.outputs, macro.columns, macro.output_format(integers))
        assert (got == want).all(), macro
    assert result.latency_cycles >= macro.stages


def large_affine(draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    """A macro of 3 x 2 whose affine takes nearly all of the bits that it may take."""
    shift = draw.randint(40, 59)
    narrow = Narrow(shift, draw.choice(ROUNDINGS), draw.choice(OVERFLOWS), Format.parse("SQ8.0"))
    macro = CimMacro(3, 2, 2, draw.random() < 0.5, encoding=draw.choice(ENCODINGS), storage="constant", narrow=narrow)
    cells = tuple(tuple(draw.randint(0, 1) for _ in range(2)) for _ in range(3))
    low, high = (1 << shift) - 1, 1 << shift
    return macro, CimIntegers(cells, *(tuple(draw.choice([-high, -low, low, high]) >> draw.choice([0, 1, 2])
                                             for _ in range(2)) for _ in range(3)))


def in_unbounded_integers(macro: CimMacro, integers: CimIntegers, x: list[int]) -> list[int]:
    assert integers.cells is not None and macro.narrow is not None
    signs = [[2 * cell - 1 if macro.encoding == "bipolar" else cell for cell in row] for row in integers.cells]
    results = []
    for column, (scale, offset, bias) in enumerate(zip(integers.scale, integers.offset, integers.bias, strict=True)):
        y = sum(sign[column] * value for sign, value in zip(signs, x, strict=True))
        results.append(macro.narrow(scale * y + offset * sum(x) + bias))
    return results


def test_golden_is_exact_for_the_largest_affines(seed):
    draw, taken = random.Random(seed), 0
    for _ in range(60):
        macro, integers = large_affine(draw)
        try:
            macro.check(integers)
        except IllegalSetting:
            continue
        taken += 1
        fmt = macro.activation
        x = list(itertools.product(range(fmt.minimum, fmt.maximum + 1), repeat=3))
        got = cim_golden(macro, integers)(torch.tensor(x)).tolist()
        assert got == [in_unbounded_integers(macro, integers, list(beat)) for beat in x], (macro, integers)
    assert taken > 20


def test_rtl_is_exact_for_a_large_affine(tmp_path):
    macro = CimMacro(3, 2, 2, True, encoding="bipolar", storage="constant", stages=3,
                     narrow=Narrow(57, "half_even", "saturate", Format.parse("SQ4.0")))
    integers = CimIntegers(((1, 0), (1, 1), (0, 1)), ((1 << 57) - 1, -1 << 56), (3 << 55, 1 << 56), (-1 << 56, 12345))
    x = np.array(list(itertools.product(range(-2, 2), repeat=3)))
    result = macro_simulator(macro, integers, tmp_path).run(pack(field_bits(x, 2)))
    assert unpack(result.outputs, 2, macro.output_format(integers)).tolist() == [
        in_unbounded_integers(macro, integers, beat) for beat in x.tolist()]


def test_json_round_trip(seed):
    for number in range(50):
        macro, integers = random_macro(random.Random(f"{seed} {number}"))
        assert CimMacro.from_json(macro.to_json()) == macro
        assert CimIntegers.from_json(integers.to_json()) == integers

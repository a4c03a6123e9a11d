"""The macro's RTL against its golden model and plain numpy, in the bulk simulator."""

import random

import numpy as np
import pytest
import torch

from quadcim.models.cim import cim_golden
from quadcim.sim.bulk import Writes
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cim import ENCODINGS, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import OVERFLOWS, ROUNDINGS, Narrow
from tests.hw.cim_case import legal_stages, macro_simulator, reference, row_writes

pytestmark = pytest.mark.shared_seeds

_BEATS = 300


def random_macro(draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    bits = draw.choice([1, 2, 3, 4, 8])
    rows, columns, storage = draw.choice([1, 2, 7, 16, 64]), draw.choice([1, 3]), draw.choice(["registers", "constant"])
    low, step, levels = draw.choice([-4, 0, 4]), draw.choice([1, 2, 4]), draw.choice([1, 7, 31])
    adc = Adc(draw.randint(1, rows), levels.bit_length(), low, low + levels * step, step)
    codes = CellCodes(draw.choice([2, 4]), 3, draw.choice([0, 1])) if storage == "constant" else CellCodes()
    narrow = Narrow(draw.randint(-1, 6), draw.choice(ROUNDINGS), draw.choice(OVERFLOWS),
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


def test_json_round_trip(seed):
    for number in range(50):
        macro, integers = random_macro(random.Random(f"{seed} {number}"))
        assert CimMacro.from_json(macro.to_json()) == macro
        assert CimIntegers.from_json(integers.to_json()) == integers

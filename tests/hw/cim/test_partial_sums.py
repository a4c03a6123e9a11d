"""Weights in LUTRAM: RTL, golden model and numpy, and weights that are written while beats come."""

import random
from typing import Any

import numpy as np
import pytest
import torch

from quadcim.models.cim import cim_golden
from quadcim.sim.bulk import Writes
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow
from tests.hw.cim.cim_case import legal_stages, macro_simulator, reference, row_writes

pytestmark = pytest.mark.shared_seeds

_BEATS = 400
_STORED: dict[str, Any] = {"storage": "lutram", "technology": "ultrascale"}


def stored_macro(draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    rows, columns, bits = draw.choice([1, 4, 5, 6, 12, 33]), draw.choice([1, 4, 5, 6, 11]), draw.choice([1, 2, 4])
    narrow = Narrow(3, "half_up", "saturate", Format.parse("SQ8.0")) if draw.random() < 0.3 else None
    settings: dict[str, Any] = {"signed": draw.random() < 0.5, "bits_per_cycle": draw.choice([1, bits]),
                "encoding": draw.choice(["unipolar", "bipolar"]), "narrow": narrow, **_STORED}
    integers = CimIntegers(None, *([(3,) * columns, (-2,) * columns, (7,) * columns] if narrow else []))
    fewest, most = legal_stages(rows, columns, bits, integers, **settings)
    return CimMacro(rows, columns, bits, stages=draw.randint(fewest, most), **settings), integers


def expected(macro: CimMacro, integers: CimIntegers, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    want = cim_golden(macro, integers, torch.from_numpy(weights))(torch.from_numpy(x)).numpy()
    assert np.array_equal(want, reference(macro, integers, weights, x))
    return want


@pytest.mark.parametrize("number", range(6))
def test_random_macros_whose_weights_change(number, tmp_path, seed):
    draw = random.Random(f"{seed} {number}")
    macro, integers = stored_macro(draw)
    rng = np.random.default_rng(draw.getrandbits(32))
    simulator = macro_simulator(macro, integers, tmp_path)
    fmt, share = macro.activation, simulator.share(_BEATS)
    x = rng.integers(fmt.minimum, fmt.maximum + 1, (_BEATS, macro.rows))
    x[:2] = [[fmt.maximum], [fmt.minimum]]
    # Half of each copy's beats come after all rows have been written once more.
    weights, late = rng.integers(0, 2, (2, macro.rows, macro.columns)), np.arange(_BEATS) % share >= share // 2
    words = np.concatenate([row_writes(macro, 0, np.arange(macro.rows), part) for part in weights])
    writes = Writes(words, [0] * macro.rows + [share // 2] * macro.rows, (macro.rows * (1 + late)).tolist())
    want = np.where(late[:, None], *(expected(macro, integers, part, x) for part in weights[::-1]))
    for pause in (0.0, 0.4):
        result = simulator.run(pack(field_bits(x, macro.activation_bits)), input_pause=pause, output_pause=pause,
                               seed=seed, writes=writes)
        got = unpack(result.outputs, macro.columns, macro.output_format(integers))
        assert np.array_equal(got, want), macro


@pytest.mark.parametrize("stages", [1, 2, 4])
def test_beats_wait_while_the_same_weights_are_written(stages, tmp_path, seed):
    macro, rng = CimMacro(14, 6, 2, stages=stages, **_STORED), np.random.default_rng(seed)
    x, weights = rng.integers(0, 4, (_BEATS, 14)), rng.integers(0, 2, (14, 6))
    words = row_writes(macro, 0, np.arange(14), weights)
    again = Writes(np.concatenate([words, words]), [0] * 28, [14] * _BEATS)
    simulator, inputs = macro_simulator(macro, CimIntegers(), tmp_path), pack(field_bits(x, 2))
    got = [simulator.run(inputs, writes=writes) for writes in (Writes(words, [0] * 14, [14] * _BEATS), again)]
    for result in got:
        assert np.array_equal(unpack(result.outputs, 6, macro.output_format(CimIntegers())), x @ weights)
    # Three groups of rows, 32 cycles each.
    assert got[1].cycles >= got[0].cycles + 3 * 32 - 14

"""Weights that are written while beats are computed: no beat mixes them, in the bulk simulator, cycle by cycle.

Every beat must be what the golden model makes of the weights that were taken before the cycle in which it was accepted.
"""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from quadcim.models.cim import CellWeights, cim_golden
from quadcim.sim.bulk import BulkResult, Writes
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.hw.cim.cim_case import legal_stages, macro_simulator, reference, row_writes

pytestmark = pytest.mark.shared_seeds

_BEATS, _REWRITES = 512, 48
_LUTRAM: dict[str, Any] = {"storage": "lutram", "technology": "ultrascale"}


def _loads(macro: CimMacro, rng: np.random.Generator, count: int) -> tuple[np.ndarray, list[tuple]]:
    """All rows of every bank, then `count` random ones: payloads, and bank, row and weights of each."""
    banks, rows = (grid.ravel() for grid in np.mgrid[:macro.banks, :macro.rows])
    banks = np.concatenate([banks, rng.integers(0, macro.banks, count)])
    rows = np.concatenate([rows, rng.integers(0, macro.rows, count)])
    weights = rng.integers(0, 2, (len(rows), macro.columns))
    payloads = pack(weights.astype(np.uint8), field_bits(rows, macro.row_bits), field_bits(banks, macro.bank_bits))
    return payloads, list(zip(banks.tolist(), rows.tolist(), torch.from_numpy(weights), strict=True))


def _check(macro: CimMacro, result: BulkResult, x: np.ndarray, bank: np.ndarray, writes: list[tuple]) -> None:
    cells, want = CellWeights(macro), np.zeros((len(x), macro.columns), dtype=np.int64)
    for taken, (number, row, weights) in enumerate(writes, 1):
        cells.write(row, weights, bank=number)
        for which in range(macro.banks):
            chosen = (result.writes_before == taken) & (bank == which)
            if chosen.any():
                loaded = cells.banks[which]
                want[chosen] = cim_golden(macro, CimIntegers(), loaded)(torch.from_numpy(x[chosen])).numpy()
                assert np.array_equal(want[chosen], reference(macro, CimIntegers(), loaded.numpy(), x[chosen]))
    got = unpack(result.outputs, macro.columns, macro.output_format(CimIntegers()))
    assert np.array_equal(got, want), (macro, np.nonzero((got != want).any(1))[0][:5])


def _macro(draw: random.Random, *, rows: int, banks: int = 1, **settings) -> CimMacro:
    bits = draw.choice([1, 2, 4, 8])
    settings |= {"signed": draw.random() < 0.5, "bits_per_cycle": draw.choice([b for b in (1, 2, 4, 8) if b <= bits]),
                 "encoding": draw.choice(["unipolar", "bipolar"]), "banks": banks}
    fewest, most = legal_stages(rows, 3, bits, CimIntegers(), **settings)
    return CimMacro(rows, 3, bits, stages=draw.randint(fewest, most), **settings)


@pytest.mark.parametrize("storage", [{"banks": 1}, {"banks": 2}, {"banks": 3}, _LUTRAM], ids=["1", "2", "3", "lutram"])
@pytest.mark.parametrize("number", range(3))
def test_no_beat_mixes_weights(storage, number, tmp_path, seed):
    draw = random.Random(f"{seed} {storage} {number}")
    macro = _macro(draw, rows=draw.choice([1, 2, 6, 11]), **storage)
    rng = np.random.default_rng(draw.getrandbits(32))
    simulator = macro_simulator(macro, CimIntegers(), tmp_path)
    fmt, share = macro.activation, simulator.share(_BEATS)
    x = rng.integers(fmt.minimum, fmt.maximum + 1, (_BEATS, macro.rows))
    bank = rng.integers(0, macro.banks, _BEATS)
    payloads, writes = _loads(macro, rng, _REWRITES)
    loaded = len(payloads) - _REWRITES
    after = [0] * loaded + np.sort(rng.integers(0, share - 8, _REWRITES)).tolist()
    words = pack(field_bits(x, macro.activation_bits), field_bits(bank, macro.bank_bits))
    for pauses in ((0.0, 0.0), (0.3, 0.0), (0.0, 0.6), (0.4, 0.4)):
        result = simulator.run(words, input_pause=pauses[0], output_pause=pauses[1], seed=seed,
                               writes=Writes(payloads, after, [loaded] * _BEATS))
        assert len(np.unique(result.writes_before)) > 8
        _check(macro, result, x, bank, writes)


_PLANES = [(4, 4, 1), (4, 4, 4), (4, 1, 1), (4, 1, 4), (8, 2, 3)]
"""Activation bits, bits a cycle, stages."""


@pytest.mark.parametrize("bits, step, stages", _PLANES)
@pytest.mark.parametrize("banks", [1, 2])
def test_beats_lose_no_cycle_and_a_write_fits_between_any_two(bits, step, stages, banks, tmp_path, seed):
    macro = CimMacro(5, 3, bits, bits_per_cycle=step, stages=stages, banks=banks)
    simulator, rng = macro_simulator(macro, CimIntegers(), tmp_path), np.random.default_rng(seed)
    beats = 60
    x, bank = rng.integers(0, 1 << bits, (beats, 5)), rng.integers(0, banks, beats)
    payloads, writes = _loads(macro, rng, 40)
    loaded = len(payloads) - 40
    result = simulator.run(pack(field_bits(x, bits), field_bits(bank, macro.bank_bits)),
                           writes=Writes(payloads, [0] * len(payloads), [loaded] * beats))
    assert result.latency_cycles == stages
    assert result.cycles == loaded + macro.planes * beats + stages
    # From the first beat on, at least a write an interval.
    assert all(later > earlier or later == len(payloads) for earlier, later in pairwise(result.writes_before.tolist()))
    _check(macro, result, x, bank, writes)


@pytest.mark.parametrize("bits, step, stages", _PLANES)
def test_writes_to_another_bank_are_never_delayed(bits, step, stages, tmp_path, seed):
    macro = CimMacro(5, 3, bits, bits_per_cycle=step, stages=stages, banks=2)
    simulator, rng = macro_simulator(macro, CimIntegers(), tmp_path), np.random.default_rng(seed)
    x, rows = rng.integers(0, 1 << bits, (60, 5)), np.arange(40) % 5
    weights = rng.integers(0, 2, (45, 3))
    payloads = np.concatenate([row_writes(macro, 1, np.arange(5), weights[:5]),
                               row_writes(macro, 0, rows, weights[5:])])
    for pause in (0.0, 0.7):
        result = simulator.run(pack(field_bits(x, bits), field_bits(np.ones(60, dtype=int), 1)), output_pause=pause,
                               seed=seed, writes=Writes(payloads, [0] * 45, [5] * 60))
        # A write a cycle: of a beat that is accepted in cycle c, c writes have been taken before.
        if not pause:
            first = int(result.writes_before[0])
            assert first == 5 + macro.planes - 1
            assert result.writes_before.tolist() == [min(45, first + macro.planes * beat) for beat in range(60)]
        _check(macro, result, x, np.ones(60, dtype=int),
               [(1, row, torch.from_numpy(weights[row])) for row in range(5)]
               + [(0, row, torch.from_numpy(values)) for row, values in zip(rows.tolist(), weights[5:], strict=True)])

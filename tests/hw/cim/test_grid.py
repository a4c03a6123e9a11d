"""Macros over the grid of their settings, by pairs of options: RTL, golden model and numpy agree in every output.

Activations are random ones and corners, weights are rewritten in one bank while beats are multiplied with another,
both sides pause. The large grid is part of the long regression and compares more than a million outputs.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from quadcim.models.cell_noise import program
from quadcim.models.cim import cim_golden
from quadcim.sim.bulk import Writes
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cell_noise import MAX_SEED, CellNoise
from quadcim.spec.cim import ENCODINGS, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.technology import TECHNOLOGIES
from tests.hw.cim.cim_case import legal_stages, macro_simulator, reference, row_writes
from tests.pairwise import Case, all_pairs, pairs_of, pairwise

pytestmark = pytest.mark.shared_seeds

_PHASES, _REWRITTEN = 4, 12
_PAUSES = ((0.0, 0.0), (0.3, 0.4))
_CELLS = {"one bank": ("registers", 1), "three banks": ("registers", 3), "constant": ("constant", 1),
          "noisy": ("constant", 1)}
_LARGE = {"rows": (1, 7, 64, 128, 256, 512), "columns": (1, 3, 64),
          "bits": tuple((bits, step) for bits in (1, 2, 3, 4, 8) for step in range(1, bits + 1) if bits % step == 0),
          "signed": (False, True), "encoding": ENCODINGS, "adc": (False, True), "cells": tuple(_CELLS),
          "technology": tuple(TECHNOLOGIES), "stages": ("fewest", "most")}
_SMALL = _LARGE | {"rows": (1, 7, 64), "columns": (1, 3)}


def _gates(case: Case) -> int:
    """What emission and simulation take grows with: bits multiplied in a cycle, and the models of LUT6_2 and CARRY8."""
    code_bits, models = 4 if case["cells"] == "noisy" else 1, 4 if case["technology"] == "ultrascale" else 1
    return case["rows"] * case["columns"] * case["bits"][1] * code_bits * models


def _label(case: Case) -> str:
    bits, step = case["bits"]
    words = [f"{case['rows']}x{case['columns']}", f"{'s' if case['signed'] else 'u'}{bits}p{step}", case["encoding"],
             "adc" if case["adc"] else "exact", case["cells"].replace(" ", "-"), case["technology"], case["stages"]]
    return "-".join(words)


_SMALL_GRID, _LARGE_GRID = (pairwise(options, legal=lambda case, most=most: _gates(case) <= most, seed=0)
                            for options, most in ((_SMALL, 1 << 12), (_LARGE, 1 << 16)))
_SMALL_BEATS, _LARGE_BEATS = 512, 2048


@dataclass
class _Beats:
    """What a macro is fed: activations, each beat's bank and phase, and the weights of every bank in every phase."""

    x: np.ndarray
    bank: np.ndarray
    phase: np.ndarray
    weights: list[np.ndarray]
    writes: Writes | None


def _converter(rows: int, largest: int, draw: random.Random) -> Adc:
    """Some rows at a time; the range leaves out both ends of the sums where they are large enough."""
    group = max(1, rows // draw.choice([1, 2, 3, 8]))
    peak, levels = group * largest, draw.choice([1, 5, 7, 31])
    low, step = draw.randint(-4, peak // 4), 1 << max(0, (peak // levels).bit_length() - 1)
    return Adc(group, levels.bit_length(), low, low + levels * step, step)


def _macro(case: Case, draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    """A macro of a case; the weights of constant cells are random, and `program` spreads those of noisy ones."""
    rows, columns, (bits, step) = case["rows"], case["columns"], case["bits"]
    storage, banks = _CELLS[case["cells"]]
    codes = CellCodes(4, 11, 2) if case["cells"] == "noisy" else CellCodes()
    settings = {"signed": case["signed"], "bits_per_cycle": step, "encoding": case["encoding"], "storage": storage,
                "banks": banks, "technology": case["technology"], "codes": codes,
                "adc": _converter(rows, (1 << codes.bits) - 1, draw) if case["adc"] else None}
    weights = torch.from_numpy(np.random.default_rng(draw.getrandbits(32)).integers(0, 2, (rows, columns)))
    noise = CellNoise(gaussian=0.15, lognormal=0.1, stuck_on=0.02, stuck_off=0.02, drift=0.02, drift_time=100,
                      seed=draw.randint(0, MAX_SEED)) if case["cells"] == "noisy" else CellNoise()
    spread = program(CimMacro(rows, columns, bits, stages=1, **settings), weights, noise)
    integers = CimIntegers(tuple(map(tuple, spread.tolist())) if storage == "constant" else None)
    fewest, most = legal_stages(rows, columns, bits, integers, **settings)
    stages = fewest if case["stages"] == "fewest" else most
    return CimMacro(rows, columns, bits, stages=stages, **settings), integers


def _activations(macro: CimMacro, beats: int, rng: np.random.Generator) -> np.ndarray:
    """In random order: a half random, the rest all at one end, every row at one of both ends, and single rows."""
    low, high = macro.activation.minimum, macro.activation.maximum
    x = rng.integers(low, high + 1, (beats, macro.rows))
    corner, ends = beats // 8, rng.choice([low, high], (beats, macro.rows))
    x[:2] = [[low], [high]]
    x[2:corner] = ends[2:corner, :1]
    x[corner:2 * corner] = ends[corner:2 * corner]
    single = np.arange(2 * corner) % macro.rows == np.arange(macro.rows)[:, None]
    x[2 * corner:4 * corner] = np.where(single.T, ends[2 * corner:4 * corner, :1], 0)
    return rng.permutation(x)


def _beats(macro: CimMacro, integers: CimIntegers, beats: int, share: int, rng: np.random.Generator) -> _Beats:
    """Beats in phases; in each, rows of one bank are rewritten while the beats use the others.

    With one bank, its rows are rewritten between the phases. Every copy of the design gets all the writes, and `share`
    of the beats.
    """
    length = -(-share // _PHASES)
    phase = np.arange(beats) % share // length
    x = _activations(macro, beats, rng)
    if integers.cells is not None:
        return _Beats(x, np.zeros_like(phase), phase, [np.array(integers.cells)[None]] * _PHASES, None)
    banks = rng.integers(0, 2, (macro.banks, macro.rows, macro.columns))
    words = [row_writes(macro, bank, np.arange(macro.rows), banks[bank]) for bank in range(macro.banks)]
    after, loaded, weights = [0] * (macro.banks * macro.rows), macro.banks * macro.rows, [banks]
    for number in range(_PHASES - 1):
        target, rows = number % macro.banks, rng.integers(0, macro.rows, _REWRITTEN)
        rewritten = rng.integers(0, 2, (_REWRITTEN, macro.columns))
        words.append(row_writes(macro, target, rows, rewritten))
        # Beats of the phases before have been delivered, so nobody uses the bank any more.
        after += [(number if macro.banks > 1 else number + 1) * length] * _REWRITTEN
        banks = banks.copy()
        for row, values in zip(rows, rewritten, strict=True):
            banks[target, row] = values
        weights.append(banks)
    bank = (phase + rng.integers(min(1, macro.banks - 1), macro.banks, beats)) % macro.banks
    return _Beats(x, bank, phase, weights, Writes(np.concatenate(words), after, (loaded + _REWRITTEN * phase).tolist()))


def _expected(macro: CimMacro, integers: CimIntegers, fed: _Beats) -> np.ndarray:
    """The golden model's outputs, which have to be those of plain numpy."""
    want = np.zeros((len(fed.x), macro.columns), dtype=np.int64)
    for phase, bank in sorted(set(zip(fed.phase.tolist(), fed.bank.tolist(), strict=True))):
        chosen, cells = (fed.phase == phase) & (fed.bank == bank), fed.weights[phase][bank]
        x, loaded = fed.x[chosen], torch.from_numpy(cells) if integers.cells is None else None
        want[chosen] = cim_golden(macro, integers, loaded)(torch.from_numpy(x)).numpy()
        assert np.array_equal(want[chosen], reference(macro, integers, cells, x)), macro
    return want


def _compare(case: Case, beats: int, folder: Path, seed: int) -> int:
    """Simulate a case; the number of outputs that were compared in each run."""
    draw = random.Random(f"{seed} {_label(case)}")
    macro, integers = _macro(case, draw)
    compiled = macro_simulator(macro, integers, folder)
    fed = _beats(macro, integers, beats, compiled.share(beats), np.random.default_rng(draw.getrandbits(32)))
    want = _expected(macro, integers, fed)
    words = pack(field_bits(fed.x, macro.activation_bits), field_bits(fed.bank, macro.bank_bits))
    for input_pause, output_pause in _PAUSES:
        result = compiled.run(words, input_pause=input_pause, output_pause=output_pause, seed=seed, writes=fed.writes)
        got = unpack(result.outputs, macro.columns, macro.output_format(integers))
        assert np.array_equal(got, want), macro
    return want.size


@pytest.mark.parametrize("case", _SMALL_GRID, ids=_label)
def test_small_macros(case, tmp_path, seed, record_property):
    record_property("outputs", _compare(case, _SMALL_BEATS, tmp_path, seed))


@pytest.mark.long
@pytest.mark.parametrize("case", _LARGE_GRID, ids=_label)
def test_large_macros(case, tmp_path, seed, record_property):
    record_property("outputs", _compare(case, _LARGE_BEATS, tmp_path, seed))


@pytest.mark.parametrize("options, grid", [(_SMALL, _SMALL_GRID), (_LARGE, _LARGE_GRID)], ids=["small", "large"])
def test_the_grids_cover_every_pair(options, grid):
    assert set.union(*map(pairs_of, grid)) == all_pairs(options)


def test_the_large_grid_compares_a_million_outputs():
    assert sum(_LARGE_BEATS * case["columns"] for case in _LARGE_GRID) > 1_000_000

"""Noise of cells: its moments, its independence, its reproducibility.

Statistics are held to six standard deviations of what is estimated: one in 5e8 tests fails by chance.
"""

import dataclasses
import math

import numpy as np
import pytest
import torch

from quadcim.models.cell_noise import noise_generator, program
from quadcim.models.cim import cim_golden
from quadcim.spec.cell_noise import MAX_SEED, CellNoise, ReadNoise
from quadcim.spec.cim import Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting

SIGMAS = 6
ON, OFF = 100, 20
MACRO = CimMacro(512, 128, 1, storage="constant", codes=CellCodes(8, ON, OFF))
CELLS = MACRO.rows * MACRO.columns
EFFECTS = {"gaussian": 0.1, "lognormal": 0.1, "stuck_on": 0.02, "stuck_off": 0.03, "drift": 0.05}


@pytest.fixture
def weights(seed):
    return torch.randint(2, (MACRO.rows, MACRO.columns), generator=torch.Generator().manual_seed(seed))


def make_noise(seed, **settings) -> CellNoise:
    return CellNoise(seed=seed, drift_time=1e4, **settings)


def assert_moments(values, mean, variance, excess_kurtosis):
    """The mean and the variance of rounded draws: rounding adds 1/12 to a density that is smooth on that scale."""
    count, variance = len(values), variance + 1 / 12
    assert abs(values.mean() - mean) < SIGMAS * math.sqrt(variance / count)
    assert abs(values.var() / variance - 1) < SIGMAS * math.sqrt((2 + excess_kurtosis) / count)


@pytest.mark.parametrize("codes", [CellCodes(), CellCodes(4, 11, 2), CellCodes(8, 255, 0)])
def test_off_is_the_ideal_code(weights, seed, codes):
    ideal = torch.where(weights == 1, codes.on, codes.off)
    macro = dataclasses.replace(MACRO, codes=codes)
    assert torch.equal(program(macro, weights, CellNoise(seed=seed)), ideal)
    assert torch.equal(program(macro, weights, CellNoise(seed=seed, drift=0.1)), ideal)  # read at once


@pytest.mark.parametrize("weight, ideal", [(1, ON), (0, OFF)])
def test_gaussian_moments(weights, seed, weight, ideal):
    codes = program(MACRO, weights, CellNoise(gaussian=0.05, seed=seed))[weights == weight].double()
    assert_moments(codes, ideal, (0.05 * (ON - OFF))**2, 0)


@pytest.mark.parametrize("weight, ideal", [(1, ON), (0, OFF)])
def test_lognormal_moments(weights, seed, weight, ideal):
    codes = program(MACRO, weights, CellNoise(lognormal=0.1, seed=seed))[weights == weight].double()
    square = 0.1**2
    mean = ideal * math.exp(square / 2)
    kurtosis = math.exp(4 * square) + 2 * math.exp(3 * square) + 3 * math.exp(2 * square) - 6
    assert_moments(codes, mean, mean**2 * math.expm1(square), kurtosis)


def test_drift_is_a_power_law(weights):
    codes = program(MACRO, weights, CellNoise(drift=0.05, drift_time=1e4))
    assert torch.equal(codes, torch.where(weights == 1, round(ON * 1e4**-0.05), round(OFF * 1e4**-0.05)))


@pytest.mark.parametrize("stuck_on, stuck_off", [(0.02, 0.0), (0.0, 0.03), (0.02, 0.03), (0.4, 0.6)])
def test_stuck_cells_are_as_many_as_they_should_be(weights, seed, stuck_on, stuck_off):
    codes = program(MACRO, weights, CellNoise(stuck_on=stuck_on, stuck_off=stuck_off, seed=seed))
    for weight, other, probability in ((1, OFF, stuck_off), (0, ON, stuck_on)):
        flipped = (codes == other)[weights == weight].double()
        spread = math.sqrt(probability * (1 - probability) / len(flipped))
        assert abs(flipped.mean() - probability) <= SIGMAS * spread


def test_stuck_cells_hold_their_code_whatever_else_happens(weights, seed):
    stuck = program(MACRO, weights, CellNoise(stuck_on=0.02, stuck_off=0.03, seed=seed)) != torch.where(
        weights == 1, ON, OFF)
    codes = program(MACRO, weights, make_noise(seed, **EFFECTS))
    assert torch.equal(codes[stuck], torch.where(weights == 1, OFF, ON)[stuck])


def test_codes_stay_in_their_range(weights, seed):
    macro = dataclasses.replace(MACRO, codes=CellCodes(4, 12, 3))
    codes = program(macro, weights, CellNoise(gaussian=2, lognormal=1, seed=seed))
    assert codes.dtype == torch.int64 and (codes.min(), codes.max()) == (0, 15)


def test_the_same_seed_gives_the_same_codes(weights, seed):
    noise = make_noise(seed, **EFFECTS)
    codes = program(MACRO, weights, noise)
    assert torch.equal(codes, program(MACRO, weights, noise))
    other = program(MACRO, weights, dataclasses.replace(noise, seed=seed + 1))
    assert (codes != other).double().mean() > 0.5


def test_seeds_and_effects_have_generators_of_their_own():
    drawn = [torch.randn(16, generator=noise_generator(seed, effect)).tolist()
             for seed in (0, 1, 2, 1 << 28, 1 << 29, MAX_SEED) for effect in ("gaussian", "lognormal", "stuck", "read")]
    assert len(set(map(tuple, drawn))) == len(drawn)


@pytest.mark.parametrize("one, other", [
    ("stuck_on", "stuck_off"), ("stuck_off", "gaussian"), ("stuck_on", "lognormal")])
def test_an_effect_leaves_the_others_draws_alone(weights, seed, one, other):
    """Cells that the one effect would not change hold what the other makes of them, with and without the first."""
    ideal = torch.where(weights == 1, ON, OFF)
    alone = program(MACRO, weights, CellNoise(seed=seed, **{one: EFFECTS[one]}))
    without = program(MACRO, weights, CellNoise(seed=seed, **{other: EFFECTS[other]}))
    both = program(MACRO, weights, CellNoise(seed=seed, **{name: EFFECTS[name] for name in (one, other)}))
    changed = alone != ideal
    spared = ~changed & (weights == (one == "stuck_off"))
    assert torch.equal(both[spared], without[spared])
    assert torch.equal(both[changed], alone[changed])


def test_gaussian_and_lognormal_are_drawn_independently(weights, seed):
    """Correlation of n independent pairs: standard deviation 1 / sqrt(n), as near as no matter."""
    ideal = torch.where(weights == 1, ON, OFF)
    pair = [(program(MACRO, weights, CellNoise(seed=seed, **{name: 0.1})) - ideal).double().flatten()
            for name in ("gaussian", "lognormal")]
    correlation = torch.corrcoef(torch.stack(pair))[0, 1]
    assert abs(correlation) < SIGMAS / math.sqrt(CELLS)
    neighbour = program(MACRO, weights, CellNoise(seed=seed + 1, gaussian=0.1)) - ideal
    assert abs(torch.corrcoef(torch.stack([pair[0], neighbour.double().flatten()]))[0, 1]) < SIGMAS / math.sqrt(CELLS)


@pytest.mark.parametrize("wrong, message", [
    (torch.zeros(3, 2), "weights must be 2 x 3, got '3 x 2'"),
    (torch.tensor([[0, 1, 2], [0, 0, 0]]), "weights must be 0 and 1, got '0 to 2'"),
])
def test_refused_weights(wrong, message):
    with pytest.raises(IllegalSetting, match=message):
        program(CimMacro(2, 3, 4), wrong, CellNoise())


READ = CimMacro(24, 2, 3, signed=True, storage="constant", codes=CellCodes(4, 9, 2))


def read_case(seed, adc=None):
    """A macro with fixed cells, one beat many times, and its planes."""
    draw = np.random.default_rng(seed)
    cells = draw.integers(0, 16, (READ.rows, READ.columns))
    x = draw.integers(READ.activation.minimum, READ.activation.maximum + 1, READ.rows)
    macro = dataclasses.replace(READ, adc=adc)
    bits = x[None] >> np.arange(macro.activation_bits)[:, None] & 1
    return macro, CimIntegers(tuple(map(tuple, cells.tolist()))), cells, x, bits


def naive_reads(macro, cells, bits, sigma, count, rng) -> np.ndarray:
    """U of `count` beats with a draw for each active cell, before anything is rounded."""
    u = np.zeros((count, macro.columns))
    for plane, active in enumerate(bits):
        weight = -(1 << plane) if plane == macro.activation_bits - 1 else 1 << plane
        for low, high in macro.groups:
            reads = cells[low:high] + sigma * rng.standard_normal((count, high - low, macro.columns))
            sums = (reads * active[low:high, None]).sum(1)
            u += weight * (np.vectorize(lambda p: convert(macro.adc, p))(sums) if macro.adc else sums)
    return u


def convert(adc: Adc, p: float) -> float:
    return adc.low + adc.step * min(max(math.floor((p - adc.low) / adc.step + 0.5), 0), adc.levels)


def corrected(macro, u, x):
    a, b = macro.correction
    return a * u - b * x.sum()


def assert_same_distribution(one, other):
    """Two samples by the Dvoretzky-Kiefer-Wolfowitz bound on each, at 1e-9."""
    grid = np.unique(np.concatenate([one, other]))
    distance = max(abs(np.searchsorted(np.sort(one), grid, "right") / len(one)
                       - np.searchsorted(np.sort(other), grid, "right") / len(other)))
    assert distance < sum(math.sqrt(math.log(2 / 1e-9) / (2 * len(sample))) for sample in (one, other))


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar"])
def test_read_noise_has_the_variance_of_its_cells(seed, encoding):
    macro, integers, cells, x, bits = read_case(seed)
    macro, count, sigma = dataclasses.replace(macro, encoding=encoding), 20_000, 0.7
    golden = cim_golden(macro, integers, read_noise=ReadNoise(sigma=sigma, seed=seed))
    got = golden(torch.from_numpy(x).expand(count, -1)).numpy()
    exact = corrected(macro, x @ cells, x)
    variance = sigma**2 * sum(4**plane * active.sum() for plane, active in enumerate(bits))
    for column in range(macro.columns):
        assert_moments((got[:, column] - exact[column]) / macro.correction[0], 0, variance, 0)
    assert abs(np.corrcoef(got.T)[0, 1]) < SIGMAS / math.sqrt(count)
    naive = corrected(macro, naive_reads(macro, cells, bits, sigma, count, np.random.default_rng(seed)).round(), x)
    assert_same_distribution(got[:, 0], naive[:, 0])


@pytest.mark.parametrize("adc", [Adc(24, 8, 0, 255, 1), Adc(7, 8, -16, 239, 1)])
def test_read_noise_before_a_fine_converter(seed, adc):
    macro, integers, cells, x, bits = read_case(seed, adc)
    count, sigma = 20_000, 1.5
    got = cim_golden(macro, integers, read_noise=ReadNoise(sigma=sigma, seed=seed))(
        torch.from_numpy(x).expand(count, -1)).numpy()
    # Each conversion of a sum of n reads rounds once; where n is 0 there is nothing to round.
    variance = sum(4**plane * (sigma**2 * active[low:high].sum() + (1 / 12 if active[low:high].any() else 0))
                   for plane, active in enumerate(bits) for low, high in macro.groups)
    exact = corrected(macro, x @ cells, x)
    for column in range(macro.columns):
        assert_moments((got[:, column] - exact[column]).astype(float), 0, variance - 1 / 12, 0)


@pytest.mark.parametrize("adc", [Adc(24, 4, 16, 16 + 8 * 15, 8), Adc(7, 3, 0, 28, 4)])
def test_read_noise_before_a_coarse_converter_is_that_of_the_cells(seed, adc):
    macro, integers, cells, x, bits = read_case(seed, adc)
    count, sigma = 10_000, 1.5
    got = cim_golden(macro, integers, read_noise=ReadNoise(sigma=sigma, seed=seed))(
        torch.from_numpy(x).expand(count, -1)).numpy()
    naive = corrected(macro, naive_reads(macro, cells, bits, sigma, count, np.random.default_rng(seed)), x)
    for column in range(macro.columns):
        assert len(np.unique(got[:, column])) > 1
        assert_same_distribution(got[:, column], naive[:, column])


@pytest.mark.parametrize("adc", [None, Adc(7, 3, 0, 28, 4)])
def test_no_read_noise_is_exact(seed, adc):
    macro, integers, _cells, x, _bits = read_case(seed, adc)
    beats = torch.from_numpy(np.stack([x, x[::-1].copy()]))
    assert torch.equal(cim_golden(macro, integers, read_noise=ReadNoise(sigma=0, seed=seed))(beats),
                       cim_golden(macro, integers)(beats))


@pytest.mark.parametrize("adc", [None, Adc(7, 3, 0, 28, 4)])
def test_read_noise_is_reproducible_and_new_in_every_call(seed, adc):
    macro, integers, _cells, x, _bits = read_case(seed, adc)
    beats = torch.from_numpy(x).expand(50, -1)
    one, other = (cim_golden(macro, integers, read_noise=ReadNoise(sigma=2, seed=seed)) for _ in range(2))
    first = one(beats)
    assert torch.equal(first, other(beats))
    second = one(beats)
    assert torch.equal(second, other(beats)) and not torch.equal(first, second)


def test_inactive_rows_are_not_read(seed):
    macro, integers, _cells, x, _bits = read_case(seed)
    beats = torch.zeros(50, len(x), dtype=torch.int64)
    assert not cim_golden(macro, integers, read_noise=ReadNoise(sigma=9, seed=seed))(beats).any()

"""phi against its definition in exact arithmetic, which shares nothing with the code under test."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch

from quadcim.models.activation import golden, phi
from quadcim.spec.activation import ROUNDINGS, Activation
from quadcim.spec.formats import Format
from quadcim.spec.quad import QuadIntegers

INPUTS = ["SQ1.3", "SQ4.0", "UQ0.4", "UQ4.0", "SQ2.4", "UQ3.3", "SQ1.7", "UQ0.8", "SQ3.5", "SQ2.8", "SQ4.6", "UQ2.9",
          "SQ4.8", "UQ4.9", "SQ2.12", "SQ4.12", "SQ1.15", "UQ1.15"]
OUTPUTS = ["SQ2.4", "SQ1.7", "UQ0.8", "UQ1.9", "SQ2.14", "SQ1.15", "SQ4.20", "UQ0.24"]
WIDE = [("SQ2.17", "SQ2.30"), ("SQ2.22", "SQ1.15"), ("SQ4.20", "SQ2.22"), ("UQ2.22", "UQ1.23"), ("SQ2.30", "SQ1.7"),
        ("SQ2.30", "SQ2.30"), ("UQ2.30", "UQ2.30"), ("SQ16.16", "SQ1.30"), ("SQ32.0", "SQ2.30"), ("SQ17.15", "SQ2.14")]


def phi_by_definition(x: Fraction) -> Fraction:
    """x^2 + 2x on (-2, 0] and -x^2 + 2x on (0, 2], repeated with period 4."""
    x -= 4 * floor((x + 2) / 4)
    return x * x + 2 * x if x <= 0 else -x * x + 2 * x


def exact_phi(raw: np.ndarray, f: int) -> np.ndarray:
    """Apply the same definition to arrays; phi is exact with 2 F fraction bits."""
    x = (raw + 2 * 2**f) % (4 * 2**f) - 2 * 2**f
    return np.where(x <= 0, x * x + 2 * 2**f * x, -x * x + 2 * 2**f * x)


def rounded(raw: np.ndarray, activation: Activation) -> np.ndarray:
    """``saturate(round(phi))``: "nearest" rounds half away from zero, "truncate" toward zero."""
    f = activation.input.fraction_bits
    exact = exact_phi(raw, f)
    ulps = 2 * abs(exact) * 2**activation.output.fraction_bits + (4**f if activation.rounding == "nearest" else 0)
    magnitude = ulps // (2 * 4**f)
    return np.clip(np.where(exact < 0, -magnitude, magnitude), activation.output.minimum, activation.output.maximum)


def specified(raw: np.ndarray, activation: Activation) -> np.ndarray:
    """Apply the function of `quadcim.spec.quad`, as its text writes it."""
    integers = QuadIntegers.freeze(activation)
    f = integers.fraction_bits
    m = raw % 2 ** (f + 1)
    a = np.where(m < 2**f, 2**f - 1 - m, m - 2**f)
    bits = [*(a // 2**k % 2 for k in range(f)), np.where(m < 2**f, 1, 0)]
    dropped = sum(bits[term.i] * (1 - bits[term.j] if term.invert else bits[term.j]) * 2**term.weight
                  for term in integers.dropped_terms)
    square = (2**f - m) ** 2 - dropped
    magnitude = (2 ** (2 * f - integers.shift) - (square + integers.bias) // 2**integers.shift) * 2**integers.extend
    negative = raw // 2 ** (f + 1) % 2 == 1
    return np.clip(np.where(negative, -magnitude, magnitude), activation.output.minimum, activation.output.maximum)


def check(raw: np.ndarray, activation: Activation) -> None:
    result = golden(activation)(torch.from_numpy(raw.astype(np.int64))).numpy().astype(raw.dtype)
    assert np.array_equal(result, specified(raw, activation))
    if activation.rounding != "faithful":
        assert np.array_equal(result, rounded(raw, activation))
        return
    f, out = activation.input.fraction_bits, activation.output
    exact = np.clip(exact_phi(raw, f) * 2**out.fraction_bits, out.minimum * 4**f, out.maximum * 4**f)
    assert np.all(abs(result * 4**f - exact) < 4**f)  # less than 1 ulp


def every(fmt: Format) -> np.ndarray:
    return np.arange(fmt.minimum, fmt.maximum + 1)


@pytest.mark.parametrize("name", [name for name in INPUTS if Format.parse(name).width <= 12])
def test_the_exact_reference_is_the_definition(name):
    fmt = Format.parse(name)
    scale = 4**fmt.fraction_bits
    assert exact_phi(every(fmt), fmt.fraction_bits).tolist() == [phi_by_definition(fmt.real(raw)) * scale
                                                                 for raw in range(fmt.minimum, fmt.maximum + 1)]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", INPUTS)
def test_golden_on_every_input(name, rounding):
    given = Format.parse(name)
    for output in OUTPUTS:
        check(every(given), Activation("quad", given, Format.parse(output), rounding))


@pytest.mark.parametrize("seed", [7])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("given", "wanted"), WIDE)
def test_golden_on_wide_formats(given, wanted, rounding, seed):
    activation = Activation("quad", Format.parse(given), Format.parse(wanted), rounding)
    fmt, one = activation.input, 1 << activation.input.fraction_bits
    centres = [fmt.minimum, fmt.maximum, *(k * one for k in range(-4, 5)), *(k * one // 2 for k in (-3, -1, 1, 3))]
    edges = [centre + step for centre in centres for step in range(-3, 4)]
    beats = np.random.default_rng(seed).integers(fmt.minimum, fmt.maximum, 400, endpoint=True).tolist()
    # Python integers, so that the reference can't overflow where the code under test might.
    check(np.array([raw for raw in edges + beats if fmt.minimum <= raw <= fmt.maximum], object), activation)


def test_golden_keeps_the_shape():
    activation = Activation("quad", Format.parse("SQ2.8"), Format.parse("SQ1.7"))
    raw = torch.arange(-512, 512)
    assert torch.equal(golden(activation)(raw.reshape(4, 8, 32)), golden(activation)(raw).reshape(4, 8, 32))


def test_phi_is_golden_without_rounding():
    fmt = Format.parse("SQ4.8")
    raw = torch.from_numpy(every(fmt))
    exact = torch.from_numpy(exact_phi(raw.numpy(), 8)).double() / 4**8
    assert torch.equal(phi(raw.double() / 2**8), exact)


def test_the_gradient_of_phi_is_right_through_the_wrap():
    x = torch.linspace(-9, 9, 73, dtype=torch.float64, requires_grad=True)  # holds every multiple of 1/4
    (gradient,) = torch.autograd.grad(phi(x).sum(), x)
    v = (x.detach() + 2) % 4 - 2
    assert torch.equal(gradient, 2 - 2 * v.abs())
    # Central differences are exact on a parabola, and nearly so where two of them meet.
    assert torch.autograd.gradcheck(phi, (x,), eps=1e-6, atol=1e-5)

"""The functions in floating point, against formulas of 50 digits that share nothing with the catalogue's."""

import math

import mpmath
import pytest
import torch

from quadcim.models.activation import phi
from quadcim.models.functions import ActivationFunction, activation_function
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.functions import FUNCTIONS

mp = mpmath.mp.clone()
mp.dps = 50


def parabola(x):
    v = (x + 2) % 4 - 2
    return v * v + 2 * v if v <= 0 else 2 * v - v * v


def gabor(x, wave):
    return mp.npdf(x) * mp.sqrt(2 * mp.pi) * wave(mp.pi * x / 2)


REFERENCES = {
    "quad": parabola,
    "sine": lambda x: mp.sinpi(x / 2),
    "cosine": lambda x: mp.cospi(x / 2),
    "finer": lambda x: mp.sinpi((x * x + x if x >= 0 else x - x * x) / 2),
    "gaussian": lambda x: mp.npdf(x) * mp.sqrt(2 * mp.pi),
    "gabor": lambda x: gabor(x, mp.cos),
    "gabor-imaginary": lambda x: gabor(x, mp.sin),
    "sinc": mp.sincpi,
    "relu": lambda x: x if x > 0 else mp.zero,
    "relu1": lambda x: mp.zero if x < 0 else mp.one if x > 1 else x,
    "sigmoid": lambda x: (mp.tanh(x / 2) + 1) / 2,
    "tanh": lambda x: 1 - 2 / (mp.exp(2 * x) + 1),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x * (mp.tanh(x / 2) + 1) / 2,
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "exp2": lambda x: mp.power(2, x),
}
# Through every corner and both sides of it, through the seam of sinc's series at |pi x| = 1/16, and beyond the domains.
POINTS = [*(k / 8 for k in range(-80, 81)), *(sign * x for sign in (-1, 1) for x in (1e-300, 1e-9, 1e-4, 0.0198, 0.02))]
LARGE = [sign * 10.0**k for sign in (-1, 1) for k in (2, 3, 6, 15)]


def gradient(name, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(activation_function(name)(x).sum(), x)[0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name):
    values = activation_function(name)(torch.tensor(POINTS, dtype=torch.float64)).tolist()
    for x, value in zip(POINTS, values, strict=True):
        assert value == pytest.approx(float(REFERENCES[name](mp.mpf(x))), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    corners = {"relu": {0}, "relu1": {0, 1}}.get(name, set())
    points = [x for x in POINTS if abs(x) > 1e-200 and x not in corners]
    gradients = gradient(name, torch.tensor(points, dtype=torch.float64)).tolist()
    for x, found in zip(points, gradients, strict=True):
        h = mp.mpf(10) ** -15  # phi's gradient is continuous, its slope not: the quotient is right to h
        expected = (REFERENCES[name](x + h) - REFERENCES[name](x - h)) / (2 * h)
        assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradcheck(name):
    x = torch.linspace(-7.03, 7.01, 57, dtype=torch.float64, requires_grad=True)  # meets no corner
    assert torch.autograd.gradcheck(activation_function(name), (x,), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_zero_and_large_inputs_are_finite(name, dtype, tolerance):
    x = torch.tensor([0.0, -0.0, 1e-30, *LARGE], dtype=dtype)
    values, slopes = activation_function(name)(x), gradient(name, x)
    assert values.dtype == slopes.dtype == dtype
    assert values.isfinite().all() and slopes.isfinite().all()
    assert values[0].item() == pytest.approx(float(REFERENCES[name](mp.zero)), abs=tolerance)
    if not FUNCTIONS[name].period and name not in ("finer", "exp2"):  # these go on waving, or overflow
        expected = [float(REFERENCES[name](mp.mpf(point))) for point in LARGE]
        assert values[3:].tolist() == pytest.approx(expected, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize(("name", "slope"), [
    ("quad", 2), ("sine", math.pi / 2), ("cosine", 0), ("finer", math.pi / 2), ("gaussian", 0), ("gabor", 0),
    ("gabor-imaginary", math.pi / 2), ("sinc", 0), ("relu", 0.5), ("relu1", 0.5), ("sigmoid", 0.25), ("tanh", 1),
    ("gelu", 0.5), ("silu", 0.5), ("softplus", 0.5), ("exp2", math.log(2))])
def test_the_gradient_at_0(name, slope):
    assert gradient(name, torch.zeros(1)).item() == pytest.approx(slope, rel=1e-6)


def test_the_gradient_of_sinc_is_smooth_in_float32():
    x = torch.logspace(-7, 0, 2000)
    expected = [float(mp.diff(mp.sincpi, mp.mpf(value))) for value in x[::40].tolist()]
    assert gradient("sinc", x)[::40].tolist() == pytest.approx(expected, rel=3e-5, abs=1e-6)


def test_quad_is_phi():
    x = torch.linspace(-9, 9, 73, requires_grad=True)  # holds every multiple of 1/4
    assert torch.equal(activation_function("quad")(x), phi(x))
    assert torch.equal(gradient("quad", x.detach()), torch.autograd.grad(phi(x).sum(), x)[0])
    v = (x.detach() + 2) % 4 - 2
    assert torch.equal(gradient("quad", x.detach()), 2 - 2 * v.abs())


def test_the_layer_is_the_function():
    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(1))
    layer = ActivationFunction("gabor")
    assert torch.equal(layer(x), activation_function("gabor")(x))
    assert layer(x).shape == x.shape
    assert str(torch.nn.Sequential(layer)[0]) == "ActivationFunction(gabor)"


def test_an_unknown_name_is_refused():
    with pytest.raises(IllegalSetting, match="function must be one of quad, sine"):
        activation_function("cube")

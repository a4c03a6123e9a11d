"""The functions once more, in mpmath and in words of their own: what tests compare with."""

from fractions import Fraction

import mpmath
import numpy as np

from quadcim.spec.activation import Activation

_QUARTER = mpmath.pi / 2


def _parabolas(x):
    v = x - 4 * mpmath.floor((x + 2) / 4)
    return v * v + 2 * v if v <= 0 else 2 * v - v * v


FORMULAS = {
    "quad": _parabolas,
    "sine": lambda x: mpmath.sinpi(x / 2),
    "cosine": lambda x: mpmath.cospi(x / 2),
    "finer": lambda x: mpmath.sinpi((abs(x) * x + x) / 2),
    "gaussian": lambda x: mpmath.sqrt(2 * mpmath.pi) * mpmath.npdf(x),
    "gabor": lambda x: mpmath.re(mpmath.exp(mpmath.mpc(-x * x / 2, _QUARTER * x))),
    "gabor-imaginary": lambda x: mpmath.im(mpmath.exp(mpmath.mpc(-x * x / 2, _QUARTER * x))),
    "sinc": mpmath.sincpi,
    "relu": lambda x: (x + abs(x)) / 2,
    "relu1": lambda x: sorted((mpmath.mpf(0), x, mpmath.mpf(1)))[1],
    "sigmoid": lambda x: (1 + mpmath.tanh(x / 2)) / 2,
    "tanh": lambda x: 1 - 2 / (mpmath.exp(2 * x) + 1),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x * (1 + mpmath.tanh(x / 2)) / 2,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "exp2": lambda x: mpmath.mpf(2) ** x,
}


def exact_ulps(activation: Activation, raws) -> list:
    """The function at raw inputs in ulp of the output, to 40 digits; values out of range count as its ends."""
    out = activation.output
    with mpmath.workdps(40):
        scale = mpmath.mpf(2) ** out.fraction_bits
        values = (FORMULAS[activation.function](mpmath.mpf(int(raw)) / 2**activation.input.fraction_bits) * scale
                  for raw in raws)
        return [min(max(value, out.minimum), out.maximum) for value in values]


def max_error_ulp(activation: Activation, raws, outputs) -> float:
    """The greatest error of raw outputs."""
    with mpmath.workdps(40):
        return float(max(abs(int(y) - exact) for y, exact in zip(outputs, exact_ulps(activation, raws), strict=True)))


def rounded(activation: Activation, raws) -> list[int]:
    """What "nearest" and "truncate" are defined to give."""
    half = Fraction(1, 2) if activation.rounding == "nearest" else Fraction(0)
    with mpmath.workdps(40):
        return [int(mpmath.sign(exact)) * int(mpmath.floor(abs(exact) + float(half)))
                for exact in exact_ulps(activation, raws)]


def every_input(activation: Activation) -> np.ndarray:
    """All raw inputs."""
    return np.arange(activation.input.minimum, activation.input.maximum + 1)

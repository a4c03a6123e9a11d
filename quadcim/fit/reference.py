"""The real values that a unit has to come close to, and the integers that each rounding admits."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.functions import find_function

__all__ = ["admitted_outputs", "real_values"]

# Double precision errs by less than this many ulp of any output that is 32 bits wide or less.
_DOUBT_ULP = 1e-6
_NOISE = 1e-50


class _Numpy:
    """The arithmetic of `Function.evaluate` on arrays in double precision."""

    pi = math.pi
    sin, cos, exp, tanh, log, log1p, abs, maximum, minimum, round = (
        np.sin, np.cos, np.exp, np.tanh, np.log, np.log1p, np.abs, np.maximum, np.minimum, np.round)

    @staticmethod
    def erf(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.frompyfunc(math.erf, 1, 1)(x)).astype(np.float64)

    @staticmethod
    def sinc(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sinc(x / math.pi)


class _Precise:
    """The same arithmetic on one number, to 60 digits."""

    def __getattr__(self, name: str):
        import mpmath

        with mpmath.workdps(60):
            if name == "pi":
                return +mpmath.pi
            return _BUILT_IN.get(name) or getattr(mpmath, {"round": "nint"}.get(name, name))


_BUILT_IN: dict[str, Callable] = {"abs": abs, "maximum": max, "minimum": min}


def _raws(activation: Activation, low_bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """The raw inputs of some low bits: the ones nearest to zero."""
    bits = activation.input_bits
    signed = activation.input.signed or bits < activation.input.width
    return np.where(signed & (low_bits >> (bits - 1) == 1), low_bits - (1 << bits), low_bits)


def real_values(activation: Activation) -> NDArray[np.float64]:
    """The function at every combination of the input's low bits, in ulp of the output."""
    scale = 2.0 ** activation.output.fraction_bits
    if activation.samples is not None:
        if not activation.samples.values:
            raise IllegalSetting("function", "a function whose samples are at hand", activation.function)
        return np.array(activation.samples.values) * scale
    raws = _raws(activation, np.arange(1 << activation.input_bits))
    x = raws / 2.0 ** activation.input.fraction_bits
    with np.errstate(over="ignore"):
        return np.asarray(find_function(activation.function).evaluate(_Numpy, x)) * scale


def _rounded_precisely(activation: Activation, low_bits: int, add: float) -> int:
    """``floor(|value| + add)`` in ulp, where double precision leaves a doubt."""
    import mpmath

    raw = int(_raws(activation, np.array(low_bits)))
    with mpmath.workdps(60):
        x = mpmath.mpf(raw) / 2 ** activation.input.fraction_bits
        exact = find_function(activation.function).evaluate(_Precise(), x) * 2 ** activation.output.fraction_bits
        value = abs(exact) + add
        whole = mpmath.nint(value)  # what is one but for the last of 60 digits is meant to be, as exp2(2) = 4
        return int(whole if abs(value - whole) < _NOISE * max(value, 1) else mpmath.floor(value))


def admitted_outputs(activation: Activation, values: NDArray[np.float64]) -> tuple[
        NDArray[np.int64], NDArray[np.int64]]:
    """The least and the greatest raw output that the rounding admits, for each of `real_values`.

    "faithful" admits errors below 1 ulp: both neighbours, or the value itself if it is representable. Values out of the
    output's range count as its end.
    """
    low, high = activation.output.minimum, activation.output.maximum
    clipped = np.clip(values, low, high)
    rounding: ActivationRounding = activation.rounding
    whole = np.rint(clipped)
    if rounding == "faithful":
        exact = np.abs(clipped - whole) < _DOUBT_ULP
        least, greatest = np.where(exact, whole, np.floor(clipped)), np.where(exact, whole, np.ceil(clipped))
        return least.astype(np.int64), greatest.astype(np.int64)
    magnitude, add = np.abs(clipped), 0.5 if rounding == "nearest" else 0.0
    result = np.floor(magnitude + add)
    if activation.samples is None:  # a user's samples are what they are
        beyond = (values <= low) | (values >= high)
        doubtful = ~beyond & (np.abs(magnitude + add - np.rint(magnitude + add)) < _DOUBT_ULP)
        for index in np.flatnonzero(doubtful):
            result[index] = _rounded_precisely(activation, int(index), add)
    outputs = np.where(clipped < 0, -result, result).astype(np.int64)
    return outputs, outputs

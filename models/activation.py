"""Activations: differentiable in floating point for training, exact on integers as the golden model."""

from collections.abc import Callable

import torch
from torch import Tensor

from quadcim.spec.activation import Activation
from quadcim.spec.quad import QuadIntegers

__all__ = ["golden", "phi"]

# 2**18 results of 8 bytes stay in the cache; a wider table costs more to build than it gives back.
_WIDEST_TABLE = 18


def phi(x: Tensor) -> Tensor:
    """QuadINR's activation ``phi(x) = v (2 - |v|)`` with v = x wrapped into [-2, 2]: odd, period 4, ``|phi| <= 1``.

    Parameters
    ----------
    x : Tensor
        Floating point, any shape; 4 is one period.

    Returns
    -------
    Tensor
        The shape and type of `x`. The gradient is ``2 - 2 |v|``, continuous through the wrap, where it is -2.

    Notes
    -----
    QuadINR, arXiv 2508.14374: x^2 + 2x on (-2, 0], -x^2 + 2x on (0, 2), repeated.
    """
    # Both v = 2 and v = -2 give phi = 0 and a gradient of -2, so it doesn't matter which one a tie is rounded to.
    v = x - 4 * torch.round(x / 4)
    return v * (2 - v.abs())


def golden(activation: Activation) -> Callable[[Tensor], Tensor]:
    """Make the exact integer function of an activation.

    Parameters
    ----------
    activation : Activation
        What to compute.

    Returns
    -------
    callable
        From an int64 tensor of raw integers of ``activation.input``, any shape, to raw integers of
        ``activation.output``. Formats up to 18 bits are looked up in a table that is made once.

    Notes
    -----
    The function is defined in `quadcim.spec.quad`.
    """
    integers = QuadIntegers.freeze(activation)

    def direct(raw: Tensor) -> Tensor:
        magnitude = _magnitude(raw, integers)
        negative = raw >> (integers.fraction_bits + 1) & 1 == 1
        signed = torch.where(negative, -magnitude, magnitude)
        return signed.clamp(activation.output.minimum, activation.output.maximum)

    fmt = activation.input
    if fmt.width > _WIDEST_TABLE:
        return direct
    # In two's complement order: a negative raw integer counts from the end, as torch.take reads a negative index.
    table = direct(torch.cat([torch.arange(fmt.maximum + 1), torch.arange(fmt.minimum, 0)]))
    return lambda raw: torch.take(table, raw)


def _magnitude(raw: Tensor, integers: QuadIntegers) -> Tensor:
    """|Y| before saturation; the sum of all that is added stays below 2**62."""
    one = 1 << integers.fraction_bits
    m = raw & (2 * one - 1)  # x modulo half a period
    square = (one - m) ** 2
    if integers.dropped:
        rising = (m < one).long()  # c of the specification, bit F of `bits`; below it the bits of a
        bits = (m ^ -rising) & (one - 1) | rising << integers.fraction_bits
        for term in integers.dropped_terms:
            square -= (bits >> term.i & (bits >> term.j ^ int(term.invert)) & 1) << term.weight
    peak = 1 << (2 * integers.fraction_bits - integers.shift)
    return (peak - (square + integers.bias >> integers.shift)) << integers.extend

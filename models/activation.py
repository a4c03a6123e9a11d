"""Activations: differentiable in floating point for training, exact on integers as the golden model."""

from collections.abc import Callable

import torch
from torch import Tensor

from quadcim.models.cordic import cordic_golden
from quadcim.models.piecewise import piecewise_golden
from quadcim.models.taylor import taylor_golden
from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.integers import Integers
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.taylor import TaylorIntegers
from quadcim.spec.unit import ActivationUnit

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


def golden(activation: Activation, integers: Integers | None = None) -> Callable[[Tensor], Tensor]:
    """Make the exact integer function of an activation.

    Parameters
    ----------
    activation : Activation
        What to compute.
    integers : Integers, optional
        The frozen integers of a unit (`quadcim.hw.activation.plans.unit_integers`, or those in a case's manifest). By
        default those of phi's heap, or of the piecewise form with the fewest gates.

    Returns
    -------
    callable
        From an int64 tensor of raw integers of ``activation.input``, any shape, to raw integers of
        ``activation.output``. Formats up to 18 bits are looked up in a table that is made once.

    Notes
    -----
    The functions are defined in `quadcim.spec`: `quad`, `piecewise`, `cordic`, `taylor`.
    """
    direct = _direct(activation, integers or _default_integers(activation))
    fmt = activation.input
    if fmt.width > _WIDEST_TABLE:
        return direct
    # In two's complement order: a negative raw integer counts from the end, as torch.take reads a negative index.
    table = direct(torch.cat([torch.arange(fmt.maximum + 1), torch.arange(fmt.minimum, 0)]))
    return lambda raw: torch.take(table, raw)


def _default_integers(activation: Activation) -> Integers:
    if activation.samples is None and activation.function == "quad":
        return QuadIntegers.freeze(activation)
    from quadcim.fit.freeze import freeze

    return freeze(ActivationUnit(activation, stages=0))


def _direct(activation: Activation, integers: Integers) -> Callable[[Tensor], Tensor]:
    match integers:
        case QuadIntegers():
            return _quad_golden(activation, integers)
        case CordicIntegers():
            return cordic_golden(activation, integers)
        case TaylorIntegers():
            return taylor_golden(activation, integers)
        case _:
            return piecewise_golden(activation, integers)


def _quad_golden(activation: Activation, integers: QuadIntegers) -> Callable[[Tensor], Tensor]:
    def direct(raw: Tensor) -> Tensor:
        magnitude = _magnitude(raw, integers)
        negative = raw >> (integers.fraction_bits + 1) & 1 == 1
        signed = torch.where(negative, -magnitude, magnitude)
        return signed.clamp(activation.output.minimum, activation.output.maximum)

    return direct


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

"""Narrowing of integer tensors: what `quadcim.spec.narrow.Narrow` says, on int64."""

from collections.abc import Sequence

import torch
from torch import Tensor

from quadcim.spec.narrow import Narrow, Rounding

__all__ = ["narrow"]


def narrow(values: Tensor, how: Narrow | Sequence[Narrow]) -> Tensor:
    """Narrow raw integers: ``overflow(round(values * 2**-shift))``.

    Parameters
    ----------
    values : Tensor
        int64, any shape. Exact for every int64 value; a negative shift has to leave the result within 64 bits.
    how : Narrow or sequence of Narrow
        One narrowing for all values, or one for each index of the last dimension (a shift per output channel).
        Shifts are at most 63, formats fit int64.

    Returns
    -------
    Tensor
        int64, the shape of `values`: raw integers of ``how.output``.
    """
    if not isinstance(how, Narrow):
        return torch.stack([narrow(one, its) for one, its in zip(values.unbind(-1), how, strict=True)], dim=-1)
    rounded = _round(values, how.shift, how.rounding)
    if how.overflow == "saturate":
        return rounded.clamp(how.output.minimum, how.output.maximum)
    if not how.output.signed:
        return rounded & how.output.maximum
    above = 64 - how.output.width
    return rounded << above >> above


def _round(values: Tensor, shift: int, rounding: Rounding) -> Tensor:
    if shift <= 0:
        return values << -shift
    # Quotient and remainder, not a sum with half an ulp: nothing can overflow.
    quotient, remainder, half = values >> shift, values & ((1 << shift) - 1), 1 << (shift - 1)
    match rounding:
        case "floor":
            return quotient
        case "half_up":
            up = remainder >= half
        case "half_even":
            up = (remainder > half) | ((remainder == half) & (quotient & 1 == 1))
        case "half_away":
            up = (remainder > half) | ((remainder == half) & (values >= 0))
    return quotient + up

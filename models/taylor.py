"""The golden model of the Taylor sine."""

from collections.abc import Callable

import torch
from torch import Tensor

from quadcim.spec.activation import Activation
from quadcim.spec.taylor import TaylorIntegers

__all__ = ["taylor_golden"]

_LIMB = 16


def taylor_golden(activation: Activation, integers: TaylorIntegers) -> Callable[[Tensor], Tensor]:
    """Make the exact integer function of a Taylor unit.

    Parameters
    ----------
    activation : Activation
        Its formats.
    integers : TaylorIntegers
        Its frozen integers.

    Returns
    -------
    callable
        From an int64 tensor of raw integers of ``activation.input``, any shape, to raw integers of
        ``activation.output``.

    Notes
    -----
    The function is defined in `quadcim.spec.taylor`.
    """
    output, fraction = activation.output, integers.fraction_bits

    def run(raw: Tensor) -> Tensor:
        # Distance to the nearest zero of the sine, by remainders: 0 to 2**F.
        half_turn = raw.remainder(2 << fraction)
        a = torch.minimum(half_turn, (2 << fraction) - half_turn)
        more = integers.square_bits - 2 * fraction
        u = a * a << more if more > 0 else a * a >> -more
        p = torch.full_like(raw, integers.coefficients[-1])
        for coefficient in reversed(integers.coefficients[:-1]):
            p = coefficient - _product(p, u, integers.square_bits)
        magnitude = _product(p, a, fraction + integers.coefficient_bits - integers.output_bits)
        below = raw.remainder(4 << fraction) >= 2 << fraction
        return torch.where(below, -magnitude, magnitude).clamp(output.minimum, output.maximum)

    return run


def _product(p: Tensor, q: Tensor, shift: int) -> Tensor:
    """``(p * q) >> shift`` for factors from 0 whose product may be beyond 64 bits: limb by limb, nothing is lost."""
    limb = min(shift, _LIMB)
    low = p * (q & (1 << limb) - 1) >> limb
    return p * (q >> limb) + low >> shift - limb

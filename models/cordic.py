"""The golden model of the CORDIC sine."""

from collections.abc import Callable

import torch
from torch import Tensor

from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers

__all__ = ["cordic_golden"]


def cordic_golden(activation: Activation, integers: CordicIntegers) -> Callable[[Tensor], Tensor]:
    """Make the exact integer function of a CORDIC unit.

    Parameters
    ----------
    activation : Activation
        Its formats.
    integers : CordicIntegers
        Its frozen integers.

    Returns
    -------
    callable
        From an int64 tensor of raw integers of ``activation.input``, any shape, to raw integers of
        ``activation.output``.

    Notes
    -----
    The function is defined in `quadcim.spec.cordic`. It is written here with signed arithmetic in place of complements.
    """
    output = activation.output

    def run(raw: Tensor) -> Tensor:
        quadrant = raw >> integers.fraction_bits & 3
        angle = _first_angle(raw, quadrant, integers)
        x = torch.full_like(raw, integers.start)
        y = torch.where(quadrant < 2, x, -x)
        for i, constant in enumerate(integers.angles, 1):
            up = angle >= 0
            # -1 - t is the complement of t.
            by_x = torch.where(up, x >> i, -1 - (x >> i)) + i % 2
            by_y = torch.where(up, -1 - (y >> i), y >> i) + i % 2
            y = y + by_x
            if i < integers.x_iterations:
                x = x + by_y
            angle = angle - torch.where(up, constant, -constant)
        half = 1 << integers.guard_bits >> 1
        return (y + half >> integers.guard_bits).clamp(output.minimum, output.maximum)

    return run


def _first_angle(raw: Tensor, quadrant: Tensor, integers: CordicIntegers) -> Tensor:
    """What is left after 45 degrees, in units of ``2**-angle_bits`` quarter turns."""
    within = raw & (1 << integers.fraction_bits) - 1
    more = integers.angle_bits - integers.fraction_bits
    angle = (within << more if more > 0 else within >> -more) - (1 << integers.angle_bits >> 1)
    return torch.where((quadrant == 1) | (quadrant == 2), -1 - angle, angle)

"""The golden model of piecewise functions."""

from collections.abc import Callable

import torch
from torch import Tensor

from quadcim.spec.activation import Activation
from quadcim.spec.piecewise import Correction, PiecewiseIntegers, Square

__all__ = ["piecewise_golden"]


def piecewise_golden(activation: Activation, integers: PiecewiseIntegers) -> Callable[[Tensor], Tensor]:
    """Make the exact integer function of a piecewise unit.

    Parameters
    ----------
    activation : Activation
        Its formats.
    integers : PiecewiseIntegers
        Its frozen integers.

    Returns
    -------
    callable
        From an int64 tensor of raw integers of ``activation.input``, any shape, to raw integers of
        ``activation.output``.

    Notes
    -----
    The function is defined in `quadcim.spec.piecewise`.
    """
    output, n = activation.output, integers.offset_bits
    base, slope, breaks = (torch.tensor(values) for values in (integers.base, integers.slope, integers.breaks))
    fold = integers.fold

    def run(raw: Tensor) -> Tensor:
        reflected = torch.zeros_like(raw) if fold.reflect < 0 else (raw >> fold.reflect & 1) ^ int(fold.reflect_invert)
        z = (raw ^ -reflected) & (1 << fold.bits) - 1
        segment = torch.bucketize(z, breaks, right=True) if integers.breaks else z >> n
        offset = z & (1 << n) - 1
        total = base[segment]
        if integers.slope:
            total = total + _line(slope[segment], offset, reflected, integers)
        for correction in integers.corrections:
            total = total + _correction(correction, segment, offset, integers)
        if integers.square:
            total = total + _square(integers.square, segment, offset, integers)
        magnitude = total >> integers.guard_bits
        negative = torch.zeros_like(raw)
        for bit in fold.sign:
            negative = negative ^ (raw >> bit & 1)
        y = torch.where(negative == 1, fold.total - magnitude, magnitude)
        low = y & (1 << output.width) - 1
        return torch.where(low > output.maximum, low - (1 << output.width), low)

    return run


def _shift(values: Tensor, left: int) -> Tensor:
    return values << left if left >= 0 else values >> -left


def _line(slope: Tensor, offset: Tensor, reflected: Tensor, integers: PiecewiseIntegers) -> Tensor:
    product = reflected * _shift(slope, -integers.slope_shift)
    for bit in range(integers.offset_bits):
        product += (offset >> bit & 1) * _shift(slope, bit - integers.slope_shift)
    return product


def _from_the_middle(offset: Tensor, bits: int, low: int) -> Tensor:
    """The distance of the offset from the middle of the segment, without its bits below `low`."""
    half = 1 << (bits - 1)
    return torch.where(offset >= half, offset - half, half - 1 - offset) >> low


def _upper(segment: Tensor, bits: int, integers: PiecewiseIntegers) -> Tensor:
    return segment >> (integers.address_bits - bits)


def _correction(correction: Correction, segment: Tensor, offset: Tensor, integers: PiecewiseIntegers) -> Tensor:
    if correction.folded:
        inner = _from_the_middle(offset, integers.offset_bits, correction.low)
    else:
        inner = offset >> correction.low & (1 << correction.width) - 1
    address = _upper(segment, correction.address_bits, integers) << correction.width | inner
    return torch.tensor(correction.entries)[address]


def _square(square: Square, segment: Tensor, offset: Tensor, integers: PiecewiseIntegers) -> Tensor:
    squares = torch.tensor(square.squares)[_from_the_middle(offset, integers.offset_bits, square.low)]
    coefficient = torch.tensor(square.coefficients)[_upper(segment, square.address_bits, integers)]
    product = torch.zeros_like(offset)
    for bit in range(square.square_bits):
        product += (squares >> bit & 1) * _shift(coefficient, bit - square.shift)
    return product

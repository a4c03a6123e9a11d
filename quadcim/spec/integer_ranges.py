"""Ranges of frozen integers that come from a file: what hardware and golden model take for granted of them."""

from itertools import pairwise

from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.piecewise import Correction, PiecewiseIntegers, Square

__all__ = ["check_piecewise"]

_MOST_SHIFT, _LARGEST, _MOST_TABLES = 40, 1 << 40, 16


def check_piecewise(activation: Activation, integers: PiecewiseIntegers) -> None:
    """Refuse integers that are no piecewise form of an activation, whatever the function.

    Raises
    ------
    IllegalSetting
        If they do not fit together, or are out of any range that a form has.
    """
    fold, segments = integers.fold, len(integers.base)
    width = activation.input.width
    legal = all((
        1 <= fold.bits <= activation.input_bits, -1 <= fold.reflect < width, set(fold.sign) <= set(range(width)),
        len(set(fold.sign)) == len(fold.sign), abs(fold.total) <= 1 << activation.output.width,
        _says_nothing_unused(integers),
        0 <= integers.address_bits <= fold.bits, segments == _power(integers.address_bits),
        0 <= integers.guard_bits <= _MOST_SHIFT, 0 <= integers.slope_shift <= _MOST_SHIFT,
        len(integers.slope) in (0, segments), _small(integers.base), _small(integers.slope),
        len(integers.corrections) <= _MOST_TABLES, all(_fits(table, integers) for table in integers.corrections),
        not integers.breaks or _breaks_fit(integers),
        integers.square is None or _square_fits(integers.square, integers), 0 <= integers.max_error_ulp <= 1))
    if not legal:
        raise IllegalSetting("integers", f"those of a piecewise form of {activation.input} and {activation.output}",
                             "others")


def _breaks_fit(integers: PiecewiseIntegers) -> bool:
    edges = (0, *integers.breaks, 1 << integers.fold.bits)
    return (all(low < high for low, high in pairwise(edges)) and len(integers.breaks) < len(integers.base)
            and not integers.corrections and integers.square is None)


def _says_nothing_unused(integers: PiecewiseIntegers) -> bool:
    """Entries that no hardware is made of have the one value that stands for that."""
    fold, last = integers.fold, len(integers.breaks)
    return all((
        fold.total == 0 or bool(fold.sign), not fold.reflect_invert or fold.reflect >= 0,
        integers.slope_shift == 0 or bool(integers.slope),
        not last or all(len({*values[last:]}) <= 1 for values in (integers.base, integers.slope))))


def _power(bits: int) -> int:
    return 1 << min(max(bits, 0), _MOST_SHIFT)


def _small(values: tuple[int, ...], low: int = -_LARGEST) -> bool:
    return all(low <= value <= _LARGEST for value in values)


def _fits(table: Correction, integers: PiecewiseIntegers) -> bool:
    bits = integers.offset_bits
    reached = table.width >= bits - 1 - table.low and bits > 0 if table.folded else True
    return (0 <= table.address_bits <= integers.address_bits and 0 <= table.low <= bits and reached
            and 0 <= table.width <= bits and len(table.entries) == _power(table.address_bits + table.width)
            and _small(table.entries, 0))


def _square_fits(square: Square, integers: PiecewiseIntegers) -> bool:
    bits = integers.offset_bits
    return (0 <= square.address_bits <= integers.address_bits and 0 <= square.low < bits
            and bits - 1 - square.low <= square.width <= bits and 0 <= square.shift <= _MOST_SHIFT
            and len(square.coefficients) == _power(square.address_bits)
            and len(square.squares) == _power(square.width) and _small((*square.coefficients, *square.squares), 0))

"""Integers of a piecewise function by interval arithmetic: what each segment's base may be, for a slope and a curve.

For each point of a segment the rounding admits some outputs, so S may lie in an interval. What is left of it after the
truncated product and the corrections, whose values are exact integers here, is where the base may lie; a segment is
feasible if the intervals of all its points meet. So the coefficients are chosen together, truncation and all, and a
solution needs no further proof.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from quadcim.fit.reference import admitted_outputs
from quadcim.spec.activation import Activation
from quadcim.spec.piecewise import Correction, Fold, PiecewiseIntegers, Square

__all__ = ["Curve", "Problem", "Shape", "Solver", "roundest", "shifted"]

_Integers = NDArray[np.int64]
_Number = TypeVar("_Number", int, _Integers)
_SLOPE_NEIGHBOURS = (0, 1, -1, 2, -2)


@dataclass(frozen=True, slots=True)
class Curve:
    """How the curvature is built: as one table, or with `square_bits`, as a product.

    Parameters
    ----------
    address_bits, width : int
        Upper bits of the segment and of the (mirrored) offset that it depends on.
    square_bits : int
        Width of the square in a product; 0 for one table.
    """

    address_bits: int
    width: int
    square_bits: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """What a search varies: everything about `PiecewiseIntegers` but the numbers in its tables."""

    address_bits: int
    guard_bits: int
    slope_shift: int
    curve: Curve | None = None
    slices: tuple[tuple[int, int, int], ...] = ()
    """(address bits, low, width) of the tables of a multipartite table, which has no slope."""


class Problem:
    """A function under a fold: its magnitudes in ulp, and those admitted, as [reflected, z]."""

    def __init__(self, activation: Activation, fold: Fold, values: NDArray[np.float64]):
        least, greatest = admitted_outputs(activation, values)
        raw = np.arange(len(values))
        reflected = np.zeros_like(raw) if fold.reflect < 0 else raw >> fold.reflect & 1 ^ int(fold.reflect_invert)
        negative = np.zeros(len(raw), dtype=bool)
        for bit in fold.sign:
            negative ^= raw >> bit & 1 == 1
        cell = reflected, (raw ^ -reflected) & (1 << fold.bits) - 1
        shape = (1 + int(fold.reflect >= 0), 1 << fold.bits)
        self.fold = fold
        self.values = np.empty(shape)
        self.values[cell] = np.where(negative, fold.total - values, values)
        self.wanted = np.empty(shape)  # the values within the output's range, from which errors count
        clipped = np.clip(values, activation.output.minimum, activation.output.maximum)
        self.wanted[cell] = np.where(negative, fold.total - clipped, clipped)
        # Inputs that share a magnitude have to admit it together.
        self.least = np.full(shape, np.iinfo(np.int64).min >> 16)
        self.greatest = -self.least
        np.maximum.at(self.least, cell, np.where(negative, fold.total - greatest, least))
        np.minimum.at(self.greatest, cell, np.where(negative, fold.total - least, greatest))


@dataclass
class Solver:
    """Solutions for one fold and number of segments.

    Parameters
    ----------
    problem : Problem
        What to approximate.
    address_bits : int
        Bits that select the segment.
    points : int
        How many offsets of a segment to look at; all of them give a proof.
    """

    problem: Problem
    address_bits: int
    points: int
    offset_bits: int = field(init=False)

    def __post_init__(self):
        self.offset_bits = n = self.problem.fold.bits - self.address_bits
        count = 1 << n
        if self.points >= count:
            self._offsets = np.arange(count)
        else:
            # Odd strides meet every pattern of low bits; the ends of a segment are where the error is greatest.
            inside = np.linspace(0, count - 1, self.points).astype(np.int64)
            self._offsets = np.unique(np.concatenate([inside, [1, count - 2], inside[1:-1] ^ 1]))
        shape = (-1, 1 << self.address_bits, count)
        self._values, self._wanted, self._least, self._greatest = (
            array.reshape(shape)[:, :, self._offsets]
            for array in (self.problem.values, self.problem.wanted, self.problem.least, self.problem.greatest))
        self._middle = self._offsets + 0.5 - 2.0 ** (n - 1)
        powers = np.stack([np.ones_like(self._middle), self._middle, self._middle**2], axis=1)[:, :min(count, 3)]
        self._projection = np.linalg.pinv(powers)
        self._parabolas = self._projection @ self._values[0].T
        self._rest = np.abs(self._values[0].T - powers @ self._parabolas)

    @property
    def steepest_ulp(self) -> float:
        """The greatest slope of a segment, in ulp of the output for an ulp of the input."""
        return float(np.abs(self._parabolas[1]).max()) if len(self._parabolas) > 1 else 0.0

    @property
    def falls(self) -> bool:
        """Whether the function falls in some segment."""
        return len(self._parabolas) > 1 and bool((self._parabolas[1] < 0).any())

    @property
    def exact_shift(self) -> int | None:
        """Fraction bits of the slopes where every segment is a straight line with a short slope."""
        if len(self._parabolas) < 3 or np.abs(self._parabolas[2]).max() > 1e-9 or self._rest.max() > 1e-6:
            return None
        scaled = (self._parabolas[1] * 2.0**shift for shift in range(4))
        return next((shift for shift, slope in enumerate(scaled) if np.abs(slope - np.rint(slope)).max() < 1e-6), None)

    @property
    def most_bent_ulp(self) -> float:
        """The greatest curvature of a segment."""
        return float(np.abs(self._parabolas[2]).max()) if len(self._parabolas) > 2 else 0.0

    def fits_a_parabola(self) -> bool:
        """Whether real parabolas come close enough: a quick test that no shape passes if this one fails."""
        if self.offset_bits < 2:
            return True
        # The best parabola errs at least half as much as that of least squares.
        return bool((self._rest < 2).all())

    def solve(self, shape: Shape) -> PiecewiseIntegers | None:
        """The integers of a shape, or None if some segment has no solution."""
        guard = shape.guard_bits
        values = self._values[0] * 2.0**guard
        least = self._least.astype(np.int64) << guard
        greatest = (self._greatest.astype(np.int64) + 1 << guard) - 1
        corrections, square, added = self._corrections(shape, values)
        if shape.slices or not self.offset_bits:
            slope = None
            low, high = (least - added).max(axis=(0, 2)), (greatest - added).min(axis=(0, 2))
        else:
            slope, low, high = self._lines(shape, least - added, greatest - added)
        if (low > high).any():
            return None
        base = roundest(low, high)
        total = base[:, None] + added + (0 if slope is None else self._line(shape, slope))
        error = np.abs((total >> guard) - self._wanted).max()
        if slope is not None and not slope.any():
            slope = None
        return PiecewiseIntegers(
            self.problem.fold, shape.address_bits, guard, tuple(base.tolist()),
            () if slope is None else tuple(slope.tolist()), 0 if slope is None else shape.slope_shift, corrections,
            square, float(np.ceil(error * 1e6 + 1e-3) / 1e6) if error else 0.0)

    def _line(self, shape: Shape, slope: _Integers) -> _Integers:
        """The truncated product, as [reflected, segment, offset]."""
        product = np.zeros((len(slope), len(self._offsets)), dtype=np.int64)
        for bit in range(self.offset_bits):
            product += (self._offsets >> bit & 1) * shifted(slope, bit - shape.slope_shift)[:, None]
        reflected = np.arange(len(self._values))[:, None, None] * shifted(slope, -shape.slope_shift)[:, None]
        return product + reflected

    def _lines(self, shape: Shape, least: _Integers, greatest: _Integers) -> tuple[_Integers, _Integers, _Integers]:
        """For each segment a slope, and the interval that it leaves the base."""
        # Where a side of what is admitted is cut off, by the range, the line has to go through what is left.
        wanted = (least + greatest).mean(axis=0) / 2
        nearest = np.rint((self._projection[1] @ wanted.T) * 2.0**shape.slope_shift).astype(np.int64)
        # A coarse step moves the ends of the segment by a quarter of an ulp.
        coarse = max(1, 1 << max(shape.slope_shift + shape.guard_bits - self.offset_bits - 1, 0))
        steps = dict.fromkeys((*_SLOPE_NEIGHBOURS, *(coarse * step for step in _SLOPE_NEIGHBOURS)))
        slope, low, high = nearest.copy(), np.ones_like(nearest), np.zeros_like(nearest)
        for step in steps:
            todo = np.flatnonzero(low > high)
            if not len(todo):
                break
            tried = nearest[todo] + step
            line = self._line(shape, tried)
            lowest, highest = (least[:, todo] - line).max(axis=(0, 2)), (greatest[:, todo] - line).min(axis=(0, 2))
            better = (highest - lowest > high[todo] - low[todo]) | (step == 0)
            chosen = todo[better]
            slope[chosen], low[chosen], high[chosen] = tried[better], lowest[better], highest[better]
        return slope, low, high

    def _corrections(self, shape: Shape, values: NDArray[np.float64]) -> tuple[
            tuple[Correction, ...], Square | None, _Integers]:
        """The tables besides the base and the slope, and their sum, as [segment, offset]."""
        nothing = np.zeros(values.shape, dtype=np.int64)
        if shape.slices:
            return self._slices(shape, values, nothing)
        if shape.curve is None or self.offset_bits < 2:
            return (), None, nothing
        curve, n = shape.curve, self.offset_bits
        coefficient = (self._projection[2] @ values.T).reshape(1 << curve.address_bits, -1).mean(axis=1)
        low = n - 1 - curve.width
        # A square stands for all the offsets that share its bits: their mean square.
        squares = ((np.arange(1 << curve.width, dtype=np.float64) + 0.5) ** 2 + 1 / 12) * np.float64(4.0**low)
        group = np.arange(1 << self.address_bits) >> (self.address_bits - curve.address_bits)
        mirrored = _mirrored(self._offsets, n, low)
        if curve.square_bits:
            tables, square, cells = _product(curve, low, coefficient, squares)
            return tables, square, cells[group[:, None], mirrored]
        entries = coefficient[:, None] * squares
        entries = np.rint(entries - entries.min(axis=1, keepdims=True)).astype(np.int64)
        if not entries.any():
            return (), None, nothing
        table = Correction(curve.address_bits, low, curve.width, True, tuple(entries.ravel().tolist()))
        return (table,), None, entries[group[:, None], mirrored]

    def _slices(self, shape: Shape, values: NDArray[np.float64], nothing: _Integers) -> tuple[
            tuple[Correction, ...], None, _Integers]:
        """The tables of a multipartite table: the mean slope of some segments times a few bits of the offset."""
        middle = self._middle - self._middle.mean()
        slope = (values * middle).sum(axis=1) / (middle * middle).sum()
        tables, added = [], nothing
        for address_bits, low, width in shape.slices:
            mean = slope.reshape(1 << address_bits, -1).mean(axis=1)
            entries = mean[:, None] * (np.arange(1 << width) << low)
            entries = np.rint(entries - entries.min(axis=1, keepdims=True)).astype(np.int64)
            if entries.any():
                tables.append(Correction(address_bits, low, width, False, tuple(entries.ravel().tolist())))
                group = np.arange(1 << self.address_bits) >> (self.address_bits - address_bits)
                added = added + entries[group[:, None], self._offsets >> low & (1 << width) - 1]
        return tuple(tables), None, added


def _product(curve: Curve, low: int, coefficient: NDArray[np.float64], squares: NDArray[np.float64]) -> tuple[
        tuple[Correction, ...], Square | None, _Integers]:
    """The curvature that all segments share as a table of the offset, what varies as a product; and their sum."""
    common = coefficient.min()
    entries = common * squares
    entries = np.rint(entries - entries.min()).astype(np.int64)
    tables = (Correction(0, low, curve.width, True, tuple(entries.tolist())),) if entries.any() else ()
    unit = squares.max() / ((1 << curve.square_bits) - 1)
    integers = np.rint(squares / unit).astype(np.int64)
    shift = curve.square_bits - 1
    factors = np.rint((coefficient - common) * unit * 2.0**shift).astype(np.int64)
    cells = entries + np.zeros((len(factors), 1), dtype=np.int64)
    if not factors.any():
        return tables, None, cells
    for bit in range(curve.square_bits):
        cells = cells + (integers >> bit & 1) * shifted(factors, bit - shift)[:, None]
    square = Square(curve.address_bits, low, curve.width, shift, tuple(factors.tolist()), tuple(integers.tolist()))
    return tables, square, cells


def shifted(values: _Number, shift: int) -> _Number:
    """``floor(values * 2**shift)``."""
    return values << shift if shift >= 0 else values >> -shift


def _mirrored(offsets: _Integers, bits: int, low: int) -> _Integers:
    """The bits from `low` up to the topmost one, counted from the middle of the segment."""
    below = offsets & (1 << bits - 1) - 1
    return np.where(offsets >> bits - 1 == 1, below, below ^ (1 << bits - 1) - 1) >> low


def roundest(low: _Integers, high: _Integers) -> _Integers:
    """Values in the intervals with as many trailing zeros in common as they allow, near the middle."""
    zeros = 0
    while ((-(-low >> zeros + 1) << zeros + 1) <= high).all() and zeros < 40:
        zeros += 1
    unit = 1 << zeros
    middle = (low + high) // 2
    nearest = (middle + unit // 2) >> zeros << zeros
    first, last = -(-low >> zeros) << zeros, high >> zeros << zeros
    return np.clip(nearest, first, last)

"""Integers of a piecewise linear function whose segments have lengths of their own.

A function with a few corners, such as a clipped ReLU, needs few segments, but where the corners lie as they please,
segments of one length would be many. The corners are where the second difference of the values is not 0; between them
the integers are found by interval arithmetic at every input, as `quadcim.fit.solver` does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quadcim.fit.solver import Problem, roundest, shifted
from quadcim.spec.piecewise import PiecewiseIntegers, offset_bits

__all__ = ["fits_in_pieces"]

_Integers = NDArray[np.int64]
_MOST_BREAKS = 15
_POINTS = 1 << 9
_STRAIGHT_ULP = 1e-6
_SLOPE_NEIGHBOURS = (0, 1, -1)


def fits_in_pieces(problem: Problem, guards: Sequence[int]) -> Iterator[PiecewiseIntegers]:
    """Solutions in segments between the corners, for each number of guard bits the one with the shortest slopes."""
    breaks = _corners(problem.wanted[0])
    if not 1 <= len(breaks) <= _MOST_BREAKS:
        return
    pieces = _Pieces(problem, breaks)
    if not pieces.are_straight:
        return
    for guard in guards:
        for shift in pieces.shifts(guard):
            if pieces.solve(guard, shift, _POINTS) and (found := pieces.solve(guard, shift, None)):
                yield found
                break


def _corners(values: NDArray[np.float64]) -> list[int]:
    """Where segments have to begin so that the values are a line in each."""
    bent = np.flatnonzero(np.abs(np.diff(values, 2)) > _STRAIGHT_ULP) + 1
    if len(bent) > 2 * _MOST_BREAKS:
        return []
    breaks = []
    for run in np.split(bent, np.flatnonzero(np.diff(bent) > 1) + 1):
        if len(run) == 1:  # on the corner both lines meet: the rounder number is cheaper to compare with
            breaks += [int(max(run[0], run[0] + 1, key=lambda point: point & -point))]
        else:
            breaks += run[1:].tolist()
    return [point for point in breaks if point < len(values)]


@dataclass
class _Piece:
    """A segment: where it begins and ends, and what it has to come close to, as [reflected, offset]."""

    begin: int
    end: int
    slope: float
    straight: bool


class _Pieces:
    """A function under a fold, cut into segments."""

    def __init__(self, problem: Problem, breaks: list[int]):
        self._problem, self._breaks = problem, breaks
        self._bits = problem.fold.bits
        self._pieces = [self._piece(begin, end) for begin, end in zip(
            (0, *breaks), (*breaks, 1 << self._bits), strict=True)]
        self._offset_bits = offset_bits(self._bits, breaks, [piece.slope for piece in self._pieces])

    def _piece(self, begin: int, end: int) -> _Piece:
        values = self._problem.wanted[0, begin:end]
        slope = (values[-1] - values[0]) / max(end - begin - 1, 1)
        straight = np.abs(values - values[0] - slope * np.arange(end - begin)).max() < 1
        return _Piece(begin, end, 0.0 if abs(slope) < 1e-9 else slope, bool(straight))

    @property
    def are_straight(self) -> bool:
        """Whether each segment is a line."""
        return all(piece.straight for piece in self._pieces)

    def shifts(self, guard: int) -> Sequence[int]:
        """Fraction bits that the slopes may have; where they are short numbers, as many as hold them."""
        scaled = [piece.slope * 2.0**guard for piece in self._pieces]
        for shift in range(self._offset_bits + 1):
            if all(abs(slope * 2**shift - round(slope * 2**shift)) < 1e-9 and abs(slope) * 2**shift < 1 << 8
                   for slope in scaled):
                return (shift,)
        return range(max(self._offset_bits - 2 - guard, 0), self._offset_bits + guard + 2)

    def solve(self, guard: int, shift: int, points: int | None) -> PiecewiseIntegers | None:
        """The integers, or None if some segment has no solution; for some points of each segment, or for all."""
        slopes, low, high, errors = [], [], [], []
        for piece in self._pieces:
            inputs = np.arange(piece.begin, piece.end)
            if points and len(inputs) > points:
                ends = [piece.begin, piece.begin + 1, piece.end - 2, piece.end - 1]
                inputs = np.unique([*np.linspace(piece.begin, piece.end - 1, points).astype(np.int64), *ends])
            found = self._line(piece, inputs, guard, shift)
            if found is None:
                return None
            slopes.append(found[0])
            low.append(found[1])
            high.append(found[2])
        base = roundest(np.array(low), np.array(high))
        if points is None:
            errors = [self._error(piece, int(value), slope, guard, shift)
                      for piece, value, slope in zip(self._pieces, base, slopes, strict=True)]
        spare = (1 << len(self._breaks).bit_length()) - len(base)
        bases, padded = base.tolist() + [int(base[-1])] * spare, slopes + [slopes[-1]] * spare
        error = max(errors, default=0.0)
        sloped = any(padded)
        return PiecewiseIntegers(
            self._problem.fold, len(self._breaks).bit_length(), guard, tuple(bases), tuple(padded) if sloped else (),
            shift if sloped else 0, (), None, float(np.ceil(error * 1e6 + 1e-3) / 1e6), tuple(self._breaks))

    def _product(self, inputs: _Integers, slope: int, shift: int) -> _Integers:
        """The truncated product, as [reflected, input]."""
        product = np.zeros(len(inputs), dtype=np.int64)
        if slope:
            for bit in range(self._offset_bits):
                product += (inputs >> bit & 1) * shifted(slope, bit - shift)
        reflected = np.arange(len(self._problem.least))[:, None] * shifted(slope, -shift)
        return product + reflected

    def _line(self, piece: _Piece, inputs: _Integers, guard: int, shift: int) -> tuple[int, int, int] | None:
        """A slope, and the interval that it leaves the base."""
        least = self._problem.least[:, inputs] << guard
        greatest = (self._problem.greatest[:, inputs] + 1 << guard) - 1
        nearest = round(piece.slope * 2.0 ** (guard + shift))
        for step in _SLOPE_NEIGHBOURS if piece.slope else (0,):
            product = self._product(inputs, nearest + step, shift)
            low, high = int((least - product).max()), int((greatest - product).min())
            if low <= high:
                return nearest + step, low, high
        return None

    def _error(self, piece: _Piece, base: int, slope: int, guard: int, shift: int) -> float:
        inputs = np.arange(piece.begin, piece.end)
        total = base + self._product(inputs, slope, shift)
        return float(np.abs((total >> guard) - self._problem.wanted[:, inputs]).max())

"""Counts set bits with the LUTs and carry chains of UltraScale devices. Standard library only.

Two ways to take bits out of a heap (research: BISMO, FINN; the second is a generalised parallel counter):

- A LUT6_2 is a full adder; where the bits are products of weights and activations, it takes in two such ANDs and one
  more bit: two cells of a column in a LUT.
- Four atoms of two LUTs each fill a CARRY8. An atom adds six bits of one column: its first carry input is the sum's
  parity chain, its second the count of two and three, so that seven bits (the carry in included) leave two sums and
  the carry for the next atom, two columns up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step

__all__ = ["CarryCounter", "CounterTree", "FullAdder", "PairAdder"]

_CHAIN = 4
"""LUTs that add pairs of products one after the other."""
_ATOM = 6
_ATOMS = 4


@dataclass(frozen=True, slots=True)
class PairAdder:
    """A LUT that adds two products, of rows `first` and `second`, and the bit `before`."""

    first: int
    second: int
    before: str
    sum: str
    carry: str


@dataclass(frozen=True, slots=True)
class FullAdder:
    """A LUT that adds three bits of a column."""

    inputs: tuple[str, str, str]
    sum: str
    carry: str


@dataclass(frozen=True, slots=True)
class CarryCounter:
    """Up to four atoms of six bits, in every second column from the lowest; the results begin in its column."""

    atoms: tuple[tuple[str, ...], ...]
    before: str
    results: tuple[str, ...]


Counter = PairAdder | FullAdder | CarryCounter


class CounterTree:
    """A schedule that lowers a heap of bits to two rows.

    Parameters
    ----------
    limits : sequence of int
        The most that each number can be. Bit b of number k is called ``bit_<stride * k + b>``, with the width of the
        largest for the stride.
    gated : bool
        Whether each number is the product of a weight and an activation.

    Attributes
    ----------
    levels : list of list of Counter
        Counters of each level; those of the first may form chains of LUTs.
    bits_after : list of list of str
        The bits alive after each level.
    columns : list of list of str
        The last of them by weight: at most two bits a column. The empty name is a constant 0.
    """

    def __init__(self, limits: Sequence[int], *, gated: bool = False):
        self.levels: list[list[Counter]] = []
        self.bits_after: list[list[str]] = []
        self.columns: list[list[str]] = [[] for _ in range(sum(limits).bit_length())]
        if gated:
            self._close(list(self._pairs(len(limits))))
        else:
            stride = max(limits).bit_length()
            for number, limit in enumerate(limits):
                for weight in range(limit.bit_length()):
                    self.columns[weight].append(f"bit_{stride * number + weight}")
        while max(map(len, self.columns)) > 2:
            counting = max(map(len, self.columns)) >= _ATOM
            self._close(list(self._count() if counting else self._add()))

    def _close(self, level: list[Counter]) -> None:
        self.levels.append(level)
        self.bits_after.append([bit for column in self.columns for bit in column])

    def _pairs(self, rows: int) -> Iterator[PairAdder]:
        for start in range(0, rows, 2 * _CHAIN):
            before = ""
            for first in range(start, min(start + 2 * _CHAIN, rows), 2):
                pair = PairAdder(first, first + 1, before, f"pair_{first}", f"carry_{first}")
                before = pair.sum
                # An odd last row is a product alone: it carries only with what is before it.
                if first + 1 < rows or pair.before:
                    self.columns[1].append(pair.carry)
                yield pair
            self.columns[0].append(before)

    def _count(self) -> Iterator[CarryCounter]:
        number, width = len(self.levels) + 1, len(self.columns)
        after: list[list[str]] = [[] for _ in self.columns]
        for low in range(width):
            while len(self.columns[low]) >= _ATOM:
                atoms, column = [self._take(low, _ATOM)], low + 2
                before = self._take(low, 1)[0] if self.columns[low] else ""
                while len(atoms) < _ATOMS and column < width and len(self.columns[column]) >= _ATOM:
                    atoms.append(self._take(column, _ATOM))
                    column += 2
                results = tuple(f"count_{number}_{low + place}_{len(after[low])}"
                                for place in range(2 * len(atoms) + 1))
                for place, result in enumerate(results):
                    if low + place < width:
                        after[low + place].append(result)
                yield CarryCounter(tuple(atoms), before, results)
        self.columns = [new + old for new, old in zip(after, self.columns, strict=True)]

    def _add(self) -> Iterator[FullAdder]:
        number = len(self.levels) + 1
        after: list[list[str]] = [[] for _ in range(len(self.columns) + 1)]
        for weight, column in enumerate(self.columns):
            while len(column) >= 3:
                name = f"{number}_{weight}_{len(after[weight])}"
                adder = FullAdder((column.pop(0), column.pop(0), column.pop(0)), f"sum_{name}", f"carry_{name}")
                after[weight].append(adder.sum)
                after[weight + 1].append(adder.carry)
                yield adder
        self.columns = [new + old for new, old in zip(after, self.columns, strict=False)]

    def _take(self, column: int, count: int) -> tuple[str, ...]:
        taken, self.columns[column] = self.columns[column][:count], self.columns[column][count:]
        return tuple(taken)

    @property
    def width(self) -> int:
        """Width of the sum."""
        return len(self.columns)

    def steps(self, delays: DelayModel) -> list[Step]:
        """One for each level, and the adder of the two rows that are left."""
        steps = []
        for number, (level, bits) in enumerate(zip(self.levels, self.bits_after, strict=True), 1):
            pairs = isinstance(level[0], PairAdder)
            delay = delays.full_adder_ps * (_CHAIN if pairs else 1)
            if isinstance(level[0], CarryCounter):
                delay = delays.full_adder_ps + delays.row_adder_ps(2 * _ATOMS)
            steps.append(Step(f"count_{number}", delay, len(bits)))
        if any(len(column) > 1 for column in self.columns):
            steps.append(Step("add_1", delays.carry_propagate_adder_ps(self.width), self.width))
        return steps

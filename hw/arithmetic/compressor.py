"""Schedules of compressor trees: a heap of weighted bits down to two rows, level by level.

Standard library only, so that a pipeline can be planned without elaborating anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["ONE", "Adder", "CompressorTree"]

ONE = "1"
"""The name of a bit that is constantly set."""


@dataclass(frozen=True, slots=True)
class Adder:
    """Two or three bits of a column that become one there and one in the next column.

    Parameters
    ----------
    column : int
        Weight of the inputs and of `sum`; `carry` weighs one more.
    inputs : tuple of str
        Names of two or three bits; at most one of them is `ONE`, and then it is the last.
    sum, carry : str
        Names of the results.
    """

    column: int
    inputs: tuple[str, ...]
    sum: str
    carry: str


class CompressorTree:
    """A Dadda schedule: each level lowers the highest column to the next of 2, 3, 4, 6, 9, 13, ...

    Bits are taken in the order of their arrival, so that those from earlier levels go first. Carries out of the last
    column are dropped: the sum is kept modulo ``2**len(columns)``.

    Parameters
    ----------
    columns : sequence of sequences of str
        The names of the bits of each column, lightest column first.
    constant : int
        Added to the bits, modulo ``2**len(columns)``.

    Attributes
    ----------
    levels : list of list of Adder
        The adders of each level, which work side by side.
    bits_after : list of list of str
        The bits that are alive after each level, lightest column first, without constants.
    columns : list of list of str
        What is left: at most two bits a column, of which some may be `ONE`.
    """

    def __init__(self, columns: Sequence[Sequence[str]], constant: int):
        self.columns = [[*column, ONE] if constant >> weight & 1 else list(column)
                        for weight, column in enumerate(columns)]
        self.levels: list[list[Adder]] = []
        self.bits_after: list[list[str]] = []
        for height in self._heights():
            self.levels.append(list(self._lower(height)))
            self.bits_after.append([bit for column in self.columns for bit in column if bit != ONE])

    def _heights(self) -> list[int]:
        heights = [2]
        while heights[-1] * 3 // 2 < max(map(len, self.columns), default=0):
            heights.append(heights[-1] * 3 // 2)
        return heights[::-1] if max(map(len, self.columns), default=0) > 2 else []

    def _lower(self, height: int) -> Iterator[Adder]:
        """Lower every column to `height` bits, with as few adders as that takes."""
        level, carries = len(self.levels) + 1, []
        for column, bits in enumerate(self.columns):
            waiting, done, carried, carries = bits + carries, [], len(carries), []
            while (excess := len(waiting) + len(done) - height) > 0:
                inputs = tuple(sorted((waiting.pop(0) for _ in range(3 if excess > 1 else 2)), key=ONE.__eq__))
                name = f"{level}_{column}_{len(done)}"
                adder = Adder(column, inputs, f"sum_{name}", f"carry_{name}")
                done.append(adder.sum)
                carries.append(adder.carry)
                yield adder
            assert len(waiting) >= carried, "an adder of this level waits for another"
            self.columns[column] = waiting + done

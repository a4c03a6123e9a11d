"""A balanced tree of plain adders: the sum of many small numbers in word-level RTL. Standard library only."""

from dataclasses import dataclass
from itertools import pairwise

from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step

__all__ = ["AdderTree"]


@dataclass(frozen=True)
class AdderTree:
    """Adds up `count` numbers from 0 to `largest`, two and two.

    Parameters
    ----------
    count : int
        How many numbers there are; at least 1.
    largest : int
        The most that each can be.
    """

    count: int
    largest: int = 1

    @property
    def widths(self) -> list[list[int]]:
        """Widths of the numbers before each level and after the last."""
        largest = [[self.largest] * self.count]
        while len(largest[-1]) > 1:
            row = largest[-1]
            largest.append([sum(row[index:index + 2]) for index in range(0, len(row), 2)])
        return [[number.bit_length() for number in row] for row in largest]

    def steps(self, delays: DelayModel) -> list[Step]:
        """One for each level."""
        return [Step(f"add_{number}", delays.carry_propagate_adder_ps(max(before)), sum(after))
                for number, (before, after) in enumerate(pairwise(self.widths), 1)]

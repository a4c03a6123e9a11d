"""How the products of a linear layer are folded onto multipliers: PE outputs and SIMD inputs at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from quadcim.spec.errors import IllegalSetting

__all__ = ["Folding", "check_folding", "fold_for_cycles", "fold_for_multipliers", "legal_foldings"]

_NAME = re.compile(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True, order=True)
class Folding:
    """PE x SIMD multipliers: so many processing elements, each of which adds up so many products a cycle.

    Parameters
    ----------
    pe : int
        Processing elements; they divide the outputs of the layer.
    simd : int
        Products of each; they divide its inputs.

    Notes
    -----
    The words are FINN's, arXiv 1612.07119.
    """

    pe: int
    simd: int

    @classmethod
    def parse(cls, text: str) -> "Folding":
        """Read a folding from its name: ``8x4`` is 8 PE of 4 SIMD."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise IllegalSetting("folding", "PExSIMD, such as 8x4, for each layer", text)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.pe}x{self.simd}"

    @property
    def multipliers(self) -> int:
        """Products in a cycle."""
        return self.pe * self.simd

    def cycles(self, outputs: int, inputs: int) -> int:
        """Cycles of a vector: ``outputs / PE * inputs / SIMD``."""
        return outputs // self.pe * (inputs // self.simd)


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def legal_foldings(outputs: int, inputs: int) -> list[Folding]:
    """All foldings of a layer, the fewest multipliers first, and of equal ones the squarest.

    Wide dot products need wide buffers of vectors, many processing elements many accumulators.
    """
    foldings = [Folding(pe, simd) for pe, simd in product(_divisors(outputs), _divisors(inputs))]
    return sorted(foldings, key=lambda folding: (folding.multipliers, max(folding.pe, folding.simd), folding.pe))


def check_folding(folding: Folding, outputs: int, inputs: int, *, layer: int) -> None:
    """Refuse a folding that does not divide its layer.

    Raises
    ------
    IllegalSetting
        That lists the legal ones.
    """
    if outputs % folding.pe or inputs % folding.simd:
        raise IllegalSetting(
            "folding", f"for layer {layer}, {inputs} inputs and {outputs} outputs, PE of {_listed(_divisors(outputs))} "
            f"and SIMD of {_listed(_divisors(inputs))}", str(folding))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def fold_for_cycles(shapes: Sequence[tuple[int, int]], cycles: int) -> tuple[Folding, ...]:
    """The fewest multipliers with which each layer takes at most so many cycles a vector.

    Parameters
    ----------
    shapes : sequence of (int, int)
        Outputs and inputs of each layer.
    cycles : int
        At least 1.

    Raises
    ------
    IllegalSetting
        If there are fewer.
    """
    if cycles < 1:
        raise IllegalSetting("cycles", "at least 1", cycles)
    return tuple(next(folding for folding in legal_foldings(*shape) if folding.cycles(*shape) <= cycles)
                 for shape in shapes)


def fold_for_multipliers(shapes: Sequence[tuple[int, int]], multipliers: int) -> tuple[Folding, ...]:
    """The fastest folding with at most so many multipliers in all layers together, and of those the smallest.

    Parameters
    ----------
    shapes : sequence of (int, int)
        Outputs and inputs of each layer.
    multipliers : int
        At least one for each layer.

    Raises
    ------
    IllegalSetting
        If there are fewer.
    """
    choices = sorted({folding.cycles(*shape) for shape in shapes for folding in legal_foldings(*shape)})
    found = (fold_for_cycles(shapes, cycles) for cycles in choices)
    for foldings in found:
        if sum(folding.multipliers for folding in foldings) <= multipliers:
            return foldings
    raise IllegalSetting("multipliers", f"at least {len(shapes)}, one for each layer", multipliers)

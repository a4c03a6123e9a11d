"""What a case is tried with, and what must come out: each kind of core brings its own."""

from collections.abc import Sequence
from typing import Protocol

__all__ = ["Stimulus", "WithoutWrites", "case_vectors"]


class Stimulus(Protocol):
    """Payloads, as integers without sign, for the streams of a unit."""

    def inputs(self) -> list[int]:
        """The beats that a case ships."""
        ...

    def random_inputs(self, count: int, seed: int) -> list[int]:
        """Further beats, about so many, in whole frames; the same for the same seed, everywhere."""
        ...

    def expected(self, payloads: Sequence[int]) -> list[int]:
        """What the golden model makes of beats."""
        ...

    def keeps_promises(self) -> bool:
        """Whether what is expected keeps to what the specification promises of it."""
        ...

    def writes(self) -> list[int]:
        """The beats of the stream ``w`` that come first."""
        ...

    def reloaded(self) -> "dict[str, tuple[list[int], Stimulus]]":
        """By what they are, other weights for the same beats: how they are written, and the stimulus with them."""
        ...

    def rewrites(self, seed: int | None = None) -> "list[tuple[int, Stimulus]]":
        """Writes while beats are computed, and the stimulus after each; the last one leaves the weights as they were.

        Without a seed they are those that a case ships.
        """
        ...


class WithoutWrites:
    """What the stimulus of a core says that has no stream of weights."""

    def writes(self) -> list[int]:
        """None: there is no such stream."""
        return []

    def reloaded(self) -> dict[str, tuple[list[int], Stimulus]]:
        """None, as no weights are loaded."""
        return {}

    def rewrites(self, seed: int | None = None) -> list[tuple[int, Stimulus]]:
        """None, as no weights are loaded."""
        return []


def case_vectors(stimulus: Stimulus, inputs: Sequence[int]) -> dict[str, tuple[str, list[int]]]:
    """The vector files of a case by name: the stream whose payloads they hold, and the payloads."""
    files = {"input": ("i", list(inputs)), "expected": ("o", stimulus.expected(inputs))}
    if writes := stimulus.writes():
        files["weights"] = ("w", writes)
    if rewrites := stimulus.rewrites():
        files["rewrites"] = ("w", [payload for payload, _then in rewrites])
        files["rewrites_expected"] = ("o", [result for _payload, then in rewrites[:-1]
                                            for result in then.expected(inputs)])
    for name, (writes, other) in stimulus.reloaded().items():
        files[f"weights_{name}"], files[f"expected_{name}"] = ("w", writes), ("o", other.expected(inputs))
    return files

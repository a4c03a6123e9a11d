"""What the core is: the greatest entry of a table that a frame of beats names."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from quadcim.spec.timing import Frame, Timing

ROWS, BITS = 256, 8
MOST = 4
LATENCY = 3


@dataclass(frozen=True)
class Peak:
    """``y = max over k of table[x_k]``, given once for each frame of so many beats.

    Without a number of beats a frame has as many as the two low bits of its first beat say, and one more; the maximum
    is given as often as it has beats.
    """

    beats: int = MOST
    technology: str = "generic"
    stages: int = LATENCY

    @property
    def name(self) -> str:
        return f"peak_{self.beats}"

    @property
    def timing(self) -> Timing:
        if self.beats:
            return Timing(LATENCY, self.beats, 2 * self.beats + 1, beats_in=self.beats)
        return Timing(LATENCY, 1, 3, beats_in=None, beats_out=None)

    def frames(self, payloads) -> list[Frame]:
        """How a run of beats falls into frames."""
        lengths: list[int] = []
        while (begin := sum(lengths)) < len(payloads):
            lengths.append(self.beats or payloads[begin] % MOST + 1)
        if self.beats:
            return [Frame(length, 1, length) for length in lengths]
        # Results of a frame leave one a cycle: the next frame's last beat, which may be its first, waits for that.
        begins, last, before = [], -1, 1
        for length in lengths:
            ends = last + max(length, before)
            begins.append(ends if length == 1 else last + 1)
            last, before = ends, length
        intervals = [after - begin for begin, after in pairwise([*begins, last + 1])]
        return [Frame(length, length, interval) for length, interval in zip(lengths, intervals, strict=True)]

    def to_json(self) -> dict[str, Any]:
        return {"beats": self.beats, "technology": self.technology, "stages": self.stages}


@dataclass(frozen=True)
class PeakIntegers:
    """The table."""

    entries: tuple[int, ...]

    def to_json(self) -> list[int]:
        return list(self.entries)

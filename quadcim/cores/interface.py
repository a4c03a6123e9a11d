"""What a core looks like from outside: it follows from the specification and the integers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quadcim.spec.ports import Field, Port
from quadcim.spec.reset import Reset
from quadcim.spec.timing import Timing

__all__ = ["Interface"]


@dataclass(frozen=True, slots=True)
class Interface:
    """What a core looks like from outside.

    Parameters
    ----------
    streams : dict of str to tuple of Field
        What the payloads of the streams hold: ``i``, ``o``, and perhaps ``w`` for weights.
    timing : Timing
        When it takes and gives beats.
    elastic : bool
        Whether streams have ``ready``, as they must where frames are several beats.
    clocked : bool
        Whether it has registers.
    more : dict
        Further entries of the manifest.
    """

    streams: Mapping[str, tuple[Field, ...]]
    timing: Timing
    elastic: bool
    clocked: bool
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.timing.framed and not self.elastic:
            raise ValueError("a core with frames of several beats can be stalled")

    @property
    def layouts(self) -> dict[str, tuple[Field, ...]]:
        """What payloads hold, by the names of their ports."""
        return {f"{stream}__payload": fields for stream, fields in self.streams.items()}

    def ports(self, reset: Reset) -> tuple[Port, ...]:
        """The clock and the reset, then payload, valid, ready and perhaps last of each stream."""
        lengths = {"i": self.timing.beats_in, "o": self.timing.beats_out}
        ports = [Port(name, "input", 1) for name in ("clk", reset.port) if self.clocked]
        for stream, fields in self.streams.items():
            forward, back = ("output", "input") if stream == "o" else ("input", "output")
            width = max(part.offset + part.format.width * part.count for part in fields)
            ports += [Port(f"{stream}__payload", forward, width, fields), Port(f"{stream}__valid", forward, 1)]
            ports += [Port(f"{stream}__ready", back, 1)] if self.elastic else []
            ports += [Port(f"{stream}__last", "output", 1)] if lengths.get(stream, 1) is None else []
        return tuple(ports)

"""When a core takes and gives beats."""

from dataclasses import dataclass

from quadcim.spec.description import counted

__all__ = ["Frame", "Timing"]


@dataclass(frozen=True, slots=True)
class Frame:
    """Beats that belong together: those in, and those out that come of them.

    Parameters
    ----------
    beats_in, beats_out : int
        How many they are, at least 1.
    interval_cycles : int
        From its first accepted beat to that of the next frame, if nothing stalls.
    """

    beats_in: int
    beats_out: int
    interval_cycles: int


@dataclass(frozen=True, slots=True)
class Timing:
    """When a core takes and gives beats. A core without frames is one whose frames are one beat in and one out.

    Parameters
    ----------
    latency_cycles : int
        From the last accepted beat of a frame to its first beat out, if nothing stalls; 0 for a core without registers.
    initiation_interval_cycles : int
        From the first accepted beat of a frame to that of the next; the least, where frames differ.
    capacity_beats : int
        How many beats it takes while none is received; the fewest, where frames differ.
    beats_in, beats_out : int or None
        Of a frame; None where that follows from its payload. Then the core has the ports ``i__last`` or ``o__last``,
        both outputs: high with the last beat of a frame.
    """

    latency_cycles: int
    initiation_interval_cycles: int
    capacity_beats: int
    beats_in: int | None = 1
    beats_out: int | None = 1

    @property
    def framed(self) -> bool:
        """Whether a frame is more than one beat in and one beat out."""
        return (self.beats_in, self.beats_out) != (1, 1)

    @property
    def several(self) -> bool:
        """Whether it is at work on one frame for several cycles, so that it may stall with room for more beats."""
        return self.framed or self.initiation_interval_cycles > 1

    @property
    def throughput(self) -> str:
        """How often a beat or a frame is taken, in words."""
        interval = self.initiation_interval_cycles
        if not self.framed:
            return "one beat a cycle" if interval == 1 else f"one beat in {interval} cycles"
        every = "a cycle" if interval == 1 else f"in {interval} cycles"
        if None not in (self.beats_in, self.beats_out):
            return f"one frame {every}: {_beats(self.beats_in)} in, {_beats(self.beats_out)} out"
        if self.beats_in == 1:
            return f"one beat {every} or more, as many beats out as its payload says"
        if self.beats_in is self.beats_out:
            return f"one frame {every} or more: as many beats in and out as its payload says"
        return f"one frame {every} or more: {_beats(self.beats_in)} in, {_beats(self.beats_out)} out"

    @property
    def latency(self) -> str:
        """The latency in words."""
        begins = "" if not self.framed else " to the first beat out" if self.beats_in == 1 else (
            " from the last beat of a frame")
        return counted(self.latency_cycles, "cycle") + begins

    def to_json(self) -> dict[str, int | None]:
        """The entries of a manifest."""
        return {"latency_cycles": self.latency_cycles,
                "initiation_interval_cycles": self.initiation_interval_cycles, "capacity_beats": self.capacity_beats,
                "beats_in": self.beats_in, "beats_out": self.beats_out}

    @classmethod
    def from_json(cls, manifest: dict) -> "Timing":
        """The timing that a manifest states."""
        return cls(manifest["latency_cycles"], manifest["initiation_interval_cycles"], manifest["capacity_beats"],
                   manifest["beats_in"], manifest["beats_out"])


def _beats(count: int | None) -> str:
    return "as many beats as its payload says" if count is None else f"{count} beat{'s' * (count > 1)}"

"""When a core takes and gives beats."""

from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True, slots=True)
class Timing:
    """When a core takes and gives beats.

    Parameters
    ----------
    latency_cycles : int
        From an accepted beat to the beat out, if nothing stalls; 0 for a core without registers.
    initiation_interval_cycles : int
        From one beat to the next.
    capacity_beats : int
        How many beats it takes while none is received.
    """

    latency_cycles: int
    initiation_interval_cycles: int
    capacity_beats: int

    @property
    def throughput(self) -> str:
        """How often a beat is taken, in words."""
        interval = self.initiation_interval_cycles
        return "one beat a cycle" if interval == 1 else f"one beat in {interval} cycles"

    def to_json(self) -> dict[str, int]:
        """The entries of a manifest."""
        return {"latency_cycles": self.latency_cycles,
                "initiation_interval_cycles": self.initiation_interval_cycles, "capacity_beats": self.capacity_beats}

    @classmethod
    def from_json(cls, manifest: dict) -> "Timing":
        """The timing that a manifest states."""
        return cls(manifest["latency_cycles"], manifest["initiation_interval_cycles"], manifest["capacity_beats"])

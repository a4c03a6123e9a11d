"""The case directory: what the generator wrote, as files, and what simulators need of the core that it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.sim.coverage import Traits
from quadcim.sim.frames import find_frames
from quadcim.sim.stimulus import Stimulus
from quadcim.spec.ports import Port
from quadcim.spec.reset import Reset, find_reset
from quadcim.spec.timing import Frame, Timing

__all__ = ["Case", "CaseFiles"]


@dataclass(frozen=True)
class CaseFiles:
    """A case directory as its manifest describes it.

    Parameters
    ----------
    folder : Path
        Where it is.
    manifest : dict
        The content of its ``case.json``.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """What its modules, files, cores and IP begin with."""
        return self.manifest["name"]

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.manifest["top"]

    @property
    def technology(self) -> str:
        """How its hardware is built."""
        return self.manifest["spec"]["technology"]

    @property
    def timing(self) -> Timing:
        """When it takes and gives beats."""
        return Timing.from_json(self.manifest)

    @property
    def latency_cycles(self) -> int:
        """Cycles from the last accepted beat of a frame to its first beat out."""
        return self.timing.latency_cycles

    @property
    def initiation_interval_cycles(self) -> int:
        """Cycles from a frame's first beat to that of the next."""
        return self.timing.initiation_interval_cycles

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports of the top module."""
        return tuple(Port.from_json(port) for port in self.manifest["ports"])

    @property
    def elastic(self) -> bool:
        """Whether the output can be stalled."""
        return any(port.name == "o__ready" for port in self.ports)

    @property
    def reset(self) -> Reset:
        """How its reset works."""
        return find_reset(self.manifest["reset"])

    @property
    def rtl(self) -> tuple[Path, ...]:
        """The synthesizable sources."""
        return self._sources("rtl/")

    @property
    def simulation_sources(self) -> tuple[Path, ...]:
        """The synthesizable sources, and models of the primitives that they instantiate."""
        return self.rtl + self._sources("models/")

    @property
    def images(self) -> tuple[Path, ...]:
        """The initial contents of its memories, which the sources name without a folder."""
        return tuple(self.folder / name for name in sorted(self.manifest["files"])
                     if "/" not in name and name.endswith(".hex"))

    def _sources(self, folder: str) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in sorted(self.manifest["files"])
                     if name.startswith(folder) and name.endswith(".v"))


@dataclass(frozen=True)
class Case(CaseFiles):
    """A case directory, and what its core is tried with.

    Parameters
    ----------
    stimulus : Stimulus
        What it is tried with, and what must come out.
    traits : Traits
        What a testbench has to know of it beside the manifest.
    """

    stimulus: Stimulus
    traits: Traits

    def frames(self, payloads: Sequence[int]) -> list[Frame]:
        """How a run of beats falls into frames."""
        return find_frames(self.timing, self.stimulus, payloads)

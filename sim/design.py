"""What simulators take: a case, or a component that was emitted for nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from quadcim.spec.ports import Field, Port
from quadcim.spec.reset import RESETS, Reset
from quadcim.spec.timing import Timing

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["EmittedDesign", "SimulatedDesign", "write_design"]


class SimulatedDesign(Protocol):
    """A design with streams ``i`` and ``o``, and perhaps ``w``, as files."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        ...

    @property
    def top(self) -> str:
        """Name of the top module."""
        ...

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports of the top module."""
        ...

    @property
    def reset(self) -> Reset:
        """How its reset works."""
        ...

    @property
    def timing(self) -> Timing:
        """When it takes and gives beats."""
        ...

    @property
    def simulation_sources(self) -> tuple[Path, ...]:
        """The synthesizable sources, and models of the primitives that they instantiate."""
        ...

    @property
    def images(self) -> tuple[Path, ...]:
        """The initial contents of its memories, which the sources name without a folder."""
        ...


@dataclass(frozen=True, slots=True)
class EmittedDesign:
    """A design in a folder, without a manifest."""

    folder: Path
    top: str
    ports: tuple[Port, ...]
    reset: Reset
    timing: Timing
    simulation_sources: tuple[Path, ...]
    images: tuple[Path, ...]


def write_design(component: "wiring.Component", folder: Path, *, timing: Timing, top: str = "top",
                 layouts: Mapping[str, tuple[Field, ...]] | None = None) -> EmittedDesign:
    """Emit a component into a folder; its reset is synchronous and active high.

    Parameters
    ----------
    component : Component
        With streams ``i`` and ``o``, and perhaps ``w``.
    folder : Path
        An existing folder.
    top : str
        Name of the top module.
    timing : Timing
        When it takes and gives beats.
    layouts : dict of str to tuple of Field
        What payloads hold, by their ports.
    """
    from quadcim.hw.arithmetic.companions import companion_files
    from quadcim.hw.emit.verilog import emit_verilog

    reset = RESETS["sync-high"]
    emitted = emit_verilog(component, name=top, header=top, reset=reset)
    sources = {f"{top}.v": emitted.text, **{Path(name).name: text
                                            for name, text in companion_files(emitted.text).items()}}
    for name, text in {**sources, **emitted.images}.items():
        (folder / name).write_text(text, encoding="utf-8")
    ports = tuple(Port(*port, (layouts or {}).get(port[0], ())) for port in emitted.ports)
    return EmittedDesign(folder, top, ports, reset, timing, tuple(folder / name for name in sources),
                         tuple(folder / name for name in emitted.images))

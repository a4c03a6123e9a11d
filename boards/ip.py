"""What an IP catalogue has to know of a unit's AXI4-Stream wrapper ``<top>_axis``, whatever packages it."""

from dataclasses import dataclass

from quadcim import __version__
from quadcim.boards.handoff import Handoff

__all__ = ["FAMILIES", "LIBRARY", "VENDOR", "VERSION", "AxiStream", "axi_streams", "packaged_description",
           "packaged_sources", "wrapper_name"]

VENDOR, LIBRARY = "quadcim", "ip"
VERSION = ".".join(__version__.split(".")[:2])
"""Vivado's catalogue knows a major and a minor number."""
FAMILIES = ("virtexuplus", "virtexuplusHBM")
"""The families of devices like the VCU128's, by Vivado's names."""
_NAMES = {"i": "s_axis", "w": "s_axis_w", "o": "m_axis"}


@dataclass(frozen=True, slots=True)
class AxiStream:
    """An AXI4-Stream interface of the wrapper; its ports are ``<name>_tdata``, ``_tvalid`` and ``_tready``."""

    name: str
    receives: bool
    data_bytes: int
    about: str

    @property
    def ports(self) -> tuple[tuple[str, str, int], ...]:
        """Its ports as (logical name, direction, width)."""
        forward, back = ("in", "out") if self.receives else ("out", "in")
        return ("TDATA", forward, 8 * self.data_bytes), ("TVALID", forward, 1), ("TREADY", back, 1)

    def port(self, logical: str) -> str:
        """The port of a logical name."""
        return f"{self.name}_{logical.lower()}"


def wrapper_name(handoff: Handoff) -> str:
    """The module that is packaged."""
    return f"{handoff.top}_axis"


def axi_streams(handoff: Handoff) -> tuple[AxiStream, ...]:
    """The interfaces that the wrapper has for the unit's streams: data are whole bytes."""
    about = {"i": "Beats in", "w": "Weights in", "o": "Beats out"}
    streams = ((name, handoff.stream(name)) for name in _NAMES)
    return tuple(AxiStream(_NAMES[name], name != "o", (ports["payload"].width + 7) // 8, about[name])
                 for name, ports in streams if ports)


def packaged_sources(handoff: Handoff) -> tuple[str, ...]:
    """The sources of the wrapper by their path in the case directory, those that others instantiate first."""
    return (*handoff.sources, f"vcu128/{wrapper_name(handoff)}.v")


def packaged_description(handoff: Handoff) -> str:
    """What the catalogue says of it, in a line."""
    about = handoff.about
    return f"{about.definition}; {about.throughput}; digest {handoff.identity}"

"""What an IP catalogue has to know of a unit's AXI4-Stream wrapper ``<top>_axis``, whatever packages it."""

from dataclasses import dataclass

from quadcim import __version__
from quadcim.boards.axi import axis_prefix, whole_bytes
from quadcim.boards.handoff import Handoff

__all__ = ["FAMILIES", "LIBRARY", "VENDOR", "VERSION", "AxiStream", "axi_streams", "packaged_description",
           "packaged_sources", "wrapper_name"]

VENDOR, LIBRARY = "quadcim", "ip"
VERSION = ".".join(__version__.split(".")[:2])
"""Vivado's catalogue knows a major and a minor number."""
FAMILIES = ("virtexuplus", "virtexuplusHBM")
"""The families of devices like the VCU128's, by Vivado's names."""
_ABOUT = {"i": "Beats in", "w": "Weights in", "o": "Beats out"}


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


def wrapper_name(top: str) -> str:
    """The module of the wrapper around that of a unit."""
    return f"{top}_axis"


def axi_streams(handoff: Handoff) -> tuple[AxiStream, ...]:
    """The interfaces that the wrapper has for the unit's streams: data are whole bytes."""
    return tuple(AxiStream(axis_prefix(name), name != "o", whole_bytes(ports["payload"].width), about)
                 for name, about in _ABOUT.items() if (ports := handoff.stream(name)))


def packaged_sources(handoff: Handoff) -> tuple[str, ...]:
    """The sources of the wrapper by their path in the case directory, those that others instantiate first."""
    return (*handoff.sources, f"vcu128/{wrapper_name(handoff.top)}.v")


def packaged_description(handoff: Handoff) -> str:
    """What the catalogue says of it, in a line."""
    about = handoff.about
    return f"{about.definition}; {about.throughput}; digest {handoff.identity}"

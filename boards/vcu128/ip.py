"""What an IP catalogue has to know of a unit's AXI4-Stream wrapper ``<top>_axis``, whatever packages it."""

from dataclasses import dataclass

from quadcim import __version__
from quadcim.boards.handoff import Handoff
from quadcim.boards.vcu128.axi import PASSED_STREAMS, axis_prefix, whole_bytes

__all__ = [
    "FAMILIES",
    "LIBRARY",
    "RESET_PARAMETERS",
    "VENDOR",
    "VERSION",
    "AxiStream",
    "axi_streams",
    "clock_parameters",
    "packaged_description",
    "packaged_sources",
    "status_ports",
    "wrapper_name",
]

VENDOR, LIBRARY = "quadcim", "ip"
VERSION = ".".join(__version__.split(".")[:2])
"""Vivado's catalogue knows a major and a minor number."""
FAMILIES = ("virtexuplus", "virtexuplusHBM")
"""The families of devices like the VCU128's, by Vivado's names."""
RESET_PARAMETERS = {"POLARITY": "ACTIVE_LOW"}


@dataclass(frozen=True, slots=True)
class AxiStream:
    """An AXI4-Stream interface of the wrapper; its ports are ``<name>_tdata``, ``_tvalid``, ``_tready`` and so on."""

    name: str
    receives: bool
    data_bytes: int
    has_last: bool
    user_bits: int

    @property
    def ports(self) -> tuple[tuple[str, str, int], ...]:
        """Its ports as (logical name, direction, width)."""
        forward, back = ("in", "out") if self.receives else ("out", "in")
        return (("TDATA", forward, 8 * self.data_bytes),
                *([("TLAST", forward, 1)] if self.has_last else []),
                *([("TUSER", forward, self.user_bits)] if self.user_bits else []),
                ("TVALID", forward, 1), ("TREADY", back, 1))

    @property
    def parameters(self) -> dict[str, str]:
        """What Vivado asks to know of it."""
        return {"TDATA_NUM_BYTES": str(self.data_bytes), "TDEST_WIDTH": "0", "TID_WIDTH": "0",
                "TUSER_WIDTH": str(self.user_bits), "HAS_TREADY": "1", "HAS_TSTRB": "0", "HAS_TKEEP": "0",
                "HAS_TLAST": str(int(self.has_last))}

    def port(self, logical: str) -> str:
        """The port of a logical name."""
        return f"{self.name}_{logical.lower()}"


def wrapper_name(top: str) -> str:
    """The module of the wrapper around that of a unit."""
    return f"{top}_axis"


def axi_streams(handoff: Handoff) -> tuple[AxiStream, ...]:
    """The interfaces that the wrapper has for the unit's streams: data are whole bytes."""
    return tuple(AxiStream(axis_prefix(name), receives=name != "o", data_bytes=whole_bytes(ports["payload"].width),
                           has_last=name in PASSED_STREAMS, user_bits=handoff.user_bits * (name in PASSED_STREAMS))
                 for name in ("i", "w", "o") if (ports := handoff.stream(name)))


def status_ports(handoff: Handoff) -> tuple[str, ...]:
    """The wrapper's outputs beside the streams."""
    return ("frame_error",) if handoff.timing.beats_in != 1 else ()


def clock_parameters(handoff: Handoff) -> dict[str, str]:
    """What Vivado asks to know of the clock: what runs on it, its rate, and that any other rate will do."""
    return {"ASSOCIATED_BUSIF": ":".join(stream.name for stream in axi_streams(handoff)),
            "ASSOCIATED_RESET": "aresetn", "FREQ_HZ": str(round(handoff.clock_mhz * 1e6)), "FREQ_TOLERANCE_HZ": "-1"}


def packaged_sources(handoff: Handoff) -> tuple[str, ...]:
    """The sources of the wrapper by their path in the case directory, those that others instantiate first."""
    return (*handoff.sources, f"vcu128/{wrapper_name(handoff.top)}.v")


def packaged_description(handoff: Handoff) -> str:
    """What the catalogue says of it, in a line."""
    about = handoff.about
    return f"{about.definition}; {handoff.timing.throughput}; digest {handoff.identity}"

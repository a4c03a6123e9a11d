"""Units as boards use them: whatever has streams in and a stream out, and units whose Verilog is in another file."""

from collections.abc import Sequence
from typing import Any, Protocol

from amaranth.hdl import ClockSignal, Instance, ResetSignal, Shape
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.shared import instance_ports, port_values
from quadcim.spec.ports import Port

__all__ = ["ExternalUnit", "StreamUnit", "input_streams"]


class StreamUnit(Protocol):
    """A component with streams in and one stream out, in the domain "sync"."""

    @property
    def signature(self) -> wiring.Signature:
        """Its ports: `i`, `o`, and perhaps further streams in."""
        ...

    @property
    def i(self) -> stream.Interface:
        """Beats in."""
        ...

    @property
    def o(self) -> stream.Interface:
        """Beats out."""
        ...

    def elaborate(self, platform) -> Any:
        """Build the hardware."""
        ...


class ExternalUnit(wiring.Component):
    """An instance of a unit's Verilog module, so that a design around it is emitted without a second copy of it.

    Latency and throughput: those of the unit.

    Parameters
    ----------
    module : str
        Name of the module.
    ports : sequence of Port
        Its ports; without ``clk`` it has neither clock nor reset. A payload that is a signed number is signed.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, module: str, ports: Sequence[Port]):
        names = {port.name for port in ports}
        members = {}
        for port in ports:
            name, _, part = port.name.partition("__")
            if part == "payload":
                signed = port.format is not None and port.format.signed
                signature = stream.Signature(Shape(port.width, signed), always_ready=f"{name}__ready" not in names)
                members[name] = (In if port.direction == "input" else Out)(signature)
            elif part == "last":
                members[port.name] = Out(1)
        super().__init__(members)
        self._module = module
        self._has_clock = "clk" in names

    def elaborate(self, platform) -> Instance:
        """Connect the instance."""
        domain = {"i_clk": ClockSignal(), "i_rst": ResetSignal()} if self._has_clock else {}
        return Instance(self._module, **domain, **instance_ports(self, port_values(self)))


def input_streams(unit: StreamUnit) -> dict[str, stream.Interface]:
    """The streams into a unit by name."""
    return {name: getattr(unit, name) for name, member in unit.signature.members.items() if member.flow == In}

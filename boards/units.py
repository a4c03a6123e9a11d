"""Units as boards use them: whatever has a stream in and a stream out, and units whose Verilog is in another file."""

from typing import Any, Protocol

from amaranth.hdl import ClockSignal, Instance, ResetSignal, Shape, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format

__all__ = ["ExternalUnit", "StreamUnit", "require_backpressure"]


class StreamUnit(Protocol):
    """A component with one stream in and one stream out, in the domain "sync"."""

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
        Name of the module, as `emit_verilog` made it from a unit with "elastic" flow control.
    input, output : Format
        Formats of the unit's payloads.
    stages : int
        Stages of the unit; without any, its module has no clock.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, module: str, input: Format, output: Format, stages: int):
        super().__init__({
            "i": In(stream.Signature(Shape(input.width, input.signed))),
            "o": Out(stream.Signature(Shape(output.width, output.signed))),
        })
        self._module = module
        self._has_clock = stages > 0

    @property
    def module(self) -> str:
        """Name of the module."""
        return self._module

    def elaborate(self, platform) -> Instance:
        """Connect the instance."""
        ports: dict[str, Value] = {"i_clk": ClockSignal(), "i_rst": ResetSignal()} if self._has_clock else {}
        for path, member, value in self.signature.flatten(self):
            direction = "i" if member.flow == In else "o"
            ports[f"{direction}_{'__'.join(map(str, path))}"] = Value.cast(value)
        return Instance(self._module, **ports)


def require_backpressure(unit: StreamUnit) -> None:
    """Refuse a unit whose streams cannot be stalled.

    Raises
    ------
    IllegalSetting
        If the unit has "always" flow control.
    """
    if unit.o.signature.always_ready:
        raise IllegalSetting("flow-control", "elastic where the receiver can stall (AXI4-Stream, vcu128)", "always")

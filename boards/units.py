"""Units as boards use them: whatever has a stream in and a stream out, and units whose Verilog is in another file."""

from typing import Protocol

from amaranth.hdl import ClockSignal, Elaboratable, Instance, ResetSignal, Value
from amaranth.lib import stream, wiring

from quadcim.hw.pipeline import PipelinedUnit
from quadcim.spec.errors import IllegalSetting

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

    def elaborate(self, platform) -> Elaboratable:
        """The hardware."""
        ...


class ExternalUnit(wiring.Component):
    """An instance of a unit's Verilog module, so that a design around it is emitted without a second copy of it.

    Latency and throughput: those of `unit`.

    Parameters
    ----------
    unit : PipelinedUnit
        The unit; only its ports are used.
    module : str
        Name of its Verilog module, as `emit_verilog` made it.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, unit: PipelinedUnit, module: str):
        super().__init__(unit.signature)
        self._module = module
        self._has_clock = unit.plan.stages > 0

    def elaborate(self, platform) -> Instance:
        """The instance."""
        ports = {"i_clk": ClockSignal(), "i_rst": ResetSignal()} if self._has_clock else {}
        for path, member, value in self.signature.flatten(self):
            direction = "i" if member.flow == wiring.In else "o"
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

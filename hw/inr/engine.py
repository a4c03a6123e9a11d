"""The engine: coordinates, layer after layer, pixels."""

from itertools import pairwise

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.activation.units import create_unit
from quadcim.hw.inr.coordinates import CoordinateGenerator
from quadcim.hw.inr.layer import Layer
from quadcim.hw.inr.plan import EnginePlan
from quadcim.hw.inr.vector_buffer import counter
from quadcim.hw.streams.shift_fifo import ShiftFifo

__all__ = ["InrUnit"]


class InrUnit(wiring.Component):
    """An engine that renders the picture of a frozen network, region by region.

    A beat in is a command (`quadcim.hw.inr.coordinates`), a beat out a pixel: its colour channels, the first in the low
    bits. Pixels of a command come with the first coordinate fastest. Latency: ``plan.timing.latency_cycles`` from a
    command to its first pixel. Throughput: a pixel in ``engine.pixel_cycles`` cycles.

    Parameters
    ----------
    plan : EnginePlan
        The network, and how its layers are folded.

    Attributes
    ----------
    i, o : stream
        Commands in, pixels out.
    o__last : Out(1)
        Whether a pixel is the last one of its command.
    """

    i: stream.Interface
    o: stream.Interface
    o__last: Signal

    def __init__(self, plan: EnginePlan):
        self._plan = plan
        engine = plan.engine
        self._coordinates = CoordinateGenerator(axes=engine.sizes[0], coordinate=engine.coordinate,
                                                pace=engine.pixel_cycles)
        super().__init__({"i": In(self._coordinates.i.signature.flip()),
                          "o": Out(stream.Signature(engine.sizes[-1] * plan.pixel.width)), "o__last": Out(1)})

    def elaborate(self, platform) -> Module:
        """Layers in a chain, and beside it a queue that tells which pixel is a command's last one."""
        m, plan = Module(), self._plan
        m.submodules.coordinates = coordinates = self._coordinates
        # Beside the layers, for each pixel on its way whether it is its command's last one.
        m.submodules.lasts = lasts = ShiftFifo(width=1, depth=plan.most_inside)
        wiring.connect(m, wiring.flipped(self.i), coordinates.i)
        unit = create_unit(plan.engine.unit)
        layers = [Layer(layer, None if layer.unit is None else unit) for layer in plan.layers]
        for number, layer in enumerate(layers, 1):
            m.submodules[f"layer_{number}"] = layer
        first = layers[0]
        m.d.comb += [
            first.i.payload.eq(coordinates.o.payload), first.i.valid.eq(coordinates.o.valid & lasts.i.ready),
            lasts.i.payload.eq(coordinates.last), lasts.i.valid.eq(coordinates.o.valid & first.i.ready),
            coordinates.o.ready.eq(first.i.ready & lasts.i.ready)]
        for before, after in pairwise(layers):
            wiring.connect(m, before.o, after.i)
        self._gather(m, layers[-1], lasts)
        return m

    def _gather(self, m: Module, layer: Layer, lasts: ShiftFifo) -> None:
        """The colour channels of a pixel, as they come, in a register of its own."""
        moves = Signal()
        taken = Signal()
        beats = len(self.o.payload) // len(layer.o.payload)
        number, last = counter(m, beats, "channel", taken)
        m.d.comb += [moves.eq(self.o.ready | ~self.o.valid), layer.o.ready.eq(moves | ~last),
                     taken.eq(layer.o.valid & layer.o.ready), lasts.o.ready.eq(taken & last)]
        before: list[Value] = []
        for beat in range(beats - 1):
            before.append(kept := Signal(len(layer.o.payload), name=f"channel_{beat}_kept", reset_less=True))
            with m.If(taken & (number == beat)):
                m.d.sync += kept.eq(layer.o.payload)
        pixel = Signal(len(self.o.payload), reset_less=True)
        ends = Signal(reset_less=True)
        shown = Signal()
        with m.If(moves):
            m.d.sync += [pixel.eq(Cat(*before, layer.o.payload)), ends.eq(lasts.o.payload),
                         shown.eq(layer.o.valid & last)]
        m.d.comb += [self.o.payload.eq(pixel), self.o.valid.eq(shown), self.o__last.eq(ends)]

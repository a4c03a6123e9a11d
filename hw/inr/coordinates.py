"""The coordinates of a region, one vector after the other."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.streams.shift_fifo import joined
from quadcim.spec.formats import Format
from quadcim.spec.inr_engine import COUNT

__all__ = ["CoordinateGenerator"]


class CoordinateGenerator(wiring.Component):
    """Vectors of coordinates on a grid, the first coordinate fastest, at an even pace.

    A command holds for each coordinate where it starts, by what it steps, and the number of its last value, which
    counts from 0: first the starts, the first coordinate in the low bits, then the steps, then the numbers. A sum that
    leaves the format wraps.

    Latency: one cycle. Throughput: a vector in each `pace` cycles, from the last of a command to the first of the next
    too.

    Parameters
    ----------
    axes : int
        Number of coordinates.
    coordinate : Format
        Of a coordinate.
    pace : int
        Cycles from one vector to the next; what stalls a vector delays those that follow.

    Attributes
    ----------
    i : stream
        Commands.
    o : stream
        Vectors.
    last : Out(1)
        Whether a vector is its command's last one.
    """

    i: stream.Interface
    o: stream.Interface
    last: Signal

    def __init__(self, *, axes: int, coordinate: Format, pace: int):
        self._axes, self._coordinate, self._pace = axes, coordinate, pace
        super().__init__({"i": In(stream.Signature(axes * (2 * coordinate.width + COUNT.width))),
                          "o": Out(stream.Signature(axes * coordinate.width)), "last": Out(1)})

    def elaborate(self, platform) -> Module:
        """A counter for each coordinate, and one for the pace."""
        m, pace = Module(), self._pace
        busy = Signal()
        moves = Signal()
        finished = Signal()
        accepts = Signal()
        m.d.comb += [accepts.eq(self.i.valid & self.i.ready), self.i.ready.eq(~busy | finished),
                     moves.eq(self.o.valid & self.o.ready)]
        if pace == 1:
            m.d.comb += [self.o.valid.eq(busy), finished.eq(moves & self.last)]
        else:
            waits = Signal(range(pace))
            ending = Signal()
            m.d.comb += [self.o.valid.eq(busy & (waits == 0)), finished.eq(ending & (waits == 1))]
            with m.If(moves):
                m.d.sync += ending.eq(self.last)
            with m.If(moves | (waits != 0)):
                m.d.sync += waits.eq(Mux(moves, pace - 1, waits - 1))
        m.d.sync += busy.eq(accepts | (busy & ~finished))
        vector: list[Value] = []
        ends: Value = Const(1, 1)
        for axis in range(self._axes):
            position, ends = self._axis(m, axis, accepts, moves, ends)
            vector.append(position)
        m.d.comb += [self.o.payload.eq(joined(Cat(vector))), self.last.eq(ends)]
        return m

    def _axis(self, m: Module, axis: int, accepts: Value, moves: Value, ends: Value) -> tuple[Value, Value]:
        """The counter of a coordinate, and whether it and those before it are at their last values.

        It steps as those before it end.
        """
        axes, width = self._axes, self._coordinate.width
        given = self.i.payload
        names = {"start": given.word_select(axis, width), "step": given[axes * width:].word_select(axis, width),
                 "count": given[2 * axes * width:].word_select(axis, COUNT.width)}
        held = {name: Signal(value.shape(), name=f"{name}_{axis}", reset_less=True) for name, value in names.items()}
        position = Signal(Shape(width), name=f"position_{axis}", reset_less=True)
        left = Signal(COUNT.width, name=f"left_{axis}", reset_less=True)
        at_end = Signal(name=f"ends_{axis}")
        anew = Signal(name=f"anew_{axis}")
        changes = Signal(name=f"changes_{axis}")
        next_position = Signal(width, name=f"next_position_{axis}")
        next_left = Signal(COUNT.width, name=f"next_left_{axis}")
        m.d.comb += [
            anew.eq(left == 0), at_end.eq(anew & ends), changes.eq(accepts | (moves & ends)),
            next_position.eq(Mux(accepts, names["start"], Mux(anew, held["start"], position + held["step"]))),
            next_left.eq(Mux(accepts, names["count"], Mux(anew, held["count"], left - 1)))]
        with m.If(accepts):
            m.d.sync += [held[name].eq(value) for name, value in names.items()]
        with m.If(changes):
            m.d.sync += [position.eq(next_position), left.eq(next_left)]
        return position, at_end

"""A serial port: 8 data bits, no parity, 1 stop bit, no flow control."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.notes import note
from quadcim.spec.errors import IllegalSetting

__all__ = ["UartReceiver", "UartTransmitter"]

_FEWEST_CYCLES = 4


def _check(divisor: int) -> None:
    if divisor < _FEWEST_CYCLES:
        raise IllegalSetting("divisor", f"at least {_FEWEST_CYCLES} cycles a bit", divisor)


class UartReceiver(wiring.Component):
    r"""Bytes from a serial line, which may be asynchronous: two registers synchronise it.

    A byte without its stop bit is dropped; a line that stays low is no byte. ::

        pin  ‾‾\start/ bit 0 X bit 1 X ... X bit 7 /‾stop‾‾   each lasts `divisor` cycles and is read in its middle

    Parameters
    ----------
    divisor : int
        Cycles of a bit; at least 4.

    Attributes
    ----------
    pin : In(1)
        The line; high while nothing is sent.
    o : stream of 8 bits, always ready
        A byte, in the middle of its stop bit; it has to be taken at once.
    """

    pin: Signal
    o: stream.Interface

    def __init__(self, *, divisor: int):
        _check(divisor)
        super().__init__({"pin": In(1), "o": Out(stream.Signature(8, always_ready=True))})
        self._divisor = divisor

    def elaborate(self, platform) -> Module:
        """Count the cycles of a bit, and the bits that are left of a byte."""
        m = Module()
        # Not `FFSynchronizer`: constraints find these two registers by their names.
        meta = Signal(init=1, reset_less=True)
        line = Signal(init=1, reset_less=True)
        earlier = Signal(init=1, reset_less=True)
        m.d.sync += [meta.eq(self.pin), line.eq(meta), earlier.eq(line)]
        half = self._divisor // 2
        timer = Signal(range(self._divisor), attrs=note("Cycles since the line was read last"))
        bits = Signal(range(11), attrs=note("Bits left to read: 10 at the start bit, 1 at the stop bit, 0 while idle"))
        word = Signal(8, reset_less=True)
        idle = Signal()
        at_start = Signal()
        at_stop = Signal()
        last = Signal.like(timer, name="last_cycle", attrs=note(
            f"A bit lasts {self._divisor} cycles; the start bit is read after {half}, in its middle"))
        now = Signal()
        falls = Signal()
        false_start = Signal()
        steps = Signal()
        bits_after = Signal.like(bits, attrs={})
        m.d.comb += [
            idle.eq(~bits.any()),
            at_start.eq(bits == 10),
            at_stop.eq(bits == 1),
            last.eq(Mux(at_start, half - 1, self._divisor - 1)),
            now.eq(~idle & (timer == last)),
            falls.eq(earlier & ~line),
            false_start.eq(at_start & line),
            steps.eq(idle | now),
            bits_after.eq(Mux(false_start, 0, bits - 1)),
            self.o.payload.eq(word),
            self.o.valid.eq(now & at_stop & line),
        ]
        m.d.sync += timer.eq(Mux(steps, 0, timer + 1))
        with m.If(steps):
            m.d.sync += bits.eq(Mux(idle, Mux(falls, 10, 0), bits_after))
        with m.If(now & ~at_stop):
            m.d.sync += word.eq(Cat(word[1:], line))
        return m


class UartTransmitter(wiring.Component):
    """Bytes to a serial line, whose pin is a register.

    Parameters
    ----------
    divisor : int
        Cycles of a bit; at least 4.

    Attributes
    ----------
    i : stream of 8 bits
        Bytes to send.
    pin : Out(1)
        The line; high while nothing is sent.
    """

    i: stream.Interface
    pin: Signal

    def __init__(self, *, divisor: int):
        _check(divisor)
        super().__init__({"i": In(stream.Signature(8)), "pin": Out(1)})
        self._divisor = divisor

    def elaborate(self, platform) -> Module:
        """Shift out the start bit, the byte, and then ones."""
        m = Module()
        timer = Signal(range(self._divisor), attrs=note("Cycles since the bit on the line began"))
        bits = Signal(range(11), attrs=note("Bits left to send: 10 with start and stop bit, 0 while idle"))
        line = Signal(9, init=0x1FF, attrs=note("What is to be sent, lowest bit first: start bit, byte, then ones"))
        takes = Signal()
        now = Signal(attrs=note(f"The last of {self._divisor} cycles of a bit"))
        shifts = Signal()
        line_after = Signal.like(line, attrs={})
        m.d.comb += [
            self.i.ready.eq(~bits.any()),
            takes.eq(self.i.valid & self.i.ready),
            now.eq(~self.i.ready & (timer == self._divisor - 1)),
            shifts.eq(takes | now),
            line_after.eq(Mux(takes, Cat(Const(0, 1), self.i.payload), Cat(line[1:], Const(1, 1)))),
            self.pin.eq(line[0]),
        ]
        m.d.sync += timer.eq(Mux(self.i.ready | now, 0, timer + 1))
        with m.If(shifts):
            m.d.sync += [bits.eq(Mux(takes, 10, bits - 1)), line.eq(line_after)]
        return m

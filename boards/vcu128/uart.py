"""A serial port: 8 data bits, no parity, 1 stop bit, no flow control."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

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
        timer = Signal(range(self._divisor))
        bits = Signal(range(11))
        word = Signal(8, reset_less=True)
        idle = Signal()
        now = Signal()
        falls = Signal()
        false_start = Signal()
        m.d.comb += [
            idle.eq(~bits.any()),
            now.eq(~idle & (timer == Mux(bits == 10, self._divisor // 2 - 1, self._divisor - 1))),
            falls.eq(earlier & ~line),
            false_start.eq((bits == 10) & line),
            self.o.payload.eq(word),
            self.o.valid.eq(now & (bits == 1) & line),
        ]
        m.d.sync += timer.eq(Mux(idle | now, 0, timer + 1))
        with m.If(idle | now):
            m.d.sync += bits.eq(Mux(idle, Mux(falls, 10, 0), Mux(false_start, 0, bits - 1)))
        with m.If(now & (bits != 1)):
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
        timer = Signal(range(self._divisor))
        bits = Signal(range(11))
        line = Signal(9, init=0x1FF)
        takes = Signal()
        now = Signal()
        m.d.comb += [
            self.i.ready.eq(~bits.any()),
            takes.eq(self.i.valid & self.i.ready),
            now.eq(~self.i.ready & (timer == self._divisor - 1)),
            self.pin.eq(line[0]),
        ]
        m.d.sync += timer.eq(Mux(self.i.ready | now, 0, timer + 1))
        with m.If(takes | now):
            m.d.sync += [
                bits.eq(Mux(takes, 10, bits - 1)),
                line.eq(Mux(takes, Cat(Const(0, 1), self.i.payload), Cat(line[1:], Const(1, 1)))),
            ]
        return m

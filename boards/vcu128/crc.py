"""The checksum CRC-32 of a stream of bytes, as Ethernet and zlib have it."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.notes import note

__all__ = ["Crc32"]

_REVERSED_POLYNOMIAL = 0xEDB88320
_BITS = 32


class Crc32(wiring.Component):
    """The CRC-32 of bytes: the lowest bit of each first, as zlib.crc32 computes it.

    Latency: one cycle. Throughput: a byte a cycle.

    Attributes
    ----------
    restarts : In(1)
        Forget the bytes so far.
    takes : In(1)
        Take a byte.
    data : In(8)
        The byte.
    value : Out(32)
        The checksum of those since the last restart.
    """

    restarts: Signal
    takes: Signal
    data: Signal
    value: Signal

    def __init__(self):
        super().__init__({"restarts": In(1), "takes": In(1), "data": In(8), "value": Out(_BITS)})

    def elaborate(self, platform) -> Module:
        """Divide bit by bit, all bits of a byte in a cycle."""
        m = Module()
        rest = Signal(_BITS, init=-1)
        before = rest
        for number, bit in enumerate(self.data):
            feedback = Signal(_BITS, name=f"feedback_{number}", attrs=note(
                f"The polynomial, if what leaves and bit {number} differ"))
            after = Signal(_BITS, name=f"rest_{number}")
            m.d.comb += [feedback.eq(Mux(before[0] ^ bit, _REVERSED_POLYNOMIAL, 0)),
                         after.eq(Cat(before[1:], 0) ^ feedback)]
            before = after
        with m.If(self.restarts | self.takes):
            m.d.sync += rest.eq(Mux(self.restarts, (1 << _BITS) - 1, before))
        m.d.comb += self.value.eq(~rest)
        return m

"""Renders for a host: a serial link that asks a unit for all that it shows, or for a part, and sends that as it comes.

After a reset it sends all that the unit shows. The host asks again with a request, a byte and perhaps a payload, low
byte first:

=======  =====================  ========================================================================
request  payload                what it asks for
=======  =====================  ========================================================================
``R``    none                   all that the unit shows
``C``    a beat of stream i     the frame of that beat
others   none                   nothing
=======  =====================  ========================================================================

A request ends what is being sent: the byte on its way is sent as a whole, then the answer to the request begins. So a
host that comes later needs not wait. To begin with, it ends a request that another host may have left half sent by
zeros, as many as the payload has bytes.

The answer is a header, the samples, each channel in whole bytes, low byte first, and the CRC-32 of the bytes of the
samples, as zlib.crc32 computes it, low byte first. The header is, numbers low byte first:

=====================  =========================================================
bytes                  what they are
=====================  =========================================================
4                      ``QPIX``
8                      the first bytes of the case's digest
1                      bytes of a channel
2                      channels of a sample
1                      axes
2 for each axis        the number of its last sample, the fastest axis first
=====================  =========================================================
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.boards.vcu128.axi import whole_bytes
from quadcim.boards.vcu128.crc import Crc32
from quadcim.boards.vcu128.host import DIGEST_BYTES
from quadcim.boards.vcu128.picture_host import ALL, MAGIC, PART
from quadcim.boards.vcu128.uart import UartReceiver, UartTransmitter
from quadcim.hw.emit.notes import note
from quadcim.hw.streams.shift_fifo import joined
from quadcim.spec.ports import Field
from quadcim.spec.whole import Whole

__all__ = ["PixelLink"]


class PixelLink(wiring.Component):
    """Sends what a unit shows to a host, sample by sample as the serial port takes them.

    Nothing is kept but a command and a sample: the unit waits for the port.

    Parameters
    ----------
    identity : str
        The digest of the case, hexadecimal.
    whole : Whole
        What the unit shows.
    command_bits : int
        Of a beat in.
    channels : Field
        What a beat out holds.
    divisor : int
        Cycles of a bit of the serial port (`quadcim.boards.vcu128.uart`).

    Attributes
    ----------
    rx, tx : In(1), Out(1)
        The serial port, from the board's side; `rx` may be asynchronous.
    i : stream out
        To the unit's input.
    o : stream in
        From the unit.
    o__last : In(1)
        With a frame's last beat.
    restarts : Out(1)
        The unit is to forget the frame that it is at.
    renders, rests : Out(1)
        An answer is being made and sent; the last one has been sent.
    """

    rx: Signal
    tx: Signal
    i: stream.Interface
    o: stream.Interface
    o__last: Signal
    restarts: Signal
    renders: Signal
    rests: Signal

    def __init__(self, *, identity: str, whole: Whole, command_bits: int, channels: Field, divisor: int):
        super().__init__({
            "rx": In(1), "tx": Out(1), "i": Out(stream.Signature(command_bits)),
            "o": In(stream.Signature(channels.count * channels.format.width)), "o__last": In(1),
            "restarts": Out(1), "renders": Out(1), "rests": Out(1)})
        self._whole, self._channels, self._divisor = whole, channels, divisor
        self._command_bytes, size = whole_bytes(command_bits), whole_bytes(channels.format.width)
        self._spare_bits = 8 * size - channels.format.width
        self._opening = b"".join((MAGIC, bytes.fromhex(identity)[:DIGEST_BYTES], bytes([size]),
                                  channels.count.to_bytes(2, "little"), bytes([whole.last.count])))

    def elaborate(self, platform) -> Module:
        """Build the serial port, what takes requests, and what answers them."""
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(divisor=self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self._divisor)
        m.submodules.crc = crc = Crc32()
        command = Signal(8 * self._command_bytes, init=self._whole.command)
        m.d.comb += [receiver.pin.eq(self.rx), self.tx.eq(transmitter.pin),
                     self.i.payload.eq(joined(command[:len(self.i.payload)]))]
        accepted, begins = self._requests(m, receiver.o, command)
        self._answers(m, transmitter.i, crc, self._header(command), accepted=accepted, begins=begins)
        return m

    def _requests(self, m: Module, heard: stream.Interface, command: Signal) -> tuple[Signal, Signal]:
        """Take a request and offer its command; returns whether the unit takes it now, and whether a request begins."""
        at_collect = Signal(attrs=note("State: takes in the payload of a request"))
        # After a reset it does what it does when everything is asked for.
        at_command = Signal(init=1, attrs=note("State: offers the command to the unit"))
        begins_all = Signal(attrs=note(f"Request {chr(ALL)}"))
        begins_part = Signal(attrs=note(f"Request {chr(PART)}"))
        missing = Signal(range(self._command_bytes + 1), reset_less=True, attrs=note("Bytes that the payload lacks"))
        begins = Signal()
        collects = Signal()
        collected = Signal()
        accepted = Signal()
        m.d.comb += [
            begins_all.eq(heard.valid & ~at_collect & (heard.payload == ALL)),
            begins_part.eq(heard.valid & ~at_collect & (heard.payload == PART)),
            begins.eq(begins_all | begins_part),
            collects.eq(heard.valid & at_collect),
            collected.eq(collects & (missing == 1)),
            accepted.eq(at_command & self.i.ready),
            self.i.valid.eq(at_command),
            self.restarts.eq(begins),
        ]
        m.d.sync += [at_collect.eq(begins_part | (at_collect & ~collected)),
                     at_command.eq(begins_all | collected | (at_command & ~accepted & ~begins))]
        with m.If(begins_all | collects):
            m.d.sync += command.eq(Mux(begins_all, self._whole.command, Cat(command[8:], heard.payload)))
        with m.If(begins_part | collects):
            m.d.sync += missing.eq(Mux(begins_part, self._command_bytes, missing - 1))
        return accepted, begins

    def _answers(self, m: Module, byte_out: stream.Interface, crc: Crc32, header: Value, *,
                 accepted: Value, begins: Value) -> None:
        """Send header, samples and checksum: what is loaded leaves byte by byte."""
        at_header = Signal(attrs=note("State: sends the header"))
        at_wait = Signal(attrs=note("State: waits for a sample"))
        at_sample = Signal(attrs=note("State: sends a sample"))
        at_end = Signal(attrs=note("State: all samples have been sent"))
        at_checksum = Signal(attrs=note("State: sends the checksum"))
        ended = Signal(reset_less=True, attrs=note("The sample is the last one"))
        sample = self._sample()
        data = Signal(max(len(part) for part in (header, sample, crc.value)), reset_less=True)
        left = Signal(range(len(data) // 8 + 1), reset_less=True, attrs=note("Bytes left of what is sent"))
        sends = Signal()
        goes = Signal()
        sent = Signal()
        comes = Signal()
        m.d.comb += [
            sends.eq(at_header | at_sample | at_checksum),
            goes.eq(sends & byte_out.ready),
            sent.eq(goes & (left == 1)),
            comes.eq(at_wait & self.o.valid),
            byte_out.payload.eq(data[:8]),
            byte_out.valid.eq(sends),
            crc.data.eq(data[:8]),
            crc.restarts.eq(at_header),
            crc.takes.eq(at_sample & goes),
            self.o.ready.eq(at_wait),
            self.renders.eq(self.i.valid | sends | at_wait | at_end),
        ]
        for state, enters, leaves in (
            (at_header, accepted, sent),
            (at_wait, sent & (at_header | (at_sample & ~ended)), comes),
            (at_sample, comes, sent),
            (at_end, sent & at_sample & ended, at_end),
            (at_checksum, at_end, sent),
            (self.rests, sent & at_checksum, Const(0, 1)),
        ):
            m.d.sync += state.eq((enters | (state & ~leaves)) & ~begins)
        with m.If(comes):
            m.d.sync += ended.eq(self.o__last)
        loads = Signal()
        loaded = Signal(len(data))
        count = Signal.like(left, name="loaded_bytes", attrs={})
        m.d.comb += [
            loads.eq(accepted | comes | at_end),
            loaded.eq(Mux(comes, sample, Mux(at_end, crc.value, header))),
            count.eq(Mux(comes, len(sample) // 8, Mux(at_end, len(crc.value) // 8, len(header) // 8))),
        ]
        with m.If(loads | goes):
            m.d.sync += [data.eq(Mux(loads, loaded, data[8:])), left.eq(Mux(loads, count, left - 1))]

    def _header(self, command: Value) -> Value:
        """What an answer to a command begins with."""
        last = self._whole.last
        return Cat(Const(int.from_bytes(self._opening, "little"), 8 * len(self._opening)),
                   command[last.offset:last.offset + last.count * last.format.width])

    def _sample(self) -> Value:
        """A beat of the unit, each channel in whole bytes."""
        fmt = self._channels.format
        raws = [self.o.payload.word_select(channel, fmt.width) for channel in range(self._channels.count)]
        return Cat(Cat(raw, raw[-1].replicate(self._spare_bits) if fmt.signed else Const(0, self._spare_bits))
                   for raw in raws)

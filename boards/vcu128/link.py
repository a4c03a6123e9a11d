"""Plays vectors through a unit from a host: a serial link with commands and answers.

The host sends commands, each a byte and the bytes of its payload, low byte first; each is answered in order:

=======  =====================  ========================================================================
command  payload                answer
=======  =====================  ========================================================================
``P``    none                   ``P`` and the first 8 bytes of the case's digest; where frames are several beats, the
                                unit forgets one of which beats are missing
``B``    a beat of stream i     ``B`` and the beat of stream o that comes of it, extended to whole bytes; where frames
                                are several beats it is not the frame's last, and the answer is ``B`` alone
``E``    the last one of a      where frames are several beats: for each beat of stream o that comes of the frame ``B``
         frame of stream i      and the beat, but ``E`` and the beat for the last
``W``    a beat of stream w     ``W``, once the unit has taken it
others   none                   none
=======  =====================  ========================================================================

A command is taken up when the one before is answered; until then bytes wait in a queue. So the host counts the bytes of
commands that are not answered: any one may be underway, and several of together no more than the queue holds. To
begin with, it ends what another host may have left half sent by zeros, as many as the longest payload has bytes.
"""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.boards.vcu128.host import COMMANDS, DIGEST_BYTES, LAST, PING, QUEUE_BYTES
from quadcim.boards.vcu128.uart import UartReceiver, UartTransmitter
from quadcim.hw.emit.notes import note
from quadcim.hw.streams.shift_fifo import ShiftFifo

__all__ = ["Link"]


class Link(wiring.Component):
    """The board's side of the link.

    Parameters
    ----------
    inputs : mapping of str to int
        Bytes of a beat of each stream into the unit.
    output : int
        Bytes of a beat out.
    framed : bool
        Whether frames are several beats.
    divisor : int
        Cycles of a bit of the serial port (`quadcim.boards.vcu128.uart`).

    Attributes
    ----------
    digest : In(64)
        The first bytes of the case's digest, the first in the low bits: a constant.
    rx, tx : In(1), Out(1)
        The serial port, from the board's side; `rx` may be asynchronous.
    i, w : stream out
        To the unit's input streams; those that `inputs` names.
    o : stream in
        From the unit.
    i__last, o__last : Out(1), In(1)
        With a frame's last beat, where frames are several beats.
    restarts : Out(1)
        Then, too: a ping comes, and the unit is to forget a frame that another host has left half sent.
    received : Out(1)
        A byte has come in this cycle.
    waiting : Out(1)
        A command has begun and is not answered.
    """

    digest: Signal
    rx: Signal
    tx: Signal
    i: stream.Interface
    w: stream.Interface
    o: stream.Interface
    i__last: Signal
    o__last: Signal
    restarts: Signal
    received: Signal
    waiting: Signal

    def __init__(self, *, inputs: Mapping[str, int], output: int, divisor: int, framed: bool = False):
        super().__init__({
            "digest": In(8 * DIGEST_BYTES), "rx": In(1), "tx": Out(1), "o": In(stream.Signature(8 * output)),
            **{name: Out(stream.Signature(8 * size)) for name, size in inputs.items()},
            "received": Out(1), "waiting": Out(1),
            **({"i__last": Out(1), "o__last": In(1), "restarts": Out(1)} if framed else {}),
        })
        self._inputs, self._output, self._divisor, self._framed = dict(inputs), output, divisor, framed

    def elaborate(self, platform) -> Module:
        """Build the serial port, the queue, and what takes up one command after the other."""
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(divisor=self._divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self._divisor)
        m.submodules.queue = queue = ShiftFifo(width=8, depth=QUEUE_BYTES)
        bytes_in = stream.Signature(8).create(path=("byte_in",))
        bytes_out = stream.Signature(8).create(path=("byte_out",))
        m.d.comb += [
            receiver.pin.eq(self.rx),
            self.tx.eq(transmitter.pin),
            queue.i.payload.eq(receiver.o.payload),
            queue.i.valid.eq(receiver.o.valid),
            self.received.eq(receiver.o.valid),
            bytes_in.payload.eq(queue.o.payload),
            bytes_in.valid.eq(queue.o.valid),
            queue.o.ready.eq(bytes_in.ready),
            transmitter.i.payload.eq(bytes_out.payload),
            transmitter.i.valid.eq(bytes_out.valid),
            bytes_out.ready.eq(transmitter.i.ready),
        ]
        self._serve(m, bytes_in, bytes_out)
        return m

    def _serve(self, m: Module, bytes_in: stream.Interface, bytes_out: stream.Interface) -> None:
        """One command after the other: states, a bit each; what one waits for leads to the next."""
        most = max(DIGEST_BYTES, self._output, *self._inputs.values())
        data = Signal(8 * most, reset_less=True)
        left = Signal(range(most + 1), reset_less=True, attrs=note("Bytes left of a payload, in or out"))
        command = Signal(8, reset_less=True, attrs=note("The byte that an answer begins with"))
        last_byte_arrives = Signal()
        at_command = Signal(init=1, attrs=note("State: the next byte is a command"))
        at_result = Signal(attrs=note("State: waits for the result"))
        at_answer = Signal(attrs=note("State: sends the byte of the command"))
        at_send = Signal(attrs=note("State: sends the payload of the answer"))
        any_left = Signal()
        sends = Signal()
        sent = Signal()
        command_arrives = Signal()
        m.d.comb += [
            last_byte_arrives.eq(bytes_in.valid & (left == 1)),
            command_arrives.eq(at_command & bytes_in.valid),
            self.waiting.eq(~at_command),
            self.o.ready.eq(at_result),
            any_left.eq(left.any()),
            sends.eq(at_send & any_left),
            sent.eq(at_send & ~any_left),
            bytes_out.valid.eq(at_answer | sends),
            bytes_out.payload.eq(Mux(at_answer, command, data[:8])),
        ]
        begins = {name: self._begins(m, name, command_arrives, bytes_in.payload) for name in ("ping", *self._inputs)}
        collects = {name: Signal(name=f"at_collect_{name}", attrs=note(f"State: takes in a beat of {name}"))
                    for name in self._inputs}
        offered: dict[str, Value] = {name: self._play(m, name, begins[name], collects[name], last_byte_arrives)
                                     for name in self._inputs}
        asked: Value = offered.pop("i")
        over, more = sent, None
        if self._framed:
            # A frame's results are asked for with its last beat, and one after the other.
            more, over = Signal(), Signal()
            m.d.comb += [self.i__last.eq(command == LAST), over.eq(sent & ~more), self.restarts.eq(begins["ping"])]
            offered["more"], asked = asked & ~self.i__last, (asked & self.i__last) | (sent & more)
        _state(m, at_command, enter=over, leave=Cat(begins.values()).any())
        _state(m, at_result, enter=asked, leave=self.o.valid)
        answers = Signal()
        m.d.comb += answers.eq(begins["ping"] | (at_result & self.o.valid) | Cat(offered.values()).any())
        _state(m, at_answer, enter=answers, leave=bytes_out.ready)
        _state(m, at_send, enter=at_answer & bytes_out.ready, leave=sent)
        collecting = Signal()
        moves = Signal()
        m.d.comb += [
            collecting.eq(Cat(collects.values()).any()),
            bytes_in.ready.eq(at_command | collecting),
            moves.eq(at_command | at_result | (collecting & bytes_in.valid) | (sends & bytes_out.ready)),
        ]
        begun, left_after = self._payload_bytes(m, begins), Signal.like(left, attrs={})
        m.d.comb += left_after.eq(Mux(at_command, begun, Mux(at_result, self._output, left - 1)))
        with m.If(moves):
            m.d.sync += left.eq(left_after)
        with m.If(at_command):
            m.d.sync += command.eq(bytes_in.payload)
        if more is not None:
            with m.If(at_command):
                m.d.sync += more.eq(0)
            with m.If(at_result & self.o.valid):
                m.d.sync += [more.eq(~self.o__last), command.eq(Mux(self.o__last, LAST, COMMANDS["i"]))]
        self._move(m, data, bytes_in.payload, moves=moves, at_command=at_command, at_result=at_result)

    def _move(self, m: Module, data: Signal, byte_in: Value, *, moves: Signal, at_command: Signal,
              at_result: Signal) -> None:
        """One register for all payloads: they come in from above, byte by byte, and leave from below."""
        # What is above a shorter answer does not matter: what is shifted in costs nothing.
        shifted = Cat(data[8:], byte_in)
        digest = Cat(self.digest, shifted[8 * DIGEST_BYTES:])
        result = Signal(8 * self._output, name="result_or_shifted")
        answer = Signal(8 * max(self._output, DIGEST_BYTES), name="answer_or_shifted")
        m.d.comb += [result.eq(Mux(at_result, self.o.payload, shifted)),
                     answer.eq(Mux(at_command, digest, Cat(result, shifted[len(result):])))]
        with m.If(moves):
            m.d.sync += data.eq(Cat(answer, shifted[len(answer):]))
        for name, size in self._inputs.items():
            m.d.comb += getattr(self, name).payload.eq(data[-8 * size:])

    def _payload_bytes(self, m: Module, begins: Mapping[str, Value]) -> Value:
        """How many bytes follow a command, or are answered to a ping."""
        count, most = Const(0, 0), 0
        for name, size in {"ping": DIGEST_BYTES, **self._inputs}.items():
            before, most = count, max(most, size)
            count = Signal(range(most + 1), name=f"payload_bytes_{name}")
            m.d.comb += count.eq(Mux(begins[name], size, before))
        return count

    def _begins(self, m: Module, name: str, comes: Value, byte: Value) -> Signal:
        """Whether a command comes."""
        code = PING if name == "ping" else COMMANDS[name]
        codes = f"{chr(code)} or {chr(LAST)}" if self._framed and name == "i" else chr(code)
        begins = Signal(name=f"begins_{name}", attrs=note(f"Command {codes}"))
        called = byte == code
        m.d.comb += begins.eq(comes & (called | (byte == LAST) if self._framed and name == "i" else called))
        return begins

    def _play(self, m: Module, name: str, begins: Signal, at_collect: Signal, last_comes: Value) -> Signal:
        """The states that take a payload in and hand it to a stream; returns whether it is taken now."""
        target, offered = getattr(self, name), Signal(name=f"offered_{name}")
        at_offer = Signal(name=f"at_offer_{name}", attrs=note(f"State: offers the beat of {name}"))
        _state(m, at_collect, enter=begins, leave=last_comes)
        _state(m, at_offer, enter=at_collect & last_comes, leave=target.ready)
        m.d.comb += [target.valid.eq(at_offer), offered.eq(at_offer & target.ready)]
        return offered


def _state(m: Module, state: Signal, *, enter: Value, leave: Value) -> None:
    """A state that is entered, and left when something is so."""
    m.d.sync += state.eq(enter | (state & ~leave))

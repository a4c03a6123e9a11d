"""A self-test of a unit in hardware: a counter feeds it, and a checksum of its outputs is compared with a constant.

The checksum is that of built-in self-test, a multiple-input signature register: with the outputs y in order, each taken
as an unsigned number, ::

    state = 2**32 - 1 at first,  state = (state * x mod P(x)) ^ y   for each y

where state stands for a polynomial over GF(2) and P is CRC-32's, x^32 + x^26 + ... + 1. P is primitive: each of up to
2**32 - 1 beats has a weight of its own, so that no two swapped outputs go unseen, and a random fault passes with a
probability of 2**-32.
"""

from collections.abc import Iterable

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from quadcim.boards.vcu128.units import StreamUnit
from quadcim.hw.emit.notes import note
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format

__all__ = ["SelfTest", "checksum", "stimulus"]

_POLYNOMIAL = 0x04C11DB7
_CHECKSUM_BITS = 32
_CHECKSUM_START = (1 << _CHECKSUM_BITS) - 1
_MAX_BEATS_LOG2 = 20


def _beats_log2(width: int) -> int:
    return min(width, _MAX_BEATS_LOG2)


def _stride(width: int) -> int:
    """1 if all inputs are fed; else one that walks once through the range and changes the low bits on the way."""
    return (1 << (width - _beats_log2(width))) | 1


def stimulus(fmt: Format) -> list[int]:
    """List the raw inputs of a self-test in order: all of them up to 20 bits, else 2**20 across the range."""
    mask, low, stride = (1 << fmt.width) - 1, fmt.minimum, _stride(fmt.width)
    # `Format.wrap`, in a form that is fast for a million numbers.
    return [(x - low & mask) + low for x in range(0, stride << _beats_log2(fmt.width), stride)]


def checksum(outputs: Iterable[int], *, width: int) -> int:
    """Compute the checksum of raw outputs of `width` bits."""
    state, mask = _CHECKSUM_START, (1 << width) - 1
    divisor = 1 << _CHECKSUM_BITS | _POLYNOMIAL
    for y in outputs:
        state <<= 1
        if state >> _CHECKSUM_BITS:
            state ^= divisor
        state ^= y & mask
    return state


class SelfTest(wiring.Component):
    """Feeds a unit with `stimulus`, accumulates the `checksum` of what comes out, and compares it.

    The unit is fed and drained in every cycle, also after the end. The reset of the domain "sync" restarts the test.
    Latency: ``done`` rises 2 cycles after the last beat of the test leaves the unit; if a beat is lost, it never does.

    Parameters
    ----------
    unit : StreamUnit
        The unit, in the domain "sync"; it becomes a submodule.
    expected : int
        The checksum of a unit without fault.

    Attributes
    ----------
    passed, failed : Out(1)
        The verdict; both low until the end.
    done : Out(1)
        The test has ended.

    Raises
    ------
    IllegalSetting
        If `expected` is no 32-bit number.
    """

    passed: Signal
    failed: Signal
    done: Signal

    def __init__(self, *, unit: StreamUnit, expected: int):
        if not 0 <= expected < 1 << _CHECKSUM_BITS:
            raise IllegalSetting("expected", f"0 to {(1 << _CHECKSUM_BITS) - 1}", expected)
        super().__init__({"passed": Out(1), "failed": Out(1), "done": Out(1)})
        self._unit = unit
        self._expected = expected

    def elaborate(self, platform) -> Module:
        """Build stimulus, checksum and verdict."""
        m = Module()
        m.submodules.unit = unit = self._unit
        width = len(unit.i.payload)

        # ---- Stimulus
        x = Signal(width)
        x_next = Signal(width)
        m.d.comb += [
            x_next.eq(x + _stride(width)),
            unit.i.payload.eq(x),
            unit.i.valid.eq(1),
        ]
        if not unit.o.signature.always_ready:
            m.d.comb += unit.o.ready.eq(1)
        with m.If(unit.i.ready):
            m.d.sync += x.eq(x_next)

        # ---- Checksum of the first 2**_beats_log2 outputs
        state = Signal(_CHECKSUM_BITS, init=_CHECKSUM_START)
        feedback = Signal(_POLYNOMIAL.bit_length(), attrs=note("CRC-32, where a bit leaves the checksum"))
        state_shifted = Signal(_CHECKSUM_BITS)
        state_next = Signal(_CHECKSUM_BITS)
        beat = Signal(_beats_log2(width))
        beat_next = Signal(_beats_log2(width))
        counts = Signal()
        finished = Signal()
        m.d.comb += [
            counts.eq(unit.o.valid & ~finished),
            feedback.eq(Mux(state[-1], _POLYNOMIAL, 0)),
            state_shifted.eq((state << 1) ^ feedback),
            state_next.eq(state_shifted ^ unit.o.payload.as_unsigned()),
            beat_next.eq(beat + 1),
        ]
        with m.If(counts):
            m.d.sync += [state.eq(state_next), beat.eq(beat_next), finished.eq(beat.all())]

        # ---- Verdict
        equal = Signal()
        m.d.comb += equal.eq(state == self._expected)
        m.d.sync += [self.done.eq(finished), self.passed.eq(finished & equal), self.failed.eq(finished & ~equal)]
        return m

"""Narrowing in hardware: what `quadcim.spec.narrow.Narrow` says, of a signal."""

from amaranth.hdl import Module, Mux, Shape, Signal, Value

from quadcim.spec.narrow import Narrow

__all__ = ["narrow"]


def narrow(m: Module, value: Value, how: Narrow) -> Value:
    """``overflow(round(value * 2**-shift))``, combinational."""
    rounded = _rounded(value, how)
    out = how.output
    result = Signal(Shape(out.width, out.signed), name="narrowed")
    if how.overflow == "saturate":
        shifted = Signal(rounded.shape(), name="rounded")
        m.d.comb += shifted.eq(rounded)
        rounded = Mux(shifted > out.maximum, out.maximum, shifted)
        if shifted.shape().signed:  # tools warn of comparisons that cannot hold
            rounded = Mux(shifted < out.minimum, out.minimum, rounded)
    m.d.comb += result.eq(rounded)
    return result


def _rounded(value: Value, how: Narrow) -> Value:
    if how.shift <= 0:
        return value << -how.shift
    half = 1 << how.shift - 1
    match how.rounding:
        case "floor":
            return value >> how.shift
        case "half_up":
            return (value + half) >> how.shift
        case "half_even":
            return (value + (half - 1) + (value >> how.shift)[0]) >> how.shift
        case "half_away":
            negative = value < 0
            return (value + half - negative) >> how.shift

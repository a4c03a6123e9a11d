"""The choice of one of several values by its number."""

from collections.abc import Sequence

from amaranth.hdl import Mux, Value

__all__ = ["choose"]


def choose(choices: Sequence[Value], number: Value) -> Value:
    """``choices[number]`` by multiplexers of two, one layer for each bit of the number."""
    layer = list(choices)
    for bit in number:
        pairs = [layer[index:index + 2] for index in range(0, len(layer), 2)]
        layer = [Mux(bit, pair[1], pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
    return layer[0]

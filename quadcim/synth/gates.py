"""A mapped netlist as gates and flip-flops: each cell is taken apart as its library says what it does."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from quadcim.synth.expression import Expression
from quadcim.synth.liberty import Library

__all__ = ["take_apart"]

Bit = int | str
_OPERATORS = {"&": "$_AND_", "|": "$_OR_", "^": "$_XOR_"}


def take_apart(module: Mapping[str, Any], library: Library) -> dict[str, Any]:
    """The module of Yosys's JSON in gates of `quadcim.sim.netlist`, with the same numbers of nets.

    A reset that acts at once is one that acts on what a flip-flop gives, and on what it takes at the next edge.

    Raises
    ------
    ValueError
        If a flip-flop is not clocked by a pin alone.
    """
    cells: dict[str, dict[str, Any]] = {}
    last = max((bit for net in module["netnames"].values() for bit in net["bits"] if isinstance(bit, int)), default=1)

    def gate(kind: str, target: Bit | None = None, **pins: Bit) -> Bit:
        nonlocal last
        if target is None:
            target = last = last + 1
        output = "Q" if kind == "$_DFF_P_" else "Y"
        cells[str(len(cells))] = {"type": kind, "connections": {name: [bit] for name, bit in pins.items()}
                                  | {output: [target]}}
        return target

    for instance in module["cells"].values():
        if instance["type"] == "$scopeinfo":
            continue
        kind = library.cells[instance["type"]]
        pins: dict[str, Bit] = {name: bits[0] for name, bits in instance["connections"].items() if bits}
        state = kind.flip_flop
        if state is not None:
            if state.clock.kind != "pin":
                raise ValueError(f"{kind.name} is not clocked by the rising edge of a pin")
            last += 1
            held: Bit = last
            data = _build(state.data, pins | {state.state: held}, gate)
            given = held
            for forced, value in ((state.preset, "1"), (state.clear, "0")):
                if forced is not None:
                    choice = _build(forced, pins, gate)
                    data, given = (gate("$_MUX_", A=bit, B=value, S=choice) for bit in (data, given))
            gate("$_DFF_P_", held, C=pins[state.clock.name], D=data)
            pins |= {state.state: given, state.inverse: gate("$_NOT_", A=given)}
        for pin in kind.outputs:
            if pin.name in pins and pin.function is not None:
                _build(pin.function, pins, gate, pins[pin.name])
    return {"cells": cells, "ports": module["ports"], "netnames": {}}


def _build(expression: Expression, pins: Mapping[str, Bit], gate: Callable[..., Bit], target: Bit | None = None) -> Bit:
    """The gates of an expression, and where its value is: at `target`, if that is given."""
    if expression.kind == "pin":
        bit = expression.name if expression.name in ("0", "1") else pins.get(expression.name, "x")
        return bit if target is None else gate("$_OR_", target, A=bit, B="0")
    *first, last = (_build(operand, pins, gate) for operand in expression.operands)
    if expression.kind == "~":
        return gate("$_NOT_", target, A=last)
    operator = _OPERATORS[expression.kind]
    return gate(operator, target, A=reduce(lambda a, b: gate(operator, A=a, B=b), first), B=last)

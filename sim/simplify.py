"""Gates that constants make simpler, or that nothing reads, are left out: modules are mapped one by one before."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quadcim.sim.hierarchy import OPERATIONS, PINS, Gates, Nets

__all__ = ["simplified"]

_FUNCTIONS: dict[str, Callable[[int, int, int], int]] = {
    "$_NOT_": lambda a, _b, _s: 1 - a, "$_AND_": lambda a, b, _s: a & b, "$_OR_": lambda a, b, _s: a | b,
    "$_XOR_": lambda a, b, _s: a ^ b, "$_MUX_": lambda a, b, s: b if s else a,
    "$_ANDNOT_": lambda a, b, _s: a & (1 - b), "$_ORNOT_": lambda a, b, _s: a | (1 - b),
    "$_NAND_": lambda a, b, _s: 1 - (a & b), "$_NOR_": lambda a, b, _s: 1 - (a | b),
    "$_XNOR_": lambda a, b, _s: 1 - (a ^ b)}
_UNKNOWN, _KEPT, _SAME, _NOT = 2, 0, 2, 2 + len(PINS)
"""What is known of a net beside 0 and 1; and what becomes of a gate: it is kept, a constant (-2 and -1), the same as a
pin (from `_SAME` on), or what a pin is not (from `_NOT` on)."""


def _outcome(function: Callable[[int, int, int], int], known: tuple[int, ...]) -> int:
    """What becomes of a gate of which so much is known: each pin is 0, 1 or unknown."""
    tried = list(itertools.product(*((0, 1) if value == _UNKNOWN else (value,) for value in known)))
    results = [function(*pins) for pins in tried]
    if len({*results}) == 1:
        return results[0] - 2
    for pin, value in enumerate(known):
        if value == _UNKNOWN and results == [pins[pin] for pins in tried]:
            return _SAME + pin
        if value == _UNKNOWN and results == [1 - pins[pin] for pins in tried]:
            return _NOT + pin
    return _KEPT


_OUTCOMES = np.array([[_outcome(_FUNCTIONS[name], known) for known in itertools.product(range(3), repeat=len(PINS))]
                      for name in OPERATIONS], dtype=np.int8).reshape(len(OPERATIONS), *[3] * len(PINS))


def simplified(gates: Gates, level: Nets) -> Gates:
    """The same function of gates that are needed.

    Parameters
    ----------
    gates : Gates
        The design.
    level : ndarray, shape (gates,)
        Of each gate the length of the longest way to it.
    """
    return _pruned(_folded(gates, level))


def _folded(gates: Gates, level: Nets) -> Gates:
    """With what constants decide decided."""
    same = np.arange(gates.nets)
    # A flip-flop without a clock stays what it is.
    still = gates.registers[2] < 2
    same[gates.registers[0, still]] = gates.initial[still]
    kinds, operands, kept = gates.kinds.copy(), gates.operands.copy(), np.ones(len(gates.kinds), dtype=np.bool_)
    ranked = np.argsort(level, kind="stable")
    for layer in np.split(ranked, np.flatnonzero(np.diff(level[ranked])) + 1):
        pins = operands[:, layer] = same[operands[:, layer]]
        outcome = _OUTCOMES[(kinds[layer], *np.minimum(pins, _UNKNOWN))]
        constant, passed, inverted = outcome < 0, (outcome >= _SAME) & (outcome < _NOT), outcome >= _NOT
        same[gates.outputs[layer[constant]]] = outcome[constant] + 2
        same[gates.outputs[layer[passed]]] = pins[outcome[passed] - _SAME, passed]
        kinds[layer[inverted]] = OPERATIONS.index("$_NOT_")
        operands[0, layer[inverted]] = pins[outcome[inverted] - _NOT, inverted]
        kept[layer[constant | passed]] = False
    # Pins that a gate of its kind does not have are constant.
    operands[1:, kinds == OPERATIONS.index("$_NOT_")] = 0
    folded = replace(gates, kinds=kinds[kept], operands=operands[:, kept], outputs=gates.outputs[kept],
                     registers=gates.registers[:, ~still], initial=gates.initial[~still])
    return folded.renumbered(same)


def _pruned(gates: Gates) -> Gates:
    """Without the gates and flip-flops that nothing reads which is read itself; all memories stay."""
    count = len(gates.kinds)
    driver = np.full(gates.nets, -1, dtype=np.int64)
    driver[gates.outputs] = np.arange(count)
    driver[gates.registers[0]] = np.arange(count, count + gates.registers.shape[1])
    inputs = np.concatenate([gates.operands, np.tile(gates.registers[1], (len(PINS), 1))], axis=1)
    needed: NDArray[np.bool_] = np.zeros(gates.nets, dtype=np.bool_)
    found = np.concatenate([
        *(bits for way, bits in gates.ports.values() if way == "output"),
        *(bits for cell in gates.memories for pin, bits in cell.pins.items() if pin != "RD_DATA")])
    while len(found):
        needed[found] = True
        drivers = np.unique(driver[found])
        found = np.unique(inputs[:, drivers[drivers >= 0]])
        found = found[~needed[found]]
    kept, held = needed[gates.outputs], needed[gates.registers[0]]
    return replace(gates, kinds=gates.kinds[kept], operands=gates.operands[:, kept], outputs=gates.outputs[kept],
                   registers=gates.registers[:, held], initial=gates.initial[held])

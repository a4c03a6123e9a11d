"""A network of random integers, for engines that are tried without a trained one."""

import random

from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, FrozenInr, FrozenLayer, hidden_overflow
from quadcim.spec.inr_engine import InrEngine
from quadcim.spec.narrow import Overflow

__all__ = ["random_network"]

_VARIETY = 3
"""Fraction bits of weights, and so shifts, that the results of a layer have."""


def random_network(engine: InrEngine, seed: int = 0) -> FrozenInr:
    """A network of an engine's shape: weights of all sizes, and sums that reach all of their results."""
    draw, activation = random.Random(seed), engine.activation
    shape = (1 << engine.coordinate.fraction_bits,) * engine.sizes[0]
    layers: list[FrozenLayer] = []
    given = engine.coordinate
    for number, (outputs, inputs) in enumerate(engine.shapes):
        last = number == len(engine.shapes) - 1
        wanted = (PIXEL, "saturate") if last else (activation.input, hidden_overflow(activation))
        layers.append(_layer(draw, given, *wanted, engine.weight_bits[number], outputs, inputs))
        given = activation.output
    return FrozenInr(shape, activation, tuple(layers))


def _layer(draw: random.Random, given: Format, wanted: Format, overflow: Overflow, bits: int,  # noqa: PLR0917 - one use
           outputs: int, inputs: int) -> FrozenLayer:
    """Sums that are about as large as the result's format, or a few times as large where they may wrap."""
    reach = 2.0 ** (wanted.width - wanted.fraction_bits - 1)
    grows = (inputs - 1).bit_length() // 2
    fraction = bits - 1 + grows - round(reach).bit_length() + (0 if overflow == "saturate" else -1)
    least = max(-given.fraction_bits, -wanted.fraction_bits)
    fractions = [max(fraction + draw.randrange(_VARIETY) - 1, least) for _ in range(outputs)]
    top = 1 << bits - 1
    weight = tuple(tuple(draw.randrange(-top, top) for _ in range(inputs)) for _ in range(outputs))
    shift = tuple(part + given.fraction_bits - wanted.fraction_bits for part in fractions)
    middle = (wanted.minimum + wanted.maximum + 1) / 2 ** (wanted.fraction_bits + 1)
    bias = [round((middle + draw.uniform(-0.5, 0.5) * reach) * 2.0 ** (part + given.fraction_bits))
            for part in fractions]
    if overflow == "wrap":
        bias = [Format(True, wanted.integer_bits, wanted.fraction_bits + low).wrap(raw)
                for raw, low in zip(bias, shift, strict=True)]
    return FrozenLayer(given, wanted, overflow, bits, weight, tuple(bias), shift)

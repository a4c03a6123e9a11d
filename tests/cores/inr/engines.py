"""Random engines, and an independent reference of what they render, from docs/inr.md alone."""

import random
from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np

from quadcim.cores.inr.network import random_network
from quadcim.hw.activation.plans import unit_integers
from quadcim.models.activation import golden
from quadcim.spec.activation import Activation
from quadcim.spec.folding import legal_foldings
from quadcim.spec.formats import Format
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.inr import activation_formats
from quadcim.spec.inr_engine import InrEngine, InrIntegers

__all__ = ["random_engine", "reference_pixels"]

_FUNCTIONS = ("sine", "relu", "gaussian", "finer", "gabor", "tanh")


def random_engine(seed) -> tuple[InrEngine, InrIntegers]:
    """Any sizes, widths, foldings, stages and activation."""
    draw = random.Random(f"engine {seed}")
    sizes = (draw.randint(1, 3), *(draw.choice([1, 2, 3, 4, 6, 8, 12]) for _ in range(draw.randint(1, 3))),
             draw.randint(1, 4))
    foldings = tuple(draw.choice(legal_foldings(after, before)) for before, after in pairwise(sizes))
    if draw.random() < 0.5:
        activation = Activation("quad", *activation_formats(draw.randint(3, 9)))
    else:
        name = draw.choice(_FUNCTIONS)
        activation = Activation(name, *usual_formats(find_function(name), draw.randint(5, 9)), "faithful")
    most = 1 + max((folding.simd - 1).bit_length() for folding in foldings)
    engine = InrEngine(Format(True, 1, draw.randint(1, 8)), sizes, activation,
                       tuple(draw.randint(2, 10) for _ in foldings), foldings, draw.randint(0, most),
                       draw.randint(0, 2))
    return engine, InrIntegers(random_network(engine, draw.getrandbits(20)), unit_integers(engine.unit))


def reference_pixels(payload: int, engine: InrEngine, integers: InrIntegers) -> list[int]:
    """The payloads of a command's pixels, in exact rationals.

    Activations alone are those of the golden model, which has references of its own.
    """
    function = golden(engine.activation, integers.activation)
    width, axes = engine.coordinate.width, engine.sizes[0]

    def element(low: int, bits: int) -> int:
        return payload >> low & (1 << bits) - 1

    starts = [element(axis * width, width) for axis in range(axes)]
    steps = [element((axes + axis) * width, width) for axis in range(axes)]
    counts = [element(2 * axes * width + 16 * axis, 16) + 1 for axis in range(axes)]
    pixels = []
    for place in np.ndindex(*counts[::-1]):
        vector = [_signed(start + step * index, width)
                  for start, step, index in zip(starts, steps, place[::-1], strict=True)]
        for number, layer in enumerate(integers.network.layers, 1):
            vector = [_narrowed(layer, output, vector) for output in range(len(layer.weight))]
            if number < len(integers.network.layers):
                import torch

                vector = function(torch.tensor(vector)).tolist()
        bits = integers.network.layers[-1].output.width
        pixels.append(sum((value & (1 << bits) - 1) << bits * channel for channel, value in enumerate(vector)))
    return pixels


def _narrowed(layer, output: int, vector: list[int]) -> int:
    total = sum(w * x for w, x in zip(layer.weight[output], vector, strict=True)) + layer.bias[output]
    rounded = floor(Fraction(total) / Fraction(2) ** layer.shift[output] + Fraction(1, 2))
    fmt = layer.output
    if layer.overflow == "saturate":
        return max(fmt.minimum, min(fmt.maximum, rounded))
    return _signed(rounded, fmt.width)


def _signed(value: int, width: int) -> int:
    return (value + (1 << width - 1)) % (1 << width) - (1 << width - 1)

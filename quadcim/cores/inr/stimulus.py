"""What an engine is tried with, and what must come out."""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quadcim.sim.payload import field_bits, pack, to_integers
from quadcim.sim.stimulus import WithoutWrites
from quadcim.spec.inr import FrozenInr
from quadcim.spec.inr_engine import Command, InrEngine
from quadcim.spec.integers import Integers
from quadcim.spec.timing import Frame

__all__ = ["InrStimulus", "coordinates_of"]

_CYCLES, _LEAST, _MOST, _LONGEST = 4000, 6, 24, 12
"""Of the commands that a case ships: about so many cycles, from so many commands to so many, of at most 12 pixels."""


def coordinates_of(command: Command, engine: InrEngine) -> NDArray[np.int64]:
    """The raw coordinates that a command names, samples x axes; sums that leave the format wrap."""
    fmt, axes = engine.coordinate, [np.arange(last + 1, dtype=np.int64) for last in command.last]
    grids = np.meshgrid(*axes[::-1], indexing="ij")[::-1]
    raws = [start + step * grid.reshape(-1)
            for start, step, grid in zip(command.start, command.step, grids, strict=True)]
    wrapped = (np.stack(raws, axis=-1) - fmt.minimum) % (1 << fmt.width) + fmt.minimum
    return wrapped.astype(np.int64)


class InrStimulus(WithoutWrites):
    """Corners and random regions of an engine's picture.

    Parameters
    ----------
    engine, network, activation
        The engine, its integers, and those of its activation.
    """

    def __init__(self, engine: InrEngine, network: FrozenInr, activation: Integers):
        self._engine, self._network, self._activation = engine, network, activation

    def inputs(self) -> list[int]:
        """The corners of the picture, its first pixels, and random regions."""
        engine, fmt = self._engine, self._engine.coordinate
        axes = engine.sizes[0]
        ends = [Command((end,) * axes, (0,) * axes, (0,) * axes) for end in (fmt.minimum, fmt.maximum, 0)]
        few = Command((fmt.minimum + 1,) * axes, (2,) * axes, (3, *(1,) * (axes - 1)))
        count = min(max(_CYCLES // (engine.pixel_cycles * _LONGEST // 2), _LEAST), _MOST)
        return [command.payload(fmt) for command in (*ends, few)] + self.random_inputs(count, seed=0)

    def random_inputs(self, count: int, seed: int) -> list[int]:
        """Regions of a few pixels that start, step and end anywhere."""
        draw, fmt, axes = random.Random(seed), self._engine.coordinate, self._engine.sizes[0]
        payloads = []
        for _ in range(count):
            left, last = draw.randint(1, _LONGEST), []
            for _axis in range(axes):
                last.append(draw.randrange(left))
                left //= last[-1] + 1
            start, step = (tuple(draw.randint(fmt.minimum, fmt.maximum) for _ in range(axes)) for _ in range(2))
            payloads.append(Command(start, step, tuple(draw.sample(last, axes))).payload(fmt))
        return payloads

    def _commands(self, payloads: Sequence[int]) -> list[Command]:
        return [Command.from_payload(payload, self._engine.sizes[0], self._engine.coordinate) for payload in payloads]

    def frames(self, payloads: Sequence[int]) -> list[Frame]:
        """A command is a beat; its pixels are those of its region."""
        return [Frame(1, command.samples, command.samples * self._engine.pixel_cycles)
                for command in self._commands(payloads)]

    def expected(self, payloads: Sequence[int]) -> list[int]:
        """What the golden model makes of commands."""
        raws = [coordinates_of(command, self._engine) for command in self._commands(payloads)]
        if not raws:
            return []
        pixels = self.golden(np.concatenate(raws))
        return to_integers(pack(field_bits(pixels, self._network.layers[-1].output.width)))

    def golden(self, coordinates: NDArray[np.int64]) -> NDArray[np.int64]:
        """The golden model's samples at raw coordinates, samples x axes to samples x channels."""
        import torch

        from quadcim.models.activation import golden
        from quadcim.models.inr.inference import evaluate

        function = golden(self._network.activation, self._activation)
        return evaluate(self._network, torch.from_numpy(coordinates), function).numpy()

    def keeps_promises(self) -> bool:
        """There are none but the integers themselves."""
        return True

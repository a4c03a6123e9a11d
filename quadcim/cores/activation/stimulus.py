"""What an activation unit is tried with, and what must come out."""

from collections.abc import Sequence

import numpy as np

from quadcim.sim.stimulus import WithoutWrites
from quadcim.sim.vectors import random_inputs, vector_inputs
from quadcim.spec.formats import Format
from quadcim.spec.integers import Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.unit import ActivationUnit

__all__ = ["ActivationStimulus"]

_DOUBT_ULP = 3e-6


class ActivationStimulus(WithoutWrites):
    """Every input of an activation unit where that is feasible, else edges and random ones."""

    def __init__(self, unit: ActivationUnit, integers: Integers):
        self._activation, self._integers = unit.activation, integers

    def inputs(self) -> list[int]:
        """The beats that a case ships."""
        return self._payloads(vector_inputs(self._activation.input), self._activation.input)

    def random_inputs(self, count: int, seed: int) -> list[int]:
        """Uniformly random inputs."""
        return self._payloads(random_inputs(self._activation.input, count, seed), self._activation.input)

    def expected(self, payloads: Sequence[int]) -> list[int]:
        """What the golden model makes of beats."""
        raws = self.golden([self._activation.input.wrap(payload) for payload in payloads])
        return self._payloads(raws, self._activation.output)

    def golden(self, raws: Sequence[int]) -> list[int]:
        """The golden model's raw outputs."""
        import torch

        from quadcim.models.activation import golden

        return golden(self._activation, self._integers)(torch.tensor(raws, dtype=torch.int64)).tolist()

    def keeps_promises(self) -> bool:
        """Whether every result is one that the rounding admits, and none errs more than the integers say.

        Of a user's function a manifest holds no values, so that its errors are what the manifest says. Phi's heap and
        the baselines are derived when a case is read; only a piecewise form's error was measured.
        """
        activation, integers = self._activation, self._integers
        if activation.samples is not None or not isinstance(integers, PiecewiseIntegers):
            return True
        from quadcim.fit.reference import admitted_outputs, real_values

        values, bits = real_values(activation), activation.input_bits
        outputs = np.array(self.golden([activation.input.wrap(raw) for raw in range(1 << bits)]))
        least, greatest = admitted_outputs(activation, values)
        error = np.abs(outputs - np.clip(values, activation.output.minimum, activation.output.maximum)).max()
        return bool(((least <= outputs) & (outputs <= greatest)).all()) and (
            abs(error - integers.max_error_ulp) < _DOUBT_ULP)

    @staticmethod
    def _payloads(raws: Sequence[int], fmt: Format) -> list[int]:
        mask = (1 << fmt.width) - 1
        return [raw & mask for raw in raws]

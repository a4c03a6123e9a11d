"""The steps of the Taylor sine unit, planned without elaborating anything. Standard library only."""

from quadcim.spec.activation import Activation
from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step
from quadcim.spec.taylor import TaylorIntegers

__all__ = ["TaylorPlan"]


def _multiplier_ps(delays: DelayModel, left: int, right: int) -> int:
    """Delay of a multiplier: its partial products, the levels of a Dadda tree, and an adder."""
    rows, levels = 2, 0
    while rows < min(left, right):
        rows, levels = rows * 3 // 2, levels + 1
    return delays.product_ps + levels * delays.full_adder_ps + delays.carry_propagate_adder_ps(left + right)


class TaylorPlan:
    """What the Taylor unit builds.

    Parameters
    ----------
    activation : Activation
        Formats; the rounding is "faithful".
    integers : TaylorIntegers
        The frozen integers.
    """

    def __init__(self, activation: Activation, integers: TaylorIntegers):
        self.activation = activation
        self.integers = integers

    @property
    def result_bits(self) -> int:
        """Width of the result, which goes from -1 to +1, or less where the output saturates."""
        output = self.activation.output
        return min(output.width, output.fraction_bits + 1 + int(output.signed))

    @property
    def saturates(self) -> bool:
        """Whether +1 is beyond the output's range."""
        return self.activation.output.maximum < 1 << self.activation.output.fraction_bits

    @property
    def wave_bits(self) -> int:
        """Width of the folded input, 0 to one quarter turn."""
        return self.integers.fraction_bits + 1

    @property
    def square_bits(self) -> int:
        """Width of the square, 0 to 1."""
        return self.integers.square_bits + 1

    def product_bits(self, k: int) -> int:
        """Width of what is subtracted from coefficient k: no more than the next coefficient."""
        return self.sum_bits(k + 1)

    def sum_bits(self, k: int) -> int:
        """Width of the sum of the terms from k on: no more than coefficient k."""
        return self.integers.coefficients[k].bit_length()

    def steps(self, delays: DelayModel) -> tuple[Step, ...]:
        """The steps, each of which may end a stage."""
        wave, square, terms = self.wave_bits, self.square_bits, self.integers.terms
        adder_ps = delays.carry_propagate_adder_ps
        # The complement before an adder counts like a partial product: a LUT absorbs it.
        steps = [Step("fold", delays.product_ps + adder_ps(wave), wave + 1),
                 Step("square", _multiplier_ps(delays, wave, wave), wave + square + 1)]
        for k in reversed(range(terms - 1)):
            held = wave + 1 + (square if k else 0)
            steps.append(Step(f"multiply_{k}", _multiplier_ps(delays, self.sum_bits(k + 1), square),
                              self.product_bits(k) + held))
            steps.append(Step(f"subtract_{k}", adder_ps(self.sum_bits(k)), self.sum_bits(k) + held))
        steps.append(Step("scale", _multiplier_ps(delays, self.sum_bits(0), wave), self.integers.output_bits + 2))
        saturate = delays.saturate_ps if self.saturates else 0
        steps.append(Step("sign", delays.product_ps + adder_ps(self.result_bits) + saturate, self.result_bits))
        return tuple(steps)

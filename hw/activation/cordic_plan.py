"""The steps of the CORDIC sine unit, planned without elaborating anything. Standard library only."""

from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step

__all__ = ["CordicPlan"]


class CordicPlan:
    """What the CORDIC unit builds.

    Parameters
    ----------
    activation : Activation
        Formats; the rounding is "faithful".
    integers : CordicIntegers
        The frozen integers.
    """

    def __init__(self, activation: Activation, integers: CordicIntegers):
        self.activation = activation
        self.integers = integers

    @property
    def saturates(self) -> bool:
        """Whether -1 or +1 is beyond the output's range."""
        output = self.activation.output
        return not output.minimum <= -(1 << output.fraction_bits) <= 1 << output.fraction_bits <= output.maximum

    @property
    def result_bits(self) -> int:
        """Width of the result before saturation, which goes from -1 to +1."""
        return self.integers.output_bits + 2

    @property
    def saturated_bits(self) -> int:
        """Width of the result after saturation."""
        return min(self.activation.output.width, self.result_bits - int(not self.activation.output.signed))

    @property
    def angle_live_bits(self) -> int:
        """Bits of the angle after the fold; those that only pad it are the fold's sign once more."""
        return min(self.integers.fraction_bits, self.integers.angle_bits) + int(self.pads_angle)

    @property
    def pads_angle(self) -> bool:
        """Whether the angle has more bits than the input."""
        return self.integers.angle_bits > self.integers.fraction_bits

    def x_low(self, iteration: int) -> int:
        """Bits of x, from the lowest, that no later iteration reads."""
        return iteration + 1 if iteration + 1 >= self.integers.x_iterations else 0

    def steps(self, delays: DelayModel) -> tuple[Step, ...]:
        """The steps, each of which may end a stage."""
        integers, last = self.integers, self.integers.iterations - 1
        steps = [Step("fold", delays.exclusive_or_ps, self.angle_live_bits + 1)]
        widths = integers.angle_widths
        for i in range(1, last + 1):
            # The complement before an adder counts like a partial product: a LUT absorbs it.
            delay = delays.product_ps + delays.carry_propagate_adder_ps(integers.vector_bits)
            angle_bits = 1 if i == last - 1 else widths[i]
            live = integers.vector_bits + (integers.vector_bits - self.x_low(i)) + angle_bits
            steps.append(Step(f"rotate_{i}", delay, self.result_bits if i == last else live))
        if self.saturates:
            steps.append(Step("saturate", delays.saturate_ps, self.saturated_bits))
        return tuple(steps)

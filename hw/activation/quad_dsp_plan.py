"""The steps of phi in one DSP48E2, planned without elaborating anything. Standard library only.

With the names of `quadcim.spec.quad`, ``ad = m - 2**F`` is the pre-adder's sum, at most 18 bits, as the squarer takes
them, and the block's adder makes ::

    s = 0:  P = Z - ad**2               Z = 2**2F + 2**shift - 1 - bias
    s = 1:  P = ~Z + RND + ad**2        RND = 2**shift

so that ``P >> shift`` is ``|Y|`` where phi is positive and ``-|Y|`` where it is negative: a floor of the one is a
ceiling of the other. The constants stand still, and s drives one bit each of ALUMODE and OPMODE.
"""

from quadcim.spec.activation import Activation
from quadcim.spec.delay import DelayModel
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.pipeline import HOLD, StagePlan, Step
from quadcim.spec.quad import QuadIntegers

__all__ = ["QuadDspPlan"]

_MOST_FRACTION_BITS = 17

# From the maximum frequencies of the block in the Virtex UltraScale+ data sheet (DS923, grade -2, 0.85 V): 544 MHz
# without the multiplier's register, 565 without the pre-adder's, 410 without both, registers of 200 ps taken off. That
# leaves 970 ps for the square, but even with all registers the block does not go beyond 775 MHz.
_PRE_ADDER_PS, _SQUARE_PS, _ADDER_PS = 600, 1090, 670
# The nets up to the block.
_INPUT_PS = 250

# What is registered before the adder, where the sign has to have as many registers as the square.
_EARLY = ("input", "difference", "square")


class QuadDspPlan:
    """What the phi unit of one DSP48E2 builds.

    Parameters
    ----------
    activation : Activation
        Formats and rounding.
    integers : QuadIntegers
        The frozen integers.

    Attributes
    ----------
    activation, integers
        As given.
    result_bits : int
        Bits of the signed result before it is saturated or extended.

    Raises
    ------
    IllegalSetting
        If the input has more than 17 fraction bits, or the square leaves terms out.
    """

    def __init__(self, activation: Activation, integers: QuadIntegers):
        if integers.fraction_bits > _MOST_FRACTION_BITS:
            raise IllegalSetting("input", f"of at most {_MOST_FRACTION_BITS} fraction bits for one DSP48E2",
                                 str(activation.input))
        if integers.dropped:
            raise IllegalSetting("rounding", "one that squares exactly for a DSP48E2: nearest or truncate",
                                 activation.rounding)
        self.activation = activation
        self.integers = integers
        self.result_bits = 2 * integers.fraction_bits - integers.shift + 2

    @property
    def addend(self) -> int:
        """Z: what the square is subtracted from, as it is or complemented."""
        integers = self.integers
        return (1 << 2 * integers.fraction_bits) + (1 << integers.shift) - 1 - integers.bias

    @property
    def negative_addend(self) -> int:
        """RND: what is added besides where phi is negative."""
        return 1 << self.integers.shift

    @property
    def may_be_negative(self) -> bool:
        """Whether some input lies where phi is negative."""
        return self.activation.input.signed or self.activation.input.integer_bits > 1

    @property
    def saturates(self) -> bool:
        """Whether +1 is beyond the output's range."""
        return self.activation.output.integer_bits < 1 + int(self.activation.output.signed)

    @property
    def clamps(self) -> bool:
        """Whether some result is below the output's range."""
        return self.may_be_negative and not self.activation.output.signed

    def steps(self, delays: DelayModel) -> tuple[Step, ...]:
        """The steps, each of which may end a stage; up to the addition that is in a register of the block."""
        f, sign = self.integers.fraction_bits, int(self.may_be_negative)
        steps = (Step("input", _INPUT_PS, f + 1 + sign), Step("difference", _PRE_ADDER_PS, f + 1 + sign),
                 Step("square", _SQUARE_PS, 2 * f + 1 + sign), Step("add", _ADDER_PS, self.result_bits))
        if self.saturates or self.clamps:
            steps += (Step("saturate", delays.saturate_ps, self.activation.output.width),)
        return steps

    @staticmethod
    def stages(plan: StagePlan) -> dict[str, int]:
        """For each step with a register after it the stage that it ends, the first one being 0."""
        return {plan.steps[cut].name: stage for stage, cut in enumerate(plan.cuts)}

    def sign_stages(self, plan: StagePlan) -> tuple[int, ...]:
        """The stages in which the sign waits for the square, the last of them in the block's control registers."""
        stages = self.stages(plan)
        return tuple(stages[name] for name in _EARLY if name in stages) if self.may_be_negative else ()

    def flip_flops(self, plan: StagePlan) -> int:
        """Payload bits in flip-flops outside the block."""
        stages = self.stages(plan)
        saturated = self.activation.output.width if "saturate" in stages else 0
        held = self.activation.input_bits if HOLD in stages else 0
        return held + max(len(self.sign_stages(plan)) - 1, 0) + saturated

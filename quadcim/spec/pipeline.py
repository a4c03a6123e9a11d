"""Where the registers of a pipeline go."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from quadcim.spec.errors import IllegalSetting

__all__ = ["HOLD", "StagePlan", "Step", "closest_stages", "fewest_stages", "plan_stages"]

HOLD = "hold"
"""Name of a step that does nothing, or the beginning of it."""
_SPARED_SHARE = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a computation; a register cut may follow it.

    Parameters
    ----------
    name : str
        What the step does.
    delay_ps : int
        Estimated delay of its logic.
    live_bits : int
        Bits that a cut after the step has to hold.
    restart_ps : int
        What the step takes beyond `delay_ps` at the start of a stage: the rest of an adder does not overlap with what
        a register has cut off.
    """

    name: str
    delay_ps: int
    live_bits: int
    restart_ps: int = 0

    @property
    def is_hold(self) -> bool:
        """Whether the step does nothing: all that it is for is the register after it."""
        return self.name.partition("_")[0] == HOLD


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Steps, and the cuts that make them a pipeline.

    Parameters
    ----------
    steps : tuple of Step
        The computation, in order.
    cuts : tuple of int
        A register follows each step whose index is listed. Unless there are none, the last cut follows the last step:
        a pipelined unit has registered outputs.
    """

    steps: tuple[Step, ...]
    cuts: tuple[int, ...]

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.cuts)

    @property
    def latency_cycles(self) -> int:
        """Cycles from an accepted beat to the beat out, with no stall."""
        return len(self.cuts)

    @property
    def register_bits(self) -> int:
        """Payload bits that the cuts hold."""
        return sum(self.steps[cut].live_bits for cut in self.cuts)

    @property
    def stage_steps(self) -> tuple[tuple[Step, ...], ...]:
        """The steps of each stage; one group if the plan is combinational."""
        edges = [0, *(cut + 1 for cut in self.cuts)] if self.cuts else [0, len(self.steps)]
        return tuple(self.steps[begin:end] for begin, end in pairwise(edges))

    @property
    def stage_delays_ps(self) -> tuple[int, ...]:
        """Estimated delay of each stage's logic."""
        return tuple(stage[0].restart_ps + sum(step.delay_ps for step in stage) for stage in self.stage_steps)

    @property
    def slowest_stage_ps(self) -> int:
        """Estimated delay of the slowest stage's logic."""
        return max(self.stage_delays_ps)

    @property
    def cost(self) -> tuple[int, int]:
        """Register bits, then how unequal the stages are: the sum of their squared delays."""
        return self.register_bits, sum(delay * delay for delay in self.stage_delays_ps)


def plan_stages(steps: Sequence[Step], stages: int) -> StagePlan:
    """Place `stages` cuts: few register bits, and the slowest stage nearly as fast as it can be.

    Of all placements whose slowest stage takes at most ::

        best + max(0, min(best / 8, (best with a stage less - best) / 2))

    the one of least `StagePlan.cost` is taken: the fewest register bits, then the most equal stages. So up to an
    eighth of the speed is given up where that saves registers, but never more than half of what the last stage brought.

    Parameters
    ----------
    steps : sequence of Step
        The computation. Every step may end a stage.
    stages : int
        0 (combinational) to the number of steps.

    Raises
    ------
    IllegalSetting
        If `stages` is out of range.
    """
    steps = tuple(steps)
    if not 0 <= stages <= len(steps):
        raise IllegalSetting("stages", f"0 to {len(steps)} for this unit", stages)
    if stages == 0:
        return StagePlan(steps, ())
    start = [0]
    for step in steps:
        start.append(start[-1] + step.delay_ps)

    def stage_ps(begin: int, end: int) -> int:
        return steps[begin].restart_ps + start[end] - start[begin]

    @cache
    def fastest(end: int, count: int) -> int:
        """The least slowest-stage delay of the first `end` steps in `count` stages."""
        if count == 1:
            return stage_ps(0, end)
        return min(max(fastest(begin, count - 1), stage_ps(begin, end)) for begin in range(count - 1, end))

    limit = best = fastest(len(steps), stages)
    if stages > 1:
        # With a stage less it may even be faster: an adder that is cut starts anew.
        limit += max(0, min(best // _SPARED_SHARE, (fastest(len(steps), stages - 1) - best) // 2))

    @cache
    def cheapest(end: int, count: int) -> tuple[int, int, tuple[int, ...]] | None:
        """(register bits, sum of squared stage delays, cuts) of the cheapest plan within `limit`."""
        options = []
        for begin in range(count - 1, end) if count > 1 else (0,):
            delay = stage_ps(begin, end)
            before = cheapest(begin, count - 1) if count > 1 else (0, 0, ())
            if delay <= limit and before is not None:
                bits, squares, cuts = before
                options.append((bits + steps[end - 1].live_bits, squares + delay * delay, (*cuts, end - 1)))
        return min(options, default=None)

    found = cheapest(len(steps), stages)
    assert found is not None  # the plan behind `best` is one
    return StagePlan(steps, found[2])


def fewest_stages(plans: Iterable[StagePlan], *, clock_mhz: float, register_ps: int) -> StagePlan:
    """The first of some plans, by rising number of stages, that meets a clock.

    Parameters
    ----------
    plans : iterable of StagePlan
        A plan for each number of stages.
    clock_mhz : float
        The clock that every stage has to meet.
    register_ps : int
        What a register takes of each cycle: clock to output and set-up.

    Raises
    ------
    IllegalSetting
        If no number of stages meets the clock.
    """
    fastest_ps = math.inf
    for plan in plans:
        if (plan.slowest_stage_ps + register_ps) * clock_mhz <= 1e6:
            return plan
        fastest_ps = min(fastest_ps, plan.slowest_stage_ps)
    fastest_mhz = 1e6 / (fastest_ps + register_ps)
    raise IllegalSetting("clock-mhz", f"at most {fastest_mhz:.0f} for this unit by the delay estimate", clock_mhz)


def closest_stages(plans: Sequence[StagePlan], *, clock_mhz: float, register_ps: int) -> tuple[StagePlan, float]:
    """As `fewest_stages`; where no plan meets the clock, the first of the fastest; and the clock that it meets."""
    fastest_ps = min(plan.slowest_stage_ps for plan in plans) + register_ps
    clock_mhz = min(clock_mhz, math.floor(1e6 / fastest_ps))
    return fewest_stages(plans, clock_mhz=clock_mhz, register_ps=register_ps), clock_mhz

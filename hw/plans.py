"""Stage plans of units, without elaborating anything."""

from quadcim.fit.freeze import freeze
from quadcim.hw.cordic_plan import CordicPlan
from quadcim.hw.piecewise_plan import PiecewisePlan
from quadcim.hw.quad_dsp_plan import QuadDspPlan
from quadcim.hw.quad_plan import QuadPlan
from quadcim.hw.taylor_plan import TaylorPlan
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers
from quadcim.spec.pipeline import HOLD, StagePlan, Step, fewest_stages, plan_stages
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.taylor import TaylorIntegers
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["Design", "stages_for_clock", "unit_design", "unit_plan", "unit_steps"]

_LONGEST_WAIT = 64

Design = QuadPlan | QuadDspPlan | PiecewisePlan | CordicPlan | TaylorPlan


def unit_design(unit: ActivationUnit, integers: Integers) -> Design:
    """What a unit builds."""
    technology = find_technology(unit.technology)
    match integers:
        case QuadIntegers() if unit.method == "dsp":
            return QuadDspPlan(unit.activation, integers)
        case QuadIntegers():
            return QuadPlan(unit.activation, integers, technology)
        case CordicIntegers():
            return CordicPlan(unit.activation, integers)
        case TaylorIntegers():
            return TaylorPlan(unit.activation, integers)
        case _:
            return PiecewisePlan(unit.activation, integers, technology)


def unit_steps(unit: ActivationUnit) -> tuple[Step, ...]:
    """The steps of a unit; it may have 0 to ``len(steps) + 1`` stages, as a register may stand before the first one."""
    design = unit_design(unit, freeze(unit))
    steps = design.steps(find_technology(unit.technology).delays)
    if isinstance(design, PiecewisePlan) and design.is_constant:  # it may wait as long as is wanted, and holds nothing
        steps += tuple(Step(f"{HOLD}_{number}", 0, 0) for number in range(2, min(unit.stages, _LONGEST_WAIT) + 1))
    return steps


def unit_plan(unit: ActivationUnit) -> StagePlan:
    """Where the registers of a unit go.

    Raises
    ------
    IllegalSetting
        If the unit has more stages than that.
    """
    steps = unit_steps(unit)
    most = len(steps) + 1
    if not 0 <= unit.stages <= most:
        raise IllegalSetting("stages", f"0 to {most} for this unit", unit.stages)
    if unit.stages == most:
        held = unit.activation.input_bits if any(step.live_bits for step in steps) else 0
        steps = (Step(HOLD, 0, held), *steps)
    return plan_stages(steps, unit.stages)


def stages_for_clock(unit: ActivationUnit, clock_mhz: float) -> int:
    """The fewest stages with which a unit meets a clock by the delay estimate, whatever its own number.

    Raises
    ------
    IllegalSetting
        If no number does.
    """
    register_ps, steps = find_technology(unit.technology).delays.register_ps, unit_steps(unit)
    plans = [plan_stages(steps, stages) for stages in range(1, len(steps) + 1)]
    return fewest_stages(plans, clock_mhz=clock_mhz, register_ps=register_ps).stages

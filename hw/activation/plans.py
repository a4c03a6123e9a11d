"""Stage plans of units, without elaborating anything."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import chain, count, islice

from quadcim.fit.freeze import deeper_forms, freeze
from quadcim.hw.activation.cordic_plan import CordicPlan
from quadcim.hw.activation.piecewise_plan import PiecewisePlan
from quadcim.hw.activation.quad_dsp_plan import QuadDspPlan
from quadcim.hw.activation.quad_plan import QuadPlan
from quadcim.hw.activation.taylor_plan import TaylorPlan
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers
from quadcim.spec.pipeline import HOLD, StagePlan, Step, closest_stages, fewest_stages, plan_stages
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.taylor import TaylorIntegers
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["Design", "closest_stages_to_clock", "stages_for_clock", "unit_design", "unit_integers",
           "unit_plan", "unit_steps"]

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


@lru_cache(maxsize=256)
def unit_integers(unit: ActivationUnit) -> Integers:
    """The frozen integers of a unit: the cheapest form that can have as many stages.

    Raises
    ------
    IllegalSetting
        As `freeze` does; or if no form can have that many stages.
    """
    most = 0
    for integers in chain([freeze(unit)], deeper_forms(unit)):
        most = max(most, len(_steps(unit, integers)) + 1)
        if 0 <= unit.stages <= most:
            return integers
    raise IllegalSetting("stages", f"0 to {most} for this unit", unit.stages)


def unit_steps(unit: ActivationUnit) -> tuple[Step, ...]:
    """The steps of a unit; it may have 0 to ``len(steps) + 1`` stages, as a register may stand before the first one."""
    return _steps(unit, unit_integers(unit))


def _steps(unit: ActivationUnit, integers: Integers) -> tuple[Step, ...]:
    design = unit_design(unit, integers)
    steps = design.steps(find_technology(unit.technology).delays)
    if isinstance(design, PiecewisePlan) and design.is_constant:  # it may wait as long as is wanted, and holds nothing
        steps += tuple(Step(f"{HOLD}_{number}", 0, 0) for number in range(2, min(unit.stages, _LONGEST_WAIT) + 1))
    return steps


def unit_plan(unit: ActivationUnit) -> StagePlan:
    """Where the registers of a unit go.

    Raises
    ------
    IllegalSetting
        As for `unit_integers`.
    """
    steps = unit_steps(unit)
    if unit.stages > len(steps):
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
    return fewest_stages(_plans(unit), clock_mhz=clock_mhz, register_ps=_register_ps(unit)).stages


def closest_stages_to_clock(unit: ActivationUnit, clock_mhz: float) -> tuple[int, float]:
    """As `stages_for_clock`, in the cheapest form; where it misses the clock, what is fastest; and the clock met."""
    plans = list(islice(_plans(unit), len(unit_steps(replace(unit, stages=0)))))
    plan, clock_mhz = closest_stages(plans, clock_mhz=clock_mhz, register_ps=_register_ps(unit))
    return plan.stages, clock_mhz


def _plans(unit: ActivationUnit) -> Iterator[StagePlan]:
    """The plans of a unit with 1 stage, 2 stages, and so on, up to the most that it can have."""
    for stages in count(1):
        try:
            yield unit_plan(replace(unit, stages=stages))
        except IllegalSetting:
            if stages == 1:
                raise  # there is no such unit
            return


def _register_ps(unit: ActivationUnit) -> int:
    return find_technology(unit.technology).delays.register_ps

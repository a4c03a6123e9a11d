"""Stage plans of units, without elaborating anything. Standard library only."""

from quadcim.hw.quad_plan import QuadPlan
from quadcim.spec.activation import Activation
from quadcim.spec.delay import DELAY_MODELS
from quadcim.spec.pipeline import StagePlan, Step, fewest_stages, plan_stages
from quadcim.spec.unit import ActivationUnit

__all__ = ["activation_steps", "stages_for_clock", "unit_plan"]


def activation_steps(activation: Activation, delay_model: str) -> tuple[Step, ...]:
    """The steps of an activation; a unit has 0 to ``len(steps)`` stages."""
    return QuadPlan(activation).steps(DELAY_MODELS[delay_model])


def unit_plan(unit: ActivationUnit) -> StagePlan:
    """Where the registers of a unit go.

    Raises
    ------
    IllegalSetting
        If the unit has fewer steps than stages.
    """
    return plan_stages(activation_steps(unit.activation, unit.delay_model), unit.stages)


def stages_for_clock(activation: Activation, delay_model: str, clock_mhz: float) -> int:
    """The fewest stages that meet a clock by the delay estimate.

    Raises
    ------
    IllegalSetting
        If none does.
    """
    steps = activation_steps(activation, delay_model)
    return fewest_stages(steps, clock_mhz=clock_mhz, register_ps=DELAY_MODELS[delay_model].register_ps).stages

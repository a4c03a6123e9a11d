"""Hardware from specifications."""

from quadcim.hw.activation.cordic import CordicUnit
from quadcim.hw.activation.cordic_plan import CordicPlan
from quadcim.hw.activation.piecewise import PiecewiseUnit
from quadcim.hw.activation.plans import unit_design, unit_integers, unit_plan
from quadcim.hw.activation.quad import QuadUnit
from quadcim.hw.activation.quad_dsp import QuadDspUnit
from quadcim.hw.activation.quad_dsp_plan import QuadDspPlan
from quadcim.hw.activation.quad_plan import QuadPlan
from quadcim.hw.activation.taylor import TaylorUnit
from quadcim.hw.activation.taylor_plan import TaylorPlan
from quadcim.hw.streams.pipeline import PipelinedUnit
from quadcim.spec.unit import ActivationUnit

__all__ = ["create_unit"]


def create_unit(unit: ActivationUnit) -> PipelinedUnit:
    """The Amaranth component of a specification."""
    design, plan = unit_design(unit, unit_integers(unit)), unit_plan(unit)
    match design:
        case QuadPlan():
            return QuadUnit(design=design, plan=plan, flow_control=unit.flow_control)
        case QuadDspPlan():
            return QuadDspUnit(design=design, plan=plan, flow_control=unit.flow_control)
        case CordicPlan():
            return CordicUnit(activation=unit.activation, integers=design.integers, plan=plan,
                              flow_control=unit.flow_control)
        case TaylorPlan():
            return TaylorUnit(activation=unit.activation, integers=design.integers, plan=plan,
                              flow_control=unit.flow_control)
        case _:
            return PiecewiseUnit(design=design, plan=plan, flow_control=unit.flow_control)

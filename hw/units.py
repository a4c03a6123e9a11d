"""Hardware from specifications."""

from quadcim.hw.pipeline import PipelinedUnit
from quadcim.hw.plans import unit_plan
from quadcim.hw.quad import QuadUnit
from quadcim.spec.unit import ActivationUnit

__all__ = ["create_unit"]


def create_unit(unit: ActivationUnit) -> PipelinedUnit:
    """The Amaranth component of a specification."""
    return QuadUnit(activation=unit.activation, plan=unit_plan(unit), flow_control=unit.flow_control)

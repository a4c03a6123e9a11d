"""The specification of an activation unit as hardware: what it computes, in how many stages, with which handshake."""

from dataclasses import dataclass
from typing import Any, Literal

from quadcim.spec.activation import Activation
from quadcim.spec.delay import DELAY_MODELS
from quadcim.spec.errors import IllegalSetting

__all__ = ["FLOW_CONTROLS", "ActivationUnit", "FlowControl"]

FlowControl = Literal["elastic", "always"]
FLOW_CONTROLS: tuple[FlowControl, ...] = ("elastic", "always")


@dataclass(frozen=True, slots=True)
class ActivationUnit:
    """A pipelined activation unit.

    Parameters
    ----------
    activation : Activation
        The exact integer function.
    stages : int
        Number of pipeline stages; the unit's steps bound it, and its hardware checks it.
    flow_control : {"elastic", "always"}
        Streams with valid and ready, or with valid alone.
    delay_model : str
        A name in `DELAY_MODELS`: the delays by which the stages are placed.
    """

    activation: Activation
    stages: int
    flow_control: FlowControl = "elastic"
    delay_model: str = "cells"

    def __post_init__(self):
        if self.flow_control not in FLOW_CONTROLS:
            raise IllegalSetting("flow-control", "one of " + ", ".join(FLOW_CONTROLS), self.flow_control)
        if self.delay_model not in DELAY_MODELS:
            raise IllegalSetting("delay-model", "one of " + ", ".join(DELAY_MODELS), self.delay_model)

    @property
    def name(self) -> str:
        """A module name that tells units apart: ``quadcim_quad_sq2_14_sq2_14_nearest_s3_elastic``."""
        activation = self.activation
        formats = f"{activation.input}_{activation.output}".lower().replace(".", "_")
        return f"quadcim_{activation.function}_{formats}_{activation.rounding}_s{self.stages}_{self.flow_control}"

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description; `from_json` reads it back."""
        return {"activation": self.activation.to_json(), "stages": self.stages, "flow_control": self.flow_control,
                "delay_model": self.delay_model}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ActivationUnit":
        """The specification that `to_json` described."""
        return cls(Activation.from_json(value["activation"]), value["stages"], value["flow_control"],
                   value["delay_model"])

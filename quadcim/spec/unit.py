"""The specification of an activation unit as hardware: what it computes, in how many stages, with which handshake."""

from dataclasses import dataclass
from typing import Any, Literal

from quadcim.spec.activation import Activation
from quadcim.spec.errors import check_one_of, check_whole
from quadcim.spec.integers import METHODS
from quadcim.spec.technology import find_technology

__all__ = ["FLOW_CONTROLS", "ActivationUnit", "FlowControl"]

FlowControl = Literal["elastic", "always"]
FLOW_CONTROLS: tuple[FlowControl, ...] = ("elastic", "always")

# Letters of the function's name in a unit's: its format and its stages have room beside them.
_SHOWN = 9


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
    technology : str
        A name in `quadcim.spec.technology.TECHNOLOGIES`: how it is built, and the delays by which stages are placed.
    method : str
        A name in `quadcim.spec.integers.METHODS`: how the function is evaluated.
    """

    activation: Activation
    stages: int
    flow_control: FlowControl = "elastic"
    technology: str = "generic"
    method: str = "auto"

    def __post_init__(self):
        check_one_of("flow-control", self.flow_control, FLOW_CONTROLS)
        check_whole("stages", self.stages)
        find_technology(self.technology)
        check_one_of("method", self.method, METHODS)

    @property
    def name(self) -> str:
        """What people know it by: ``quad_sq2_14_s3``. Different units may share it (`quadcim.spec.naming`)."""
        function = self.activation.function.lower().replace("-", "_")[:_SHOWN].rstrip("_")
        return f"{function}_{self.activation.input}_s{self.stages}".lower().replace(".", "_")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description; `from_json` reads it back."""
        return {"activation": self.activation.to_json(), "stages": self.stages, "flow_control": self.flow_control,
                "technology": self.technology, "method": self.method}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ActivationUnit":
        """The specification that `to_json` described."""
        return cls(Activation.from_json(value["activation"]), value["stages"], value["flow_control"],
                   value["technology"], value["method"])

"""What targets have to know of a unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from quadcim.spec.description import Description
from quadcim.spec.hard_macro import HardMacro
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.ports import Port
from quadcim.spec.reset import Reset
from quadcim.spec.timing import Timing
from quadcim.spec.whole import Whole

__all__ = ["Handoff"]


@dataclass(frozen=True, slots=True)
class Handoff:
    """What a target has to know of a unit; a kind of case that fills this in gets every target's files.

    Parameters
    ----------
    kind : str
        The kind of case.
    top : str
        Name of the unit's module in ``rtl/<top>.v``.
    header : str
        Lines of comment that open every file.
    identity : str
        The digest of the specification and its integers.
    clock_mhz : float
        The clock that constraints ask for.
    about : Description
        The texts that tell what the unit is.
    plan : StagePlan
        Its steps and registers; without any it has neither clock nor reset.
    timing : Timing
        When it takes and gives beats.
    user_bits : int
        Width of the TUSER of its AXI4-Stream ports, 0 for none, where the target has any.
    ports : tuple of Port
        The ports of the module: the streams ``i`` and ``o``, perhaps ``w`` for weights, without ``*__ready`` where
        nothing can stall.
    reset : Reset
        How its reset works.
    verilog : str
        The text of ``rtl/<top>.v``.
    companions : dict of str to str
        Other sources, of which those in ``rtl/`` are synthesizable, by their path in the case directory.
    images : dict of str to str
        What memories hold at first, by the names of files in the case directory.
    hard_macros : tuple of HardMacro
        Modules of the Verilog that a hard macro may take the place of.
    golden : callable
        From payloads of `i`, and payloads of `w` that come before, to payloads of `o`: integers without sign.
    whole : Whole, optional
        Of a unit that shows something: how to ask for all of it.
    """

    kind: str
    top: str
    header: str
    identity: str
    clock_mhz: float
    about: Description
    plan: StagePlan
    timing: Timing
    user_bits: int
    ports: tuple[Port, ...]
    reset: Reset
    verilog: str
    companions: Mapping[str, str]
    images: Mapping[str, str]
    hard_macros: tuple[HardMacro, ...]
    golden: Callable[[Sequence[int], Sequence[int]], list[int]]
    whole: Whole | None = None

    @property
    def clocked(self) -> bool:
        """Whether there are registers."""
        return self.plan.stages > 0

    @property
    def sources(self) -> tuple[str, ...]:
        """The synthesizable sources, those that others instantiate first, by their path in the case directory."""
        return (*(name for name in self.companions if name.startswith("rtl/")), f"rtl/{self.top}.v")

    @property
    def macro_modules(self) -> dict[str, HardMacro]:
        """The hard macros by the names of their modules in the Verilog."""
        return {f"{self.top}_{macro.name}": macro for macro in self.hard_macros}

    @property
    def data_ports(self) -> tuple[Port, ...]:
        """The ports of the streams."""
        return tuple(port for port in self.ports if "__" in port.name)

    def stream(self, name: str) -> dict[str, Port]:
        """The ports of a stream by the last part of their names; empty if there is no such stream."""
        return {port.name.partition("__")[2]: port for port in self.ports if port.name.startswith(f"{name}__")}

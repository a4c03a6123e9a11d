"""A point under measurement."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

from quadcim.boards.targets import find_target
from quadcim.hw.activation.plans import closest_stages_to_clock, stages_for_clock, unit_integers, unit_plan
from quadcim.hw.cim.plan import closest_macro_stages_to_clock, macro_stages_for_clock, plan_macro
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.integers import Integers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import ActivationUnit
from quadcim.sweep.kinds import Fit, asks_for_stages
from quadcim.sweep.points import Point

__all__ = ["Subject"]


def _stages(spec: ActivationUnit | CimMacro, target_mhz: float | None) -> int:
    """The fewest stages for a clock; the usual one, which nobody asked for, need not be met."""
    usual_mhz = find_target("generic").clock_mhz
    if isinstance(spec, ActivationUnit):
        return stages_for_clock(spec, target_mhz) if target_mhz else closest_stages_to_clock(spec, usual_mhz)[0]
    weights = CimIntegers()
    return macro_stages_for_clock(spec, weights, target_mhz) if target_mhz else closest_macro_stages_to_clock(
        spec, weights, usual_mhz)[0]


class Subject:
    """A point under measurement: what several measurements need is made once.

    Parameters
    ----------
    point : Point
        What is measured.
    folder : Path
        Where files may be written.
    """

    def __init__(self, point: Point, folder: Path):
        self._spec, self.settings, self.folder = point.spec, point.settings, folder

    @cached_property
    def hardware(self) -> ActivationUnit | CimMacro:
        """The specification of a unit or a macro, with as many stages as its clock asks for."""
        assert not isinstance(self._spec, Fit)
        if not asks_for_stages(self.settings):
            return self._spec
        return replace(self._spec, stages=_stages(self._spec, self.settings.get("target_mhz")))

    def check(self) -> None:
        """Refuse what cannot be built, as with more stages than there are steps; trainings are checked before."""
        if not isinstance(self._spec, Fit):
            _ = self.plan

    @property
    def fit(self) -> Fit:
        """The specification of a training."""
        assert isinstance(self._spec, Fit)
        return self._spec

    @cached_property
    def integers(self) -> Integers:
        """The frozen integers of an activation unit."""
        unit = self.hardware
        assert isinstance(unit, ActivationUnit)
        return unit_integers(unit)

    @cached_property
    def plan(self) -> StagePlan:
        """Where registers go."""
        spec = self.hardware
        return unit_plan(spec) if isinstance(spec, ActivationUnit) else plan_macro(spec, CimIntegers()).whole

    @cached_property
    def case(self) -> Path:
        """The case directory; a macro's weights are loaded."""
        from quadcim.generate import generate_case

        out = self.folder / "case"
        generate_case(self.hardware, target=find_target("generic"), out=out)
        return out

    @cached_property
    def verilog(self) -> tuple[list[Path], str]:
        """The synthesizable sources, and the name of the top module."""
        from quadcim.hw.activation.units import create_unit
        from quadcim.hw.arithmetic.companions import companion_files
        from quadcim.hw.cim.unit import CimUnit
        from quadcim.hw.emit.verilog import emit_verilog

        spec = self.hardware
        unit = create_unit(spec) if isinstance(spec, ActivationUnit) else CimUnit(plan_macro(spec, CimIntegers()))
        text = emit_verilog(unit, name=spec.name, header=spec.name).text
        paths = []
        for name, body in {"unit.v": text, **companion_files(text)}.items():
            if not name.startswith("models/"):
                paths.append(self.folder / Path(name).name)
                paths[-1].write_text(body, encoding="utf-8")
        return paths, spec.name

"""A point under measurement."""

from functools import cached_property
from pathlib import Path

from quadcim.hw.cim_plan import plan_macro
from quadcim.hw.plans import unit_integers, unit_plan
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.integers import Integers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import ActivationUnit
from quadcim.sweep.kinds import Fit
from quadcim.sweep.points import Point

__all__ = ["Subject"]


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

    @property
    def hardware(self) -> ActivationUnit | CimMacro:
        """The specification of a unit or a macro."""
        assert not isinstance(self._spec, Fit)
        return self._spec

    @property
    def fit(self) -> Fit:
        """The specification of a training."""
        assert isinstance(self._spec, Fit)
        return self._spec

    @cached_property
    def integers(self) -> Integers:
        """The frozen integers of an activation unit."""
        assert isinstance(self._spec, ActivationUnit)
        return unit_integers(self._spec)

    @cached_property
    def plan(self) -> StagePlan:
        """Where registers go."""
        spec = self.hardware
        return unit_plan(spec) if isinstance(spec, ActivationUnit) else plan_macro(spec, CimIntegers()).whole

    @cached_property
    def case(self) -> Path:
        """The case directory; a macro's weights are loaded."""
        from quadcim.boards.targets import find_target
        from quadcim.generate import generate_case

        out = self.folder / "case"
        generate_case(self.hardware, target=find_target("generic"), out=out)
        return out

    @cached_property
    def verilog(self) -> tuple[list[Path], str]:
        """The synthesizable sources, and the name of the top module."""
        from quadcim.hw.cim import CimUnit
        from quadcim.hw.companions import companion_files
        from quadcim.hw.units import create_unit
        from quadcim.hw.verilog import emit_verilog

        spec = self.hardware
        unit = create_unit(spec) if isinstance(spec, ActivationUnit) else CimUnit(plan_macro(spec, CimIntegers()))
        text = emit_verilog(unit, name=spec.name, header=spec.name).text
        paths = []
        for name, body in {"unit.v": text, **companion_files(text)}.items():
            if not name.startswith("models/"):
                paths.append(self.folder / Path(name).name)
                paths[-1].write_text(body, encoding="utf-8")
        return paths, spec.name

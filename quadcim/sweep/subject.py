"""A point under measurement."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from quadcim.boards.targets import find_target
from quadcim.cores.catalogue import core_of
from quadcim.cores.core import AnyCore, CoreIntegers
from quadcim.cores.settings import asks_for_stages
from quadcim.spec.pipeline import StagePlan
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

    @cached_property
    def core(self) -> AnyCore:
        """The kind of core."""
        assert not isinstance(self._spec, Fit)
        return core_of(self._spec)

    @cached_property
    def hardware(self) -> Any:
        """The specification of a core, with as many stages as its clock asks for."""
        assert not isinstance(self._spec, Fit)
        spec: Any = self._spec
        return replace(spec, stages=self._stages(spec)) if asks_for_stages(self.settings) else spec

    def _stages(self, spec: Any) -> int:
        """The fewest stages for a clock; the usual one, which nobody asked for, need not be met."""
        target_mhz, core = self.settings.get("target_mhz"), self.core
        integers = core.usual_integers(spec)
        return core.stages_for_clock(spec, integers, target_mhz) if target_mhz else core.closest_stages_to_clock(
            spec, integers, find_target("generic").clock_mhz)[0]

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
    def integers(self) -> CoreIntegers:
        """The frozen integers of a core."""
        return self.core.usual_integers(self.hardware)

    @cached_property
    def plan(self) -> StagePlan:
        """Where registers go."""
        return self.core.plan(self.hardware, self.integers)

    @cached_property
    def case(self) -> Path:
        """The case directory."""
        from quadcim.generate import generate_case

        out = self.folder / "case"
        generate_case(self.hardware, self.integers, target=find_target("generic"), out=out)
        return out

    @cached_property
    def verilog(self) -> tuple[list[Path], str, list[Path]]:
        """The synthesizable sources, the name of the top module, and the images that memories read."""
        from quadcim.hw.arithmetic.companions import companion_files
        from quadcim.hw.emit.verilog import emit_verilog

        spec = self.hardware
        emitted = emit_verilog(self.core.component(spec, self.integers), name=spec.name, header=spec.name)
        paths = []
        for name, body in {"unit.v": emitted.text, **companion_files(emitted.text)}.items():
            if not name.startswith("models/"):
                paths.append(self.folder / Path(name).name)
                paths[-1].write_text(body, encoding="utf-8")
        images = []
        for name, image in emitted.images.items():
            images.append(self.folder / name)
            images[-1].write_text(image, encoding="ascii")
        return paths, spec.name, images

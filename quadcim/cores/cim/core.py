"""Compute-in-memory macros with binary weights."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quadcim.cores.cim.options import add_cim_options, cim_from_options
from quadcim.cores.cim.points import CIM_POINTS
from quadcim.cores.core import Core, Report, Subject
from quadcim.cores.interface import Interface
from quadcim.cores.raw import raw_integers
from quadcim.spec.cim import ENCODINGS, LUTRAM_ROWS, STORAGES, CimIntegers, CimMacro
from quadcim.spec.description import counted
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.ports import Field
from quadcim.spec.presets import MACRO_PRESETS
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.timing import Timing

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component
    from numpy.typing import ArrayLike, NDArray

    from quadcim.cores.cases import CoreCase
    from quadcim.cores.cim.stimulus import CimStimulus
    from quadcim.hw.cim.plan import CimPlan
    from quadcim.sim.coverage import Traits
    from quadcim.sim.formal import Proof

__all__ = ["CimCore"]

_MOST_CELLS = 24
"""Bits that proofs follow: more take hours."""
_PLANES = ("one bit a cycle", "several bits a cycle", "all bits at once")


class CimCore(Core[CimMacro, CimIntegers]):
    """Macros, whose weights are loaded or constant."""

    name = "cim"
    help = "a compute-in-memory macro with binary weights"
    spec_class = CimMacro
    points = CIM_POINTS

    @property
    def presets(self) -> Mapping[str, CimMacro]:
        """The catalogue; weights are loaded."""
        return MACRO_PRESETS

    def summary(self, spec: CimMacro) -> str:
        """Size, weights, activations, stages."""
        return (f"{spec.rows} x {spec.columns} {spec.encoding} weights in {spec.storage}, "
                f"{counted(spec.banks, 'bank')}; {spec.activation} activations, "
                f"{counted(spec.bits_per_cycle, 'bit')} a cycle; {counted(spec.stages, 'stage')}"
                + (", converters" if spec.adc else ""))

    def read(self, spec: dict[str, Any], integers: Any) -> tuple[CimMacro, CimIntegers]:
        """The macro and its integers."""
        return CimMacro.from_json(spec), CimIntegers.from_json(integers)

    def usual_integers(self, spec: CimMacro) -> CimIntegers:
        """Weights are loaded."""
        return CimIntegers()

    def interface(self, spec: CimMacro, integers: CimIntegers) -> Interface:
        """Activations and a bank in, a result a column out; rows of weights where they are loaded."""
        plan, layouts = self._plan(spec, integers), spec.layouts(integers)
        # The order of the ports.
        streams = {name: tuple(Field(*field) for field in layouts[name]) for name in ("i", "o", "w") if name in layouts}
        return Interface(streams, Timing(plan.whole.latency_cycles, spec.planes, plan.capacity), elastic=True,
                         clocked=True)

    def _plan(self, spec: CimMacro, integers: CimIntegers) -> "CimPlan":
        from quadcim.hw.cim.plan import plan_macro

        return plan_macro(spec, integers)

    def plan(self, spec: CimMacro, integers: CimIntegers) -> StagePlan:
        """All steps, before and after the accumulators."""
        return self._plan(spec, integers).whole

    def stages_for_clock(self, spec: CimMacro, integers: CimIntegers, clock_mhz: float) -> int:
        """The fewest stages for a clock."""
        from quadcim.hw.cim.plan import macro_stages_for_clock

        return macro_stages_for_clock(spec, integers, clock_mhz)

    def closest_stages_to_clock(self, spec: CimMacro, integers: CimIntegers, clock_mhz: float) -> tuple[int, float]:
        """The stages that come closest to a clock, and the clock that they meet."""
        from quadcim.hw.cim.plan import closest_macro_stages_to_clock

        return closest_macro_stages_to_clock(spec, integers, clock_mhz)

    def component(self, spec: CimMacro, integers: CimIntegers) -> "Component":
        """The Amaranth component."""
        from quadcim.hw.cim.unit import CimUnit

        return CimUnit(self._plan(spec, integers))

    def stimulus(self, spec: CimMacro, integers: CimIntegers, writes: Sequence[int] = ()) -> "CimStimulus":
        """Corners and random activations."""
        from quadcim.cores.cim.stimulus import CimStimulus

        return CimStimulus(spec, integers, writes)

    def golden(self, spec: CimMacro, integers: CimIntegers, x: "ArrayLike",
               weights: "ArrayLike | None" = None) -> "NDArray":
        """From activations of shape (..., rows) to results of shape (..., columns)."""
        import torch

        from quadcim.models.cim import cim_golden

        activations = raw_integers("activations", x, spec.activation)
        if activations.shape[-1:] != (spec.rows,):
            raise IllegalSetting("activations", f"of shape (..., {spec.rows})", f"shape {activations.shape}")
        if weights is not None and integers.cells is not None:
            raise IllegalSetting("weights", "left out: those of this macro are constant", "some")
        cells = None if weights is None else torch.from_numpy(raw_integers("weights", weights, Format(False, 1, 0)))
        return cim_golden(spec, integers, cells)(torch.from_numpy(activations)).numpy()

    def subject(self, spec: CimMacro, integers: CimIntegers) -> Subject:
        """The macro and its vectors."""
        from quadcim.cores.cim.describe import describe_cim

        plan, stimulus = self._plan(spec, integers), self.stimulus(spec, integers)
        return Subject(
            self.interface(spec, integers), plan.whole, describe_cim(plan),
            lambda: self.component(spec, integers), stimulus,
            lambda beats, writes: self.stimulus(spec, integers, writes).expected(beats),
            tables=(LUTRAM_ROWS, plan.table_cycles), hard_macros=spec.hard_macros)

    def traits(self, spec: CimMacro) -> "Traits":
        """Banks, and tables of weights."""
        from quadcim.sim.coverage import Traits

        return Traits(banks=spec.banks, tables=spec.storage == "lutram")

    @property
    def crosses(self) -> Iterable[tuple[tuple[str, ...], ...]]:
        """Of encoding, planes, signs, banks and converters; and all technologies and storages."""
        signs = ("unsigned", "signed")
        return [(ENCODINGS, signs), (_PLANES, signs), (("one bank", "several banks"), ("exact sums", "converters")),
                (tuple(TECHNOLOGIES),),
                # Constant weights are no preset: they are a user's own.
                (tuple(storage for storage in STORAGES if storage != "constant"),)]

    def modes(self, spec: CimMacro) -> set[str]:
        """The modes of a macro."""
        planes = _PLANES[0 if spec.bits_per_cycle == 1 else 2 if spec.planes == 1 else 1]
        return {spec.encoding, "signed" if spec.signed else "unsigned", planes,
                "several banks" if spec.banks > 1 else "one bank", "converters" if spec.adc else "exact sums",
                spec.technology, spec.storage}

    def properties(self, case: "CoreCase") -> tuple[str, ...]:
        """That no beat mixes weights: of small macros with loaded weights, exact sums and no affine."""
        macro: CimMacro = case.spec
        small = macro.rows * macro.columns * macro.banks <= _MOST_CELLS and (
            macro.storage == "registers" or macro.rows <= LUTRAM_ROWS)
        if macro.storage == "constant" or macro.adc or macro.narrow or macro.encoding != "unipolar" or not small:
            return ()
        return ("sum", "cells") if macro.storage == "registers" else ("sum", "tables")

    def prove(self, case: "CoreCase", property: str, *, seconds: int = 60) -> "Proof":
        """Prove a property of a macro's Verilog (`quadcim.cores.cim.proofs`)."""
        from quadcim.cores.cim.proofs import MACRO_PROPERTIES, prove_macro

        if property in MACRO_PROPERTIES:
            return prove_macro(case, property, seconds=seconds)
        return super().prove(case, property, seconds=seconds)

    def add_options(self, command: argparse.ArgumentParser) -> None:
        """Sizes, weights, converters, affine, stages."""
        add_cim_options(command)

    def from_options(self, options: argparse.Namespace, report: Report) -> tuple[CimMacro, CimIntegers, float]:
        """The macro that options describe."""
        return cim_from_options(options, report)

    def size(self, spec: CimMacro) -> float:
        """Bit cells."""
        return spec.rows * spec.columns * spec.banks

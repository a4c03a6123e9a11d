"""Activation units: a function in a pipeline, one beat a cycle."""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.cores.activation.options import activation_from_options, add_activation_options
from quadcim.cores.activation.points import ACTIVATION_POINTS
from quadcim.cores.core import WIDEST_FOLLOWED, Core, Report, Subject
from quadcim.cores.interface import Interface
from quadcim.cores.raw import raw_integers
from quadcim.spec.activation import ROUNDINGS
from quadcim.spec.description import counted
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.functions import FUNCTIONS
from quadcim.spec.integer_ranges import check_piecewise
from quadcim.spec.integers import METHODS, Integers, integers_from_json
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.ports import Field
from quadcim.spec.presets import PRESETS
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.timing import Timing
from quadcim.spec.unit import FLOW_CONTROLS, ActivationUnit

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component
    from numpy.typing import ArrayLike, NDArray

    from quadcim.cores.activation.stimulus import ActivationStimulus
    from quadcim.cores.cases import CoreCase
    from quadcim.sim.coverage import Traits

__all__ = ["ActivationCore"]

_FIGURES = Path(__file__).with_name("functions.json")
_STAGES = ("0 stages", "1 stage", "several stages")
_PLOTTED = 1 << 16


class ActivationCore(Core[ActivationUnit, Integers]):
    """Activation units. Their integers are fitted from the specification, and cached."""

    name = "activation"
    help = "a pipelined activation unit"
    spec_class = ActivationUnit
    points = ACTIVATION_POINTS
    has_errors = True

    @property
    def presets(self) -> Mapping[str, ActivationUnit]:
        """The catalogue."""
        return PRESETS

    def summary(self, spec: ActivationUnit) -> str:
        """Function, formats, rounding, stages, flow control."""
        activation = spec.activation
        return (f"{activation.function} {activation.input} -> {activation.output} {activation.rounding}, "
                f"{counted(spec.stages, 'stage')}, {spec.flow_control}")

    def read(self, spec: dict[str, Any], integers: Any) -> tuple[ActivationUnit, Integers]:
        """The unit and its integers."""
        return ActivationUnit.from_json(spec), integers_from_json(integers)

    def usual_integers(self, spec: ActivationUnit) -> Integers:
        """The cheapest form that can have as many stages."""
        from quadcim.hw.activation.plans import unit_integers

        return unit_integers(spec)

    def interface(self, spec: ActivationUnit, integers: Integers) -> Interface:
        """A number in, a number out."""
        activation = spec.activation
        _check(spec, integers)
        return Interface(
            {"i": (Field("value", 0, activation.input),), "o": (Field("value", 0, activation.output),)},
            Timing(spec.stages, 1, spec.stages), elastic=spec.flow_control == "elastic", clocked=spec.stages > 0,
            more={"max_error_ulp": integers.max_error_ulp})

    def plan(self, spec: ActivationUnit, integers: Integers) -> StagePlan:
        """Its steps and registers."""
        from quadcim.hw.activation.plans import unit_plan

        return unit_plan(spec)

    def stages_for_clock(self, spec: ActivationUnit, integers: Integers, clock_mhz: float) -> int:
        """The fewest stages for a clock."""
        from quadcim.hw.activation.plans import stages_for_clock

        return stages_for_clock(spec, clock_mhz)

    def closest_stages_to_clock(self, spec: ActivationUnit, integers: Integers,
                                clock_mhz: float) -> tuple[int, float]:
        """The stages that come closest to a clock, and the clock that they meet."""
        from quadcim.hw.activation.plans import closest_stages_to_clock

        return closest_stages_to_clock(spec, clock_mhz)

    def component(self, spec: ActivationUnit, integers: Integers) -> "Component":
        """The Amaranth component."""
        from quadcim.hw.activation.units import create_unit

        return create_unit(spec)

    def stimulus(self, spec: ActivationUnit, integers: Integers, writes: Sequence[int] = ()) -> "ActivationStimulus":
        """Every input where that is feasible."""
        from quadcim.cores.activation.stimulus import ActivationStimulus

        return ActivationStimulus(spec, integers)

    def golden(self, spec: ActivationUnit, integers: Integers, x: "ArrayLike",
               weights: "ArrayLike | None" = None) -> "NDArray":
        """From raw integers to raw integers."""
        import torch

        from quadcim.models.activation import golden

        if weights is not None:
            raise IllegalSetting("weights", "left out: an activation unit has none", "some")
        raws = raw_integers("inputs", x, spec.activation.input)
        return golden(spec.activation, integers)(torch.from_numpy(raws)).numpy()

    def subject(self, spec: ActivationUnit, integers: Integers) -> Subject:
        """The unit, its vectors, and a picture of function and error."""
        from quadcim.cores.activation.describe import describe_activation

        stimulus = self.stimulus(spec, integers)
        return Subject(
            self.interface(spec, integers), self.plan(spec, integers),
            describe_activation(spec, integers, beats=len(stimulus.inputs())), lambda: self.component(spec, integers),
            stimulus, lambda beats, _writes: stimulus.expected(beats),
            pictures={"function.svg": _plot(spec, integers, stimulus)})

    def traits(self, spec: ActivationUnit) -> "Traits":
        """A pipeline: both ends are bound to each other."""
        from quadcim.sim.coverage import Traits

        return Traits(pipeline=True)

    @property
    def crosses(self) -> Iterable[tuple[tuple[str, ...], ...]]:
        """Of flow control, rounding, stages and technology; and all methods."""
        technologies: tuple[str, ...] = tuple(TECHNOLOGIES)
        crosses: list[tuple[tuple[str, ...], ...]] = [
            (FLOW_CONTROLS, technologies), (FLOW_CONTROLS, ROUNDINGS), (FLOW_CONTROLS, _STAGES),
            (ROUNDINGS, technologies), (_STAGES, technologies), (tuple(METHODS),)]
        return crosses

    def modes(self, spec: ActivationUnit) -> set[str]:
        """The modes of a unit."""
        return {spec.flow_control, spec.technology, spec.activation.rounding, _STAGES[min(spec.stages, 2)], spec.method}

    def properties(self, case: "CoreCase") -> tuple[str, ...]:
        """Flow control; and every result, given what each stage holds."""
        return ("stream", "value") if case.spec.activation.input.width <= WIDEST_FOLLOWED else ("stream",)

    def add_options(self, command: argparse.ArgumentParser) -> None:
        """Function, formats, form, stages."""
        add_activation_options(command)

    def from_options(self, options: argparse.Namespace, report: Report) -> tuple[ActivationUnit, Integers, float]:
        """The unit that options describe."""
        report("fitting the function")
        unit, clock_mhz = activation_from_options(options)
        report(f"fitting {unit.activation.function}")
        return unit, self.usual_integers(unit), clock_mhz

    @property
    def lists(self) -> Mapping[str, Callable[[], list[tuple[str, str]]]]:
        """The functions."""
        return {"functions": _function_lines}

    def size(self, spec: ActivationUnit) -> float:
        """Bits of the input."""
        return spec.activation.input.width

    def max_error(self, spec: ActivationUnit, integers: Integers) -> tuple[float, float]:
        """The greatest error at any input."""
        return integers.max_error_ulp, integers.max_error_ulp * 2.0**-spec.activation.output.fraction_bits


def _check(unit: ActivationUnit, integers: Integers) -> None:
    """Refuse integers that are not those of such a unit."""
    if isinstance(integers, PiecewiseIntegers):
        if unit.method not in ("auto", integers.method):
            raise IllegalSetting("method", unit.method, integers.method)
        check_piecewise(unit.activation, integers)
        return
    from quadcim.fit.freeze import freeze

    # Of these a function has one set, which is found at once.
    method = "heap" if unit.method == "auto" else unit.method
    if integers != freeze(replace(unit, method=method)):
        raise IllegalSetting("integers", f"those of {method}", "others")


def _plot(unit: ActivationUnit, integers: Integers, stimulus: "ActivationStimulus") -> str:
    """The picture of the unit, from every input where that is feasible."""
    import numpy as np

    from quadcim.cores.activation.plot import function_plot

    fmt = unit.activation.input
    inputs = np.unique(np.linspace(fmt.minimum, fmt.maximum, min(1 << fmt.width, _PLOTTED)).round().astype(np.int64))
    return function_plot(unit, integers, inputs, np.array(stimulus.golden(inputs.tolist())))


def _function_lines() -> list[tuple[str, str]]:
    """Each function, then what its combinational faithful unit takes in its usual formats."""
    figures = json.loads(_FIGURES.read_text(encoding="ascii")) if _FIGURES.is_file() else {}
    lines = []
    for function in FUNCTIONS.values():
        traits = [function.symmetry] if function.symmetry != "none" else []
        traits += [f"period {function.period}"] if function.period else []
        reach = 2 ** (function.domain_bits - 1)
        lines.append((function.name, (f"{function.formula} on [-{reach}, {reach}); "
                                     f"{', '.join([*traits, function.source])}")))
        lines += [("", (f"{width:>2} bits: {entry['lut']} LUT (fpga) or {entry['gates']} gate equivalents (generic), "
                       f"error at most {entry['max_error_ulp']:.6f} ulp"))
                  for width, entry in figures.get(function.name, {}).items()]
    return lines

"""Engines that render implicit neural representations."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from quadcim.cores.core import Core, Report, Subject
from quadcim.cores.inr.options import add_inr_options, inr_from_options
from quadcim.cores.inr.points import INR_POINTS
from quadcim.cores.interface import Interface
from quadcim.cores.raw import raw_integers
from quadcim.spec.description import counted
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr_engine import COUNT, Command, InrEngine, InrIntegers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.ports import Field
from quadcim.spec.presets import ENGINE_PRESETS
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.whole import Whole

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component
    from numpy.typing import ArrayLike, NDArray

    from quadcim.cores.cases import CoreCase
    from quadcim.cores.inr.stimulus import InrStimulus
    from quadcim.cores.rendered import Shown
    from quadcim.hw.inr.plan import EnginePlan
    from quadcim.sim.coverage import Traits
    from quadcim.sim.formal import Proof

__all__ = ["InrCore"]

_STAGES = ("combinational products", "pipelined products")


class InrCore(Core[InrEngine, InrIntegers]):
    """Engines, whose weights are constant."""

    name = "inr"
    help = "an engine that renders an implicit neural representation"
    spec_class = InrEngine
    points = INR_POINTS
    has_estimates = True

    @property
    def presets(self) -> Mapping[str, InrEngine]:
        """The catalogue; weights are random."""
        return ENGINE_PRESETS

    def summary(self, spec: InrEngine) -> str:
        """Sizes, foldings, speed."""
        foldings = " ".join(map(str, spec.foldings))
        return (f"{' - '.join(map(str, spec.sizes))}, {spec.activation.function}, folded {foldings}; "
                f"a pixel in {counted(spec.pixel_cycles, 'cycle')}")

    def read(self, spec: dict[str, Any], integers: Any) -> tuple[InrEngine, InrIntegers]:
        """The engine and its integers."""
        return InrEngine.from_json(spec), InrIntegers.from_json(integers)

    def usual_integers(self, spec: InrEngine) -> InrIntegers:
        """Random ones: a network is a user's own."""
        from quadcim.cores.inr.network import random_network
        from quadcim.hw.activation.plans import unit_integers

        return InrIntegers(random_network(spec), unit_integers(spec.unit))

    def interface(self, spec: InrEngine, integers: InrIntegers) -> Interface:
        """Commands in, pixels out."""
        plan = self._plan(spec, integers)
        return Interface(
            {"i": Command.layout(spec.sizes[0], spec.coordinate),
             "o": (Field("channel", 0, plan.pixel, spec.sizes[-1]),)}, plan.timing, elastic=True, clocked=True)

    def _plan(self, spec: InrEngine, integers: InrIntegers) -> "EnginePlan":
        from quadcim.hw.inr.plan import plan_engine

        return plan_engine(spec, integers.network)

    def plan(self, spec: InrEngine, integers: InrIntegers) -> StagePlan:
        """All registers on the way of a pixel."""
        return self._plan(spec, integers).whole

    def stages_for_clock(self, spec: InrEngine, integers: InrIntegers, clock_mhz: float) -> int:
        """The fewest registers in the dot products for a clock."""
        from quadcim.hw.inr.plan import dot_stages_for_clock

        return dot_stages_for_clock(spec, integers.network, clock_mhz)

    def closest_stages_to_clock(self, spec: InrEngine, integers: InrIntegers,
                                clock_mhz: float) -> tuple[int, float]:
        """The registers in the dot products that come closest to a clock, and the clock that they meet."""
        from quadcim.hw.inr.plan import closest_dot_stages_to_clock

        return closest_dot_stages_to_clock(spec, integers.network, clock_mhz)

    def component(self, spec: InrEngine, integers: InrIntegers) -> "Component":
        """The Amaranth component."""
        from quadcim.hw.inr.engine import InrUnit

        return InrUnit(self._plan(spec, integers))

    def stimulus(self, spec: InrEngine, integers: InrIntegers, writes: Sequence[int] = ()) -> "InrStimulus":
        """Corners and random regions."""
        from quadcim.cores.inr.stimulus import InrStimulus

        return InrStimulus(spec, integers.network, integers.activation)

    def golden(self, spec: InrEngine, integers: InrIntegers, x: "ArrayLike",
               weights: "ArrayLike | None" = None) -> "NDArray":
        """From raw coordinates of shape (..., axes) to pixels of shape (..., channels)."""
        if weights is not None:
            raise IllegalSetting("weights", "left out: those of an engine are constant", "some")
        coordinates, axes = raw_integers("coordinates", x, spec.coordinate), spec.sizes[0]
        if coordinates.shape[-1:] != (axes,):
            raise IllegalSetting("coordinates", f"of shape (..., {axes})", f"shape {coordinates.shape}")
        pixels = self.stimulus(spec, integers).golden(coordinates.reshape(-1, axes))
        return pixels.reshape(*coordinates.shape[:-1], spec.sizes[-1])

    def subject(self, spec: InrEngine, integers: InrIntegers) -> Subject:
        """The engine and its vectors."""
        from quadcim.cores.inr.describe import describe_inr

        plan, stimulus = self._plan(spec, integers), self.stimulus(spec, integers)
        return Subject(
            self.interface(spec, integers), plan.whole, describe_inr(plan), lambda: self.component(spec, integers),
            stimulus, lambda beats, _writes: stimulus.expected(beats), whole=_whole(spec, integers.network.shape))

    def shown(self, case: "CoreCase") -> "Shown":
        """The whole signal of the network: its grid, and its channels."""
        from quadcim.cores.inr.render import render_case
        from quadcim.cores.rendered import Shown

        network = case.integers.network
        return Shown((*network.shape, network.channels), network.layers[-1].output, partial(render_case, case))

    def traits(self, spec: InrEngine) -> "Traits":
        """None: commands are frames."""
        from quadcim.sim.coverage import Traits

        return Traits()

    @property
    def crosses(self) -> Iterable[tuple[tuple[str, ...], ...]]:
        """Of stages; the technologies."""
        return [(_STAGES,), (tuple(TECHNOLOGIES)[:1],)]

    def modes(self, spec: InrEngine) -> set[str]:
        """The modes of an engine."""
        return {_STAGES[min(spec.stages, 1)], spec.technology}

    def properties(self, case: "CoreCase") -> tuple[str, ...]:
        """Of small ones, what their pixels are."""
        from quadcim.cores.inr.proofs import PIXELS, WIDEST_COORDINATES

        fits = case.spec.sizes[0] * case.spec.coordinate.width <= WIDEST_COORDINATES
        return (PIXELS,) if fits else ()

    def prove(self, case: "CoreCase", property: str, *, seconds: int = 60) -> "Proof":
        """Prove of a small one that its pixels are those of its commands."""
        from quadcim.cores.inr.proofs import prove_engine

        return prove_engine(case, seconds=seconds)

    def add_options(self, command: argparse.ArgumentParser) -> None:
        """Network, folding, stages."""
        add_inr_options(command)

    def from_options(self, options: argparse.Namespace, report: Report) -> tuple[InrEngine, InrIntegers, float]:
        """The engine that options describe."""
        spec, network, clock_mhz = inr_from_options(options, report)
        usual = self.usual_integers(spec)
        return spec, usual if network is None else replace(usual, network=network), clock_mhz

    def estimates(self, spec: InrEngine, integers: InrIntegers, clock_mhz: float) -> dict[str, float]:
        """Resources by formulas, and pixels at a clock."""
        from quadcim.hw.inr.resources import engine_resources

        found = engine_resources(self._plan(spec, integers))
        return {"estimated_lut": round(found.lut), "estimated_ff": found.flip_flops, "estimated_dsp": found.dsp,
                "estimated_bram36": found.bram36, "pixels_per_second": round(1e6 * clock_mhz / spec.pixel_cycles)}

    def size(self, spec: InrEngine) -> float:
        """Weights."""
        return sum(outputs * inputs for outputs, inputs in spec.shapes)


def _whole(spec: InrEngine, shape: tuple[int, ...]) -> Whole | None:
    """The command for the whole signal, unless an axis has more samples than a command can count."""
    if max(shape) > COUNT.maximum + 1:
        return None
    *_, last = Command.layout(len(shape), spec.coordinate)
    return Whole(shape, Command.whole(shape).payload(spec.coordinate), last)

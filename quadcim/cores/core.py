"""What a kind of core offers: the one thing that the command line, sweeps, regressions and tests ask.

A kind of its own is a class that extends `Core`, found by its name in `quadcim.cores.catalogue`.
"""

import argparse
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from quadcim.cores.interface import Interface
from quadcim.cores.raw import raw_integers
from quadcim.cores.settings import PointSettings
from quadcim.spec.canonical import digest
from quadcim.spec.description import Description
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.hard_macro import HardMacro
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.reset import Reset
from quadcim.spec.whole import Whole

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component
    from numpy.typing import ArrayLike, NDArray

    from quadcim.cores.cases import CoreCase
    from quadcim.cores.rendered import Shown
    from quadcim.sim.coverage import Traits
    from quadcim.sim.formal import Proof
    from quadcim.sim.stimulus import Stimulus

__all__ = ["WIDEST_FOLLOWED", "AnyCore", "Core", "CoreIntegers", "CoreSpec", "Report", "Subject"]

WIDEST_FOLLOWED = 8
"""Bits of an input of which any beat may be followed to its result: there is a table of them."""
Report = Callable[[str], None]
"""Is told what is being done."""


class CoreSpec(Protocol):
    """A specification: standard library only, frozen, equal if it means the same."""

    @property
    def name(self) -> str:
        """What people know it by; different ones may share it (`quadcim.spec.naming`)."""
        ...

    @property
    def stages(self) -> int:
        """Number of pipeline stages."""
        ...

    @property
    def technology(self) -> str:
        """How its hardware is built, a name in `quadcim.spec.technology.TECHNOLOGIES`."""
        ...

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description, ``technology`` among it."""
        ...


class CoreIntegers(Protocol):
    """The frozen integers that hardware and golden model share."""

    def to_json(self) -> Any:
        """A JSON-ready description."""
        ...


S = TypeVar("S", bound=CoreSpec)
I = TypeVar("I", bound=CoreIntegers)  # noqa: E741 - the integers


@dataclass(frozen=True)
class Subject:
    """What a case is made of.

    Parameters
    ----------
    interface : Interface
        What it looks like from outside.
    plan : StagePlan
        Its steps and registers.
    about : Description
        The texts that tell what it is.
    build : callable
        Makes the Amaranth component.
    stimulus : Stimulus
        What it is tried with.
    golden : callable
        From payloads of ``i``, and payloads of ``w`` that come before, to payloads of ``o``: integers without sign.
    tables : tuple of int
        How many rows of its stream of weights share a table, and how many cycles rows and beats may wait while one is
        written: 0 without tables.
    pictures : dict of str to str
        Pictures by their files in the case.
    hard_macros : tuple of HardMacro
        Modules that hard macros may take the place of, memories aside.
    whole : Whole, optional
        How to ask for all that it shows, if it shows something and a single beat can ask for it.
    """

    interface: Interface
    plan: StagePlan
    about: Description
    build: "Callable[[], Component]"
    stimulus: "Stimulus"
    golden: Callable[[Sequence[int], Sequence[int]], list[int]]
    tables: tuple[int, int] = (0, 0)
    pictures: Mapping[str, str] = field(default_factory=dict)
    hard_macros: tuple[HardMacro, ...] = ()
    whole: Whole | None = None


class Core(ABC, Generic[S, I]):
    """A kind of core. Importing one loads neither Amaranth nor PyTorch nor numpy: methods do that as they need it."""

    name: str
    """What manifests, commands and sweep files call it."""
    help: str
    """What it is, in a few words."""
    spec_class: type[S]
    """The class of its specifications."""
    points: PointSettings
    """The settings of its points in sweeps."""

    # ---- specifications

    @property
    @abstractmethod
    def presets(self) -> Mapping[str, S]:
        """Named specifications: what the regression runs over, and where a user may start."""

    @abstractmethod
    def summary(self, spec: S) -> str:
        """A specification in a line, for lists."""

    @abstractmethod
    def read(self, spec: dict[str, Any], integers: Any) -> tuple[S, I]:
        """The specification and the integers that their `to_json` described."""

    @abstractmethod
    def usual_integers(self, spec: S) -> I:
        """The integers of a specification that come with no others."""

    @abstractmethod
    def interface(self, spec: S, integers: I) -> Interface:
        """What it looks like from outside.

        Raises
        ------
        IllegalSetting
            If the integers are not those of such a specification.
        """

    def entries(self, spec: S, integers: I, reset: Reset) -> dict[str, Any]:
        """The entries of a manifest that follow from specification, integers and reset."""
        interface = self.interface(spec, integers)
        described = {"spec": spec.to_json(), "integers": integers.to_json()}
        return {"kind": self.name, "digest": digest(described), **described, **interface.more,
                "ports": [port.to_json() for port in interface.ports(reset)], **interface.timing.to_json()}

    # ---- hardware, and what it is tried with

    @abstractmethod
    def plan(self, spec: S, integers: I) -> StagePlan:
        """Its steps and registers.

        Raises
        ------
        IllegalSetting
            If it cannot have that many stages.
        """

    @abstractmethod
    def stages_for_clock(self, spec: S, integers: I, clock_mhz: float) -> int:
        """The fewest stages for a clock."""

    @abstractmethod
    def closest_stages_to_clock(self, spec: S, integers: I, clock_mhz: float) -> tuple[int, float]:
        """The stages that come closest to a clock that nobody asked for, and the clock that they meet."""

    @abstractmethod
    def component(self, spec: S, integers: I) -> "Component":
        """The Amaranth component."""

    @abstractmethod
    def stimulus(self, spec: S, integers: I, writes: Sequence[int] = ()) -> "Stimulus":
        """What it is tried with; with weights that are written so, if there are any."""

    def golden(self, spec: S, integers: I, x: "ArrayLike", weights: "ArrayLike | None" = None) -> "NDArray":
        """The exact integer function, from payloads to payloads unless a kind says otherwise."""
        import numpy as np

        if weights is not None:
            raise IllegalSetting("weights", f"left out: {self.name} has none", "some")
        payloads = raw_integers("inputs", x, Format(False, 63, 0))
        results = self.stimulus(spec, integers).expected(payloads.ravel().tolist())
        return np.array(results, dtype=np.int64).reshape(payloads.shape)

    @abstractmethod
    def subject(self, spec: S, integers: I) -> Subject:
        """All that a case is made of."""

    # ---- coverage and regression

    @abstractmethod
    def traits(self, spec: S) -> "Traits":
        """What a testbench has to know of it beside its manifest."""

    @property
    @abstractmethod
    def crosses(self) -> Iterable[tuple[tuple[str, ...], ...]]:
        """Crosses of modes that a regression should hit, each as the modes of its dimensions."""

    @abstractmethod
    def modes(self, spec: S) -> set[str]:
        """The modes of a specification."""

    # ---- proofs

    def properties(self, case: "CoreCase") -> tuple[str, ...]:
        """What can be proved of a case, the quickest first; see `quadcim.sim.formal`."""
        if case.timing.framed:
            return () if None in (case.timing.beats_in, case.timing.beats_out) else ("frames",)
        if not case.traits.pipeline or case.timing.initiation_interval_cycles > 1:
            return ()
        width = next(port.width for port in case.ports if port.name == "i__payload")
        return ("stream", "order") if width <= WIDEST_FOLLOWED and case.timing.latency_cycles else ("stream",)

    def prove(self, case: "CoreCase", property: str, *, seconds: int = 60) -> "Proof":
        """Prove a property of a case's Verilog.

        Parameters
        ----------
        case : CoreCase
            The case.
        property : str
            One of its `properties`.
        seconds : int
            Time limit of the search, and again of the proof.
        """
        from quadcim.sim.formal import prove_case

        return prove_case(case, property, seconds=seconds)

    # ---- pictures

    def shown(self, case: "CoreCase") -> "Shown":
        """What a case shows as a whole: a picture, a video, a sound.

        Raises
        ------
        IllegalSetting
            If a kind shows nothing.
        """
        raise IllegalSetting("render", "left out: a case of this kind shows nothing", self.name)

    # ---- the command line

    @abstractmethod
    def add_options(self, command: argparse.ArgumentParser) -> None:
        """Add the options of ``quadcim generate NAME``, those of all cases aside."""

    @abstractmethod
    def from_options(self, options: argparse.Namespace, report: Report) -> tuple[S, I, float]:
        """The specification and the integers that options describe, and the clock in MHz."""

    @property
    def lists(self) -> Mapping[str, Callable[[], list[tuple[str, str]]]]:
        """Further tables of ``quadcim list``."""
        return {}

    # ---- sweeps

    @abstractmethod
    def size(self, spec: S) -> float:
        """What the time of measurements grows with."""

    has_estimates = False
    """Whether formulas say what it takes of an FPGA, and how fast it is."""

    def estimates(self, spec: S, integers: I, clock_mhz: float) -> dict[str, float]:
        """The figures of the measurement ``estimate`` in sweeps."""
        return {}

    has_errors = False
    """Whether its results are those of a real function, so that `max_error` is above 0."""

    def max_error(self, spec: S, integers: I) -> tuple[float, float]:
        """The greatest error, in units of the last place and as it is."""
        return 0.0, 0.0


AnyCore = Core[Any, Any]

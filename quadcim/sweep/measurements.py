"""What can be measured of a point. A new measurement is an entry of `MEASUREMENTS`."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.fit.freeze import freeze
from quadcim.hw.cim_plan import plan_macro
from quadcim.hw.plans import unit_plan
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit

if TYPE_CHECKING:
    from quadcim.sim.stimulus import Stimulus

__all__ = ["MEASUREMENTS", "Measured", "Measurement", "Subject", "check_measurements", "is_illegal",
           "measure_point"]

_BEATS = 2048


class Subject:
    """A point under measurement: what several measurements need is made once.

    Parameters
    ----------
    kind : str
        "activation" or "cim".
    spec : dict
        The specification as JSON.
    folder : Path
        Where files may be written.
    """

    def __init__(self, kind: str, spec: dict[str, Any], folder: Path):
        self.spec = ActivationUnit.from_json(spec) if kind == "activation" else CimMacro.from_json(spec)
        self.folder = folder

    @cached_property
    def integers(self) -> Integers | CimIntegers:
        """The frozen integers; a macro's weights are loaded."""
        return freeze(self.spec) if isinstance(self.spec, ActivationUnit) else CimIntegers()

    @cached_property
    def plan(self) -> StagePlan:
        """Where registers go."""
        return unit_plan(self.spec) if isinstance(self.spec, ActivationUnit) else plan_macro(
            self.spec, CimIntegers()).whole

    @cached_property
    def case(self) -> Path:
        """The case directory."""
        from quadcim.boards.targets import find_target
        from quadcim.generate import generate_activation, generate_cim

        target, out = find_target("generic"), self.folder / "case"
        settings = {"target": target, "clock_mhz": target.clock_mhz, "out": out}
        if isinstance(self.spec, ActivationUnit):
            generate_activation(self.spec, **settings)
        else:
            generate_cim(self.spec, CimIntegers(), **settings)
        return out

    @cached_property
    def verilog(self) -> tuple[list[Path], str]:
        """The synthesizable sources, and the name of the top module."""
        from quadcim.hw.cim import CimUnit
        from quadcim.hw.companions import companion_files
        from quadcim.hw.units import create_unit
        from quadcim.hw.verilog import emit_verilog

        unit = create_unit(self.spec) if isinstance(self.spec, ActivationUnit) else CimUnit(
            plan_macro(self.spec, CimIntegers()))
        text = emit_verilog(unit, name=self.spec.name, header=self.spec.name).text
        paths = []
        for name, body in {"unit.v": text, **companion_files(text)}.items():
            if not name.startswith("models/"):
                paths.append(self.folder / Path(name).name)
                paths[-1].write_text(body, encoding="utf-8")
        return paths, self.spec.name


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement.

    Parameters
    ----------
    columns : dict of str to str
        Names of its figures, and what they are.
    seconds : float
        What it usually takes.
    measure : callable
        From a `Subject` to the figures.
    kinds : tuple of str
        The kinds of point that have it.
    """

    columns: dict[str, str]
    seconds: float
    measure: Callable[[Subject], dict[str, float]]
    kinds: tuple[str, ...] = ("activation", "cim")


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a measurement: figures, or an error in a line; and the seconds that it took."""

    figures: dict[str, float]
    error: str | None
    seconds: float


def _error(subject: Subject) -> dict[str, float]:
    integers = subject.integers
    assert not isinstance(integers, CimIntegers)
    return {"max_error_ulp": integers.max_error_ulp}


def _latency(subject: Subject) -> dict[str, float]:
    return {"latency_cycles": subject.plan.latency_cycles, "register_bits": subject.plan.register_bits}


def _delay(subject: Subject) -> dict[str, float]:
    delays, plan = find_technology(subject.spec.technology).delays, subject.plan
    slowest = plan.slowest_stage_ps + (delays.register_ps if plan.stages else 0)
    return {"delay_ps": slowest, "clock_mhz": round(1e6 / max(slowest, 1), 1)}


def _lut(subject: Subject) -> dict[str, float]:
    from quadcim.hw.synthesis import fpga_cost

    cost = fpga_cost(*subject.verilog)
    return {"lut": cost.lut, "ff": cost.ff, "dsp": cost.dsp, "lutram": cost.lutram}


def _gates(subject: Subject) -> dict[str, float]:
    from quadcim.hw.synthesis import gate_cost

    cost = gate_cost(*subject.verilog)
    if cost.unweighted:
        raise IllegalSetting("gates", "measured of plain RTL and adder cells", ", ".join(cost.unweighted))
    return {"combinational_ge": round(cost.combinational_ge, 2), "total_ge": round(cost.total_ge, 2)}


def _exactness(subject: Subject) -> dict[str, float]:
    import numpy as np

    from quadcim.sim.bulk import BulkSimulator, Writes
    from quadcim.sim.case import Case
    from quadcim.sim.payload import from_integers
    from quadcim.sim.stimulus import case_stimulus

    case = Case.load(subject.case)
    stimulus: Stimulus = case_stimulus(case)
    inputs = [*stimulus.inputs(), *stimulus.random_inputs(_BEATS, seed=1)]
    widths, writes = {port.name: port.width for port in case.ports}, stimulus.writes()
    loaded = Writes(from_integers(writes, widths["w__payload"]), [0] * len(writes), [len(writes)] * len(inputs)) \
        if writes else None
    want = stimulus.expected(inputs)
    if isinstance(subject.spec, ActivationUnit):
        activation = subject.spec.activation
        fed = np.array([activation.input.wrap(payload) for payload in inputs])
        expected = np.array([activation.output.wrap(payload) for payload in want])[:, None]
    else:
        fed, expected = (from_integers(payloads, widths[f"{port}__payload"])
                         for port, payloads in (("i", inputs), ("o", want)))
    outputs = BulkSimulator(case).run(fed, writes=loaded).outputs.reshape(len(inputs), -1)
    return {"beats": len(inputs), "mismatches": int((outputs != expected).any(axis=1).sum())}


MEASUREMENTS: dict[str, Measurement] = {
    "error": Measurement({"max_error_ulp": "greatest error, ulp of the output"}, 0.5, _error, ("activation",)),
    "latency": Measurement({"latency_cycles": "cycles", "register_bits": "bits of the pipeline's registers"}, 0.05,
                           _latency),
    "delay": Measurement({"delay_ps": "slowest stage by the delay estimate, ps", "clock_mhz": "its clock, MHz"}, 0.05,
                         _delay),
    "lut": Measurement({"lut": "LUT on UltraScale+", "ff": "flip-flops", "dsp": "DSP blocks", "lutram": "LUTRAM"}, 4,
                       _lut),
    "gates": Measurement({"combinational_ge": "gate equivalents without flip-flops", "total_ge": "gate equivalents"}, 3,
                         _gates),
    "exactness": Measurement({"beats": "beats", "mismatches": "beats in which RTL and golden model differ"}, 3,
                             _exactness),
}


def check_measurements(names: Sequence[str], kind: str) -> None:
    """Refuse measurements that a kind of point does not have."""
    legal = [name for name, measurement in MEASUREMENTS.items() if kind in measurement.kinds]
    if not names or len(set(names)) < len(names):
        raise IllegalSetting("measure", "some of " + ", ".join(legal) + ", each once", list(names))
    for name in names:
        if name not in legal:
            raise IllegalSetting("measure", "of " + ", ".join(legal), name)


def is_illegal(error: str) -> bool:
    """Whether an error says that the point does not exist, rather than that something went wrong."""
    return error.startswith(IllegalSetting.__name__)


def measure_point(kind: str, spec: dict[str, Any], names: Sequence[str]) -> dict[str, Measured]:
    """Measure a point; runs in a worker. Errors are results."""
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="quadcim-") as folder:
        subject = Subject(kind, spec, Path(folder))
        for name in names:
            start = time.perf_counter()
            try:
                figures, error = MEASUREMENTS[name].measure(subject), None
            except Exception as problem:  # recorded: one point must not end the sweep
                figures, error = {}, f"{type(problem).__name__}: {problem}".splitlines()[0][:300]
            found[name] = Measured(figures, error, time.perf_counter() - start)
    return found

"""What can be measured of a point. A new measurement is an entry of `MEASUREMENTS`."""

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.sim.tools import ToolError, cxx_compiler, find_simulator
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.technology import find_technology
from quadcim.sweep.kinds import Kind, find_kind
from quadcim.sweep.points import Point
from quadcim.sweep.subject import Subject
from quadcim.training.inr import InrTraining

__all__ = ["FIGURES", "MEASUREMENTS", "MORE_IS_BETTER", "Measured", "Measurement", "check_measurements",
           "check_settings", "check_tools", "is_failure", "is_illegal", "measure_point"]

_BEATS = 2048


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement.

    Parameters
    ----------
    columns : dict of str to str
        Names of its figures, and what they are.
    seconds : tuple of float
        What it usually takes: so much, and so much more for each unit of a point's size (`quadcim.sweep.estimate`).
    measure : callable
        From a `Subject` to the figures.
    has : callable
        Whether a kind of point has it.
    needs : callable
        Raises `IllegalSetting` if a tool is missing that it needs.
    tools : callable
        Versions of the tools that its figures depend on, by name, beside the packages that all do.
    settings : tuple of str
        Settings without which a point does not have it.
    """

    columns: dict[str, str]
    seconds: tuple[float, float]
    measure: Callable[[Subject], dict[str, float]]
    has: Callable[[Kind], bool] = lambda kind: kind.core is not None
    needs: Callable[[], object] = lambda: None
    tools: Callable[[], dict[str, str]] = dict
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a measurement: figures, or an error in a line; and the seconds that it took."""

    figures: dict[str, float]
    error: str | None
    seconds: float


class NotMeasurable(Exception):
    """A point that is in order has no such figures."""


def _error(subject: Subject) -> dict[str, float]:
    ulp, error = subject.core.max_error(subject.hardware, subject.integers)
    right_bits = round(-math.log2(error), 3) if error else math.inf
    return {"max_error_ulp": ulp, "max_error": error, "right_bits": right_bits}


def _latency(subject: Subject) -> dict[str, float]:
    return {"latency_cycles": subject.plan.latency_cycles, "register_bits": subject.plan.register_bits}


def _delay(subject: Subject) -> dict[str, float]:
    delays, plan = find_technology(subject.hardware.technology).delays, subject.plan
    slowest = plan.slowest_stage_ps + (delays.register_ps if plan.stages else 0)
    return {"delay_ps": slowest, "clock_mhz": round(1e6 / max(slowest, 1), 1)}


def _lut(subject: Subject) -> dict[str, float]:
    from quadcim.hw.emit.synthesis import fpga_cost

    cost = fpga_cost(*subject.verilog)
    return {"lut": cost.lut, "ff": cost.ff, "dsp": cost.dsp, "lutram": cost.lutram}


def _fpga(subject: Subject) -> dict[str, float]:
    from quadcim.cores.cases import load_case
    from quadcim.progress import unheard
    from quadcim.synth.fpga import map_to_fpga

    if subject.hardware.technology == "cells":
        raise NotMeasurable("an FPGA has no cells of technology cells")
    found = map_to_fpga(load_case(subject.case), subject.folder, report=unheard)
    return {"fpga_lut": found.lut, "fpga_ff": found.flip_flops, "fpga_dsp": found.dsp, "fpga_bram36": found.bram36}


def _estimate(subject: Subject) -> dict[str, float]:
    clock_mhz = subject.settings.get("target_mhz") or _delay(subject)["clock_mhz"]
    return subject.core.estimates(subject.hardware, subject.integers, clock_mhz)


def _gates(subject: Subject) -> dict[str, float]:
    from quadcim.hw.emit.synthesis import gate_cost

    cost = gate_cost(*subject.verilog)
    if cost.unweighted:
        raise NotMeasurable("gates are measured of plain RTL and adder cells, not of " + ", ".join(cost.unweighted))
    return {"combinational_ge": round(cost.combinational_ge, 2), "total_ge": round(cost.total_ge, 2)}


def _exactness(subject: Subject) -> dict[str, float]:
    from quadcim.cores.cases import load_case
    from quadcim.sim.bulk import BulkSimulator

    case = load_case(subject.case)
    inputs = [*case.stimulus.inputs(), *case.stimulus.random_inputs(_BEATS, seed=1)]
    outputs = BulkSimulator(case).run_payloads(inputs, writes=case.stimulus.writes(),
                                                frames=case.frames(inputs))
    pairs = zip(outputs, case.stimulus.expected(inputs), strict=True)
    return {"beats": len(inputs), "mismatches": sum(got != want for got, want in pairs)}


def _cells(subject: Subject) -> dict[str, float]:
    from quadcim.boards.targets import find_target
    from quadcim.cores.cases import load_case
    from quadcim.generate import generate_case
    from quadcim.synth.ends import FAST_MHZ, synthesise_ends

    case = subject.folder / "asic28"
    generate_case(subject.hardware, target=find_target("asic28"), out=case)
    small, fast = synthesise_ends(load_case(case), Path(subject.settings["liberty"]), subject.folder / "synth")
    for run in (small, fast):
        if run.gates is None or run.timing is None or not run.gates.passed:
            raise ToolError("; ".join(run.missing) or f"the netlist mapped for {run.effort} fails its vectors")
    assert fast.timing is not None
    power = {} if fast.power is None else {"energy_pj": fast.power.dynamic_uw / FAST_MHZ,
                                           "leakage_uw": fast.power.leakage_uw}
    return {"area_um2": small.netlist.area_um2, "area_ge": round(small.gate_equivalents, 1),
            "fast_um2": fast.netlist.area_um2, "period_ps": round(fast.timing.shortest_period_ps, 1),
            "timed_mhz": round(fast.timing.greatest_clock_mhz, 1), **power}


def _cell_tools() -> dict[str, str]:
    from quadcim.synth.tools import cell_tools

    return cell_tools()


def _need_cell_tools() -> None:
    from quadcim.synth.tools import find_sta

    find_simulator("icarus")
    if find_sta() is None:
        raise IllegalSetting("measure", "of what this machine has tools for (cells: apt-get install opensta)", "cells")


def _psnr(subject: Subject) -> dict[str, float]:
    from quadcim.models.inr.train import train_inr

    fit = subject.fit
    assert isinstance(fit.training, InrTraining)
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):  # its progress is nobody's here
        metrics = train_inr(fit.training, source=Path(fit.file), out=subject.folder / "trained")
    return _known(metrics, "psnr_float_db", "psnr_integer_db")


def _accuracy(subject: Subject) -> dict[str, float]:
    from quadcim.models.bwma.train_cnn import train_cnn

    fit = subject.fit
    assert not isinstance(fit.training, InrTraining)
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        metrics = train_cnn(fit.training, out=subject.folder / "trained", data=Path(fit.file) if fit.file else None)
    return _known(metrics, "accuracy_percent", "accuracy_integer_percent")


def _known(metrics: Mapping[str, Any], *names: str) -> dict[str, float]:
    """The figures that a training has: networks in floating point have none in integers."""
    return {name: metrics[name] for name in names if metrics.get(name) is not None}


MEASUREMENTS: dict[str, Measurement] = {
    "error": Measurement({"max_error_ulp": "greatest error, ulp of the output", "max_error": "greatest error",
                          "right_bits": "fraction bits that are right: -log2 of the greatest error"}, (0, 0.05), _error,
                         lambda kind: kind.core is not None and kind.core.has_errors),
    "latency": Measurement({"latency_cycles": "cycles", "register_bits": "bits of the pipeline's registers"},
                           (0.01, 0), _latency),
    "delay": Measurement({"delay_ps": "slowest stage by the delay estimate, ps", "clock_mhz": "its clock, MHz"},
                         (0.01, 0), _delay),
    "lut": Measurement({"lut": "LUT on UltraScale+", "ff": "flip-flops", "dsp": "DSP blocks", "lutram": "LUTRAM"},
                       (2, 0.02), _lut),
    "fpga": Measurement({"fpga_lut": "LUT on UltraScale+, beside DSP blocks and memories",
                         "fpga_ff": "flip-flops, beside DSP blocks and memories",
                         "fpga_dsp": "DSP blocks, where they fit", "fpga_bram36": "block RAM, 36 kbit"}, (4, 0.02),
                        _fpga),
    "estimate": Measurement({"estimated_lut": "LUT on UltraScale+, by formulas",
                             "estimated_ff": "flip-flops, by formulas",
                             "estimated_dsp": "DSP blocks, by formulas",
                             "estimated_bram36": "block RAM, 36 kbit, by formulas",
                             "pixels_per_second": "pixels a second at the clock"}, (0.05, 0), _estimate,
                            lambda kind: kind.core is not None and kind.core.has_estimates),
    "gates": Measurement({"combinational_ge": "gate equivalents without flip-flops", "total_ge": "gate equivalents"},
                         (0.5, 0.02), _gates),
    "cells": Measurement({"area_um2": "area in standard cells, um2",
                          "area_ge": "area in standard cells, gate equivalents",
                          "fast_um2": "area in standard cells, mapped for speed, um2",
                          "period_ps": "shortest period in standard cells, ps",
                          "timed_mhz": "greatest clock in standard cells, MHz",
                          "energy_pj": "dynamic energy a cycle in standard cells, pJ",
                          "leakage_uw": "leakage in standard cells, uW"}, (8, 0.1), _cells, needs=_need_cell_tools,
                         tools=_cell_tools, settings=("liberty",)),
    "exactness": Measurement({"beats": "beats", "mismatches": "beats in which RTL and golden model differ"}, (1, 0.005),
                             _exactness, needs=cxx_compiler),
    "psnr": Measurement({"psnr_float_db": "PSNR in floating point, dB", "psnr_integer_db": "PSNR in integers, dB"},
                        (5, 0.01), _psnr, lambda kind: kind is find_kind("inr")),
    "accuracy": Measurement({"accuracy_percent": "test pictures told right, %",
                             "accuracy_integer_percent": "the same with the macros' integers, %"}, (5, 0.5), _accuracy,
                            lambda kind: kind is find_kind("cnn")),
}
FIGURES = {name: text for measurement in MEASUREMENTS.values() for name, text in measurement.columns.items()}
"""All figures, and what they are."""
MORE_IS_BETTER = ("right_bits", "clock_mhz", "timed_mhz", "pixels_per_second", "psnr_float_db", "psnr_integer_db",
                  "accuracy_percent", "accuracy_integer_percent")
"""The figures that one wants great; of all others, one wants little."""


def check_measurements(names: Sequence[str], kind: str) -> None:
    """Refuse measurements that a kind of point does not have."""
    legal = [name for name, measurement in MEASUREMENTS.items() if measurement.has(find_kind(kind))]
    if not names or len(set(names)) < len(names):
        raise IllegalSetting("measure", "some of " + ", ".join(legal) + ", each once", list(names))
    for name in names:
        if name not in legal:
            raise IllegalSetting("measure", "of " + ", ".join(legal), name)


def check_settings(names: Sequence[str], points: Iterable[Mapping[str, Any]]) -> None:
    """Refuse points that lack a setting without which they cannot be measured so."""
    needed = {setting: name for name in names for setting in MEASUREMENTS[name].settings}
    for point in points:
        for setting in needed.keys() - point.keys():
            raise IllegalSetting(setting, f"given for the measurement {needed[setting]}", "nothing")


def check_tools(names: Sequence[str]) -> None:
    """Raise `IllegalSetting` if this machine lacks a tool that a measurement needs."""
    for name in names:
        MEASUREMENTS[name].needs()


def is_illegal(error: str) -> bool:
    """Whether an error says that the point does not exist."""
    return error.startswith(IllegalSetting.__name__)


def is_failure(error: str) -> bool:
    """Whether an error says that something went wrong, rather than that there is nothing to be measured."""
    return not error.startswith((IllegalSetting.__name__, NotMeasurable.__name__))


def measure_point(kind: str, settings: Mapping[str, Any], names: Sequence[str]) -> dict[str, Measured]:
    """Measure a point; runs in a worker. Errors are results, and a point that does not exist has no others."""
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="quadcim-") as folder:
        try:
            subject = Subject(Point(kind, settings), Path(folder))
        except IllegalSetting as error:  # it was legal where the sweep was read: this machine lacks a file
            raise ToolError(str(error)) from None
        start = time.perf_counter()
        try:
            subject.check()
        except IllegalSetting as error:
            return {name: Measured({}, _line(error), time.perf_counter() - start) for name in names}
        for name in names:  # the first takes the check's time too
            try:
                figures, error = _measure(MEASUREMENTS[name], subject), None
            except Exception as problem:  # recorded: one point must not end the sweep
                figures, error = {}, _line(problem)
            now = time.perf_counter()
            found[name], start = Measured(figures, error, now - start), now
    return found


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def _measure(measurement: Measurement, subject: Subject) -> dict[str, float]:
    try:
        measurement.needs()
        return measurement.measure(subject)
    except IllegalSetting as error:  # it is the machine that is wrong, or a file, not the point
        raise ToolError(str(error)) from None

"""Any function: what units of it cost, how far they err and how long a fit takes; phi beside what others would use."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import mpmath
import torch

from benchmarks.report import Bar, Table, say
from quadcim.cores.activation.describe import estimated_cost
from quadcim.fit.freeze import freeze
from quadcim.hw.activation.plans import unit_steps
from quadcim.hw.activation.units import create_unit
from quadcim.hw.emit.synthesis import FpgaCost, GateCost, fpga_cost, gate_cost
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.models.activation import golden
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, find_function, usual_formats
from quadcim.spec.pipeline import StagePlan, plan_stages
from quadcim.spec.unit import ActivationUnit
from tests.reference import every_input, exact_ulps

__all__ = ["WIDTHS", "measure_baselines", "measure_cost", "measure_error"]

WIDTHS = (8, 12, 16)
_TECHNOLOGIES = ("fpga", "generic")


@dataclass(frozen=True, slots=True)
class _Case:
    """A function in formats, what FloPoCo makes of it, and what ours may cost at most."""

    bits: int
    function: str
    formats: str
    reference: str
    lut: float | None = None
    ge: float | None = None

    def unit(self, technology: str) -> ActivationUnit:
        """The combinational unit."""
        input_format, output_format = map(Format.parse, self.formats.split(" to "))
        return ActivationUnit(Activation(self.function, input_format, output_format, "faithful"), 0, "always",
                              technology)


# FloPoCo's best form by the same ruler as LUT / GE, measured once. Where its GE count, ours may be 0.8 of them. A sine
# comes as words of n bits, and with n fraction bits, which is what FloPoCo's n means.
_SINE_8, _SINE_12, _SINE_16 = "multipartite 23 / 161", "multipartite 142 / 877", "quadratic 647 / 2896"
_CASES = (
    _Case(8, "sine", "SQ2.6 to SQ2.6", _SINE_8),
    _Case(8, "sine", "SQ2.8 to SQ2.8", _SINE_8),
    _Case(12, "sine", "SQ2.10 to SQ2.10", _SINE_12, 166, 0.8 * 877),
    _Case(12, "sine", "SQ2.12 to SQ2.12", _SINE_12, 166, 0.8 * 877),
    _Case(16, "sine", "SQ2.14 to SQ2.14", _SINE_16, 540, 0.8 * 2896),
    _Case(16, "sine", "SQ2.16 to SQ2.16", _SINE_16, 540, 0.8 * 2896),
    _Case(12, "gaussian", "UQ2.9 to UQ0.11", "346 / 1764", 277, 0.8 * 1764),
    _Case(16, "gaussian", "UQ2.13 to UQ0.15", "539 / 2693", 431, 0.8 * 2693),
    _Case(8, "tanh", "SQ3.5 to SQ1.7", "40 / 170", 40),
    _Case(12, "tanh", "SQ3.9 to SQ1.11", "252 / 1258", 202, 0.8 * 1258),
    _Case(16, "tanh", "SQ3.13 to SQ1.15", "610 / 2561", 488, 0.8 * 2561),
    _Case(16, "sigmoid", "SQ4.12 to UQ0.16", "643 / 2522", 514, 0.8 * 2522),
    _Case(8, "gelu", "SQ4.4 to SQ4.4", "23 / 71", 23),
)
_RIVALS = (("phi", "quad", "auto"), ("sine, piecewise", "sine", "auto"), ("sine, CORDIC", "sine", "cordic"),
           ("sine, Taylor", "sine", "taylor"))
_PHI_STAGES = 3
# LUT, gates, cycles and greatest error in ulp of a pipelined 16-bit sine by ZipCPU's generator of CORDIC cores
# (gencordic, p2r), by the same ruler, measured once.
_PUBLIC_CORE = 2112, GateCost(8039, 812, {}), 17, 3.56
# What phi may take, at most, of the area and of the cycles of a CORDIC or a Taylor unit of this width.
_BARRED_WIDTH, _SHARE = 16, 0.2
# By how much a reported error may exceed the greatest that is seen, besides being rounded up; how long a fit may take.
_LOOSEST, _STEP_ULP, _FIT_SECONDS = 1.3, 1e-6, 20
# What the 16-bit sine as words is to come down to one day: no bar.
_STRETCH_FORMATS, _STRETCH_LUT = "SQ2.14 to SQ2.14", 400


def measure_cost(widths: Sequence[int] = WIDTHS, functions: Sequence[str] = tuple(FUNCTIONS)) -> Table:
    """Measure combinational units beside FloPoCo's: LUTs of technology "fpga", gates of "generic"."""
    table = Table("Cost of other functions",
                  "Faithful, combinational, no DSP. LUT are those of technology fpga, GE those of generic, by Yosys; "
                  "estimates are those that the generator compares forms by. Where a column has two entries, they are "
                  "of these two. FloPoCo's figures were measured once.",
                  ("bits", "function", "formats", "FloPoCo's LUT / GE", "LUT", "CARRY4", "LUT estimated", "GE",
                   "GE estimated", "method", "max error, ulp", "fit, s"))
    with _fresh_fits() as fit:
        for case in _CASES:
            if case.bits in widths and case.function in functions:
                _add_case(table, case, fit)
    return table


def _add_case(table: Table, case: _Case, fit: Callable[[ActivationUnit], float]) -> None:
    say(f"functions, cost: {case.function}, {case.formats}")
    units = [case.unit(technology) for technology in _TECHNOLOGIES]
    seconds = [fit(unit) for unit in units]
    integers = [freeze(unit) for unit in units]
    estimates = [estimated_cost(entry, unit.activation) for entry, unit in zip(integers, units, strict=True)]
    assert estimates[0] and estimates[1]  # only baselines have none
    fpga, gates = _fpga_cost(units[0]), _gate_cost(units[1])
    ge = round(gates.total_ge)
    bars = [Bar(measured, "<=", limit, unit) for measured, limit, unit in (
        (fpga.lut, case.lut, "LUT"), (ge, case.ge, "GE")) if limit is not None]
    table.add(case.bits, case.function, case.formats, case.reference, fpga.lut, fpga.carry4,
              round(estimates[0].lut), ge, round(estimates[1].gates), " / ".join(entry.method for entry in integers),
              " / ".join(f"{entry.max_error_ulp:.3f}" for entry in integers),
              " / ".join(f"{entry:.1f}" for entry in seconds), bars=tuple(bars))
    if case.function == "sine" and case.formats == _STRETCH_FORMATS:
        reached = "reached" if fpga.lut <= _STRETCH_LUT else "not reached"
        table.add(case.bits, f"sine: the stretch of {_STRETCH_LUT} LUT is {reached}", case.formats,
                  *[""] * 9)


def measure_error(widths: Sequence[int] = WIDTHS, functions: Sequence[str] = tuple(FUNCTIONS)) -> Table:
    """Try every input of every function in its usual formats, and time the fits."""
    table = Table("Error of functions in their usual formats",
                  "Faithful: the golden model at every input against 40 digits; values out of the output's range count "
                  "as its ends. The reported error is rounded up to 1e-6 ulp. Fits start with an empty cache.",
                  ("bits", "function", "formats", "technology", "method", "observed max error, ulp",
                   "reported max error, ulp", "fit, s"))
    with _fresh_fits() as fit:
        for width in widths:
            for name in functions:
                _add_errors(table, Activation(name, *usual_formats(find_function(name), width), "faithful"), fit)
    return table


def _add_errors(table: Table, activation: Activation, fit: Callable[[ActivationUnit], float]) -> None:
    """A row for each technology."""
    width, formats = activation.input.width, f"{activation.input} to {activation.output}"
    say(f"functions, error: {width} bits, {activation.function}")
    raws = every_input(activation)
    exact = exact_ulps(activation, raws)
    for technology in _TECHNOLOGIES:
        unit = ActivationUnit(activation, 0, "always", technology)
        seconds, integers = fit(unit), freeze(unit)
        outputs = golden(activation, integers)(torch.from_numpy(raws)).tolist()
        with mpmath.workdps(40):
            observed = float(max(abs(value - output) for value, output in zip(exact, outputs, strict=True)))
        reported = integers.max_error_ulp
        table.add(width, activation.function, formats, technology, integers.method, f"{observed:.6f}",
                  f"{reported:.6f}", f"{seconds:.1f}",
                  bars=(Bar(observed, "<", 1, "ulp"), Bar(observed, "<=", reported, "ulp"),
                        Bar(reported, "<=", _LOOSEST * observed + _STEP_ULP, "ulp"),
                        Bar(seconds, "<", _FIT_SECONDS, "s")))


@dataclass(frozen=True, slots=True)
class _Rival:
    """What stands beside phi: its area without registers, and its pipeline."""

    unit: ActivationUnit
    combinational_area: int
    plan: StagePlan
    cost: FpgaCost | GateCost

    @property
    def area(self) -> int:
        """LUT or GE of the pipeline."""
        return _area(self.cost)


def measure_baselines(widths: Sequence[int] = WIDTHS, technologies: Sequence[str] = _TECHNOLOGIES) -> Table:
    """Measure phi and three ways to a sine, from SQ2.(n-2) to SQ2.(n-2), each as fast as phi with 3 stages."""
    table = Table("phi beside what others would use, SQ2.(n-2) to SQ2.(n-2)",
                  "Faithful. The area is in LUT in technology fpga, in GE with registers in generic, by Yosys. "
                  "Pipelines have the fewest stages whose slowest is no slower by the delay model than phi's with "
                  f"{_PHI_STAGES} stages (or of all the steps that it has), or all that they can have. Shares are what "
                  "phi takes of a pipeline's area and cycles. The public core, by the same ruler once, is as its "
                  "generator pipelines it.",
                  ("n", "technology", "unit", "method", "max error, ulp", "area, combinational", "cycles",
                   "slowest stage, ps", "area, pipelined", "CARRY4", "FF", "DSP", "phi's share of area",
                   "phi's share of cycles"))
    for width in widths:
        for technology in technologies:
            _add_rivals(table, width, technology)
    return table


def _add_rivals(table: Table, width: int, technology: str) -> None:
    fmt = Format(True, 2, width - 2)
    rivals = []
    for name, function, method in _RIVALS:
        say(f"functions, baselines: {width} bits, {technology}, {name}")
        unit = ActivationUnit(Activation(function, fmt, fmt, "faithful"), 0, "always", technology, method)
        rivals.append(_rival(unit, rivals[0].plan.slowest_stage_ps if rivals else None))
        _add_rival(table, name, rivals[-1], rivals[0])
    if width == _BARRED_WIDTH:
        _add_public_core(table, rivals[0])


def _add_public_core(table: Table, phi: _Rival) -> None:
    lut, gates, cycles, error = _PUBLIC_CORE
    technology = phi.unit.technology
    combinational, area = (lut, lut) if technology == "fpga" else (gates.combinational_ge, round(gates.total_ge))
    table.add(_BARRED_WIDTH, technology, "sine, a public CORDIC core", "cordic", error, combinational, cycles, "", area,
              "", gates.flip_flops, 0, f"{phi.area / area:.2f}", f"{phi.plan.stages / cycles:.2f}")


def _rival(unit: ActivationUnit, target_ps: int | None) -> _Rival:
    """A unit with the fewest stages that are as fast as the target, or all it can have; phi itself has no target."""
    steps = unit_steps(unit)
    if target_ps is None:
        plan = plan_stages(steps, min(_PHI_STAGES, len(steps)))
    else:
        plans = [plan_stages(steps, stages) for stages in range(1, len(steps) + 1)]
        plan = next((plan for plan in plans if plan.slowest_stage_ps <= target_ps), plans[-1])
    return _Rival(unit, _area(_cost(unit)), plan, _cost(replace(unit, stages=plan.stages)))


def _add_rival(table: Table, name: str, rival: _Rival, phi: _Rival) -> None:
    unit, cost, integers = rival.unit, rival.cost, freeze(rival.unit)
    width, technology = unit.activation.input.width, unit.technology
    registers = (cost.carry4, cost.ff, cost.dsp) if isinstance(cost, FpgaCost) else ("", cost.flip_flops, 0)
    area, cycles = phi.area / rival.area, phi.plan.stages / rival.plan.stages
    barred = width == _BARRED_WIDTH and technology == "fpga" and unit.method != "auto"
    bars = (Bar(area, "<=", _SHARE, "of the area"), Bar(cycles, "<=", _SHARE, "of the cycles")) if barred else ()
    table.add(width, technology, name, integers.method, f"{integers.max_error_ulp:.3f}", rival.combinational_area,
              rival.plan.latency_cycles, rival.plan.slowest_stage_ps, rival.area, *registers, f"{area:.2f}",
              f"{cycles:.2f}", bars=bars)


def _cost(unit: ActivationUnit) -> FpgaCost | GateCost:
    return _fpga_cost(unit) if unit.technology == "fpga" else _gate_cost(unit)


def _area(cost: FpgaCost | GateCost) -> int:
    return cost.lut if isinstance(cost, FpgaCost) else round(cost.total_ge)


def _fpga_cost(unit: ActivationUnit) -> FpgaCost:
    with _verilog(unit) as path:
        return fpga_cost([path], unit.name)


def _gate_cost(unit: ActivationUnit) -> GateCost:
    with _verilog(unit) as path:
        gates = gate_cost([path], unit.name)
    if gates.unweighted:
        raise ValueError(f"{unit.name}: cells without a weight: {gates.unweighted}")
    return gates


@contextmanager
def _verilog(unit: ActivationUnit) -> Iterator[Path]:
    """A file that holds a unit for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "design.v")
        path.write_text(emit_verilog(create_unit(unit), name=unit.name, header=unit.name).text)
        yield path


def _freeze_seconds(unit: ActivationUnit) -> float:
    start = time.perf_counter()
    freeze(unit)
    return time.perf_counter() - start


@contextmanager
def _fresh_fits() -> Iterator[Callable[[ActivationUnit], float]]:
    """A function that freezes a unit and tells how many seconds that took where nothing was found in a cache.

    A process of its own does it, which remembers no earlier fit, and leaves the integers in the cache for this one.
    """
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                yield lambda unit: pool.submit(_freeze_seconds, unit).result()
        finally:
            if before is None:
                del os.environ["XDG_CACHE_HOME"]
            else:
                os.environ["XDG_CACHE_HOME"] = before

"""Depth sweeps: how the shortest clock period falls with the number of stages, estimated and timed."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from benchmarks.delays import Timer, find_timers
from benchmarks.report import Bar, Table, say
from quadcim.hw.activation.plans import unit_plan, unit_steps
from quadcim.hw.activation.units import create_unit
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["UNITS", "measure"]

# What a mapper of logic makes of one and the same netlist varies by so much.
_NOISE = 1.03


def _unit(function: str, technology: str) -> ActivationUnit:
    fmt = Format.parse("SQ2.14")
    return ActivationUnit(Activation(function, fmt, fmt, "faithful"), 1, "always", technology)


UNITS = (_unit("quad", "generic"), _unit("quad", "fpga"), _unit("sine", "generic"), _unit("sine", "fpga"))


def measure(units: Sequence[ActivationUnit] = UNITS, liberty: Path | None = None) -> Table:
    """Sweep the stages of each unit from 1 to all, with the timer of its technology's delay model.

    Parameters
    ----------
    units : sequence of ActivationUnit
        Their numbers of stages do not matter.
    liberty : Path, optional
        A Liberty file; see `benchmarks.delays.find_timers`.
    """
    table = Table("Depth of 16-bit units", "Shortest clock periods, by the stage plan and timed in an open flow, with "
                  "registers before and after.", ("unit", "technology", "stages", "FF", "plan, ps", "timed, ps"))
    with find_timers(liberty) as timers:
        for unit in units:
            for timer in timers:
                if timer.model == find_technology(unit.technology).delay_model:
                    _sweep(table, unit, timer)
    return table


def _sweep(table: Table, unit: ActivationUnit, timer: Timer) -> None:
    periods: list[float] = []
    deepest = len(unit_steps(unit))
    for stages in range(1, deepest + 1):
        say(f"depth: {unit.activation.function}, {unit.technology}, {stages} stages")
        staged = dataclasses.replace(unit, stages=stages)
        planned = unit_plan(staged).slowest_stage_ps + find_technology(unit.technology).delays.register_ps
        timing = timer.time(_between_registers(staged))
        bars = [Bar(round(timing.period_ps), "<=", round(min(periods) * _NOISE), "ps")] if periods else []
        periods.append(timing.period_ps)
        if stages == deepest:
            bars.append(Bar(round(periods[0] / timing.period_ps, 2), ">=", 2, "times faster than with 1 stage"))
        table.add(unit.activation.function, unit.technology, stages, timing.flip_flops, planned,
                  round(timing.period_ps), bars=tuple(bars))


def _between_registers(unit: ActivationUnit) -> str:
    """The unit behind an input register, as the module ``top``."""
    emitted = emit_verilog(create_unit(unit), name="unit", header="").text
    high_in, high_out = unit.activation.input.width - 1, unit.activation.output.width - 1
    return "\n".join([
        emitted, f"module top(input clk, input rst, input [{high_in}:0] a, output [{high_out}:0] y, output valid);",
        f"  reg [{high_in}:0] x;", "  reg v;", "  always @(posedge clk) begin x <= a; v <= ~v; end",
        "  unit unit(.clk(clk), .rst(rst), .i__payload(x), .i__valid(v), .o__payload(y), .o__valid(valid));",
        "endmodule", ""])

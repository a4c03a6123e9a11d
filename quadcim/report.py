"""What a case says of itself to people: the Verilog header and ``report.md``."""

from quadcim.boards.targets import Target
from quadcim.hw.quad_plan import QuadPlan
from quadcim.sim.case import Port
from quadcim.spec.activation import FUNCTIONS
from quadcim.spec.delay import DELAY_MODELS
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import ActivationUnit

__all__ = ["case_report", "verilog_header"]

_ROUNDINGS = {
    "nearest": "to the nearest, ties away from zero",
    "truncate": "toward zero",
    "faithful": "faithful: within 1 ulp",
}


def verilog_header(unit: ActivationUnit, plan: StagePlan, target: Target, top: str, identity: str) -> str:
    """The comment that opens the emitted Verilog."""
    activation, function = unit.activation, FUNCTIONS[unit.activation.function]
    return "\n".join([
        top,
        f"{function.formula}; period {function.period}, {function.symmetry} ({function.source})",
        f"input  {activation.input}: value = i__payload * 2**-{activation.input.fraction_bits}",
        f"output {activation.output}: value = o__payload * 2**-{activation.output.fraction_bits}",
        f"rounded {_ROUNDINGS[activation.rounding]}, saturated",
        f"latency {plan.latency_cycles} cycles, one beat a cycle, flow control {unit.flow_control}",
        *(f"stage {number}: {', '.join(step.name for step in steps)}"
          for number, steps in enumerate(plan.stage_steps, 1) if plan.stages),
        f"target {target.name}: {'a' if target.reset == 'async' else ''}synchronous reset, active high",
        f"digest {identity}",
    ])


def case_report(unit: ActivationUnit, plan: StagePlan, target: Target, *, top: str, ports: tuple[Port, ...],
                identity: str, beats: int) -> str:
    """``report.md``: what the unit is, its latency, cost estimate, verification and block diagram."""
    activation, function = unit.activation, FUNCTIONS[unit.activation.function]
    design, delays = QuadPlan(unit.activation), DELAY_MODELS[unit.delay_model]
    slowest = plan.slowest_stage_ps + (delays.register_ps if plan.stages else 0)
    adders = [adder for level in design.tree.levels for adder in level]
    full = sum(len(adder.inputs) == 3 for adder in adders)
    port_rows = [f"| `{port.name}` | {port.direction} | {port.width} | {port.format or ''} |" for port in ports]
    vectors = "every input" if beats == 1 << activation.input.width else "edge cases and random inputs"
    return "\n".join([
        f"# {top}", "",
        f"{function.formula} ({function.source})", "",
        "| | |", "|---|---|",
        f"| input | {activation.input}, raw X stands for X * 2^-{activation.input.fraction_bits} |",
        f"| output | {activation.output}, rounded {_ROUNDINGS[activation.rounding]}, saturated |",
        f"| error bound | {float(design.integers.error_bound_ulp):.4f} ulp of the output |",
        f"| latency | {plan.latency_cycles} cycles |",
        "| throughput | one beat a cycle |",
        f"| flow control | {unit.flow_control} |",
        f"| target | {target.name}: {target.description} |",
        f"| digest | `{identity}` |", "",
        "## Ports", "", "| port | direction | width | format |", "|---|---|---|---|", *port_rows, "",
        "## Block diagram", "", "```", *_diagram(plan), "```", "",
        "## Cost, estimated before synthesis", "",
        "| | |", "|---|---|",
        f"| partial products | {len(design.integers.kept_terms)} ({design.integers.dropped} dropped) |",
        f"| compressor tree | {len(design.tree.levels)} levels, {full} full adders, {len(adders) - full} half adders |",
        f"| carry-propagate adder | {len(design.tree.columns) - design.adder_low} bits |",
        f"| registers | {plan.register_bits + plan.stages} bits |",
        f"| slowest stage | {slowest} ps by the `{delays.name}` delays, which rank cuts and are no sign-off |", "",
        "## Verification", "",
        "Status: generated, not simulated yet; `quadcim simulate` leaves its results in `sim/`.", "",
        f"`vectors/` holds {beats} beats ({vectors}) with what the golden model expects.",
        "In this directory, without Python,", "",
        "    iverilog -g2005 -o t tb/*.v rtl/*.v && vvp t", "",
        "prints PASS. `quadcim simulate` runs the cocotb testbench, with random stalls and a reset in mid-stream.",
        ""])


def _diagram(plan: StagePlan) -> list[str]:
    """The steps as boxes in a row, with a bar where registers are."""
    cells = ["i"]
    for index, step in enumerate(plan.steps):
        cells.append(f"[{step.name}]")
        if index in plan.cuts:
            cells.append(f"|{step.live_bits}|")
    line = " -> ".join([*cells, "o"])
    return [line, "", "|n| is a register of n bits; registers move by the handshake."]

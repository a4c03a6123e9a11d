"""What a case says of itself to people: the Verilog header and ``report.md``."""

from quadcim.boards.targets import Target
from quadcim.hw.plans import unit_design
from quadcim.hw.quad_plan import QuadPlan
from quadcim.sim.case import Port
from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.cost import Cost, piecewise_cost, quad_cost
from quadcim.spec.functions import FUNCTIONS
from quadcim.spec.integers import METHODS, Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["case_report", "estimated_cost", "verilog_header"]

_ROUNDINGS = {
    "nearest": "to the nearest, ties away from zero",
    "truncate": "toward zero",
    "faithful": "faithful: within 1 ulp",
}


def _definition(activation: Activation) -> str:
    """What is computed, in a line."""
    if activation.samples is not None:
        return f"{activation.function}, a user's function (sha256 of its samples {activation.samples.digest[:12]})"
    function = FUNCTIONS[activation.function]
    traits = [f"period {function.period}"] if function.period else []
    traits += [function.symmetry] if function.symmetry != "none" else []
    return f"{function.formula}; {', '.join([*traits, function.source])}"


def estimated_cost(integers: Integers, activation: Activation) -> Cost | None:
    """The cost estimate by which forms are compared; baselines have none."""
    match integers:
        case QuadIntegers():
            return quad_cost(integers, activation.output.width)
        case PiecewiseIntegers():
            return piecewise_cost(integers, activation.output.width)
        case _:
            return None


def verilog_header(unit: ActivationUnit, integers: Integers, plan: StagePlan, target: Target, *, top: str,
                   identity: str) -> str:
    """The comment that opens the emitted Verilog."""
    activation = unit.activation
    return "\n".join([
        top,
        _definition(activation),
        f"input  {activation.input}: value = i__payload * 2**-{activation.input.fraction_bits}",
        f"output {activation.output}: value = o__payload * 2**-{activation.output.fraction_bits}",
        f"rounded {_ROUNDINGS[activation.rounding]}, saturated; error at most {integers.max_error_ulp:.6f} ulp",
        f"method {_method(unit, integers)}; technology {unit.technology}",
        f"latency {plan.latency_cycles} cycles, one beat a cycle, flow control {unit.flow_control}",
        *(f"stage {number}: {', '.join(step.name for step in steps)}"
          for number, steps in enumerate(plan.stage_steps, 1) if plan.stages),
        f"target {target.name}: {'a' if target.reset == 'async' else ''}synchronous reset, active high",
        f"digest {identity}",
    ])


def case_report(unit: ActivationUnit, integers: Integers, plan: StagePlan, target: Target, *, top: str,
                ports: tuple[Port, ...], identity: str, beats: int) -> str:
    """``report.md``: what the unit is, its latency, cost estimate, verification and block diagram."""
    activation, delays = unit.activation, find_technology(unit.technology).delays
    slowest = plan.slowest_stage_ps + (delays.register_ps if plan.stages else 0)
    port_rows = [f"| `{port.name}` | {port.direction} | {port.width} | {port.format or ''} |" for port in ports]
    vectors = "every input" if beats == 1 << activation.input.width else "edge cases and random inputs"
    models = " models/*.v" if unit.technology == "ultrascale" else ""
    cost = None if unit.method == "dsp" else estimated_cost(integers, activation)
    return "\n".join([
        f"# {top}", "",
        _definition(activation), "",
        "| | |", "|---|---|",
        f"| input | {activation.input}, raw X stands for X * 2^-{activation.input.fraction_bits} |",
        f"| output | {activation.output}, rounded {_ROUNDINGS[activation.rounding]}, saturated |",
        f"| error | {_error(integers)} |",
        f"| method | {_method(unit, integers)} |",
        f"| latency | {plan.latency_cycles} cycles |",
        "| throughput | one beat a cycle |",
        f"| flow control | {unit.flow_control} |",
        f"| technology | {unit.technology}: {find_technology(unit.technology).description} |",
        f"| target | {target.name}: {target.description} |",
        f"| digest | `{identity}` |", "",
        "![The output and its error over the input](function.svg)", "",
        "## Ports", "", "| port | direction | width | format |", "|---|---|---|---|", *port_rows, "",
        "## Block diagram", "", "```", *_diagram(plan), "```", "",
        "## Structure, and cost estimated before synthesis", "",
        "| | |", "|---|---|",
        *(f"| {name} | {text} |" for name, text in _structure(unit, integers)),
        *([f"| without registers | {cost.lut:.0f} LUT or {cost.gates:.0f} gate equivalents |"] if cost else []),
        f"| registers | {plan.register_bits + plan.stages} bits |",
        f"| slowest stage | {slowest} ps by the `{delays.name}` delays, which rank cuts and are no sign-off |", "",
        "## Verification", "",
        "Status: generated, not simulated yet; `quadcim simulate` leaves its results in `sim/`.", "",
        f"`vectors/` holds {beats} beats ({vectors}) with what the golden model expects.",
        "In this directory, without Python,", "",
        f"    iverilog -g2005 -o t tb/*.v rtl/*.v{models} && vvp t", "",
        "prints PASS. `quadcim simulate` runs the cocotb testbench, with random stalls and a reset in mid-stream.",
        ""])


def _method(unit: ActivationUnit, integers: Integers) -> str:
    name = integers.method if unit.method == "auto" else unit.method
    return f"{name}: {METHODS[name]}"


def _error(integers: Integers) -> str:
    if isinstance(integers, PiecewiseIntegers):
        return f"at most {integers.max_error_ulp:.6f} ulp of the output, found by trying every input"
    return f"at most {integers.max_error_ulp:.6f} ulp of the output, a bound"


def _structure(unit: ActivationUnit, integers: Integers) -> list[tuple[str, str]]:
    """What the unit is made of."""
    match integers:
        case QuadIntegers() if unit.method == "dsp":
            return [("squarer, pre-adder and adder", "one DSP48E2")]
        case QuadIntegers():
            design = unit_design(unit, integers)
            assert isinstance(design, QuadPlan)
            adders = [adder for level in design.sum.tree.levels for adder in level]
            full = sum(len(adder.inputs) == 3 for adder in adders)
            return [("partial products", f"{len(integers.kept_terms)} ({integers.dropped} dropped)"),
                    ("compressor tree", ", ".join([f"{len(design.sum.tree.levels)} levels", f"{full} full adders",
                                                   f"{len(adders) - full} half adders"])),
                    ("carry-propagate adder", f"{len(design.sum.tree.columns) - design.sum.adder_low} bits")]
        case PiecewiseIntegers():
            return _piecewise_structure(integers, unit.activation.output.width)
        case CordicIntegers():
            return [("rotations", str(integers.iterations)), ("adders", f"{integers.adder_bits} bits in all")]
        case _:
            return [("terms", str(integers.terms)), ("multipliers", f"{integers.multiplier_bits} partial products")]


def _piecewise_structure(integers: PiecewiseIntegers, output_width: int) -> list[tuple[str, str]]:
    segments = 1 << integers.address_bits
    fold = "none" if integers.fold.reflect < 0 else f"by symmetry, to {integers.fold.bits} bits"
    columns = output_width + integers.guard_bits
    rows = [("fold", fold), ("segments", str(segments)),
            ("base", f"{segments} x {columns} bits, {integers.guard_bits} of them guard bits")]
    if integers.slope:
        rows += [("slope", f"{segments} x {integers.slope_bits} bits, {integers.slope_shift} of them fraction bits"),
                 ("offset", f"{integers.offset_bits} bits; products with the slope below its fraction left out")]
    rows += [("correction", f"{len(entry.entries)} x {entry.value_bits} bits") for entry in integers.corrections]
    if square := integers.square:
        rows += [("curvature", f"{len(square.coefficients)} x {square.coefficient_bits} bits"),
                 ("squares", f"{len(square.squares)} x {square.square_bits} bits")]
    return rows


def _diagram(plan: StagePlan) -> list[str]:
    """The steps as boxes in a row, with a bar where registers are."""
    cells = ["i"]
    for index, step in enumerate(plan.steps):
        cells.append(f"[{step.name}]")
        if index in plan.cuts:
            cells.append(f"|{step.live_bits}|")
    line = " -> ".join([*cells, "o"])
    return [line, "", "|n| is a register of n bits; registers move by the handshake."]

"""What a case of an activation unit says of itself."""

from quadcim.hw.activation.plans import unit_design
from quadcim.hw.activation.quad_plan import QuadPlan
from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.cost import Cost, piecewise_cost, quad_cost
from quadcim.spec.description import Description
from quadcim.spec.functions import FUNCTIONS
from quadcim.spec.integers import METHODS, Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.unit import ActivationUnit

__all__ = ["describe_activation", "estimated_cost"]

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


def describe_activation(unit: ActivationUnit, integers: Integers, *, beats: int) -> Description:
    """The texts of a unit's case, whose vectors are so many beats."""
    activation = unit.activation
    rounding = f"rounded {_ROUNDINGS[activation.rounding]}, saturated"
    cost = None if unit.method == "dsp" else estimated_cost(integers, activation)
    return Description(
        definition=_definition(activation),
        header=(
            f"input  {activation.input}: value = i__payload * 2**-{activation.input.fraction_bits}",
            f"output {activation.output}: value = o__payload * 2**-{activation.output.fraction_bits}",
            f"{rounding}; error at most {integers.max_error_ulp:.6f} ulp",
            f"method {_method(unit, integers)}; technology {unit.technology}"),
        rows=(
            ("input", f"{activation.input}, raw X stands for X * 2^-{activation.input.fraction_bits}"),
            ("output", f"{activation.output}, {rounding}"),
            ("error", _error(integers)),
            ("method", _method(unit, integers))),
        structure=(
            *_structure(unit, integers),
            *([("without registers", f"{cost.lut:.0f} LUT or {cost.gates:.0f} gate equivalents")] if cost else [])),
        technology=unit.technology, flow_control=unit.flow_control,
        picture="![The output and its error over the input](function.svg)",
        vectors="every input" if beats == 1 << activation.input.width else "edge cases and random inputs")


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
    segments = integers.segments
    fold = "none" if integers.fold.reflect < 0 else f"by symmetry, to {integers.fold.bits} bits"
    columns = output_width + integers.guard_bits
    rows = [("fold", fold), ("segments", f"{segments}{', of lengths of their own' if integers.breaks else ''}"),
            ("base", f"{segments} x {columns} bits, {integers.guard_bits} of them guard bits")]
    if integers.slope:
        rows += [("slope", f"{segments} x {integers.slope_bits} bits, {integers.slope_shift} of them fraction bits"),
                 ("offset", f"{integers.offset_bits} bits; products with the slope below its fraction left out")]
    rows += [("correction", f"{len(entry.entries)} x {entry.value_bits} bits") for entry in integers.corrections]
    if square := integers.square:
        rows += [("curvature", f"{len(square.coefficients)} x {square.coefficient_bits} bits"),
                 ("squares", f"{len(square.squares)} x {square.square_bits} bits")]
    return rows

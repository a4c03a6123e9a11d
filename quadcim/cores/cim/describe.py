"""What a case of a compute-in-memory macro says of itself."""

from quadcim.hw.cim.plan import CimPlan
from quadcim.spec.cim import CimMacro
from quadcim.spec.description import Description

__all__ = ["describe_cim"]

_WEIGHTS = {"unipolar": "0 and 1", "bipolar": "-1 (a 0 in the cell) and 1"}


def describe_cim(plan: CimPlan) -> Description:
    """The texts of a macro's case."""
    macro, output = plan.macro, plan.macro.output_format(plan.integers)
    activations = (f"{macro.rows} activations of {macro.activation}, {macro.bits_per_cycle} of "
                   f"{macro.activation_bits} bits a cycle")
    constant = macro.storage == "constant"
    weights = f"{macro.rows} x {macro.columns}, {_WEIGHTS[macro.encoding]}, " + (
        "constant" if constant else f"loaded by rows, {macro.banks} bank{'s' * (macro.banks > 1)}")
    results = f"{macro.columns} results of {output}"
    convert = [("converters", _adc(macro))] if macro.adc else []
    affine = [("affine", _affine(macro))] if macro.narrow else []
    rows = [("activations", activations), ("weights", weights), *convert, *affine, ("results", results)]
    return Description(
        definition="y[c] = sum over r of w[r, c] * x[r], a compute-in-memory macro with binary weights",
        header=tuple(f"{name}: {text}" for name, text in rows), rows=tuple(rows), structure=tuple(_structure(plan)),
        technology=macro.technology, flow_control="elastic", picture="",
        vectors="corners and random activations" + ("" if constant else ", after the rows of vectors/weights.hex"))


def _adc(macro: CimMacro) -> str:
    adc = macro.adc
    assert adc is not None
    return f"{adc.rows} rows at a time, {adc.bits} bits, from {adc.low} to {adc.high} in steps of {adc.step}"


def _affine(macro: CimMacro) -> str:
    narrow = macro.narrow
    assert narrow is not None
    return (f"scale * y + offset * sum of x + bias, shifted right by {narrow.shift}, rounded {narrow.rounding}, "
            f"{narrow.overflow}")


def _structure(plan: CimPlan) -> list[tuple[str, str]]:
    """What the macro is made of."""
    macro, column = plan.macro, plan.column
    bits = 0 if macro.storage == "constant" else macro.rows * macro.columns * macro.banks
    rows = [("cells", f"{macro.rows * macro.columns}, {bits} bits of storage"),
            ("column", f"{column.rows} products of a plane, {len(column.steps(plan.delays))} levels of adders"),
            ("accumulator", f"{macro.sum_format(plan.integers)} in each column")]
    if plan.reference is not None:
        rows.append(("reference column", f"the sum of {plan.reference.rows} activations, shared by all columns"))
    return rows

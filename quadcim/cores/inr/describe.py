"""What a case of an engine says of itself."""

from quadcim.hw.inr.plan import EnginePlan, LayerPlan
from quadcim.hw.inr.resources import engine_resources
from quadcim.spec.description import Description, counted

__all__ = ["describe_inr"]


def describe_inr(plan: EnginePlan) -> Description:
    """The texts of an engine's case."""
    engine, activation = plan.engine, plan.engine.activation
    network = f"{' - '.join(map(str, engine.sizes))}, {activation.function} {activation.input} to {activation.output}"
    speed = (f"a pixel in {counted(engine.pixel_cycles, 'cycle')}, {counted(engine.multipliers, 'multiplier')}, "
             f"{100 * engine.utilisation:.1f} % of their cycles used")
    command = (f"start and step of {engine.sizes[0]} coordinates of {engine.coordinate}, and the number of the last "
               "value of each")
    rows = [("network", network), ("command", command), ("pixel", f"{engine.sizes[-1]} of {plan.pixel}"),
            ("speed", speed)]
    return Description(
        definition="pixels of an implicit neural representation at the coordinates of a region",
        header=tuple(f"{name}: {text}" for name, text in rows), rows=tuple(rows),
        structure=(*((f"layer {layer.number}", _layer(layer)) for layer in plan.layers), *_resources(plan)),
        technology=engine.technology, flow_control="elastic", picture="",
        vectors="corners of the picture and random regions")


def _resources(plan: EnginePlan) -> tuple[tuple[str, str], ...]:
    """What formulas say that an FPGA gives; they know no cells."""
    if plan.engine.technology == "cells":
        return ()
    return ("on UltraScale+", f"{engine_resources(plan)}, estimated; `quadcim synth` maps it"),


def _layer(plan: LayerPlan) -> str:
    """How a layer is folded."""
    units = "" if plan.unit is None else f", {counted(plan.units, 'activation unit')}"
    return (f"{plan.inputs} to {plan.outputs}, {plan.folding.pe} PE of {plan.folding.simd} SIMD: "
            f"{counted(plan.cycles, 'cycle')} a vector; {plan.accumulator_bits} bits an accumulator{units}")

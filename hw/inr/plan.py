"""What an engine of implicit neural representations is built of, and where its registers go. Standard library only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm

from quadcim.hw.activation.plans import unit_plan
from quadcim.spec.delay import DelayModel
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.folding import Folding
from quadcim.spec.formats import Format
from quadcim.spec.inr import FrozenInr, FrozenLayer
from quadcim.spec.inr_engine import COUNT, InrEngine
from quadcim.spec.pipeline import StagePlan, Step, closest_stages, fewest_stages, plan_stages
from quadcim.spec.technology import find_technology
from quadcim.spec.timing import Timing
from quadcim.spec.ultrascale import pays_in_block_ram

__all__ = ["EnginePlan", "LayerPlan", "Table", "closest_dot_stages_to_clock", "dot_stages_for_clock", "plan_engine"]

_FULL_BUFFERS = 2
_WIDEST_TABLE = 4096
_AROUND = 3
"""Registers around a dot product: the memories' outputs, the accumulator, and what holds results for the units."""


@dataclass(frozen=True, slots=True)
class Table:
    """Constants in a memory.

    Parameters
    ----------
    width : int
        Bits of a row.
    contents : tuple of int
        The rows.
    """

    width: int
    contents: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Their number."""
        return len(self.contents)

    @property
    def style(self) -> str:
        """Block RAM where it pays; synthesis may absorb what is smaller, and is left to choose."""
        return "block" if pays_in_block_ram(self.width, self.rows) else "auto"


@dataclass(frozen=True)
class LayerPlan:
    """How a layer is built.

    Parameters
    ----------
    number : int
        The first layer is 1.
    layer : FrozenLayer
        Its integers.
    folding : Folding
        PE and SIMD.
    arriving : int
        How many elements of a vector come in a beat.
    dot : StagePlan
        Products and their sum, between memories and accumulator.
    unit : StagePlan or None
        Of the activation units; None for the last layer.
    """

    number: int
    layer: FrozenLayer
    folding: Folding
    arriving: int
    dot: StagePlan
    unit: StagePlan | None

    @property
    def inputs(self) -> int:
        """Elements of a vector."""
        return len(self.layer.weight[0])

    @property
    def outputs(self) -> int:
        """Results of a vector."""
        return len(self.layer.weight)

    @property
    def words(self) -> int:
        """Words of SIMD elements in a vector."""
        return self.inputs // self.folding.simd

    @property
    def groups(self) -> int:
        """Groups of PE results of a vector."""
        return self.outputs // self.folding.pe

    @property
    def cycles(self) -> int:
        """Of a vector."""
        return self.words * self.groups

    @property
    def units(self) -> int:
        """Results that are narrowed and activated at a time: as many as keep up, in equal turns."""
        return next(units for units in range(1, self.folding.pe + 1)
                    if self.folding.pe % units == 0 and units * self.words >= self.folding.pe)

    @property
    def turns(self) -> int:
        """Cycles in which a group of results passes the units."""
        return self.folding.pe // self.units

    @property
    def lanes(self) -> int:
        """Elements side by side in the buffer of vectors: what comes in, and what is read, lies in one row of it."""
        return lcm(self.arriving, self.folding.simd)

    @property
    def latency_cycles(self) -> int:
        """From the last element of a vector to the last of its results."""
        return self.cycles + self.dot.stages + _AROUND - 1 + self.turns + self.unit_stages

    @property
    def unit_stages(self) -> int:
        """Stages of the activation units."""
        return 0 if self.unit is None else self.unit.stages

    @property
    def most_inside(self) -> int:
        """Vectors that it holds at most, in part or whole."""
        return _FULL_BUFFERS + 2 + (self.dot.stages + _AROUND + self.turns + self.unit_stages) // self.cycles

    @cached_property
    def raised_bits(self) -> int:
        """By how much an accumulator is shifted up first, as some results have more fraction bits than it."""
        return max(0, -min(self.layer.shift))

    @cached_property
    def shifts(self) -> tuple[int, ...]:
        """By how much accumulators are then shifted down; each result has one of these."""
        return tuple(sorted({shift + self.raised_bits for shift in self.layer.shift}))

    @cached_property
    def shift_bits(self) -> int:
        """Of the number of such a shift."""
        return (len(self.shifts) - 1).bit_length()

    @cached_property
    def accumulator_bits(self) -> int:
        """Of the widest accumulator: one that may wrap needs no more bits than reach its result."""
        if self.layer.overflow == "wrap":
            return max(1, *(self.layer.output.width + shift for shift in self.layer.shift))
        return max(accumulator.width for accumulator in self.layer.accumulators)

    def initial(self, output: int) -> int:
        """What an accumulator begins with: the bias, and the half that rounds up."""
        shift = self.layer.shift[output]
        return (self.layer.bias[output] + (1 << shift >> 1 if shift > 0 else 0)) % (1 << self.accumulator_bits)

    @property
    def settings_bits(self) -> int:
        """Of the word of a result."""
        return self.accumulator_bits + self.shift_bits

    def settings(self, output: int) -> int:
        """The word of a result: the number of its shift, and below it what its accumulator begins with."""
        number = self.shifts.index(self.layer.shift[output] + self.raised_bits)
        return number << self.accumulator_bits | self.initial(output)

    @cached_property
    def weight_tables(self) -> tuple[Table, ...]:
        """The words of each processing element, in the order of their cycles; the first weight is in the low bits."""
        bits, (pe, simd) = self.layer.weight_bits, (self.folding.pe, self.folding.simd)
        mask = (1 << bits) - 1

        def word(output: int, low: int) -> int:
            weights = self.layer.weight[output][low:low + simd]
            return sum((weight & mask) << bits * place for place, weight in enumerate(weights))

        return tuple(Table(simd * bits, tuple(word(output, low) for output in range(element, self.outputs, pe)
                                              for low in range(0, self.inputs, simd))) for element in range(pe))

    @cached_property
    def settings_tables(self) -> tuple[Table, ...]:
        """The settings of the results, a row a group, side by side; several if they are wider than a memory may be."""
        pe, width = self.folding.pe, self.settings_bits
        tables = []
        for low in range(0, pe, most := _WIDEST_TABLE // width):
            part = range(low, min(low + most, pe))
            tables.append(Table(width * len(part), tuple(
                sum(self.settings(group * pe + element) << width * place for place, element in enumerate(part))
                for group in range(self.groups))))
        return tuple(tables)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What happens on the way through the layer; a register follows each but some of a dot product and a unit."""
        bits, pe = self.layer.input.width, self.folding.pe
        return (Step("store", 0, _FULL_BUFFERS * self.inputs * bits),
                Step("read", 0, self.folding.simd * (bits + pe * self.layer.weight_bits)),
                *(Step(step.name, step.delay_ps, pe * step.live_bits) for step in self.dot.steps))


@dataclass(frozen=True)
class EnginePlan:
    """How an engine is built.

    Parameters
    ----------
    engine : InrEngine
        Its specification.
    network : FrozenInr
        Its integers.
    layers : tuple of LayerPlan
        Its layers.
    """

    engine: InrEngine
    network: FrozenInr
    layers: tuple[LayerPlan, ...]

    @property
    def timing(self) -> Timing:
        """A command in, as many pixels out as it says; one command waits for the next to be begun."""
        latency = 2 + sum(layer.latency_cycles for layer in self.layers)
        return Timing(latency, self.engine.pixel_cycles, 1, beats_out=None)

    @property
    def pixel(self) -> Format:
        """Of a colour channel."""
        return self.network.layers[-1].output

    @property
    def most_inside(self) -> int:
        """Pixels that it holds at most."""
        return 2 + sum(layer.most_inside for layer in self.layers)

    @cached_property
    def whole(self) -> StagePlan:
        """All steps and registers on the way of a pixel, layer by layer."""
        delays = find_technology(self.engine.technology).delays
        steps: list[Step] = []
        cuts: list[int] = []

        def add(layer: int, plan_steps: Sequence[Step], plan_cuts: Sequence[int]) -> None:
            cuts.extend(len(steps) + cut for cut in plan_cuts)
            steps.extend(Step(f"{step.name}_of_layer_{layer}" if layer else step.name, step.delay_ps, step.live_bits)
                         for step in plan_steps)

        coordinate = self.engine.coordinate.width
        add(0, [Step("coordinates", delays.carry_propagate_adder_ps(max(coordinate, COUNT.width)),
                     self.engine.sizes[0] * (4 * coordinate + 3 * COUNT.width))], [0])
        for layer in self.layers:
            pe, bits = layer.folding.pe, layer.accumulator_bits
            dot = len(layer.dot.steps)
            add(layer.number, [*layer.steps, Step("accumulate", delays.carry_propagate_adder_ps(bits), pe * bits),
                               Step("hold", 0, pe * (bits + layer.shift_bits))],
                [0, 1, *(2 + cut for cut in layer.dot.cuts), 2 + dot, 3 + dot])
            add(layer.number, [Step("narrow", delays.exclusive_or_ps * layer.shift_bits, 0)], [])
            if layer.unit is not None:
                add(layer.number, [Step(step.name, step.delay_ps, step.live_bits * layer.units)
                                   for step in layer.unit.steps], layer.unit.cuts)
        channels = self.engine.sizes[-1]
        add(0, [Step("pixel", delays.saturate_ps, channels * self.pixel.width)], [0])
        return StagePlan(tuple(steps), tuple(cuts))


def plan_engine(engine: InrEngine, network: FrozenInr) -> EnginePlan:
    """How an engine is built.

    Raises
    ------
    IllegalSetting
        If the network is another than the engine's, or there cannot be so many stages.
    """
    engine.check(network)
    delays, unit = find_technology(engine.technology).delays, _unit_plan(engine)
    if not 0 <= engine.stages <= (most := _most_stages(engine)):
        raise IllegalSetting("stages", f"0 to {most} for the widest dot product of this engine", engine.stages)
    layers: list[LayerPlan] = []
    arriving = engine.sizes[0]
    for number, (layer, folding) in enumerate(zip(network.layers, engine.foldings, strict=True), 1):
        last = number == len(network.layers)
        plan = LayerPlan(number, layer, folding, arriving, StagePlan((), ()), None if last else unit)
        steps = _dot_steps(plan, delays)
        layers.append(replace(plan, dot=plan_stages(steps, min(engine.stages, len(steps)))))
        arriving = plan.units
    return EnginePlan(engine, network, tuple(layers))


def _unit_plan(engine: InrEngine) -> StagePlan:
    """Of an activation unit; errors name the engine's own setting."""
    try:
        return unit_plan(engine.unit)
    except IllegalSetting as error:
        option = "activation-stages" if error.option == "stages" else error.option
        raise IllegalSetting(option, error.legal, error.given) from None


def _dot_plans(engine: InrEngine, network: FrozenInr) -> Iterator[StagePlan]:
    """The slowest layer's dot product with 0 registers, 1 register, and so on; its last stage is the accumulator."""
    delays = find_technology(engine.technology).delays
    for stages in range(_most_stages(engine) + 1):
        plans = []
        for layer in plan_engine(replace(engine, stages=stages), network).layers:
            adder = Step("accumulate", delays.carry_propagate_adder_ps(layer.accumulator_bits), layer.accumulator_bits)
            plans.append(StagePlan((*layer.dot.steps, adder), (*layer.dot.cuts, len(layer.dot.steps))))
        yield max(plans, key=lambda plan: plan.slowest_stage_ps)


def dot_stages_for_clock(engine: InrEngine, network: FrozenInr, clock_mhz: float) -> int:
    """The fewest registers in the dot products with which they meet a clock by the delay estimate.

    Raises
    ------
    IllegalSetting
        If no number does.
    """
    register_ps = find_technology(engine.technology).delays.register_ps
    return fewest_stages(_dot_plans(engine, network), clock_mhz=clock_mhz, register_ps=register_ps).stages - 1


def closest_dot_stages_to_clock(engine: InrEngine, network: FrozenInr, clock_mhz: float) -> tuple[int, float]:
    """As `dot_stages_for_clock`; where none meets the clock, what is fastest; and the clock met."""
    register_ps = find_technology(engine.technology).delays.register_ps
    plan, clock_mhz = closest_stages(list(_dot_plans(engine, network)), clock_mhz=clock_mhz, register_ps=register_ps)
    return plan.stages - 1, clock_mhz


def _most_stages(engine: InrEngine) -> int:
    """Of the widest dot product: its products, and the levels of its tree."""
    return 1 + max((folding.simd - 1).bit_length() for folding in engine.foldings)


def _dot_steps(plan: LayerPlan, delays: DelayModel) -> list[Step]:
    """Products, then a tree of adders; no sum is wider than the accumulator."""
    most, count = plan.accumulator_bits, plan.folding.simd
    bits = min(most, plan.layer.input.width + plan.layer.weight_bits)
    levels = 1 + max(plan.layer.weight_bits - 2, 0).bit_length() * 2
    steps = [Step("multiply", delays.product_ps + levels * delays.full_adder_ps + delays.carry_propagate_adder_ps(bits),
                  bits * count)]
    while count > 1:
        count, bits = -(-count // 2), min(most, bits + 1)
        steps.append(Step(f"add_{len(steps)}", delays.carry_propagate_adder_ps(bits), bits * count))
    return steps

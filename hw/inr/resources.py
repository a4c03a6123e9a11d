"""What an engine takes of an UltraScale+ FPGA, by formulas, before anything is built. Standard library only.

They count what Yosys makes of the parts (`quadcim synth`, `python -m benchmarks inr-resources`), each of which follows
the component that it is named for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quadcim.hw.activation.piecewise_plan import PiecewisePlan
from quadcim.hw.activation.plans import unit_design, unit_integers
from quadcim.hw.activation.quad_plan import QuadPlan
from quadcim.hw.arithmetic.compressor import ONE
from quadcim.hw.inr.plan import EnginePlan, LayerPlan, Table
from quadcim.spec.cost import piecewise_cost
from quadcim.spec.inr_engine import COUNT
from quadcim.spec.ultrascale import (
    adder_luts,
    block_rams,
    choice_luts,
    compare_luts,
    dsp_multiplies,
    table_luts,
    vector_memory_luts,
)
from quadcim.spec.unit import ActivationUnit

__all__ = ["Resources", "engine_parts", "engine_resources"]

_HANDSHAKE = 2
"""LUTs of a register with valid and ready: whether it moves, and whether it is taken."""


@dataclass(frozen=True, slots=True)
class Resources:
    """An estimate.

    Parameters
    ----------
    lut : float
        LUTs, as logic, memory or shift register.
    flip_flops, dsp : int
        Flip-flops, and DSP blocks.
    half_block_rams : int
        Block RAM in units of 18 kbit.
    """

    lut: float = 0
    flip_flops: int = 0
    dsp: int = 0
    half_block_rams: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(self.lut + other.lut, self.flip_flops + other.flip_flops, self.dsp + other.dsp,
                         self.half_block_rams + other.half_block_rams)

    def __mul__(self, number: int) -> "Resources":
        return Resources(self.lut * number, self.flip_flops * number, self.dsp * number,
                         self.half_block_rams * number)

    @property
    def bram36(self) -> float:
        """Block RAM in units of 36 kbit."""
        return self.half_block_rams / 2

    def __str__(self) -> str:
        return (f"{round(self.lut)} LUT, {self.flip_flops} flip-flops, {self.dsp} DSP48E2, "
                f"{self.bram36:g} block RAM of 36 kbit")


def _total(parts: Iterable[Resources]) -> Resources:
    return sum(parts, Resources())


def engine_resources(plan: EnginePlan) -> Resources:
    """All of an engine."""
    return _total(engine_parts(plan).values())


def engine_parts(plan: EnginePlan) -> dict[str, Resources]:
    """The parts of an engine, by what they are."""
    parts = {"coordinates": _coordinates(plan), "queue": _queue(plan.most_inside), "pixel": _pixel(plan)}
    for layer in plan.layers:
        here = {"vectors": _vectors(layer), "weights": _weights(layer), "settings": _settings(layer),
                "elements": _elements(layer), "results": _results(layer),
                "narrowing": _narrowing(layer) * layer.units, "control": _control(layer)}
        if layer.unit is not None:
            here["activation"] = _unit(plan.engine.unit, layer) * layer.units
        parts |= {f"{name} of layer {layer.number}": part for name, part in here.items()}
    return parts


def _counter(count: int) -> Resources:
    """`quadcim.hw.inr.vector_buffer.counter`: its carry chain is free but for the first bit; and the last number."""
    bits = (count - 1).bit_length()
    returns = int(count != 1 << bits)
    return Resources(1 + compare_luts(bits) + returns, bits) if bits else Resources()


def _coordinates(plan: EnginePlan) -> Resources:
    """For each axis: where it starts, its step and its number are held; its position and what is left count."""
    axes, width, pace = plan.engine.sizes[0], plan.engine.coordinate.width, plan.engine.pixel_cycles
    # A bit of the position is added in one LUT and chosen of three in another; what is left is taken down in the carry
    # chain alone. Beside them: whether it is 0, whether those before it are, and whether it changes.
    axis = Resources(2 * width + COUNT.width + compare_luts(COUNT.width) + 2, 3 * width + 2 * COUNT.width)
    bits = (pace - 1).bit_length()
    return axis * axes + Resources(bits + _HANDSHAKE, bits + int(pace > 1) + 1)


def _queue(depth: int) -> Resources:
    """`ShiftFifo` of one bit: a place that counts up and down, and 32 entries a LUT."""
    bits = (depth - 1).bit_length() + 1
    return Resources(bits + 3 + max(1, (1 << bits - 1) // 32), bits)


def _pixel(plan: EnginePlan) -> Resources:
    """The channels that came before, then all of them."""
    channels, width, units = plan.engine.sizes[-1], plan.pixel.width, plan.layers[-1].units
    beats = channels // units
    return _counter(beats) + Resources(beats + _HANDSHAKE, (2 * channels - units) * width + 2)


def _vectors(layer: LayerPlan) -> Resources:
    """`VectorBuffer`: LUTRAM for each beat of a row, the row that was read, and the choice of a word in it."""
    width, simd, lanes = layer.layer.input.width, layer.folding.simd, layer.lanes
    beats, words, rows = lanes // layer.arriving, lanes // simd, layer.inputs // lanes
    memories = Resources(vector_memory_luts(layer.arriving * width, 2 * rows), layer.arriving * width) * beats
    chosen = Resources(simd * width * choice_luts(words), (words - 1).bit_length())
    counters = _total(map(_counter, (beats, rows, words, rows)))
    # A second vector behind a first one of rows that are no power of two is at an address that is added, twice.
    bits = (2 * rows - 1).bit_length()
    added = Resources(0 if rows & rows - 1 == 0 else 2 * bits)
    enables = Resources(beats if beats > 1 else 0)
    # Two bits count full buffers, one each tells which is written and read: a LUT for each, and the handshake.
    return memories + chosen + counters + added + enables + Resources(4 + _HANDSHAKE, 4)


_FEW = 8
"""Rows up to which many bits of a table are alike: eight can hold 256 different ones."""


def _tables(tables: Sequence[Table]) -> Resources:
    """Constants that are read at one address."""
    few = [table for table in tables if table.rows <= _FEW and table.style != "block"]
    return _columns(few) + _total(_table(table) for table in tables if table not in few)


def _table(table: Table) -> Resources:
    """Block RAMs, among which rows are chosen that lie above one another; or LUTs, and a flip-flop for each bit."""
    if table.style == "block":
        halves, stacked = block_rams(table.width, table.rows)
        return Resources(table.width * choice_luts(stacked), half_block_rams=halves)
    return Resources(table.width * table_luts(table.rows), table.width)


def _columns(tables: Sequence[Table]) -> Resources:
    """LUTs and flip-flops of bits that share both where they are alike, and need none where they never change."""
    if not tables:
        return Resources()
    rows = tables[0].rows
    whole = (1 << rows) - 1
    columns = {sum((word >> bit & 1) << row for row, word in enumerate(table.contents))
               for table in tables for bit in range(table.width)} - {0, whole}
    # A bit of the address, or its complement, goes to the flip-flop as it is.
    address = [sum((row >> bit & 1) << row for row in range(rows)) for bit in range((rows - 1).bit_length())]
    return Resources(len(columns - {*address, *(whole ^ bit for bit in address)}), len(columns))


def _weights(layer: LayerPlan) -> Resources:
    """A memory for each element; constants where a vector takes one cycle."""
    return Resources() if layer.cycles == 1 else _tables(layer.weight_tables) + _counter(layer.cycles)


def _settings(layer: LayerPlan) -> Resources:
    """What accumulators begin with, and shifts: a row for each group, whose number is known a cycle ahead."""
    if layer.groups == 1:
        return Resources()
    ahead, kept = (layer.groups - 1).bit_length(), layer.folding.pe * layer.shift_bits
    return _tables(layer.settings_tables) + _counter(layer.groups) + Resources(ahead, kept)


def _elements(layer: LayerPlan) -> Resources:
    """`ProcessingElement`: products, the sums between registers, the accumulator."""
    pe, bits, dot = layer.folding.pe, layer.accumulator_bits, layer.dot
    dsp, rows = _products(layer)
    lut, begin, values = 0.0, 0, layer.folding.simd
    for cut in dot.cuts:
        # Between two registers, all adders on the way to a value make one sum.
        left = _values(layer, cut)
        width, each = _adder_width(layer, begin, cut), -(-values // left)
        lut += sum(adder_luts(rows * min(each, values - first), width) for first in range(0, values, each))
        begin, values, rows = cut, left, 1
    lut += _accumulator_luts(layer, rows * values)
    # Where nothing comes back to the accumulator, nobody reads its lowest bits.
    accumulator = bits - (_dropped_bits(layer) if layer.words == 1 else 0)
    registers = accumulator + sum(dot.steps[cut].live_bits for cut in dot.cuts)
    return Resources(lut, registers) * pe + Resources(dsp=dsp)


def _values(layer: LayerPlan, step: int) -> int:
    """How many numbers a step of a dot product leaves: the first one products, each further one sums of two."""
    return -(-layer.folding.simd // (1 << step))


def _adder_width(layer: LayerPlan, begin: int, end: int) -> float:
    """Bits of the adders after one step up to another, on average: a sum is a bit wider than what it adds."""
    widths = [step.live_bits // _values(layer, index) for index, step in enumerate(layer.dot.steps)]
    adders = [width for index, width in enumerate(widths[begin + 1:end + 1], begin + 1)
              for _ in range(_values(layer, index - 1) - _values(layer, index))]
    return sum(adders) / len(adders) if adders else widths[end]


def _accumulator_luts(layer: LayerPlan, operands: int) -> float:
    """What adds some operands to the accumulator, or to what it begins with.

    A single one takes a carry chain: its LUTs choose what it is added to as well, and there are none where that is a
    constant. Only a product of the accumulator's own width leaves the choice to LUTs of its own, since Yosys takes both
    for a multiply-accumulate. Several are a sum that has the choice among its operands.
    """
    bits, given = layer.accumulator_bits, layer.layer
    if operands > 1:
        return adder_luts(operands + 1, bits)
    if layer.cycles == 1:
        return 0
    fused = layer.words > 1 and not layer.dot.cuts and given.input.width + given.weight_bits >= bits
    return 2 * bits if fused else bits


def _dropped_bits(layer: LayerPlan) -> int:
    """The lowest bits of an accumulator that no result has."""
    return max(layer.shifts[0] - layer.raised_bits, 0)


def _products(layer: LayerPlan) -> tuple[int, int]:
    """The DSP blocks of a layer, and how many numbers a product adds to a sum: one, or one for each bit of a weight."""
    given, weight = layer.layer.input.width, layer.layer.weight_bits
    if not dsp_multiplies(given, weight, min(layer.accumulator_bits, given + weight)):
        return 0, min(given, weight)
    if layer.cycles > 1:
        return layer.folding.multipliers, 1
    # Constants that are 0 or a power of two multiply by wires.
    return sum(bool(abs(weight) & abs(weight) - 1) for row in layer.layer.weight for weight in row), 1


def _results(layer: LayerPlan) -> Resources:
    """Results that wait for the units: all but those that leave last are loaded or shifted, which takes a LUT a bit."""
    pe, units = layer.folding.pe, layer.units
    bits = layer.settings_bits - _dropped_bits(layer)
    if _shifts_by_wires(layer):
        bits = layer.layer.output.width if layer.layer.overflow == "wrap" else bits - layer.shift_bits
    return Resources((pe - units) * bits, pe * bits) + _counter(layer.turns)


def _shifts_by_wires(layer: LayerPlan) -> bool:
    """Whether each result has a place of its own, and so a constant shift."""
    return layer.groups == layer.turns == 1


def _narrowing(layer: LayerPlan) -> Resources:
    """`Narrowing`: the choice of a shift; to saturate, each bit also has the sign and whether it leaves the format."""
    choices, bits = 1 if _shifts_by_wires(layer) else len(layer.shifts), layer.layer.output.width
    if layer.layer.overflow == "wrap":
        return Resources(bits * choice_luts(choices))
    beyond = max(layer.accumulator_bits + layer.raised_bits - layer.shifts[0] - bits, 1)
    return Resources(bits * choice_luts(choices + 2) + choices * compare_luts(beyond))


def _control(layer: LayerPlan) -> Resources:
    """Counters of words and groups, what goes with a word, and the handshakes of elements and results."""
    flags = 1 if layer.words == 1 else 3
    return (_counter(layer.words) + _counter(layer.groups)
            + Resources(4 * _HANDSHAKE, flags * (layer.dot.stages + 1) + 2))


def _unit(unit: ActivationUnit, layer: LayerPlan) -> Resources:
    """An activation unit, and for each stage whether it moves; piecewise ones as the generator compares their forms."""
    plan = layer.unit
    assert plan is not None
    match design := unit_design(unit, unit_integers(unit)):
        case QuadPlan():
            lut = _quad_luts(design, plan.stages)
        case PiecewisePlan():
            # After a register, products and tables do not take the fold in.
            fold = design.integers.fold
            folded = fold.bits if plan.stages and fold.reflect >= 0 else 0
            lut = piecewise_cost(design.integers, unit.activation.output.width).lut + folded
        case _:
            raise AssertionError(f"engines have no {type(design).__name__}")
    return Resources(lut + plan.stages, plan.register_bits + plan.stages)


def _quad_luts(design: QuadPlan, stages: int) -> float:
    """Phi: the fold, the compressor tree, the adder after it, the sign.

    A full adder of the tree has a LUT for its sum and one for its carry; without registers between them the carry of
    every other one is in the LUTs of the next, and so is the fold. A half adder is one: its carry is in the next one.
    """
    tree, activation = design.sum.tree, design.activation
    adders = [adder for level in tree.levels for adder in level]
    full = sum(len(adder.inputs) == 3 and ONE not in adder.inputs for adder in adders)
    last = sum(len(column) == 2 for column in tree.columns)
    fold = design.integers.fraction_bits if stages else 0
    return fold + (2 if stages else 1.5) * full + len(adders) - full + last + activation.output.width

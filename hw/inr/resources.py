"""What an engine takes of an UltraScale+ FPGA, by formulas, before anything is built. Standard library only.

They count what Yosys makes of the parts (`quadcim synth`, `python -m benchmarks inr-resources`), each of which follows
the component that it is named for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quadcim.hw.activation.plans import unit_integers
from quadcim.hw.inr.plan import EnginePlan, LayerPlan, Table
from quadcim.spec.cost import piecewise_cost, quad_cost
from quadcim.spec.inr_engine import COUNT
from quadcim.spec.integers import Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.quad import QuadIntegers
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
    lut, values = 0.0, layer.folding.simd
    for cut in dot.cuts:
        # Between two registers, all adders on the way to a value make one sum.
        left = -(-layer.folding.simd // (1 << cut))
        width = dot.steps[cut].live_bits // left
        each = -(-values // left)
        lut += sum(adder_luts(rows * min(each, values - first), width) for first in range(0, values, each))
        values, rows = left, 1
    # A sum in a register is added in a carry chain, whose LUTs choose what it is added to. Else what is chosen is one
    # more of those that a sum has, and takes LUTs of its own only where the sum is no compressor tree.
    lut += bits if dot.cuts else adder_luts(rows * values + 1, bits) + (bits if rows * values == 1 else 0)
    registers = bits + sum(dot.steps[cut].live_bits for cut in dot.cuts)
    return Resources(lut, registers) * pe + Resources(dsp=dsp)


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
    # Bits below what the least shift leaves are read by nothing.
    bits = layer.accumulator_bits + layer.raised_bits - layer.shifts[0] + layer.shift_bits
    bits = min(bits, layer.settings_bits)
    return Resources((pe - units) * bits, pe * bits) + _counter(layer.turns)


def _narrowing(layer: LayerPlan) -> Resources:
    """`Narrowing`: the choice of a shift; to saturate, each bit also has the sign and whether it leaves the format."""
    choices, bits = len(layer.shifts), layer.layer.output.width
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
    """An activation unit: what the generator compares its forms by, and for each stage a handshake."""
    integers, width, plan = unit_integers(unit), unit.activation.output.width, layer.unit
    assert plan is not None
    lut = _function_luts(integers, width)
    return Resources(lut + _HANDSHAKE * plan.stages, plan.register_bits + plan.stages)


def _function_luts(integers: Integers, width: int) -> float:
    match integers:
        case QuadIntegers():
            return quad_cost(integers, width).lut
        case PiecewiseIntegers():
            return piecewise_cost(integers, width).lut
    raise AssertionError(f"engines have no units of {type(integers).__name__}")

"""What a compute-in-memory macro is built of, and where its registers go. Standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from quadcim.hw.arithmetic.adder_tree import AdderTree
from quadcim.hw.arithmetic.counter_tree import CounterTree
from quadcim.hw.arithmetic.heap import Heap, HeapBit, TreeSum, Wire
from quadcim.spec.cim import LUTRAM_ROWS, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.delay import DelayModel
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.pipeline import StagePlan, Step, closest_stages, fewest_stages, plan_stages
from quadcim.spec.technology import find_technology

__all__ = ["TABLE_BITS", "TABLE_COLUMNS", "TABLE_ROWS", "CimPlan", "PlaneSumPlan",
           "closest_macro_stages_to_clock", "macro_stages_for_clock", "plan_macro", "table_groups"]

TABLE_ROWS, TABLE_COLUMNS, TABLE_BITS = LUTRAM_ROWS, 5, 3
"""A LUTRAM's word holds what so many rows can add up to, in so many bits, for so many columns."""


def table_groups(rows: int) -> list[tuple[int, int]]:
    """The rows, from and to, that share a LUTRAM."""
    return [(low, min(low + TABLE_ROWS, rows)) for low in range(0, rows, TABLE_ROWS)]


@dataclass(frozen=True)
class PlaneSumPlan:
    """How a column adds up one bit of all activations.

    Parameters
    ----------
    rows : int
        Width of the plane.
    code_bits : int
        Width of the code of each cell, which gates it; 0 if all rows count.
    groups : tuple of (int, int)
        Rows that are added up in one piece, from and to.
    adc : Adc or None
        What converts the sum of each group.
    tree : AdderTree, TreeSum or CounterTree
        The adders of the largest group.
    largest : int
        The most that a group adds up to.
    stored : bool
        Whether the plane is looked up first: partial sums of some rows stand in its place.
    """

    rows: int
    code_bits: int
    groups: tuple[tuple[int, int], ...]
    adc: Adc | None
    tree: AdderTree | TreeSum | CounterTree
    largest: int
    stored: bool = False

    @property
    def range(self) -> tuple[int, int]:
        """The least and the most that the sum can be."""
        if self.adc:
            return self.adc.low * len(self.groups), self.adc.high * len(self.groups)
        return 0, self.largest

    @property
    def group_tree(self) -> AdderTree:
        """What adds up the groups, each counted from the converter's lowest result in steps."""
        return AdderTree(len(self.groups), self.adc.levels if self.adc else 1)

    def steps(self, delays: DelayModel) -> list[Step]:
        """The tree; then with converters the conversions and the sum of the groups."""
        steps = list(self.tree.steps(delays))
        before = delays.table_ps(TABLE_ROWS) if self.stored else delays.product_ps
        if steps and (self.stored or isinstance(self.tree, AdderTree)):
            first = steps[0]
            steps[0] = Step(first.name, first.delay_ps + before, first.live_bits)
        if self.adc:
            assert isinstance(self.tree, AdderTree)
            width = self.adc.levels.bit_length() * len(self.groups)
            steps = [Step(step.name, step.delay_ps, step.live_bits * len(self.groups)) for step in steps]
            steps.append(Step("convert", delays.carry_propagate_adder_ps(self.tree.widths[-1][0])
                              + delays.saturate_ps, width))
            steps += [Step(step.name.replace("add", "join"), step.delay_ps, step.live_bits)
                      for step in self.group_tree.steps(delays)]
        # A single row is its own sum, and a step holds its product.
        return steps or [Step("add_0", delays.product_ps, max(self.code_bits, 1))]


def _popcount(rows: int, *, gated: bool, technology: str) -> AdderTree | TreeSum | CounterTree:
    """The adders of binary cells in a technology."""
    if technology == "ultrascale":
        return CounterTree([1] * rows, gated=gated)
    if technology == "cells":
        wires = [(Wire("plane", row), *((Wire("weights", row),) if gated else ())) for row in range(rows)]
        heap = Heap(tuple((HeapBit(f"product_{row}", 0, factors),) for row, factors in enumerate(wires)), 0,
                    rows.bit_length(), 0, {})
        return TreeSum(heap)
    return AdderTree(rows)


def column_sum(macro: CimMacro, integers: CimIntegers) -> PlaneSumPlan:
    """The sum of a column of cells.

    Constant binary cells are no logic: each column's sum is wired to the rows whose weight is 1.
    """
    if macro.adc or macro.codes != CellCodes():
        largest = (1 << macro.codes.bits) - 1
        rows = max(high - low for low, high in macro.groups)
        return PlaneSumPlan(macro.rows, macro.codes.bits, macro.groups, macro.adc, AdderTree(rows, largest),
                            macro.rows * largest)
    if macro.storage == "lutram":
        limits = [high - low for low, high in table_groups(macro.rows)]
        width = len(limits) * TABLE_BITS
        return PlaneSumPlan(width, 0, ((0, width),), None, CounterTree(limits), macro.rows, stored=True)
    gated = integers.cells is None
    rows = macro.rows if integers.cells is None else max(1, *map(sum, zip(*integers.cells, strict=True)))
    tree = _popcount(rows, gated=gated, technology=macro.technology)
    return PlaneSumPlan(rows, int(gated), ((0, rows),), None, tree, rows)


def reference_sum(macro: CimMacro) -> PlaneSumPlan:
    """The sum of all activations: a column whose weights are all 1."""
    tree = _popcount(macro.rows, gated=False, technology=macro.technology)
    return PlaneSumPlan(macro.rows, 0, ((0, macro.rows),), None, tree, macro.rows)


@dataclass(frozen=True)
class CimPlan:
    """The steps of a macro and its registers.

    Parameters
    ----------
    macro, integers
        The specification and its frozen integers.
    column : PlaneSumPlan
        The sum of each column.
    reference : PlaneSumPlan or None
        The sum of all activations, where it is needed.
    before, after : StagePlan
        What comes up to the accumulators, and what follows them. The last stage of `before` ends in the accumulators.
    """

    macro: CimMacro
    integers: CimIntegers
    column: PlaneSumPlan
    reference: PlaneSumPlan | None
    before: StagePlan
    after: StagePlan

    @property
    def whole(self) -> StagePlan:
        """All steps and all cuts."""
        start = len(self.before.steps)
        return StagePlan(self.before.steps + self.after.steps,
                         self.before.cuts + tuple(cut + start for cut in self.after.cuts))

    @property
    def capacity(self) -> int:
        """Beats that it takes while no result is received: the accumulators and what follows them hold one each."""
        return 1 + self.after.stages + (self.before.stages - 1) // self.macro.planes

    @property
    def table_cycles(self) -> int:
        """Cycles in which rows and beats may wait while a table of weights is written; 0 without tables."""
        return (1 << TABLE_ROWS) + self.selected if self.macro.storage == "lutram" else 0

    @property
    def delays(self) -> DelayModel:
        """The delays by which registers are placed."""
        return find_technology(self.macro.technology).delays

    @property
    def selected(self) -> bool:
        """Whether a register follows the choice of a plane, before the columns."""
        return 0 in self.before.cuts

    @property
    def column_cuts(self) -> tuple[int, ...]:
        """Cuts among the steps of a column's sum."""
        last = len(self.before.steps) - 1
        return tuple(cut - 1 for cut in self.before.cuts if 0 < cut < last)

    @property
    def reference_cuts(self) -> tuple[int, ...]:
        """As many cuts among the steps of the reference column: where it has fewer steps, it waits at its end."""
        assert self.reference is not None
        last = len(self.reference.steps(self.delays)) - 1
        return tuple(min(cut, last) for cut in self.column_cuts)


def _before(macro: CimMacro, integers: CimIntegers, column: PlaneSumPlan, delays: DelayModel) -> list[Step]:
    copies = macro.bits_per_cycle * macro.columns
    width = macro.sum_format(integers).width
    select = delays.table_ps(macro.planes + (macro.planes - 1).bit_length()) if macro.planes > 1 else 0
    joined = macro.bits_per_cycle - 1
    accumulate = delays.carry_propagate_adder_ps(width) * (1 + joined.bit_length()) + delays.product_ps
    return [Step("select", select, macro.rows * macro.bits_per_cycle),
            *(Step(step.name, step.delay_ps, step.live_bits * copies) for step in column.steps(delays)),
            Step("accumulate", accumulate, width * macro.columns)]


def _after(macro: CimMacro, integers: CimIntegers, delays: DelayModel) -> list[Step]:
    product = macro.product_format(integers).width
    if macro.narrow is None:
        return [Step("correct", delays.carry_propagate_adder_ps(product), product * macro.columns)] \
            if macro.needs_reference else []
    scale = max(abs(value) for value in (*integers.scale, 1)).bit_length()
    wide = product + scale
    multiply = delays.product_ps + delays.full_adder_ps * scale + delays.carry_propagate_adder_ps(wide)
    return [Step("scale", multiply, 2 * wide * macro.columns),
            Step("sum", delays.full_adder_ps + delays.carry_propagate_adder_ps(wide), wide * macro.columns),
            Step("narrow", delays.carry_propagate_adder_ps(wide) + delays.saturate_ps,
                 macro.narrow.output.width * macro.columns)]


def plan_macro(macro: CimMacro, integers: CimIntegers) -> CimPlan:
    """Where the registers of a macro go, before and after its accumulators (`plan_stages`).

    Raises
    ------
    IllegalSetting
        If the integers are not the macro's, or it cannot have that many stages.
    """
    macro.check(integers)
    delays = find_technology(macro.technology).delays
    column = column_sum(macro, integers)
    before, after = _before(macro, integers, column, delays), _after(macro, integers, delays)
    splits = [(first, macro.stages - first) for first in range(1, len(before) + 1)
              if bool(after) <= macro.stages - first <= len(after)]
    if not splits:
        fewest, most = _stage_range(before, after)
        raise IllegalSetting("stages", f"{fewest} to {most} for this macro", macro.stages)
    plans = [(plan_stages(before, first), plan_stages(after, second) if after else StagePlan((), ()))
             for first, second in splits]
    best = min(plans, key=lambda pair: (max(_slowest(plan) for plan in pair), sum(plan.register_bits for plan in pair)))
    return CimPlan(macro, integers, column, reference_sum(macro) if macro.needs_reference else None, *best)


def _stage_range(before: Sequence[Step], after: Sequence[Step]) -> tuple[int, int]:
    """The fewest and the most stages: the accumulators are registers, and so are results after them."""
    return 1 + bool(after), len(before) + len(after)


def macro_stages_for_clock(macro: CimMacro, integers: CimIntegers, clock_mhz: float) -> int:
    """The fewest stages with which a macro meets a clock by the delay estimate, whatever its own number.

    Raises
    ------
    IllegalSetting
        If no number does, or the integers are not the macro's.
    """
    return fewest_stages(_plans(macro, integers), clock_mhz=clock_mhz, register_ps=_register_ps(macro)).stages


def closest_macro_stages_to_clock(macro: CimMacro, integers: CimIntegers, clock_mhz: float) -> tuple[int, float]:
    """As `macro_stages_for_clock`; where no number meets the clock, what is fastest; and the clock that it meets."""
    plan, clock_mhz = closest_stages(_plans(macro, integers), clock_mhz=clock_mhz, register_ps=_register_ps(macro))
    return plan.stages, clock_mhz


def _plans(macro: CimMacro, integers: CimIntegers) -> list[StagePlan]:
    """The plans of a macro with every legal number of stages."""
    macro.check(integers)
    delays = find_technology(macro.technology).delays
    before = _before(macro, integers, column_sum(macro, integers), delays)
    fewest, most = _stage_range(before, _after(macro, integers, delays))
    return [plan_macro(replace(macro, stages=stages), integers).whole for stages in range(fewest, most + 1)]


def _register_ps(macro: CimMacro) -> int:
    return find_technology(macro.technology).delays.register_ps


def _slowest(plan: StagePlan) -> int:
    return plan.slowest_stage_ps if plan.steps else 0


def folded_affine(macro: CimMacro, integers: CimIntegers) -> list[tuple[int, int, int]]:
    """(scale of u, scale of s, bias) of each column: the affine with the correction of the encoding folded in."""
    a, b = macro.correction
    return [(a * scale, offset - b * scale, bias)
            for scale, offset, bias in zip(integers.scale, integers.offset, integers.bias, strict=True)]


def constant_rows(cells: Sequence[Sequence[int]], column: int) -> list[int]:
    """The rows whose cell in a column is set."""
    return [row for row, codes in enumerate(cells) if codes[column]]

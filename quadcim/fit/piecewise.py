"""The search for the cheapest piecewise form of a function."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from quadcim.fit.pieces import fits_in_pieces
from quadcim.fit.reference import real_values
from quadcim.fit.solver import Curve, Problem, Shape, Solver
from quadcim.spec.activation import Activation
from quadcim.spec.cost import piecewise_cost, product_bits, sized_cost
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.piecewise import Fold, PiecewiseIntegers

__all__ = ["MAX_ADDRESS", "METHODS", "Goal", "fit_piecewise", "folds"]

Goal = Literal["lut", "gates"]
METHODS = ("table", "multipartite", "linear", "quadratic")

_POINTS = 96
MAX_ADDRESS = 10
_MAX_TABLE = 12
# The estimate from a shape's sizes knows nothing of constants and of equal bits in its tables: what these save at most.
_SLACK, _SLACK_NARROW, _NARROW = 0.9, 0.6, 10
# Synthesis makes less of a table of few inputs than the estimate thinks: what unlike segments have to save by it.
_UNEVEN = 1.35


def folds(activation: Activation, values: NDArray[np.float64]) -> Iterator[Fold]:
    """The folds that the values allow: none, about zero, and within a quarter of a period."""
    bits = activation.input_bits
    yield Fold(bits)
    if bits < 3 or (not activation.input.signed and bits == activation.input.width):
        return
    mirrored = np.roll(values[::-1], 1)
    inner = np.ones(len(values), dtype=bool)
    inner[len(values) // 2] = False  # the lowest input has no opposite
    periodic = _close(np.roll(values, len(values) // 2), -values)
    total = round((mirrored + values)[0])
    if _close(mirrored[inner], values[inner]):
        yield Fold(bits - 1, reflect=bits - 1)
        if periodic:
            yield Fold(bits - 2, reflect=bits - 2, reflect_invert=True, sign=(bits - 1, bits - 2))
    elif _close(mirrored[inner], (total - values)[inner]):
        yield Fold(bits - 2, reflect=bits - 2, sign=(bits - 1,)) if periodic and not total else Fold(
            bits - 1, reflect=bits - 1, sign=(bits - 1,), total=total)


def _close(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return bool((np.abs(one - other) < 1e-6).all())


def _curves(address_bits: int, offset_bits: int) -> Iterator[Curve | None]:
    yield None
    for width in range(2, min(offset_bits, 8)):
        for depends in range(min(address_bits, 5) + 1):
            if width + depends <= 8:
                yield Curve(depends, width)
    for width in range(4, min(offset_bits, 9)):
        for depends in range(2, min(address_bits, 5) + 1):
            yield Curve(depends, width, width + 1)


def _slices(address_bits: int, offset_bits: int) -> Iterator[tuple[tuple[int, int, int], ...]]:
    """Ways to split the offset among the tables of a multipartite table: the lower bits depend on less."""
    for upper in range(max(address_bits - 4, 0), address_bits + 1):
        yield ((upper, 0, offset_bits),)
        for split in range(1, offset_bits):
            for lower in range(max(upper - 3, 0), upper + 1):
                yield (upper, split, offset_bits - split), (lower, 0, split)


@dataclass
class _Search:
    """Shapes under one fold in the order of their estimated cost, and which of them have a solution.

    A function that is `straight` between a few corners asks for no curvature.
    """

    problem: Problem
    output_width: int
    goal: Goal
    addresses: Collection[int]
    straight: bool
    solvers: dict[int, Solver] = field(default_factory=dict)
    provers: dict[int, Solver] = field(default_factory=dict)

    def solver(self, address_bits: int) -> Solver:
        """The solver that looks at some points of each segment."""
        if address_bits not in self.solvers:
            self.solvers[address_bits] = Solver(self.problem, address_bits, _POINTS)
        return self.solvers[address_bits]

    def quick(self, shape: Shape) -> PiecewiseIntegers | None:
        """A solution for some points of each segment."""
        return self.solver(shape.address_bits).solve(shape)

    def solve(self, shape: Shape) -> PiecewiseIntegers | None:
        """A solution for all points."""
        if self.quick(shape) is None:
            return None
        if shape.address_bits not in self.provers:
            self.provers[shape.address_bits] = Solver(self.problem, shape.address_bits, 1 << 30)
        return self.provers[shape.address_bits].solve(shape)

    def estimate(self, shape: Shape) -> float:
        """The cost of a shape, before its integers are known."""
        solver, fold = self.solver(shape.address_bits), self.problem.fold
        n, guard = solver.offset_bits, shape.guard_bits
        tables = [(shape.address_bits, self.output_width + guard - 1)]
        heap = accumulated = 0
        if n and not shape.slices:
            slope_bits = _bits(solver.steepest_ulp * 2.0 ** (guard + shape.slope_shift)) + solver.falls
            tables.append((shape.address_bits, slope_bits))
            heap += product_bits(n, slope_bits, shape.slope_shift)
            accumulated = min(slope_bits + max(n - shape.slope_shift, 0), self.output_width + guard)
            accumulated *= shape.address_bits > 5
            heap += max(slope_bits - shape.slope_shift, 0) * (fold.reflect >= 0)
        for address_bits, low, width in shape.slices:
            bits = _bits(solver.steepest_ulp * 2.0 ** (guard + low + width))
            tables.append((address_bits + width, bits))
            heap += bits
        if curve := shape.curve:
            bits = _bits(solver.most_bent_ulp * 4.0 ** (n - 1) * 2.0**guard)
            tables.append((curve.width + (0 if curve.square_bits else curve.address_bits), bits))
            heap += bits
            if curve.square_bits:
                tables += [(curve.width, curve.square_bits), (curve.address_bits, bits)]
                heap += product_bits(curve.square_bits, bits, curve.square_bits - 1)
        cost = sized_cost(fold=fold, output_width=self.output_width, tables=tables, heap_bits=heap,
                          accumulated=accumulated, address_bits=shape.address_bits,
                          mirrored=curve.width if curve else 0)
        return getattr(cost, self.goal)

    def candidates(self, guards: Sequence[int], methods: Sequence[str]) -> Iterator[tuple[float, Shape]]:
        """Shapes with a lower bound of their cost: their slope has as few fraction bits as could do."""
        bits = self.problem.fold.bits
        plain = self.problem.fold.reflect < 0
        for address_bits in (count for count in self.addresses if count <= bits):
            solver = self.solver(address_bits)
            n = solver.offset_bits
            if not n or not solver.fits_a_parabola():
                continue
            sloped = not {"linear", "quadratic"}.isdisjoint(methods)
            for guard in guards:
                for curve in _curves(address_bits, 0 if self.straight else n) if sloped else ():
                    if ("linear" if curve is None else "quadratic") in methods:
                        shift = max(n - 2 - guard, 0) if solver.exact_shift is None else solver.exact_shift
                        shape = Shape(address_bits, guard, shift, curve)
                        yield self.estimate(shape), shape
                if plain and bits <= _MAX_TABLE and "multipartite" in methods:
                    for slices in _slices(address_bits, n):
                        shape = Shape(address_bits, guard, 0, None, slices)
                        yield self.estimate(shape), shape
        if plain and bits <= _MAX_TABLE and "table" in methods and len(self.addresses) > 1:
            shape = Shape(bits, 0, 0)
            yield self.estimate(shape), shape


def _bits(reach: float) -> int:
    return math.ceil(math.log2(max(reach, 0.6) + 0.5))


def _weaker(shape: Shape, hopeless: list[Shape]) -> bool:
    """Whether a shape has no more of anything than one that has no solution."""
    def sizes(other: Shape) -> tuple[int, ...]:
        curve = other.curve or Curve(0, 0)
        return other.address_bits, other.guard_bits, curve.address_bits, curve.width, curve.square_bits

    return not shape.slices and any(
        all(mine <= theirs for mine, theirs in zip(sizes(shape), sizes(other), strict=True)) for other in hopeless)


def _cheapest(search: _Search, guards: Sequence[int], methods: Sequence[str], limit: float) -> tuple[
        float, PiecewiseIntegers | None]:
    """The cheapest shape below a limit that has a solution, and the solution."""
    hopeless: list[Shape] = []
    best = None
    slack = _SLACK_NARROW if search.problem.fold.bits <= _NARROW else _SLACK
    for bound, shape in sorted(search.candidates(guards, methods), key=lambda entry: entry[0]):
        if bound * slack >= limit:
            break
        if _weaker(shape, hopeless):
            continue
        most = search.solver(shape.address_bits).offset_bits + shape.guard_bits + 1
        has_slope = not shape.slices and shape.address_bits < search.problem.fold.bits
        if has_slope and search.quick(replace(shape, slope_shift=most)) is None:
            hopeless.append(shape)
            continue
        for shift in range(shape.slope_shift, most + 1) if has_slope else (0,):
            finer = replace(shape, slope_shift=shift)
            if search.estimate(finer) * slack >= limit:
                break
            integers = search.solve(finer)
            if integers is None or integers.method not in methods:
                continue
            cost = getattr(piecewise_cost(integers, search.output_width), search.goal)
            if cost < limit:
                best, limit = integers, cost
            break
    return limit, best


def fit_piecewise(activation: Activation, *, goal: Goal, methods: Sequence[str] = METHODS,
                  address_bits: int | None = None) -> PiecewiseIntegers:
    """Find the cheapest piecewise form by the cost estimate.

    Parameters
    ----------
    activation : Activation
        What to approximate; its rounding is a promise for every input, which is checked.
    goal : {"lut", "gates"}
        Which estimate counts.
    methods : tuple of str
        Which of `PiecewiseIntegers.method` to admit.
    address_bits : int, optional
        Bits that select the segment, 0 to `MAX_ADDRESS`; by default as many as are cheapest.

    Raises
    ------
    IllegalSetting
        If no form keeps the promise.
    """
    values = real_values(activation)
    guards = range(5) if activation.rounding == "faithful" else range(9)
    addresses = range(MAX_ADDRESS + 1) if address_bits is None else (address_bits,)
    best, limit = None, math.inf
    for fold in folds(activation, values):
        problem = Problem(activation, fold, values)
        pieces = [(getattr(piecewise_cost(found, activation.output.width), goal), found)
                  for found in (fits_in_pieces(problem, guards) if address_bits is None else ())
                  if found.method in methods]
        cost, few = min(pieces, key=lambda entry: entry[0], default=(math.inf, None))
        search = _Search(problem, activation.output.width, goal, addresses, straight=few is not None)
        cheapest, integers = _cheapest(search, guards, methods, limit)
        if few is not None and cost * _UNEVEN < cheapest:
            cheapest, integers = cost, few
        limit, best = (cheapest, integers) if integers else (limit, best)
    if best is not None:
        return best
    raise _kept_by_no_form(activation, methods, 1 << max(addresses))


def _kept_by_no_form(activation: Activation, methods: Sequence[str], segments: int) -> IllegalSetting:
    """The error of what stands in the way: the rounding, the one method that is asked for, or else the formats."""
    kind = f"{methods[0]} form" if len(methods) == 1 else "piecewise form"
    form = f"that a {kind} of at most {segments} segments can keep for {activation.function}"
    if activation.rounding != "faithful":
        return IllegalSetting("rounding", f"one {form} at these formats", activation.rounding)
    if len(methods) == 1:
        return IllegalSetting("method", f"one {form} at these formats".replace(kind, "piecewise form"), methods[0])
    return IllegalSetting("input", f"a format {form}, such as a narrower one, with the output {activation.output}",
                          str(activation.input))

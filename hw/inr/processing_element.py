"""A processing element: SIMD products and their sum a cycle, added up for each result."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.inr.plan import LayerPlan
from quadcim.hw.streams.pipeline import Live, register

__all__ = ["ProcessingElement"]


class ProcessingElement(wiring.Component):
    """``y = bias + sum over cycles of sum over k of w[k] * x[k]``, modulo 2 to the power of y's width.

    Attributes
    ----------
    x, w : In
        SIMD elements and weights of a cycle, the first in the low bits.
    bias : In
        What the sum begins with.
    moves : In(1)
        Whether registers take new values.
    first : In(1)
        Whether the sum begins anew with what leaves the last register before the accumulator.
    accumulates : In(1)
        Whether that counts.
    y : Out
        The accumulator.
    """

    x: Signal
    w: Signal
    bias: Signal
    moves: Signal
    first: Signal
    accumulates: Signal
    y: Signal

    def __init__(self, plan: LayerPlan):
        simd, layer, bits = plan.folding.simd, plan.layer, plan.accumulator_bits
        moves = {"moves": In(1)} if plan.dot.stages else {}
        super().__init__({"x": In(simd * layer.input.width), "w": In(simd * layer.weight_bits),
                          "bias": In(bits), **moves, "first": In(1), "accumulates": In(1), "y": Out(signed(bits))})
        self._plan = plan

    def elaborate(self, platform) -> Module:
        """Products, a tree of adders, the accumulator."""
        m, dot = Module(), self._plan.dot
        terms: list[Value] = []
        for index, step in enumerate(dot.steps):
            terms = self._products(m) if step.name == "multiply" else self._pairs(m, terms, step.name)
            if index in dot.cuts:
                live: Live = {f"term_{place}": term for place, term in enumerate(terms)}
                terms = [*register(m, live, stage=dot.cuts.index(index) + 1, moves=self.moves).values()]
        (total,) = terms
        accumulator = Signal(self.y.shape(), reset_less=True)
        before = Signal(self.y.shape())
        following = Signal(self.y.shape())
        m.d.comb += [before.eq(Mux(self.first, self.bias, accumulator)), following.eq(before + total)]
        with m.If(self.accumulates):
            m.d.sync += accumulator.eq(following)
        m.d.comb += self.y.eq(accumulator)
        return m

    def _products(self, m: Module) -> list[Value]:
        given, width = self._plan.layer.input, self._plan.layer.weight_bits
        bits = min(self._plan.accumulator_bits, given.width + width)
        products: list[Value] = []
        for place in range(self._plan.folding.simd):
            x = Signal(Shape(given.width, given.signed), name=f"x_{place}")
            w = Signal(signed(width), name=f"w_{place}")
            product = Signal(signed(bits), name=f"product_{place}")
            m.d.comb += [x.eq(self.x.word_select(place, given.width)), w.eq(self.w.word_select(place, width)),
                         product.eq(x * w)]
            products.append(product)
        return products

    def _pairs(self, m: Module, terms: Sequence[Value], name: str) -> list[Value]:
        """The sums of neighbours."""
        sums: list[Value] = []
        bits = min(self._plan.accumulator_bits, len(terms[0]) + 1)
        for index in range(0, len(terms), 2):
            total = Signal(signed(bits), name=f"{name}_{index // 2}")
            m.d.comb += total.eq(sum(terms[index + 1:index + 2], terms[index]))
            sums.append(total)
        return sums



"""The sum of a column's cells for one bit of all activations."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.arithmetic.counter_tree import CarryCounter, Counter, CounterTree, FullAdder, PairAdder
from quadcim.hw.arithmetic.heap import TreeSum
from quadcim.hw.arithmetic.logic import logic_for
from quadcim.hw.arithmetic.primitives import carry8, lut6_2
from quadcim.hw.arithmetic.summation import TreeSummation
from quadcim.hw.cim.plan import PlaneSumPlan
from quadcim.hw.streams.pipeline import Live, continues, register
from quadcim.spec.cim import Adc, integer_format
from quadcim.spec.technology import find_technology

__all__ = ["PlaneSum"]


class PlaneSum(wiring.Component):
    """What a column adds up to for one plane of the activations, through converters if there are any.

    ``total = sum over r of plane[r] * weights[r]``; without weights they are 1, and stored sums are added as they are.

    Latency: one cycle for each cut; registers take new values where `moves` is set.

    Parameters
    ----------
    plan : PlaneSumPlan
        The adders.
    cuts : sequence of int
        A register follows each step whose index is listed, once for each time that it is.
    technology : str
        How adders are built.
    """

    plane: Value
    weights: Value
    moves: Value
    total: Value

    def __init__(self, plan: PlaneSumPlan, *, cuts: Sequence[int], technology: str):
        low, high = plan.range
        self.format = integer_format(low, high)
        ports = {"plane": In(plan.rows), "total": Out(Shape(self.format.width, self.format.signed))}
        if plan.code_bits:
            ports["weights"] = In(plan.rows * plan.code_bits)
        if cuts:
            ports["moves"] = In(len(cuts))
        super().__init__(ports)
        self._plan, self._cuts = plan, tuple(cuts)
        self._technology = find_technology(technology)

    def elaborate(self, platform) -> Module:
        """The steps of the adders, with registers where they are cut."""
        m, plan = Module(), self._plan
        steps = plan.steps(self._technology.delays)
        builder = self._builder()
        live: Live = {"plane": self.plane} | ({"weights": self.weights} if plan.code_bits else {})
        live = builder.enter(m, live)
        stage = 0
        for index, step in enumerate(steps):
            if set(live) != {"total"}:  # a single cell may need no adder
                live = builder.build(m, step.name, live, continues=continues(steps, self._cuts, step.name))
            for _ in range(self._cuts.count(index)):
                live = register(m, live, stage=stage + 1, moves=self.moves[stage])
                stage += 1
        m.d.comb += self.total.eq(live["total"])
        return m

    def _builder(self) -> "_Words | TreeSummation | _Counters":
        match self._plan.tree:
            case TreeSum() as tree:
                return TreeSummation(tree, logic_for(self._technology))
            case CounterTree() as tree:
                return _Counters(tree)
            case _:
                return _Words(self._plan)


class _Words:
    """Word-level adders: `AdderTree` for each group of rows, converters, and a tree over the groups."""

    def __init__(self, plan: PlaneSumPlan):
        self._plan = plan

    def enter(self, m: Module, live: Live) -> Live:
        """The codes of active cells."""
        bits, plane = self._plan.code_bits, live["plane"]
        if not bits:
            return {f"cell_{row}": plane[row] for row in range(self._plan.rows)}
        weights = live["weights"]
        if bits == 1:
            active = Signal(self._plan.rows, name="active")
            m.d.comb += active.eq(plane & weights)
            return {f"cell_{row}": active[row] for row in range(self._plan.rows)}
        return {f"cell_{row}": weights.word_select(row, bits) & plane[row].replicate(bits)
                for row in range(self._plan.rows)}

    def build(self, m: Module, name: str, live: Live, *, continues: bool) -> Live:
        """Add the logic of a step."""
        kind, _, number = name.partition("_")
        values = list(live.values())
        if kind == "convert":
            sums = [_convert(m, value, self._plan.adc, f"code_{index}") for index, value in enumerate(values)]
            return self._finished(dict(zip((f"code_{index}" for index in range(len(sums))), sums, strict=True)))
        groups = [len(values)] if kind == "join" else self._group_sizes(int(number) - 1)
        added: dict[str, Value] = {}
        start = 0
        for size in groups:
            members = values[start:start + size]
            start += size
            for index in range(0, size, 2) if name != "add_0" else (0,):
                added[f"{kind}_{number}_{len(added)}"] = _pair(m, members[index:index + 2],
                                                               f"{kind}_{number}_{len(added)}")
        return self._finished(added) if kind == "join" or not self._plan.adc else added

    def _group_sizes(self, level: int) -> list[int]:
        """How many numbers each group has left before a level."""
        return [-(-(high - low) // (1 << max(level, 0))) for low, high in self._plan.groups]

    def _finished(self, values: dict[str, Value]) -> Live:
        """The total, once a single number is left; codes are counted from the converter's lowest result in steps."""
        if len(values) > 1:
            return values
        (total,) = values.values()
        if adc := self._plan.adc:
            low = adc.low * len(self._plan.groups)
            steps = total << adc.step.bit_length() - 1
            return {"total": steps + low if low else steps}
        return {"total": total}


def _pair(m: Module, members: Sequence[Value], name: str) -> Value:
    if len(members) == 1:
        return members[0]
    total = Signal(max(map(len, members)) + 1, name=name)
    m.d.comb += total.eq(members[0] + members[1])
    return total


def _convert(m: Module, value: Value, adc: Adc | None, name: str) -> Value:
    """``clamp(floor((value - low) / step + 1/2), 0, levels)``."""
    assert adc is not None
    code = Signal(adc.levels.bit_length(), name=name)
    offset = adc.step // 2 - adc.low
    shifted = (value + offset if offset else value) >> adc.step.bit_length() - 1
    rounded = Signal(shifted.shape(), name=f"{name}_rounded")
    m.d.comb += rounded.eq(shifted)
    clamped = Mux(rounded > adc.levels, adc.levels, rounded)
    # What has no sign is compared once only: tools warn of comparisons that cannot hold.
    m.d.comb += code.eq(Mux(rounded < 0, 0, clamped) if rounded.shape().signed else clamped)
    return code


class _Counters:
    """LUTs and carry chains, as `CounterTree` lists them."""

    def __init__(self, tree: CounterTree):
        self._tree = tree

    def enter(self, m: Module, live: Live) -> Live:
        """All bits."""
        return live

    def build(self, m: Module, name: str, live: Live, *, continues: bool) -> Live:
        """Add the logic of a step."""
        kind, _, number = name.partition("_")
        tree, level = self._tree, int(number)
        if kind == "add":
            if number == "0":
                return {"total": live["plane"] & live["weights"] if "weights" in live else live["plane"]}
            return self._total(m, self._bits(live, len(tree.levels)))
        bits = self._bits(live, level - 1)
        for counter in tree.levels[level - 1]:
            self._counter(m, counter, bits, live)
        if level == len(tree.levels) and all(len(column) < 2 for column in tree.columns):
            return self._total(m, bits)
        names = tree.bits_after[level - 1]
        word = Signal(len(names), name=f"heap_{level}")
        m.d.comb += word.eq(Cat(bits[name] for name in names))
        return {"heap": word}

    def _bits(self, live: Live, level: int) -> dict[str, Value]:
        """The bits of the heap by name; before the first level, those of the plane."""
        if level == 0:
            return {"": Const(0, 1)} | {f"bit_{row}": live["plane"][row] for row in range(len(live["plane"]))}
        return {"": Const(0, 1)} | {name: live["heap"][index]
                                    for index, name in enumerate(self._tree.bits_after[level - 1])}

    def _total(self, m: Module, bits: Mapping[str, Value]) -> Live:
        columns = self._tree.columns
        rows = [Cat(bits[column[row]] if row < len(column) else Const(0, 1) for column in columns) for row in (0, 1)]
        total = Signal(self._tree.width, name="count")
        m.d.comb += total.eq(rows[0] + rows[1] if any(len(column) > 1 for column in columns) else rows[0])
        return {"total": total}

    def _counter(self, m: Module, counter: Counter, bits: dict[str, Value], live: Live) -> None:
        match counter:
            case PairAdder():
                bits[counter.sum], bits[counter.carry] = self._pair(m, counter, bits, live)
            case FullAdder():
                inputs = [bits[name] for name in counter.inputs]
                bits[counter.sum], bits[counter.carry] = lut6_2(
                    m, f"lut_{counter.sum}", inputs, lambda a, b, c: a ^ b ^ c, lambda a, b, c: a + b + c > 1)
            case CarryCounter():
                bits |= self._carry_counter(m, counter, bits)

    @staticmethod
    def _pair(m: Module, pair: PairAdder, bits: Mapping[str, Value], live: Live) -> tuple[Value, Value]:
        plane, weights = live["plane"], live["weights"]
        inputs = [value[row] for row in (pair.first, pair.second) if row < len(plane) for value in (weights, plane)]

        def count(*values: int) -> int:
            products = values[:len(inputs)]
            return sum(w & x for w, x in zip(products[::2], products[1::2], strict=True)) + sum(values[len(inputs):])

        before = [bits[pair.before]] if pair.before else []
        return lut6_2(m, f"lut_{pair.sum}", [*inputs, *before], lambda *values: count(*values) & 1,
                      lambda *values: count(*values) >> 1)

    @staticmethod
    def _carry_counter(m: Module, counter: CarryCounter, bits: Mapping[str, Value]) -> dict[str, Value]:
        """An atom's first place: parity, with its sixth bit as data. Second: whether five hold 2 or 3, data if more."""
        select, data = [], []
        for number, atom in enumerate(counter.atoms):
            inputs = [bits[name] for name in atom]
            name = f"{counter.results[0]}_{number}"
            parity, _ = lut6_2(m, f"lut_{name}_parity", inputs, lambda *values: sum(values) & 1)
            middle, many = lut6_2(m, f"lut_{name}_middle", inputs[:5], lambda *values: sum(values) in (2, 3),
                                  lambda *values: sum(values) >= 4)
            select += [parity, middle]
            data += [inputs[5], many]
        sums, carries = carry8(m, f"chain_{counter.results[0]}", Cat(select), Cat(data), bits[counter.before])
        places = 2 * len(counter.atoms)
        return {name: sums[place] if place < places else carries[places - 1]
                for place, name in enumerate(counter.results)}

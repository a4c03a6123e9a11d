"""A linear layer, folded onto processing elements, with the activation units that follow it."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.inr.plan import LayerPlan, Table
from quadcim.hw.inr.processing_element import ProcessingElement
from quadcim.hw.inr.vector_buffer import VectorBuffer, counter
from quadcim.hw.streams.memory import SyncMemory
from quadcim.hw.streams.pipeline import PipelinedUnit
from quadcim.hw.streams.shift_fifo import joined

__all__ = ["Layer", "Narrowing"]


def _read(m: Module, name: str, table: Table, address: Value, enable: Value) -> Value:
    """The row of a table, one cycle after it is asked for."""
    m.submodules[name] = memory = SyncMemory(width=table.width, rows=table.rows, contents=table.contents,
                                             written=False, style=table.style, image=True)
    m.d.comb += [memory.read_address.eq(address), memory.read_enable.eq(enable)]
    return memory.read_data


class Narrowing(wiring.Component):
    """The result of an accumulator: shifted down by one of a few shifts, then wrapped or saturated.

    Attributes
    ----------
    total : In
        The accumulator, the half that rounds up included.
    shift : In
        The number of the shift, if there are several.
    y : Out
        The result.
    """

    total: Signal
    shift: Signal
    y: Signal

    def __init__(self, plan: LayerPlan):
        self._plan = plan
        shift = {"shift": In(plan.shift_bits)} if plan.shift_bits else {}
        super().__init__({"total": In(signed(plan.accumulator_bits)), **shift, "y": Out(plan.layer.output.width)})

    def elaborate(self, platform) -> Module:
        """Multiplexers, and perhaps comparisons."""
        m, plan, out = Module(), self._plan, self._plan.layer.output
        raised = Signal(signed(plan.accumulator_bits + plan.raised_bits))
        shifted = Signal(signed(max(len(raised) - plan.shifts[0], out.width + 1)))
        m.d.comb += [raised.eq(self.total << plan.raised_bits), shifted.eq(raised >> plan.shifts[0])]
        for number, shift in enumerate(plan.shifts[1:], 1):
            with m.If(self.shift == number):
                m.d.comb += shifted.eq(raised >> shift)
        if plan.layer.overflow == "wrap":
            m.d.comb += self.y.eq(shifted)
        else:
            m.d.comb += self.y.eq(Mux(shifted < out.minimum, out.minimum,
                                      Mux(shifted > out.maximum, out.maximum, shifted)))
        return m


class Layer(wiring.Component):
    """A linear layer: vectors in, their results out, a few at a time, in order.

    Each processing element computes every PE-th result, one after the other, so that its weights are read in the order
    in which they lie. Results of PE elements pass the units in turns, while the next ones are computed. Latency:
    ``plan.latency_cycles`` from the last element of a vector to the last of its results. Throughput: a vector in
    ``plan.cycles`` cycles.

    Parameters
    ----------
    plan : LayerPlan
        Its integers, and how it is folded.
    unit : PipelinedUnit or None
        The activation unit, shared with other layers; None for the last layer.

    Attributes
    ----------
    i, o : stream
        Elements of vectors in and out.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, plan: LayerPlan, unit: PipelinedUnit | None):
        self._plan, self._unit = plan, unit
        self._element, self._narrowing = ProcessingElement(plan), Narrowing(plan)
        result = plan.layer.output.width if unit is None else len(unit.o.payload)
        super().__init__({"i": In(stream.Signature(plan.arriving * plan.layer.input.width)),
                          "o": Out(stream.Signature(plan.units * result))})

    def elaborate(self, platform) -> Module:
        """The buffer, the elements with their weights, and the units."""
        m, plan = Module(), self._plan
        m.submodules.vectors = vectors = VectorBuffer(
            elements=plan.inputs, width=plan.layer.input.width, arriving=plan.arriving, leaving=plan.folding.simd)
        moves = Signal()
        reads = Signal()
        m.d.comb += [reads.eq(vectors.available & moves), vectors.read.eq(reads)]
        wiring.connect(m, wiring.flipped(self.i), vectors.i)
        word, word_last = counter(m, plan.words, "word_number", reads)
        _group, group_last = counter(m, plan.groups, "group", reads & word_last)
        m.d.comb += vectors.drop.eq(reads & word_last & group_last)
        weights = self._weights(m, reads)
        valid, first, last = self._delayed(m, (vectors.available, word == 0, word_last), moves)
        accumulates = Signal()
        completes = Signal()
        m.d.comb += [accumulates.eq(valid & moves), completes.eq(accumulates & last)]
        done = Signal()
        with m.If(moves):
            m.d.sync += done.eq(valid & last)
        settings = self._settings(m, completes)
        totals = []
        for index, weight in enumerate(weights):
            totals.append(total := Signal(signed(plan.accumulator_bits), name=f"total_{index}"))
            held = {"moves": moves} if plan.dot.stages else {}
            m.submodules[f"element_{index}"] = SharedModule(
                self._element, f"element_of_layer_{plan.number}", x=vectors.word, w=weight, first=first,
                bias=settings[index][:plan.accumulator_bits], accumulates=accumulates, y=total, **held)
        shifts = [self._kept(m, index, setting, completes) for index, setting in enumerate(settings)]
        self._give(m, totals, shifts, done, moves)
        return m

    def _delayed(self, m: Module, flags: tuple[Value, Value, Value], moves: Value) -> tuple[Value, Value, Value]:
        """Whether a word is there, is its result's first, and its last: as it comes to the accumulators."""
        valid, first, last = flags
        for stage in range(self._plan.dot.stages + 1):
            later = [Signal(name=f"word{stage}_{name}", reset_less=name != "valid")
                     for name in ("valid", "first", "last")]
            with m.If(moves):
                m.d.sync += [new.eq(old) for new, old in zip(later, (valid, first, last), strict=True)]
            valid, first, last = later
        return (valid, Const(1, 1), Const(1, 1)) if self._plan.words == 1 else (valid, first, last)

    def _weights(self, m: Module, reads: Value) -> list[Value]:
        """The weights of each element in a cycle: of a memory, which is read in the order of its rows."""
        plan = self._plan
        if plan.cycles == 1:
            return [Const(table.contents[0], table.width) for table in plan.weight_tables]
        address, _last = counter(m, plan.cycles, "address", reads)
        return [_read(m, f"weights_{element}", table, address, reads)
                for element, table in enumerate(plan.weight_tables)]

    def _settings(self, m: Module, advance: Value) -> list[Value]:
        """What each accumulator begins with, and the shift of its result."""
        plan = self._plan
        tables, width = plan.settings_tables, plan.settings_bits
        words: list[Value] = []
        if plan.groups == 1:
            words += [Const(table.contents[0], table.width) for table in tables]
        else:
            number, last = counter(m, plan.groups, "result_group", advance)
            # The next row is there when the result that it is of begins.
            following = Signal(range(plan.groups), name="next_result_group")
            m.d.comb += following.eq(Mux(advance, Mux(last, 0, number + 1), number))
            words += [_read(m, f"biases_{index}", table, following, Const(1, 1)) for index, table in enumerate(tables)]
        return [word[low:low + width] for word in words for low in range(0, len(word), width)]

    def _kept(self, m: Module, index: int, setting: Value, ends: Value) -> Value:
        """The shift of a result that is done."""
        bits = self._plan.shift_bits
        number = setting[self._plan.accumulator_bits:]
        if not bits or self._plan.groups == 1:
            return number
        kept = Signal(bits, name=f"shift_{index}", reset_less=True)
        with m.If(ends):
            m.d.sync += kept.eq(number)
        return kept

    def _give(self, m: Module, totals: Sequence[Value], shifts: Sequence[Value], done: Value, moves: Value) -> None:
        """Hold the results of a group, and send them through the units in turns."""
        plan = self._plan
        holding = Signal()
        free = Signal()
        takes = Signal()
        taken = Signal()
        ready = Signal(name="units_ready")
        _turn, last = counter(m, plan.turns, "turn", taken)
        m.d.comb += [taken.eq(holding & ready), free.eq(~holding | (ready & last)), moves.eq(~done | free),
                     takes.eq(done & free)]
        m.d.sync += holding.eq(takes | (holding & ~(taken & last)))
        held = [self._held(m, name, parts, takes, taken)
                for name, parts in (("totals", totals), ("shifts", shifts)) if len(parts[0])]
        m.d.comb += ready.eq(self._units(m, held, holding))

    def _held(self, m: Module, name: str, parts: Sequence[Value], takes: Value, taken: Value) -> Value:
        """A register of what belongs to each result, from which the lowest leave in each turn."""
        held = Signal(len(Cat(parts)), name=f"held_{name}", reset_less=True)
        later = held[self._plan.units * len(parts[0]):]
        following = Signal(len(held), name=f"next_{name}")
        m.d.comb += following.eq(Mux(takes, Cat(parts), later) if len(later) else Cat(parts))
        with m.If(takes | taken if len(later) else takes):
            m.d.sync += held.eq(following)
        return held

    def _units(self, m: Module, held: Sequence[Value], holding: Value) -> Value:
        """Narrow and activate the lowest results; returns whether they are taken."""
        plan = self._plan
        totals = held[0]
        readies, outputs, valids = [], [], []
        for index in range(plan.units):
            narrowed = Signal(plan.layer.output.width, name=f"narrowed_{index}")
            shift = {"shift": held[1].word_select(index, plan.shift_bits)} if plan.shift_bits else {}
            m.submodules[f"narrowing_{index}"] = SharedModule(
                self._narrowing, f"narrowing_of_layer_{plan.number}", y=narrowed,
                total=totals.word_select(index, plan.accumulator_bits), **shift)
            if self._unit is None:
                outputs.append(narrowed)
                continue
            ready, valid = Signal(name=f"unit_ready_{index}"), Signal(name=f"unit_valid_{index}")
            y = Signal(len(self._unit.o.payload), name=f"activated_{index}")
            m.submodules[f"unit_{index}"] = SharedModule(
                self._unit, "activation", i__payload=narrowed, i__valid=holding, i__ready=ready, o__payload=y,
                o__valid=valid, o__ready=self.o.ready)
            readies.append(ready)
            valids.append(valid)
            outputs.append(y)
        m.d.comb += self.o.payload.eq(joined(Cat(outputs)))
        if self._unit is None:
            m.d.comb += self.o.valid.eq(holding)
            return self.o.ready
        # The units are alike and get their beats together: what one says, all say.
        m.d.comb += self.o.valid.eq(Cat(valids).all())
        return Cat(readies).all()

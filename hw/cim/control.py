"""The control of a compute-in-memory macro: planes up to the accumulators, results after them."""

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream

from quadcim.hw.cim.plan import CimPlan
from quadcim.hw.emit.notes import section
from quadcim.hw.streams.pipeline import register

__all__ = ["Tokens"]

_CONTROL = section("Control")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What moves: a token is a plane; after the accumulators, a token is a result.

    Parameters
    ----------
    connections : mapping of str to Value
        Of each column: its moves, and the flags at its accumulator.
    after : Value
        Moves of the stages after the accumulators.
    plane : Value or None
        Number of the plane, if a beat has several.
    selects : Value or None
        Moves of the register before the columns, if there is one.
    partly : Value
        Whether the beat that is offered has been taken in part once this cycle is over: some planes, not the last.
    """

    connections: Mapping[str, Value]
    after: Value
    plane: Value | None
    selects: Value | None
    partly: Value

    @classmethod
    def build(cls, m: Module, plan: CimPlan, *, i: stream.Interface, o: stream.Interface, stopped: Value) -> "Tokens":
        """Add the handshake to a module.

        Parameters
        ----------
        m : Module
            Where to add it.
        plan : CimPlan
            The macro and its registers.
        i, o : stream
            Beats in and out.
        stopped : Value
            Set while no token may pass the place where the cells are read.
        """
        planes, before, after = plan.macro.planes, plan.before.stages, plan.after.stages
        first, last, plane = Const(1), Const(1), None
        moves = [Signal(name=f"stage{number}_moves") for number in range(1, before + after + 1)]
        lookup = int(plan.selected)
        reads: Value = Const(1)
        if not isinstance(stopped, Const):
            reads = Signal(name="tables_idle", attrs=_CONTROL)
            m.d.comb += reads.eq(~stopped)
        accepts = moves[0] & reads if lookup == 0 else moves[0]
        valid = [i.valid, *(Signal(name=f"stage{number}_valid") for number in range(1, before + after + 1))]
        partly: Value = Const(0, 1)
        taken: Value = i.valid & accepts
        if planes > 1:
            plane = Signal(range(planes), name="plane", attrs=_CONTROL)
            takes, taken = taken, Signal(name="plane_taken", attrs=_CONTROL)
            first, last, partly = (Signal(name=name, attrs=_CONTROL) for name in ("first", "last", "partly"))
            m.d.comb += [first.eq(~plane.any()), last.eq(plane == planes - 1), taken.eq(takes),
                         partly.eq(Mux(taken, ~last, ~first))]
            with m.If(taken):
                m.d.sync += plane.eq(Mux(last, 0, plane + 1))
        flags = {"first": first, "last": last}
        for stage, move in enumerate(moves):
            ready = moves[stage + 1] if stage + 1 < len(moves) else o.ready
            ready = ready & reads if stage + 1 == lookup else ready
            m.d.comb += move.eq(ready | ~valid[stage + 1])
            entering = valid[stage] & reads if stage == lookup else valid[stage]
            # The accumulators hand on a result with a beat's last plane only.
            entering = entering & flags["last"] if stage == before - 1 else entering
            with m.If(move):
                m.d.sync += valid[stage + 1].eq(entering)
            if stage < before - 1 and planes > 1:
                flags = dict(register(m, flags, stage=stage + 1, moves=move))
        m.d.comb += [i.ready.eq(accepts & last), o.valid.eq(valid[-1])]
        accumulate = Signal(name="accumulates", attrs=_CONTROL)
        if before == 1:
            adding = taken
        else:
            adding = moves[before - 1] & valid[before - 1]
            adding = adding & reads if lookup == before - 1 else adding
        m.d.comb += accumulate.eq(adding)
        inner = Cat(*moves[lookup:before - 1], accumulate)
        return cls({"moves": inner, **(flags if planes > 1 else {})}, Cat(moves[before:]), plane,
                   moves[0] if plan.selected else None, partly)

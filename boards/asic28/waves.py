"""A timing diagram of a unit in characters."""

from collections.abc import Sequence

from quadcim.boards.handoff import Handoff

__all__ = ["timing_diagram"]

_CYCLE = 6
_LONGEST = 12
"""Cycles that a diagram shows; of a longer latency the middle is left out."""


def timing_diagram(handoff: Handoff) -> list[str]:
    """Lines that show a reset, one beat in, and the beat out; of a frame its last one in, XL, and its first one out."""
    if not handoff.clocked:
        return _combinational(handoff)
    framed, latency = handoff.timing.framed, handoff.timing.latency_cycles
    interval = 1 if framed else handoff.timing.initiation_interval_cycles
    offered = 2
    accepted = offered + interval - 1
    out = accepted + latency
    cycles, low = out + 2, handoff.reset.active_low
    inputs, outputs = range(offered, accepted + 1), range(out, out + 1)
    rows = {"clk": "/‾‾\\__" * cycles, handoff.reset.port: _level(range(1, cycles) if low else range(1), cycles),
            "i__valid": _level(inputs, cycles), "i__payload": _bus("XL" if framed else "X0", inputs, cycles)}
    # When a core with frames is ready is its own affair.
    if "ready" in handoff.stream("i") and not framed:
        # A unit of several cycles a beat is ready with the last of them.
        rows["i__ready"] = _level(range(accepted, accepted + 1) if interval > 1 else range(cycles), cycles)
    rows |= {"o__valid": _level(outputs, cycles), "o__payload": _bus("Y0", outputs, cycles)}
    if "ready" in handoff.stream("o"):
        rows["o__ready"] = _level(range(cycles), cycles)
    return [f"{name:<11}{_shorten(row)}" for name, row in rows.items()]


def _combinational(handoff: Handoff) -> list[str]:
    now = range(1, 2)
    rows = {"i__valid": _level(now, 3), "i__payload": _bus("X0", now, 3), "o__valid": _level(now, 3),
            "o__payload": _bus("Y0", now, 3)}
    if "ready" in handoff.stream("o"):
        rows |= {"o__ready": _level(range(3), 3), "i__ready": _level(range(3), 3)}
    return [f"{name:<11}{row}" for name, row in rows.items()]


def _level(high: Sequence[int], cycles: int) -> str:
    """A signal that is high in some cycles; it changes where they begin."""
    text, before = "", 0 in high
    for cycle in range(cycles):
        now = cycle in high
        text += ("‾" if now == before else "/") + "‾" * (_CYCLE - 1) if now else (
            ("_" if now == before else "\\") + "_" * (_CYCLE - 1))
        before = now
    return text


def _bus(name: str, cycles_shown: range, cycles: int) -> str:
    """A payload in some cycles."""
    value = f"< {name}".ljust(_CYCLE * len(cycles_shown) - 1) + ">"
    return "-" * _CYCLE * cycles_shown.start + value + "-" * _CYCLE * (cycles - cycles_shown.stop)


def _shorten(row: str) -> str:
    """A row of at most `_LONGEST` cycles: the middle of a longer one is two dots."""
    if len(row) <= _LONGEST * _CYCLE:
        return row
    half = _LONGEST // 2 * _CYCLE
    return f"{row[:half]} .. {row[-half:]}"

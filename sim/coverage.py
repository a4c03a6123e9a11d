"""Functional coverage: what a testbench has seen of a case, and what it has not (the holes)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from quadcim.spec.formats import Format
from quadcim.spec.ports import Field

if TYPE_CHECKING:
    from quadcim.sim.case import CaseFiles

__all__ = ["Coverage", "Hits", "Traits", "WriteState", "holes", "merged"]

Hits = dict[str, dict[str, int]]
"""How often each bin of each point was hit."""

WriteState = Literal["idle", "taken", "held"]
"""What a stream of weights does in a cycle: nothing is offered, or it is taken, or it is not."""

_MEANWHILE, _HELD = "written as a beat is accepted", "held back"
_TORN = "inside a frame"
_LENGTHS = {"1 cycle": 1, "2 to 7 cycles": 2, "8 cycles or more": 8}
_MOST_CORNERS = 16


@dataclass(frozen=True, slots=True)
class Traits:
    """What a testbench has to know of a core beside its manifest.

    Parameters
    ----------
    pipeline : bool
        Whether beats only move along stages, so that the handshakes of both ends are bound to each other.
    banks : int
        How many sets of weights a beat's field ``bank`` names.
    tables : bool
        Whether weights are written by tables, which stalls beats and rows meanwhile.
    """

    pipeline: bool = False
    banks: int = 1
    tables: bool = False


class Coverage:
    """Counts hits. Only bins that the case can reach are declared: a bin without hits is a hole.

    Points: ``handshakes`` (what the input and the output do in a cycle; crossed where they are bound to each other),
    ``input pause`` and ``output stall`` (their lengths), ``beats inside`` (the pipeline empty, partly full, full),
    ``reset`` (with beats inside, or without; inside a frame, where frames are several beats), ``input`` (corner
    values), ``bank`` (of macros: each, kept or changed from beat to beat) and ``weights`` (written before beats, while
    they are computed, as one is accepted; held back by one).

    Parameters
    ----------
    case : CaseFiles
        What is tested.
    traits : Traits
        What else is known of it.
    """

    def __init__(self, case: "CaseFiles", traits: Traits):
        layout = next(port for port in case.ports if port.name == "i__payload").layout
        self._first, self._bank_field = layout[0], next((field for field in layout if field.name == "bank"), None)
        self._corners = _corners(self._first)
        self._names = {raw: [name for name, other in self._corners.items() if other == raw]
                       for raw in self._corners.values()}
        self._full = None if case.timing.several else case.latency_cycles
        self.hits: Hits = {point: dict.fromkeys(bins, 0) for point, bins in self._bins(case, traits).items()}
        self._paused = self._stalled = 0
        self._bank: int | None = None

    def _bins(self, case: "CaseFiles", traits: Traits) -> dict[str, list[str]]:
        latency = case.latency_cycles
        bins = {"handshakes": _handshakes(case, traits), "input pause": list(_LENGTHS), "input": list(self._corners)}
        if case.elastic:
            bins["output stall"] = list(_LENGTHS)
        if latency:
            bins["beats inside"] = ["none", "some"] if case.timing.several else [
                "none", *["some"] * (latency > 1), "all stages"]
            bins["reset"] = ["empty", "with beats inside", *[_TORN] * case.timing.framed]
        if self._bank_field:
            bins["bank"] = [*map(str, range(traits.banks)), "kept", "changed"]
        if any(port.name == "w__payload" for port in case.ports):
            held = [_HELD] if case.initiation_interval_cycles > 1 else []
            bins["weights"] = ["written before beats", "written while beats are inside", _MEANWHILE, *held]
        return bins

    def beat(self, payload: int) -> None:
        """A beat was accepted."""
        raws = self._first.raws(payload)
        if self._first.count > 1:
            self._hit("input", _pattern(raws, self._first.format))
        else:
            for name in self._names.get(raws[0], ()):
                self._hit("input", name)
        if self._bank_field:
            bank = self._bank_field.raws(payload)[0]
            self._hit("bank", str(bank))
            if self._bank is not None:
                self._hit("bank", "kept" if bank == self._bank else "changed")
            self._bank = bank

    def cycle(self, *, offered: bool, ready: bool, valid: bool, taking: bool, inside: int,
              write: WriteState) -> None:
        """What a cycle showed at the handshakes, and how many beats were inside before it."""
        into = ("accepted" if ready else "stalled") if offered else "idle"
        out = ("taken" if taking else "held") if valid else "idle"
        for name in (f"input {into}, output {out}", f"input {into}", f"output {out}"):
            self._hit("handshakes", name)
        self._paused = self._ended("input pause", self._paused, going=into == "idle")
        self._stalled = self._ended("output stall", self._stalled, going=out == "held")
        full = self._full is not None and inside >= self._full
        self._hit("beats inside", "none" if not inside else "all stages" if full else "some")
        if write == "taken" and inside:
            self._hit("weights", "written while beats are inside")
        if write == "taken" and into == "accepted":
            self._hit("weights", _MEANWHILE)
        if write == "held":
            self._hit("weights", _HELD)

    def reset(self, inside: int, *, torn: bool = False) -> None:
        """A reset came upon so many beats inside, perhaps when a frame was in or out in part."""
        self._hit("reset", "with beats inside" if inside else "empty")
        if torn:
            self._hit("reset", _TORN)
        self._paused = self._stalled = 0
        self._bank = None

    def loaded(self) -> None:
        """Weights were written before the first beat."""
        self._hit("weights", "written before beats")

    def _ended(self, point: str, length: int, *, going: bool) -> int:
        """Count a pause when it ends; its length so far."""
        if length and not going:
            self._hit(point, next(name for name, least in reversed(_LENGTHS.items()) if length >= least))
        return length + 1 if going else 0

    def _hit(self, point: str, name: str) -> None:
        if name in self.hits.get(point, ()):
            self.hits[point][name] += 1


def _corners(field: Field) -> dict[str, int | None]:
    """Corner values of an activation unit's input, as raw integers; or of a macro's activations, by name."""
    fmt = field.format
    if field.count > 1:
        least = ["all least"] if fmt.signed else []
        return dict.fromkeys(["all zero", *least, "all greatest", "one row alone", "mixed"])
    corners = {"least": fmt.minimum, "-1 ulp": -1, "0": 0, "1 ulp": 1, "greatest": fmt.maximum}
    ones = range(-(-fmt.minimum >> fmt.fraction_bits), (fmt.maximum >> fmt.fraction_bits) + 1) \
        if fmt.fraction_bits >= 0 else range(0)
    if 1 < len(ones) <= _MOST_CORNERS:  # the edges of periods and segments
        corners |= {f"x = {one}": one << fmt.fraction_bits for one in ones if one}
    return {name: raw for name, raw in corners.items() if fmt.minimum <= raw <= fmt.maximum}


def _handshakes(case: "CaseFiles", traits: Traits) -> list[str]:
    """What can happen at both ends in one cycle."""
    if not traits.pipeline or case.timing.several:  # writes and long beats stall at any time
        return [f"input {state}" for state in ("idle", "accepted", "stalled")] + [
            f"output {state}" for state in ("idle", "taken", "held")]
    latency = case.latency_cycles
    pairs = [("idle", "idle"), ("accepted", "taken")]
    if latency:
        pairs += [("idle", "taken"), ("accepted", "idle")]
    if case.elastic:
        pairs += [("stalled", "held")]  # of a pipeline: when it is full, and only then
        pairs += [("idle", "held")] * (latency > 0) + [("accepted", "held")] * (latency > 1)
    return [f"input {into}, output {out}" for into, out in pairs]


def _pattern(raws: list[int], fmt: Format) -> str:
    """Which corner of a macro's inputs a beat is."""
    values = set(raws)
    for name, value in (("all zero", 0), ("all least", fmt.minimum), ("all greatest", fmt.maximum)):
        if values == {value}:
            return name
    return "one row alone" if sum(raw != 0 for raw in raws) == 1 else "mixed"


def merged(parts: list[Hits]) -> Hits:
    """The hits of several runs of one case together."""
    whole: Hits = {}
    for part in parts:
        for point, bins in part.items():
            counts = whole.setdefault(point, {})
            for name, count in bins.items():
                counts[name] = counts.get(name, 0) + count
    return whole


def holes(hits: Mapping[str, Mapping[str, int]]) -> dict[str, list[str]]:
    """The bins of each point that were never hit; points without such bins are left out."""
    missed = {point: [name for name, count in bins.items() if not count] for point, bins in hits.items()}
    return {point: names for point, names in missed.items() if names}

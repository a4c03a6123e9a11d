"""What is sought of a sweep's points, and the points that no other one beats: the Pareto front."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quadcim.spec.errors import IllegalSetting

__all__ = ["Objectives"]

_MOST = 4


@dataclass(frozen=True, slots=True)
class Objectives:
    """Figures to make small or great.

    Parameters
    ----------
    minimise, maximise : tuple of str
        Names of figures.
    """

    minimise: tuple[str, ...] = ()
    maximise: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.minimise + self.maximise

    def check(self, figures: Iterable[str]) -> None:
        """Refuse names that are not among `figures`, and so many that nearly every point is on the front."""
        legal = list(figures)
        if not 1 <= len(set(self.names)) == len(self.names) <= _MOST:
            raise IllegalSetting("search.minimise", f"with maximise 1 to {_MOST} figures, each once", list(self.names))
        for name in self.names:
            if name not in legal:
                raise IllegalSetting("search.minimise", "of the figures measured: " + ", ".join(legal), name)

    def costs(self, row: Mapping[str, Any]) -> tuple[float, ...] | None:
        """The objectives of a point, all to be small; None if one was not measured."""
        if any(name not in row for name in self.names):
            return None
        return tuple(row[name] for name in self.minimise) + tuple(-row[name] for name in self.maximise)

    def front(self, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows than which no other is as good in everything and better in something, by their first objective."""
        costed = [(costs, row) for row in rows if (costs := self.costs(row)) is not None]
        best: list[tuple[tuple[float, ...], Mapping[str, Any]]] = []
        # In this order, only earlier points can beat a point.
        for costs, row in sorted(costed, key=lambda pair: pair[0]):
            if not any(_beats(other, costs) for other, _row in best):
                best.append((costs, row))
        return [row for _costs, row in best]


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return tuple(one) != tuple(other) and all(a <= b for a, b in zip(one, other, strict=True))

"""Results of a sweep as they are drawn: which settings vary, which figures there are, and lines of equal settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.kinds import kinds
from quadcim.sweep.measurements import FIGURES, MORE_IS_BETTER, is_failure, is_illegal
from quadcim.sweep.objectives import Objectives

__all__ = ["Results", "axis_text", "cost_front", "setting_text"]

Row = Mapping[str, Any]
_LONGEST = 60


@dataclass(frozen=True)
class Results:
    """Rows, as `quadcim.sweep.store.Store.rows` gives them, by what became of them.

    Parameters
    ----------
    rows : sequence of dict
        Points with figures.
    illegal, failed : sequence of dict
        Points that do not exist, and those of which something could not be measured, whether or not they have figures.
    """

    rows: Sequence[Row]
    illegal: Sequence[Row] = ()
    failed: Sequence[Row] = ()

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Results":
        """Tell rows apart. One that is illegal is only that, whatever figures it has."""
        illegal = [row for row in rows if any(map(is_illegal, row.get("errors", {}).values()))]
        out = set(map(id, illegal))
        legal = [row for row in rows if id(row) not in out]
        return cls([row for row in legal if any(name in row for name in FIGURES)], illegal,
                   [row for row in legal if any(map(is_failure, row.get("errors", {}).values()))])

    @classmethod
    def drawn(cls, rows: Sequence[Row]) -> "Results":
        """The same of rows that are to be drawn.

        Raises
        ------
        IllegalSetting
            If none has a figure.
        """
        results = cls.of(rows)
        if not results.rows:
            raise IllegalSetting("db", "a database with at least one measured point",
                                 f"{len(rows)} points without figures")
        return results

    @property
    def counts(self) -> str:
        """How many points there are of each sort, in words."""
        others = ((self.illegal, "illegal"), (self.failed, "with errors"))
        return ", ".join([f"{len(self.rows)} points", *(f"{len(rows)} {name}" for rows, name in others if rows)])

    @cached_property
    def figures(self) -> list[str]:
        """The figures that differ: one that is the same for all points says nothing beside them."""
        return [name for name in FIGURES if len({row.get(name) for row in self.rows}) > 1] or [
            name for name in FIGURES if name in self.rows[0]]

    @cached_property
    def settings(self) -> list[str]:
        """The settings that are given."""
        legal = {name for kind in kinds().values() for name in kind.settings}
        return list(dict.fromkeys(name for row in self.rows for name in row if name in legal))

    @cached_property
    def numbers(self) -> list[str]:
        """The settings that are numbers for every point."""
        return [name for name in self.settings
                if all(isinstance(row.get(name), int | float) and not isinstance(row.get(name), bool)
                       for row in self.rows)]

    @property
    def x(self) -> str:
        """What stands below a plot at first: a cost, where there is one."""
        return next((name for name in ("lut", "total_ge", "delay_ps") if name in self.figures[1:]), self.figures[-1])

    @property
    def y(self) -> str:
        """What stands beside a plot at first."""
        return "right_bits" if "right_bits" in self.figures else self.figures[0]

    def check_axis(self, option: str, name: str) -> None:
        """Refuse an axis that is no figure and no number."""
        legal = [*self.figures, *self.numbers]
        if name not in legal:
            raise IllegalSetting(option, "of " + ", ".join(legal), name)

    def values(self, name: str) -> list[Any]:
        """The values of a setting: numbers in their order, then words as they came, and none where it is not given."""
        return sorted(dict.fromkeys(row.get(name) for row in self.rows),
                      key=lambda value: (value is None, isinstance(value, str),
                                         0 if isinstance(value, str) else value or 0))

    def thinned(self, most: int) -> "Results":
        """At most so many rows and those of the front: evenly drawn ones beside them."""
        if len(self.rows) <= most:
            return self
        kept = {id(row) for function in self.values("function")
                for row in cost_front([row for row in self.rows if row.get("function") == function], self.x, self.y)}
        kept |= {id(row) for row in self.rows[::-(-len(self.rows) // most)]}
        return replace(self, rows=[row for row in self.rows if id(row) in kept])


def setting_text(value: object) -> str:
    """A value of a setting as one reads it, in one line that is not too long."""
    text = "not given" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST // 3]}…{text[-2 * _LONGEST // 3:]}"
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def axis_text(name: str) -> str:
    """What stands beside an axis."""
    return FIGURES.get(name, name.replace("_", " "))


def cost_front(rows: Sequence[Row], *names: str) -> list[Row]:
    """The Pareto front of some figures, each in the direction in which one wants it."""
    return list(Objectives(tuple(name for name in names if name not in MORE_IS_BETTER),
                           tuple(name for name in names if name in MORE_IS_BETTER)).front(rows))

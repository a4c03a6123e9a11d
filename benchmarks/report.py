"""What a benchmark says: progress while it works, and a Markdown table at the end."""

import operator
import sys
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Bar", "Table", "say"]

_RELATIONS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


def say(text: str) -> None:
    """Tell on stderr what is being done."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and the limit that it must keep, both in `unit`."""

    measured: float
    relation: Literal["<", "<=", ">="]
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the figure keeps its limit."""
        return _RELATIONS[self.relation](self.measured, self.limit)

    def __str__(self) -> str:
        return f"{self.relation} {self.limit:g} {self.unit}"


@dataclass(slots=True)
class Table:
    """Rows of measured figures; the last two columns are their bars, and whether these were met.

    Parameters
    ----------
    title, note : str
        What stands above the table.
    columns : tuple of str
        Heads of the columns before the bars.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    missed: int = 0
    _rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: object, bars: tuple[Bar, ...] = ()) -> None:
        """Append a row."""
        self.missed += sum(not bar.met for bar in bars)
        results = ", ".join("met" if bar.met else "MISSED" for bar in bars)
        self._rows.append((*map(str, cells), ", ".join(map(str, bars)), results))

    def __str__(self) -> str:
        lines = [(*self.columns, "bar", "result"), ("---",) * (len(self.columns) + 2), *self._rows]
        return "\n".join([f"## {self.title}", "", self.note, "", *(f"| {' | '.join(line)} |" for line in lines), ""])

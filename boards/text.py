"""Text that all handed-off files share."""

from collections.abc import Iterable
from string import Template

__all__ = ["TclTemplate", "table"]


class TclTemplate(Template):
    """A template with ``@name`` and ``@{name}``: Tcl has its own use for the dollar."""

    delimiter = "@"


def table(rows: Iterable[tuple[str, ...]], *, head: tuple[str, ...] = ("", "")) -> list[str]:
    """Lines of a table in Markdown; bars in it are written so that they stay in their cell."""
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]

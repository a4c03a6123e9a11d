"""Text that all handed-off files share."""

from collections.abc import Iterable
from string import Template

__all__ = ["TclTemplate", "comment", "table"]


class TclTemplate(Template):
    """A template with ``@name`` and ``@{name}``: Tcl has its own use for the dollar."""

    delimiter = "@"


def comment(header: str, mark: str) -> str:
    """Put `mark` before each line."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in header.splitlines())


def table(rows: Iterable[tuple[str, ...]], *, head: tuple[str, ...] = ("", "")) -> list[str]:
    """Lines of a table in Markdown; bars in it are written so that they stay in their cell."""
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]

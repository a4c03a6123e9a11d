"""Text that all handed-off files share."""

from string import Template

__all__ = ["TclTemplate", "comment"]


class TclTemplate(Template):
    """A template with ``@name`` and ``@{name}``: Tcl has its own use for the dollar."""

    delimiter = "@"


def comment(header: str, mark: str) -> str:
    """Put `mark` before each line."""
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in header.splitlines())

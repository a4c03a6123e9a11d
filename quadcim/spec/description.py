"""What a case says of itself to people, whatever its kind."""

from dataclasses import dataclass

__all__ = ["Description", "counted"]


def counted(number: int, noun: str) -> str:
    """The number and its noun: ``1 stage``, ``2 stages``."""
    return f"{number} {noun}{'s' * (number != 1)}"


@dataclass(frozen=True, slots=True)
class Description:
    """The texts by which a kind of unit tells what it is.

    Parameters
    ----------
    definition : str
        What is computed, in a line.
    header : tuple of str
        Lines of the Verilog header.
    rows, structure : tuple of (str, str)
        Rows of the report's first table, and of the one on structure and cost.
    technology, flow_control : str
        As in the specification.
    picture : str
        A line of Markdown, or nothing.
    vectors : str
        What the vectors are.
    """

    definition: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    structure: tuple[tuple[str, str], ...]
    technology: str
    flow_control: str
    picture: str
    vectors: str

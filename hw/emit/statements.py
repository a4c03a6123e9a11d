"""Statements of Verilog as text: what they name, read and drive."""

import re
from collections.abc import Set
from dataclasses import dataclass

__all__ = ["INSTANCE", "LITERAL", "NAME", "TARGET", "WHOLE_TARGET", "Declaration", "driven_through", "names_in",
           "natural", "reads", "targets_of", "width_of"]

NAME = r"(?:\\\S+ |[A-Za-z_][\w$]*)"
WHOLE_TARGET = re.compile(rf"assign ({NAME})(?= = )")
TARGET = re.compile(rf"assign ({NAME}|\{{[^}}]*\}})")
INSTANCE = re.compile(rf"(?!assign |always |initial ){NAME} (?:#\(.*?\) )?({NAME}) ?\(", re.DOTALL)
LITERAL = re.compile(r"\d+'s?[bodh][0-9a-fxz_]+")
_CONNECTION = re.compile(r"\.(\w+)\(([^()]*)\)")
_RESERVED = {"assign", "always", "initial", "posedge", "negedge", "if", "else", "or", "begin", "end", "signed", "for",
             "generate", "endgenerate"}


@dataclass(frozen=True)
class Declaration:
    """What is declared, in the parts of its text."""

    kind: str
    signed: str
    range: str
    name: str
    rows: str
    """The range of a memory's rows; empty for all else."""
    init: str

    def __str__(self) -> str:
        return f"{self.kind} {self.signed}{self.range}{self.name}{self.rows}{self.init}"


def width_of(declaration: Declaration) -> int:
    """The bits of a word; those of a row, of a memory."""
    return int(declaration.range[1:].partition(":")[0] or 0) + 1 if declaration.range else 1


def names_in(statement: str) -> set[str]:
    """The identifiers of a statement, instance and module names included; not the ports that an instance names."""
    text = re.sub(r"\.\w+\(", "(", LITERAL.sub("", statement))
    return {name for name in re.findall(NAME, text) if name not in _RESERVED}


def reads(statement: str) -> set[str]:
    """The names whose values a statement uses; for an instance, all that it is connected to."""
    if match := TARGET.match(statement):
        return names_in(statement[match.end():])
    return names_in(re.sub(rf"({NAME})(?: ?\[[^]]*\])? <= ", "", statement))


def targets_of(statement: str) -> set[str]:
    """The names that a statement drives; for an instance, all that it is connected to."""
    if match := TARGET.match(statement):
        return names_in(match[1])
    if statement.startswith("always"):
        return set(re.findall(rf"({NAME})(?: ?\[[^]]*\])? <= ", statement))
    return names_in(statement)


def driven_through(statement: str, ports: Set[str]) -> set[str]:
    """The names that an instance connects to some of its ports."""
    return set().union(*(names_in(net) for port, net in _CONNECTION.findall(statement) if port in ports))


def natural(name: str) -> list[tuple[int, int | str]]:
    """A sort key by which ``sum_2`` comes before ``sum_10``."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]

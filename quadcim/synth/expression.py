"""Boolean expressions as Liberty files write them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

__all__ = ["Expression", "parse_expression"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*(?:\[\d+\])?|[01]|[!'&*|+^()])", re.ASCII)
_MOST_LETTERS, _MOST_DEPTH, _SHOWN = 4000, 40, 60
"""Of an expression; a cell's has far fewer."""
_OR, _AND = ("|", "+"), ("&", "*")


@dataclass(frozen=True, slots=True)
class Expression:
    """A boolean expression: a pin or constant ("pin"), or an operator ("~", "&", "|", "^") and its operands."""

    kind: str
    name: str = ""
    operands: tuple["Expression", ...] = ()

    @property
    def pins(self) -> tuple[str, ...]:
        """The pins that occur, each once, in alphabetical order."""
        return tuple(sorted(set(self._names()) - {"0", "1"}))

    def _names(self) -> Iterator[str]:
        if self.kind == "pin":
            yield self.name
        for operand in self.operands:
            yield from operand._names()

    def value(self, values: Mapping[str, bool]) -> bool:
        """The value for values of the pins."""
        if self.kind == "pin":
            return self.name == "1" if self.name in ("0", "1") else values[self.name]
        found = [operand.value(values) for operand in self.operands]
        match self.kind:
            case "~":
                return not found[0]
            case "&":
                return all(found)
            case "|":
                return any(found)
            case _:
                return sum(found) % 2 == 1

    @property
    def truth(self) -> tuple[bool, ...]:
        """The truth table over `pins`, the last pin running fastest."""
        pins = self.pins
        return tuple(self.value(dict(zip(pins, row, strict=True))) for row in product((False, True), repeat=len(pins)))

    def computes(self, truth: tuple[bool, ...]) -> bool:
        """Whether it has a truth table; an expression of other many pins is not tried."""
        return 1 << len(self.pins) == len(truth) and self.truth == truth

    @property
    def verilog(self) -> str:
        """The expression in Verilog."""
        if self.kind == "pin":
            return f"1'b{self.name}" if self.name in ("0", "1") else self.name
        if self.kind == "~":
            return f"~{self.operands[0].verilog}"
        return f"({f' {self.kind} '.join(operand.verilog for operand in self.operands)})"


def parse_expression(text: str) -> Expression:
    """Read an expression of pins, 0, 1, ``!A``, ``A'``, ``A ^ B``, ``A * B``, ``A & B``, ``A B``, ``A + B``, ``A | B``.

    As in Liberty, inversion binds strongest, then ``^``, then and, then or.

    Raises
    ------
    ValueError
        If the text is no such expression.
    """
    if len(text) > _MOST_LETTERS:
        raise ValueError(f"no boolean expression: {len(text)} letters, at most {_MOST_LETTERS}")
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        if not (found := _TOKEN.match(text, position)):
            raise ValueError(f"no boolean expression: {text[:_SHOWN]!r}")
        tokens.append(found[1])
        position = found.end()
    reader = _Reader(tokens)
    result = reader.any_of()
    if reader.peek():
        raise ValueError(f"no boolean expression: {text[:_SHOWN]!r}")
    return result


@dataclass(slots=True)
class _Reader:
    """Recursive descent."""

    tokens: list[str]
    index: int = 0
    depth: int = 0

    def peek(self) -> str:
        return self.tokens[self.index] if self.index < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.index += 1
        return token

    def any_of(self) -> Expression:
        terms = [self.all_of()]
        while self.peek() in _OR:
            self.take()
            terms.append(self.all_of())
        return terms[0] if len(terms) == 1 else Expression("|", operands=tuple(terms))

    def all_of(self) -> Expression:
        factors = [self.odd_of()]
        while self.peek() in _AND or re.match(r"[\w!(]", self.peek()):
            if self.peek() in _AND:
                self.take()
            factors.append(self.odd_of())
        return factors[0] if len(factors) == 1 else Expression("&", operands=tuple(factors))

    def odd_of(self) -> Expression:
        parts = [self.unary()]
        while self.peek() == "^":
            self.take()
            parts.append(self.unary())
        return parts[0] if len(parts) == 1 else Expression("^", operands=tuple(parts))

    def unary(self) -> Expression:
        self.depth += 1
        if self.depth > _MOST_DEPTH:
            raise ValueError(f"no boolean expression: more than {_MOST_DEPTH} operators or parentheses in each other")
        token = self.take()
        if token == "!":
            inner = _inverted(self.unary())
        elif token == "(":
            inner = self.any_of()
            if self.take() != ")":
                raise ValueError("no boolean expression: a parenthesis is left open")
        elif re.match(r"\w", token):
            inner = Expression("pin", token)
        else:
            raise ValueError(f"no boolean expression: {token!r} stands where a pin should")
        while self.peek() == "'":
            self.take()
            inner = _inverted(inner)
        self.depth -= 1
        return inner


def _inverted(expression: Expression) -> Expression:
    return expression.operands[0] if expression.kind == "~" else Expression("~", operands=(expression,))

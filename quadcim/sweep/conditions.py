"""Conditions on the settings of a point: comparisons, joined by ``and``, ``or``, ``not``."""

import ast
import operator
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from typing import Any

from quadcim.spec.errors import IllegalSetting

__all__ = ["Condition"]

_COMPARISONS = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
                ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.In: lambda a, b: a in b,
                ast.NotIn: lambda a, b: a not in b}
_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_LEGAL = "comparisons of settings and values, such as 'width >= 8 or stages < 3'"
_LONGEST, _LARGEST = 1000, 2**53
"""Letters of a condition, and the greatest number in it: checked first, so that none takes long."""


class Condition:
    """A condition. Nothing is executed: the expression is walked.

    Parameters
    ----------
    text : str
        As it stands in a sweep file.

    Raises
    ------
    IllegalSetting
        If it is no condition.
    """

    def __init__(self, text: str):
        if len(text) > _LONGEST:
            raise IllegalSetting("where", f"conditions of at most {_LONGEST} letters", f"{len(text)} letters")
        self._text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
            with suppress(TypeError):  # a comparison of a number with a word: other values may suit
                _evaluate(self._tree, dict.fromkeys(self.names, 1))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, IllegalSetting):
                raise
            raise IllegalSetting("where", _LEGAL, text) from None

    @cached_property
    def names(self) -> set[str]:
        """The settings that it is about."""
        return {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether a point meets it."""
        try:
            return bool(_evaluate(self._tree, settings))
        except TypeError:
            missing = sorted(name for name in self.names if settings.get(name) is None)
            lacks = f", and a point has no {', '.join(missing)}" if missing else ""
            raise IllegalSetting("where", "a comparison of values of one type" + lacks, self._text) from None


def _evaluate(node: ast.expr, settings: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one for each form
    match node:
        case ast.Constant(value=str() as word):
            return word
        case ast.Constant(value=int() | float() as number):
            return _number(number)
        case ast.Name(id=name):
            return settings.get(name)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_evaluate(element, settings) for element in elements]
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_evaluate(value, settings) for value in values)
        case ast.BoolOp(values=values):
            return any(_evaluate(value, settings) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _evaluate(operand, settings)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_operand(operand, settings)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _number(_ARITHMETIC[type(op)](_operand(left, settings), _operand(right, settings)))
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
            values = [_evaluate(part, settings) for part in (left, *others)]
            return all(_COMPARISONS[type(op)](*pair) for op, pair in
                       zip(ops, pairwise(values), strict=True))
        case _:
            raise IllegalSetting("where", _LEGAL, ast.unparse(node))


def _operand(node: ast.expr, settings: Mapping[str, Any]) -> int | float:
    """A number, with which one may calculate: lists and words could become as long as one likes."""
    value = _evaluate(node, settings)
    if not isinstance(value, int | float):
        raise TypeError(value)
    return value


def _number(value: int | float) -> int | float:
    if not abs(value) <= _LARGEST:
        raise IllegalSetting("where", f"a condition with numbers up to {_LARGEST}", "a greater one")
    return value

"""Conditions on the settings of a point: comparisons, joined by ``and``, ``or``, ``not``."""

import ast
import operator
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from quadcim.spec.errors import IllegalSetting

__all__ = ["holds", "names_in"]

_COMPARISONS = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
                ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.In: lambda a, b: a in b,
                ast.NotIn: lambda a, b: a not in b}
_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_LEGAL = "comparisons of settings and values, such as 'width >= 8 or stages < 3'"


def names_in(condition: str) -> set[str]:
    """The settings that a condition is about.

    Raises
    ------
    IllegalSetting
        If it is no condition.
    """
    try:
        tree = ast.parse(condition, mode="eval")
    except SyntaxError:
        raise IllegalSetting("where", _LEGAL, condition) from None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    with suppress(TypeError):  # a comparison of a number with a word: other values may suit
        _evaluate(tree.body, dict.fromkeys(names, 1))
    return names


def holds(condition: str, settings: Mapping[str, Any]) -> bool:
    """Whether a point meets a condition. Nothing is executed: the expression is walked."""
    try:
        return bool(_evaluate(ast.parse(condition, mode="eval").body, settings))
    except TypeError:
        raise IllegalSetting("where", "a comparison of values of one type", condition) from None


def _evaluate(node: ast.expr, settings: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one for each form
    match node:
        case ast.Constant(value=str() | int() | float() as value):
            return value
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
            return -_evaluate(operand, settings)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](_evaluate(left, settings), _evaluate(right, settings))
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
            values = [_evaluate(part, settings) for part in (left, *others)]
            return all(_COMPARISONS[type(op)](*pair) for op, pair in
                       zip(ops, pairwise(values), strict=True))
        case _:
            raise IllegalSetting("where", _LEGAL, ast.unparse(node))

"""Operands of arithmetic as wide as its result: what Verilog extends by itself is written out."""

import re
from collections.abc import Callable

__all__ = ["padded"]

_SUM = re.compile(r"(assign (.+?) = )(\S.*?) ([-+<>]|[<>=!]=) (\S[^;]*);", re.DOTALL)
_SHIFTED = re.compile(r"(assign (.+?) = )(\d+)'h([0-9a-f]+)( << .*)", re.DOTALL)
_SIGNED = re.compile(r"\$signed\((.*)\)", re.DOTALL)
_LITERAL = re.compile(r"(\d+)'h([0-9a-f]+)")
Width = Callable[[str], tuple[int, bool] | None]
"""The width of a name, of some of its bits, or of repetitions of those, and whether it has a sign; None of all else."""


def padded(statement: str, width: Width) -> str:
    """An assignment of a sum, a difference or a comparison with operands that are equally wide.

    Of a number that is shifted, too: it is as wide as what it is shifted to.
    """
    if (match := _SHIFTED.fullmatch(statement)) and (known := width(match[2])):
        return f"{match[1]}{_number(int(match[4], 16), max(int(match[3]), known[0]))}{match[5]}"
    match = _SUM.fullmatch(statement)
    if match is None:
        return statement
    head, target, *operands = match[1], match[2], match[3], match[5]
    signed = [_SIGNED.fullmatch(operand) for operand in operands]
    inner = [found[1] if found else operand for found, operand in zip(signed, operands, strict=True)]
    # What is in brackets is as wide as it is by itself, its complement too.
    widths = [_width(operand.removeprefix("~") if found else operand, width)
              for operand, found in zip(inner, signed, strict=True)]
    result = 1 if match[4] in ("<", ">", "<=", ">=", "==", "!=") else _width(target, width)
    has_sign = [(known := width(operand)) is not None and known[1] for operand in operands]
    if None in (*widths, result) or len({bool(found) for found in signed}) > 1 or all(has_sign):
        return statement
    most = max(*(known or 0 for known in widths), result or 0)
    extend = _sign_extended if signed[0] else _zero_extended
    wide = [operand if known == most else extend(operand, most - (known or 0), width)
            for operand, known in zip(inner, widths, strict=True)]
    if None in wide:
        return statement
    written = [f"$signed({operand})" if found else operand for operand, found in zip(wide, signed, strict=True)]
    return f"{head}{written[0]} {match[4]} {written[1]};"


def _members(text: str) -> list[str] | None:
    """The members of a concatenation; None if it is none, or has another in it."""
    if not (text.startswith("{ ") and text.endswith(" }")):
        return None
    inside = text[2:-2]
    return None if set(re.sub(r"\{\d+\{[^{}]*\}\}", "", inside)) & set("{}()?") else re.split(r",\s+", inside)


def _width(text: str, width: Width) -> int | None:
    if (members := _members(text)) is not None:
        # A member is as wide as it is by itself, its complement too.
        widths = [_width(member.removeprefix("~"), width) for member in members]
        return None if None in widths else sum(known or 0 for known in widths)
    if literal := _LITERAL.fullmatch(text):
        return int(literal[1])
    known = width(text)
    return known[0] if known else None


def _zero_extended(text: str, missing: int, _width: Width) -> str:
    if literal := _LITERAL.fullmatch(text):
        return _number(int(literal[2], 16), int(literal[1]) + missing)
    return "{ " + ", ".join([f"{missing}'h0", *(_members(text) or [text])]) + " }"


def _sign_extended(text: str, missing: int, width: Width) -> str | None:
    first, *others = _members(text) or [text]
    if literal := _LITERAL.fullmatch(first):
        bits, value = int(literal[1]), int(literal[2], 16)
        above = (1 << missing) - 1 << bits if value >> bits - 1 & 1 else 0
        extended = [_number(value | above, bits + missing)]
    elif top := re.fullmatch(r"(~?)(\w+)(?:\[(\d+)(?::\d+)?\])?", first):
        bits = (width(top[2]) or (1, False))[0]
        sign = f"{top[1]}{top[2]}[{top[3]}]" if top[3] else f"{top[1]}{top[2]}{f'[{bits - 1}]' * (bits > 1)}"
        extended = [f"{{{missing}{{{sign}}}}}" if missing > 1 else sign, first]
    else:
        return None
    return "{ " + ", ".join([*extended, *others]) + " }" if len(extended) + len(others) > 1 else extended[0]


def _number(value: int, bits: int) -> str:
    return f"{bits}'h{value:0{-(-bits // 4)}x}"

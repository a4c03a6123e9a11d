"""Temporaries of Yosys that move to where they are used.

An expression may stand elsewhere only where that leaves its width, and so its value, as it is: bitwise logic of
operands that are all as wide as what it is assigned to, comparisons and reductions, whose operands nothing around them
widens, sums of two words that are as wide as what takes them, and choices between two of those.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto
from functools import cache

from quadcim.hw.emit.statements import NAME, Declaration, width_of

__all__ = ["TEMPORARY", "bits", "inlined", "shared", "trimmed"]

TEMPORARY = re.compile(r"\b_\d+_\b")
_WHOLE = re.compile(r"\b_\d+_\b(?! ?\[)")
# A temporary that is all of a port's connection or of a concatenation's member.
_MEMBER = re.compile(r"(?:(?<=[{,] )|(?<=\d\{)|(?<=\w\())(_\d+_)(?=,| ?\}|\))")
# In a register's block: a temporary that is all of a condition, or of what the register takes.
_CONDITION = re.compile(r"(?<=if \()(_\d+_)(?=\))")
_TAKEN = re.compile(rf"({NAME}(?: ?\[[^]]*\])?) <= (_\d+_)(?=;)")
# Repetitions, or nothing; a name; its bits; or the width of a number.
_OPERAND = re.compile(rf"(?:\{{(\d+)\{{)?({NAME})(?: ?\[(\d+)(?::(\d+))?\])?(?(1)\}}\}})|(\d+)'[hdb][0-9a-f]+")
_HIGH = re.compile(r"\b(_\d+_) ?\[(\d+)")
_RANGED = re.compile(r"\b(_\d+_) ?\[([0-9:]+)\]")
_SLICE = re.compile(r"assign (_\d+_) ?\[(\d+)(?::(\d+))?\] = (?=([^;]*);)")
_COMPARISON = re.compile(r"([^ ]+) (?:[=!]=|[<>]=?) ([^ ]+)")
_REDUCTION = re.compile(r"(?:~?[|&^]|!) ?([^ ]+)")
_COMMUTATIVE = re.compile(r"([^ ]+) ([&|^]) ([^ ]+)")
# What stands in brackets at the beginning of an expression or of another bracket, and the operator behind it.
_CHAIN = re.compile(r"(?<=[=(])( ?)\(((?:[\w\[\]:~ |&^]|\([^()]*\))+)\) ([|&^]) ")
_SUM = re.compile(r"([^ ]+) [-+] ([^ ]+)")
_CHOICE = re.compile(r"([^ ]+) \? ([^?]+) : ([^?]+)")
_COMPLEMENT = re.compile(rf"~ ?{NAME}(\[\d+\])?")
_SIMPLE = re.compile(rf"(~ ?)?{NAME}(\[[^]]+\])?")
_LONG = 60
"""Letters of what moves into a condition, a choice or a register: more has a line of its own."""


class _Place(Enum):
    """Where a temporary stands."""

    LOGIC = auto()
    MEMBER = auto()
    WHOLE = auto()
    CHOOSES = auto()
    FIRST = auto()
    OTHERWISE = auto()


_LAST = (_Place.WHOLE, _Place.OTHERWISE)
"""Where nothing follows."""


def trimmed(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Temporaries without high bits that nothing reads; what fills a temporary up with its own bits reads nothing."""
    whole = {name for statement in statements for name in _WHOLE.findall(statement)}
    slices = [match for statement in statements if (match := _SLICE.match(statement))]
    used: dict[str, int] = {}
    for statement in statements:
        match = _SLICE.match(statement)
        for name, high in _HIGH.findall(match[4] if match else statement):
            if not match or name != match[1]:
                used[name] = max(used.get(name, 0), int(high))
    for name, high, low in ((match[1], int(match[2]), int(match[3] or match[2])) for match in slices):
        if low <= used.get(name, -1) < high:
            used[name] = high
    narrow = {name: high for name, high in used.items()
              if name not in whole and high < width_of(declarations[name]) - 1}
    for name, high in narrow.items():
        declarations[name] = replace(declarations[name], range=f"[{high}:0] " if high else "")

    def written(match: re.Match[str]) -> str:
        name, range_ = match[1], match[2]
        high = narrow.get(name, -1)
        return name if range_ == (f"{high}:0" if high else "0") else match[0]

    kept = (statement for statement in statements if not ((match := _SLICE.match(statement)) and int(
        match[3] or match[2]) > narrow.get(match[1], 1 << 30)))
    return [_RANGED.sub(written, statement) for statement in kept]


def shared(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Keep one of several names that are as wide and are assigned the same expression; a temporary is none to keep."""
    first: dict[tuple[str, int, str], str] = {}
    same: dict[str, str] = {}
    # What is read from a bidirectional port may be what others drive.
    assigned = [pair for pair in map(_assignment, statements)
                if pair[0] in declarations and not declarations[pair[0]].kind.startswith("inout")]
    for target, expression in sorted(assigned, key=lambda pair: bool(TEMPORARY.fullmatch(pair[0]))):
        match = _COMMUTATIVE.fullmatch(expression)
        known = f" {match[2]} ".join(sorted((match[1], match[3]))) if match else expression
        declared = declarations[target]
        kept = first.setdefault((known, width_of(declared), declared.signed), target)
        if kept != target and TEMPORARY.fullmatch(target):
            same[target] = kept
    return [TEMPORARY.sub(lambda match: same.get(match[0], match[0]), statement) for statement in statements
            if _assignment(statement)[0] not in same]


def inlined(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Move each temporary that is used once, as a whole and where its value cannot change, into that use.

    The complement of a name, which is no longer than another name, moves into all of its uses.
    """
    statements = [_tidy(statement) for statement in statements]
    definitions = {target: expression for target, expression in map(_assignment, statements)
                   if TEMPORARY.fullmatch(target)}
    mentions = Counter(name for statement in statements for name in TEMPORARY.findall(statement))
    places: dict[str, list[_Place]] = {}
    for name, place in (found for statement in statements for found in _places(declarations, statement)):
        places.setdefault(name, []).append(place)

    @cache
    def moved(name: str) -> str | None:
        """What stands in the place of a temporary; None if it stays."""
        found, expression = places.get(name, []), definitions.get(name)
        if expression is None or len(found) != mentions[name] - 1:
            return None
        if len(found) != 1 and not (found and _COMPLEMENT.fullmatch(expression)):
            return None
        place = found[0]
        logic = _logic_width(declarations, expression) == width_of(declarations[name])
        choice = not logic and _choice_width(declarations, expression) == width_of(declarations[name])
        total = _sum_width(declarations, expression) == width_of(declarations[name])
        if not (logic or choice or total or _is_condition(declarations, expression)):
            return None
        text = TEMPORARY.sub(lambda match: moved(match[0]) or match[0], expression)
        if (choice or total) and place not in (_Place.FIRST, *_LAST):
            return None
        if len(text) > _LONG and not (logic and place in (_Place.LOGIC, _Place.MEMBER)):
            return None
        bare = (choice and place in _LAST) or total or place in (_Place.MEMBER, _Place.WHOLE) or _SIMPLE.fullmatch(text)
        return text if bare else f"({text})"

    kept = (statement for statement in statements if moved(_assignment(statement)[0]) is None)
    return [_tidy(TEMPORARY.sub(lambda match: moved(match[0]) or match[0], statement)) for statement in kept]


def _assignment(statement: str) -> tuple[str, str]:
    """What a statement assigns to, and what; nothing of another one."""
    if not statement.startswith("assign "):
        return "", ""
    target, _, expression = statement.removeprefix("assign ").removesuffix(";").partition(" = ")
    return target, expression


def _places(declarations: dict[str, Declaration], statement: str) -> Iterator[tuple[str, _Place]]:
    """The temporaries of a statement that an expression as wide may take the place of."""
    members = _MEMBER.findall(statement)
    yield from ((name, _Place.MEMBER) for name in members)
    if statement.startswith("always"):
        yield from ((name, _Place.WHOLE) for name in _CONDITION.findall(statement))
        yield from ((name, _Place.WHOLE) for target, name in _TAKEN.findall(statement)
                    if _logic_width(declarations, target) == width_of(declarations[name]))
    target, expression = _assignment(statement)
    width = _logic_width(declarations, target) if target else None
    if width is None:
        return
    if TEMPORARY.fullmatch(expression) and width_of(declarations[expression]) == width:
        yield expression, _Place.WHOLE
    elif _logic_width(declarations, expression) == width:
        yield from ((name, _Place.LOGIC) for name in _WHOLE.findall(expression) if name not in members)
    elif choice := _CHOICE.fullmatch(expression):
        for name, place in zip(choice.groups(), (_Place.CHOOSES, _Place.FIRST, _Place.OTHERWISE), strict=True):
            wanted = 1 if place == _Place.CHOOSES else width
            if TEMPORARY.fullmatch(name) and width_of(declarations[name]) == wanted:
                yield name, place


def bits(declarations: dict[str, Declaration], text: str) -> tuple[int, bool] | None:
    """The width of a name, of some of its bits, or of repetitions of those, and whether it has a sign."""
    match = _OPERAND.fullmatch(text)
    width = _operand_width(declarations, match) if match else None
    if match is None or width is None:
        return None
    return width, match[3] is None and match[2] in declarations and bool(declarations[match[2]].signed)


def _operand_width(declarations: dict[str, Declaration], operand: re.Match[str]) -> int | None:
    """The width of a name, some of its bits, repetitions of those, or a number."""
    times, name, high, low, literal = operand.groups()
    if literal:
        return int(literal)
    if name not in declarations or declarations[name].rows:
        return None
    width = width_of(declarations[name]) if high is None else int(high) - int(low or high) + 1
    return width * int(times or 1)


def _logic_width(declarations: dict[str, Declaration], expression: str) -> int | None:
    """The width of bitwise logic of operands that are all so wide: it means the same wherever it stands among such."""
    widths = {_operand_width(declarations, match) for match in _OPERAND.finditer(expression)}
    alone = len(widths) == 1 and not _OPERAND.sub("", expression).strip(" ~&|^()")
    return widths.pop() if alone else None


def _is_condition(declarations: dict[str, Declaration], expression: str) -> bool:
    """Whether an expression is a comparison of words that are equally wide and have no sign, or a reduction."""
    if match := _COMPARISON.fullmatch(expression):
        first, second = (bits(declarations, operand) for operand in match.groups())
        return first is not None and first == second and not first[1]
    match = _REDUCTION.fullmatch(expression)
    return match is not None and bits(declarations, match[1]) is not None


def _sum_width(declarations: dict[str, Declaration], expression: str) -> int | None:
    """The width of a sum or a difference of words that are equally wide and have no sign."""
    match = _SUM.fullmatch(expression)
    first, second = (bits(declarations, operand) for operand in match.groups()) if match else (None, None)
    return first[0] if first is not None and first == second and not first[1] else None


def _choice_width(declarations: dict[str, Declaration], expression: str) -> int | None:
    """The width of both words of a choice, if it is the same."""
    match = _CHOICE.fullmatch(expression)
    if match is None or _logic_width(declarations, match[1]) != 1:
        return None
    first, second = (_logic_width(declarations, branch) for branch in match.groups()[1:])
    return first if first == second else None


def _without_brackets(match: re.Match[str]) -> str:
    """An expression in brackets without them, if all its operators are the one behind it."""
    operators = set(re.findall(r"[|&^]", re.sub(r"\([^()]*\)", "", match[2])))
    return f"{match[1]}{match[2]} {match[3]} " if operators == {match[3]} else match[0]


def _tidy(statement: str) -> str:
    """Bind complements tightly, drop the brackets of ``(a | b) | c``, and count repetitions."""
    statement = re.sub(r"~ (?=[\w\\(])", "~", statement)
    while (shorter := _CHAIN.sub(_without_brackets, statement)) != statement:
        statement = shorter
    return re.sub(rf"\{{ ({NAME}(?:\[\d+\])?)((?:, \1)+) \}}",
                  lambda match: f"{{{match[2].count(',') + 1}{{{match[1]}}}}}", statement)

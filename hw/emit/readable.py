"""Readable Verilog from what Yosys writes.

Yosys gives each operator its own ``assign`` to a numbered wire and prints them in no useful order. Here bitwise
expressions that are used once move to where they are used, words that are put together of bits are called by their
names, what is left of the numbered wires is named after what it goes into, and ports are declared in the module header.
Statements are sorted stage by stage, and there so that each stands after those it depends on; registers that move
together are one block. Whatever a rule does not recognise stays as it was.
"""

import itertools
import re
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from quadcim.hw.emit.widths import padded

__all__ = ["make_readable"]

_NAME = r"(?:\\\S+ |[A-Za-z_][\w$]*)"
_MODULE = re.compile(rf"^module ({_NAME})\((.*?)\);\n(.*?)^endmodule\n", re.MULTILINE | re.DOTALL)
_DECLARATION = re.compile(
    rf"(input|output|inout|wire|reg) (signed )?(\[[^]]+\] )?({_NAME})( ?\[[^]]+\])?( = [^;]+)?;")
_TEMPORARY = re.compile(r"\b_\d+_\b")
_WHOLE_TEMPORARY = re.compile(r"\b_\d+_\b(?! ?\[)")
_UNNAMED = re.compile(rf"{_TEMPORARY.pattern}|\\\S+ ")
# A temporary that is all of a port's connection or of a concatenation's member.
_WHOLE_OPERAND = re.compile(r"(?:(?<=[{,] )|(?<=\d\{)|(?<=\w\())(_\d+_)(?=,| ?\}|\))")
_WHOLE_TARGET = re.compile(rf"assign ({_NAME})(?= = )")
_TARGET = re.compile(rf"assign ({_NAME}|\{{[^}}]*\}})")
# Repetitions, or nothing; a name; its bits; or the width of a number.
_OPERAND = re.compile(rf"(?:\{{(\d+)\{{)?({_NAME})(?: ?\[(\d+)(?::(\d+))?\])?(?(1)\}}\}})|(\d+)'[hdb][0-9a-f]+")
_NEGATION = re.compile(rf"! ({_NAME})( ?\[[^]]+\])?")
_NESTED = re.compile(r"^(    if \(.*\))((?:\n {6}.*)+)", re.MULTILINE)
_CHOSEN = re.compile(rf"assign ({_NAME})( ?\[\d+\])? = ({_NAME}) >> (({_NAME})(?: ?\[(\d+)(?::(\d+))?\])?);")
_INSTANCE = re.compile(rf"(?!assign |always |initial ){_NAME} (?:#\(.*?\) )?({_NAME}) ?\(", re.DOTALL)
_LITERAL = re.compile(r"\d+'s?[bodh][0-9a-fxz_]+")
_STAGE = re.compile(r"stage(\d+)_(?!moves$)")
_HANDSHAKE = re.compile(r"stage\d+_moves$|[iw]__ready$")
# A register that is not reset: when, under which condition, and what it takes.
_REGISTER = re.compile(rf"(always @\([^)]*\))\n    (if \({_NAME}\) )?({_NAME}(?: ?\[[^]]*\])? <= [^;]*;)", re.DOTALL)
# A bit that is taken where another bit is set.
_BIT = re.compile(rf"(always @\([^)]*\))\n    if \(({_NAME})\[(\d+)\]\) ({_NAME})\[(\d+)\] <= ({_NAME});")
_INDEX, _LEAST_LOOP = "index", 4
# A bit of a word that is the product of one of another word and a bit that is alone.
_PRODUCT = re.compile(r"assign (\w+)\[(\d+)\] = (\w+)\[(\d+)\] & (\w+(?:\[\d+\])?);")
_LEAST_ROW = 2
_WORD = re.compile(rf"assign ({_NAME}) = (\{{ [^{{}}]* \}});")
_LINE = 120
_RESERVED = {"assign", "always", "initial", "posedge", "negedge", "if", "else", "or", "begin", "end", "signed", "for",
             "generate", "endgenerate"}


@dataclass(frozen=True)
class _Declaration:
    kind: str
    signed: str
    range: str
    name: str
    rows: str
    """The range of a memory's rows; empty for all else."""
    init: str

    def __str__(self) -> str:
        return f"{self.kind} {self.signed}{self.range}{self.name}{self.rows}{self.init}"


def make_readable(verilog: str, notes: Mapping[str, Mapping[str, str]] | None = None,
                  stages: Sequence[str] = ()) -> str:
    """The same modules, statement by statement, in a form for people; leading comments are dropped.

    Parameters
    ----------
    verilog : str
        What Yosys wrote.
    notes : mapping of str to mapping of str to str, optional
        By module, comments that stand before the statements that drive some signals.
    stages : sequence of str, optional
        What the stages of the first module do.
    """
    return "\n".join(_module(match[1], match[3], (notes or {}).get(match[1].strip(" \\"), {}), () if number else stages)
                     for number, match in enumerate(_MODULE.finditer(verilog)))


def _module(name: str, body: str, notes: Mapping[str, str], about: Sequence[str]) -> str:
    declarations: dict[str, _Declaration] = {}
    statements: list[str] = []
    for item in _items(body):
        if match := _DECLARATION.fullmatch(item):
            _declare(declarations, _Declaration(*(group or "" for group in match.groups())))
        else:
            statements.append(item)
    statements = _prune(declarations, _name_words(declarations, statements))
    statements = _prune(declarations, _inline(declarations, _share(statements)))
    statements = [padded(_chosen_bit(declarations, _none_set(declarations, statement)), partial(_bits, declarations))
                  for statement in _rows(declarations, _rename(declarations, statements))]
    port_names = [port for port in declarations if declarations[port].kind.split()[0] in ("input", "output", "inout")]
    port_names.sort(key=lambda port: (port.strip() not in ("clk", "rst", "rst_n"), port))
    sections = _sections(declarations, statements, about)
    used = set().union(*(_names(statement) for _title, part in sections for statement in part))
    here = _declared_where_driven(declarations, [statement for _title, part in sections for statement in part])
    inner = sorted((d for key, d in declarations.items() if key not in port_names and key in used - here),
                   key=lambda d: _natural(d.name))
    header = ",\n".join(f"  {declarations[port]}" for port in port_names)
    lines = [f"module {name} (\n{header}\n);", *(f"  {d};" for d in inner)]
    for title, part in sections:
        lines += ["", *([f"  // ---- {title}"] if title else [])]
        lines += [_written(declarations, statement, notes, here) for statement in part]
    return "\n".join([*lines, "endmodule\n"])


def _sections(declarations: dict[str, _Declaration], statements: list[str],
              about: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The statements in order, stage by stage where there are stages, registers that move together in one block."""
    sections: dict[int, list[str]] = {}
    stages = _stages(declarations, statements)
    for statement in _sorted(declarations, statements):
        sections.setdefault(stages.get(statement, 0), []).append(statement)
    return [(_title(stage, about) if stages else "", _together(_looped(declarations, sections[stage])))
            for stage in sorted(sections)]


def _declared_where_driven(declarations: dict[str, _Declaration], statements: list[str]) -> set[str]:
    """The wires that one statement drives as a whole, and that nothing reads before it."""
    seen: set[str] = set()
    here: set[str] = set()
    for statement in statements:
        target = _WHOLE_TARGET.match(statement)
        if target and target[1] not in seen and target[1] not in _reads(statement) and (
                declarations[target[1]].kind == "wire"):
            here.add(target[1])
        seen |= _names(statement)
    return here


def _written(declarations: dict[str, _Declaration], statement: str, notes: Mapping[str, str], here: set[str]) -> str:
    """A statement as it stands in the text."""
    target = _WHOLE_TARGET.match(statement)
    text = f"{declarations[target[1]]}{statement[target.end(1):]}" if target and target[1] in here else statement
    return _wrap(_embrace(f"{_note(statement, notes)}  {text}"))


def _note(statement: str, notes: Mapping[str, str]) -> str:
    """The comments of what a statement drives."""
    match = _TARGET.match(statement)
    return "".join(f"  // {notes[name]}\n" for name in sorted(_targets(statement) & notes.keys())) if match else ""


def _title(stage: int, about: Sequence[str]) -> str:
    if not stage:
        return "Handshake"
    return f"Stage {stage}{f': {about[stage - 1]}' if stage <= len(about) else ''}"


def _stages(declarations: dict[str, _Declaration], statements: list[str]) -> dict[str, int]:
    """The stage that each statement is a part of, 0 for the handshake; empty if registers are not in stages.

    Registers are named after the stage that they end, those of the last one after what they drive. Logic is a part of
    the stage behind the last registers that it reads.
    """
    ends = {name: int(match[1]) for name in declarations if (match := _STAGE.match(name))}
    if not ends:
        return {}
    last = max(ends.values())
    driver: dict[str, str] = {}
    for statement in statements:
        driver |= dict.fromkeys(_targets(statement) if not _INSTANCE.match(statement) else (), statement)
    registers = {name for statement in statements if statement.startswith("always") for name in _targets(statement)}
    after: dict[str, int] = {}

    def behind(name: str) -> int:
        if name in registers:
            return ends.get(name, last)
        if name not in after:
            after[name] = 0
            sources = _reads(driver[name]) if name in driver and not _HANDSHAKE.match(name) else set()
            after[name] = max(map(behind, sorted(sources & declarations.keys())), default=0)
        return after[name]

    def stage(statement: str) -> int:
        targets = _targets(statement) & declarations.keys()
        if any(map(_HANDSHAKE.match, targets)) and not _INSTANCE.match(statement):
            return 0
        if statement.startswith("always"):
            return min(ends.get(name, last) for name in targets)
        return min(last, 1 + max((behind(name) for name in sorted(_reads(statement) & declarations.keys())
                                  if name not in targets or name in registers), default=0))

    return {statement: stage(statement) for statement in statements}


def _rows(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    """Products of a word's bits with one bit, an assignment each, as an assignment of words."""
    series: dict[tuple[str, ...], dict[int, str]] = {}
    for statement in statements:
        if match := _PRODUCT.fullmatch(statement):
            target, index, word, place, bit = match.groups()
            series.setdefault((target, word, bit, str(int(place) - int(index))), {})[int(index)] = statement
    joined: dict[str, str] = {}
    left_out: set[str] = set()
    for (target, word, bit, offset), found in series.items():
        least, most = min(found), max(found)
        if len(found) < _LEAST_ROW or len(found) != most - least + 1:
            continue
        whole = least == 0 and most == _width(declarations[target]) - 1
        low, high = least + int(offset), most + int(offset)
        chosen = word if low == 0 and high == _width(declarations[word]) - 1 else f"{word}[{high}:{low}]"
        joined[found[least]] = (f"assign {target if whole else f'{target}[{most}:{least}]'} = "
                                f"{chosen} & {{{len(found)}{{{bit}}}}};")
        left_out |= {*found.values()} - {found[least]}
    return [joined.get(statement, statement) for statement in statements if statement not in left_out]


def _looped(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    """Registers of single bits that differ in the index alone as a loop over it."""
    series: dict[tuple[str, ...], dict[int, str]] = {}
    for statement in statements:
        if match := _BIT.fullmatch(statement):
            edge, condition, chosen, target, index, data = match.groups()
            key = (edge, condition, target, data, str(int(chosen) - int(index)))
            series.setdefault(key, {})[int(index)] = statement
    loops: dict[str, str] = {}
    left_out: set[str] = set()
    for (edge, condition, target, data, offset), found in series.items():
        if len(found) < _LEAST_LOOP or sorted(found) != list(range(min(found), max(found) + 1)):
            continue
        declarations.setdefault(_INDEX, _Declaration("genvar", "", "", _INDEX, "", ""))
        chosen = _INDEX if offset == "0" else f"{_INDEX} {'+' if int(offset) > 0 else '-'} {abs(int(offset))}"
        least, most = min(found), max(found)
        loops[found[least]] = "\n".join([
            "generate",
            f"    for ({_INDEX} = {least}; {_INDEX} <= {most}; {_INDEX} = {_INDEX} + 1) begin : {target}_bits",
            f"      {edge}", f"        if ({condition}[{chosen}]) {target}[{_INDEX}] <= {data};",
            "    end", "  endgenerate"])
        left_out |= {*found.values()} - {found[least]}
    return [loops.get(statement, statement) for statement in statements if statement not in left_out]


def _together(statements: list[str]) -> list[str]:
    """Registers that take new values under the same condition in one block, at the end; what is reset stays apart."""
    kept: list[str] = []
    blocks: dict[tuple[str, str], list[str]] = {}
    for statement in statements:
        if match := _REGISTER.fullmatch(statement):
            blocks.setdefault((match[1], match[2] or ""), []).append(match[3])
        else:
            kept.append(statement)
    plain = [statement for statement in kept if not statement.startswith("always")]
    return [*plain, *(statement for statement in kept if statement.startswith("always")),
            *(_block(edge, condition, moved) for (edge, condition), moved in blocks.items())]


def _block(edge: str, condition: str, moved: list[str]) -> str:
    if len(moved) == 1:
        return f"{edge}\n    {condition}{moved[0]}"
    if not condition:
        return "\n    ".join([f"{edge} begin", *moved]) + "\n  end"
    return "\n      ".join([f"{edge}\n    {condition}begin", *moved]) + "\n    end"


def _name_words(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    """Words that have a name, and bits that are put together to them, by that name wherever they stand."""
    names = {match[2]: match[1] for statement in statements if (match := _WORD.fullmatch(statement))}
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True)))) if names else None

    def named(statement: str) -> str:
        if pattern is None:
            return statement
        target = _WORD.fullmatch(statement)
        own = names.get(target[2]) if target else None
        if target and own == target[1]:
            return statement
        return pattern.sub(lambda match: names[match[0]], statement)

    return [named(statement) for statement in statements]


def _none_set(declarations: dict[str, _Declaration], statement: str) -> str:
    """A logical negation of a word, which some take for a slip, as what it is: no bit is set."""
    def write(match: re.Match[str]) -> str:
        name, index = match[1], match[2] or ""
        word = ":" in index or (not index and name in declarations and declarations[name].range)
        return f"~| {name}{index}" if word else match[0]

    return _NEGATION.sub(write, statement)


def _embrace(statement: str) -> str:
    """Say by brackets to which ``if`` an ``else`` belongs, where one stands within another."""
    return _NESTED.sub(r"\1 begin\2\n    end", statement)


def _chosen_bit(declarations: dict[str, _Declaration], statement: str) -> str:
    """A bit that a shift brings down as what it is: FPGA tools look for shift registers that are read so."""
    match = _CHOSEN.fullmatch(statement)
    if not match or (declarations[match[1]].range and not match[2]):
        return statement
    target, bit, word, index, name, high, low = match.groups(default="")
    bits = int(high) - int(low or high) + 1 if high else _width(declarations[name])
    # A shift beyond the word gives 0, an index beyond it nothing that is known.
    return f"assign {target}{bit} = {word}[{index}];" if _width(declarations[word]) >= 1 << bits else statement


def _width(declaration: _Declaration) -> int:
    return int(declaration.range[1:].partition(":")[0] or 0) + 1 if declaration.range else 1


def _wrap(statement: str) -> str:
    """Break lines that are too long to read between the members of a concatenation, or the words of a comment."""
    return "\n".join(textwrap.fill(line, _LINE, subsequent_indent="  // " if line.startswith("  //") else "      ",
                                   break_long_words=False, break_on_hyphens=False) if len(line) > _LINE else line
                     for line in statement.splitlines())


def _items(body: str) -> list[str]:
    """Top-level statements: they begin with two spaces; deeper lines and what closes a bracket or block carry on."""
    items: list[str] = []
    for line in body.splitlines():
        if re.match(r"  (?!end$)[^ )]", line):
            items.append(line[2:])
        elif line.strip():
            items[-1] += "\n" + line
    return items


def _declare(declarations: dict[str, _Declaration], new: _Declaration) -> None:
    """Record a declaration; a port's second one says whether it is a wire or a register."""
    old = declarations.get(new.name)
    if old is None:
        declarations[new.name] = new
    else:
        port = old if old.kind in ("input", "output", "inout") else new
        other = new if port is old else old
        declarations[new.name] = replace(port, kind=f"{port.kind} {other.kind}", init=other.init)


def _names(statement: str) -> set[str]:
    """The identifiers of a statement, instance and module names included; not the ports that an instance names."""
    text = re.sub(r"\.\w+\(", "(", _LITERAL.sub("", statement))
    return {name for name in re.findall(_NAME, text) if name not in _RESERVED}


def _bitwise_width(declarations: dict[str, _Declaration], expression: str) -> int | None:
    """The width of bitwise logic of operands that are all so wide: it means the same wherever it stands among such."""
    widths = {_operand_width(declarations, match) for match in _OPERAND.finditer(expression)}
    alone = len(widths) == 1 and not _OPERAND.sub("", expression).strip(" ~&|^()")
    return widths.pop() if alone else None


def _bits(declarations: dict[str, _Declaration], text: str) -> tuple[int, bool] | None:
    """The width of a name, of some of its bits, or of repetitions of those, and whether it has a sign."""
    match = _OPERAND.fullmatch(text)
    width = _operand_width(declarations, match) if match else None
    if match is None or width is None:
        return None
    return width, match[3] is None and match[2] in declarations and bool(declarations[match[2]].signed)


def _operand_width(declarations: dict[str, _Declaration], operand: re.Match[str]) -> int | None:
    """The width of a name, some of its bits, repetitions of those, or a number."""
    times, name, high, low, literal = operand.groups()
    if literal:
        return int(literal)
    if name not in declarations or declarations[name].rows:
        return None
    width = _width(declarations[name]) if high is None else int(high) - int(low or high) + 1
    return width * int(times or 1)


def _share(statements: list[str]) -> list[str]:
    """Keep one of several temporaries that are assigned the same expression."""
    first: dict[str, str] = {}
    same: dict[str, str] = {}
    for statement in statements:
        target, _, expression = statement.removeprefix("assign ").partition(" = ")
        if statement.startswith("assign ") and _TEMPORARY.fullmatch(target):
            kept = first.setdefault(expression, target)
            if kept != target:
                same[target] = kept
    return [_TEMPORARY.sub(lambda match: same.get(match[0], match[0]), statement) for statement in statements
            if statement.removeprefix("assign ").partition(" = ")[0] not in same]


def _inline(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    """Move each temporary that is used once, as a whole and where its width cannot change, into that use."""
    definitions: dict[str, str] = {}
    uses: Counter[str] = Counter()
    fit: Counter[str] = Counter()
    for statement in map(_tidy, statements):
        target, _, expression = statement.removeprefix("assign ").removesuffix(";").partition(" = ")
        width = _bitwise_width(declarations, expression) if statement.startswith("assign ") else None
        bitwise = width is not None and width == _bitwise_width(declarations, target)
        if bitwise and _TEMPORARY.fullmatch(target):
            definitions[target] = expression
        uses.update(_TEMPORARY.findall(statement))
        fit.update((_WHOLE_TEMPORARY if bitwise else _WHOLE_OPERAND).findall(statement))
    movable = {name for name in definitions if uses[name] == 2 and fit[name] == 2}

    def expand(match: re.Match[str]) -> str:
        if match[0] not in movable:
            return match[0]
        inner = _TEMPORARY.sub(expand, definitions[match[0]])
        alone = _WHOLE_OPERAND.match(match.string, match.start())
        return inner if alone or re.fullmatch(rf"(~ ?)?{_NAME}(\[[^]]+\])?", inner) else f"({inner})"

    kept = (statement for statement in map(_tidy, statements)
            if statement.removeprefix("assign ").partition(" = ")[0] not in movable)
    return [_tidy(_TEMPORARY.sub(expand, statement)) for statement in kept]


def _tidy(statement: str) -> str:
    """Bind complements tightly, drop the brackets of ``(a ^ b) ^ c``, and count repetitions."""
    statement = re.sub(r"~ (?=[\w\\(])", "~", statement)
    statement = re.sub(r" = \(([^()^]+ \^ [^()^]+)\) \^ ", r" = \1 ^ ", statement)
    return re.sub(rf"\{{ ({_NAME}(?:\[\d+\])?)((?:, \1)+) \}}",
                  lambda match: f"{{{match[2].count(',') + 1}{{{match[1]}}}}}", statement)


def _reads(statement: str) -> set[str]:
    """The names whose values a statement uses; for an instance, all that it is connected to."""
    if match := _TARGET.match(statement):
        return _names(statement[match.end():])
    return _names(re.sub(rf"({_NAME})(?: ?\[[^]]*\])? <= ", "", statement))


def _prune(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    """Leave out assignments to wires that nothing reads."""
    while True:
        read = set().union(*map(_reads, statements))
        kept = [statement for statement in statements if not _TARGET.match(statement) or any(
            name in read or declarations[name].kind != "wire" for name in _targets(statement))]
        if len(kept) == len(statements):
            return statements
        statements = kept


def _rename(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    r"""Name the temporaries that are left after the named signals that they go into, or stand beside unread.

    Yosys names registers of single bits like ``\\word[7]``; they become ``word_7``.
    """
    near: dict[str, set[str]] = {}
    read = set().union(*map(_reads, statements))
    for statement in statements:
        targets = _targets(statement)
        for name in _reads(statement) | (targets - read):
            near.setdefault(name, set()).update(targets - {name})
    unnamed = sorted(near.keys() & {name for name in declarations if _UNNAMED.fullmatch(name)}, key=_natural)
    stems = {name: "_".join(re.findall(r"\w+", name)) for name in declarations if not _TEMPORARY.fullmatch(name)}
    while found := {name: stems[owner] for name in unnamed if name not in stems
                    and (owner := min(near[name] & stems.keys(), key=_natural, default=None))}:
        stems |= found

    names: dict[str, str] = {}
    places = Counter(name for statement in statements for name in _names(statement))
    for name in unnamed:
        stem = stems.get(name, "wire")
        if _TEMPORARY.fullmatch(name):
            # What an instance alone is connected to is an output that nothing reads.
            stem += "_part" if name in read and places[name] > 1 else "_unused"
        numbered = itertools.chain([stem], (f"{stem}_{index}" for index in itertools.count(2)))
        names[name] = new = next(name for name in numbered if name not in declarations)
        declarations[new] = replace(declarations[name], name=new)
    return [_UNNAMED.sub(lambda match: names.get(match[0], match[0]), statement) for statement in statements]


def _sorted(declarations: dict[str, _Declaration], statements: list[str]) -> list[str]:
    """By depth of logic, registers included, then by name: of an instance its own, else that of what is driven.

    What memories hold at first stands before all else.
    """
    targets = [_targets(statement) & declarations.keys() for statement in statements]
    driver = {name: index for index, names in enumerate(targets) for name in names}
    depth: dict[int, int] = {}

    def visit(index: int) -> int:
        if index not in depth and statements[index].startswith("initial"):
            depth[index] = 0
        elif index not in depth:
            depth[index] = 0  # stands while its own dependencies are visited: it cuts loops through registers
            sources = (_names(statements[index]) & driver.keys()) - targets[index]
            depth[index] = 1 + max((visit(driver[name]) for name in sorted(sources)), default=0)
        return depth[index]

    def name(index: int) -> str:
        instance = _INSTANCE.match(statements[index])
        return instance[1] if instance else min(targets[index], default="")

    return [statements[index] for index in sorted(
        range(len(statements)), key=lambda index: (visit(index), _natural(name(index))))]


def _targets(statement: str) -> set[str]:
    """The names that a statement drives; for an instance, all that it is connected to."""
    if match := _TARGET.match(statement):
        return _names(match[1])
    if statement.startswith("always"):
        return set(re.findall(rf"({_NAME})(?: ?\[[^]]*\])? <= ", statement))
    return _names(statement)


def _natural(name: str) -> list[tuple[int, int | str]]:
    """A sort key by which ``sum_2`` comes before ``sum_10``."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]

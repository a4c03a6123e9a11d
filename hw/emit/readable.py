"""Readable Verilog from what Yosys writes.

Yosys gives each operator its own ``assign`` to a numbered wire and prints them in no useful order. Here single-bit
expressions that are used once move to where they are used, what is left of the numbered wires is named after what it
goes into, ports are declared in the module header, and statements are sorted so that each stands after those it depends
on. Whatever a rule does not recognise stays as it was.
"""

import itertools
import re
import textwrap
from collections import Counter
from dataclasses import dataclass, replace

__all__ = ["make_readable"]

_NAME = r"(?:\\\S+ |[A-Za-z_][\w$]*)"
_MODULE = re.compile(rf"^module ({_NAME})\((.*?)\);\n(.*?)^endmodule\n", re.MULTILINE | re.DOTALL)
_DECLARATION = re.compile(
    rf"(input|output|inout|wire|reg) (signed )?(\[[^]]+\] )?({_NAME})( ?\[[^]]+\])?( = [^;]+)?;")
_TEMPORARY = re.compile(r"\b_\d+_\b")
_UNNAMED = re.compile(rf"{_TEMPORARY.pattern}|\\\S+ ")
# A temporary that is all of a port's connection or of a concatenation's member.
_WHOLE_OPERAND = re.compile(r"(?:(?<=[{,] )|(?<=\d\{)|(?<=\w\())(_\d+_)(?=,| ?\}|\))")
_TARGET = re.compile(rf"assign ({_NAME}|\{{[^}}]*\}})")
_BITWISE = re.compile(rf"(?:{_NAME}(?: ?\[\d+\])?|1'h[01]|[ ~&|^()])+")
_OPERAND = re.compile(rf"({_NAME})( ?\[\d+\])?")
_NEGATION = re.compile(rf"! ({_NAME})( ?\[[^]]+\])?")
_NESTED = re.compile(r"^(    if \(.*\))((?:\n {6}.*)+)", re.MULTILINE)
_CHOSEN = re.compile(rf"assign ({_NAME})( ?\[\d+\])? = ({_NAME}) >> (({_NAME})(?: ?\[(\d+)(?::(\d+))?\])?);")
_INSTANCE = re.compile(rf"(?!assign |always |initial ){_NAME} (?:#\(.*?\) )?({_NAME}) ?\(", re.DOTALL)
_LITERAL = re.compile(r"\d+'s?[bodh][0-9a-fxz_]+")
_LINE = 120
_RESERVED = {"assign", "always", "initial", "posedge", "negedge", "if", "else", "or", "begin", "end", "signed"}


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


def make_readable(verilog: str) -> str:
    """The same modules, statement by statement, in a form for people; leading comments are dropped."""
    return "\n".join(_module(*match.groups()) for match in _MODULE.finditer(verilog))


def _module(name: str, ports: str, body: str) -> str:
    declarations: dict[str, _Declaration] = {}
    statements: list[str] = []
    for item in _items(body):
        if match := _DECLARATION.fullmatch(item):
            _declare(declarations, _Declaration(*(group or "" for group in match.groups())))
        else:
            statements.append(item)
    statements = _prune(declarations, _inline(declarations, _share(_prune(declarations, statements))))
    statements = [_chosen_bit(declarations, _none_set(declarations, statement))
                  for statement in _rename(declarations, statements)]
    port_names = [port for port in declarations if declarations[port].kind.split()[0] in ("input", "output", "inout")]
    port_names.sort(key=lambda port: (port.strip() not in ("clk", "rst", "rst_n"), port))
    used = set().union(*map(_names, statements))
    inner = sorted((d for key, d in declarations.items() if key not in port_names and key in used),
                   key=lambda d: _natural(d.name))
    header = ",\n".join(f"  {declarations[port]}" for port in port_names)
    lines = [f"module {name} (\n{header}\n);", *(f"  {d};" for d in inner), "",
             *(_wrap(_embrace(f"  {statement}")) for statement in _sorted(declarations, statements)), "endmodule\n"]
    return "\n".join(lines)


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
    """Break lines that are too long to read between the members of a concatenation."""
    return "\n".join(textwrap.fill(line, _LINE, subsequent_indent="      ", break_long_words=False,
                                   break_on_hyphens=False) if len(line) > _LINE else line
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


def _single_bit(declarations: dict[str, _Declaration], expression: str) -> bool:
    """Whether an expression is bitwise logic of single bits, which means the same wherever it stands among such."""
    if not _BITWISE.fullmatch(expression):
        return False
    operands = _OPERAND.findall(_LITERAL.sub("", expression))
    return all(name in declarations and not declarations[name].rows and (index or not declarations[name].range)
               for name, index in operands)


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
    """Move each single-bit temporary that is used once, where its width cannot change, into that use."""
    definitions: dict[str, str] = {}
    uses: Counter[str] = Counter()
    fit: Counter[str] = Counter()
    for statement in map(_tidy, statements):
        target, _, expression = statement.removeprefix("assign ").removesuffix(";").partition(" = ")
        bitwise = statement.startswith("assign ") and _single_bit(declarations, target) \
            and _single_bit(declarations, expression)
        if bitwise and _TEMPORARY.fullmatch(target):
            definitions[target] = expression
        uses.update(_TEMPORARY.findall(statement))
        fit.update((_TEMPORARY if bitwise else _WHOLE_OPERAND).findall(statement))
    movable = {name for name in definitions if uses[name] == 2 and fit[name] == 2}

    def expand(match: re.Match[str]) -> str:
        if match[0] not in movable:
            return match[0]
        inner = _TEMPORARY.sub(expand, definitions[match[0]])
        alone = _WHOLE_OPERAND.match(match.string, match.start())
        return inner if alone or re.fullmatch(rf"(~ ?)?{_NAME}(\[\d+\])?", inner) else f"({inner})"

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
    for name in unnamed:
        stem = stems.get(name, "wire")
        if _TEMPORARY.fullmatch(name):
            stem += "_part" if name in read else "_unused"
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

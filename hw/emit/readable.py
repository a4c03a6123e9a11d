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
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial

from quadcim.hw.emit.inline import TEMPORARY, bits, inlined, shared, trimmed
from quadcim.hw.emit.layout import declared_where_driven, in_sections
from quadcim.hw.emit.notes import Marks
from quadcim.hw.emit.statements import (
    INSTANCE,
    NAME,
    TARGET,
    WHOLE_TARGET,
    Declaration,
    names_in,
    natural,
    reads,
    targets_of,
    width_of,
)
from quadcim.hw.emit.widths import padded
from quadcim.hw.emit.words import named_words, rows_of_products

__all__ = ["make_readable"]

_MODULE = re.compile(rf"^module ({NAME})\((.*?)\);\n(.*?)^endmodule\n", re.MULTILINE | re.DOTALL)
_DECLARATION = re.compile(
    rf"(input|output|inout|wire|reg) (signed )?(\[[^]]+\] )?({NAME})( ?\[[^]]+\])?( = [^;]+)?;")
_OUTPUT = re.compile(rf"^  output (?:signed )?(?:\[[^]]+\] )?({NAME});", re.MULTILINE)
_UNNAMED = re.compile(rf"{TEMPORARY.pattern}|\\\S+ ")
# Yosys puts a blank between a reduction and what it reduces, and writes all digits of a wide number.
_SPACED = re.compile(r"(?<=[=(?:,{~] )([|&^]) (?=[\w\\{])|(?<=[(~])([|&^]) (?=[\w\\{])")
_ZEROS = re.compile(r"\b(\d+)'(?:h0{4,}(?=[0-9a-f])|d(?=0\b))")
_ANY = re.compile(r"(?<=[=(])( ?)\| \{ ([^{}]*) \}(?=[;)])")
_NEGATION = re.compile(rf"! ({NAME})( ?\[[^]]+\])?")
_OPPOSITE = re.compile(rf"assign (\w+) = ~({TEMPORARY.pattern});")
_NESTED = re.compile(r"^(    if \(.*\))((?:\n {6}.*)+)", re.MULTILINE)
_CHOSEN = re.compile(rf"assign ({NAME})( ?\[\d+\])? = ({NAME}) >> (({NAME})(?: ?\[(\d+)(?::(\d+))?\])?);")
_ALIAS = re.compile(r"assign (\w+) = (\w+);")
# A name that is not that of a port.
_MENTION = re.compile(r"(?<![.\w\\$])[A-Za-z_]\w*")
_LINE = 120


def make_readable(verilog: str, marks: Mapping[str, Marks] | None = None,
                  stages: Sequence[str] = (), foreign: Mapping[str, Set[str]] | None = None) -> str:
    """The same modules, statement by statement, in a form for people; leading comments are dropped.

    Parameters
    ----------
    verilog : str
        What Yosys wrote.
    marks : mapping of str to Marks, optional
        What hardware says of modules.
    stages : sequence of str, optional
        What the stages of the first module do.
    foreign : mapping of str to set of str, optional
        The output ports of modules that are instantiated and not among these, as far as they are known.
    """
    outputs = dict(foreign or {})
    outputs |= {match[1].strip(): set(_OUTPUT.findall(match[3])) for match in _MODULE.finditer(verilog)}
    return "\n".join(_module(match[1], match[3], (marks or {}).get(match[1].strip(" \\"), Marks()),
                             () if number else stages, outputs)
                     for number, match in enumerate(_MODULE.finditer(verilog)))


def _module(name: str, body: str, marks: Marks, about: Sequence[str],
            outputs: Mapping[str, Set[str]]) -> str:
    declarations: dict[str, Declaration] = {}
    statements: list[str] = []
    for item in _items(body):
        if match := _DECLARATION.fullmatch(item):
            _declare(declarations, Declaration(*(group or "" for group in match.groups())))
        else:
            statements.append(item)
    statements = named_words(declarations, trimmed(declarations, _outputs(declarations, statements)))
    statements = _prune(declarations, statements)
    statements = shared(declarations, [_any_set(declarations, statement) for statement in statements])
    statements = [padded(statement, partial(bits, declarations)) for statement in statements]
    statements = _prune(declarations, inlined(declarations, statements))
    statements = [_chosen_bit(declarations, _none_set(declarations, statement))
                  for statement in rows_of_products(declarations, _rename(declarations, statements))]
    port_names = [port for port in declarations if declarations[port].kind.split()[0] in ("input", "output", "inout")]
    port_names.sort(key=lambda port: (port.strip() not in ("clk", "rst", "rst_n"), port))
    sections = in_sections(declarations, statements, about, outputs, marks)
    used = set().union(*(names_in(statement) for _title, part in sections for statement in part))
    here = declared_where_driven(declarations, [statement for _title, part in sections for statement in part])
    inner = sorted((d for key, d in declarations.items() if key not in port_names and key in used - here),
                   key=lambda d: natural(d.name))
    header = ",\n".join(_declared(declarations[port], marks) for port in port_names)
    lines = [*([_wrap(f"// {marks.about}")] if marks.about else []), f"module {name} (\n{header}\n);",
             *(f"{_declared(declared, marks)};" for declared in inner)]
    for title, part in sections:
        lines += ["", *([f"  // ---- {title}"] if title else [])]
        lines += [_written(declarations, statement, marks, here) for statement in part]
    return "\n".join([*lines, "endmodule\n"])


def _declared(declaration: Declaration, marks: Marks) -> str:
    """A declaration as it stands in the text; the comment of a register is there."""
    is_register = declaration.kind.split()[-1] == "reg"
    return f"{_note(marks, {declaration.name} if is_register else set())}  {_spelt(str(declaration))}"


def _written(declarations: dict[str, Declaration], statement: str, marks: Marks, here: set[str]) -> str:
    """A statement as it stands in the text."""
    target = WHOLE_TARGET.match(statement)
    text = f"{declarations[target[1]]}{statement[target.end(1):]}" if target and target[1] in here else statement
    about = _note(marks, targets_of(statement) if TARGET.match(statement) else set())
    return _wrap(_embrace(f"{about}  {_spelt(text)}"))


def _spelt(text: str) -> str:
    """As people spell it."""
    return _ZEROS.sub(r"\1'h", _SPACED.sub(lambda match: match[1] or match[2], text))


def _note(marks: Marks, names: set[str]) -> str:
    """The comments of some signals."""
    return "".join(f"  // {marks.notes[name]}\n" for name in sorted(names & marks.notes.keys()))


def _any_set(declarations: dict[str, Declaration], statement: str) -> str:
    """Whether any of some single bits is set, as bits that are joined by or."""
    def write(match: re.Match[str]) -> str:
        members = re.split(r",\s+", match[2])
        single = all((known := bits(declarations, member.removeprefix("~"))) and known[0] == 1 for member in members)
        return match[1] + " | ".join(members) if single else match[0]

    return _ANY.sub(write, statement)


def _none_set(declarations: dict[str, Declaration], statement: str) -> str:
    """A logical negation of a word, which some take for a slip, as what it is: no bit is set."""
    def write(match: re.Match[str]) -> str:
        name, index = match[1], match[2] or ""
        word = ":" in index or (not index and name in declarations and declarations[name].range)
        return f"~| {name}{index}" if word else match[0]

    return _NEGATION.sub(write, statement)


def _embrace(statement: str) -> str:
    """Say by brackets to which ``if`` an ``else`` belongs, where one stands within another."""
    return _NESTED.sub(r"\1 begin\2\n    end", statement)


def _chosen_bit(declarations: dict[str, Declaration], statement: str) -> str:
    """A bit that a shift brings down as what it is: FPGA tools look for shift registers that are read so."""
    match = _CHOSEN.fullmatch(statement)
    if not match or (declarations[match[1]].range and not match[2]):
        return statement
    target, bit, word, index, name, high, low = match.groups(default="")
    bits = int(high) - int(low or high) + 1 if high else width_of(declarations[name])
    # A shift beyond the word gives 0, an index beyond it nothing that is known.
    return f"assign {target}{bit} = {word}[{index}];" if width_of(declarations[word]) >= 1 << bits else statement


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


def _declare(declarations: dict[str, Declaration], new: Declaration) -> None:
    """Record a declaration; a port's second one says whether it is a wire or a register."""
    old = declarations.get(new.name)
    if old is None:
        declarations[new.name] = new
    else:
        port = old if old.kind in ("input", "output", "inout") else new
        other = new if port is old else old
        declarations[new.name] = replace(port, kind=f"{port.kind} {other.kind}", init=other.init)


def _prune(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Leave out assignments to wires that nothing reads."""
    while True:
        read = set().union(*map(reads, statements))
        kept = [statement for statement in statements if not TARGET.match(statement) or any(
            name in read or declarations[name].kind != "wire" for name in targets_of(statement))]
        if len(kept) == len(statements):
            return statements
        statements = kept


def _outputs(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """What an instance drives, and is no more than an output, by the name of that."""
    others = {name for statement in statements if not INSTANCE.match(statement) for name in targets_of(statement)}
    names: dict[str, str] = {}
    for statement in statements:
        if (match := _ALIAS.fullmatch(statement)) and match[2] not in others:
            port, wire = declarations[match[1]], declarations[match[2]]
            if (port.kind, wire.kind) == ("output wire", "wire") and replace(
                    wire, kind=port.kind, name=port.name) == port:
                names.setdefault(match[2], match[1])
    aliases = {f"assign {port} = {wire};" for wire, port in names.items()}
    return [_MENTION.sub(lambda match: names.get(match[0], match[0]), statement) for statement in statements
            if statement not in aliases]


def _rename(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    r"""Name the temporaries that are left after the named signals that they go into, or stand beside unread.

    Yosys names registers of single bits like ``\\word[7]``; they become ``word_7``.
    """
    near: dict[str, set[str]] = {}
    read = set().union(*map(reads, statements))
    for statement in statements:
        targets = targets_of(statement)
        for name in reads(statement) | (targets - read):
            near.setdefault(name, set()).update(targets - {name})
    opposite = {match[2]: match[1] for statement in statements if (match := _OPPOSITE.fullmatch(statement))}
    unnamed = sorted(near.keys() & {name for name in declarations if _UNNAMED.fullmatch(name)}, key=natural)
    # A name that has no need of an escape but has one is a word of Verilog.
    stems = {name: "_".join(re.findall(r"\w+", name)) + "_" * bool(re.fullmatch(r"\\[A-Za-z_]\w* ", name))
             for name in declarations if not TEMPORARY.fullmatch(name)}
    while found := {name: stems[owner] for name in unnamed if name not in stems
                    and (owner := min(near[name] & stems.keys(), key=natural, default=None))}:
        stems |= found

    names: dict[str, str] = {}
    places = Counter(name for statement in statements for name in names_in(statement))
    for name in unnamed:
        stem = stems.get(name, "wire")
        if TEMPORARY.fullmatch(name):
            # What an instance alone is connected to is an output that nothing reads.
            stem = (f"not_{opposite[name]}" if name in opposite else
                    f"{stem}_part" if name in read and places[name] > 1 else f"{stem}_unused")
        numbered = itertools.chain([stem], (f"{stem}_{index}" for index in itertools.count(2)))
        names[name] = new = next(name for name in numbered if name not in declarations)
        declarations[new] = replace(declarations[name], name=new)
    return [_UNNAMED.sub(lambda match: names.get(match[0], match[0]), statement) for statement in statements]



"""Bits that belong together as words: rows of products, names of concatenations, loops over registers."""

import re

from quadcim.hw.emit.statements import INSTANCE, NAME, WHOLE_TARGET, Declaration, names_in, width_of

__all__ = ["looped", "named_words", "rows_of_products"]

# A bit that is taken where another bit is set.
_BIT = re.compile(rf"(always @\([^)]*\))\n    if \(({NAME})\[(\d+)\]\) ({NAME})\[(\d+)\] <= ({NAME});")
_LEAST_LOOP = 4
# A bit of a word that is the product of one of another word and a bit that is alone.
_PRODUCT = re.compile(r"assign (\w+)\[(\d+)\] = (\w+)\[(\d+)\] & (\w+(?:\[\d+\])?);")
_LEAST_ROW = 2
_WORD = re.compile(rf"assign ({NAME}) = (\{{ [^{{}}]* \}});")


def rows_of_products(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
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
        whole = least == 0 and most == width_of(declarations[target]) - 1
        low, high = least + int(offset), most + int(offset)
        chosen = word if low == 0 and high == width_of(declarations[word]) - 1 else f"{word}[{high}:{low}]"
        joined[found[least]] = (f"assign {target if whole else f'{target}[{most}:{least}]'} = "
                                f"{chosen} & {{{len(found)}{{{bit}}}}};")
        left_out |= {*found.values()} - {found[least]}
    return [joined.get(statement, statement) for statement in statements if statement not in left_out]


def looped(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
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
        index = _genvar(declarations)
        chosen = index if offset == "0" else f"{index} {'+' if int(offset) > 0 else '-'} {abs(int(offset))}"
        least, most = min(found), max(found)
        block = _free(declarations, f"{target}_bits_from_{least}" if least else f"{target}_bits")
        loops[found[least]] = "\n".join([
            "generate",
            f"    for ({index} = {least}; {index} <= {most}; {index} = {index} + 1) begin : {block}",
            f"      {edge}", f"        if ({condition}[{chosen}]) {target}[{index}] <= {data};",
            "    end", "  endgenerate"])
        left_out |= {*found.values()} - {found[least]}
    return [loops.get(statement, statement) for statement in statements if statement not in left_out]


def _genvar(declarations: dict[str, Declaration]) -> str:
    """The variable of all loops of a module, declared when it is first asked for."""
    for name, declared in declarations.items():
        if declared.kind == "genvar":
            return name
    name = _free(declarations, "index")
    declarations[name] = Declaration("genvar", "", "", name, "", "")
    return name


def _free(declarations: dict[str, Declaration], name: str) -> str:
    """A name that no signal has."""
    while name in declarations:
        name += "_"
    return name


def named_words(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Words that have a name, and bits that are put together to them, by that name wherever they are read.

    A concatenation has no sign, so words with one are left out. What an instance is connected to may be its output: a
    word stands there only where something else drives all of its bits.
    """
    words = [match for statement in statements if (match := _WORD.fullmatch(statement))]
    names = {match[2]: match[1] for match in words if not declarations[match[1]].signed}
    if not names:
        return statements
    driven = {name for name, declared in declarations.items() if declared.kind.split()[-1] in ("reg", "input")}
    driven |= {match[1] for statement in statements if (match := WHOLE_TARGET.match(statement))}
    read = re.compile(f"(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(?! <?= )")

    def named(statement: str) -> str:
        if (target := _WORD.fullmatch(statement)) and names.get(target[2]) == target[1]:
            return statement
        instance = INSTANCE.match(statement)
        return read.sub(lambda match: match[0] if instance and not names_in(match[0]) <= driven else names[match[0]],
                        statement)

    return [named(statement) for statement in statements]

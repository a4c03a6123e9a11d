"""Statements that differ in an index alone, as loops: registers of single bits, and words that are gathered."""

import re

from quadcim.hw.emit.statements import NAME, Declaration

__all__ = ["looped"]

# A bit that is taken where another bit is set.
_BIT = re.compile(rf"(always @\([^)]*\))\n    if \(({NAME})\[(\d+)\]\) ({NAME})\[(\d+)\] <= ({NAME});")
_WORD = re.compile(rf"assign ({NAME}) = \{{ ([^{{}}]*) \}};")
_MEMBER = re.compile(rf"({NAME})\[(\d+)\]")
_LEAST = 4


def looped(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """The statements, with loops in place of those that differ in an index alone."""
    return _registers(declarations, _gathered(declarations, statements))


def _registers(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Registers of single bits as a loop over them."""
    series: dict[tuple[str, ...], dict[int, str]] = {}
    for statement in statements:
        if match := _BIT.fullmatch(statement):
            edge, condition, chosen, target, index, data = match.groups()
            key = (edge, condition, target, data, str(int(chosen) - int(index)))
            series.setdefault(key, {})[int(index)] = statement
    loops: dict[str, str] = {}
    left_out: set[str] = set()
    for (edge, condition, target, data, offset), found in series.items():
        if len(found) < _LEAST or sorted(found) != list(range(min(found), max(found) + 1)):
            continue
        index = _genvar(declarations)
        chosen = _moved(index, int(offset))
        least, most = min(found), max(found)
        block = _free(declarations, f"{target}_bits_from_{least}" if least else f"{target}_bits")
        loops[found[least]] = _loop(index, least, most, block, [
            edge, f"  if ({condition}[{chosen}]) {target}[{index}] <= {data};"])
        left_out |= {*found.values()} - {found[least]}
    return [loops.get(statement, statement) for statement in statements if statement not in left_out]


def _gathered(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Words of bits that are equally far apart in another word; a loop for all of the same size and the same word."""
    series: dict[tuple[str, int], dict[str, list[range]]] = {}
    for statement in statements:
        if (match := _WORD.fullmatch(statement)) and (found := _runs(match[2])):
            source, runs = found
            series.setdefault((source, len(runs[0])), {})[statement] = runs
    loops: dict[str, str] = {}
    left_out: set[str] = set()
    for (source, count), words in series.items():
        index = _genvar(declarations)
        lines = []
        for statement, runs in words.items():
            target = statement.split()[1]
            lines += [f"assign {target}[{_moved(index, number * count)}] = "
                      f"{source}[{_moved(f'{run.step} * {index}', run.start)}];" for number, run in enumerate(runs)]
        first, *others = words
        loops[first] = _loop(index, 0, count - 1, _free(declarations, f"{first.split()[1]}_bits"), lines)
        left_out |= {*others}
    return [loops.get(statement, statement) for statement in statements if statement not in left_out]


def _runs(members: str) -> tuple[str, list[range]] | None:
    """The word that bits are taken from, and where, from the lowest on: all runs as long, of every so many bits."""
    bits = [_MEMBER.fullmatch(member) for member in reversed(re.split(r",\s+", members))]
    sources = {bit[1] if bit else "" for bit in bits}
    if len(sources) > 1 or "" in sources:
        return None
    runs: list[list[int]] = [[]]
    for place in (int(bit[2]) for bit in bits if bit):
        if len(runs[-1]) > 1 and place - runs[-1][-1] != runs[-1][1] - runs[-1][0]:
            runs.append([])
        runs[-1].append(place)
    if any(len(run) != len(runs[0]) or len(run) < _LEAST or run[1] - run[0] < 2 for run in runs):
        return None
    return sources.pop(), [range(run[0], run[-1] + 1, run[1] - run[0]) for run in runs]


def _loop(index: str, least: int, most: int, block: str, lines: list[str]) -> str:
    return "\n".join(["generate",
                      f"    for ({index} = {least}; {index} <= {most}; {index} = {index} + 1) begin : {block}",
                      *(f"      {line}" for line in lines), "    end", "  endgenerate"])


def _moved(index: str, offset: int) -> str:
    """An index so far away."""
    return f"{index} {'+' if offset > 0 else '-'} {abs(offset)}" if offset else index


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

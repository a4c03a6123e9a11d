"""Bits that belong together as words: rows of products, names of concatenations."""

import re

from quadcim.hw.emit.statements import INSTANCE, NAME, WHOLE_TARGET, Declaration, names_in, width_of

__all__ = ["named_words", "rows_of_products"]

# A bit of a word that is the product of one of another word and a bit that is alone.
_PRODUCT = re.compile(r"assign (\w+)\[(\d+)\] = (\w+)\[(\d+)\] & (\w+(?:\[\d+\])?);")
_LEAST_ROW = 2
_WORD = re.compile(rf"assign ({NAME}) = (\{{ [^{{}}]* \}});")
_LEAST_RUN = 4
"""Members of a word that go by its name within a longer one."""


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


def named_words(declarations: dict[str, Declaration], statements: list[str]) -> list[str]:
    """Words that have a name, and bits that are put together to them, by that name wherever they are read.

    A concatenation has no sign, so words with one are left out. What an instance is connected to may be its output: a
    word stands there only where something else drives all of its bits, for a part of a longer one, too.
    """
    words = [match for statement in statements if (match := _WORD.fullmatch(statement))]
    names = {match[2]: match[1] for match in words if not declarations[match[1]].signed}
    if not names:
        return statements
    driven = {name for name, declared in declarations.items() if {"reg", "input"} & {*declared.kind.split()}}
    driven |= {match[1] for statement in statements if (match := WHOLE_TARGET.match(statement))}
    longest = sorted(names, key=len, reverse=True)
    read = re.compile(f"(?:{'|'.join(map(re.escape, longest))})(?! <?= )")
    runs = [members[2:-2] for members in longest if members.count(",") >= _LEAST_RUN - 1]
    inside = re.compile(f"(?<=[{{,] )(?:{'|'.join(map(re.escape, runs))})(?=,| }})") if runs else None

    def named(statement: str) -> str:
        if (target := _WORD.fullmatch(statement)) and names.get(target[2]) == target[1]:
            return statement
        instance = INSTANCE.match(statement)

        def name(match: re.Match[str]) -> str:
            members = match[0] if match[0].startswith("{") else f"{{ {match[0]} }}"
            return match[0] if instance and not names_in(members) <= driven else names[members]

        statement = read.sub(name, statement)
        return inside.sub(name, statement) if inside and instance else statement

    return [named(statement) for statement in statements]

"""Where statements stand in a module: stage by stage, and there so that each is below those that it depends on."""

import re
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from quadcim.hw.emit.loops import looped
from quadcim.hw.emit.notes import Marks
from quadcim.hw.emit.statements import (
    INSTANCE,
    NAME,
    WHOLE_TARGET,
    Declaration,
    driven_through,
    names_in,
    natural,
    reads,
    targets_of,
)

__all__ = ["declared_where_driven", "in_sections"]

_STAGE = re.compile(r"stage(\d+)_(?!moves$)")
_HANDSHAKE = re.compile(r"stage\d+_moves$|[iw]__ready$")
_DOMAIN = {"clk", "rst", "rst_n"}
# A register that is not reset: when, under which condition, and what it takes.
_REGISTER = re.compile(rf"(always @\([^)]*\))\n    (if \({NAME}\) )?({NAME}(?: ?\[[^]]*\])? <= [^;]*;)", re.DOTALL)


class _Place(NamedTuple):
    """A stage; of what is a part of none a section, the handshake first."""

    stage: int
    section: str


def in_sections(declarations: dict[str, Declaration], statements: list[str], about: Sequence[str],
                outputs: Mapping[str, Set[str]], marks: Marks) -> list[tuple[str, list[str]]]:
    """The statements in order, stage by stage where there are stages, registers that move together in one block.

    Parameters
    ----------
    declarations : dict of str to Declaration
        What is declared.
    statements : list of str
        The statements of a module.
    about : sequence of str
        What the stages do.
    outputs : mapping of str to set of str
        The output ports of the modules that there may be instances of, as far as they are known.
    marks : Marks
        What hardware says of the module.
    """
    driven = dict(zip(statements, _driven(statements, outputs), strict=True))
    ordered = _sorted(declarations, driven, marks.levels)
    places = _places(declarations, ordered, driven, marks.sections)
    sections: dict[_Place, list[str]] = {}
    for statement in ordered:
        sections.setdefault(places[statement], []).append(statement)
    return [(_title(place, about) if len(sections) > 1 or place.stage else "",
             _together(looped(declarations, sections[place]))) for place in sorted(sections)]


def declared_where_driven(declarations: dict[str, Declaration], statements: list[str]) -> set[str]:
    """The wires that one statement drives as a whole, and that nothing reads before it."""
    seen: set[str] = set()
    here: set[str] = set()
    for statement in statements:
        target = WHOLE_TARGET.match(statement)
        if target and target[1] not in seen and target[1] not in reads(statement) and (
                declarations[target[1]].kind == "wire"):
            here.add(target[1])
        seen |= names_in(statement)
    return here


def _title(place: _Place, about: Sequence[str]) -> str:
    if not place.stage:
        return place.section or "Handshake"
    return f"Stage {place.stage}{f': {about[place.stage - 1]}' if place.stage <= len(about) else ''}"


def _places(declarations: dict[str, Declaration], ordered: list[str], driven: Mapping[str, Set[str]],
            sections: Mapping[str, str]) -> dict[str, _Place]:
    """Where each of some statements stands, which are in order; all in one place if no registers are in stages.

    What drives marked signals stands in the section of theirs, and above what is read there alone. All else is a part
    of a stage.
    """
    stages = _stages(declarations, driven, sections.keys())
    if not stages:
        return dict.fromkeys(driven, _Place(0, ""))
    places: dict[str, _Place] = {}
    readers: dict[str, _Place] = {}
    for statement in reversed(ordered):
        marked = {sections[name] for name in driven[statement] & sections.keys()}
        place = _Place(0, min(marked)) if marked and stages[statement] else _Place(stages[statement], "")
        if not marked and WHOLE_TARGET.match(statement):
            place = min([place, *(readers[name] for name in driven[statement] & readers.keys())])
        places[statement] = place
        for name in reads(statement) - driven[statement]:
            readers[name] = min(place, readers.get(name, place))
    return places


def _stages(declarations: dict[str, Declaration], driven: Mapping[str, Set[str]],
            marked: Set[str]) -> dict[str, int]:
    """The stage that each statement is a part of, 0 for the handshake; empty if registers are not in stages.

    What stages end with is named after them: registers, and outputs of instances that have registers. Registers
    without such a name are those of the last stage, unless they are marked. Logic is a part of the stage behind the
    last registers that it reads, an instance, which may have stages of its own, of that behind the first ones.
    """
    ends = {name: int(match[1]) for name in declarations if (match := _STAGE.match(name))}
    if not ends:
        return {}
    last = max(ends.values())
    driver = {name: statement for statement, names in driven.items() for name in names}
    registers = {name for statement, names in driven.items() if statement.startswith("always") for name in names}
    after: dict[str, int | None] = {}

    def behind(name: str) -> int | None:
        """The last stage whose registers a signal depends on; none of what belongs to no stage."""
        if name in marked or name in _DOMAIN or _HANDSHAKE.match(name):
            return None
        if name in registers or (name in ends and INSTANCE.match(driver.get(name, ""))):
            return ends.get(name, last)
        if name not in after:
            after[name] = 0  # stands while what the signal depends on is visited: it cuts loops through instances
            after[name] = before(driver[name]) if name in driver else 0
        return after[name]

    def before(statement: str) -> int:
        sources = sorted(reads(statement) & declarations.keys())
        found = [stage for name in sources if name in registers or name not in driven[statement]
                 if (stage := behind(name)) is not None]
        return (min if INSTANCE.match(statement) else max)(found, default=0)

    def stage(statement: str) -> int:
        targets = driven[statement] & declarations.keys()
        if any(map(_HANDSHAKE.match, targets)) and not INSTANCE.match(statement):
            return 0
        if statement.startswith("always"):
            return min(ends.get(name, last) for name in targets)
        return min(last, 1 + before(statement))

    return {statement: stage(statement) for statement in driven}


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


def _driven(statements: list[str], outputs: Mapping[str, Set[str]]) -> list[set[str]]:
    """What each statement drives; an instance of a module that is not known all that nothing else does."""
    driven: list[set[str] | None] = []
    for statement in statements:
        ports = outputs.get(statement.split(maxsplit=1)[0])
        driven.append(targets_of(statement) if not INSTANCE.match(statement) else
                      None if ports is None else driven_through(statement, ports))
    known = set().union(*(names for names in driven if names is not None))
    return [targets_of(statement) - known if names is None else names
            for statement, names in zip(statements, driven, strict=True)]


def _sorted(declarations: dict[str, Declaration], driven: Mapping[str, Set[str]],
            levels: Mapping[str, int]) -> list[str]:
    """By level and by depth of logic between registers, then by name: of an instance its own, else of what is driven.

    What memories hold at first stands before all else.
    """
    targets = {statement: names & declarations.keys() for statement, names in driven.items()}
    driver = {name: statement for statement, names in targets.items() for name in names
              if not statement.startswith("always")}
    ranks: dict[str, tuple[int, int]] = {}

    def rank(statement: str) -> tuple[int, int]:
        """The level, and the depth in it: nothing stands above what it depends on."""
        if statement not in ranks and statement.startswith("initial"):
            ranks[statement] = 0, 0
        elif statement not in ranks:
            ranks[statement] = 0, 0  # stands while its own dependencies are visited: it cuts loops through instances
            sources = (names_in(statement) & driver.keys()) - targets[statement]
            own = max((levels[name] for name in targets[statement] & levels.keys()), default=0)
            level, depth = max([(own, 0), *(rank(driver[name]) for name in sorted(sources))])
            ranks[statement] = level, depth + 1
        return ranks[statement]

    def name(statement: str) -> str:
        instance = INSTANCE.match(statement)
        return instance[1] if instance else min(targets[statement], default="")

    return sorted(driven, key=lambda statement: (rank(statement), natural(name(statement))))

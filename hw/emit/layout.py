"""Where statements stand in a module: stage by stage, and there so that each is below those that it depends on."""

import re
from collections.abc import Mapping, Sequence, Set

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
from quadcim.hw.emit.words import looped

__all__ = ["declared_where_driven", "in_sections"]

_STAGE = re.compile(r"stage(\d+)_(?!moves$)")
_HANDSHAKE = re.compile(r"stage\d+_moves$|[iw]__ready$")
# A register that is not reset: when, under which condition, and what it takes.
_REGISTER = re.compile(rf"(always @\([^)]*\))\n    (if \({NAME}\) )?({NAME}(?: ?\[[^]]*\])? <= [^;]*;)", re.DOTALL)


def in_sections(declarations: dict[str, Declaration], statements: list[str], about: Sequence[str],
                outputs: Mapping[str, Set[str]]) -> list[tuple[str, list[str]]]:
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
    """
    sections: dict[int, list[str]] = {}
    stages = _stages(declarations, statements)
    for statement in _sorted(declarations, statements, outputs):
        sections.setdefault(stages.get(statement, 0), []).append(statement)
    return [(_title(stage, about) if stages else "", _together(looped(declarations, sections[stage])))
            for stage in sorted(sections)]


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


def _title(stage: int, about: Sequence[str]) -> str:
    if not stage:
        return "Handshake"
    return f"Stage {stage}{f': {about[stage - 1]}' if stage <= len(about) else ''}"


def _stages(declarations: dict[str, Declaration], statements: list[str]) -> dict[str, int]:
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
        driver |= dict.fromkeys(targets_of(statement) if not INSTANCE.match(statement) else (), statement)
    registers = {name for statement in statements if statement.startswith("always") for name in targets_of(statement)}
    after: dict[str, int] = {}

    def behind(name: str) -> int:
        if name in registers:
            return ends.get(name, last)
        if name not in after:
            after[name] = 0
            sources = reads(driver[name]) if name in driver and not _HANDSHAKE.match(name) else set()
            after[name] = max(map(behind, sorted(sources & declarations.keys())), default=0)
        return after[name]

    def stage(statement: str) -> int:
        targets = targets_of(statement) & declarations.keys()
        if any(map(_HANDSHAKE.match, targets)) and not INSTANCE.match(statement):
            return 0
        if statement.startswith("always"):
            return min(ends.get(name, last) for name in targets)
        return min(last, 1 + max((behind(name) for name in sorted(reads(statement) & declarations.keys())
                                  if name not in targets or name in registers), default=0))

    return {statement: stage(statement) for statement in statements}


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


def _sorted(declarations: dict[str, Declaration], statements: list[str],
            outputs: Mapping[str, Set[str]]) -> list[str]:
    """By depth of logic between registers, then by name: of an instance its own, else that of what is driven.

    What memories hold at first stands before all else.
    """
    targets = [names & declarations.keys() for names in _driven(statements, outputs)]
    driver = {name: index for index, names in enumerate(targets) for name in names
              if not statements[index].startswith("always")}
    depth: dict[int, int] = {}

    def visit(index: int) -> int:
        if index not in depth and statements[index].startswith("initial"):
            depth[index] = 0
        elif index not in depth:
            depth[index] = 0  # stands while its own dependencies are visited: it cuts loops through instances
            sources = (names_in(statements[index]) & driver.keys()) - targets[index]
            depth[index] = 1 + max((visit(driver[name]) for name in sorted(sources)), default=0)
        return depth[index]

    def name(index: int) -> str:
        instance = INSTANCE.match(statements[index])
        return instance[1] if instance else min(targets[index], default="")

    return [statements[index] for index in sorted(
        range(len(statements)), key=lambda index: (visit(index), natural(name(index))))]

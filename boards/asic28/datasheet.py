"""The datasheet of a unit for standard cells, in Markdown."""

import re
from collections.abc import Iterable, Iterator
from string import Template

from quadcim.boards.asic28.guide import file_table, guide
from quadcim.boards.asic28.macro import TIMING_NS, Stub, stubs
from quadcim.boards.asic28.power import SUPPLY_V
from quadcim.boards.asic28.waves import timing_diagram
from quadcim.boards.handoff import Handoff
from quadcim.boards.text import table
from quadcim.spec.cost import GATE_28_UM2
from quadcim.spec.description import counted
from quadcim.spec.ports import Field, Port

__all__ = ["datasheet"]

_FLIP_FLOP_GATES = 6


def datasheet(handoff: Handoff, files: Iterable[str]) -> str:
    """The text; `files` are the names of the other files of the folder."""
    return "\n".join([
        f"# {handoff.top}", "",
        f"{handoff.about.definition}. For 28 nm standard cells, at {handoff.clock_mhz:g} MHz.", "",
        "The block diagram, and what the numbers rest on: `../report.md`. Commands below are for this folder.", "",
        *_section("Function", table((*handoff.about.rows, ("technology", handoff.about.technology),
                                      ("digest", f"`{handoff.identity}`")))),
        *_section("Ports", _ports(handoff)), *_section("Timing", _timing(handoff)),
        *_section("Reset", [_reset(handoff)]), *_section("Stages", _stages(handoff)),
        *_section("Area and power", _area(handoff)), *_section("Cells that a library may bring", _cells(handoff)),
        *_section("Power intent", [_power(handoff)]), *guide(handoff), *_section("Files", file_table(handoff, files))])


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


# ---- Ports and timing


def _ports(handoff: Handoff) -> list[str]:
    return table(((f"`{port.name}`", port.direction, str(port.width), _meaning(port, handoff))
                   for port in handoff.ports), head=("port", "direction", "width", "meaning"))


def _meaning(port: Port, handoff: Handoff) -> str:
    if port.name == "clk":
        return "clock, rising edge"
    if port.name == handoff.reset.port:
        return handoff.reset.description
    stream, _, part = port.name.partition("__")
    if part == "payload":
        return "; ".join(map(_bits, port.layout))
    if part == "last":
        return f"the beat on {'offer' if stream == 'i' else 'the output'} is the last of its frame"
    beat = {"i": "a beat in", "o": "a beat out"}.get(stream, "a beat of weights")
    return f"{beat} {'is offered' if part == 'valid' else 'is taken, if one is offered'}"


def _bits(field: Field) -> str:
    high = field.offset + field.format.width * field.count - 1
    where = f"bits {high} to {field.offset}" if high > field.offset else f"bit {high}"
    return f"{where}: {field.name}, {f'{field.count} x ' if field.count > 1 else ''}{field.format}"


def _timing(handoff: Handoff) -> list[str]:
    diagram = ["```", *timing_diagram(handoff), "```"]
    if not handoff.clocked:
        return ["Combinational: the output follows the input within a cycle of the circuit around it.", "", *diagram]
    latency, interval = handoff.timing.latency_cycles, handoff.timing.initiation_interval_cycles
    elastic = "ready" in handoff.stream("o")
    moves = ("A beat moves at a rising edge at which its valid and ready are high." if elastic
             else "A beat moves at a rising edge at which its valid is high; there is no ready, nothing can stall.")
    latency_ns = latency * 1000 / handoff.clock_mhz
    what = f"Latency L = {counted(latency, 'cycle')}, {latency_ns:.3f} ns at {handoff.clock_mhz:g} MHz: "
    facts = [
        (f"{what}a beat accepted in cycle t is on the output in cycle t + L, if nothing stalls."),
        (f"Throughput: {handoff.timing.throughput}. Beat n (from 0), fed without pause, is on the output in cycle t0 + "
         f"{'n' if interval == 1 else f'{interval} n'} + L.")]
    if handoff.timing.framed:
        facts = [(f"{what}where the last beat of a frame is accepted in cycle t, its first beat out is on the output "
                  "in cycle t + L, if nothing stalls."),
                 (f"Throughput: {handoff.timing.throughput}. The cycles are those between the first beats in of "
                  "frames that follow each other without pause."),
                 "A reset drops frames that are in or out in part: the next beat in begins a frame."]
    if elastic:
        facts.append("`i__ready` may follow `o__ready` within the cycle." if handoff.timing.framed else
                     "`o__ready` passes to `i__ready` through all stages within the cycle.")
    if handoff.stream("w"):
        facts.append("A beat of weights counts for the beats that are accepted after the cycle in which it moves. It "
                     "waits, `w__ready` low, while a beat of its bank is multiplied in part, or accepted and not yet "
                     "multiplied.")
    return [moves, "", *diagram, "", *(f"- {fact}" for fact in facts)]


def _reset(handoff: Handoff) -> str:
    reset = handoff.reset
    if not handoff.clocked:
        return "None: there are no registers."
    acts = ("It acts at once; release it synchronously to `clk`. By the SDC, recovery is to be met like setup, and "
            "removal like hold: once there are the trees of the clock and the reset."
            if reset.asynchronous else "It acts at the rising edge of `clk`; the SDC treats it as a data input.")
    counted = "what counts a frame's beats" if handoff.timing.framed else "the counter of planes"
    cleared = f"valid bits and {counted}" if handoff.timing.several else "valid bits"
    weights = " Weights in the cells stay as they are; one that waits is dropped." if handoff.stream("w") else ""
    return (f"{reset.description[0].upper()}{reset.description[1:]}. {acts} One cycle is enough. It clears what says "
            f"that there is a beat ({cleared}); payloads are not reset, and start unknown.{weights}")


def _stages(handoff: Handoff) -> list[str]:
    if not handoff.clocked:
        return [f"No registers. Steps: {', '.join(step.name for step in handoff.plan.steps)}."]
    return table(((str(number), ", ".join(step.name for step in steps), str(steps[-1].live_bits))
                   for number, steps in enumerate(handoff.plan.stage_steps, 1)),
                  head=("stage", "steps", "payload bits in its register"))


# ---- Area and power


def _area(handoff: Handoff) -> list[str]:
    """What is known before synthesis, each row by what it rests on."""
    logic = [(f"logic: {name}", text, int(found[1])) for name, text in handoff.about.structure
             if (found := re.search(r"(\d+) gate equivalents", text))]
    missing = "the logic of the handshake" if logic else "logic, above all that of adders"
    return [
        (f"Nothing here is measured. Estimates before synthesis: {GATE_28_UM2} um2 a gate equivalent (two-input NAND), "
         f"{_FLIP_FLOP_GATES} gate equivalents a flip-flop. Not included: {missing}. Power has no estimate."), "",
        *table(_estimates(handoff, logic), head=("what", "how much", "gate equivalents", "um2")), "",
        *table(handoff.about.structure, head=("structure", "")), "",
        ("Measured figures: the scripts below, or `quadcim synth .. --liberty FILE`, which gives area, timing and "
         "power with the case's own vectors.")]


def _estimates(handoff: Handoff, logic: list[tuple[str, str, int]]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of the table: registers, logic, and what macros take in place of registers."""
    registers = handoff.plan.register_bits + handoff.plan.stages
    weights = [(stub, f"{stub.instances} x {stub.macro.bits} bits") for stub in stubs(handoff)]
    rows = [("registers of stages", f"{registers} bits", registers * _FLIP_FLOP_GATES)] if registers else []
    rows += [("weights in registers, unless KEEP_MACROS=1", size, stub.bits * _FLIP_FLOP_GATES)
             for stub, size in weights]
    for name, size, gates in rows + logic:
        yield f"{name} (estimate)", size, f"{gates}", f"{GATE_28_UM2 * gates:.0f}"
    for stub, size in weights:
        yield (f"weights in hard macros, with KEEP_MACROS=1 (estimate): {stub.module}", size, "",
               f"{stub.instances * stub.outline.area_um2:.0f}")


_ADDERS = """\
- `../rtl/quadcim_cells.v` has `quadcim_full_adder` (a, b, c; sum, carry) and `quadcim_half_adder` (a, b; sum, carry).
  Left as it is, it is plain logic. To map them to a library's adders, put a file in its place whose modules instantiate
  those, for example `FA1D1 library_cell (.A(a), .B(b), .CI(c), .S(sum), .CO(carry));`, and keep synthesis from taking
  them apart, before compiling: `set_db [get_db insts *library_cell] .dont_touch true` in Genus,
  `set_dont_touch [get_cells -hierarchical *library_cell]` in Design Compiler.\
"""
_MACRO = Template("""\
- `$module`, $instances instances of $bits bits: $cells that may become a hard macro. By default they are registers.
  With `KEEP_MACROS=1` the scripts leave the module out of the RTL and take `$module.lib`; place it by `$module.lef`,
  $width um by $height um. These are placeholders from one table of assumptions (clock to output $delay ns, setup
  $setup ns): replace them by what is characterised. $behaviour\
""")
_BIT_CELLS = """\
A cell whose bit of `write` is high takes `data` at the rising edge
  of `clk`; `weights` are always there.\
"""
_MEMORY = """\
Where an enable is high, the rising edge of `clk`
  writes and reads a row; one that is written as it is read gives its old content.\
"""


def _cells(handoff: Handoff) -> list[str]:
    lines = [_macro(stub) for stub in stubs(handoff)]
    lines += [_ADDERS] if "rtl/quadcim_cells.v" in handoff.sources else []
    return lines or ["None: the unit is plain logic and registers."]


def _macro(stub: Stub) -> str:
    outline = stub.outline
    return _MACRO.substitute(
        module=stub.module, instances=stub.instances, bits=stub.macro.bits,
        cells="a memory" if stub.macro.synchronous else "bit cells",
        behaviour=_MEMORY if stub.macro.synchronous else _BIT_CELLS, width=f"{outline.width_nm / 1000:g}",
        height=f"{outline.height_nm / 1000:g}", delay=f"{TIMING_NS['clock to output']:g}",
        setup=f"{TIMING_NS['setup']:g}")


def _power(handoff: Handoff) -> str:
    lost = " and the weights" if handoff.stream("w") else ""
    return (f"`{handoff.top}.upf`: one domain at {SUPPLY_V} V that is always on, without isolation, level shifters or "
            f"retention. It says what to change to gate the power; beats inside{lost} are lost then.")

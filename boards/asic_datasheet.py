"""The datasheet of a unit for standard cells, in Markdown."""

import re
from collections.abc import Iterable

from quadcim.boards.asic_macro import TIMING_NS, Stub, stubs
from quadcim.boards.asic_power import SUPPLY_V
from quadcim.boards.asic_waves import timing_diagram
from quadcim.boards.handoff import Handoff
from quadcim.spec.ports import Port

__all__ = ["datasheet"]

_GATE_UM2 = 0.49
_FLIP_FLOP_GATES = 6


def datasheet(handoff: Handoff, files: Iterable[str]) -> str:
    """The text; `files` are the names of the other files of the folder."""
    return "\n".join([
        f"# {handoff.top}", "",
        f"{handoff.about.definition}. For 28 nm standard cells, at {handoff.clock_mhz:g} MHz.", "",
        "The block diagram, and what the numbers rest on: `../report.md`. Commands below are for this folder.", "",
        *_section("Function", _table((*handoff.about.rows, ("technology", handoff.about.technology),
                                      ("digest", f"`{handoff.identity}`")))),
        *_section("Ports", _ports(handoff)), *_section("Timing", _timing(handoff)),
        *_section("Reset", [_reset(handoff)]), *_section("Stages", _stages(handoff)),
        *_section("Area and power", _area(handoff)), *_section("Cells that a library may bring", _cells(handoff)),
        *_section("Power intent", [_power(handoff)]), *_section("Synthesis and sign-off", _synthesis(handoff)),
        *_section("Verification without Python", _verification(handoff)),
        *_section("Files", _files(handoff, files))])


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


def _table(rows: Iterable[tuple[str, ...]], *, head: tuple[str, ...] = ("", "")) -> list[str]:
    """A table; bars in it are written so that they stay in their cell."""
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


# ---- Ports and timing


def _ports(handoff: Handoff) -> list[str]:
    return _table(((f"`{port.name}`", port.direction, str(port.width), _meaning(port, handoff))
                   for port in handoff.ports), head=("port", "direction", "width", "meaning"))


def _meaning(port: Port, handoff: Handoff) -> str:
    if port.name == "clk":
        return "clock, rising edge"
    if port.name == handoff.reset.port:
        return handoff.reset.description
    stream, _, part = port.name.partition("__")
    if part == "payload":
        return "; ".join(f"bits {field.offset + field.format.width * field.count - 1} to {field.offset}: {field.name}, "
                         f"{f'{field.count} x ' if field.count > 1 else ''}{field.format}" for field in port.layout)
    beat = {"i": "a beat in", "o": "a beat out"}.get(stream, "a beat of weights")
    return f"{beat} {'is offered' if part == 'valid' else 'is taken, if one is offered'}"


def _timing(handoff: Handoff) -> list[str]:
    latency, interval = handoff.plan.latency_cycles, handoff.about.interval_cycles
    elastic = "ready" in handoff.stream("o")
    period_ns = 1000 / handoff.clock_mhz
    moves = ("A beat moves at a rising edge at which its valid and ready are high." if elastic
             else "A beat moves at a rising edge at which its valid is high; there is no ready, nothing can stall.")
    if not handoff.clocked:
        return ["Combinational: the output follows the input within a cycle of the circuit around it.", "",
                "```", *timing_diagram(handoff), "```"]
    beats = "n" if interval == 1 else f"{interval} n"
    return [
        moves, "", "```", *timing_diagram(handoff), "```", "",
        f"- Latency L = {latency} cycles ({latency * period_ns:.3f} ns at {handoff.clock_mhz:g} MHz): a beat accepted "
        "in cycle t is on the output in cycle t + L, if nothing stalls.",
        f"- Throughput: {handoff.about.throughput}. Beat n (from 0), fed without pause, is on the output in cycle "
        f"t0 + {beats} + L.",
        *(["- `o__ready` passes to `i__ready` through all stages within the cycle: give it no more than the SDC's "
           "share."] if elastic else [])]


def _reset(handoff: Handoff) -> str:
    reset = handoff.reset
    if not handoff.clocked:
        return "None: there are no registers."
    acts = ("It acts at once; release it synchronously to `clk`: recovery and removal are checked in the SDC."
            if reset.asynchronous else "It acts at the rising edge of `clk`; the SDC treats it as a data input.")
    weights = " Weights stay as they are." if handoff.stream("w") else ""
    return (f"{reset.description[0].upper()}{reset.description[1:]}. {acts} One cycle is enough. It clears what says "
            f"that there is a beat (valid bits, counters of planes); payloads are not reset, and start unknown.{weights}")


def _stages(handoff: Handoff) -> list[str]:
    if not handoff.clocked:
        return [f"No registers. Steps: {', '.join(step.name for step in handoff.plan.steps)}."]
    return _table(((str(number), ", ".join(step.name for step in steps), str(steps[-1].live_bits))
                   for number, steps in enumerate(handoff.plan.stage_steps, 1)),
                  head=("stage", "steps", "payload bits in its register"))


# ---- Area and power


def _area(handoff: Handoff) -> list[str]:
    """What is known before synthesis, each row by what it rests on."""
    bits = handoff.plan.register_bits + handoff.plan.stages
    rows = [("registers of stages", f"{bits} bits", bits * _FLIP_FLOP_GATES)] if bits else []
    rows += [(f"logic: {name}", text, int(found[1])) for name, text in handoff.about.structure
             if (found := re.search(r"(\d+) gate equivalents", text))]
    table = [(f"{name} (estimate)", text, f"{gates}", f"{_GATE_UM2 * gates:.0f}") for name, text, gates in rows]
    table += [(f"hard macros, if kept (estimate): {stub.module}", f"{stub.instances} x {stub.macro.bits} bits", "",
               f"{stub.instances * stub.outline.area_um2:.0f}") for stub in stubs(handoff)]
    return [
        (f"Nothing here is measured. Estimates before synthesis: {_GATE_UM2} um2 a gate equivalent (two-input NAND), "
         f"{_FLIP_FLOP_GATES} gate equivalents a flip-flop. What has no row has no estimate; power has none."), "",
        *_table(table, head=("what", "how much", "gate equivalents", "um2")), "",
        *_table(handoff.about.structure, head=("structure", "")), "",
        ("Measured figures: the scripts below, or `quadcim synth .. --liberty FILE`, which gives area, timing and power "
         "with the case's own vectors.")]


def _cells(handoff: Handoff) -> list[str]:
    lines = [_macro_text(stub) for stub in stubs(handoff)]
    if "rtl/quadcim_cells.v" in handoff.sources:
        lines.append(
            "- `../rtl/quadcim_cells.v` has `quadcim_full_adder` (a, b, c; sum, carry) and `quadcim_half_adder` (a, b; "
            "sum, carry). To map them to a library's adders, put a file of the same modules that instantiate its cells "
            "in its place (for example `FA1D1 cell (.A(a), .B(b), .CI(c), .S(sum), .CO(carry));`), and keep synthesis "
            "from taking them apart: `set_db [get_db insts *cell] .dont_touch true` in Genus, `set_dont_touch [get_cells "
            "-hierarchical *cell]` in Design Compiler. Left as it is, it is plain logic.")
    return lines or ["None: the unit is plain logic and registers."]


def _macro_text(stub: Stub) -> str:
    outline = stub.outline
    return (
        f"- `{stub.module}`, {stub.instances} instances of {stub.macro.bits} bits: bit cells that may become a hard "
        "macro. By default they are registers. With `KEEP_MACROS=1` the scripts leave the module out of the RTL and take "
        f"`{stub.module}.lib`; place it by `{stub.module}.lef`, {outline.width_nm / 1000:g} um by "
        f"{outline.height_nm / 1000:g} um. These are placeholders from one table of assumptions (clock to output "
        f"{TIMING_NS['clock to output']:g} ns, setup {TIMING_NS['setup']:g} ns): replace them by what is characterised. "
        "Ports: a write enable for each cell, written at the rising edge of `clk`; `weights` are always there.")


def _power(handoff: Handoff) -> str:
    lost = " and the weights" if handoff.stream("w") else ""
    return (f"`{handoff.top}.upf`: one domain at {SUPPLY_V} V that is always on, without isolation, level shifters or "
            f"retention. It says what to change to gate the power; beats inside{lost} are lost then.")


# ---- How to use it


def _synthesis(handoff: Handoff) -> list[str]:
    top = handoff.top
    return [
        "Each script takes the library from one variable at its top, or from the environment; paths may hold spaces. "
        "Results go to `build/`. Exit code 1 says that references are unresolved, or that timing is missed (unless "
        "`ALLOW_VIOLATIONS=1`).", "",
        "```sh",
        f"LIBERTY=/path/cells.lib genus -batch -files {top}_genus.tcl",
        f"LIBERTY_DB=/path/cells.db dc_shell -f {top}_dc.tcl",
        f"LIBERTY=/path/cells.lib yosys -c {top}_yosys.tcl && LIBERTY=/path/cells.lib sta -exit {top}_sta.tcl",
        "```", "",
        f"`{top}.sdc` has all its numbers in one table. Clock uncertainty stands for skew until there is a clock tree; "
        "hold is for after that. Equivalence of the netlist with the RTL:", "",
        "```sh",
        f"LIBERTY_DB=/path/cells.db fm_shell -f {top}_formality.tcl            # the netlist of Design Compiler",
        f"LIBERTY=/path/cells.lib lec -xl -nogui -dofile {top}_conformal.do    # the netlist of Genus",
        f"LIBERTY=/path/cells.lib yosys -c {top}_equivalence_yosys.tcl         # the netlist of Yosys",
        "```", "",
        "The scripts for Yosys and OpenSTA are run by quadcim's tests; those for Genus, Design Compiler, Formality and "
        "Conformal are run against a recorder of commands only."]


def _verification(handoff: Handoff) -> list[str]:
    top = handoff.top
    return [
        "In the folder above this one (the testbench reads `vectors/`), with the RTL, and with a netlist and models of "
        "its cells, such as the Verilog that comes with the library:", "",
        "```sh", "sha256sum -c SHA256SUMS",
        "iverilog -g2005 -o t tb/*.v rtl/*.v && vvp t",
        f"iverilog -g2005 -o t tb/*.v asic28/build/yosys/{top}.v /path/cells.v && vvp t", "```", "",
        "Each simulation prints PASS. Registers of a netlist start as X; what the testbench compares must be known and "
        "right. Delays (SDF) are for a simulator that annotates them; the testbench's clock has a period of 10 ns.",
        *(["", "With hard macros kept, add their model: the module of that name in `rtl/`."] if handoff.hard_macros
          else [])]


_PURPOSES = {
    ".f": "file list of the RTL, with paths from the case directory",
    ".sdc": "timing constraints",
    ".upf": "power intent",
    "_setup.tcl": "what the scripts share; they read it",
    "_genus.tcl": "synthesis with Genus",
    "_dc.tcl": "synthesis with Design Compiler",
    "_yosys.tcl": "synthesis with Yosys",
    "_sta.tcl": "timing, power and SDF of a netlist with OpenSTA",
    "_formality.tcl": "equivalence with Formality",
    "_conformal.do": "equivalence with Conformal",
    "_equivalence_yosys.tcl": "equivalence with Yosys",
}
_STUB_PURPOSES = {"_stub.v": "black box of the hard macro", ".lef": "its outline and pins", ".lib": "its timing"}


def _files(handoff: Handoff, files: Iterable[str]) -> list[str]:
    """All files of the bundle; one that is not known here is an error."""
    purposes = {f"{handoff.top}{ending}": text for ending, text in _PURPOSES.items()}
    purposes |= {f"{module}{ending}": text for module in handoff.macro_modules
                 for ending, text in _STUB_PURPOSES.items()}
    return _table([*((f"`{name}`", purposes[name]) for name in files), (f"`{handoff.top}.md`", "this datasheet")],
                  head=("file", "for"))

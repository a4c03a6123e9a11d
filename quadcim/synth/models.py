"""Simulation models of cells, written from their Liberty functions: no delays, and registers that power up as X."""

from collections.abc import Collection
from string import Template

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.quoting import comment
from quadcim.synth.liberty import Cell, FlipFlop, Library

__all__ = ["library_models"]

_STATE = Template("""\
  reg $state;
  wire ${state}_clock = $clock;
  wire ${state}_clear = $clear;
  wire ${state}_preset = $preset;
  wire $inverse = ~$state;
  always @(posedge ${state}_clock$edges)
$forced    $state <= $data;
""")


def library_models(library: Library, *, needed: Collection[str] = ()) -> str:
    """Verilog modules of all cells of a library whose functions it says, and a list of the others.

    Raises
    ------
    IllegalSetting
        If the function of a cell in `needed` is not in the library.
    """
    missing = [name for name, cell in library.cells.items() if not cell.known]
    if lacking := next((name for name in missing if name in needed), None):
        raise IllegalSetting("models", f"a Verilog file, since the library does not say what {lacking} does", "nothing")
    about = [f"Models of cells of {library.name}, from their functions: no delays, registers power up as X."]
    if missing:
        about += ["Not here, since the library does not say what they do as gates or flip-flops:", ", ".join(missing)]
    models = [_model(cell) for cell in library.cells.values() if cell.known]
    return "\n".join([comment("\n".join(about), "//"), *models])


def _model(cell: Cell) -> str:
    ports = [f"{pin.direction} {pin.name}" for pin in cell.pins if pin.direction in ("input", "output")]
    lines = [f"module {cell.name}({', '.join(ports)});\n"]
    if cell.flip_flop is not None:
        lines.append(_state(cell.flip_flop))
    lines += [f"  assign {pin.name} = {pin.function.verilog};\n" for pin in cell.outputs if pin.function]
    return "".join([*lines, "endmodule\n"])


def _state(state: FlipFlop) -> str:
    """The register; clear wins over preset, which no circuit of ours asserts together with it."""
    forced, edges = "", ""
    for name, value, expression in (("clear", 0, state.clear), ("preset", 1, state.preset)):
        if expression is not None:
            forced += f"    if ({state.state}_{name}) {state.state} <= 1'b{value}; else\n"
            edges += f" or posedge {state.state}_{name}"
    return _STATE.substitute(state=state.state, inverse=state.inverse, clock=state.clock.verilog,
                             clear=state.clear.verilog if state.clear else "1'b0",
                             preset=state.preset.verilog if state.preset else "1'b0", edges=edges, forced=forced,
                             data=state.data.verilog)

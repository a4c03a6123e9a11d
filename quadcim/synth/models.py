"""Simulation models of cells, written from their Liberty functions: no delays, and registers that power up as X."""

from collections.abc import Iterable
from string import Template

from quadcim.spec.errors import IllegalSetting
from quadcim.synth.liberty import Cell, FlipFlop

__all__ = ["cell_models"]

_STATE = Template("""\
  reg $state;
  wire ${state}_clock = $clock;
  wire ${state}_clear = $clear;
  wire ${state}_preset = $preset;
  wire $inverse = ~$state;
  always @(posedge ${state}_clock$edges)
$forced    $state <= $data;
""")


def cell_models(cells: Iterable[Cell]) -> str:
    """Verilog modules of cells.

    Raises
    ------
    IllegalSetting
        If a cell's function is not in the library.
    """
    return "\n".join(_model(cell) for cell in cells)


def _model(cell: Cell) -> str:
    ports = [f"{pin.direction} wire {pin.name}" for pin in cell.pins if pin.direction in ("input", "output")]
    lines = [f"module {cell.name}({', '.join(ports)});\n"]
    if cell.opaque or any(pin.function is None for pin in cell.outputs):
        raise IllegalSetting("models", f"a Verilog file, since the library does not say what {cell.name} does",
                             "nothing")
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

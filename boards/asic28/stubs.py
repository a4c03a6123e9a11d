"""Stubs of hard macros: black boxes and models in Verilog, outlines in LEF, timing in Liberty."""

from quadcim.boards.asic28.macro import CLOCK, TIMING_NS, Stub, stubs
from quadcim.boards.asic28.power import SUPPLY_V
from quadcim.boards.handoff import Handoff
from quadcim.boards.text import TclTemplate
from quadcim.spec.ports import Port
from quadcim.spec.quoting import comment

__all__ = ["stub_files"]

_PIN_LAYER, _POWER_LAYER, _BLOCKED_LAYERS = "M4", "M5", ("M1", "M2", "M3")
_PIN_WIDTH_NM, _PIN_DEPTH_NM, _STRAP_NM, _SPACING_NM = 50, 200, 400, 100
_PIN_PF = 0.001
_PLACEHOLDER = "A placeholder for a hard macro: sizes and times are assumed, the macro that is made brings its own."


def stub_files(handoff: Handoff) -> dict[str, str]:
    """The stubs by file name."""
    files = {}
    for stub in stubs(handoff):
        name = f"{handoff.header}\n\n{stub.module}, {stub.macro.bits} bits."
        about, model = f"{name} {_PLACEHOLDER}", f"{name} What it does, for simulation of a netlist that keeps it."
        files[f"{stub.module}_stub.v"] = f"{comment(about, '//')}\n(* blackbox *)\n{stub.declaration}endmodule\n"
        files[f"{stub.module}_model.v"] = f"{comment(model, '//')}\n{stub.verilog}"
        files[f"{stub.module}.lef"] = f"{comment(about, '#')}\n{_lef(stub)}"
        files[f"{stub.module}.lib"] = f"/*\n{comment(about.replace('*/', '* /'), ' *')} */\n\n{_liberty(stub)}"
    return files


# ---- LEF


def _um(length_nm: int) -> str:
    return f"{length_nm / 1000:.3f}"


def _rectangle(*corners_nm: int) -> str:
    return f"RECT {' '.join(map(_um, corners_nm))} ;"


def _lef(stub: Stub) -> str:
    outline, directions = stub.outline, {port.name: port.direction.upper() for port in stub.ports}
    width, height = outline.width_nm, outline.height_nm
    lines = ["VERSION 5.8 ;", 'BUSBITCHARS "[]" ;', 'DIVIDERCHAR "/" ;', "", f"MACRO {stub.module}", "  CLASS BLOCK ;",
             "  ORIGIN 0 0 ;", f"  FOREIGN {stub.module} 0 0 ;", f"  SIZE {_um(width)} BY {_um(height)} ;",
             "  SYMMETRY X Y ;"]
    for bit, right, centre in outline.pins:
        port, left_nm = bit.partition("[")[0], width - _PIN_DEPTH_NM if right else 0
        box = _rectangle(left_nm, centre - _PIN_WIDTH_NM // 2, left_nm + _PIN_DEPTH_NM, centre + _PIN_WIDTH_NM // 2)
        lines += _pin(bit, directions[port], "CLOCK" if port == CLOCK else "SIGNAL", _PIN_LAYER, box)
    for index, (name, use) in enumerate((("VDD", "POWER"), ("VSS", "GROUND")), 1):
        left_nm = width * index // 300 * 100 - _STRAP_NM // 2
        lines += _pin(name, "INOUT", use, _POWER_LAYER, _rectangle(left_nm, 0, left_nm + _STRAP_NM, height))
    inset = _PIN_DEPTH_NM + _SPACING_NM
    lines += ["  OBS", *(f"    LAYER {layer} ; {_rectangle(0, 0, width, height)}" for layer in _BLOCKED_LAYERS),
              f"    LAYER {_PIN_LAYER} ; {_rectangle(inset, 0, width - inset, height)}", "  END"]
    return "\n".join([*lines, f"END {stub.module}", "", "END LIBRARY", ""])


def _pin(name: str, direction: str, use: str, layer: str, box: str) -> list[str]:
    return [f"  PIN {name}", f"    DIRECTION {direction} ;", f"    USE {use} ;", f"    PORT LAYER {layer} ; {box} END",
            f"  END {name}"]


# ---- Liberty


_LIBRARY = TclTemplate("""\
library(@module) {
  technology(cmos);
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1mA";
  leakage_power_unit : "1nW";
  pulling_resistance_unit : "1kohm";
  capacitive_load_unit(1, pf);
  slew_lower_threshold_pct_rise : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  nom_process : 1.0;
  nom_temperature : 25.0;
  nom_voltage : @supply;
  voltage_map(VDD, @supply);
  voltage_map(VSS, 0.0);
@types
  cell(@module) {
    area : @area;
    is_macro_cell : true;
    interface_timing : true;
    dont_touch : true;
    pg_pin(VDD) {
      pg_type : primary_power;
      voltage_name : VDD;
    }
    pg_pin(VSS) {
      pg_type : primary_ground;
      voltage_name : VSS;
    }
@pins  }
}
""")
_BUS = TclTemplate("""\
  type(@{name}_bus) {
    base_type : array;
    data_type : bit;
    bit_width : @width;
    bit_from : @high;
    bit_to : 0;
  }
""")


def _liberty(stub: Stub) -> str:
    types = "".join(_BUS.substitute(name=port.name, width=port.width, high=port.width - 1)
                    for port in stub.ports if port.width > 1)
    return _LIBRARY.substitute(module=stub.module, supply=SUPPLY_V, types=types.rstrip("\n"),
                               area=f"{stub.outline.area_um2:.3f}", pins="".join(_terminal(stub, port)
                                                                                 for port in stub.ports))


def _terminal(stub: Stub, port: Port) -> str:
    """A pin or a bus; what holds for a bus holds for each of its bits."""
    lines = [f"bus({port.name}) {{", f"  bus_type : {port.name}_bus;"] if port.width > 1 else [f"pin({port.name}) {{"]
    lines += [f"  direction : {port.direction};", "  related_power_pin : VDD;", "  related_ground_pin : VSS;"]
    if port.direction == "input":
        lines += [f"  capacitance : {_PIN_PF};"]
    if port.name == CLOCK:
        lines += ["  clock : true;"]
    elif port.direction == "output":
        lines += _delay(CLOCK, "rising_edge", TIMING_NS["clock to output"])
        for select in stub.macro.selects:
            lines += _delay(select, "combinational", TIMING_NS["select to output"], bus=_is_bus(stub, select))
    elif port.name not in stub.macro.selects:
        lines += [*_check("setup"), *_check("hold")]
    return "".join(f"    {line}\n" for line in [*lines, "}"])


def _is_bus(stub: Stub, name: str) -> bool:
    return any(port.name == name and port.width > 1 for port in stub.ports)


def _delay(related: str, kind: str, delay_ns: float, *, bus: bool = False) -> list[str]:
    transition = TIMING_NS["transition"]
    return ["  timing() {", f'    {"related_bus_pins" if bus else "related_pin"} : "{related}";',
            f"    timing_type : {kind};", "    timing_sense : non_unate;",
            *(f'    {name}(scalar) {{ values("{value:.3f}"); }}' for name, value in (
                ("cell_rise", delay_ns), ("cell_fall", delay_ns), ("rise_transition", transition),
                ("fall_transition", transition))), "  }"]


def _check(kind: str) -> list[str]:
    return ["  timing() {", f'    related_pin : "{CLOCK}";', f"    timing_type : {kind}_rising;",
            *(f'    {edge}_constraint(scalar) {{ values("{TIMING_NS[kind]:.3f}"); }}' for edge in ("rise", "fall")),
            "  }"]

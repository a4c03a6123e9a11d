"""A cell of known power: one inverter that takes 1 pJ a change, once a cycle at 1 GHz. It shows how OpenSTA counts."""

__all__ = ["GAUGE_LIBRARY", "GAUGE_NETLIST", "GAUGE_SCRIPT", "GAUGE_W"]

GAUGE_W = 1e-3
GAUGE_LIBRARY = """\
library(gauge) {
  delay_model : table_lookup;
  time_unit : "1ns";
  voltage_unit : "1V";
  current_unit : "1mA";
  leakage_power_unit : "1nW";
  capacitive_load_unit(1, pf);
  nom_voltage : 1.0;
  operating_conditions(typical) {
    process : 1.0;
    temperature : 25.0;
    voltage : 1.0;
  }
  default_operating_conditions : typical;
  slew_lower_threshold_pct_rise : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_fall : 80;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  power_lut_template(energy) {
    variable_1 : input_transition_time;
    index_1("0, 1");
  }
  cell(INV) {
    area : 1;
    pin(A) {
      direction : input;
      capacitance : 0.001;
    }
    pin(Y) {
      direction : output;
      function : "!A";
      timing() {
        related_pin : "A";
        timing_sense : negative_unate;
        cell_rise(scalar) { values("0.1"); }
        rise_transition(scalar) { values("0.1"); }
        cell_fall(scalar) { values("0.1"); }
        fall_transition(scalar) { values("0.1"); }
      }
      internal_power() {
        related_pin : "A";
        rise_power(energy) { values("1, 1"); }
        fall_power(energy) { values("1, 1"); }
      }
    }
  }
}
"""
GAUGE_NETLIST = """\
module gauge(a, y);
  input a;
  output y;
  INV u0(.A(a), .Y(y));
endmodule
"""
GAUGE_SCRIPT = """\
read_liberty gauge.lib
read_verilog gauge.v
link_design gauge
create_clock -name clk -period 1
set_input_delay 0 -clock clk [get_ports a]
set_power_activity -global -activity 1 -duty 0.5
report_power -instances [get_cells *] -digits 7
"""

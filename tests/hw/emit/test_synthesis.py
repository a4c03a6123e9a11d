"""The ruler on designs whose cost is known."""

import pytest

from quadcim.hw.emit.synthesis import FpgaCost, fpga_cost, gate_cost

_AND = "module top(input a, input b, output y); assign y = a & b; endmodule"
_INVERTER = "module top(input a, output y); assign y = ~a; endmodule"
_XOR = "module top(input a, input b, output y); assign y = a ^ b; endmodule"
_FLIP_FLOP = "module top(input clk, input d, output reg q); always @(posedge clk) q <= d; endmodule"
_ADDERS = """
module top(input a, input b, input c, output [3:0] y);
  FA_X1 full(.A(a), .B(b), .CI(c), .S(y[0]), .CO(y[1]));
  quadcim_half_adder half(.a(a), .b(b), .s(y[2]), .c(y[3]));
endmodule
(* blackbox *) module FA_X1(input A, input B, input CI, output S, output CO); endmodule
(* blackbox *) module quadcim_half_adder(input a, input b, output s, output c); endmodule
"""
_ACCUMULATOR = "module top(input clk, input [7:0] a, output reg [7:0] y); always @(posedge clk) y <= y + a; endmodule"
_PRIMITIVES = """
module top(input clk, input [5:0] a, output [2:0] y);
  LUT6_2 #(.INIT(64'h8000_0000_0000_0001)) lut(.I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[3]), .I4(a[4]), .I5(a[5]),
                                               .O5(y[0]), .O6(y[1]));
  SRL16E #(.INIT(16'h0)) shift(.CLK(clk), .CE(1'b1), .D(a[0]), .A0(1'b1), .A1(1'b1), .A2(1'b0), .A3(1'b0), .Q(y[2]));
endmodule
"""


@pytest.fixture
def design(tmp_path):
    """Writes a design; its name holds a space, as a user's folders may."""
    def write(text):
        path = tmp_path / "a design.v"
        path.write_text(text)
        return [path]

    return write


@pytest.mark.parametrize("text, lut, carry4, ff", [(_AND, 1, 0, 0), (_ACCUMULATOR, 8, 2, 8)])
def test_fpga_cost(design, text, lut, carry4, ff):
    assert fpga_cost(design(text), "top") == FpgaCost(lut=lut, carry4=carry4, ff=ff, lutram=0, srl=0, dsp=0)


def test_instantiated_primitives_count(design):
    assert fpga_cost(design(_PRIMITIVES), "top") == FpgaCost(lut=1, carry4=0, ff=0, lutram=0, srl=1, dsp=0)


@pytest.mark.parametrize("text, combinational_ge, flip_flops, total_ge",
                         [(_AND, 1.33, 0, 1.33), (_INVERTER, 0.67, 0, 0.67), (_XOR, 2, 0, 2), (_FLIP_FLOP, 0, 1, 5.67),
                          (_ADDERS, 5.33 + 3.33, 0, 8.66)])
def test_gate_cost(design, text, combinational_ge, flip_flops, total_ge):
    cost = gate_cost(design(text), "top")
    assert cost.combinational_ge == pytest.approx(combinational_ge)
    assert cost.flip_flops == flip_flops
    assert cost.total_ge == pytest.approx(total_ge)
    assert cost.unweighted == {}


def test_cells_without_a_weight_are_reported(design):
    text = "module top(input a, output y); strange s(.a(a), .y(y)); endmodule"
    assert gate_cost(design(text), "top").unweighted == {"strange": 1}
